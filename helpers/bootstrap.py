"""How sure is a measured number? The bootstrap: measure again on images drawn with replacement."""

from collections.abc import Callable

import torch
from torch import Tensor


def resample(n: int, rounds: int, generator: torch.Generator) -> Tensor:
    """`rounds` draws of `n` out of `n` with replacement: int64 [rounds, n], each in 0 … n - 1."""
    if n < 1:
        raise ValueError("nothing to draw from: there must be at least one image")
    if rounds < 1:
        raise ValueError(f"rounds must be 1 or more, not {rounds}")
    return torch.randint(n, (rounds, n), generator=generator)


def bootstrap_interval(
    statistic: Callable[[list[int]], float],
    n: int,
    *,
    generator: torch.Generator,
    rounds: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Where a number measured on `n` images might have come out: (low, high).

    `statistic` takes the indices of images, some of them repeated, and measures on those; it is
    asked `rounds` times. A share `level` of its answers lies between low and high. To compare two
    detectors, let it give back the *difference* of both on the same images. Draw whole images:
    the boxes of one image hang together, and drawing single boxes would promise too much.
    Raises ValueError for no images, no rounds, a level outside ]0, 1[, and an answer of NaN.
    Source: Efron 1979 (the percentile interval).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, as 0.95 does, not {level}")
    draws = resample(n, rounds, generator).tolist()
    values = torch.tensor([statistic(indices) for indices in draws], dtype=torch.float64)
    if torch.isnan(values).any():
        raise ValueError("the statistic answers NaN for some of the draws")
    tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    low, high = torch.quantile(values, tails).tolist()
    return low, high
