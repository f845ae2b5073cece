"""Near-duplicates across splits, where there may be a hundred thousand pictures."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from helpers.splits import near_duplicates

NEAR = 0.02  # mean absolute difference of two pictures' pixels, in [0, 1]
LOOKED_AT = 500  # pairs whose pixels are compared; more pairs than that say the same


def count_near_duplicates(
    means: np.ndarray,
    splits: Mapping[str, Tensor],
    read: Callable[[int], np.ndarray],
    names: Sequence[str],
    remarks: list[str],
) -> int:
    """How many held-out pictures have a near-duplicate in training; says so in `remarks`.

    `helpers.splits.near_duplicates` compares all pairs, which may be too many. So each held-out
    picture is compared with one in training: that whose means of 4×4 blocks are nearest. (Means
    never differ by more than the pixels do, so whatever is too far by its means is so for sure.)

    Args:
        means: float [N, 16] in [0, 1], the means of the blocks of each picture.
        splits: rows of `means` by the split's name; "train" is the one to compare with.
        read: gives picture k as uint8 [C, H, W].
        names: N, of the pictures.
        remarks: a line is added if there are any.
    """
    # Only here: to load it takes as long as all other modules of the package together.
    from scipy.spatial import cKDTree

    train = splits["train"].numpy()
    held_out = np.concatenate([rows.numpy() for name, rows in splits.items() if name != "train"])
    distances, nearest = cKDTree(means[train]).query(
        means[held_out], k=1, p=1, distance_upper_bound=NEAR * means.shape[1]
    )
    near = np.flatnonzero(np.isfinite(distances))
    near = near[np.argsort(distances[near], kind="stable")][:LOOKED_AT]
    pairs = [(int(held_out[k]), int(train[nearest[k]])) for k in near]
    pairs = [(one, other) for one, other in pairs if _alike(read(one), read(other))]
    if pairs:
        one, other = (names[k] for k in pairs[0])
        more = " or more" if len(near) == LOOKED_AT else ""
        remarks.append(
            f"{len(pairs)}{more} of {len(held_out)} held-out pictures look like one in training"
            f" ({one} like {other}): if they are pictures of one thing, the figures will be too"
            " good"
        )
    return len(pairs)


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    images = (torch.from_numpy(pixels)[None].float() / 255 for pixels in (one, other))
    return len(near_duplicates(*images, NEAR)) > 0
