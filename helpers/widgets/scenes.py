"""Interactive views of scenes, their boxes, and the levels of a pyramid."""

from collections.abc import Sequence
from typing import NamedTuple

import ipywidgets
from torch import Tensor

from helpers import plots
from helpers.boxes import Detections, above, apply_nms
from helpers.datasets import Scene
from helpers.detector import IOU_THRESHOLD, Detector, resized
from helpers.images import as_image
from helpers.metrics import iou_at_least, match
from helpers.plots import level_figure
from helpers.thresholds import SCORE_FLOOR
from helpers.widgets.view import CaptionedFigure, view


def plot_detections(
    scene: Scene, candidates: Detections, threshold: float, iou_threshold: float
) -> CaptionedFigure:
    """What is left of all candidates after a threshold and non-maximum suppression.

    Args:
        scene: with the ground truth.
        candidates: every cell as a box.
        threshold: the smallest probability that counts as a car.
        iou_threshold: of NMS.
    """
    cells = above(candidates, threshold)
    detections = apply_nms(cells, iou_threshold)
    left = len(detections.boxes)
    true_positives = int(match(detections, scene.boxes, iou_at_least(0.5)).sum())
    figure = plots.scene_figure(
        scene.image,
        detections,
        scene.boxes,
        title=f"{len(cells.boxes)} cells, {left} boxes",
    )
    return figure, (
        f"Cars: {len(scene.boxes)}, true positives: {true_positives}, false positives:"
        f" {left - true_positives}, at threshold {threshold:.2f}, overlap allowed:"
        f" {iou_threshold:.2f}."
    )


def detection_view(scene: Scene, detector: Detector) -> ipywidgets.VBox:
    """Move the threshold and the overlap of NMS, and see which boxes stay."""
    candidates = detector.candidates(scene.image)
    # Cells that no slider position can show only make each answer slower.
    candidates = above(candidates, SCORE_FLOOR)
    return view(
        lambda threshold, iou_threshold: plot_detections(
            scene, candidates, threshold, iou_threshold
        ),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=SCORE_FLOOR, max=1.0, step=0.05, description="threshold"
        ),
        iou_threshold=ipywidgets.FloatSlider(
            value=0.3, min=0.0, max=1.0, step=0.05, description="NMS: overlap allowed (IoU)"
        ),
    )


class Level(NamedTuple):
    """One level of a pyramid: its scale, the small image, its heatmap, and its detections.

    `detections` are in pixels of the small image; `factors` [4] take their boxes back to the whole
    image.
    """

    scale: float
    image: Tensor
    probability: Tensor
    detections: Detections
    factors: Tensor


def pyramid_levels(
    image: Tensor,
    detector: Detector,
    scales: Sequence[float],
    *,
    label: int | str | None = None,
) -> tuple[Level, ...]:
    """What a detector sees and finds in an image at each of several scales.

    Args:
        image: of any size and kind that `as_image` takes.
        detector: of one scale.
        scales: by which the image is shrunk.
        label: index or name of the class whose heatmaps are shown; needed where there are several.
    """
    levels = []
    for scale in scales:
        small, factors = resized(as_image(image, detector.channels), scale)
        levels.append(Level(scale, small, detector.heatmap(small, label), detector(small), factors))
    return tuple(levels)


def plot_level(levels: Sequence[Level], number: int, size: tuple[int, int]) -> CaptionedFigure:
    """One level of a pyramid.

    Args:
        levels: all of them.
        number: which one, from 0.
        size: (height, width) of the whole image.
    """
    scale, image, probability, detections, _ = levels[number]
    height, width = image.shape[-2:]
    title = f"level {number}, scale {scale:.2f}: {height}×{width} pixels"
    return level_figure(image, probability, detections, size, title=title), (
        f"Level {number} of the pyramid: the image shrunk by {scale:.2f} to {height}×{width}"
        f" pixels; the window of 40×100 finds cars that are about {100 * scale:.0f} pixels wide in"
        f" the image. Detections here: {len(detections.boxes)}."
    )


def pyramid_view(scene: Scene, detector: Detector, scales: Sequence[float]) -> ipywidgets.VBox:
    """Walk through the levels of a pyramid, and see which cars the window fits on each."""
    levels = pyramid_levels(scene.image, detector, scales)
    size = tuple(scene.image.shape[-2:])
    return view(
        lambda level: plot_level(levels, level, size),
        level=ipywidgets.IntSlider(
            value=len(levels) // 2, max=len(levels) - 1, description="level of the pyramid"
        ),
    )


def scenes_view(
    scenes: Sequence[Scene], detector: Detector, *, lowest: float = SCORE_FLOOR
) -> ipywidgets.VBox:
    """Choose a scene and a threshold from `lowest` on, and see the detections."""
    candidates = [above(detector.candidates(scene.image), lowest) for scene in scenes]
    return view(
        lambda scene, threshold: plot_detections(
            scenes[scene], candidates[scene], threshold, IOU_THRESHOLD
        ),
        scene=ipywidgets.IntSlider(value=0, max=len(scenes) - 1, description="scene"),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=lowest, max=1.0, step=0.05, description="threshold"
        ),
    )
