"""Right and wrong answers to the exercises of Lesson 07."""

import itertools
import random

import numpy as np
import torch

from helpers.boxes import Detections, box_iou
from helpers.checks import evaluation as checks
from helpers.metrics import Matched, area_under_curve, curve_from_matches, iou_at_least, match


def greedy(*, order="best", once=True, which="best", strict=False, retry=True):
    """Matching with mistakes to choose."""

    def answer(boxes, scores, truth):
        overlap = box_iou(boxes, truth)
        is_true, taken = [False] * len(boxes), set()
        places = scores.argsort(descending=True) if order == "best" else torch.arange(len(scores))
        for i in places.tolist():
            row = overlap[i].tolist()
            fits = [j for j, x in enumerate(row) if (x > 0.5 if strict else x >= 0.5)]
            if once and retry:
                fits = [j for j in fits if j not in taken]
            if not fits:
                continue
            j = max(fits, key=lambda j: row[j]) if which == "best" else fits[0]
            if not (once and j in taken):
                is_true[i] = True
                taken.add(j)
        return is_true

    return answer


def match_and_crash(boxes, scores, truth):
    box_iou(boxes, truth).max()
    return greedy()(boxes, scores, truth)


def match_in_place(boxes, scores, truth):
    answer = greedy()(boxes, scores, truth)
    truth.zero_()
    return answer


MATCH_RIGHT = [
    greedy(),
    lambda b, s, t: match(Detections(b, s), t, iou_at_least(0.5)),
    lambda b, s, t: np.array(greedy()(b, s, t), dtype=int),
]
MATCH_WRONG = [
    (lambda b, s, t: None, "return"),
    (lambda b, s, t: True, "list of True and False"),
    (lambda b, s, t: [True], "one for each detection"),
    (greedy(order="first"), "best score down"),
    (greedy(once=False), "counts once"),
    (greedy(which="first"), "overlaps most"),
    (greedy(retry=False), "another that fits"),
    (greedy(strict=True), "just 0.5"),
    (lambda b, s, t: [True] * len(b), "counts once"),
    (lambda b, s, t: (box_iou(b, t) >= 0.5).any(1), "counts once"),
    (match_in_place, "changes its input"),
    (match_and_crash, "crashes"),
]


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


