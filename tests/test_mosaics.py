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


def seen(scene, edge=0):
    """The pixels that the boxes of a scene cover, each larger by `edge` on every side."""
    covered = torch.zeros(scene.image.shape[-2:], dtype=torch.bool)
    grown = scene.boxes + edge * torch.tensor([-1, -1, 1, 1])
    for x1, y1, x2, y2 in grown.int().tolist():
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


def test_sizes_enlarge_and_shrink_pictures_with_their_boxes(crops):
    plain, sized = mosaics(crops, count=60), mosaics(crops, count=60, sizes=(0.5, 3))
    factors = []
    for one, other in zip(plain, sized, strict=True):
        was, now = (torch.tensor(scene.image.shape[:0:-1]) for scene in (one, other))
        factor = now / was  # of x and of y: sides are whole pixels
        assert factor[0] == pytest.approx(factor[1].item(), abs=1 / was.min().item())
        torch.testing.assert_close(other.boxes, one.boxes * factor.repeat(2))
        assert other.image.min() >= 0
        assert other.image.max() <= 1
        assert other.image.mean() == pytest.approx(one.image.mean().item(), abs=0.02)
        # Around its edges, by two pixels of the crops, a car is mixed with what is beside it.
        edge = 2 * max(1, factor.max().item())
        assert (other.image[0][seen(other, -edge)] > 0.5).all()
        assert (other.image[0][~seen(other, edge)] < 0.5).all()
        factors.append(factor.mean().item())
    assert 0.45 < min(factors) < 0.6
    assert 2.7 < max(factors) < 3.05
    below = sum(factor < (0.5 * 3) ** 0.5 for factor in factors)
    assert 20 < below < 40  # even in the logarithm: half of them below the middle


def test_enlarged_edges_stay_sharper_than_a_line_from_pixel_to_pixel_makes_them(crops):
    [scene] = mosaics(crops, count=1, sizes=(2, 2))
    [plain] = mosaics(crops, count=1)
    edge = plain.image[0].diff(dim=1).abs().max()
    assert scene.image[0].diff(dim=1).abs().max() > 0.52 * edge  # a line's steps would be halves


def test_scenes_of_one_size_are_the_same_as_without_sizes(crops):
    for one, other in zip(mosaics(crops), mosaics(crops, sizes=(1, 1)), strict=True):
        assert torch.equal(one.boxes, other.boxes)
        torch.testing.assert_close(one.image, other.image)


@pytest.mark.parametrize("sizes", [None, (0.5, 0.9)])  # nothing is cut off at 1
def test_colours_stay(crops, sizes):
    coloured = Crops(crops.images * torch.tensor([1, 0.5, 0.25]).view(3, 1, 1), crops.labels)
    for grey, scene in zip(
        mosaics(crops, sizes=sizes), mosaics(coloured, sizes=sizes), strict=True
    ):
        assert torch.equal(grey.boxes, scene.boxes)
        for channel, share in zip(scene.image, (1, 0.5, 0.25), strict=True):
            torch.testing.assert_close(channel, grey.image[0] * share)


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
        ({"sizes": (0, 1)}, "sizes must be"),
        ({"sizes": (2, 1)}, "sizes must be"),
        ({"sizes": (1, float("inf"))}, "sizes must be"),
    ],
)
def test_impossible_mosaics_are_refused(crops, options, message):
    with pytest.raises(ValueError, match=message):
        mosaics(crops, **options)


@pytest.mark.parametrize("label", [0, 1])
def test_one_kind_alone_makes_no_mosaic(crops, label):
    with pytest.raises(ValueError, match="at least one car and one other"):
        mosaics(crops.subset((crops.labels == label).nonzero().flatten()))
