"""Checks of the exercises of Lesson 01."""

from collections.abc import Callable
from itertools import pairwise
from math import ceil

import torch
from torch import Generator, Tensor

from helpers.checks.duplicates import differences, name_the_mistake, near_and_far, pairs, rows
from helpers.checks.report import (
    ask,
    check,
    explain,
    fail,
    numbers,
    shown,
    tensor,
    your_or_ours,
)
from helpers.datasets import split_crops
from helpers.images import as_grey
from helpers.splits import near_duplicates, stratified_split

__all__ = [
    "check_class_balance",
    "check_find_duplicates",
    "check_split_by_class",
    "check_to_unit_range",
    "course_class_balance",
    "course_unit_range",
    "your_or_ours",
]

Shares = tuple[float, float]


def course_class_balance(labels: Tensor) -> Shares:
    """(share of others, share of cars) of labels int64 [N]; exercise 1.2."""
    cars = labels.double().mean().item()
    return 1 - cars, cars


@check("class_balance", of=(course_class_balance,))
def check_class_balance(class_balance: Callable[[Tensor], Shares]) -> None:
    """`class_balance(labels)` -> (share of others, share of cars) of labels int64 [N]."""
    rare = torch.zeros(700, dtype=torch.int64)
    rare[[3, 500]] = 1
    few = ([1, 0, 0, 0, 1, 0, 0, 0], [1, 1], [0, 0, 0], [0, 1, 1], [1])
    for labels in (*map(torch.tensor, few), rare):
        answer = ask(class_balance, labels)
        case = f"for 2 cars of {len(rare)} crops" if len(labels) > 9 else f"for {labels.tolist()}"
        if isinstance(answer, Tensor | tuple | list) and shown(answer).count(",") == 0:
            fail(
                f"{case}: two numbers are wanted, (others, cars), not {shown(answer)}; a class that"
                " is missing has the share 0 (torch.bincount takes minlength=2)"
            )
        answer = numbers(answer, f"{case}, the answer (others, cars)", 2)
        others, cars = course_class_balance(labels)
        mistakes = {
            "the two shares are swapped: others (label 0) come first": (cars, others),
            "these are counts: divide by the number of crops to get shares": (
                others * len(labels),
                cars * len(labels),
            ),
            "these are per cent: a share lies between 0 and 1": (100 * others, 100 * cars),
            "that is one class divided by the other: divide by the number of all crops": (
                others / max(cars, 1e-9),
                cars / max(others, 1e-9),
            ),
        }
        mistakes |= {
            f"the shares are rounded to {digits} decimals: give them as they are": (
                round(others, digits),
                round(cars, digits),
            )
            for digits in (1, 2, 3, 4)
        }
        say = f"the shares add up to {sum(answer):.5g}, but should to 1"
        otherwise = say if abs(sum(answer) - 1) > 1e-4 else ""
        nearly = "nearly right, but rounded: give the shares as they are"
        explain(answer, (others, cars), mistakes, case, otherwise, nearly)


def course_unit_range(pixels: Tensor) -> Tensor:
    """uint8 [N, H, W] from 0 to 255 -> float32 [N, 1, H, W] in [0, 1]; exercise 1.1."""
    return pixels[:, None].float() / 255


@check("to_unit_range", of=(course_unit_range, as_grey))
def check_to_unit_range(to_unit_range: Callable[[Tensor], Tensor]) -> None:
    """`to_unit_range(pixels)`: uint8 [N, H, W] from 0 to 255 -> float32 [N, 1, H, W] in [0, 1]."""
    # Neither black nor white: who divides by the largest value shows it.
    dark = torch.arange(20, 20 + 2 * 3 * 5 * 6, 6, dtype=torch.uint8).reshape(2, 3, 5)
    whole = torch.tensor([[[0, 255], [7, 127], [128, 254]]], dtype=torch.uint8)
    for pixels in (dark, whole):
        answer = ask(to_unit_range, pixels)
        _right_shape(answer, pixels)
        _right_values(tensor(answer, "the result", pixels[:, None]), pixels[:, None].float() / 255)


