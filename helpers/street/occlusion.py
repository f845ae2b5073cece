"""What stands in front of a car: posts, people, trunks, shrubs, bicycles, and nearer cars."""

from numpy.random import Generator

from helpers.street import things
from helpers.street.canvas import Canvas
from helpers.street.cars import sample_car
from helpers.street.chance import Choice
from helpers.street.light import Light
from helpers.street.paintwork import draw_car
from helpers.street.plants import shrub, trunk

OCCLUDERS = Choice({
    "nearer car": 0.18, "pole": 0.32, "person": 0.18, "trunk": 0.14, "shrub": 0.10, "bicycle": 0.08,
})  # fmt: skip


def occlude(
    canvas: Canvas,
    rng: Generator,
    light: Light,
    x: float,
    y: float,
    length: float,
    by_cars: bool = True,
) -> None:
    """Put something in front of a part of a car of ``length`` pixels that stands at (x, y).

    In a scene it must not be another car (``by_cars=False``): that would be a target as well.
    """
    unit = length / 4.5
    px = x + rng.uniform(-0.5, 0.5) * length
    foot = y + rng.uniform(0.1, 0.6) * unit
    kind = (OCCLUDERS if by_cars else OCCLUDERS.without("nearer car")).draw(rng)
    if kind == "nearer car":
        _nearer_car(canvas, rng, light, x, y, length)
    elif kind == "pole":
        things.pole(canvas, rng, px, foot, unit)
    elif kind == "person":
        things.person(canvas, rng, px, foot, unit * rng.uniform(0.6, 1.3))
    elif kind == "trunk":
        trunk(canvas, rng, px, foot, unit)
    elif kind == "shrub":
        shrub(canvas, rng, light, px, foot, 0.6 * unit)
    else:
        things.bicycle(canvas, rng, px, foot, unit)


def _nearer_car(
    canvas: Canvas, rng: Generator, light: Light, x: float, y: float, length: float
) -> None:
    side = 1 if rng.random() < 0.5 else -1
    near = length * rng.uniform(1.05, 1.5)
    draw_car(
        canvas, rng, sample_car(rng), light, faces_left=rng.random() < 0.5, length=near,
        centre=x + side * (near / 2 + rng.uniform(0.18, 0.45) * length),
        ground=y + rng.uniform(0.4, 1.0) * length / 4.5,
    )  # fmt: skip
