"""Plants: leaves as a surface, hedges, shrubs, and trees with a crown of many clumps.

What makes leaves believable at this size is light: each clump is bright on top, where the sun
falls, and dark below, with single bright leaves and dark gaps strewn over it.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas, Point, smooth, to_image
from helpers.street.chance import Normal, Uniform, Whole
from helpers.street.light import Light
from helpers.street.textures import fine_noise, half_size, noise, surface

# `unit` is everywhere the length of one metre in pixels, `ground` the y of the feet.
# In all tables lengths are in `unit`s, unless they say something else; greys and contrasts from
# 0 to 255.

#: A mass of leaves; the size of its clumps is a share of its own.
CROWN = {
    "grey": Uniform(25, 115),
    "contrast": Uniform(10, 28),
    "clumps": Whole(5, 14),
    "size of a clump": Uniform(0.3, 0.6),
}

#: A whole tree; its crown in shares of the tree's height, a limb's reach in half widths of the
#: crown, to the right or (below 0) to the left.
TREE = {
    "height": Uniform(3.0, 9.0),
    "half width of the trunk": Uniform(0.08, 0.25),
    "grey of the bark": Uniform(20, 90),
    "half width of the crown": Uniform(0.25, 0.5),
    "half height of the crown": Uniform(0.25, 0.38),
    "limbs": Whole(1, 3),
    "reach of a limb": Normal(0, 0.6),
    "length of a leaf": Uniform(0.05, 0.10),
}

#: The trunk of a street tree; it leans to the right, or (below 0) to the left.
TRUNK = {
    "half width": Uniform(0.12, 0.45),
    "lean": Normal(0, 0.4),
    "grey": Uniform(20, 120),
    "contrast": Uniform(8, 30),
}

#: A round bush.
SHRUB = {"half width": Uniform(0.3, 1.2), "height": Uniform(0.4, 1.6)}

#: A hedge or the edge of a wood.
HEDGE = {
    "grey": Uniform(30, 100),
    "contrast": Uniform(12, 36),
    "length of a leaf": Uniform(0.04, 0.09),
}


def foliage(
    canvas: Canvas, rng: Generator, grey: float, contrast: float, leaf: float
) -> Image.Image:
    """Leaves of `leaf` pixels: clumps in light and shade, bright leaves and dark gaps."""
    return surface(canvas, grey + contrast * _leaves(canvas, rng, leaf))


def _leaves(canvas: Canvas, rng: Generator, leaf: float) -> np.ndarray:
    """Light and shade of leaves at half resolution, of about zero mean and unit deviation."""
    clumps = fine_noise(canvas, rng, 7 * leaf, 3, stretch=1.3)
    single = fine_noise(canvas, rng, max(leaf, 0.7), 2)
    return 0.6 * clumps + np.clip(0.9 * single, -1.5, 1.9)


def fill_with_leaves(
    canvas: Canvas, rng: Generator, shape: Sequence[Point], grey: float, contrast: float,
    leaf: float
) -> None:  # fmt: skip
    """Fill a polygon with leaves, or with anything as rough."""
    xs, ys = [x for x, _ in shape], [y for _, y in shape]
    part = canvas.part(min(xs), min(ys), max(xs), max(ys))
    if part is not None:
        part.paint(part.mask(shape), foliage(part, rng, grey, contrast, leaf))
        canvas.put(part)


def crown(
    canvas: Canvas, rng: Generator, light: Light, x: float, y: float, rx: float, ry: float,
    leaf: float
) -> None:  # fmt: skip
    """A mass of leaves: clumps in front of clumps, each lit from above.

    Args:
        canvas, rng, light: as in all of `helpers.street`.
        x, y: its middle.
        rx, ry: half of its width and height, in pixels.
        leaf: the length of a leaf, in pixels.
    """
    part = canvas.part(x - 1.3 * rx, y - 1.3 * ry, x + 1.3 * rx, y + 1.3 * ry)
    if part is None:
        return
    width, height = half_size(part)
    step = 2 / part.scale
    px = (part.left + step * (np.arange(width) + 0.5))[None, :]
    py = (part.top + step * (np.arange(height) + 0.5))[:, None]
    ragged = _leaves(part, rng, leaf)
    grey, contrast = CROWN["grey"].draw(rng), CROWN["contrast"].draw(rng)
    tone = np.full((height, width), grey)
    covered = np.zeros((height, width), dtype=bool)
    count = CROWN["clumps"].draw(rng)
    angles = rng.uniform(0, 2 * math.pi, count)
    reach = np.sqrt(rng.uniform(0, 1, count))
    lower_last = np.argsort(reach * np.sin(angles))  # the lower clumps are nearer to the viewer
    for k in lower_last:
        cx = x + 0.75 * rx * reach[k] * math.cos(angles[k])
        cy = y + 0.7 * ry * reach[k] * math.sin(angles[k])
        size = CROWN["size of a clump"].draw(rng)
        dx, dy = (px - cx) / (size * rx), (py - cy) / (size * ry)
        inside = dx * dx + dy * dy < 1 + 0.35 * ragged
        lit = (0.5 + light.strength) * (-0.9 * dy + 0.5 * light.side * dx)
        tone = np.where(inside, grey + 1.1 * contrast * lit, tone)
        covered |= inside
    leaves = tone + contrast * (0.5 + 0.5 * light.strength) * ragged
    mask = to_image(255.0 * covered).resize(part.size, Image.Resampling.BILINEAR)
    part.paint(mask, surface(part, leaves))
    canvas.put(part)


def tree(
    canvas: Canvas, rng: Generator, light: Light, x: float, ground: float, unit: float
) -> None:
    """A whole tree: a trunk, a few limbs, and a crown of leaves."""
    high = unit * TREE["height"].draw(rng)
    w = unit * TREE["half width of the trunk"].draw(rng)
    bark = TREE["grey of the bark"].draw(rng)
    top = ground - 0.75 * high
    canvas.polygon([(x - w, ground), (x - 0.6 * w, top), (x + 0.6 * w, top), (x + w, ground)], bark)
    rx = high * TREE["half width of the crown"].draw(rng)
    ry = high * TREE["half height of the crown"].draw(rng)
    centre = ground - high + ry
    for _ in range(TREE["limbs"].draw(rng)):
        tip = (x + TREE["reach of a limb"].draw(rng) * rx, centre)
        canvas.line([(x, ground - 0.45 * high), tip], bark, 0.8 * w)
    leaf = unit * TREE["length of a leaf"].draw(rng)
    crown(canvas, rng, light, x, centre, rx, ry, leaf)


def trunk(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """The trunk of a street tree, rough, a little crooked, with roots."""
    w = unit * TRUNK["half width"].draw(rng)
    lean = TRUNK["lean"].draw(rng) * unit
    top = ground - 6 * unit
    shape = smooth(
        [(x - w, ground), (x - 0.6 * w, ground - 0.4 * unit), (x - 0.5 * w + lean, top),
         (x + 0.5 * w + lean, top), (x + 0.6 * w, ground - 0.4 * unit), (x + w, ground)], 1
    )  # fmt: skip
    grey, contrast = TRUNK["grey"].draw(rng), TRUNK["contrast"].draw(rng)
    fill_with_leaves(canvas, rng, shape, grey, contrast, 0.12 * unit + 0.5)


def shrub(
    canvas: Canvas, rng: Generator, light: Light, x: float, ground: float, unit: float
) -> None:
    """A round bush, lit from above, in its own shade on the ground."""
    w, h = unit * SHRUB["half width"].draw(rng), unit * SHRUB["height"].draw(rng)
    shade = [
        (x + 1.1 * w * math.cos(a), ground + 0.12 * h * math.sin(a)) for a in np.arange(0, 6.3, 0.5)
    ]
    canvas.paint_part(shade, 12, 0.7 * light.shadow, blur=0.1 * unit)
    crown(canvas, rng, light, x, ground - 0.45 * h, w, 0.55 * h, 0.05 * unit + 0.25)


def leafy_band(
    canvas: Canvas, rng: Generator, light: Light, top: float, bottom: float, unit: float,
    ragged: float
) -> None:  # fmt: skip
    """A hedge or the edge of a wood, darker towards the ground.

    Args:
        canvas, rng, light, unit: as in all of `helpers.street`.
        top, bottom: y of its edges.
        ragged: how uneven its upper edge is, in metres.
    """
    if bottom <= top:
        return
    part = canvas.part(0, top - 3 * ragged * unit, canvas.width, bottom)
    if part is None:
        return
    edge = noise(rng, (64, 1), 12, 3)[0]
    xs = np.linspace(-2, canvas.width + 2, 64)
    outline = [(float(x), float(top + ragged * unit * e)) for x, e in zip(xs, edge, strict=True)]
    outline += [(canvas.width + 2, bottom), (-2, bottom)]
    grey, contrast = HEDGE["grey"].draw(rng), HEDGE["contrast"].draw(rng)
    depth = np.clip((part.rows()[::2] - top) / (bottom - top), 0, 1)[:, None]
    lit = (0.4 + light.strength) * contrast * (0.8 - 1.6 * depth)
    leaf = unit * HEDGE["length of a leaf"].draw(rng)
    leaves = grey + lit + contrast * _leaves(part, rng, leaf)
    part.paint(part.mask(outline), surface(part, leaves))
    canvas.put(part)
