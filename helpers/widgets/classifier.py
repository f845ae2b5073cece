"""An interactive view of a classifier's scores."""

import ipywidgets
from torch import Tensor

from helpers import plots
from helpers.training import Evaluation
from helpers.widgets.view import CaptionedFigure, view


def plot_scores(evaluation: Evaluation, labels: Tensor, threshold: float) -> CaptionedFigure:
    """The spread of a classifier's probabilities, cut at a threshold.

    Args:
        evaluation: of N crops.
        labels: Tensor[N], 1 = car.
        threshold: in [0, 1].
    """
    figure = plots.score_histogram(evaluation.probabilities, labels, threshold)
    return figure, (
        "Histogram of the classifier's probabilities: cars pile up near 1, everything else near 0;"
        f" the dashed line is the threshold {threshold:.2f}."
    )


def score_view(evaluation: Evaluation, labels: Tensor) -> ipywidgets.VBox:
    """Move the threshold and count right and wrong answers. Takes what `plot_scores` does."""
    return view(
        lambda threshold: plot_scores(evaluation, labels, threshold),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=0.0, max=1.0, step=0.05, description="threshold"
        ),
    )
