"""The whole pictures of a folder: their boxes, their splits, and crops that are cut from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from helpers.boxes import box_iou
from helpers.datasets.items import Scene
from helpers.datasets.own.annotations import Annotations, name_of
from helpers.datasets.own.pictures import fit_picture, picture_sizes, read_pixels

WINDOWS_OF_A_SCENE = 40  # without an object, at most
FREE_IOU = 0.3  # a window that overlaps an object less than this shows no object
LARGEST_WINDOW = 2.5  # crops wide: it is shrunk, as by a detector's pyramid
SAME_SHAPE = 0.7  # the IoU that a window of the crops' shape can have with a box that is cut out
FOUND_IOU = 0.5  # an object counts as found from this IoU on
NARROWEST = 1 / 8  # crops wide: a narrower object shows too little, and is not looked for
INSIDE = 1 / 4  # the share of a box that must lie in its picture


def match_boxes(
    files: list[Path], notes: Annotations, remarks: list[str]
) -> tuple[list[Path], dict[str, list]]:
    """The scenes to use, and their boxes by the name that each file has on this disk.

    Boxes outside their picture and scenes with crowds are left out; a word in `remarks` on these,
    and where boxes are for a picture of another size.

    Raises:
        ValueError: boxes are given for a name that several scenes have.
    """
    boxes, first, outside, misfits = dict(notes.boxes), {}, [], []
    for file in files:
        name = name_of(file.name)
        other = first.setdefault(name, file)
        if other is not file and name in notes.boxes:
            raise ValueError(
                f"{other} and {file} have the same name, and boxes go by the name without its"
                " folders: rename one"
            )
        size = next(iter(picture_sizes([file])), None) if name in boxes else None
        if size is None:
            continue
        noted = notes.sizes.get(name, size)
        if noted != size:
            misfits.append(f"{file.name} is {size[1]}×{size[0]}, not {noted[1]}×{noted[0]}")
        rows = boxes.pop(name)
        boxes[file.name] = inside = _in_picture(rows, size)
        outside += [f"{file.name} is {size[1]}×{size[0]}"] * (len(rows) - len(inside))
    if outside:
        remarks.append(
            f"{len(outside)} boxes are left out: they lie outside of their picture ({outside[0]})"
        )
    if misfits:
        remarks.append(
            f"boxes of {len(misfits)} scenes are for a picture of another size ({misfits[0]}):"
            " if they were drawn on a turned or resized copy, they are wrong here"
        )
    used = [file for file in files if name_of(file.name) not in notes.crowds]
    if len(used) < len(files):
        remarks.append(
            f"{len(files) - len(used)} scenes are left out: boxes in them are around a crowd"
            " (iscrowd), whose objects have none"
        )
    kept = {file.name for file in used} | (boxes.keys() - {file.name for file in files})
    return used, {name: rows for name, rows in boxes.items() if name in kept}


def _in_picture(rows: list, size: tuple[int, int]) -> list:
    """Those of the boxes that lie in a picture of a size, (height, width), as far as they must."""
    whole = torch.tensor([0.0, 0.0, size[1], size[0]])
    boxes = torch.tensor([row[:4] for row in rows], dtype=torch.float64).reshape(-1, 4)
    low, high = torch.maximum(boxes, whole)[:, :2], torch.minimum(boxes, whole)[:, 2:]
    share = (high - low).clamp(min=0).prod(1) / (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return [row for row, part in zip(rows, share.tolist(), strict=True) if part >= INSIDE]


def split_scenes(
    files: list[Path], boxes: dict[str, list], generator: torch.Generator, remarks: list[str]
) -> dict[str, list[Path]]:
    """Scenes by split, 9 : 3 : 4, at random; those with boxes, and those without, each by itself.

    A word in `remarks` where they are too few, or where something does not fit.
    """
    known = [file for file in files if file.name in boxes]
    unknown = [file for file in files if file.name not in boxes]
    splits: dict[str, list[Path]] = {"train": [], "val": [], "test": []}
    for scenes in (known, unknown):
        order = torch.randperm(len(scenes), generator=generator)
        ends = [round(len(scenes) * sixteenths / 16) for sixteenths in (9, 12)]
        for split, chosen in zip(splits, order.tensor_split(ends), strict=True):
            splits[split] += [scenes[k] for k in chosen.tolist()]
    if 0 < len(files) < 6:
        remarks.append(f"only {len(files)} scenes: with fewer than 6, some split may have none")
    if unknown:
        remarks.append(
            f"{len(unknown)} scenes have no boxes: all that they show is learned as background"
        )
    if missing := sorted(set(boxes) - {file.name for file in files}):
        remarks.append(f"boxes are given for {', '.join(missing[:5])}, and there is no such scene")
    return {split: sorted(chosen) for split, chosen in splits.items()}


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


def remark_box_shapes(boxes: dict[str, list], size: tuple[int, int], remarks: list[str]) -> None:
    """A word in `remarks` where some boxes cannot be met, since they have quite another shape."""
    rows = torch.tensor([row[:4] for rows in boxes.values() for row in rows]).reshape(-1, 4)
    if small := int((~_large_enough(rows, size)).sum()):
        remarks.append(
            f"{small} of {len(rows)} boxes in the scenes are narrower than"
            f" {size[1] * NARROWEST:g} pixels, too small to be looked for, and count as missed"
            " (boxes are in pixels, not in shares of the picture)"
        )
    if missed := int((same_shape(rows, size) < FOUND_IOU).sum()):
        remarks.append(
            f"{missed} of {len(rows)} boxes in the scenes have quite another shape than the crops"
            f" ({size[0]}×{size[1]}): no window fits them, and they count as missed"
        )


@dataclass(frozen=True, eq=False)
class StoredScene:
    """A `Scene` whose image stays in its file until it is asked for: many large ones fit memory.

    Args:
        path: of the picture.
        rows: (x1, y1, x2, y2, the class's name) of each box.
        classes: their names.
        channels: 1 or 3.
    """

    path: Path
    rows: list
    classes: tuple[str, ...]
    channels: int

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.name

    @property
    def boxes(self) -> torch.Tensor:
        """Float32 [M, 4], xyxy in pixels."""
        return torch.tensor([row[:4] for row in self.rows], dtype=torch.float32).reshape(-1, 4)

    @property
    def labels(self) -> torch.Tensor:
        """Int64 [M], indices of `classes`."""
        return torch.tensor([self.classes.index(row[4]) for row in self.rows], dtype=torch.int64)

    @property
    def image(self) -> torch.Tensor:
        """Float32 [C, H, W] in [0, 1], read anew."""
        return torch.from_numpy(read_pixels(self.path, self.channels)).float() / 255

    def of(self, label: int) -> Scene:
        """The same image, in memory, with the boxes of one class."""
        return Scene(self.name, self.image, self.boxes, self.labels, self.classes).of(label)


class Cut(NamedTuple):
    """What was cut out of scenes: uint8 pixels [N, C, H, W], labels int64 [N], N descriptions.

    `broken` says of scenes that cannot be read why not.
    """

    pixels: np.ndarray
    labels: torch.Tensor
    kinds: tuple[str, ...]
    broken: dict[Path, str]


def cut_crops(
    paths: list[Path],
    boxes: dict[str, list],
    classes: Sequence[str],
    size: tuple[int, int],
    channels: int,
    *,
    objects: int,
    background: int,
    generator: torch.Generator,
) -> Cut:
    """More crops, from scenes: what is in their boxes, and windows without an object.

    The objects of scenes come at all the sizes that a detector will look for, and not as carefully
    cut as crops. Boxes of quite another shape than the crops are left out: no window fits them.

    Args:
        paths: the scenes of one split.
        boxes: theirs, by the file's name.
        classes: the names; the background first.
        size: (height, width) of the crops.
        channels: 1 or 3.
        objects, background: at most so many of each, or a few more.
        generator: where the random numbers come from.
    """
    pixels, labels, kinds, broken = [], [], [], {}
    for path in paths:
        try:
            image = read_pixels(path, channels)
        except (ValueError, OSError) as error:
            broken[path] = str(error)
            continue
        scene = StoredScene(path, boxes.get(path.name, []), tuple(classes), channels)
        alike = same_shape(scene.boxes, size) >= SAME_SHAPE
        chosen = (alike & _large_enough(scene.boxes, size)).nonzero().flatten()
        chosen = chosen[torch.randperm(len(chosen), generator=generator)]
        for k in chosen[: -(-objects // len(paths))].tolist():
            label = int(scene.labels[k])
            pixels.append(fit_picture(_inside(image, scene.boxes[k]), size, "stretch"))
            labels.append(label)
            kinds.append(f"{classes[label]} in {path.name}")
        each = min(WINDOWS_OF_A_SCENE, -(-background // len(paths)))
        for window in _free_windows(scene.boxes, image.shape[1:], size, each, generator):
            pixels.append(fit_picture(_inside(image, window), size, "stretch"))
            labels.append(0)
            kinds.append(f"a part of {path.name}")
    stacked = np.stack(pixels) if pixels else np.zeros((0, channels, *size), np.uint8)
    return Cut(stacked, torch.tensor(labels, dtype=torch.int64), tuple(kinds), broken)


def same_shape(boxes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """The best IoU that a window of a shape can have with each box; 1 where they have one shape.

    Args:
        boxes: Tensor[N, 4], xyxy.
        size: (height, width) of the window, at any scale.

    >>> same_shape(torch.tensor([[0.0, 0, 10, 10], [0, 0, 40, 20]]), (10, 20)).tolist()
    [0.5, 1.0]
    """
    slender = (boxes[:, 3] - boxes[:, 1]) / (boxes[:, 2] - boxes[:, 0]) * (size[1] / size[0])
    return torch.minimum(slender, 1 / slender)


def findable(rows: Sequence[tuple], size: tuple[int, int]) -> torch.Tensor:
    """Which boxes some window of the crops' shape fits, bool [N].

    >>> findable([(0, 0, 10, 10, "cup"), (0, 0, 1, 1, "cup"), (0, 0, 10, 90, "cup")], (20, 20))
    tensor([ True, False, False])
    """
    boxes = torch.tensor([row[:4] for row in rows], dtype=torch.float32).reshape(-1, 4)
    return (same_shape(boxes, size) >= FOUND_IOU) & _large_enough(boxes, size)


def _large_enough(boxes: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    return boxes[:, 2] - boxes[:, 0] >= size[1] * NARROWEST


def _inside(pixels: np.ndarray, box: torch.Tensor) -> np.ndarray:
    """What is in a box, rounded to pixels; beyond the image its border is repeated."""
    x1, y1, x2, y2 = (round(side) for side in box.tolist())
    rows = np.arange(y1, max(y2, y1 + 1)).clip(0, pixels.shape[1] - 1)
    cols = np.arange(x1, max(x2, x1 + 1)).clip(0, pixels.shape[2] - 1)
    return pixels[:, rows[:, None], cols[None, :]]


def _free_windows(
    boxes: torch.Tensor,
    scene_size: tuple[int, int],
    size: tuple[int, int],
    count: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """At most `count` windows of a scene, of the crops' shape, without an object: [N, 4]."""
    height, width = scene_size
    if height < size[0] or width < size[1]:
        return torch.zeros(0, 4)
    largest = min(LARGEST_WINDOW, height / size[0], width / size[1])
    windows = []
    for how_large, down, right in torch.rand(count, 3, generator=generator).tolist():
        times = 1 + (largest - 1) * how_large
        h, w = int(size[0] * times), int(size[1] * times)
        y, x = int(down * (height - h)), int(right * (width - w))
        windows.append((x, y, x + w, y + h))
    windows = torch.tensor(windows, dtype=torch.float32).reshape(-1, 4)
    if not len(boxes):
        return windows
    return windows[(box_iou(windows, boxes) < FREE_IOU).all(1)]
