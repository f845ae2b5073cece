"""The figures of the course. Each function takes data and returns a matplotlib `Figure`.

`show` puts a figure on the page. Lessons with many figures of their own have further modules:
`plots_data`, `plots_classifier`, `plots_metrics` and others.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator
from torch import Tensor

from helpers.boxes import Detections, box_iou
from helpers.figures import (
    BLUE,
    DPI,
    GREEN,
    GREY,
    ORANGE,
    RED,
    draw_boxes,
    draw_scene,
    figure_html,
    framed_figure,
    new_figure,
    picture,
    png,
    show,
)
from helpers.geometry import Geometry
from helpers.metrics import PrecisionRecall, area_under_curve
from helpers.plots_bench import bench_figure
from helpers.plots_gallery import detections_figure, gallery
from helpers.training import History

__all__ = [
    "BLUE",
    "DPI",
    "GREEN",
    "GREY",
    "ORANGE",
    "RED",
    "bench_figure",
    "crop_grid",
    "detections_figure",
    "draw_boxes",
    "figure_html",
    "gallery",
    "heatmap_figure",
    "layer_shapes",
    "overlap_figure",
    "png",
    "precision_recall_figure",
    "scene_figure",
    "score_histogram",
    "show",
    "training_curves",
]


def crop_grid(
    images: Tensor, captions: Sequence[str] | None = None, *, columns: int = 6, title: str = ""
) -> Figure:
    """Crops [N, 1, H, W] side by side, each with its caption."""
    if len(images) == 0:
        raise ValueError("no images to show")
    rows = -(-len(images) // columns)
    height, width = images.shape[-2:]
    tall = (10 / columns) * height / width + (0.32 if captions is not None else 0.08)
    figure, axes = new_figure(10, rows * tall + 0.45, rows, columns)
    for k, spot in enumerate(axes.flat):
        spot.axis("off")
        if k < len(images):
            picture(spot, images[k])
            if captions is not None:
                spot.set_title(captions[k], fontsize=12 if columns <= 4 else 9)
    figure.suptitle(title)
    return figure


def scene_figure(
    image: Tensor, found: Detections, truth: Tensor | None = None, *, title: str = ""
) -> Figure:
    """A scene with what was found (true in blue, false in red) and, dashed, the true boxes.

    Without `truth` everything found is blue.
    """
    height, width = image.shape[-2:]
    # Room for the margins around the image, the title and the labels.
    figure, axes = framed_figure(8, 7.2 * (height + 40) / (width + 40) + 0.85)
    draw_scene(axes, image, found, truth, legend=False)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set(xlabel="column (pixels)", ylabel="row (pixels)")
    if axes.get_legend_handles_labels()[0]:  # above the picture, of which it hides nothing
        axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.98), ncols=3, frameon=False)
    axes.set(xticks=(0, width // 2, width), yticks=(0, height // 2, height))  # each takes time
    return figure


def training_curves(history: History, *, augmented: bool = True) -> Figure:
    """Loss and accuracy after each epoch, training (augmented or not) beside validation."""
    figure, [[left, right]] = new_figure(9, 3.5, 1, 2)
    name_of_training = "training (augmented)" if augmented else "training"
    epochs = range(1, len(history.train_loss) + 1)
    for axes, name, train, val in (
        (left, "loss", history.train_loss, history.val_loss),
        (right, "accuracy", history.train_accuracy, history.val_accuracy),
    ):
        axes.plot(epochs, train, color=ORANGE, marker="o", label=name_of_training)
        if val:
            axes.plot(epochs, val, color=BLUE, marker="s", label="validation")
        if history.best_epoch is not None:
            axes.axvline(history.best_epoch + 1, color=GREY, linestyle=":", label="weights kept")
        axes.set(title=name.capitalize(), xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    left.set_yscale("log")
    left.yaxis.set_minor_formatter(NullFormatter())
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def score_histogram(probabilities: Tensor, labels: Tensor, threshold: float = 0.5) -> Figure:
    """How the probabilities of cars and others are spread, and what a threshold makes of them."""
    called = probabilities >= threshold
    counts = [
        int((called == bool(guess))[labels == truth].sum()) for truth in (1, 0) for guess in (1, 0)
    ]
    figure, axes = framed_figure(8, 3.7, top=0.68)
    bins = np.linspace(0, 1, 41)
    for truth, name, look in (
        (0, "not a car", {"color": ORANGE, "alpha": 0.8}),
        (1, "car", {"color": BLUE, "alpha": 0.6, "hatch": "//"}),
    ):
        values = probabilities[labels == truth].numpy()
        axes.hist(values, bins, histtype="stepfilled", label=name, **look)  # faster than 40 bars
    axes.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.2f}")
    axes.set(
        title=f"cars: {counts[0]} called car, {counts[1]} missed"
        f"; others: {counts[2]} called car, {counts[3]} left alone",
        xlabel='probability of "car"',
        ylabel="crops (log scale)",
        yscale="symlog",
    )
    # Whole numbers, without powers and small ticks, which are slow to draw.
    marks = [0, *(10**k for k in range(1 + int(np.log10(len(labels) + 1))))]
    axes.set_yticks(marks, [f"{mark:,}" for mark in marks])
    axes.yaxis.set_minor_locator(NullLocator())
    # Above everything: inside, it would stand in the way of the line at one threshold or another.
    figure.legend(loc="upper center", ncols=3, frameon=False)
    return figure


def layer_shapes(names: Sequence[str], shapes: Sequence[tuple[int, ...]], title: str) -> Figure:
    """Each layer's output as a bar: its length counts the numbers in it (log scale)."""
    figure, axes = framed_figure(8, 0.34 * len(names) + 0.9, left=1.6)
    powers = [float(np.log10(np.prod(shape))) for shape in shapes]
    flat = [len(shape) == 1 or tuple(shape[1:]) == (1, 1) for shape in shapes]
    axes.barh(range(len(names)), powers, color=[ORANGE if f else BLUE for f in flat])
    # Tick labels and log axes take long, and a slider waits.
    beside = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
    for k, (name, shape, power) in enumerate(zip(names, shapes, powers, strict=True)):
        axes.text(-0.01, k, name, **beside)
        axes.text(power + 0.06, k, "×".join(map(str, shape)), va="center", fontsize=9)
    marks = range(0, int(max(powers) + 0.7) + 1, 2)  # beyond, a label would be cut off
    axes.set_xticks(marks, [f"{10**mark:,}" for mark in marks])
    axes.set(yticks=(), xlim=(0, max(powers) + 1.15), ylim=(len(names) - 0.5, -0.5), title=title)
    orange = "; orange: no height and width left" if any(flat) else ""
    axes.set_xlabel("numbers in the output (log scale)" + orange)
    return figure


