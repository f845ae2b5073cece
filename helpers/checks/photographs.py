"""Checks of the exercises of Lesson 09."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.boxes import Detections
from helpers.checks.fine_tuning import check_fine_tune, fine_tune
from helpers.checks.report import ask, ask_edge, check, close, explain, fail, tensor, your_or_ours
from helpers.checks.views import check_slider_view, slider_view
from helpers.hard_negatives import mine_hard_negatives

__all__ = [
    "check_fine_tune",
    "check_mine",
    "check_slider_view",
    "check_standardise",
    "fine_tune",
    "mine",
    "slider_view",
    "standardise",
    "your_or_ours",
]


def _standardised(images: Tensor) -> Tensor:
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    spread = images.std(dim=(1, 2, 3), keepdim=True, correction=0).clamp(min=1e-6)
    return 0.5 + 0.25 * (images - mean) / spread


def standardise(images: Tensor) -> Tensor:
    """The course's own: each image of a batch with mean 0.5 and spread 0.25, in [0, 1]."""
    return _standardised(images).clamp(0, 1)


def mine(image: Tensor, found: Detections, truth: Tensor, threshold: float) -> Tensor:
    """The course's own: crops [K, 1, 40, 100] of the false positives."""
    return mine_hard_negatives(image, found, truth, threshold=threshold)


@check("standardise", of=(standardise,))
def check_standardise(answers: Callable[[Tensor], Tensor]) -> None:
    """`standardise(images)`: each image [1, H, W] of a batch with mean 0.5 and spread 0.25."""
    generator = torch.Generator().manual_seed(0)
    dull = 0.7 + 0.05 * torch.rand(2, 1, 12, 30, generator=generator)
    dark = 0.3 * torch.rand(1, 1, 12, 30, generator=generator) ** 2
    images = torch.cat([dull, dark, 1 - dark])  # some would go above 1, some below 0
    raw = _standardised(images)
    right = raw.clamp(0, 1)
    answer = tensor(ask(answers, images), "the result", right)
    centred = images - images.mean(dim=(1, 2, 3), keepdim=True)
    spread = images.std(dim=(1, 2, 3), keepdim=True)
    flat = images.flatten(1)
    low, high = (f(dim=1).values.view(-1, 1, 1, 1) for f in (flat.min, flat.max))

    def over(*dims: int) -> Tensor:
        """With mean and spread of some dimensions only."""
        mean, deviation = images.mean(dims, keepdim=True), images.std(dims, keepdim=True)
        return 0.5 + 0.25 * (images - mean) / deviation

    mistakes = {
        "mean and spread are those of the whole batch: each image needs its own": over(0, 1, 2, 3),
        "mean and spread are those of each row: take rows *and* columns together": over(3),
        "mean and spread are those of each column: take rows *and* columns together": over(2),
        "the mean is right, but nothing is divided by the spread": 0.5 + centred,
        "the mean is right, but nothing is divided by the spread (only times 0.25)": 0.5
        + 0.25 * centred,
        "that has mean 0 and spread 1: multiply by 0.25 and add 0.5": (raw - 0.5) / 0.25,
        "mean 0.25 and spread 0.5: it is the other way round": 0.25 + 0.5 * centred / spread,
        "the mean is right, but the spread is 0.5: multiply by 0.25": 0.5 + 0.5 * centred / spread,
        "the mean is right, but the spread is 1: multiply by 0.25": 0.5 + centred / spread,
        "the mean is 0 before clamping: add 0.5": 0.25 * centred / spread,
        "the image itself is divided by its spread: subtract its mean first": 0.5
        + 0.25 * images / spread,
        "that stretches from the darkest to the brightest pixel, which one odd pixel decides: use"
        " mean and spread": (images - low) / (high - low),
        "divided by the variance: take the standard deviation, its root": 0.5
        + 0.25 * centred / spread**2,
        "the contrast is turned: bright must stay bright": 1 - raw,
        "clamped before it was scaled: clamp at the very end": 0.5
        + 0.25 * (centred / spread).clamp(0, 1),
        "nothing has changed: are you giving back the input?": images,
    }
    # A thousandth: the spread may be taken with N or N - 1.
    if (answer - right).abs().max() > 3e-3:
        if (answer.clamp(0, 1) - right).abs().max() < 3e-3:
            fail("some pixels are below 0 or above 1: clamp to [0, 1]")
        for message, wrong in mistakes.items():
            for version in (wrong, wrong.clamp(0, 1)):
                if (answer - version).abs().max() < 1e-2:
                    fail(message)
        fail("each image should have mean 0.5 and spread 0.25 (before clamping)")
    _check_faint(answers)