COUNT_RIGHT = [
    counts,
    counts_in_a_loop,
    lambda s, t, c, x: curve_from_matches([Matched(s, t, c)]).at(x),
]
COUNT_WRONG = [
    (lambda s, t, c, x: None, "return"),
    (lambda s, t, c, x: 0.5, "two numbers"),
    (lambda s, t, c, x: counts(s, t, c, x)[::-1], "swapped"),
    (lambda s, t, c, x: counts(s, t, int(t.sum()), x), r"all \*cars\*"),
    (lambda s, t, c, x: counts(s, t, len(s), x), "not of detections"),
    (lambda s, t, c, x: (t[s >= x].sum() / len(s), t[s >= x].sum() / c), "above the threshold"),
    (lambda s, t, c, x: counts(s, t, c, 0), "threshold is not used"),
    (lambda s, t, c, x: tuple(1 - v for v in counts(s, t, c, x)), "how many are false"),
    (lambda s, t, c, x: (0.9, 0.9), "expected"),
    (strictly_above, "just the threshold"),
    (divides_by_zero, "0/0"),
    (nothing_is_nothing, "precision is 1 then"),
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
    return curve_from_matches([Matched(scores, is_true, cars)]).precision.mean()


def area_and_crash(scores, is_true, cars):
    scores.max()
    return area(scores, is_true, cars)


AREA_RIGHT = [
    area,
    area_by_thresholds,
    lambda s, t, c: area_under_curve(curve_from_matches([Matched(s, t, c)])),
]
AREA_WRONG = [
    (lambda s, t, c: None, "return"),
    (lambda s, t, c: (s, t), "one number"),
    (lambda s, t, c: area(s, t, c, sort=False), "sort from the best score"),
    (lambda s, t, c: area(s, t, c, descending=False), "worst scores come first"),
    (lambda s, t, c: area(s, t, c, ties=False), "equal scores"),
    (lambda s, t, c: area(s, t, c, start=False), "begins at recall 0"),
    (lambda s, t, c: area(s, t, max(int(t.sum()), 1)), "divide by `cars`"),
    (lambda s, t, c: area(s, t, c, steps=True), "those are steps"),
    (mean_precision, "mean precision"),
    (lambda s, t, c: 0.5, "expected"),
    (area_and_crash, "crashes"),
    (lambda s, t, c: area(s, t, c) if len(s) else 1.0, "the area is 0"),
]


def bootstrap(
    scenes, statistic, rounds, generator, *, n=None, quantiles=(0.025, 0.975), replace=True
):
    """The interval, with mistakes to choose."""
    n = n or len(scenes)
    values = []
    for _ in range(rounds):
        if replace:
            drawn = torch.randint(len(scenes), (n,), generator=generator).tolist()
        else:
            drawn = torch.randperm(len(scenes), generator=generator).tolist()
        values.append(statistic([scenes[i] for i in drawn]))
    low, high = np.quantile(values, quantiles)
    return low, high


def by_sorting(scenes, statistic, rounds, generator):
    draws = torch.randint(len(scenes), (rounds, len(scenes)), generator=generator)
    values = sorted(statistic([scenes[i] for i in row]) for row in draws.tolist())
    cut = round(0.025 * rounds)
    return values[cut], values[-cut - 1]


def same_draw(scenes, statistic, rounds, generator):
    drawn = torch.randint(len(scenes), (len(scenes),), generator=generator).tolist()
    values = [statistic([scenes[i] for i in drawn]) for _ in range(rounds)]
    return min(values), max(values)


def single_boxes(scenes, statistic, rounds, generator):
    parts = [part for scene in scenes for part in scene]
    values = [
        statistic([parts[i] for i in torch.randint(len(parts), (12,), generator=generator)])
        for _ in range(rounds)
    ]
    return min(values), max(values)


def no_generator(scenes, statistic, rounds, generator):
    return bootstrap(scenes, statistic, rounds, None)


def pythons_dice(scenes, statistic, rounds, generator):
    values = [statistic(random.choices(scenes, k=len(scenes))) for _ in range(rounds)]
    return tuple(np.quantile(values, (0.025, 0.975)))


def own_seed(scenes, statistic, rounds, generator):
    return bootstrap(scenes, statistic, rounds, torch.Generator().manual_seed(0))


def by_cutting(scenes, statistic, rounds, generator):
    """The sorted list without 2.5 % at either end."""
    values = []
    for _ in range(rounds):
        picks = (torch.rand(len(scenes), generator=generator) * len(scenes)).long()
        values.append(float(statistic([scenes[i] for i in picks.tolist()])))
    cut = int(0.025 * rounds)
    kept = sorted(values)[cut : rounds - cut]
    return [kept[0], kept[-1]]


def drawn_by(draw):
    """The interval with draws of another kind: `draw(n, generator)` gives numbers."""

    def wrong(scenes, statistic, rounds, generator):
        draws = [draw(len(scenes), generator) for _ in range(rounds)]
        values = [statistic([scenes[i] for i in numbers]) for numbers in draws]
        return tuple(np.quantile(values, (0.025, 0.975)))

    return wrong


def half_twice(n, generator):
    return torch.randperm(n, generator=generator).tolist()[: n - n // 2] * 2


def first_always(n, generator):
    return [0, *torch.randint(n, (n - 1,), generator=generator).tolist()]


def as_if_normal(scenes, statistic, rounds, generator):
    values = []
    bootstrap(scenes, lambda s: values.append(statistic(s)) or values[-1], rounds, generator)
    return np.mean(values) - 1.96 * np.std(values), np.mean(values) + 1.96 * np.std(values)


def sorts_the_scenes(scenes, statistic, rounds, generator):
    scenes.sort(reverse=True)
    return bootstrap(scenes, statistic, rounds, generator)


def sixth_from_the_end(scenes, statistic, rounds, generator):
    draws = torch.randint(len(scenes), (rounds, len(scenes)), generator=generator).tolist()
    values = sorted(statistic([scenes[i] for i in row]) for row in draws)
    return values[5], values[-6]


INTERVAL_RIGHT = [bootstrap, by_sorting, by_cutting]
INTERVAL_WRONG = [
    (lambda *a: None, "return"),
    (lambda s, f, r, g: bootstrap(s, f, r, g)[0], "two numbers"),
    (single_boxes, "whole scenes"),
    (lambda s, f, r, g: bootstrap(s, f, 10, g), "asked 10 times"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, n=5), "as many scenes"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, replace=False), "with replacement"),
    (same_draw, "draw anew"),
    (
        drawn_by(lambda n, g: torch.randint(n - 1, (n,), generator=g).tolist()),
        "scene 11 .* 0 times",
    ),
    (drawn_by(lambda n, g: torch.randint(1, n, (n,), generator=g).tolist()), "scene 0 .* 0 times"),
    (drawn_by(first_always), "equally likely"),
    (drawn_by(lambda n, g: half_twice(n, g)[:n]), "different scenes on average"),
    (sorts_the_scenes, "changes its input"),
    (as_if_normal, "quantiles 0.025"),
    (sixth_from_the_end, "quantiles 0.025"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0.03, 0.97)), "middle 95 %"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0.02, 0.98)), "middle 95 %"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0.025, 0.95)), "middle 95 %"),
    (lambda s, f, r, g: bootstrap(s, f, 1000, g), "asked 1000 times"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, n=12), "as many scenes"),
    (lambda s, f, r, g: bootstrap(s, f, r, g)[::-1], "low is larger"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0, 1)), "smallest and the largest"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0.25, 0.75)), "middle 95 %"),
    (no_generator, "`generator` alone"),
    (pythons_dice, "`generator` alone"),
    (own_seed, "another generator"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_match: (MATCH_RIGHT, MATCH_WRONG),
    checks.check_precision_recall_at: (COUNT_RIGHT, COUNT_WRONG),
    checks.check_pr_area: (AREA_RIGHT, AREA_WRONG),
    checks.check_interval: (INTERVAL_RIGHT, INTERVAL_WRONG),
}
