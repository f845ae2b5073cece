"""Figures about evaluation: ROC, precision and recall, kinds of errors."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from helpers.boxes import Detections
from helpers.error_analysis import BACKGROUND, DUPLICATE, POORLY_LOCALISED, TRUE, classify_errors
from helpers.metrics import PrecisionRecall, area_under_curve, average_precision
from helpers.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    new_figure,
    picture,
    plain_names,
    with_looks,
)

#: Of several curves in one figure.
LOOKS = ((BLUE, "-"), (RED, "--"), (GREEN, "-."), (ORANGE, ":"))
PURPLE = "#CC79A7"
# Colour, line and width: each tells the kinds apart without the others.
STYLES = {
    TRUE: (BLUE, "solid", 2.0),
    DUPLICATE: (ORANGE, "dashdot", 1.6),
    POORLY_LOCALISED: (PURPLE, (0, (6, 2)), 2.0),
    BACKGROUND: (RED, "dotted", 2.2),
}
FOUND, MISSED = "ground truth, found", "false negative (missed)"

# What a kind of error is in the field's words.
NAMES = {
    TRUE: "true positive",
    DUPLICATE: "false positive: second box",
    POORLY_LOCALISED: "false positive: badly placed",
    BACKGROUND: "false positive: on background",
}


@plain_names
def precision_recall_figure(curves: Mapping[str, PrecisionRecall]) -> Figure:
    """Precision-recall curves, each with its area. Raises ValueError for more than four."""
    figure, [[axes]] = new_figure(6, 4.2)
    for (name, curve), (colour, style) in with_looks(curves, LOOKS):
        recall = torch.cat([torch.zeros(1), curve.recall])
        precision = torch.cat([torch.ones(1), curve.precision])
        label = f"{name}: area {area_under_curve(curve):.3f}"
        axes.plot(recall, precision, color=colour, linestyle=style, linewidth=2, label=label)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.set_title("Precision and recall as the threshold falls")
    axes.grid(alpha=0.3)
    # Below: inside, it would hide the curve of one detector or another.
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


@plain_names
def roc_figure(curves: Mapping[str, tuple[Tensor, Tensor]], *, name: str = "car") -> Figure:
    """ROC curves: the false and the true positive rates [K] of each, in rising order.

    `name` is the class that is looked for. Raises ValueError for more than four curves.
    """
    figure = Figure(figsize=(6, 4.4), layout="constrained")
    axes = figure.subplots()
    for (key, (false, true)), (colour, line) in with_looks(curves, LOOKS):
        area = torch.trapezoid(true, false).item()
        label = f"{key}: area {area:.3f}"
        axes.plot(false, true, color=colour, linestyle=line, linewidth=2, label=label)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="guessing: area 0.500")
    axes.set(
        title="Each threshold is one point",
        xlabel=f'false positive rate: share of the others called "{name}"',
        ylabel=f'true positive rate: share of "{name}" called so',
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure


def _outlines(axes: Axes, boxes: Tensor, colour: str, style: object, width: float) -> None:
    """Boxes [N, 4] as one artist: much faster than a patch for each."""
    # Pixel (0, 0) covers -0.5 to 0.5 in matplotlib, 0 to 1 in box coordinates.
    x1, y1, x2, y2 = (boxes - 0.5).unbind(1)
    x, y = torch.stack([x1, x2, x2, x1, x1], 1), torch.stack([y1, y1, y2, y2, y1], 1)
    corners = torch.stack([x, y], 2)  # [N, 5, 2]: once around, back to where it began
    axes.add_collection(
        LineCollection(corners.numpy(), colors=colour, linestyles=style, linewidths=width),
        autolim=False,
    )


def plot_judged(
    axes: Axes, image: Tensor, detections: Detections, ground_truth: Tensor
) -> list[str]:
    """An image with each box as what it is (see `error_analysis`); returns the kinds that occur."""
    verdict = classify_errors(detections, ground_truth)
    height, width = image.shape[-2:]
    picture(axes, image)
    present = []
    for name, chosen in ((FOUND, ~verdict.missed), (MISSED, verdict.missed)):
        if chosen.any():
            _outlines(axes, ground_truth[chosen], GREEN, "dashed", 1 if name == FOUND else 3)
            present.append(name)
    # What is right comes last and lies on top.
    for kind in (BACKGROUND, POORLY_LOCALISED, DUPLICATE, TRUE):
        chosen = torch.tensor([k == kind for k in verdict.kinds], dtype=torch.bool)
        if chosen.any():
            _outlines(axes, detections.boxes[chosen], *STYLES[kind])
            present.append(kind)
    axes.set(xlim=(-20, width + 20), ylim=(height + 20, -20))
    return present


def _legend(figure: Figure, present: Sequence[str], **looks: object) -> None:
    """One key for all panels, in a fixed order."""
    styles = {FOUND: (GREEN, "dashed", 1.0), MISSED: (GREEN, "dashed", 3.0)} | STYLES
    names = [name for name in styles if name in present]
    handles = [
        LineCollection([[(0, 0)]], colors=styles[n][0], linestyles=[styles[n][1]], lw=styles[n][2])
        for n in names
    ]
    labels = [NAMES.get(name, name) for name in names]
    figure.legend(handles, labels, frameon=False, columnspacing=1.2, **looks)


@plain_names
def judged_figure(
    image: Tensor, detections: Mapping[str, Detections], ground_truth: Tensor
) -> Figure:
    """One image under each of several settings, its boxes drawn as what they are."""
    height, width = image.shape[-2:]
    # Wide images one below the other, others side by side.
    rows, columns = (len(detections), 1) if width > 3 * height else (1, len(detections))
    tall = rows * (9 / columns * (height + 40) / (width + 40) + 0.3) + 1
    figure = Figure(figsize=(9, tall), layout="constrained")
    spots = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    present = set()
    for axes, (name, under_it) in zip(spots.flat, detections.items(), strict=True):
        present.update(plot_judged(axes, image, under_it, ground_truth))
        axes.set(title=name, xlabel="column (pixels)", ylabel="row (pixels)")
        axes.label_outer()
    _legend(figure, sorted(present), fontsize=11, loc="outside lower center", ncols=3)
    return figure


def scene_and_curve(
    image: Tensor,
    detections: Detections,
    ground_truth: Tensor,
    curve: PrecisionRecall,
    threshold: float,
    *,
    cells: Tensor | None = None,
    title: str = "",
    figure: Figure | None = None,
) -> Figure:
    """A scene's boxes, beside a precision-recall curve with the point of `threshold`.

    `cells` [N, 4] are boxes whose centres are marked by dots. A slider waits for this figure: the
    positions are fixed, the ticks few, and an earlier `figure` can be drawn over.
    """
    if figure is None:
        figure = Figure(figsize=(8.6, 3.7))
        figure.add_axes((0.07, 0.27, 0.53, 0.65))
        figure.add_axes((0.7, 0.2, 0.28, 0.7))
    left, right = figure.axes
    for artist in (*left.images, *left.collections, *left.lines, *right.lines):
        artist.remove()
    figure.legends.clear()
    present = plot_judged(left, image, detections, ground_truth)
    if cells is not None:
        centres = (cells[:, :2] + cells[:, 2:]) / 2
        left.plot(*centres.T.numpy(), ".", color=ORANGE, markersize=3)
    left.set(title=title, xlabel="column (pixels)", ylabel="row (pixels)")
    height, width = image.shape[-2:]
    left.set(xticks=(0, width // 2, width), yticks=(0, height // 2, height))
    _legend(figure, present, fontsize=10, loc="lower left", ncols=3)
    precision, recall = curve.at(threshold)
    right.plot([0, *curve.recall.tolist()], [1, *curve.precision.tolist()], color=BLUE)
    right.plot([recall], [precision], "o", color=RED, markersize=9)
    right.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="recall", ylabel="precision")
    right.set(title=f"at threshold {threshold:.2f}", xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    return figure


def area_figure(curve: PrecisionRecall) -> Figure:
    """One curve under which areas are measured: by trapezoids, and under the best from here on."""
    recall = torch.cat([torch.zeros(1).double(), curve.recall])
    precision = torch.cat([torch.ones(1).double(), curve.precision])
    best = curve.precision.flip(0).cummax(0).values.flip(0)
    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(recall, precision, color=BLUE, alpha=0.15, label="area by trapezoids")
    axes.plot(recall, precision, color=BLUE, marker=".", label="measured points")
    axes.step(
        [0, *curve.recall.tolist()],
        [best[0].item() if len(best) else 0, *best.tolist()],
        color=ORANGE,
        linestyle="--",
        where="pre",
        label=f"best from here on: AP {average_precision(curve):.3f}",
    )
    tenths = [k / 10 for k in range(11)]
    heights = [_best_beyond(curve, k) for k in tenths]
    axes.plot(tenths, heights, "s", color=GREEN, markersize=6, label="read at 11 recalls")
    axes.set(xlim=(-0.02, 1.02), ylim=(0, 1.04), xlabel="recall", ylabel="precision")
    axes.set_title("One curve, three ways to sum it up")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", fontsize=9)
    return figure


def _best_beyond(curve: PrecisionRecall, recall: float) -> float:
    """The best precision at this recall or beyond, 0 where it is never reached."""
    reached = curve.precision[curve.recall >= recall]
    return reached.max().item() if len(reached) else 0.0
