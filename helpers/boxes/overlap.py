"""Boxes as tensors: what makes one, how large they are, and how much two of them overlap.

>>> row_of_cars = torch.tensor([[0.0, 0, 100, 40], [10, 0, 110, 40], [120, 0, 220, 40]])
>>> box_iou(row_of_cars[:1], row_of_cars)
tensor([[1.0000, 0.8182, 0.0000]])
"""

import torch
from torch import Tensor

# Sides between which areas neither vanish nor overflow in float32, and in float64.
SIDES32, SIDES64 = (1e-15, 1e15), (1e-150, 1e150)
# Whole numbers up to here are exact in float32.
LARGEST_INTEGER = 2**24


def check_boxes(boxes: Tensor, name: str = "boxes") -> Tensor:
    """Boxes as floats, or a refusal that says what is wrong with them. Lesson 06.

    Args:
        boxes: Tensor[N, 4] of any float or integer type.
        name: what to call them in the message.

    Returns:
        The same tensor if it is float32 or float64, else a copy as float32: half precision is too
        coarse for areas, and integers wrap round.

    Raises:
        TypeError: for anything that is not a tensor.
        ValueError: for another shape or type, NaN, infinity, x1 > x2 or y1 > y2, and integers that
            float32 does not hold exactly.

    >>> check_boxes(torch.tensor([[0, 0, 100, 40]], dtype=torch.uint8))
    tensor([[  0.,   0., 100.,  40.]])
    """
    if not isinstance(boxes, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor, not {type(boxes).__name__}")
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name} must have shape [N, 4], not {list(boxes.shape)}")
    if boxes.dtype == torch.bool or boxes.is_complex():
        raise ValueError(f"{name} must be numbers in pixels, not {boxes.dtype}")
    boxes = _as_float(boxes, name)
    if not torch.isfinite(boxes).all():
        raise ValueError(f"{name} must not hold NaN or infinity")
    if (boxes[:, 2:] < boxes[:, :2]).any():
        raise ValueError(f"{name} must be (x1, y1, x2, y2) with x1 <= x2 and y1 <= y2")
    return boxes


def check_share(name: str, share: float | None) -> None:
    """Refuse what is no share of an area.

    Raises:
        ValueError: unless it is in [0, 1], or None.
    """
    if share is not None and not 0 <= share <= 1:
        raise ValueError(f"{name} must be in [0, 1] or None, not {share}")


def _as_float(boxes: Tensor, name: str) -> Tensor:
    if boxes.dtype in (torch.float32, torch.float64):
        return boxes
    if not boxes.is_floating_point() and (boxes.double().abs() > LARGEST_INTEGER).any():
        raise ValueError(f"{name} are whole numbers beyond 2**24: use {name}.double()")
    return boxes.float()


def safe_precision(boxes: Tensor) -> Tensor:
    """Checked boxes as they are, or as float64 where float32 cannot hold their areas."""
    if _sides_within(boxes, *SIDES32):
        return boxes
    if _sides_within(boxes.double(), *SIDES64):
        return boxes.double()
    raise ValueError("boxes with sides below 1e-150 or above 1e150 have no area in float64")


def _sides_within(boxes: Tensor, smallest: float, largest: float) -> bool:
    """Whether all sides but those of length 0 are from `smallest` to `largest`."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return bool(((sides == 0) | ((sides >= smallest) & (sides <= largest))).all())


def areas_of(boxes: Tensor) -> Tensor:
    """Areas [N] of boxes that `safe_precision` gave."""
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def box_area(boxes: Tensor) -> Tensor:
    """Areas of boxes. Lesson 06. As `torchvision.ops.box_area`, but of integers it gives floats.

    Args:
        boxes: Tensor[N, 4], xyxy in pixels.

    Returns:
        Tensor[N] in square pixels; float64 for float64, else float32.

    Raises:
        ValueError: for what `check_boxes` refuses, and for areas beyond float32.

    >>> box_area(torch.tensor([[0, 0, 100, 40]]))
    tensor([4000.])
    """
    boxes = check_boxes(boxes)
    areas = areas_of(safe_precision(boxes)).to(boxes.dtype)
    if torch.isinf(areas).any():
        raise ValueError("boxes have areas beyond float32: use boxes.double()")
    return areas


def box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Intersection over union of every pair. Lesson 06. Same as `torchvision.ops.box_iou`.

    Right at every scale: where float32 cannot hold the areas, float64 is used.

    Args:
        boxes1: Tensor[N, 4], xyxy in pixels.
        boxes2: Tensor[M, 4].

    Returns:
        Tensor[N, M], each in [0, 1]; two boxes without any area have IoU 0. float64 if one of the
        inputs is, else float32.

    Raises:
        TypeError, ValueError: for what `check_boxes` refuses.

    Source: Jaccard 1912; PASCAL VOC 2010.

    >>> box_iou(torch.tensor([[0.0, 0, 10, 10]]), torch.tensor([[0.0, 0, 10, 5]]))
    tensor([[0.5000]])
    """
    boxes1, boxes2 = check_boxes(boxes1, "boxes1"), check_boxes(boxes2, "boxes2")
    dtype = torch.promote_types(boxes1.dtype, boxes2.dtype)
    boxes1, boxes2 = safe_precision(boxes1), safe_precision(boxes2)
    shared = intersection_of(boxes1, boxes2)
    return iou_of(shared, areas_of(boxes1), areas_of(boxes2)).to(dtype)


def intersection_of(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Areas [N, M] that checked boxes share."""
    top_left = torch.maximum(boxes1[:, None, :2], boxes2[None, :, :2])  # [N, M, 2]
    bottom_right = torch.minimum(boxes1[:, None, 2:], boxes2[None, :, 2:])  # [N, M, 2]
    # Without the clamp, two boxes apart in both directions would get a positive "overlap".
    width, height = (bottom_right - top_left).clamp(min=0).unbind(-1)  # [N, M] each
    return width * height


def iou_of(intersection: Tensor, areas1: Tensor, areas2: Tensor) -> Tensor:
    """IoU [N, M] of boxes that share `intersection` [N, M]."""
    union = areas1[:, None] + areas2[None, :] - intersection  # [N, M]
    # Never divides by 0: two boxes without area have no intersection, and IoU 0.
    return intersection / union.clamp(min=torch.finfo(union.dtype).tiny)


def clip_boxes(boxes: Tensor, height: int, width: int) -> Tensor:
    """Boxes cut at the borders of an image. As `torchvision.ops.clip_boxes_to_image`. Lesson 08.

    Args:
        boxes: Tensor[N, 4], xyxy in pixels; not changed.
        height: of the image, in pixels.
        width: of the image.

    Returns:
        Tensor[N, 4], a new one; a box outside the image is left without area.

    Raises:
        TypeError, ValueError: for what `check_boxes` refuses.

    >>> clip_boxes(torch.tensor([[-8.0, 0, 92, 40]]), height=30, width=80)
    tensor([[ 0.,  0., 80., 30.]])
    """
    boxes = check_boxes(boxes)
    limits = torch.tensor([width, height, width, height], dtype=boxes.dtype, device=boxes.device)
    return torch.minimum(boxes.clamp(min=0), limits)
