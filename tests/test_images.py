"""Images: every common kind becomes float32 [1, H, W] in [0, 1], or is refused with a reason."""

import random
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.images import as_grey, as_image, as_rgb, read_grey, read_rgb

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
    image = torch.ones(3, 2, 2)
    image[0, 0, 0] = 0.5
    with pytest.warns(UserWarning, match="colour"):
        assert as_grey(image).max() <= 1


@pytest.mark.parametrize("shape", [(3, 6, 9), (4, 6, 9), (6, 9, 3), (6, 9, 4)])
def test_a_grey_image_in_three_equal_channels_is_no_colour_image(shape):
    opaque = np.full((6, 9), 255, dtype=np.uint8)
    bands = [PIXELS, PIXELS, PIXELS, opaque][: 4 if 4 in shape else 3]
    image = np.stack(bands, axis=0 if shape[0] < 6 else 2)
    assert image.shape == shape
    assert torch.allclose(as_grey(image), UNIT, atol=1e-7)
    assert torch.allclose(as_grey(image / 255), UNIT, atol=1e-7)


def test_one_channel_last_is_taken():
    assert torch.allclose(as_grey(PIXELS[..., None]), UNIT)


@pytest.mark.parametrize("layout", ["chw", "hwc"])
def test_transparent_parts_are_white_and_a_word_is_said(layout):
    rgba = np.full((2, 5, 4), 200, dtype=np.uint8)
    rgba[..., 3] = [255, 0, 0, 51, 255]  # what lies under the transparent parts is hidden
    image = rgba.transpose(2, 0, 1) if layout == "chw" else rgba
    expected = [200 / 255, 1, 1, 0.2 * 200 / 255 + 0.8, 200 / 255]
    for kind in (image, image / 255, torch.from_numpy(image.copy())):
        with pytest.warns(UserWarning, match="transparent parts: they are shown on white"):
            grey = as_grey(kind)
        assert grey.shape == (1, 2, 5)
        assert grey[0, 0].tolist() == pytest.approx(expected, abs=1e-6)


def test_what_numpy_would_take_is_looked_at_first(tmp_path):
    big_endian = (PIXELS / 255).astype(">f4")
    assert torch.allclose(as_grey(big_endian), UNIT)
    assert torch.allclose(as_grey((PIXELS / 255).astype(np.longdouble)), UNIT)
    assert torch.allclose(as_grey(np.ma.masked_array(PIXELS, np.zeros_like(PIXELS))), UNIT)
    with pytest.raises(ValueError, match="masked pixels"):
        as_grey(np.ma.masked_greater(PIXELS, 200))
    for name in ("car.png", b"car.png", tmp_path):
        with pytest.raises(TypeError, match=r"read_grey\(path\)"):
            as_grey(name)
    for nothing in (None, [[None]], np.array([["a"]]), np.zeros((2, 2), complex), object()):
        with pytest.raises(TypeError, match="must be uint8 or float"):
            as_grey(nothing)
    deep = np.full((4, 4), 4095, dtype=np.uint16)
    for kind in (deep, deep.astype(">u2"), deep.tolist()):
        with pytest.raises(TypeError, match=r"divide by the largest value .*4095"):
            as_grey(kind)


def coloured_palette():
    picture = Image.new("P", (4, 3))
    picture.putpalette([0, 0, 0, 255, 0, 0])
    picture.paste(1, (0, 0, 4, 3))
    return picture


def test_a_palette_is_looked_up():
    with pytest.warns(UserWarning, match="colour image"):
        grey = as_grey(coloured_palette())
    assert grey.tolist() == torch.full((1, 3, 4), 76 / 255).tolist()


PILLOW_MODES = ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "I", "F", "I;16"]


@pytest.mark.parametrize("mode", PILLOW_MODES)
def test_pictures_of_every_mode_of_pillow_are_read_right_or_refused(mode):
    ramp = np.linspace(0, 255, 256).astype(np.uint8).reshape(16, 16)
    if mode == "1":
        ramp = (ramp > 127).astype(np.uint8) * 255
    if mode in ("I", "F", "I;16"):
        scale = {"I": np.int32(257), "F": np.float32(1 / 255), "I;16": np.uint16(257)}[mode]
        picture = Image.fromarray((ramp * scale).astype(scale.dtype))
    else:
        picture = Image.fromarray(ramp).convert("RGB" if mode in ("CMYK", "YCbCr") else "L")
        picture = picture.convert(mode)
    assert picture.mode == mode
    grey = as_grey(picture)
    assert (grey[0] - torch.from_numpy(ramp) / 255).abs().max() <= 1.01 / 255


