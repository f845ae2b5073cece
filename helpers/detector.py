"""The detector: an image in, boxes and scores out, at every scale.

>>> from helpers.models import load_pretrained
>>> detector = Detector(load_pretrained(), scales=pyramid(85, 215))
>>> boxes, scores = detector(torch.full((1, 120, 200), 0.5))
>>> boxes.shape, scores.shape
(torch.Size([0, 4]), torch.Size([0]))
"""

from collections.abc import Iterator, Sequence
from math import ceil, inf, log, sqrt

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from helpers.acceleration import accelerate
from helpers.boxes import Detections, clip_boxes, select
from helpers.fcn import to_fcn
from helpers.heatmap import car_margin, fcn_heatmaps
from helpers.images import as_grey
from helpers.models import INPUT_SIZE

# Boxes of cars parked in a row overlap less than this, several boxes of one car more.
IOU_THRESHOLD = 0.3
# Neighbouring scales of a pyramid. No car is further than the root of this from one of them, and a
# tenth is what the classifier tolerates: of the drawn validation cars it knows 98 % as they are, 98
# and 94 % if they are a tenth smaller or larger, but only 79 and 68 % if it is a fifth.
RATIO = 1.2
# Pixels of all views of the images that `batch` holds at a time: memory stays bounded.
BATCH_PIXELS = 2**24


def pyramid(
    smallest: float = 85, largest: float = 215, *, width: float = 100, ratio: float = RATIO
) -> tuple[float, ...]:
    """Scales at which every box of a range of sizes fits the window nearly. Lesson 08.

    At scale s the classifier finds boxes s times as large, since the image is shrunk by s. The
    scales are even in the logarithm, and the outer ones lie half a step inside the range: no box is
    off by more than the root of `ratio`.

    Args:
        smallest: the narrowest box, in pixels.
        largest: the widest one.
        width: of the boxes that the classifier knows, in pixels.
        ratio: neighbouring scales are at most this far apart.

    Raises:
        ValueError: unless 0 < smallest <= largest < infinity, width > 0 and ratio > 1.

    >>> [round(scale, 2) for scale in pyramid(85, 215)]
    [0.92, 1.07, 1.25, 1.46, 1.7, 1.99]
    """
    if not (0 < smallest <= largest < inf and 0 < width < inf and 1 < ratio < inf):
        raise ValueError(
            "a pyramid needs 0 < smallest <= largest, width > 0 and ratio > 1, not"
            f" {smallest}, {largest}, {width}, {ratio}"
        )
    count = max(1, ceil(log(largest / smallest) / log(ratio) - 1e-9))
    step = (largest / smallest) ** (1 / count)
    return tuple(smallest / width * sqrt(step) * step**k for k in range(count))


