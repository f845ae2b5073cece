"""What stands in front of a car: posts, people, trunks, shrubs, small things, nearer cars."""

from numpy.random import Generator

from helpers.street import things
from helpers.street.canvas import Canvas
from helpers.street.cars import sample_car
from helpers.street.chance import Chance, Choice, Uniform
from helpers.street.light import Light
from helpers.street.paintwork import draw_car
from helpers.street.people import person
from helpers.street.plants import shrub, trunk

#: What stands in front of a car.
OCCLUDERS = Choice({
    "nearer car": 0.14, "pole": 0.30, "signpost": 0.06, "person": 0.22, "trunk": 0.12,
    "shrub": 0.07, "bicycle": 0.03, "hydrant": 0.02, "litter_bin": 0.02, "wire": 0.02,
})  # fmt: skip

#: Where it stands, and how large it is beside the car behind.
IN_FRONT = {
    "right of the middle": Uniform(-0.5, 0.5),  # in lengths of the car
    "nearer to the viewer": Uniform(0.1, 0.6),  # in metres at the car, down the picture
    "size of a person": Uniform(0.7, 1.6),  # this and a shrub's: 1 is life-size at the car
    "one of twice the size is lower by": Uniform(0.5, 1.2),  # metres at the car, down the picture
    "a second person": Chance(0.2),
    "from the first to the second": Uniform(-1.2, 1.2),  # metres where they are
    "size of a shrub": Uniform(0.35, 1.0),
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
    """Put something in front of a part of a car, or of the place where one would be.

    Args:
        canvas, rng, light, length: as in all of `helpers.street`.
        x: of the car's middle.
        y: of the road under its wheels.
        by_cars: it may be another car; not in a scene, where that would have to be found as well,
            nor in a crop that shows no car.
    """
    unit = length / 4.5
    px = x + IN_FRONT["right of the middle"].draw(rng) * length
    foot = y + IN_FRONT["nearer to the viewer"].draw(rng) * unit
    kind = (OCCLUDERS if by_cars else OCCLUDERS.without("nearer car")).draw(rng)
    if kind == "nearer car":
        _nearer_car(canvas, rng, light, x, y, length)
    elif kind == "person":
        _people(canvas, rng, px, foot, unit)
    elif kind == "trunk":
        trunk(canvas, rng, px, foot, unit)
    elif kind == "shrub":
        shrub(canvas, rng, light, px, foot, IN_FRONT["size of a shrub"].draw(rng) * unit)
    else:
        getattr(things, kind)(canvas, rng, px, foot, unit)


def _people(canvas: Canvas, rng: Generator, x: float, foot: float, unit: float) -> None:
    """One or two people; the nearer they are, the larger and the lower in the picture."""
    size = IN_FRONT["size of a person"].draw(rng)
    foot += (size - 1) * IN_FRONT["one of twice the size is lower by"].draw(rng) * unit
    person(canvas, rng, x, foot, size * unit)
    if IN_FRONT["a second person"].draw(rng):
        beside = IN_FRONT["from the first to the second"].draw(rng) * size * unit
        person(canvas, rng, x + beside, foot, size * unit)


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
