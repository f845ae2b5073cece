"""Figures of Lessons 04 and 05: what they show, and that a slider may draw them often."""

import pytest
import torch

from helpers import plots
from helpers.geometry import Geometry

compare = pytest.mark.mpl_image_compare(baseline_dir="baseline", tolerance=6, style="default")
GEOMETRY = Geometry((40, 100), (4, 4), (40, 100))


@pytest.fixture
def image():
    """A grey ramp with one bright block."""
    picture = torch.linspace(0, 0.6, 200).expand(1, 90, 200).clone()
    picture[:, 20:60, 30:130] = 1
    return picture


def ramp(rows, cols):
    return torch.linspace(0, 1, rows * cols).reshape(rows, cols)


@compare
def test_reshape_figure():
    return plots.reshape_figure(2, 2, 3)


@compare
def test_walk_figure(image):
    return plots.walk_figure(image, ramp(*GEOMETRY.cells(90, 200)), GEOMETRY, (5, 8))


def test_each_kernel_holds_every_weight_once_and_only_the_right_one_its_own_channel():
    _, *panels = plots.reshape_figure(3, 2, 4).axes
    written = [[int(text.get_text()) for text in axes.texts] for axes in panels]
    right, wrong = written[:3], written[3:]
    assert right == [[*range(8)], [*range(8, 16)], [*range(16, 24)]]
    assert sorted(number for kernel in wrong for number in kernel) == [*range(24)]
    assert wrong[0] == [0, 3, 6, 9, 12, 15, 18, 21]


def test_the_heatmap_is_filled_up_to_the_cell_and_no_further(image):
    before = ramp(13, 26)
    probability = before.clone()
    for row, col in ((0, 0), (5, 8), (12, 25)):
        left, right = plots.walk_figure(image, probability, GEOMETRY, (row, col)).axes
        shown = torch.from_numpy(right.images[0].get_array().filled(-1)).flatten()
        number = 26 * row + col
        assert torch.equal(shown[: number + 1], before.flatten()[: number + 1])
        assert (shown[number + 1 :] == -1).all()
        assert left.patches[0].get_xy() == (4 * col - 0.5, 4 * row - 0.5)
        assert right.patches[0].get_xy() == (col - 0.5, row - 0.5)
        assert f"{number + 1} of 338" in right.get_title()
    assert torch.equal(probability, before)


def test_a_slider_can_afford_it(image):
    """Time is spent on what is drawn, text above all; a test of time itself would be a dice."""
    figure = plots.walk_figure(image, ramp(13, 26), GEOMETRY, (5, 8))
    assert figure.get_layout_engine() is None
    width, height = figure.get_size_inches()
    assert width * height < 45
    labels = [axis.get_majorticklocs() for a in figure.axes for axis in (a.xaxis, a.yaxis)]
    assert sum(map(len, labels)) <= 10


def test_bad_input_is_refused(image):
    with pytest.raises(ValueError, match=r"no cell \(13, 0\)"):
        plots.walk_figure(image, ramp(13, 26), GEOMETRY, (13, 0))
    with pytest.raises(ValueError, match="1 to 4 channels"):
        plots.reshape_figure(5, 2, 2)
