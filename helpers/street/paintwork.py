"""Painting one car on a canvas, from its shadow on the ground to the spokes of its rims."""

import math

import numpy as np
from numpy.random import Generator

from helpers.street.canvas import Canvas, Point, smooth, to_image
from helpers.street.cars import DETAILED, Car
from helpers.street.glass import draw_windows, window_span
from helpers.street.light import Light
from helpers.street.projection import Place, mapped, side_view
from helpers.street.textures import fine_noise, noise


def draw_car(
    canvas: Canvas,
    rng: Generator,
    car: Car,
    light: Light,
    *,
    centre: float,
    ground: float,
    length: float,
    faces_left: bool,
    tilt: float = 0.0,
) -> None:
    """Paint ``car`` with its wheels on y = ``ground``, ``length`` pixels long.

    ``centre`` is the x of its middle, ``tilt`` the slope of the road (rise over run).
    """
    place = side_view(centre, ground, length, faces_left, tilt, car.yaw)
    whole, reach = canvas, 0.62 * length
    canvas = whole.part(
        centre - reach, ground - 1.15 * car.height * length, centre + reach, ground + 0.1 * length
    )
    if canvas is None:
        return
    _shadow(canvas, car, light, place, length, rng)
    outline = body_outline(car)
    _body(canvas, rng, car, light, place, outline, ground, length)
    _fittings(canvas, rng, car, place, length)
    draw_windows(canvas, rng, car, light, place, length)
    if not light.flat:
        _contour_light(canvas, car, light, place, outline)
    for u in car.wheels:
        _wheel(canvas, rng, car, place, u)
    whole.put(canvas)


def body_outline(car: Car) -> list[Point]:
    """Return the closed outline of the body in car coordinates (u, v)."""
    nose = [(0.012, car.sill + 0.015), (0.0, 0.085), (0.002, 0.135)]
    tail = [(0.998, 0.150), (1.0, 0.090), (0.985, car.sill + 0.022)]
    upper = smooth([*nose, *car.roof, *tail], car.roundness)
    return [(0.03, car.sill), *upper, (0.96, car.sill)]


def _shadow(
    canvas: Canvas, car: Car, light: Light, place: Place, length: float, rng: Generator
) -> None:
    reach = light.side * light.strength * rng.uniform(0.0, 0.06)
    depth = rng.uniform(-0.005, 0.03)
    soft = [(0.04 + reach, 0.03), (0.06, 0.06), (0.94, 0.06), (0.96 + reach, 0.03),
            (0.93 + reach, -depth), (0.07 + reach, -depth)]  # fmt: skip
    canvas.paint(canvas.mask(mapped(place, soft), blur=0.012 * length), 12, light.shadow)
    u1, u2 = car.wheels
    under = [(u1 - 0.04, car.sill + 0.02), (u2 + 0.04, car.sill + 0.02), (u2, 0.002), (u1, 0.002)]
    canvas.paint(canvas.mask(mapped(place, under)), 10, 0.6 + 0.4 * light.shadow)


def _body(
    canvas: Canvas,
    rng: Generator,
    car: Car,
    light: Light,
    place: Place,
    outline: list[Point],
    ground: float,
    length: float,
) -> None:
    """Fill the silhouette with paint that reflects sky above and ground below."""
    v = (ground - canvas.rows()) / length
    shade = _paint(rng, car, light, v)[:, None]
    inside = canvas.mask(mapped(place, outline))
    if light.flat or length < DETAILED:
        flat = np.full_like(shade, car.paint)
        shade = np.broadcast_to(flat if light.flat else shade, canvas.size[::-1])
        canvas.paint(inside, to_image(shade))
        return
    dirt = noise(rng, (len(canvas.columns()), 1), 0.25 * length * canvas.scale, 2)
    shade = shade * (1 + 0.05 * dirt) + 6 * car.gloss * dirt
    # What stands across the road is mirrored in the doors, drawn out along the body.
    mirrored = fine_noise(canvas, rng, 0.035 * length, 3, stretch=6)
    mirrored = np.repeat(np.repeat(mirrored, 2, axis=0), 2, axis=1)
    shade = shade + rng.uniform(2, 10) * car.gloss * mirrored[: len(v), : shade.shape[1]]
    # Dust and mud, most of it low down.
    mud = light.dirt * rng.uniform(0, 0.6) * np.clip(1.2 - v / 0.15, 0, 1)[:, None]
    shade = shade + mud * (120 + 25 * dirt - shade)
    # The far end of a car that is turned a little towards the viewer catches other light.
    x_front, x_rear = place(0, 0)[0], place(1, 0)[0]
    along = (canvas.columns() - x_front) / (x_rear - x_front)
    bulge = np.interp(along, [0, 0.07, 0.93, 1], [rng.uniform(-45, 20), 0, 0, rng.uniform(-45, 20)])
    canvas.paint(inside, to_image(shade + bulge[None, :]))


