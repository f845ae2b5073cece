"""Pictures of any size and kind, read as crops of one size.

>>> wide = np.arange(40, dtype=np.uint8).reshape(1, 4, 10)
>>> fit_picture(wide, (4, 4), "crop")[0, 0].tolist()  # the middle part
[3, 4, 5, 6]
>>> fit_picture(wide, (4, 4), "pad").shape, fit_picture(wide, (4, 4), "stretch").shape
((1, 4, 4), (1, 4, 4))
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
from PIL import Image

from helpers.images import UNREADABLE, read_grey, read_rgb

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
Shape = Literal["crop", "stretch", "pad"]
SMALLEST, LONGEST = 16, 96  # pixels of a side that `choose_size` gives


def read_pixels(path: Path, channels: int) -> np.ndarray:
    """A picture as uint8 [C, H, W]: upright, transparent parts white, grey or RGB as asked.

    Raises:
        FileNotFoundError, ValueError: as `helpers.images.read_grey`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of thousands of pictures, each would say the same
        if channels == 1:
            return read_grey(path)[None]
        return np.ascontiguousarray(read_rgb(path).transpose(2, 0, 1))


def picture_sizes(paths: Sequence[Path]) -> list[tuple[int, int]]:
    """(height, width) of each picture that can be opened, upright; pixels are not read."""
    sizes = []
    for path in paths:
        try:
            with Image.open(path) as picture:
                width, height = picture.size
                turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
                turned = turned and picture.format != "TIFF"  # whose size is that of the turned one
            sizes.append((width, height) if turned else (height, width))
        except UNREADABLE:
            continue
    return sizes


def choose_size(sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """A crop's (height, width) that suits pictures of these sizes: of their usual shape.

    The longer side has 96 pixels at most, the shorter one 16 at least; both are multiples of 4,
    unless the pictures are small and all of one size.

    Raises:
        ValueError: there are none.

    >>> choose_size([(480, 640)] * 3), choose_size([(16, 16)])
    ((72, 96), (16, 16))
    """
    if not sizes:
        raise ValueError("no picture can be opened: are these files pictures?")
    height, width = (median(side) for side in zip(*sizes, strict=True))
    if len(set(sizes)) == 1 and max(height, width) <= LONGEST and min(height, width) >= SMALLEST:
        return int(height), int(width)
    smaller = min(1, LONGEST / max(height, width))
    return tuple(max(SMALLEST, 4 * round(side * smaller / 4)) for side in (height, width))


def common_channels(paths: Sequence[Path], looked_at: int = 200) -> int:
    """3 if any of some pictures, spread over all, has colours; else 1."""
    for path in paths[:: max(1, len(paths) // looked_at)]:
        try:
            pixels = read_pixels(path, 3)
        except (ValueError, OSError):
            continue
        if (pixels != pixels[:1]).any():
            return 3
    return 1


def fit_picture(pixels: np.ndarray, size: tuple[int, int], shape: Shape = "crop") -> np.ndarray:
    """A picture at another size.

    Args:
        pixels: uint8 [C, H, W].
        size: (height, width) wanted.
        shape: "crop", "stretch" or "pad", as `load_folder` says.

    Returns:
        uint8 [C, height, width].
    """
    height, width = pixels.shape[1:]
    if (height, width) == tuple(size):
        return pixels
    if shape != "stretch":
        # How large the wanted shape is on the picture: as large as fits in it, or around it.
        factors = height / size[0], width / size[1]
        factor = min(factors) if shape == "crop" else max(factors)
        wanted = [max(1, round(side * factor)) for side in size]
        if shape == "crop":
            top, left = (height - wanted[0]) // 2, (width - wanted[1]) // 2
            pixels = pixels[:, max(0, top) : top + wanted[0], max(0, left) : left + wanted[1]]
        else:
            more = max(0, wanted[0] - height), max(0, wanted[1] - width)
            around = [(0, 0), *((n // 2, n - n // 2) for n in more)]
            pixels = np.pad(pixels, around, mode="edge")
    new = size[1], size[0]
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in pixels]
    return np.stack([np.asarray(plane.resize(new, Image.Resampling.BILINEAR)) for plane in planes])