def test_a_mode_that_pillow_cannot_turn_into_colours_is_refused_with_its_name():
    with pytest.raises(ValueError, match="pixels of mode La are unknown: save it as RGB"):
        as_grey(Image.new("La", (4, 3)))


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


@pytest.mark.parametrize("shape", [(5,), (2, 5, 5), (5, 5, 2), (5, 5, 5), (1, 1, 5, 5), (0, 5)])
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
    for value in (torch.inf, -torch.inf):
        with pytest.raises(ValueError, match="NaN or infinity"):
            as_grey(torch.tensor([[value, 1.0]]))


def test_rounding_beyond_the_range_is_cut_off():
    assert as_grey(torch.full((40, 100), 1 + 1e-6)).max() == 1
    assert as_grey(torch.full((40, 100), -1e-6)).min() == 0
    with pytest.raises(ValueError, match=r"from 1\.001 to 1\.001"):
        as_grey(torch.full((40, 100), 1.001))


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


@pytest.mark.parametrize(
    "pixels", [PIXELS / np.float32(255), PIXELS.astype(np.int32) * 257, PIXELS.astype(">u2") * 257]
)
def test_deep_tiff_files_are_read_as_they_were_meant(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "deep.tiff")
    assert np.array_equal(read_grey(tmp_path / "deep.tiff"), PIXELS)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (PIXELS.astype(np.float32), "goes from 4 to 248, and pixels are float"),
        (PIXELS.astype(np.float32) - 300, "pixels are float"),
        (np.full((2, 2), np.nan, np.float32), "NaN or infinity"),
        (np.full((2, 2), np.inf, np.float32), "NaN or infinity"),
        (np.full((2, 2), 65536, np.int32), "from 65536 to 65536, and pixels are 16 bits"),
        (np.full((2, 2), -1, np.int32), "from -1 to -1"),  # would wrap round to white
        (np.full((2, 2), 2**31 - 1, np.int32), "scale it before it is saved"),
    ],
)
def test_deep_files_of_another_scale_are_refused(tmp_path, pixels, message):
    Image.fromarray(pixels).save(tmp_path / "deep.tiff")
    with pytest.raises(ValueError, match=rf"deep\.tiff: .*{message}"):
        read_grey(tmp_path / "deep.tiff")
    with pytest.raises(ValueError, match=message):
        as_grey(Image.fromarray(pixels))


@pytest.mark.parametrize("pixels", [PIXELS.astype(np.uint16) * 16, PIXELS / np.float32(255 * 255)])
def test_a_deep_picture_that_is_nearly_black_gets_a_word(tmp_path, pixels):
    Image.fromarray(pixels).save(tmp_path / "dark.tiff")
    with pytest.warns(UserWarning, match="nearly black: it goes from .*4095, with 12 bits"):
        assert read_grey(tmp_path / "dark.tiff").max() <= 16


def test_a_grey_gif_or_palette_is_no_colour_image(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "grey.gif")
    Image.fromarray(PIXELS).convert("P").save(tmp_path / "palette.png")
    Image.fromarray(PIXELS).convert("RGB").save(tmp_path / "rgb.png")
    for name in ("grey.gif", "palette.png", "rgb.png"):
        assert np.array_equal(read_grey(tmp_path / name), PIXELS)


def test_a_coloured_palette_is_looked_up(tmp_path):
    coloured_palette().save(tmp_path / "red.gif")
    with pytest.warns(UserWarning, match="colour image"):
        assert (read_grey(tmp_path / "red.gif") == 76).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_files_are_shown_on_white_with_a_word(tmp_path, mode):
    picture = Image.new(mode, (4, 3), (90, 90, 90, 255)[-len(mode) :])
    picture.save(tmp_path / "opaque.png")
    assert (read_grey(tmp_path / "opaque.png") == 90).all()
    picture.putalpha(0)
    picture.save(tmp_path / "hidden.png")
    with pytest.warns(UserWarning, match="transparent parts"):
        assert (read_grey(tmp_path / "hidden.png") == 255).all()


