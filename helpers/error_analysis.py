"""What kind of mistake is it? A name for each detection and each missed car of a scene."""

from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.boxes import Detections, box_iou
from helpers.metrics import assign_to_truth, iou_at_least

TRUE, SECOND, BADLY_PLACED, FALSE_ALARM = (
    "right box",
    "second box on one car",
    "badly placed",
    "false alarm",
)
KINDS = (TRUE, SECOND, BADLY_PLACED, FALSE_ALARM)


@dataclass(frozen=True)
class Verdict:
    """`kinds`: one of `KINDS` for each detection; `missed`: bool [M], true boxes not found."""

    kinds: tuple[str, ...]
    missed: Tensor

    def count(self, kind: str) -> int:
        """How many detections are of one kind."""
        return self.kinds.count(kind)


def classify_errors(
    found: Detections, truth: Tensor, *, minimum: float = 0.5, touching: float = 0.1
) -> Verdict:
    """Name what is right and wrong in one image, by the IoU with the most similar true box.

    True: it takes a car, as `metrics.take` says. Second box: `minimum` or more, on a car that a
    better one has taken. Badly placed: from `touching` up to `minimum`. False alarm: less.
    A car is missed if no detection was matched to it, also where one is badly placed on it.
    Source: the kinds follow Hoiem, Chodpathumwan and Dai 2012.
    """
    taken = assign_to_truth(found, truth, iou_at_least(minimum))
    best = torch.zeros(len(found.boxes))
    if len(truth) and len(found.boxes):
        best = box_iou(found.boxes, truth).amax(1)
    kinds = tuple(
        TRUE
        if true
        else SECOND
        if iou >= minimum
        else BADLY_PLACED
        if iou >= touching
        else FALSE_ALARM
        for true, iou in zip((taken >= 0).tolist(), best.tolist(), strict=True)
    )
    missed = torch.ones(len(truth), dtype=torch.bool)
    missed[taken[taken >= 0]] = False
    return Verdict(kinds, missed)
