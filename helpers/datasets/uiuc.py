"""The files of the UIUC Image Database for Car Detection (Agarwal, Awan and Roth 2004).

Numbered PGM pictures and text files of car locations, as the data set's README describes them.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from helpers.boxes import rowcol_from_xyxy, xyxy_from_rowcol
from helpers.images import read_grey
from helpers.paths import DATA
from helpers.sheets import CROP_SIZE

CROPS = {"neg": 500, "pos": 550}
AGAIN = "fetch the data again with `make data`"


def uiuc_folder() -> Path:
    """The folder CarData: inside `UIUC_CARS_DIR` if that is set, else inside data/uiuc.

    Raises FileNotFoundError that says how to get it.
    """
    folder = uiuc_parent() / "CarData"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder}: the UIUC photographs are not part of the course. Fetch them with"
            " `make data` (or `python -m helpers data`), or set UIUC_CARS_DIR to the folder that"
            " holds CarData."
        )
    return folder


def uiuc_parent() -> Path:
    """The folder that holds CarData, or will hold it once it is fetched."""
    return Path(os.environ.get("UIUC_CARS_DIR") or DATA / "uiuc")


def has_uiuc(part: str = "TrainImages") -> bool:
    """Whether the UIUC photographs (or that part of them) are here."""
    return (uiuc_parent() / "CarData" / part).is_dir()


def read_crops(folder: Path) -> tuple[np.ndarray, list[int], list[str]]:
    """Images uint8 [N, 40, 100], labels and file names of all training crops in CarData."""
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
    """Name, image uint8 [H, W] and boxes [M, 4] of each scene: "test" or "test-multiscale"."""
    suffix = {"test": "", "test-multiscale": "_Scale"}[split]
    paths = _numbered(folder / f"TestImages{suffix}", "test")
    boxes = read_locations(folder / f"trueLocations{suffix}.txt")
    if len(boxes) != len(paths):
        raise ValueError(f"{len(boxes)} lines of locations for {len(paths)} images; {AGAIN}")
    return [(path.stem, read_grey(path), truth) for path, truth in zip(paths, boxes, strict=True)]


def _numbered(folder: Path, prefix: str) -> list[Path]:
    """folder/prefix-0.pgm, -1, -2 … without a gap."""
    found = len(list(folder.glob(f"{prefix}-*.pgm")))
    paths = [folder / f"{prefix}-{number}.pgm" for number in range(max(found, 1))]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; {AGAIN}")
    return paths


PLACE = r"\(\s*-?\d+\s*,\s*-?\d+\s*(?:,\s*\d+\s*)?\)"


def read_locations(path: Path) -> list[Tensor]:
    """Boxes float32 [M, 4] xyxy, one tensor for each line of a UIUC location file.

    Lines read `n: (row,col) (row,col) …` (windows of 100×40) or, multi-scale,
    `n: (row,col,width)` with height = 0.4 × width, n counting from 0.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {AGAIN}")
    boxes = []
    for number, line in enumerate(path.read_text().rstrip().splitlines()):
        if not re.fullmatch(rf"\s*{number}:(\s*{PLACE})*\s*", line):
            raise ValueError(
                f"{path}, line {number + 1}: expected '{number}: (row,col) …', found {line!r}"
            )
        rows = []
        for place in re.findall(PLACE, line):
            row, col, *size = (int(value) for value in place.strip("()").split(","))
            width = size[0] if size else CROP_SIZE[1]
            rows.append((row, col, 0.4 * width, width))
        boxes.append(xyxy_from_rowcol(torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)))
    return boxes


def write_uiuc_locations(
    path: str | Path, boxes: Sequence[Tensor], *, multiscale: bool = False
) -> Path:
    """Write boxes [M, 4] xyxy of each scene, in order, as the official `foundLocations.txt`.

    The data set's own evaluator (Evaluator.java, Evaluator_Scale.java) reads it. Coordinates are
    rounded to whole pixels, as the format asks.
    """
    lines = []
    for number, found in enumerate(boxes):
        places = []
        for row, col, _, width in rowcol_from_xyxy(found).round().long().tolist():
            places.append(f"({row},{col},{width})" if multiscale else f"({row},{col})")
        lines.append(" ".join([f"{number}:", *places]))
    path = Path(path)
    path.write_text("\n".join(lines) + "\n")
    return path
