"""Images: from files and arrays of any common kind to float32 tensors [C, H, W] in [0, 1].

>>> as_grey(np.array([[0, 255]], dtype=np.uint8))
tensor([[[0., 1.]]])
"""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

# ITU-R BT.601 luma, the weights of the photographs' time; the same as Pillow's mode "L".
LUMA = (0.299, 0.587, 0.114)
COLOUR = "colour image converted to grey: the detector knows only grey"
TRANSPARENT = "the image has transparent parts: they are shown on white"
# A float image may leave [0, 1] by this much, as resizing in float32 does; it is cut off.
ROUNDING = 1e-4
# A deep picture (16 bits, or float) that uses less than this share of its range is nearly black.
NEARLY_BLACK = 0.1
# What Pillow raises for a file that is damaged, or larger than it reads: its readers stumble over
# wrong numbers in many ways.
UNREADABLE = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(struct.error, Image.DecompressionBombError),
)


def as_grey(image: Tensor | np.ndarray | Image.Image) -> Tensor:
    """Any grey or colour image as a tensor. Lesson 09.

    Colour becomes grey, and transparent parts white, with a warning that says so.

    Args:
        image: a tensor or array [H, W], [1, H, W], [H, W, 1], or with 3 or 4 channels (RGB, RGBA)
            [C, H, W] or [H, W, C]: uint8 (0 to 255), bool, or float in [0, 1]. Or a picture of
            Pillow of any mode that `read_grey` takes. Not changed.

    Returns:
        float32 [1, H, W] in [0, 1].

    Raises:
        ValueError: for other shapes, NaN, infinity, masked pixels, and values outside the range.
        TypeError: for other types.
    """
    if isinstance(image, Image.Image):
        pixels = _grey_pixels(ImageOps.exif_transpose(image))
        return torch.from_numpy(pixels)[None].float() / 255
    if not isinstance(image, Tensor):
        image = _tensor_of(image)
    image = _to_unit_range(_channels_first(image))
    if image.shape[0] == 4:
        image = _on_white(image)
    if image.shape[0] == 3:
        image = _grey_of_colour(image)
    return image


def as_rgb(image: Tensor | np.ndarray | Image.Image) -> Tensor:
    """Any grey or colour image as a colour tensor: grey ones have three equal channels.

    Takes and raises what `as_grey` does; transparent parts become white, with a warning.

    Returns:
        float32 [3, H, W] in [0, 1].

    >>> as_rgb(np.array([[0, 255]], dtype=np.uint8)).shape
    torch.Size([3, 1, 2])
    """
    if isinstance(image, Image.Image):
        pixels = _rgb_pixels(ImageOps.exif_transpose(image))
        return torch.from_numpy(pixels).permute(2, 0, 1).contiguous().float() / 255
    if not isinstance(image, Tensor):
        image = _tensor_of(image)
    image = _to_unit_range(_channels_first(image))
    if image.shape[0] == 4:
        image = _on_white(image)
    return image if image.shape[0] == 3 else image.repeat(3, 1, 1)


def as_image(image: Tensor | np.ndarray | Image.Image, channels: int) -> Tensor:
    """`as_grey` for one channel, `as_rgb` for three.

    Raises:
        ValueError: for another number of channels, and as `as_grey`.
        TypeError: as `as_grey`.

    >>> as_image(torch.rand(1, 4, 5), channels=3).shape
    torch.Size([3, 4, 5])
    """
    if channels not in (1, 3):
        raise ValueError(f"images have 1 channel (grey) or 3 (RGB), not {channels}")
    return as_grey(image) if channels == 1 else as_rgb(image)


def _tensor_of(image: object) -> Tensor:
    """A copy of whatever NumPy makes numbers of: lists, negative strides, big-endian."""
    if isinstance(image, str | bytes | Path):
        raise TypeError("an image must be pixels, not a file's name: use read_grey(path)")
    if np.ma.is_masked(image):
        raise ValueError("the image has masked pixels: say what they are with image.filled(value)")
    array = np.array(image)
    if array.dtype.kind not in "buif":
        raise TypeError(f"an image must be uint8 or float, not {array.dtype} of NumPy")
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    return torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))


def _channels_first(image: Tensor) -> Tensor:
    """[H, W], [C, H, W] or [H, W, C] -> [C, H, W]; of both, three channels first."""
    if image.ndim == 2:
        image = image[None]
    elif image.ndim == 3 and image.shape[0] not in (1, 3) and image.shape[2] in (1, 3, 4):
        image = image.permute(2, 0, 1)
    if image.ndim != 3 or image.shape[0] not in (1, 3, 4) or 0 in image.shape:
        raise ValueError(
            "an image must be [H, W], [1, H, W], [3, H, W], [4, H, W] or have its channels last,"
            f" not {list(image.shape)}"
        )
    return image


def _to_unit_range(image: Tensor) -> Tensor:
    if image.dtype == torch.uint8:
        return image.float() / 255
    if image.dtype == torch.bool:
        return image.float()
    if not image.is_floating_point():
        raise TypeError(
            f"an image must be uint8 or float, not {image.dtype}: divide by the largest value that"
            " a pixel can have (255, 4095, 65535)"
        )
    if not torch.isfinite(image).all():
        raise ValueError("the image holds NaN or infinity")
    image = image.float()
    low, high = image.min().item(), image.max().item()
    if low < -ROUNDING or high > 1 + ROUNDING:
        raise ValueError(
            f"a float image must lie in [0, 1]; this one goes from {low:.6g} to {high:.6g}"
            + (" (divide 0 to 255 by 255)" if high > 2 else " (was it normalised? undo it)")
        )
    return image.clamp(0, 1) if low < 0 or high > 1 else image


