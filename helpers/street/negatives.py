"""Crops without a car in its place: places, shapes, and cars elsewhere or of another size."""

import numpy as np
from numpy.random import Generator

from helpers.street import things
from helpers.street.backdrops import BACKDROPS
from helpers.street.camera import MARGIN
from helpers.street.canvas import Canvas
from helpers.street.chance import Chance, Choice, Mixture, Normal, OneOf, Uniform, Whole, draw_table
from helpers.street.clutter import draw_clutter
from helpers.street.ground import Layout
from helpers.street.light import Light
from helpers.street.occlusion import occlude
from helpers.street.places import draw_bare, draw_foreground, draw_place
from helpers.street.plants import shrub, trunk
from helpers.street.staging import (
    CROP,
    GROUND,
    STREET,
    WIDTH,
    draw_background,
    place_car,
    street_layout,
)
from helpers.street.textures import SURFACES, photographed
from helpers.street.vistas import VISTAS, draw_vista

#: What a crop without a car shows.
NEGATIVES = Choice({
    "shifted car": 0.14, "cut car": 0.08, "wrong size": 0.08, "street": 0.15,
    "wall": 0.03, "house": 0.05, "hedge": 0.03, "trees": 0.05, "lot": 0.05, "open": 0.03,
    "road": 0.03, "distractors": 0.05, "clutter": 0.03, "surface": 0.02,
    "avenue": 0.08, "treetops": 0.05, "corner": 0.05,
})  # fmt: skip
HARD = ("shifted car", "cut car", "wrong size")

#: How far a "shifted car" is from the place of a centred car, in pixels. The least shifts, 18
#: sideways and 9 up or down, decide a label: no car nearer than that is called "no car". See CROP
#: for how far a car that counts may be from the middle.
SHIFTED = {
    "sideways, not up or down": Chance(0.65),
    "shifted to the left or right": Uniform(18, 50),
    "then below the middle": Uniform(-6, 6),
    "shifted up or down": Uniform(9, 26),
    "then right of the middle": Uniform(-12, 12),
}
#: Where a "cut car" stands, in pixels: about half of it or more is outside the crop.
CUT = {
    "shifted to the left or right": Uniform(48, 92),
    "below the middle": Uniform(-4, 4),
    "parked behind another car": Chance(0.4),  # the crop shows the gap between the two
    "middle to middle of the two cars": Uniform(1.05, 1.3),  # times 96 pixels
}
#: A car of the "wrong size", and where it stands.
WRONG_SIZE = {
    "times as large": Mixture(((0.5, Uniform(0.3, 0.58)), (0.5, Uniform(1.6, 2.6)))),
    "right of the middle": Uniform(-0.5, 0.5),  # times the pixels by which it is not 86 long
    "below the middle, if too small": Uniform(-20, 4),  # pixels
    "below the middle, if too large": Uniform(-8, 30),
}

#: Where the kerb is, by kind of crop: y in pixels from the upper border.
KERB = {
    "street": Uniform(-40, 140),
    "road": Uniform(-30, 12),
    "distractors": Uniform(10, 40),
    "any other place": Uniform(8, 75),
}
#: A place without a car.
EMPTY = {
    "scale": Uniform(-1.2, 1.3),  # a metre is 19 pixels, doubled so many times
    "depth of the pavement": Normal(0, 0.8),  # metres, whatever the sign
    "shrubs": Choice({0: 0.6, 1: 0.15, 3: 0.15, 6: 0.1}),
    "cut off below by a hedge or a lawn": Chance(0.15),
}
#: What stands in a crop of "distractors"; lengths are pixels.
DISTRACTORS = {
    "two wheels, as of a car": Chance(0.35),
    "wheel right of a car's": Normal(0, 4),
    "things": Whole(2, 6),
    "foot below a car's wheels": Uniform(-12, 8),
}
#: A bare "surface"; greys are 0 to 255.
BARE_SURFACE = {
    "photograph": OneOf(SURFACES),
    "scale": Uniform(-1, 1.5),  # 100 of its pixels are 40, doubled so many times
    "grey": Uniform(60, 190),
    "contrast": Uniform(8, 45),  # deviation of the grey
}


def draw_no_car(
    canvas: Canvas, rng: Generator, light: Light, kind: str, without: frozenset[str]
) -> None:
    """Paint a crop of one of the kinds of `NEGATIVES`, maybe with something in front of it."""
    bare = kind in ("clutter", "surface") or (kind not in HARD and "places" in without)
    in_front = 0 if bare or "occlusion" in without else CROP["things in front"].draw(rng)
    _draw_kind(canvas, rng, light, kind, without)
    for _ in range(in_front):  # a post or a person with no car behind is no car
        occlude(canvas, rng, light, MARGIN + WIDTH / 2, MARGIN + GROUND, 86, by_cars=False)


