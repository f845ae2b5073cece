"""Figures about a classifier: compared with pictures, and with the numbers they show.

The pictures are made again with
`pytest tests/plots --mpl-generate-path=tests/plots/baseline`; look at them.
"""

import pytest
import torch

from helpers import plots
from helpers.calibration import Reliability

compare = pytest.mark.mpl_image_compare(baseline_dir="baseline", tolerance=6, style="default")


@compare
def test_pictures_with_boxes():
    image = torch.linspace(0, 1, 120).expand(1, 60, 120)
    box = torch.tensor([[10.0, 15, 70, 45]])
    return plots.pictures_with_boxes({"one": (image, box), "two": (image.flip(2), box + 5)})


@compare
def test_confusion_figure():
    return plots.confusion_figure(90, 10, 5, 95)


@compare
def test_reliability_figure():
    table = Reliability(
        torch.tensor([0.1, 0.5, 0.9]), torch.tensor([0.0, 0.6, 1.0]), torch.tensor([5, 3, 9])
    )
    return plots.reliability_figure(
        {"as it is": table, "too sure": table._replace(share=1 - table.share)}
    )


def test_the_four_counts_are_where_they_belong():
    texts = {t.get_text() for t in plots.confusion_figure(1, 2, 3, 4).axes[0].texts}
    assert texts == {
        "1\ntrue positives",
        "2\nfalse negatives",
        "3\nfalse positives",
        "4\ntrue negatives",
    }


def test_no_pictures_no_figure():
    with pytest.raises(ValueError, match="no pictures"):
        plots.pictures_with_boxes({})