@pytest.mark.parametrize("mode", ["P", "L"])
def test_a_transparent_colour_is_white_too(tmp_path, mode):
    Image.new(mode, (4, 3), 0).save(tmp_path / "hidden.png", transparency=0)
    with pytest.warns(UserWarning, match="transparent parts"):
        assert (read_grey(tmp_path / "hidden.png") == 255).all()


def test_of_several_pictures_the_first_is_read_with_a_word(tmp_path):
    frames = [Image.fromarray(PIXELS), Image.fromarray(255 - PIXELS), Image.fromarray(PIXELS // 2)]
    frames[0].save(tmp_path / "pages.tiff", save_all=True, append_images=frames[1:])
    with pytest.warns(UserWarning, match="only the first of 3 pictures"):
        assert np.array_equal(read_grey(tmp_path / "pages.tiff"), PIXELS)


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


@pytest.mark.parametrize("mode", ["L", "I;16", "RGB", "P"])
def test_a_photograph_taken_sideways_is_turned_upright(tmp_path, mode):
    picture = Image.new("L", (30, 20))
    picture.putpixel((0, 0), 255)
    if mode == "I;16":
        picture = Image.fromarray(np.array(picture).astype(np.uint16) * 257)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn by 90 degrees clockwise": the top-left corner goes to the top right
    picture = picture if mode == "I;16" else picture.convert(mode)
    assert picture.mode == mode
    picture.save(tmp_path / "sideways.png", exif=exif)
    upright = read_grey(tmp_path / "sideways.png")
    assert upright.shape == (30, 20)
    assert upright[0, 19] == 255
    with Image.open(tmp_path / "sideways.png") as opened:
        assert as_grey(opened)[0, 0, 19] == 1


# In colour

COLOURS = np.random.default_rng(2).integers(0, 256, (7, 8, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    "image",
    [
        COLOURS,
        COLOURS.transpose(2, 0, 1),
        torch.from_numpy(COLOURS),
        COLOURS / 255,
        Image.fromarray(COLOURS),
        Image.fromarray(COLOURS).convert("RGBA"),
        np.dstack([COLOURS, np.full((7, 8), 255, np.uint8)]),
    ],
)
def test_all_colour_kinds_give_the_same_image_without_a_warning(image):
    colour = as_rgb(image)
    assert colour.dtype == torch.float32
    assert colour.shape == (3, 7, 8)
    assert torch.allclose(colour, torch.from_numpy(COLOURS).permute(2, 0, 1) / 255, atol=1e-7)


@pytest.mark.parametrize("image", [PIXELS, UNIT, Image.fromarray(PIXELS)])
def test_a_grey_image_in_colour_has_three_equal_channels(image):
    assert torch.allclose(as_rgb(image), UNIT.expand(3, 6, 9), atol=1e-7)
    assert torch.equal(as_image(image, 3), as_rgb(image))
    assert torch.equal(as_image(image, 1), as_grey(image))
    with pytest.raises(ValueError, match=r"1 channel .* or 3"):
        as_image(image, 4)


def test_what_shows_through_is_white_in_colour_too():
    picture = Image.new("RGBA", (6, 5), (255, 0, 0, 0))
    for image in (picture, np.array(picture)):
        with pytest.warns(UserWarning, match="transparent parts"):
            assert (as_rgb(image) == 1).all()
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        as_rgb(torch.full((3, 4, 4), 2.0))


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_files_are_read_with_their_colours_and_upright(tmp_path, mode):
    picture = Image.fromarray(COLOURS).convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(tmp_path / "sideways.png", exif=exif)
    expected = np.rot90(np.array(picture.convert("RGB")), -1)
    assert np.array_equal(read_rgb(tmp_path / "sideways.png"), expected)


def test_a_file_that_is_no_picture_is_named_in_colour_too(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ValueError, match=r"text.png is damaged or not an image"):
        read_rgb(tmp_path / "text.png")
    Image.fromarray(np.full((2, 2), 7.0, np.float32)).save(tmp_path / "deep.tiff")
    with pytest.raises(ValueError, match=r"deep.tiff: the picture goes from"):
        read_rgb(tmp_path / "deep.tiff")


def test_warnings_name_the_line_that_asked(tmp_path):
    Image.new("RGBA", (4, 3), (0, 0, 0, 9)).save(tmp_path / "a.png")
    for read in (read_grey, read_rgb):
        with pytest.warns(UserWarning, match="transparent") as said:
            read(tmp_path / "a.png")
        assert {w.filename for w in said} == {__file__}
