"""Whole pictures: scenes with cars and their boxes, and crops with a car or without one."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from helpers.street import things
from helpers.street.camera import MARGIN, photograph, sample_camera
from helpers.street.canvas import Canvas, smooth
from helpers.street.cars import Car, sample_car
from helpers.street.light import Light, sample_light
from helpers.street.paintwork import draw_car
from helpers.street.places import BACKDROPS, Layout, draw_foreground, draw_place
from helpers.street.textures import fine_noise, foliage, mottled, sky, surface

WIDTH, HEIGHT = 100, 40  # of a crop and of a box, as in the UIUC set
GROUND = 36.6  # y of the road under the wheels in a crop whose car is centred
SPLITS = ("train", "val", "test")

#: What a crop without a car shows, and how often.
NEGATIVES = {
    "shifted car": 0.15, "cut car": 0.09, "wrong size": 0.10,
    "wall": 0.06, "house": 0.09, "hedge": 0.06, "trees": 0.10, "lot": 0.08, "open": 0.06,
    "road": 0.06, "distractors": 0.09, "clutter": 0.06,
}  # fmt: skip


@dataclass(frozen=True)
class DrawnCrop:
    """``image`` is uint8 ``[40, 100]``, ``label`` 1 for a car, ``kind`` the style or the place."""

    image: np.ndarray
    label: int
    kind: str


@dataclass(frozen=True)
class DrawnScene:
    """``image`` is uint8 ``[H, W]``, ``boxes`` int64 ``[M, 4]`` as (x1, y1, x2, y2)."""

    image: np.ndarray
    boxes: np.ndarray


def item_generator(seed: int, what: str, split: str, index: int) -> Generator:
    """Return the generator of one item, independent of every other item's."""
    return np.random.default_rng([seed, ("crop", "scene").index(what), SPLITS.index(split), index])


