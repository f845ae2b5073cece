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


def table(ratios: Sequence[Ratio]) -> str:
    """The ratios as a Markdown table, one a line."""
    rows = [(r.what, r.reference, f"{r.median:.1f} ({r.low:.1f} to {r.high:.1f})") for r in ratios]
    head = ("what", "reference", "times faster")
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(3)]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "| " + " | ".join(f"{text:<{w}}" for text, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
