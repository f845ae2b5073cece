"""Boxes: overlap, suppression and conversion.

A box is (x1, y1, x2, y2) in pixels, as in `torchvision.ops`: x to the right, y down, the origin at
the image's top-left corner, and x2 and y2 just *outside* the box, so that width = x2 - x1.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Detections(NamedTuple):
    """What a detector found in one image: boxes [N, 4] xyxy and their scores [N]."""

    boxes: Tensor
    scores: Tensor


def check_boxes(boxes: Tensor, name: str = "boxes") -> None:
    """Raise ValueError unless `boxes` is a finite float tensor [N, 4] with x1 <= x2, y1 <= y2."""
    if not isinstance(boxes, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, not {type(boxes).__name__}")
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name} must have shape [N, 4], not {list(boxes.shape)}")
    if not boxes.is_floating_point():
        raise ValueError(f"{name} must be floating point, not {boxes.dtype}: use {name}.float()")
    if not torch.isfinite(boxes).all():
        raise ValueError(f"{name} must not hold NaN or infinity")
    if (boxes[:, 2:] < boxes[:, :2]).any():
        raise ValueError(f"{name} must be (x1, y1, x2, y2) with x1 <= x2 and y1 <= y2")


def box_area(boxes: Tensor) -> Tensor:
    """Areas [N] of boxes [N, 4], in square pixels."""
    check_boxes(boxes)
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Intersection over union of every pair: [N, 4] and [M, 4] -> [N, M], each in [0, 1].

    Two boxes without any area have IoU 0. Raises ValueError for anything that is not a box.
    Same signature as `torchvision.ops.box_iou`. Source: Jaccard 1912; PASCAL VOC 2010.
    """
    check_boxes(boxes1, "boxes1")
    check_boxes(boxes2, "boxes2")
    top_left = torch.maximum(boxes1[:, None, :2], boxes2[None, :, :2])
    bottom_right = torch.minimum(boxes1[:, None, 2:], boxes2[None, :, 2:])
    # Without the clamp, two boxes apart in both directions would get a positive "overlap".
    width, height = (bottom_right - top_left).clamp(min=0).unbind(-1)
    intersection = width * height
    union = box_area(boxes1)[:, None] + box_area(boxes2)[None, :] - intersection
    return torch.where(union > 0, intersection / union.clamp(min=1e-12), torch.zeros_like(union))


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Non-maximum suppression: indices [K] (int64) of the boxes to keep, best score first.

    Goes through boxes [N, 4] from the best score [N] down, keeps a box, and drops every later one
    that overlaps it with IoU *greater than* `iou_threshold`. Of equal scores the earlier box wins.
    Changes neither input. Same signature as `torchvision.ops.nms`.
    """
    check_boxes(boxes)
    if scores.shape != boxes.shape[:1]:
        raise ValueError(f"scores must have shape [{len(boxes)}], not {list(scores.shape)}")
    if torch.isnan(scores).any():
        raise ValueError("scores must not hold NaN")
    if not 0 <= iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be in [0, 1], not {iou_threshold}")
    left = scores.argsort(descending=True, stable=True)
    kept = []
    while len(left):
        best, left = left[:1], left[1:]
        kept.append(best)
        left = left[box_iou(boxes[best], boxes[left])[0] <= iou_threshold]
    return torch.cat(kept) if kept else left


def above(found: Detections, threshold: float) -> Detections:
    """The detections that score `threshold` or more, in their order."""
    keep = found.scores >= threshold
    return Detections(found.boxes[keep], found.scores[keep])


def apply_nms(found: Detections, iou_threshold: float) -> Detections:
    """What non-maximum suppression leaves, best first."""
    keep = nms(found.boxes, found.scores, iou_threshold)
    return Detections(found.boxes[keep], found.scores[keep])


def clip_boxes(boxes: Tensor, height: int, width: int) -> Tensor:
    """Boxes [N, 4] cut at the borders of an image of height × width pixels; a new tensor."""
    check_boxes(boxes)
    limits = torch.tensor([width, height, width, height], dtype=boxes.dtype, device=boxes.device)
    return torch.minimum(boxes.clamp(min=0), limits)


def xyxy_from_rowcol(rowcol: Tensor) -> Tensor:
    """(row, col, n_rows, n_cols) [N, 4] -> (x1, y1, x2, y2) [N, 4], float.

    The original assignment writes a box as its top-left corner and its size, row first.
    """
    if rowcol.ndim != 2 or rowcol.shape[1] != 4:
        raise ValueError(f"rowcol must have shape [N, 4], not {list(rowcol.shape)}")
    row, col, n_rows, n_cols = rowcol.to(torch.promote_types(rowcol.dtype, torch.float32)).unbind(1)
    boxes = torch.stack([col, row, col + n_cols, row + n_rows], dim=1)
    check_boxes(boxes, "the converted boxes")
    return boxes


def rowcol_from_xyxy(boxes: Tensor) -> Tensor:
    """(x1, y1, x2, y2) [N, 4] -> (row, col, n_rows, n_cols) [N, 4]; undoes `xyxy_from_rowcol`."""
    check_boxes(boxes)
    x1, y1, x2, y2 = boxes.unbind(1)
    return torch.stack([y1, x1, y2 - y1, x2 - x1], dim=1)
