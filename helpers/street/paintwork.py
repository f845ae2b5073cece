"""Painting one car on a canvas, from its shadow on the ground to the spokes of its rims."""

import math

import numpy as np
from numpy.random import Generator

from helpers.street.canvas import Canvas, Point, smooth, to_image
from helpers.street.cars import DETAILED, Car
from helpers.street.chance import Chance, Choice, Mixture, OneOf, Uniform, draw_table, sometimes
from helpers.street.glass import draw_windows, window_span
from helpers.street.light import Light
from helpers.street.projection import Place, mapped, side_view
from helpers.street.textures import fine_noise, full_size, noise

# Lengths and heights are fractions of the car's length, greys are 0 to 255.

#: The shadow on the ground.
SHADOW = {
    "reach": Uniform(0.0, 0.06),  # to one side, in full sun from there
    "depth": Uniform(-0.005, 0.03),  # in front of the wheels
    "beside a tyre": Uniform(0.7, 1.5),  # in radii, from its middle: the tyre merges into it
}
#: What is mirrored in the paint, or on it: greys are added, at full gloss; shade and mud hide it.
SHEEN = {
    # "mirrored street" is a deviation. The road is lighter by "mirrored road" and what stands above
    # the horizon darker by as much; below 0 it is the other way round.
    "mirrored street": Mixture(((0.6, Uniform(3, 12)), (0.4, Uniform(12, 26)))),
    "width of what is mirrored for its height": Uniform(2, 7),
    "mirrored road": Mixture(((0.75, Uniform(0, 35)), (0.25, Uniform(-20, 0)))),
    "height of the mirrored horizon": Uniform(0.10, 0.185),
    "ragged horizon": Uniform(0.002, 0.016),  # a deviation of its height
    "soft horizon": Uniform(0.004, 0.035),  # half of its depth
    "dappled shade": sometimes(0.15, Uniform(0.15, 0.5), 0.0),  # the share of the greys it takes
    "mud": Uniform(0.15, 0.8),  # the share of the paint that it hides low down, in full dirt
    "front end": Uniform(-45, 20),
    "rear end": Uniform(-45, 20),
}
#: The paint from the shoulder, an edge below the windows, down to the sill.
PAINT = {
    "shoulder below the belt": Uniform(0.005, 0.02),
    "height of the crease": Uniform(0.12, 0.155),
    "side": Uniform(0.75, 1.1),  # this and the next ones: factors of its grey
    "well below the crease": Uniform(0.6, 1.0),
    "below the crease": Uniform(0.75, 1.0),
    "above the crease": Uniform(0.85, 1.1),
}
#: Sharp lights on the paint: along the shoulder, and where the sun itself is mirrored.
HIGHLIGHTS = {
    "on the shoulder": Chance(0.55),
    "begins": Uniform(0.03, 0.45),
    "ends": Uniform(0.55, 0.97),
    "below the belt": Uniform(0.012, 0.035),
    "width": Uniform(0.004, 0.010),
    "lighter than the paint by": Uniform(40, 130),
    "opacity": Uniform(0.3, 1.0),  # at full gloss
    "glints of the sun": Choice({0: 0.7, 1: 0.2, 2: 0.1}),  # none in a weak sun
    "half height of a glint": Uniform(0.004, 0.013),
}
#: Bumpers, lamps and doors.
FITTINGS = {
    "grey of the gaps": Uniform(0.2, 0.85),  # times the paint's
    "opacity of a gap": Uniform(0.3, 1.0),
    "top of a bumper": Uniform(0.115, 0.135),
    "foot of a bumper": Uniform(0.075, 0.09),
    "height of the rubbing strip": Uniform(0.105, 0.135),
    "width of the rubbing strip": Uniform(0.006, 0.016),
    "grey of the head lamp": Uniform(60, 235),
    "grey of the rear lamp": Uniform(25, 130),
    "lamp in the bumper": Chance(0.5),
    "lean of a door gap": Uniform(-0.012, 0.012),
    "grey of a handle": OneOf((20.0, None, 210.0)),  # None is the door gap's
}
#: A wheel and its arch.
WHEEL = {
    "foreshortening": Uniform(0, 1),  # tenths of its width, on a car turned by about 12°
    "arch": Uniform(1.04, 1.22),  # times the wheel's radius
    "grey of the arch": Uniform(5, 40),
    "grey of the tyre": Mixture(((0.7, Uniform(10, 45)), (0.3, Uniform(45, 85)))),
    "dish": Uniform(0.55, 1.15),  # the middle of a plain rim, times its grey
    "dish right of the middle": Uniform(-0.25, 0.25),  # in radii of the rim
    "gaps between spokes": Uniform(0.15, 0.7),  # this and the next one: times the rim's grey
    "hub": Uniform(0.3, 1.0),
    "shade of the wing": Uniform(0.15, 0.65),  # how dark it makes the upper part
}


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
    """Paint a car.

    Args:
        canvas, rng, light: as in all of `helpers.street`.
        car: what it looks like.
        centre: x of its middle.
        ground: y of the road under its wheels.
        length: in pixels.
        faces_left: or right.
        tilt: the slope of the road, rise over run.
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
    if not light.flat and length >= DETAILED:
        _highlights(canvas, rng, car, light, place, length)
    draw_windows(canvas, rng, car, light, place, length)
    if not light.flat:
        _contour_light(canvas, car, light, place, outline)
    for u in car.wheels:
        _wheel(canvas, rng, car, place, u)
    whole.put(canvas)


def body_outline(car: Car) -> list[Point]:
    """The closed outline of the body in car coordinates (u, v)."""
    nose = [(0.012, car.sill + 0.015), (0.0, 0.085), (0.002, 0.135)]
    tail = [(0.998, 0.150), (1.0, 0.090), (0.985, car.sill + 0.022)]
    upper = smooth([*nose, *car.roof, *tail], car.roundness)
    return [(0.03, car.sill), *upper, (0.96, car.sill)]


def _shadow(
    canvas: Canvas, car: Car, light: Light, place: Place, length: float, rng: Generator
) -> None:
    reach = light.side * light.strength * SHADOW["reach"].draw(rng)
    depth = SHADOW["depth"].draw(rng)
    soft = [(0.04 + reach, 0.03), (0.06, 0.06), (0.94, 0.06), (0.96 + reach, 0.03),
            (0.93 + reach, -depth), (0.07 + reach, -depth)]  # fmt: skip
    canvas.paint(canvas.mask(mapped(place, soft), blur=0.012 * length), 12, light.shadow)
    u1, u2 = car.wheels
    under = [(u1 - 0.04, car.sill + 0.02), (u2 + 0.04, car.sill + 0.02), (u2, 0.002), (u1, 0.002)]
    near = SHADOW["beside a tyre"].draw(rng) * car.tyre
    foot = [(-1, 0.004), (-0.7, 0.016), (0.7, 0.016), (1, 0.004), (0.5, -0.004), (-0.5, -0.004)]
    feet = [[(u + side * near, v) for side, v in foot] for u in car.wheels]
    below = canvas.mask(*(mapped(place, shape) for shape in (under, *feet)))
    canvas.paint(below, 10, 0.6 + 0.4 * light.shadow)


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
    """Fill the silhouette: paint, what it mirrors, the shade of leaves, mud, and both ends."""
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
    shade = shade + car.gloss * _mirrored(canvas, rng, car, v, length)
    shade = shade * _dapple(canvas, rng, length)
    # Dust and mud, most of it low down.
    mud = light.dirt * SHEEN["mud"].draw(rng) * np.clip(1.2 - v / 0.15, 0, 1)[:, None]
    shade = shade + mud * (120 + 25 * dirt - shade)
    canvas.paint(inside, to_image(shade + _ends(canvas, rng, place)))


def _ends(canvas: Canvas, rng: Generator, place: Place) -> np.ndarray:
    """What front and rear, which are turned away, catch of other light: greys, by column."""
    x_front, x_rear = place(0, 0)[0], place(1, 0)[0]
    along = (canvas.columns() - x_front) / (x_rear - x_front)
    front, rear = SHEEN["front end"].draw(rng), SHEEN["rear end"].draw(rng)
    return np.interp(along, [0, 0.07, 0.93, 1], [front, 0, 0, rear])[None, :]


def _mirrored(canvas: Canvas, rng: Generator, car: Car, v: np.ndarray, length: float) -> np.ndarray:
    """What stands across the road, drawn out along the body; greys to be added at full gloss.

    Mostly, trees and houses are dark above a ragged horizon, and the road is bright below.
    """
    stretch = SHEEN["width of what is mirrored for its height"].draw(rng)
    things = fine_noise(canvas, rng, 0.035 * length, 2, stretch)
    v = v[::2, None]
    skyline = noise(rng, (things.shape[1], 1), 0.05 * length * canvas.scale, 2)
    horizon = SHEEN["height of the mirrored horizon"].draw(rng)
    horizon = horizon + SHEEN["ragged horizon"].draw(rng) * skyline
    below = np.clip((horizon - v) / SHEEN["soft horizon"].draw(rng), -1, 1)
    flank = np.clip((car.belt - v) / 0.03, 0, 1)
    greys = SHEEN["mirrored street"].draw(rng) * things
    return full_size(canvas, greys + SHEEN["mirrored road"].draw(rng) * flank * below)


def _dapple(canvas: Canvas, rng: Generator, length: float) -> np.ndarray | float:
    """The shade of a tree's leaves on the body: a factor of its greys."""
    darkness = SHEEN["dappled shade"].draw(rng)
    if not darkness:
        return 1.0
    leaves = fine_noise(canvas, rng, 0.16 * length, 3, stretch=1.5)
    return full_size(canvas, 1 - darkness * np.clip(0.5 + 2 * leaves, 0, 1))


