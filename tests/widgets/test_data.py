"""The data explorer: each control changes the picture, and the picture is of what was chosen."""

import re

import ipywidgets
import numpy as np
import pytest
import torch

from helpers import widgets
from helpers.datasets import Crops
from helpers.plots.data import CAPTION, GAP
from helpers.widgets import data


@pytest.fixture
def crops():
    images = torch.rand(30, 1, 40, 100, generator=torch.Generator().manual_seed(0))
    labels = (torch.arange(30) < 20).long()
    return Crops(images, labels, ("van",) * 5 + ("saloon",) * 15 + ("wall",) * 10)


def captions(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_every_control_changes_the_picture(crops):
    view = widgets.data_view({"train": crops, "val": crops.subset([0, 29])})
    *controls, picture = view.children
    assert [control.description for control in controls] == [
        "split",
        "kind of crop",
        "seed (which of them)",
    ]
    for control in controls:
        before = picture.value
        if isinstance(control, ipywidgets.Dropdown):
            control.value = control.options[-1]
        else:
            control.value = control.max
        assert picture.value != before
        assert re.search(r'<img alt="[^"]{20,}"', picture.value)


@pytest.mark.parametrize(
    ("kind", "count"), [("everything", 30), ("cars", 20), ("not cars", 10), ("van", 5), ("bus", 0)]
)
def test_what_is_chosen_is_shown(crops, kind, count):
    figure, message = widgets.plot_crops(crops, "train", kind, 3)
    shown = min(count, data.SHOWN)
    assert message.startswith(f"{shown} of the {count} crops of “{kind}” in train")
    assert len(captions(figure)) == shown
    if kind == "van":
        assert captions(figure) == ["van: 1"] * 5
    if kind == "not cars":
        assert captions(figure) == ["wall: 0"] * 10
        assert ": 10 labelled 0 (not a car)." in message


def test_captions_belong_to_their_crops(crops):
    figure, _ = widgets.plot_crops(crops, "train", "everything", 1)
    sheet = np.asarray(figure.axes[0].images[0].get_array())
    known = {image.numpy().tobytes(): k for k, image in enumerate(crops.images)}
    for place, caption in enumerate(captions(figure)):
        top = place // data.COLUMNS * (40 + CAPTION + GAP) + CAPTION
        left = place % data.COLUMNS * (100 + GAP)
        k = known[np.ascontiguousarray(sheet[top : top + 40, left : left + 100]).tobytes()]
        assert caption == f"{crops.kinds[k]}: {int(crops.labels[k])}"


def test_crops_without_kinds_are_called_by_their_class(crops):
    plain = Crops(crops.images[18:22], crops.labels[18:22])
    figure, _ = widgets.plot_crops(plain, "mine", "everything", 0)
    assert sorted(captions(figure)) == ["car: 1", "car: 1", "not a car: 0", "not a car: 0"]


def test_names_of_single_crops_are_no_kinds(crops):
    names = tuple(f"pos-{k}" for k in range(30)) + tuple(f"neg-{k}" for k in range(30))
    many = Crops(crops.images.repeat(2, 1, 1, 1), crops.labels.repeat(2), names)
    [_, kind, *_] = widgets.data_view({"all": many}).children
    assert kind.options == ("everything", "cars", "not cars")


def test_no_splits_no_view():
    with pytest.raises(ValueError, match="no splits"):
        widgets.data_view({})
