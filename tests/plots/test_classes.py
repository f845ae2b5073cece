"""Figures of several classes and of colour images: each box says what it is."""

import pytest
import torch
from torch import nn

from helpers import plots, widgets
from helpers.boxes import Detections
from helpers.datasets import Crops, Scene
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


@pytest.mark.parametrize(
    "figure",
    [
        lambda image: plots.contact_sheet(image[None], columns=1),
        lambda image: plots.pictures_with_boxes({"one": (image, BOXES)}),
        lambda image: plots.judged_figure(image, {"one": FOUND}, BOXES),
        lambda image: plots.pyramid_figure([image], ["one"], window=(16, 16)),
    ],
    ids=["contact sheet", "pictures with boxes", "judged", "pyramid"],
)
def test_colours_are_shown_wherever_images_are(figure, generator):
    image = torch.rand(3, 40, 60, generator=generator)
    shown = torch.tensor(figure(image).axes[0].images[0].get_array())
    assert torch.allclose(shown[:40], image.permute(1, 2, 0))


def test_figures_of_a_classifier_name_its_class():
    scores, labels = torch.tensor([0.9, 0.2, 0.6]), torch.tensor([1, 0, 1])
    histogram = plots.score_histogram(scores, labels, name="cup")
    assert histogram.axes[0].get_xlabel() == 'probability of "cup"'
    matrix = plots.confusion_figure(1, 2, 3, 4, name="cup").axes[0]
    assert [t.get_text() for t in matrix.get_yticklabels()] == ["is a cup", "is not"]
    rates = {"ours": (torch.tensor([0.0, 1]), torch.tensor([0.0, 1]))}
    assert '"cup"' in plots.roc_figure(rates, name="cup").axes[0].get_ylabel()


class OneClass(nn.Module):
    """Says with certainty that each window of 16×16 holds a "9"."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 3, 16, stride=2)
        nn.init.zeros_(self.layer.weight)
        self.layer.bias.data = torch.tensor([0.0, 0, 9])

    def forward(self, x):
        return self.layer(x).flatten(1)


def test_a_box_of_another_class_takes_no_object_in_a_view():
    nines = Detector(OneClass().eval(), classes=CLASSES, input_size=(16, 16), border=0)
    page = torch.rand(1, 16, 16), torch.tensor([[0.0, 0, 16, 16]])
    for truth, right, wrong in ((2, 1, 0), (1, 0, 1)):
        scene = Scene("page", *page, torch.tensor([truth]), CLASSES)
        counts = f"Ground truth: {right}, true positives: {right}, false positives: {wrong}"
        for view in (
            widgets.detection_view(scene, nines, label="9"),
            widgets.scenes_view([scene], nines, label=2),
        ):
            assert counts in view.children[-1].value
        found = [nines(scene.image)]
        other = Scene("one more", *page, torch.tensor([2]), CLASSES)
        view = widgets.threshold_view([scene, other], found * 2, label="9")
        assert f"ground truth {right}, true positives {right}" in view.children[-1].value
        level = widgets.pyramid_view(scene, nines, [1.0], label="6").children[-1]
        assert "Detections here: 0" in level.value
        assert "window of 16×16" in level.value


@pytest.mark.parametrize(
    "view",
    [
        lambda scene, detector: widgets.detection_view(scene, detector),
        lambda scene, detector: widgets.scenes_view([scene], detector),
        lambda scene, detector: widgets.pyramid_view(scene, detector, [1.0]),
        lambda scene, detector: widgets.threshold_view([scene], [FOUND]),
        lambda scene, detector: widgets.suppression_view([scene], [FOUND]),
    ],
    ids=["detection", "scenes", "pyramid", "threshold", "suppression"],
)
def test_views_of_several_classes_ask_which(view):
    detector = Detector(OneClass().eval(), classes=CLASSES, input_size=(16, 16))
    scene = Scene("page", torch.rand(1, 30, 40), BOXES, torch.tensor([1, 2]), CLASSES)
    with pytest.raises(ValueError, match=r"choose a class by label=\.{3}: background, 6, 9"):
        view(scene, detector)


def test_crops_are_looked_at_by_their_own_classes():
    crops = Crops(torch.rand(4, 1, 16, 16), torch.tensor([0, 1, 2, 2]), classes=CLASSES)
    _, message = widgets.plot_crops(crops, "train", "9", 0)
    assert message == "2 of the 2 crops of “9” in train: 2 labelled 2 (9)."
    kinds = widgets.data_view({"train": crops}).children[1].options
    assert kinds == ("everything", "background", "6", "9")