def _draw_kind(
    canvas: Canvas, rng: Generator, light: Light, kind: str, without: frozenset[str]
) -> None:
    if kind in HARD:
        _misplaced_car(canvas, rng, light, kind, without)
    elif kind == "clutter":
        draw_clutter(canvas, rng)
    elif kind == "surface":
        name, scale, grey, contrast = draw_table(BARE_SURFACE, rng).values()
        canvas.image.paste(photographed(canvas, rng, name, grey, contrast, 40 * 2**scale))
    elif "places" in without:
        draw_bare(canvas, rng)
    elif kind in VISTAS:
        draw_vista(canvas, rng, light, kind)
    elif kind == "street":
        _piece_of_street(canvas, rng, light)
    else:
        _empty_place(canvas, rng, light, kind)


def _misplaced_car(
    canvas: Canvas, rng: Generator, light: Light, kind: str, without: frozenset[str]
) -> None:
    """A car that is not where a car has to be in a crop, or not as large."""
    length = CROP["length"].draw(rng)
    rng.random()  # not used: it keeps the pictures the same as they always were
    dy = CUT["below the middle"].draw(rng)
    if kind == "shifted car":
        dx, dy = _far_shift(rng)
    elif kind == "cut car":
        dx = CUT["shifted to the left or right"].draw(rng) * _sign(rng)
    else:
        factor = WRONG_SIZE["times as large"].draw(rng)
        length *= factor
        dx = WRONG_SIZE["right of the middle"].draw(rng) * abs(length - 86)
        size = "small" if factor < 1 else "large"
        dy = WRONG_SIZE[f"below the middle, if too {size}"].draw(rng)
    x, y = MARGIN + WIDTH / 2 + dx, MARGIN + GROUND + dy
    draw_background(canvas, rng, light, street_layout(rng, y, length), without)
    place_car(canvas, rng, light, x, y, length)
    if kind == "cut car" and CUT["parked behind another car"].draw(rng):
        other = x - np.sign(dx) * 96 * CUT["middle to middle of the two cars"].draw(rng)
        below = CROP["wheels of the car beside it, below its own"].draw(rng)
        place_car(canvas, rng, light, other, y + below, length)


def _far_shift(rng: Generator) -> tuple[float, float]:
    """An offset to the right and down that makes a centred car a wrong one."""
    if SHIFTED["sideways, not up or down"].draw(rng):
        dx = SHIFTED["shifted to the left or right"].draw(rng) * _sign(rng)
        return dx, SHIFTED["then below the middle"].draw(rng)
    dx = SHIFTED["then right of the middle"].draw(rng)
    return dx, SHIFTED["shifted up or down"].draw(rng) * _sign(rng)


def _sign(rng: Generator) -> int:
    return 1 if rng.random() < 0.5 else -1


def _piece_of_street(canvas: Canvas, rng: Generator, light: Light) -> None:
    """What a detector sees between the cars of a scene: a piece of street at a crop's scale."""
    unit = CROP["length"].draw(rng) / 4.5
    kerb = MARGIN + KERB["street"].draw(rng)
    far = kerb - unit * abs(STREET["depth of the pavement"].draw(rng))
    draw_place(canvas, rng, light, Layout(far, kerb, unit))


def _empty_place(canvas: Canvas, rng: Generator, light: Light, kind: str) -> None:
    ground, unit = MARGIN + GROUND, 19 * 2 ** EMPTY["scale"].draw(rng)
    kerb = MARGIN + KERB.get(kind, KERB["any other place"]).draw(rng)
    layout = Layout(kerb - unit * abs(EMPTY["depth of the pavement"].draw(rng)), kerb, unit)
    draw_place(canvas, rng, light, layout, kind if kind in BACKDROPS.shares else None)
    for _ in range(EMPTY["shrubs"].draw(rng)):
        shrub(canvas, rng, light, rng.uniform(0, canvas.width), ground, unit)
    if EMPTY["cut off below by a hedge or a lawn"].draw(rng):
        draw_foreground(canvas, rng, layout)
    if kind == "distractors":
        _distract(canvas, rng, ground, unit)


def _distract(canvas: Canvas, rng: Generator, ground: float, unit: float) -> None:
    """A crowd of whatever stands in a street; sometimes two wheels at a car's place."""
    if DISTRACTORS["two wheels, as of a car"].draw(rng):
        for x in (25, 75):
            right = DISTRACTORS["wheel right of a car's"].draw(rng)
            things.wheel(canvas, rng, MARGIN + x + right, ground, 12)
    standing = (trunk, *things.STANDING)
    for _ in range(DISTRACTORS["things"].draw(rng)):
        thing = standing[int(rng.integers(len(standing)))]
        x = rng.uniform(0, canvas.width)
        thing(canvas, rng, x, ground + DISTRACTORS["foot below a car's wheels"].draw(rng), unit)