def _right_shape(answer: object, pixels: Tensor) -> None:
    n, height, width = pixels.shape
    shapes = {
        (n, height, width): "the channel is missing: grey is one channel, at dimension 1",
        (n, height, width, 1): "the channel comes last: PyTorch wants [N, 1, H, W]",
        (1, n, height, width): "the new dimension is in front of the images: it belongs after them",
        (n, 1, width, height): "rows and columns are swapped",
        (n, 3, height, width): "that is three channels: grey is one",
    }
    shape = tuple(answer.shape) if isinstance(answer, Tensor) else None
    if shape != (n, 1, height, width) and shape in shapes:
        fail(shapes[shape])


def _right_values(answer: Tensor, right: Tensor) -> None:
    if not answer.is_floating_point():
        fail(f"the result is still {answer.dtype}: whole numbers cannot lie between 0 and 1")
    if answer.dtype != torch.float32 and (answer.float() - right).abs().max() < 2e-3:
        fail(f"the values are right, but {answer.dtype}: the network's weights are float32")
    low, high = right.min(), right.max()
    mistakes = {
        "it was never divided: the values still run up to 255": right * 255,
        "it was divided twice: the largest value is almost 0": right / 255,
        "all is 0: // rounds down, / does not": (right >= 1).float(),
        "divided by 256: white is 255 and should become exactly 1": right * 255 / 256,
        "divided by the largest value here: then the same grey means another thing in each batch": (
            right / high
        ),
        "stretched from the darkest to the brightest pixel: black is 0 in every batch, divide by"
        " 255": (right - low) / (high - low),
        "that is -1 to 1: this course uses 0 to 1": right * 2 - 1,
        "that is the negative: 0 is black and stays 0": 1 - right,
        "the values are rounded: 0.3961 is not 0.4": (right * 100).round() / 100,
    }
    explain(answer.float(), right, mistakes, otherwise="the values are not pixel / 255")


Split = Callable[[Tensor, float, Generator], tuple[Tensor, Tensor]]


@check("split_by_class", of=(stratified_split, split_crops))
def check_split_by_class(split_by_class: Split) -> None:
    """`split_by_class(labels, share, generator)` -> indices (kept, held_out), class by class."""
    in_order = (torch.arange(80) >= 60).long()  # 60 others, then 20 cars
    mixed = in_order[torch.randperm(80, generator=Generator().manual_seed(5))]
    uneven = (torch.arange(55) % 5 == 2).long()  # 11 cars: 0.25 of them are 2.75, 0.2 are 2.2
    rare = (torch.arange(12) % 6 == 3).long()  # 0.2 of 2 cars is none: [:-0] is empty, [-0:] all
    cases = ((in_order, 0.25), (mixed, 0.25), (mixed, 0.1), (uneven, 0.25), (uneven, 0.2))
    cases = (*cases, (rare, 0.2))
    for labels, share in cases:
        kept, held_out = _two_splits(_split(split_by_class, labels, share, 0))
        _each_crop_once(labels, kept, held_out)
        _class_by_class(labels, kept, held_out, share)
    _at_random(split_by_class, in_order)
    few = torch.tensor([0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0])
    chances = [set(_split(split_by_class, few, 0.25, seed)[1].tolist()) for seed in range(100)]
    if never := set(range(len(few))) - set.union(*chances):
        fail(f"crop {min(never)} of {len(few)} is never held out, with 100 seeds: all can be")


def _split(split_by_class: Split, labels: Tensor, share: float, seed: int) -> object:
    return ask(split_by_class, labels, share, Generator().manual_seed(seed))


def _two_splits(answer: object) -> tuple[Tensor, Tensor]:
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        fail("two tensors are wanted, (kept, held_out)")
    for one in answer:
        if not isinstance(one, Tensor):
            fail(f"a split is a {type(one).__name__}: torch.tensor(...) makes a tensor of it")
        if one.dtype == torch.bool:
            fail("these are masks: .nonzero().flatten() makes indices of a mask")
        if one.ndim != 1 or one.is_floating_point():
            fail(f"a split must hold indices, int64 [K], not {one.dtype} {[*one.shape]}")
    return answer[0], answer[1]


