"""Mosaics: every car is where its box says, and nowhere else."""

import pytest
import torch

from helpers.datasets import Crops
from helpers.mosaics import mosaics

HEIGHT, WIDTH = 8, 20


@pytest.fixture
def crops():
    """Each crop a grey of its own; the cars are lighter than 0.5."""
    greys = torch.tensor([0.6, 0.7, 0.8, 0.9, 0.1, 0.2, 0.3])
    labels = (greys > 0.5).long()
    images = greys.view(-1, 1, 1, 1).expand(-1, 1, HEIGHT, WIDTH).contiguous()
    return Crops(images, labels)


def seen(scene):
    """The pixels that the boxes of a scene cover."""
    covered = torch.zeros(scene.image.shape[-2:], dtype=torch.bool)
    for x1, y1, x2, y2 in scene.boxes.int().tolist():
        covered[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = True
    return covered


def test_boxes_cover_the_cars_and_nothing_else(crops):
    scenes = mosaics(crops, count=40)
    assert len(scenes) == 40
    crossing = 0
    for number, scene in enumerate(scenes):
        assert torch.equal(scene.image[0] > 0.5, seen(scene))
        sizes = scene.boxes[:, 2:] - scene.boxes[:, :2]
        assert sizes.tolist() == [[WIDTH, HEIGHT]] * (1 + number % 2)
        height, width = scene.image.shape[-2:]
        assert 3 * HEIGHT - HEIGHT // 4 < height <= 3 * HEIGHT
        assert 3 * WIDTH - WIDTH // 5 < width <= 3 * WIDTH
        # The other side of the cut: the last row and column of crops are whole.
        assert (scene.boxes[:, 2] <= width).all()
        assert (scene.boxes[:, 3] <= height).all()
        crossing += bool((scene.boxes < 0).any())
    assert 0 < crossing < 40


def test_two_cars_stand_side_by_side_and_are_different(crops):
    for scene in mosaics(crops, count=20)[1::2]:
        first, second = scene.boxes.tolist()
        assert second == [first[0] + WIDTH, first[1], first[2] + WIDTH, first[3]]
        assert len(scene.image[0][seen(scene)].unique()) == 2


def test_every_car_has_its_scene(crops):
    shown = {round(mosaic.image.max().item(), 4) for mosaic in mosaics(crops)[::2]}
    assert len(mosaics(crops)) == 4
    assert len(shown) == 2
    everything = torch.cat([mosaic.image.flatten() for mosaic in mosaics(crops, count=60)])
    assert len(everything.unique()) == 7


def test_pale_mosaics_are_the_same_with_less_contrast(crops):
    for plain, pale in zip(mosaics(crops), mosaics(crops, contrast=0.4), strict=True):
        assert torch.equal(plain.boxes, pale.boxes)
        assert pale.image.mean() == pytest.approx(plain.image.mean().item(), abs=1e-5)
        assert pale.image.std() == pytest.approx(0.4 * plain.image.std().item(), rel=1e-4)


def test_a_seed_fixes_everything_and_nothing_else_is_touched(crops):
    before = crops.images.clone()
    state = torch.get_rng_state()
    one, same, other = (mosaics(crops, seed=seed) for seed in (1, 1, 2))
    assert all(torch.equal(a.image, b.image) for a, b in zip(one, same, strict=True))
    assert not all(
        a.image.shape == b.image.shape and torch.equal(a.image, b.image)
        for a, b in zip(one, other, strict=True)
    )
    assert torch.equal(crops.images, before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"count": 0}, "count must be at least 1"),
        ({"grid": (3, 1)}, "grid at least 1×2"),
        ({"contrast": 0}, r"contrast in \(0, 1\]"),
        ({"contrast": 1.5}, r"contrast in \(0, 1\]"),
    ],
)
def test_impossible_mosaics_are_refused(crops, options, message):
    with pytest.raises(ValueError, match=message):
        mosaics(crops, **options)


@pytest.mark.parametrize("label", [0, 1])
def test_one_kind_alone_makes_no_mosaic(crops, label):
    with pytest.raises(ValueError, match="at least one car and one other"):
        mosaics(crops.subset((crops.labels == label).nonzero().flatten()))
