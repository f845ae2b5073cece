"""Interactive views of scenes, their boxes, and the levels of a pyramid."""

from collections.abc import Sequence
from typing import NamedTuple

import ipywidgets
from torch import Tensor

from helpers import plots
from helpers.boxes import Detections, above, select
from helpers.datasets import Scene
from helpers.detector import Detector, resized
from helpers.images import as_image
from helpers.metrics import iou_at_least, match
from helpers.plots import level_figure
from helpers.thresholds import SCORE_FLOOR
from helpers.widgets.view import CaptionedFigure, view


def plot_detections(
    scene: Scene,
    candidates: Detections,
    threshold: float,
    iou_threshold: float,
    **shares: float | None,
) -> CaptionedFigure:
    """What is left of all candidates after a threshold and non-maximum suppression.

    Args:
        scene: with the ground truth.
        candidates: every cell as a box.
        threshold: the smallest probability that counts.
        iou_threshold: of NMS.
        shares: `inside_threshold` and `vote_threshold` of `select`, as a detector of several sizes
            has them.
    """
    cells = above(candidates, threshold)
    detections = select(cells, threshold=threshold, iou_threshold=iou_threshold, **shares)
    left = len(detections.boxes)
    true_positives = int(match(detections, scene.boxes, iou_at_least(0.5)).sum())
    figure = plots.scene_figure(
        scene.image,
        detections,
        scene.boxes,
        title=f"{len(cells.boxes)} cells, {left} boxes",
    )
    return figure, (
        f"Ground truth: {len(scene.boxes)}, true positives: {true_positives}, false positives:"
        f" {left - true_positives}, at threshold {threshold:.2f}, overlap allowed:"
        f" {iou_threshold:.2f}."
    )


def detection_view(
    scene: Scene, detector: Detector, *, label: int | str | None = None
) -> ipywidgets.VBox:
    """Move the threshold and the overlap of NMS, and see which boxes stay.

    Args:
        scene: with the ground truth.
        detector: of any classes.
        label: index or name of the class to be shown; needed where there are several.
    """
    scene, candidates = _of_class(scene, detector, label, SCORE_FLOOR)
    return view(
        lambda threshold, iou_threshold: plot_detections(
            scene, candidates, threshold, iou_threshold, **_shares(detector)
        ),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=SCORE_FLOOR, max=1.0, step=0.05, description="threshold"
        ),
        iou_threshold=ipywidgets.FloatSlider(
            value=0.3, min=0.0, max=1.0, step=0.05, description="NMS: overlap allowed (IoU)"
        ),
    )


def _shares(detector: Detector) -> dict[str, float | None]:
    """What else than NMS decides which boxes a detector shows, and where."""
    return {
        "inside_threshold": detector.inside_threshold,
        "vote_threshold": detector.vote_threshold,
    }


def _of_class(
    scene: Scene, detector: Detector, label: int | str | None, lowest: float
) -> tuple[Scene, Detections]:
    """A scene and its cells that score `lowest` or more, both of one class."""
    index = detector.label_of(label)
    # Cells that no slider position can show only make each answer slower.
    return scene.of(index), above(detector.candidates(scene.image).of(index), lowest)


class Level(NamedTuple):
    """One level of a pyramid: its scale, the small image, its heatmap, its detections, the window.

    `name` is the class they are of. `detections` are in pixels of the small image; `factors` [4]
    take their boxes back to the whole image.
    """

    scale: float
    image: Tensor
    probability: Tensor
    detections: Detections
    factors: Tensor
    window: tuple[int, int]
    name: str


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
        label: index or name of the class to be shown; needed where there are several.
    """
    levels, index = [], detector.label_of(label)
    window, name = tuple(detector.geometry.window), detector.classes[index]
    for scale in scales:
        small, factors = resized(as_image(image, detector.channels), scale)
        found, probability = detector(small).of(index), detector.heatmap(small, index)
        levels.append(Level(scale, small, probability, found, factors, window, name))
    return tuple(levels)


def plot_level(levels: Sequence[Level], number: int, size: tuple[int, int]) -> CaptionedFigure:
    """One level of a pyramid.

    Args:
        levels: all of them.
        number: which one, from 0.
        size: (height, width) of the whole image.
    """
    scale, image, probability, detections, _, window, name = levels[number]
    height, width = image.shape[-2:]
    title = f"level {number}, scale {scale:.2f}: {height}×{width} pixels"
    return level_figure(image, probability, detections, size, title=title, name=name), (
        f"Level {number} of the pyramid: the image shrunk by {scale:.2f} to {height}×{width}"
        f" pixels; the window of {window[0]}×{window[1]} fits what is about"
        f" {window[0] * scale:.0f}×{window[1] * scale:.0f} pixels large in the image."
        f" Detections here: {len(detections.boxes)}."
    )


def pyramid_view(
    scene: Scene,
    detector: Detector,
    scales: Sequence[float],
    *,
    label: int | str | None = None,
) -> ipywidgets.VBox:
    """Walk through the levels of a pyramid, and see which objects the window fits on each.

    Takes what `pyramid_levels` does, with the scene instead of its image.
    """
    levels = pyramid_levels(scene.image, detector, scales, label=label)
    size = tuple(scene.image.shape[-2:])
    return view(
        lambda level: plot_level(levels, level, size),
        level=ipywidgets.IntSlider(
            value=len(levels) // 2, max=len(levels) - 1, description="level of the pyramid"
        ),
    )


def scenes_view(
    scenes: Sequence[Scene],
    detector: Detector,
    *,
    lowest: float = SCORE_FLOOR,
    label: int | str | None = None,
) -> ipywidgets.VBox:
    """Choose a scene and a threshold from `lowest` on, and see the detections.

    Takes what `detection_view` does, with several scenes.
    """
    shown = [_of_class(scene, detector, label, lowest) for scene in scenes]
    return view(
        lambda scene, threshold: plot_detections(
            *shown[scene], threshold, detector.iou_threshold, **_shares(detector)
        ),
        scene=ipywidgets.IntSlider(value=0, max=len(scenes) - 1, description="scene"),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=lowest, max=1.0, step=0.05, description="threshold"
        ),
    )
