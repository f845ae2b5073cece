"""Checks of the exercises of Lesson 02."""

from collections.abc import Callable

import torch
from torch import Generator, Tensor

from helpers.checks.report import ask, close, fail, passed, tensor

#: What becomes of a centred car: True where it is still one, and why.
CHANGES = {
    "mirror": (True, "a car in a mirror drives the other way, and is a car"),
    "shift by 2 pixels": (True, "two pixels of a hundred leave the car in its place"),
    "darker": (True, "a car at dusk is a car"),
    "less contrast": (True, "a car in fog is a car"),
    "cover a small square": (True, "a car behind a pole is a car"),
    "upside down": (False, "a car on its roof is not what the detector is to report"),
    "shift by 40 pixels": (False, "the car has left its place: a window beside a car is no hit"),
    "twice as large": (False, "half a car is left, at a size that the detector is not to report"),
}


def check_mirror(mirror: Callable[[Tensor], Tensor]) -> None:
    """`mirror(images)`: a batch [N, 1, H, W] flipped left to right."""
    images = torch.arange(2 * 3 * 4.0).reshape(2, 1, 3, 4) / 24
    right = images.flip(3)
    answer = ask(mirror, images)
    if isinstance(answer, Tensor) and answer.shape == images.shape:
        if close(answer, images):
            fail("nothing has moved: are you giving back the input?")
        if close(answer, images.flip(2)):
            fail("the cars lie on their roofs: that was top to bottom, and columns are dimension 3")
        if close(answer, images.flip(0)):
            fail("the order of the images changed: dimension 0 counts images, columns are 3")
        if close(answer, images.flip(2, 3)):
            fail("turned by 180 degrees: flip dimension 3 alone")
    if not close(tensor(answer, "the result", right), right):
        fail("some pixels are not where a mirror puts them: column j belongs at W - 1 - j")
    passed("mirror")


def check_labels_after(labels_after: Callable[[str, Tensor], Tensor]) -> None:
    """`labels_after(change, labels)`: the labels [N] of crops after a change from `CHANGES`."""
    labels = torch.tensor([1, 0, 0, 1, 1])
    for change, (still_a_car, why) in CHANGES.items():
        right = labels if still_a_car else torch.zeros_like(labels)
        answer = tensor(ask(labels_after, change, labels), "the new labels", right)
        if answer.dtype != torch.int64:
            fail(f"labels are whole numbers (torch.int64), not {answer.dtype}")
        if torch.equal(answer, right):
            continue
        if (answer[labels == 0] != 0).any():
            fail(f"after “{change}” crops without a car are labelled car: no change draws one")
        fail(f"after “{change}” cars are labelled {answer[0]}: {why}")
    passed("labels_after")


def check_mirror_boxes(mirror_boxes: Callable[[Tensor, int], Tensor]) -> None:
    """`mirror_boxes(boxes, width)`: boxes [N, 4] in the mirror image of a scene of that width."""
    boxes = torch.tensor([[10.0, 20, 110, 60], [0, 0, 30, 40], [150, 5, 250, 45]])
    for width in (300, 260):
        x1, y1, x2, y2 = boxes.unbind(1)
        right = torch.stack([width - x2, y1, width - x1, y2], 1)
        answer = tensor(ask(mirror_boxes, boxes, width), "the result", right)
        mistakes = {
            "nothing has moved: are you giving back the input?": boxes,
            "x1 is larger than x2: in a mirror the right edge becomes the left one": torch.stack(
                [width - x1, y1, width - x2, y2], 1
            ),
            "one pixel too far left: x2 lies just outside the box, so take no 1 off": (
                right - torch.tensor([1.0, 0, 1, 0])
            ),
            "the boxes went up or down: a mirror moves columns (x), and y stays": torch.stack(
                [x1, width - y2, x2, width - y1], 1
            ),
            "the new left edge comes from the old right edge: x1' = width - x2": torch.stack(
                [width - x1, y1, width - x1 + (x2 - x1), y2], 1
            ),
            "mirrored around half the width too far: the x1 of the result may not be below 0": (
                right - torch.tensor([width / 2, 0, width / 2, 0])
            ),
        }
        for message, wrong in mistakes.items():
            if close(answer, wrong):
                fail(message)
        if not close(answer, right):
            fail(
                f"in a picture {width} wide, the box {boxes[0].tolist()} belongs at"
                f" {right[0].tolist()}, not at {answer[0].tolist()}"
            )
    none = ask(mirror_boxes, torch.zeros(0, 4), 300)
    tensor(none, "the result for a scene without cars", torch.zeros(0, 4))
    passed("mirror_boxes")


