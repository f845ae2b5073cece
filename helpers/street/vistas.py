"""Views without a car that are not seen straight on: along a street, up into trees, at a corner."""

from collections.abc import Iterator

import numpy as np
from numpy.random import Generator

from helpers.street import things
from helpers.street.canvas import Canvas, Point
from helpers.street.chance import Chance, Choice, Normal, Uniform, Whole
from helpers.street.facades import facade
from helpers.street.light import Light
from helpers.street.people import person
from helpers.street.plants import crown, leafy_band, trunk
from helpers.street.textures import fine_noise, sky, surface

# Heights and sizes are in heights of the picture; places across it and the widths of strips in its
# widths; greys from 0 to 255.

#: A road or a path that runs away from the viewer, over open ground, with trees behind.
AVENUE = {
    "horizon": Uniform(-0.3, 0.75),  # from above; below 0 only ground is seen
    "vanishes at": Uniform(-0.6, 1.6),
    "grey of the sky": Uniform(190, 250),
    "trees above the horizon": Uniform(0.1, 0.9),
    "grey of the ground": Uniform(50, 200),
    "contrast of the ground": Uniform(2, 14),
    "strips": Whole(2, 6),
    "left edge of a strip": Uniform(-2.0, 2.0),  # this and its width at the lower border
    "width of a strip": Choice({0.04: 0.3, 0.10: 0.3, 0.5: 0.2, 1.2: 0.2}),
    "grey of a strip": Uniform(60, 250),
    "clumps of trees at the horizon": Whole(0, 4),
    "half width of a clump": Uniform(0.15, 0.6),
    "bands of shade": Chance(0.6),
    "height of a band": Uniform(0.08, 0.3),
    "width of a band for its height": Uniform(5, 14),
    "darkness": Uniform(0.35, 0.8),  # of a band, times that of all shadows
    "people and posts": Whole(0, 2),
}
#: Crowns of trees against a bright sky, with poles and wires.
TREETOPS = {
    "grey of the sky": Uniform(195, 255),
    "crowns": Whole(2, 6),
    "top of a crown": Uniform(-0.4, 0.6),
    "half width of a crown": Uniform(0.25, 0.9),
    "length of a leaf": Uniform(0.015, 0.04),
    "trunks": Choice({0: 0.5, 1: 0.3, 3: 0.2}),
    "poles": Choice({0: 0.4, 1: 0.35, 2: 0.25}),
    "wires": Choice({0: 0.6, 1: 0.2, 3: 0.2}),
    "fall of a wire": Normal(0, 0.25),
    "signals or boards": Choice({0: 0.5, 1: 0.3, 2: 0.2}),
    "half width of a signal": Uniform(0.04, 0.12),
    "half height of a signal": Uniform(0.06, 0.2),
    "grey of a signal": Uniform(10, 240),
}
#: Two walls that meet at a corner, with rows of windows that run together in the distance.
CORNER = {
    "grey of the sky": Uniform(190, 250),
    "the corner is at": Uniform(-0.2, 1.2),
    "roof": Uniform(-1.5, 0.35),  # at the corner
    "foot": Uniform(0.6, 2.2),  # the ground below it is as bright as the sky
    "eye": Uniform(0.4, 1.3),  # where the rows run level
    "left wall runs together by": Uniform(0.0, 0.8),  # within the picture's width
    "right wall runs together by": Uniform(0.0, 0.8),
    "shade of a wall": Uniform(0.0, 0.55),  # times that of all shadows
    "storeys": Whole(1, 5),  # this and what follows, up to "framed": of each wall by itself
    "windows of a wall": Whole(2, 9),
    "width of a window": Uniform(0.25, 0.7),  # this and the next one: shares of the room for it
    "height of a window": Uniform(0.35, 0.75),
    "grey of a pane": Uniform(8, 110),
    "grey of a frame": Uniform(90, 245),
    "framed": Chance(0.5),
    "something green before it": Chance(0.5),
    "height of the green": Uniform(0.05, 0.4),
    "metre": Uniform(0.05, 0.18),
}


