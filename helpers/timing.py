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

    `median`, `low` and `high` of several pairs of timings, each a ratio of its own; and how near
    `what` came to the least time that the machine could take, where that is known: 1 is as fast as
    it goes. (That time comes from measured rates, so a little more than 1 may come out.)
    """

    what: str
    reference: str
    median: float
    low: float
    high: float
    share: float | None = None

    def __str__(self) -> str:
        return (
            f"{self.what}: {self.median:.1f} times faster than {self.reference}"
            f" ({self.low:.1f} to {self.high:.1f})"
        )

    @classmethod
    def of(
        cls,
        what: str,
        reference: str,
        slow: Sequence[float],
        fast: Sequence[float],
        limit: float | None = None,
    ) -> "Ratio":
        """The ratio of timings that were measured in turns.

        Args:
            what: what is fast.
            reference: what it is compared with.
            slow: seconds of the reference, N timings.
            fast: seconds of `what`, N timings.
            limit: seconds that `what` takes at least on this machine.

        Raises:
            ValueError: for other numbers of timings.
        """
        ratios = [s / f for s, f in zip(slow, fast, strict=True)]
        share = None if limit is None else limit / median(fast)
        return cls(what, reference, median(ratios), min(ratios), max(ratios), share)


def table(ratios: Sequence[Ratio]) -> str:
    """The ratios as a Markdown table, one a line.

    >>> print(table([Ratio("the FCN", "windows", 4.0, 3.0, 5.0)]))
    | what    | reference | times faster     |
    | ------- | --------- | ---------------- |
    | the FCN | windows   | 4.0 (3.0 to 5.0) |
    """
    rows = [(r.what, r.reference, f"{r.median:.1f} ({r.low:.1f} to {r.high:.1f})") for r in ratios]
    head = ("what", "reference", "times faster")
    if any(r.share is not None for r in ratios):
        head = (*head, "of the machine's limit")
        shares = ["" if r.share is None else f"{r.share:.0%}" for r in ratios]
        rows = [(*row, share) for row, share in zip(rows, shares, strict=True)]
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
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
