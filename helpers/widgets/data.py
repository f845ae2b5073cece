"""Interactive views of data and augmentation."""

from collections.abc import Callable, Mapping

import ipywidgets
import torch
from torch import Tensor

from helpers import augment, hard_negatives
from helpers.datasets import Crops
from helpers.plots import contact_sheet
from helpers.widgets.view import CaptionedFigure, view

TRANSFORMS: Mapping[str, Callable] = {
    "flip": augment.flip,
    "shift": augment.shift,
    "brightness": augment.brightness,
    "contrast": augment.contrast,
    "noise": augment.noise,
    "cutout": augment.cutout,
    "shifted away (no car any more)": hard_negatives.shifted_away,
    "wrong size (no car any more)": hard_negatives.wrong_size,
}


def plot_augmented(images: Tensor, transform: str, seed: int) -> CaptionedFigure:
    """A few crops above what a transform makes of them.

    Args:
        images: float [N, 1, H, W] in [0, 1].
        transform: one of `TRANSFORMS`.
        seed: of its random numbers.
    """
    changed = TRANSFORMS[transform](images, torch.Generator().manual_seed(seed))
    figure = contact_sheet(
        torch.cat([images, changed]),
        ["before"] * len(images) + ["after"] * len(images),
        columns=len(images),
        title=f"{transform}, seed {seed}",
    )
    message = f"{len(images)} crops above, and below what “{transform}” makes of each."
    return figure, message


def augmentation_view(images: Tensor) -> ipywidgets.VBox:
    """Choose a transform and a seed, and see what becomes of crops [N, 1, H, W]. Lesson 02."""
    return view(
        lambda transform, seed: plot_augmented(images, transform, seed),
        moves=("transform", "seed"),
        transform=ipywidgets.Dropdown(options=list(TRANSFORMS), description="transform"),
        seed=ipywidgets.IntSlider(value=0, min=0, max=20, description="seed"),
    )


SHOWN, COLUMNS = 12, 4
CLASSES = {"everything": None, "cars": 1, "not cars": 0}


def crops_of_kind(crops: Crops, kind: str) -> Tensor:
    """Indices of "everything", "cars", "not cars", or one of the kinds in `crops.kinds`."""
    if kind not in CLASSES:
        return torch.tensor([k for k, known in enumerate(crops.kinds) if known == kind]).long()
    if kind == "everything":
        return torch.arange(len(crops))
    return (crops.labels == CLASSES[kind]).nonzero().flatten()


def plot_crops(crops: Crops, split: str, kind: str, seed: int) -> CaptionedFigure:
    """Up to 12 crops of a kind, chosen at random, each with its kind (or class) and its label.

    Args:
        crops: of one split.
        split: what to call it.
        kind: as for `crops_of_kind`.
        seed: of the choice.
    """
    indices = crops_of_kind(crops, kind)
    order = torch.randperm(len(indices), generator=torch.Generator().manual_seed(seed))
    chosen = crops.subset(indices[order[:SHOWN]])
    names = chosen.kinds or [("not a car", "car")[label] for label in chosen.labels.tolist()]
    captions = [f"{name}: {label}" for name, label in zip(names, chosen.labels, strict=True)]
    title = f"{split}, {kind}: {len(chosen)} of {len(indices)} crops (seed {seed})"
    cars = int(chosen.labels.sum())
    return contact_sheet(chosen.images, captions, columns=COLUMNS, title=title), (
        f"{len(chosen)} of the {len(indices)} crops of “{kind}” in {split}; {cars} of those"
        " shown are labelled 1, a car."
    )


def data_view(splits: Mapping[str, Crops]) -> ipywidgets.VBox:
    """Choose a split, a kind of crop and a seed, and look. Lesson 01.

    Args:
        splits: crops by the name of their split.

    Raises:
        ValueError: there are none.
    """
    if not splits:
        raise ValueError("no splits to look at: for example {'train': load_crops('street')}")
    kinds = sorted({kind for crops in splits.values() for kind in crops.kinds})
    # Where every crop has a name of its own, as photographs do, a list of them helps nobody.
    options = [*CLASSES, *(kinds if len(kinds) <= 40 else [])]
    return view(
        lambda split, kind, seed: plot_crops(splits[split], split, kind, seed),
        moves=("kind", "seed"),
        split=ipywidgets.Dropdown(options=list(splits), description="split"),
        kind=ipywidgets.Dropdown(options=options, description="kind of crop"),
        seed=ipywidgets.IntSlider(value=0, min=0, max=50, description="seed (which of them)"),
    )
