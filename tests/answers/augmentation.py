"""Right and wrong answers to the exercises of Lesson 02."""

import numpy as np
import torch

from helpers.checks import augmentation as checks

MIRROR_RIGHT = [
    lambda x: x.flip(3),
    lambda x: x.flip(-1),
    lambda x: x[..., torch.arange(x.shape[-1] - 1, -1, -1)],
    lambda x: torch.stack([image.flip(2) for image in x]),
]


def mirror_in_place(x):
    x.copy_(x.flip(3))
    return x


MIRROR_WRONG = [
    (lambda x: None, "return"),
    (lambda x: x, "nothing has moved"),
    (lambda x: x.flip(2), "roofs"),
    (lambda x: x.flip(0), "order of the images"),
    (lambda x: x.flip(2, 3), "180"),
    (lambda x: x.transpose(2, 3), "shape"),
    (lambda x: x.roll(1, 3), "W - 1 - j"),
    (lambda x: x.numpy(), "torch.Tensor"),
    (mirror_in_place, "changes its input"),
]


KEEPS = {"mirror", "shift by 2 pixels", "darker", "less contrast", "cover a small square"}
BREAKS = {"upside down", "shift by 40 pixels", "twice as large"}

LABELS_RIGHT = [
    lambda change, y: y if change in KEEPS else torch.zeros_like(y),
    lambda change, y: y * (change not in BREAKS),
    lambda change, y: torch.tensor([int(v and change in KEEPS) for v in y.tolist()]),
]

LABELS_WRONG = [
    (lambda change, y: None, "return"),
    (lambda change, y: y, "upside down.*on its roof"),
    (lambda change, y: y * (change not in BREAKS - {"upside down"}), "on its roof"),
    (lambda change, y: y * (change not in BREAKS - {"shift by 40 pixels"}), "left its place"),
    (lambda change, y: y * (change not in BREAKS - {"twice as large"}), "at a size"),
    (lambda change, y: y * (change in KEEPS - {"mirror"}), "drives the other way"),
    (lambda change, y: y * (change in KEEPS - {"darker"}), "dusk"),
    (lambda change, y: y if change in KEEPS else 1 - y, "no change draws one"),
    (lambda change, y: y * 1.0, "whole numbers"),
    (lambda change, y: change in KEEPS, "torch.Tensor, not bool"),
    (lambda change, y: torch.tensor(int(change in KEEPS)), "shape"),
]


def boxes_from(order, width_of=lambda w: w, less=0):
    """A mirror for boxes: which old edges the new x1 and x2 come from, and with which mistakes."""

    def mirror_boxes(boxes, width):
        new = boxes.clone()
        new[:, 0] = width_of(width) - less - boxes[:, order[0]]
        new[:, 2] = width_of(width) - less - boxes[:, order[1]]
        return new

    return mirror_boxes


def mirror_boxes_by_centre(boxes, width):
    x1, y1, x2, y2 = boxes.unbind(1)
    centre, half = width - (x1 + x2) / 2, (x2 - x1) / 2
    return torch.stack([centre - half, y1, centre + half, y2], 1)


def mirror_boxes_in_place(boxes, width):
    boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    return boxes


def mirror_boxes_upright(boxes, width):
    new = boxes.clone()
    new[:, [1, 3]] = width - boxes[:, [3, 1]]
    return new


def mirror_boxes_keeping_left(boxes, width):
    x1, y1, x2, y2 = boxes.unbind(1)
    return torch.stack([width - x1, y1, width - x1 + x2 - x1, y2], 1)


BOXES_RIGHT = [
    boxes_from((2, 0)),
    mirror_boxes_by_centre,
    lambda b, w: torch.stack([w - b[:, 2], b[:, 1], w - b[:, 0], b[:, 3]], dim=1),
    lambda b, w: b[:, [2, 1, 0, 3]] * torch.tensor([-1, 1, -1, 1]) + torch.tensor([w, 0, w, 0]),
]