class Detector:
    """Finds cars of the crops' size, or of several `scales`, in images of any size. Lesson 06.

    Args:
        model: a classifier for crops of `input_size`, or an FCN.
        input_size: (height, width) in pixels.
        threshold: the smallest probability that counts as a car; choose it on validation data.
        iou_threshold: of two boxes that overlap more than this, the better one stays; None keeps
            all.
        border: how many pixels a window may reach past the image, to find cars cut by its border;
            the pixels there repeat the border's. (At the right and bottom up to a stride less one
            more: no pixel is left out.)
        mirror: average with the answers for the mirror image.
        clip: cut boxes at the border (off, because the ground truth of the photographs reaches past
            it as well).
        scales: how large the cars may be, next to those of the crops (see `pyramid`).

    Raises:
        ValueError: for an option outside its range, and a network that is not asked about one
            channel or does not answer with two classes.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        input_size: tuple[int, int] = INPUT_SIZE,
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
        if border < 0 or border != int(border):
            raise ValueError(f"border must be 0 or more, not {border}")
        if not scales or not all(0 < scale < inf for scale in scales):
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
        """The cars in one image.

        Args:
            image: of any size and kind that `helpers.images.as_grey` takes.

        Returns:
            Boxes float32 [N, 4] xyxy in its pixels and scores float64 [N] in [0, 1], best first.

        Raises:
            TypeError, ValueError: as `as_grey`; and for a network that answers NaN.
        """
        return self.batch([image])[0]

    def batch(self, images: Sequence[Tensor | np.ndarray]) -> list[Detections]:
        """What `detector(image)` gives for each of several images of any sizes, but faster."""
        greys, chosen = [as_grey(image) for image in images], []
        for batch in batches(greys, BATCH_PIXELS // len(self.scales)):
            candidates = self._candidates(batch)
            chosen += [self._choose(*pair) for pair in zip(candidates, batch, strict=True)]
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
        detections = select(candidates, threshold=self.threshold, iou_threshold=self.iou_threshold)
        if self.clip:
            boxes = clip_boxes(detections.boxes, *grey.shape[-2:])
            detections = detections._replace(boxes=boxes)
        return detections

    def _candidates(self, greys: list[Tensor]) -> list[Detections]:
        views = [resized(grey, scale) for grey in greys for scale in self.scales]
        padded = [self._pad(view) for view, _ in views]
        probabilities = self._probabilities([image for image, _ in padded])
        boxes = []
        for (_, factor), (_, (top, left)), cells in zip(views, padded, probabilities, strict=True):
            windows = self.fcn.geometry.boxes(*cells.shape)  # [rows · cols, 4], of the padded view
            boxes.append((windows - torch.tensor([left, top, left, top])) * factor)
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
        is left over, and the mirror image has its windows at the same positions.
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
        heatmaps = fcn_heatmaps(self._fast, images + mirrored)  # [2, rows, cols] each
        margins = [car_margin(logits) for logits in heatmaps]  # [rows, cols] each
        if self.mirror:
            there, back = margins[: len(images)], margins[len(images) :]
            margins = [(one + other.flip(-1)) / 2 for one, other in zip(there, back, strict=True)]
        if any(torch.isnan(margin).any() for margin in margins):
            raise ValueError("the network answers NaN: are its weights damaged?")
        # In float32 every margin above 17 is a probability of exactly 1: a crowd of equal scores.
        return [torch.sigmoid(margin.double()).cpu() for margin in margins]


def batches(images: list[Tensor], pixels: int) -> Iterator[list[Tensor]]:
    """Cut a list of images into lists of at most `pixels`, and at least one image each.

    >>> [len(batch) for batch in batches([torch.zeros(1, 4, 5)] * 5, pixels=40)]
    [2, 2, 1]
    """
    batch, total = [], 0
    for image in images:
        if batch and total + image.numel() > pixels:
            yield batch
            batch, total = [], 0
        batch.append(image)
        total += image.numel()
    if batch:
        yield batch


def resized(image: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """An image made smaller by `scale`, antialiased. Lesson 08.

    Without antialiasing, pixels that are skipped would turn fine patterns into coarse ones. The new
    size is rounded to whole pixels, so that the factors differ from `scale` a little.

    Args:
        image: Tensor[1, H, W] in [0, 1].
        scale: above 0; 2 is half the size.

    Returns:
        The image [1, h, w], and the factors [4] (x, y, x, y) that take boxes back.

    Raises:
        ValueError: for another scale.

    >>> small, factors = resized(torch.zeros(1, 40, 100), 2)
    >>> small.shape, factors
    (torch.Size([1, 20, 50]), tensor([2., 2., 2., 2.]))
    """
    if not 0 < scale < inf:
        raise ValueError(f"scale must be a number above 0, not {scale}")
    height, width = image.shape[-2:]
    new = [max(1, round(side / scale)) for side in (height, width)]
    if new == [height, width]:
        return image, torch.ones(4)
    small = interpolate(image[None], new, mode="bilinear", antialias=True, align_corners=False)[0]
    x, y = width / new[1], height / new[0]
    # The weights of a mean add up to 1 but for rounding: white would come out above 1.
    return small.clamp(0, 1), torch.tensor([x, y, x, y])
