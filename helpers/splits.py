"""Honest splits: every class in its share, and no picture in two splits.

>>> labels = torch.tensor([1, 1, 1, 1, 0, 0, 0, 0])
>>> kept, held_out = stratified_split(labels, 0.25, torch.Generator().manual_seed(0))
>>> labels[held_out]
tensor([1, 0])
"""

import torch
from torch import Generator, Tensor


def shuffled_by_class(labels: Tensor, generator: Generator) -> list[Tensor]:
    """The indices of each class, in random order: what a stratified split begins with. Lesson 01.

    Args:
        labels: Tensor[N].
        generator: where the random numbers come from.

    Returns:
        Tensor[members] of int64 for each class, from the lowest label up.

    Raises:
        ValueError: for labels that are not [N].

    >>> [len(members) for members in shuffled_by_class(torch.tensor([0, 1, 1]), torch.Generator())]
    [1, 2]
    """
    if labels.ndim != 1:
        raise ValueError(f"labels must be [N], not {list(labels.shape)}")
    classes = [(labels == label).nonzero().flatten() for label in labels.unique()]
    return [members[torch.randperm(len(members), generator=generator)] for members in classes]


def stratified_split(labels: Tensor, share: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Split crops at random, each class by itself. Lesson 01.

    As `sklearn.model_selection.train_test_split(stratify=labels)`, but that each class is rounded
    by itself: of each, round(`share` × members) are held out.

    Args:
        labels: Tensor[N].
        share: how much is held out, in [0, 1].
        generator: where the random numbers come from.

    Returns:
        Indices (kept, held out), int64, ascending.

    Raises:
        ValueError: for a share outside 0 to 1, or labels that are not [N] or NaN.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, not {share}")
    if torch.isnan(labels).any():
        raise ValueError("labels must not hold NaN")
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    for members in shuffled_by_class(labels, generator):
        held_out[members[: round(share * len(members))]] = True
    return (~held_out).nonzero().flatten(), held_out.nonzero().flatten()


def near_duplicates(first: Tensor, second: Tensor, threshold: float) -> Tensor:
    """Pairs of nearly equal images, one of each set. Lesson 01.

    A pair's distance is the mean absolute difference of its pixels. A picture that was moved or
    mirrored is far from itself by this measure.

    Args:
        first: float images [N, C, H, W].
        second: float images [M, C, H, W].
        threshold: a pair's distance must be below it.

    Returns:
        Tensor[K, 2] of int64, a row (i, j) for `first[i]` and `second[j]`; rows are sorted.

    Raises:
        ValueError: for images of different sizes, integers, NaN or infinity, and for a threshold
            of NaN.

    >>> images = torch.tensor([0.0, 0.5, 0.51]).view(3, 1, 1, 1)
    >>> near_duplicates(images[:2], images[1:], 0.1)
    tensor([[1, 0],
            [1, 1]])
    """
    for images in (first, second):
        if images.ndim != 4 or not images.is_floating_point():
            raise ValueError(f"images must be float [N, C, H, W], not {_describe(images)}")
        if not torch.isfinite(images).all():
            raise ValueError("the images hold NaN or infinity")
    if first.shape[1:] != second.shape[1:]:
        raise ValueError(f"images of {_describe(first)} and {_describe(second)} cannot be compared")
    if threshold != threshold:
        raise ValueError("threshold must be a number, not NaN")
    pixels = first[0].numel() if len(first) else 1
    dtype = torch.promote_types(first.dtype, torch.promote_types(second.dtype, torch.float32))
    rows = first.flatten(1).to(dtype), second.flatten(1).to(dtype)  # [N, pixels], [M, pixels]
    distances = torch.cdist(*rows, p=1) / pixels  # [N, M]
    return (distances < threshold).nonzero()


def _describe(images: Tensor) -> str:
    return f"{images.dtype} {list(images.shape)}"
