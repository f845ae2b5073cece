"""Figures about the conversion: layer shapes, a row of weights as a kernel."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor

from helpers.plots.style import (
    BLUE,
    ORANGE,
    framed_figure,
)


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
    for panel, kernel, words in (
        (middle, right, "RIGHT: channel after channel"),
        (bottom, wrong, "WRONG: pixel after pixel"),
    ):
        for k, axes in enumerate(panel.subplots(1, channels, squeeze=False).flat):
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
