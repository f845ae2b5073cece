"""Places: what lies behind the cars, and the ground that they stand on."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from helpers.street import things
from helpers.street.canvas import Canvas
from helpers.street.cars import sample_car
from helpers.street.light import Light
from helpers.street.paintwork import draw_car
from helpers.street.textures import (
    boards,
    bricks,
    fine_noise,
    foliage,
    gradient,
    mottled,
    noise,
    sky,
    surface,
)

BACKDROPS = ("wall", "house", "hedge", "trees", "lot", "open")
BACKDROP_WEIGHTS = (0.18, 0.22, 0.14, 0.18, 0.22, 0.06)
#: No car in the background is longer than this (pixels): else it would be a target.
FARTHEST_LARGE = 60.0


@dataclass(frozen=True)
class Layout:
    """Where things are: y of the far edge of the ground and of the kerb; one metre in pixels."""

    ground: float
    kerb: float
    unit: float


def draw_place(
    canvas: Canvas, rng: Generator, light: Light, layout: Layout, backdrop: str | None = None
) -> str:
    """Paint a whole place without cars on the road; return the name of its backdrop."""
    if backdrop is None:
        backdrop = str(rng.choice(BACKDROPS, p=BACKDROP_WEIGHTS))
    if layout.ground > 0:
        _BACKDROPS[backdrop](canvas, rng, light, layout)
    draw_ground(canvas, rng, light, layout)
    if backdrop == "lot":
        distant_cars(canvas, rng, light, layout, rows=int(rng.integers(1, 4)))
    elif rng.random() < 0.22:
        distant_cars(canvas, rng, light, layout, rows=1)
    _furnish(canvas, rng, light, layout)
    return backdrop


def _wall(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    canvas.image.paste(_facade(canvas, rng, layout.unit))
    if rng.random() < 0.5:  # a ledge, or the foot of the wall
        y = layout.ground - layout.unit * rng.uniform(0.1, 2.0)
        canvas.rectangle(0, y, canvas.width, y + layout.unit * rng.uniform(0.1, 0.6),
                         rng.uniform(30, 220))  # fmt: skip
    for _ in range(int(rng.integers(0, 3))):
        _opening(canvas, rng, rng.uniform(0, canvas.width), layout)


def _facade(canvas: Canvas, rng: Generator, unit: float):
    grey = rng.uniform(25, 150) if rng.random() < 0.8 else rng.uniform(150, 225)
    kind = rng.random()
    if kind < 0.4:
        mortar = grey + rng.uniform(-45, 60)
        brick = max(1.1, unit * rng.uniform(0.08, 0.22))
        return bricks(canvas, rng, grey, mortar, brick, rng.uniform(0, 9))
    if kind < 0.7:
        board = max(1.2, unit * rng.uniform(0.1, 0.35))
        return boards(canvas, rng, grey, rng.uniform(8, 55), board, upright=rng.random() < 0.25)
    return mottled(canvas, rng, grey, rng.uniform(3, 16), unit, rng.uniform(0.5, 2))


def _house(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    unit = layout.unit
    canvas.image.paste(sky(canvas, rng, rng.uniform(170, 235), layout.ground))
    x = -rng.uniform(0, 4) * unit
    while x < canvas.width:
        width = unit * rng.uniform(4, 14)
        eaves = layout.ground - unit * rng.uniform(2.4, 8)
        front = canvas.part(x, eaves, x + width, layout.ground)
        if front is not None:
            front.image.paste(_facade(front, rng, unit))
            canvas.put(front)
        roof = [(x - 0.3 * unit, eaves), (x + 0.3 * width, eaves - unit * rng.uniform(0.5, 3)),
                (x + 0.7 * width, eaves - unit * rng.uniform(0.5, 3)),
                (x + width + 0.3 * unit, eaves)]  # fmt: skip
        canvas.polygon(roof, rng.uniform(30, 130))
        canvas.rectangle(x, eaves, x + width, eaves + 0.15 * unit, rng.uniform(20, 230))
        wx = x + unit * rng.uniform(0.5, 1.5)
        while wx < x + width - unit:
            _opening(canvas, rng, wx, layout)
            wx += unit * rng.uniform(1.5, 4)
        x += width + (unit * rng.uniform(0, 4) if rng.random() < 0.6 else 0)


def _opening(canvas: Canvas, rng: Generator, x: float, layout: Layout) -> None:
    """A window with its frame and panes, or a door."""
    unit = layout.unit
    door = rng.random() < 0.25
    w = unit * rng.uniform(0.7, 1.1 if door else 2.2)
    h = unit * (2.0 if door else rng.uniform(0.8, 1.6))
    bottom = layout.ground - (0.0 if door else unit * rng.choice([0.4, 0.9, 2.8, 3.5]))
    frame, pane = rng.uniform(30, 245), rng.uniform(15, 110)
    if rng.random() < 0.2:
        pane = rng.uniform(110, 235)
    e = unit * rng.uniform(0.06, 0.16)
    canvas.rectangle(x - e, bottom - h - e, x + w + e, bottom + e, frame)
    if door:
        canvas.rectangle(x, bottom - h, x + w, bottom, rng.uniform(20, 200))
        canvas.rectangle(x + 0.2 * w, bottom - 0.9 * h, x + 0.8 * w, bottom - 0.55 * h, pane)
        return
    columns, lines = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    for i in range(columns):
        for j in range(lines):
            canvas.rectangle(
                x + i * w / columns + e / 3,
                bottom - h + j * h / lines + e / 3,
                x + (i + 1) * w / columns - e / 3,
                bottom - h + (j + 1) * h / lines - e / 3,
                pane + rng.normal(0, 12),
            )


def _hedge(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    _BACKDROPS[str(rng.choice(["wall", "house", "open"]))](canvas, rng, light, layout)
    top = layout.ground - layout.unit * rng.uniform(0.6, 2.5)
    _leafy(canvas, rng, top, layout, 0.25)


def _leafy(canvas: Canvas, rng: Generator, top: float, layout: Layout, ragged: float) -> None:
    """Leaves from ``top`` down to the ground, with a ragged edge."""
    unit = layout.unit
    edge = noise(rng, (64, 1), 12, 3)[0]
    xs = np.linspace(-2, canvas.width + 2, 64)
    outline = [(float(x), float(top + ragged * unit * e)) for x, e in zip(xs, edge, strict=True)]
    outline += [(canvas.width + 2, layout.ground), (-2, layout.ground)]
    leaf = max(0.5, unit * rng.uniform(0.03, 0.13))
    leaves = foliage(canvas, rng, rng.uniform(20, 90), rng.uniform(12, 42), leaf)
    canvas.paint(canvas.mask(outline), leaves)


def _trees(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    canvas.image.paste(sky(canvas, rng, rng.uniform(150, 240), layout.ground))
    if rng.random() < 0.3:
        _house(canvas, rng, light, layout)
    bottom = layout.ground - layout.unit * rng.uniform(0, 1.5)
    top = bottom - layout.unit * rng.uniform(2, 14)
    canvas.rectangle(0, bottom, canvas.width, layout.ground, rng.uniform(25, 140))
    _leafy(canvas, rng, top, Layout(bottom, layout.kerb, layout.unit), 1.2)
    for _ in range(int(rng.integers(0, 4))):
        things.trunk(canvas, rng, rng.uniform(0, canvas.width), layout.ground, layout.unit)


def _lot(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    horizon = layout.ground - layout.unit * rng.uniform(0.5, 2.5)
    behind = Layout(horizon, layout.kerb, 0.5 * layout.unit)
    _BACKDROPS[str(rng.choice(["house", "trees", "wall"]))](canvas, rng, light, behind)
    surface = mottled(canvas, rng, rng.uniform(120, 205), 6, 2 * layout.unit, 3)
    area = [(0, horizon), (canvas.width, horizon), (canvas.width, layout.ground),
            (0, layout.ground)]  # fmt: skip
    canvas.paint(canvas.mask(area), surface)


def _open(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Sky over a skyline of woods, hills or roofs."""
    unit = layout.unit
    canvas.image.paste(sky(canvas, rng, rng.uniform(130, 240), layout.ground))
    high = unit * rng.uniform(0.3, 3)
    _leafy(canvas, rng, layout.ground - high, layout, rng.uniform(0.1, 0.8))
    for _ in range(int(rng.integers(0, 5))):
        x, w = rng.uniform(0, canvas.width), unit * rng.uniform(0.5, 3)
        top = layout.ground - unit * rng.uniform(0.5, 4)
        canvas.rectangle(x, top, x + w, layout.ground, rng.uniform(40, 230))


