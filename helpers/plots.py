"""Figures. Each function takes data and returns a matplotlib `Figure`; `show` puts it on the page.

Colours are those of Okabe and Ito (2008), which colour-blind people can tell apart; figures bring
their own light background, so that they read the same on a dark theme.
"""

import base64
import html
import io
from collections.abc import Mapping, Sequence
from textwrap import wrap

import numpy as np
import torch
from IPython.display import HTML, display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from helpers.boxes import Detections, box_iou
from helpers.datasets import Crops, Scene
from helpers.geometry import Geometry
from helpers.metrics import PrecisionRecall, area_under_curve, iou_at_least, match
from helpers.timing import Ratio
from helpers.training import History

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
DPI = 110


def png(figure: Figure, *, quick: bool = False) -> bytes:
    """A figure as the contents of a PNG file; `quick`: for one that a slider waits for."""
    buffer = io.BytesIO()
    how = {"dpi": 90, "pil_kwargs": {"compress_level": 1}} if quick else {"dpi": DPI}
    figure.savefig(buffer, format="png", facecolor="white", metadata={"Software": None}, **how)
    return buffer.getvalue()


def figure_html(figure: Figure, message: str, *, quick: bool = False) -> str:
    """A figure as an HTML picture with `message` as its alt text and its caption."""
    data = base64.b64encode(png(figure, quick=quick)).decode()
    text = html.escape(message, quote=True)
    return (
        f'<figure style="margin: 0"><img alt="{text}" style="max-width: 100%; background: white"'
        f' src="data:image/png;base64,{data}"><figcaption>{text}</figcaption></figure>'
    )


def show(figure: Figure, message: str) -> None:
    """Show a figure in a notebook. `message` says in words what it shows.

    JupyterLab gives no alt text to the pictures of matplotlib; this way there is one.
    """
    if not message.strip():
        raise ValueError("say in words what the figure shows: not everybody sees it")
    display(HTML(figure_html(figure, message)))


def _figure(width: float, height: float, rows: int = 1, cols: int = 1) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, cols, squeeze=False)


def _picture(axes: Axes, image: Tensor) -> None:
    pixels = image.detach().cpu().reshape(image.shape[-2:]).numpy()
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1)


def crop_grid(
    images: Tensor, captions: Sequence[str] | None = None, *, columns: int = 6, title: str = ""
) -> Figure:
    """Crops [N, 1, H, W] side by side, each with its caption."""
    if len(images) == 0:
        raise ValueError("no images to show")
    rows = -(-len(images) // columns)
    height, width = images.shape[-2:]
    tall = (10 / columns) * height / width + (0.28 if captions is not None else 0.08)
    figure, axes = _figure(10, rows * tall + 0.45, rows, columns)
    for k, spot in enumerate(axes.flat):
        spot.axis("off")
        if k < len(images):
            _picture(spot, images[k])
            if captions is not None:
                spot.set_title(captions[k], fontsize=9)
    figure.suptitle(title)
    return figure


def draw_boxes(
    axes: Axes, boxes: Tensor, colour: str, *, style: str = "-", label: str = ""
) -> None:
    """Outline boxes [N, 4] xyxy on axes that show an image."""
    for k, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        # Pixel (0, 0) covers -0.5 to 0.5 in matplotlib, 0 to 1 in box coordinates.
        axes.add_patch(
            Rectangle(
                (x1 - 0.5, y1 - 0.5),
                x2 - x1,
                y2 - y1,
                fill=False,
                edgecolor=colour,
                linestyle=style,
                linewidth=2,
                label=label if k == 0 else "",
            )
        )


def scene_figure(
    image: Tensor, found: Detections, truth: Tensor | None = None, *, title: str = ""
) -> Figure:
    """A scene with what was found (true in blue, false in red) and, dashed, the true boxes.

    Without `truth` everything found is blue.
    """
    height, width = image.shape[-2:]
    # Room for the margins around the image, the title and the labels.
    figure, [[axes]] = _figure(8, 7.2 * (height + 40) / (width + 40) + 1)
    _scene(axes, image, found, truth)
    axes.set(title=title, xlabel="column (pixels)", ylabel="row (pixels)")
    return figure


def _scene(
    axes: Axes, image: Tensor, found: Detections, truth: Tensor | None, *, legend: bool = True
) -> None:
    height, width = image.shape[-2:]
    _picture(axes, image)
    is_true = torch.ones(len(found.boxes), dtype=torch.bool)
    if truth is not None:
        draw_boxes(axes, truth, GREEN, style="--", label="true box")
        is_true = match(found, truth, iou_at_least(0.5))
    draw_boxes(axes, found.boxes[is_true], BLUE, label="found")
    draw_boxes(axes, found.boxes[~is_true], RED, style=":", label="false alarm")
    labelled = zip(found.boxes.tolist(), found.scores.tolist(), strict=True)
    # More labels than this hide each other and the picture.
    for (x1, y1, _, _), score in labelled if len(found.boxes) <= 8 else ():
        axes.text(
            max(x1, 0) + 1,
            max(y1, 0) + 2,
            f"{score:.2f}",
            color="white",
            fontsize=8,
            va="top",
            bbox={"facecolor": "black", "alpha": 0.6, "pad": 1, "linewidth": 0},
        )
    # Boxes that reach past the border stay visible.
    axes.set(xlim=(-20, width + 20), ylim=(height + 20, -20))
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=8)


