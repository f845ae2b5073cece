"""Right and wrong answers to the exercises of Lesson 02."""

import math

import numpy as np
import torch
from scipy import ndimage
from skimage.transform import rotate

from helpers import augment
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
    (lambda x: x, "nothing has moved.*return the input"),
    (lambda x: x.flip(1), "dimension 1 is the channel"),
    (lambda x: x.flip(0, 3), "order of the images changed, too"),
    (lambda x: x[..., torch.arange(x.shape[-1]).flip(0).clamp(1)], "W - 1 - j"),
    (lambda x: x.flip(3)[:1], "shape"),
    (lambda x: augment.flip(x, torch.Generator(), probability=1.0), "course"),
    (checks.course_mirror, "course"),
    (lambda x: x.flip(2), "roofs"),
    (lambda x: x.flip(0), "order of the images"),
    (lambda x: x.flip(2, 3), "180"),
    (lambda x: x.transpose(2, 3), "shape"),
    (lambda x: x.roll(1, 3), "not reversed"),
    (lambda x: x.numpy(), "torch.Tensor"),
    (mirror_in_place, "changes its input"),
]


def turn(images, degrees, as_tensor=lambda pictures: torch.tensor(np.array(pictures)), **how):
    """Turns pictures, with one of the mistakes."""
    how = {"mode": "edge"} | how
    turned = [rotate(x[0].numpy(), d, **how) for x, d in zip(images, degrees, strict=True)]
    return as_tensor(turned)[:, None]


def turn_into_a_copy(images, degrees):
    new = images.clone()
    for k, angle in enumerate(degrees):
        new[k, 0] = torch.from_numpy(rotate(images[k, 0].numpy(), angle, mode="edge"))
    return new


def turn_in_place(images, degrees):
    images.copy_(turn(images, degrees))
    return images


def turn_with_channel(images, degrees):
    pairs = zip(images, degrees, strict=True)
    turned = [torch.tensor(rotate(x.numpy(), d, mode="edge")) for x, d in pairs]
    return torch.stack(turned)


def turn_channels_last(images, degrees):
    turned = []
    for image, angle in zip(images, degrees, strict=True):
        picture = rotate(image.permute(1, 2, 0).numpy(), angle, mode="edge")
        turned.append(torch.from_numpy(picture).permute(2, 0, 1))
    return torch.stack(turned)


def turn_doubled(images, degrees):
    pictures = turn(images.double(), degrees)
    assert pictures.dtype == torch.float64
    return pictures


def turn_squeezed(images, degrees):
    """One image alone loses the dimension that is gone through."""
    pairs = zip(images.squeeze().numpy(), degrees, strict=False)
    turned = [rotate(picture, angle, mode="edge") for picture, angle in pairs]
    return torch.from_numpy(np.stack(turned))[:, None].float()


def turn_with_scipy(images, degrees):
    new = images.numpy().copy()
    for picture, angle in zip(new[:, 0], degrees, strict=True):
        picture[:] = ndimage.rotate(picture, angle, reshape=False, order=1, mode="nearest")
    return torch.from_numpy(new)


TURN_RIGHT = [
    turn,
    turn_into_a_copy,
    turn_channels_last,
    turn_with_scipy,
    lambda x, degrees: turn_doubled(x, degrees).float(),
    lambda x, degrees: torch.cat([turn(x[k : k + 1], [d]) for k, d in enumerate(degrees)]),
]

