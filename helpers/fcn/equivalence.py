"""The proof that an FCN computes what its classifier computes, cell by cell."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from helpers.fcn.calls import example_crops
from helpers.fcn.network import geometry, to_fcn
from helpers.fcn.steps import relative_difference
from helpers.models import eval_mode


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
        text = (
            f"{bound}\n  on crops: {self.at_size < self.tolerance}"
            f"\n  in {self.cells} cells: {self.in_cells < self.tolerance}"
        )
        # "?" for what a terminal of another encoding (cp1252, ASCII) cannot show.
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)


def check_equivalence(
    model: nn.Module,
    input_size: tuple[int, int],
    *,
    convert: Callable[[nn.Module, tuple[int, int]], nn.Module] = to_fcn,
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
    crops = example_crops(model, input_size, count=4)
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
        expected_crops = model(crops.clone())
        windows = iter(shape.crops(image))
        batches = iter(lambda: list(islice(windows, 64)), [])  # all windows at once may be huge
        expected_cells = torch.cat([model(torch.stack(batch)) for batch in batches])
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
