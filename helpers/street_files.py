"""The files of the drawn data set: contact sheets of crops, pictures of scenes, and an index."""

import json
from functools import cache
from pathlib import Path

import numpy as np

from helpers.images import read_grey
from helpers.paths import verify_checksums

CROP_SIZE = (40, 100)
SHEET_COLUMNS = 20


def read_crops(folder: Path, split: str) -> tuple[np.ndarray, list[int], list[str]]:
    """Images uint8 [N, 40, 100], labels and kinds of "train", "val" or "test"."""
    entry = _index(folder)["crops"][split]
    verify_checksums(folder, only=f"crops-{split}.png")
    sheet = read_grey(folder / f"crops-{split}.png")
    height, width = CROP_SIZE
    tiles = sheet.reshape(-1, height, SHEET_COLUMNS, width).swapaxes(1, 2)
    images = tiles.reshape(-1, height, width)[: len(entry["labels"])]
    return images, entry["labels"], entry["kinds"]


def read_scenes(folder: Path, split: str) -> list[tuple[str, np.ndarray, list[list[int]]]]:
    """Name, image uint8 [H, W] and boxes (x1, y1, x2, y2) of each scene of "val" or "test"."""
    scenes = []
    for entry in _index(folder)["scenes"][split]:
        file = f"scenes/{entry['name']}.png"
        verify_checksums(folder, only=file)
        scenes.append((entry["name"], read_grey(folder / file), entry["boxes"]))
    return scenes


@cache
def _index(folder: Path) -> dict:
    verify_checksums(folder, only="index.json")
    return json.loads((folder / "index.json").read_text())
