"""Figures about crops and the answers of a classifier: what changes them, and how good they are."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from helpers.calibration import Reliability
from helpers.plots import BLUE, GREEN, GREY, ORANGE, RED, draw_boxes

STYLES = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (RED, ":", "D"))


def pictures_with_boxes(pictures: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Images [1, H, W] side by side, each with its title and its boxes [M, 4] xyxy."""
    if not pictures:
        raise ValueError("no pictures to show")
    figure = Figure(figsize=(10, 0), layout="constrained")
    axes = figure.subplots(1, len(pictures), squeeze=False)[0]
    tallest = 0.0
    for spot, (title, (image, boxes)) in zip(axes, pictures.items(), strict=True):
        height, width = image.shape[-2:]
        tallest = max(tallest, height / width)
        spot.imshow(image.reshape(height, width).numpy(), cmap="gray", vmin=0, vmax=1)
        draw_boxes(spot, boxes, ORANGE)
        spot.set(title=title, xlabel="column (pixels)", ylabel="row (pixels)")
    figure.set_size_inches(10, 10 / len(pictures) * tallest + 0.7)
    return figure


def answers_after_shift(shifts: Sequence[int], shares: Mapping[str, Sequence[float]]) -> Figure:
    """The share of crops called "car" after shifts of so many pixels, one line for each name."""
    figure = Figure(figsize=(7.5, 3.6), layout="constrained")
    axes = figure.subplots()
    for (name, values), (colour, line, marker) in zip(shares.items(), STYLES, strict=False):
        axes.plot(shifts, values, color=colour, linestyle=line, marker=marker, label=name)
    axes.axhline(0.5, color=GREY, linewidth=1, linestyle=":")
    axes.set(
        title="How far may a car be shifted?",
        xlabel="shift (pixels)",
        ylabel="share called car",
        ylim=(-0.03, 1.03),
    )
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def grouped_accuracy_bars(accuracies: Mapping[str, Mapping[str, float]]) -> Figure:
    """Accuracies, grouped by what was tested; in each group a bar for each classifier.

    `accuracies[classifier][test]`; all classifiers have the same tests.
    """
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    axes = figure.subplots()
    tests = list(next(iter(accuracies.values())))
    width = 0.8 / len(accuracies)
    hatches = ("", "//", "..", "xx")
    for k, (name, results) in enumerate(accuracies.items()):
        places = np.arange(len(tests)) + (k - (len(accuracies) - 1) / 2) * width
        heights = [results[test] for test in tests]
        bars = axes.bar(
            places, heights, width, label=name, color=STYLES[k][0], hatch=hatches[k], alpha=0.85
        )
        axes.bar_label(bars, fmt="{:.0%}", fontsize=9)
    axes.axhline(0.5, color=GREY, linestyle=":", label="guessing")
    axes.set_xticks(range(len(tests)), tests)
    axes.set(title="Accuracy on test crops", ylabel="accuracy", ylim=(0, 1.12))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def roc_figure(curves: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """ROC curves: for each name (false alarm rates [K], hit rates [K]), in rising order."""
    figure = Figure(figsize=(6, 4.4), layout="constrained")
    axes = figure.subplots()
    for (name, (alarms, hits)), (colour, line, _) in zip(curves.items(), STYLES, strict=False):
        area = torch.trapezoid(hits, alarms).item()
        label = f"{name}: area {area:.3f}"
        axes.plot(alarms, hits, color=colour, linestyle=line, linewidth=2, label=label)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="guessing: area 0.500")
    axes.set(
        title="Each threshold is one point",
        xlabel="share of the others called car (false alarms)",
        ylabel="share of the cars called car (hits)",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure


def confusion_figure(hits: int, misses: int, false_alarms: int, left_alone: int) -> Figure:
    """The four kinds of answers as a table: rows are the truth, columns the answer."""
    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots()
    counts = [[hits, misses], [false_alarms, left_alone]]
    names = [["hits", "misses"], ["false alarms", "rightly left alone"]]
    axes.imshow([[0.25, 0.75], [0.75, 0.25]], cmap="cividis", vmin=-2, vmax=1, aspect="auto")
    for row in range(2):
        for col in range(2):
            text = f"{counts[row][col]}\n{names[row][col]}"
            axes.text(col, row, text, ha="center", va="center", fontsize=12)
    axes.set_xticks(range(2), ["called car", "not called car"])
    axes.set_yticks(range(2), ["is a car", "is not"])
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_title("Four kinds of answers")
    return figure


def reliability_figure(tables: Mapping[str, Reliability]) -> Figure:
    """Predicted probability against the true share of cars; on the diagonal they agree."""
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="means what it says")
    for (name, table), (colour, line, marker) in zip(tables.items(), STYLES, strict=False):
        axes.plot(
            table.predicted, table.share, color=colour, linestyle=line, marker=marker, label=name
        )
    axes.set(
        title="Do the probabilities mean what they say?",
        xlabel='mean probability of "car" in the bin',
        ylabel="share of cars in the bin",
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    return figure