def training_curves(history: History) -> Figure:
    """Loss and accuracy after each epoch, training beside validation."""
    figure, [[left, right]] = _figure(9, 3.2, 1, 2)
    epochs = range(1, len(history.train_loss) + 1)
    for axes, name, train, val in (
        (left, "loss", history.train_loss, history.val_loss),
        (right, "accuracy", history.train_accuracy, history.val_accuracy),
    ):
        axes.plot(epochs, train, color=ORANGE, marker="o", label="training (augmented)")
        if val:
            axes.plot(epochs, val, color=BLUE, marker="s", label="validation")
        if history.best_epoch is not None:
            axes.axvline(history.best_epoch + 1, color=GREY, linestyle=":", label="weights kept")
        axes.set(title=name.capitalize(), xlabel="epoch", ylabel=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    left.set_yscale("log")
    right.legend()
    return figure


def score_histogram(probabilities: Tensor, labels: Tensor, threshold: float = 0.5) -> Figure:
    """How the probabilities of cars and others are spread, and what a threshold makes of them."""
    called = probabilities >= threshold
    counts = [
        int((called == bool(guess))[labels == truth].sum()) for truth in (1, 0) for guess in (1, 0)
    ]
    figure, [[axes]] = _figure(8, 3.4)
    bins = np.linspace(0, 1, 41)
    axes.hist(probabilities[labels == 0].numpy(), bins, color=ORANGE, alpha=0.8, label="not a car")
    axes.hist(
        probabilities[labels == 1].numpy(), bins, color=BLUE, alpha=0.6, hatch="//", label="car"
    )
    axes.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.2f}")
    axes.set(
        title=f"cars: {counts[0]} called car, {counts[1]} missed"
        f"; others: {counts[2]} called car, {counts[3]} left alone",
        xlabel='probability of "car"',
        ylabel="crops (log scale)",
        yscale="symlog",
    )
    axes.legend(loc="upper center")
    return figure


def layer_shapes(names: Sequence[str], shapes: Sequence[tuple[int, ...]], title: str) -> Figure:
    """Each layer's output as a bar: its length counts the numbers in it (log scale)."""
    figure, [[axes]] = _figure(8, 0.34 * len(names) + 1)
    sizes = [int(np.prod(shape)) for shape in shapes]
    flat = [len(shape) == 1 or tuple(shape[1:]) == (1, 1) for shape in shapes]
    axes.barh(range(len(names)), sizes, color=[ORANGE if f else BLUE for f in flat])
    for k, (shape, size) in enumerate(zip(shapes, sizes, strict=True)):
        axes.text(size * 1.15, k, "×".join(map(str, shape)), va="center", fontsize=9)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set(xscale="log", xlim=(1, max(sizes) * 8), title=title)
    axes.set_xlabel("numbers in the output (log scale); orange: no height and width left")
    return figure


def heatmap_figure(
    image: Tensor, probability: Tensor, geometry: Geometry, *, cell: tuple[int, int] | None = None
) -> Figure:
    """An image beside its heatmap [rows, cols]; `cell` (row, col) is marked with its window."""
    height, width = image.shape[-2:]
    figure, [[left, right]] = _figure(10, 4.2 * height / width + 0.9, 1, 2)
    _picture(left, image)
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
    figure, [[axes]] = _figure(6, 4.2)
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
    figure, [[axes]] = _figure(6, 3)
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