_BACKDROPS = {
    "wall": _wall, "house": _house, "hedge": _hedge, "trees": _trees, "lot": _lot, "open": _open,
}  # fmt: skip


def draw_ground(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Pavement or lawn from ``layout.ground`` to the kerb, the road from there to the bottom."""
    unit, width, height = layout.unit, canvas.width, canvas.height
    if layout.ground < height and layout.kerb > layout.ground:
        verge = [(0, layout.ground), (width, layout.ground), (width, layout.kerb), (0, layout.kerb)]
        if rng.random() < 0.5:
            contrast = rng.uniform(5, 28)
            leaf = max(0.5, 0.08 * unit)
            surface = foliage(canvas, rng, rng.uniform(60, 170), contrast, leaf)
        else:
            surface = mottled(canvas, rng, rng.uniform(110, 225), rng.uniform(2, 10), unit, 2)
        canvas.paint(canvas.mask(verge), surface)
    if layout.kerb < height:
        _road(canvas, rng, layout)
    _dapples(canvas, rng, light, layout)


def _road(canvas: Canvas, rng: Generator, layout: Layout) -> None:
    unit, width, height = layout.unit, canvas.width, canvas.height
    slope = rng.normal(0, 0.015)
    y1, y2 = layout.kerb, layout.kerb + slope * width
    grey = rng.uniform(130, 230) if rng.random() < 0.8 else rng.uniform(70, 150)
    shade = gradient(canvas, grey - rng.uniform(-15, 15), grey + rng.uniform(-15, 15), y1, height)
    grain = rng.uniform(2, 9) * fine_noise(canvas, rng, 0.4 * unit, 3, stretch=3)
    area = canvas.mask([(0, y1), (width, y2), (width, height), (0, height)])
    canvas.paint(area, surface(canvas, shade[::2] + grain))
    if rng.random() < 0.7:  # the kerb: a bright top and a dark face
        thick = unit * rng.uniform(0.05, 0.16)
        canvas.line([(0, y1), (width, y2)], rng.uniform(150, 235), thick)
        canvas.line([(0, y1 + thick), (width, y2 + thick)], rng.uniform(20, 110), thick)
    for _ in range(int(rng.choice([0, 1, 2, 4], p=[0.45, 0.3, 0.15, 0.1]))):
        _marking(canvas, rng, layout, slope)
    if rng.random() < 0.08:
        _crossing(canvas, rng, layout)
    for _ in range(int(rng.integers(0, 3))):  # cracks and tar
        x, y = rng.uniform(0, width), rng.uniform(y1, height)
        steps = rng.normal(0, 1, (5, 2)) * (0.7 * unit, 0.12 * unit)
        path = [(float(x + dx), float(y + dy)) for dx, dy in steps.cumsum(0)]
        canvas.line(path, grey - rng.uniform(15, 60), 0.05 * unit)


def _marking(canvas: Canvas, rng: Generator, layout: Layout, slope: float) -> None:
    """A painted line along the road, or one that slants across it."""
    unit, width, height = layout.unit, canvas.width, canvas.height
    y, grey = rng.uniform(layout.kerb, height + unit), rng.uniform(150, 250)
    thick = unit * rng.uniform(0.06, 0.25)
    if rng.random() < 0.6:
        x1, x2 = (0, width) if rng.random() < 0.5 else sorted(rng.uniform(0, width, 2))
        canvas.line([(x1, y + slope * x1), (x2, y + slope * x2)], grey, thick)
    else:
        x, run = rng.uniform(0, width), rng.normal(0, 3) * unit
        canvas.line([(x, layout.kerb), (x + run, height)], grey, 1.5 * thick)


def _crossing(canvas: Canvas, rng: Generator, layout: Layout) -> None:
    """The slanted white stripes of a pedestrian crossing."""
    grey, run = rng.uniform(170, 250), rng.normal(0, 2.5) * layout.unit
    step, bottom = layout.unit * rng.uniform(0.6, 2.0), canvas.height + 2.0
    x = rng.uniform(-1, 1) * abs(run)
    while x < canvas.width + abs(run):
        wide = 0.45 * step
        canvas.polygon(
            [(x, layout.kerb), (x + 0.6 * wide, layout.kerb), (x + run + wide, bottom),
             (x + run, bottom)], grey
        )  # fmt: skip
        x += step


def _dapples(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Shadows of trees and houses on the ground."""
    if rng.random() > 0.6 * (0.4 + light.strength) or layout.ground > canvas.height:
        return
    blotches = fine_noise(canvas, rng, layout.unit * rng.uniform(0.4, 3), 4, rng.uniform(1.5, 6))
    edge = rng.uniform(0.8, 2.5)
    mask = 255 * np.clip(0.5 + edge * (blotches - rng.uniform(-0.3, 1.0)), 0, 1)
    mask[: max(0, int(layout.ground * canvas.scale / 2))] = 0
    canvas.paint(surface(canvas, mask), 25, rng.uniform(0.3, 0.65) * light.shadow)


def draw_foreground(canvas: Canvas, rng: Generator, layout: Layout) -> None:
    """A hedge, a lawn or a pavement that cuts off the lower part of the picture, maybe askew."""
    y, slope = rng.uniform(0.45, 0.9) * canvas.height, rng.normal(0, 0.08)
    if rng.random() < 0.2:
        slope = rng.normal(0, 0.6)
    middle = canvas.width / 2
    area = [(0, y - slope * middle), (canvas.width, y + slope * middle),
            (canvas.width, y + 2 * canvas.height), (0, y + 2 * canvas.height)]  # fmt: skip
    grey = rng.uniform(20, 110) if rng.random() < 0.7 else rng.uniform(110, 230)
    leaf = max(0.5, layout.unit * rng.uniform(0.03, 0.13))
    leaves = foliage(canvas, rng, grey, rng.uniform(3, 35), leaf)
    canvas.paint(canvas.mask(area, blur=float(rng.choice([0.0, 0.0, 1.0, 3.0]))), leaves)


def distant_cars(canvas: Canvas, rng: Generator, light: Light, layout: Layout, rows: int) -> None:
    """Rows of parked cars behind the road, smaller the farther away they are."""
    for row in range(rows, 0, -1):
        size = rng.uniform(0.45, 0.7) if row == 1 else rng.uniform(0.2, 0.5)
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
        kind = rng.random()
        if kind < 0.30:
            things.shrub(canvas, rng, light, x, y, layout.unit)
        else:
            chosen = (things.pole, things.trunk, things.person, things.sign, things.bicycle)
            shares = (0.32, 0.24, 0.24, 0.12, 0.08)
            chosen[int(rng.choice(5, p=shares))](canvas, rng, x, y, layout.unit * 0.8)
