"""Boxes with scores and classes, and what is left of them after a threshold and suppression.

>>> row = torch.tensor([[0.0, 0, 100, 40], [10, 0, 110, 40], [120, 0, 220, 40]])
>>> detections = Detections(row, torch.tensor([0.8, 0.9, 0.4]))
>>> boxes, scores = apply_nms(above(detections, 0.5), iou_threshold=0.3)
>>> boxes
tensor([[ 10.,   0., 110.,  40.]])
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from helpers.boxes.suppression import batched_nms, check_scores


class _BoxesAndScores(NamedTuple):
    boxes: Tensor
    scores: Tensor


class Detections(_BoxesAndScores):
    """A detector's answer for one image: boxes, scores, and which class each is of. Lesson 06.

    A pair: `boxes, scores = detections`. The labels come beside it.

    Args:
        boxes: Tensor[N, 4], xyxy in pixels.
        scores: Tensor[N].
        labels: Tensor[N] of int64, indices of classes; None: all 1, which is "car" where there are
            but "background" and "car".

    Raises:
        ValueError: for labels of another shape or type.

    >>> pets = Detections(torch.rand(2, 4), torch.tensor([0.9, 0.8]), torch.tensor([2, 1]))
    >>> pets.of(1).scores
    tensor([0.8000])
    """

    _labels: Tensor | None

    def __new__(cls, boxes: Tensor, scores: Tensor, labels: Tensor | None = None) -> "Detections":
        self = super().__new__(cls, boxes, scores)
        if labels is not None and (
            not isinstance(labels, Tensor)
            or labels.dtype != torch.int64
            or labels.shape != scores.shape
        ):
            raise ValueError(f"labels must be int64 {list(scores.shape)}, one for each score")
        self._labels = labels
        return self

    @property
    def labels(self) -> Tensor:
        """The class of each box: int64 [N]."""
        if self._labels is None:
            return torch.ones(len(self.scores), dtype=torch.int64, device=self.scores.device)
        return self._labels

    def __repr__(self) -> str:
        plain = super().__repr__()
        return plain if self._labels is None else f"{plain[:-1]}, labels={self._labels})"

    @classmethod
    def _make(cls, iterable: Iterable[Tensor]) -> "Detections":
        return cls(*iterable)

    def _replace(self, **changed: Tensor) -> "Detections":
        parts = {"boxes": self.boxes, "scores": self.scores, "labels": self._labels}
        return type(self)(**(parts | changed))

    def subset(self, which: Tensor) -> "Detections":
        """Those at some indices (int64 [K]), or where a mask (bool [N]) is true, in that order."""
        labels = None if self._labels is None else self._labels[which]
        return Detections(self.boxes[which], self.scores[which], labels)

    def of(self, label: int) -> "Detections":
        """Those of one class, in their order."""
        return self.subset(self.labels == label)


def concatenate(parts: Sequence[Detections]) -> Detections:
    """All boxes of several `Detections` (at least one), one after the other. Lesson 08.

    >>> concatenate([Detections(torch.zeros(1, 4), torch.ones(1))] * 2).labels
    tensor([1, 1])
    """
    boxes, scores = (torch.cat(each) for each in zip(*parts, strict=True))
    if all(part._labels is None for part in parts):
        return Detections(boxes, scores)
    return Detections(boxes, scores, torch.cat([part.labels for part in parts]))


def best_of(parts: Sequence[Detections]) -> Detections:
    """The one box of the highest score of several `Detections`; of equal ones the first.

    >>> one, other = Detections(torch.zeros(1, 4), torch.tensor([0.3])), Detections(
    ...     torch.zeros(2, 4), torch.tensor([0.1, 0.2])
    ... )
    >>> best_of([one, other]).scores
    tensor([0.3000])
    """
    every = concatenate(parts)
    return every.subset(every.scores.argmax()[None])


def above(detections: Detections, threshold: float) -> Detections:
    """The detections that score `threshold` or more, in their order. Lesson 06.

    Raises:
        TypeError, ValueError: for scores that `nms` refuses, and a threshold of NaN.

    >>> row = Detections(torch.zeros(3, 4), torch.tensor([0.2, 0.9, 0.5]))
    >>> above(row, 0.5).scores
    tensor([0.9000, 0.5000])
    """
    if threshold != threshold:
        raise ValueError("threshold must be a number, not NaN")
    check_scores(detections.scores, len(detections.boxes))
    keep = detections.scores >= threshold
    return detections.subset(keep)


def apply_nms(
    detections: Detections, iou_threshold: float | None, inside_threshold: float | None = None
) -> Detections:
    """What non-maximum suppression within each class leaves, best first. Lesson 06.

    Args:
        detections: boxes [N, 4] xyxy in pixels, scores [N] and labels [N]; not changed.
        iou_threshold: as in `nms`; None keeps all.
        inside_threshold: as in `nms`.

    Raises:
        TypeError, ValueError: as `nms`.

    >>> row = Detections(torch.tensor([[0.0, 0, 10, 10]] * 2), torch.tensor([0.2, 0.9]))
    >>> apply_nms(row, 0.5).scores, apply_nms(row, None).scores
    (tensor([0.9000]), tensor([0.9000, 0.2000]))
    """
    if iou_threshold is None:
        check_scores(detections.scores, len(detections.boxes))
        keep = detections.scores.argsort(descending=True, stable=True)
    else:
        keep = batched_nms(*detections, detections.labels, iou_threshold, inside_threshold)
    return detections.subset(keep)
