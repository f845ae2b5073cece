"""The data sets by name.

`street`, drawn by `helpers.street`; `digits`, handwritten, on pages drawn by
`helpers.datasets.digits`; and `uiuc`, the real photographs.

>>> load_crops("street", "val")
Crops(260 of 40×100: 130 cars, 130 others)
>>> load_scenes("street", "test")[0]
Scene(test-000: 75×313, cars: 2)
>>> load_crops("digits", "test").classes[:3]
('background', '0', '1')
"""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from helpers.datasets import drawn, uiuc
from helpers.datasets.items import CAR_CLASSES, Crops, Scene, split_crops
from helpers.paths import DATA

SPLITS = ("train", "val", "test")
DRAWN = ("street", "digits")
SCENES = {
    "street": ("val", "test", "test-multiscale"),
    "digits": ("val", "test"),
    "uiuc": ("test", "test-multiscale"),
}
UNKNOWN = "unknown data set {!r}: choose street, digits or uiuc"


def load_crops(name: str | Path = "street", split: str = "train", *, seed: int = 0) -> Crops:
    """Labelled crops of 40×100 pixels, or, of digits, of 16×16. Lesson 01.

    Args:
        name: "street", "digits" or "uiuc", or the folder (a `Path`) of another drawn data set,
            which may have fewer splits.
        split: "train", "val", "test" or "all".
        seed: splits `uiuc`, which has no splits of its own: 9/16, 3/16 and 4/16 of each class, so
            that train + val against test is the original assignment's 3 : 1.

    Returns:
        The crops; with the kind of each, for `uiuc` with the files' names as kinds. Their `classes`
        are what their labels mean.

    Raises:
        FileNotFoundError: the data are missing; the message says how to get them.
        ValueError: they are damaged, or there is no such name or split.
    """
    if split not in (*SPLITS, "all"):
        raise ValueError(f"unknown split {split!r}: choose from {', '.join(SPLITS)}, all")
    if folder := _drawn(name):
        splits = drawn.crop_splits(folder) if split == "all" else [split]
        classes = drawn.classes_of(folder)
        crops = [_crops(*drawn.read_crops(folder, each), classes) for each in splits]
        return sum(crops[1:], start=crops[0])
    if name == "uiuc":
        crops = _crops(*uiuc.read_crops(uiuc.uiuc_folder()), CAR_CLASSES)
        return crops if split == "all" else split_crops(crops, seed)[split]
    raise ValueError(UNKNOWN.format(name))


def load_or_shipped(name: str | Path, split: str) -> Crops:
    """`load_crops`, or the shipped drawings where a folder of drawings has no such split.

    Warns where it takes those: what is measured on them says nothing about the folder's own.

    Args:
        name: as for `load_crops`.
        split: "train", "val" or "test".
    """
    if isinstance(name, Path) and split in SPLITS and split not in drawn.crop_splits(name):
        warnings.warn(f"{name} has no {split} crops: those of street are taken", stacklevel=2)
        name = "street"
    return load_crops(name, split)


def _drawn(name: str | Path) -> Path | None:
    """The folder of a drawn data set, None if `name` is not one."""
    if isinstance(name, Path):
        return name
    return DATA / name if name in DRAWN else None


def _crops(
    images: np.ndarray, labels: list[int], kinds: list[str], classes: tuple[str, ...]
) -> Crops:
    tensor = torch.from_numpy(images[:, None].astype(np.float32) / 255)
    # The type is named for a split of no crops: an empty list would become float32.
    return Crops(tensor, torch.tensor(labels, dtype=torch.int64), tuple(kinds), classes)


def load_scenes(name: str | Path = "street", split: str = "test") -> tuple[Scene, ...]:
    """Scenes with the boxes of their cars, or pages with those of their digits. Lesson 01.

    Args:
        name: "street", "digits", "uiuc" or a `Path`, as for `load_crops`.
        split: "test" (cars of one size), "test-multiscale" (of many sizes), or, of drawings, "val".
            Of digits, "val" or "test", both of many sizes.

    Returns:
        The scenes in order, with `labels`. One without cars has boxes [0, 4].

    Raises:
        FileNotFoundError, ValueError: as `load_crops`.
    """
    folder = _drawn(name)
    if folder is None and name not in SCENES:
        raise ValueError(UNKNOWN.format(name))
    splits = SCENES["street" if isinstance(name, Path) else name]
    if split not in splits:
        raise ValueError(f"{name} has no scenes {split!r}: choose from {', '.join(splits)}")
    if folder:
        classes = drawn.classes_of(folder)
        return tuple(_scene(*row, classes) for row in drawn.read_scenes(folder, split))
    return tuple(_scene(*row) for row in uiuc.read_scenes(uiuc.uiuc_folder(), split))


def _scene(
    name: str,
    image: np.ndarray,
    boxes: list | Tensor,
    labels: list[int] | None = None,
    classes: tuple[str, ...] = CAR_CLASSES,
) -> Scene:
    tensor = torch.from_numpy(image.astype(np.float32) / 255)[None]
    boxes = torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    labels = None if labels is None else torch.tensor(labels, dtype=torch.int64)
    return Scene(name, tensor, boxes, labels, classes)
