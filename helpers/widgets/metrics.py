"""Interactive views of evaluation: thresholds and suppression."""

from collections.abc import Sequence

import ipywidgets
from matplotlib.figure import Figure
from torch import Tensor

from helpers import plots
from helpers.boxes import Detections, above, apply_nms
from helpers.datasets import Scene
from helpers.error_analysis import BACKGROUND, DUPLICATE, POORLY_LOCALISED, TRUE, classify_errors
from helpers.metrics import PrecisionRecall, precision_recall
from helpers.models import class_index
from helpers.thresholds import SCORE_FLOOR
from helpers.widgets.view import CaptionedFigure, view

OVERLAPS = tuple(k / 10 for k in range(11))


def plot_threshold(
    scene: Scene,
    detections: Detections,
    curve: PrecisionRecall,
    threshold: float,
    *,
    cells: Tensor | None = None,
    figure: Figure | None = None,
) -> CaptionedFigure:
    """What is right and wrong in one scene at a threshold, and the point on a curve over many.

    Args:
        scene: with the ground truth.
        detections: the scene's boxes after suppression, of any score.
        curve: over many scenes.
        threshold: the smallest probability that counts.
        cells: the boxes [N, 4] of all cells above the threshold, shown as dots.
        figure: an earlier one, which is used again: that is quicker.
    """
    shown = above(detections, threshold)
    verdict = classify_errors(shown, scene.boxes)
    precision, recall = curve.at(threshold)
    figure = plots.scene_and_curve(
        scene.image,
        shown,
        scene.boxes,
        curve,
        threshold,
        cells=cells,
        figure=figure,
        title=f"{len(shown.boxes)} boxes, {int(verdict.missed.sum())} missed",
    )
    return figure, (
        f"Threshold {threshold:.2f}. This scene: ground truth {len(scene.boxes)},"
        f" true positives {verdict.count(TRUE)}, false negatives {int(verdict.missed.sum())};"
        f" false positives: second boxes {verdict.count(DUPLICATE)},"
        f" badly placed {verdict.count(POORLY_LOCALISED)},"
        f" on background {verdict.count(BACKGROUND)}."
        f" All scenes: precision {precision:.2f}, recall {recall:.2f}."
    )


def threshold_view(
    scenes: Sequence[Scene],
    detections: Sequence[Detections],
    *,
    shown: int = 0,
    label: int | str | None = None,
) -> ipywidgets.VBox:
    """Choose a scene and move the threshold: its errors, and the point on the curve of all.

    Args:
        scenes: with the ground truth.
        detections: of each scene, after suppression, of any score.
        shown: which scene to begin with, from 0.
        label: index or name of the class to be shown; needed where there are several.
    """
    scenes, detections = _of_class(scenes, detections, label)
    curve = precision_recall(detections, [scene.boxes for scene in scenes])
    figure, _ = plot_threshold(scenes[shown], detections[shown], curve, 0.5)
    return view(
        lambda threshold, number: plot_threshold(
            scenes[number], detections[number], curve, threshold, figure=figure
        ),
        threshold=_slider("threshold", 0.5, SCORE_FLOOR, 1.0, 0.05),
        number=ipywidgets.IntSlider(value=shown, max=len(scenes) - 1, description="scene"),
    )


def plot_suppression(
    scene: Scene,
    candidates: Detections,
    curve: PrecisionRecall,
    threshold: float,
    iou_threshold: float,
    *,
    figure: Figure | None = None,
) -> CaptionedFigure:
    """Cells above a threshold, the boxes that NMS leaves of them, and the point on a curve.

    Args:
        scene: with the ground truth.
        candidates: every cell as a box.
        curve: over many scenes, with this `iou_threshold`.
        threshold: the smallest probability that counts.
        iou_threshold: of NMS.
        figure: an earlier one, which is used again.
    """
    cells = above(candidates, threshold)
    figure, message = plot_threshold(
        scene, apply_nms(cells, iou_threshold), curve, threshold, cells=cells.boxes, figure=figure
    )
    figure.axes[0].set_title(f"{len(cells.boxes)} cells, {figure.axes[0].get_title()}")
    return figure, f"Overlap allowed {iou_threshold:.1f}. {message}"


def suppression_curves(
    scenes: Sequence[Scene], candidates: Sequence[Detections]
) -> dict[float, PrecisionRecall]:
    """The precision-recall curve over scenes for each overlap in `OVERLAPS`.

    Suppressing first and cutting at a threshold afterwards is the same as the other way round,
    since a box is dropped only for a better one: so one curve serves every threshold.
    """
    ground_truth = [scene.boxes for scene in scenes]
    floored = [above(cells, SCORE_FLOOR) for cells in candidates]
    return {
        overlap: precision_recall([apply_nms(cells, overlap) for cells in floored], ground_truth)
        for overlap in OVERLAPS
    }


def suppression_view(
    scenes: Sequence[Scene],
    candidates: Sequence[Detections],
    *,
    shown: int = 0,
    label: int | str | None = None,
) -> ipywidgets.VBox:
    """Move the threshold and the overlap of NMS: boxes of one scene, and the point for all.

    Args:
        scenes: with the ground truth.
        candidates: every cell of each scene as a box.
        shown: the scene, from 0.
        label: index or name of the class to be shown; needed where there are several.
    """
    scenes, candidates = _of_class(scenes, candidates, label)
    curves = suppression_curves(scenes, candidates)
    scene, floored = scenes[shown], above(candidates[shown], SCORE_FLOOR)
    figure, _ = plot_suppression(scene, floored, curves[0.3], 0.5, 0.3)
    return view(
        lambda threshold, iou_threshold: plot_suppression(
            scene, floored, curves[round(iou_threshold, 1)], threshold, iou_threshold, figure=figure
        ),
        threshold=_slider("threshold", 0.5, SCORE_FLOOR, 1.0, 0.05),
        iou_threshold=_slider("NMS: overlap allowed (IoU)", 0.3, 0.0, 1.0, 0.1),
    )


def _of_class(
    scenes: Sequence[Scene], detections: Sequence[Detections], label: int | str | None
) -> tuple[list[Scene], list[Detections]]:
    """What is true and what was found of one class."""
    index = class_index(label, scenes[0].classes)
    return [scene.of(index) for scene in scenes], [found.of(index) for found in detections]


def _slider(name: str, value: float, low: float, high: float, step: float) -> ipywidgets.Widget:
    return ipywidgets.FloatSlider(value=value, min=low, max=high, step=step, description=name)
