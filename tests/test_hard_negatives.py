"""Hard negatives: cut where the detector was wrong, and nowhere else."""

import pytest
import torch

from helpers.boxes import Detections
from helpers.datasets import Scene
from helpers.hard_negatives import (
    cut_windows,
    label_windows,
    mine_hard_negatives,
    windows_of_scenes,
)


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


# ---------------------------------------------------------------- windows of scenes

CAR = torch.tensor([[30.0, 40, 230, 120]])


@pytest.mark.parametrize(
    ("size", "right", "down", "label"),
    [
        (1, 0, 0, 1),
        (1.09, 0, 0, 1),
        (0.92, 8, 5, 1),
        (1.2, 0, 0, -1),  # too far off for a car, too near for none
        (1, 12, 0, -1),
        (1, 0, -8, -1),
        (1.31, 0, 0, 0),
        (0.5, 0, -10, 0),  # a roof
        (0.76, 0, 0, 0),
        (1, -41, 0, 0),
        (1, 0, 21, 0),
    ],
)
def test_a_window_shows_a_car_only_at_its_size_and_place(size, right, down, label):
    middle = torch.tensor([130.0 + right, 80 + down])
    half = size * torch.tensor([100.0, 40])
    window = torch.cat([middle - half, middle + half])[None]
    assert label_windows(window, CAR).item() == label
    elsewhere = CAR + 1000
    assert label_windows(window, torch.cat([elsewhere, CAR])).item() == label
    assert label_windows(window, elsewhere).item() == 0
    assert label_windows(window, CAR[:0]).item() == 0


def street(cars):
    """A scene whose cars are white, on black."""
    image = torch.zeros(1, 160, 320)
    for x1, y1, x2, y2 in cars.int().tolist():
        image[:, y1:y2, x1:x2] = 1
    return Scene("street", image, cars)


def test_windows_of_scenes_are_cut_where_the_image_has_shrunk():
    windows = windows_of_scenes([street(CAR)], (1.0, 2.0), count=40)
    cars, others = (windows.images[windows.labels == label] for label in (1, 0))
    assert len(cars) == 2  # at scale 2, where it is 100 pixels wide
    assert (cars.mean(dim=(1, 2, 3)) > 0.85).all()
    whole = others.mean(dim=(1, 2, 3))
    assert (whole == 1).any()  # at scale 1, the car's middle
    assert (whole == 0).any()
    # Edges are as sharp as the scene's, not those of an enlarged crop.
    assert others.diff(dim=3).abs().amax() == 1
    assert len(windows) > 60


def test_scenes_without_cars_and_small_ones_give_windows_too():
    small = Scene("small", torch.rand(1, 30, 50), torch.zeros(0, 4))
    windows = windows_of_scenes([street(CAR[:0]), small], (1.0,), count=6)
    assert windows.labels.tolist() == [0] * 12
    assert windows.images.shape == (12, 1, 40, 100)


def test_windows_of_scenes_depend_on_their_seed_alone():
    scenes = [street(CAR)]
    one, same, other = (windows_of_scenes(scenes, (1.0, 2.0), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.images, same.images)
    assert one.images.shape != other.images.shape or not torch.equal(one.images, other.images)
