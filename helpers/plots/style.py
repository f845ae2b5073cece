"""What all figures share: their colours, how they come onto a page, images and boxes on axes.

Colours are those of Okabe and Ito (2008), which colour-blind people can tell apart; figures bring
their own light background, so that they read the same on a dark theme.
"""

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from torch import Tensor

from helpers.boxes import Detections
from helpers.metrics import iou_at_least, match

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
DPI = 110
# For functions that write names of files or classes: dollars in these are no formula.
plain_names = matplotlib.rc_context({"text.parse_math": False})
WEBP = {"quality": 80, "method": 6, "use_sharp_yuv": True}  # sharp: thin coloured lines stay


def png(figure: Figure, *, quick: bool = False) -> bytes:
    """A figure as the contents of a PNG file; `quick`: for one that a slider waits for."""
    how = {"dpi": 90, "pil_kwargs": {"compress_level": 1}} if quick else {"dpi": DPI}
    return _file(figure, format="png", metadata={"Software": None}, **how)


def webp(figure: Figure) -> bytes:
    """A figure as the contents of a WebP file: a quarter of the PNG's size, for saved lessons."""
    return _file(figure, format="webp", dpi=DPI, pil_kwargs=WEBP)


def _file(figure: Figure, **how: object) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, facecolor="white", **how)
    return buffer.getvalue()


def figure_html(figure: Figure, message: str, *, quick: bool = False) -> str:
    """A figure as an HTML picture with `message` as its alt text and its caption."""
    kind, picture = ("png", png(figure, quick=True)) if quick else ("webp", webp(figure))
    data = base64.b64encode(picture).decode()
    text = html.escape(message, quote=True)
    return (
        f'<figure style="margin: 0"><img alt="{text}" style="max-width: 100%; background: white"'
        f' src="data:image/{kind};base64,{data}"><figcaption>{text}</figcaption></figure>'
    )


def show(figure: Figure, message: str) -> None:
    """Show a figure in a notebook. `message` says in words what it shows.

    JupyterLab gives no alt text to the pictures of matplotlib; this way there is one. A figure of
    `plt.subplots` is closed, so that the notebook does not show it a second time.
    """
    if not message.strip():
        raise ValueError("say in words what the figure shows: not everybody sees it")
    # Viewers that show no HTML, and whoever reads the file, get the message.
    display({"text/html": figure_html(figure, message), "text/plain": message}, raw=True)
    plt.close(figure)


def new_figure(
    width: float, height: float, rows: int = 1, cols: int = 1
) -> tuple[Figure, np.ndarray]:
    """A figure of so many inches, and its axes [rows, cols]."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, cols, squeeze=False)


def framed_figure(
    width: float, height: float, *, left: float = 0.65, top: float = 0.35
) -> tuple[Figure, Axes]:
    """A figure of so many inches and its one axes, with fixed room for labels: a slider waits.

    `left`, `top`: inches for the labels of the y axis and for what stands above. To find out how
    much room the labels need, as `new_figure` does, takes as long as drawing them.
    """
    figure = Figure(figsize=(width, height))
    bottom, right = 0.5, 0.12
    box = (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    return figure, figure.add_axes(box)


def with_looks(curves: Mapping[str, object], looks: Sequence[tuple]) -> Iterator[tuple]:
    """((name, curve), look) for each curve. Raises ValueError where there are too few looks.

    Then some curves would be left out, or look like others.
    """
    if len(curves) > len(looks):
        raise ValueError(f"one figure can tell {len(looks)} curves apart, not {len(curves)}")
    return zip(curves.items(), looks, strict=False)


def legible(text: str) -> str:
    """The text with "?" for each sign that the figure's font has not got, or that shows nothing.

    >>> legible("a\\tb.png")
    'a?b.png'
    """
    font = get_font(findfont(FontProperties()))
    return "".join(c if c.isprintable() and font.get_char_index(ord(c)) else "?" for c in text)


def picture(axes: Axes, image: Tensor, **looks: object) -> None:
    """Show an image on axes: grey [1, H, W], black for 0 and white for 1, or RGB [3, H, W]."""
    pixels = image.detach().cpu()
    if pixels.ndim == 3 and len(pixels) == 3:
        axes.imshow(pixels.permute(1, 2, 0).numpy(), vmin=0, vmax=1, **looks)
        return
    axes.imshow(pixels.reshape(image.shape[-2:]).numpy(), cmap="gray", vmin=0, vmax=1, **looks)


def plot_boxes(
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


def _match(detections: Detections, ground_truth: Tensor, labels: Tensor | None) -> Tensor:
    """Which detections are right [N]; with `labels` [M], each class is matched by itself."""
    if labels is None:
        return match(detections, ground_truth, iou_at_least(0.5))
    is_true = torch.zeros(len(detections.boxes), dtype=torch.bool)
    for label in labels.unique().tolist():
        truth = ground_truth[labels == label]
        is_true[detections.labels == label] = match(detections.of(label), truth, iou_at_least(0.5))
    return is_true


def plot_scene(
    axes: Axes,
    image: Tensor,
    detections: Detections,
    ground_truth: Tensor | None,
    *,
    legend: bool = True,
    labels: Tensor | None = None,
    classes: Sequence[str] = (),
) -> None:
    """A scene on axes: true positives in blue, false ones in red, and the ground truth dashed.

    `labels` [M] are the classes of the ground truth: then a box is right only for an object of its
    class. With the names `classes`, each box shows its own before its score.
    """
    height, width = image.shape[-2:]
    picture(axes, image)
    is_true, name = torch.ones(len(detections.boxes), dtype=torch.bool), "detection"
    if ground_truth is not None:
        plot_boxes(axes, ground_truth, GREEN, style="--", label="ground truth")
        is_true, name = _match(detections, ground_truth, labels), "true positive"
    plot_boxes(axes, detections.boxes[is_true], BLUE, label=name)
    plot_boxes(axes, detections.boxes[~is_true], RED, style=":", label="false positive")
    names = [f"{legible(classes[k])} " if classes else "" for k in detections.labels.tolist()]
    labelled = zip(detections.boxes.tolist(), detections.scores.tolist(), names, strict=True)
    # More labels than this hide each other and the picture.
    for (x1, y1, _, _), score, name in labelled if len(detections.boxes) <= 8 else ():
        axes.text(
            max(x1, 0) + 1,
            max(y1, 0) + 2,
            f"{name}{score:.2f}",
            color="white",
            parse_math=False,
            fontsize=9,
            va="top",
            bbox={"facecolor": "black", "alpha": 0.6, "pad": 1, "linewidth": 0},
        )
    # Boxes that reach past the border stay visible.
    axes.set(xlim=(-20, width + 20), ylim=(height + 20, -20))
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize=9)
