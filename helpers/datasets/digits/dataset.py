"""Writing the digits' data set: contact sheets, pages, index, card and checksums."""

import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import PIL
import scipy
from PIL import Image

from helpers.datasets.digits.card import digits_card
from helpers.datasets.digits.pages import CLASSES, CROP_SIDE, DrawnDigits, draw_crop, draw_page
from helpers.datasets.digits.source import Digits, read_digits
from helpers.paths import write_checksums
from helpers.sheets import pack_crops, sheet_name
from helpers.street.dataset import foreign_file, index_text, swap
from helpers.street.parallel import draw_many

SEED = 1998
FORMAT = 1
#: Crops of each digit of a split, crops of background, and pages.
COUNTS = {"train": (3, 900, 0), "val": (1, 90, 20), "test": (1, 130, 40)}


def write_digits(
    folder: Path | str,
    *,
    seed: int = SEED,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Draw the data set of digits, replacing what was there; after an error the old one stays.

    Args:
        folder: of the data set.
        seed: 0 or more; another seed gives other papers and hands, of the same digits.
        workers: processes that draw in parallel; they change no byte.
        progress: called with (done, total) now and then.

    Raises:
        ValueError: for fewer than one worker, or if `folder` holds anything but a data set.
        ModuleNotFoundError: scikit-learn is missing.
    """
    folder = Path(folder).resolve()  # a link stays, and what it points to is replaced
    if foreign := foreign_file(folder):
        raise ValueError(
            f"{folder} would be replaced, but holds {foreign}, which is no part of a drawn data"
            " set: choose another folder"
        )
    jobs = [
        (what, split, number)
        for split in COUNTS
        for what, count in zip(("crop", "page"), counts(split), strict=True)
        for number in range(count)
    ]
    draw = partial(_draw_job, seed, jobs)
    items = draw_many(draw, len(jobs), workers=workers, progress=progress)
    drawn = dict(zip(jobs, items, strict=True))
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fresh.chmod(0o755)
        _assemble(fresh, seed, drawn)
        swap(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def counts(split: str) -> tuple[int, int]:
    """How many crops and how many pages a split has."""
    times, background, pages = COUNTS[split]
    return times * len(_source(split).digits) + background, pages


@lru_cache
def _source(split: str) -> Digits:
    return read_digits(split)


def _draw_job(seed: int, jobs: list[tuple[str, str, int]], k: int) -> DrawnDigits:
    return draw_item(seed, *jobs[k])


def draw_item(seed: int, what: str, split: str, number: int) -> DrawnDigits:
    """One item of the data set, as it is drawn with this seed.

    Args:
        seed: of the data set.
        what: "crop" or "page".
        split: "train", "val" or "test".
        number: of the item, from 0. Crops show each digit of the split in its order, as often as
            `COUNTS` says, and then background.
    """
    source = _source(split)
    if what == "page":
        return draw_page(source, seed, split, number)
    of_digits = COUNTS[split][0] * len(source.digits)
    index = number % len(source.digits) if number < of_digits else None
    return draw_crop(source, seed, split, number, index)


def versions() -> dict[str, str]:
    """The versions of the libraries that a picture's last bits depend on."""
    return {"numpy": np.__version__, "pillow": PIL.__version__, "scipy": scipy.__version__}


def _assemble(folder: Path, seed: int, drawn: dict[tuple[str, str, int], DrawnDigits]) -> None:
    index = {
        **{"format": FORMAT, "seed": seed, "versions": versions(), "classes": CLASSES},
        **{"crop_size": (CROP_SIDE, CROP_SIDE), "crops": {}, "scenes": {}},
    }
    (folder / "scenes").mkdir()
    for split in COUNTS:
        crops = [item for (what, of, _), item in drawn.items() if (what, of) == ("crop", split)]
        _save(pack_crops([crop.image for crop in crops]), folder / sheet_name(split, 1))
        index["crops"][split] = {
            "labels": [crop.label for crop in crops],
            "kinds": [crop.kind for crop in crops],
        }
        pages = [item for (what, of, _), item in drawn.items() if (what, of) == ("page", split)]
        if pages:
            index["scenes"][split] = []
        for number, page in enumerate(pages):
            name = f"{split}-{number:03d}"
            _save(page.image, folder / "scenes" / f"{name}.png")
            entry = {"name": name, "boxes": page.boxes.tolist(), "labels": list(page.labels)}
            index["scenes"][split].append(entry)
    (folder / "index.json").write_text(index_text(index), encoding="utf-8")
    (folder / "CARD.md").write_text(digits_card(index), encoding="utf-8")
    write_checksums(folder)


def _save(image: np.ndarray, path: Path) -> None:
    Image.fromarray(image).save(path, "PNG", compress_level=9)
