"""Non-maximum suppression: of boxes that overlap, the best one stays.

>>> row_of_cars = torch.tensor([[0.0, 0, 100, 40], [10, 0, 110, 40], [120, 0, 220, 40]])
>>> nms(row_of_cars, torch.tensor([0.8, 0.9, 0.7]), iou_threshold=0.3)
tensor([1, 2])
"""

import torch
from torch import Tensor

from helpers.boxes.overlap import (
    areas_of,
    check_boxes,
    check_share,
    intersection_of,
    iou_of,
    safe_precision,
)


def nms(
    boxes: Tensor, scores: Tensor, iou_threshold: float, inside_threshold: float | None = None
) -> Tensor:
    """Non-maximum suppression: which boxes to keep. Lesson 06. Same as `torchvision.ops.nms`.

    Goes through the boxes from the best score down, keeps a box, and drops every later one that
    overlaps it with IoU *greater than* `iou_threshold`. Of equal scores the earlier box wins.

    Args:
        boxes: Tensor[N, 4], xyxy in pixels; not changed.
        scores: Tensor[N], higher is better; not changed.
        iou_threshold: in [0, 1]; 1 keeps all.
        inside_threshold: in [0, 1]: a box goes, too, if more than this share of it lies inside a
            better one, as a roof lies inside its car. Lesson 08. None: that does not matter.

    Returns:
        Tensor[K] of int64: indices of the boxes kept, best score first.

    Raises:
        TypeError, ValueError: for what `check_boxes` refuses, scores of another shape or NaN, and
            a threshold outside [0, 1].

    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10]])
    >>> nms(boxes, torch.tensor([0.8, 0.9, 0.7]), iou_threshold=0.5)
    tensor([1, 2])
    >>> car_and_roof = torch.tensor([[0.0, 0, 200, 80], [50, 0, 150, 40]])
    >>> nms(car_and_roof, torch.tensor([0.9, 0.8]), iou_threshold=0.3, inside_threshold=0.6)
    tensor([0])
    """
    boxes = check_boxes(boxes)
    check_scores(scores, len(boxes))
    if not 0 <= iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be in [0, 1], not {iou_threshold}")
    check_share("inside_threshold", inside_threshold)
    dtype = boxes.dtype
    left = scores.argsort(descending=True, stable=True)
    boxes = safe_precision(boxes)[left]
    areas = areas_of(boxes)  # once for all: only what is left of them changes
    kept = []
    while len(left):
        kept.append(left[:1])
        shared = intersection_of(boxes[:1], boxes[1:])  # [1, M]
        iou = iou_of(shared, areas[:1], areas[1:])[0].to(dtype)
        left, boxes, areas = left[1:], boxes[1:], areas[1:]
        stays = iou <= iou_threshold
        if inside_threshold is not None:
            tiny = torch.finfo(areas.dtype).tiny  # a box without area lies in nothing
            stays &= (shared[0] / areas.clamp(min=tiny)).to(dtype) <= inside_threshold
        if not stays.all():  # boxes far apart need not be copied
            left, boxes, areas = left[stays], boxes[stays], areas[stays]
    return torch.cat(kept) if kept else left


def check_scores(scores: Tensor, count: int) -> None:
    """Refuse what is not one score for each of `count` boxes.

    Raises:
        TypeError, ValueError: for what is no tensor, another shape, and NaN, which is in no order.
    """
    if not isinstance(scores, Tensor):
        raise TypeError(f"scores must be a torch.Tensor, not {type(scores).__name__}")
    if scores.shape != (count,):
        raise ValueError(f"scores must have shape [{count}], not {list(scores.shape)}")
    if torch.isnan(scores).any():
        raise ValueError("scores must not hold NaN")


def batched_nms(
    boxes: Tensor,
    scores: Tensor,
    labels: Tensor,
    iou_threshold: float,
    inside_threshold: float | None = None,
) -> Tensor:
    """Suppression within each class: a car hides no van. Same as `torchvision.ops.batched_nms`.

    Lesson 06.

    Args:
        boxes: Tensor[N, 4], xyxy in pixels; not changed.
        scores: Tensor[N], higher is better; not changed.
        labels: Tensor[N] of int64: the class of each box.
        iou_threshold: as in `nms`.
        inside_threshold: as in `nms`.

    Returns:
        Tensor[K] of int64: indices of the boxes kept, of all classes, best score first; of equal
        scores the earlier box.

    Raises:
        TypeError, ValueError: as `nms`, and for labels of another shape.

    >>> one_place = torch.tensor([[0.0, 0, 10, 10]] * 3)
    >>> batched_nms(one_place, torch.tensor([0.7, 0.8, 0.9]), torch.tensor([1, 2, 2]), 0.5)
    tensor([2, 0])
    """
    boxes = check_boxes(boxes)
    if not isinstance(labels, Tensor) or labels.shape != boxes.shape[:1]:
        raise ValueError(f"labels must be a tensor [{len(boxes)}], one for each box")
    classes = labels.unique()
    if len(classes) <= 1:
        return nms(boxes, scores, iou_threshold, inside_threshold)
    kept = []
    for each in classes:
        members = (labels == each).nonzero().flatten()
        best = nms(boxes[members], scores[members], iou_threshold, inside_threshold)
        kept.append(members[best])
    keep = torch.cat(kept).sort().values  # so that of equal scores the earlier box comes first
    return keep[scores[keep].argsort(descending=True, stable=True)]
