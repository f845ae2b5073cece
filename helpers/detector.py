"""The detector: an image in, boxes, scores and classes out, at every scale.

>>> from helpers.models import load_pretrained
>>> detector = Detector(load_pretrained(), scales=pyramid(85, 215))
>>> boxes, scores = detector(torch.full((1, 120, 200), 0.5))
>>> boxes.shape, scores.shape
(torch.Size([0, 4]), torch.Size([0]))
"""

from collections.abc import Sequence
from math import inf, prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.acceleration import accelerate
from helpers.boxes import Detections, best_of, check_share, clip_boxes, concatenate, select
from helpers.fcn import to_fcn
from helpers.geometry import Geometry
from helpers.heatmap import Progress, car_margin, class_margin, fcn_heatmaps
from helpers.images import as_image
from helpers.models import (
    check_answers,
    check_classes,
    class_index,
    input_size_of,
    load_model,
    read_header,
)
from helpers.pyramid import RATIO, batches, find_channels, pyramid, resized, with_border
from helpers.sheets import CAR_CLASSES

__all__ = ["IOU_THRESHOLD", "RATIO", "Detector", "pyramid", "resized"]

# Boxes of cars parked in a row overlap less than this, several boxes of one car more.
IOU_THRESHOLD = 0.3
# Of scales: a roof or a wheel inside a better box of its car. Everything from 0.5 to 0.8 does about
# equally well on drawn scenes and on mosaics of photographed crops of all sizes.
INSIDE_THRESHOLD = 0.6
# Of scales, too: which boxes help to place one. From 0.4 to 0.7 all are about equally good.
VOTE_THRESHOLD = 0.5
# How far a window may reach past the image, as a share of its shorter side: 16 of 40 pixels.
BORDER = 0.4
# Pixels of all views of the images that `batch` holds at a time: memory stays bounded.
BATCH_PIXELS = 2**24


