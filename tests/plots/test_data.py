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


@compare
def test_split_histogram():
    counts = {"at random": [0, 1, 2, 2, 3, 3, 3, 4, 6], "stratified": [3] * 9}
    return plots.split_histogram(counts, best=3)


@compare
def test_accuracy_bars():
    return plots.accuracy_bars({"leaked": 0.99, "honest": 0.8, "new crops": 0.815})


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


def test_the_bars_of_a_histogram_are_the_counts():
    figure = plots.split_histogram({"random": [0, 2, 2], "fair": [1, 1, 1]}, best=1)
    heights = [[bar.get_height() for bar in bars] for bars in figure.axes[0].containers]
    assert heights == [[1, 0, 2], [0, 3, 0]]


@pytest.mark.parametrize("counts", [{}, {"random": []}])
def test_a_histogram_of_nothing_is_refused(counts):
    with pytest.raises(ValueError, match="no counts"):
        plots.split_histogram(counts, best=1)


@pytest.mark.parametrize("accuracies", [{}, {"per cent": 99.0}, {"nan": float("nan")}])
def test_what_is_no_accuracy_is_refused(accuracies):
    with pytest.raises(ValueError, match="between 0 and 1"):
        plots.accuracy_bars(accuracies)
