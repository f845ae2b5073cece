"""Timings, and ratios of them with their spread.

>>> print(Ratio.of("the FCN", "windows", slow=[3.0, 4.0, 5.0], fast=[1.0, 1.0, 1.0]))
the FCN: 4.0 times faster than windows (3.0 to 5.0)
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from helpers.devices import wait


@dataclass(frozen=True)
class Ratio:
    """How many times faster `what` is than `reference`. Lesson 05.

    `median`, `low` and `high` of several pairs of timings, each a ratio of its own.
    """

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
        """The ratio of timings that were measured in turns.

        Args:
            what: what is fast.
            reference: what it is compared with.
            slow: seconds of the reference, N timings.
            fast: seconds of `what`, N timings.

        Raises:
            ValueError: for other numbers of timings.
        """
        ratios = [s / f for s, f in zip(slow, fast, strict=True)]
        return cls(what, reference, median(ratios), min(ratios), max(ratios))


def table(ratios: Sequence[Ratio]) -> str:
    """The ratios as a Markdown table, one a line.

    >>> print(table([Ratio("the FCN", "windows", 4.0, 3.0, 5.0)]))
    | what    | reference | times faster     |
    | ------- | --------- | ---------------- |
    | the FCN | windows   | 4.0 (3.0 to 5.0) |
    """
    rows = [(r.what, r.reference, f"{r.median:.1f} ({r.low:.1f} to {r.high:.1f})") for r in ratios]
    head = ("what", "reference", "times faster")
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(3)]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join(
        "| " + " | ".join(f"{text:<{w}}" for text, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def seconds(work: Callable[[], object]) -> float:
    """How many seconds a call of `work` takes, once, until a GPU is done as well. Lesson 05.

    >>> seconds(lambda: sum(range(1000))) < 1
    True
    """
    wait()
    start = time.perf_counter()
    work()
    wait()
    return time.perf_counter() - start
