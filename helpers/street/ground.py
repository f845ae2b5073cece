"""What lies underfoot: pavement, lawn, the road with its kerb, markings and cracks, and shadows."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas
from helpers.street.light import Light
from helpers.street.plants import foliage
from helpers.street.textures import fine_noise, gradient, mottled, photographed, surface


@dataclass(frozen=True)
class Layout:
    """Where things are: y of the far edge of the ground and of the kerb; one metre in pixels."""

    ground: float
    kerb: float
    unit: float


def draw_ground(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Pavement or lawn from ``layout.ground`` to the kerb, the road from there to the bottom."""
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
    kind = rng.random()
    if kind < 0.30:
        return photographed(
            canvas, rng, "grass", rng.uniform(60, 160), rng.uniform(8, 30), 2 * unit
        )
    if kind < 0.45:
        leaf = max(0.4, 0.04 * unit)
        return foliage(canvas, rng, rng.uniform(60, 170), rng.uniform(5, 25), leaf)
    if kind < 0.55:
        tone = rng.uniform(90, 190)
        return photographed(canvas, rng, "gravel", tone, rng.uniform(5, 22), 1.5 * unit)
    return mottled(canvas, rng, rng.uniform(110, 225), rng.uniform(2, 10), unit, 2)


def _road(canvas: Canvas, rng: Generator, layout: Layout) -> None:
    unit, width, height = layout.unit, canvas.width, canvas.height
    slope = rng.normal(0, 0.015)
    y1, y2 = layout.kerb, layout.kerb + slope * width
    grey = rng.uniform(130, 230) if rng.random() < 0.8 else rng.uniform(70, 150)
    shade = gradient(canvas, grey - rng.uniform(-15, 15), grey + rng.uniform(-15, 15), y1, height)
    grain = rng.uniform(1, 7) * fine_noise(canvas, rng, 0.4 * unit, 3, stretch=4)
    asphalt = surface(canvas, shade[::2] + grain)
    if rng.random() < 0.25:  # coarse asphalt, cobbles, a gravel drive
        stones = photographed(canvas, rng, "gravel", grey, rng.uniform(3, 14), 0.8 * unit)
        asphalt = Image.blend(asphalt, stones, 0.6)
    canvas.paint(canvas.mask([(0, y1), (width, y2), (width, height), (0, height)]), asphalt)
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
        steps = np.abs(rng.normal(0, 1, (5, 2))) * (0.7 * unit, 0.08 * unit)
        steps[:, 1] *= rng.choice([-1, 1], 5)
        path = [(float(x + dx), float(y + dy)) for dx, dy in steps.cumsum(0)]
        canvas.line(path, grey - rng.uniform(10, 45), 0.05 * unit)


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


def _shadows(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Shadows of trees and houses: flat on the ground, so much wider than high."""
    if rng.random() > 0.55 * (0.3 + light.strength) or layout.ground > canvas.height:
        return
    part = canvas.part(0, layout.ground, canvas.width, canvas.height)
    if part is None:
        return
    stretch = rng.uniform(3, 9)
    blotches = fine_noise(part, rng, layout.unit * rng.uniform(0.3, 1.5), 4, stretch)
    gaps = fine_noise(part, rng, 0.12 * layout.unit, 2, 2.5)  # sun between the leaves
    # Shade lies in a band: the rest of the ground is in the sun.
    middle, band = rng.uniform(0, 1), rng.uniform(0.1, 0.6)
    depth = np.linspace(0, 1, len(blotches))[:, None]
    inside = (band - np.abs(depth - middle)) / 0.15
    mask = 255 * np.clip(0.5 + 1.2 * (blotches + 0.35 * gaps + np.clip(inside, -4, 1.2)), 0, 1)
    part.paint(surface(part, mask), 25, rng.uniform(0.3, 0.65) * light.shadow)
    canvas.put(part)
