"""Fronts of buildings: what they are made of, their windows and doors."""

from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas
from helpers.street.chance import Chance, Choice, Mixture, Normal, OneOf, Uniform, Whole
from helpers.street.ground import Layout
from helpers.street.textures import boards, bricks, mottled, photographed

# Lengths and heights in `unit`s, a metre at the kerb; greys and contrasts 0 to 255.

#: What walls and houses are made of. The zoom makes 100 pixels of the photograph so many units.
FACADE = {
    "grey": Mixture(((0.8, Uniform(25, 150)), (0.2, Uniform(150, 225)))),
    "surface": Choice({"photograph": 0.15, "bricks": 0.25, "boards": 0.25, "plaster": 0.35}),
    "contrast of the photograph": Uniform(10, 35),
    "zoom of the photograph": Uniform(0.3, 0.8),
    "mortar, brighter by": Uniform(-45, 60),
    "height of a brick": Uniform(0.08, 0.22),
    "shift of the courses": Uniform(0, 9),  # upwards, in pixels
    "width of a board": Uniform(0.1, 0.35),
    "depth of the boards": Uniform(8, 55),  # how much darker the gaps are
    "upright boards": Chance(0.25),
    "contrast of the plaster": Uniform(3, 16),
    "stretch of the plaster": Uniform(0.5, 2),  # how much wider than high its spots are
}

#: A window with its frame and panes, or a door.
OPENING = {
    "door": Chance(0.25),
    "width of a door": Uniform(0.7, 1.1),
    "width of a window": Uniform(0.7, 2.2),
    "height of a window": Uniform(0.8, 1.6),
    "sill above the ground": OneOf((0.4, 0.9, 2.8, 3.5)),
    "grey of the frame": Uniform(30, 245),
    "grey of the panes": Uniform(15, 110),
    "mirrors the sky": Chance(0.2),
    "grey of the mirrored sky": Uniform(110, 235),
    "width of the frame": Uniform(0.06, 0.16),
    "grey of a door": Uniform(20, 200),
    "columns of panes": Whole(1, 3),
    "lines of panes": Whole(1, 3),
    "one pane, brighter by": Normal(0, 12),
}


def facade(canvas: Canvas, rng: Generator, unit: float) -> Image.Image:
    """A wall of one of the surfaces, a picture of the canvas's size."""
    grey = FACADE["grey"].draw(rng)
    kind = FACADE["surface"].draw(rng)
    if kind == "photograph":
        contrast = FACADE["contrast of the photograph"].draw(rng)
        zoom = unit * FACADE["zoom of the photograph"].draw(rng)
        return photographed(canvas, rng, "brick", grey, contrast, zoom)
    if kind == "bricks":
        mortar = grey + FACADE["mortar, brighter by"].draw(rng)
        brick = max(1.1, unit * FACADE["height of a brick"].draw(rng))
        return bricks(canvas, rng, grey, mortar, brick, FACADE["shift of the courses"].draw(rng))
    if kind == "boards":
        board = max(1.2, unit * FACADE["width of a board"].draw(rng))
        depth, upright = FACADE["depth of the boards"].draw(rng), FACADE["upright boards"].draw(rng)
        return boards(canvas, rng, grey, depth, board, upright)
    contrast = FACADE["contrast of the plaster"].draw(rng)
    return mottled(canvas, rng, grey, contrast, unit, FACADE["stretch of the plaster"].draw(rng))


def opening(canvas: Canvas, rng: Generator, x: float, layout: Layout) -> None:
    """A window with its frame and panes, or a door."""
    unit = layout.unit
    door = OPENING["door"].draw(rng)
    w = unit * OPENING["width of a door" if door else "width of a window"].draw(rng)
    h = unit * (2.0 if door else OPENING["height of a window"].draw(rng))
    sill = 0.0 if door else unit * OPENING["sill above the ground"].draw(rng)
    bottom = layout.ground - sill
    frame, pane = OPENING["grey of the frame"].draw(rng), OPENING["grey of the panes"].draw(rng)
    if OPENING["mirrors the sky"].draw(rng):
        pane = OPENING["grey of the mirrored sky"].draw(rng)
    if not door:
        window(canvas, rng, (x, bottom - h, x + w, bottom), frame, pane, unit)
        return
    e = unit * OPENING["width of the frame"].draw(rng)
    canvas.rectangle(x - e, bottom - h - e, x + w + e, bottom, frame)
    canvas.rectangle(x, bottom - h, x + w, bottom, OPENING["grey of a door"].draw(rng))
    canvas.rectangle(x + 0.2 * w, bottom - 0.9 * h, x + 0.8 * w, bottom - 0.55 * h, pane)


def window(
    canvas: Canvas, rng: Generator, box: tuple[float, float, float, float], frame: float,
    pane: float, unit: float
) -> None:  # fmt: skip
    """A window of 1 to 9 panes, each mirroring a little more or less sky.

    Args:
        canvas, rng, unit: as in all of `helpers.street`.
        box: (x1, y1, x2, y2) of the panes together; the frame is around it.
        frame: its grey.
        pane: grey of the panes, on average.
    """
    x1, y1, x2, y2 = box
    e = unit * OPENING["width of the frame"].draw(rng)
    canvas.rectangle(x1 - e, y1 - e, x2 + e, y2 + e, frame)
    columns, lines = OPENING["columns of panes"].draw(rng), OPENING["lines of panes"].draw(rng)
    w, h = (x2 - x1) / columns, (y2 - y1) / lines
    for i in range(columns):
        for j in range(lines):
            left, top = x1 + i * w, y1 + j * h
            tone = pane + OPENING["one pane, brighter by"].draw(rng)
            canvas.rectangle(left + e / 3, top + e / 3, left + w - e / 3, top + h - e / 3, tone)
