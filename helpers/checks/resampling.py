"""The check of exercise 7.4, the bootstrap."""

import itertools
from collections.abc import Callable, Sequence

import torch

from helpers.bootstrap import bootstrap_interval, resample
from helpers.checks.report import ask, check, fail, numbers, shown


@check("interval", of=(bootstrap_interval, resample))
def check_interval(
    interval: Callable[[Sequence, Callable[[list], float], int, torch.Generator], tuple],
) -> None:
    """`interval(scenes, statistic, rounds, generator)`: the bootstrap's (low, high)."""
    scenes = [(f"scene {k}", k**3 / 100) for k in range(12)]  # lopsided: its own quantiles
    seen: list[list] = []

    def statistic(drawn: list) -> float:
        drawn = list(drawn)
        seen.append(drawn)
        for item in drawn:
            if not isinstance(item, tuple) or item not in scenes:
                fail(
                    f"the statistic gets {shown(item)}, which is no scene: draw whole scenes, as"
                    " they stand in the list"
                )
        return sum(value for _, value in drawn) / len(drawn)

    def run(seed: int, n: int = 12, rounds: int = 200, everywhere: int = 0) -> tuple[float, float]:
        seen.clear()
        torch.manual_seed(everywhere)
        given = scenes[:n]
        answer = ask(interval, given, statistic, rounds, torch.Generator().manual_seed(seed))
        low, high = numbers(answer, "the answer (low, high)", 2)
        if given != scenes[:n]:
            fail("interval changes the list of scenes: leave it as it is")
        if len(seen) != rounds:
            times = f"the statistic was asked {len(seen)} times"
            fail(f"{times}, not once in each of the {rounds} rounds")
        if any(len(drawn) != n for drawn in seen):
            fail(f"draw as many scenes as there are, here {n}, in each round")
        return low, high

    low, high = run(1, rounds=1000)
    _check_draws(seen, scenes)
    _check_ends(low, high, seen)
    run(1, n=5, rounds=40)
    low, high = run(1)
    _check_ends(low, high, seen)
    if run(1, everywhere=5) != (low, high):
        fail("the same generator gives another interval: draw from `generator` alone")
    if run(2) == (low, high) == run(3):
        fail("another generator gives the same interval: draw from the `generator` that is given")
    generator = torch.Generator().manual_seed(1)
    one, two = (ask(interval, scenes, statistic, 200, generator) for _ in range(2))
    if numbers(one, "the answer", 2) == numbers(two, "the answer", 2):
        fail(
            "a second call with the same generator gives the same interval: draw from `generator`,"
            " do not take its seed for another one"
        )


def _check_ends(low: float, high: float, seen: list[list]) -> None:
    """The quantiles of the answers, however they are found."""
    values = torch.tensor([sum(v for _, v in drawn) / len(drawn) for drawn in seen]).double()
    right = torch.quantile(values, torch.tensor([0.025, 0.975]).double()).tolist()
    ordered = values.sort().values.tolist()
    if low > high:
        fail("low is larger than high: (low, high)")
    if abs(low - ordered[0]) < 1e-6 or abs(high - ordered[-1]) < 1e-6:
        fail("these are the smallest and the largest value: leave out 2.5 % at either end")
    # Of 1000, the ends lie between values 24 and 25 from either side; a cut list may be one off.
    cut = round(0.025 * len(seen))
    near_low = ordered[cut - 2] - 1e-4 <= low <= ordered[cut + 1] + 1e-4
    near_high = ordered[-cut - 2] - 1e-4 <= high <= ordered[1 - cut] + 1e-4
    if not (near_low and near_high):
        fail(
            f"the middle 95 % of the answers lie between {right[0]:.3f} and {right[1]:.3f}, not"
            f" {low:.3f} and {high:.3f}: take the quantiles 0.025 and 0.975 of the answers"
        )


def _check_draws(seen: list[list], scenes: list) -> None:
    """Draws with replacement: each scene as often as any other, some twice in a round."""
    if all(len(set(drawn)) == len(drawn) for drawn in seen):
        fail("no scene is ever drawn twice: draw with replacement")
    if all(drawn == seen[0] for drawn in seen):
        fail("every round draws the same scenes: draw anew in each round")
    if len(scenes) > len({scene for drawn in seen[-50:] for scene in drawn}) and all(
        set(later) <= set(drawn) for drawn, later in itertools.pairwise(seen)
    ):
        fail(
            "each round draws from what the round before drew, so that fewer and fewer scenes are"
            " left: is the list of all scenes overwritten by the draw?"
        )
    counts = [sum(drawn.count(scene) for drawn in seen) for scene in scenes]
    if min(counts) < 0.8 * len(seen) or max(counts) > 1.2 * len(seen):
        odd = max(range(len(scenes)), key=lambda k: abs(counts[k] - len(seen)))
        fail(
            f"in {len(seen)} rounds scene {odd} of 0 to {len(scenes) - 1} comes {counts[odd]} times"
            f" and not about {len(seen)} times: all must be equally likely; `torch.randint(n, …)`"
            " draws from 0 to n - 1"
        )
    different = sum(len(set(drawn)) for drawn in seen) / len(seen)
    # With replacement n (1 - (1 - 1/n)^n) are different, with a deviation of about 0.03 here.
    expected = len(scenes) * (1 - (1 - 1 / len(scenes)) ** len(scenes))
    if abs(different - expected) > 0.3:
        fail(
            f"a round draws {different:.1f} different scenes on average, where {expected:.1f} are"
            " expected: draw each scene anew from all of them, with replacement"
        )