def _on_white(image: Tensor) -> Tensor:
    """RGBA [4, H, W] -> RGB [3, H, W], as on a white page."""
    colour, alpha = image[:3], image[3:]
    if (alpha == 1).all():
        return colour
    warnings.warn(TRANSPARENT, stacklevel=3)
    return colour * alpha + (1 - alpha)


def _grey_of_colour(image: Tensor) -> Tensor:
    """RGB [3, H, W] -> [1, H, W]; three equal channels are a grey picture already."""
    if (image == image[:1]).all():
        return image[:1]
    warnings.warn(COLOUR, stacklevel=3)
    weights = torch.tensor(LUMA, device=image.device).view(3, 1, 1)
    return (image * weights).sum(0, keepdim=True).clamp(0, 1)


def read_grey(path: str | Path) -> np.ndarray:
    """Read an image file (PNG, PGM, JPEG, TIFF, …). Lesson 01.

    Photographs that say which way up they were taken are turned that way. Colour becomes grey and
    transparent parts white; these, and a deep picture that is nearly black, give a warning.

    Args:
        path: the file; of several pictures in it, the first is read, with a warning.

    Returns:
        uint8 [H, W].

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is damaged or not an image, or its pixels have an unknown scale.
    """
    picture = _upright(path)
    with _naming(path):
        return _grey_pixels(picture)


def read_rgb(path: str | Path) -> np.ndarray:
    """Read an image file with its colours; a grey one has three equal channels.

    Takes and raises what `read_grey` does.

    Returns:
        uint8 [H, W, 3].
    """
    picture = _upright(path)
    with _naming(path):
        return _rgb_pixels(picture)


@contextmanager
def _naming(path: str | Path) -> Iterator[None]:
    """Let an error name the file."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _upright(path: str | Path) -> Image.Image:
    """The picture in a file, the way up in which it was taken."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no image file {path}")
    try:
        with Image.open(path) as picture:
            frames = getattr(picture, "n_frames", 1)
            many = frames > 1 and picture.format != "MPO"  # a photograph with a preview of itself
            upright = ImageOps.exif_transpose(picture)
    except UNREADABLE as error:
        raise ValueError(f"{path} is damaged or not an image: {error}") from error
    if many:
        warnings.warn(f"only the first of {frames} pictures is read", stacklevel=3)
    return upright


def _grey_pixels(picture: Image.Image) -> np.ndarray:
    """The pixels of a picture of Pillow as uint8 [H, W]."""
    pixels = _pixels(picture)
    if pixels.ndim == 2:
        return pixels
    if (pixels == pixels[..., :1]).all():
        return pixels[..., 0].copy()
    warnings.warn(COLOUR, stacklevel=3)
    return np.array(Image.fromarray(pixels).convert("L"))


def _rgb_pixels(picture: Image.Image) -> np.ndarray:
    """The pixels of a picture of Pillow as uint8 [H, W, 3]."""
    pixels = _pixels(picture)
    return pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, axis=2)


def _pixels(picture: Image.Image) -> np.ndarray:
    """The pixels of a picture of Pillow as uint8, [H, W] for grey ones or else [H, W, 3]."""
    if 0 in picture.size:
        raise ValueError("the picture has no pixels")
    if picture.mode == "F" or picture.mode.startswith("I"):
        return _from_deep(np.array(picture))
    try:
        if picture.has_transparency_data:
            picture = _without_transparency(picture.convert("RGBA"))
        if picture.mode in ("1", "L"):
            return np.array(picture.convert("L"))
        return np.array(picture.convert("RGB"))
    except ValueError as error:
        raise ValueError(f"pixels of mode {picture.mode} are unknown: save it as RGB") from error


def _without_transparency(picture: Image.Image) -> Image.Image:
    """An RGBA picture on white, as RGB."""
    if picture.getchannel("A").getextrema()[0] == 255:
        return picture.convert("RGB")
    warnings.warn(TRANSPARENT, stacklevel=5)
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def _from_deep(pixels: np.ndarray) -> np.ndarray:
    """Floats in [0, 1], or integers of 16 bits, as uint8; other scales nobody can guess."""
    if not np.isfinite(pixels).all():
        raise ValueError("the picture holds NaN or infinity")
    is_float = pixels.dtype.kind == "f"
    largest = 1 if is_float else 65535
    low, high = pixels.min(), pixels.max()
    rounding = ROUNDING if is_float else 0
    if low < -rounding or high > largest + rounding:
        kind = "float, which must lie in [0, 1]" if is_float else "16 bits, 0 to 65535"
        raise ValueError(
            f"the picture goes from {low:.6g} to {high:.6g}, and pixels are {kind}:"
            " scale it before it is saved"
        )
    if low < high < NEARLY_BLACK * largest:
        warnings.warn(
            f"the picture is nearly black: it goes from {low:.6g} to {high:.6g} of {largest}."
            " If its white is another number (4095, with 12 bits), scale it first",
            stacklevel=5,
        )
    return np.rint(pixels.clip(0, largest) * (255 / largest)).astype(np.uint8)