def detections_figure(
    scenes: Sequence[Scene], found: Sequence[Detections], *, columns: int = 2
) -> Figure:
    """Several scenes with what was found in each."""
    rows = -(-len(scenes) // columns)
    figure, axes = _figure(5 * columns, 2.6 * rows, rows, columns)
    for spot in axes.flat:
        spot.axis("off")
    for k, (spot, scene, detections) in enumerate(zip(axes.flat, scenes, found, strict=False)):
        _scene(spot, scene.image, detections, scene.boxes, legend=k == 0)
    return figure


def gallery(
    crops: Crops,
    scenes: Sequence[Scene],
    *,
    columns: int = 8,
    title: str = "Drawn crops and scenes",
) -> Figure:
    """What a data set shows: its cars, then its other crops, above a row of scenes with true boxes.

    Cars have a solid blue frame, others a dotted orange one. Raises ValueError if there are no
    crops or no scenes to show.
    """
    if len(crops) == 0 or len(scenes) == 0:
        raise ValueError("a gallery needs at least one crop and one scene")
    order = crops.labels.argsort(descending=True, stable=True)
    rows = -(-len(crops) // columns)
    height, width = crops.images.shape[-2:]
    tall = rows * (10 / columns) * height / width
    # In the width of the figure, side by side, the scenes are as high as this.
    low = 10 / sum(scene.image.shape[-1] / scene.image.shape[-2] for scene in scenes)
    figure = Figure(figsize=(10, tall + low + 1.1), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    figure.suptitle(title)
    above, below = figure.subfigures(2, 1, height_ratios=[tall + 0.4, low + 0.4])
    above.suptitle("crops: a car (blue frame), or none (orange, dotted)", fontsize=10)
    for k, spot in enumerate(above.subplots(rows, columns, squeeze=False).flat):
        spot.set(xticks=[], yticks=[])
        spot.spines[:].set_visible(k < len(crops))
        if k < len(crops):
            number = int(order[k])
            _picture(spot, crops.images[number])
            colour, style = ((ORANGE, ":"), (BLUE, "-"))[int(crops.labels[number])]
            spot.spines[:].set(color=colour, linestyle=style, linewidth=1.8)
    below.suptitle("scenes: each true box in green, dashed", fontsize=10)
    shapes = [scene.image.shape[-1] / scene.image.shape[-2] for scene in scenes]
    spots = below.subplots(1, len(scenes), squeeze=False, width_ratios=shapes)
    for spot, scene in zip(spots.flat, scenes, strict=True):
        spot.axis("off")
        _picture(spot, scene.image)
        draw_boxes(spot, scene.boxes, GREEN, style="--")
        _, tall_scene, wide = scene.image.shape
        spot.set(xlim=(-0.5, wide - 0.5), ylim=(tall_scene - 0.5, -0.5))
    return figure


def bench_figure(ratios: Sequence[Ratio], work: Mapping[str, int]) -> Figure:
    """How much arithmetic each way to a heatmap takes, and how many times faster each one is."""
    figure, [[left], [right]] = _figure(9, 0.42 * (len(ratios) * 1.6 + len(work)) + 2, 2, 1)
    for axes, count in ((left, len(work)), (right, len(ratios))):
        axes.set_yticks(range(count))
        axes.set_ylim(count - 0.4, -0.6)  # the first on top
        axes.set_xscale("log")
    left.barh(range(len(work)), [count / 1e9 for count in work.values()], color=BLUE)
    for k, count in enumerate(work.values()):
        left.text(count / 1e9 * 1.15, k, f"{count / 1e9:.3g}", va="center", fontsize=9)
    left.set_yticklabels(work)
    left.set(title="Arithmetic of one heatmap", xlabel="billion multiply-adds (log scale)")
    left.set_xlim(min(work.values()) / 4e9, max(work.values()) / 1e9 * 4)
    middle = [ratio.median for ratio in ratios]
    spread = [
        [ratio.median - ratio.low for ratio in ratios],
        [ratio.high - ratio.median for ratio in ratios],
    ]
    right.barh(range(len(ratios)), middle, xerr=spread, color=ORANGE, ecolor="black", capsize=3)
    for k, ratio in enumerate(ratios):
        right.text(ratio.high * 1.15, k, f"{ratio.median:.1f} times", va="center", fontsize=9)
    names = [f"{ratio.what} against {ratio.reference}" for ratio in ratios]
    right.set_yticklabels(["\n".join(wrap(name, 48)) for name in names], fontsize=8)
    right.set(title="Speed", xlabel="times faster (log scale); the line: lowest to highest")
    right.set_xlim(0.8, max(ratio.high for ratio in ratios) * 4)
    return figure
