"""The data sets by name: `street`, drawn by `helpers.street`, and `uiuc`, the real photographs."""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from helpers.datasets import drawn, uiuc
from helpers.datasets.items import Crops, Scene, split_crops
from helpers.paths import DATA

SPLITS = ("train", "val", "test")
SCENES = {"street": ("val", "test", "test-multiscale"), "uiuc": ("test", "test-multiscale")}


def load_crops(name: str | Path = "street", split: str = "train", *, seed: int = 0) -> Crops:
    """Crops of `name` ("street" or "uiuc"): split "train", "val", "test" or "all".

    A `Path` as the name is the folder of another drawn data set, which may have fewer splits.
    `uiuc` has no splits of its own: 9/16, 3/16 and 4/16 of each class are drawn with `seed`, so
    that train + val against test is the original assignment's 3 : 1.
    Raises FileNotFoundError with the way to get them if the data are missing, ValueError if they
    are damaged or the name or split is unknown.
    """
    if split not in (*SPLITS, "all"):
        raise ValueError(f"unknown split {split!r}: choose from {', '.join(SPLITS)}, all")
    if folder := _drawn(name):
        parts = drawn.crop_splits(folder) if split == "all" else [split]
        crops = [_crops(*drawn.read_crops(folder, part)) for part in parts]
        return sum(crops[1:], start=crops[0])
    if name == "uiuc":
        crops = _crops(*uiuc.read_crops(uiuc.uiuc_folder()))
        return crops if split == "all" else split_crops(crops, seed)[split]
    raise ValueError(f"unknown data set {name!r}: choose street or uiuc")


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
    return DATA / "street" if name == "street" else None


def _crops(images: np.ndarray, labels: list[int], kinds: list[str]) -> Crops:
    tensor = torch.from_numpy(images[:, None].astype(np.float32) / 255)
    return Crops(tensor, torch.tensor(labels), tuple(kinds))


def load_scenes(name: str | Path = "street", split: str = "test") -> tuple[Scene, ...]:
    """Scenes of `name`: street "val", "test" or "test-multiscale"; uiuc either "test".

    A scene may be without cars: its boxes are [0, 4] then. A `Path` as the name and errors are as
    in `load_crops`.
    """
    folder = _drawn(name)
    if folder is None and name not in SCENES:
        raise ValueError(f"unknown data set {name!r}: choose street or uiuc")
    splits = SCENES["street" if folder else name]
    if split not in splits:
        raise ValueError(f"{name} has no scenes {split!r}: choose from {', '.join(splits)}")
    if folder:
        rows = drawn.read_scenes(folder, split)
    else:
        rows = uiuc.read_scenes(uiuc.uiuc_folder(), split)
    return tuple(_scene(*row) for row in rows)


def _scene(name: str, image: np.ndarray, boxes: list | Tensor) -> Scene:
    tensor = torch.from_numpy(image.astype(np.float32) / 255)[None]
    return Scene(name, tensor, torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4))
