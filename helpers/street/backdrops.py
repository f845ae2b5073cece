"""What stands behind the road: walls, houses, hedges, trees, parking lots, open country."""

from numpy.random import Generator

from helpers.street.canvas import Canvas
from helpers.street.chance import Chance, Choice, OneOf, Uniform, Whole, sometimes
from helpers.street.facades import OPENING, facade, opening, window
from helpers.street.ground import Layout
from helpers.street.light import Light
from helpers.street.plants import crown, leafy_band, tree, trunk
from helpers.street.textures import mottled, sky

#: What stands behind the road.
BACKDROPS = Choice({
    "wall": 0.18, "house": 0.22, "hedge": 0.14, "trees": 0.18, "lot": 0.22, "open": 0.06,
})  # fmt: skip

# In all tables: lengths and heights in `unit`s, a metre at the kerb; greys and contrasts 0 to 255.

#: What a wall has besides its facade: a ledge (or a foot), and equal windows or a few openings.
WALL = {
    "ledge": Chance(0.5),
    "ledge above the ground": Uniform(0.1, 2.0),
    "thickness of the ledge": Uniform(0.1, 0.6),
    "grey of the ledge": Uniform(30, 220),
    "row of windows": Chance(0.35),
    "first window from the left": Uniform(-2, 1),
    "from window to window": Uniform(2, 5),
    "width of a window": Uniform(0.8, 1.8),
    "grey of the panes": Uniform(12, 90),
    "sill above the ground": Uniform(0.6, 1.6),
    "height of a window": Uniform(0.9, 1.8),
    "openings": Whole(0, 2),
}

#: A row of houses. The ridge begins and ends at shares of the house's width.
HOUSE = {
    "grey of the sky": Uniform(185, 245),
    "trees behind": Chance(0.4),
    "height of the trees": Uniform(3, 9),
    "first house, cut off by": Uniform(0, 4),
    "width": Uniform(4, 14),
    "eaves above the ground": Uniform(2.4, 8),
    "ridge above the eaves": Uniform(0.5, 3),
    "ridge begins": Uniform(0.1, 0.5),
    "ridge ends": Uniform(0.5, 0.9),
    "grey of the roof": Uniform(30, 130),
    "grey of the gutter": Uniform(20, 230),
    "first opening from the left": Uniform(0.5, 1.5),
    "from opening to opening": Uniform(1.5, 4),
    "gap before the next house": sometimes(0.6, Uniform(0, 4), 0),
}

#: A hedge, and what is seen above it. A ragged edge is so uneven, in metres.
HEDGE = {
    "behind": OneOf(("wall", "house", "open")),
    "height": Uniform(0.6, 2.5),
    "ragged": Uniform(0.02, 0.3),
}

#: Trees on a meadow. A branch may hang into the picture, lower by a share of its size.
TREES = {
    "grey of the sky": Uniform(180, 245),
    "houses behind": Chance(0.3),
    "depth of the meadow": Uniform(0, 1.5),
    "wood behind": Chance(0.7),
    "height of the wood": Uniform(2, 9),
    "grey of the meadow": Uniform(25, 140),
    "trees": Whole(1, 3),
    "trunks in front": Whole(0, 2),
    "branch": Chance(0.3),
    "size of the branch": Uniform(1, 3),
    "branch hangs": Uniform(-0.5, 0.5),
}

#: A parking lot, and what stands behind it.
LOT = {
    "depth": Uniform(0.5, 2.5),
    "behind": OneOf(("house", "trees", "wall")),
    "grey": Uniform(120, 205),
}

#: Open country: sky over a ragged skyline, and a few roofs.
OPEN = {
    "grey of the sky": Uniform(165, 245),
    "height of the skyline": Uniform(0.3, 3),
    "ragged": Uniform(0.1, 0.8),
    "roofs": Whole(0, 4),
    "width of a roof": Uniform(0.5, 3),
    "height of a roof": Uniform(0.5, 4),
    "grey of a roof": Uniform(40, 230),
}


def draw_backdrop(canvas: Canvas, rng: Generator, light: Light, layout: Layout, kind: str) -> None:
    """Paint everything above `layout.ground`; `kind` is one of `BACKDROPS`."""
    _BACKDROPS[kind](canvas, rng, light, layout)


