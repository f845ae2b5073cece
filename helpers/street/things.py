"""Street furniture: what stands beside, in front of, or in place of a car."""

from numpy.random import Generator

from helpers.street.canvas import Canvas, smooth
from helpers.street.chance import Chance, Choice, Mixture, Uniform, Whole, draw_table
from helpers.street.people import person

# `unit` is everywhere the length of one metre in pixels, `ground` the y of the feet.
# In all tables lengths are in `unit`s, greys from 0 to 255.

#: A lamp post, a parking meter or a thin trunk; one side is lit or in the shade.
POLE = {
    "width": Mixture(
        ((0.25, Uniform(0.03, 0.08)), (0.50, Uniform(0.08, 0.22)), (0.25, Uniform(0.22, 0.6)))
    ),
    "grey": Mixture(((0.45, Uniform(10, 70)), (0.30, Uniform(70, 150)), (0.25, Uniform(150, 235)))),
    "height": Mixture(((0.65, Uniform(3.0, 7.0)), (0.35, Uniform(0.8, 1.8)))),
    "brighter at one side by": Uniform(-60, 60),
    "lean": Uniform(-0.02, 0.02),  # to the right, as a share of the height
    "socket": Chance(0.25),  # a wider foot
    "height of the socket": Uniform(0.1, 0.7),
    "a head": Chance(0.25),  # of a parking meter, or a lamp
}

#: A traffic sign on a thin post: its face, its back, or its edge.
SIGNPOST = {
    "width of the post": Uniform(0.04, 0.09),
    "grey of the post": Uniform(25, 190),
    "height": Uniform(1.3, 2.8),  # of the plate's middle
    "shape": Choice({"round": 0.3, "rectangle": 0.35, "triangle": 0.15, "edge-on": 0.2}),
    "half width of the plate": Uniform(0.2, 0.38),  # seen edge-on, 0.12 of it
    "half height of the plate": Uniform(0.2, 0.45),  # of a rectangle, also edge-on
    "grey of the plate": Uniform(30, 245),
    "its back": Chance(0.4),  # no rim is seen
    "grey of the rim": Uniform(20, 245),
}

#: A hydrant or a bollard; heads and nozzles belong to the hydrant.
HYDRANT = {
    "height": Uniform(0.5, 0.95),
    "half width": Uniform(0.08, 0.16),
    "grey": Mixture(((0.5, Uniform(20, 110)), (0.5, Uniform(150, 245)))),
    "head and nozzles": Chance(0.6),
}

#: A litter bin or a box of the telephone company.
BIN = {
    "height": Uniform(0.7, 1.3),
    "half width": Uniform(0.2, 0.45),
    "grey": Mixture(((0.7, Uniform(15, 100)), (0.3, Uniform(100, 220)))),
    "lit side, brighter by": Uniform(0, 50),
    "lid, brighter by": Uniform(-30, 60),
}

#: A wire or a chain across the picture, which sags a little.
WIRE = {
    "width": Uniform(0.015, 0.05),
    "grey": Uniform(10, 90),
    "above the ground": Uniform(0.2, 2.2),
    "falls": Uniform(-0.06, 0.06),  # pixels for each pixel to the right
    "sags": Uniform(0.0, 0.25),  # how much higher it is half a picture's width from x
}

#: Anything like a wheel; its middle is given in radii above the ground.
WHEEL = {
    "radius": Uniform(0.2, 0.6),
    "height of the middle": Uniform(0.9, 2.0),
    "grey of the tyre": Uniform(10, 90),
    "grey of the rim": Uniform(60, 240),
    "a hub": Chance(0.5),
    "grey of the hub": Uniform(10, 120),
}

#: A bicycle, or a motorcycle.
BICYCLE = {
    "grey": Uniform(10, 90),
    "a motorcycle": Chance(0.3),
    "grey of a motorcycle's rim": Uniform(60, 200),
    "grey of the tank": Uniform(20, 200),
    "a rider": Chance(0.5),
    "grey of the rider's coat": Uniform(20, 230),
    "grey of the rider's head": Uniform(60, 190),
}

#: A board on posts; a line of its writing ends right of the middle, in shares of the half width.
SIGN = {
    "half width": Uniform(0.25, 1.6),
    "height of the board": Uniform(0.25, 0.8),
    "height of the posts": Uniform(0.3, 1.6),
    "grey of the posts": Uniform(20, 160),
    "grey of the board": Uniform(30, 245),
    "end of a line": Uniform(0.1, 0.8),
}

