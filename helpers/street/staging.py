"""How a car stands: its size and place in a crop, the street around it, which way it faces."""

import numpy as np
from numpy.random import Generator

from helpers.street.canvas import Canvas
from helpers.street.cars import sample_car
from helpers.street.chance import Chance, Choice, Mixture, Normal, Uniform
from helpers.street.ground import Layout
from helpers.street.light import Light
from helpers.street.paintwork import draw_car
from helpers.street.places import draw_bare, draw_place

WIDTH, HEIGHT = 100, 40  # of a crop and of a box, as in the UIUC set
GROUND = 36.6  # y of the road under the wheels in a crop whose car is centred

#: Parts of the renderer that can be left out, to measure what each is worth.
PARTS = ("shading", "occlusion", "hard negatives", "camera", "places")

#: How a car stands in its crop, and how the crop is shown.
CROP = {
    "length": Normal(86, 4, 76, 97),  # pixels
    # Most are centred well, but annotators erred when a car was hidden or cut.
    "right of the middle": Mixture(((0.88, Normal(0, 2.3, -7, 7)), (0.12, Uniform(-11, 11)))),
    "below the middle": Normal(-0.6, 1.6, -6, 2.5),
    "faces left": Chance(0.5),
    "slope of the road": Normal(0, 0.008, -0.03, 0.03),
    "things in front": Choice({0: 0.62, 1: 0.28, 2: 0.10}),
    "a car beside it": Choice({False: 0.86, True: 0.14}),
    "middle to middle of the car beside it": Uniform(88, 105),  # pixels
    "wheels of the car beside it, below its own": Normal(0, 1),
    "equalised": Choice({True: 0.5, False: 0.5}),
}
#: The street around a car, in metres.
STREET = {
    "kerb behind the wheels": Uniform(0.05, 0.9),
    "open square": Chance(0.15),  # the kerb is farther away
    "kerb behind the wheels, on an open square": Uniform(0.9, 2.2),
    "depth of the pavement": Normal(0, 0.5),  # whatever the sign
}


def item_generator(
    seed: int, what: str, splits: tuple[str, ...], split: str, index: int
) -> Generator:
    """The random generator of one item, independent of every other item's.

    Args:
        seed: of the data set, 0 or more.
        what: "crop" or "scene".
        splits: all there are.
        split: one of them.
        index: of the item in its split, from 0.

    Raises:
        ValueError: for another split, or a negative seed or index.
    """
    if split not in splits:
        raise ValueError(f"split {split!r} is not in {splits}")
    if seed < 0 or index < 0:
        raise ValueError(f"seed and index must not be negative: {seed}, {index}")
    return np.random.default_rng([seed, ("crop", "scene").index(what), splits.index(split), index])


def street_layout(rng: Generator, ground: float, length: float) -> Layout:
    """Lay out a street for a car of `length` pixels whose wheels stand at y = `ground`."""
    unit = length / 4.5
    kerb = ground - unit * STREET["kerb behind the wheels"].draw(rng)
    if STREET["open square"].draw(rng):
        kerb = ground - unit * STREET["kerb behind the wheels, on an open square"].draw(rng)
    far = kerb - unit * abs(STREET["depth of the pavement"].draw(rng))
    return Layout(far, kerb, unit)


def place_car(
    canvas: Canvas, rng: Generator, light: Light, x: float, y: float, length: float
) -> str:
    """Draw any car with its wheels at (x, y), facing left or right.

    Returns:
        Its style, such as "sedan".
    """
    car = sample_car(rng)
    draw_car(
        canvas, rng, car, light, centre=x, ground=y, length=length,
        faces_left=CROP["faces left"].draw(rng), tilt=CROP["slope of the road"].draw(rng),
    )  # fmt: skip
    return car.style


def draw_background(
    canvas: Canvas, rng: Generator, light: Light, layout: Layout, without: frozenset[str]
) -> None:
    """Paint a street for a car, or next to nothing where places are left out."""
    if "places" in without:
        draw_bare(canvas, rng)
    else:
        draw_place(canvas, rng, light, layout)
