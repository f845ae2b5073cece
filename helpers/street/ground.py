"""What lies underfoot: pavement, lawn, the road with its kerb, markings and cracks, and shadows."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas
from helpers.street.chance import Chance, Choice, Mixture, Normal, Uniform, Whole
from helpers.street.light import Light
from helpers.street.plants import foliage
from helpers.street.textures import fine_noise, gradient, mottled, photographed, surface

# In all tables lengths are in `unit`s (a metre at the kerb), greys and contrasts from 0 to 255.

#: The strip between the backdrop and the kerb, and what covers it.
VERGE = {
    "cover": Choice({"grass": 0.30, "leaves": 0.15, "gravel": 0.10, "pavement": 0.45}),
    "grey of grass": Uniform(60, 160),
    "contrast of grass": Uniform(8, 30),
    "grey of leaves": Uniform(60, 170),
    "contrast of leaves": Uniform(5, 25),
    "grey of gravel": Uniform(90, 190),
    "contrast of gravel": Uniform(5, 22),
    "grey of pavement": Uniform(110, 225),
    "contrast of pavement": Uniform(2, 10),
}

#: The road; its slope is the fall in pixels for each pixel to the right.
ROAD = {
    "slope": Normal(0, 0.015),
    "grey": Mixture(((0.8, Uniform(130, 230)), (0.2, Uniform(70, 150)))),
    "darker near or far by": Uniform(-15, 15),
    "contrast of the grain": Uniform(1, 7),
    "coarse asphalt": Chance(0.25),
    "contrast of coarse asphalt": Uniform(3, 14),
    "markings": Choice({0: 0.45, 1: 0.3, 2: 0.15, 4: 0.1}),
    "a crossing": Chance(0.08),
    "cracks": Whole(0, 2),
    "how much darker a crack is": Uniform(10, 45),
}

#: The kerb: a bright top and a dark face, equally thick.
KERB = {
    "to be seen": Chance(0.7),
    "thickness": Uniform(0.05, 0.16),
    "grey of the top": Uniform(150, 235),
    "grey of the face": Uniform(20, 110),
}

#: A painted line on the road, along it or slanting across it; its run is how far it slants.
MARKING = {
    "grey": Uniform(150, 250),
    "thickness": Uniform(0.06, 0.25),
    "along the road": Chance(0.6),
    "from border to border": Chance(0.5),
    "run": Normal(0, 3),
}

#: A pedestrian crossing: its run is how far the stripes slant, its step that from one to the next.
CROSSING = {
    "grey": Uniform(170, 250),
    "run": Normal(0, 2.5),
    "step": Uniform(0.6, 2.0),
}

#: Shade on the ground; its band in shares of the depth of the ground, from 0 to 1.
SHADE = {
    "width of a blotch for its height": Uniform(3, 9),
    "size of a blotch": Uniform(0.3, 1.5),
    "middle of the band": Uniform(0, 1),
    "half width of the band": Uniform(0.1, 0.6),
    "darkness": Uniform(0.3, 0.65),
}


@dataclass(frozen=True)
class Layout:
    """Where things are: y of the far edge of the ground and of the kerb; one metre in pixels."""

    ground: float
    kerb: float
    unit: float


def draw_ground(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Pavement or lawn from `layout.ground` to the kerb, the road from there to the bottom."""
    width = canvas.width
    if layout.ground < canvas.height and layout.kerb > layout.ground:
        verge = canvas.part(0, layout.ground, width, layout.kerb)
        if verge is not None:
            verge.image.paste(_verge(verge, rng, layout.unit))
            canvas.put(verge)
    if layout.kerb < canvas.height:
        _road(canvas, rng, layout)
    _shadows(canvas, rng, light, layout)


def _verge(canvas: Canvas, rng: Generator, unit: float) -> Image.Image:
    cover = VERGE["cover"].draw(rng)
    grey, contrast = VERGE[f"grey of {cover}"].draw(rng), VERGE[f"contrast of {cover}"].draw(rng)
    if cover == "grass":
        return photographed(canvas, rng, "grass", grey, contrast, 2 * unit)
    if cover == "leaves":
        return foliage(canvas, rng, grey, contrast, max(0.4, 0.04 * unit))
    if cover == "gravel":
        return photographed(canvas, rng, "gravel", grey, contrast, 1.5 * unit)
    return mottled(canvas, rng, grey, contrast, unit, 2)


