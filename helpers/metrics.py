"""How good is a detector? Matching, precision and recall, and the numbers made of the curve.

A detection that takes a car of the ground truth is a true positive (a hit), any other one a false
positive (a false alarm), and a car that no detection takes a false negative (a miss).

>>> ground_truth = [torch.tensor([[0.0, 0, 100, 40]])]
>>> boxes = torch.tensor([[4.0, 0, 104, 40], [200, 0, 300, 40]])
>>> curve = precision_recall([Detections(boxes, torch.tensor([0.8, 0.9]))], ground_truth)
>>> curve.recall, curve.precision
(tensor([0., 1.], dtype=torch.float64), tensor([0.0000, 0.5000], dtype=torch.float64))
>>> average_precision(curve)
0.5
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.boxes import Detections, box_iou, check_boxes
from helpers.boxes.suppression import check_scores


@dataclass(frozen=True)
class Criterion:
    """When does a detection count as a car of the ground truth? Lesson 07.

    Args:
        name: for titles and tables.
        similarity: maps detected boxes [N, 4] and ground truth [M, 4] to [N, M], larger is better.
        minimum: a pair with a similarity of at least this may be a match.

    Raises:
        ValueError: if `minimum` is NaN, which nothing reaches.
    """

    name: str
    similarity: Callable[[Tensor, Tensor], Tensor]
    minimum: float

    def __post_init__(self) -> None:
        if isnan(self.minimum):
            raise ValueError(f"criterion {self.name}: the minimum must be a number, not NaN")


def iou_at_least(threshold: float) -> Criterion:
    """The criterion of PASCAL VOC and COCO: IoU ≥ threshold, in [0, 1]. Lesson 07.

    Raises:
        TypeError, ValueError: for what is no number, and for one outside [0, 1].

    >>> iou_at_least(0.5).name
    'IoU ≥ 0.5'
    """
    if isinstance(threshold, str | bytes | bool | None):
        raise TypeError(f"a criterion is a Criterion, as UIUC is, or an IoU, not {threshold!r}")
    threshold = float(threshold)
    if not 0 <= threshold <= 1:
        raise ValueError(f"an IoU lies in [0, 1], as 0.5 does, and {threshold:g} does not")
    return Criterion(f"IoU ≥ {threshold:g}", box_iou, threshold)


def _uiuc_distance(boxes: Tensor, ground_truth: Tensor) -> Tensor:
    """(Δrow / 10)² + (Δcol / 25)² of the top-left corners, negative so that larger is better."""
    boxes, ground_truth = check_boxes(boxes), check_boxes(ground_truth, "ground_truth")
    delta = boxes[:, None, :2] - ground_truth[None, :, :2]  # [N, M, 2]
    return -((delta / delta.new_tensor([25.0, 10.0])) ** 2).sum(-1)


def _uiuc_multiscale_distance(boxes: Tensor, ground_truth: Tensor) -> Tensor:
    """The same for centres and widths, each as a share of the true size."""
    boxes, ground_truth = check_boxes(boxes), check_boxes(ground_truth, "ground_truth")

    def centres_and_width(b: Tensor) -> Tensor:
        return torch.stack([(b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2, b[:, 2] - b[:, 0]], 1)

    delta = centres_and_width(boxes)[:, None] - centres_and_width(ground_truth)[None]  # [N, M, 3]
    width = (ground_truth[:, 2] - ground_truth[:, 0]).clamp(min=1e-6)
    axes = 0.25 * torch.stack([width, 0.4 * width, width], 1)  # [M, 3]
    return -((delta / axes) ** 2).sum(-1)


# The data set's own criterion: inside an ellipse of 25 % of the car's size (Agarwal et al. 2004).
UIUC = Criterion("UIUC", _uiuc_distance, -1.0)
UIUC_MULTISCALE = Criterion("UIUC multi-scale", _uiuc_multiscale_distance, -1.0)


def assign_to_truth(detections: Detections, ground_truth: Tensor, criterion: Criterion) -> Tensor:
    """Which box of the ground truth each detection of one image takes. Lesson 07.

    From the best score down, each detection takes the most similar box that is still free, if that
    is similar enough. A car detected twice counts once; the second detection takes none.

    Args:
        detections: boxes [N, 4] xyxy in pixels, and scores [N].
        ground_truth: Tensor[M, 4].
        criterion: see `Criterion`.

    Returns:
        Tensor[N] of int64: indices into the ground truth, -1 for none.

    Raises:
        TypeError, ValueError: for what `check_boxes` refuses, scores that `nms` refuses, and a
            similarity of another shape or NaN.
    """
    boxes, scores = detections
    check_scores(scores, len(boxes))
    similarity = criterion.similarity(boxes, ground_truth).clone()  # [N, M]
    if similarity.shape != (len(boxes), len(ground_truth)) or torch.isnan(similarity).any():
        raise ValueError(
            f"criterion {criterion.name}: the similarity must be"
            f" [{len(boxes)}, {len(ground_truth)}] without NaN, not {list(similarity.shape)}"
        )
    if not similarity.is_floating_point():
        similarity = similarity.double()
    taken = torch.full((len(boxes),), -1)
    if len(ground_truth) == 0:
        return taken
    for i in scores.argsort(descending=True, stable=True).tolist():
        best = similarity[i].argmax()
        if similarity[i, best] >= criterion.minimum and similarity[i, best] > -torch.inf:
            taken[i] = best
            similarity[:, best] = -torch.inf
    return taken


def match(detections: Detections, ground_truth: Tensor, criterion: Criterion) -> Tensor:
    """Which detections of one image are true positives: bool [N], in their order. Lesson 07.

    Takes and raises what `assign_to_truth` does.
    """
    return assign_to_truth(detections, ground_truth, criterion) >= 0


class Matched(NamedTuple):
    """One image after matching: scores [N], is_true (bool [N]), and how many objects there are."""

    scores: Tensor
    is_true: Tensor
    objects: int


def match_all(
    detections: Sequence[Detections],
    ground_truth: Sequence[Tensor],
    criterion: Criterion | float = 0.5,
) -> list[Matched]:
    """Match each image by itself. Lesson 07.

    Args:
        detections: (boxes [N, 4], scores [N]) of each image; not changed.
        ground_truth: boxes [M, 4] of each image; not changed.
        criterion: a `Criterion`, or a number: IoU at least that.

    Raises:
        TypeError: for a criterion that is neither, and for the detections of a single image.
        ValueError: if the lengths differ, or a box has no score.
    """
    if isinstance(detections, Detections):
        raise TypeError("give a list with the Detections of each image: [detections]")
    if len(detections) != len(ground_truth):
        raise ValueError(
            f"{len(detections)} images of detections, but {len(ground_truth)} of ground truth"
        )
    if not isinstance(criterion, Criterion):
        criterion = iou_at_least(criterion)
    matched = []
    for (boxes, scores), cars in zip(detections, ground_truth, strict=True):
        if scores.shape != boxes.shape[:1] or torch.isnan(scores).any():
            raise ValueError("each image needs one score, not NaN, for each box")
        is_true = match(Detections(boxes, scores), cars, criterion)
        matched.append(Matched(scores.double().cpu(), is_true, len(cars)))
    return matched


@dataclass(frozen=True)
class PrecisionRecall:
    """A precision-recall curve: one point for each different score, from the highest down.

    `precision`, `recall` (each in [0, 1]) and `thresholds` are float64 [K]. Lesson 07.
    """

    precision: Tensor
    recall: Tensor
    thresholds: Tensor

    def at(self, threshold: float) -> tuple[float, float]:
        """(precision, recall) of what scores `threshold` or more; (1, 0) where nothing does."""
        if isnan(threshold):
            raise ValueError("threshold must be a number, not NaN")
        above = int((self.thresholds >= threshold).sum())
        if above == 0:
            return 1.0, 0.0
        return self.precision[above - 1].item(), self.recall[above - 1].item()


def curve_from_matches(matched: Sequence[Matched]) -> PrecisionRecall:
    """The precision-recall curve of matched images, all their detections in one list. Lesson 07.

    Equal scores make one point, since no threshold separates them.

    Raises:
        ValueError: if there is no object at all, so that no recall is defined.
    """
    objects = sum(image.objects for image in matched)
    if objects == 0:
        raise ValueError("no object in the ground truth of any image: recall is not defined")
    scores = torch.cat([image.scores for image in matched])  # [N], of all images
    is_true = torch.cat([image.is_true for image in matched])
    scores, order = scores.sort(descending=True, stable=True)
    true_positives = is_true[order].double().cumsum(0)
    last_of_its_score = torch.ones(len(scores), dtype=torch.bool)
    last_of_its_score[:-1] = scores[1:] != scores[:-1]
    positives = torch.arange(1, len(scores) + 1)[last_of_its_score]
    true_positives = true_positives[last_of_its_score]  # [N] -> [K], one for each score
    return PrecisionRecall(
        true_positives / positives, true_positives / objects, scores[last_of_its_score]
    )


def precision_recall(
    detections: Sequence[Detections],
    ground_truth: Sequence[Tensor],
    criterion: Criterion | float = 0.5,
) -> PrecisionRecall:
    """The precision-recall curve over a set of images. Lesson 07.

    Images without detections still count their cars, images without cars their false positives.
    Takes and raises what `match_all` and `curve_from_matches` do.
    """
    return curve_from_matches(match_all(detections, ground_truth, criterion))


def area_under_curve(curve: PrecisionRecall) -> float:
    """Area under the curve by trapezoids, from recall 0 and precision 1 on. Lesson 07.

    The original assignment's AUC, in [0, 1]. Recall that is never reached adds nothing.
    """
    recall = torch.cat([torch.zeros(1).double(), curve.recall])
    precision = torch.cat([torch.ones(1).double(), curve.precision])
    return torch.trapezoid(precision, recall).item()


def average_precision(curve: PrecisionRecall, *, points: int | None = None) -> float:
    """Average precision: at each recall the best precision at that recall or beyond. Lesson 07.

    Args:
        curve: over any set of images.
        points: None for the exact area (PASCAL VOC since 2010), 11 for the recalls 0, 0.1, … 1
            (PASCAL VOC 2007), 101 for the recalls of COCO.

    Raises:
        ValueError: for fewer than 2 points, or half ones.

    >>> perfect = PrecisionRecall(*torch.tensor([[1.0], [1.0], [0.9]]).double())
    >>> average_precision(perfect), average_precision(perfect, points=11)
    (1.0, 1.0)
    """
    best_from_here = curve.precision.flip(0).cummax(0).values.flip(0)
    if points is None:
        steps = torch.diff(curve.recall, prepend=torch.zeros(1).double())
        return (steps * best_from_here).sum().item()
    if points != int(points) or points < 2:
        raise ValueError(f"points must be a whole number from 2 on, as 11 and 101, not {points}")
    # Not linspace: its last bits differ from those of k / n, and a recall of just k / n would miss.
    recalls = torch.arange(points, dtype=torch.float64) / (points - 1)
    index = torch.searchsorted(curve.recall.contiguous(), recalls)
    reached = torch.cat([best_from_here, torch.zeros(1).double()])
    return reached[index].mean().item()


def equal_error_rate(curve: PrecisionRecall) -> float:
    """The largest value that precision and recall reach together; 1 is perfect. Lesson 07.

    With as many detections as cars, precision and recall are the same number; that is where the
    UIUC papers read their "equal error rate". A curve that ends before gives its last recall.
    """
    if len(curve.recall) == 0:
        return 0.0
    return torch.minimum(curve.precision, curve.recall).max().item()


def roc_auc(scores: Tensor, labels: Tensor) -> float:
    """Area under the ROC curve: how often a car scores higher than something else, ties half.

    It is the probability that a random car scores higher than a random other crop, so it depends
    on no threshold. Lesson 09. Same as `sklearn.metrics.roc_auc_score(labels, scores)`.

    Args:
        scores: Tensor[N], higher for cars.
        labels: Tensor[N], 1 = car, 0 = other.

    Raises:
        ValueError: for other shapes, NaN, other labels, or if one kind is missing.

    Source: Hanley and McNeil 1982.

    >>> roc_auc(torch.tensor([0.9, 0.4, 0.6, 0.1]), torch.tensor([1, 1, 0, 0]))
    0.75
    """
    if scores.ndim != 1 or scores.shape != labels.shape or torch.isnan(scores).any():
        raise ValueError("each crop needs one score, not NaN, and one label")
    if not ((labels == 0) | (labels == 1)).all():
        raise ValueError("labels must be 0 (not a car) or 1 (car)")
    cars, others = scores[labels == 1], scores[labels == 0].sort().values
    if len(cars) == 0 or len(others) == 0:
        raise ValueError("the ROC curve needs at least one car and one other crop")
    lower = torch.searchsorted(others, cars, right=False)  # [cars]: how many others are below
    lower_or_equal = torch.searchsorted(others, cars, right=True)
    return (lower + lower_or_equal).double().mean().item() / 2 / len(others)
