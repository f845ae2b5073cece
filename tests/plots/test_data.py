"""Figures about data, compared with pictures; see test_plots.py for how those are made."""

import numpy as np
import pytest
import torch

from helpers import plots
from helpers.plots.data import CAPTION, GAP

compare = pytest.mark.mpl_image_compare(baseline_dir="baseline", tolerance=6, style="default")


@pytest.fixture
def images():
    ramp = torch.linspace(0, 1, 100).expand(1, 40, 100)
    return torch.stack([ramp * (k + 1) / 5 for k in range(5)])


@compare
def test_contact_sheet(images):
    return plots.contact_sheet(images, list("abcde"), columns=3, title="A sheet")


@pytest.mark.parametrize("columns", [1, 2, 6])
@pytest.mark.parametrize("captioned", [False, True])
def test_a_contact_sheet_holds_every_crop_unchanged(images, columns, captioned):
    captions = list("abcde") if captioned else None
    axes = plots.contact_sheet(images, captions, columns=columns).axes[0]
    sheet = np.asarray(axes.images[0].get_array())
    above, gap = (CAPTION if captioned else 0), GAP
    for k, image in enumerate(images):
        top = k // columns * (40 + above + gap) + above
        left = k % columns * (100 + gap)
        assert np.array_equal(sheet[top : top + 40, left : left + 100], image[0])
    assert [text.get_text() for text in axes.texts] == (captions or [])


def test_an_empty_contact_sheet_shows_its_title():
    figure = plots.contact_sheet(torch.zeros(0, 1, 40, 100), [], title="none of these")
    assert figure.get_suptitle() == "none of these"


def test_captions_must_go_with_images(images):
    with pytest.raises(ValueError, match="2 captions for 5 images"):
        plots.contact_sheet(images, ["a", "b"])
