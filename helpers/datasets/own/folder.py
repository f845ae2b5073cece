"""A folder of pictures as a data set: FOLDER/<class>/*.png, as torchvision's ImageFolder has it.

FOLDER/background holds pictures without an object. FOLDER/scenes may hold whole pictures, with
boxes in COCO's or VOC's format: the objects in them are crops, too, and windows without an object
are background.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from helpers.datasets.own.annotations import read_annotations
from helpers.datasets.own.near import count_near_duplicates
from helpers.datasets.own.pictures import (
    PICTURES,
    Shape,
    choose_size,
    common_channels,
    fit_picture,
    picture_sizes,
    read_pixels,
)
from helpers.datasets.own.scenes import (
    StoredScene,
    check_names,
    cut_crops,
    findable,
    match_boxes,
    remark_box_shapes,
    split_scenes,
)
from helpers.datasets.own.stored import StoredCrops, StoredImages
from helpers.paths import is_left_behind, is_text, own_files, unread_files
from helpers.splits import shuffled_by_class

BACKGROUND, SCENES = "background", "scenes"
SPLIT_NAMES = ("train", "training", "val", "valid", "validation", "test", "testing")
#: More bytes of pixels than this are read from their files each time they are needed.
KEPT_BYTES = 2**30
FEWEST = 8  # pictures of a class: one for testing, one for validation, and a few to learn from


@dataclass(frozen=True, eq=False)
class Folder:
    """A folder, read and split. Lesson 09.

    Args:
        train, val, test: the crops.
        scenes: whole pictures by split: their paths.
        boxes: theirs, by the file's name.
        classes: "background" first, then the folders' names in order.
        size: (height, width) of the crops.
        channels: 1 for grey pictures, 3 for colour.
        remarks: what a user should know: what was left out, cropped, or looks wrong.
    """

    train: StoredCrops
    val: StoredCrops
    test: StoredCrops
    scenes: dict[str, list[Path]]
    boxes: dict[str, list]
    classes: tuple[str, ...]
    size: tuple[int, int]
    channels: int
    remarks: tuple[str, ...]

    @property
    def object_widths(self) -> tuple[float, float] | None:
        """The narrowest and widest box of the training and validation scenes, if there are any.

        Boxes that no window fits do not count: a slip of the mouse would be looked for in a picture
        enlarged a hundred times.
        """
        names = {path.name for split in ("train", "val") for path in self.scenes[split]}
        rows = [row for name in names for row in self.boxes.get(name, [])]
        fits = findable(rows, self.size)
        widths = [row[2] - row[0] for row, fit in zip(rows, fits.tolist(), strict=True) if fit]
        return (min(widths), max(widths)) if widths else None

    def load_scenes(self, split: str) -> list[StoredScene]:
        """The scenes of a split that have boxes, or are known to have none; images are read later.

        Args:
            split: "train", "val" or "test".
        """
        return [
            StoredScene(path, self.boxes[path.name], self.classes, self.channels)
            for path in self.scenes[split]
            if path.name in self.boxes
        ]


def load_folder(
    path: str | Path,
    size: tuple[int, int] | None = None,
    *,
    shape: Shape = "crop",
    channels: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Folder:
    """Read a folder of pictures: crops in three splits, and the scenes. Lesson 10.

    Of each class, 9/16 of the pictures are for training, 3/16 for validation and 4/16 for testing;
    so are the scenes. Many pictures are not kept in memory but read when they are needed.

    Args:
        path: the folder, with a folder of pictures for each class.
        size: (height, width) of the crops; None: the pictures' most usual one, made smaller if it
            is large.
        shape: what becomes of a picture of another shape. "crop": the largest middle part of the
            right shape is taken; "stretch": it is stretched; "pad": its border is repeated around
            it. Then it is resized, with antialiasing.
        channels: 1 for grey, 3 for colour; None: colour if any of the first pictures has colours.
        seed: of the split, and of what is cut from the scenes.
        progress: called with (pictures read, pictures) now and then.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it holds no classes, too few pictures of one, or no background; the message
            says what to do.
    """
    root = Path(path)
    remarks: list[str] = []
    classes, files, labels = _find_pictures(root, remarks)
    if size is None:
        size = choose_size(picture_sizes(files[:: max(1, len(files) // 500)]))
        remarks.append(f"crops are {size[0]}×{size[1]}, the pictures' usual shape (--size sets it)")
    channels = channels or common_channels(files)
    read = partial(_read_crop, size=size, shape=shape, channels=channels)
    pixels, fine, means = _read_all(files, read, (channels, *size), progress, remarks)
    files = [files[k] for k in fine]
    labels = labels[fine]

    def crop(k: int) -> np.ndarray:
        return read(files[k]) if pixels is None else pixels[fine[k]]

    _check_counts(labels, classes, remarks)
    generator = torch.Generator().manual_seed(seed)
    splits = _split(labels, generator)
    wholes = _pictures_in(root / SCENES)
    if what := unread_files(own_files(root / SCENES), PICTURES):
        remarks.append(f"{SCENES} also holds {what}")
    wholes, notes = match_boxes(wholes, read_annotations(root / SCENES), remarks)
    check_names(notes, classes)
    scenes = split_scenes(wholes, notes, generator, remarks)
    names = [str(file.relative_to(root)) for file in files]
    count_near_duplicates(means, splits, crop, names, remarks)
    _remark_shapes(files, size, shape, remarks)
    remark_box_shapes(notes, size, remarks)
    made = {}
    for split, rows in splits.items():
        cut = cut_crops(
            scenes[split], notes, classes, size, channels, generator=generator,
            objects=len(rows), background=round(len(rows) / max(1, len(classes) - 1)),
        )  # fmt: skip
        scenes[split] = [file for file in scenes[split] if file not in cut.broken]
        remarks += [f"left out: {problem}" for problem in cut.broken.values()]
        images = _stored(crop, rows.tolist(), cut.pixels)
        of = torch.cat([labels[rows], cut.labels])
        kinds = (*(names[k] for k in rows.tolist()), *cut.kinds)
        made[split] = StoredCrops(images, of, kinds, classes)
        if not (made[split].labels == 0).any():
            raise ValueError(_NO_BACKGROUND.format(root / BACKGROUND, root / SCENES))
    return Folder(
        **made, scenes=scenes, boxes=notes, classes=classes, size=size, channels=channels,
        remarks=tuple(remarks),
    )  # fmt: skip


_NO_BACKGROUND = (
    "a detector must know what is not an object: put pictures without one into {} (as many as of a"
    " class, or more), or ten or more whole pictures into {}"
)


def _find_pictures(root: Path, remarks: list[str]) -> tuple[tuple[str, ...], list[Path], Tensor]:
    """The classes, and each picture with its label; a word in `remarks` on files that are none."""
    if not root.is_dir():
        raise FileNotFoundError(f"no folder {root}")
    inside = sorted(path for path in root.iterdir() if path.is_dir())
    folders = [p for p in inside if p.name != SCENES and not is_left_behind(Path(p.name))]
    folders = [p for p in folders if not p.name.startswith(".")]
    _check_folders(folders)
    found: dict[str, list[Path]] = {}
    for folder in folders:
        pictures, what = _pictures_in(folder), unread_files(own_files(folder), PICTURES)
        # macOS writes ü as u and two dots, and the boxes of scenes may come from elsewhere.
        found.setdefault(unicodedata.normalize("NFC", folder.name), []).extend(pictures)
        if not pictures:
            remarks.append(
                f"{folder.name} is left out: no pictures in it{what and f', but {what}'}"
            )
        elif what:
            remarks.append(f"{folder.name} also holds {what}")
    found = {name: files for name, files in found.items() if files}
    names = [name for name in found if name != BACKGROUND]
    if not names:
        raise ValueError(
            f"{root} holds no classes: put the pictures of each class into a folder of its own"
            f" ({root.name}/cup/1.png), those without an object into {root.name}/{BACKGROUND}"
            + "".join(f"; {remark}" for remark in remarks)
        )
    classes = (BACKGROUND, *names)
    files = [file for name in classes for file in found.get(name, [])]
    labels = [k for k, name in enumerate(classes) for _ in found.get(name, [])]
    return classes, files, torch.tensor(labels)


def _check_folders(folders: Sequence[Path]) -> None:
    """Refuse folders that would be classes, and cannot have been meant so."""
    for folder in folders:
        meant = folder.name.lower()
        if meant in (BACKGROUND, SCENES) and folder.name != meant:
            raise ValueError(f"{folder} would be a class: call it {meant}, in small letters")
        if not is_text(folder.name):  # the weights' file could not hold it
            raise ValueError(f"the name of {folder} is damaged (no UTF-8): give it another")
    splits = [p for p in folders if p.name.lower() in SPLIT_NAMES and _pictures_in(p)]
    direct = (child for p in splits for child in p.iterdir() if child.suffix.lower() in PICTURES)
    if len(splits) > 1 and not any(direct):
        names = ", ".join(folder.name for folder in splits)
        raise ValueError(
            f"{names} would be classes: give a folder with a folder for each class; it is split"
            " when it is read"
        )


def _pictures_in(folder: Path) -> list[Path]:
    return [path for path in own_files(folder) if path.suffix.lower() in PICTURES]


def _read_crop(path: Path, *, size: tuple[int, int], shape: Shape, channels: int) -> np.ndarray:
    return fit_picture(read_pixels(path, channels), size, shape)


def _read_all(
    files: Sequence[Path],
    read: Callable[[Path], np.ndarray],
    shape: tuple[int, int, int],
    progress: Callable[[int, int], None] | None,
    remarks: list[str],
) -> tuple[np.ndarray | None, Tensor, np.ndarray]:
    """Read every picture once: all pixels, if they are few; which can be read, and their means."""
    keep = len(files) * int(np.prod(shape)) <= KEPT_BYTES
    pixels = np.zeros((len(files) if keep else 0, *shape), np.uint8)
    means = np.zeros((len(files), 16), np.float32)
    fine, broken = [], []
    for k, file in enumerate(files):
        try:
            crop = read(file)
        except (ValueError, OSError) as error:
            broken.append(str(error))
        else:
            if keep:
                pixels[k] = crop
            grey = Image.fromarray(crop.mean(0).astype(np.float32))
            means[k] = np.asarray(grey.resize((4, 4), Image.Resampling.BOX)).ravel()
            fine.append(k)
        if progress is not None and (k % 100 == 99 or k + 1 == len(files)):
            progress(k + 1, len(files))
    remarks += [f"left out: {problem}" for problem in broken[:5]]
    if len(broken) > 5:
        remarks.append(f"left out: {len(broken) - 5} more pictures that cannot be read")
    kept = torch.tensor(fine, dtype=torch.int64)
    return pixels if keep else None, kept, means[fine] / 255


def _check_counts(labels: Tensor, classes: Sequence[str], remarks: list[str]) -> None:
    counts = torch.bincount(labels, minlength=len(classes)).tolist()
    for name, count in zip(classes, counts, strict=True):
        if name == BACKGROUND and not count:
            continue
        if count < FEWEST:
            raise ValueError(
                f"{name} has {count} pictures that can be read: {FEWEST} are the least that can be"
                " split into training, validation and test, and 100 are a good beginning"
            )
        if count < 50:
            remarks.append(f"{name} has only {count} pictures: what is measured on it is a guess")
    if max(counts[1:]) > 10 * min(counts[1:]):
        remarks.append("one class has ten times as many pictures as another: it will be preferred")


def _split(labels: Tensor, generator: torch.Generator) -> dict[str, Tensor]:
    """Rows of each split, 9 : 3 : 4 of every class, at least one of each in each."""
    rows: dict[str, list[Tensor]] = {"train": [], "val": [], "test": []}
    for members in shuffled_by_class(labels, generator):
        ends = [round(len(members) * sixteenths / 16) for sixteenths in (9, 12)]
        for split, chosen in zip(rows, members.tensor_split(ends), strict=True):
            rows[split].append(chosen)
    return {split: torch.cat(chosen).sort().values for split, chosen in rows.items()}


def _remark_shapes(
    files: list[Path], size: tuple[int, int], shape: Shape, remarks: list[str]
) -> None:
    sizes = Counter(picture_sizes(files[:: max(1, len(files) // 500)]))
    other = sum(n for (h, w), n in sizes.items() if abs(h / w / (size[0] / size[1]) - 1) > 0.02)
    if other:
        done = {
            "crop": "their middle part is taken",
            "stretch": "they are stretched",
            "pad": "their border is repeated around them",
        }
        share = other / sum(sizes.values())
        remarks.append(
            f"{share:.0%} of the pictures have another shape than the crops: {done[shape]}"
        )


def _stored(
    crop: Callable[[int], np.ndarray], rows: Sequence[int], cut: np.ndarray
) -> StoredImages:
    """The images of one split: pictures of files, then what was cut from scenes. None is copied."""

    def image(k: int) -> np.ndarray:
        return crop(rows[k]) if k < len(rows) else cut[k - len(rows)]

    return StoredImages(None, np.arange(len(rows) + len(cut)), read=image, shape=cut.shape[1:])
