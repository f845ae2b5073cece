"""The detector: an image in, boxes and scores out."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from helpers.boxes import Detections, clip_boxes, nms
from helpers.fcn import FCN, to_fcn
from helpers.heatmap import car_margin, fcn_heatmap
from helpers.images import as_grey

# Boxes of cars parked in a row overlap less than this, several boxes of one car more.
NMS_IOU = 0.3


class Detector:
    """Finds cars of the crops' size in images of any size.

    `model`: a classifier for crops of `input_size` (height, width), or an FCN. `threshold`: the
    smallest probability that counts as a car; choose it on validation data. `nms_iou`: of two boxes
    that overlap more than this, the better one stays; None keeps all. `border`: how many pixels a
    window may reach past the image, to find cars cut by its border; the pixels there repeat the
    border's. (At the right and bottom up to a stride less one more: no pixel is left out.)
    `mirror`: average with the answers for the mirror image. `clip`: cut boxes at the border (off,
    because the true boxes of the photographs reach past it as well).
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        input_size: tuple[int, int] = (40, 100),
        threshold: float = 0.5,
        nms_iou: float | None = NMS_IOU,
        border: int = 16,
        mirror: bool = True,
        clip: bool = False,
    ) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is a probability in [0, 1], not {threshold}")
        if nms_iou is not None and not 0 <= nms_iou <= 1:
            raise ValueError(f"nms_iou must be in [0, 1] or None, not {nms_iou}")
        if border < 0:
            raise ValueError(f"border must be 0 or more, not {border}")
        self.fcn = (model if isinstance(model, FCN) else to_fcn(model, input_size)).eval()
        self.threshold = threshold
        self.nms_iou = nms_iou
        self.border = border
        self.mirror = mirror
        self.clip = clip

    def __call__(self, image: Tensor | np.ndarray) -> Detections:
        """Cars in one image: boxes [N, 4] xyxy in its pixels, scores [N], best first.

        Takes what `helpers.images.as_grey` takes, of any size, and refuses NaN with ValueError.
        """
        grey = as_grey(image)
        boxes, scores = self.candidates(grey)
        keep = scores >= self.threshold
        boxes, scores = boxes[keep], scores[keep]
        if self.nms_iou is None:
            order = scores.argsort(descending=True, stable=True)
        else:
            order = nms(boxes, scores, self.nms_iou)
        boxes, scores = boxes[order], scores[order]
        if self.clip:
            boxes = clip_boxes(boxes, *grey.shape[-2:])
        return Detections(boxes, scores)

    def candidates(self, image: Tensor) -> Detections:
        """Every cell of the heatmap as a box with its score, row after row."""
        padded, (top, left) = self._pad(as_grey(image))
        probability = self._probability(padded)
        boxes = self.fcn.geometry.boxes(*probability.shape)
        boxes = boxes - torch.tensor([left, top, left, top])
        return Detections(boxes, probability.flatten())

    def heatmap(self, image: Tensor | np.ndarray) -> Tensor:
        """Probability of a car for each cell [rows, cols] of the padded image, float64."""
        return self._probability(self._pad(as_grey(image))[0])

    def _pad(self, image: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """The image with `border` pixels all around, and more where the window needs them.

        Small images are centred. The last window ends exactly at the padded image's edge: no pixel
        is left over, and the mirror image has its windows at the same places.
        """
        geometry = self.fcn.geometry
        margins = []
        for length, window, stride in zip(
            image.shape[-2:], geometry.window, geometry.stride, strict=True
        ):
            before = max(self.border, (window - length + 1) // 2)
            wanted = max(length + before + self.border, window)
            rest = -(wanted - window) % stride
            margins.append((before, wanted + rest - length - before))
        (top, bottom), (left, right) = margins
        padded = pad(image[None], (left, right, top, bottom), mode="replicate")[0]
        return padded, (top, left)

    @torch.no_grad()
    def _probability(self, padded: Tensor) -> Tensor:
        device = next(self.fcn.parameters()).device
        padded = padded.to(device)
        margin = car_margin(fcn_heatmap(self.fcn, padded))
        if self.mirror:
            margin = (margin + car_margin(fcn_heatmap(self.fcn, padded.flip(-1))).flip(-1)) / 2
        if torch.isnan(margin).any():
            raise ValueError("the network answers NaN: are its weights damaged?")
        # In float32 every margin above 17 is a probability of exactly 1: a crowd of equal scores.
        return torch.sigmoid(margin.double()).cpu()
