"""The proof that an FCN computes what its classifier computes, cell by cell."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.devices import full_precision
from helpers.fcn.comparison import TOLERANCE, classify, classify_cells, relative_difference
from helpers.fcn.examples import example_crops
from helpers.fcn.network import geometry, to_fcn
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


@full_precision()
def check_equivalence(
    model: nn.Module,
    input_size: tuple[int, int],
    *,
    convert: Callable[[nn.Module, tuple[int, int]], nn.Module] = to_fcn,
    image: Tensor | None = None,
    tolerance: float = TOLERANCE,
) -> Equivalence:
    """Compare a classifier with the FCN that is made of it, on crops and in every cell.

    The classifier's answers are computed *before* the conversion: a converter that shares or
    changes the classifier's layers would otherwise be compared with itself. Both networks are
    compared in eval mode; the classifier's own mode is restored. Lesson 04.

    Args:
        model: the classifier, images [N, C, H, W] -> logits [N, classes].
        input_size: (height, width) of its crops, in pixels.
        convert: makes the FCN, as `convert(model, input_size)`.
        image: a larger image [C, H, W]; by default noise with room for 5 × 6 cells.
        tolerance: the largest difference that counts as equal, relative to the largest logit
            (to 1 where all are smaller).

    Returns:
        Both differences, and whether they are below the tolerance.

    Raises:
        TypeError, ValueError: as `to_fcn`; and if the image is smaller than the crops, or the FCN
            gives another number of answers than the classifier.

    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 8, 2))
    >>> print(check_equivalence(model, (8, 10)))
    max |Δ| < 0.0001 · max(1, max |logit|)
      on crops: True
      in 42 cells: True
    """
    shape = geometry(model, input_size)
    crops = example_crops(model, input_size, count=4)
    if image is None:
        height, width = (
            side + count * stride + 1
            for side, count, stride in zip(shape.window, (4, 5), shape.stride, strict=True)
        )
        generator = torch.Generator().manual_seed(1)
        image = torch.rand(crops.shape[1], height, width, generator=generator)
    image = image.to(crops)
    rows, cols = shape.cells(*image.shape[-2:])
    if rows * cols == 0:
        height, width = image.shape[-2:]
        raise ValueError(f"an image of {height}×{width} has no room for a single window")
    with torch.no_grad(), eval_mode(model):
        expected = model(crops.clone())
        expected_cells = classify(model, list(shape.crops(image)))
        fcn = convert(model, input_size).eval()
        at_size = _difference(fcn(crops).flatten(1), expected)
        in_cells = _difference(classify_cells(fcn, image, shape), expected_cells)
    return Equivalence(at_size, in_cells, rows * cols, tolerance)


def _difference(actual: Tensor, expected: Tensor) -> float:
    """The relative difference of answers that must have the same shape."""
    if actual.shape != expected.shape:
        raise ValueError(
            f"the FCN gives {[*actual.shape]} numbers where the classifier gives"
            f" {[*expected.shape]}: a layer is missing, or a kernel has the wrong size"
        )
    return relative_difference(actual, expected)