def _wall(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    unit = layout.unit
    canvas.image.paste(facade(canvas, rng, unit))
    if WALL["ledge"].draw(rng):
        y = layout.ground - unit * WALL["ledge above the ground"].draw(rng)
        bottom = y + unit * WALL["thickness of the ledge"].draw(rng)
        canvas.rectangle(0, y, canvas.width, bottom, WALL["grey of the ledge"].draw(rng))
    if WALL["row of windows"].draw(rng):
        x = unit * WALL["first window from the left"].draw(rng)
        step = unit * WALL["from window to window"].draw(rng)
        w = unit * WALL["width of a window"].draw(rng)
        frame, pane = OPENING["grey of the frame"].draw(rng), WALL["grey of the panes"].draw(rng)
        bottom = layout.ground - unit * WALL["sill above the ground"].draw(rng)
        high = unit * WALL["height of a window"].draw(rng)
        while x < canvas.width:
            window(canvas, rng, (x, bottom - high, x + w, bottom), frame, pane, unit)
            x += step
    else:
        for _ in range(WALL["openings"].draw(rng)):
            opening(canvas, rng, rng.uniform(0, canvas.width), layout)


def _house(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    unit = layout.unit
    canvas.image.paste(sky(canvas, rng, HOUSE["grey of the sky"].draw(rng), layout.ground))
    if HOUSE["trees behind"].draw(rng):
        top = layout.ground - unit * HOUSE["height of the trees"].draw(rng)
        leafy_band(canvas, rng, light, top, layout.ground, unit, 1)
    x = -unit * HOUSE["first house, cut off by"].draw(rng)
    while x < canvas.width:
        width = unit * HOUSE["width"].draw(rng)
        eaves = layout.ground - unit * HOUSE["eaves above the ground"].draw(rng)
        front = canvas.part(x, eaves, x + width, layout.ground)
        if front is not None:
            front.image.paste(facade(front, rng, unit))
            canvas.put(front)
        ridge = eaves - unit * HOUSE["ridge above the eaves"].draw(rng)
        roof = [(x - 0.3 * unit, eaves), (x + HOUSE["ridge begins"].draw(rng) * width, ridge),
                (x + HOUSE["ridge ends"].draw(rng) * width, ridge),
                (x + width + 0.3 * unit, eaves)]  # fmt: skip
        canvas.polygon(roof, HOUSE["grey of the roof"].draw(rng))
        gutter = HOUSE["grey of the gutter"].draw(rng)
        canvas.rectangle(x, eaves, x + width, eaves + 0.15 * unit, gutter)
        canvas.paint_part([(x, eaves), (x + width, eaves), (x + width, eaves + 0.6 * unit),
                           (x, eaves + 0.6 * unit)], 10, 0.5 * light.strength,
                          blur=0.1 * unit)  # fmt: skip
        wx = x + unit * HOUSE["first opening from the left"].draw(rng)
        while wx < x + width - unit:
            opening(canvas, rng, wx, layout)
            wx += unit * HOUSE["from opening to opening"].draw(rng)
        x += width + unit * HOUSE["gap before the next house"].draw(rng)


def _hedge(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    draw_backdrop(canvas, rng, light, layout, HEDGE["behind"].draw(rng))
    top = layout.ground - layout.unit * HEDGE["height"].draw(rng)
    leafy_band(canvas, rng, light, top, layout.ground, layout.unit, HEDGE["ragged"].draw(rng))


def _trees(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    unit = layout.unit
    canvas.image.paste(sky(canvas, rng, TREES["grey of the sky"].draw(rng), layout.ground))
    if TREES["houses behind"].draw(rng):
        _house(canvas, rng, light, layout)
    bottom = layout.ground - unit * TREES["depth of the meadow"].draw(rng)
    if TREES["wood behind"].draw(rng):
        top = bottom - unit * TREES["height of the wood"].draw(rng)
        leafy_band(canvas, rng, light, top, bottom, unit, 1.0)
    meadow = TREES["grey of the meadow"].draw(rng)
    canvas.rectangle(0, bottom, canvas.width, layout.ground, meadow)
    for _ in range(TREES["trees"].draw(rng)):
        x = rng.uniform(0, canvas.width)
        tree(canvas, rng, light, x, rng.uniform(bottom, layout.ground), unit)
    for _ in range(TREES["trunks in front"].draw(rng)):
        trunk(canvas, rng, rng.uniform(0, canvas.width), layout.ground, unit)
    if TREES["branch"].draw(rng):
        x, size = rng.uniform(0, canvas.width), unit * TREES["size of the branch"].draw(rng)
        y = size * TREES["branch hangs"].draw(rng)
        crown(canvas, rng, light, x, y, 1.6 * size, size, 0.07 * unit)


def _lot(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    horizon = layout.ground - layout.unit * LOT["depth"].draw(rng)
    behind = Layout(horizon, layout.kerb, 0.5 * layout.unit)
    draw_backdrop(canvas, rng, light, behind, LOT["behind"].draw(rng))
    lot = canvas.part(0, horizon, canvas.width, layout.ground)
    if lot is not None:
        lot.image.paste(mottled(lot, rng, LOT["grey"].draw(rng), 6, 2 * layout.unit, 3))
        canvas.put(lot)


def _open(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Sky over a skyline of woods, hills or roofs."""
    unit = layout.unit
    canvas.image.paste(sky(canvas, rng, OPEN["grey of the sky"].draw(rng), layout.ground))
    top = layout.ground - unit * OPEN["height of the skyline"].draw(rng)
    leafy_band(canvas, rng, light, top, layout.ground, unit, OPEN["ragged"].draw(rng))
    for _ in range(OPEN["roofs"].draw(rng)):
        x, w = rng.uniform(0, canvas.width), unit * OPEN["width of a roof"].draw(rng)
        roof = layout.ground - unit * OPEN["height of a roof"].draw(rng)
        canvas.rectangle(x, roof, x + w, layout.ground, OPEN["grey of a roof"].draw(rng))


_BACKDROPS = {
    "wall": _wall, "house": _house, "hedge": _hedge, "trees": _trees, "lot": _lot, "open": _open,
}  # fmt: skip
