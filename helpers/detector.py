"""The detector: an image in, boxes and scores out."""

from collections.abc import Iterator, Sequence
from math import ceil, log, sqrt

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from helpers.acceleration import accelerate
from helpers.boxes import Detections, above, apply_nms, clip_boxes
from helpers.fcn import to_fcn
from helpers.heatmap import car_margin, fcn_heatmaps
from helpers.images import as_grey

# Boxes of cars parked in a row overlap less than this, several boxes of one car more.
IOU_THRESHOLD = 0.3
# Neighbouring scales of a pyramid. No car is further than the root of this from one of them, and a
# tenth is what the classifier tolerates: of the drawn validation cars it knows 98 % as they are, 98
# and 94 % if they are a tenth smaller or larger, but only 79 and 68 % if it is a fifth.
RATIO = 1.2
# Pixels of all views of the images that `batch` holds at a time: memory stays bounded.
PORTION = 2**24


def pyramid(
    smallest: float = 85, largest: float = 215, *, width: float = 100, ratio: float = RATIO
) -> tuple[float, ...]:
    """Scales at which every box from `smallest` to `largest` pixels wide fits the window nearly.

    The classifier knows boxes of `width` pixels. At scale s it finds boxes s times as large, since
    the image is shrunk by s. Neighbours are at most `ratio` apart, evenly in the logarithm, and the
    outer scales lie half a step inside the range: no box is off by more than the root of `ratio`.
    """
    if not 0 < smallest <= largest or width <= 0 or ratio <= 1:
        raise ValueError(
            "a pyramid needs 0 < smallest <= largest, width > 0 and ratio > 1, not"
            f" {smallest}, {largest}, {width}, {ratio}"
        )
    count = max(1, ceil(log(largest / smallest) / log(ratio) - 1e-9))
    step = (largest / smallest) ** (1 / count)
    return tuple(smallest / width * sqrt(step) * step**k for k in range(count))


