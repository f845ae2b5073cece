"""The check of exercise 6.4, non-maximum suppression."""

import operator
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from helpers.boxes import apply_nms, box_iou, nms
from helpers.checks.report import ask, check, explain, fail


@check("suppress", of=(nms, apply_nms), seconds=10)
def check_suppress(suppress: Callable[[Tensor, Tensor, float], list[int]]) -> None:
    """`suppress(boxes, scores, iou_threshold)`: indices of the boxes that NMS keeps, best first."""
    rows = [[60, 0, 160, 40], [4, 0, 104, 40], [0, 0, 100, 40], [300, 0, 400, 40], [30, 0, 130, 40]]
    boxes, scores = torch.tensor(rows).float(), torch.tensor([0.7, 0.3, 0.9, 0.95, 0.8])
    answer = _indices(ask(suppress, boxes, scores, 0.3), 5)
    explain(answer, [3, 2, 0], _suppress_mistakes(boxes, scores, 0.3), "on five boxes")
    half = torch.tensor([[0.0, 0, 20, 10], [0, 0, 10, 10]])
    for threshold, right in ((0.5, [0, 1]), (0.49, [0])):
        answer = _indices(ask(suppress, half, torch.tensor([0.9, 0.8]), threshold), 2)
        beyond = "an IoU of just the threshold is allowed: drop only what overlaps *more*"
        explain(answer, right, {beyond: [0]}, f"two boxes with IoU 0.5, threshold {threshold}")
    for threshold in (0.3, 1.0):
        given = (torch.zeros(0, 4), torch.zeros(0), threshold)
        try:
            nothing = suppress(*given)
        except (RuntimeError, IndexError, ValueError) as error:
            fail(f"no boxes at all: it crashes ({type(error).__name__}), and should give []")
        if nothing is None or len(_indices(nothing, 0)):
            fail(f"no boxes at all should give [], not {nothing}")
    _check_equal_scores(suppress)
    _check_crowds(suppress)


def _check_equal_scores(suppress: Callable) -> None:
    """Of boxes with the same score one stays where they overlap, and both where they do not."""
    twice = torch.tensor([[0.0, 0, 100, 40], [8, 0, 108, 40], [300, 0, 400, 40]])
    answer = _indices(ask(suppress, twice, torch.tensor([0.5, 0.5, 0.5]), 0.3), 3)
    if sorted(answer) in ([0, 2], [1, 2]):
        return
    mistakes = {
        "both boxes of the crowd stay: keep one box in each round, then drop": [0, 1, 2],
        "one box of each score is not enough: indices, not scores, say which are left": [0],
    }
    explain(sorted(answer), [0, 2], mistakes, "three equal scores, two of the boxes overlap")


def _check_crowds(suppress: Callable) -> None:
    """Thirty boxes in any order, at many thresholds, with scores of both signs."""
    generator = torch.Generator().manual_seed(6)
    corners = torch.rand(30, 2, generator=generator) * 150
    crowd = torch.cat([corners, corners + torch.tensor([100.0, 40.0])], 1)
    crowd[25:] = crowd[:5]  # the same box twice, with IoU 1
    positive = torch.rand(30, generator=generator)
    for kind, scores in (("", positive), ("negative ", positive - 2), ("large ", 40 * positive)):
        for threshold in (0.2,) if kind else (0.0, 0.2, 0.6, 1.0):
            answer = _indices(ask(suppress, crowd, scores, threshold), 30)
            right = nms(crowd, scores, threshold).tolist()
            if answer == right:
                continue
            case = f"thirty boxes, {kind}scores, IoU threshold {threshold}"
            mistakes = _suppress_mistakes(crowd, scores, threshold)
            if kind:
                mistakes["nothing is kept: a score may be negative"] = []
            fixed = {round(t, 1): nms(crowd, scores, t).tolist() for t in (0.3, 0.5)}
            mistakes |= {
                f"you always use {t} in place of `iou_threshold`": kept for t, kept in fixed.items()
            }
            hint = "scores may be negative: they are logits, say" if kind == "negative " else ""
            kept = f"{len(right)} boxes should stay, best first, not {len(answer)}"
            explain(answer, right, mistakes, case, f"{kept}; {hint}" if hint else kept)


