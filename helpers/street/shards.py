"""Drawing that can be interrupted: finished shards of crops or scenes, kept until all are there."""

import hashlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import PIL
import scipy
import skimage

from helpers.paths import write_atomically
from helpers.street.crops import DrawnCrop, draw_crop
from helpers.street.parallel import batches, in_parallel
from helpers.street.scenes import DrawnScene, draw_scene

SHARD_ITEMS = {"crops": 50, "scenes": 10}  # items in a shard: about a second of drawing
ORDER = "order.json"


@dataclass(frozen=True)
class Shard:
    """The items `start` to `stop` of a part such as "crops-train" or "scenes-test"."""

    part: str
    start: int
    stop: int

    @property
    def file(self) -> str:
        return f"{self.part}-{self.start:07d}-{self.stop:07d}.npz"

    def __len__(self) -> int:
        return self.stop - self.start


def versions() -> dict[str, str]:
    """The versions of the libraries that a picture's last bits depend on."""
    return {
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "scipy": scipy.__version__,
        "scikit-image": skimage.__version__,
    }


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


# Taken now, while the code is loaded: whoever edits it later still runs what was loaded.
_RENDERER = _digest()


def renderer() -> str:
    """A digest of the renderer's source: other code may draw other pictures."""
    return _RENDERER


def plan(counts: dict[str, int]) -> list[Shard]:
    """Cut every part into shards, in the order in which they are drawn."""
    return [
        Shard(part, numbers.start, numbers.stop)
        for part, count in counts.items()
        for numbers in batches(count, SHARD_ITEMS[part.split("-", 1)[0]])
    ]


def draw_shards(
    folder: Path,
    seed: int,
    shards: list[Shard],
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Draw all shards that are not there yet, each written atomically.

    An item depends on nothing but (seed, part, number), so shards of an earlier, interrupted order
    with other counts are as good as new ones.

    Args:
        folder: of the shards.
        seed: of the data set.
        shards: as `plan` gives them.
        workers: processes that draw in parallel.
        progress: called with (items done, items in all) now and then.

    Raises:
        ValueError: the shards in `folder` are of another seed, other library versions or another
            version of the renderer.
    """
    _check_order(folder, {"seed": seed, "renderer": renderer(), **versions()})
    missing = [shard for shard in shards if not (folder / shard.file).exists()]
    total = sum(map(len, shards))
    done = total - sum(map(len, missing))
    if progress is not None:
        progress(done, total)
    work = partial(_draw_shard, folder, seed)
    with closing(in_parallel(work, missing, workers)) as drawn:
        for shard, _ in zip(missing, drawn, strict=True):
            done += len(shard)
            if progress is not None:
                progress(done, total)


def _check_order(folder: Path, order: dict) -> None:
    """Make `folder` for shards of this order, or see that those in it are of the same."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / ORDER
    if not file.exists():
        write_atomically(file, json.dumps(order, indent=1).encode())
    begun = json.loads(file.read_text())
    if other := [name for name in order if begun.get(name) != order[name]]:
        raise ValueError(
            f"{folder} holds a drawing that was begun with another {' and '.join(other)}: go on"
            f" with that one, or delete {folder} to begin anew"
        )


def _draw_shard(folder: Path, seed: int, shard: Shard) -> None:
    what, split = shard.part.split("-", 1)
    draw = draw_crop if what == "crops" else draw_scene
    items = [draw(seed, split, number) for number in range(shard.start, shard.stop)]
    buffer = io.BytesIO()
    np.savez(buffer, **(_pack_crops if what == "crops" else _pack_scenes)(items))
    write_atomically(folder / shard.file, buffer.getvalue())


def read_shard(folder: Path, shard: Shard) -> list[DrawnCrop] | list[DrawnScene]:
    """The items of a finished shard."""
    with np.load(folder / shard.file, allow_pickle=False) as arrays:
        if shard.part.startswith("crops"):
            rows = zip(arrays["images"], arrays["labels"], arrays["kinds"], strict=True)
            return [DrawnCrop(image, int(label), str(kind)) for image, label, kind in rows]
        return [DrawnScene(arrays[f"image{k}"], arrays[f"boxes{k}"]) for k in range(len(shard))]


def _pack_crops(crops: list[DrawnCrop]) -> dict[str, np.ndarray]:
    return {
        "images": np.stack([crop.image for crop in crops]),
        "labels": np.array([crop.label for crop in crops]),
        "kinds": np.array([crop.kind for crop in crops]),
    }


def _pack_scenes(scenes: list[DrawnScene]) -> dict[str, np.ndarray]:
    images = {f"image{k}": scene.image for k, scene in enumerate(scenes)}
    return images | {f"boxes{k}": scene.boxes for k, scene in enumerate(scenes)}


def read_items(folder: Path, shards: list[Shard]) -> Iterator[DrawnCrop | DrawnScene]:
    """Yield all items of finished shards, one after the other."""
    for shard in shards:
        yield from read_shard(folder, shard)
