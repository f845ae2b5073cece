"""Writing a drawn data set: contact sheets, scenes, index, card and checksums."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.paths import CHECKSUMS, is_left_behind, read_checksums, write_checksums
from helpers.sheets import CROPS_PER_SHEET, pack_crops, sheet_name
from helpers.street.card import SEED, data_card
from helpers.street.crops import DrawnCrop
from helpers.street.scenes import DrawnScene
from helpers.street.shards import draw_shards, plan, read_items, versions

COUNTS = {"crops-train": 1600, "crops-val": 260, "crops-test": 260,
          "scenes-val": 30, "scenes-test": 150, "scenes-test-multiscale": 60}  # fmt: skip
FORMAT = 1
#: What a data set consists of; a folder with anything else in it is somebody else's.
OWN = ("index.json", "CARD.md", CHECKSUMS, "crops-*.png", "scenes/*.png")


def write_dataset(
    folder: Path | str,
    *,
    seed: int = SEED,
    counts: dict[str, int] | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Draw a whole data set, replacing what was there.

    What is drawn gathers in a folder `.NAME-parts` beside `folder`: after an error or an
    interruption the old data set is as it was, and the same call goes on where this one stopped.

    Args:
        folder: of the data set, NAME.
        seed: 0 or more; another seed gives other pictures.
        counts: the number of items of some parts, by their names in `COUNTS`; a part of 0 items is
            left out.
        workers: processes that draw in parallel; they change no byte.
        progress: called with (done, total) now and then.

    Raises:
        ValueError: for an unknown part, a negative count, nothing to draw, fewer than one worker,
            if `.NAME-parts` is of another drawing (another seed or other versions), or if `folder`
            holds anything but a data set.
    """
    wanted = _checked_counts(counts)
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    folder = Path(folder).resolve()  # a link stays, and what it points to is replaced
    if foreign := foreign_file(folder):
        raise ValueError(
            f"{folder} would be replaced, but holds {foreign}, which is no part of a drawn data"
            " set: choose another folder"
        )
    parts = folder.parent / f".{folder.name}-parts"
    draw_shards(parts, seed, plan(wanted), workers=workers, progress=progress)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fresh.chmod(0o755)
        _assemble(fresh, parts, seed, wanted)
        swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(parts, ignore_errors=True)


def foreign_file(folder: Path) -> str | None:
    """The first thing in a folder that is not listed in its checksums, or not of a data set."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        return folder.name
    own = set(read_checksums(folder)) | {CHECKSUMS}
    paths = (p.relative_to(folder) for p in sorted(folder.rglob("*")) if p.is_file())
    names = [path.as_posix() for path in paths if not is_left_behind(path)]
    return next((name for name in names if name not in own or not _is_own(name)), None)


def _is_own(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in OWN)


def _checked_counts(counts: dict[str, int] | None) -> dict[str, int]:
    unknown = set(counts or {}) - set(COUNTS)
    if unknown:
        raise ValueError(f"unknown parts {sorted(unknown)}; there are {sorted(COUNTS)}")
    wanted = {**COUNTS, **(counts or {})}
    for part, count in wanted.items():
        if count < 0:
            raise ValueError(f"the count of {part} must not be negative, not {count}")
    if not any(wanted.values()):
        raise ValueError("nothing to draw: every count is 0")
    return {part: count for part, count in wanted.items() if count}


def _assemble(folder: Path, parts: Path, seed: int, counts: dict[str, int]) -> None:
    """Make a data set of finished shards."""
    index = {"format": FORMAT, "seed": seed, "versions": versions(), "crops": {}, "scenes": {}}
    for part, count in counts.items():
        what, split = part.split("-", 1)
        items = read_items(parts, plan({part: count}))
        write = _write_crops if what == "crops" else _write_scenes
        index[what][split] = write(folder, split, items)
    (folder / "index.json").write_text(index_text(index), encoding="utf-8")
    (folder / "CARD.md").write_text(data_card(index, usual=counts == COUNTS), encoding="utf-8")
    write_checksums(folder)


def _write_crops(folder: Path, split: str, crops: Iterable[DrawnCrop]) -> dict[str, list]:
    crops, labels, kinds, sheets = iter(crops), [], [], 0
    while some := list(islice(crops, CROPS_PER_SHEET)):
        sheets += 1
        _save(pack_crops([crop.image for crop in some]), folder / sheet_name(split, sheets))
        labels += [crop.label for crop in some]
        kinds += [crop.kind for crop in some]
    return {"labels": labels, "kinds": kinds}


def _write_scenes(folder: Path, split: str, scenes: Iterable[DrawnScene]) -> list[dict]:
    (folder / "scenes").mkdir(exist_ok=True)
    rows = []
    for number, scene in enumerate(scenes):
        name = f"{split}-{number:03d}"
        _save(scene.image, folder / "scenes" / f"{name}.png")
        rows.append({"name": name, "boxes": scene.boxes.tolist()})
    return rows


def _save(image: np.ndarray, path: Path) -> None:
    Image.fromarray(image).save(path, "PNG", compress_level=4)  # noise shrinks no further


def index_text(index: dict) -> str:
    """Write the index with one short list or scene on each line: compact, yet it diffs well."""
    first = [name for name in index if name not in ("crops", "scenes")]
    lines = ["{", *(f" {json.dumps(name)}: {json.dumps(index[name])}," for name in first)]
    lines.append(' "crops": {')
    parts = []
    for split, crops in index["crops"].items():
        kinds = ",\n    ".join(
            ", ".join(json.dumps(kind) for kind in crops["kinds"][k : k + 10])
            for k in range(0, len(crops["kinds"]), 10)
        )
        parts.append(
            f'  {json.dumps(split)}: {{\n   "labels": {json.dumps(crops["labels"])},\n'
            f'   "kinds": [\n    {kinds}]}}'
        )
    lines += [",\n".join(parts), " },", ' "scenes": {']
    parts = []
    for split, scenes in index["scenes"].items():
        listed = ",\n".join(f"   {json.dumps(scene)}" for scene in scenes)
        parts.append(f"  {json.dumps(split)}: [\n{listed}]")
    return "\n".join([*lines, ",\n".join(parts), " }", "}", ""])


def swap(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`; if that fails, the old folder is put back."""
    if not folder.exists():
        os.replace(fresh, folder)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    try:
        os.replace(folder, old)  # a folder may replace an empty one
        os.replace(fresh, folder)
    except BaseException:
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(old, folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
