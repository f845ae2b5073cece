"""Right and wrong answers to exercise 6.4, non-maximum suppression."""

import numpy as np
import torch

from helpers.boxes import apply_nms, box_iou, nms
from helpers.checks import suppression as checks


def keep_if(test, order="best", against="kept"):
    """Suppression with mistakes to choose; `test(overlap, threshold)` says what may stay."""

    def answer(boxes, scores, iou_threshold):
        places = {
            "best": scores.argsort(descending=True),
            "worst": scores.argsort(),
            "first": torch.arange(len(scores)),
        }[order].tolist()
        kept = []
        for k, i in enumerate(places):
            others = {"kept": kept, "all": places[:k], "last": kept[-1:]}[against]
            overlaps = [box_iou(boxes[i][None], boxes[j][None]).item() for j in others]
            if all(test(overlap, iou_threshold) for overlap in overlaps):
                kept.append(i)
        return kept

    return answer


def at_most(overlap, threshold):
    return overlap <= threshold


right = keep_if(at_most)


def round_by_round(boxes, scores, iou_threshold):
    left, kept = scores.argsort(descending=True), []
    while len(left):
        kept.append(left[0].item())
        left = left[box_iou(boxes[left[:1]], boxes[left])[0] <= iou_threshold]
        left = left[left != kept[-1]]
    return kept


def by_a_set(boxes, scores, iou_threshold):
    left, kept = set(range(len(boxes))), []
    overlap = box_iou(boxes, boxes)
    while left:
        best = max(left, key=lambda i: scores[i].item())
        kept.append(best)
        left = {i for i in left if i != best and overlap[best, i] <= iou_threshold}
    return kept


def by_numpy(boxes, scores, iou_threshold):
    overlap, order = box_iou(boxes, boxes).numpy(), np.argsort(-scores.numpy(), kind="stable")
    gone, kept = np.zeros(len(order), bool), []
    for i in order:
        if not gone[i]:
            kept.append(i)
            gone |= overlap[i] > iou_threshold
    return np.array(kept, int)


def by_tensors(boxes, scores, iou_threshold):
    return torch.tensor(right(boxes, scores, iou_threshold), dtype=torch.long)


def by_argmax(boxes, scores, iou_threshold):
    scores, kept = scores.clone(), []
    while (scores > -torch.inf).any():
        best = int(scores.argmax())
        kept.append(best)
        scores[box_iou(boxes[best][None], boxes)[0] > iou_threshold] = -torch.inf
        scores[best] = -torch.inf
    return kept


def worse_first_of_equals(boxes, scores, iou_threshold):
    """Right, but of equal scores the later box wins."""
    order = sorted(range(len(boxes)), key=lambda i: (scores[i].item(), i), reverse=True)
    again = right(boxes[order], torch.arange(len(order), 0, -1), iou_threshold)
    return [order[i] for i in again]


def in_place(boxes, scores, iou_threshold):
    kept = right(boxes, scores, iou_threshold)
    scores[:] = 0
    return kept


def crashes_without_boxes(boxes, scores, iou_threshold):
    scores.max()
    return right(boxes, scores, iou_threshold)


def always_a_third(boxes, scores, iou_threshold):
    return right(boxes, scores, 0.3 if len(boxes) > 5 else iou_threshold)


def marks_by(mark, stop=None):
    """Marks what is dropped by a score; ends where no score is above `stop`."""
    stop = mark if stop is None else stop

    def answer(boxes, scores, iou_threshold):
        scores, kept = scores.clone(), []
        while len(scores) and scores.max() > stop:
            best = int(scores.argmax())
            kept.append(best)
            scores[box_iou(boxes[best][None], boxes)[0] > iou_threshold] = mark
            scores[best] = mark
        return kept

    return answer


def shortened(boxes, scores, iou_threshold):
    kept = []
    while len(boxes):
        best = int(scores.argmax())
        kept.append(best)
        stay = box_iou(boxes[best][None], boxes)[0] <= iou_threshold
        stay[best] = False
        boxes, scores = boxes[stay], scores[stay]
    return kept


