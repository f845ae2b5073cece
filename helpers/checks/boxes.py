"""Checks of the exercises of Lesson 06."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.boxes import nms
from helpers.checks.report import ask, close, fail, passed, tensor


def check_cell_to_box(cell_to_box: Callable[[int, int, int], tuple]) -> None:
    """`cell_to_box(row, col, stride)` -> (x1, y1, x2, y2) of the 40×100 window under a cell."""
    for row, col, stride in ((3, 7, 4), (0, 0, 4), (10, 2, 4), (5, 9, 1)):
        answer = ask(cell_to_box, row, col, stride)
        x, y = stride * col, stride * row
        right = (x, y, x + 100, y + 40)
        try:
            box = tuple(float(value) for value in answer)
        except TypeError:
            fail(f"cell_to_box must give back four numbers, not {answer!r}")
        if len(box) != 4:
            fail(f"cell_to_box must give back four numbers, not {len(box)}")
        if box == right:
            continue
        case = f"cell ({row}, {col}) at stride {stride}"
        mistakes = {
            "x and y are swapped: x counts columns, y counts rows": (y, x, y + 100, x + 40),
            "your box begins with the row: it is (y1, x1, y2, x2), boxes are (x1, y1, x2, y2)": (
                y,
                x,
                y + 40,
                x + 100,
            ),
            "these are (x, y, width, height): a box ends with its other corner": (x, y, 100, 40),
            "the cell gives the window's top-left corner, not its centre": (
                x - 50,
                y - 20,
                x + 50,
                y + 20,
            ),
            "the window is 100 wide and 40 high, not 40 wide and 100 high": (x, y, x + 40, y + 100),
            "the cell is not multiplied with the stride": (col, row, col + 100, row + 40),
            "x2 and y2 lie just outside the box: do not take 1 off": (x, y, x + 99, y + 39),
            "one stride too far: cell 0 begins at pixel 0": (
                x + stride,
                y + stride,
                x + stride + 100,
                y + stride + 40,
            ),
            "only the corner is multiplied with the stride, the window's size is in pixels": (
                x,
                y,
                x + 100 * stride,
                y + 40 * stride,
            ),
        }
        for message, wrong in mistakes.items():
            if box == wrong:
                fail(f"{case}: {message}")
        fail(f"{case}: the window is {right}, not {box}")
    passed("cell_to_box")


def check_car_score(car_score: Callable[[Tensor], Tensor]) -> None:
    """`car_score(logits)`: [2, rows, cols] -> the probability of "car" [rows, cols]."""
    logits = torch.tensor(
        [[[-4.0, 2.0, 0.5], [1.0, -1.0, 0.0]], [[3.0, 5.0, 0.5], [-2.0, 1.5, 4.0]]]
    )
    right = logits.softmax(0)[1]
    answer = tensor(ask(car_score, logits), "the result", right)
    margin = logits[1] - logits[0]
    mistakes = {
        "that is the raw logit of “car”: it ignores the other one": logits[1],
        "the other logit is left out: sigmoid wants the difference of both": logits[1].sigmoid(),
        "that is the difference of the logits; turn it into a probability with sigmoid": margin,
        "that is the probability of “not a car”: class 1 is the car": 1 - right,
        "softmax ran over the columns: the classes are dimension 0": logits.softmax(2)[1],
        "softmax ran over the rows: the classes are dimension 0": logits.softmax(1)[1],
        "dividing logits by their sum gives no probability: they may be negative": (
            logits[1] / logits.sum(0)
        ),
    }
    if not close(answer, right):
        for message, wrong in mistakes.items():
            if close(answer, wrong):
                fail(message)
        fail(f"for the logits -4 (not a car) and 3 (car) expected {right[0, 0]:.4f}")
    steep = ask(car_score, 200 * logits)
    if not torch.isfinite(steep).all():
        fail("large logits give NaN: exp overflows; let torch's softmax or sigmoid do it")
    passed("car_score")


def check_iou(iou: Callable[[tuple, tuple], float]) -> None:
    """`iou(box1, box2)`: intersection over union of two boxes (x1, y1, x2, y2), a number."""
    first = (20.0, 20.0, 120.0, 60.0)
    cases = {
        "a box and itself": first,
        "half a box to the right": (70.0, 20.0, 170.0, 60.0),
        "right and down": (30.0, 35.0, 130.0, 75.0),
        "left and up": (0.0, 10.0, 100.0, 50.0),
        "one box inside the other": (40.0, 30.0, 90.0, 50.0),
        "boxes that only touch": (120.0, 20.0, 220.0, 60.0),
        "boxes apart to the side": (150.0, 20.0, 250.0, 60.0),
        "boxes apart in both directions": (150.0, 100.0, 250.0, 140.0),
    }
    for case, second in cases.items():
        answer = ask(iou, first, second)
        try:
            value = float(answer)
        except (TypeError, ValueError):
            fail(f"iou must give back one number, not {answer!r}")
        right = _iou(first, second)
        if abs(value - right) < 1e-5:
            continue
        for message, wrong in _iou_mistakes(first, second).items():
            if abs(value - wrong) < 1e-5:
                fail(f"{case}: {message}")
        fail(f"{case}: expected {right:.4f}, not {value:.4f}")
    passed("iou")


def _sides(a: tuple, b: tuple) -> tuple[float, float]:
    """Width and height of what two boxes share, negative where they are apart."""
    return min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])


def _area(a: tuple, extra: int = 0) -> float:
    return (a[2] - a[0] + extra) * (a[3] - a[1] + extra)


def _iou(a: tuple, b: tuple) -> float:
    width, height = (max(side, 0) for side in _sides(a, b))
    return width * height / (_area(a) + _area(b) - width * height)


def _iou_mistakes(a: tuple, b: tuple) -> dict[str, float]:
    """What well-known mistakes would answer."""
    wide, high = _sides(a, b)
    width, height = max(wide, 0), max(high, 0)
    shared, both = width * height, _area(a) + _area(b)
    plus = max(wide + 1, 0) * max(high + 1, 0)
    around = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    return {
        "a negative width makes a negative area: take max(0, …)": wide
        * height
        / (both - wide * height),
        "they share nothing, but a negative width times a negative height is positive: take"
        " max(0, …) of each": wide * high / (both - wide * high),
        "one pixel too many: x2 lies just outside the box, so the width is x2 - x1": plus
        / (_area(a, 1) + _area(b, 1) - plus),
        "the shared part is counted twice below the line: subtract it once": shared / both,
        "that is the shared part of the smaller box: divide by the union": shared
        / min(_area(a), _area(b)),
        "that is the shared part of one box: divide by the union": shared / _area(a),
        "that is the shared part of the other box: divide by the union": shared / _area(b),
        "that divides by the box around both, not by the area that they cover": shared / around,
        "that is the shared area: divide it by the union": shared,
    }


def check_suppress(suppress: Callable[[Tensor, Tensor, float], list[int]]) -> None:
    """`suppress(boxes, scores, allowed)`: indices of the boxes that NMS keeps, best first."""
    rows = [[60, 0, 160, 40], [4, 0, 104, 40], [0, 0, 100, 40], [300, 0, 400, 40], [30, 0, 130, 40]]
    boxes, scores = torch.tensor(rows).float(), torch.tensor([0.7, 0.3, 0.9, 0.95, 0.8])
    answer = _indices(ask(suppress, boxes, scores, 0.3))
    if answer != [3, 2, 0]:
        mistakes = {
            "nothing was dropped: are overlaps compared with `allowed`?": [3, 2, 4, 0, 1],
            "a box is dropped for a box that was dropped itself: only kept boxes count": [3, 2],
            "the right boxes, but not best first": [0, 2, 3],
            "the worst come first: sort the scores in descending order": [1, 0, 3],
            "the scores are not used: start with the best box, not with the first": [0, 1, 3],
            "each box must be compared with every kept box, not only with the last": [3, 2, 0, 1],
        }
        for message, wrong in mistakes.items():
            if answer == wrong:
                fail(message)
        fail(f"on five boxes expected the indices [3, 2, 0], not {answer}")
    half = torch.tensor([[0.0, 0, 20, 10], [0, 0, 10, 10]])
    if _indices(ask(suppress, half, torch.tensor([0.9, 0.8]), 0.5)) != [0, 1]:
        fail("an overlap of just `allowed` is allowed: drop only what overlaps *more*")
    try:
        nothing = suppress(torch.zeros(0, 4), torch.zeros(0), 0.3)
    except (RuntimeError, IndexError, ValueError) as error:
        fail(f"no boxes at all: it crashes ({type(error).__name__}), and should give []")
    if _indices(nothing):
        fail(f"no boxes at all should give [], not {nothing}")
    generator = torch.Generator().manual_seed(6)
    corners = torch.rand(60, 2, generator=generator) * 150
    crowd = torch.cat([corners, corners + torch.tensor([100.0, 40.0])], 1)
    scores = torch.rand(60, generator=generator)
    for allowed in (0.0, 0.2, 0.6, 1.0):
        if _indices(ask(suppress, crowd, scores, allowed)) != nms(crowd, scores, allowed).tolist():
            fail(f"right for five boxes, but not for sixty with an overlap of {allowed} allowed")
    passed("suppress")


def _indices(answer: object) -> list[int]:
    """The answer as a list of whole numbers."""
    if isinstance(answer, Tensor) and answer.ndim == 2:
        fail("these are boxes: give back their indices")
    try:
        values = [float(value) for value in answer]
    except (TypeError, ValueError):
        fail(f"suppress must give back a list of indices, not {answer!r}")
    if any(isinstance(value, bool) for value in answer) or (
        isinstance(answer, Tensor) and answer.dtype == torch.bool
    ):
        fail("that is a mask of True and False: give back indices, best first")
    if any(value != int(value) for value in values):
        fail("these look like scores: give back the indices of the boxes")
    return [int(value) for value in values]
