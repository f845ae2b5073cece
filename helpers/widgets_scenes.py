"""Interactive views of Lessons 08 and 09: the levels of a pyramid, and scenes to walk through."""

from collections.abc import Sequence
from typing import NamedTuple

import ipywidgets
from torch import Tensor

from helpers.boxes import Detections, above
from helpers.datasets import Scene
from helpers.detector import NMS_IOU, Detector, resized
from helpers.images import as_grey
from helpers.plots_scales import level_figure
from helpers.widgets import Drawing, draw_detections, view


class Level(NamedTuple):
    """One level of a pyramid: its scale, the small image, its heatmap, and the boxes found there.

    `found` is in pixels of the small image; `factors` [4] take its boxes back to the whole image.
    """

    scale: float
    image: Tensor
    probability: Tensor
    found: Detections
    factors: Tensor


def pyramid_levels(image: Tensor, detector: Detector, scales: Sequence[float]) -> tuple[Level, ...]:
    """What `detector` (of one scale) sees and finds in an image at each of several scales."""
    levels = []
    for scale in scales:
        small, factors = resized(as_grey(image), scale)
        levels.append(Level(scale, small, detector.heatmap(small), detector(small), factors))
    return tuple(levels)


def draw_level(levels: Sequence[Level], number: int, size: tuple[int, int]) -> Drawing:
    """One level of a pyramid over an image of `size` (height, width)."""
    scale, image, probability, found, _ = levels[number]
    height, width = image.shape[-2:]
    title = f"level {number}, scale {scale:.2f}: {height}×{width} pixels"
    return level_figure(image, probability, found, size, title=title), (
        f"Level {number} of the pyramid: the image shrunk by {scale:.2f} to {height}×{width}"
        f" pixels; the window of 40×100 finds cars that are about {100 * scale:.0f} pixels wide in"
        f" the image. Boxes found here: {len(found.boxes)}."
    )


def pyramid_view(scene: Scene, detector: Detector, scales: Sequence[float]) -> ipywidgets.VBox:
    """Walk through the levels of a pyramid, and see which cars the window fits on each."""
    levels = pyramid_levels(scene.image, detector, scales)
    size = tuple(scene.image.shape[-2:])
    return view(
        lambda level: draw_level(levels, level, size),
        level=ipywidgets.IntSlider(
            value=len(levels) // 2, max=len(levels) - 1, description="level of the pyramid"
        ),
    )


def scenes_view(
    scenes: Sequence[Scene], detector: Detector, *, lowest: float = 0.05
) -> ipywidgets.VBox:
    """Choose a scene and a threshold from `lowest` on, and see what is found."""
    candidates = [above(detector.candidates(scene.image), lowest) for scene in scenes]
    return view(
        lambda scene, threshold: draw_detections(
            scenes[scene], candidates[scene], threshold, NMS_IOU
        ),
        scene=ipywidgets.IntSlider(value=0, max=len(scenes) - 1, description="scene"),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=lowest, max=1.0, step=0.05, description="threshold"
        ),
    )
