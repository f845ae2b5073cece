"""Distributions with names: what the renderer draws its parameters from.

A table of them says at one place what can be how; the data card prints the tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from numpy.random import Generator


@runtime_checkable
class Distribution(Protocol):
    """Anything that draws a value from a generator, and describes itself with `str`."""

    def draw(self, rng: Generator) -> Any:
        """One value."""
        ...


@dataclass(frozen=True)
class Always:
    """One value, always."""

    value: Any

    def draw(self, rng: Generator) -> Any:
        """The value; no random number is used."""
        return self.value

    def __str__(self) -> str:
        return f"{self.value}"


@dataclass(frozen=True)
class Uniform:
    """Every number from `low` to `high` is as likely as any other."""

    low: float
    high: float

    def draw(self, rng: Generator) -> float:
        """One number."""
        # The same number as `rng.uniform`, in half of its time.
        return self.low + (self.high - self.low) * rng.random()

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Whole:
    """Every whole number from `low` to `high`, both included, is as likely as any other."""

    low: int
    high: int

    def draw(self, rng: Generator) -> int:
        """One whole number."""
        return int(rng.integers(self.low, self.high + 1))

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class Normal:
    """Around `mean` with a standard `deviation`, cut off at `low` and `high`."""

    mean: float
    deviation: float
    low: float = float("-inf")
    high: float = float("inf")

    def draw(self, rng: Generator) -> float:
        """One number."""
        return float(min(max(rng.normal(self.mean, self.deviation), self.low), self.high))

    def __str__(self) -> str:
        ends = f", from {self.low:g} to {self.high:g}" if self.high < float("inf") else ""
        return f"{self.mean:g} ± {self.deviation:g}{ends}"


@dataclass(frozen=True)
class Choice:
    """One of several values, each with its share; the shares add up to 1."""

    shares: Mapping[Any, float]

    def draw(self, rng: Generator) -> Any:
        """One value."""
        return self.pick(rng.random())

    def pick(self, point: float) -> Any:
        """The value at `point`, from 0 to 1, of all shares laid end to end."""
        for value, share in self.shares.items():
            point -= share
            if point < 0:
                return value
        return value

    def without(self, *values: Any) -> "Choice":
        """The same choice among the other values, in the same proportion."""
        kept = {v: share for v, share in self.shares.items() if v not in values}
        total = sum(kept.values())
        return Choice({v: share / total for v, share in kept.items()})

    def __str__(self) -> str:
        return ", ".join(f"{value} {share:.0%}" for value, share in self.shares.items())


@dataclass(frozen=True)
class Chance:
    """True in this share of all cases, else False."""

    share: float

    def draw(self, rng: Generator) -> bool:
        """True or False."""
        return bool(rng.random() < self.share)

    def __str__(self) -> str:
        return f"in {self.share:.0%}"


@dataclass(frozen=True)
class OneOf:
    """One of several values, each as likely as any other."""

    values: tuple

    def draw(self, rng: Generator) -> Any:
        """One value."""
        return self.values[int(rng.integers(len(self.values)))]

    def __str__(self) -> str:
        return " or ".join(map(str, self.values))


@dataclass(frozen=True)
class Mixture:
    """One of several distributions, each with its share; the shares add up to 1."""

    parts: tuple[tuple[float, Distribution], ...]

    def draw(self, rng: Generator) -> Any:
        """Choose a distribution, and return one value of it."""
        point = rng.random()
        for share, part in self.parts[:-1]:
            point -= share
            if point < 0:
                return part.draw(rng)
        return self.parts[-1][1].draw(rng)

    def __str__(self) -> str:
        return "; ".join(f"{share:.0%}: {part}" for share, part in self.parts)


def sometimes(share: float, then: Distribution, otherwise: Any) -> Mixture:
    """A value of `then` in this share of all cases, else always the value `otherwise`.

    >>> print(sometimes(0.7, Uniform(0, 1.3), 0.0))
    70%: 0 to 1.3; 30%: 0.0
    """
    return Mixture(((share, then), (1 - share, Always(otherwise))))


def draw_table(table: Mapping[str, Distribution], rng: Generator) -> dict[str, Any]:
    """Draw one value of each distribution of a table, in its order."""
    return {name: distribution.draw(rng) for name, distribution in table.items()}
