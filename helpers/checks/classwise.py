"""The check of non-maximum suppression within each class, Lesson 10."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from helpers.boxes import apply_nms, batched_nms, nms
from helpers.checks.report import ask, ask_edge, check, explain, fail, same, shown

#: Pixels by which boxes of different classes are moved apart, where it is not enough.
STEPS = (1, 10, 20, 32, 100, 200, 1000, 5000)
Each = Callable[[Tensor, Tensor, Tensor, float], tuple[Tensor, Tensor, Tensor]]


def suppress_each(
    boxes: Tensor, scores: Tensor, labels: Tensor, iou_threshold: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The course's own: boxes, scores and labels after NMS within each class, best first."""
    return _taken(batched_nms(boxes, scores, labels, iou_threshold), boxes, scores, labels)


def _taken(keep: Tensor, *parts: Tensor) -> tuple[Tensor, ...]:
    return tuple(part[keep] for part in parts)


@check("suppress_each", of=(batched_nms, apply_nms, suppress_each), seconds=20)
def check_suppress_each(answers: Each) -> None:
    """`suppress_each(boxes, scores, labels, iou_threshold)`: what is kept, of three kinds."""
    one_place = torch.tensor([[0.0, 0, 20, 20], [2, 0, 22, 20], [1, 0, 21, 20], [60, 0, 80, 20]])
    four = (one_place, torch.tensor([0.7, 0.9, 0.8, 0.6]), torch.tensor([3, 8, 3, 8]))
    _compare(answers, "three boxes in one place, of two classes", *four, 0.3)
    half = torch.tensor([[0.0, 0, 20, 10], [0, 0, 10, 10]])
    pair = (half, torch.tensor([0.9, 0.8]), torch.tensor([1, 1]))
    for threshold in (0.5, 0.49):
        _compare(answers, f"two boxes with IoU 0.5, threshold {threshold}", *pair, threshold)
    # The offset that is added to tell classes apart must be larger than the whole picture.
    far = torch.tensor([[0.0, 0, 20, 20], [5000, 5000, 5020, 5020], [10, 10, 30, 30]])
    for step in STEPS:
        moved = torch.cat([far, far[:1] + step])
        given = (moved, torch.tensor([0.9, 0.8, 0.7, 0.6]), torch.tensor([2, 1, 2, 1]))
        _compare(answers, "boxes of two classes, far apart", *given, 0.2)
    outside = torch.tensor([[-30.0, -30, 10, 10], [-30, -30, 10, 10]])
    given = (outside, torch.tensor([0.8, 0.9]), torch.tensor([1, 2]))
    _compare(answers, "two classes, boxes that begin outside the image", *given, 0.3)
    generator = torch.Generator().manual_seed(3)
    crowds = ((30, [1, 2, 9], 0.3), (60, [5], 0.2), (60, [1, 4, 6], 0.6), (40, [-3, 7, 52], 0.3))
    for count, classes, threshold in crowds:
        corners = 60 * torch.rand(count, 2, generator=generator)
        crowd = torch.cat([corners, corners + 20], 1)
        scores = torch.randperm(count, generator=generator) / count
        labels = torch.tensor(classes)[torch.randint(len(classes), (count,), generator=generator)]
        case = f"{count} boxes of the classes {classes}, IoU threshold {threshold}"
        _compare(answers, case, crowd, scores, labels, threshold)
    none = (torch.zeros(0, 4), torch.zeros(0), torch.zeros(0, dtype=torch.int64), 0.3)
    case = "for no boxes"
    kept = _three(ask_edge(case, answers, *none), case)
    if [tuple(part.shape) for part in kept] != [(0, 4), (0,), (0,)]:
        fail(f"{case}, give back boxes [0, 4], scores [0] and labels [0], not {shown(kept)}")


def _three(answer: object, case: str) -> tuple[Tensor, Tensor, Tensor]:
    """The answer as boxes, scores and labels."""
    if isinstance(answer, Tensor) and answer.ndim == 1:
        fail(f"{case}: these are indices: give back boxes[keep], scores[keep], labels[keep]")
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        fail(f"{case}: give back three things, boxes, scores, labels, not {shown(answer)}")
    for part, name in zip(answer, ("boxes", "scores", "labels"), strict=True):
        if not isinstance(part, Tensor):
            fail(f"{case}: the {name} must be a torch.Tensor, not {type(part).__name__}")
    boxes, scores, labels = answer
    if boxes.ndim != 2 or boxes.shape[1:] != (4,):
        fail(f"{case}: the boxes come first and have shape [K, 4], not {[*boxes.shape]}")
    if not len(boxes) == len(scores) == len(labels):
        fail(
            f"{case}: {len(boxes)} boxes, {len(scores)} scores, {len(labels)} labels: all three"
            " need the same indices"
        )
    if labels.dtype != torch.int64:
        swapped = ": boxes, scores, labels, in this order" * (scores.dtype == torch.int64)
        fail(f"{case}: the labels must stay int64, not {labels.dtype}{swapped}")
    return boxes, scores, labels


