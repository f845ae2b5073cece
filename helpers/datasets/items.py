"""Crops to train on, and scenes to find cars in.

>>> crops = Crops(torch.rand(3, 1, 40, 100), torch.tensor([1, 0, 1]))
>>> crops, crops.subset([0, 2])
(Crops(3 of 40×100: 2 cars, 1 others), Crops(2 of 40×100: 2 cars, 0 others))
>>> Scene("empty street", torch.rand(1, 60, 200), torch.zeros(0, 4))
Scene(empty street: 60×200, cars: 0)
>>> Crops(torch.rand(3, 1, 16, 16), torch.tensor([0, 1, 2]), classes=("background", "0", "1"))
Crops(3 of 16×16: 1 background, 1 0, 1 1)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.utils.data import Dataset

from helpers.boxes import check_boxes
from helpers.sheets import CAR_CLASSES
from helpers.splits import shuffled_by_class


@dataclass(frozen=True, eq=False)
class Crops(Dataset):
    """Labelled crops. Lesson 01.

    A torch `Dataset`: `crops[i]` is (image [1, H, W], label), so it goes into any `DataLoader`.
    `crops + others` are both, one after the other.

    Args:
        images: float32 [N, C, H, W] in [0, 1]; C is 1 (grey) or 3 (RGB).
        labels: int64 [N], 1 = car, 0 = not a car; or indices of `classes`.
        kinds: what each crop shows, in a word or two, where that is known; else nothing.
        classes: their names.

    Raises:
        ValueError: for other types, shapes or ranges, NaN or infinity.
    """

    images: Tensor
    labels: Tensor
    kinds: tuple[str, ...] = field(default=(), repr=False)
    classes: tuple[str, ...] = field(default=CAR_CLASSES, repr=False)

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != torch.float32:
            raise ValueError(
                f"images must be float32 [N, 1, H, W], not {self.images.dtype}"
                f" {list(self.images.shape)}"
            )
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != torch.int64:
            raise ValueError(
                f"labels must be int64 [{len(self.images)}], not {self.labels.dtype}"
                f" {list(self.labels.shape)}"
            )
        if self.kinds and len(self.kinds) != len(self.images):
            raise ValueError(f"{len(self.kinds)} kinds for {len(self.images)} images")
        if not ((self.labels >= 0) & (self.labels < len(self.classes))).all():
            names = (
                ("not a car", *self.classes[1:]) if self.classes == CAR_CLASSES else self.classes
            )
            listed = (f"{label} ({name})" for label, name in enumerate(names))
            raise ValueError(f"labels must be {' or '.join(listed)}")
        if not torch.isfinite(self.images).all():
            raise ValueError("images must not hold NaN or infinity")
        low, high = (self.images.min(), self.images.max()) if len(self.images) else (0, 1)
        if low < 0 or high > 1:
            raise ValueError(f"images must lie in [0, 1], not {low:.3g} to {high:.3g}")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.images[index], self.labels[index]

    def __repr__(self) -> str:
        height, width = self.images.shape[-2:]
        start = f"Crops({len(self)} of {height}×{width}"
        if self.classes == CAR_CLASSES:
            cars = int(self.labels.sum())
            return f"{start}: {cars} cars, {len(self) - cars} others)"
        return f"{start}: {describe_counts(self.labels, self.classes)})"

    def subset(self, indices: Tensor | list[int]) -> "Crops":
        """The crops at `indices` (int64 [K], each in 0 … N - 1), in that order.

        Raises ValueError for what is no index, such as a mask.
        """
        indices = as_indices(indices)
        kinds = tuple(self.kinds[i] for i in indices.tolist()) if self.kinds else ()
        return Crops(self.images[indices], self.labels[indices], kinds, self.classes)

    def __add__(self, other: "Crops") -> "Crops":
        if self.classes != other.classes:
            raise ValueError(f"crops of {self.classes} and {other.classes} do not add up")
        kinds = self.kinds + other.kinds if self.kinds and other.kinds else ()
        images = torch.cat([self.images, other.images])
        return Crops(images, torch.cat([self.labels, other.labels]), kinds, self.classes)


def as_indices(indices: Tensor | Sequence[int]) -> Tensor:
    """Whole numbers as int64 [K]; anything else is refused, where torch would take True as 1.

    Raises:
        ValueError: for a mask, and for numbers that are not whole.

    >>> as_indices([2, 0])
    tensor([2, 0])
    """
    indices = torch.as_tensor(indices)
    if indices.numel() == 0:  # an empty list becomes float32
        return indices.long()
    if indices.dtype == torch.bool or indices.is_floating_point():
        raise ValueError(
            f"indices must be whole numbers, not {indices.dtype}; those of a mask are"
            " mask.nonzero().flatten()"
        )
    return indices.long()


def describe_counts(labels: Tensor, classes: Sequence[str]) -> str:
    """How many crops every class has, as text.

    >>> describe_counts(torch.tensor([0, 2, 2]), ("background", "0", "1"))
    '1 background, 0 0, 2 1'
    """
    counts = torch.bincount(labels, minlength=len(classes)).tolist()
    return ", ".join(f"{count} {name}" for count, name in zip(counts, classes, strict=True))


@dataclass(frozen=True, eq=False)
class Scene:
    """A whole image with the boxes of its cars: the ground truth. Lesson 01.

    Args:
        name: what to call it in figures and messages.
        image: float32 [C, H, W] in [0, 1]; C is 1 (grey) or 3 (RGB).
        boxes: float32 [M, 4], xyxy in pixels; M may be 0. They may cross the image's border.
        labels: int64 [M], what is in each box: an index of `classes`. By default 1, which is a car.
        classes: the names of the classes.

    Raises:
        ValueError, TypeError: for boxes that `check_boxes` refuses, and labels that do not fit.
    """

    name: str
    image: Tensor
    boxes: Tensor
    labels: Tensor = None  # never None once it is made
    classes: tuple[str, ...] = CAR_CLASSES

    def __post_init__(self) -> None:
        check_boxes(self.boxes, f"the boxes of scene {self.name}")
        if self.labels is None:
            object.__setattr__(self, "labels", torch.ones(len(self.boxes), dtype=torch.int64))
        labels = self.labels
        if labels.shape != self.boxes.shape[:1] or labels.dtype != torch.int64:
            raise ValueError(
                f"the labels of scene {self.name} must be int64 [{len(self.boxes)}], not"
                f" {labels.dtype} {list(labels.shape)}"
            )
        if not ((labels >= 0) & (labels < len(self.classes))).all():
            raise ValueError(
                f"the labels of scene {self.name} must be from 0 to {len(self.classes) - 1}"
            )

    def of(self, label: int) -> "Scene":
        """The same image with the boxes of one class, in their order."""
        chosen = self.labels == label
        return replace(self, boxes=self.boxes[chosen], labels=self.labels[chosen])

    def __repr__(self) -> str:
        _, height, width = self.image.shape
        what = "cars" if self.classes == CAR_CLASSES else "objects"
        return f"Scene({self.name}: {height}×{width}, {what}: {len(self.boxes)})"


def split_crops(crops: Crops, seed: int = 0) -> dict[str, Crops]:
    """Split at random as 9 : 3 : 4, each class by itself (stratified). Lesson 01.

    Args:
        crops: N crops; their order within a split stays.
        seed: the same seed gives the same splits.

    Returns:
        The splits by name: "train", "val" and "test". Each crop is in one of them.

    >>> splits = split_crops(Crops(torch.rand(32, 1, 40, 100), torch.arange(32) % 2))
    >>> {name: len(split) for name, split in splits.items()}
    {'train': 18, 'val': 6, 'test': 8}
    """
    splits: dict[str, list[Tensor]] = {"train": [], "val": [], "test": []}
    for members in shuffled_by_class(crops.labels, torch.Generator().manual_seed(seed)):
        ends = [round(len(members) * sixteenths / 16) for sixteenths in (9, 12)]
        for split, chosen in zip(splits, members.tensor_split(ends), strict=True):
            splits[split].append(chosen)
    none = torch.zeros(0, dtype=torch.int64)
    return {
        split: crops.subset(torch.cat([none, *chosen]).sort().values)
        for split, chosen in splits.items()
    }
