"""Writing the frozen data set: contact sheets, scenes, index, card and checksums."""

import hashlib
import json
import multiprocessing
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.street.card import data_card
from helpers.street.crops import DrawnCrop, draw_crop
from helpers.street.scenes import DrawnScene, draw_scene
from helpers.street.staging import HEIGHT, WIDTH

SEED = 2004
COUNTS = {"crops-train": 1400, "crops-val": 250, "crops-test": 250,
          "scenes-val": 25, "scenes-test": 110}  # fmt: skip
COLUMNS = 20  # crops in a row of a contact sheet
FORMAT = 1


def write_dataset(
    folder: Path | str,
    *,
    seed: int = SEED,
    counts: dict[str, int] | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Draw the whole data set into ``folder``, replacing what was there.

    ``counts`` changes the number of items of some parts, by the names in ``COUNTS``. ``workers``
    processes draw in parallel and change no byte. ``progress(done, total)`` is called after each
    item. Everything is written to a temporary folder beside ``folder`` and swapped in at the end:
    an error or an interruption leaves the old data set as it was.

    Raises ValueError for an unknown part, a negative count or fewer than one worker.
    """
    wanted = _checked_counts(counts)
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fresh.chmod(0o755)
        _write_all(fresh, seed, wanted, workers, progress)
        _swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _checked_counts(counts: dict[str, int] | None) -> dict[str, int]:
    unknown = set(counts or {}) - set(COUNTS)
    if unknown:
        raise ValueError(f"unknown parts {sorted(unknown)}; there are {sorted(COUNTS)}")
    wanted = {**COUNTS, **(counts or {})}
    for part, count in wanted.items():
        if count < 0:
            raise ValueError(f"the count of {part} must not be negative, not {count}")
    return wanted


def _draw(seed: int, job: tuple[str, int]) -> DrawnCrop | DrawnScene:
    part, index = job
    what, split = part.split("-")
    return (draw_crop if what == "crops" else draw_scene)(seed, split, index)


def _drawn(
    seed: int, jobs: list[tuple[str, int]], workers: int
) -> Iterator[DrawnCrop | DrawnScene]:
    """Yield every job's picture in order."""
    draw = partial(_draw, seed)
    if workers == 1:
        yield from map(draw, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(draw, jobs, chunksize=8)


def _write_all(
    folder: Path,
    seed: int,
    counts: dict[str, int],
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    jobs = [(part, index) for part, count in counts.items() for index in range(count)]
    items: dict[str, list] = {part: [] for part in counts}
    for done, ((part, _), item) in enumerate(zip(jobs, _drawn(seed, jobs, workers), strict=True)):
        items[part].append(item)
        if progress is not None:
            progress(done + 1, len(jobs))

    index = {"format": FORMAT, "seed": seed, "crops": {}, "scenes": {}}
    (folder / "scenes").mkdir()
    for part, drawn in items.items():
        what, split = part.split("-")
        if what == "crops":
            _save(contact_sheet([crop.image for crop in drawn]), folder / f"{part}.png")
            index["crops"][split] = {
                "labels": [crop.label for crop in drawn],
                "kinds": [crop.kind for crop in drawn],
            }
        else:
            index["scenes"][split] = []
            for k, scene in enumerate(drawn):
                name = f"{split}-{k:03d}"
                _save(scene.image, folder / "scenes" / f"{name}.png")
                index["scenes"][split].append({"name": name, "boxes": scene.boxes.tolist()})
    (folder / "index.json").write_text(_index_text(index), encoding="utf-8")
    kinds = {part: Counter(i.kind for i in items[part]) for part in items if "crops" in part}
    cars = {part: sum(len(i.boxes) for i in items[part]) for part in items if "scenes" in part}
    (folder / "CARD.md").write_text(data_card(seed, counts, kinds, cars), encoding="utf-8")
    (folder / "checksums.sha256").write_text(_checksums(folder), encoding="utf-8")


def contact_sheet(images: list[np.ndarray]) -> np.ndarray:
    """Lay crops out in rows of 20 without gaps; the rest of the last row is black."""
    rows = max(1, -(-len(images) // COLUMNS))
    sheet = np.zeros((rows * HEIGHT, COLUMNS * WIDTH), dtype=np.uint8)
    for k, image in enumerate(images):
        top, left = HEIGHT * (k // COLUMNS), WIDTH * (k % COLUMNS)
        sheet[top : top + HEIGHT, left : left + WIDTH] = image
    return sheet


def _save(image: np.ndarray, path: Path) -> None:
    Image.fromarray(image).save(path, "PNG", optimize=True)


def _index_text(index: dict) -> str:
    """Write the index with one short list or scene on each line: compact, yet it diffs well."""
    lines = ["{", f' "format": {index["format"]},', f' "seed": {index["seed"]},', ' "crops": {']
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


def _checksums(folder: Path) -> str:
    """Return the checksums of all files so far, as ``sha256sum`` prints them."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return "".join(
        f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names
    )


def _swap(fresh: Path, folder: Path) -> None:
    """Put ``fresh`` in the place of ``folder``; if that fails, the old folder is put back."""
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
