"""Checks of the exercises of Lesson 01."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Generator, Tensor

from helpers.checks.report import ask, close, fail, passed, tensor
from helpers.splits import near_duplicates


def check_class_balance(class_balance: Callable[[Tensor], tuple[float, float]]) -> None:
    """`class_balance(labels)` -> (share of others, share of cars) of labels int64 [N]."""
    for labels in (torch.tensor([1, 0, 0, 0, 1, 0, 0, 0]), torch.tensor([1, 1]), torch.zeros(3)):
        labels = labels.long()
        answer = ask(class_balance, labels)
        cars = labels.sum().item() / len(labels)
        case = f"for the labels {labels.tolist()}"
        try:
            others_share, cars_share = (float(value) for value in answer)
        except (TypeError, ValueError):
            fail(f"{case}: two numbers are wanted, (others, cars), not {answer!r}")
        shares = torch.tensor([others_share, cars_share])
        if close(shares, torch.tensor([1 - cars, cars])):
            continue
        if close(shares, torch.tensor([cars, 1 - cars])):
            fail(f"{case}: the two shares are swapped: others (label 0) come first")
        if close(shares, torch.tensor([1 - cars, cars]) * len(labels)):
            fail(f"{case}: these are counts: divide by the number of crops to get shares")
        if close(shares, torch.tensor([1 - cars, cars]) * 100):
            fail(f"{case}: these are per cent: a share lies between 0 and 1")
        if not close(shares.sum(), torch.tensor(1.0)):
            fail(f"{case}: the shares add up to {shares.sum():.3g}, but should to 1")
        fail(f"{case}: the shares are ({1 - cars:g}, {cars:g})")
    passed("class_balance")


def check_to_unit_range(to_unit_range: Callable[[Tensor], Tensor]) -> None:
    """`to_unit_range(pixels)`: uint8 [N, H, W] from 0 to 255 -> float32 [N, 1, H, W] in [0, 1]."""
    # Neither black nor white: who divides by the largest value shows it.
    pixels = torch.arange(20, 20 + 2 * 3 * 5 * 6, 6, dtype=torch.uint8).reshape(2, 3, 5)
    right = pixels[:, None].float() / 255
    answer = ask(to_unit_range, pixels)
    if isinstance(answer, Tensor) and answer.shape != right.shape:
        shapes = {
            (2, 3, 5): "the channel is missing: grey is one channel, at dimension 1",
            (2, 3, 5, 1): "the channel comes last: PyTorch wants [N, 1, H, W]",
            (1, 2, 3, 5): "the new dimension is in front of the images: it belongs after them",
            (2, 1, 5, 3): "rows and columns are swapped",
        }
        if hint := shapes.get(tuple(answer.shape)):
            fail(hint)
    answer = tensor(answer, "the result", right)
    if not answer.is_floating_point():
        fail(f"the result is still {answer.dtype}: whole numbers cannot lie between 0 and 1")
    mistakes = {
        "it was never divided: the values still run up to 255": right * 255,
        "it was divided twice: the largest value is almost 0": right / 255,
        "all is 0: // rounds down, / does not": torch.zeros_like(right),
        "divided by 256: white is 255 and should become exactly 1": right * 255 / 256,
        "divided by the largest value here: then the same grey means another thing in each batch": (
            right / right.max()
        ),
        "stretched from the darkest to the brightest pixel: black is 0 in every batch, divide by"
        " 255": (right - right.min()) / (right.max() - right.min()),
        "that is -1 to 1: this course uses 0 to 1": right * 2 - 1,
    }
    if not close(answer, right):
        for message, wrong in mistakes.items():
            if close(answer, wrong):
                fail(message)
        fail("the values are not pixel / 255")
    if answer.dtype != torch.float32:
        fail(f"the values are right, but {answer.dtype}: the network's weights are float32")
    passed("to_unit_range")


Split = Callable[[Tensor, float, Generator], tuple[Tensor, Tensor]]


def check_split_by_class(split_by_class: Split) -> None:
    """`split_by_class(labels, share, generator)` -> indices (kept, held_out), class by class."""
    in_order = (torch.arange(80) >= 60).long()  # 60 others, then 20 cars
    mixed = in_order[torch.randperm(80, generator=Generator().manual_seed(5))]
    for labels, share in ((in_order, 0.25), (mixed, 0.25), (mixed, 0.1)):
        kept, held_out = _two_parts(_split(split_by_class, labels, share, 0))
        _each_crop_once(kept, held_out, len(labels))
        wanted = [round(share * int((labels == label).sum())) for label in (0, 1)]
        _class_by_class(labels, kept, held_out, wanted, share)
    results = [
        set(_two_parts(_split(split_by_class, in_order, 0.25, seed))[1].tolist())
        for seed in (0, 1, 2)
    ]
    if all(one == other for one, other in pairwise(results)):
        fail("other seeds give the same split: shuffle each class with `generator`")
    torch.rand(1)  # whoever draws from torch's global state gets other numbers now
    if set(_split(split_by_class, in_order, 0.25, 0)[1].tolist()) != results[0]:
        fail("the same seed gives another split: hand `generator` to torch.randperm")
    passed("split_by_class")


def _split(split_by_class: Split, labels: Tensor, share: float, seed: int) -> object:
    return ask(split_by_class, labels, share, Generator().manual_seed(seed))


def _two_parts(answer: object) -> tuple[Tensor, Tensor]:
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        fail("two tensors are wanted, (kept, held_out)")
    for part in answer:
        if not isinstance(part, Tensor):
            fail(f"a part is a {type(part).__name__}: torch.tensor(...) makes a tensor of it")
        if part.dtype == torch.bool:
            fail("these are masks: .nonzero().flatten() makes indices of a mask")
        if part.ndim != 1 or part.is_floating_point():
            fail(f"a part must hold indices, int64 [K], not {part.dtype} {[*part.shape]}")
    return answer[0], answer[1]


def _each_crop_once(kept: Tensor, held_out: Tensor, count: int) -> None:
    if both := sorted(set(kept.tolist()) & set(held_out.tolist())):
        fail(f"crop {both[0]} lies in both parts: the test would ask what was learned by heart")
    everything = torch.cat([kept, held_out]).sort().values
    if len(everything) != count:
        fail(f"{count} crops came in, {len(everything)} went out")
    if not torch.equal(everything.long(), torch.arange(count)):
        fail("some crop comes twice, or the numbers are not places 0 … N - 1 in `labels`")


def _class_by_class(
    labels: Tensor, kept: Tensor, held_out: Tensor, wanted: list[int], share: float
) -> None:
    counts = [int((labels[held_out] == label).sum()) for label in (0, 1)]
    if counts == wanted:
        return
    if [int((labels[kept] == label).sum()) for label in (0, 1)] == wanted:
        fail("the parts are swapped: the larger one is kept, it comes first")
    if sum(counts) == sum(wanted):
        fail(
            f"{counts[1]} of the {sum(wanted)} held-out crops are cars, {wanted[1]} would be fair:"
            " split each class by itself"
        )
    fail(f"of the classes {wanted} crops should be held out (share {share}), not {counts}")


def check_find_duplicates(find_duplicates: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """`find_duplicates(train, test, threshold)` -> index pairs int64 [K, 2] of near duplicates."""
    train, test, threshold = _near_and_far()
    right = near_duplicates(train, test, threshold)
    pairs = _pairs(ask(find_duplicates, train, test, threshold))
    wanted = {tuple(row) for row in right.tolist()}
    if pairs != wanted:
        _name_the_mistake(pairs, wanted, train, test, threshold)
    if _pairs(ask(find_duplicates, train[1:3], test[:1], threshold)):
        fail("pairs are found where there is none")
    passed("find_duplicates")


def _near_and_far() -> tuple[Tensor, Tensor, float]:
    """Train [5, 1, 2, 4] and test [4, 1, 2, 4]: a near pair for each way to measure wrongly."""
    generator = Generator().manual_seed(0)
    train = torch.randint(0, 2, (5, 1, 2, 4), generator=generator).float() / 2 + 0.25
    test = torch.rand(4, 1, 2, 4, generator=generator)
    test[0] = train[3]
    train[4] = train[3]
    train[4, 0, 0, 0] += 0.1875  # a second one near test 0, by the mean but not by the largest
    test[1] = train[0] + 0.03125  # near by the mean and by the largest, but not by the sum
    test[2] = train[1]
    test[2, 0, 0, 0] += 0.5  # mean absolute difference 1/16, root mean square more than 1/8
    test[3] = train[2] + 0.125 * torch.tensor([1, -1]).repeat(4).reshape(1, 2, 4)  # at 1/8, exactly
    return train, test, 0.125


def _pairs(answer: object) -> set[tuple[int, int]]:
    if not isinstance(answer, Tensor):
        fail(f"the result is a {type(answer).__name__}: give back a torch.Tensor [K, 2]")
    if answer.ndim != 2 or answer.shape[1] != 2:
        fail(f"the result must be [K, 2], one row for each pair, not {[*answer.shape]}")
    if answer.is_floating_point() or answer.dtype == torch.bool:
        fail(f"the pairs must be whole numbers, int64, not {answer.dtype}")
    return {(i, j) for i, j in answer.tolist()}


def _name_the_mistake(
    pairs: set[tuple[int, int]],
    wanted: set[tuple[int, int]],
    train: Tensor,
    test: Tensor,
    threshold: float,
) -> None:
    difference = (train[:, None] - test[None]).flatten(2)

    def below(distance: Tensor) -> set[tuple[int, int]]:
        return {(i, j) for i, j in (distance < threshold).nonzero().tolist()}

    mean = difference.abs().mean(2)
    nearest = {(int(i), j) for j, i in enumerate(mean.argmin(0))}
    mistakes = {
        "the pairs are swapped: the training crop comes first": {(j, i) for i, j in wanted},
        "differences of both signs cancel out: take abs() before the mean": below(
            difference.mean(2)
        )
        | below(difference.mean(2).abs()),
        "that is the mean *squared* difference: take absolute values": below(
            (difference**2).mean(2)
        ),
        "that is the root of the mean square: take the mean of absolute values": below(
            (difference**2).mean(2).sqrt()
        ),
        "that is the sum of the differences, which grows with the picture: take the mean": below(
            difference.abs().sum(2)
        ),
        "that is the largest difference: take the mean": below(difference.abs().amax(2)),
        "a pair exactly at the threshold is none: < and not <=": wanted
        | {(i, j) for i, j in (mean == threshold).nonzero().tolist()},
        "a test crop may have several near duplicates: keep every pair below the threshold": (
            nearest & wanted
        ),
        "only the nearest training crop of each test crop, whatever its distance: compare with the"
        " threshold": nearest,
        "these pairs are the far ones: below the threshold means near": {
            (i, j) for i in range(len(train)) for j in range(len(test))
        }
        - wanted,
    }
    for message, wrong in mistakes.items():
        if pairs == wrong:
            fail(message)
    if signed := pairs & (below(difference.mean(2)) - wanted):
        fail(f"{min(signed)} is no near duplicate: do differences of both signs cancel out?")
    if missing := wanted - pairs:
        fail(f"the pair {min(missing)} is missing: {len(wanted)} pairs lie below the threshold")
    fail(f"the pair {min(pairs - wanted)} is not below the threshold")
