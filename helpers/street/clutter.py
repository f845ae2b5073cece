"""Clutter: loose shapes for all the rest of the world that no other module draws."""

import numpy as np
from numpy.random import Generator

from helpers.street.canvas import Canvas, Point, smooth
from helpers.street.chance import Chance, Choice, Uniform, Whole
from helpers.street.places import draw_bare
from helpers.street.plants import foliage
from helpers.street.textures import mottled, sky

#: What lies behind the shapes. Greys and contrasts are 0 to 255.
BEHIND = {
    "next to nothing, and no shapes": Chance(0.25),
    "sky": Chance(0.5),  # else a mottled surface
    "grey of the sky": Uniform(80, 220),
    "grey of the surface": Uniform(40, 200),
    "contrast of the surface": Uniform(5, 40),
}

#: The shapes, and one of them. Lengths are in pixels, greys and contrasts 0 to 255.
SHAPES = {
    "how many": Whole(2, 25),
    "size, in doublings of 3 pixels": Uniform(-1, 3.5),
    "corners": Whole(3, 8),
    "distance of a corner, in sizes": Uniform(0.4, 1.2),
    "kind": Choice({"line": 0.15, "leaves": 0.20, "soft": 0.20, "hard": 0.45}),
    "grey": Uniform(5, 245),
    "width of a line": Uniform(0.5, 3),
    "contrast of the leaves": Uniform(5, 40),
    "size of a leaf": Uniform(0.6, 3),
    "blur of a soft shape": Uniform(0, 3),
    "rounded hard shape": Chance(0.6),
}


def draw_clutter(canvas: Canvas, rng: Generator) -> None:
    """Overlapping shapes of all sizes, soft and hard, for all the rest of the world."""
    if BEHIND["next to nothing, and no shapes"].draw(rng):
        draw_bare(canvas, rng)
        return
    if BEHIND["sky"].draw(rng):
        canvas.image.paste(sky(canvas, rng, BEHIND["grey of the sky"].draw(rng), canvas.height))
    else:
        grey = BEHIND["grey of the surface"].draw(rng)
        contrast = BEHIND["contrast of the surface"].draw(rng)
        canvas.image.paste(mottled(canvas, rng, grey, contrast, 20))
    for _ in range(SHAPES["how many"].draw(rng)):
        _draw_shape(canvas, rng)


def _draw_shape(canvas: Canvas, rng: Generator) -> None:
    shape = _outline(rng, rng.uniform(0, canvas.width), rng.uniform(0, canvas.height))
    kind, grey = SHAPES["kind"].draw(rng), SHAPES["grey"].draw(rng)
    if kind == "line":
        canvas.line(shape, grey, SHAPES["width of a line"].draw(rng))
    elif kind == "leaves":
        contrast = SHAPES["contrast of the leaves"].draw(rng)
        leaves = foliage(canvas, rng, grey, contrast, SHAPES["size of a leaf"].draw(rng))
        canvas.paint(canvas.mask(smooth(shape, 1, closed=True)), leaves)
    elif kind == "soft":
        blur = SHAPES["blur of a soft shape"].draw(rng)
        canvas.paint(canvas.mask(smooth(shape, 2, closed=True), blur=blur), grey)
    else:
        rounded = SHAPES["rounded hard shape"].draw(rng)
        canvas.polygon(smooth(shape, 2, closed=True) if rounded else shape, grey)


def _outline(rng: Generator, x: float, y: float) -> list[Point]:
    """The corners of a shape around (x, y), a little wider than high."""
    size = 3.0 * 2 ** SHAPES["size, in doublings of 3 pixels"].draw(rng)
    angles = np.sort(rng.uniform(0, 2 * np.pi, SHAPES["corners"].draw(rng)))
    radii = [size * SHAPES["distance of a corner, in sizes"].draw(rng) for _ in angles]
    return [(float(x + r * np.cos(a)), float(y + 0.8 * r * np.sin(a)))
            for a, r in zip(angles, radii, strict=True)]  # fmt: skip
