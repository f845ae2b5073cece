"""The data explorer: leaf through the crops of a data set."""

from collections.abc import Mapping

import ipywidgets
import torch
from torch import Tensor

from helpers.datasets import Crops
from helpers.plots_data import contact_sheet
from helpers.widgets import Drawing, view

SHOWN, COLUMNS = 12, 4
CLASSES = {"everything": None, "cars": 1, "not cars": 0}


def crops_of_kind(crops: Crops, kind: str) -> Tensor:
    """Indices of "everything", "cars", "not cars", or one of the kinds in `crops.kinds`."""
    if kind not in CLASSES:
        return torch.tensor([k for k, known in enumerate(crops.kinds) if known == kind]).long()
    if kind == "everything":
        return torch.arange(len(crops))
    return (crops.labels == CLASSES[kind]).nonzero().flatten()


def draw_crops(crops: Crops, split: str, kind: str, seed: int) -> Drawing:
    """Up to 12 crops of a kind, drawn at random, each with its kind (or class) and its label."""
    found = crops_of_kind(crops, kind)
    order = torch.randperm(len(found), generator=torch.Generator().manual_seed(seed))
    chosen = crops.subset(found[order[:SHOWN]])
    names = chosen.kinds or [("not a car", "car")[label] for label in chosen.labels.tolist()]
    captions = [f"{name}: {label}" for name, label in zip(names, chosen.labels, strict=True)]
    title = f"{split}, {kind}: {len(chosen)} of {len(found)} crops (seed {seed})"
    cars = int(chosen.labels.sum())
    return contact_sheet(chosen.images, captions, columns=COLUMNS, title=title), (
        f"{len(chosen)} of the {len(found)} crops of “{kind}” in {split}; {cars} of those shown are"
        " labelled 1, a car."
    )


def data_view(splits: Mapping[str, Crops]) -> ipywidgets.VBox:
    """Choose a split, a kind of crop and a seed, and look.

    `splits`: names to crops. Raises ValueError if there are none.
    """
    if not splits:
        raise ValueError("no splits to look at: for example {'train': load_crops('street')}")
    kinds = sorted({kind for crops in splits.values() for kind in crops.kinds})
    # Where every crop has a name of its own, as photographs do, a list of them helps nobody.
    options = [*CLASSES, *(kinds if len(kinds) <= 40 else [])]
    return view(
        lambda split, kind, seed: draw_crops(splits[split], split, kind, seed),
        split=ipywidgets.Dropdown(options=list(splits), description="split"),
        kind=ipywidgets.Dropdown(options=options, description="kind of crop"),
        seed=ipywidgets.IntSlider(value=0, min=0, max=50, description="seed (which of them)"),
    )
