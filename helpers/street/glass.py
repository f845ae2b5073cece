"""The glass of a car: panes and their frames, pillars, reflections, seats and people behind."""

import numpy as np
from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas, Point, smooth, to_image
from helpers.street.cars import DETAILED, Car
from helpers.street.chance import Chance, Choice, Mixture, OneOf, Uniform, sometimes
from helpers.street.light import Light
from helpers.street.projection import Place, mapped
from helpers.street.textures import fine_noise, surface

# Lengths are fractions of the car's length, greys are 0 to 255.

#: The frame around the side windows, their pillars, and the mirror at the door.
FRAME = {
    "roof above the glass": Uniform(0.020, 0.032),
    "glass ends before the roof": Uniform(-0.01, 0.03),
    "colour": Choice({"black": 0.5, "paint": 0.3, "chrome": 0.2}),
    "width": Uniform(0.012, 0.024),
    "opacity": Uniform(0.4, 1.0),
    "width of the first pillar": Uniform(0.012, 0.026),
    "door mirror": Chance(0.7),
    "colour of the mirror": OneOf(("black", "paint")),
}
#: What is mirrored in the glass: streaks are pieces of the sky.
REFLECTIONS = {
    "lighter at the belt": Uniform(-25, 45),  # by how many greys
    "street": Mixture(((0.6, Uniform(4, 22)), (0.4, Uniform(22, 45)))),  # a deviation of the grey
    "sky above trees": sometimes(0.45, Uniform(20, 110), 0.0),  # lighter than the trees by
    "tops of the trees": Uniform(0.15, 0.85),  # from the roof, 0, to the belt, 1
    "ragged tops": Uniform(0.05, 0.35),  # a deviation, in the same measure
    "streaks": Choice({0: 0.5, 1: 0.35, 2: 0.15}),
    "width of a streak": Uniform(0.03, 0.12),
    "grey of a streak": Uniform(120, 240),
    "opacity of a streak": Uniform(0.2, 0.7),
}
#: What is seen through the glass.
INTERIOR = {
    "grey of a seat": Uniform(5, 60),
    "seat above the belt": Chance(0.6),
    "grey of a head": Uniform(20, 170),
    "grey of the clothes": Uniform(10, 150),
}


def window_span(car: Car) -> tuple[float, float]:
    """U of the foot of the first and of the last side window."""
    cowl, deck = car.roof[1], car.roof[5]
    return cowl[0] + 0.035, deck[0] - (0.012 if car.style in ("estate", "van") else 0.035)


def draw_windows(
    canvas: Canvas, rng: Generator, car: Car, light: Light, place: Place, length: float
) -> None:
    """Side windows, slivers of the windscreen and the rear window, pillars, people, reflections."""
    _, cowl, roof_front, roof_top, roof_rear, deck, _ = car.roof
    left, right = window_span(car)
    top, belt = roof_top[1] - FRAME["roof above the glass"].draw(rng), car.belt + 0.004
    rail_l = (roof_front[0] + 0.028, min(top, roof_front[1] - 0.016))
    end = roof_rear[0] - FRAME["glass ends before the roof"].draw(rng)
    rail_r = (end, min(top, roof_rear[1] - 0.016))
    side = [(left, belt), rail_l, (0.5 * (rail_l[0] + rail_r[0]), top), rail_r, (right, belt)]
    panes = [smooth(side, 1, closed=True) if car.roundness > 1 else side]
    if car.yaw > -0.4:
        panes.append(
            [(cowl[0] + 0.006, cowl[1]), (roof_front[0] + 0.004, roof_front[1] - 0.008),
             (rail_l[0] - 0.014, rail_l[1]), (left - 0.014, belt)]
        )  # fmt: skip
    if car.yaw < 0.4 and car.style != "pick-up":
        panes.append(
            [(deck[0] - 0.004, deck[1]), (roof_rear[0] + 0.004, roof_rear[1] - 0.01),
             (rail_r[0] + 0.012, rail_r[1]), (right + 0.016, belt)]
        )  # fmt: skip
    areas = [mapped(place, pane) for pane in panes]
    chrome = min(245.0, 1.5 * car.paint + 30)
    greys = {"black": 12.0, "paint": 0.55 * car.paint, "chrome": chrome}
    grey, trim = greys[FRAME["colour"].draw(rng)], FRAME["width"].draw(rng) * length
    canvas.paint_line([*areas[0], areas[0][0]], grey, trim, FRAME["opacity"].draw(rng))
    inner = (left, right, belt, top)
    _panes(canvas, rng, car, light, place, length, areas, inner)
    for p in car.pillars:
        u_belt, u_top = left + p * (right - left), rail_l[0] + p * (rail_r[0] - rail_l[0])
        first = p == car.pillars[0]
        width = (FRAME["width of the first pillar"].draw(rng) if first else 0.011) * length
        canvas.line(
            mapped(place, [(u_belt, belt - 0.004), (u_top, top + 0.008)]), car.pillar_grey, width
        )
    if FRAME["door mirror"].draw(rng):
        x, y = place(left + 0.035, belt + 0.012)
        grey = {"black": 15.0, "paint": car.paint}[FRAME["colour of the mirror"].draw(rng)]
        canvas.ellipse(x, y, 0.014 * length, 0.012 * length, grey)