def _paint(rng: Generator, car: Car, light: Light, v: np.ndarray) -> np.ndarray:
    """The grey of the body at each height `v`: dark sill, bright shoulder, bright roof."""
    drop, crease, side, lowest, below, above = draw_table(PAINT, rng).values()
    shoulder = car.belt - drop
    glow = car.gloss * (0.5 + 0.5 * light.strength)
    base = car.paint
    knots = [
        (0.00, 0.30 * base * car.two_tone),
        (car.sill + 0.005, 0.50 * base * car.two_tone),
        (crease - 0.03, lowest * side * base * car.two_tone),
        (crease - 0.004, below * side * base * car.two_tone),
        (crease + 0.004, above * side * base),
        (shoulder - 0.02, side * base),
        (shoulder, side * base + 45 * glow),
        (shoulder + 0.02, base + 75 * glow),
        (car.height - 0.02, 0.95 * base + 25 * glow),
        (car.height, base + 90 * glow),
    ]
    return np.interp(v, [k for k, _ in knots], [g for _, g in knots])


def _fittings(canvas: Canvas, rng: Generator, car: Car, place: Place, length: float) -> None:
    """Bumpers, lamps, rubbing strip, door gaps and handles."""
    dark = FITTINGS["grey of the gaps"].draw(rng) * car.paint
    if car.bumper is not None:
        top, low = FITTINGS["top of a bumper"].draw(rng), FITTINGS["foot of a bumper"].draw(rng)
        for u1, u2 in ((-0.004, 0.085), (1.004, 0.915)):
            nose = u1 + 0.2 * (u2 - u1)
            box = [(nose, low), (u1, low + 0.012), (u1, top - 0.006), (nose, top), (u2, top),
                   (u2, low)]  # fmt: skip
            canvas.polygon(mapped(place, box), car.bumper)
    else:
        for u1, u2 in ((0.0, 0.10), (0.90, 1.0)):
            canvas.line(mapped(place, [(u1, 0.125), (u2, 0.12)]), dark, 0.5)
    if car.moulding is not None:
        v = FITTINGS["height of the rubbing strip"].draw(rng)
        width = FITTINGS["width of the rubbing strip"].draw(rng) * length
        canvas.line(mapped(place, [(0.02, v), (0.98, v)]), car.moulding, width)
    lamp = FITTINGS["grey of the head lamp"].draw(rng)
    front = [(0.004, 0.132), (0.012, 0.158), (0.055, 0.168), (0.065, 0.140)]
    canvas.polygon(mapped(place, front), lamp)
    top = car.roof[-1][1] - 0.01
    rear = [(0.945, top), (0.992, top - 0.005), (0.998, top - 0.05), (0.95, top - 0.05)]
    canvas.polygon(mapped(place, rear), FITTINGS["grey of the rear lamp"].draw(rng))
    if FITTINGS["lamp in the bumper"].draw(rng):
        canvas.polygon(mapped(place, [(0, 0.10), (0, 0.115), (0.03, 0.115), (0.03, 0.10)]), lamp)
    _doors(canvas, rng, car, place, dark)


