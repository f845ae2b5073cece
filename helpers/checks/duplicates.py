"""Exercise 1.4, near-duplicates: pictures that tell all ways to measure apart, and their names."""

from typing import NoReturn

import torch
from torch import Generator, Tensor

from helpers.checks.report import fail


def near_and_far() -> tuple[Tensor, Tensor, float]:
    """Train [5, 1, 2, 4] and test [5, 1, 2, 4]: a near pair for each way to measure wrongly."""
    generator = Generator().manual_seed(0)
    train = torch.randint(0, 2, (5, 1, 2, 4), generator=generator).float() / 2 + 0.25
    test = torch.rand(5, 1, 2, 4, generator=generator)
    test[0] = train[3]
    train[4] = train[3]
    train[4, 0, 0, 0] += 0.1875  # a second one near test 0, by the mean but not by the largest
    test[1] = train[0] + 0.03125  # near by the mean and by the largest, but not by the sum
    test[2] = train[1]
    test[2, 0, 0, 0] += 0.5  # mean absolute difference 1/16, root mean square more than 1/8
    test[3] = train[2] + 0.125 * torch.tensor([1, -1]).repeat(4).reshape(1, 2, 4)  # at 1/8, exactly
    test[4] = train[0] - 0.0625  # a second one near training crop 0
    return train, test, 0.125


def differences(train: Tensor, test: Tensor) -> Tensor:
    """All differences of pixels, [len(train), len(test), pixels]."""
    return (train[:, None] - test[None]).flatten(2)


def rows(near: Tensor) -> set[tuple[int, int]]:
    """The places (i, j) of True in a table."""
    return {(i, j) for i, j in near.nonzero().tolist()}


def pairs(answer: object) -> set[tuple[int, int]]:
    """The rows of an answer int64 [K, 2], if it is one."""
    if not isinstance(answer, Tensor):
        fail(f"the result is a {type(answer).__name__}: return a torch.Tensor [K, 2]")
    if answer.ndim != 2 or answer.shape[1] != 2:
        fail(f"the result must be [K, 2], one row for each pair, not {[*answer.shape]}")
    if answer.is_floating_point() or answer.dtype == torch.bool:
        fail(f"the pairs must be whole numbers, int64, not {answer.dtype}")
    found = {(i, j) for i, j in answer.tolist()}
    if len(found) != len(answer):
        fail("a pair comes twice: one row for each pair")
    return found


def name_the_mistake(
    found: set[tuple[int, int]],
    wanted: set[tuple[int, int]],
    train: Tensor,
    test: Tensor,
    threshold: float,
) -> NoReturn:
    """Say what is wrong with the pairs that were found in `train` and `test`."""
    difference = differences(train, test)
    mean = difference.abs().mean(2)
    signed = difference.mean(2)
    measures = {
        "the mean *squared* difference": (difference**2).mean(2),
        "the root of the mean square": (difference**2).mean(2).sqrt(),
        "the root of the summed squares, which grows with the picture": difference.norm(dim=2),
        "the sum of the differences, which grows with the picture": difference.abs().sum(2),
        "the sum over 4000, and other pictures have other numbers of pixels": (
            difference.abs().sum(2) / 4000
        ),
        "the median of the differences": difference.abs().median(2).values,
        "the largest difference": difference.abs().amax(2),
        "the smallest difference": difference.abs().amin(2),
    }
    best_train = {(int(i), j) for j, i in enumerate(mean.argmin(0))}
    best_test = {(i, int(j)) for i, j in enumerate(mean.argmin(1))}
    several = "may have several near duplicates: keep every pair below the threshold"
    signs = "differences of both signs cancel out: take abs() before the mean"
    mistakes = {
        **{f"that is {m}: take the mean of absolute values": d for m, d in measures.items()},
        signs: signed,
        f"{signs}, not after it": signed.abs(),
    }
    mistakes = {message: rows(distance < threshold) for message, distance in mistakes.items()} | {
        "the pairs are swapped: the training crop comes first": {(j, i) for i, j in wanted},
        "a pair exactly at the threshold is none: < and not <=": rows(mean <= threshold),
        f"a test crop {several}": best_train & wanted,
        f"a training crop {several}": best_test & wanted,
        "only the nearest training crop of each test crop, whatever its distance: compare with the"
        " threshold": best_train,
        "only crops at the same place were compared: compare each with each": {
            (i, j) for i, j in wanted if i == j
        },
        "these pairs are the far ones: below the threshold means near": rows(mean >= threshold),
    }
    if fitting := [message for message, wrong in mistakes.items() if found == wrong]:
        fail("; or: ".join(fitting))
    if missing := wanted - found:
        fail(
            f"the pair {min(missing)} is missing, at a distance of {mean[min(missing)]:.4f}:"
            f" {len(wanted)} pairs lie below {threshold}"
        )
    extra = min(found - wanted)
    if not (0 <= extra[0] < len(train) and 0 <= extra[1] < len(test)):
        fail(f"the pair {extra} is none: there are {len(train)} and {len(test)} crops")
    fail(f"the pair {extra} is at a distance of {mean[extra]:.4f}, not below {threshold}")
