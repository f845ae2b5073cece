"""Do probabilities mean what they say? Of the crops called "car with 80 %", 80 % should be cars.

>>> table = reliability(torch.tensor([0.75, 0.75, 0.75, 0.75]), torch.tensor([1, 1, 0, 0]))
>>> table.predicted, table.share
(tensor([0.7500], dtype=torch.float64), tensor([0.5000], dtype=torch.float64))
>>> calibration_error(table)
0.25
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Reliability(NamedTuple):
    """One entry for each bin of probability that holds any crop, from the lowest bin up.

    `predicted`: the mean probability of "car" in the bin; `share`: the share of its crops that are
    cars; `count`: how many crops it holds. All of them [B].
    """

    predicted: Tensor
    share: Tensor
    count: Tensor


def reliability(probabilities: Tensor, labels: Tensor, bins: int = 10) -> Reliability:
    """Sort crops into equally wide bins by their probability of "car", and compare with the labels.

    A probability on the border between two bins belongs to the upper one. Lesson 03.
    As `sklearn.calibration.calibration_curve`.

    Args:
        probabilities: Tensor[N] in [0, 1].
        labels: Tensor[N], 1 = car, 0 = other.
        bins: how many, at least 1.

    Raises:
        ValueError: for other shapes or values, or for no crops.

    Source: DeGroot and Fienberg 1983.
    """
    if probabilities.ndim != 1 or probabilities.shape != labels.shape or not len(labels):
        raise ValueError(
            "give one probability and one label for each crop, at least one, not"
            f" {list(probabilities.shape)} and {list(labels.shape)}"
        )
    if bins < 1 or bins != int(bins):
        raise ValueError(f"bins must be a whole number, at least one bin, not {bins}")
    if not ((labels == 0) | (labels == 1)).all():
        raise ValueError("labels must be 0 (not a car) or 1 (car)")
    p = probabilities.detach().cpu().double()
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities must lie in [0, 1]: were these logits?")
    # Not p · bins, whose rounding puts some borders into the bin below.
    borders = torch.arange(1, bins, dtype=torch.float64) / bins
    which = torch.bucketize(p, borders, right=True)  # [N], each crop's bin
    count = torch.bincount(which, minlength=bins)  # [bins]
    cars = torch.bincount(which, weights=labels.cpu().double(), minlength=bins)
    total = torch.bincount(which, weights=p, minlength=bins)
    used = count > 0
    return Reliability((total / count)[used], (cars / count)[used], count[used])


def calibration_error(table: Reliability) -> float:
    """The mean distance between predicted and true share, each bin as heavy as its crops.

    In [0, 1]; known as expected calibration error. Lesson 03.
    Source: Naeini, Cooper and Hauskrecht 2015.
    """
    gap = (table.predicted - table.share).abs()
    return ((gap * table.count).sum() / table.count.sum()).item()