def _check_faint(answers: Callable[[Tensor], Tensor]) -> None:
    """Images of hardly any contrast, and of none."""
    ramp = torch.linspace(-1, 1, 4000).view(1, 1, 40, 100)
    for spread in (0.003, 0.0005):
        faint = 0.6 + spread * 3**0.5 * ramp
        answer = tensor(ask(answers, faint), "the result", faint)
        if (answer - _standardised(faint).clamp(0, 1)).abs().max() > 5e-3:
            fail(
                f"a faint image, of spread {spread}, comes out with {answer.std():.3f} in place of"
                " 0.25: divide by its own spread, which is only not to be below 1e-6"
            )
    even = ask(answers, torch.full((1, 1, 12, 30), 0.25))
    if not isinstance(even, Tensor) or not torch.isfinite(even).all():
        fail("an image of one single grey gives NaN: its spread is 0; divide by at least 1e-6")
    if (even - 0.5).abs().max() > 1e-2:
        fail("an image of one single grey should become 0.5 everywhere")
    # Of one grey but for rounding, as the mean of equal numbers may be.
    rounded = 0.25 + 2e-7 * 3**0.5 * ramp
    answer = tensor(ask(answers, rounded), "the result", rounded)
    if (answer - 0.5).abs().max() > 0.12:  # 0.087, divided by 1e-6
        fail(
            "an image of one grey but for rounding, of spread 2e-7, should stay near 0.5: divide by"
            " 1e-6 wherever the spread is below it, not only where it is 0"
        )
    mixed = torch.cat([torch.full_like(ramp, 0.25), 0.5 + 0.1 * ramp])
    answer = tensor(ask(answers, mixed), "the result", mixed)
    if (answer - _standardised(mixed).clamp(0, 1)).abs().max() > 5e-3:
        fail(
            "an image beside one of a single grey comes out wrong: ask each image of the batch for"
            " its own spread, not all of them at once"
        )


@check("mine", of=(mine_hard_negatives, mine))
def check_mine(answers: Callable[[Tensor, Detections, Tensor, float], Tensor]) -> None:
    """`mine(image, found, truth, threshold)`: crops of false positives, [K, 1, 40, 100]."""
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

    answer = ask(answers, image, found, truth, 0.5)
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
        "the cars themselves, not the false positives": [0, 1],
        "every box above the threshold, cars too: leave out those with IoU ≥ 0.3": [0, 1, 2],
        "every box far from the cars, however low its score: use the threshold": [1, 2, 3],
        "nothing is left out: use both the threshold and the ground truth": [0, 1, 2, 3],
    }
    if not (answer.shape == (2, 1, 40, 100) and close(answer, cut([1, 2]))):
        for message, numbers in picks.items():
            if len(answer) == len(numbers) and close(answer, cut(numbers)):
                fail(message)
        if len(answer) == 2:
            if close(answer, cut([2, 1])):
                fail("right crops, but keep the order of the boxes")
            _explain_pixels(answer, image, boxes[1:3])
        fail(f"{len(answer)} crops; the false positives are boxes 1 and 2 of 0 to 3")
    why = "in a scene without cars, truth [0, 4]"
    alone = ask_edge(why, answers, image, found, torch.zeros(0, 4), 0.5)
    if not isinstance(alone, Tensor) or alone.shape != (3, 1, 40, 100):
        fail("in a scene without cars every box above the threshold is a false positive")
    none = ask_edge("without false positives", answers, image, found, truth, 0.95)
    if not isinstance(none, Tensor) or tuple(none.shape) != (0, 1, 40, 100):
        fail("without false positives the result must have shape [0, 1, 40, 100]")
    _check_which(answers, image)
    _check_border(answers, image)


