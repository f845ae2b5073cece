"""Crops to train on, and scenes to find cars in.

`street` is drawn by `helpers.street` and lies in data/; `python -m helpers draw` makes more of the
kind in any folder. `uiuc` is the UIUC Image Database for Car
Detection (Agarwal, Awan and Roth 2004); `python -m helpers data` fetches it.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from helpers import street_files, uiuc
from helpers.boxes import check_boxes
from helpers.paths import DATA

SPLITS = ("train", "val", "test")
SCENES = {"street": ("val", "test", "test-multiscale"), "uiuc": ("test", "test-multiscale")}


@dataclass(frozen=True, eq=False)
class Crops(Dataset):
    """Labelled crops: `images` float32 [N, 1, H, W] in [0, 1], `labels` int64 [N], 1 = car.

    A torch `Dataset`: `crops[i]` is (image [1, H, W], label), so it goes into any `DataLoader`.
    `kinds` says in a word or two what each crop shows, where that is known.
    """

    images: Tensor
    labels: Tensor
    kinds: tuple[str, ...] = field(default=(), repr=False)

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
        if not ((self.labels == 0) | (self.labels == 1)).all():
            raise ValueError("labels must be 0 (not a car) or 1 (car)")
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
        cars = int(self.labels.sum())
        return f"Crops({len(self)} of {height}×{width}: {cars} cars, {len(self) - cars} others)"

    def subset(self, indices: Tensor | list[int]) -> "Crops":
        """The crops at `indices`, in that order."""
        indices = torch.as_tensor(indices, dtype=torch.int64)
        kinds = tuple(self.kinds[i] for i in indices.tolist()) if self.kinds else ()
        return Crops(self.images[indices], self.labels[indices], kinds)

    def __add__(self, other: "Crops") -> "Crops":
        kinds = self.kinds + other.kinds if self.kinds and other.kinds else ()
        images = torch.cat([self.images, other.images])
        return Crops(images, torch.cat([self.labels, other.labels]), kinds)


@dataclass(frozen=True, eq=False)
class Scene:
    """A whole image [1, H, W], float32 in [0, 1], with the boxes [M, 4] xyxy of its cars."""

    name: str
    image: Tensor
    boxes: Tensor

    def __post_init__(self) -> None:
        check_boxes(self.boxes, f"the boxes of scene {self.name}")

    def __repr__(self) -> str:
        _, height, width = self.image.shape
        return f"Scene({self.name}: {height}×{width}, cars: {len(self.boxes)})"


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
        parts = street_files.crop_splits(folder) if split == "all" else [split]
        crops = [_crops(*street_files.read_crops(folder, part)) for part in parts]
        return sum(crops[1:], start=crops[0])
    if name == "uiuc":
        crops = _crops(*uiuc.read_crops(uiuc.uiuc_folder()))
        return crops if split == "all" else split_crops(crops, seed)[split]
    raise ValueError(f"unknown data set {name!r}: choose street or uiuc")


def load_or_shipped(name: str | Path, split: str) -> Crops:
    """`load_crops`, or the shipped drawings where a folder of drawings has no such split."""
    missing = isinstance(name, Path) and split not in street_files.crop_splits(name)
    return load_crops("street" if missing else name, split)


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
        rows = street_files.read_scenes(folder, split)
    else:
        rows = uiuc.read_scenes(uiuc.uiuc_folder(), split)
    return tuple(_scene(*row) for row in rows)


def _scene(name: str, image: np.ndarray, boxes: list | Tensor) -> Scene:
    tensor = torch.from_numpy(image.astype(np.float32) / 255)[None]
    return Scene(name, tensor, torch.as_tensor(boxes, dtype=torch.float32).reshape(-1, 4))


def split_crops(crops: Crops, seed: int = 0) -> dict[str, Crops]:
    """Split into "train", "val" and "test" as 9 : 3 : 4, each class by itself (stratified)."""
    generator = torch.Generator().manual_seed(seed)
    parts: dict[str, list[Tensor]] = {"train": [], "val": [], "test": []}
    for label in (0, 1):
        members = (crops.labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=generator)]
        ends = [round(len(members) * sixteenths / 16) for sixteenths in (9, 12)]
        for part, chosen in zip(parts, members.tensor_split(ends), strict=True):
            parts[part].append(chosen)
    return {part: crops.subset(torch.cat(chosen).sort().values) for part, chosen in parts.items()}