TURN_WRONG = [
    (lambda x, degrees: None, "return"),
    (lambda x, degrees: x, "nothing has moved"),
    (lambda x, degrees: turn(x, [-d for d in degrees]), "clockwise"),
    (lambda x, degrees: turn(x, [math.radians(d) for d in degrees]), "radians"),
    (lambda x, degrees: turn(x, degrees, mode="constant"), "black"),
    (lambda x, degrees: turn(x, degrees, mode="wrap"), "wrap around"),
    (lambda x, degrees: turn(x, degrees, mode="symmetric"), "mirrored"),
    (lambda x, degrees: turn(x, degrees, mode="reflect"), "mirrored"),
    (lambda x, degrees: turn(x, degrees, order=0), "nearest"),
    (lambda x, degrees: turn(x, [90] * len(x), resize=True), "keeps its size"),
    (lambda x, degrees: turn(x, [degrees[0]] * len(x)), "same angle"),
    (lambda x, degrees: turn(x, [degrees[-1]] * len(x)), "last angle"),
    (lambda x, degrees: turn(x, [int(d) for d in degrees]), "rounded"),
    (turn_with_channel, "channel off first"),
    (turn_doubled, "float64"),
    (lambda x, degrees: turn(x, degrees)[:, 0], "channel is missing"),
    (lambda x, degrees: turn(x, degrees).numpy(), "torch.Tensor"),
    (lambda x, degrees: turn(x, [2 * d for d in degrees]), "image 0 of 0 to 2 is not turned"),
    (lambda x, degrees: turn(x, [abs(d) for d in degrees]), "image 1 .*-35.5 degrees"),
    (lambda x, degrees: turn(x[:1], degrees[:1]), "3 images came in, 1 went out"),
    (lambda x, degrees: turn(x, degrees).transpose(0, 1), r"the result is \[1, 3, 7, 10\], not"),
    (turn_squeezed, "for a batch of one image, it stops with IndexError"),
    (turn_in_place, "changes its input"),
    (checks.course_turn, "course"),
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


def mirror_boxes_cut(boxes, width):
    new = boxes.clone()
    new[:, [0, 2]] = (width - boxes[:, [2, 0]]).clamp(0, width)
    return new


def mirror_boxes_without_sign(boxes, width):
    new = boxes.clone()
    new[:, [0, 2]] = (width - boxes[:, [2, 0]]).abs()
    return new


def mirror_boxes_overwritten(order):
    def mirror_boxes(boxes, width):
        new = boxes.clone()
        for column in order:
            new[:, column] = width - new[:, 2 - column]
        return new

    return mirror_boxes


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
    (lambda b, w: torch.stack([mirror_boxes_by_centre(one[None], w)[0] for one in b]), r"\[0, 4\]"),
    (lambda b, w: (w - b[:, [2, 1, 0, 3]]).clamp(0, w), "y went along|belongs"),
    (mirror_boxes_cut, "cut off at the border"),
    (lambda b, w: mirror_boxes_by_centre(b, w).squeeze(0), "result for one box has shape"),
    (mirror_boxes_without_sign, r"box \[205.0.* at \[-5.5.*, not at \[5.5"),
    (mirror_boxes_overwritten((0, 2)), "overwritten.*x2 is wrong"),
    (mirror_boxes_overwritten((2, 0)), "overwritten.*x1 is wrong"),
    (boxes_from((2, 0), less=-1), "add no 1"),
    (lambda b, w: w - b[:, [2, 3, 0, 1]], "y went along"),
    (augment.mirror_boxes, "course"),
    (lambda b, w: augment.mirror_boxes(b, w), "course"),
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


def brightness_that_never_leaves(images, strength, generator):
    """The amounts are cut off, where the pixels should be."""
    amounts = strength * (2 * torch.rand(len(images), 1, 1, 1, generator=generator) - 1)
    least, most = -images.amin((1, 2, 3), True), 1 - images.amax((1, 2, 3), True)
    return images + torch.minimum(torch.maximum(amounts, least), most)


def brightness_rescaled(images, strength, generator):
    new = brightness(clamp=False)(images, strength, generator)
    low, high = new.amin((1, 2, 3), keepdim=True), new.amax((1, 2, 3), keepdim=True)
    return (new - low) / (high - low)


def brightness_by(amounts):
    return lambda x, s, g: (x + amounts(len(x), s, g)[:, None, None, None]).clamp(0, 1)


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
    (brightness(amounts=lambda u: 4 * u - 2), "stay in -0.05"),
    (brightness(amounts=lambda u: torch.sign(u - 0.5)), "only 2 different amounts"),
    (brightness(seed=7), "another seed"),
    (lambda x, s, g: brightness(seed=g.initial_seed())(x, s, g), "each call"),
    (brightness_from_global, "global randomness"),
    (brightness_from_numpy, "same seed gives other pictures"),
    (brightness_stretched, "cut off at 0 and 1"),
    (lambda x, s, g: brightness()(x, s, g).numpy(), "torch.Tensor"),
    (brightness_by(lambda n, s, g: torch.randn(n, generator=g) * s), "randn draws without limit"),
    (
        brightness_by(lambda n, s, g: (torch.randn(n, generator=g) * s).clamp(-s, s)),
        "not drawn evenly",
    ),
    (
        brightness_by(lambda n, s, g: (torch.randn(n, generator=g) * s / 3).clamp(-s, s)),
        "not drawn evenly",
    ),
    (
        brightness_by(lambda n, s, g: torch.linspace(-s, s, n)[torch.randperm(n, generator=g)]),
        "equal steps",
    ),
    (
        brightness_by(
            lambda n, s, g: (
                s
                * (2.0 * torch.randint(2, (n,), generator=g) - 1)
                * torch.rand(n, generator=g).sqrt()
            )
        ),
        "not drawn evenly",
    ),
    (
        brightness_by(lambda n, s, g: s * torch.randint(-10, 11, (n,), generator=g) / 10),
        "only 21 different",
    ),
    (brightness_rescaled, "do not rescale"),
    (
        lambda x, s, g: brightness()(x, s, g) if s else x,
        "at strength 0, too, give back a new batch",
    ),
    (brightness_that_never_leaves, "cut off the pixels, not the amounts"),
    (lambda x, s, g: augment.contrast(x, g, (1 - s, 1 + s)), "contrast"),
    (lambda x, s, g: brightness()(x, 0.2, g), "0.2.*at strength 0.05"),
    (lambda x, s, g: brightness()(x, s, g) * 0.5 + x * 0.5, "torch.rand gives 0 to 1"),
    (lambda x, s, g: augment.brightness(x, g, s), "course"),
    (checks.course_brightness, "course"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_mirror: (MIRROR_RIGHT, MIRROR_WRONG),
    checks.check_turn: (TURN_RIGHT, TURN_WRONG),
    checks.check_mirror_boxes: (BOXES_RIGHT, BOXES_WRONG),
    checks.check_random_brightness: (BRIGHTNESS_RIGHT, BRIGHTNESS_WRONG),
}
