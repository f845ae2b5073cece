"""Honest splits: every class in its share, and no picture in two parts."""

import torch
from torch import Generator, Tensor


def stratified_split(labels: Tensor, share: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Split crops at random, each class by itself: indices (kept, held out), int64, ascending.

    Of each class of `labels` [N], round(`share` × members) are held out.
    Raises ValueError for a share outside 0 to 1, or labels that are not [N].
    """
    if labels.ndim != 1:
        raise ValueError(f"labels must be [N], not {list(labels.shape)}")
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, not {share}")
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        members = (labels == label).nonzero().flatten()
        shuffled = members[torch.randperm(len(members), generator=generator)]
        held_out[shuffled[: round(share * len(members))]] = True
    return (~held_out).nonzero().flatten(), held_out.nonzero().flatten()


def near_duplicates(first: Tensor, second: Tensor, threshold: float) -> Tensor:
    """Pairs of nearly equal images: int64 [K, 2], a row (i, j) for `first[i]` and `second[j]`.

    Images are float [N, C, H, W] and [M, C, H, W]. A pair's distance is the mean absolute
    difference of its pixels; it must be below `threshold`. Rows are sorted. A picture that was
    moved or mirrored is far from itself by this measure.
    Raises ValueError for images of different sizes, integers, or NaN.
    """
    for images in (first, second):
        if images.ndim != 4 or not images.is_floating_point():
            raise ValueError(f"images must be float [N, C, H, W], not {_describe(images)}")
        if torch.isnan(images).any():
            raise ValueError("the images hold NaN")
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(f"images of {_describe(first)} and {_describe(second)} cannot be compared")
    pixels = first[0].numel() if len(first) else 1
    distances = torch.cdist(first.flatten(1), second.flatten(1), p=1) / pixels
    return (distances < threshold).nonzero()


def _describe(images: Tensor) -> str:
    return f"{images.dtype} {list(images.shape)}"