def _suppress_mistakes(boxes: Tensor, scores: Tensor, threshold: float) -> dict[str, list[int]]:
    """What well-known mistakes would answer."""
    best_first = scores.argsort(descending=True, stable=True).tolist()
    overlap = box_iou(boxes, boxes)
    right = nms(boxes, scores, threshold).tolist()

    def keep(
        order: Sequence[int], against: str = "kept", stays: Callable = operator.le
    ) -> list[int]:
        kept: list[int] = []
        for k, i in enumerate(order):
            others = {"kept": kept, "all": order[:k], "last": kept[-1:]}[against]
            values = [overlap[i, j].item() for j in others]
            if all(stays(value, threshold) for value in values):
                kept.append(i)
        return kept

    places = {i: k for k, i in enumerate(best_first)}
    return {
        "nothing was dropped: are overlaps compared with `iou_threshold`?": best_first,
        "a box is dropped for a box that was dropped itself: only kept boxes count": keep(
            best_first, "all"
        ),
        "the right boxes, but not best first": sorted(right),
        "the right boxes, but the best comes last": right[::-1],
        "the worst come first: sort the scores in descending order": keep(best_first[::-1]),
        "the scores are not used: start with the best box, not with the first": keep(
            range(len(boxes))
        ),
        "each box must be compared with every kept box, not only with the last": keep(
            best_first, "last"
        ),
        "these count the boxes of the sorted list: give back indices of `boxes` as it came": [
            places[i] for i in right
        ],
        "these count the boxes of a list that gets shorter: give back indices of `boxes` as it"
        " came": _shortened(boxes, scores, threshold, by_argmax=True),
        "these count the sorted boxes that are left, and that list gets shorter: give back indices"
        " of `boxes` as it came": _shortened(boxes, scores, threshold, by_argmax=False),
        "only the best box and what does not overlap it: go on with the next round": [
            i for i in best_first if i == best_first[0] or overlap[best_first[0], i] <= threshold
        ],
        "only the first round: go on until none is left": best_first[:1],
        "what is dropped and what is kept are swapped": [i for i in best_first if i not in right],
        "the comparison is the wrong way round: a box is dropped if its IoU is greater": keep(
            best_first, stays=operator.gt
        ),
        "an IoU of just the threshold is allowed: drop only what overlaps *more*": keep(
            best_first, stays=operator.lt
        ),
    }


def _shortened(boxes: Tensor, scores: Tensor, threshold: float, *, by_argmax: bool) -> list[int]:
    """NMS with indices into a list from which boxes have been taken."""
    if not by_argmax:
        order = scores.argsort(descending=True, stable=True)
        boxes, scores = boxes[order], scores[order]
    kept = []
    while len(boxes):
        best = int(scores.argmax())
        kept.append(best)
        stay = box_iou(boxes[best][None], boxes)[0] <= threshold
        stay[best] = False
        boxes, scores = boxes[stay], scores[stay]
    return kept


def _indices(answer: object, count: int) -> list[int]:
    """The answer as a list of whole numbers."""
    if isinstance(answer, Tensor) and answer.ndim == 2:
        fail("these are boxes: give back their indices")
    try:
        values = [float(value) for value in answer]
    except (TypeError, ValueError, RuntimeError):
        fail(f"suppress must give back a list of indices, not {answer!r}")
    if any(isinstance(value, bool) for value in answer) or (
        isinstance(answer, Tensor) and answer.dtype == torch.bool
    ):
        fail("that is a mask of True and False: give back indices, best first")
    if any(value != int(value) for value in values):
        fail("these look like scores: give back the indices of the boxes")
    indices = [int(value) for value in values]
    if any(not 0 <= value < count for value in indices):
        fail(f"{indices} holds an index that no box has: they go from 0 to {count - 1}")
    if len(set(indices)) < len(indices):
        twice = next(value for value in indices if indices.count(value) > 1)
        fail(
            f"box {twice} is kept more than once, in {indices}: are these indices of `boxes` as it"
            " came, and not of a list that gets shorter?"
        )
    return indices