def _paint(rng: Generator, car: Car, light: Light, v: np.ndarray) -> np.ndarray:
    """Return the grey of the body at each height ``v``: dark sill, bright shoulder, bright roof."""
    shoulder = car.belt - rng.uniform(0.005, 0.02)
    crease = rng.uniform(0.12, 0.155)
    glow = car.gloss * (0.5 + 0.5 * light.strength)
    side = rng.uniform(0.75, 1.1)
    base = car.paint
    knots = [
        (0.00, 0.30 * base * car.two_tone),
        (car.sill + 0.005, 0.50 * base * car.two_tone),
        (crease - 0.03, rng.uniform(0.6, 1.0) * side * base * car.two_tone),
        (crease - 0.004, rng.uniform(0.75, 1.0) * side * base * car.two_tone),
        (crease + 0.004, rng.uniform(0.85, 1.1) * side * base),
        (shoulder - 0.02, side * base),
        (shoulder, side * base + 45 * glow),
        (shoulder + 0.02, base + 75 * glow),
        (car.height - 0.02, 0.95 * base + 25 * glow),
        (car.height, base + 90 * glow),
    ]
    return np.interp(v, [k for k, _ in knots], [g for _, g in knots])


def _fittings(canvas: Canvas, rng: Generator, car: Car, place: Place, length: float) -> None:
    """Bumpers, lamps, rubbing strip, door gaps and handles."""
    dark = 0.45 * car.paint
    if car.bumper is not None:
        top, low = rng.uniform(0.115, 0.135), rng.uniform(0.075, 0.09)
        for u1, u2 in ((-0.004, 0.085), (1.004, 0.915)):
            nose = u1 + 0.2 * (u2 - u1)
            box = [(nose, low), (u1, low + 0.012), (u1, top - 0.006), (nose, top), (u2, top),
                   (u2, low)]  # fmt: skip
            canvas.polygon(mapped(place, box), car.bumper)
    else:
        for u1, u2 in ((0.0, 0.10), (0.90, 1.0)):
            canvas.line(mapped(place, [(u1, 0.125), (u2, 0.12)]), dark, 0.5)
    if car.moulding is not None:
        v = rng.uniform(0.105, 0.135)
        canvas.line(
            mapped(place, [(0.02, v), (0.98, v)]), car.moulding, rng.uniform(0.006, 0.016) * length
        )
    lamp = rng.uniform(60, 235)
    front = [(0.004, 0.132), (0.012, 0.158), (0.055, 0.168), (0.065, 0.140)]
    canvas.polygon(mapped(place, front), lamp)
    top = car.roof[-1][1] - 0.01
    rear = [(0.945, top), (0.992, top - 0.005), (0.998, top - 0.05), (0.95, top - 0.05)]
    canvas.polygon(mapped(place, rear), rng.uniform(25, 130))
    if rng.random() < 0.5:
        canvas.polygon(mapped(place, [(0, 0.10), (0, 0.115), (0.03, 0.115), (0.03, 0.10)]), lamp)
    _doors(canvas, rng, car, place, dark)


def _doors(canvas: Canvas, rng: Generator, car: Car, place: Place, dark: float) -> None:
    left, right = window_span(car)
    gaps = [left - 0.005, *(left + t * (right - left) for t in car.pillars[:1]), right - 0.03]
    for k, u in enumerate(gaps):
        lean = rng.uniform(-0.012, 0.012)
        foot = car.sill + 0.012 if k < len(gaps) - 1 else 0.14
        canvas.paint_line(mapped(place, [(u, car.belt), (u + lean, foot)]), dark, 0.5, 0.8)
        if k > 0:
            handle = [(u - 0.045, car.belt - 0.028), (u - 0.015, car.belt - 0.026)]
            canvas.line(mapped(place, handle), rng.choice([20.0, dark, 210.0]), 0.6)


def _contour_light(
    canvas: Canvas, car: Car, light: Light, place: Place, outline: list[Point]
) -> None:
    """A bright rim along bonnet, roof and boot, where the paint mirrors the sky."""
    upper = [(u, v - 0.006) for u, v in outline if v > 0.15]
    grey = min(250.0, car.paint + 50 + 70 * light.strength)
    canvas.paint_line(mapped(place, upper), grey, 0.9, 0.10 + 0.6 * car.gloss)


def _wheel(canvas: Canvas, rng: Generator, car: Car, place: Place, u: float) -> None:
    r = (place(u, 0)[1] - place(u, 2 * car.tyre)[1]) / 2
    narrow = 1.0 - 0.1 * abs(car.yaw) * rng.random()
    x, y = place(u, car.tyre)
    arch = r * rng.uniform(1.10, 1.28)
    canvas.ellipse(x, y - 0.06 * r, arch * narrow, arch, rng.uniform(5, 40))
    tyre_grey = rng.uniform(12, 48)
    canvas.ellipse(x, y, r * narrow, r, tyre_grey)
    rim = r * car.rim
    canvas.ellipse(x, y, rim * narrow, rim, car.rim_grey)
    if car.spokes:
        turn = rng.uniform(0, 2 * math.pi)
        gap = car.rim_grey * rng.uniform(0.15, 0.7)
        for k in range(car.spokes):
            a = turn + 2 * math.pi * k / car.spokes
            canvas.ellipse(
                x + 0.62 * rim * narrow * math.cos(a),
                y + 0.62 * rim * math.sin(a),
                0.9 * rim / car.spokes,
                0.9 * rim / car.spokes,
                gap,
            )
    else:
        canvas.ring(x, y, 0.72 * rim * narrow, 0.72 * rim, car.rim_grey * 0.75, 0.5)
    canvas.ellipse(x, y, 0.22 * rim, 0.22 * rim, car.rim_grey * rng.uniform(0.3, 1.0))
    # The wing shades the upper part of the wheel.
    shade = [(x - r, y - r), (x + r, y - r), (x + r, y - 0.45 * r), (x - r, y - 0.45 * r)]
    canvas.paint_part(shade, 10, rng.uniform(0.15, 0.65))
