"""From classifier to fully convolutional network (FCN): the heart of the course.

`conversion` turns the layers, one by one; here they become a network for images of any size, with
its geometry, and with a proof that it computes what the classifier computes.
"""

import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.conversion import (
    Step,
    conversion_steps,
    example_crops,
    layers_of,
    linear_as_convolution,
    relative_difference,
)
from helpers.geometry import Geometry, follow
from helpers.models import eval_mode

__all__ = [
    "FCN",
    "Equivalence",
    "Step",
    "check_equivalence",
    "conversion_steps",
    "geometry",
    "linear_as_convolution",
    "to_fcn",
]


class FCN(nn.Sequential):
    """A converted classifier: images [N, C, H, W] -> logits [N, classes, rows, cols].

    `geometry` says which window of the image each cell looks at.
    """

    geometry: Geometry


def to_fcn(model: nn.Sequential, input_size: tuple[int, int]) -> FCN:
    """Turn a classifier for crops of `input_size` (height, width) into an FCN for whole images.

    Flatten + Linear becomes an H×W convolution, every later Linear a 1×1 convolution, the rest is
    copied. The result shares nothing with `model`, and has its mode, device and dtype.
    Warns if a layer pads: then cells of a larger image differ from the crops under them.
    Raises TypeError or ValueError, with the layer's name, for what cannot be converted.
    """
    steps = list(conversion_steps(model, input_size))
    kept = [(step.name, step.converted) for step in steps if step.converted is not None]
    layers = OrderedDict((name.replace(".", "_"), layer) for name, layer in kept)
    if len(layers) < len(kept):
        raise ValueError("two layers would get the same name, with _ for . in it: rename one")
    fcn = FCN(layers)
    fcn.geometry = follow(kept, input_size)
    if not fcn.geometry.exact:
        warnings.warn(
            f"layer {fcn.geometry.padded[0]} pads its input: the FCN equals the classifier on one"
            " crop, but the cells of a larger image differ from the crops under them",
            stacklevel=2,
        )
    fcn.training = model.training  # each layer has its own mode already
    return fcn


def geometry(model: nn.Sequential, input_size: tuple[int, int]) -> Geometry:
    """Stride, window, offset and receptive field of the FCN that `model` becomes.

    Raises as `to_fcn` does if the model cannot be converted.
    """
    steps = list(conversion_steps(model, input_size))
    return follow(
        [(step.name, step.converted) for step in steps if step.converted is not None], input_size
    )


@dataclass(frozen=True)
class Equivalence:
    """How far an FCN is from its classifier: the largest difference of any logit.

    `at_size`: on crops. `in_cells`: every cell of a larger image against the crop under it.
    Both are relative to the largest logit where that is above 1. `cells` counts the cells.
    """

    at_size: float
    in_cells: float
    cells: int
    tolerance: float

    @property
    def equal(self) -> bool:
        """Whether both differences are below the tolerance (NaN is not)."""
        return self.at_size < self.tolerance and self.in_cells < self.tolerance

    def __str__(self) -> str:
        bound = f"max |Δ| < {self.tolerance:g} · max(1, max |logit|)"
        return (
            f"{bound}\n  on crops: {self.at_size < self.tolerance}"
            f"\n  in {self.cells} cells: {self.in_cells < self.tolerance}"
        )


def check_equivalence(
    model: nn.Sequential,
    input_size: tuple[int, int],
    *,
    convert: Callable[[nn.Sequential, tuple[int, int]], nn.Module] = to_fcn,
    image: Tensor | None = None,
    tolerance: float = 1e-4,
) -> Equivalence:
    """Compare a classifier with the FCN that `convert(model, input_size)` makes of it.

    The classifier's outputs are computed *before* the conversion: a converter that shares or
    changes the classifier's layers would otherwise be compared with itself. `image` [C, H, W] is
    the larger image, by default noise with room for 5 × 6 cells. Both networks are compared in
    eval mode; the classifier's own mode is restored.
    """
    shape = geometry(model, input_size)
    crops = example_crops(layers_of(model), input_size, count=4)
    if image is None:
        height, width = (
            side + count * stride + 1
            for side, count, stride in zip(input_size, (4, 5), shape.stride, strict=True)
        )
        generator = torch.Generator().manual_seed(1)
        image = torch.rand(crops.shape[1], height, width, generator=generator)
    image = image.to(crops)
    height, width = image.shape[-2:]
    if 0 in shape.cells(height, width):
        raise ValueError(f"an image of {height}×{width} has no room for a single window")
    with torch.no_grad(), eval_mode(model):
        expected_crops = model(crops).clone()
        windows = torch.stack(list(shape.crops(image))).split(64)
        expected_cells = torch.cat([model(batch) for batch in windows])
        fcn = convert(model, input_size).eval()
        rows, cols = shape.cells(height, width)
        at_size = _difference(fcn(crops).flatten(1), expected_crops)
        cells = fcn(image[None])[0, :, :rows, :cols].flatten(1).T
    return Equivalence(at_size, _difference(cells, expected_cells), rows * cols, tolerance)


def _difference(actual: Tensor, expected: Tensor) -> float:
    """The relative difference of outputs that must have the same shape."""
    if actual.shape != expected.shape:
        raise ValueError(
            f"the FCN gives {[*actual.shape]} numbers where the classifier gives"
            f" {[*expected.shape]}: a layer is missing, or a kernel has the wrong size"
        )
    return relative_difference(actual, expected)
