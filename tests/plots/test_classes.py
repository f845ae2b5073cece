"""Figures of several classes and of colour images: each box says what it is."""

import pytest
import torch

from helpers import plots, widgets
from helpers.boxes import Detections
from helpers.datasets import Scene
from helpers.detector import Detector
from helpers.fcn import to_fcn
from helpers.geometry import Geometry
from helpers.models import make_classifier

CLASSES = ("background", "6", "9")
BOXES = torch.tensor([[4.0, 4, 20, 20], [30, 4, 46, 20]])
FOUND = Detections(BOXES, torch.tensor([0.93, 0.81]), torch.tensor([1, 2]))


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def colours(figure):
    return [patch.get_edgecolor()[:3] for patch in figure.axes[0].patches]


def test_each_box_has_its_class_before_its_score():
    image = torch.rand(1, 40, 60)
    assert texts(plots.scene_figure(image, FOUND, classes=CLASSES)) == ["6 0.93", "9 0.81"]
    assert texts(plots.scene_figure(image, FOUND)) == ["0.93", "0.81"]


def test_a_box_is_right_only_for_an_object_of_its_class():
    image = torch.rand(1, 40, 60)
    truth = colours(plots.scene_figure(image, FOUND, BOXES, labels=torch.tensor([1, 2])))
    swapped = colours(plots.scene_figure(image, FOUND, BOXES, labels=torch.tensor([1, 1])))
    without = colours(plots.scene_figure(image, FOUND, BOXES))
    assert truth == without
    assert len(set(truth)) == 2  # the ground truth and what is right
    assert len(set(swapped)) == 3  # and what is wrong


def test_several_scenes_know_their_classes_themselves():
    scene = Scene("page", torch.rand(1, 40, 60), BOXES, torch.tensor([1, 1]), CLASSES)
    assert texts(plots.detections_figure([scene], [FOUND])) == ["6 0.93", "9 0.81"]
    cars = Scene("street", torch.rand(1, 40, 60), BOXES)
    assert texts(plots.detections_figure([cars], [FOUND])) == ["0.93", "0.81"]


def test_a_colour_image_is_shown_in_its_colours():
    image = torch.rand(3, 40, 60)
    shown = plots.scene_figure(image, FOUND).axes[0].images[0].get_array()
    assert shown.shape == (40, 60, 3)
    assert torch.allclose(torch.tensor(shown), image.permute(1, 2, 0))
    grey = plots.scene_figure(image[:1], FOUND).axes[0].images[0].get_array()
    assert grey.shape == (40, 60)


def test_a_heatmap_says_of_which_class_it_is():
    geometry = Geometry((16, 16), (2, 2), (16, 16))
    image, ramp = torch.rand(3, 40, 60), torch.rand(13, 23)
    figure = plots.heatmap_figure(image, ramp, geometry, name="9")
    assert figure.axes[-1].get_ylabel() == 'probability of "9"'
    walk = plots.walk_figure(image, ramp, geometry, (3, 4), name="9")
    assert walk.axes[1].get_title().endswith("cells; bright: 9")
    level = plots.level_figure(image, ramp, FOUND, (40, 60), title="level 0", name="6")
    assert level.axes[-1].get_ylabel() == 'probability of "6"'


def test_views_of_heatmaps_take_a_class():
    model = make_classifier((16, 16), classes=3, seed=0).eval()
    scene = Scene("page", torch.rand(1, 30, 40), BOXES, torch.tensor([1, 1]), CLASSES)
    view = widgets.cell_view(scene, to_fcn(model, (16, 16)), label=2)
    assert "says 9 with probability" in view.children[-1].value
    detector = Detector(model, classes=CLASSES)
    [level] = widgets.pyramid_levels(scene.image, detector, [1.0], label="9")
    assert torch.equal(level.probability, detector.heatmap(scene.image, 2))
    with pytest.raises(ValueError, match="choose a class"):
        widgets.pyramid_levels(scene.image, detector, [1.0])