class Detector:
    """Finds objects of the crops' size, or of several `scales`, in images of any size. Lesson 06.

    Args:
        model: a classifier for crops of `input_size`, or an FCN. With three input channels it is
            asked about colour images, with one about grey ones.
        input_size: (height, width) in pixels; None: what the model knows of itself, else 40×100.
        classes: their names, in the order of the logits; None: "background" and "car".
        background: the index of the class that is not looked for.
        threshold: the smallest probability that counts as an object; choose it on validation data.
        iou_threshold: of two boxes of one class that overlap more than this, the better one stays;
            None keeps all.
        inside_threshold: of several scales, a box that lies by more than this share inside a better
            one of its class goes, too; None lets it stay.
        vote_threshold: of several scales, a box becomes the mean of all boxes above the threshold
            that overlap it with this IoU or more (see `vote`); None leaves it the window it is.
        border: how many pixels a window may reach past the image, to find cars cut by its border;
            the pixels there repeat the border's. (At the right and bottom up to a stride less one
            more: no pixel is left out.) None: 0.4 of the window's shorter side, 16 for cars.
        mirror: average with the answers for the mirror image. Not where a mirror image is another
            thing, as with digits.
        clip: cut boxes at the border (off, because the ground truth of the photographs reaches past
            it as well).
        scales: how large the objects may be, next to those of the crops (see `pyramid`).
        tune: measure which way is fastest on this machine, up to a second for each new size of
            image, and with a file remember it (see `accelerate`): for many images of few sizes.

    Raises:
        ValueError: for an option outside its range, and a network that is not asked about one
            channel or three, or does not answer with as many classes as there are names.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        input_size: tuple[int, int] | None = None,
        classes: Sequence[str] | None = None,
        background: int = 0,
        threshold: float = 0.5,
        iou_threshold: float | None = IOU_THRESHOLD,
        inside_threshold: float | None = INSIDE_THRESHOLD,
        vote_threshold: float | None = VOTE_THRESHOLD,
        border: int | None = None,
        mirror: bool = True,
        clip: bool = False,
        scales: Sequence[float] = (1.0,),
        tune: bool | Path = False,
    ) -> None:
        if not 0 <= threshold <= 1:
            raise ValueError(f"threshold is a probability in [0, 1], not {threshold}")
        check_share("iou_threshold", iou_threshold)
        check_share("inside_threshold", inside_threshold)
        check_share("vote_threshold", vote_threshold)
        if border is not None and (border < 0 or border != int(border)):
            raise ValueError(f"border must be 0 or more, not {border}")
        self.scales = tuple(scales)
        if not self.scales or not all(0 < scale < inf for scale in self.scales):
            raise ValueError(f"scales must be numbers above 0, at least one, not {self.scales}")
        self.classes = check_classes(classes or CAR_CLASSES, background)
        self.background = background
        size = input_size or input_size_of(model)
        self.fcn = model if hasattr(model, "geometry") else to_fcn(model, size).eval()
        self._fast = accelerate(self.fcn, tune=tune)
        self.threshold = threshold
        self.iou_threshold = iou_threshold
        several = len(self.scales) > 1
        self.inside_threshold = inside_threshold if several else None
        self.vote_threshold = vote_threshold if several else None
        self.border = round(BORDER * min(self.geometry.window)) if border is None else border
        self.mirror = mirror
        self.clip = clip
        self.channels = find_channels(self._fast, self.geometry.window, self._device)
        self._check_classes(told=classes is not None)
        self.objects = [k for k in range(len(self.classes)) if k != background]

    @classmethod
    def from_file(cls, path: str | Path, **options: object) -> "Detector":
        """A detector from a weights file, as its header says: size, classes and channels.

        The notes "threshold" and "mirror" ("yes" or "no") count too, if they are there.

        Args:
            path: as `helpers.models.save_model` wrote it.
            options: those of `Detector`; they go before the header's.

        Raises:
            FileNotFoundError, ValueError: as `load_model`, and for notes that make no sense.

        >>> from helpers.models import pretrained_path
        >>> Detector.from_file(pretrained_path()).threshold
        0.9848
        """
        return cls(load_model(path), **(read_header(path).detector_options(str(path)) | options))

    @property
    def geometry(self) -> Geometry:
        """Which window each cell looks at, on the image as it goes through the network."""
        return self.fcn.geometry

    @property
    def sizes(self) -> tuple[tuple[float, float], ...]:
        """(height, width) in pixels of the boxes at each scale."""
        height, width = self.geometry.window
        return tuple((height * scale, width * scale) for scale in self.scales)

    @property
    def _device(self) -> torch.device:
        return next(iter(self._fast.state_dict().values())).device

    @torch.no_grad()
    def _check_classes(self, *, told: bool) -> None:
        size = 1, self.channels, *self.geometry.window
        window = torch.zeros(size, dtype=torch.float32, device=self._device)
        check_answers(self._fast(window).shape[1], self.classes, told=told)

    def label_of(self, label: int | str | None) -> int:
        """The index of a class that is given by its index or name; None: of the only one there is.

        Raises:
            ValueError: there is no such class; or None, and there are several.
        """
        return class_index(label, self.classes, self.background)

    def __call__(self, image: Tensor | np.ndarray, *, progress: bool = False) -> Detections:
        """The objects in one image.

        Args:
            image: of any size and kind that `helpers.images.as_image` takes.
            progress: show a bar, within the image: for large ones.

        Returns:
            Boxes float32 [N, 4] xyxy in its pixels and scores float64 [N] in [0, 1], best first;
            and labels int64 [N], indices of `classes`.

        Raises:
            TypeError, ValueError: as `as_image`; and for a network that answers NaN.
        """
        return self.with_best(image, progress=progress)[0]

    def batch(self, images: Sequence[Tensor | np.ndarray]) -> list[Detections]:
        """What `detector(image)` gives for each of several images of any sizes, but faster."""
        taken, chosen = [as_image(image, self.channels) for image in images], []
        for batch in batches(taken, BATCH_PIXELS // len(self.scales)):
            candidates = [every for every, _ in self._look(batch, self.threshold)]
            chosen += [self._choose(*pair) for pair in zip(candidates, batch, strict=True)]
        return chosen

    def with_best(
        self, image: Tensor | np.ndarray, *, progress: bool = False
    ) -> tuple[Detections, Detections]:
        """What `detector(image)` gives, and the best box anywhere, even if under the threshold.

        For a hint where nothing is found: how sure was the network of the best box, and of which
        class would it be? Takes and raises what `detector(image)` does.

        >>> from helpers.models import load_pretrained
        >>> detector = Detector(load_pretrained(), threshold=1.0)
        >>> found, best = detector.with_best(torch.rand(1, 50, 120))
        >>> len(found.scores), len(best.scores), best.scores.item() < 0.5
        (0, 1, True)
        """
        image = as_image(image, self.channels)
        [(candidates, best)] = self._look([image], self.threshold, progress=progress)
        return self._choose(candidates, image), best

    def candidates(self, image: Tensor | np.ndarray) -> Detections:
        """Every cell of the heatmap as a box with its score, scale by scale, row after row.

        Of several classes, each scale has all cells of the first, then all of the next.
        """
        [(candidates, _)] = self._look([as_image(image, self.channels)], 0)
        return candidates

    def heatmap(self, image: Tensor | np.ndarray, label: int | str | None = None) -> Tensor:
        """Probability of a class for each cell [rows, cols] of the padded image, float64.

        The image is taken as it is, which is scale 1.

        Args:
            image: as for `detector(image)`.
            label: index or name of a class; None: of the only one beside the background.

        Raises:
            TypeError, ValueError: as for `detector(image)`, and without such a class.
        """
        label = self.label_of(label)
        [odds] = self._odds([self._pad(as_image(image, self.channels))[0]])
        return self._probability(odds, label)

    def _choose(self, candidates: Detections, image: Tensor) -> Detections:
        """The detections among the candidates of all scales."""
        detections = select(
            candidates,
            threshold=self.threshold,
            iou_threshold=self.iou_threshold,
            inside_threshold=self.inside_threshold,
            vote_threshold=self.vote_threshold,
        )
        if self.clip:
            boxes = clip_boxes(detections.boxes, *image.shape[-2:])
            detections = detections._replace(boxes=boxes)
        return detections

    def _look(
        self, images: list[Tensor], floor: float, *, progress: bool = False
    ) -> list[tuple[Detections, Detections]]:
        """Of each image the boxes that score `floor` or more, and the best one of all."""
        views = [resized(image, scale) for image in images for scale in self.scales]
        padded = [self._pad(view) for view, _ in views]
        cells = sum(prod(self.geometry.cells(*image.shape[-2:])) for image, _ in padded)
        parts: list[tuple[Detections, Detections]] = []
        with tqdm(total=cells * (1 + self.mirror), desc="cells", disable=not progress) as bar:
            # The views of a very large image go through the network one after the other.
            for group in batches([image for image, _ in padded], BATCH_PIXELS):
                for odds in self._odds(group, bar.update):
                    (_, factor), (_, corner) = views[len(parts)], padded[len(parts)]
                    parts.append(self._boxes_of(odds, corner, factor, floor))
            bar.update(bar.total - bar.n)
        count = len(self.scales)
        of_images = [zip(*parts[i : i + count], strict=True) for i in range(0, len(parts), count)]
        return [(concatenate(every), best_of(best)) for every, best in of_images]

    def _boxes_of(
        self, odds: Tensor, corner: tuple[int, int], factor: Tensor, floor: float
    ) -> tuple[Detections, Detections]:
        """The cells of one view as boxes of the whole image, and the best of them."""
        windows = self.geometry.boxes(*odds.shape[-2:])  # [rows · cols, 4], of the padded view
        top, left = corner
        boxes = (windows - torch.tensor([left, top, left, top])) * factor
        every, best = [], []
        for label in self.objects:
            scores = self._probability(odds, label).flatten()
            which = scores >= floor
            for chosen, where in ((every, which), (best, scores.argmax()[None])):
                labels = torch.full((len(scores),), label)[where] if self.objects != [1] else None
                chosen.append(Detections(boxes[where], scores[where], labels))
        return concatenate(every), best_of(best)

    def _pad(self, image: Tensor) -> tuple[Tensor, tuple[int, int]]:
        return with_border(image, self.geometry, self.border)

    @torch.no_grad()
    def _odds(self, padded: list[Tensor], progress: Progress = False) -> list[Tensor]:
        """Of two classes the margin of the second [rows, cols]; of more the logits [classes, …]."""
        images = [image.to(self._device) for image in padded]
        mirrored = [image.flip(-1) for image in images] if self.mirror else []
        odds = fcn_heatmaps(self._fast, images + mirrored, progress=progress)
        if len(self.classes) == 2:
            odds = [car_margin(logits) for logits in odds]  # [rows, cols] each
        if self.mirror:
            there, back = odds[: len(images)], odds[len(images) :]
            odds = [(one + other.flip(-1)) / 2 for one, other in zip(there, back, strict=True)]
        if any(torch.isnan(each).any() for each in odds):
            raise ValueError("the network answers NaN: are its weights damaged?")
        return odds

    def _probability(self, odds: Tensor, label: int) -> Tensor:
        """What `_odds` means for one class, at each cell [rows, cols]."""
        if len(self.classes) == 2:
            margin = odds if label == 1 else -odds
        else:
            margin = class_margin(odds, label)
        # In float32 every margin above 17 is a probability of exactly 1: a crowd of equal scores.
        return torch.sigmoid(margin.cpu().double())
