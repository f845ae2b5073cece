"""Several classes: a number for each of them, and their mean.

>>> ground_truth = [torch.tensor([[0.0, 0, 16, 16], [40, 0, 56, 16]])]
>>> labels = [torch.tensor([1, 2])]
>>> found = Detections(ground_truth[0], torch.tensor([0.9, 0.8]), torch.tensor([1, 1]))
>>> mean_average_precision([found], ground_truth, labels, classes=("background", "6", "9"))
MeanAP(ap50=0.5, ap=0.5, ap50_of={'6': 1.0, '9': 0.0}, ap_of={'6': 1.0, '9': 0.0})
"""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.boxes import Detections
from helpers.metrics import (
    Criterion,
    Matched,
    average_precision,
    curve_from_matches,
    match_all,
)

# Those of COCO: 0.50, 0.55, … 0.95; and how many boxes of a class it counts in one image.
COCO_IOUS = tuple((50 + 5 * k) / 100 for k in range(10))
MOST_BOXES = 100
RECALLS = 101


class MeanAP(NamedTuple):
    """Average precision of each class by its name, and the mean over classes. Lesson 07.

    `ap50` counts boxes from an IoU of 0.5 on; `ap` is the mean over the IoU thresholds, COCO's 0.50
    to 0.95. Classes that the ground truth has nothing of are left out. All in [0, 1].
    """

    ap50: float
    ap: float
    ap50_of: dict[str, float]
    ap_of: dict[str, float]


# Of each class (its index) and each IoU threshold: every image after matching.
ClassMatches = Mapping[int, Mapping[float, Sequence[Matched]]]


def match_classes(
    detections: Sequence[Detections],
    ground_truth: Sequence[Tensor],
    labels: Sequence[Tensor],
    *,
    iou_thresholds: Sequence[float] = COCO_IOUS,
    most_boxes: int = MOST_BOXES,
) -> ClassMatches:
    """Match each class of each image by itself, at several thresholds. Lesson 07.

    Args:
        detections: boxes, scores and labels of each image.
        ground_truth: boxes [M, 4] of each image.
        labels: int64 [M] of each image: the classes of these boxes.
        iou_thresholds: each in [0, 1].
        most_boxes: how many boxes of a class count in one image, best first.

    Raises:
        ValueError: if the lengths differ, or no image has a box.

    >>> one = [torch.tensor([[0.0, 0, 16, 16]])]
    >>> found = [Detections(one[0], torch.tensor([0.9]), torch.tensor([2]))]
    >>> match_classes(found, one, [torch.tensor([2])], iou_thresholds=[0.5])[2][0.5][0].is_true
    tensor([True])
    """
    _check_labels(ground_truth, labels)
    present = torch.cat([torch.zeros(0, dtype=torch.int64), *labels]).unique().tolist()
    if not present:
        raise ValueError("no box in any image: average precision is not defined")
    matches = {}
    for label in present:
        best = [_best_of(each, label, most_boxes) for each in detections]
        boxes = [b[each == label] for b, each in zip(ground_truth, labels, strict=True)]
        matches[label] = {iou: match_all(best, boxes, iou) for iou in iou_thresholds}
    return matches


def _check_labels(ground_truth: Sequence[Tensor], labels: Sequence[Tensor]) -> None:
    if [len(boxes) for boxes in ground_truth] != [len(each) for each in labels]:
        raise ValueError("each image needs one label for each box of its ground truth")


def _best_of(detections: Detections, label: int, most: int) -> Detections:
    of_class = detections.of(label)
    return of_class.subset(of_class.scores.argsort(descending=True, stable=True)[:most])