def draw_crop(seed: int, split: str, index: int) -> DrawnCrop:
    """Draw one crop; those with an even index show a car.

    Raises ValueError for an unknown split or a negative seed or index.
    """
    rng = item_generator(seed, "crop", split, index)
    light = sample_light(rng)
    canvas = Canvas(WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
    if index % 2 == 0:
        kind = _car_crop(canvas, rng, light)
    else:
        kind = str(rng.choice(list(NEGATIVES), p=list(NEGATIVES.values())))
        _background_crop(canvas, rng, light, kind)
    image = photograph(rng, sample_camera(rng), canvas.pixels())
    return DrawnCrop(image, int(index % 2 == 0), kind)


def _street_layout(rng: Generator, ground: float, length: float) -> Layout:
    """Lay out a street for a car of ``length`` pixels whose wheels stand at y = ``ground``."""
    unit = length / 4.5
    kerb = ground - unit * rng.uniform(0.05, 0.9)
    if rng.random() < 0.15:  # the car stands on a wide, open square
        kerb = ground - unit * rng.uniform(0.9, 2.2)
    far = kerb - unit * abs(rng.normal(0, 0.5))
    return Layout(far, kerb, unit)


def _place_car(
    canvas: Canvas, rng: Generator, light: Light, car: Car, x: float, y: float, length: float
) -> None:
    draw_car(
        canvas, rng, car, light, centre=x, ground=y, length=length,
        faces_left=rng.random() < 0.5, tilt=rng.normal(0, 0.008),
    )  # fmt: skip


def _car_length(rng: Generator) -> float:
    return float(np.clip(rng.normal(86, 4.0), 76, 97))


def _car_crop(canvas: Canvas, rng: Generator, light: Light) -> str:
    car, length = sample_car(rng), _car_length(rng)
    # Most are centred well, but annotators erred when a car was hidden or cut.
    dx = np.clip(rng.normal(0, 2.3), -7, 7) if rng.random() < 0.88 else rng.uniform(-11, 11)
    x = MARGIN + WIDTH / 2 + float(dx)
    y = MARGIN + GROUND + float(np.clip(rng.normal(-0.6, 1.6), -6, 2.5))
    draw_place(canvas, rng, light, _street_layout(rng, y, length))
    if rng.random() < 0.12:  # another car beside it, its bumper in the crop
        side = 1 if rng.random() < 0.5 else -1
        _place_car(canvas, rng, light, sample_car(rng), x + side * rng.uniform(90, 105),
                   y + rng.normal(0, 1), _car_length(rng))  # fmt: skip
    _place_car(canvas, rng, light, car, x, y, length)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.68, 0.24, 0.08]))):
        occlude(canvas, rng, light, x, y, length)
    return car.style


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

    In a scene it must not be another car (``by_cars=False``): that would be a target as well.
    """
    unit = length / 4.5
    px = x + rng.uniform(-0.5, 0.5) * length
    foot = y + rng.uniform(0.1, 0.6) * unit
    kind = rng.uniform(0.0 if by_cars else 0.18, 1.0)
    if kind < 0.18:  # another car, nearer than this one
        side = 1 if rng.random() < 0.5 else -1
        near = length * rng.uniform(1.05, 1.5)
        draw_car(
            canvas, rng, sample_car(rng), light, faces_left=rng.random() < 0.5, length=near,
            centre=x + side * (near / 2 + rng.uniform(0.18, 0.45) * length),
            ground=y + rng.uniform(0.4, 1.0) * unit,
        )  # fmt: skip
    elif kind < 0.50:
        things.pole(canvas, rng, px, foot, unit)
    elif kind < 0.68:
        things.person(canvas, rng, px, foot, unit * rng.uniform(0.6, 1.3))
    elif kind < 0.82:
        things.trunk(canvas, rng, px, foot, unit)
    elif kind < 0.92:
        things.shrub(canvas, rng, light, px, foot, 0.6 * unit)
    else:
        things.bicycle(canvas, rng, px, foot, unit)


def _background_crop(canvas: Canvas, rng: Generator, light: Light, kind: str) -> None:
    middle, ground = MARGIN + WIDTH / 2, MARGIN + GROUND
    if kind in ("shifted car", "cut car", "wrong size"):
        length, dx, dy = _car_length(rng), rng.uniform(-8, 8), rng.uniform(-4, 4)
        if kind == "shifted car":
            dx, dy = _far_shift(rng)
        elif kind == "cut car":
            dx = rng.uniform(48, 92) * (1 if rng.random() < 0.5 else -1)
        else:
            factor = rng.uniform(0.3, 0.58) if rng.random() < 0.5 else rng.uniform(1.6, 2.6)
            length *= factor
            dx = rng.uniform(-0.5, 0.5) * abs(length - 86)
            dy = rng.uniform(-20, 4) if factor < 1 else rng.uniform(-8, 30)
        x, y = middle + dx, ground + dy
        draw_place(canvas, rng, light, _street_layout(rng, y, length))
        _place_car(canvas, rng, light, sample_car(rng), x, y, length)
        if kind == "cut car" and rng.random() < 0.4:  # the gap between two parked cars
            gap = x - np.sign(dx) * rng.uniform(1.05, 1.3) * 2 * 48
            _place_car(canvas, rng, light, sample_car(rng), gap, y + rng.normal(0, 1), length)
    elif kind == "clutter":
        _clutter(canvas, rng)
    else:
        unit = 19 * 2 ** rng.uniform(-1.2, 1.3)
        if kind == "road":
            kerb = MARGIN + rng.uniform(-30, 12)
        elif kind == "distractors":
            kerb = MARGIN + rng.uniform(10, 40)
        else:
            kerb = MARGIN + rng.uniform(8, 75)
        layout = Layout(kerb - unit * abs(rng.normal(0, 0.8)), kerb, unit)
        draw_place(canvas, rng, light, layout, kind if kind in BACKDROPS else None)
        for _ in range(int(rng.choice([0, 1, 3, 6], p=[0.6, 0.15, 0.15, 0.1]))):
            things.shrub(canvas, rng, light, rng.uniform(0, canvas.width), ground, unit)
        if rng.random() < 0.15:
            draw_foreground(canvas, rng, layout)
        if kind == "distractors":
            _distract(canvas, rng, light, ground, unit)


def _far_shift(rng: Generator) -> tuple[float, float]:
    """Return an offset that makes a centred car a wrong one: 18 px sideways or 9 px up or down."""
    if rng.random() < 0.65:
        return rng.uniform(18, 50) * (1 if rng.random() < 0.5 else -1), rng.uniform(-6, 6)
    return rng.uniform(-12, 12), rng.uniform(9, 26) * (1 if rng.random() < 0.5 else -1)


def _distract(canvas: Canvas, rng: Generator, light: Light, ground: float, unit: float) -> None:
    """A crowd of wheels, poles, people, bicycles and signs; sometimes two wheels at a car's."""
    if rng.random() < 0.35:
        for x in (25, 75):
            things.wheel(canvas, rng, MARGIN + x + rng.normal(0, 4), ground, 12)
    for _ in range(int(rng.integers(2, 7))):
        thing = things.STANDING[int(rng.integers(len(things.STANDING)))]
        thing(canvas, rng, rng.uniform(0, canvas.width), ground + rng.uniform(-12, 8), unit)


