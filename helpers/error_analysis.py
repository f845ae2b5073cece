"""What kind of error is it? A name for each detection and each missed object of a scene.

>>> car = torch.tensor([[0.0, 0, 100, 40]])
>>> boxes = torch.tensor([[4.0, 0, 104, 40], [10, 0, 110, 40], [60, 0, 160, 40], [200, 0, 300, 40]])
>>> for kind in classify_errors(Detections(boxes, torch.tensor([0.9, 0.8, 0.7, 0.6])), car).kinds:
...     print(kind)
right box
second box
badly placed
on background
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.boxes import Detections, box_iou
from helpers.metrics import assign_to_truth, iou_at_least

# True positive, duplicate, poorly localised, and on the background.
TRUE, DUPLICATE, POORLY_LOCALISED, BACKGROUND = (
    "right box",
    "second box",
    "badly placed",
    "on background",
)
KINDS = (TRUE, DUPLICATE, POORLY_LOCALISED, BACKGROUND)


@dataclass(frozen=True)
class Verdict:
    """The errors of one image.

    `kinds`: one of `KINDS` for each detection; `missed`: bool [M], the false negatives among the
    ground truth.
    """

    kinds: tuple[str, ...]
    missed: Tensor

    def count(self, kind: str) -> int:
        """How many detections are of one kind."""
        return self.kinds.count(kind)


def classify_errors(
    detections: Detections, ground_truth: Tensor, *, minimum: float = 0.5, touching: float = 0.1
) -> Verdict:
    """Name what is right and wrong in one image, by IoU with the most similar true box. Lesson 07.

    Right box (a true positive): it takes an object, as `metrics.assign_to_truth` says. Second box
    (a duplicate): `minimum` or more, on an object that a better one has taken. Badly placed (poorly
    localised): from `touching` up to `minimum`. On background: less.
    An object is missed (a false negative) if no detection takes it, also where one is badly placed.
    Of several classes, judge each by itself: `Detections.of` and `Scene.of`.

    Args:
        detections: boxes [N, 4] xyxy in pixels, and scores [N].
        ground_truth: Tensor[M, 4].
        minimum: the IoU in [0, 1] from which on a box is right.
        touching: the IoU from which on a box has to do with an object, at most `minimum`.

    Raises:
        ValueError: for what `check_boxes` refuses, and unless 0 <= touching <= minimum <= 1.

    Source: the kinds follow Hoiem, Chodpathumwan and Dai 2012.
    """
    if not 0 <= touching <= minimum <= 1:
        raise ValueError(
            f"touching and minimum must be 0 <= touching <= minimum <= 1, not {touching}, {minimum}"
        )
    taken = assign_to_truth(detections, ground_truth, iou_at_least(minimum))  # [N]
    best = torch.zeros(len(detections.boxes))
    if len(ground_truth) and len(detections.boxes):
        best = box_iou(detections.boxes, ground_truth).amax(1)  # [N, M] -> [N]
    kinds = []
    for takes_one, iou in zip((taken >= 0).tolist(), best.tolist(), strict=True):
        if takes_one:
            kinds.append(TRUE)
        elif iou >= minimum:
            kinds.append(DUPLICATE)
        elif iou >= touching:
            kinds.append(POORLY_LOCALISED)
        else:
            kinds.append(BACKGROUND)
    missed = torch.ones(len(ground_truth), dtype=torch.bool)
    missed[taken[taken >= 0]] = False
    return Verdict(tuple(kinds), missed)