def _explain_pixels(answer: Tensor, image: Tensor, boxes: Tensor) -> None:
    """The right number of crops with wrong pixels: where were they cut?"""
    height, width = image.shape[-2:]

    def cut(rows_up_to: int, cols_up_to: int, swap: bool = False) -> Tensor:
        crops = []
        for x, y in boxes[:, :2].long().tolist():
            x, y = (y, x) if swap else (x, y)
            rows = (y + torch.arange(40)).clamp(0, rows_up_to)
            cols = (x + torch.arange(100)).clamp(0, cols_up_to)
            crops.append(image[:, rows][:, :, cols])
        return torch.stack(crops)

    mistakes = {
        "two crops, but rows and columns are clamped to each other's limit: rows end at the height,"
        " columns at the width of the image": cut(height - 1, height - 1),
        "two crops, but the corner's x and y are swapped: a box begins with x, the column": cut(
            height - 1, width - 1, swap=True
        ),
    }
    explain(answer, None, mistakes, "", "two crops, but not the pixels under boxes 1 and 2")


def _boxes(*corners: tuple[int, int]) -> Tensor:
    """Boxes of 100×40 pixels with their top-left corners at (x, y)."""
    places = torch.tensor(corners).float()
    return torch.cat([places, places + torch.tensor([100.0, 40.0])], 1)


def _check_which(answers: Callable[..., Tensor], image: Tensor) -> None:
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
            "two boxes lie on one car: the second is no hard negative, for it shows a car",
            [(60, 20), (62, 20)],
            [0.9, 0.8],
            car,
            [],
        ),
        (
            "false positives that overlap all count: no non-maximum suppression here",
            [(0, 0), (2, 0), (4, 0), (6, 0), (150, 40)],
            [0.6, 0.7, 0.8, 0.9, 0.7],
            None,
            [0, 1, 2, 3, 4],
        ),
    )
    for message, corners, scores, truth, numbers in cases:
        found = Detections(_boxes(*corners), torch.tensor(scores))
        answer = ask(answers, image, found, torch.zeros(0, 4) if truth is None else truth, 0.5)
        crops = [image[:, y : y + 40, x : x + 100] for x, y in (corners[k] for k in numbers)]
        right = torch.stack(crops) if crops else torch.zeros(0, 1, 40, 100)
        same = isinstance(answer, Tensor) and answer.shape == right.shape
        if not same or not close(answer, right):
            fail(message)


def _check_border(answers: Callable[..., Tensor], image: Tensor) -> None:
    """A box that reaches past the image: the border's pixels are repeated."""
    nothing = torch.zeros(0, 4)
    for x, y in ((-8, -5), (170, 60), (-20, 10), (40, -17), (-70, -30), (230, 80)):
        box = torch.tensor([[x, y, x + 100, y + 40]]).float()
        found = Detections(box, torch.tensor([0.9]))
        case = f"a box at ({x}, {y}) reaches past the image"
        answer = ask_edge(f"where {case}", answers, image, found, nothing, 0.5)
        rows = torch.arange(y, y + 40).clamp(0, image.shape[1] - 1)
        cols = torch.arange(x, x + 100).clamp(0, image.shape[2] - 1)
        right = image[:, rows][:, :, cols][None]
        if tuple(answer.shape) != (1, 1, 40, 100):
            fail(f"{case}, and the result has shape {[*answer.shape]}: repeat the border's pixels")
        if not close(answer, right):
            fail(f"{case}: the pixels there must repeat the border's (clamp the row and column)")
