"""The views of Lessons 08 and 09, on scenes whose answer is known."""

import re

import pytest
import torch

from helpers.boxes import Detections
from helpers.datasets import Scene
from helpers.detector import Detector
from helpers.widgets import (
    detection_view,
    plot_detections,
    plot_level,
    pyramid_levels,
    pyramid_view,
    scenes_view,
)


@pytest.fixture
def scene(scene_with):
    return Scene("one", scene_with(120, 220, (40, 60)), torch.tensor([[60.0, 40, 160, 80]]))


@pytest.fixture
def large(scene):
    """The same scene twice as large: its car is 200 pixels wide."""
    image = scene.image.repeat_interleave(2, 1).repeat_interleave(2, 2)
    return Scene("large", image, scene.boxes * 2)


def test_a_large_car_is_found_on_the_level_it_fits(large, pattern_classifier):
    levels = pyramid_levels(large.image, Detector(pattern_classifier), (1.0, 2.0))
    assert [level.scale for level in levels] == [1.0, 2.0]
    assert len(levels[0].detections.boxes) == 0
    torch.testing.assert_close(levels[1].detections.boxes * levels[1].factors, large.boxes)
    assert levels[1].image.shape == (1, 120, 220)
    assert levels[1].probability.max() > 0.99


def test_a_level_says_what_it_shows(large, pattern_classifier):
    levels = pyramid_levels(large.image, Detector(pattern_classifier), (1.0, 2.0))
    figure, message = plot_level(levels, 1, (240, 440))
    assert "120×220" in message
    assert "about 80×200 pixels large" in message
    assert message.endswith("Detections here: 1.")
    (box,) = figure.axes[0].patches
    assert (box.get_x() + 0.5, box.get_y() + 0.5) == (60, 40)
    assert figure.axes[0].get_xlim()[1] == 440
    _, other = plot_level(levels, 0, (240, 440))
    assert other.endswith("Detections here: 0.")


def moved(view):
    """The picture's HTML before and after each control was moved."""
    *controls, picture = view.children
    for control in controls:
        before = picture.value
        control.value = control.max if control.value != control.max else control.min
        yield before, picture.value


def test_every_slider_changes_the_picture(scene, large, pattern_classifier):
    detector = Detector(pattern_classifier)
    for view in (
        pyramid_view(large, detector, (1.0, 1.5, 2.0)),
        scenes_view([scene, large], detector),
    ):
        for before, after in moved(view):
            assert before != after
            assert re.search(r'<img alt="[^"]{20,}"', after)
        assert all(control.description for control in view.children[:-1])


def test_the_threshold_of_the_scenes_view_decides_what_stays(scene, pattern_classifier):
    view = scenes_view([scene], Detector(pattern_classifier))
    _, threshold, picture = view.children
    assert "Ground truth: 1, true positives: 1, false positives: 0," in picture.value
    threshold.value = 1.0
    assert "Ground truth: 1, true positives: 0, false positives: 0," in picture.value


@pytest.mark.parametrize("view_of", [detection_view, lambda scene, d: scenes_view([scene], d)])
def test_a_view_shows_the_boxes_of_a_detector_of_several_sizes(scene, pattern_classifier, view_of):
    detector = Detector(pattern_classifier, scales=(1.0, 2.0))
    part = torch.tensor([[80.0, 45, 130, 65]])  # of the car: its IoU is 0.25, and all is inside
    cells = Detections(torch.cat([scene.boxes, part]), torch.tensor([0.9, 0.8]))
    detector.candidates = lambda image: cells
    picture = view_of(scene, detector).children[-1]
    assert "Ground truth: 1, true positives: 1, false positives: 0," in picture.value


@pytest.mark.parametrize(("iou_threshold", "false"), [(0.2, 0), (0.3, 1)])
def test_the_scenes_view_suppresses_as_its_detector(
    scene, pattern_classifier, iou_threshold, false
):
    detector = Detector(pattern_classifier, iou_threshold=iou_threshold)
    part = torch.tensor([[80.0, 45, 130, 65]])  # its IoU with the car is 0.25
    cells = Detections(torch.cat([scene.boxes, part]), torch.tensor([0.9, 0.8]))
    detector.candidates = lambda image: cells
    picture = scenes_view([scene], detector).children[-1]
    assert f"true positives: 1, false positives: {false}," in picture.value


def test_boxes_are_shown_where_the_vote_has_moved_them(scene):
    cells = Detections(scene.boxes + torch.tensor([[-2.0], [2.0]]), torch.tensor([0.8, 0.8]))
    for shares, x in (({}, 58), ({"vote_threshold": 0.5}, 60)):
        figure, _ = plot_detections(scene, cells, 0.5, 0.3, **shares)
        assert figure.axes[0].patches[-1].get_x() + 0.5 == pytest.approx(x)