def _doors(canvas: Canvas, rng: Generator, car: Car, place: Place, dark: float) -> None:
    left, right = window_span(car)
    gaps = [left - 0.005, *(left + t * (right - left) for t in car.pillars[:1]), right - 0.03]
    for k, u in enumerate(gaps):
        lean = FITTINGS["lean of a door gap"].draw(rng)
        foot = car.sill + 0.012 if k < len(gaps) - 1 else 0.14
        opacity = FITTINGS["opacity of a gap"].draw(rng)
        canvas.paint_line(mapped(place, [(u, car.belt), (u + lean, foot)]), dark, 0.5, opacity)
        if k > 0:
            handle = [(u - 0.045, car.belt - 0.028), (u - 0.015, car.belt - 0.026)]
            grey = FITTINGS["grey of a handle"].draw(rng)
            canvas.line(mapped(place, handle), dark if grey is None else grey, 0.6)


def _highlights(
    canvas: Canvas, rng: Generator, car: Car, light: Light, place: Place, length: float
) -> None:
    """A sharp line of light along a part of the shoulder, and glints of the sun."""
    if HIGHLIGHTS["on the shoulder"].draw(rng):
        ends = HIGHLIGHTS["begins"].draw(rng), HIGHLIGHTS["ends"].draw(rng)
        v = car.belt - HIGHLIGHTS["below the belt"].draw(rng)
        width = HIGHLIGHTS["width"].draw(rng) * length
        grey = car.paint + HIGHLIGHTS["lighter than the paint by"].draw(rng)
        opacity = car.gloss * HIGHLIGHTS["opacity"].draw(rng)
        canvas.paint_line(mapped(place, [(u, v) for u in ends]), grey, width, opacity)
    for _ in range(HIGHLIGHTS["glints of the sun"].draw(rng) if light.strength > 0.4 else 0):
        u, v = car.roof[int(rng.integers(len(car.roof)))]
        r = HIGHLIGHTS["half height of a glint"].draw(rng) * length
        canvas.ellipse(*place(u, v - 0.012), 1.5 * r, r, 255)


