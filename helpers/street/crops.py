"""Crops: 40 x 100 pixels with a car in the middle, or with anything else."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from helpers.street.camera import MARGIN, equalised, photograph, plain_camera, sample_camera
from helpers.street.canvas import Canvas
from helpers.street.light import Light, sample_light
from helpers.street.negatives import HARD, NEGATIVES, draw_no_car
from helpers.street.occlusion import occlude
from helpers.street.staging import (
    CROP,
    GROUND,
    HEIGHT,
    PARTS,
    WIDTH,
    draw_background,
    item_generator,
    place_car,
    street_layout,
)

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class DrawnCrop:
    """`image` is uint8 [40, 100], `label` 1 for a car, `kind` the style or the place."""

    image: np.ndarray
    label: int
    kind: str


def draw_crop(
    seed: int, split: str, index: int, without: frozenset[str] = frozenset()
) -> DrawnCrop:
    """Draw one crop; those with an even index show a car.

    Args:
        seed: of the data set, 0 or more.
        split: "train", "val" or "test".
        index: of the crop in its split, from 0.
        without: which of `PARTS` to leave out.

    Raises:
        ValueError: for an unknown split or part, or a negative seed or index.
    """
    if unknown := set(without) - set(PARTS):
        raise ValueError(f"{sorted(unknown)} is not in {PARTS}")
    rng = item_generator(seed, "crop", SPLITS, split, index)
    light = replace(sample_light(rng), flat="shading" in without)
    canvas = Canvas(WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
    if index % 2 == 0:
        kind = _car(canvas, rng, light, without)
    else:
        left_out = HARD if "hard negatives" in without else ()
        kind = NEGATIVES.without(*left_out).draw(rng)
        draw_no_car(canvas, rng, light, kind, without)
    camera = plain_camera() if "camera" in without else sample_camera(rng)
    image = photograph(rng, camera, canvas.pixels())
    if CROP["equalised"].draw(rng):
        image = equalised(image)
    return DrawnCrop(image, int(index % 2 == 0), kind)


def _car(canvas: Canvas, rng: Generator, light: Light, without: frozenset[str]) -> str:
    length = CROP["length"].draw(rng)
    x = MARGIN + WIDTH / 2 + CROP["right of the middle"].draw(rng)
    y = MARGIN + GROUND + CROP["below the middle"].draw(rng)
    hidden = "occlusion" not in without
    draw_background(canvas, rng, light, street_layout(rng, y, length), without)
    if CROP["a car beside it"].draw(rng) and hidden:  # its bumper is in the crop
        side = 1 if rng.random() < 0.5 else -1
        beside = x + side * CROP["middle to middle of the car beside it"].draw(rng)
        foot = y + CROP["wheels of the car beside it, below its own"].draw(rng)
        place_car(canvas, rng, light, beside, foot, CROP["length"].draw(rng))
    style = place_car(canvas, rng, light, x, y, length)
    for _ in range(CROP["things in front"].draw(rng) if hidden else 0):
        occlude(canvas, rng, light, x, y, length)
    return style