def _road(canvas: Canvas, rng: Generator, layout: Layout) -> None:
    unit, width, height = layout.unit, canvas.width, canvas.height
    slope = ROAD["slope"].draw(rng)
    y1, y2 = layout.kerb, layout.kerb + slope * width
    grey, darker = ROAD["grey"].draw(rng), ROAD["darker near or far by"]
    shade = gradient(canvas, grey - darker.draw(rng), grey + darker.draw(rng), y1, height)
    rough = ROAD["contrast of the grain"].draw(rng)
    grain = rough * fine_noise(canvas, rng, 0.4 * unit, 3, stretch=4)
    asphalt = surface(canvas, shade[::2] + grain)
    if ROAD["coarse asphalt"].draw(rng):  # or cobbles, or a gravel drive
        contrast = ROAD["contrast of coarse asphalt"].draw(rng)
        stones = photographed(canvas, rng, "gravel", grey, contrast, 0.8 * unit)
        asphalt = Image.blend(asphalt, stones, 0.6)
    canvas.paint(canvas.mask([(0, y1), (width, y2), (width, height), (0, height)]), asphalt)
    if KERB["to be seen"].draw(rng):
        thick = unit * KERB["thickness"].draw(rng)
        canvas.line([(0, y1), (width, y2)], KERB["grey of the top"].draw(rng), thick)
        face = KERB["grey of the face"].draw(rng)
        canvas.line([(0, y1 + thick), (width, y2 + thick)], face, thick)
    for _ in range(ROAD["markings"].draw(rng)):
        _marking(canvas, rng, layout, slope)
    if ROAD["a crossing"].draw(rng):
        _crossing(canvas, rng, layout)
    for _ in range(ROAD["cracks"].draw(rng)):  # and tar
        x, y = rng.uniform(0, width), rng.uniform(y1, height)
        steps = np.abs(rng.normal(0, 1, (5, 2))) * (0.7 * unit, 0.08 * unit)
        steps[:, 1] *= rng.choice([-1, 1], 5)
        path = [(float(x + dx), float(y + dy)) for dx, dy in steps.cumsum(0)]
        canvas.line(path, grey - ROAD["how much darker a crack is"].draw(rng), 0.05 * unit)


def _marking(canvas: Canvas, rng: Generator, layout: Layout, slope: float) -> None:
    """A painted line along the road, or one that slants across it."""
    unit, width, height = layout.unit, canvas.width, canvas.height
    y, grey = rng.uniform(layout.kerb, height + unit), MARKING["grey"].draw(rng)
    thick = unit * MARKING["thickness"].draw(rng)
    if MARKING["along the road"].draw(rng):
        whole = MARKING["from border to border"].draw(rng)
        x1, x2 = (0, width) if whole else sorted(rng.uniform(0, width, 2))
        canvas.line([(x1, y + slope * x1), (x2, y + slope * x2)], grey, thick)
    else:
        x, run = rng.uniform(0, width), MARKING["run"].draw(rng) * unit
        canvas.line([(x, layout.kerb), (x + run, height)], grey, 1.5 * thick)


def _crossing(canvas: Canvas, rng: Generator, layout: Layout) -> None:
    """The slanted white stripes of a pedestrian crossing."""
    grey, run = CROSSING["grey"].draw(rng), CROSSING["run"].draw(rng) * layout.unit
    step, bottom = layout.unit * CROSSING["step"].draw(rng), canvas.height + 2.0
    x = rng.uniform(-1, 1) * abs(run)
    while x < canvas.width + abs(run):
        wide = 0.45 * step
        canvas.polygon(
            [(x, layout.kerb), (x + 0.6 * wide, layout.kerb), (x + run + wide, bottom),
             (x + run, bottom)], grey
        )  # fmt: skip
        x += step


def _shadows(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Shadows of trees and houses: flat on the ground, so much wider than high."""
    if rng.random() > 0.55 * (0.3 + light.strength) or layout.ground > canvas.height:
        return
    part = canvas.part(0, layout.ground, canvas.width, canvas.height)
    if part is None:
        return
    stretch = SHADE["width of a blotch for its height"].draw(rng)
    size = layout.unit * SHADE["size of a blotch"].draw(rng)
    blotches = fine_noise(part, rng, size, 4, stretch)
    gaps = fine_noise(part, rng, 0.12 * layout.unit, 2, 2.5)  # sun between the leaves
    # Shade lies in a band: the rest of the ground is in the sun.
    middle, band = SHADE["middle of the band"].draw(rng), SHADE["half width of the band"].draw(rng)
    depth = np.linspace(0, 1, len(blotches))[:, None]
    inside = (band - np.abs(depth - middle)) / 0.15
    mask = 255 * np.clip(0.5 + 1.2 * (blotches + 0.35 * gaps + np.clip(inside, -4, 1.2)), 0, 1)
    part.paint(surface(part, mask), 25, SHADE["darkness"].draw(rng) * light.shadow)
    canvas.put(part)
