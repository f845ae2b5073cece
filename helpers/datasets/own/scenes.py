"""The whole pictures of a folder: their boxes, their splits, and windows without an object."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from helpers.boxes import box_iou
from helpers.datasets.items import Scene
from helpers.datasets.own.pictures import fit_picture, read_pixels

WINDOWS_OF_A_SCENE = 40  # without an object, at most
FREE_IOU = 0.3  # a window that overlaps an object less than this shows no object
LARGEST_WINDOW = 2.5  # crops wide: it is shrunk, as by a detector's pyramid


def split_scenes(
    files: list[Path], generator: torch.Generator, remarks: list[str]
) -> dict[str, list[Path]]:
    """Scenes by split, 9 : 3 : 4, at random. A word in `remarks` where they are too few."""
    order = torch.randperm(len(files), generator=generator).tolist()
    ends = [round(len(files) * sixteenths / 16) for sixteenths in (9, 12)]
    if 0 < len(files) < 6:
        remarks.append(f"only {len(files)} scenes: with fewer than 6, some split may have none")
    cuts = {"train": order[: ends[0]], "val": order[ends[0] : ends[1]], "test": order[ends[1] :]}
    return {split: [files[k] for k in sorted(chosen)] for split, chosen in cuts.items()}


def check_names(boxes: dict[str, list], classes: Sequence[str]) -> None:
    """Refuse boxes of a class that has no crops.

    Raises:
        ValueError: names the class.
    """
    named = {row[4] for rows in boxes.values() for row in rows}
    if unknown := sorted(named - set(classes[1:])):
        raise ValueError(
            f"the scenes' boxes name {', '.join(unknown)}, and there is no folder of that name"
            f" with pictures (there are: {', '.join(classes[1:])})"
        )


def make_scene(path: Path, pixels: np.ndarray, rows: list, classes: Sequence[str]) -> Scene:
    """A scene of pixels uint8 [C, H, W] and of rows (x1, y1, x2, y2, the class's name)."""
    boxes = torch.tensor([row[:4] for row in rows], dtype=torch.float32).reshape(-1, 4)
    labels = torch.tensor([classes.index(row[4]) for row in rows], dtype=torch.int64)
    image = torch.from_numpy(pixels).float() / 255
    return Scene(path.name, image, boxes, labels, tuple(classes))


def cut_background(
    paths: list[Path],
    boxes: dict[str, list],
    classes: Sequence[str],
    size: tuple[int, int],
    channels: int,
    wanted: int,
    generator: torch.Generator,
) -> np.ndarray:
    """Windows of the scenes without an object in them: uint8 [N, C, H, W]."""
    found: list[np.ndarray] = []
    each = min(WINDOWS_OF_A_SCENE, -(-wanted // len(paths))) if paths else 0
    for path in paths:
        pixels = read_pixels(path, channels)
        scene = make_scene(path, pixels, boxes.get(path.name, []), classes)
        height, width = pixels.shape[1:]
        if height < size[0] or width < size[1]:
            continue
        numbers = torch.rand(each, 3, generator=generator).tolist()
        largest = min(LARGEST_WINDOW, height / size[0], width / size[1])
        for how_large, down, right in numbers:
            times = 1 + (largest - 1) * how_large
            h, w = int(size[0] * times), int(size[1] * times)
            y, x = int(down * (height - h)), int(right * (width - w))
            window = torch.tensor([[x, y, x + w, y + h]], dtype=torch.float32)
            if len(scene.boxes) and box_iou(window, scene.boxes).max() >= FREE_IOU:
                continue
            found.append(fit_picture(pixels[:, y : y + h, x : x + w], size, "stretch"))
    return np.stack(found) if found else np.zeros((0, channels, *size), np.uint8)
