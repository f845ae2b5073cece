"""The files of a drawn data set: contact sheets of crops, pictures of scenes, and an index."""

import json
from pathlib import Path

import numpy as np

from helpers.images import read_grey
from helpers.paths import verify_checksums
from helpers.sheets import CROP_SIZE, sheet_name, unpack_crops


def read_crops(folder: Path, split: str) -> tuple[np.ndarray, list[int], list[str]]:
    """Read the crops of a split.

    Args:
        folder: of the data set.
        split: such as "train".

    Returns:
        Images uint8 [N, 40, 100], labels (1 = car), and what each crop shows.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: there is no such split, or a file is damaged.
    """
    entry = _index(folder, "crops", split)
    wanted = len(entry["labels"])
    sheets: list[np.ndarray] = []
    while sum(map(len, sheets)) < wanted:
        name = sheet_name(split, len(sheets) + 1)
        verify_checksums(folder, only=name)
        sheets.append(unpack_crops(read_grey(folder / name)))
    images = np.concatenate(sheets) if sheets else np.zeros((0, *CROP_SIZE), np.uint8)
    return images[:wanted], entry["labels"], entry["kinds"]


def read_scenes(folder: Path, split: str) -> list[tuple[str, np.ndarray, list[list[float]]]]:
    """Read the scenes of a split.

    Args:
        folder: of the data set.
        split: such as "test".

    Returns:
        Name, image uint8 [H, W] and boxes (x1, y1, x2, y2) in pixels of each scene, in order.

    Raises:
        FileNotFoundError, ValueError: as `read_crops`.
    """
    scenes = []
    for entry in _index(folder, "scenes", split):
        file = f"scenes/{entry['name']}.png"
        verify_checksums(folder, only=file)
        scenes.append((entry["name"], read_grey(folder / file), entry["boxes"]))
    return scenes


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
