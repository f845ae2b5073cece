"""Images: every common kind becomes float32 [1, H, W] in [0, 1], or is refused with a reason."""

import random
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.images import as_grey, read_grey

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 9), dtype=np.uint8)
UNIT = torch.from_numpy(PIXELS.astype(np.float32) / 255)[None]


@pytest.mark.parametrize(
    "image",
    [
        PIXELS,
        PIXELS[None],
        torch.from_numpy(PIXELS),
        torch.from_numpy(PIXELS)[None],
        PIXELS / 255,  # float64
        UNIT,
        UNIT[0].double(),
        np.asfortranarray(PIXELS),
        PIXELS[:, ::-1][:, ::-1],
        Image.fromarray(PIXELS),
        (PIXELS / 255).tolist(),
    ],
)
def test_all_grey_kinds_give_the_same_image(image):
    grey = as_grey(image)
    assert grey.dtype == torch.float32
    assert torch.allclose(grey, UNIT, atol=1e-7)
    assert grey.shape == UNIT.shape


def test_views_turned_around_and_read_only_arrays_are_taken():
    turned = PIXELS[::-1, ::-1]
    assert torch.allclose(as_grey(turned), UNIT.flip(1, 2))
    locked = PIXELS.copy()
    locked.flags.writeable = False
    assert torch.allclose(as_grey(locked), UNIT)


def test_bool_is_black_and_white():
    assert as_grey(torch.tensor([[True, False]])).tolist() == [[[1.0, 0.0]]]


@pytest.mark.parametrize("layout", ["chw", "hwc"])
def test_colour_is_weighted_like_pillow_and_says_so(layout):
    colour = np.random.default_rng(1).integers(0, 256, (7, 8, 3), dtype=np.uint8)
    expected = np.array(Image.fromarray(colour).convert("L")) / 255
    image = colour.transpose(2, 0, 1) if layout == "chw" else colour
    with pytest.warns(UserWarning, match="colour image converted to grey"):
        grey = as_grey(image)
    assert grey.shape == (1, 7, 8)
    assert np.abs(grey[0].numpy() - expected).max() < 1 / 255


def test_a_white_colour_image_stays_in_range():
    with pytest.warns(UserWarning, match="colour"):
        assert as_grey(torch.ones(3, 2, 2)).max() <= 1


def test_a_grey_image_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert as_grey(PIXELS).shape == (1, 6, 9)


def test_the_input_is_not_changed():
    array, tensor = PIXELS.copy(), UNIT.clone()
    as_grey(array)
    as_grey(tensor)
    assert np.array_equal(array, PIXELS)
    assert torch.equal(tensor, UNIT)


@pytest.mark.parametrize("shape", [(5,), (2, 5, 5), (4, 5, 5), (5, 5, 4), (1, 1, 5, 5), (0, 5)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="an image must be"):
        as_grey(torch.zeros(shape))


@pytest.mark.parametrize("dtype", [torch.int64, torch.int16, torch.complex64])
def test_other_types_are_refused(dtype):
    with pytest.raises(TypeError, match="uint8 or float, not torch"):
        as_grey(torch.zeros(2, 2, dtype=dtype))


def test_nan_and_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        as_grey(torch.tensor([[0.5, torch.nan]]))
    with pytest.raises(ValueError, match=r"from 0 to 255 .*divide"):
        as_grey(torch.tensor([[0.0, 255.0]]))
    with pytest.raises(ValueError, match=r"from -0\.1 to 1"):
        as_grey(torch.tensor([[-0.1, 1.0]]))
    with pytest.raises(ValueError, match="inf"):
        as_grey(torch.tensor([[torch.inf, 1.0]]))


@pytest.mark.parametrize("extension", ["png", "pgm", "bmp", "tiff"])
def test_files_are_read_as_they_were_written(tmp_path, extension):
    path = tmp_path / f"image.{extension}"
    Image.fromarray(PIXELS).save(path)
    assert np.array_equal(read_grey(path), PIXELS)
    assert np.array_equal(read_grey(str(path)), PIXELS)


def test_colour_files_become_grey(tmp_path):
    Image.new("RGB", (4, 3), (255, 0, 0)).save(tmp_path / "red.png")
    with pytest.warns(UserWarning, match="colour image converted to grey"):
        image = read_grey(tmp_path / "red.png")
    assert image.shape == (3, 4)
    assert image.dtype == np.uint8
    assert (image == 76).all()  # 0.299 × 255


def test_sixteen_bits_a_pixel_are_scaled_and_not_cut_off(tmp_path):
    Image.fromarray(PIXELS.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert np.array_equal(read_grey(tmp_path / "deep.png"), PIXELS)


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(FileNotFoundError, match=f"no image file {path}"):
            read_grey(path)


@pytest.mark.parametrize("contents", [b"", b"P5\n", b"P5\n9 6\n255\nabc", b"not an image at all"])
def test_a_damaged_file_is_named(tmp_path, contents):
    path = tmp_path / "image.pgm"
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=rf"{path} is damaged or not an image"):
        read_grey(path)


@pytest.mark.parametrize("extension", ["png", "pgm", "jpg"])
def test_a_file_cut_off_anywhere_is_refused_with_value_error(tmp_path, extension):
    path = tmp_path / f"image.{extension}"
    Image.fromarray(PIXELS).save(path)
    whole = path.read_bytes()
    for length in random.Random(0).sample(range(len(whole) * 3 // 4), 20):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged"):
            read_grey(path)


def test_an_image_far_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    Image.fromarray(PIXELS).save(tmp_path / "huge.png")
    with pytest.raises(ValueError, match="damaged or not an image"):
        read_grey(tmp_path / "huge.png")


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path):
    picture = Image.new("L", (30, 20))
    picture.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees clockwise": the top-left corner goes to the top right
    picture.save(tmp_path / "sideways.png", exif=exif)
    upright = read_grey(tmp_path / "sideways.png")
    assert upright.shape == (30, 20)
    assert upright[0, 19] == 255
