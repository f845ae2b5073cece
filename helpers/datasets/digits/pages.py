"""Digits on paper: crops of 16×16 pixels, and pages with boxes.

A digit's box is the square that a crop shows: the digit's 8×8 grey levels take three quarters of
its side. On pages the side is 16 to 32 pixels; a crop is such a square, shrunk to 16.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from PIL import Image
from scipy import ndimage

from helpers.datasets.digits.paper import draw_paper, in_grey_levels
from helpers.datasets.digits.source import Digits
from helpers.street.chance import Choice, Distribution, OneOf, Uniform, Whole, draw_table

CLASSES = ("background", *map(str, range(10)))
CROP_SIDE = 16  # pixels
BOX_SIDES = (16, 32)  # pixels of a page
GLYPH = 0.75  # of the box's side
STREAMS = {"crop": 0, "page": 1}
SPLITS = ("train", "val", "test")

#: How a digit's real shape is varied: little on pages and in held-out crops, which must be true to
#: their writers, and more in training, where nine hands must stand for all.
HAND = {
    "turned by degrees": Uniform(-4, 4),
    "slanted": Uniform(-0.06, 0.06),
    "width": Uniform(0.95, 1.05),
    "height": Uniform(0.95, 1.05),
    "where ink begins": Uniform(0.3, 0.5),  # of the blurred digit: less is a thicker pen
    "hardness of the edge": Uniform(1.2, 3.0),
}
VARIED = HAND | {
    "turned by degrees": Uniform(-13, 13),
    "slanted": Uniform(-0.25, 0.25),
    "width": Uniform(0.8, 1.12),
    "height": Uniform(0.88, 1.08),
}
INK = {"darkness": Uniform(0.4, 0.95), "fading": Uniform(0.0, 0.25)}
CROP = {
    "side of the box": Uniform(*BOX_SIDES),
    "neighbours": Choice({"both": 0.35, "left": 0.2, "right": 0.2, "none": 0.25}),
    "gap to the neighbour": Uniform(-0.12, 0.35),  # in sides
    "off centre": Uniform(-0.06, 0.06),  # of the window, in sides
    "times as large": Uniform(0.92, 1.09),  # the window
}
ROOM = 112  # pixels of the sheet that a crop is cut out of: more than the widest window
#: What a crop without a digit in its middle shows.
KINDS = Choice(
    {
        **{"between digits": 0.25, "half a digit": 0.25, "too large": 0.1, "too small": 0.15},
        **{"gap": 0.1, "paper": 0.15},
    }
)
AWAY = Uniform(0.35, 0.8)  # the window of "half a digit", in sides
TOO_LARGE, TOO_SMALL = Uniform(0.35, 0.6), Uniform(1.7, 2.6)  # that window, in sides
PAGE = {
    "height": Whole(110, 160),
    "width": Whole(150, 220),
    "side of the boxes": Uniform(17.5, 29),
    "layout": OneOf(("lines", "loose")),
    "gap between boxes": Uniform(-0.1, 0.35),  # in sides
    "digits": Whole(6, 22),
}


@dataclass(frozen=True)
class DrawnDigits:
    """A crop (label, kind) or a page (boxes [M, 4] xyxy, labels [M]); image is uint8 [H, W]."""

    image: np.ndarray
    label: int = 0
    kind: str = ""
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    labels: tuple[int, ...] = ()


def _generator(seed: int, stream: str, split: str, number: int) -> Generator:
    return np.random.default_rng([seed, STREAMS[stream], SPLITS.index(split), number])


def write_digit(
    page: np.ndarray,
    image: np.ndarray,
    box: np.ndarray,
    ink: dict,
    rng: Generator,
    hands: Mapping[str, Distribution] = HAND,
) -> None:
    """Write one digit into its box, in place.

    Args:
        page: float [H, W].
        image: float [8, 8] in [0, 1], 1 = ink.
        box: (x1, y1, x2, y2), square; what lies outside the page is cut off.
        ink: "darkness" and "fading", in grey values.
        rng: where the hand's random numbers come from.
        hands: how much the shape may vary, `HAND` or `VARIED`.
    """
    hand = draw_table(hands, rng)
    x1, y1, x2, y2 = box
    left, top = max(0, int(np.floor(x1))), max(0, int(np.floor(y1)))
    right, bottom = min(page.shape[1], int(np.ceil(x2))), min(page.shape[0], int(np.ceil(y2)))
    if left >= right or top >= bottom:
        return
    rows, cols = np.mgrid[top:bottom, left:right] + 0.5
    x, y = (cols - (x1 + x2) / 2) / (x2 - x1), (rows - (y1 + y2) / 2) / (y2 - y1)
    angle = np.deg2rad(hand["turned by degrees"])
    x, y = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    x = (x + hand["slanted"] * y) / hand["width"]
    y = y / hand["height"]
    cells = np.stack([y, x]) * (8 / GLYPH) + 3.5  # of the 8×8
    blurred = ndimage.map_coordinates(np.pad(image, 2), cells + 2, order=2, mode="constant")
    soft = hand["hardness of the edge"]
    cover = np.clip((blurred - hand["where ink begins"]) * soft + 0.5, 0, 1)
    cover *= np.clip(blurred * 6, 0, 1)  # nothing where the pen has not been
    cover *= 1 - ink["fading"] * rng.random()
    page[top:bottom, left:right] *= 1 - ink["darkness"] * cover


def _square(x: float, y: float, side: float) -> np.ndarray:
    """The square box around a centre."""
    return np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2])


def draw_crop(source: Digits, seed: int, split: str, number: int, index: int | None) -> DrawnDigits:
    """One crop, uint8 [16, 16].

    Args:
        source: the split's digits.
        seed: of the data set.
        split: "train", "val" or "test".
        number: of the crop, so that each has its own random numbers.
        index: of the digit that stands in the middle; None for a crop of background.
    """
    rng = _generator(seed, "crop", split, number)
    look, ink = draw_table(CROP, rng), draw_table(INK, rng)
    hands = VARIED if split == "train" else HAND
    kind = KINDS.draw(rng) if index is None else "digit"
    own = int(rng.integers(len(source.digits))) if index is None else index
    side, step = look["side of the box"], 1 + look["gap to the neighbour"]
    page, noise = draw_paper(ROOM, ROOM, rng)
    for place in _written(kind, look["neighbours"]):
        known = source.runs == source.runs[own]  # one hand on one sheet
        which = int(rng.choice(np.flatnonzero(known))) if place else own
        box = _square(ROOM / 2 + place * step * side, ROOM / 2, side)
        write_digit(page, source.images[which], box, ink, rng, hands)
    x, y, times = _window(kind, step, rng)
    window = _square(ROOM / 2 + x * side, ROOM / 2 + y * side, side * times)
    image = Image.fromarray((page + rng.normal(0, noise, page.shape)).astype(np.float32))
    # The same filter as that of a detector's pyramid.
    small = image.resize((CROP_SIDE, CROP_SIDE), Image.Resampling.BILINEAR, box=tuple(window))
    label = 0 if index is None else int(source.digits[index]) + 1
    return DrawnDigits(in_grey_levels(np.array(small)), label, CLASSES[label] if label else kind)


def _written(kind: str, neighbours: str) -> list[int]:
    """The places of a row that have a digit: -1 left, 0 in the middle, 1 right."""
    if kind == "paper":
        return []
    if kind in ("gap", "between digits"):
        return [-1, 1] if kind == "gap" else [-1, 0, 1]
    return [0, *{"both": (-1, 1), "left": (-1,), "right": (1,), "none": ()}[neighbours]]


def _window(kind: str, step: float, rng: Generator) -> tuple[float, float, float]:
    """Where the window's centre is (x, y) and how large it is, all in sides of a digit's box."""
    x, y, times = (CROP[name].draw(rng) for name in ("off centre", "off centre", "times as large"))
    if kind == "between digits":
        x += rng.choice([-1, 1]) * step / 2
    elif kind == "half a digit":
        angle, away = rng.uniform(0, 2 * np.pi), AWAY.draw(rng)
        x, y = x + away * np.cos(angle), y + away * np.sin(angle)
    elif kind == "too large":
        times = TOO_LARGE.draw(rng)
        x, y = rng.uniform(-0.2, 0.2, 2)
    elif kind == "too small":
        times = TOO_SMALL.draw(rng)
        x, y = rng.uniform(-0.4, 0.4, 2)
    return float(x), float(y), float(times)


def draw_page(source: Digits, seed: int, split: str, number: int) -> DrawnDigits:
    """One page, uint8 [H, W], written by one hand, with the boxes of its digits.

    Args:
        source: the split's digits.
        seed: of the data set.
        split: "val" or "test".
        number: of the page.
    """
    rng = _generator(seed, "page", split, number)
    look, ink = draw_table(PAGE, rng), draw_table(INK, rng)
    page, noise = draw_paper(look["height"], look["width"], rng)
    squares = (_in_lines if look["layout"] == "lines" else _loose)(look, rng)
    hand = np.flatnonzero(source.runs == rng.choice(np.unique(source.runs)))
    boxes, labels = [], []
    for box in squares[: look["digits"]]:
        which = int(rng.choice(hand))
        write_digit(page, source.images[which], box, ink, rng)
        boxes.append(np.round(box, 1))
        labels.append(int(source.digits[which]) + 1)
    image = in_grey_levels(page + rng.normal(0, noise, page.shape))
    return DrawnDigits(image, boxes=np.array(boxes).reshape(-1, 4), labels=tuple(labels))


def _in_lines(look: dict, rng: Generator) -> list[np.ndarray]:
    """Rows of digits, as of telephone numbers, each with a margin and a length of its own."""
    squares, side = [], look["side of the boxes"]
    y = side * rng.uniform(0.6, 1.1)
    while y + side / 2 < look["height"]:
        x, end = side * rng.uniform(0.6, 2.0), look["width"] - side * rng.uniform(0.0, 3.0)
        while x + side / 2 < end:
            own = side * rng.uniform(0.93, 1.07)
            squares.append(_square(x, y + side * rng.uniform(-0.06, 0.06), own))
            space = 0.6 * (rng.random() < 0.15)  # now and then a gap between groups
            x += side * (1 + look["gap between boxes"] + space)
        y += side * rng.uniform(1.05, 1.5)
    return squares


def _loose(look: dict, rng: Generator) -> list[np.ndarray]:
    """Digits of several sizes anywhere, none upon another."""
    squares: list[np.ndarray] = []
    for _ in range(400):
        side = rng.uniform(*BOX_SIDES)
        x, y = (rng.uniform(side / 2, look[name] - side / 2) for name in ("width", "height"))
        new = _square(x, y, side)
        if all(_apart(new, other) for other in squares):
            squares.append(new)
    return squares


def _apart(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two boxes do not overlap."""
    return bool((one[:2] >= other[2:]).any() or (one[2:] <= other[:2]).any())
