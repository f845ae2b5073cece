"""Checks of the exercises of Lesson 09."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.boxes import Detections
from helpers.checks.report import ask, close, fail, passed, tensor


def check_passes_bars(passes_bars: Callable[[float, float], bool]) -> None:
    """`passes_bars(auc_before, auc_after)`: at least 0.2 before and at least 0.95 after NMS."""
    cases = {
        (0.3, 0.97): (True, "both bars are passed"),
        (0.2, 0.95): (True, "exactly on the bars is passed: ≥, not >"),
        (0.1, 0.97): (False, "the first bar is missed; *both* must be passed: and, not or"),
        (0.3, 0.9): (False, "the second bar is missed; *both* must be passed: and, not or"),
        (0.96, 0.5): (False, "are the arguments swapped? 0.95 is the bar after NMS"),
        (0.1, 0.5): (False, "both bars are missed"),
    }
    for (before, after), (right, why) in cases.items():
        answer = ask(passes_bars, before, after)
        if answer not in (True, False):
            fail(f"passes_bars must give back True or False, not {answer!r}")
        if bool(answer) != right:
            fail(f"for {before} before and {after} after, the answer is {right}: {why}")
    passed("passes_bars")


def _standardised(images: Tensor) -> Tensor:
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    spread = images.std(dim=(1, 2, 3), keepdim=True, correction=0).clamp(min=1e-6)
    return 0.5 + 0.25 * (images - mean) / spread


def check_standardise(standardise: Callable[[Tensor], Tensor]) -> None:
    """`standardise(images)`: each image [1, H, W] of a batch with mean 0.5 and spread 0.25."""
    generator = torch.Generator().manual_seed(0)
    dull = 0.7 + 0.05 * torch.rand(2, 1, 12, 30, generator=generator)
    dark = 0.3 * torch.rand(1, 1, 12, 30, generator=generator) ** 2
    images = torch.cat([dull, dark])
    raw = _standardised(images)
    right = raw.clamp(0, 1)
    answer = tensor(ask(standardise, images), "the result", right)
    centred = images - images.mean(dim=(1, 2, 3), keepdim=True)
    flat = images.flatten(1)
    whole = 0.5 + 0.25 * (images - images.mean()) / images.std()
    low, high = (f(dim=1).values.view(-1, 1, 1, 1) for f in (flat.min, flat.max))
    mistakes = {
        "mean and spread are those of the whole batch: each image needs its own": whole,
        "the mean is right, but nothing is divided by the spread": 0.5 + centred,
        "that has mean 0 and spread 1: multiply by 0.25 and add 0.5": (raw - 0.5) / 0.25,
        "that stretches from the darkest to the brightest pixel, which one odd pixel decides: use"
        " mean and spread": (images - low) / (high - low),
        "divided by the variance: take the standard deviation, its root": 0.5
        + 0.25 * centred / images.var(dim=(1, 2, 3), keepdim=True),
        "nothing has changed: are you giving back the input?": images,
    }
    # A thousandth: the spread may be taken with N or N - 1.
    if (answer - right).abs().max() > 3e-3:
        if (answer - raw).abs().max() < 3e-3:
            fail("some pixels are below 0 or above 1: clamp to [0, 1]")
        for message, wrong in mistakes.items():
            for version in (wrong, wrong.clamp(0, 1)):
                if (answer - version).abs().max() < 1e-2:
                    fail(message)
        fail("each image should have mean 0.5 and spread 0.25 (before clamping)")
    even = ask(standardise, torch.full((1, 1, 12, 30), 0.25))
    if not isinstance(even, Tensor) or not torch.isfinite(even).all():
        fail("an image of one single grey gives NaN: its spread is 0; divide by at least 1e-6")
    if (even - 0.5).abs().max() > 1e-2:
        fail("an image of one single grey should become 0.5 everywhere")
    passed("standardise")


def check_mine(mine: Callable[[Tensor, Detections, Tensor, float], Tensor]) -> None:
    """`mine(image, found, truth, threshold)`: crops of false alarms, [K, 1, 40, 100]."""
    rows, cols = torch.arange(90.0)[:, None], torch.arange(260.0)[None, :]
    image = ((rows * 260 + cols) / (90 * 260))[None]  # each pixel has a grey of its own
    boxes = torch.tensor(
        [[20.0, 10, 120, 50], [100, 10, 200, 50], [150, 30, 250, 70], [140, 44, 240, 84]]
    )
    scores = torch.tensor([0.9, 0.8, 0.7, 0.2])
    truth = torch.tensor([[24.0, 12, 124, 52], [60, 48, 160, 88]])
    found = Detections(boxes, scores)

    def cut(numbers: list[int], where: Tensor = boxes) -> Tensor:
        pieces = []
        for x, y in where[numbers, :2].long().tolist():
            pieces.append(image[:, range(y, y + 40)][:, :, range(x, x + 100)])
        return torch.stack(pieces)

    answer = ask(mine, image, found, truth, 0.5)
    if not isinstance(answer, Tensor):
        fail(f"the crops must be a torch.Tensor [K, 1, 40, 100], not {type(answer).__name__}")
    if answer.ndim != 4 or answer.shape[1] != 1:
        fail(f"the crops must be [K, 1, 40, 100], not {[*answer.shape]}: torch.stack them")
    if tuple(answer.shape[2:]) == (100, 40):
        fail("the crops are 100 high and 40 wide: image[:, y1:y2, x1:x2], rows come first")
    if tuple(answer.shape[2:]) != (40, 100):
        fail(f"each crop must be 40×100, not {answer.shape[2]}×{answer.shape[3]}")
    picks = {
        "true detections are among them: a car must not become a negative": [0],
        "the cars themselves, not the false alarms": [0, 1],
        "every box above the threshold, cars too: leave out those with IoU ≥ 0.3": [0, 1, 2],
        "every box far from the cars, however low its score: use the threshold": [1, 2, 3],
        "nothing is left out: use both the threshold and the true boxes": [0, 1, 2, 3],
    }
    if not (answer.shape == (2, 1, 40, 100) and close(answer, cut([1, 2]))):
        for message, numbers in picks.items():
            if len(answer) == len(numbers) and close(answer, cut(numbers)):
                fail(message)
        if len(answer) == 2 and close(answer, cut([2, 1])):
            fail("right crops, but keep the order of the boxes")
        fail(f"{len(answer)} crops; the false alarms are boxes 1 and 2 of 0 to 3")
    alone = ask(mine, image, found, torch.zeros(0, 4), 0.5)
    if alone.shape != (3, 1, 40, 100):
        fail("in a scene without cars every box above the threshold is a false alarm")
    none = ask(mine, image, found, truth, 0.95)
    if not isinstance(none, Tensor) or tuple(none.shape) != (0, 1, 40, 100):
        fail("without false alarms the result must have shape [0, 1, 40, 100]")
    _check_which(mine, image)
    _check_border(mine, image)
    passed("mine")


def _boxes(*corners: tuple[int, int]) -> Tensor:
    """Boxes of 100×40 pixels with their top-left corners at (x, y)."""
    places = torch.tensor(corners).float()
    return torch.cat([places, places + torch.tensor([100.0, 40.0])], 1)


def _check_which(mine: Callable[..., Tensor], image: Tensor) -> None:
    """One rule for each case: the threshold, the overlap, several cars, the order."""
    car, two_cars = _boxes((60, 20)), _boxes((0, 20), (120, 20))
    small = torch.tensor([[60.0, 20, 90, 60]])  # 1200 of the box's 4000 pixels
    cases = (
        (
            "a score of just the threshold is not above it",
            [(0, 0), (60, 20)],
            [0.5, 0.9],
            None,
            [1],
        ),
        (
            "right crops, but keep the order of the boxes: the scores may come in any order",
            [(0, 0), (130, 0), (60, 45)],
            [0.7, 0.9, 0.8],
            None,
            [0, 1, 2],
        ),
        ("a box with an IoU of 0.35 is near a car: the limit is 0.3", [(108, 20)], [0.9], car, []),
        (
            "a box with an IoU of 0.29 is far from the car: the limit is 0.3",
            [(120, 20)],
            [0.9],
            car,
            [0],
        ),
        ("an IoU of just 0.3 is not below 0.3", [(60, 20)], [0.9], small, []),
        (
            "a box overlaps two cars a little: each IoU counts for itself, not their sum",
            [(60, 20)],
            [0.9],
            two_cars,
            [0],
        ),
        ("a box lies on the *second* car: ask every car", [(120, 20)], [0.9], two_cars, []),
        ("a box lies on the *first* car: ask every car", [(0, 20)], [0.9], two_cars, []),
        (
            "a box has an IoU of 0.43 with one car and 0 with the other: each counts for itself,"
            " not their mean",
            [(0, 0), (160, 20)],
            [0.9, 0.8],
            torch.cat([car - torch.tensor([60.0, 0, 60, 0]), _boxes((120, 20))]),
            [],
        ),
        (
            "two boxes lie on one car: the second is no false alarm here, for it shows a car",
            [(60, 20), (62, 20)],
            [0.9, 0.8],
            car,
            [],
        ),
        (
            "false alarms that overlap all count: no non-maximum suppression here",
            [(0, 0), (2, 0), (4, 0), (6, 0), (150, 40)],
            [0.6, 0.7, 0.8, 0.9, 0.7],
            None,
            [0, 1, 2, 3, 4],
        ),
    )
    for message, corners, scores, truth, numbers in cases:
        found = Detections(_boxes(*corners), torch.tensor(scores))
        answer = ask(mine, image, found, torch.zeros(0, 4) if truth is None else truth, 0.5)
        crops = [image[:, y : y + 40, x : x + 100] for x, y in (corners[k] for k in numbers)]
        right = torch.stack(crops) if crops else torch.zeros(0, 1, 40, 100)
        same = isinstance(answer, Tensor) and answer.shape == right.shape
        if not same or not close(answer, right):
            fail(message)


def _check_border(mine: Callable[..., Tensor], image: Tensor) -> None:
    """A box that reaches past the image: the border's pixels are repeated."""
    for x, y in ((-8, -5), (170, 60)):
        box = torch.tensor([[x, y, x + 100, y + 40]]).float()
        found = Detections(box, torch.tensor([0.9]))
        answer = ask(mine, image, found, torch.zeros(0, 4), 0.5)
        rows = torch.arange(y, y + 40).clamp(0, image.shape[1] - 1)
        cols = torch.arange(x, x + 100).clamp(0, image.shape[2] - 1)
        right = image[:, rows][:, :, cols][None]
        case = f"a box at ({x}, {y}) reaches past the image"
        if tuple(answer.shape) != (1, 1, 40, 100):
            fail(f"{case}, and the result has shape {[*answer.shape]}: repeat the border's pixels")
        if not close(answer, right):
            fail(f"{case}: the pixels there must repeat the border's (clamp the row and column)")
