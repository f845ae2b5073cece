"""Surfaces: noise, foliage, asphalt, bricks and boards, as pictures of a canvas's size."""

import math

import numpy as np
from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas, to_image


def noise(
    rng: Generator, size: tuple[int, int], cell: float, octaves: int = 3, stretch: float = 1.0
) -> np.ndarray:
    """Return fractal value noise ``[height, width]`` of about zero mean and unit deviation.

    ``cell`` is the size in pixels of the coarsest blobs, ``stretch`` makes them wider than high;
    each further octave is half as large and 0.6 times as strong.
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
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))


def fine_noise(
    canvas: Canvas, rng: Generator, cell: float, octaves: int = 2, stretch: float = 1.0
) -> np.ndarray:
    """Return noise for a canvas, ``cell`` in final pixels, at half of the canvas's resolution.

    Nothing finer would survive the averaging; :func:`surface` takes it back to full size.
    """
    size = (math.ceil(canvas.size[0] / 2), math.ceil(canvas.size[1] / 2))
    return noise(rng, size, cell * canvas.scale / 2, octaves, stretch)


def surface(canvas: Canvas, grey: np.ndarray) -> Image.Image:
    """Turn greys at half resolution into a picture of the canvas's size."""
    return to_image(grey).resize(canvas.size, Image.Resampling.BILINEAR)


def mottled(
    canvas: Canvas, rng: Generator, grey: float, contrast: float, cell: float, stretch: float = 1.0
) -> Image.Image:
    """Return a softly mottled surface: plaster, concrete, asphalt, lawn from afar."""
    return surface(canvas, grey + contrast * fine_noise(canvas, rng, cell, 3, stretch))


def foliage(
    canvas: Canvas, rng: Generator, grey: float, contrast: float, leaf: float
) -> Image.Image:
    """Return leaves: clumps in light and shade, with crisp bright leaves and dark gaps."""
    clumps = fine_noise(canvas, rng, 6 * leaf)
    leaves = fine_noise(canvas, rng, 1.8 * leaf, 3)
    crisp = np.clip(1.2 * leaves + 0.4 * clumps, -1.8, 2.2)
    return surface(canvas, grey + contrast * (0.6 * clumps + 0.9 * crisp))


def bricks(
    canvas: Canvas, rng: Generator, grey: float, mortar: float, brick: float, phase: float = 0.0
) -> Image.Image:
    """Return a brick wall; ``brick`` is the height of one course in pixels."""
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
    """Return siding or a board fence: each board shaded, with a dark gap beside the next."""
    axis = canvas.columns()[None, :] if upright else canvas.rows()[:, None]
    t = (axis / board) % 1.0
    tone = ((np.floor(axis / board) * 0.618034) % 1.0 - 0.5) * 0.5 * depth
    profile = np.where(t < 0.22, -depth, 0.25 * depth * (1.0 - t)) + tone
    size = canvas.size
    return to_image(np.broadcast_to(grey + profile, (size[1], size[0])))


def gradient(canvas: Canvas, top: float, bottom: float, y1: float, y2: float) -> np.ndarray:
    """Return a column ``[height, 1]`` of greys that runs from ``top`` at y1 to ``bottom`` at y2."""
    t = np.clip((canvas.rows() - y1) / max(y2 - y1, 1e-6), 0.0, 1.0)
    return (top + (bottom - top) * t)[:, None]


def sky(canvas: Canvas, rng: Generator, grey: float, bottom: float) -> Image.Image:
    """Return a sky with soft clouds, brighter towards the horizon at y = ``bottom``."""
    clouds = rng.uniform(2, 22) * fine_noise(canvas, rng, 25, 3, stretch=2.5)
    return surface(canvas, gradient(canvas, grey - 25, grey + 10, 0, bottom)[::2] + clouds)
