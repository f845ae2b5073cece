"""From the ideal picture to an ordinary camera still of the 1990s.

The order is that of the real thing: exposure, lens and movement blur, then sharpening and
interlacing in the camera, the date stamp, tones, noise, compression, and for some pictures the
histogram equalisation that archives of that time liked.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from helpers.street.chance import (
    Chance,
    Choice,
    Mixture,
    Normal,
    OneOf,
    Uniform,
    Whole,
    draw_table,
    sometimes,
)

#: Pixels that a picture must be drawn larger on every side, so that blur and compression blocks
#: meet no border.
MARGIN = 8


@dataclass(frozen=True)
class Camera:
    """The settings of one picture."""

    focus: float  # sigma of the focus blur in pixels
    motion: float  # length of a horizontal motion blur in pixels
    interlace: int  # pixels by which odd rows lag behind
    sharpen: float  # strength of the sharpening halo
    noise: float  # deviation of the sensor noise, in grey values
    span: float  # grey values between the darkest and the brightest tones
    black: float  # where in the room that is left the darkest tone lies: 0 is black
    gamma: float
    quality: int  # JPEG quality; 0 is no compression
    stamped: bool  # the date burnt into the picture
    shift_x: int  # of the compression's 8x8 grid
    shift_y: int


CAMERA = {
    "focus": Mixture(((0.9, Uniform(0.15, 0.6)), (0.1, Uniform(0.6, 1.1)))),
    "motion": sometimes(0.08, Uniform(1.2, 3.5), 0.0),
    "interlace": Choice({0: 0.98, 1: 0.02}),
    "sharpen": sometimes(0.7, Uniform(0, 1.3), 0.0),
    "noise": Uniform(0.5, 3.0),
    "span": Uniform(120, 252),
    "black": Uniform(0, 1),
    "gamma": Normal(1.0, 0.2, 0.6, 1.6),
    "quality": sometimes(0.85, Whole(45, 94), 0),
    "stamped": Choice({False: 0.96, True: 0.04}),
    "shift_x": Whole(0, 7),
    "shift_y": Whole(0, 7),
}


def sample_camera(rng: Generator) -> Camera:
    """Sample the settings of a camera."""
    return Camera(**draw_table(CAMERA, rng))


def plain_camera() -> Camera:
    """A camera that changes nothing but the exposure: for the ablation."""
    return Camera(0, 0, 0, 0, 0, span=255, black=0, gamma=1, quality=0, stamped=False,
                  shift_x=0, shift_y=0)  # fmt: skip


def photograph(rng: Generator, camera: Camera, ideal: np.ndarray) -> np.ndarray:
    """Take a picture.

    Args:
        rng: where the random numbers come from.
        camera: its settings.
        ideal: float greys [H + 2 · MARGIN, W + 2 · MARGIN].

    Returns:
        uint8 [H, W].
    """
    dark, bright = np.percentile(ideal, (1, 99))  # the exposure meter
    image = (ideal - dark) * (255.0 / max(bright - dark, 80.0))
    image = ndimage.gaussian_filter(image, camera.focus, truncate=3.0) if camera.focus else image
    if camera.motion:
        image = _motion(image, camera.motion)
    if camera.sharpen:
        image = image + camera.sharpen * (image - ndimage.gaussian_filter(image, 1.1, truncate=3.0))
    if camera.interlace:
        image[1::2] = np.roll(image[1::2], camera.interlace, axis=1)
    if camera.stamped:
        image = _stamp(rng, image)
    tone = np.clip(image / 255.0, 0.0, 1.0) ** camera.gamma
    image = (255 - camera.span) * camera.black + camera.span * tone
    image = image + camera.noise * rng.standard_normal(image.shape)
    pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    dy, dx = camera.shift_y, camera.shift_x
    pixels = pixels[dy:, dx:]
    if camera.quality:
        pixels = _compress(pixels, camera.quality)
    height, width = ideal.shape[0] - 2 * MARGIN, ideal.shape[1] - 2 * MARGIN
    top, left = MARGIN - dy, MARGIN - dx
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def equalised(pixels: np.ndarray) -> np.ndarray:
    """The picture, uint8 [H, W], with its greys spread evenly (histogram equalisation)."""
    counts = np.bincount(pixels.ravel(), minlength=256)
    below = np.cumsum(counts) - counts
    # Integer arithmetic: the same on every machine.
    return ((below + counts // 2) * 255 // pixels.size).astype(np.uint8)[pixels]


def _motion(image: np.ndarray, length: float) -> np.ndarray:
    half = int(np.ceil(length / 2))
    offsets = np.arange(-half, half + 1)
    kernel = np.clip(length / 2 + 0.5 - np.abs(offsets), 0.0, 1.0)
    return ndimage.convolve1d(image, kernel / kernel.sum(), axis=1, mode="nearest")


MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
#: The date in a picture, mostly at the lower right.
STAMP = {
    "month": OneOf(MONTHS),
    "day": Whole(1, 28),
    "year": Whole(1992, 2001),
    "anywhere": Chance(0.3),
}


def _stamp(rng: Generator, image: np.ndarray) -> np.ndarray:
    """Burn a date into the picture, bright with a dark rim, mostly at the lower right."""
    month, day, year, anywhere = draw_table(STAMP, rng).values()
    height, width = image.shape
    x, y = max(2, width - 84), height - MARGIN - 16
    if anywhere:
        x, y = int(rng.integers(-20, width - 20)), int(rng.integers(MARGIN, height - 16))
    ink = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(ink)
    # The bitmap font is part of Pillow and the same on every machine.
    draw.text((x, y), f"{month} {day:>2} {year}", fill=255, font=ImageFont.load_default_imagefont())
    letters = np.asarray(ink) > 0
    rim = ndimage.binary_dilation(letters, np.ones((3, 3)))
    return np.where(letters, 250.0, np.where(rim, 15.0, image))


def _compress(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
