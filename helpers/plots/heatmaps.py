"""Figures about heatmaps: an image beside its heatmap, and the window on its way."""

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from helpers.geometry import Geometry
from helpers.plots.style import ORANGE, new_figure, picture, plain_names, plot_boxes


@plain_names
def heatmap_figure(
    image: Tensor,
    probability: Tensor,
    geometry: Geometry,
    *,
    cell: tuple[int, int] | None = None,
    name: str = "car",
) -> Figure:
    """An image beside its heatmap [rows, cols]; `cell` (row, col) is marked with its window.

    `name` is the class whose probability it is.
    """
    height, width = image.shape[-2:]
    figure, [[left, right]] = new_figure(8, max(1.2, 3.3 * height / width) + 0.9, 1, 2)
    picture(left, image)
    left.set(title="image", xlabel="column (pixels)", ylabel="row (pixels)")
    drawn = right.imshow(probability.detach().cpu().numpy(), cmap="cividis", vmin=0, vmax=1)
    right.set(title="heatmap", xlabel="column (cells)", ylabel="row (cells)")
    figure.colorbar(drawn, ax=right, label=f'probability of "{name}"', shrink=0.7)
    if cell is not None:
        row, col = cell
        boxes = geometry.boxes(*probability.shape)
        plot_boxes(left, boxes[row * probability.shape[1] + col][None], ORANGE)
        right.add_patch(Rectangle((col - 0.5, row - 0.5), 1, 1, fill=False, ec=ORANGE, lw=2))
    return figure


@plain_names
def walk_figure(
    image: Tensor,
    probability: Tensor,
    geometry: Geometry,
    cell: tuple[int, int],
    *,
    name: str = "car",
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
    tall = min(4.0, max(1.2, 3.5 * height / width))
    figure = Figure(figsize=(8, tall + 1.1))
    bottom, share = 0.55 / (tall + 1.1), tall / (tall + 1.1)
    left = figure.add_axes((0.08, bottom, 0.41, share))
    right = figure.add_axes((0.57, bottom, 0.41, share))
    picture(left, image)
    plot_boxes(left, torch.tensor([geometry.box(row, col)]), ORANGE)
    left.set(title="the window walks", xlabel="column (pixels)", ylabel="row (pixels)")
    right.imshow(filled.view(rows, cols).numpy(), cmap="cividis", vmin=0, vmax=1)
    right.add_patch(Rectangle((col - 0.5, row - 0.5), 1, 1, fill=False, ec=ORANGE, lw=2))
    right.set_facecolor("#DDDDDD")
    for axes, (high, wide) in ((left, (height, width)), (right, (rows, cols))):
        axes.set(xticks=[0, wide // 2, wide - 1], yticks=[0, high - 1])  # each tick costs time
    right.set(
        title=f"{number + 1} of {rows * cols} cells; bright: {name}",
        xlabel="column (cells)",
        ylabel="row (cells)",
    )
    return figure