def _each_crop_once(labels: Tensor, kept: Tensor, held_out: Tensor) -> None:
    everything = torch.cat([kept, held_out]).sort().values.long()
    places = torch.cat([torch.arange(int((labels == label).sum())) for label in (0, 1)])
    if torch.equal(everything, places.sort().values):
        fail(
            "these are places inside each class, so some come twice: look them up,"
            " members[order], to get places in `labels`"
        )
    if both := sorted(set(kept.tolist()) & set(held_out.tolist())):
        fail(f"crop {both[0]} lies in both splits: the test would ask what was learned by heart")
    if len(everything) != len(labels):
        fail(f"{len(labels)} crops came in, {len(everything)} went out")
    if not torch.equal(everything, torch.arange(len(labels))):
        if everything.min() < 0 or everything.max() >= len(labels):
            far = int(everything[-1] if everything[0] >= 0 else everything[0])
            fail(f"{far} is no place in `labels`: its {len(labels)} places are 0 … N - 1")
        fail("some crop comes twice, so another is missing")


def _class_by_class(labels: Tensor, kept: Tensor, held_out: Tensor, share: float) -> None:
    members = [int((labels == label).sum()) for label in (0, 1)]
    wanted = [round(share * count) for count in members]
    counts = [int((labels[held_out] == label).sum()) for label in (0, 1)]
    case = f"share {share} of {members[0]} others and {members[1]} cars"
    say = f"{wanted} of the two classes should be held out, not {counts}"
    if sum(counts) == sum(wanted):
        say = (
            f"{counts[1]} of the {sum(wanted)} held-out crops are cars, {wanted[1]} would be fair:"
            " split each class by itself"
        )
    mistakes = {
        "the two are swapped: the larger one is kept, it comes first": [
            count - fair for count, fair in zip(members, wanted, strict=True)
        ],
        "int() and // round down: round(share * m) rounds to the nearest": [
            int(share * count) for count in members
        ],
        "where none of a class is to be held out, all are: [-0:] is everything, [:-0] nothing": [
            fair or count for count, fair in zip(members, wanted, strict=True)
        ],
        "rounded up: round(share * m) rounds to the nearest": [
            ceil(share * count) for count in members
        ],
    }
    explain(counts, wanted, mistakes, case, say)


def _at_random(split_by_class: Split, labels: Tensor) -> None:
    """The generator decides in each class, and it alone."""
    results = [
        set(_two_splits(_split(split_by_class, labels, 0.25, seed))[1].tolist())
        for seed in (0, 1, 2)
    ]
    if all(one == other for one, other in pairwise(results)):
        fail("other seeds give the same split: shuffle each class with `generator`")
    for label, name in enumerate(("others", "cars")):
        chosen = [{k for k in result if labels[k] == label} for result in results]
        if all(one == other for one, other in pairwise(chosen)):
            fail(f"the {name} held out are always the same: shuffle that class as well")
    torch.rand(1)  # whoever draws from torch's global state gets other numbers now
    if set(_split(split_by_class, labels, 0.25, 0)[1].tolist()) != results[0]:
        fail("the same seed gives another split: hand `generator` to torch.randperm")
    generator = Generator().manual_seed(0)
    one, two = (
        set(_two_splits(ask(split_by_class, labels, 0.25, generator))[1].tolist()) for _ in range(2)
    )
    if one == two:
        fail(
            "a second call with the same generator gives the same split: draw from `generator`, do"
            " not take its seed for another one"
        )


@check("find_duplicates", of=(near_duplicates,))
def check_find_duplicates(find_duplicates: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """`find_duplicates(train, test, threshold)` -> index pairs int64 [K, 2] of near duplicates."""
    train, test, threshold = near_and_far()
    found = pairs(ask(find_duplicates, train, test, threshold))
    mean = differences(train, test).abs().mean(2)
    wanted = rows(mean < threshold)
    if found != wanted:
        name_the_mistake(found, wanted, train, test, threshold)
    if pairs(ask(find_duplicates, train[1:3], test[:1], threshold)):
        fail("pairs are found where there is none")
    for more, fewer in ((train, test[:2]), (train[:2], test)):
        mean_of_these = differences(more, fewer).abs().mean(2)
        if pairs(ask(find_duplicates, more, fewer, threshold)) != rows(mean_of_these < threshold):
            fail(
                f"for {len(more)} training and {len(fewer)} test crops other pairs are found: there"
                " may be more of one than of the other"
            )
    if pairs(ask(find_duplicates, train, test, 0.01)) != rows(mean < 0.01):
        fail("at a threshold of 0.01 other pairs are found: is `threshold` used?")
