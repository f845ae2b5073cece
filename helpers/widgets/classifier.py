"""An interactive view of a classifier's scores."""

import ipywidgets
from torch import Tensor

from helpers import plots
from helpers.training import Evaluation
from helpers.widgets.view import CaptionedFigure, view


def plot_scores(
    evaluation: Evaluation, labels: Tensor, threshold: float, *, name: str = "car"
) -> CaptionedFigure:
    """The spread of a classifier's probabilities, cut at a threshold.

    Args:
        evaluation: of N crops.
        labels: Tensor[N], 1 = of the class.
        threshold: in [0, 1].
        name: of the class.
    """
    figure = plots.score_histogram(evaluation.probabilities, labels, threshold, name=name)
    return figure, (
        f'Histogram of the classifier\'s probabilities of "{name}", for the crops that show one and'
        f" for the others; the dashed line is the threshold {threshold:.2f}."
    )


def score_view(evaluation: Evaluation, labels: Tensor, *, name: str = "car") -> ipywidgets.VBox:
    """Move the threshold and count right and wrong answers. Takes what `plot_scores` does."""
    return view(
        lambda threshold: plot_scores(evaluation, labels, threshold, name=name),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=0.0, max=1.0, step=0.05, description="threshold"
        ),
    )