BOXES_WRONG = [
    (lambda b, w: None, "return"),
    (lambda b, w: b.clone(), "nothing has moved"),
    (boxes_from((0, 2)), "x1 is larger than x2"),
    (boxes_from((2, 0), less=1), "take no 1 off"),
    (boxes_from((2, 0), width_of=lambda w: w / 2), "half the width"),
    (boxes_from((2, 0), width_of=lambda w: 300), "260 wide"),
    (mirror_boxes_upright, "y stays"),
    (mirror_boxes_keeping_left, "old right edge"),
    (mirror_boxes_in_place, "changes its input"),
    (lambda b, w: mirror_boxes_by_centre(b, w).numpy(), "torch.Tensor"),
    (lambda b, w: mirror_boxes_by_centre(b, w)[0], "shape"),
    (lambda b, w: mirror_boxes_by_centre(b, w) if len(b) else b[:, :2], "without cars"),
]


def brightness(shape=lambda n: (n, 1, 1, 1), clamp=True, add=True, amounts=None, seed=None):
    """Random brightness, with one of its mistakes if asked for."""

    def random_brightness(images, strength, generator):
        if seed is not None:
            generator = generator.manual_seed(seed)
        numbers = torch.rand(shape(len(images)), generator=generator)
        change = strength * (amounts or (lambda u: 2 * u - 1))(numbers)
        new = images + change if add else images * (1 + change)
        return new.clamp(0, 1) if clamp else new

    return random_brightness


def brightness_in_a_loop(images, strength, generator):
    new = []
    for image in images:
        amount = torch.rand((), generator=generator).item() * 2 * strength - strength
        new.append((image + amount).clamp(0, 1))
    return torch.stack(new)


def brightness_uniform(images, strength, generator):
    amount = torch.empty(len(images), 1, 1, 1).uniform_(-strength, strength, generator=generator)
    return torch.clip(images + amount, 0, 1)


def brightness_from_global(images, strength, generator):
    amount = strength * (2 * torch.rand(len(images), 1, 1, 1) - 1)
    return (images + amount).clamp(0, 1)


def brightness_from_numpy(images, strength, generator):
    amount = np.random.default_rng().uniform(-strength, strength, (len(images), 1, 1, 1))
    return (images + torch.from_numpy(amount).float()).clamp(0, 1)


def brightness_stretched(images, strength, generator):
    new = brightness(clamp=False)(images, strength, generator)
    return new / new.amax((1, 2, 3), keepdim=True).clamp(min=1) * (new > 0)


BRIGHTNESS_RIGHT = [
    brightness(),
    brightness_in_a_loop,
    brightness_uniform,
    lambda x, s, g: (x + s * (1 - 2 * torch.rand(len(x), generator=g))[:, None, None, None]).clip(
        0, 1
    ),
]

BRIGHTNESS_WRONG = [
    (lambda x, s, g: None, "return"),
    (lambda x, s, g: x, "nothing has changed"),
    (brightness(shape=lambda n: (1,)), "one random number for the whole batch"),
    (brightness(shape=lambda n: (n, 1, 3, 4)), "noise"),
    (brightness(clamp=False), r"values leave \[0, 1\]"),
    (brightness(add=False), "multiplies"),
    (brightness(amounts=lambda u: u), "torch.rand gives 0 to 1"),
    (brightness(amounts=lambda u: u - 0.5), "torch.rand gives 0 to 1"),
    (brightness(amounts=lambda u: 4 * u - 2), "stay in -0.2"),
    (brightness(amounts=lambda u: torch.sign(u - 0.5)), "only two amounts"),
    (brightness(seed=7), "another seed"),
    (lambda x, s, g: brightness(seed=g.initial_seed())(x, s, g), "each call"),
    (brightness_from_global, "global randomness"),
    (brightness_from_numpy, "same seed gives other pictures"),
    (brightness_stretched, "cut off at 0 and 1"),
    (lambda x, s, g: brightness()(x, s, g).numpy(), "torch.Tensor"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_mirror: (MIRROR_RIGHT, MIRROR_WRONG),
    checks.check_labels_after: (LABELS_RIGHT, LABELS_WRONG),
    checks.check_mirror_boxes: (BOXES_RIGHT, BOXES_WRONG),
    checks.check_random_brightness: (BRIGHTNESS_RIGHT, BRIGHTNESS_WRONG),
}
