"""Paper, and what is on it beside digits. Grey values from 0 (black) to 1 (white).

Arguments that mean the same everywhere: `page`, float [H, W], is changed in place; `rng` is where
the random numbers come from; the same state gives the same picture.
"""

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from helpers.street.chance import Chance, Choice, OneOf, Uniform, draw_table, sometimes

#: A scanner with 32 grey levels: what it leaves out of the noise makes the files half as large.
GREY_LEVELS = 32

PAPER = {
    "brightness": Uniform(0.62, 0.97),
    "darker towards one side by": Uniform(0.0, 0.15),
    "clouds": sometimes(0.5, Uniform(0.0, 0.03), 0.0),
    "noise": Uniform(0.0, 0.016),
    "rulings": Choice({"none": 0.4, "lines": 0.35, "squares": 0.25}),
    "pixels between rulings": Uniform(9, 34),
    "darkness of rulings": Uniform(0.05, 0.22),
    "crease": Chance(0.3),
    "stamp": Chance(0.35),
    "spots": Choice({0: 0.6, 2: 0.25, 6: 0.15}),
}
STAMP = {
    "shape": OneOf(("ring", "two rings", "frame")),
    "radius": Uniform(24, 48),
    "width": Uniform(1.0, 2.5),
    "darkness": Uniform(0.08, 0.26),
    "bars": Chance(0.6),
}


def draw_paper(height: int, width: int, rng: Generator) -> tuple[np.ndarray, float]:
    """An empty page, and how noisy its scanner is.

    Args:
        height, width: in pixels.
        rng: where the random numbers come from.

    Returns:
        Float [height, width], and the standard deviation of the scanner's noise.
    """
    look = draw_table(PAPER, rng)
    rows, cols = np.mgrid[:height, :width]
    angle = rng.uniform(0, 2 * np.pi)
    slope = np.cos(angle) * cols / width + np.sin(angle) * rows / height
    page = look["brightness"] - look["darker towards one side by"] * slope
    clouds = rng.normal(size=(height // 8 + 2, width // 8 + 2))
    page += look["clouds"] * ndimage.zoom(clouds, 8, order=1)[:height, :width]
    if look["rulings"] != "none":
        _rule(
            page, look["rulings"], look["pixels between rulings"], look["darkness of rulings"], rng
        )
    if look["crease"]:
        draw_crease(page, rng)
    if look["stamp"]:
        draw_stamp(page, rng)
    for _ in range(look["spots"]):
        _spot(page, rng)
    return page, look["noise"]


def _rule(page: np.ndarray, kind: str, distance: float, darkness: float, rng: Generator) -> None:
    """Parallel lines, or a grid of squares, a pixel wide and a little askew."""
    rows, cols = np.mgrid[: page.shape[0], : page.shape[1]]
    tilt, start = rng.uniform(-0.02, 0.02), rng.uniform(0, distance)
    directions = [rows + tilt * cols]
    if kind == "squares":
        directions.append(cols - tilt * rows)
    for position in directions:
        away = np.abs((position - start) % distance - distance / 2)  # from the middle between lines
        page -= darkness * np.clip(1 - (distance / 2 - away), 0, 1)


def draw_crease(page: np.ndarray, rng: Generator) -> None:
    """A fold right across the page: a bright edge beside a dark one."""
    rows, cols = np.mgrid[: page.shape[0], : page.shape[1]]
    angle = rng.choice([0, np.pi / 2]) + rng.normal(0, 0.15)
    along = np.cos(angle) * cols + np.sin(angle) * rows
    away = along - rng.uniform(along.min(), along.max())
    depth = rng.uniform(0.05, 0.18)
    page -= depth * np.exp(-((away / 1.2) ** 2))
    page += 0.5 * depth * np.exp(-(((away - 2.5) / 1.5) ** 2))


def draw_stamp(page: np.ndarray, rng: Generator) -> None:
    """A rubber stamp, far larger than any digit: rings or a frame, perhaps with bars across."""
    look = draw_table(STAMP, rng)
    rows, cols = np.mgrid[: page.shape[0], : page.shape[1]]
    y = rows - rng.uniform(0, page.shape[0])
    x = cols - rng.uniform(0, page.shape[1])
    angle = rng.normal(0, 0.2)
    x, y = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    frame = np.maximum(np.abs(x) / 1.5, np.abs(y))
    radius = frame if look["shape"] == "frame" else np.hypot(x, y)
    ink = np.clip(look["width"] - np.abs(radius - look["radius"]), 0, 1)
    if look["shape"] == "two rings":
        ink = np.maximum(ink, np.clip(look["width"] - np.abs(radius - 0.7 * look["radius"]), 0, 1))
    if look["bars"]:
        bars = np.clip(1.5 - np.abs(np.abs(y) - 5), 0, 1) * (np.abs(x) < 0.6 * look["radius"])
        ink = np.maximum(ink, bars)
    page -= look["darkness"] * ink


def _spot(page: np.ndarray, rng: Generator) -> None:
    rows, cols = np.mgrid[: page.shape[0], : page.shape[1]]
    away = np.hypot(rows - rng.uniform(0, page.shape[0]), cols - rng.uniform(0, page.shape[1]))
    page -= rng.uniform(0.1, 0.5) * np.clip(rng.uniform(0.8, 1.8) - away, 0, 1)


def in_grey_levels(page: np.ndarray) -> np.ndarray:
    """A picture as the scanner saves it: uint8 [H, W] of 32 grey levels from 0 to 255.

    >>> in_grey_levels(np.array([[-0.1, 0.0, 0.51, 1.0]])).tolist()
    [[0, 0, 132, 255]]
    """
    levels = np.rint(np.clip(page, 0, 1) * (GREY_LEVELS - 1))
    return np.rint(levels * (255 / (GREY_LEVELS - 1))).astype(np.uint8)
