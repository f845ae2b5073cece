"""What stands in front of a car: posts, people, trunks, shrubs, bicycles, and nearer cars."""

from numpy.random import Generator

from helpers.street import things
from helpers.street.canvas import Canvas
from helpers.street.cars import sample_car
from helpers.street.chance import Chance, Choice, Uniform
from helpers.street.light import Light
from helpers.street.paintwork import draw_car
from helpers.street.plants import shrub, trunk

#: What stands in front of a car.
OCCLUDERS = Choice({
    "nearer car": 0.18, "pole": 0.32, "person": 0.18, "trunk": 0.14, "shrub": 0.10, "bicycle": 0.08,
})  # fmt: skip

#: Where it stands, and how large it is beside the car behind.
IN_FRONT = {
    "right of the middle": Uniform(-0.5, 0.5),  # in lengths of the car
    "nearer to the viewer": Uniform(0.1, 0.6),  # in metres at the car, down the picture
    "size of a person": Uniform(0.6, 1.3),  # 1 is life-size at the car
}

#: A nearer car. Lengths and gaps are in lengths of the car behind.
NEARER_CAR = {
    "length": Uniform(1.05, 1.5),
    "faces left": Chance(0.5),
    "gap to the middle": Uniform(0.18, 0.45),  # from its end to the middle of the car behind
    "nearer to the viewer": Uniform(0.4, 1.0),  # in metres at the car behind, down the picture
}


def occlude(
    canvas: Canvas,
    rng: Generator,
    light: Light,
    x: float,
    y: float,
    length: float,
    by_cars: bool = True,
) -> None:
    """Put something in front of a part of a car.

    Args:
        canvas, rng, light, length: as in all of `helpers.street`.
        x: of the car's middle.
        y: of the road under its wheels.
        by_cars: it may be another car; not in a scene, where that would have to be found as well.
    """
    unit = length / 4.5
    px = x + IN_FRONT["right of the middle"].draw(rng) * length
    foot = y + IN_FRONT["nearer to the viewer"].draw(rng) * unit
    kind = (OCCLUDERS if by_cars else OCCLUDERS.without("nearer car")).draw(rng)
    if kind == "nearer car":
        _nearer_car(canvas, rng, light, x, y, length)
    elif kind == "pole":
        things.pole(canvas, rng, px, foot, unit)
    elif kind == "person":
        things.person(canvas, rng, px, foot, unit * IN_FRONT["size of a person"].draw(rng))
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
    near = length * NEARER_CAR["length"].draw(rng)
    draw_car(
        canvas, rng, sample_car(rng), light, faces_left=NEARER_CAR["faces left"].draw(rng),
        length=near,
        centre=x + side * (near / 2 + NEARER_CAR["gap to the middle"].draw(rng) * length),
        ground=y + NEARER_CAR["nearer to the viewer"].draw(rng) * length / 4.5,
    )  # fmt: skip