def draw_vista(canvas: Canvas, rng: Generator, light: Light, kind: str) -> None:
    """Paint one of `VISTAS`."""
    VISTAS[kind](canvas, rng, light)


def _avenue(canvas: Canvas, rng: Generator, light: Light) -> None:
    width, height = canvas.width, canvas.height
    horizon, vanish = AVENUE["horizon"].draw(rng) * height, AVENUE["vanishes at"].draw(rng) * width
    if horizon > 0:
        canvas.image.paste(sky(canvas, rng, AVENUE["grey of the sky"].draw(rng), horizon))
        top = horizon - AVENUE["trees above the horizon"].draw(rng) * height
        leafy_band(canvas, rng, light, top, horizon, 0.15 * height, 0.5)
    _ground(canvas, rng, light, horizon, vanish)
    for _ in range(AVENUE["clumps of trees at the horizon"].draw(rng) if horizon > 0 else 0):
        rx = AVENUE["half width of a clump"].draw(rng) * height
        crown(canvas, rng, light, rng.uniform(0, width), horizon - 0.5 * rx, rx, 0.7 * rx, 0.8)
    for _ in range(AVENUE["people and posts"].draw(rng)):  # who is nearer is larger
        foot = rng.uniform(max(horizon, 0), height)
        thing = person if rng.random() < 0.5 else things.pole
        thing(canvas, rng, rng.uniform(0, width), foot, 0.1 * height + 0.15 * (foot - horizon))


def _ground(canvas: Canvas, rng: Generator, light: Light, horizon: float, vanish: float) -> None:
    """What lies below the horizon: strips that run together at x = `vanish`, and shade."""
    width, height = canvas.width, canvas.height
    ground = canvas.part(0, horizon, width, height)
    grey, rough = AVENUE["grey of the ground"].draw(rng), AVENUE["contrast of the ground"].draw(rng)
    grain = fine_noise(ground, rng, 0.05 * height, 3, stretch=2.5)
    ground.image.paste(surface(ground, grey + rough * grain))
    for _ in range(AVENUE["strips"].draw(rng)):  # the road itself, paths, kerbs, painted lines
        x = AVENUE["left edge of a strip"].draw(rng) * width
        wide = AVENUE["width of a strip"].draw(rng) * width
        strip = [(vanish, horizon), (x + wide, height), (x, height)]
        ground.paint(ground.mask(strip), AVENUE["grey of a strip"].draw(rng), 0.85)
    if AVENUE["bands of shade"].draw(rng):
        band = AVENUE["height of a band"].draw(rng) * height
        stretch = AVENUE["width of a band for its height"].draw(rng)
        shade = fine_noise(ground, rng, band, 4, stretch)
        mask = surface(ground, 255 * np.clip(1.5 * shade - 0.2, 0, 1))
        ground.paint(mask, 25, AVENUE["darkness"].draw(rng) * light.shadow)
    canvas.put(ground)