#: A fence of pickets or of posts, each as likely as the other; its step is from one to the next.
FENCE = {
    "height": Uniform(0.5, 1.4),
    "grey": Uniform(30, 235),
    "step of pickets": Uniform(0.12, 0.3),
    "step of posts": Uniform(0.8, 2.5),
    "rails": Whole(1, 3),
}


def pole(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A lamp post, a parking meter's post or a thin trunk, taller than the picture or not."""
    width = unit * POLE["width"].draw(rng)
    grey = POLE["grey"].draw(rng)
    top = ground - unit * POLE["height"].draw(rng)
    edge = -1 if rng.random() < 0.5 else 1
    lit = grey + POLE["brighter at one side by"].draw(rng)
    upper = x + POLE["lean"].draw(rng) * (ground - top)
    canvas.line([(x, ground), (upper, top)], grey, width)
    right = edge * 0.375 * width  # of the middle of the lit strip
    canvas.line([(x + right, ground), (upper + right, top)], lit, width / 4)
    if POLE["socket"].draw(rng):
        high = unit * POLE["height of the socket"].draw(rng)
        canvas.rectangle(x - 0.8 * width, ground - high, x + 0.8 * width, ground, grey)
    if POLE["a head"].draw(rng):
        wide = max(1.2 * width, 0.1 * unit)
        canvas.ellipse(upper, top, wide, 0.16 * unit, grey - 10)
        canvas.ellipse(upper, top - 0.05 * unit, 0.5 * wide, 0.06 * unit, lit + 40)


def signpost(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A traffic sign, seen from the front, from behind or from the side."""
    post, width = SIGNPOST["grey of the post"].draw(rng), SIGNPOST["width of the post"].draw(rng)
    y = ground - unit * SIGNPOST["height"].draw(rng)
    canvas.line([(x, ground), (x, y - 0.2 * unit)], post, width * unit)
    w = unit * SIGNPOST["half width of the plate"].draw(rng)
    h = unit * SIGNPOST["half height of the plate"].draw(rng)
    plate, rim = SIGNPOST["grey of the plate"].draw(rng), SIGNPOST["grey of the rim"].draw(rng)
    shape = SIGNPOST["shape"].draw(rng)
    back = SIGNPOST["its back"].draw(rng)
    for size, grey in ((1.0, plate if back else rim), (0.75, plate)):
        if shape == "round":
            canvas.ellipse(x, y, size * w, size * w, grey)
        elif shape == "triangle":
            low = y + 0.6 * size * w
            canvas.polygon([(x - size * w, low), (x + size * w, low), (x, y - size * w)], grey)
        else:
            half = 0.12 * w if shape == "edge-on" else size * w
            canvas.rectangle(x - half, y - size * h, x + half, y + size * h, grey)


def hydrant(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A hydrant with its cap and nozzles, or a plain bollard."""
    w, h = unit * HYDRANT["half width"].draw(rng), unit * HYDRANT["height"].draw(rng)
    grey = HYDRANT["grey"].draw(rng)
    canvas.rectangle(x - w, ground - h, x + w, ground, grey)
    canvas.rectangle(x + 0.4 * w, ground - h, x + w, ground, 0.7 * grey)
    canvas.ellipse(x, ground - h, w, 0.6 * w, grey)
    if HYDRANT["head and nozzles"].draw(rng):
        canvas.rectangle(x - 1.3 * w, ground - h, x + 1.3 * w, ground - h + 0.06 * unit, grey)
        canvas.rectangle(x - 1.6 * w, ground - 0.7 * h, x + 1.6 * w, ground - 0.5 * h, 0.85 * grey)
        canvas.ellipse(x, ground - 0.6 * h, 0.5 * w, 0.5 * w, 0.6 * grey)


def litter_bin(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A litter bin, or any box that stands at the kerb."""
    w, h = unit * BIN["half width"].draw(rng), unit * BIN["height"].draw(rng)
    grey = BIN["grey"].draw(rng)
    canvas.rectangle(x - w, ground - h, x + w, ground, grey)
    lit = grey + BIN["lit side, brighter by"].draw(rng)
    canvas.rectangle(x - w, ground - h, x - 0.4 * w, ground, lit)
    lid = grey + BIN["lid, brighter by"].draw(rng)
    canvas.rectangle(x - 1.1 * w, ground - h, x + 1.1 * w, ground - 0.85 * h, lid)


def wire(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A wire or a chain across the whole picture; if it did not fall, it would be lowest at x."""
    width, grey, above, falls, sags = draw_table(WIRE, rng).values()
    y = ground - unit * above
    half = 0.5 * canvas.width
    points = [(x + t * half, y + falls * t * half - sags * unit * t * t)
              for t in (-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2)]  # fmt: skip
    canvas.line(points, grey, max(0.35, width * unit))


def wheel(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A loose wheel, a tyre, a barrel's end, a round sign: anything like a wheel."""
    r = unit * WHEEL["radius"].draw(rng)
    y = ground - r * WHEEL["height of the middle"].draw(rng)
    canvas.ellipse(x, y, r, r, WHEEL["grey of the tyre"].draw(rng))
    canvas.ellipse(x, y, r * 0.65, r * 0.65, WHEEL["grey of the rim"].draw(rng))
    if WHEEL["a hub"].draw(rng):
        canvas.ellipse(x, y, r * 0.3, r * 0.3, WHEEL["grey of the hub"].draw(rng))


def bicycle(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A bicycle, or (heavier) a motorcycle, sometimes with its rider."""
    r, grey = 0.34 * unit, BICYCLE["grey"].draw(rng)
    heavy = BICYCLE["a motorcycle"].draw(rng)
    thick = unit * (0.14 if heavy else 0.05)
    d = 0.55 * unit
    for side in (-1, 1):
        canvas.ring(x + side * d, ground - r, r, r, grey, thick)
        if heavy:
            rim = BICYCLE["grey of a motorcycle's rim"].draw(rng)
            canvas.ellipse(x + side * d, ground - r, 0.3 * r, 0.3 * r, rim)
    seat, bars = (x - 0.3 * unit, ground - 0.9 * unit), (x + 0.4 * unit, ground - 1.0 * unit)
    hub, pedal = (x - d, ground - r), (x, ground - r)
    frame = [hub, seat, (x + 0.33 * unit, ground - 0.8 * unit), pedal, hub]
    canvas.line(frame, grey, thick)
    canvas.line([(x + d, ground - r), bars], grey, thick)
    if heavy:
        tank = [seat, (x + 0.3 * unit, seat[1] + 0.05 * unit),
                (x + 0.2 * unit, ground - 0.3 * unit),
                (x - 0.25 * unit, ground - 0.3 * unit)]  # fmt: skip
        canvas.polygon(smooth(tank, 1, closed=True), BICYCLE["grey of the tank"].draw(rng))
    if BICYCLE["a rider"].draw(rng):
        coat = BICYCLE["grey of the rider's coat"].draw(rng)
        back = (x + 0.15 * unit, ground - 1.55 * unit)
        canvas.line([seat, back], coat, 0.3 * unit)
        canvas.line([back, bars], coat, 0.12 * unit)
        canvas.line([seat, (x + 0.1 * unit, ground - 0.6 * unit), pedal], grey, 0.15 * unit)
        head = BICYCLE["grey of the rider's head"].draw(rng)
        canvas.ellipse(back[0], back[1] - 0.2 * unit, 0.11 * unit, 0.14 * unit, head)


def sign(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A board on posts, with something written on it."""
    w, h = unit * SIGN["half width"].draw(rng), unit * SIGN["height of the board"].draw(rng)
    base = ground - unit * SIGN["height of the posts"].draw(rng)
    post = SIGN["grey of the posts"].draw(rng)
    for px in (x - 0.7 * w, x + 0.7 * w) if w > 0.7 * unit else (x,):
        canvas.rectangle(px - 0.04 * unit, base, px + 0.04 * unit, ground, post)
    face = SIGN["grey of the board"].draw(rng)
    canvas.rectangle(x - w, base - h, x + w, base, face)
    ink = 30 if face > 128 else 225
    y = base - 0.8 * h
    while y < base - 0.15 * h:
        end = x + w * SIGN["end of a line"].draw(rng)
        canvas.line([(x - 0.8 * w, y), (end, y)], ink, 0.08 * unit)
        y += 0.22 * h + 0.5


def fence(canvas: Canvas, rng: Generator, ground: float, unit: float) -> None:
    """Posts and rails, or pickets, across the whole picture."""
    high, grey = unit * FENCE["height"].draw(rng), FENCE["grey"].draw(rng)
    steps = [FENCE["step of pickets"].draw(rng), FENCE["step of posts"].draw(rng)]
    step = unit * rng.choice(steps)
    x = -rng.uniform(0, step)
    while x < canvas.width:
        canvas.line([(x, ground), (x, ground - high)], grey, 0.06 * unit)
        x += step
    for k in range(FENCE["rails"].draw(rng)):
        y = ground - high * (1 - 0.3 * k)
        canvas.line([(0, y), (canvas.width, y)], grey - 10, 0.06 * unit)


#: Things that stand on one spot, for choosing one by lot.
STANDING = (pole, person, wheel, bicycle, sign, signpost, hydrant, litter_bin)
