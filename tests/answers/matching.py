"""Right and wrong answers to exercise 7.1, matching."""

import itertools

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from helpers.boxes import Detections, box_iou
from helpers.checks import matching as checks
from helpers.metrics import iou_at_least, match


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
            ways = {"best": max(fits, key=row.__getitem__), "first": fits[0], "last": fits[-1]}
            j = ways[which]
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


def by_cars(key):
    """Each car takes a box."""

    def answer(boxes, scores, truth):
        overlap, is_true = box_iou(boxes, truth), [False] * len(boxes)
        for j in range(len(truth)):
            fits = [i for i in range(len(boxes)) if overlap[i, j] >= 0.5 and not is_true[i]]
            values = overlap[:, j] if key == "iou" else scores
            if fits:
                is_true[max(fits, key=lambda i: values[i].item())] = True
        return is_true

    return answer


def as_many_as_possible(boxes, scores, truth):
    """The largest sum of overlaps: no score is looked at."""
    overlap = box_iou(boxes, truth).numpy()
    rows, cols = linear_sum_assignment(-overlap)
    is_true = [False] * len(boxes)
    for i, j in zip(rows, cols, strict=True):
        is_true[i] = bool(overlap[i, j] >= 0.5)
    return is_true


def by_a_clone(boxes, scores, truth):
    overlap = box_iou(boxes, truth).clone()
    answer = torch.zeros(len(boxes), dtype=torch.bool)
    if not len(truth):
        return answer
    for i in torch.argsort(scores, descending=True):
        value, j = overlap[i].max(0)
        if value >= 0.5:
            answer[i] = True
            overlap[:, j] = -1
    return answer


def by_pairs(boxes, scores, truth):
    """All pairs, best score and then best overlap first."""
    overlap, used, hit = box_iou(boxes, truth).tolist(), set(), set()
    pairs = itertools.product(range(len(boxes)), range(len(truth)))
    order = sorted(pairs, key=lambda p: (-scores[p[0]].item(), p[0], -overlap[p[0]][p[1]]))
    for i, j in order:
        if overlap[i][j] >= 0.5 and i not in hit and j not in used:
            hit.add(i)
            used.add(j)
    return [i in hit for i in range(len(boxes))]


def in_order_of_scores(boxes, scores, truth):
    right = greedy()(boxes, scores, truth)
    return [right[i] for i in scores.argsort(descending=True).tolist()]


def which_cars(boxes, scores, truth):
    return [i for i, hit in enumerate(greedy()(boxes, scores, truth)) if hit]


def least_overlap(boxes, scores, truth):
    overlap, free = box_iou(boxes, truth), set(range(len(truth)))
    is_true = [False] * len(boxes)
    for i in scores.argsort(descending=True).tolist():
        fits = [j for j in free if overlap[i, j] >= 0.5]
        if fits:
            is_true[i] = True
            free.remove(min(fits, key=lambda j: overlap[i, j].item()))
    return is_true


MATCH_RIGHT = [
    greedy(),
    by_a_clone,
    by_pairs,
    lambda b, s, t: np.array(greedy()(b, s, t), dtype=int),
    lambda b, s, t: tuple(greedy()(b, s, t)),
]
MATCH_WRONG = [
    (lambda b, s, t: None, "return"),
    (lambda b, s, t: True, "list of True and False"),
    (lambda b, s, t: [True], "one for each detection"),
    (lambda b, s, t: box_iou(b, t).amax(1), "numbers"),
    (which_cars, "one for each detection"),
    (greedy(order="first"), "best score down"),
    (greedy(once=False), "counts once"),
    (greedy(which="first"), "overlaps most"),
    (greedy(which="last"), "not the last"),
    (least_overlap, "not least"),
    (greedy(retry=False), "still free"),
    (greedy(strict=True), "just 0.5"),
    (lambda b, s, t: [True] * len(b), "counts once|must be 0.5"),
    (lambda b, s, t: [False] * len(b), "expected"),
    (lambda b, s, t: (box_iou(b, t) >= 0.5).any(1), "counts once"),
    (lambda b, s, t: [not a for a in greedy()(b, s, t)], "True is for what is right"),
    (lambda b, s, t: greedy()(b, -s, t), "worst score comes first"),
    (lambda b, s, t: greedy()(b, s.abs(), t), "negative"),
    (by_cars("iou"), "go through the detections"),
    (by_cars("score"), "go through the detections"),
    (as_many_as_possible, "go through the detections|expected"),
    (in_order_of_scores, "in the order of `boxes`"),
    (match_in_place, "changes its input"),
    (match_and_crash, "crashes"),
    (lambda b, s, t: match(Detections(b, s), t, iou_at_least(0.5)), "course's own"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {checks.check_match: (MATCH_RIGHT, MATCH_WRONG)}
