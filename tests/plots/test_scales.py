"""Figures of Lesson 08: compared with pictures, and what they show.

New baselines: `pytest tests/plots --mpl-generate-path=tests/plots/baseline`.
"""

import pytest
import torch

from helpers.boxes import Detections
from helpers.plots import level_figure, pyramid_figure

compare = pytest.mark.mpl_image_compare(baseline_dir="baseline", tolerance=6, style="default")


def ramp(height, width):
    return torch.linspace(0, 1, width).expand(1, height, width)


@compare
def test_pyramid_figure():
    images = [ramp(160, 300), ramp(80, 150), ramp(30, 60)]
    return pyramid_figure(images, ["scale 1", "scale 2", "scale 5"])


@compare
def test_level_figure():
    found = Detections(torch.tensor([[20.0, 10, 120, 50]]), torch.tensor([0.9]))
    heatmap = torch.linspace(0, 1, 60).reshape(5, 12)
    return level_figure(ramp(80, 150), heatmap, found, (160, 300), title="A level")


def test_in_a_pyramid_a_pixel_is_equally_large_at_each_level():
    figure = pyramid_figure([ramp(160, 300), ramp(80, 150)], ["one", "two"])
    figure.canvas.draw()
    sizes = []
    for axes in figure.axes:
        (left, _), (right, _) = axes.transData.transform([(0, 0), (1, 0)])
        sizes.append(right - left)
        (window,) = axes.patches
        assert (window.get_width(), window.get_height()) == (100, 40)
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02)


def test_a_pyramid_needs_a_caption_for_each_image():
    for images, captions in (([], []), ([ramp(50, 120)], ["one", "two"])):
        with pytest.raises(ValueError, match="captions"):
            pyramid_figure(images, captions)