def of_the_sorted(boxes, scores, iou_threshold):
    order = scores.argsort(descending=True)
    return right(boxes[order], scores[order], iou_threshold)


def sorted_and_shortened(boxes, scores, iou_threshold):
    order = scores.argsort(descending=True)
    return shortened(boxes[order], scores[order], iou_threshold)


def never_ends_at_one(boxes, scores, iou_threshold):
    """Where nothing overlaps more than 1, the best box itself is never taken away."""
    scores, kept = scores.clone(), []
    while len(scores) and scores.max() > -torch.inf:
        best = int(scores.argmax())
        kept.append(best)
        scores[box_iou(boxes[best][None], boxes)[0] > iou_threshold] = -torch.inf
    return kept


def first_round(boxes, scores, iou_threshold):
    if not len(boxes):
        return []
    best = int(scores.argmax())
    overlap = box_iou(boxes[best][None], boxes)[0]
    order = scores.argsort(descending=True).tolist()
    return [i for i in order if i == best or overlap[i] <= iou_threshold]


def equals_together(boxes, scores, iou_threshold):
    """Keeps all boxes that have the best score."""
    left, kept = list(range(len(boxes))), []
    while left:
        best = [i for i in left if scores[i] == max(scores[j] for j in left)]
        kept += best
        overlap = box_iou(boxes[best], boxes).amax(0)
        left = [i for i in left if i not in best and overlap[i] <= iou_threshold]
    return kept


SUPPRESS_RIGHT = [
    right,
    round_by_round,
    by_a_set,
    by_numpy,
    by_tensors,
    by_argmax,
    worse_first_of_equals,
    lambda b, s, t: tuple(right(b, s, t)),
]
SUPPRESS_WRONG = [
    (lambda b, s, t: None, "return"),
    (lambda b, s, t: 3, "list of indices"),
    (lambda b, s, t: b[right(b, s, t)], "their indices"),
    (lambda b, s, t: s[right(b, s, t)], "look like scores"),
    (lambda b, s, t: torch.tensor([i in right(b, s, t) for i in range(len(b))]), "mask"),
    (lambda b, s, t: sorted(right(b, s, t)), "not best first"),
    (lambda b, s, t: right(b, s, t)[::-1], "the best comes last"),
    (lambda b, s, t: s.argsort(descending=True), "nothing was dropped"),
    (
        lambda b, s, t: [i for i in s.argsort(descending=True).tolist() if i not in right(b, s, t)],
        "swapped",
    ),
    (lambda b, s, t: [0], "expected"),
    (lambda b, s, t: [i + 1 for i in right(b, s, t)], "expected"),
    (lambda b, s, t: [5], "no box has"),
    (keep_if(lambda overlap, threshold: overlap < threshold), "just the threshold"),
    (keep_if(lambda overlap, threshold: overlap > threshold), "wrong way round"),
    (keep_if(at_most, order="worst"), "worst come first"),
    (keep_if(at_most, order="first"), "scores are not used"),
    (keep_if(at_most, against="all"), "dropped itself"),
    (keep_if(at_most, against="last"), "only with the last"),
    (in_place, "changes its input"),
    (crashes_without_boxes, "crashes"),
    (lambda b, s, t: right(b, s, t) or [0], "no boxes at all should|no box has"),
    (always_a_third, "always use 0.3"),
    (marks_by(0), "negative"),
    (marks_by(-1), "negative"),
    (lambda b, s, t: marks_by(0)(b, s.abs(), t), "negative"),
    (shortened, "gets shorter"),
    (of_the_sorted, "sorted list"),
    (sorted_and_shortened, "gets shorter"),
    (never_ends_at_one, "kept more than once|no answer after"),
    (first_round, "next round"),
    (lambda b, s, t: right(b, s, t)[:1], "until none is left"),
    (equals_together, "keep one box in each round"),
    (nms, "course's own"),
    (lambda b, s, t: apply_nms((b, s), t), "course's own"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {checks.check_suppress: (SUPPRESS_RIGHT, SUPPRESS_WRONG)}
