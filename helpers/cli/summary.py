"""How networks did, as text.

>>> crops = Crops(torch.zeros(1, 1, 8, 8), torch.tensor([1]), ("cup/1.jpg",))
>>> print(most_wrong(crops, torch.tensor([[0.75, 0.25]])))
most wrong crops:
  cup/1.jpg (crop 0): car, called background (0.75)
<BLANKLINE>
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from helpers.cli.inputs import say
from helpers.datasets import Crops
from helpers.datasets.own import StoredCrops
from helpers.evaluation import mean_and_spread

MOST_WRONG = 5  # crops that are named
# What the names of figures stand for. All are from 0 to 1, and 1 is perfect (but not before NMS,
# where every further box on a car is false).
MEANINGS = {
    "accuracy": "share of crops called what they are",
    "roc_auc": "area under the ROC curve of the crops",
    "auc_before_nms": "area under the precision-recall curve, before NMS",
    "auc": "the same after NMS; a box is right by IoU ≥ 0.5",
    "ap": "average precision, as in PASCAL VOC",
    "eer": "equal error rate, by IoU ≥ 0.5",
    "eer_uiuc": "equal error rate, by the criterion of the photographs' makers",
    "mosaics_auc": "area for scenes put together from crops",
    "mosaics_eer": "their equal error rate",
    "pale_auc": "area for pale ones of these scenes",
    "pale_eer": "their equal error rate",
    "sized_auc": "area for such scenes of all sizes, with the pyramid",
    "sized_eer": "their equal error rate",
    "mAP@0.5": "average precision, mean over the classes; IoU ≥ 0.5",
    "mAP@0.5:0.95": "the same, mean over COCO's ten IoUs from 0.50 to 0.95",
}


def confusion(labels: Tensor, called: Tensor, classes: Sequence[str]) -> str:
    """How often crops of each class (rows) are called what (columns), as text.

    >>> print(confusion(torch.tensor([0, 1, 1]), torch.tensor([0, 1, 0]), ("background", "cup")))
    true, called      background          cup
    background                 1            0
    cup                        1            1
    <BLANKLINE>
    """
    count = len(classes)
    table = torch.bincount(labels * count + called, minlength=count * count).view(count, count)
    names = [name if len(name) <= 12 else f"{name[:11]}…" for name in classes]
    width = max(4, *map(len, names)) + 2 if count > 6 else 12
    lines = ["true, called".ljust(16) + "".join(f"{name:>{width}} " for name in names).rstrip()]
    for name, row in zip(names, table.tolist(), strict=True):
        lines.append(f"{name:<16}" + "".join(f"{n:>{width}} " for n in row).rstrip())
    return "\n".join(lines) + "\n"


def most_wrong(crops: Crops | StoredCrops, probabilities: Tensor) -> str:
    """The held-out crops whose own class seems least likely."""
    own = probabilities.gather(1, crops.labels[:, None])[:, 0]
    wrong = (probabilities.argmax(1) != crops.labels).nonzero().flatten()
    if not len(wrong):
        return "no held-out crop is called something else\n"
    lines = ["most wrong crops:"]
    for k in wrong[own[wrong].argsort()][:MOST_WRONG].tolist():
        name, called = crops.classes[crops.labels[k]], int(probabilities[k].argmax())
        sure = probabilities[k, called].item()
        where = f"{crops.kinds[k]} (crop {k})" if crops.kinds else f"crop {k}"
        lines.append(f"  {where}: {name}, called {crops.classes[called]} ({sure:.2f})")
    return "\n".join(lines) + "\n"


def say_scores(seed: int, scores: Mapping[str, float]) -> None:
    """Say on stderr how the network of one seed did."""
    say(f"seed {seed}: " + ", ".join(f"{name} {value:.4f}" for name, value in scores.items()))


def trained_on(data: str | Path, seeds: int, scenes: int | None = None) -> str:
    """What the figures of a table are of.

    >>> trained_on("street", 3)
    'trained on street, mean ± spread over 3 seeds'
    >>> trained_on("both", 1, scenes=250)
    'trained on both and windows of 250 scenes'
    """
    windows = f" and windows of {scenes} scenes" if scenes else ""
    return f"trained on {data}{windows}" + (
        f", mean ± spread over {seeds} seeds" if seeds > 1 else ""
    )


def print_scores(scores: Mapping[str, Sequence[float]]) -> None:
    """Print a line for each figure, over its seeds, and what it is."""
    for name, values in scores.items():
        print(f"  {name:<16} {mean_and_spread(values):<15}  {MEANINGS.get(name, '')}".rstrip())
