"""Interactive views of data and augmentation."""

from collections.abc import Callable, Mapping

import ipywidgets
import torch
from torch import Tensor

from helpers import augment, hard_negatives
from helpers.datasets import CAR_CLASSES, Crops
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
EVERYTHING = "everything"


def _classes(crops: Crops) -> dict[str, int]:
    """What to call the crops of a class, and its label."""
    if crops.classes == CAR_CLASSES:
        return {"cars": 1, "not cars": 0}
    return {name: label for label, name in enumerate(crops.classes)}


def crops_of_kind(crops: Crops, kind: str) -> Tensor:
    """Indices of "everything", of "cars", "not cars" or another class, or of a kind of crop."""
    if kind == EVERYTHING:
        return torch.arange(len(crops))
    if kind in (classes := _classes(crops)):
        return (crops.labels == classes[kind]).nonzero().flatten()
    return torch.tensor([k for k, known in enumerate(crops.kinds) if known == kind]).long()


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
    classes = ("not a car", "car") if crops.classes == CAR_CLASSES else crops.classes
    names = chosen.kinds or [classes[label] for label in chosen.labels.tolist()]
    captions = [f"{name}: {label}" for name, label in zip(names, chosen.labels, strict=True)]
    title = f"{split}, {kind}: {len(chosen)} of {len(indices)} crops (seed {seed})"
    counts = chosen.labels.bincount(minlength=len(classes)).tolist()
    labelled = ", ".join(
        f"{n} labelled {label} ({classes[label]})" for label, n in enumerate(counts) if n
    )
    return contact_sheet(chosen.images, captions, columns=COLUMNS, title=title), (
        f"{len(chosen)} of the {len(indices)} crops of “{kind}” in {split}: {labelled or 'none'}."
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
    classes = {name: None for crops in splits.values() for name in _classes(crops)}
    options = [*dict.fromkeys([EVERYTHING, *classes, *(kinds if len(kinds) <= 40 else [])])]
    return view(
        lambda split, kind, seed: plot_crops(splits[split], split, kind, seed),
        moves=("kind", "seed"),
        split=ipywidgets.Dropdown(options=list(splits), description="split"),
        kind=ipywidgets.Dropdown(options=options, description="kind of crop"),
        seed=ipywidgets.IntSlider(value=0, min=0, max=50, description="seed (which of them)"),
    )
