"""How a classifier and an FCN are compared: one difference, one tolerance."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.geometry import Geometry

TOLERANCE = 1e-4


def relative_difference(actual: Tensor, expected: Tensor, *, floor: float = 1.0) -> float:
    """Largest difference of two tensors, relative to the largest expected number above `floor`.

    >>> round(relative_difference(torch.tensor([1.0, 199.0]), torch.tensor([1.0, 200.0])), 6)
    0.005
    """
    actual, expected = (answers.detach().cpu().double() for answers in (actual, expected))
    return ((actual - expected).abs().max() / expected.abs().max().clamp(min=floor)).item()


def classify(model: Callable[[Tensor], Tensor], crops: list[Tensor]) -> Tensor:
    """A classifier's answers for crops [C, H, W], in batches: all at once they may be huge."""
    batches = [torch.stack(crops[start : start + 64]) for start in range(0, len(crops), 64)]
    return torch.cat([model(batch) for batch in batches])


def classify_cells(fcn: nn.Module, image: Tensor, geometry: Geometry) -> Tensor:
    """An FCN's answers for every window inside an image [C, H, W], as [cells, classes]."""
    rows, cols = geometry.cells(*image.shape[-2:])
    return fcn(image[None])[0, :, :rows, :cols].flatten(1).T