Brighten = Callable[[Tensor, float, Generator], Tensor]


def check_random_brightness(random_brightness: Brighten) -> None:
    """`random_brightness(images, strength, generator)`: one amount for each image, clamped."""
    # Far from 0 and 1, so that nothing is cut off and the amounts can be read from the answer.
    images = torch.linspace(0.4, 0.6, 12).reshape(1, 1, 3, 4).repeat(400, 1, 1, 1)
    _check_randomness(random_brightness, images[:3])
    answer = _brighten(random_brightness, images, 0.2, seed=1)
    amounts = answer - images
    if not close(amounts, amounts[:, :, :1, :1].expand_as(amounts)):
        ratios = answer / images
        if close(ratios, ratios[:, :, :1, :1].expand_as(ratios)):
            fail("that multiplies the pixels: brightness adds the same amount to each")
        fail("the pixels of one image got different amounts, that is noise: draw [N, 1, 1, 1]")
    amounts = amounts[:, 0, 0, 0]
    if close(amounts, amounts[:1].expand_as(amounts)):
        fail("one random number for the whole batch: each image needs its own, so draw N of them")
    if (amounts.abs() > 0.2 + 1e-5).any():
        fail(f"an amount of {amounts.abs().max():.2f} at strength 0.2: stay in -0.2 to 0.2")
    if amounts.min() > -0.15 or amounts.max() < 0.15:
        fail(
            f"all amounts lie in {amounts.min():.2f} to {amounts.max():.2f}, not in -0.2 to 0.2:"
            " torch.rand gives 0 to 1, so take 1 off the double of it"
        )
    if (amounts.abs() > 0.19).float().mean() > 0.5:
        fail("only two amounts, -0.2 and 0.2: every amount in between should come up as well")
    _check_range(random_brightness)
    passed("random_brightness")


def _brighten(function: Brighten, images: Tensor, strength: float, seed: int) -> Tensor:
    answer = ask(function, images, strength, torch.Generator().manual_seed(seed))
    return tensor(answer, "the result", images)


def _check_randomness(function: Brighten, images: Tensor) -> None:
    """Seeds decide, and nothing but the generator is used."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        state = torch.get_rng_state()
        first = _brighten(function, images, 0.2, seed=1)
        if not torch.equal(state, torch.get_rng_state()):
            fail(
                "torch's global randomness was used: hand the generator on, as in"
                " torch.rand(..., generator=generator)"
            )
    if not torch.equal(first, _brighten(function, images, 0.2, seed=1)):
        fail("the same seed gives other pictures: take all random numbers from the generator")
    if torch.equal(first, images):
        fail("nothing has changed: are you giving back the input?")
    if torch.equal(first, _brighten(function, images, 0.2, seed=2)):
        fail("another seed gives the same pictures: draw from the generator that is handed in")
    generator = torch.Generator().manual_seed(1)
    if torch.equal(ask(function, images, 0.2, generator), ask(function, images, 0.2, generator)):
        fail("each call gives the same pictures: do not set the generator's seed anew")


def _check_range(function: Brighten) -> None:
    """Pixels that would leave [0, 1] are cut off there, and the others are not touched by that."""
    images = torch.tensor([0.0, 0.05, 0.5, 0.95, 1.0]).reshape(1, 1, 1, 5).repeat(20, 1, 1, 1)
    answer = _brighten(function, images, 0.2, seed=4)
    if answer.min() < 0 or answer.max() > 1:
        fail(f"values leave [0, 1]: {answer.min():.2f} to {answer.max():.2f}; use clamp(0, 1)")
    amounts = (answer - images)[..., 2:3]
    if not close(answer, (images + amounts).clamp(0, 1)):
        fail("pixels that leave [0, 1] are to be cut off at 0 and 1, and no others changed")
