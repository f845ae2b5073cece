"""Timings, and ratios of them with their spread."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Ratio:
    """How many times faster than the reference: the median of several pairs, lowest and highest."""

    what: str
    reference: str
    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{self.what}: {self.median:.1f} times faster than {self.reference}"
            f" ({self.low:.1f} to {self.high:.1f})"
        )

    @classmethod
    def of(cls, what: str, reference: str, slow: Sequence[float], fast: Sequence[float]) -> "Ratio":
        """From seconds measured in turns, the reference's and ours."""
        ratios = [s / f for s, f in zip(slow, fast, strict=True)]
        return cls(what, reference, median(ratios), min(ratios), max(ratios))


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
