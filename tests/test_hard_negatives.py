"""Hard negatives: cut where the detector was wrong, and nowhere else."""

import pytest
import torch

from helpers.boxes import Detections
from helpers.hard_negatives import cut_windows, mine_hard_negatives


def test_windows_are_cut_at_their_corners_and_repeat_the_border():
    image = torch.rand(1, 60, 130, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor([[7.0, 5, 107, 45], [-9, -3, 91, 37], [60, 40, 160, 80]])
    crops = cut_windows(image, boxes)
    assert crops.shape == (3, 1, 40, 100)
    for crop, (x, y, _, _) in zip(crops, boxes.int().tolist(), strict=True):
        for row, col in ((0, 0), (0, 99), (39, 0), (39, 99), (20, 50)):
            inside = min(max(y + row, 0), 59), min(max(x + col, 0), 129)
            assert crop[0, row, col] == image[0, inside[0], inside[1]]


def test_only_false_alarms_above_the_threshold_are_mined():
    image = torch.rand(1, 90, 300, generator=torch.Generator().manual_seed(0))
    boxes = torch.tensor(
        [[0.0, 0, 100, 40], [10, 0, 110, 40], [190, 40, 290, 80], [60, 0, 160, 40]]
    )
    found = Detections(boxes, torch.tensor([0.9, 0.9, 0.9, 0.4]))
    truth = torch.tensor([[4.0, 0, 104, 40]])
    mined = mine_hard_negatives(image, found, truth, threshold=0.5)
    torch.testing.assert_close(mined, image[None, :, 40:80, 190:290])
    assert len(mine_hard_negatives(image, found, truth, threshold=0.3)) == 2
    assert len(mine_hard_negatives(image, found, torch.zeros(0, 4), threshold=0.5)) == 3
    assert mine_hard_negatives(image, found, truth, threshold=0.95).shape == (0, 1, 40, 100)


@pytest.mark.parametrize("dtype", [torch.float16, torch.int64, torch.uint8])
def test_windows_are_cut_at_boxes_of_every_type(dtype):
    image = torch.arange(60 * 300.0).view(1, 60, 300)
    boxes = torch.tensor([[120.0, 9, 220, 49]])
    assert torch.equal(cut_windows(image, boxes.to(dtype)), cut_windows(image, boxes))
    with pytest.raises(ValueError, match="NaN or infinity"):
        cut_windows(image, boxes * torch.nan)
