"""Checks of the exercises of Lesson 07; two of them are modules: `matching` and `resampling`."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from helpers.checks.matching import check_match
from helpers.checks.report import ask, check, explain, fail, number, numbers, shown, your_or_ours
from helpers.checks.resampling import check_interval
from helpers.metrics import (
    Matched,
    area_under_curve,
    average_precision,
    curve_from_matches,
    precision_recall,
)

__all__ = [
    "check_interval",
    "check_match",
    "check_pr_area",
    "check_precision_recall_at",
    "your_or_ours",
]


SCORES = (0.9, 0.8, 0.8, 0.6, 0.5, 0.3)
IS_TRUE = (True, True, False, True, False, False)
CARS = 5


@check("precision_recall_at", of=(curve_from_matches, precision_recall))
def check_precision_recall_at(
    precision_recall_at: Callable[[Tensor, Tensor, int, float], tuple[float, float]],
) -> None:
    """`precision_recall_at(scores, is_true, cars, threshold)` -> (precision, recall)."""
    for order in ([0, 1, 2, 3, 4, 5], [4, 2, 0, 5, 1, 3]):
        scores, is_true = torch.tensor(SCORES)[order], torch.tensor(IS_TRUE)[order]
        for threshold in (0.85, 0.55, 0.4, 0.0):
            _check_pair(precision_recall_at, scores, is_true, CARS, threshold)
    half = torch.tensor([0.5, 0.25])
    _check_pair(precision_recall_at, half, half > 0, 2, 0.5)
    _check_pair(precision_recall_at, half, half < 0, 7, 0.25)
    logits = torch.tensor([-1.0, 3.0, 0.5])
    _check_pair(precision_recall_at, logits, torch.tensor([True, True, False]), 3, -2.0)
    for case, scores, is_true in (
        ("no box above the threshold", half, half > 0),
        ("no detections at all", torch.zeros(0), torch.zeros(0).bool()),
    ):
        try:
            nothing = precision_recall_at(scores, is_true, CARS, 0.95)
        except (ZeroDivisionError, RuntimeError, IndexError, ValueError) as error:
            what = "0/0 crashes" if isinstance(error, ZeroDivisionError) else "it crashes"
            fail(f"{case}: {what}; precision is 1 then, recall 0")
        pair = numbers(nothing, "the answer (precision, recall)", 2)
        if pair != (1.0, 0.0):
            fail(f"{case}: precision is 1 then, recall 0, not {shown(nothing)}")


def _check_pair(
    function: Callable, scores: Tensor, is_true: Tensor, cars: int, threshold: float
) -> None:
    answer = ask(function, scores, is_true, cars, threshold)
    answer = numbers(answer, "the answer (precision, recall)", 2)
    above = scores >= threshold
    hits, many = int(is_true[above].sum()), int(above.sum())
    right = (hits / many, hits / cars)
    strictly = scores > threshold
    caught, few = int(is_true[strictly].sum()), int(strictly.sum())
    p, r = right
    mistakes = {
        "precision and recall are swapped": (r, p),
        "recall is the share of all *cars*, not of the true detections": (
            p,
            hits / max(int(is_true.sum()), 1),
        ),
        "recall is the share of cars, not of detections": (p, hits / len(scores)),
        "recall is the share of cars, not of the boxes above the threshold": (p, p),
        "precision is the share of the boxes *above the threshold*": (hits / len(scores), r),
        "precision is the share of the boxes shown, not of the cars": (r, r),
        "the threshold is not used": (
            int(is_true.sum()) / len(scores),
            int(is_true.sum()) / cars,
        ),
        "that is how many are false: count the true ones": (1 - p, 1 - r),
        "these are counts of true positives: divide them": (hits, hits),
        "a score of just the threshold counts: compare with >=": (
            caught / few if few else 1.0,
            caught / cars,
        ),
        "the boxes *below* the threshold are counted": (
            int(is_true[~above].sum()) / max(int((~above).sum()), 1),
            int(is_true[~above].sum()) / cars,
        ),
        "the results are rounded: leave all digits": (round(p, 2), round(r, 2)),
        "the results are rounded to three decimals: leave all digits": (round(p, 3), round(r, 3)),
        "the results are rounded to four decimals: leave all digits": (round(p, 4), round(r, 4)),
        "these are percentages: give back shares from 0 to 1": (100 * p, 100 * r),
    }
    case = f"at threshold {threshold}"
    expected = f"expected ({p:.4f}, {r:.4f}), not ({answer[0]:.4f}, {answer[1]:.4f})"
    nearly = "nearly right, but rounded: leave all digits"
    explain(answer, right, mistakes, case, expected, nearly)


@check("pr_area", of=(area_under_curve, average_precision, curve_from_matches, precision_recall))
def check_pr_area(pr_area: Callable[[Tensor, Tensor, int], float]) -> None:
    """`pr_area(scores, is_true, cars)`: the area under the precision-recall curve."""
    no_ties = (0.9, 0.8, 0.7, 0.6, 0.5, 0.3)
    for case, scores, truths, order in (
        ("sorted scores", no_ties, IS_TRUE, range(6)),
        ("scores in any order", no_ties, IS_TRUE, (3, 0, 5, 2, 1, 4)),
        ("two equal scores", SCORES, IS_TRUE, range(6)),
        ("two equal scores, the other one first", SCORES, IS_TRUE, (0, 2, 1, 3, 4, 5)),
        ("the best box is false", (0.9, 0.8, 0.7), (False, True, True), range(3)),
        ("the worst box is true", (0.9, 0.5, 0.25), (True, False, True), (2, 1, 0)),
        ("one box, and it is true", (0.5,), (True,), (0,)),
        ("all boxes false", (0.9, 0.8), (False, False), (0, 1)),
        ("scores above 1 and below 0", (4.0, 2.0, -3.0), (True, False, True), (1, 0, 2)),
        ("three equal scores", (0.5, 0.5, 0.5), (True, False, True), range(3)),
    ):
        given, is_true = torch.tensor(scores)[[*order]], torch.tensor(truths)[[*order]]
        answer = number(ask(pr_area, given, is_true, CARS), "the area")
        right = area_under_curve(curve_from_matches([Matched(given, is_true, CARS)]))
        expected = f"expected {right:.4f}, not {answer:.4f}"
        nearly = f"nearly right: {answer} and not {right:.7f}; is it rounded?"
        explain(answer, right, _area_mistakes(given, is_true, CARS), case, expected, nearly)
    try:
        nothing = pr_area(torch.zeros(0), torch.zeros(0).bool(), 3)
    except (RuntimeError, IndexError, ValueError, ZeroDivisionError) as error:
        fail(f"no detections at all: it crashes ({type(error).__name__}); the area is 0")
    if nothing is None or not abs(number(nothing, "the area")) <= 1e-6:  # NaN is not 0 either
        fail(f"no detections at all: the area is 0, not {shown(nothing)}")


def _trapezoids(precision: Tensor, recall: Tensor, start: Sequence[float] = (1.0,)) -> float:
    """The area from recall 0 on, where precision is `start` (or from the first point on)."""
    begin = torch.tensor(start, dtype=torch.float64)
    precision, recall = torch.cat([begin, precision]), torch.cat([0 * begin, recall])
    return torch.trapezoid(precision, recall).item()


def _area_mistakes(scores: Tensor, is_true: Tensor, cars: int) -> dict[str, float]:
    """What well-known mistakes would answer."""

    def points(order: Tensor) -> tuple[Tensor, Tensor]:
        hits = is_true[order].double().cumsum(0)
        return hits / torch.arange(1, len(hits) + 1), hits / cars

    curve = curve_from_matches([Matched(scores, is_true, cars)])
    precision, recall = curve.precision, curve.recall
    zero, in_order = torch.zeros(1).double(), torch.arange(len(scores))
    steps = torch.diff(recall, prepend=zero)
    before = torch.cat([zero + 1, precision[:-1]])
    right = _trapezoids(precision, recall)
    return {
        "each detection makes a point of its own, in the order given: sort from the best score"
        " down, and let equal scores come in together": _trapezoids(*points(in_order)),
        "the worst scores come first: sort in descending order": _trapezoids(
            *points(scores.argsort(stable=True))
        ),
        "equal scores must make one point: no threshold can separate them": _trapezoids(
            *points(scores.argsort(descending=True, stable=True))
        ),
        "the curve begins at recall 0 and precision 1: add that point": _trapezoids(
            precision, recall, start=()
        ),
        "the curve begins at precision 1, not 0": _trapezoids(precision, recall, start=(0.0,)),
        "the curve begins at precision 1, not at that of the first point": _trapezoids(
            precision, recall, start=(precision[0].item(),)
        ),
        "the lowest score makes a point, too: `scores > threshold` misses it": _trapezoids(
            precision[:-1], recall[:-1]
        ),
        "recall is the share of all cars: divide by `cars`": _trapezoids(
            precision, recall * cars / max(int(is_true.sum()), 1)
        ),
        "recall that is never reached adds nothing: the last point is not drawn on to 1": right
        + (1 - recall[-1].item()) * precision[-1].item(),
        "the curve does not fall to precision 0 at recall 1: it ends with its last point": right
        + (1 - recall[-1].item()) * precision[-1].item() / 2,
        "those are steps: join the points by straight lines (trapezoids)": (steps * precision)
        .sum()
        .item(),
        "those are steps, as high as where they begin: join the points by straight lines": (
            (steps * before).sum().item()
        ),
        "that is average precision, the staircase: join the points by straight lines": (
            average_precision(curve)
        ),
        "that is the mean precision over the points: weigh by how far recall moves": (
            precision.mean().item()
        ),
        "a trapezoid is as high as the *mean* of its two precisions: divide by 2": 2 * right,
        "the result is rounded: leave all digits": round(right, 2),
        "the result is rounded to three decimals: leave all digits": round(right, 3),
        "the result is rounded to four decimals: leave all digits": round(right, 4),
    }