def _treetops(canvas: Canvas, rng: Generator, light: Light) -> None:
    width, height = canvas.width, canvas.height
    canvas.image.paste(sky(canvas, rng, TREETOPS["grey of the sky"].draw(rng), height))
    for _ in range(TREETOPS["wires"].draw(rng)):
        y, fall = rng.uniform(0, height), TREETOPS["fall of a wire"].draw(rng) * height
        canvas.paint_line([(0, y), (width, y + fall)], 50, 0.6, 0.7)
    leaf = TREETOPS["length of a leaf"].draw(rng) * height
    for _ in range(TREETOPS["crowns"].draw(rng)):
        rx = TREETOPS["half width of a crown"].draw(rng) * height
        ry = 0.8 * rx
        y = TREETOPS["top of a crown"].draw(rng) * height + ry
        crown(canvas, rng, light, rng.uniform(0, width), y, rx, ry, leaf)
    for _ in range(TREETOPS["trunks"].draw(rng)):
        trunk(canvas, rng, rng.uniform(0, width), 1.2 * height, 0.25 * height)
    for _ in range(TREETOPS["poles"].draw(rng)):
        things.pole(canvas, rng, rng.uniform(0, width), 1.1 * height, 0.3 * height)
    for _ in range(TREETOPS["signals or boards"].draw(rng)):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        w = TREETOPS["half width of a signal"].draw(rng) * height
        h = TREETOPS["half height of a signal"].draw(rng) * height
        canvas.rectangle(x - w, y - h, x + w, y + h, TREETOPS["grey of a signal"].draw(rng))


def _corner(canvas: Canvas, rng: Generator, light: Light) -> None:
    width, height = canvas.width, canvas.height
    canvas.image.paste(sky(canvas, rng, CORNER["grey of the sky"].draw(rng), height))
    x = CORNER["the corner is at"].draw(rng) * width
    roof, foot, eye = (CORNER[name].draw(rng) * height for name in ("roof", "foot", "eye"))
    unit = CORNER["metre"].draw(rng) * height
    cover = facade(canvas, rng, unit)
    for side in ("left", "right"):
        end = x + (-width if side == "left" else width)
        smaller = 1 - CORNER[f"{side} wall runs together by"].draw(rng)
        ends = (end, eye + smaller * (roof - eye)), (end, eye + smaller * (foot - eye))
        wall = [(x, roof), *ends, (x, foot)]
        canvas.paint(canvas.mask(wall), cover)
        canvas.paint_part(wall, 15, CORNER["shade of a wall"].draw(rng) * light.shadow)
        canvas.line(wall[:2], 40, 0.03 * height)
        _windows(canvas, rng, wall)
    if CORNER["something green before it"].draw(rng):
        top = (1 - CORNER["height of the green"].draw(rng)) * height
        leafy_band(canvas, rng, light, top, height, unit, 0.4)


def _windows(canvas: Canvas, rng: Generator, wall: list[Point]) -> None:
    """Equal windows in rows, on a wall given by its corners: roof, far roof, far foot, foot."""
    pane, frame = CORNER["grey of a pane"].draw(rng), CORNER["grey of a frame"].draw(rng)
    framed = CORNER["framed"].draw(rng)
    for shape in _grid(rng, wall):
        canvas.polygon(shape, pane)
        if framed:
            canvas.line([*shape, shape[0]], frame, 0.8)


def _grid(rng: Generator, wall: list[Point]) -> Iterator[list[Point]]:
    """The corners of every window, from the near end of the wall to the far one."""
    (x1, roof1), (x2, roof2), (_, foot2), (_, foot1) = wall
    columns, rows = CORNER["windows of a wall"].draw(rng), CORNER["storeys"].draw(rng)
    wide, high = CORNER["width of a window"].draw(rng), CORNER["height of a window"].draw(rng)
    near = (foot1 - roof1) / (foot2 - roof2)  # how many times as high as the far end it looks

    def spot(along: float, down: float) -> Point:
        t = near * along / (1 + (near - 1) * along)  # steps look smaller towards the far end
        top, bottom = roof1 + t * (roof2 - roof1), foot1 + t * (foot2 - foot1)
        return x1 + t * (x2 - x1), top + down * (bottom - top)

    for column in range(columns):
        for row in range(rows):
            left, top = (column + 0.5 - wide / 2) / columns, (row + 0.5 - high / 2) / rows
            right, bottom = left + wide / columns, top + high / rows
            yield [spot(left, top), spot(right, top), spot(right, bottom), spot(left, bottom)]


#: What paints each kind of view.
VISTAS = {"avenue": _avenue, "treetops": _treetops, "corner": _corner}