def mean_over_classes(
    matches: ClassMatches, classes: Sequence[str], images: Sequence[int] | None = None
) -> MeanAP:
    """Average precision of each class, and their mean, over some of the images. Lesson 07.

    Matching takes long and this does not: for `bootstrap_interval` match once, and measure on many
    samples of images.

    Args:
        matches: as `match_classes` gives them.
        classes: names by index.
        images: indices, some of them repeated; None: each image once.

    Raises:
        ValueError: none of these images has a box, or a class has no name.

    Source: Lin et al. 2014 (COCO): 101 recalls.
    """
    nameless = [label for label in matches if not 0 <= label < len(classes)]
    if nameless:
        raise ValueError(
            f"the ground truth has labels {nameless}, and classes are 0 to {len(classes) - 1}"
        )
    ap50_of, ap_of = {}, {}
    for label, of_class in matches.items():
        chosen = {
            iou: matched if images is None else [matched[i] for i in images]
            for iou, matched in of_class.items()
        }
        if not any(image.objects for image in next(iter(chosen.values()))):
            continue
        aps = {iou: _average_precision(matched) for iou, matched in chosen.items()}
        ap_of[classes[label]] = mean(aps.values())
        ap50_of[classes[label]] = aps.get(0.5, float("nan"))
    if not ap_of:
        raise ValueError("none of these images has a box: average precision is not defined")
    return MeanAP(mean(ap50_of.values()), mean(ap_of.values()), ap50_of, ap_of)


def _average_precision(matched: Sequence[Matched]) -> float:
    return average_precision(curve_from_matches(matched), points=RECALLS)


def mean_average_precision(
    detections: Sequence[Detections],
    ground_truth: Sequence[Tensor],
    labels: Sequence[Tensor],
    *,
    classes: Sequence[str],
    iou_thresholds: Sequence[float] = COCO_IOUS,
) -> MeanAP:
    """mAP: average precision of each class and the mean of all. Lesson 07.

    As COCO's own program, pycocotools, where no two scores are equal (it separates equal scores by
    their place in the list, which no threshold does).

    Args:
        detections: boxes, scores and labels of each image.
        ground_truth: boxes [M, 4] of each image.
        labels: int64 [M] of each image: the classes of these boxes.
        classes: names by index.
        iou_thresholds: over which `ap` is the mean; without 0.5 among them `ap50` is NaN.

    Raises:
        ValueError: if the lengths differ, no image has a box, or a class has no name.
    """
    matches = match_classes(detections, ground_truth, labels, iou_thresholds=iou_thresholds)
    return mean_over_classes(matches, classes)


def pool_classes(
    detections: Sequence[Detections],
    ground_truth: Sequence[Tensor],
    labels: Sequence[Tensor],
    criterion: Criterion | float = 0.5,
) -> list[Matched]:
    """Matches of all classes in one list: for one curve, and one threshold for all. Lesson 07.

    A box counts only for an object of its class. Takes what `match_classes` does, and a criterion
    as `metrics.match_all` does; raises what they do.
    """
    _check_labels(ground_truth, labels)
    told = [each.labels for each in detections]
    nothing = torch.zeros(0, dtype=torch.int64)
    matched = []
    for label in torch.cat([nothing, *labels, *told]).unique().tolist():
        boxes = [b[each == label] for b, each in zip(ground_truth, labels, strict=True)]
        matched += match_all([each.of(label) for each in detections], boxes, criterion)
    return matched


def confusion_matrix(labels: Tensor, answers: Tensor, classes: int) -> Tensor:
    """How many crops of each class are called what: rows the truth, columns the answer. Lesson 03.

    Same as `sklearn.metrics.confusion_matrix`.

    Args:
        labels: int64 [N], the truth, each in 0 … classes - 1.
        answers: int64 [N], what each is called.
        classes: how many there are.

    Returns:
        int64 [classes, classes].

    Raises:
        ValueError: for other shapes, or labels outside the range.

    >>> confusion_matrix(torch.tensor([0, 1, 1]), torch.tensor([0, 1, 0]), 2)
    tensor([[1, 0],
            [1, 1]])
    """
    if labels.ndim != 1 or labels.shape != answers.shape:
        raise ValueError(f"one answer for each label, not {[*answers.shape]} for {[*labels.shape]}")
    for each in (labels, answers):
        if not ((each >= 0) & (each < classes)).all():
            raise ValueError(f"labels and answers must lie in 0 to {classes - 1}")
    return torch.bincount(labels * classes + answers, minlength=classes**2).view(classes, classes)
