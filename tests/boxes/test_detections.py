"""Detections: a pair as ever, with a class beside each box; suppression within each class."""

import copy
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.boxes import (
    Detections,
    above,
    apply_nms,
    batched_nms,
    box_iou,
    nms,
    select,
    vote,
)

PLACES = torch.tensor([[0.0, 0, 10, 10], [1, 0, 11, 10], [50, 0, 60, 10]])
SCORES = torch.tensor([0.5, 0.9, 0.7])


def test_two_classes_are_a_pair_and_every_label_is_a_car():
    detections = Detections(PLACES, SCORES)
    boxes, scores = detections
    assert boxes is PLACES
    assert scores is SCORES
    assert len(detections) == 2
    assert detections.labels.tolist() == [1, 1, 1]
    assert detections.labels.dtype == torch.int64
    assert "labels" not in repr(detections)


def test_labels_stay_with_their_boxes():
    detections = Detections(PLACES, SCORES, torch.tensor([3, 4, 5]))
    for chosen in ([2, 0], torch.tensor([False, True, True])):
        part = detections.subset(torch.as_tensor(chosen))
        assert torch.equal(part.boxes, PLACES[chosen])
        assert torch.equal(part.labels, torch.tensor([3, 4, 5])[chosen])
    assert detections.of(4).scores.tolist() == SCORES[[1]].tolist()
    assert above(detections, 0.6).labels.tolist() == [4, 5]
    assert detections._replace(boxes=PLACES + 1).labels.tolist() == [3, 4, 5]
    assert Detections._make([PLACES, SCORES]).labels.tolist() == [1, 1, 1]
    assert "labels=tensor([3, 4, 5])" in repr(detections)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))]
)
def test_a_copy_keeps_its_labels(copied):
    same = copied(Detections(PLACES, SCORES, torch.tensor([3, 4, 5])))
    assert torch.equal(same.boxes, PLACES)
    assert same.labels.tolist() == [3, 4, 5]
    assert copied(Detections(PLACES, SCORES)).labels.tolist() == [1, 1, 1]


@pytest.mark.parametrize("labels", [torch.ones(2).long(), torch.ones(3), [1, 1, 1]])
def test_labels_that_do_not_fit_are_refused(labels):
    with pytest.raises(ValueError, match=r"labels must be int64 \[3\]"):
        Detections(PLACES, SCORES, labels)


@st.composite
def crowds(draw):
    """Boxes on a small grid, scores with many ties, labels of up to three classes."""
    n = draw(st.integers(0, 12))
    numbers = draw(st.lists(st.tuples(*[st.integers(0, 6)] * 4), min_size=n, max_size=n))
    boxes = [(x, y, x + w, y + h) for x, y, w, h in numbers]
    scores = draw(st.lists(st.integers(0, 4), min_size=n, max_size=n))
    labels = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return boxes, torch.tensor(scores) / 4, torch.tensor(labels, dtype=torch.int64)


def by_class(boxes, scores, labels, iou_threshold):
    """NMS written out: each class for itself; then all that was kept, best first."""
    kept = []
    for label in set(labels.tolist()):
        members = [i for i, each in enumerate(labels.tolist()) if each == label]
        kept += [members[k] for k in nms(boxes[members], scores[members], iou_threshold).tolist()]
    return sorted(kept, key=lambda i: (-scores[i].item(), i))


@given(crowds(), st.sampled_from([0, 0.3, 0.5, 1]))
def test_each_class_is_suppressed_by_itself(crowd, iou_threshold):
    boxes, scores, labels = crowd
    expected = by_class(boxes, scores, labels, iou_threshold)
    assert batched_nms(boxes, scores, labels, iou_threshold).tolist() == expected
    kept = apply_nms(Detections(*crowd), iou_threshold)
    assert torch.equal(kept.labels, labels[expected])
    assert torch.equal(kept.boxes, boxes[expected])


@given(crowds(), st.sampled_from([0, 0.3, 0.5, 1]))
def test_torchvisions_trick_keeps_the_same_boxes(crowd, iou_threshold):
    """Each class is moved to a place of its own, where it meets no other."""
    boxes, scores, labels = crowd
    apart = boxes + (labels * 100)[:, None]
    expected = nms(apart, scores, iou_threshold)
    assert torch.equal(batched_nms(boxes, scores, labels, iou_threshold), expected)


@given(crowds(), st.sampled_from([0, 0.3, 1]))
def test_of_one_class_it_is_nms_itself(crowd, iou_threshold):
    boxes, scores, _ = crowd
    plain = nms(boxes, scores, iou_threshold)
    for label in (1, 7):
        labels = torch.full((len(boxes),), label)
        assert torch.equal(batched_nms(boxes, scores, labels, iou_threshold), plain)
    assert torch.equal(apply_nms(Detections(boxes, scores), iou_threshold).boxes, boxes[plain])


def test_another_class_in_the_same_place_stays():
    detections = Detections(PLACES, SCORES, torch.tensor([1, 2, 2]))
    assert apply_nms(detections, 0.3).labels.tolist() == [2, 2, 1]
    same = Detections(PLACES, SCORES, torch.tensor([2, 2, 2]))
    assert len(apply_nms(same, 0.3).boxes) == 2
    every = apply_nms(detections, None)
    assert every.labels.tolist() == [2, 2, 1]


def test_labels_of_another_length_are_refused_before_anything_is_dropped():
    for labels in (torch.ones(2).long(), torch.ones(3, 1).long(), [1, 1, 1]):
        with pytest.raises(ValueError, match=r"labels must be a tensor \[3\]"):
            batched_nms(PLACES, SCORES, labels, 0.5)


