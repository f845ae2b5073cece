"""Whole pictures with the boxes of their cars: some of one size, some of all sizes."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator

from helpers.street.camera import MARGIN, equalised, photograph, sample_camera
from helpers.street.canvas import Canvas
from helpers.street.chance import Choice, Normal, Uniform, Whole
from helpers.street.light import Light, sample_light
from helpers.street.occlusion import occlude
from helpers.street.places import draw_place
from helpers.street.staging import (
    CROP,
    GROUND,
    HEIGHT,
    WIDTH,
    item_generator,
    place_car,
    street_layout,
)

SCENE_SPLITS = ("train", "val", "test", "test-multiscale", "train-multiscale")

#: What a scene with cars of a crop's size looks like.
SCENE = {
    "cars, where there is room": Choice({0: 0.08, 1: 0.58, 2: 0.22, 3: 0.12}),
    "arrangement": Choice({"anywhere": 0.55, "one lane": 0.15, "nearly touching": 0.30}),
    "gap between bumpers": Uniform(1, 9),  # pixels, of cars that nearly touch
    "out of a row that nearly touches": Uniform(-1, 1),  # pixels up or down
    "out of the lane": Normal(0, 1.5),  # the same, of cars in one lane
    "cut by the border": Choice({False: 0.84, True: 0.16}),
    "room beside the cars": Whole(10, 190),  # pixels
    "height": Whole(75, 190),
    "road without cars, from the top": Uniform(0.3, 0.9),  # times the height
    "something in front": Choice({False: 0.85, True: 0.15}),
    "equalised": Choice({False: 0.85, True: 0.15}),
}
#: By how many pixels a box may cross the border sideways, and up or down, in a cut scene.
OVER = (14, 5)

#: What is different in a scene with cars of all sizes. Sizes are widths of the box.
MULTISCALE = {
    "cars, where there is room": Choice({0: 0.04, 1: 0.62, 2: 0.26, 3: 0.08}),
    "doublings": Uniform(0, float(np.log2(215 / 85))),  # size: 85 pixels, doubled so many times
    "eye": Uniform(0.25, 0.6),  # how much lower a car stands for each pixel that it is wider
    "room beside the cars": Whole(10, 120),
    "room above the cars": Whole(5, 70),
    "room below the cars": Whole(3, 45),
}


@dataclass(frozen=True)
class DrawnScene:
    """`image` is uint8 [H, W], `boxes` int64 [M, 4] as (x1, y1, x2, y2)."""

    image: np.ndarray
    boxes: np.ndarray


@dataclass(frozen=True)
class Parked:
    """Where one car stands: its middle and ground in the picture, its box's width."""

    x: float
    y: float
    width: float
    length: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The best window around the car, 0.4 times as high as it is wide."""
        size = self.width / WIDTH
        x1, y1 = round(self.x - self.width / 2), round(self.y - GROUND * size)
        return x1, y1, x1 + round(self.width), y1 + round(HEIGHT * size)


def draw_scene(seed: int, split: str, index: int) -> DrawnScene:
    """Draw one scene.

    Args:
        seed: of the data set, 0 or more.
        split: "val" or "test", with cars of a crop's size, or "train-multiscale" or
            "test-multiscale", of all sizes.
        index: of the scene in its split, from 0.

    Raises:
        ValueError: for an unknown split, or a negative seed or index.
    """
    rng = item_generator(seed, "scene", SCENE_SPLITS, split, index)
    light = sample_light(rng)
    if split.endswith("-multiscale"):
        (width, height), cars = _near_and_far(rng)
    else:
        (width, height), cars = _one_size(rng)
    canvas = Canvas(width + 2 * MARGIN, height + 2 * MARGIN)
    _draw_street(canvas, rng, light, cars)
    image = photograph(rng, sample_camera(rng), canvas.pixels())
    if SCENE["equalised"].draw(rng):
        image = equalised(image)
    return DrawnScene(image, np.array([car.box for car in cars], dtype=np.int64).reshape(-1, 4))


def _draw_street(canvas: Canvas, rng: Generator, light: Light, cars: list[Parked]) -> None:
    """Draw the place for the farthest car, then all cars, the nearest last."""
    if cars:
        farthest = min(cars, key=lambda car: car.y)
        layout = street_layout(rng, MARGIN + farthest.y, farthest.length)
    else:
        road = canvas.height * SCENE["road without cars, from the top"].draw(rng)
        layout = street_layout(rng, road, 86)
    draw_place(canvas, rng, light, layout)
    for car in sorted(cars, key=lambda car: car.y):
        x, y = MARGIN + car.x, MARGIN + car.y
        place_car(canvas, rng, light, x, y, car.length)
        if SCENE["something in front"].draw(rng):
            occlude(canvas, rng, light, x, y, car.length, by_cars=False)


def _one_size(rng: Generator) -> tuple[tuple[int, int], list[Parked]]:
    """Choose the size of a scene (width, height), and where its cars stand."""
    lengths = [
        CROP["length"].draw(rng) for _ in range(SCENE["cars, where there is room"].draw(rng))
    ]
    arrangement = SCENE["arrangement"].draw(rng)
    height = SCENE["height"].draw(rng)
    over_x, over_y = OVER if SCENE["cut by the border"].draw(rng) else (0, 0)
    room = SCENE["room beside the cars"].draw(rng)
    lowest, highest = GROUND - over_y + 0.5, height - HEIGHT + GROUND + over_y - 0.5
    if arrangement == "nearly touching" and len(lengths) > 1:
        steps = [
            (one + other) / 2 + SCENE["gap between bumpers"].draw(rng)
            for one, other in pairwise(lengths)
        ]
        width = round(sum(steps)) + WIDTH + room
        left = WIDTH / 2 - over_x + 0.5
        x = rng.uniform(left, width - left - sum(steps))
        y = rng.uniform(lowest + 1, highest - 1)
        xs = np.cumsum([x, *steps])
        beside = SCENE["out of a row that nearly touches"]
        spots = [(float(x), y + beside.draw(rng)) for x in xs]
        return (width, height), [Parked(*s, WIDTH, n) for s, n in zip(spots, lengths, strict=True)]
    width = max(110, 50 * len(lengths) + 52 + room)
    cars: list[Parked] = []
    for length in lengths:
        for _ in range(200):
            x = rng.uniform(WIDTH / 2 - over_x + 0.5, width - WIDTH / 2 + over_x - 0.5)
            y = rng.uniform(lowest, highest)
            if cars and arrangement == "one lane":
                y = min(max(cars[0].y + SCENE["out of the lane"].draw(rng), lowest), highest)
            if all(abs(x - car.x) > 93 or abs(y - car.y) > 38 for car in cars):
                cars.append(Parked(x, y, WIDTH, length))
                break
    return (width, height), cars


def _near_and_far(rng: Generator) -> tuple[tuple[int, int], list[Parked]]:
    """Choose cars of several sizes: the larger one is nearer, so it stands lower."""
    count = MULTISCALE["cars, where there is room"].draw(rng)
    sizes = [round(85 * 2 ** MULTISCALE["doublings"].draw(rng)) for _ in range(max(count, 1))]
    eye = MULTISCALE["eye"].draw(rng)
    far, near = min(sizes), max(sizes)
    horizon = MULTISCALE["room above the cars"].draw(rng) + 0.4 * near - eye * far
    width = near + MULTISCALE["room beside the cars"].draw(rng) + (60 if count > 1 else 0)
    below = near * (HEIGHT - GROUND) / WIDTH  # of the box, under the wheels
    height = round(horizon + eye * near + below) + MULTISCALE["room below the cars"].draw(rng)
    cars: list[Parked] = []
    for size in sizes[:count]:
        for _ in range(200):
            x = rng.uniform(size / 2 + 0.5, width - size / 2 - 0.5)
            length = CROP["length"].draw(rng) * size / WIDTH
            car = Parked(x, horizon + eye * size, size, length)
            if all(_apart(car, other) for other in cars):
                cars.append(car)
                break
    return (width, height), cars


def _apart(one: Parked, other: Parked) -> bool:
    """Whether two cars hide each other only a little."""
    beside = abs(one.x - other.x) > 0.47 * (one.width + other.width)
    near, far = max(one, other, key=lambda car: car.y), min(one, other, key=lambda car: car.y)
    behind = near.y - far.y > 0.36 * near.width
    return beside or behind
