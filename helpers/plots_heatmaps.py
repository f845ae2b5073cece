"""Figures of Lessons 04 and 05: how a row becomes a kernel, how a heatmap fills, what it costs."""

from collections.abc import Collection, Mapping

import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from helpers.geometry import Geometry
from helpers.plots import BLUE, GREY, ORANGE, draw_boxes

PALE = ("#9CCBE8", "#F6D48A", "#8FD3BC", "#F0B48A")


def reshape_figure(channels: int, height: int, width: int) -> Figure:
    """One row of weights, above the kernel it is in two orders: as Flatten writes, and not.

    Each weight has its number in the row, and the colour of the channel it belongs to: those of
    the right order stand together, in one piece for each channel.
    """
    if not 1 <= channels <= len(PALE):
        raise ValueError(f"there are colours for 1 to {len(PALE)} channels, not {channels}")
    numbers = torch.arange(channels * height * width)
    right = numbers.view(channels, height, width)
    wrong = numbers.view(height, width, channels).permute(2, 0, 1)
    owner = numbers // (height * width)
    figure = Figure(figsize=(8, 3.9), layout="constrained")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[1, height * 0.55, height * 0.55])
    _numbers(top.subplots(), numbers[None], owner, "the row of weights of one output of Linear")
    for part, kernel, words in (
        (middle, right, "RIGHT: channel after channel"),
        (bottom, wrong, "WRONG: pixel after pixel"),
    ):
        for k, axes in enumerate(part.subplots(1, channels, squeeze=False).flat):
            _numbers(axes, kernel[k], owner, f"{words}\nkernel of channel {k}")
    return figure


def _numbers(axes: Axes, numbers: Tensor, owner: Tensor, title: str) -> None:
    colours = ListedColormap(PALE)
    axes.imshow(owner[numbers].numpy(), cmap=colours, vmin=-0.5, vmax=len(PALE) - 0.5)
    for row, line in enumerate(numbers.tolist()):
        for col, number in enumerate(line):
            axes.text(col, row, str(number), ha="center", va="center", fontsize=9)
    rows, cols = numbers.shape
    axes.set_xticks([k + 0.5 for k in range(cols - 1)], [""] * (cols - 1))
    axes.set_yticks([k + 0.5 for k in range(rows - 1)], [""] * (rows - 1))
    axes.grid(color="white", linewidth=2)
    axes.tick_params(length=0)
    axes.set_title(title, fontsize=9)


def walk_figure(
    image: Tensor, probability: Tensor, geometry: Geometry, cell: tuple[int, int]
) -> Figure:
    """An image with one cell's window, beside its heatmap [rows, cols], filled up to that cell.

    The cells after it, row after row, are still empty. Few parts and a fixed layout: a slider
    draws it many times a second. Raises ValueError for a cell outside the heatmap.
    """
    (row, col), (rows, cols) = cell, probability.shape
    if not (0 <= row < rows and 0 <= col < cols):
        raise ValueError(f"there is no cell ({row}, {col}) in a heatmap of {rows}×{cols}")
    number = row * cols + col
    filled = probability.detach().cpu().clone().flatten()
    filled[number + 1 :] = torch.nan
    height, width = image.shape[-2:]
    tall = min(4.0, max(1.2, 4.2 * height / width))
    figure = Figure(figsize=(9, tall + 1.1))
    bottom, share = 0.55 / (tall + 1.1), tall / (tall + 1.1)
    left = figure.add_axes((0.06, bottom, 0.43, share))
    right = figure.add_axes((0.54, bottom, 0.43, share))
    left.imshow(image.detach().cpu().reshape(height, width).numpy(), cmap="gray", vmin=0, vmax=1)
    draw_boxes(left, torch.tensor([geometry.box(row, col)]), ORANGE)
    left.set(title="the window walks", xlabel="column (pixels)", ylabel="row (pixels)")
    right.imshow(filled.view(rows, cols).numpy(), cmap="cividis", vmin=0, vmax=1)
    right.add_patch(Rectangle((col - 0.5, row - 0.5), 1, 1, fill=False, ec=ORANGE, lw=2))
    right.set_facecolor("#DDDDDD")
    for axes, (high, wide) in ((left, (height, width)), (right, (rows, cols))):
        axes.set(xticks=[0, wide // 2, wide - 1], yticks=[0, high - 1])  # each tick costs time
    right.set(
        title=f"{number + 1} of {rows * cols} cells; bright: car",
        xlabel="column (cells)",
        ylabel="row (cells)",
    )
    return figure


def work_figure(work: Mapping[str, int], title: str, orange: Collection[str] = ()) -> Figure:
    """Multiply-adds, one bar for each name (log scale); those named in `orange` stand out.

    Raises ValueError if there is no work, or if one of it is 0: a log scale has no 0.
    """
    if not work or min(work.values()) <= 0:
        raise ValueError("nothing to draw: the work must be counted, and above 0")
    figure = Figure(figsize=(8, 0.42 * len(work) + 1.2), layout="constrained")
    axes = figure.subplots()
    colours = [ORANGE if name in orange else BLUE for name in work]
    axes.barh(range(len(work)), [count / 1e6 for count in work.values()], color=colours)
    for k, count in enumerate(work.values()):
        axes.text(count / 1e6 * 1.15, k, f"{count / 1e6:,.0f}", va="center", fontsize=9)
    axes.set_yticks(range(len(work)), work)
    axes.invert_yaxis()
    axes.set(xscale="log", title=title, xlabel="million multiply-adds (log scale)")
    axes.set_xlim(min(work.values()) / 4e6, max(work.values()) / 1e6 * 6)
    axes.grid(axis="x", alpha=0.3, color=GREY)
    return figure