class Detector:
    """Finds cars of the crops' size, or of several `scales`, in images of any size.

    `model`: a classifier for crops of `input_size` (height, width), or an FCN. `threshold`: the
    smallest probability that counts as a car; choose it on validation data. `iou_threshold`: of
    two boxes that overlap more than this, the better one stays; None keeps all. `border`: how many
    pixels a window may reach past the image, to find cars cut by its border; the pixels there
    repeat the border's. (At the right and bottom up to a stride less one more: no pixel is left
    out.) `scales`: how large the cars may be, next to those of the crops (see `pyramid`).
    `mirror`: average with the answers for the mirror image. `clip`: cut boxes at the border (off,
    because the true boxes of the photographs reach past it as well).
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        input_size: tuple[int, int] = (40, 100),
        threshold: float = 0.5,
        iou_threshold: float | None = IOU_THRESHOLD,
        border: int = 16,
        mirror: bool = True,
        clip: bool = False,
        scales: Sequence[float] = (1.0,),
    ) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is a probability in [0, 1], not {threshold}")
        if iou_threshold is not None and not 0 <= iou_threshold <= 1:
            raise ValueError(f"iou_threshold must be in [0, 1] or None, not {iou_threshold}")
        scales = tuple(scales)
        if border < 0:
            raise ValueError(f"border must be 0 or more, not {border}")
        if not scales or not all(0 < scale < float("inf") for scale in scales):
            raise ValueError(f"scales must be numbers above 0, at least one, not {scales}")
        self.fcn = model if hasattr(model, "geometry") else to_fcn(model, input_size).eval()
        self._fast = accelerate(self.fcn)
        self.scales = scales
        self.threshold = threshold
        self.iou_threshold = iou_threshold
        self.border = border
        self.mirror = mirror
        self.clip = clip
        self._check_network()

    @property
    def _device(self) -> torch.device:
        return next(iter(self._fast.state_dict().values())).device

    @torch.no_grad()
    def _check_network(self) -> None:
        """Say at once what would only come out at the first image."""
        window = torch.zeros(1, 1, *self.fcn.geometry.window, device=self._device)
        try:
            shape = tuple(self._fast(window).shape)
        except (RuntimeError, ValueError) as error:
            raise ValueError(
                f"a detector asks its network about grey float32 images, one channel: {error}"
            ) from error
        if shape[1] != 2:
            raise ValueError(
                f"a detector's network must have two classes (not a car, car), not {shape[1]}"
            )

    def __call__(self, image: Tensor | np.ndarray) -> Detections:
        """Cars in one image: boxes [N, 4] xyxy in its pixels, scores [N], best first.

        Takes what `helpers.images.as_grey` takes, of any size, and refuses NaN with ValueError.
        """
        return self.batch([image])[0]

    def batch(self, images: Sequence[Tensor | np.ndarray]) -> list[Detections]:
        """What `detector(image)` gives for each of several images of any sizes, but faster."""
        greys, chosen = [as_grey(image) for image in images], []
        for portion in portions(greys, PORTION // len(self.scales)):
            candidates = self._candidates(portion)
            chosen += [self._choose(*pair) for pair in zip(candidates, portion, strict=True)]
        return chosen

    def candidates(self, image: Tensor | np.ndarray) -> Detections:
        """Every cell of the heatmap as a box with its score, scale by scale, row after row."""
        return self._candidates([as_grey(image)])[0]

    def heatmap(self, image: Tensor | np.ndarray) -> Tensor:
        """Probability of a car for each cell [rows, cols] of the padded image, float64.

        The image is taken as it is, which is scale 1.
        """
        return self._probabilities([self._pad(as_grey(image))[0]])[0]

    def _choose(self, candidates: Detections, grey: Tensor) -> Detections:
        """The candidates above the threshold; of those that overlap, over all scales, the best."""
        found = above(candidates, self.threshold)
        if self.iou_threshold is None:
            order = found.scores.argsort(descending=True, stable=True)
            found = Detections(found.boxes[order], found.scores[order])
        else:
            found = apply_nms(found, self.iou_threshold)
        if self.clip:
            found = found._replace(boxes=clip_boxes(found.boxes, *grey.shape[-2:]))
        return found

    def _candidates(self, greys: list[Tensor]) -> list[Detections]:
        views = [resized(grey, scale) for grey in greys for scale in self.scales]
        padded = [self._pad(view) for view, _ in views]
        probabilities = self._probabilities([image for image, _ in padded])
        boxes = []
        for (_, factor), (_, (top, left)), cells in zip(views, padded, probabilities, strict=True):
            places = self.fcn.geometry.boxes(*cells.shape)
            boxes.append((places - torch.tensor([left, top, left, top])) * factor)
        count = len(self.scales)
        return [
            Detections(
                torch.cat(boxes[i : i + count]),
                torch.cat([cells.flatten() for cells in probabilities[i : i + count]]),
            )
            for i in range(0, len(boxes), count)
        ]

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
    def _probabilities(self, padded: list[Tensor]) -> list[Tensor]:
        images = [image.to(self._device) for image in padded]
        mirrored = [image.flip(-1) for image in images] if self.mirror else []
        margins = [car_margin(logits) for logits in fcn_heatmaps(self._fast, images + mirrored)]
        if self.mirror:
            there, back = margins[: len(images)], margins[len(images) :]
            margins = [(one + other.flip(-1)) / 2 for one, other in zip(there, back, strict=True)]
        if any(torch.isnan(margin).any() for margin in margins):
            raise ValueError("the network answers NaN: are its weights damaged?")
        # In float32 every margin above 17 is a probability of exactly 1: a crowd of equal scores.
        return [torch.sigmoid(margin.double()).cpu() for margin in margins]


def portions(images: list[Tensor], pixels: int) -> Iterator[list[Tensor]]:
    """Cut a list of images into lists of at most so many pixels, and at least one image."""
    portion, total = [], 0
    for image in images:
        if portion and total + image.numel() > pixels:
            yield portion
            portion, total = [], 0
        portion.append(image)
        total += image.numel()
    if portion:
        yield portion


def resized(image: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """An image [1, H, W] made smaller by `scale`, and the factors [4] that take boxes back.

    Antialiased: without it, pixels that are skipped would turn fine patterns into coarse ones. The
    new size is rounded to whole pixels, so that the factors differ from `scale` a little.
    """
    height, width = image.shape[-2:]
    new = [max(1, round(side / scale)) for side in (height, width)]
    if new == [height, width]:
        return image, torch.ones(4)
    small = interpolate(image[None], new, mode="bilinear", antialias=True, align_corners=False)[0]
    x, y = width / new[1], height / new[0]
    # The weights of a mean add up to 1 but for rounding: white would come out above 1.
    return small.clamp(0, 1), torch.tensor([x, y, x, y])