def _clutter(canvas: Canvas, rng: Generator) -> None:
    """Overlapping shapes of all sizes, soft and hard, for all the rest of the world."""
    if rng.random() < 0.25:
        _bare(canvas, rng)
        return
    if rng.random() < 0.5:
        canvas.image.paste(sky(canvas, rng, rng.uniform(80, 220), canvas.height))
    else:
        canvas.image.paste(mottled(canvas, rng, rng.uniform(40, 200), rng.uniform(5, 40), 20))
    for _ in range(int(rng.integers(2, 26))):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        r = 3.0 * 2 ** rng.uniform(-1, 3.5)
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
        radii = r * rng.uniform(0.4, 1.2, len(angles))
        shape = [(float(x + q * np.cos(a)), float(y + 0.8 * q * np.sin(a)))
                 for a, q in zip(angles, radii, strict=True)]  # fmt: skip
        fill = rng.random()
        grey = rng.uniform(5, 245)
        if fill < 0.15:
            canvas.line(shape, grey, rng.uniform(0.5, 3))
        elif fill < 0.35:
            leaves = foliage(canvas, rng, grey, rng.uniform(5, 40), rng.uniform(0.6, 3))
            canvas.paint(canvas.mask(smooth(shape, 1, closed=True)), leaves)
        elif fill < 0.55:
            canvas.paint(canvas.mask(smooth(shape, 2, closed=True), blur=rng.uniform(0, 3)), grey)
        else:
            canvas.polygon(smooth(shape, 2, closed=True) if rng.random() < 0.6 else shape, grey)


def _bare(canvas: Canvas, rng: Generator) -> None:
    """Next to nothing: tones that run into each other, as on a wall, the sky or a lawn."""
    x, y = canvas.columns()[::2] / canvas.width, canvas.rows()[::2] / canvas.height
    steps = int(rng.integers(2, 6))
    tones = rng.uniform(20, 230, steps)
    along = y[:, None] + rng.normal(0, 0.25) * x[None, :]
    grain = fine_noise(canvas, rng, rng.uniform(1, 30), 3, rng.uniform(1, 5))
    shade = np.interp(along, np.linspace(0, 1, steps), tones)
    canvas.image.paste(surface(canvas, shade + rng.uniform(1, 15) * grain))


def draw_scene(seed: int, split: str, index: int) -> DrawnScene:
    """Draw one scene with one to three cars of a crop's scale, and their boxes.

    Raises ValueError for an unknown split or a negative seed or index.
    """
    rng = item_generator(seed, "scene", split, index)
    light = sample_light(rng)
    count = int(rng.choice([1, 2, 3], p=[0.72, 0.22, 0.06]))
    width = int(rng.integers(max(110, 104 * min(count, 2)), 300 if count < 3 else 371))
    height = int(rng.integers(75, 176 if rng.random() < 0.8 else 221))
    canvas = Canvas(width + 2 * MARGIN, height + 2 * MARGIN)
    places = _parking(rng, width, height, count)
    y_far = min(y for _, y in places)
    layout = _street_layout(rng, MARGIN + y_far, 86)
    draw_place(canvas, rng, light, layout)
    boxes = []
    for x, y in sorted(places, key=lambda place: place[1]):
        length = _car_length(rng)
        _place_car(canvas, rng, light, sample_car(rng), MARGIN + x, MARGIN + y, length)
        if rng.random() < 0.15:
            occlude(canvas, rng, light, MARGIN + x, MARGIN + y, length, by_cars=False)
        x1, y1 = round(x - WIDTH / 2), round(y - GROUND)
        boxes.append((x1, y1, x1 + WIDTH, y1 + HEIGHT))
    image = photograph(rng, sample_camera(rng, equalise=0.15), canvas.pixels())
    return DrawnScene(image, np.array(boxes, dtype=np.int64))


def _parking(rng: Generator, width: int, height: int, count: int) -> list[tuple[float, float]]:
    """Choose where the cars stand (middle, ground), so that they hardly overlap.

    A box may cross the border by up to 5 pixels, in about one scene in seven.
    """
    over = 5 if rng.random() < 0.15 else 0
    spots: list[tuple[float, float]] = []
    for _ in range(400):
        x = rng.uniform(WIDTH / 2 - over + 0.5, width - WIDTH / 2 + over - 0.5)
        y = rng.uniform(GROUND - over + 0.5, height - HEIGHT + GROUND + over - 0.5)
        if len(spots) > 0 and rng.random() < 0.6:  # the same lane
            y = spots[0][1] + rng.normal(0, 1.5)
            y = min(max(y, GROUND + 0.5), height - HEIGHT + GROUND - 0.5)
        if all(abs(x - sx) > 93 or abs(y - sy) > 38 for sx, sy in spots):
            spots.append((x, y))
        if len(spots) == count:
            break
    return spots
