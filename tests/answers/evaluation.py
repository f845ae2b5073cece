"""Right and wrong answers to exercises 7.2 and 7.3."""

import itertools

import numpy as np
import torch

from helpers.checks import evaluation as checks
from helpers.metrics import Matched, area_under_curve, curve_from_matches


def counts(scores, is_true, cars, threshold):
    shown = scores >= threshold
    if not shown.any():
        return 1.0, 0.0
    hits = (shown & is_true).sum()
    return hits / shown.sum(), hits / cars


def counts_in_a_loop(scores, is_true, cars, threshold):
    chosen = [t for s, t in zip(scores.tolist(), is_true.tolist(), strict=True) if s >= threshold]
    return (sum(chosen) / len(chosen) if chosen else 1.0), sum(chosen) / cars


def strictly_above(scores, is_true, cars, threshold):
    return counts(scores, is_true, cars, threshold + 1e-6)


def divides_by_zero(scores, is_true, cars, threshold):
    chosen = is_true[scores >= threshold].tolist()
    return sum(chosen) / len(chosen), sum(chosen) / cars


def nothing_is_nothing(scores, is_true, cars, threshold):
    precision, recall = counts(scores, is_true, cars, threshold)
    return (precision if recall else 0.0), recall


def by_numpy(scores, is_true, cars, threshold):
    shown = scores.numpy() >= threshold
    hits = np.count_nonzero(is_true.numpy() & shown)
    return (np.float64(hits) / shown.sum() if shown.any() else 1), hits / cars


def by_sorting(scores, is_true, cars, threshold):
    order = scores.argsort(descending=True)
    n = int((scores >= threshold).sum())
    hits = int(is_true[order][:n].sum())
    return [hits / n if n else 1, hits / cars]


def rounded(digits):
    def wrong(scores, is_true, cars, threshold):
        return tuple(round(float(v), digits) for v in counts(scores, is_true, cars, threshold))

    return wrong


COUNT_RIGHT = [
    counts,
    counts_in_a_loop,
    by_numpy,
    by_sorting,
    lambda s, t, c, x: torch.tensor(counts_in_a_loop(s, t, c, x), dtype=torch.float64),
]
COUNT_WRONG = [
    (lambda s, t, c, x: None, "return"),
    (lambda s, t, c, x: 0.5, "two numbers"),
    (lambda s, t, c, x: (*counts(s, t, c, x), 0), "two numbers"),
    (lambda s, t, c, x: counts(s, t, c, x)[::-1], "swapped"),
    (lambda s, t, c, x: counts(s, t, int(t.sum()), x), r"all \*cars\*"),
    (lambda s, t, c, x: counts(s, t, len(s), x), "not of detections"),
    (lambda s, t, c, x: (t[s >= x].sum() / len(s), t[s >= x].sum() / c), "above the threshold"),
    (lambda s, t, c, x: (counts(s, t, c, x)[0],) * 2, "not of the boxes above"),
    (lambda s, t, c, x: (counts(s, t, c, x)[1],) * 2, "not of the cars"),
    (lambda s, t, c, x: (t[s >= x].sum(), t[s >= x].sum()), "divide them"),
    (lambda s, t, c, x: counts(s, t, c, 0), "threshold is not used"),
    (lambda s, t, c, x: counts(-s, t, c, -x), "below"),
    (lambda s, t, c, x: tuple(1 - v for v in counts(s, t, c, x)), "how many are false"),
    (lambda s, t, c, x: tuple(100 * v for v in counts(s, t, c, x)), "percentages"),
    (lambda s, t, c, x: (0.9, 0.9), "expected"),
    (rounded(2), "rounded"),
    (rounded(4), "rounded"),
    (rounded(5), "rounded"),
    (strictly_above, "just the threshold"),
    (divides_by_zero, "0/0"),
    (nothing_is_nothing, "precision is 1 then"),
    (lambda s, t, c, x: curve_from_matches([Matched(s, t, c)]).at(x), "course's own"),
]


def area(scores, is_true, cars, *, sort=True, descending=True, ties=True, start=True, steps=False):
    """The area under the curve, with mistakes to choose."""
    if sort:
        order = scores.argsort(descending=descending, stable=True)
        scores, is_true = scores[order], is_true[order]
    precision, recall = ([1.0], [0.0]) if start else ([], [])
    for k in range(len(scores)):
        if ties and k + 1 < len(scores) and scores[k + 1] == scores[k]:
            continue
        hits = int(is_true[: k + 1].sum())
        precision.append(hits / (k + 1))
        recall.append(hits / cars)
    if steps:
        return sum(np.diff(recall) * precision[1:])
    return np.trapezoid(precision, recall)


def area_by_thresholds(scores, is_true, cars):
    points = [(0.0, 1.0)]
    for threshold in scores.unique().flip(0):
        shown = scores >= threshold
        hits = (shown & is_true).sum().item()
        points.append((hits / cars, hits / shown.sum().item()))
    pairs = itertools.pairwise(points)
    return sum((r2 - r1) * (p1 + p2) / 2 for (r1, p1), (r2, p2) in pairs)


def mean_precision(scores, is_true, cars):
    return np.mean([p for _, p in points_of(scores, is_true, cars)] or [0.0])


def area_and_crash(scores, is_true, cars):
    scores.max()
    return area(scores, is_true, cars)


