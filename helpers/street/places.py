"""Whole places: a backdrop, the ground, parked cars in the distance, and street furniture."""

import numpy as np
from numpy.random import Generator

from helpers.street import things
from helpers.street.backdrops import BACKDROPS, draw_backdrop
from helpers.street.canvas import Canvas
from helpers.street.cars import sample_car
from helpers.street.chance import Chance, Choice, Mixture, Normal, OneOf, Uniform, Whole
from helpers.street.ground import Layout, draw_ground
from helpers.street.light import Light
from helpers.street.paintwork import draw_car
from helpers.street.people import person
from helpers.street.plants import foliage, shrub, tree, trunk
from helpers.street.textures import fine_noise, photographed, surface

#: No car in the background is longer than this (pixels): else it would be a target.
FARTHEST_LARGE = 60.0

FURNITURE = Choice({
    "shrub": 0.23, "tree": 0.10, "pole": 0.20, "trunk": 0.11, "person": 0.18, "sign": 0.05,
    "signpost": 0.05, "hydrant": 0.03, "litter_bin": 0.02, "bicycle": 0.03,
})  # fmt: skip

# In all tables lengths are in `unit`s (a metre at the kerb), unless they say something else;
# greys and contrasts from 0 to 255.

#: What stands on the far side of the road; furniture is placed from the far edge of the ground.
PLACE = {
    "rows of cars in a car park": Whole(1, 3),
    "a row of cars elsewhere": Chance(0.22),
    "a fence": Chance(0.12),
    "furniture is lower by": Uniform(-0.2, 0.3),
}

#: Parked cars in the distance; their length as a factor of a car's at the kerb, the step from one
#: to the next in lengths.
DISTANT = {
    "length in the nearest row": Uniform(0.4, 0.65),
    "length in a farther row": Uniform(0.2, 0.45),
    "lower by": Uniform(-0.3, 0.4),
    "a place is taken": Chance(0.6),
    "step": Uniform(0.5, 1.6),
}

#: Tones that run into each other; the slope is the rise over the whole width, in heights.
BARE = {
    "tones": Whole(2, 5),
    "grey of a tone": Uniform(20, 230),
    "slope": Normal(0, 0.25),
    "size of the grain in pixels": Uniform(1, 30),
    "width of the grain for its height": Uniform(1, 5),
    "contrast of the grain": Uniform(1, 15),
}

#: What cuts off the lower part of the picture; its top in heights of the picture, from above, its
#: slope the fall in pixels for each pixel to the right, its zoom that of `photographed`.
FOREGROUND = {
    "top": Uniform(0.45, 0.9),
    "slope": Normal(0, 0.08),
    "askew": Chance(0.2),
    "slope if askew": Normal(0, 0.6),
    "grey": Mixture(((0.7, Uniform(20, 110)), (0.3, Uniform(110, 230)))),
    "contrast": Uniform(3, 35),
    "leaves": Chance(0.5),
    "length of a leaf": Uniform(0.03, 0.1),
    "surface": OneOf(("grass", "gravel")),
    "zoom of the surface": Uniform(1.5, 4),
    "blur of the edge in pixels": OneOf((0.0, 0.0, 1.0, 3.0)),
}


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
        rows = PLACE["rows of cars in a car park"].draw(rng)
        distant_cars(canvas, rng, light, layout, rows)
    elif PLACE["a row of cars elsewhere"].draw(rng):
        distant_cars(canvas, rng, light, layout, rows=1)
    _furnish(canvas, rng, light, layout)


