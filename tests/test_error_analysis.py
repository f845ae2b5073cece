"""Kinds of mistakes: named on drawn cases, and in step with the matching that all metrics use."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.boxes import Detections
from helpers.error_analysis import (
    BACKGROUND,
    DUPLICATE,
    KINDS,
    POORLY_LOCALISED,
    TRUE,
    classify_errors,
)
from helpers.metrics import iou_at_least, match

TRUTH = torch.tensor([[0.0, 0, 100, 40], [200, 0, 300, 40]])


def shifted(*shifts, scores=None):
    """Detections `shifts` pixels to the right of the first true box, best first."""
    boxes = torch.stack([TRUTH[0] + torch.tensor([dx, 0.0, dx, 0.0]) for dx in shifts])
    scores = torch.linspace(0.9, 0.5, len(shifts)) if scores is None else torch.tensor(scores)
    return Detections(boxes, scores)


def test_each_kind_has_its_name():
    verdict = classify_errors(shifted(4, 10, 60, 95), TRUTH)
    assert verdict.kinds == (TRUE, DUPLICATE, POORLY_LOCALISED, BACKGROUND)
    assert verdict.missed.tolist() == [False, True]
    assert [verdict.count(kind) for kind in KINDS] == [1, 1, 1, 1]


def test_the_better_score_is_the_true_one_whatever_the_order():
    verdict = classify_errors(shifted(10, 4, scores=[0.6, 0.9]), TRUTH)
    assert verdict.kinds == (DUPLICATE, TRUE)


@pytest.mark.parametrize(
    ("shift", "kind"),
    # IoU = (100 - shift) / (100 + shift): 60/140 < 0.5 ≤ 68/132; 18/182 < 0.1 ≤ 20/180.
    [(32.0, TRUE), (40.0, POORLY_LOCALISED), (80.0, POORLY_LOCALISED), (82.0, BACKGROUND)],
)
def test_the_borders_between_the_kinds(shift, kind):
    assert classify_errors(shifted(shift), TRUTH).kinds == (kind,)


def test_an_iou_of_just_the_minimum_is_true():
    half = Detections(torch.tensor([[0.0, 0, 50, 40]]), torch.ones(1))
    assert classify_errors(half, TRUTH).kinds == (TRUE,)


def test_a_car_with_a_badly_placed_box_is_missed():
    assert classify_errors(shifted(60), TRUTH).missed.tolist() == [True, True]


def test_no_detections_and_no_cars():
    nothing = Detections(torch.zeros(0, 4), torch.zeros(0))
    assert classify_errors(nothing, TRUTH).missed.tolist() == [True, True]
    assert classify_errors(nothing, TRUTH).kinds == ()
    empty = classify_errors(shifted(0, 5), torch.zeros(0, 4))
    assert empty.kinds == (BACKGROUND, BACKGROUND)
    assert empty.missed.shape == (0,)


places = st.lists(st.integers(0, 300), max_size=6)


@given(places, places)
def test_true_and_missed_agree_with_the_matching(found_at, cars_at):
    def boxes(places):
        x = torch.tensor(places, dtype=torch.float32)
        return torch.stack([x, 0 * x, x + 100, 0 * x + 40], 1).reshape(-1, 4)

    found = Detections(boxes(found_at), torch.arange(len(found_at)) % 3 / 3)
    truth = boxes(cars_at)
    verdict = classify_errors(found, truth)
    is_true = match(found, truth, iou_at_least(0.5))
    assert [kind == TRUE for kind in verdict.kinds] == is_true.tolist()
    assert len(truth) - verdict.missed.sum() == is_true.sum()


@pytest.mark.parametrize(
    "options", [{"touching": 0.6}, {"minimum": 50}, {"minimum": float("nan")}, {"touching": -1}]
)
def test_kinds_without_a_border_between_them_are_refused(options):
    with pytest.raises(ValueError, match="0 <= touching <= minimum <= 1"):
        classify_errors(shifted(0), TRUTH, **options)
