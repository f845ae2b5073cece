"""Hard negatives: a detector's false alarms, cut out to be learned from."""

import torch
from torch import Tensor

from helpers.boxes import Detections, box_iou


def cut_windows(image: Tensor, boxes: Tensor, size: tuple[int, int] = (40, 100)) -> Tensor:
    """Windows of `size` (height, width) whose top-left corners are those of boxes [N, 4].

    Gives [N, 1, height, width] from an image [1, H, W]. Corners are rounded to whole pixels; beyond
    the image its border is repeated.
    """
    height, width = image.shape[-2:]
    corners = boxes[:, :2].round().long()
    rows = (corners[:, 1:] + torch.arange(size[0])).clamp(0, height - 1)
    cols = (corners[:, :1] + torch.arange(size[1])).clamp(0, width - 1)
    return image[0, rows[:, :, None], cols[:, None, :]][:, None]


def mine_hard_negatives(
    image: Tensor, found: Detections, truth: Tensor, *, threshold: float, iou: float = 0.3
) -> Tensor:
    """Crops [K, 1, 40, 100] of the boxes that score above `threshold` far from every car.

    Far: IoU below `iou` with every true box [M, 4]; where M is 0, each box is far. `found` comes
    from a detector of one size. For training or validation scenes only, never for test scenes.
    """
    false = found.scores > threshold
    if len(truth):
        false &= (box_iou(found.boxes, truth) < iou).all(dim=1)
    return cut_windows(image, found.boxes[false])
