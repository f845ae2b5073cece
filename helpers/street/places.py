"""Whole places: a backdrop, the ground, parked cars in the distance, and street furniture."""

import numpy as np
from numpy.random import Generator

from helpers.street import things
from helpers.street.backdrops import BACKDROPS, draw_backdrop
from helpers.street.canvas import Canvas
from helpers.street.cars import sample_car
from helpers.street.chance import Choice
from helpers.street.ground import Layout, draw_ground
from helpers.street.light import Light
from helpers.street.paintwork import draw_car
from helpers.street.plants import foliage, shrub, tree, trunk
from helpers.street.textures import fine_noise, photographed, surface

#: No car in the background is longer than this (pixels): else it would be a target.
FARTHEST_LARGE = 60.0

FURNITURE = Choice({
    "shrub": 0.24, "tree": 0.10, "pole": 0.22, "trunk": 0.12, "person": 0.17, "sign": 0.09,
    "bicycle": 0.06,
})  # fmt: skip


def draw_place(
    canvas: Canvas, rng: Generator, light: Light, layout: Layout, backdrop: str | None = None
) -> None:
    """Paint a whole place without cars on the road; the backdrop is any, unless it is given."""
    if backdrop is None:
        backdrop = BACKDROPS.draw(rng)
    if layout.ground > 0:
        draw_backdrop(canvas, rng, light, layout, backdrop)
    draw_ground(canvas, rng, light, layout)
    if backdrop == "lot":
        distant_cars(canvas, rng, light, layout, rows=int(rng.integers(1, 4)))
    elif rng.random() < 0.22:
        distant_cars(canvas, rng, light, layout, rows=1)
    _furnish(canvas, rng, light, layout)


def draw_bare(canvas: Canvas, rng: Generator) -> None:
    """Next to nothing: tones that run into each other, as on a wall, the sky or a lawn."""
    x, y = canvas.columns()[::2] / canvas.width, canvas.rows()[::2] / canvas.height
    steps = int(rng.integers(2, 6))
    tones = rng.uniform(20, 230, steps)
    along = y[:, None] + rng.normal(0, 0.25) * x[None, :]
    grain = fine_noise(canvas, rng, rng.uniform(1, 30), 3, rng.uniform(1, 5))
    shade = np.interp(along, np.linspace(0, 1, steps), tones)
    canvas.image.paste(surface(canvas, shade + rng.uniform(1, 15) * grain))


def draw_foreground(canvas: Canvas, rng: Generator, layout: Layout) -> None:
    """A hedge, a lawn or a pavement that cuts off the lower part of the picture, maybe askew."""
    y, slope = rng.uniform(0.45, 0.9) * canvas.height, rng.normal(0, 0.08)
    if rng.random() < 0.2:
        slope = rng.normal(0, 0.6)
    middle = canvas.width / 2
    area = [(0, y - slope * middle), (canvas.width, y + slope * middle),
            (canvas.width, y + 2 * canvas.height), (0, y + 2 * canvas.height)]  # fmt: skip
    grey = rng.uniform(20, 110) if rng.random() < 0.7 else rng.uniform(110, 230)
    contrast, unit = rng.uniform(3, 35), layout.unit
    if rng.random() < 0.5:
        cover = foliage(canvas, rng, grey, contrast, max(0.4, unit * rng.uniform(0.03, 0.1)))
    else:
        name = str(rng.choice(["grass", "gravel"]))
        cover = photographed(canvas, rng, name, grey, contrast, unit * rng.uniform(1.5, 4))
    canvas.paint(canvas.mask(area, blur=float(rng.choice([0.0, 0.0, 1.0, 3.0]))), cover)


def distant_cars(canvas: Canvas, rng: Generator, light: Light, layout: Layout, rows: int) -> None:
    """Rows of parked cars behind the road, smaller the farther away they are."""
    for row in range(rows, 0, -1):
        size = rng.uniform(0.4, 0.65) if row == 1 else rng.uniform(0.2, 0.45)
        length = min(4.5 * layout.unit * size, FARTHEST_LARGE)
        y = layout.ground + rng.uniform(-0.3, 0.4) * layout.unit - 0.35 * (row - 1) * layout.unit
        x = rng.uniform(-1, 1) * length
        while x < canvas.width + length:
            if rng.random() < 0.6:
                draw_car(
                    canvas, rng, sample_car(rng), light, centre=x, ground=y, length=length,
                    faces_left=rng.random() < 0.5,
                )  # fmt: skip
            x += length * rng.uniform(0.5, 1.6)


def _furnish(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """A few things between the backdrop and the road."""
    if rng.random() < 0.12:
        things.fence(canvas, rng, layout.ground + 0.2 * layout.unit, layout.unit)
    for _ in range(int(rng.poisson(0.9 * canvas.width / 100))):
        x = rng.uniform(0, canvas.width)
        y = layout.ground + rng.uniform(-0.2, 0.3) * layout.unit
        put_thing(canvas, rng, light, FURNITURE.draw(rng), x, y, layout.unit)


def put_thing(
    canvas: Canvas, rng: Generator, light: Light, name: str, x: float, ground: float, unit: float
) -> None:
    """Draw one piece of street furniture by its name in :data:`FURNITURE`."""
    if name == "shrub":
        shrub(canvas, rng, light, x, ground, unit)
    elif name == "tree":
        tree(canvas, rng, light, x, ground, unit)
    elif name == "trunk":
        trunk(canvas, rng, x, ground, 0.8 * unit)
    else:
        getattr(things, name)(canvas, rng, x, ground, 0.8 * unit)
