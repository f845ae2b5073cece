"""Training a classifier for a detector of several sizes: the weights of the course come from here.

>>> car = torch.tensor([[20.0, 20, 220, 100]])
>>> scenes = [Scene("street", torch.rand(1, 140, 260), car)]
>>> crops = Crops(torch.rand(4, 1, 40, 100), torch.arange(4) % 2)
>>> model = nn.Sequential(nn.Flatten(), nn.Linear(40 * 100, 2))
>>> history = fit_all_sizes(model, crops, scenes, (1.0, 2.0), extra=6, epochs=1, progress=False)
>>> len(history.train_loss)
1
"""

import copy
import math
from collections.abc import Collection, Sequence

import torch
from torch import Generator, Tensor, nn

from helpers.augment import default_augmentation, zoom
from helpers.datasets import Crops, Scene
from helpers.hard_negatives import windows_of_scenes
from helpers.sheets import CROP_SIZE
from helpers.training import History, fit, predict_logits

# What is added to `fit`: an ablation leaves it out. (Without windows there are no hardest ones.)
PARTS = ("windows", "hardest windows", "sizes")
WINDOWS = 0.3  # for each crop, added each time


def fit_all_sizes(
    model: nn.Module,
    crops: Crops,
    scenes: Sequence[Scene],
    scales: Sequence[float],
    *,
    extra: int | None = None,
    epochs: int = 12,
    seed: int = 0,
    without: Collection[str] = (),
    progress: bool = True,
) -> History:
    """Train for a detector of several sizes: with windows of scenes, the hardest of them mined.

    Trains twice from the same beginning, as `fit` does. First with the crops and some windows of
    the scenes: half of them show a car that fits nearly, half show none. Then also with those
    windows without a car that the first network finds most like a car: parts of near cars, and cars
    of another size. (One that was there before counts twice.) All are shown up to a tenth larger or
    smaller. The last weights stay.

    Args:
        model: not trained yet; changed in place.
        crops: to learn from; grey, 40×100 pixels, as the windows.
        scenes: for training only, with cars of all sizes; at least one, grey as the crops.
        scales: of the detector that will use the classifier.
        extra: so many windows, at most, are added each time; None: three for ten crops.
        epochs: how often each crop and each window is seen.
        seed: of windows, order and augmentation.
        without: which of `PARTS` to leave out. Without (the hardest) windows, it trains once.
        progress: show a bar.

    Returns:
        What happened in each epoch of the last training, as `fit`.

    Raises:
        ValueError: for no scenes or colour ones, crops of another size or colour, fewer than no
            windows, and parts that are none.

    Source: Sung and Poggio 1994 (bootstrapping).
    """
    if not len(scenes):
        raise ValueError("there are no scenes to cut windows out of")
    if coloured := [scene.name for scene in scenes if len(scene.image) != 1]:
        raise ValueError(
            f"windows are grey, but scene {coloured[0]} has another number of channels than 1"
        )
    if crops.images.shape[1:] != (1, *CROP_SIZE):
        shape = "×".join(map(str, crops.images.shape[1:]))
        raise ValueError(f"windows are grey and of 40×100 pixels, 1×40×100; the crops are {shape}")
    if unknown := set(without) - set(PARTS):
        raise ValueError(f"no parts: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if extra is not None and extra < 0:
        raise ValueError(f"extra must be 0 or more windows, not {extra}")
    extra = round(WINDOWS * len(crops)) if extra is None else extra
    windows = windows_of_scenes(scenes, scales, seed=seed)
    order = torch.randperm(len(windows), generator=torch.Generator().manual_seed(seed))
    of_each = [order[windows.labels[order] == label] for label in (0, 1)]
    some = torch.cat([each[: extra // 2] for each in of_each])
    known = crops if "windows" in without else crops + windows.subset(some)
    augment = default_augmentation if "sizes" in without else _of_nearly_one_size
    options = {"epochs": epochs, "seed": seed, "augment": augment, "progress": progress}
    untrained = copy.deepcopy(model.state_dict())
    history = fit(model, known, **options)
    if not {"windows", "hardest windows"}.isdisjoint(without):
        return history
    logits = predict_logits(model, windows.images)
    likeness = (logits[:, 1] - logits[:, 0]).masked_fill(windows.labels == 1, -math.inf)
    hardest = likeness.argsort(descending=True)[: min(extra, len(of_each[0]))]
    model.load_state_dict(untrained)
    return fit(model, known + windows.subset(hardest), **options)


def _of_nearly_one_size(images: Tensor, generator: Generator) -> Tensor:
    return zoom(default_augmentation(images, generator), generator)