def _compare(
    answers: Each, case: str, boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> None:
    answer = _three(ask(answers, boxes, scores, labels, threshold), case)
    right = suppress_each(boxes, scores, labels, threshold)
    mistakes = _suppress_mistakes(boxes, scores, labels, threshold)
    explain(answer, right, mistakes, case, _difference(answer, right))


def _difference(answer: tuple[Tensor, ...], right: tuple[Tensor, ...]) -> str:
    """What is wrong with boxes, scores and labels, in words."""
    if len(answer[0]) != len(right[0]):
        return f"{len(right[0])} boxes should stay, best first, not {len(answer[0])}"
    parts = zip(("boxes", "scores", "labels"), answer, right, strict=True)
    wrong = [name for name, one, other in parts if not same(one, other)]
    if wrong == ["boxes"]:
        return "scores and labels are right, but the boxes are not those that came: boxes[keep]"
    if len(wrong) == 1:
        return f"the {wrong[0]} alone are wrong: all three need the same indices"
    return f"{len(right[0])} boxes stay, as they should, but others, or not best first"


def _suppress_mistakes(
    boxes: Tensor, scores: Tensor, labels: Tensor, threshold: float
) -> dict[str, tuple[Tensor, ...]]:
    """What well-known mistakes would answer."""
    given = (boxes, scores, labels)
    keep = batched_nms(*given, threshold)
    best_first = scores.argsort(descending=True)
    present = labels.unique().tolist()
    of_each = {
        label: (members := (labels == label).nonzero()[:, 0])[
            nms(boxes[members], scores[members], threshold)
        ]
        for label in present
    }

    def together(classes: Sequence[int]) -> Tensor:
        chosen = torch.cat([keep[:0], *(of_each[c] for c in classes if c in of_each)])
        return chosen[scores[chosen].argsort(descending=True)]

    # Indices within a class, taken for indices of all.
    inside = torch.cat([nms(*_taken(labels == c, boxes, scores), threshold) for c in present])
    small = batched_nms(boxes, scores, labels * 0, threshold)
    found = {
        "a box hides one of another class: suppress within each class": small,
        "the right boxes, but class by class: of all classes together, the best comes first": (
            torch.cat([*of_each.values()])
        ),
        "the right boxes, but in their old order: the best comes first": keep.sort().values,
        "the right boxes, but the best comes last": keep.flip(0),
        "nothing is dropped": best_first,
        "only the best box of each class stays": keep[
            [labels[keep].tolist().index(c) for c in labels[keep].unique().tolist()]
        ]
        .sort()
        .values,
        "only one class is looked at: go through all": together(present[:1]),
        "the last class is missing": together(present[:-1]),
        "boxes come several times: in set(labels) and in a loop over `labels` each box has a label"
        " of its own; go through labels.unique()": together(labels.tolist()),
        "the classes need not be numbered 0, 1, 2 …: go through labels.unique()": together(
            range(len(present))
        ),
        "the classes need not be numbered 1, 2, 3 …: go through labels.unique()": together(
            range(1, len(present) + 1)
        ),
        "these are indices within a class: labels == label holds the indices of all boxes": inside[
            scores[inside].argsort(descending=True)
        ],
        "labels are any numbers, also below 0 and beyond 10: go through labels.unique()": together(
            range(1, 11)
        ),
        "labels are any numbers, also below 0: go through labels.unique()": together(
            range(max(present) + 1)
        ),
        "an IoU of just the threshold is allowed: drop only what overlaps *more*": batched_nms(
            *given, max(0.0, threshold - 1e-6)
        ),
    }
    for fixed in {0.3, 0.5} - {threshold}:
        found[f"you always use {fixed} in place of `iou_threshold`"] = batched_nms(*given, fixed)
    found[
        "boxes of different classes still meet after they are moved apart by the largest number in"
        " `boxes`: the step must be larger than that minus the smallest, which may be below 0"
    ] = nms(boxes + boxes.max() * labels[:, None], scores, threshold)
    for step in STEPS:
        moved = (boxes + step * labels[:, None], scores)
        found[
            f"boxes of different classes still meet after they are moved apart by {step} pixels a"
            " class: the step must be larger than the picture"
        ] = nms(*moved, threshold)
    mistakes = {message: _taken(chosen, *given) for message, chosen in found.items()}
    order = keep.sort().values
    return mistakes | {
        "the labels are not those of the boxes: give back labels[keep]": (
            *_taken(keep, boxes, scores),
            labels[: len(keep)],
        ),
        "the scores are not those of the boxes: all three need the same order": (
            boxes[order],
            scores[keep],
            labels[order],
        ),
        "all labels are the same: give back labels[keep]": (
            *_taken(keep, boxes, scores),
            torch.full_like(keep, present[0]),
        ),
    }
