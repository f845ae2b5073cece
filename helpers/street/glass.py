"""The glass of a car: panes and their frames, pillars, reflections, seats and people behind."""

import numpy as np
from numpy.random import Generator
from PIL import Image

from helpers.street.canvas import Canvas, Point, smooth, to_image
from helpers.street.cars import DETAILED, Car
from helpers.street.light import Light
from helpers.street.projection import Place, mapped
from helpers.street.textures import fine_noise, surface


def window_span(car: Car) -> tuple[float, float]:
    """Return u of the foot of the first and of the last side window."""
    cowl, deck = car.roof[1], car.roof[5]
    return cowl[0] + 0.035, deck[0] - (0.012 if car.style in ("estate", "van") else 0.035)


def draw_windows(
    canvas: Canvas, rng: Generator, car: Car, light: Light, place: Place, length: float
) -> None:
    """Side windows, slivers of the windscreen and the rear window, pillars, people, reflections."""
    _, cowl, roof_front, roof_top, roof_rear, deck, _ = car.roof
    left, right = window_span(car)
    top, belt = roof_top[1] - rng.uniform(0.020, 0.032), car.belt + 0.004
    rail_l = (roof_front[0] + 0.028, min(top, roof_front[1] - 0.016))
    rail_r = (roof_rear[0] - rng.uniform(-0.01, 0.03), min(top, roof_rear[1] - 0.016))
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
    frame = rng.choice([12.0, 0.55 * car.paint, chrome], p=[0.5, 0.3, 0.2])
    trim = rng.uniform(0.012, 0.024) * length
    canvas.paint_line([*areas[0], areas[0][0]], frame, trim, rng.uniform(0.4, 1.0))
    inner = (left, right, belt, top)
    _panes(canvas, rng, car, light, place, length, areas, inner)
    for p in car.pillars:
        u_belt, u_top = left + p * (right - left), rail_l[0] + p * (rail_r[0] - rail_l[0])
        width = rng.uniform(0.012, 0.026) * length if p == car.pillars[0] else 0.011 * length
        canvas.line(
            mapped(place, [(u_belt, belt - 0.004), (u_top, top + 0.008)]), car.pillar_grey, width
        )
    if rng.random() < 0.7:  # door mirror
        x, y = place(left + 0.035, belt + 0.012)
        grey = rng.choice([15.0, car.paint])
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
    tone = car.glass + rng.uniform(-25, 45) * t
    mirrored = fine_noise(canvas, rng, 0.06 * length, 2, stretch=1.5)
    tinted = surface(canvas, tone[::2] + rng.uniform(2, 22) * mirrored)
    canvas.paint(glass, tinted, 1 - car.see_through)
    _interior(canvas, rng, car, place, inner, length)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.5, 0.35, 0.15]))):  # the sky mirrored in a pane
        u = rng.uniform(left, right)
        w = rng.uniform(0.03, 0.12)
        streak = [(u, belt), (u + 0.05, top), (u + w + 0.05, top), (u + w, belt)]
        inside = canvas.mask(mapped(place, streak))
        canvas.paint(_both(inside, glass), rng.uniform(120, 240), rng.uniform(0.2, 0.7))


def _both(first: Image.Image, second: Image.Image) -> Image.Image:
    """Return the overlap of two masks."""
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
        grey = rng.uniform(5, 60)
        if rng.random() < 0.6:
            seat = [(u - 0.012, belt), (u, belt + 0.6 * high), (u + 0.025, belt + 0.6 * high),
                    (u + 0.03, belt)]  # fmt: skip
            canvas.polygon(mapped(place, seat), grey)
        if k < car.people:
            x, y = place(u - 0.03, belt + 0.5 * high)
            canvas.ellipse(x, y, 0.016 * length, 0.021 * length, rng.uniform(20, 170))
            canvas.polygon(
                mapped(place, [(u - 0.06, belt), (u - 0.035, belt + 0.3 * high), (u, belt)]),
                rng.uniform(10, 150),
            )
