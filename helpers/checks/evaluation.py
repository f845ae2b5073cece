"""Checks of the exercises of Lesson 07."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from helpers.boxes import Detections
from helpers.checks.report import ask, fail, passed
from helpers.metrics import Matched, area_under_curve, curve_from_matches, iou_at_least, match


def _moved(*places: tuple[float, float]) -> Tensor:
    """Boxes of 100×40 pixels with their top-left corners at `places` (x, y)."""
    corners = torch.tensor(places, dtype=torch.float32).reshape(-1, 2)
    return torch.cat([corners, corners + torch.tensor([100.0, 40.0])], 1)


def check_match(match_boxes: Callable[[Tensor, Tensor, Tensor], list[bool]]) -> None:
    """`match_boxes(boxes, scores, truth)`: for each detection, whether it is true (IoU ≥ 0.5)."""
    cases = (
        (
            "a car is found twice: it counts once, for the better score",
            _moved((2, 0), (4, 0)),
            [0.9, 0.8],
            _moved((0, 0)),
        ),
        (
            "a worse box comes first in the list: match from the best score down, and answer in the"
            " order of `boxes`",
            _moved((20, 0), (2, 0)),
            [0.6, 0.9],
            _moved((0, 0)),
        ),
        (
            "a box fits two cars: take the one it overlaps most, not the first in the list",
            _moved((28, 0), (2, 0)),
            [0.9, 0.8],
            _moved((0, 0), (50, 0)),
        ),
        (
            "the better box has taken the nearer car: the next one may take another that fits",
            _moved((31, 0), (22, 0)),
            [0.9, 0.8],
            _moved((0, 0), (32, 0)),
        ),
        (
            "an IoU of just 0.5 is enough: compare with >=",
            torch.tensor([[0.0, 0, 50, 40]]),
            [0.9],
            _moved((0, 0)),
        ),
        ("a box far from any car is false", _moved((300, 0)), [0.9], _moved((0, 0))),
        ("a badly placed box is false: IoU under 0.5", _moved((40, 0)), [0.9], _moved((0, 0))),
    )
    for message, boxes, scores, truth in cases:
        given = torch.tensor(scores)
        answer = _truths(ask(match_boxes, boxes, given, truth), len(boxes))
        if answer != match(Detections(boxes, given), truth, iou_at_least(0.5)).tolist():
            fail(f"{message} (you answer {answer})")
    for what, n, m in (("no detections", 0, 1), ("no cars", 1, 0)):
        boxes, truth = _moved((0, 0))[:n], _moved((0, 0))[:m]
        try:
            answer = match_boxes(boxes, torch.ones(n), truth)
        except (RuntimeError, IndexError, ValueError) as error:
            fail(f"an image with {what}: it crashes ({type(error).__name__})")
        if _truths(answer, n) != [False] * n:
            fail(f"an image with {what}: expected {[False] * n}, not {answer}")
    passed("match_boxes")


def _truths(answer: object, length: int) -> list[bool]:
    """The answer as a list of True and False, one for each detection."""
    try:
        values = [bool(value) for value in answer]
    except (TypeError, RuntimeError):
        fail(f"match_boxes must give back a list of True and False, not {answer!r}")
    if len(values) != length:
        fail(f"{length} detections, but {len(values)} answers: one for each detection")
    return values


SCORES = (0.9, 0.8, 0.8, 0.6, 0.5, 0.3)
IS_TRUE = (True, True, False, True, False, False)
CARS = 5


def check_precision_recall_at(
    precision_recall_at: Callable[[Tensor, Tensor, int, float], tuple[float, float]],
) -> None:
    """`precision_recall_at(scores, is_true, cars, threshold)` -> (precision, recall)."""
    scores, is_true = torch.tensor(SCORES), torch.tensor(IS_TRUE)
    for threshold in (0.85, 0.55, 0.4, 0.0):
        answer = _pair(ask(precision_recall_at, scores, is_true, CARS, threshold))
        above = scores >= threshold
        hits, shown = int(is_true[above].sum()), int(above.sum())
        right = (hits / shown, hits / CARS)
        if _near(answer, right):
            continue
        mistakes = {
            "precision and recall are swapped": right[::-1],
            "recall is the share of all *cars*, not of the true detections": (
                hits / shown,
                hits / int(is_true.sum()),
            ),
            "recall is the share of cars, not of detections": (hits / shown, hits / len(scores)),
            "precision is the share of the boxes *above the threshold*": (
                hits / len(scores),
                hits / CARS,
            ),
            "the threshold is not used": (3 / 6, 3 / CARS),
            "that is how many are false: count the true ones": (1 - right[0], 1 - right[1]),
        }
        for message, wrong in mistakes.items():
            if _near(answer, wrong):
                fail(f"{message} (threshold {threshold})")
        fail(f"at threshold {threshold} expected {right}, not {answer}")
    half = torch.tensor([0.5, 0.25])
    if not _near(_pair(ask(precision_recall_at, half, half > 0, 2, 0.5)), (1.0, 0.5)):
        fail("a score of just the threshold counts: compare with >=")
    try:
        nothing = precision_recall_at(scores, is_true, CARS, 0.95)
    except ZeroDivisionError:
        fail("no box above the threshold: 0/0 crashes; precision is 1 then, recall 0")
    if not _near(_pair(nothing), (1.0, 0.0)):
        fail(f"no box above the threshold: precision is 1 then, recall 0, not {nothing}")
    passed("precision_recall_at")


def _pair(answer: object) -> tuple[float, float]:
    try:
        precision, recall = answer
        return float(precision), float(recall)
    except (TypeError, ValueError):
        fail(f"give back two numbers (precision, recall), not {answer!r}")


def _near(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(abs(x - y) < 1e-5 for x, y in zip(a, b, strict=True))


def check_pr_area(pr_area: Callable[[Tensor, Tensor, int], float]) -> None:
    """`pr_area(scores, is_true, cars)`: the area under the precision-recall curve."""
    shuffled = torch.tensor([3, 0, 5, 2, 1, 4])
    no_ties = torch.tensor([0.9, 0.8, 0.7, 0.6, 0.5, 0.3])
    for case, scores, order in (
        ("sorted scores", no_ties, torch.arange(6)),
        ("scores in any order", no_ties, shuffled),
        ("two equal scores", torch.tensor(SCORES), torch.arange(6)),
        (
            "two equal scores, the other one first",
            torch.tensor(SCORES),
            torch.tensor([0, 2, 1, 3, 4, 5]),
        ),
    ):
        given, is_true = scores[order], torch.tensor(IS_TRUE)[order]
        answer = _number(ask(pr_area, given, is_true, CARS))
        right = area_under_curve(curve_from_matches([Matched(given, is_true, CARS)]))
        if abs(answer - right) < 1e-5:
            continue
        for message, wrong in _area_mistakes(given, is_true, CARS).items():
            if abs(answer - wrong) < 1e-5:
                fail(f"{case}: {message}")
        fail(f"{case}: expected {right:.4f}, not {answer:.4f}")
    try:
        nothing = pr_area(torch.zeros(0), torch.zeros(0).bool(), 3)
    except (RuntimeError, IndexError, ValueError, ZeroDivisionError) as error:
        fail(f"no detections at all: it crashes ({type(error).__name__}); the area is 0")
    if abs(_number(nothing)) > 1e-6:
        fail(f"no detections at all: the area is 0, not {nothing}")
    passed("pr_area")


def _number(answer: object) -> float:
    try:
        return float(answer)
    except (TypeError, ValueError, RuntimeError):
        fail(f"pr_area must give back one number, not {answer!r}")


def _points(is_true: Tensor, cars: int) -> tuple[Tensor, Tensor]:
    """Precision and recall after each detection, in the order given."""
    hits = is_true.double().cumsum(0)
    return hits / torch.arange(1, len(hits) + 1), hits / cars


def _area_mistakes(scores: Tensor, is_true: Tensor, cars: int) -> dict[str, float]:
    """What well-known mistakes would answer."""

    def trapezoids(precision: Tensor, recall: Tensor, start: bool = True) -> float:
        if start:
            precision = torch.cat([torch.ones(1).double(), precision])
            recall = torch.cat([torch.zeros(1).double(), recall])
        return torch.trapezoid(precision, recall).item()

    best_first = scores.argsort(descending=True, stable=True)
    ranked = is_true[best_first]
    curve = curve_from_matches([Matched(scores, is_true, cars)])
    steps = torch.diff(curve.recall, prepend=torch.zeros(1).double())
    worst_first = is_true[scores.argsort(stable=True)]
    return {
        "each detection makes a point of its own, in the order given: sort from the best score"
        " down, and let equal scores come in together": trapezoids(*_points(is_true, cars)),
        "the worst scores come first: sort in descending order": trapezoids(
            *_points(worst_first, cars)
        ),
        "equal scores must make one point: no threshold can separate them": trapezoids(
            *_points(ranked, cars)
        ),
        "the curve begins at recall 0 and precision 1: add that point": trapezoids(
            curve.precision, curve.recall, start=False
        ),
        "recall is the share of all cars: divide by `cars`": trapezoids(
            curve.precision, curve.recall * cars / max(int(is_true.sum()), 1)
        ),
        "those are steps: join the points by straight lines (trapezoids)": (steps * curve.precision)
        .sum()
        .item(),
        "that is the mean precision over the points: weigh by how far recall moves": (
            curve.precision.mean().item()
        ),
    }


def check_interval(
    interval: Callable[[Sequence, Callable[[list], float], int, torch.Generator], tuple],
) -> None:
    """`interval(scenes, statistic, rounds, generator)`: the bootstrap's (low, high)."""
    scenes = [(f"scene {k}", k**3 / 100) for k in range(12)]  # lopsided: its own quantiles
    seen: list[list] = []

    def statistic(drawn: list) -> float:
        drawn = list(drawn)
        seen.append(drawn)
        if any(item not in scenes for item in drawn):
            fail("the statistic gets things that are no scenes: draw whole scenes, not boxes")
        return sum(value for _, value in drawn) / len(drawn)

    def run(seed: int, n: int = 12, rounds: int = 200, everywhere: int = 0) -> tuple[float, float]:
        seen.clear()
        torch.manual_seed(everywhere)
        given = scenes[:n]
        answer = ask(interval, given, statistic, rounds, torch.Generator().manual_seed(seed))
        try:
            low, high = map(float, answer)
        except (TypeError, ValueError):
            fail(f"interval must give back two numbers (low, high), not {answer!r}")
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
    values = torch.tensor([sum(v for _, v in drawn) / len(drawn) for drawn in seen]).double()
    right = torch.quantile(values, torch.tensor([0.025, 0.975]).double()).tolist()
    ordered = values.sort().values.tolist()
    if low > high:
        fail("low is larger than high: (low, high)")
    if abs(low - ordered[0]) < 1e-6 or abs(high - ordered[-1]) < 1e-6:
        fail("these are the smallest and the largest value: leave out 2.5 % at either end")
    # The ends lie between values 24 and 25 from either side; whoever cuts a list may be one off.
    near_low = ordered[23] - 1e-4 <= low <= ordered[26] + 1e-4
    near_high = ordered[-27] - 1e-4 <= high <= ordered[-24] + 1e-4
    if not (near_low and near_high):
        fail(
            f"the middle 95 % of the answers lie between {right[0]:.3f} and {right[1]:.3f}, not"
            f" {low:.3f} and {high:.3f}: take the quantiles 0.025 and 0.975 of the answers"
        )
    run(1, n=5, rounds=40)
    low, high = run(1)
    if run(1, everywhere=5) != (low, high):
        fail("the same generator gives another interval: draw from `generator` alone")
    if run(2) == (low, high) == run(3):
        fail("another generator gives the same interval: draw from the `generator` that is given")
    passed("interval")


def _check_draws(seen: list[list], scenes: list) -> None:
    """Draws with replacement: each scene as often as any other, some twice in a round."""
    if all(len(set(drawn)) == len(drawn) for drawn in seen):
        fail("no scene is ever drawn twice: draw with replacement")
    if all(drawn == seen[0] for drawn in seen):
        fail("every round draws the same scenes: draw anew in each round")
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