def draw_bare(canvas: Canvas, rng: Generator) -> None:
    """Next to nothing: tones that run into each other, as on a wall, the sky or a lawn."""
    x, y = canvas.columns()[::2] / canvas.width, canvas.rows()[::2] / canvas.height
    steps = BARE["tones"].draw(rng)
    tones = [BARE["grey of a tone"].draw(rng) for _ in range(steps)]
    along = y[:, None] + BARE["slope"].draw(rng) * x[None, :]
    size = BARE["size of the grain in pixels"].draw(rng)
    grain = fine_noise(canvas, rng, size, 3, BARE["width of the grain for its height"].draw(rng))
    shade = np.interp(along, np.linspace(0, 1, steps), tones)
    canvas.image.paste(surface(canvas, shade + BARE["contrast of the grain"].draw(rng) * grain))


def draw_foreground(canvas: Canvas, rng: Generator, layout: Layout) -> None:
    """A hedge, a lawn or a pavement that cuts off the lower part of the picture, maybe askew."""
    y, slope = FOREGROUND["top"].draw(rng) * canvas.height, FOREGROUND["slope"].draw(rng)
    if FOREGROUND["askew"].draw(rng):
        slope = FOREGROUND["slope if askew"].draw(rng)
    middle = canvas.width / 2
    area = [(0, y - slope * middle), (canvas.width, y + slope * middle),
            (canvas.width, y + 2 * canvas.height), (0, y + 2 * canvas.height)]  # fmt: skip
    grey, contrast = FOREGROUND["grey"].draw(rng), FOREGROUND["contrast"].draw(rng)
    if FOREGROUND["leaves"].draw(rng):
        leaf = max(0.4, layout.unit * FOREGROUND["length of a leaf"].draw(rng))
        cover = foliage(canvas, rng, grey, contrast, leaf)
    else:
        name = FOREGROUND["surface"].draw(rng)
        zoom = layout.unit * FOREGROUND["zoom of the surface"].draw(rng)
        cover = photographed(canvas, rng, name, grey, contrast, zoom)
    blur = FOREGROUND["blur of the edge in pixels"].draw(rng)
    canvas.paint(canvas.mask(area, blur=blur), cover)


def distant_cars(canvas: Canvas, rng: Generator, light: Light, layout: Layout, rows: int) -> None:
    """Rows of parked cars behind the road, smaller the farther away they are."""
    for row in range(rows, 0, -1):
        which = "length in the nearest row" if row == 1 else "length in a farther row"
        length = min(4.5 * layout.unit * DISTANT[which].draw(rng), FARTHEST_LARGE)
        y = layout.ground + DISTANT["lower by"].draw(rng) * layout.unit
        y -= 0.35 * (row - 1) * layout.unit
        x = rng.uniform(-1, 1) * length
        while x < canvas.width + length:
            if DISTANT["a place is taken"].draw(rng):
                draw_car(
                    canvas, rng, sample_car(rng), light, centre=x, ground=y, length=length,
                    faces_left=rng.random() < 0.5,
                )  # fmt: skip
            x += length * DISTANT["step"].draw(rng)


def _furnish(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """A few things between the backdrop and the road."""
    if PLACE["a fence"].draw(rng):
        things.fence(canvas, rng, layout.ground + 0.2 * layout.unit, layout.unit)
    for _ in range(int(rng.poisson(0.9 * canvas.width / 100))):
        x = rng.uniform(0, canvas.width)
        y = layout.ground + PLACE["furniture is lower by"].draw(rng) * layout.unit
        put_thing(canvas, rng, light, FURNITURE.draw(rng), x, y, layout.unit)


def put_thing(
    canvas: Canvas, rng: Generator, light: Light, name: str, x: float, ground: float, unit: float
) -> None:
    """Draw one piece of street furniture by its name in `FURNITURE`."""
    if name == "shrub":
        shrub(canvas, rng, light, x, ground, unit)
    elif name == "tree":
        tree(canvas, rng, light, x, ground, unit)
    elif name == "trunk":
        trunk(canvas, rng, x, ground, 0.8 * unit)
    elif name == "person":
        person(canvas, rng, x, ground, 0.8 * unit)
    else:
        getattr(things, name)(canvas, rng, x, ground, 0.8 * unit)
