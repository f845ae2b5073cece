"""From all boxes to those that stay: threshold, suppression, and a vote on where they are.

>>> boxes = torch.tensor([[0.0, 0, 100, 40], [10, 4, 110, 44]])
>>> cells = Detections(boxes, torch.tensor([0.8, 0.8]))
>>> vote(cells.subset(torch.tensor([0])), cells, iou_threshold=0.5).boxes
tensor([[  5.,   2., 105.,  42.]])
"""

import torch

from helpers.boxes.detections import Detections, above, apply_nms
from helpers.boxes.overlap import box_iou, check_share

# A probability of 1 would have infinite odds, and its box all the votes.
CERTAIN = 1e-12


def vote(kept: Detections, candidates: Detections, iou_threshold: float) -> Detections:
    """Each box becomes the mean of all candidates of its class that overlap it. Lesson 08.

    They are weighted by their odds, p / (1 - p): a window that fits the object nearly as well as
    the best one counts nearly as much. So the boxes take sizes between those of a pyramid's scales,
    and positions between those of the cells. Scores, labels and order stay.

    Args:
        kept: what suppression has left of the candidates.
        candidates: boxes [N, 4] xyxy in pixels, with probabilities [N] as scores; not changed.
        iou_threshold: in [0, 1]: candidates vote for a box that they overlap with this IoU or more.

    Returns:
        The same detections with other boxes.

    Raises:
        ValueError: for another threshold, or none.

    Source: Gidaris and Komodakis 2015.
    """
    if iou_threshold is None:
        raise ValueError("a vote needs an iou_threshold")
    check_share("iou_threshold", iou_threshold)
    if not len(kept.boxes):
        return kept
    candidates = candidates.subset(candidates.boxes[:, 0].argsort(stable=True))  # left to right
    boxes, labels = candidates.boxes, candidates.labels
    log_odds = candidates.scores.double().logit(eps=CERTAIN)
    # Only those in a strip as wide as the widest box can overlap.
    left = boxes[:, 0].contiguous()
    firsts = torch.searchsorted(left, kept.boxes[:, 0] - (boxes[:, 2] - left).max())
    ends = torch.searchsorted(left, kept.boxes[:, 2].contiguous(), right=True)
    means = []
    for box, label, first, end in zip(kept.boxes, kept.labels, firsts, ends, strict=True):
        strip = slice(first, end)
        iou = box_iou(box[None], boxes[strip])[0]
        agree = (iou >= iou_threshold) & (iou > 0) & (labels[strip] == label)
        weights = log_odds[strip][agree].softmax(0)  # the odds, divided by their sum
        mean = weights @ boxes[strip][agree].double()
        means.append(mean if len(weights) else box.double())  # a box without area has no overlap
    return kept._replace(boxes=torch.stack(means).to(kept.boxes.dtype))


def select(
    candidates: Detections,
    *,
    threshold: float,
    iou_threshold: float | None,
    inside_threshold: float | None = None,
    vote_threshold: float | None = None,
) -> Detections:
    """From every cell of a heatmap to detections: threshold, suppression, vote. Lesson 08.

    Args:
        candidates: boxes [N, 4] and probabilities [N], of any size; not changed.
        threshold: the smallest probability that stays.
        iou_threshold: as in `nms`; None suppresses nothing, and then none is asked to vote.
        inside_threshold: as in `nms`.
        vote_threshold: as in `vote`, of those above the threshold; None moves no box.

    Returns:
        The detections that are left, best first.

    >>> cells = Detections(torch.tensor([[0.0, 0, 10, 10]] * 3), torch.tensor([0.2, 0.9, 0.8]))
    >>> select(cells, threshold=0.5, iou_threshold=0.3).scores
    tensor([0.9000])
    """
    candidates = above(candidates, threshold)
    kept = apply_nms(candidates, iou_threshold, inside_threshold)
    if vote_threshold is None or iou_threshold is None:
        return kept
    return vote(kept, candidates, vote_threshold)
