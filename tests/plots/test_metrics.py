"""Figures about boxes and their evaluation, compared with pictures in tests/plots/baseline."""

import pytest
import torch

from helpers import plots
from helpers.boxes import Detections
from helpers.calibration import Reliability
from helpers.metrics import precision_recall
from helpers.plots.metrics import _best_beyond

compare = pytest.mark.mpl_image_compare(baseline_dir="baseline", tolerance=6, style="default")
TRUTH = torch.tensor([[30.0, 20, 130, 60], [160, 30, 260, 70]])


@pytest.fixture
def image():
    return torch.linspace(0.2, 0.8, 280).expand(1, 90, 280).clone()


@pytest.fixture
def found():
    """One of each kind: true, second box, badly placed, false alarm; one car is missed."""
    x = torch.tensor([34.0, 40, 200, 20])
    y = torch.tensor([20.0, 25, 35, -15])
    boxes = torch.stack([x, y, x + 100, y + 40], 1)
    return Detections(boxes, torch.tensor([0.95, 0.8, 0.7, 0.55]))


@pytest.fixture
def curve(found):
    return precision_recall([found], [TRUTH])


@compare
def test_judged_figure(image, found):
    best = Detections(found.boxes[:1], found.scores[:1])
    return plots.judged_figure(image, {"all four": found, "the best": best}, TRUTH)


def test_each_kind_of_box_has_its_name_in_the_fields_words(image, found):
    figure = plots.judged_figure(image, {"all four": found}, TRUTH)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "ground truth, found",
        "false negative (missed)",
        "true positive",
        "false positive: second box",
        "false positive: badly placed",
        "false positive: on background",
    ]


@compare
def test_scene_and_curve(image, found, curve):
    cells = found.boxes + torch.tensor([2.0, 0, 2, 0])
    return plots.scene_and_curve(image, found, TRUTH, curve, 0.7, cells=cells, title="four boxes")


@compare
def test_area_figure():
    hits = torch.tensor([1.0, 1, 0, 1, 0, 0, 1])
    boxes = torch.stack([TRUTH[0] + 300 * k for k in range(7)])
    scores = torch.linspace(0.9, 0.3, 7)
    truths = [boxes[hits == 1], TRUTH]
    nothing = Detections(torch.zeros(0, 4), torch.zeros(0))
    return plots.area_figure(precision_recall([Detections(boxes, scores), nothing], truths))


def test_a_figure_can_be_drawn_over(image, found, curve):
    none = Detections(found.boxes[:0], found.scores[:0])
    used = plots.scene_and_curve(image, found, TRUTH, curve, 0.5, title="first")
    again = plots.scene_and_curve(image, none, TRUTH, curve, 0.97, title="second", figure=used)
    fresh = plots.scene_and_curve(image, none, TRUTH, curve, 0.97, title="second")
    assert again is used
    for old, new in zip(again.axes, fresh.axes, strict=True):
        assert old.get_title() == new.get_title()
        for name in ("images", "collections", "lines", "patches", "texts"):
            assert len(getattr(old, name)) == len(getattr(new, name)), name
    assert len(again.legends) == len(fresh.legends) == 1
    (point,) = again.axes[1].lines[1:]
    assert (point.get_xdata()[0], point.get_ydata()[0]) == (0.0, 1.0)


@pytest.mark.parametrize("recall", [0.0, 0.3, 0.5, 0.8, 1.0])
def test_the_best_beyond_a_recall(recall, curve):
    points = zip(curve.precision.tolist(), curve.recall.tolist(), strict=True)
    expected = max((p for p, r in points if r >= recall), default=0.0)
    assert _best_beyond(curve, recall) == expected


@compare
def test_roc_figure():
    alarms = torch.tensor([0.0, 0.0, 0.25, 1.0])
    hits = torch.tensor([0.0, 0.5, 1.0, 1.0])
    return plots.roc_figure({"one": (alarms, hits), "two": (alarms, hits**2)})


@pytest.mark.parametrize("count", [4, 5])
def test_no_curve_is_left_out(curve, count):
    line, table = torch.tensor([0.0, 1]), Reliability(*torch.ones(3, 1))
    for draw, one, others in (
        (plots.precision_recall_figure, curve, 0),
        (plots.roc_figure, (line, line), 1),
        (plots.reliability_figure, table, 1),
    ):
        curves = dict.fromkeys("abcde"[:count], one)
        if count == 4:
            assert len(draw(curves).axes[0].lines) == 4 + others
            continue
        with pytest.raises(ValueError, match="4 curves apart, not 5"):
            draw(curves)


def test_a_curve_of_no_detections_has_no_area():
    nothing = Detections(torch.zeros(0, 4), torch.zeros(0))
    figure = plots.area_figure(precision_recall([nothing], [TRUTH]))
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert "best from here on: AP 0.000" in labels
    assert plots.png(figure)


def test_the_area_in_the_legend_is_that_of_the_curve():
    curve = torch.tensor([0.0, 0.0, 0.5, 1.0]), torch.tensor([0.0, 0.5, 1.0, 1.0])
    figure = plots.roc_figure({"one": curve})
    # 0.5 of the width at a mean height of 0.75, and 0.5 at height 1.
    assert figure.axes[0].get_legend().get_texts()[0].get_text() == "one: area 0.875"
