"""Street furniture and passers-by: what stands beside, in front of, or in place of a car."""

from numpy.random import Generator

from helpers.street.canvas import Canvas, smooth
from helpers.street.chance import Chance, Mixture, Uniform, Whole

# `unit` is everywhere the length of one metre in pixels, `ground` the y of the feet.
# In all tables lengths are in `unit`s, greys from 0 to 255.

#: A lamp post, a parking meter or a thin trunk; one side is lit or in the shade.
POLE = {
    "width": Mixture(((0.8, Uniform(0.06, 0.25)), (0.2, Uniform(0.25, 0.6)))),
    "grey": Uniform(15, 215),
    "height": Uniform(0.9, 6.0),
    "brighter at one side by": Uniform(-50, 30),
    "head of a parking meter": Chance(0.25),
}

#: Somebody; the stride is half the distance between the feet.
PERSON = {
    "height": Uniform(1.55, 1.85),
    "stride": Uniform(0.02, 0.35),
    "grey of the coat": Uniform(15, 235),
    "grey of the legs": Uniform(15, 180),
    "grey of the skin": Uniform(70, 190),
    "grey of an arm, as a factor of the coat's": Uniform(0.7, 1.0),
    "grey of the hair": Uniform(10, 120),
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
    canvas.rectangle(x - width / 2, top, x + width / 2, ground, grey)
    edge = -1 if rng.random() < 0.5 else 1
    lit = grey + POLE["brighter at one side by"].draw(rng)
    canvas.rectangle(x + edge * width / 4, top, x + edge * width / 2, ground, lit)
    if POLE["head of a parking meter"].draw(rng):
        canvas.ellipse(x, top, 1.6 * width, 0.16 * unit, grey - 10)


def person(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """Somebody standing or walking."""
    h = unit * PERSON["height"].draw(rng)
    stride = unit * PERSON["stride"].draw(rng)
    w = 0.13 * h
    coat = PERSON["grey of the coat"].draw(rng)
    legs, skin = PERSON["grey of the legs"].draw(rng), PERSON["grey of the skin"].draw(rng)
    hip, shoulder = ground - 0.48 * h, ground - 0.83 * h
    for side in (-1, 1):
        foot = x + side * stride
        canvas.polygon(
            [(x - 0.45 * w, hip), (x + 0.45 * w, hip), (foot + 0.3 * w, ground),
             (foot - 0.3 * w, ground)], legs
        )  # fmt: skip
        canvas.line(
            [(x + side * 0.7 * w, shoulder + 0.03 * h), (x + side * (w + 0.4 * stride), hip)],
            coat * PERSON["grey of an arm, as a factor of the coat's"].draw(rng), 0.4 * w,
        )  # fmt: skip
    canvas.polygon(
        smooth([(x - 0.8 * w, shoulder), (x + 0.8 * w, shoulder), (x + 0.6 * w, hip),
                (x - 0.6 * w, hip)], 1, closed=True), coat
    )  # fmt: skip
    canvas.ellipse(x, ground - 0.92 * h, 0.40 * w, 0.075 * h, skin)
    hair = PERSON["grey of the hair"].draw(rng)
    canvas.ellipse(x, ground - 0.95 * h, 0.42 * w, 0.055 * h, hair)


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
STANDING = (pole, person, wheel, bicycle, sign)