def test_every_candidate_that_overlaps_has_a_vote_by_its_odds():
    boxes = torch.tensor([[0.0, 0, 100, 40], [10, 4, 110, 44], [300, 0, 400, 40]])
    cells = Detections(boxes, torch.tensor([0.9, 0.75, 0.8]))
    kept = apply_nms(cells, 0.3)
    voted = vote(kept, cells, 0.5)
    # Odds of 9 and 3: a quarter of the way to the worse box. The third is alone.
    expected = torch.tensor([[2.5, 1, 102.5, 41], [300, 0, 400, 40]])
    assert torch.allclose(voted.boxes, expected, atol=1e-4)
    assert voted.boxes.dtype == boxes.dtype
    assert torch.equal(voted.scores, kept.scores)
    assert torch.equal(boxes[:1], torch.tensor([[0.0, 0, 100, 40]]))  # nothing is changed


def test_no_box_of_another_class_or_farther_off_has_a_vote():
    boxes = torch.tensor([[0.0, 0, 100, 40], [10, 4, 110, 44]])
    scores = torch.tensor([0.9, 0.75])
    kept = Detections(boxes[:1], scores[:1], torch.tensor([2]))
    van_and_car = Detections(boxes, scores, torch.tensor([2, 1]))
    assert vote(kept, van_and_car, 0.5).boxes.tolist() == boxes[:1].tolist()
    assert vote(kept, van_and_car, 0.5).labels.tolist() == [2]
    vans = Detections(boxes, scores, torch.tensor([2, 2]))
    assert vote(kept, vans, 0.7).boxes.tolist() == boxes[:1].tolist()  # their IoU is 0.68
    assert vote(kept, vans, 0.6).boxes.tolist() != boxes[:1].tolist()


def test_a_box_that_is_certain_votes_like_any_other():
    boxes = torch.tensor([[0.0, 0, 100, 40], [10, 4, 110, 44]])
    certain = Detections(boxes, torch.tensor([1.0, 1.0]).double())
    voted = vote(certain.subset(torch.tensor([0])), certain, 0.5)
    assert voted.boxes.tolist() == [[5, 2, 105, 42]]
    nothing = Detections(torch.zeros(0, 4), torch.zeros(0))
    assert vote(nothing, nothing, 0.5).boxes.shape == (0, 4)
    with pytest.raises(ValueError, match=r"iou_threshold must be in \[0, 1\] or None, not 2"):
        vote(certain, certain, 2)
    with pytest.raises(ValueError, match="a vote needs an iou_threshold"):
        vote(certain, certain, None)


def test_boxes_without_overlap_have_no_vote():
    boxes = torch.tensor([[0.0, 0, 100, 40], [500, 0, 600, 40], [50, 50, 50, 50]])
    cells = Detections(boxes, torch.tensor([0.9, 0.9, 0.9]))
    assert torch.equal(vote(cells, cells, 0).boxes, boxes)  # one of them has no area


@given(crowds(), st.sampled_from([0.2, 0.5]))
def test_a_vote_is_the_mean_by_odds_whatever_the_order(crowd, iou_threshold):
    boxes, scores, labels = crowd
    cells = Detections(boxes, scores.sigmoid(), labels)
    kept = apply_nms(cells, 0.3)
    for box, before, label in zip(
        vote(kept, cells, iou_threshold).boxes, kept.boxes, kept.labels, strict=True
    ):
        iou = box_iou(before[None], boxes)[0]
        agree = (iou >= iou_threshold) & (iou > 0) & (labels == label)
        odds = (cells.scores / (1 - cells.scores).clamp(min=1e-12)).double()[agree, None]
        mean = (odds * boxes[agree].double()).sum(0) / odds.sum() if agree.any() else before
        assert torch.allclose(box.double(), mean.double(), rtol=1e-4, atol=1e-3)


def test_a_selection_is_threshold_suppression_and_vote_in_turn():
    boxes = torch.tensor([[0.0, 0, 100, 40], [10, 4, 110, 44], [20, 10, 60, 26], [0, 0, 100, 40]])
    cells = Detections(boxes, torch.tensor([0.9, 0.75, 0.8, 0.4]), torch.tensor([1, 1, 1, 2]))
    every = {"threshold": 0.5, "iou_threshold": 0.3}
    assert select(cells, **every).scores.tolist() == pytest.approx([0.9, 0.8])
    inside = select(cells, **every, inside_threshold=0.6)
    assert inside.boxes.tolist() == boxes[:1].tolist()
    voted = select(cells, **every, inside_threshold=0.6, vote_threshold=0.5)
    assert torch.allclose(voted.boxes, torch.tensor([[2.5, 1, 102.5, 41]]), atol=1e-4)
    assert voted.labels.tolist() == [1]
    untouched = select(cells, threshold=0.5, iou_threshold=None, vote_threshold=0.5)
    assert untouched.boxes.tolist() == boxes[[0, 2, 1]].tolist()


def test_scores_of_nan_are_refused_wherever_boxes_are_chosen_by_them():
    """Else they would be dropped by a threshold, and come first where nothing is suppressed."""
    broken = Detections(torch.zeros(2, 4), torch.tensor([0.5, torch.nan]))
    for choose in (
        lambda d: above(d, 0.1),
        lambda d: apply_nms(d, None),
        lambda d: apply_nms(d, 1),
    ):
        with pytest.raises(ValueError, match="scores must not hold NaN"):
            choose(broken)