def _contour_light(
    canvas: Canvas, car: Car, light: Light, place: Place, outline: list[Point]
) -> None:
    """A bright rim along bonnet, roof and boot, where the paint mirrors the sky."""
    upper = [(u, v - 0.006) for u, v in outline if v > 0.15]
    grey = min(250.0, car.paint + 50 + 70 * light.strength)
    canvas.paint_line(mapped(place, upper), grey, 0.9, 0.10 + 0.6 * car.gloss)


def _wheel(canvas: Canvas, rng: Generator, car: Car, place: Place, u: float) -> None:
    r = (place(u, 0)[1] - place(u, 2 * car.tyre)[1]) / 2
    narrow = 1.0 - 0.1 * abs(car.yaw) * WHEEL["foreshortening"].draw(rng)
    x, y = place(u, car.tyre)
    arch = r * WHEEL["arch"].draw(rng)
    canvas.ellipse(x, y - 0.06 * r, arch * narrow, arch, WHEEL["grey of the arch"].draw(rng))
    canvas.ellipse(x, y, r * narrow, r, WHEEL["grey of the tyre"].draw(rng))
    rim = r * car.rim
    canvas.ellipse(x, y, rim * narrow, rim, car.rim_grey)
    if car.spokes:
        turn = rng.uniform(0, 2 * math.pi)
        gap = car.rim_grey * WHEEL["gaps between spokes"].draw(rng)
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
        right = WHEEL["dish right of the middle"].draw(rng) * rim
        dish = car.rim_grey * WHEEL["dish"].draw(rng)
        canvas.ellipse(x + right * narrow, y, 0.66 * rim * narrow, 0.7 * rim, dish)
        canvas.ring(x, y, 0.72 * rim * narrow, 0.72 * rim, car.rim_grey * 0.75, 0.5)
    canvas.ellipse(x, y, 0.22 * rim, 0.22 * rim, car.rim_grey * WHEEL["hub"].draw(rng))
    # The wing shades the upper part of the wheel.
    shade = [(x - r, y - r), (x + r, y - r), (x + r, y - 0.45 * r), (x - r, y - 0.45 * r)]
    canvas.paint_part(shade, 10, WHEEL["shade of the wing"].draw(rng))
