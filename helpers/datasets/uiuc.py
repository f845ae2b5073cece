"""The files of the UIUC Image Database for Car Detection (Agarwal, Awan and Roth 2004).

Numbered PGM pictures and text files of car locations, as the data set's README describes them.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from helpers.boxes import rowcol_from_xyxy, xyxy_from_rowcol
from helpers.images import read_grey
from helpers.paths import has_uiuc, read_text, uiuc_folder, uiuc_parent, write_atomically
from helpers.sheets import CROP_SIZE

__all__ = [
    "has_uiuc",
    "read_crops",
    "read_locations",
    "read_scenes",
    "uiuc_folder",
    "uiuc_parent",
    "write_uiuc_locations",
]

CROPS = {"neg": 500, "pos": 550}
AGAIN = "fetch the data again with `make data`"


def read_crops(folder: Path) -> tuple[np.ndarray, list[int], list[str]]:
    """Read all training crops.

    Args:
        folder: CarData.

    Returns:
        Images uint8 [N, 40, 100], labels (1 = car), and the files' names without their endings.

    Raises:
        FileNotFoundError: a picture is missing.
        ValueError: there are too few, or one is damaged or of another size.
    """
    images, labels, names = [], [], []
    for label, (prefix, count) in enumerate(CROPS.items()):
        paths = _numbered(folder / "TrainImages", prefix)
        if len(paths) != count:
            raise ValueError(f"{len(paths)} crops {prefix}-*.pgm instead of {count}; {AGAIN}")
        for path in paths:
            image = read_grey(path)
            if image.shape != CROP_SIZE:
                raise ValueError(f"{path} is {image.shape}, not {CROP_SIZE}; {AGAIN}")
            images.append(image)
            labels.append(label)
            names.append(path.stem)
    return np.stack(images), labels, names


def read_scenes(folder: Path, split: str) -> list[tuple[str, np.ndarray, Tensor]]:
    """Read the scenes of a split.

    Args:
        folder: CarData.
        split: "test" (170 scenes, cars of one size) or "test-multiscale" (108, of all sizes).

    Returns:
        Name, image uint8 [H, W] and boxes float32 [M, 4] xyxy of each scene, in order.

    Raises:
        FileNotFoundError: a picture or the list of locations is missing.
        ValueError: a picture is damaged, or the list does not fit the pictures.
    """
    suffix = {"test": "", "test-multiscale": "_Scale"}[split]
    paths = _numbered(folder / f"TestImages{suffix}", "test")
    boxes = read_locations(folder / f"trueLocations{suffix}.txt")
    if len(boxes) != len(paths):
        raise ValueError(f"{len(boxes)} lines of locations for {len(paths)} images; {AGAIN}")
    return [(path.stem, read_grey(path), cars) for path, cars in zip(paths, boxes, strict=True)]


def pictures(folder: Path) -> list[Path]:
    """The data set's pictures in a folder, sorted: word-number.pgm, and nothing else.

    Systems leave files of like names: `._pos-0.pgm` (macOS), `pos-0 (1).pgm`.
    """
    return sorted(p for p in folder.glob("*.pgm") if re.fullmatch(r"[a-z]+-\d+", p.stem))


def _numbered(folder: Path, prefix: str) -> list[Path]:
    """folder/prefix-0.pgm, -1, -2 … without a gap; "pos-0 (1).pgm" is somebody's copy."""
    found = sum(path.stem.removeprefix(f"{prefix}-").isdigit() for path in pictures(folder))
    paths = [folder / f"{prefix}-{number}.pgm" for number in range(max(found, 1))]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; {AGAIN}")
    return paths


LARGEST = 2**30  # of a coordinate: widths still fit into 31 bits
LOCATION = r"\(\s*-?\d+\s*,\s*-?\d+\s*(?:,\s*\d+\s*)?\)"


def read_locations(path: Path) -> list[Tensor]:
    """Read a UIUC location file.

    Lines read `n: (row,col) (row,col) …` (windows of 100×40) or, multi-scale,
    `n: (row,col,width)` with height = 0.4 × width, n counting from 0.

    Returns:
        Boxes float32 [M, 4] xyxy in pixels, one tensor for each line.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a line reads otherwise; it is quoted with its number.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {AGAIN}")
    boxes = []
    for number, line in enumerate(read_text(path).rstrip().splitlines()):
        if not re.fullmatch(rf"\s*{number}:(\s*{LOCATION})*\s*", line):
            raise ValueError(
                f"{path}, line {number + 1}: expected '{number}: (row,col) …', found {line!r}"
            )
        rows = []
        for location in re.findall(LOCATION, line):
            row, col, *size = (int(value) for value in location.strip("()").split(","))
            width = size[0] if size else CROP_SIZE[1]
            rows.append((row, col, 0.4 * width, width))
        boxes.append(xyxy_from_rowcol(torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)))
    return boxes


def write_uiuc_locations(
    path: str | Path, boxes: Sequence[Tensor], *, multiscale: bool = False
) -> Path:
    """Write detections as the official `foundLocations.txt`.

    The data set's own evaluator (Evaluator.java, Evaluator_Scale.java) reads it. Coordinates are
    rounded to whole pixels, as the format asks.

    Args:
        path: the file to write.
        boxes: for each scene, in order, its boxes float [M, 4] xyxy in pixels.
        multiscale: write the widths, too. Without them each box stands for a window of 100×40.

    Returns:
        The path.

    Raises:
        ValueError: a coordinate is not finite, or too large for Java's int; nothing is written.
    """
    lines = []
    for number, detected in enumerate(boxes):
        if not (detected.abs() <= LARGEST).all():  # NaN compares as False, too
            raise ValueError(f"scene {number} has a box with a coordinate that is no pixel's")
        locations = []
        for row, col, _, width in rowcol_from_xyxy(detected).round().long().tolist():
            locations.append(f"({row},{col},{width})" if multiscale else f"({row},{col})")
        lines.append(" ".join([f"{number}:", *locations]))
    path = Path(path)
    write_atomically(path, ("\n".join(lines) + "\n").encode())
    return path
