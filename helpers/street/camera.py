"""From the ideal picture to an ordinary camera still of the 1990s.

The order is that of the real thing: exposure, lens and movement blur, then sharpening and
interlacing in the camera, tones, noise, compression, and for some pictures the histogram
equalisation that archives of that time liked.
"""

import io
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image
from scipy import ndimage

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
    black: float  # grey of the darkest tones
    white: float  # grey of the brightest tones
    gamma: float
    quality: int  # JPEG quality; 0 is no compression
    equalise: bool  # spread the histogram over the whole range
    shift: tuple[int, int]  # of the compression's 8x8 grid


def sample_camera(rng: Generator, equalise: float = 0.5) -> Camera:
    """Draw the settings of a camera; ``equalise`` is the share of equalised pictures."""
    spread = rng.uniform(110, 250)
    black = rng.uniform(0, 250 - spread)
    return Camera(
        focus=rng.uniform(0.15, 0.6) if rng.random() < 0.85 else rng.uniform(0.6, 1.2),
        motion=rng.uniform(1.2, 3.5) if rng.random() < 0.08 else 0.0,
        interlace=int(rng.choice([0, 1, 2], p=[0.975, 0.02, 0.005])),
        sharpen=rng.uniform(0, 1.3) if rng.random() < 0.7 else 0.0,
        noise=rng.uniform(0.5, 3.0),
        black=black,
        white=black + spread,
        gamma=float(np.clip(rng.normal(1.0, 0.2), 0.6, 1.6)),
        quality=int(rng.integers(45, 95)) if rng.random() < 0.85 else 0,
        equalise=bool(rng.random() < equalise),
        shift=(int(rng.integers(0, 8)), int(rng.integers(0, 8))),
    )


def photograph(rng: Generator, camera: Camera, ideal: np.ndarray) -> np.ndarray:
    """Take a picture: float ``[H + 2 MARGIN, W + 2 MARGIN]`` in, uint8 ``[H, W]`` out."""
    dark, bright = np.percentile(ideal, (1, 99))  # the exposure meter
    image = (ideal - dark) * (255.0 / max(bright - dark, 80.0))
    image = ndimage.gaussian_filter(image, camera.focus, truncate=3.0)
    if camera.motion:
        image = _motion(image, camera.motion)
    if camera.sharpen:
        image = image + camera.sharpen * (image - ndimage.gaussian_filter(image, 1.1, truncate=3.0))
    if camera.interlace:
        image[1::2] = np.roll(image[1::2], camera.interlace, axis=1)
    tone = np.clip(image / 255.0, 0.0, 1.0) ** camera.gamma
    image = camera.black + (camera.white - camera.black) * tone
    image = image + camera.noise * rng.standard_normal(image.shape)
    pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    dy, dx = camera.shift
    pixels = pixels[dy:, dx:]
    if camera.quality:
        pixels = _compress(pixels, camera.quality)
    height, width = ideal.shape[0] - 2 * MARGIN, ideal.shape[1] - 2 * MARGIN
    top, left = MARGIN - dy, MARGIN - dx
    pixels = pixels[top : top + height, left : left + width]
    return equalised(pixels) if camera.equalise else np.ascontiguousarray(pixels)


def equalised(pixels: np.ndarray) -> np.ndarray:
    """Return the picture with its grey values spread evenly over 0…255 (histogram equalisation)."""
    counts = np.bincount(pixels.ravel(), minlength=256)
    below = np.cumsum(counts) - counts
    # Integer arithmetic: the same on every machine.
    return ((below + counts // 2) * 255 // pixels.size).astype(np.uint8)[pixels]


def _motion(image: np.ndarray, length: float) -> np.ndarray:
    half = int(np.ceil(length / 2))
    offsets = np.arange(-half, half + 1)
    kernel = np.clip(length / 2 + 0.5 - np.abs(offsets), 0.0, 1.0)
    return ndimage.convolve1d(image, kernel / kernel.sum(), axis=1, mode="nearest")


def _compress(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))