def _panes(
    canvas: Canvas, rng: Generator, car: Car, light: Light, place: Place, length: float,
    areas: list[list[Point]], inner: tuple[float, float, float, float],
) -> None:  # fmt: skip
    """Tinted glass, what is seen through it, and what is mirrored in it."""
    left, right, belt, top = inner
    glass = canvas.mask(*areas)
    if light.flat or length < DETAILED:
        canvas.paint(glass, car.glass, 1.0 if light.flat else 1 - car.see_through)
        return
    y_top, y_belt = place(0.5, top)[1], place(0.5, belt)[1]
    t = np.clip((canvas.rows() - y_top) / (y_belt - y_top), 0, 1)[:, None]
    tone = car.glass + REFLECTIONS["lighter at the belt"].draw(rng) * t
    mirrored = fine_noise(canvas, rng, 0.05 * length, 2, stretch=1.5)
    tops = REFLECTIONS["tops of the trees"].draw(rng)
    tops = tops + REFLECTIONS["ragged tops"].draw(rng) * mirrored
    above = REFLECTIONS["sky above trees"].draw(rng) * np.clip((tops - t[::2]) / 0.12, 0, 1)
    tinted = surface(canvas, tone[::2] + above + REFLECTIONS["street"].draw(rng) * mirrored)
    canvas.paint(glass, tinted, 1 - car.see_through)
    _interior(canvas, rng, car, place, inner, length)
    for _ in range(REFLECTIONS["streaks"].draw(rng)):
        u = rng.uniform(left, right)
        w = REFLECTIONS["width of a streak"].draw(rng)
        streak = [(u, belt), (u + 0.05, top), (u + w + 0.05, top), (u + w, belt)]
        inside = canvas.mask(mapped(place, streak))
        grey = REFLECTIONS["grey of a streak"].draw(rng)
        canvas.paint(_both(inside, glass), grey, REFLECTIONS["opacity of a streak"].draw(rng))


def _both(first: Image.Image, second: Image.Image) -> Image.Image:
    """The overlap of two masks."""
    return to_image(np.minimum(np.asarray(first), np.asarray(second)))


def _interior(
    canvas: Canvas,
    rng: Generator,
    car: Car,
    place: Place,
    frame: tuple[float, float, float, float],
    length: float,
) -> None:
    """Seat backs and people, seen through the glass as dark or light shapes."""
    left, right, belt, top = frame
    high = top - belt
    for k, share in enumerate((0.40, 0.74)):
        u = left + share * (right - left)
        if u > right - 0.04:
            continue
        grey = INTERIOR["grey of a seat"].draw(rng)
        if INTERIOR["seat above the belt"].draw(rng):
            seat = [(u - 0.012, belt), (u, belt + 0.6 * high), (u + 0.025, belt + 0.6 * high),
                    (u + 0.03, belt)]  # fmt: skip
            canvas.polygon(mapped(place, seat), grey)
        if k < car.people:
            x, y = place(u - 0.03, belt + 0.5 * high)
            head = INTERIOR["grey of a head"].draw(rng)
            canvas.ellipse(x, y, 0.016 * length, 0.021 * length, head)
            shoulders = [(u - 0.06, belt), (u - 0.035, belt + 0.3 * high), (u, belt)]
            canvas.polygon(mapped(place, shoulders), INTERIOR["grey of the clothes"].draw(rng))
