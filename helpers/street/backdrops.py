"""What stands behind the road: walls, houses, hedges, trees, parking lots, open country."""

from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas
from helpers.street.chance import Choice
from helpers.street.ground import Layout
from helpers.street.light import Light
from helpers.street.plants import crown, leafy_band, tree, trunk
from helpers.street.textures import boards, bricks, mottled, photographed, sky

BACKDROPS = Choice({
    "wall": 0.18, "house": 0.22, "hedge": 0.14, "trees": 0.18, "lot": 0.22, "open": 0.06,
})  # fmt: skip


def draw_backdrop(canvas: Canvas, rng: Generator, light: Light, layout: Layout, kind: str) -> None:
    """Paint everything above ``layout.ground``; ``kind`` is one of :data:`BACKDROPS`."""
    _BACKDROPS[kind](canvas, rng, light, layout)


def _wall(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    unit = layout.unit
    canvas.image.paste(_facade(canvas, rng, unit))
    if rng.random() < 0.5:  # a ledge, or the foot of the wall
        y = layout.ground - unit * rng.uniform(0.1, 2.0)
        canvas.rectangle(0, y, canvas.width, y + unit * rng.uniform(0.1, 0.6), rng.uniform(30, 220))
    if rng.random() < 0.35:  # a row of equal windows
        x, step, w = (
            rng.uniform(-2, 1) * unit,
            unit * rng.uniform(2, 5),
            unit * rng.uniform(0.8, 1.8),
        )
        frame, pane = rng.uniform(30, 245), rng.uniform(12, 90)
        bottom = layout.ground - unit * rng.uniform(0.6, 1.6)
        high = unit * rng.uniform(0.9, 1.8)
        while x < canvas.width:
            _window(canvas, rng, (x, bottom - high, x + w, bottom), frame, pane, unit)
            x += step
    else:
        for _ in range(int(rng.integers(0, 3))):
            _opening(canvas, rng, rng.uniform(0, canvas.width), layout)


def _facade(canvas: Canvas, rng: Generator, unit: float) -> Image.Image:
    grey = rng.uniform(25, 150) if rng.random() < 0.8 else rng.uniform(150, 225)
    kind = rng.random()
    if kind < 0.15:
        return photographed(
            canvas, rng, "brick", grey, rng.uniform(10, 35), unit * rng.uniform(0.3, 0.8)
        )
    if kind < 0.40:
        mortar = grey + rng.uniform(-45, 60)
        brick = max(1.1, unit * rng.uniform(0.08, 0.22))
        return bricks(canvas, rng, grey, mortar, brick, rng.uniform(0, 9))
    if kind < 0.65:
        board = max(1.2, unit * rng.uniform(0.1, 0.35))
        return boards(canvas, rng, grey, rng.uniform(8, 55), board, upright=rng.random() < 0.25)
    return mottled(canvas, rng, grey, rng.uniform(3, 16), unit, rng.uniform(0.5, 2))


def _house(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    unit = layout.unit
    canvas.image.paste(sky(canvas, rng, rng.uniform(185, 245), layout.ground))
    if rng.random() < 0.4:  # trees behind the houses
        leafy_band(
            canvas, rng, light, layout.ground - unit * rng.uniform(3, 9), layout.ground, unit, 1
        )
    x = -rng.uniform(0, 4) * unit
    while x < canvas.width:
        width = unit * rng.uniform(4, 14)
        eaves = layout.ground - unit * rng.uniform(2.4, 8)
        front = canvas.part(x, eaves, x + width, layout.ground)
        if front is not None:
            front.image.paste(_facade(front, rng, unit))
            canvas.put(front)
        ridge = eaves - unit * rng.uniform(0.5, 3)
        roof = [(x - 0.3 * unit, eaves), (x + rng.uniform(0.1, 0.5) * width, ridge),
                (x + rng.uniform(0.5, 0.9) * width, ridge),
                (x + width + 0.3 * unit, eaves)]  # fmt: skip
        canvas.polygon(roof, rng.uniform(30, 130))
        canvas.rectangle(x, eaves, x + width, eaves + 0.15 * unit, rng.uniform(20, 230))
        canvas.paint_part([(x, eaves), (x + width, eaves), (x + width, eaves + 0.6 * unit),
                           (x, eaves + 0.6 * unit)], 10, 0.5 * light.strength,
                          blur=0.1 * unit)  # fmt: skip
        wx = x + unit * rng.uniform(0.5, 1.5)
        while wx < x + width - unit:
            _opening(canvas, rng, wx, layout)
            wx += unit * rng.uniform(1.5, 4)
        x += width + (unit * rng.uniform(0, 4) if rng.random() < 0.6 else 0)


def _opening(canvas: Canvas, rng: Generator, x: float, layout: Layout) -> None:
    """A window with its frame and panes, or a door."""
    unit = layout.unit
    door = rng.random() < 0.25
    w = unit * rng.uniform(0.7, 1.1 if door else 2.2)
    h = unit * (2.0 if door else rng.uniform(0.8, 1.6))
    bottom = layout.ground - (0.0 if door else unit * rng.choice([0.4, 0.9, 2.8, 3.5]))
    frame, pane = rng.uniform(30, 245), rng.uniform(15, 110)
    if rng.random() < 0.2:
        pane = rng.uniform(110, 235)
    if not door:
        _window(canvas, rng, (x, bottom - h, x + w, bottom), frame, pane, unit)
        return
    e = unit * rng.uniform(0.06, 0.16)
    canvas.rectangle(x - e, bottom - h - e, x + w + e, bottom, frame)
    canvas.rectangle(x, bottom - h, x + w, bottom, rng.uniform(20, 200))
    canvas.rectangle(x + 0.2 * w, bottom - 0.9 * h, x + 0.8 * w, bottom - 0.55 * h, pane)


def _window(
    canvas: Canvas, rng: Generator, box: tuple[float, float, float, float], frame: float,
    pane: float, unit: float
) -> None:  # fmt: skip
    """A window of 1 to 9 panes, each mirroring a little more or less sky."""
    x1, y1, x2, y2 = box
    e = unit * rng.uniform(0.06, 0.16)
    canvas.rectangle(x1 - e, y1 - e, x2 + e, y2 + e, frame)
    columns, lines = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    w, h = (x2 - x1) / columns, (y2 - y1) / lines
    for i in range(columns):
        for j in range(lines):
            left, top = x1 + i * w, y1 + j * h
            tone = pane + rng.normal(0, 12)
            canvas.rectangle(left + e / 3, top + e / 3, left + w - e / 3, top + h - e / 3, tone)


def _hedge(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    behind = str(rng.choice(["wall", "house", "open"]))
    draw_backdrop(canvas, rng, light, layout, behind)
    top = layout.ground - layout.unit * rng.uniform(0.6, 2.5)
    leafy_band(canvas, rng, light, top, layout.ground, layout.unit, rng.uniform(0.02, 0.3))


def _trees(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    unit = layout.unit
    canvas.image.paste(sky(canvas, rng, rng.uniform(180, 245), layout.ground))
    if rng.random() < 0.3:
        _house(canvas, rng, light, layout)
    bottom = layout.ground - unit * rng.uniform(0, 1.5)
    if rng.random() < 0.7:  # a wood behind
        leafy_band(canvas, rng, light, bottom - unit * rng.uniform(2, 9), bottom, unit, 1.0)
    canvas.rectangle(0, bottom, canvas.width, layout.ground, rng.uniform(25, 140))
    for _ in range(int(rng.integers(1, 4))):
        x = rng.uniform(0, canvas.width)
        tree(canvas, rng, light, x, rng.uniform(bottom, layout.ground), unit)
    for _ in range(int(rng.integers(0, 3))):
        trunk(canvas, rng, rng.uniform(0, canvas.width), layout.ground, unit)
    if rng.random() < 0.3:  # a branch that hangs into the picture
        x, size = rng.uniform(0, canvas.width), unit * rng.uniform(1, 3)
        crown(canvas, rng, light, x, rng.uniform(-0.5, 0.5) * size, 1.6 * size, size, 0.07 * unit)


def _lot(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    horizon = layout.ground - layout.unit * rng.uniform(0.5, 2.5)
    behind = Layout(horizon, layout.kerb, 0.5 * layout.unit)
    draw_backdrop(canvas, rng, light, behind, str(rng.choice(["house", "trees", "wall"])))
    lot = canvas.part(0, horizon, canvas.width, layout.ground)
    if lot is not None:
        lot.image.paste(mottled(lot, rng, rng.uniform(120, 205), 6, 2 * layout.unit, 3))
        canvas.put(lot)


def _open(canvas: Canvas, rng: Generator, light: Light, layout: Layout) -> None:
    """Sky over a skyline of woods, hills or roofs."""
    unit = layout.unit
    canvas.image.paste(sky(canvas, rng, rng.uniform(165, 245), layout.ground))
    top = layout.ground - unit * rng.uniform(0.3, 3)
    leafy_band(canvas, rng, light, top, layout.ground, unit, rng.uniform(0.1, 0.8))
    for _ in range(int(rng.integers(0, 5))):
        x, w = rng.uniform(0, canvas.width), unit * rng.uniform(0.5, 3)
        roof = layout.ground - unit * rng.uniform(0.5, 4)
        canvas.rectangle(x, roof, x + w, layout.ground, rng.uniform(40, 230))


_BACKDROPS = {
    "wall": _wall, "house": _house, "hedge": _hedge, "trees": _trees, "lot": _lot, "open": _open,
}  # fmt: skip
