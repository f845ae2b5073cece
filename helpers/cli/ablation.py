"""What is each part of the renderer worth? Leave it out, train, and ask real crops.

Each variant draws the same number of crops with the same seed, once with everything and once
without each part; some networks are trained on each, and judged by photographed crops.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from helpers import street
from helpers.cli.progress import follow
from helpers.datasets import Crops
from helpers.evaluation import EPOCHS, accuracy_and_roc_auc, mean_and_spread
from helpers.hard_negatives import make_hard_negatives
from helpers.models import make_classifier
from helpers.paths import write_atomically
from helpers.training import fit

HARD_NEGATIVES = "hard negatives"
VAL_SHARE = 5  # one validation crop for so many training crops

# draw(seed, split, index, without=parts) -> street.DrawnCrop
Draw = Callable[..., "street.DrawnCrop"]
# For each variant [accuracy, ROC AUC] of each seed.
Results = dict[str, list[tuple[float, float]]]


def variants(parts: Iterable[str]) -> dict[str, frozenset[str]]:
    """The name of each variant and what it leaves out: nothing, then each part by itself."""
    return {"full": frozenset()} | {f"without {part}": frozenset({part}) for part in parts}


def ablate(
    judge: Crops,
    *,
    seeds: int = 3,
    count: int = 1400,
    epochs: int = EPOCHS,
    workers: int = 1,
    results_file: Path | None = None,
    parts: Iterable[str] | None = None,
    draw: Draw | None = None,
    progress: bool = True,
) -> Results:
    """Accuracy and ROC AUC of networks for each variant of the renderer.

    Training and validation crops are drawn without the same part. Without "hard negatives", `fit`
    makes none either.

    Args:
        judge: crops to measure on.
        seeds: how many networks for each variant.
        count: of training crops; a fifth as many validation crops choose the epoch.
        epochs: how often each crop is seen.
        workers: processes that draw in parallel.
        results_file: a JSON file that holds what is known after each network: an interrupted call
            goes on there.
        parts: of the renderer, to be left out one by one; all of them by default.
        draw: the renderer; `street.draw_crop` by default.
        progress: show bars.

    Raises:
        ValueError: for a count or number of seeds below one, and a file of another order.
    """
    if count < 1 or seeds < 1:
        raise ValueError(f"count and seeds must be at least 1, not {count} and {seeds}")
    draw = draw or street.draw_crop
    order = {
        "count": count,
        "epochs": epochs,
        "judge": digest(judge.images, judge.labels),
        "draw": f"{draw.__module__}.{draw.__qualname__}",
        "renderer": street.renderer(),
        **street.versions(),
    }
    without = variants(street.PARTS if parts is None else parts)

    def prepare(name: str) -> Callable[[int], tuple[float, float]]:
        crops = _drawn(draw, without[name], count, workers, name, progress)
        return lambda seed: _judged(crops, judge, seed, epochs, without[name], progress)

    return resumed(without, seeds, order, results_file, prepare)


def resumed(
    names: Iterable[str],
    seeds: int,
    order: dict,
    results_file: Path | None,
    prepare: Callable[[str], Callable[[int], tuple[float, float]]],
) -> Results:
    """The results of all variants and seeds; what a file knows is not measured again.

    Args:
        names: of the variants.
        seeds: how many networks for each variant.
        order: what the results depend on.
        results_file: see `ablate`.
        prepare: with the name of a variant that has results missing; gives what measures the
            network of a seed.

    Raises:
        ValueError: for a file of another order.
    """
    known = _read(results_file, order)
    results: Results = {}
    for name in names:
        rows = known.setdefault(name, [])
        measure = prepare(name) if len(rows) < seeds else None
        for seed in range(len(rows), seeds):
            rows.append(measure(seed))
            if results_file is not None:
                text = json.dumps({"order": order, "rows": known}, indent=1)
                write_atomically(results_file, text.encode())
        results[name] = [(first, second) for first, second in rows[:seeds]]
    return results


def digest(*tensors: Tensor) -> str:
    """What these tensors hold, as text."""
    held = hashlib.sha256()
    for tensor in tensors:
        held.update(tensor.contiguous().numpy().tobytes())
    return held.hexdigest()


def _read(results_file: Path | None, order: dict) -> dict[str, list]:
    """What an earlier call with the same order found out."""
    if results_file is None or not results_file.is_file():
        return {}
    try:
        written = json.loads(results_file.read_text())
        rows, same = written["rows"], written["order"] == order
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{results_file} holds no results of an ablation: name another") from error
    if not same:
        raise ValueError(
            f"{results_file} holds results of another order: name another file, or move it"
        )
    return rows


def _drawn(
    draw: Draw, without: frozenset[str], count: int, workers: int, name: str, progress: bool
) -> tuple[Crops, Crops]:
    """Training and validation crops."""
    numbers = {"train": count, "val": -(-count // VAL_SHARE)}
    train, val = (
        draw_crops(split, number, workers, draw=draw, without=without, of=name, progress=progress)
        for split, number in numbers.items()
    )
    return train, val


def draw_crops(
    split: str,
    count: int,
    workers: int,
    *,
    draw: Draw | None = None,
    without: frozenset[str] = frozenset(),
    of: str = "full",
    progress: bool = True,
) -> Crops:
    """The first crops of a split, with all parts of the renderer or without some.

    Args:
        split: "train" or "val".
        count: how many.
        workers: processes that draw in parallel.
        draw: the renderer; `street.draw_crop` by default.
        without: parts that are left out.
        of: the name of the variant, for the bar.
        progress: show it.
    """
    work = partial(_draw_one, draw or street.draw_crop, split, without)
    with tqdm(desc=f"{of}: drawing {split}", unit="crop", disable=not progress) as bar:
        drawn = street.draw_many(work, count, workers=workers, progress=follow(bar))
    images = np.stack([crop.image for crop in drawn])[:, None].astype(np.float32) / 255
    labels = torch.tensor([crop.label for crop in drawn])
    return Crops(torch.from_numpy(images), labels, tuple(crop.kind for crop in drawn))


def _draw_one(draw: Draw, split: str, without: frozenset[str], index: int) -> "street.DrawnCrop":
    return draw(street.SEED, split, index, without=without)


def _judged(
    crops: tuple[Crops, Crops],
    judge: Crops,
    seed: int,
    epochs: int,
    without: frozenset[str],
    progress: bool,
) -> tuple[float, float]:
    """Train one network, and return its accuracy and ROC AUC on `judge`."""
    model = make_classifier(seed=seed)
    extra = None if HARD_NEGATIVES in without else make_hard_negatives
    fit(model, *crops, epochs=epochs, seed=seed, extra_negatives=extra, progress=progress)
    return accuracy_and_roc_auc(model, judge)


def table(
    results: Results,
    of: str = "drawings",
    figures: tuple[str, str] = ("accuracy", "ROC AUC"),
) -> str:
    """The results as a Markdown table, mean ± spread over seeds.

    Args:
        results: as `ablate` gives them.
        of: what differs between the variants.
        figures: what was measured of each network.
    """
    width = max(len(name) for name in (of, *results))
    rows = [f"| {of:<{width}} | {figures[0]:<15} | {figures[1]:<15} |"]
    rows.append(f"| {'-' * width} | {'-' * 15} | {'-' * 15} |")
    for name, row in results.items():
        first, second = map(mean_and_spread, zip(*row, strict=True))
        rows.append(f"| {name:<{width}} | {first:<15} | {second:<15} |")
    return "\n".join(rows)
