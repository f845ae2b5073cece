"""Checks of the exercises of Lesson 02."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from skimage.transform import rotate
from torch import Generator, Tensor

from helpers import augment
from helpers.checks.report import (
    ask,
    ask_edge,
    check,
    close,
    explain,
    fail,
    first_wrong,
    same,
    tensor,
    your_or_ours,
)
from helpers.devices import seeded

__all__ = [
    "check_mirror",
    "check_mirror_boxes",
    "check_random_brightness",
    "check_turn",
    "course_brightness",
    "course_mirror",
    "course_turn",
    "your_or_ours",
]


def course_mirror(images: Tensor) -> Tensor:
    """A batch [N, 1, H, W], each image flipped left to right; exercise 2.1."""
    return images.flip(3)


@check("mirror", of=(course_mirror, augment.flip))
def check_mirror(mirror: Callable[[Tensor], Tensor]) -> None:
    """`mirror(images)`: a batch [N, 1, H, W] flipped left to right."""
    for shape in ((2, 1, 3, 4), (3, 1, 4, 5), (1, 1, 40, 100)):
        images = torch.rand(shape, generator=Generator().manual_seed(0))
        raw = ask(mirror, images)
        answer = tensor(raw, "the result", images)
        nothing = "dimension 1 is the channel, and columns are dimension 3"
        if raw is images:
            nothing = "did you return the input?"
        mistakes = {
            f"nothing has moved: {nothing}": images,
            "the cars lie on their roofs: that was top to bottom, and columns are dimension 3": (
                images.flip(2)
            ),
            "the order of the images changed: dimension 0 counts images, columns are 3": (
                images.flip(0)
            ),
            "turned by 180 degrees: flip dimension 3 alone": images.flip(2, 3),
            "the order of the images changed, too: flip dimension 3 alone": images.flip(0, 3),
            "the columns are moved, not reversed: a mirror puts the last one first": (
                images.roll(1, 3)
            ),
        }
        say = "some pixels are not where a mirror puts them: column j belongs at W - 1 - j"
        explain(answer, images.flip(3), mistakes, f"for a batch {[*shape]}", say)


def course_turn(images: Tensor, degrees: Sequence[float]) -> Tensor:
    """Each image [1, H, W] turned by its own angle, the border repeated; exercise 2.3."""
    pairs = zip(images.numpy(), degrees, strict=True)
    turned = [rotate(image[0], angle, mode="edge") for image, angle in pairs]
    return torch.from_numpy(np.stack(turned))[:, None].float()


@check("turn", of=(course_turn,))
def check_turn(turn: Callable[[Tensor, Sequence[float]], Tensor]) -> None:
    """`turn(images, degrees)`: each image [1, H, W] turned counter-clockwise by its own angle."""
    cases = (((3, 1, 7, 10), [20, -35.5, 90]), ((2, 1, 9, 6), [0, 8]), ((1, 1, 6, 8), [15]))
    for shape, degrees in cases:
        images = 0.2 + 0.6 * torch.rand(shape, generator=Generator().manual_seed(1))
        if len(images) > 1:
            answer = ask(turn, images, degrees)
        else:
            answer = ask_edge("for a batch of one image", turn, images, degrees)
        if isinstance(answer, Tensor) and answer.shape == (shape[0], *shape[2:]):
            fail("the channel is missing: the result is [N, 1, H, W], as what came in")
        if isinstance(answer, Tensor) and answer.shape[1:] == shape[1:] and len(answer) != shape[0]:
            fail(f"{len(images)} images came in, {len(answer)} went out: turn each of them")
        if isinstance(answer, Tensor) and answer.shape != shape:
            fail(
                f"the result is {[*answer.shape]}, not {[*shape]}: every image keeps its size"
                " (no resize=True) and its place in the batch"
            )
        answer = tensor(answer, "the result", images)
        right = course_turn(images, degrees)
        wrong = first_wrong(answer, right)
        say = (
            f"image {wrong} of 0 to {len(images) - 1} is not turned by its own angle,"
            f" {degrees[wrong]} degrees, around its middle, as by `rotate` with what the hint says"
        )
        explain(answer, right, _wrong_turns(images, degrees), otherwise=say)
        if answer.dtype != torch.float32:
            fail(f"the pixels are right, but {answer.dtype}: .float() makes them float32")


def _wrong_turns(images: Tensor, degrees: Sequence[float]) -> dict[str, Tensor]:
    def turned(**how: object) -> Tensor:
        angles = how.pop("angles", degrees)
        how = {"mode": "edge"} | how
        pairs = zip(images[:, 0].numpy(), angles, strict=True)
        return torch.from_numpy(np.stack([rotate(one, angle, **how) for one, angle in pairs]))

    n = len(degrees)
    wrong = {
        "nothing has moved: did you return the input?": images[:, 0],
        "turned clockwise: positive degrees turn counter-clockwise": turned(
            angles=[-angle for angle in degrees]
        ),
        "`rotate` wants degrees, not radians": turned(angles=np.deg2rad(degrees)),
        'the corners are black: mode="edge" repeats the border\'s pixels there': turned(
            mode="constant"
        ),
        "every image got the same angle: degrees[k] belongs to images[k]": turned(
            angles=[degrees[0]] * n
        ),
        "every image got the last angle: degrees[k] belongs to images[k]": turned(
            angles=[degrees[-1]] * n
        ),
        'the corners wrap around: mode="edge" repeats the last pixel there': turned(mode="wrap"),
        'the corners are mirrored: mode="edge" repeats the last pixel there': turned(
            mode="symmetric"
        ),
        'the corners are mirrored (reflect): mode="edge" repeats the last pixel there': turned(
            mode="reflect"
        ),
        "order=0 takes the nearest pixel: leave `order` out": turned(order=0),
        "`rotate` wants a picture [H, W]: take the channel off first, image[0]": torch.from_numpy(
            np.stack(
                [
                    rotate(one, angle, mode="edge")[0]
                    for one, angle in zip(images.numpy(), degrees, strict=True)
                ]
            )
        ),
        "the angles are rounded: take them as they are": turned(angles=[int(d) for d in degrees]),
    }
    return {message: pixels[:, None] for message, pixels in wrong.items()}


@check("mirror_boxes", of=(augment.mirror_boxes,))
def check_mirror_boxes(mirror_boxes: Callable[[Tensor, int], Tensor]) -> None:
    """`mirror_boxes(boxes, width)`: boxes [N, 4] in the mirror image of a scene of that width."""
    boxes = torch.tensor([[10.0, 20, 110, 60], [0, 0, 30, 40], [150, 5, 250, 45]])
    across = torch.tensor([[-8.0, 49, 92, 89], [205, 3, 305.5, 43]])
    for some, width in ((boxes, 300), (boxes, 260), (across, 300)):
        x1, y1, x2, y2 = some.unbind(1)
        right = torch.stack([width - x2, y1, width - x1, y2], 1)
        answer = tensor(ask(mirror_boxes, some, width), "the result", right)
        wrong = first_wrong(answer, right)
        say = (
            f"in a picture {width} wide, the box {some[wrong].tolist()} belongs at"
            f" {right[wrong].tolist()}, not at {answer[wrong].tolist()}"
        )
        explain(answer, right, _wrong_boxes(some, width), otherwise=say)
    tensor(ask(mirror_boxes, boxes[:1], 300), "the result for one box", boxes[:1])
    nobody = torch.zeros(0, 4)
    try:
        none = mirror_boxes(nobody.clone(), 300)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        fail(f"a scene without cars has boxes [0, 4], and there it stops ({what})")
    tensor(none, "the result for a scene without cars", nobody)


def _wrong_boxes(boxes: Tensor, width: int) -> dict[str, Tensor]:
    x1, y1, x2, y2 = boxes.unbind(1)
    right = torch.stack([width - x2, y1, width - x1, y2], 1)
    cut = torch.cat([right[:, :1].clamp(0, width), y1[:, None], right[:, 2:3].clamp(0, width)], 1)
    overwritten = "a column was overwritten before it was used: take the old values from `boxes`"
    wrong = {
        "nothing has moved: did you return the input?": (x1, y1, x2, y2),
        "x1 is larger than x2: in a mirror the right edge becomes the left one": (
            *(width - x1, y1, width - x2, y2),
        ),
        f"{overwritten} (x2 is wrong)": (width - x2, y1, x2, y2),
        f"{overwritten} (x1 is wrong)": (x1, y1, width - x1, y2),
        "one pixel too far left: x2 lies just outside the box, so take no 1 off": (
            *(width - 1 - x2, y1, width - 1 - x1, y2),
        ),
        "one pixel too far right: x2 lies just outside the box, so add no 1": (
            *(width + 1 - x2, y1, width + 1 - x1, y2),
        ),
        "the boxes went up or down: a mirror moves columns (x), and y stays": (
            *(x1, width - y2, x2, width - y1),
        ),
        "y went along: a mirror moves columns (x) alone": (
            *(width - x2, width - y2, width - x1, width - y1),
        ),
        "the new left edge comes from the old right edge, not from the left one": (
            *(width - x1, y1, width - x1 + (x2 - x1), y2),
        ),
        "mirrored around half the width too far: the x1 of the result may not be below 0": (
            *(width / 2 - x2, y1, width / 2 - x1, y2),
        ),
        "cut off at the border: a box may cross it, and keeps its size": (*cut.unbind(1), y2),
    }
    return {message: torch.stack(columns, 1) for message, columns in wrong.items()}


Brighten = Callable[[Tensor, float, Generator], Tensor]


def course_brightness(images: Tensor, strength: float, generator: Generator) -> Tensor:
    """Each image brighter or darker by an amount of its own; exercise 2.2."""
    return augment.brightness(images, generator, strength)


@check("random_brightness", of=(course_brightness, augment.brightness))
def check_random_brightness(random_brightness: Brighten) -> None:
    """`random_brightness(images, strength, generator)`: one amount for each image, clamped."""
    # Far from 0 and 1, so that nothing is cut off and the amounts can be read from the answer.
    images = torch.linspace(0.4, 0.6, 12).reshape(1, 1, 3, 4).repeat(2000, 1, 1, 1)
    _check_randomness(random_brightness, images[:3])
    for strength, count in ((0.05, 2000), (0.3, 400)):
        answer = _brighten(random_brightness, images[:count], strength, seed=1)
        _check_amounts(_amounts(answer, images[:count]), strength)
    _check_range(random_brightness)
    _check_range(random_brightness, strength=0.0)


def _brighten(function: Brighten, images: Tensor, strength: float, seed: int) -> Tensor:
    answer = ask(function, images, strength, torch.Generator().manual_seed(seed))
    return tensor(answer, "the result", images)


def _amounts(answer: Tensor, images: Tensor) -> Tensor:
    """What was added to each image, [N], if it is one amount for all its pixels."""

    def alike(values: Tensor) -> bool:
        return close(values, values[:, :, :1, :1].expand_as(values))

    if alike(answer - images):
        return (answer - images)[:, 0, 0, 0]
    if alike(answer / images):
        fail("that multiplies the pixels: brightness adds the same amount to each")
    middle = images.mean((1, 2, 3), keepdim=True)
    if alike((answer - answer.mean((1, 2, 3), keepdim=True)) / (images - middle)):
        fail("that changes the contrast, too: brightness adds one amount, and cuts off at 0 and 1")
    if _alike_where_not_cut_off(answer, images):
        fail(
            "some amounts go far beyond ± strength, so that pixels are cut off at 0 or 1."
            " (torch.randn draws without limit, torch.rand evenly from 0 to 1)"
        )
    fail("the pixels of one image got different amounts, so that is noise: draw [N, 1, 1, 1]")


def _alike_where_not_cut_off(answer: Tensor, images: Tensor) -> bool:
    """Whether each image got one amount, leaving out the pixels that ended at 0 or 1."""
    amounts = (answer - images).flatten(1)
    inside = ((answer > 0) & (answer < 1)).flatten(1)
    low = amounts.masked_fill(~inside, torch.inf).amin(1)
    high = amounts.masked_fill(~inside, -torch.inf).amax(1)
    return bool((high - low < 1e-5).all())


def _check_amounts(amounts: Tensor, strength: float) -> None:
    """Drawn evenly from -strength to strength, each by itself."""
    if close(amounts, amounts[:1].expand_as(amounts)):
        fail("one random number for the whole batch: each image needs its own, so draw N of them")
    if (amounts.abs() > strength + 1e-5).any():
        fail(
            f"an amount of {amounts[amounts.abs().argmax()]:.2f} at strength {strength}: stay in"
            f" -{strength} to {strength}. (torch.randn draws without limit, torch.rand evenly)"
        )
    low, high = amounts.min().item(), amounts.max().item()
    if low > -0.75 * strength or high < 0.75 * strength:
        fail(
            f"all amounts lie in {low:.2f} to {high:.2f}, not in -{strength} to {strength}:"
            " torch.rand gives 0 to 1, so take 1 off the double of it"
        )
    different = len(set((amounts / strength * 1e4).round().tolist()))
    if different < len(amounts) / 2:
        fail(f"only {different} different amounts: every amount in between should come up as well")
    ordered = amounts.sort().values
    gaps = ordered.diff()
    if gaps.std() < 0.3 * gaps.mean():
        fail("the amounts stand in equal steps, as from linspace: draw each by itself")
    even = torch.linspace(-strength, strength, len(amounts))
    if (ordered - even).abs().max() > 0.15 * strength:
        fail(
            "the amounts are not drawn evenly: some come up more often than others. (torch.randn"
            " prefers the middle, clamp the two ends; torch.rand is even)"
        )


def _check_randomness(function: Brighten, images: Tensor) -> None:
    """Seeds decide, and nothing but the generator is used."""
    with seeded(1):
        state = torch.get_rng_state()
        first = _brighten(function, images, 0.2, seed=1)
        if not torch.equal(state, torch.get_rng_state()):
            fail(
                "torch's global randomness was used: hand the generator on, as in"
                " torch.rand(..., generator=generator)"
            )
    if (first.amax((1, 2, 3)) > 0.999).all() and (first.amin((1, 2, 3)) < 0.001).all():
        fail("every image was stretched from 0 to 1: cut off with clamp(0, 1), do not rescale")
    if not torch.equal(first, _brighten(function, images, 0.2, seed=1)):
        fail("the same seed gives other pictures: take all random numbers from the generator")
    if torch.equal(first, images):
        fail("nothing has changed: did you return the input?")
    if torch.equal(first, _brighten(function, images, 0.2, seed=2)):
        fail("another seed gives the same pictures: draw from the generator that is handed in")
    generator = torch.Generator().manual_seed(1)
    one, two = (ask(function, images, 0.2, generator) for _ in range(2))
    if same(one, two):
        fail("each call gives the same pictures: do not set the generator's seed anew")


def _check_range(function: Brighten, strength: float = 0.2) -> None:
    """Pixels that would leave [0, 1] are cut off there, and the others are not touched by that."""
    images = torch.tensor([0.0, 0.05, 0.5, 0.95, 1.0]).reshape(1, 1, 1, 5).repeat(20, 1, 1, 1)
    answer = _brighten(function, images, strength, seed=4)
    if answer is images:
        fail(f"at strength {strength:g}, too, give back a new batch, not the one that came in")
    if strength == 0 and not close(answer, images):
        fail("at strength 0 the pictures should stay as they are")
    if answer.min() < 0 or answer.max() > 1:
        fail(f"values leave [0, 1]: {answer.min():.2f} to {answer.max():.2f}; use clamp(0, 1)")
    amounts = (answer - images)[..., 2:3]
    if not close(answer, (images + amounts).clamp(0, 1)):
        fail("pixels that leave [0, 1] are to be cut off at 0 and 1, and no others changed")
    if amounts.abs().max() < strength / 4:
        fail(
            "the amounts are small where black and white pixels are: draw as ever, and cut off the"
            " pixels, not the amounts"
        )
