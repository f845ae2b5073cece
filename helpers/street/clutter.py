"""Clutter: loose shapes for all the rest of the world that no other module draws."""

import numpy as np
from numpy.random import Generator

from helpers.street.canvas import Canvas, smooth
from helpers.street.places import draw_bare
from helpers.street.plants import foliage
from helpers.street.textures import mottled, sky


def draw_clutter(canvas: Canvas, rng: Generator) -> None:
    """Overlapping shapes of all sizes, soft and hard, for all the rest of the world."""
    if rng.random() < 0.25:
        draw_bare(canvas, rng)
        return
    if rng.random() < 0.5:
        canvas.image.paste(sky(canvas, rng, rng.uniform(80, 220), canvas.height))
    else:
        canvas.image.paste(mottled(canvas, rng, rng.uniform(40, 200), rng.uniform(5, 40), 20))
    for _ in range(int(rng.integers(2, 26))):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        r = 3.0 * 2 ** rng.uniform(-1, 3.5)
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
        radii = r * rng.uniform(0.4, 1.2, len(angles))
        shape = [(float(x + q * np.cos(a)), float(y + 0.8 * q * np.sin(a)))
                 for a, q in zip(angles, radii, strict=True)]  # fmt: skip
        fill = rng.random()
        grey = rng.uniform(5, 245)
        if fill < 0.15:
            canvas.line(shape, grey, rng.uniform(0.5, 3))
        elif fill < 0.35:
            leaves = foliage(canvas, rng, grey, rng.uniform(5, 40), rng.uniform(0.6, 3))
            canvas.paint(canvas.mask(smooth(shape, 1, closed=True)), leaves)
        elif fill < 0.55:
            canvas.paint(canvas.mask(smooth(shape, 2, closed=True), blur=rng.uniform(0, 3)), grey)
        else:
            canvas.polygon(smooth(shape, 2, closed=True) if rng.random() < 0.6 else shape, grey)
