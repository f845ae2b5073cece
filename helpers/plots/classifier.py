"""Figures about a classifier: training, scores, confusion matrix, calibration."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, NullLocator
from torch import Tensor

from helpers.calibration import Reliability
from helpers.plots.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    framed_figure,
    new_figure,
    plain_names,
    with_looks,
)
from helpers.training import History

#: Of several curves in one figure: colour, line and marker.
STYLES = ((BLUE, "-", "o"), (ORANGE, "--", "s"), (GREEN, "-.", "^"), (RED, ":", "D"))


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
    # A loss seldom falls by ten: powers of ten alone would leave one tick with a number, or none.
    left.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_formatter(NullFormatter())
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@plain_names
def score_histogram(
    probabilities: Tensor, labels: Tensor, threshold: float = 0.5, *, name: str = "car"
) -> Figure:
    """How the probabilities of a class and of others are spread, and what a threshold makes of it.

    Args:
        probabilities: Tensor[N], of the class.
        labels: Tensor[N], 1 = of the class.
        threshold: in [0, 1].
        name: of the class.
    """
    called = probabilities >= threshold
    counts = [
        int((called == bool(guess))[labels == truth].sum()) for truth in (1, 0) for guess in (1, 0)
    ]
    figure, axes = framed_figure(8, 3.7, top=0.68)
    bins = np.linspace(0, 1, 41)
    for truth, known_as, look in (
        (0, f"not a {name}", {"color": ORANGE, "alpha": 0.8}),
        (1, name, {"color": BLUE, "alpha": 0.6, "hatch": "//"}),
    ):
        values = probabilities[labels == truth].numpy()
        axes.hist(
            values, bins, histtype="stepfilled", label=known_as, **look
        )  # faster than 40 bars
    axes.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.2f}")
    axes.set(
        title=f"positives: {counts[0]} true, {counts[2]} false"
        f"; negatives: {counts[3]} true, {counts[1]} false (missed)",
        xlabel=f'probability of "{name}"',
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


@plain_names
def confusion_figure(
    true_positives: int,
    false_negatives: int,
    false_positives: int,
    true_negatives: int,
    *,
    name: str = "car",
) -> Figure:
    """The confusion matrix of a class, four counts: rows are the truth, columns the answer."""
    figure = Figure(figsize=(5, 3), layout="constrained")
    axes = figure.subplots()
    counts = [[true_positives, false_negatives], [false_positives, true_negatives]]
    names = [["true positives", "false negatives"], ["false positives", "true negatives"]]
    axes.imshow([[0.25, 0.75], [0.75, 0.25]], cmap="cividis", vmin=-2, vmax=1, aspect="auto")
    for row in range(2):
        for col in range(2):
            text = f"{counts[row][col]}\n{names[row][col]}"
            axes.text(col, row, text, ha="center", va="center", fontsize=12)
    axes.set_xticks(range(2), [f"called {name}", f"not called {name}"])
    axes.set_yticks(range(2), [f"is a {name}", "is not"])
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_title("Confusion matrix")
    return figure


@plain_names
def reliability_figure(tables: Mapping[str, Reliability], *, name: str = "car") -> Figure:
    """Predicted probability of a class against its true share; on the diagonal they agree.

    Raises ValueError for more than four tables.
    """
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="means what it says")
    for (key, table), (colour, line, marker) in with_looks(tables, STYLES):
        axes.plot(
            table.predicted, table.share, color=colour, linestyle=line, marker=marker, label=key
        )
    axes.set(
        title="Do the probabilities mean what they say?",
        xlabel=f'mean probability of "{name}" in the bin',
        ylabel=f'true share of "{name}" in the bin',
        xlim=(-0.02, 1.02),
        ylim=(-0.02, 1.02),
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    return figure
