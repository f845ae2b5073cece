"""Augmentation: what each transform promises in its docstring, and may not break."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.augment import (
    brightness,
    contrast,
    cutout,
    default_augmentation,
    flip,
    light_augmentation,
    mirror_boxes,
    noise,
    shift,
    zoom,
)
from helpers.hard_negatives import make_hard_negatives, shifted_away, wrong_size

TRANSFORMS = [
    flip,
    shift,
    brightness,
    contrast,
    noise,
    cutout,
    default_augmentation,
    light_augmentation,
    zoom,
    shifted_away,
    wrong_size,
]
all_transforms = pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda f: f.__name__)


def random_images(n=8, channels=1, height=40, width=100, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, channels, height, width, generator=generator)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def dots(n, rows=(20,), height=40, width=100):
    """Images that are black but for one white pixel, at column 50 and one of the rows."""
    images = torch.zeros(n, 1, height, width)
    for i in range(n):
        images[i, 0, rows[i % len(rows)], width // 2] = 1
    return images


# What holds for all of them


@all_transforms
def test_the_same_seed_gives_the_same_batch_and_another_seed_another(transform):
    images = random_images()
    assert torch.equal(transform(images, seeded(1)), transform(images, seeded(1)))
    assert not torch.equal(transform(images, seeded(1)), transform(images, seeded(2)))


@all_transforms
def test_each_image_has_its_own_randomness(transform):
    same = random_images(1).expand(32, -1, -1, -1)
    results = transform(same, seeded())
    different = {tuple(image.flatten().tolist()) for image in results}
    assert len(different) > 1 if transform is flip else len(different) > 12


@all_transforms
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_shape_dtype_and_range_are_kept(transform, dtype):
    images = random_images(4, channels=3).to(dtype)
    images[0], images[1] = 0, 1
    result = transform(images, seeded())
    assert result.shape == images.shape
    assert result.dtype == dtype
    assert result.min() >= 0
    assert result.max() <= 1


@all_transforms
def test_the_input_is_not_changed_nor_returned(transform):
    images = random_images()
    before = images.clone()
    result = transform(images, seeded())
    assert torch.equal(images, before)
    result.zero_()
    assert torch.equal(images, before)


@all_transforms
def test_the_global_random_state_is_not_touched(transform):
    before = torch.get_rng_state()
    transform(random_images(), seeded())
    assert torch.equal(torch.get_rng_state(), before)


@all_transforms
def test_an_empty_batch_stays_empty(transform):
    assert transform(torch.zeros(0, 1, 40, 100), seeded()).shape == (0, 1, 40, 100)


@all_transforms
def test_what_is_no_batch_of_float_images_is_refused(transform):
    with pytest.raises(ValueError, match=r"\[N, C, H, W\], not \[40, 100\]"):
        transform(torch.zeros(40, 100), seeded())
    with pytest.raises(ValueError, match=r"floating point in \[0, 1\], not torch.uint8"):
        transform(torch.zeros(1, 1, 40, 100, dtype=torch.uint8), seeded())


# Flip


def test_flip_mirrors_always_or_never():
    images = random_images()
    assert torch.equal(flip(images, seeded(), probability=1), images.flip(-1))
    assert torch.equal(flip(images, seeded(), probability=0), images)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_flip_always_means_always_in_half_precision(dtype):
    images = torch.tensor([0.0, 1.0]).repeat(20_000, 1, 1, 1).to(dtype)
    assert torch.equal(flip(images, seeded(), probability=1), images.flip(-1))


def test_flip_never_moves_a_row_and_mirrors_about_half_of_the_images():
    images = random_images(400, height=3, width=5)
    results = flip(images, seeded())
    mirrored = 0
    for before, after in zip(images, results, strict=True):
        assert torch.equal(after, before) or torch.equal(after, before.flip(-1))
        mirrored += torch.equal(after, before.flip(-1))
    assert 160 < mirrored < 240


# Shift


def test_shift_by_zero_is_the_identity():
    images = random_images()
    assert torch.equal(shift(images, seeded(), pixels=0), images)


def test_shift_moves_by_every_amount_up_to_its_limit():
    results = shift(dots(400), seeded(), pixels=2)
    places = {tuple((image[0] == 1).nonzero()[0].tolist()) for image in results}
    assert places == {(20 + row, 50 + col) for row in range(-2, 3) for col in range(-2, 3)}


@given(st.integers(0, 2**32), st.integers(0, 4), st.integers(5, 9), st.integers(5, 9))
def test_shift_is_a_cut_from_the_image_with_its_border_repeated(seed, pixels, height, width):
    image = random_images(1, 2, height, width, seed)
    wide = torch.nn.functional.pad(image, [pixels] * 4, mode="replicate")
    cuts = [
        wide[..., row : row + height, col : col + width]
        for row in range(2 * pixels + 1)
        for col in range(2 * pixels + 1)
    ]
    result = shift(image, seeded(seed), pixels)
    assert any(torch.equal(result, cut) for cut in cuts)


@pytest.mark.parametrize("pixels", [-1, 40, 100])
def test_shift_refuses_to_move_an_image_out_of_itself(pixels):
    with pytest.raises(ValueError, match=f"less than the image's size, not {pixels}"):
        shift(random_images(), seeded(), pixels=pixels)


# Zoom


def test_zoom_by_one_changes_nothing():
    images = random_images()
    assert torch.allclose(zoom(images, seeded(), factor=1), images, atol=1e-5)


def test_zoom_goes_up_to_its_factor_both_ways_about_the_middle():
    """On a ramp, the steepness tells how much was enlarged; rows and columns go together."""
    ramp = torch.linspace(0, 1, 100) * 0.5 + torch.linspace(0, 0.5, 40)[:, None]
    results = zoom(ramp.expand(400, 1, 40, 100).clone(), seeded(), factor=1.1)
    across = (results[:, 0, 20, 60] - results[:, 0, 20, 40]) / (ramp[20, 60] - ramp[20, 40])
    down = (results[:, 0, 30, 50] - results[:, 0, 10, 50]) / (ramp[30, 50] - ramp[10, 50])
    assert torch.allclose(across, down, atol=1e-4)
    assert across.min() == pytest.approx(1 / 1.1, abs=0.005)
    assert across.max() == pytest.approx(1.1, abs=0.005)
    assert (across < 1).float().mean() == pytest.approx(0.5, abs=0.1)
    assert results[:, 0, 19:21, 49:51].mean((1, 2)).sub(0.5).abs().max() < 1e-4


@pytest.mark.parametrize("factor", [0.9, 0, -1, float("inf"), float("nan")])
def test_zoom_refuses_a_factor_that_is_none(factor):
    with pytest.raises(ValueError, match="factor must be 1 or more"):
        zoom(random_images(), seeded(), factor=factor)


# Brightness, contrast, noise


def test_brightness_adds_one_amount_to_all_pixels_of_an_image():
    images = 0.3 + 0.4 * random_images(50)
    amounts = (brightness(images, seeded(), strength=0.2) - images).flatten(1)
    assert (amounts.amax(1) - amounts.amin(1)).max() < 1e-6
    assert amounts.abs().max() <= 0.2
    assert amounts.min() < -0.1
    assert amounts.max() > 0.1


def test_brightness_never_swaps_which_pixel_is_brighter():
    images = random_images(20).flatten(2).sort().values.view(20, 1, 40, 100)
    results = brightness(images, seeded(), strength=0.5).flatten(2)
    assert (results.diff(dim=2) >= 0).all()


@pytest.mark.parametrize("transform", [brightness, noise])
def test_strength_zero_changes_nothing(transform):
    images = random_images()
    assert torch.allclose(transform(images, seeded(), strength=0), images, atol=1e-6)


def test_contrast_by_a_factor_of_one_changes_nothing():
    images = random_images()
    assert torch.allclose(contrast(images, seeded(), factors=(1, 1)), images, atol=1e-6)


def test_contrast_stretches_around_the_images_own_mean():
    images = 0.4 + 0.2 * random_images(50) + torch.linspace(-0.1, 0.1, 50).view(-1, 1, 1, 1)
    results = contrast(images, seeded(), factors=(0.5, 1.5))
    means = images.mean((1, 2, 3), keepdim=True)
    assert torch.allclose(results.mean((1, 2, 3), keepdim=True), means, atol=1e-5)
    factors = results.flatten(1).std(1) / images.flatten(1).std(1)
    assert 0.5 <= factors.min() < 0.7
    assert 1.3 < factors.max() <= 1.5
    stretched = means + factors.view(-1, 1, 1, 1) * (images - means)
    assert torch.allclose(results, stretched, atol=1e-5)


def test_contrast_never_makes_a_negative():
    images = random_images(50).flatten(2).sort().values.view(50, 1, 40, 100)
    results = contrast(images, seeded(), factors=(0.01, 2)).flatten(2)
    assert (results.diff(dim=2) >= 0).all()
    assert (results[..., -1] > results[..., 0]).all()


@pytest.mark.parametrize("factors", [(-0.1, 1), (0, 1), (2, 1)])
def test_contrast_refuses_factors_that_could_make_a_negative(factors):
    with pytest.raises(ValueError, match="0 < low <= high"):
        contrast(random_images(), seeded(), factors=factors)


def test_noise_stays_under_its_strength_and_keeps_the_mean():
    images = torch.full((100, 1, 40, 100), 0.5)
    results = noise(images, seeded(), strength=0.1).flatten(1)
    deviations = results.std(1)
    assert deviations.max() < 0.11
    assert deviations.max() > 0.08
    assert deviations.min() < 0.02
    assert (results.mean(1) - 0.5).abs().max() < 5 * 0.1 / 4000**0.5


def test_noise_differs_from_pixel_to_pixel():
    result = noise(torch.full((1, 1, 40, 100), 0.5), seeded())
    assert result.unique().numel() > 1000


# Cut-out


def test_cutout_covers_exactly_one_square_with_the_mean():
    images = 0.1 + 0.8 * random_images(200, channels=2)
    results = cutout(images, seeded(), size=10)
    for before, after in zip(images, results, strict=True):
        changed = (before != after).any(0)
        assert changed.sum() == 100
        rows, cols = changed.nonzero().unbind(1)
        assert rows.max() - rows.min() == 9
        assert cols.max() - cols.min() == 9
        assert torch.allclose(after[:, changed], before.mean(), atol=1e-6)


def test_cutout_reaches_every_place_and_covers_all_of_its_square_at_the_border():
    images = torch.ones(2000, 1, 4, 6)
    images[:, :, 0, 0] = 0  # else the mean is 1, and nothing would be seen
    covered = (cutout(images, seeded(), size=2) != images)[:, 0]
    corners = {tuple(square.nonzero()[0].tolist()) for square in covered}
    assert corners == {(row, col) for row in range(3) for col in range(5)}


def test_cutout_covers_the_whole_square_in_half_precision():
    images = torch.ones(20_000, 1, 4, 4, dtype=torch.float16)
    images[:, :, 0, 0] = 0
    changed = (cutout(images, seeded(), size=2) != images).flatten(1).sum(1)
    assert changed.unique().tolist() == [4]


def test_cutout_of_size_zero_changes_nothing():
    images = random_images()
    assert torch.equal(cutout(images, seeded(), size=0), images)


@pytest.mark.parametrize("size", [-1, 21, 100])
def test_cutout_refuses_a_square_that_could_hide_the_car(size):
    with pytest.raises(ValueError, match=f"half of the image's shorter side, not {size}"):
        cutout(random_images(), seeded(), size=size)


# Shifted away


def found_dots(n=300):
    """How far the dot in the middle moved, (rows, columns), where it is still in the image."""
    results = shifted_away(dots(n), seeded())
    places = [(image[0] == 1).nonzero() - torch.tensor([20, 50]) for image in results]
    return [place[0].tolist() for place in places if len(place)]


def test_shifted_away_moves_far_enough_and_not_too_far_in_one_direction():
    moves = found_dots()
    assert len(moves) > 150
    for rows, cols in moves:
        assert (rows == 0 and 18 <= abs(cols) <= 60) or (cols == 0 and 9 <= abs(rows) <= 24)
    assert {(rows > 0) - (rows < 0) for rows, _ in moves} == {-1, 0, 1}
    assert {(cols > 0) - (cols < 0) for _, cols in moves} == {-1, 0, 1}
    assert min(abs(cols) for rows, cols in moves if rows == 0) < 22
    assert min(abs(rows) for rows, cols in moves if cols == 0) < 11


@given(st.integers(0, 2**32), st.integers(16, 50), st.integers(16, 110))
def test_shifted_away_shows_a_window_beside_the_crop_with_the_border_repeated(seed, height, width):
    image = random_images(1, 1, height, width, seed)
    rows, cols = height - 1, width - 1
    wide = torch.nn.functional.pad(image, (cols, cols, rows, rows), mode="replicate")
    result = shifted_away(image, seeded(seed))
    # 18 to 60 % of the columns or 22.5 to 60 % of the rows, give or take half a pixel.
    sideways = [d for d in range(width) if 0.18 * width <= d + 0.5 and d - 0.5 <= 0.6 * width]
    up_down = [d for d in range(height) if 0.225 * height <= d + 0.5 and d - 0.5 <= 0.6 * height]
    moves = [(0, s * d) for d in sideways for s in (-1, 1)]
    moves += [(s * d, 0) for d in up_down for s in (-1, 1)]
    assert any(
        torch.equal(result, wide[..., rows + r : rows + r + height, cols + c : cols + c + width])
        for r, c in moves
    )


def test_shifted_away_never_gives_back_the_crop():
    images = random_images(100)
    assert (shifted_away(images, seeded()) != images).flatten(1).any(1).all()


def test_the_recipe_never_turns_a_car_upside_down():
    image = torch.linspace(0.3, 0.7, 40).view(1, 1, 40, 1).expand(50, 1, 40, 100)
    results = default_augmentation(image, seeded()).mean(3).flatten(1)
    assert (results.diff(dim=1) >= -1e-6).all()


def test_wrong_size_shows_a_part_larger_or_the_whole_smaller():
    """On a ramp from left to right, the steepness tells how much was enlarged."""
    ramp = torch.linspace(0, 1, 100).expand(300, 1, 40, 100).clone()
    steepness = wrong_size(ramp, seeded()).diff(dim=3).flatten(1).amax(1) * 99
    larger, smaller = steepness[steepness < 1], steepness[steepness > 1]
    assert min(len(larger), len(smaller)) > 100
    assert larger.min() == pytest.approx(1 / 2.5, abs=0.02)
    assert larger.max() == pytest.approx(1 / 1.4, abs=0.02)
    assert smaller.min() == pytest.approx(1.5, abs=0.03)
    assert smaller.max() == pytest.approx(2.2, abs=0.03)


def test_wrong_size_repeats_the_border_and_never_gives_back_the_crop():
    flat = torch.full((50, 1, 40, 100), 0.6)
    assert torch.allclose(wrong_size(flat, seeded()), flat)
    images = random_images(50)
    assert (wrong_size(images, seeded()) - images).abs().flatten(1).amax(1).min() > 0.1


def test_hard_negatives_are_each_car_shifted_and_half_of_all_crops_at_a_wrong_size():
    images = random_images(9)
    labels = torch.tensor([1, 0, 0, 1, 0, 1, 0, 0, 0])
    expected_cars = shifted_away(images[labels == 1], seeded())
    negatives = make_hard_negatives(images, labels, seeded())
    assert len(negatives) == 3 + 5
    assert torch.equal(negatives[:3], expected_cars)


@pytest.mark.parametrize("label", [0, 1])
def test_hard_negatives_of_a_batch_of_one(label):
    negatives = make_hard_negatives(random_images(1), torch.tensor([label]), seeded())
    assert len(negatives) == 1 + label


def test_mirrored_boxes_frame_the_same_pixels():
    """Each box, filled in a picture: the mirrored picture holds the mirrored boxes."""
    boxes = torch.tensor([[3.0, 2, 10, 5], [0, 0, 4, 8], [12, 1, 20, 3]])
    for box in boxes:
        x1, y1, x2, y2 = box.int().tolist()
        picture = torch.zeros(8, 20)
        picture[y1:y2, x1:x2] = 1
        a1, b1, a2, b2 = mirror_boxes(box[None], 20)[0].int().tolist()
        expected = torch.zeros(8, 20)
        expected[b1:b2, a1:a2] = 1
        assert torch.equal(picture.flip(1), expected)


def test_boxes_mirrored_twice_are_where_they_were():
    boxes = torch.tensor([[3.5, 2, 10, 5], [-4, 0, 4, 8]])
    before = boxes.clone()
    assert torch.equal(mirror_boxes(mirror_boxes(boxes, 50), 50), boxes)
    assert torch.equal(boxes, before)
    assert mirror_boxes(torch.zeros(0, 4), 50).shape == (0, 4)


def test_what_is_no_box_is_not_mirrored():
    with pytest.raises(ValueError, match=r"\[N, 4\]"):
        mirror_boxes(torch.zeros(4), 50)


@pytest.mark.parametrize("dtype", [torch.float16, torch.uint8, torch.int64])
def test_boxes_of_every_type_are_mirrored(dtype):
    boxes = torch.tensor([[10, 0, 30, 20]], dtype=dtype)
    assert mirror_boxes(boxes, 301).tolist() == [[271, 0, 291, 20]]  # would wrap round in uint8