def heatmap_figure(
    image: Tensor, probability: Tensor, geometry: Geometry, *, cell: tuple[int, int] | None = None
) -> Figure:
    """An image beside its heatmap [rows, cols]; `cell` (row, col) is marked with its window."""
    height, width = image.shape[-2:]
    figure, [[left, right]] = new_figure(10, 4.2 * height / width + 0.9, 1, 2)
    picture(left, image)
    left.set(title="image", xlabel="column (pixels)", ylabel="row (pixels)")
    drawn = right.imshow(probability.detach().cpu().numpy(), cmap="cividis", vmin=0, vmax=1)
    right.set(title="heatmap", xlabel="column (cells)", ylabel="row (cells)")
    figure.colorbar(drawn, ax=right, label='probability of "car"', shrink=0.7)
    if cell is not None:
        row, col = cell
        boxes = geometry.boxes(*probability.shape)
        draw_boxes(left, boxes[row * probability.shape[1] + col][None], ORANGE)
        right.add_patch(Rectangle((col - 0.5, row - 0.5), 1, 1, fill=False, ec=ORANGE, lw=2))
    return figure


def precision_recall_figure(curves: Mapping[str, PrecisionRecall]) -> Figure:
    """Precision-recall curves, each with its area."""
    figure, [[axes]] = new_figure(6, 4.2)
    styles = zip((BLUE, RED, GREEN, ORANGE), ("-", "--", "-.", ":"), strict=True)
    for (name, curve), (colour, style) in zip(curves.items(), styles, strict=False):
        recall = torch.cat([torch.zeros(1), curve.recall])
        precision = torch.cat([torch.ones(1), curve.precision])
        label = f"{name}: area {area_under_curve(curve):.3f}"
        axes.plot(recall, precision, color=colour, linestyle=style, linewidth=2, label=label)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="recall", ylabel="precision")
    axes.set_title("Precision and recall as the threshold falls")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    return figure


def overlap_figure(first: Tensor, second: Tensor) -> Figure:
    """Two boxes [4] and their intersection over union."""
    figure, [[axes]] = new_figure(6, 2.4)
    draw_boxes(axes, first[None], BLUE, label="first box")
    draw_boxes(axes, second[None], ORANGE, style="--", label="second box")
    (x1, y1), (x2, y2) = (
        torch.minimum(first, second)[:2].tolist(),
        torch.maximum(first, second)[2:].tolist(),
    )
    axes.set(xlim=(x1 - 10, x2 + 10), ylim=(y2 + 10, y1 - 10), aspect="equal")
    iou = box_iou(first[None], second[None]).item()
    axes.set(title=f"IoU = {iou:.2f}", xlabel="x (pixels)", ylabel="y (pixels)")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure
