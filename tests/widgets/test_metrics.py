"""The views of thresholds: what they count, and that each slider moves something."""

import re

import pytest
import torch

from helpers import widgets
from helpers.boxes import Detections, above, apply_nms
from helpers.datasets import Scene
from helpers.metrics import precision_recall
from helpers.thresholds import SCORE_FLOOR
from helpers.widgets.metrics import OVERLAPS


@pytest.fixture
def scenes(generator):
    """One scene with a car, one without."""
    images = torch.rand(2, 1, 60, 160, generator=generator)
    cars = torch.tensor([[10.0, 10, 110, 50]]), torch.zeros(0, 4)
    return [Scene(f"noise {k}", images[k], cars[k]) for k in (0, 1)]


@pytest.fixture
def candidates():
    """Around the car: two good boxes, one badly placed; a false alarm in the other scene."""
    boxes = torch.tensor([[12.0, 10, 112, 50], [16, 10, 116, 50], [60, 10, 160, 50]])
    other = torch.tensor([[0.0, 0, 100, 40]])
    return [
        Detections(boxes, torch.tensor([0.9, 0.8, 0.3])),
        Detections(other, torch.tensor([0.6])),
    ]


def test_a_threshold_counts_what_it_shows(scenes, candidates):
    curve = precision_recall(candidates, [s.boxes for s in scenes])
    _, low = widgets.plot_threshold(scenes[0], candidates[0], curve, 0.3)
    assert "true positives 1, false negatives 0; false positives: second boxes 1" in low
    assert "badly placed 1, on background 0." in low
    assert "precision 0.25, recall 1.00" in low
    _, high = widgets.plot_threshold(scenes[0], candidates[0], curve, 0.85)
    assert "true positives 1, false negatives 0; false positives: second boxes 0" in high
    assert "badly placed 0, on background 0." in high
    assert "precision 1.00, recall 1.00" in high
    figure, none = widgets.plot_threshold(scenes[0], candidates[0], curve, 0.95)
    assert "true positives 0, false negatives 1;" in none
    assert "recall 0.00" in none
    assert figure.axes[0].get_title() == "0 boxes, 1 missed"


def test_suppression_shows_the_cells_and_what_is_left(scenes, candidates):
    curve = widgets.suppression_curves(scenes, candidates)[0.3]
    figure, message = widgets.plot_suppression(scenes[0], candidates[0], curve, 0.5, 0.3)
    assert figure.axes[0].get_title() == "2 cells, 1 boxes, 0 missed"
    assert message.startswith("Overlap allowed 0.3. Threshold 0.50.")
    (dots,) = figure.axes[0].lines
    assert dots.get_xdata().tolist() == [62.0, 66.0]
    assert dots.get_ydata().tolist() == [30.0, 30.0]


def test_one_curve_serves_every_threshold(scenes, candidates):
    curves = widgets.suppression_curves(scenes, candidates)
    assert tuple(curves) == OVERLAPS
    ground_truth = [scene.boxes for scene in scenes]
    for overlap in OVERLAPS:
        for threshold in (SCORE_FLOOR, 0.35, 0.7, 0.85):
            thinned = [apply_nms(above(c, threshold), overlap) for c in candidates]
            expected = precision_recall(thinned, ground_truth).at(threshold)
            assert curves[overlap].at(threshold) == expected


def test_each_slider_moves_the_picture_and_has_a_label(scenes, candidates):
    views = (
        widgets.suppression_view(scenes, candidates),
        widgets.threshold_view(scenes, candidates),
    )
    for view in views:
        *controls, picture = view.children
        assert re.search(r'<img alt="[^"]{20,}"', picture.value)
        for control in controls:
            assert control.description
            before = picture.value
            control.value = control.max if control.value != control.max else control.min
            assert picture.value != before, control.description


def test_every_position_of_the_overlap_slider_has_its_curve(scenes, candidates):
    view = widgets.suppression_view(scenes, candidates)
    overlap = view.children[1]
    steps = round((overlap.max - overlap.min) / overlap.step)
    for k in range(steps + 1):
        overlap.value = overlap.min + k * overlap.step
        assert f"Overlap allowed {k / 10:.1f}." in view.children[-1].value
