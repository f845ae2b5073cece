"""How good is a detector? Matching, precision and recall, and the numbers made of the curve."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.boxes import Detections, box_iou, check_boxes


@dataclass(frozen=True)
class Criterion:
    """When does a detection count as a true box?

    `similarity` maps boxes [N, 4] and true boxes [M, 4] to [N, M], larger is better; a pair whose
    similarity is at least `minimum` may be a match.
    """

    name: str
    similarity: Callable[[Tensor, Tensor], Tensor]
    minimum: float


def iou_at_least(threshold: float) -> Criterion:
    """The criterion of PASCAL VOC and COCO: IoU ≥ threshold."""
    return Criterion(f"IoU ≥ {threshold:g}", box_iou, threshold)


def _uiuc_distance(boxes: Tensor, truth: Tensor) -> Tensor:
    """(Δrow / 10)² + (Δcol / 25)² of the top-left corners, negative so that larger is better."""
    check_boxes(boxes)
    check_boxes(truth, "truth")
    delta = boxes[:, None, :2] - truth[None, :, :2]
    return -((delta / delta.new_tensor([25.0, 10.0])) ** 2).sum(-1)


def _uiuc_multiscale_distance(boxes: Tensor, truth: Tensor) -> Tensor:
    """The same for centres and widths, each as a share of the true size."""
    check_boxes(boxes)
    check_boxes(truth, "truth")

    def centres_and_width(b: Tensor) -> Tensor:
        return torch.stack([(b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2, b[:, 2] - b[:, 0]], 1)

    delta = centres_and_width(boxes)[:, None] - centres_and_width(truth)[None]
    width = (truth[:, 2] - truth[:, 0]).clamp(min=1e-6)
    axes = 0.25 * torch.stack([width, 0.4 * width, width], 1)
    return -((delta / axes) ** 2).sum(-1)


# The data set's own criterion: inside an ellipse of 25 % of the car's size (Agarwal et al. 2004).
UIUC = Criterion("UIUC", _uiuc_distance, -1.0)
UIUC_MULTISCALE = Criterion("UIUC multi-scale", _uiuc_multiscale_distance, -1.0)


def assign_to_truth(detections: Detections, truth: Tensor, criterion: Criterion) -> Tensor:
    """Which true box each detection of one image takes: int64 [N], -1 for none.

    From the best score down, each detection takes the most similar true box that is still free and
    similar enough. A box found twice counts once; the second hit takes none.
    """
    boxes, scores = detections
    similarity = criterion.similarity(boxes, truth).clone()
    taken = torch.full((len(boxes),), -1)
    if len(truth) == 0:
        return taken
    for i in scores.argsort(descending=True, stable=True).tolist():
        best = similarity[i].argmax()
        if similarity[i, best] >= criterion.minimum:
            taken[i] = best
            similarity[:, best] = -torch.inf
    return taken


def match(detections: Detections, truth: Tensor, criterion: Criterion) -> Tensor:
    """Which detections of one image are true, because they `take` a car: bool [N], in order."""
    return assign_to_truth(detections, truth, criterion) >= 0


class Matched(NamedTuple):
    """One image after matching: scores [N], is_true (bool [N]), and how many cars there are."""

    scores: Tensor
    is_true: Tensor
    cars: int


def match_all(
    detections: Sequence[Detections],
    truths: Sequence[Tensor],
    criterion: Criterion | float = 0.5,
) -> list[Matched]:
    """Match each image by itself; a number as the criterion means IoU at least that.

    `detections`: (boxes [N, 4], scores [N]) of each image; `truths`: boxes [M, 4] of each image.
    Inputs are not changed. Raises ValueError if the lengths differ or a box has no score.
    """
    if len(detections) != len(truths):
        raise ValueError(f"{len(detections)} images of detections, but {len(truths)} of truths")
    if not isinstance(criterion, Criterion):
        criterion = iou_at_least(criterion)
    for found in detections:
        if found[1].shape != found[0].shape[:1] or torch.isnan(found[1]).any():
            raise ValueError("each image needs one score, not NaN, for each box")
    return [
        Matched(found[1].double().cpu(), match(Detections(*found), truth, criterion), len(truth))
        for found, truth in zip(detections, truths, strict=True)
    ]


@dataclass(frozen=True)
class PrecisionRecall:
    """A precision-recall curve: one point for each different score, from the highest down."""

    precision: Tensor
    recall: Tensor
    thresholds: Tensor

    def at(self, threshold: float) -> tuple[float, float]:
        """(precision, recall) of what scores `threshold` or more; (1, 0) where nothing does."""
        above = int((self.thresholds >= threshold).sum())
        if above == 0:
            return 1.0, 0.0
        return self.precision[above - 1].item(), self.recall[above - 1].item()


def curve_from_matches(matched: Sequence[Matched]) -> PrecisionRecall:
    """The precision-recall curve of matched images, all their detections in one list.

    Equal scores make one point, since no threshold separates them. Raises ValueError if there is no
    car at all (no recall is defined).
    """
    cars = sum(image.cars for image in matched)
    if cars == 0:
        raise ValueError("no car in any image: recall is not defined")
    scores = torch.cat([image.scores for image in matched])
    is_true = torch.cat([image.is_true for image in matched])
    scores, order = scores.sort(descending=True, stable=True)
    hits = is_true[order].double().cumsum(0)
    last_of_its_score = torch.ones(len(scores), dtype=torch.bool)
    last_of_its_score[:-1] = scores[1:] != scores[:-1]
    found = torch.arange(1, len(scores) + 1)[last_of_its_score]
    hits = hits[last_of_its_score]
    return PrecisionRecall(hits / found, hits / cars, scores[last_of_its_score])


def precision_recall(
    detections: Sequence[Detections],
    truths: Sequence[Tensor],
    criterion: Criterion | float = 0.5,
) -> PrecisionRecall:
    """The curve over a set of images: at each score, what is found and what of it is true.

    Images without detections still count their cars, images without cars their false detections.
    Takes and raises what `match_all` and `pool` do.
    """
    return curve_from_matches(match_all(detections, truths, criterion))


def area_under_curve(curve: PrecisionRecall) -> float:
    """Area under the curve by trapezoids, from recall 0 and precision 1 on: the assignment's AUC.

    Recall that is never reached adds nothing.
    """
    recall = torch.cat([torch.zeros(1).double(), curve.recall])
    precision = torch.cat([torch.ones(1).double(), curve.precision])
    return torch.trapezoid(precision, recall).item()


def average_precision(curve: PrecisionRecall, *, points: int | None = None) -> float:
    """Average precision: at each recall the best precision at that recall or beyond.

    `points=None` takes the exact area (PASCAL VOC since 2010), 11 the eleven recalls 0, 0.1, … 1
    (PASCAL VOC 2007), 101 the recalls of COCO.
    """
    best_from_here = curve.precision.flip(0).cummax(0).values.flip(0)
    if points is None:
        steps = torch.diff(curve.recall, prepend=torch.zeros(1).double())
        return (steps * best_from_here).sum().item()
    # Not linspace: its last bits differ from those of k / n, and a recall of just k / n would miss.
    recalls = torch.arange(points, dtype=torch.float64) / (points - 1)
    index = torch.searchsorted(curve.recall.contiguous(), recalls)
    reached = torch.cat([best_from_here, torch.zeros(1).double()])
    return reached[index].mean().item()


def equal_error_rate(curve: PrecisionRecall) -> float:
    """The largest value that precision and recall reach together; 1 is perfect.

    With as many detections as cars, precision and recall are the same number; that is where the
    UIUC papers read their "equal error rate". A curve that ends before gives its last recall.
    """
    if len(curve.recall) == 0:
        return 0.0
    return torch.minimum(curve.precision, curve.recall).max().item()


def roc_auc(scores: Tensor, labels: Tensor) -> float:
    """Area under the ROC curve: how often a car scores higher than something else, ties half.

    `scores` [N], higher for cars; `labels` [N], 1 = car, 0 = other. It is the probability that a
    random car scores higher than a random other crop (Hanley and McNeil 1982), so it depends on no
    threshold. Raises ValueError for other shapes, NaN, other labels, or if one kind is missing.
    """
    if scores.ndim != 1 or scores.shape != labels.shape or torch.isnan(scores).any():
        raise ValueError("each crop needs one score, not NaN, and one label")
    if not ((labels == 0) | (labels == 1)).all():
        raise ValueError("labels must be 0 (not a car) or 1 (car)")
    cars, others = scores[labels == 1], scores[labels == 0].sort().values
    if len(cars) == 0 or len(others) == 0:
        raise ValueError("the ROC curve needs at least one car and one other crop")
    lower = torch.searchsorted(others, cars, right=False)
    lower_or_equal = torch.searchsorted(others, cars, right=True)
    return (lower + lower_or_equal).double().mean().item() / 2 / len(others)
