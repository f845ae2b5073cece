"""The files of a drawn data set: contact sheets of crops, pictures of scenes, and an index."""

import json
from pathlib import Path

import numpy as np

from helpers.datasets.items import CAR_CLASSES
from helpers.images import read_grey
from helpers.paths import verify_checksums
from helpers.sheets import CROP_SIZE, sheet_name, unpack_crops


def read_crops(folder: Path, split: str) -> tuple[np.ndarray, list[int], list[str]]:
    """Read the crops of a split.

    Args:
        folder: of the data set.
        split: such as "train".

    Returns:
        Images uint8 [N, 40, 100] (or of the size that the index names), labels (1 = car, or
        indices of `classes`), and what each crop shows.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: there is no such split, or a file is damaged.
    """
    entry = _index(folder, "crops", split)
    size = tuple(_read_index(folder).get("crop_size", CROP_SIZE))
    wanted = len(entry["labels"])
    sheets: list[np.ndarray] = []
    while sum(map(len, sheets)) < wanted:
        name = sheet_name(split, len(sheets) + 1)
        verify_checksums(folder, only=name)
        sheets.append(unpack_crops(read_grey(folder / name), size))
    images = np.concatenate(sheets) if sheets else np.zeros((0, *size), np.uint8)
    return images[:wanted], entry["labels"], entry["kinds"]


def read_scenes(
    folder: Path, split: str
) -> list[tuple[str, np.ndarray, list[list[float]], list[int]]]:
    """Read the scenes of a split.

    Args:
        folder: of the data set.
        split: such as "test".

    Returns:
        Name, image uint8 [H, W], boxes (x1, y1, x2, y2) in pixels and labels (1, where the index
        names none) of each scene, in order.

    Raises:
        FileNotFoundError, ValueError: as `read_crops`.
    """
    scenes = []
    for entry in _index(folder, "scenes", split):
        file = f"scenes/{entry['name']}.png"
        verify_checksums(folder, only=file)
        labels = entry.get("labels", [1] * len(entry["boxes"]))
        scenes.append((entry["name"], read_grey(folder / file), entry["boxes"], labels))
    return scenes


def classes_of(folder: Path) -> tuple[str, ...]:
    """The names of a data set's classes; where its index names none, they are those of cars."""
    return tuple(_read_index(folder).get("classes", CAR_CLASSES))


def scene_splits(folder: Path) -> tuple[str, ...]:
    """The splits of scenes that the data set in `folder` has, such as "test"."""
    return tuple(_read_index(folder)["scenes"])


def crop_splits(folder: Path) -> list[str]:
    """The splits of crops that the data set in `folder` has, such as "train"."""
    return list(_read_index(folder)["crops"])


def _index(folder: Path, what: str, split: str) -> dict | list:
    splits = _read_index(folder)[what]
    if split not in splits:
        raise ValueError(f"{folder} has no {what} {split!r}; it has: {', '.join(splits) or 'none'}")
    return splits[split]


def _read_index(folder: Path) -> dict:
    verify_checksums(folder, only="index.json")
    return json.loads((folder / "index.json").read_text())
