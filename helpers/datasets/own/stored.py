"""Crops that may be too many for memory: pixels as bytes, or read from their files when needed.

>>> images = StoredImages(np.zeros((3, 1, 4, 5), np.uint8))
>>> len(images), images.shape, images[1].dtype
(3, torch.Size([3, 1, 4, 5]), torch.float32)
>>> [batch.shape for batch in images.split(2)]
[torch.Size([2, 1, 4, 5]), torch.Size([1, 1, 4, 5])]
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from helpers.datasets.items import Crops, as_indices, describe_counts


class StoredImages:
    """Images that become float32 in [0, 1] when they are asked for: a part of a tensor's face.

    Args:
        pixels: uint8 [N, C, H, W].
        read: where pixels are not kept: `read(k)` is crop k as uint8 [C, H, W].
        rows: which of them these are, int64 [M]; None: all.
        shape: (C, H, W), for `read`.
    """

    def __init__(
        self,
        pixels: np.ndarray | None,
        rows: np.ndarray | None = None,
        *,
        read: Callable[[int], np.ndarray] | None = None,
        shape: tuple[int, int, int] | None = None,
    ) -> None:
        self._pixels, self._read = pixels, read
        self._rows = np.arange(len(pixels)) if rows is None else rows
        self.shape = torch.Size((len(self._rows), *(shape or pixels.shape[1:])))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int | slice | Sequence[int] | Tensor) -> Tensor:
        rows = self._rows[index.numpy() if isinstance(index, Tensor) else index]
        if self._pixels is not None:
            pixels = self._pixels[rows]
        elif np.ndim(rows):
            pixels = np.stack([self._read(int(k)) for k in rows]) if len(rows) else _none(self)
        else:
            pixels = self._read(int(rows))
        return torch.from_numpy(np.asarray(pixels)).float() / 255

    def split(self, size: int) -> Iterator[Tensor]:
        """Float batches of at most `size`, one after the other."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def subset(self, indices: np.ndarray) -> "StoredImages":
        """These of the images, still stored."""
        return StoredImages(
            self._pixels, self._rows[indices], read=self._read, shape=tuple(self.shape[1:])
        )


def _none(images: StoredImages) -> np.ndarray:
    return np.zeros((0, *images.shape[1:]), np.uint8)


@dataclass(frozen=True, eq=False)
class StoredCrops(Dataset):
    """`Crops` whose images are stored: for `training.fit` and `evaluate` they are the same thing.

    Args:
        images: N of them.
        labels: int64 [N], indices of `classes`.
        kinds: the file that each crop comes from.
        classes: their names.
    """

    images: StoredImages
    labels: Tensor
    kinds: tuple[str, ...]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.images[index], self.labels[index]

    def __repr__(self) -> str:
        height, width = self.images.shape[-2:]
        counts = describe_counts(self.labels, self.classes)
        return f"StoredCrops({len(self)} of {height}×{width}: {counts})"

    def subset(self, indices: Tensor | list[int]) -> Crops:
        """The crops at `indices`, in that order, in memory. Raises as `Crops.subset`."""
        indices = as_indices(indices)
        kinds = tuple(self.kinds[i] for i in indices.tolist())
        return Crops(self.images[indices], self.labels[indices], kinds, self.classes)

    def stored_subset(self, indices: Tensor) -> "StoredCrops":
        """The crops at `indices`, in that order, stored as before."""
        kinds = tuple(self.kinds[i] for i in indices.tolist())
        images = self.images.subset(indices.numpy())
        return StoredCrops(images, self.labels[indices], kinds, self.classes)
