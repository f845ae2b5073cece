"""Interactive views: a moved slider changes the picture, and its drawing says what it shows."""

import re

import ipywidgets
import pytest
import torch

from helpers import widgets
from helpers.boxes import Detections
from helpers.datasets import Scene
from helpers.detector import Detector
from helpers.fcn import to_fcn
from helpers.models import INPUT_SIZE
from helpers.plots.data import CAPTION, GAP
from helpers.training import Evaluation


@pytest.fixture
def images():
    return torch.rand(3, 1, 40, 100, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def scene():
    image = torch.rand(1, 60, 140, generator=torch.Generator().manual_seed(0))
    return Scene("noise", image, torch.tensor([[10.0, 10, 110, 50]]))


@pytest.fixture
def views(images, scene, classifier):
    fcn = to_fcn(classifier, INPUT_SIZE)
    evaluation = Evaluation(0.1, 0.9, torch.linspace(0, 1, 20))
    return {
        "augmentation": widgets.augmentation_view(images),
        "score": widgets.score_view(evaluation, torch.arange(20) // 10),
        "shapes": widgets.shapes_view(),
        "cell": widgets.cell_view(scene, fcn),
        "detection": widgets.detection_view(scene, Detector(fcn)),
    }


def move(control):
    """Another value, as a key press would give."""
    if isinstance(control, ipywidgets.Dropdown | ipywidgets.ToggleButtons):
        control.value = next(option for option in control.options if option != control.value)
    else:
        control.value = control.max if control.value != control.max else control.min


def test_every_control_of_every_view_changes_the_picture(views):
    for name, view in views.items():
        *controls, picture = view.children
        assert controls, name
        for control in controls:
            assert control.description, f"{name}: a control without a label"
            before = picture.value
            move(control)
            assert picture.value != before, f"{name}: {control.description} changes nothing"


def test_a_view_says_in_a_sentence_what_it_is_where_no_widget_is_shown(views):
    shown = views["detection"]._repr_mimebundle_()
    assert shown["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert shown["text/plain"] == (
        "A picture that moves where the lesson runs in JupyterLab, by: threshold,"
        " NMS: overlap allowed (IoU)."
    )


def test_every_picture_has_alt_text(views):
    for view in views.values():
        assert re.search(r'<img alt="[^"]{20,}"', view.children[-1].value)


def test_augmentation_shows_before_and_after(images):
    figure, _ = widgets.plot_augmented(images, "flip", 1)
    sheet = torch.from_numpy(figure.axes[0].images[0].get_array().data)
    down, across = 40 + CAPTION + GAP, 100 + GAP
    corners = [(row * down + CAPTION, col * across) for row in range(2) for col in range(3)]
    shown = torch.stack([sheet[y : y + 40, x : x + 100] for y, x in corners])
    torch.testing.assert_close(shown[:3], images[:, 0])
    changed = shown[3:]
    assert all(
        torch.equal(a, b) or torch.equal(a, b.flip(1))
        for a, b in zip(changed, images[:, 0], strict=True)
    )


@pytest.mark.parametrize(
    ("network", "height", "width", "last"),
    [("classifier", 40, 100, "2"), ("classifier", 60, 120, "2"), ("FCN", 44, 200, "2×2×26")],
)
def test_shapes_say_what_comes_out(network, height, width, last):
    figure, message = widgets.plot_shapes(network, height, width)
    assert message.endswith(f"down to {last}.")
    assert figure.axes[0].texts[-1].get_text() == last


def test_a_cell_is_shown_with_its_window(scene, classifier):
    fcn = to_fcn(classifier, INPUT_SIZE)
    probability = torch.full((6, 11), 0.25)
    _, message = widgets.plot_cell(scene, probability, fcn, 2, 3)
    assert "columns 12 to 111 and rows 8 to 47" in message
    assert "0.25" in message


def test_detections_count_hits_and_false_alarms(scene):
    boxes = torch.tensor([[12.0, 10, 112, 50], [16, 10, 116, 50], [40, 20, 140, 60]])
    candidates = Detections(boxes, torch.tensor([0.9, 0.8, 0.4]))
    _, strict = widgets.plot_detections(scene, candidates, 0.5, 0.3)
    assert "Ground truth: 1, true positives: 1, false positives: 0," in strict
    _, crowded = widgets.plot_detections(scene, candidates, 0.3, 1.0)
    assert "false positives: 2," in crowded
