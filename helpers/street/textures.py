"""Surfaces: noise, lawns, asphalt, bricks and boards, as pictures of a canvas's size.

Three photographs of bare surfaces, given to everybody under CC0, come with scikit-image: bricks,
grass and gravel. They lend walls, lawns and paths the roughness that noise alone has not.
"""

import math
from functools import cache

import numpy as np
import skimage.data
from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas, to_image
from helpers.street.chance import Uniform

SURFACES = ("brick", "grass", "gravel")

#: The sky, in grey values from 0 to 255.
SKY = {"contrast of the clouds": Uniform(1, 12)}


def noise(
    rng: Generator, size: tuple[int, int], cell: float, octaves: int = 3, stretch: float = 1.0
) -> np.ndarray:
    """Fractal value noise of about zero mean and unit deviation.

    Args:
        rng: where the random numbers come from.
        size: (width, height).
        cell: the size of the coarsest blobs, in pixels.
        octaves: how many sizes of blobs; each is half as large and 0.6 times as strong.
        stretch: how many times wider than high the blobs are.

    Returns:
        float32 [height, width].
    """
    width, height = size
    total: np.ndarray | None = None
    weight, power = 1.0, 0.0
    for octave in range(octaves):
        step = max(1.0, cell / 2**octave)
        columns = max(2, math.ceil(width / (step * stretch)) + 1)
        rows = max(2, math.ceil(height / step) + 1)
        layer = weight * rng.standard_normal((rows, columns), dtype=np.float32)
        # Each octave is added on its own grid; only the sum is enlarged to full size.
        total = layer if total is None else layer + _enlarged(total, (columns, rows))
        power += weight * weight
        weight *= 0.6
    return _enlarged(total, size) * (1.3 / math.sqrt(power))


def _enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = values.shape
    image = Image.frombuffer("F", (width, height), values, "raw", "F", 0, 1)  # no copy is made
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def half_size(canvas: Canvas) -> tuple[int, int]:
    """(width, height) of a grid at half of the canvas's resolution.

    Nothing finer would survive the averaging; `surface` and `full_size` take it back.
    """
    return math.ceil(canvas.size[0] / 2), math.ceil(canvas.size[1] / 2)


def full_size(canvas: Canvas, half: np.ndarray) -> np.ndarray:
    """Numbers at half of the canvas's resolution, each repeated, to reckon on with them."""
    width, height = canvas.size
    return np.repeat(np.repeat(half, 2, axis=0), 2, axis=1)[:height, :width]


def fine_noise(
    canvas: Canvas, rng: Generator, cell: float, octaves: int = 2, stretch: float = 1.0
) -> np.ndarray:
    """Noise for a canvas, `cell` in final pixels, at half of the canvas's resolution."""
    return noise(rng, half_size(canvas), cell * canvas.scale / 2, octaves, stretch)


def surface(canvas: Canvas, grey: np.ndarray) -> Image.Image:
    """Turn greys at half resolution into a picture of the canvas's size."""
    return to_image(grey).resize(canvas.size, Image.Resampling.BILINEAR)


def mottled(
    canvas: Canvas, rng: Generator, grey: float, contrast: float, cell: float, stretch: float = 1.0
) -> Image.Image:
    """A softly mottled surface: plaster, concrete, asphalt, lawn from afar."""
    return surface(canvas, grey + contrast * fine_noise(canvas, rng, cell, 3, stretch))


@cache
def _photographed(name: str) -> Image.Image:
    """A surface of scikit-image, levelled to mean 0 and deviation 1, tiled by its mirror image."""
    grey = getattr(skimage.data, name)().astype(np.float32)
    level = np.asarray(Image.fromarray(grey).reduce(64).resize(grey.shape[::-1]))
    grey = (grey - level) / grey.std()
    if name == "brick":  # its courses run upwards
        grey = np.ascontiguousarray(np.rot90(grey))
    return Image.fromarray(np.pad(grey, ((0, 512), (0, 512)), mode="symmetric"))


def photographed(
    canvas: Canvas, rng: Generator, name: str, grey: float, contrast: float, zoom: float
) -> Image.Image:
    """A part of a photograph of a bare surface, as a picture of the canvas's size.

    Args:
        canvas, rng, grey, contrast: as in all of `helpers.street`.
        name: one of `SURFACES`.
        zoom: the final pixels for 100 of the photograph's.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in SURFACES:
        raise ValueError(f"unknown surface {name!r}: choose from {', '.join(SURFACES)}")
    source = _photographed(name)
    width, height = half_size(canvas)
    # Never more than there is: a large canvas shows the surface a little larger.
    step = min(200 / (canvas.scale * zoom), 1024 / width, 1024 / height)
    x, y = rng.uniform(0, 1024 - step * width), rng.uniform(0, 1024 - step * height)
    box = (x, y, x + step * width, y + step * height)
    piece = source.resize((width, height), Image.Resampling.BOX, box=box)
    return surface(canvas, grey + contrast * np.asarray(piece))


def bricks(
    canvas: Canvas, rng: Generator, grey: float, mortar: float, brick: float, phase: float = 0.0
) -> Image.Image:
    """A brick wall; `brick` is the height of one course in pixels."""
    y = canvas.rows()[:, None] + phase + 1e-3
    x = canvas.columns()[None, :] + 1e-3
    course = np.floor(y / brick)
    joint = np.maximum(0.18 * brick, 0.4)
    shift = np.where(course % 2 == 0, 0.0, 1.2 * brick)
    column = np.floor((x + shift) / (2.4 * brick))
    tones = rng.normal(0, 10, (61, 67))  # every brick has its own
    wall = grey + tones[course.astype(int) % 61, column.astype(int) % 67]
    in_joint = ((y % brick) < joint) | (((x + shift) % (2.4 * brick)) < joint)
    return to_image(np.where(in_joint, mortar, wall) + rng.normal(0, 5, (len(y), 1)))


def boards(
    canvas: Canvas, rng: Generator, grey: float, depth: float, board: float, upright: bool
) -> Image.Image:
    """Siding or a board fence: each board shaded, with a dark gap beside the next."""
    axis = canvas.columns()[None, :] if upright else canvas.rows()[:, None]
    t = (axis / board) % 1.0
    tone = ((np.floor(axis / board) * 0.618034) % 1.0 - 0.5) * 0.5 * depth
    profile = np.where(t < 0.22, -depth, 0.25 * depth * (1.0 - t)) + tone
    size = canvas.size
    return to_image(np.broadcast_to(grey + profile, (size[1], size[0])))


def gradient(canvas: Canvas, top: float, bottom: float, y1: float, y2: float) -> np.ndarray:
    """A column [height, 1] of greys that runs from `top` at y1 to `bottom` at y2."""
    t = np.clip((canvas.rows() - y1) / max(y2 - y1, 1e-6), 0.0, 1.0)
    return (top + (bottom - top) * t)[:, None]


def sky(canvas: Canvas, rng: Generator, grey: float, bottom: float) -> Image.Image:
    """A sky with soft clouds, brighter towards the horizon at y = `bottom`."""
    clouds = SKY["contrast of the clouds"].draw(rng) * fine_noise(canvas, rng, 25, 3, stretch=2.5)
    return surface(canvas, gradient(canvas, grey - 25, grey + 10, 0, bottom)[::2] + clouds)
