"""How sure is a measured number? The bootstrap: measure again on images sampled with replacement.

>>> accuracies = torch.tensor([0.0, 1, 1, 1, 0, 1, 1, 1, 1, 1])
>>> low, high = bootstrap_interval(
...     lambda images: accuracies[images].mean().item(),
...     len(accuracies),
...     generator=torch.Generator().manual_seed(0),
... )
>>> print(f"{accuracies.mean():.1f}, but somewhere from {low:.1f} to {high:.1f}")
0.8, but somewhere from 0.5 to 1.0
"""

from collections.abc import Callable

import torch
from torch import Tensor


def resample(n: int, rounds: int, generator: torch.Generator) -> Tensor:
    """Sample `n` out of `n` images with replacement, `rounds` times. Lesson 07.

    Args:
        n: how many images there are.
        rounds: how often.
        generator: where the random numbers come from.

    Returns:
        Tensor[rounds, n] of int64, each in 0 … n - 1.

    Raises:
        ValueError: for no images or no rounds.

    >>> resample(5, 2, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 5])
    """
    if n < 1:
        raise ValueError("nothing to sample from: there must be at least one image")
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
    """Where a number measured on `n` images might have come out. Lesson 07.

    To compare two detectors, let `statistic` return the *difference* of both on the same images.
    Whole images are sampled: the boxes of one image hang together, and single boxes would promise
    too much.

    Args:
        statistic: takes the indices of images, some of them repeated, and measures on those.
        n: how many images there are.
        generator: where the random numbers come from.
        rounds: how often `statistic` is asked.
        level: the share of its answers between low and high, in ]0, 1[.

    Returns:
        (low, high), of which as many answers lie below as above.

    Raises:
        ValueError: for no images, no rounds, a level outside ]0, 1[, and an answer of NaN or
            infinity.

    Source: Efron 1979 (the percentile interval).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, as 0.95 does, not {level}")
    samples = resample(n, rounds, generator).tolist()
    values = torch.tensor([statistic(indices) for indices in samples], dtype=torch.float64)
    if not torch.isfinite(values).all():
        raise ValueError("the statistic answers NaN or infinity for some of the samples")
    tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    low, high = torch.quantile(values, tails).tolist()
    return low, high
