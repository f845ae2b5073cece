"""Street furniture and passers-by: what stands beside, in front of, or in place of a car."""

from numpy.random import Generator

from helpers.street.canvas import Canvas, smooth

# ``unit`` is everywhere the length of one metre in pixels, ``ground`` the y of the feet.


def pole(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A lamp post, a parking meter's post or a thin trunk, taller than the picture or not."""
    width = unit * (rng.uniform(0.06, 0.25) if rng.random() < 0.8 else rng.uniform(0.25, 0.6))
    grey = rng.uniform(15, 215)
    top = ground - unit * rng.uniform(0.9, 6.0)
    canvas.rectangle(x - width / 2, top, x + width / 2, ground, grey)
    edge = -1 if rng.random() < 0.5 else 1
    canvas.rectangle(
        x + edge * width / 4, top, x + edge * width / 2, ground, grey + rng.uniform(-50, 30)
    )
    if rng.random() < 0.25:  # the head of a parking meter
        canvas.ellipse(x, top, 1.6 * width, 0.16 * unit, grey - 10)


def person(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """Somebody standing or walking."""
    h = unit * rng.uniform(1.55, 1.85)
    stride = unit * rng.uniform(0.02, 0.35)
    w = 0.13 * h
    top, legs, skin = rng.uniform(15, 235), rng.uniform(15, 180), rng.uniform(70, 190)
    hip, shoulder = ground - 0.48 * h, ground - 0.83 * h
    for side in (-1, 1):
        foot = x + side * stride
        canvas.polygon(
            [(x - 0.45 * w, hip), (x + 0.45 * w, hip), (foot + 0.3 * w, ground),
             (foot - 0.3 * w, ground)], legs
        )  # fmt: skip
        canvas.line(
            [(x + side * 0.7 * w, shoulder + 0.03 * h), (x + side * (w + 0.4 * stride), hip)],
            top * rng.uniform(0.7, 1.0), 0.4 * w,
        )  # fmt: skip
    canvas.polygon(
        smooth([(x - 0.8 * w, shoulder), (x + 0.8 * w, shoulder), (x + 0.6 * w, hip),
                (x - 0.6 * w, hip)], 1, closed=True), top
    )  # fmt: skip
    canvas.ellipse(x, ground - 0.92 * h, 0.40 * w, 0.075 * h, skin)
    canvas.ellipse(x, ground - 0.95 * h, 0.42 * w, 0.055 * h, rng.uniform(10, 120))


def wheel(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A loose wheel, a tyre, a barrel's end, a round sign: anything like a wheel."""
    r = unit * rng.uniform(0.2, 0.6)
    y = ground - r * rng.uniform(0.9, 2.0)
    canvas.ellipse(x, y, r, r, rng.uniform(10, 90))
    canvas.ellipse(x, y, r * 0.65, r * 0.65, rng.uniform(60, 240))
    if rng.random() < 0.5:
        canvas.ellipse(x, y, r * 0.3, r * 0.3, rng.uniform(10, 120))


def bicycle(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A bicycle, or (heavier) a motorcycle, sometimes with its rider."""
    r, grey = 0.34 * unit, rng.uniform(10, 90)
    heavy = rng.random() < 0.3
    thick = unit * (0.14 if heavy else 0.05)
    d = 0.55 * unit
    for side in (-1, 1):
        canvas.ring(x + side * d, ground - r, r, r, grey, thick)
        if heavy:
            canvas.ellipse(x + side * d, ground - r, 0.3 * r, 0.3 * r, rng.uniform(60, 200))
    seat, bars = (x - 0.3 * unit, ground - 0.9 * unit), (x + 0.4 * unit, ground - 1.0 * unit)
    hub, pedal = (x - d, ground - r), (x, ground - r)
    frame = [hub, seat, (x + 0.33 * unit, ground - 0.8 * unit), pedal, hub]
    canvas.line(frame, grey, thick)
    canvas.line([(x + d, ground - r), bars], grey, thick)
    if heavy:
        tank = [seat, (x + 0.3 * unit, seat[1] + 0.05 * unit),
                (x + 0.2 * unit, ground - 0.3 * unit),
                (x - 0.25 * unit, ground - 0.3 * unit)]  # fmt: skip
        canvas.polygon(smooth(tank, 1, closed=True), rng.uniform(20, 200))
    if rng.random() < 0.5:
        coat = rng.uniform(20, 230)
        back = (x + 0.15 * unit, ground - 1.55 * unit)
        canvas.line([seat, back], coat, 0.3 * unit)
        canvas.line([back, bars], coat, 0.12 * unit)
        canvas.line([seat, (x + 0.1 * unit, ground - 0.6 * unit), pedal], grey, 0.15 * unit)
        canvas.ellipse(
            back[0], back[1] - 0.2 * unit, 0.11 * unit, 0.14 * unit, rng.uniform(60, 190)
        )


def sign(canvas: Canvas, rng: Generator, x: float, ground: float, unit: float) -> None:
    """A board on posts, with something written on it."""
    w, h = unit * rng.uniform(0.25, 1.6), unit * rng.uniform(0.25, 0.8)
    base = ground - unit * rng.uniform(0.3, 1.6)
    post = rng.uniform(20, 160)
    for px in (x - 0.7 * w, x + 0.7 * w) if w > 0.7 * unit else (x,):
        canvas.rectangle(px - 0.04 * unit, base, px + 0.04 * unit, ground, post)
    face = rng.uniform(30, 245)
    canvas.rectangle(x - w, base - h, x + w, base, face)
    ink = 30 if face > 128 else 225
    y = base - 0.8 * h
    while y < base - 0.15 * h:
        canvas.line([(x - 0.8 * w, y), (x + w * rng.uniform(0.1, 0.8), y)], ink, 0.08 * unit)
        y += 0.22 * h + 0.5


def fence(canvas: Canvas, rng: Generator, ground: float, unit: float) -> None:
    """Posts and rails, or pickets, across the whole picture."""
    high, grey = unit * rng.uniform(0.5, 1.4), rng.uniform(30, 235)
    step = unit * rng.choice([rng.uniform(0.12, 0.3), rng.uniform(0.8, 2.5)])
    x = -rng.uniform(0, step)
    while x < canvas.width:
        canvas.line([(x, ground), (x, ground - high)], grey, 0.06 * unit)
        x += step
    for k in range(int(rng.integers(1, 4))):
        y = ground - high * (1 - 0.3 * k)
        canvas.line([(0, y), (canvas.width, y)], grey - 10, 0.06 * unit)


#: Things that stand on one spot, for choosing one by lot.
STANDING = (pole, person, wheel, bicycle, sign)
