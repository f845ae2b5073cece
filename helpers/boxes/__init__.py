"""Boxes: overlap, suppression and conversion.

A box is (x1, y1, x2, y2) in pixels, as in `torchvision.ops`: x to the right, y down, the origin at
the image's top-left corner, and x2 and y2 just *outside* the box, so that width = x2 - x1.

>>> import torch
>>> row_of_cars = torch.tensor([[0.0, 0, 100, 40], [10, 0, 110, 40], [120, 0, 220, 40]])
>>> box_iou(row_of_cars[:1], row_of_cars)
tensor([[1.0000, 0.8182, 0.0000]])
>>> nms(row_of_cars, torch.tensor([0.8, 0.9, 0.7]), iou_threshold=0.3)
tensor([1, 2])
"""

from helpers.boxes.detections import (
    Detections,
    above,
    apply_nms,
    best_of,
    concatenate,
)
from helpers.boxes.overlap import (
    box_area,
    box_iou,
    check_boxes,
    check_share,
    clip_boxes,
)
from helpers.boxes.rowcol import (
    rowcol_from_xyxy,
    xyxy_from_rowcol,
)
from helpers.boxes.selection import (
    select,
    vote,
)
from helpers.boxes.suppression import (
    batched_nms,
    nms,
)

__all__ = [
    "Detections",
    "above",
    "apply_nms",
    "batched_nms",
    "best_of",
    "box_area",
    "box_iou",
    "check_boxes",
    "check_share",
    "clip_boxes",
    "concatenate",
    "nms",
    "rowcol_from_xyxy",
    "select",
    "vote",
    "xyxy_from_rowcol",
]
