"""Crops without a car in its place: empty places, and cars that are elsewhere or too large."""

import numpy as np
from numpy.random import Generator

from helpers.street import things
from helpers.street.backdrops import BACKDROPS
from helpers.street.camera import MARGIN
from helpers.street.canvas import Canvas
from helpers.street.chance import Choice
from helpers.street.clutter import draw_clutter
from helpers.street.ground import Layout
from helpers.street.light import Light
from helpers.street.places import draw_bare, draw_foreground, draw_place
from helpers.street.plants import shrub, trunk
from helpers.street.staging import CROP, GROUND, WIDTH, draw_background, place_car, street_layout
from helpers.street.textures import SURFACES, photographed

#: What a crop without a car shows.
NEGATIVES = Choice({
    "shifted car": 0.14, "cut car": 0.08, "wrong size": 0.08, "street": 0.20,
    "wall": 0.05, "house": 0.07, "hedge": 0.04, "trees": 0.09, "lot": 0.06, "open": 0.04,
    "road": 0.04, "distractors": 0.06, "clutter": 0.03, "surface": 0.02,
})  # fmt: skip
HARD = ("shifted car", "cut car", "wrong size")


def draw_no_car(
    canvas: Canvas, rng: Generator, light: Light, kind: str, without: frozenset[str]
) -> None:
    """Paint a crop of one of the kinds of :data:`NEGATIVES`."""
    if kind in HARD:
        _misplaced_car(canvas, rng, light, kind, without)
    elif kind == "clutter":
        draw_clutter(canvas, rng)
    elif kind == "surface":
        name = str(rng.choice(SURFACES))
        zoom = 40 * 2 ** rng.uniform(-1, 1.5)
        tone, contrast = rng.uniform(60, 190), rng.uniform(8, 45)
        canvas.image.paste(photographed(canvas, rng, name, tone, contrast, zoom))
    elif "places" in without:
        draw_bare(canvas, rng)
    elif kind == "street":
        _piece_of_street(canvas, rng, light)
    else:
        _empty_place(canvas, rng, light, kind)


def _misplaced_car(
    canvas: Canvas, rng: Generator, light: Light, kind: str, without: frozenset[str]
) -> None:
    """A car that is not where a car has to be in a crop, or not as large."""
    length, dx, dy = CROP["length"].draw(rng), rng.uniform(-8, 8), rng.uniform(-4, 4)
    if kind == "shifted car":
        dx, dy = _far_shift(rng)
    elif kind == "cut car":
        dx = rng.uniform(48, 92) * (1 if rng.random() < 0.5 else -1)
    else:
        factor = rng.uniform(0.3, 0.58) if rng.random() < 0.5 else rng.uniform(1.6, 2.6)
        length *= factor
        dx = rng.uniform(-0.5, 0.5) * abs(length - 86)
        dy = rng.uniform(-20, 4) if factor < 1 else rng.uniform(-8, 30)
    x, y = MARGIN + WIDTH / 2 + dx, MARGIN + GROUND + dy
    draw_background(canvas, rng, light, street_layout(rng, y, length), without)
    place_car(canvas, rng, light, x, y, length)
    if kind == "cut car" and rng.random() < 0.4:  # the gap between two parked cars
        gap = x - np.sign(dx) * rng.uniform(1.05, 1.3) * 2 * 48
        place_car(canvas, rng, light, gap, y + rng.normal(0, 1), length)


def _far_shift(rng: Generator) -> tuple[float, float]:
    """Return an offset that makes a centred car a wrong one: 18 px sideways or 9 px up or down."""
    if rng.random() < 0.65:
        return rng.uniform(18, 50) * (1 if rng.random() < 0.5 else -1), rng.uniform(-6, 6)
    return rng.uniform(-12, 12), rng.uniform(9, 26) * (1 if rng.random() < 0.5 else -1)


def _piece_of_street(canvas: Canvas, rng: Generator, light: Light) -> None:
    """What a detector sees between the cars of a scene: a piece of street at a crop's scale."""
    unit = CROP["length"].draw(rng) / 4.5
    kerb = MARGIN + rng.uniform(-40, 140)
    draw_place(canvas, rng, light, Layout(kerb - unit * abs(rng.normal(0, 0.5)), kerb, unit))


def _empty_place(canvas: Canvas, rng: Generator, light: Light, kind: str) -> None:
    ground, unit = MARGIN + GROUND, 19 * 2 ** rng.uniform(-1.2, 1.3)
    if kind == "road":
        kerb = MARGIN + rng.uniform(-30, 12)
    elif kind == "distractors":
        kerb = MARGIN + rng.uniform(10, 40)
    else:
        kerb = MARGIN + rng.uniform(8, 75)
    layout = Layout(kerb - unit * abs(rng.normal(0, 0.8)), kerb, unit)
    draw_place(canvas, rng, light, layout, kind if kind in BACKDROPS.shares else None)
    for _ in range(int(rng.choice([0, 1, 3, 6], p=[0.6, 0.15, 0.15, 0.1]))):
        shrub(canvas, rng, light, rng.uniform(0, canvas.width), ground, unit)
    if rng.random() < 0.15:
        draw_foreground(canvas, rng, layout)
    if kind == "distractors":
        _distract(canvas, rng, ground, unit)


def _distract(canvas: Canvas, rng: Generator, ground: float, unit: float) -> None:
    """A crowd of wheels, poles, people, bicycles and signs; sometimes two wheels at a car's."""
    if rng.random() < 0.35:
        for x in (25, 75):
            things.wheel(canvas, rng, MARGIN + x + rng.normal(0, 4), ground, 12)
    standing = (trunk, *things.STANDING)
    for _ in range(int(rng.integers(2, 7))):
        thing = standing[int(rng.integers(len(standing)))]
        thing(canvas, rng, rng.uniform(0, canvas.width), ground + rng.uniform(-12, 8), unit)