def area_from(points):
    pairs = itertools.pairwise(points)
    return sum((r2 - r1) * (p1 + p2) / 2 for (r1, p1), (r2, p2) in pairs)


def points_of(scores, is_true, cars, compare=torch.ge):
    for threshold in scores.unique().flip(0):
        shown = compare(scores, threshold)
        hits = (shown & is_true).sum().item()
        yield hits / cars, hits / shown.sum().item() if shown.any() else 1.0


def area_by_numpy(scores, is_true, cars):
    r, p = zip((0.0, 1.0), *points_of(scores, is_true, cars), strict=True)
    return np.trapezoid(np.array(p), np.array(r))


def area_as_a_tensor(scores, is_true, cars):
    order = scores.argsort(descending=True)
    s, hits = scores[order], is_true[order].double().cumsum(0)
    last = torch.cat([s[1:] != s[:-1], torch.ones(min(len(s), 1)).bool()])
    p = hits / torch.arange(1, len(s) + 1)
    one, zero = torch.ones(1).double(), torch.zeros(1).double()
    return torch.trapezoid(torch.cat([one, p[last]]), torch.cat([zero, hits[last] / cars]))


def area_from_lists(scores, is_true, cars):
    pairs = sorted(zip(scores.tolist(), is_true.tolist(), strict=True), reverse=True)
    points, hits, n = [(0.0, 1.0)], 0, 0
    for _, group in itertools.groupby(pairs, key=lambda pair: pair[0]):
        group = list(group)
        hits, n = hits + sum(true for _, true in group), n + len(group)
        points.append((hits / cars, hits / n))
    return area_from(points)


def area_with(points, *, before=((0.0, 1.0),), after=()):
    """Trapezoids from other points."""

    def wrong(scores, is_true, cars):
        return area_from([*before, *points(scores, is_true, cars), *after])

    return wrong


def strict_points(scores, is_true, cars):
    return points_of(scores, is_true, cars, torch.gt)


def drawn_on(precision):
    """The curve is drawn on to recall 1."""

    def wrong(scores, is_true, cars):
        points = [(0.0, 1.0), *points_of(scores, is_true, cars)]
        return area_from([*points, (1.0, points[-1][1] if precision is None else precision)])

    return wrong


def from_the_first(scores, is_true, cars):
    points = list(points_of(scores, is_true, cars))
    return area_from([(0.0, points[0][1] if points else 0), *points])


def staircase(scores, is_true, cars):
    points = list(points_of(scores, is_true, cars))
    best = [max(p for _, p in points[k:]) for k in range(len(points))]
    recalls = [0.0] + [r for r, _ in points]
    return sum((r2 - r1) * b for (r1, r2), b in zip(itertools.pairwise(recalls), best, strict=True))


def steps_from_the_left(scores, is_true, cars):
    points = [(0.0, 1.0), *points_of(scores, is_true, cars)]
    return sum((r2 - r1) * p1 for (r1, p1), (r2, _) in itertools.pairwise(points))


AREA_RIGHT = [
    area,
    area_by_thresholds,
    area_by_numpy,
    area_as_a_tensor,
    area_from_lists,
]
AREA_WRONG = [
    (lambda s, t, c: None, "return"),
    (lambda s, t, c: (s, t), "one number"),
    (lambda s, t, c: area(s, t, c) > 0.5, "one number"),
    (lambda s, t, c: area(s, t, c, sort=False), "sort from the best score"),
    (lambda s, t, c: area(s, t, c, descending=False), "worst scores come first"),
    (lambda s, t, c: area(s, t, c, ties=False), "equal scores"),
    (lambda s, t, c: area(s, t, c, start=False), "begins at recall 0"),
    (area_with(points_of, before=((0.0, 0.0),)), "precision 1, not 0"),
    (from_the_first, "not at that of the first point"),
    (lambda s, t, c: area(s, t, max(int(t.sum()), 1)), "divide by `cars`"),
    (lambda s, t, c: area(s, t, len(s)) if len(s) else 0.0, "expected"),
    (lambda s, t, c: area(s, t, c, steps=True), "those are steps"),
    (steps_from_the_left, "those are steps"),
    (staircase, "average precision"),
    (area_with(strict_points), "misses it"),
    (drawn_on(None), "never reached"),
    (drawn_on(0.0), "does not fall"),
    (mean_precision, "mean precision"),
    (lambda s, t, c: 2 * area(s, t, c), "divide by 2"),
    (lambda s, t, c: round(area(s, t, c), 2), "rounded"),
    (lambda s, t, c: round(area(s, t, c), 5), "rounded"),
    (lambda s, t, c: area(s.clamp(0, 1), t, c), "above 1"),
    (lambda s, t, c: 0.5, "expected"),
    (area_and_crash, "crashes"),
    (lambda s, t, c: area(s, t, c) if len(s) else 1.0, "the area is 0"),
    (lambda s, t, c: area(s, t, c) if len(s) else float("nan"), "the area is 0, not nan"),
    (lambda s, t, c: area_under_curve(curve_from_matches([Matched(s, t, c)])), "course's own"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_precision_recall_at: (COUNT_RIGHT, COUNT_WRONG),
    checks.check_pr_area: (AREA_RIGHT, AREA_WRONG),
}
