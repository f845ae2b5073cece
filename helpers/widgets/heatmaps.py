"""Interactive views of the FCN: the shapes inside it, and the window on its way."""

from functools import cache

import ipywidgets
import torch
from torch import Tensor, nn

from helpers import plots
from helpers.datasets import Scene
from helpers.fcn import FCN, to_fcn
from helpers.heatmap import class_probability, fcn_heatmap
from helpers.models import INPUT_SIZE, make_classifier
from helpers.plots import walk_figure
from helpers.widgets.view import CaptionedFigure, view


@cache
def _shape_only_fcn() -> nn.Module:
    return to_fcn(make_classifier(seed=0), INPUT_SIZE).to("meta")


def plot_shapes(network: str, height: int, width: int) -> CaptionedFigure:
    """What every layer makes of an image.

    Args:
        network: "classifier", one for that size of image, or "FCN", the course's.
        height, width: of the image, in pixels.
    """
    # Only shapes matter, so nothing is computed: tensors on torch's "meta" device hold no numbers.
    x = torch.zeros(1, 1, height, width, device="meta")
    if network == "classifier":
        with torch.device("meta"):
            model = make_classifier((height, width))
    else:
        model = _shape_only_fcn()
    names, shapes = ["image"], [(1, height, width)]
    for name, layer in model.named_children():
        x = layer.eval()(x)
        names.append(f"{name} {type(layer).__name__}")
        shapes.append(tuple(x.shape[1:]))
    last = "×".join(map(str, shapes[-1]))
    title = f"{network} on {height}×{width} pixels gives {last}"
    return plots.layer_shapes(names, shapes, title), (
        f"One bar for the output of each layer of the {network}, from the image of"
        f" {height}×{width} pixels down to {last}."
    )


def shapes_view() -> ipywidgets.VBox:
    """Choose an image size, and see the shapes inside the classifier and inside the FCN."""
    _shape_only_fcn()  # built now, so that the first click need not wait for it
    return view(
        plot_shapes,
        moves=("network", "width"),
        network=ipywidgets.ToggleButtons(options=["classifier", "FCN"], description="network"),
        height=ipywidgets.IntSlider(value=40, min=40, max=200, step=4, description="height"),
        width=ipywidgets.IntSlider(value=100, min=100, max=320, step=4, description="width"),
    )


def plot_cell(
    scene: Scene, probability: Tensor, fcn: FCN, row: int, col: int, *, name: str = "car"
) -> CaptionedFigure:
    """An image with the window of one cell, and its heatmap filled up to that cell.

    Args:
        scene: the image.
        probability: its heatmap, Tensor[rows, cols] in [0, 1].
        fcn: what gave it.
        row, col: of the cell, from 0.
        name: the class whose heatmap it is.
    """
    figure = walk_figure(scene.image, probability, fcn.geometry, (row, col), name=name)
    x1, y1, x2, y2 = fcn.geometry.box(row, col)
    return figure, (
        f"Cell ({row}, {col}) looks at columns {x1} to {x2 - 1} and rows {y1} to {y2 - 1} of the"
        f" image and says {name} with probability {probability[row, col]:.2f}. The cells before it"
        " are filled."
    )


def cell_view(scene: Scene, fcn: FCN, *, label: int = 1) -> ipywidgets.VBox:
    """Let the window walk over the image, row after row, and see the heatmap of a class fill."""
    probability = class_probability(fcn_heatmap(fcn, scene.image), label)
    name = scene.classes[label]
    rows, cols = probability.shape
    return view(
        lambda row, col: plot_cell(scene, probability, fcn, row, col, name=name),
        moves=("col",),
        row=ipywidgets.IntSlider(value=rows // 2, max=rows - 1, description="row of the cell"),
        col=ipywidgets.IntSlider(value=cols // 2, max=cols - 1, description="column of the cell"),
    )
