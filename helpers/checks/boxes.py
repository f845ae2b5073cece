"""Checks of the exercises of Lesson 06."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from helpers.boxes import box_iou
from helpers.checks.report import (
    ask,
    check,
    explain,
    fail,
    first_wrong,
    number,
    same,
    tensor,
    your_or_ours,
)
from helpers.checks.suppression import check_suppress
from helpers.heatmap import car_probability

__all__ = [
    "check_car_score",
    "check_grid_boxes",
    "check_iou",
    "check_suppress",
    "your_or_ours",
]


@check("grid_boxes")
def check_grid_boxes(grid_boxes: Callable[[int, int, int], Tensor]) -> None:
    """`grid_boxes(rows, cols, stride)` -> boxes [rows · cols, 4] of the windows, row after row."""
    for rows, cols, stride in ((2, 3, 4), (3, 2, 5), (1, 4, 8), (4, 1, 4), (3, 3, 1), (13, 17, 2)):
        answer = _as_boxes(ask(grid_boxes, rows, cols, stride), rows * cols)
        case = f"{rows} rows, {cols} columns, stride {stride}"
        right = _grid(rows, cols, stride)
        if same(answer, right):
            continue
        explain(answer, right, _grid_mistakes(rows, cols, stride), case, _first(answer, right))


def _grid(rows: int, cols: int, stride: int) -> Tensor:
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(cols), indexing="ij")
    corner = torch.stack([x.flatten(), y.flatten()], 1).float() * stride
    return torch.cat([corner, corner + torch.tensor([100.0, 40.0])], 1)


def _grid_mistakes(rows: int, cols: int, stride: int) -> dict[str, Tensor]:
    """What well-known mistakes would answer."""
    right = _grid(rows, cols, stride)
    x, y = right[:, 0], right[:, 1]
    cells = _grid(rows, cols, 1)[:, :2]
    by_columns = right.reshape(rows, cols, 4).transpose(0, 1).reshape(-1, 4)

    def sized(x: Tensor, y: Tensor, width: float, height: float) -> Tensor:
        return torch.stack([x, y, x + width, y + height], 1)

    return {
        "the order is column after column: go through a whole row first": by_columns,
        "rows and columns are swapped: `rows` says how many rows there are": _grid(
            cols, rows, stride
        ),
        "x and y are swapped: x counts columns, y counts rows": sized(y, x, 100, 40),
        "your boxes are (y1, x1, y2, x2), the row first: they should be (x1, y1, x2, y2)": sized(
            y, x, 40, 100
        ),
        "these are (x, y, width, height): a box ends with its other corner": torch.stack(
            [x, y, torch.full_like(x, 100), torch.full_like(x, 40)], 1
        ),
        "a cell gives the window's top-left corner, not its centre": sized(x - 50, y - 20, 100, 40),
        "the window is 100 wide and 40 high, not 40 wide and 100 high": sized(x, y, 40, 100),
        "the cells are not multiplied with the stride": sized(*cells.T, 100, 40),
        "x2 and y2 lie just outside the box: do not take 1 off": sized(x, y, 99, 39),
        "one stride too far: row 0 and column 0 begin at pixel 0": sized(
            x + stride, y + stride, 100, 40
        ),
        "only the corner is multiplied with the stride, the window's size is in pixels": sized(
            x, y, 100 * stride, 40 * stride
        ),
        "neighbouring windows are one stride apart, not one window": sized(
            100 * cells[:, 0], 40 * cells[:, 1], 100, 40
        ),
        "the stride belongs to both directions: it is missing in y": sized(x, cells[:, 1], 100, 40),
        "the stride belongs to both directions: it is missing in x": sized(cells[:, 0], y, 100, 40),
        "the order is right to left: begin with column 0": right.reshape(rows, cols, 4)
        .flip(1)
        .reshape(-1, 4),
        "the order is from the bottom up: begin with row 0": right.reshape(rows, cols, 4)
        .flip(0)
        .reshape(-1, 4),
    }


def _as_boxes(answer: object, count: int) -> Tensor:
    """The answer as float boxes [count, 4]; a list of boxes is as good as a tensor."""
    try:
        if isinstance(answer, list | tuple) and any(isinstance(row, Tensor) for row in answer):
            answer = torch.stack([torch.as_tensor(row).flatten() for row in answer])
        boxes = torch.as_tensor(answer)
    except (TypeError, ValueError, RuntimeError):
        fail(f"give back a float tensor [rows · cols, 4], not {type(answer).__name__}")
    if boxes.ndim == 3 and boxes.shape[2] == 4:
        fail(f"the shape is {[*boxes.shape]}: put all boxes in one list, [{count}, 4]")
    if boxes.shape == (4, count) and count != 4:
        fail(f"the shape is {[*boxes.shape]}: one row for each box, [{count}, 4]")
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        fail(f"the shape is {[*boxes.shape]}, but should be [{count}, 4]")
    if len(boxes) != count:
        fail(f"{len(boxes)} boxes, but there are {count} cells: one box for each cell")
    if boxes.dtype == torch.bool or boxes.is_complex():
        fail("these are no numbers of pixels")
    return boxes.float()


def _first(answer: Tensor, right: Tensor) -> str:
    """The first box that is wrong."""
    wrong = first_wrong(answer, right)
    expected, got = ([round(v, 3) for v in boxes[wrong].tolist()] for boxes in (right, answer))
    return f"box {wrong} should be {expected}, not {got}"


@check("car_score", of=(car_probability,))
def check_car_score(car_score: Callable[[Tensor], Tensor]) -> None:
    """`car_score(logits)`: [2, rows, cols] -> the probability of "car" [rows, cols]."""
    logits = torch.tensor(
        [[[-4.0, 2.0, 0.5], [1.0, -1.0, 0.0]], [[3.0, 5.0, 0.5], [-2.0, 1.5, 4.0]]]
    )
    _check_scores(ask(car_score, logits), logits, "")
    square = logits[:, :, :2]
    _check_scores(ask(car_score, square), square, "2 rows and 2 columns")
    for cell in ((400.0, 398.0), (-400.0, -401.0), (-60.0, 300.0), (300.0, -60.0)):
        case = f"one cell with the large logits {cell[0]:g} and {cell[1]:g}"
        _check_large(car_score, torch.tensor(cell)[:, None, None], case)
    both = torch.tensor([[[400.0, -400.0]], [[398.0, -401.0]]])
    _check_large(car_score, both, "two cells, logits of 400 in one and of -400 in the other")


def _check_large(car_score: Callable[[Tensor], Tensor], logits: Tensor, case: str) -> None:
    """Who is right for small logits made none of the known mistakes: exp is what goes wrong."""
    right = logits.softmax(0)[1]
    answer = ask(car_score, logits)
    if isinstance(answer, Tensor):  # NaN is what overflow makes
        answer = answer.nan_to_num(-1)
    if not same(tensor(answer, "the result", right), right):
        fail(
            f"{case}: right for small logits, wrong for large ones: exp overflows or becomes 0, and"
            " to cut logits off changes the answer; let torch's softmax or sigmoid do it"
        )


def _check_scores(answer: object, logits: Tensor, case: str) -> None:
    right = logits.softmax(0)[1]
    answer = tensor(answer, "the result", right)
    margin = logits[1] - logits[0]
    mistakes = {
        "that is the raw logit of “car”: it ignores the other one": logits[1],
        "that is the raw logit of “not a car”": logits[0],
        "the other logit is left out: sigmoid wants the difference of both": logits[1].sigmoid(),
        "that is the difference of the logits; turn it into a probability with sigmoid": margin,
        "that is the probability of “not a car”: class 1 is the car": 1 - right,
        "softmax ran over the columns: the classes are dimension 0": logits.softmax(2)[1],
        "softmax ran over the rows: the classes are dimension 0": logits.softmax(1)[1],
        "the logits are added: sigmoid wants their difference": logits.sum(0).sigmoid(),
        "dividing logits by their sum gives no probability: they may be negative": (
            logits[1] / logits.sum(0)
        ),
        "that divides two sigmoids: softmax is one sigmoid, of the difference": (
            logits[1].sigmoid() / logits.sigmoid().sum(0)
        ),
        "that is only which logit is larger: a score says how sure": (margin > 0).float(),
        "that is the logarithm of the probability: use softmax, not log_softmax": (
            logits.log_softmax(0)[1]
        ),
        "the result is rounded: leave all digits": (right * 1e4).round() / 1e4,
        "the result is rounded to two decimals: leave all digits": (right * 100).round() / 100,
        "the result is rounded to three decimals: leave all digits": (right * 1e3).round() / 1e3,
    }
    row, col = divmod(int((answer - right).abs().argmax()), right.shape[1])
    there = f"{right[row, col]:.4f} in cell ({row}, {col})"
    expected = f"expected {there}, not {float(answer[row, col]):.4f}"
    nearly = "nearly right, but rounded: leave all digits"
    explain(answer, right, mistakes, case, expected, nearly)


@check("iou", of=(box_iou,))
def check_iou(iou: Callable[[tuple, tuple], float]) -> None:
    """`iou(box1, box2)`: intersection over union of two boxes (x1, y1, x2, y2), a number."""
    first = (20.0, 20.0, 120.0, 60.0)
    cases = {
        "a box and itself": first,
        "half a box to the right": (70.0, 20.0, 170.0, 60.0),
        "right and down": (30.0, 35.0, 130.0, 75.0),
        "left and up": (0.0, 10.0, 100.0, 50.0),
        "one box inside the other": (40.0, 30.0, 90.0, 50.0),
        "one box around the other": (0.0, -10.0, 160.0, 90.0),
        "boxes that cross, no corner of one inside the other": (60.0, 0.0, 80.0, 100.0),
        "fractions of pixels": (20.25, 20.5, 120.25, 60.5),
        "a box that begins outside the image": (-30.0, -15.0, 70.0, 25.0),
        "one pixel shared": (119.0, 59.0, 219.0, 99.0),
        "boxes that only touch": (120.0, 20.0, 220.0, 60.0),
        "boxes that touch in a corner": (120.0, 60.0, 220.0, 100.0),
        "boxes apart to the side": (150.0, 20.0, 250.0, 60.0),
        "boxes apart in height": (20.0, 80.0, 120.0, 120.0),
        "boxes apart in both directions": (150.0, 100.0, 250.0, 140.0),
        "a small box in a corner of a large one": (20.0, 20.0, 22.0, 21.0),
    }
    for case, second in cases.items():
        for a, b, order in ((first, second, ""), (second, first, ", the other way round")):
            value = number(ask(iou, a, b), "the result")
            right = _iou(a, b)
            expected = f"expected {right:.4f}, not {value}"
            nearly = f"nearly right: expected {right:.7f}, not {value:.7f}; is it rounded?"
            explain(value, right, _iou_mistakes(a, b), case + order, expected, nearly)


def _sides(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Width and height of what two boxes share, negative where they are apart."""
    return min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])


def _area(a: Sequence[float], extra: int = 0) -> float:
    return (a[2] - a[0] + extra) * (a[3] - a[1] + extra)


def _iou(a: Sequence[float], b: Sequence[float]) -> float:
    width, height = (max(side, 0) for side in _sides(a, b))
    return width * height / (_area(a) + _area(b) - width * height)


def _corner_inside(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether a corner of `b` lies in `a`."""
    return any(a[0] <= x <= a[2] and a[1] <= y <= a[3] for x in b[0::2] for y in b[1::2])


def _iou_mistakes(a: Sequence[float], b: Sequence[float]) -> dict[str, float]:
    """What well-known mistakes would answer."""
    wide, high = _sides(a, b)
    width, height = max(wide, 0), max(high, 0)
    shared, both, right = width * height, _area(a) + _area(b), _iou(a, b)
    plus = max(wide + 1, 0) * max(high + 1, 0)
    around = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    return {
        "boxes may overlap without a corner of one in the other": (
            right if _corner_inside(a, b) else 0.0
        ),
        "boxes may overlap without a corner of the first in the second": (
            right if _corner_inside(b, a) else 0.0
        ),
        "where two boxes are apart, a side of what they share is negative: take max(0, …) of each"
        " side": _over(wide * high, both - wide * high),
        "one pixel too many: x2 lies just outside the box, so the width is x2 - x1": plus
        / (_area(a, 1) + _area(b, 1) - plus),
        "the shared part is counted twice below the line: subtract it once": shared / both,
        "the union is the sum of both areas minus the intersection, not plus": shared
        / (both + shared),
        "that is the shared part of the smaller box: divide by the union": shared
        / min(_area(a), _area(b)),
        "that is the shared part of the larger box: divide by the union": shared
        / max(_area(a), _area(b)),
        "that is the shared part of one box: divide by the union": shared / _area(a),
        "that is the shared part of the other box: divide by the union": shared / _area(b),
        "that divides by the box around both, not by the area that they cover": shared / around,
        "that is the shared area: divide it by the union": shared,
        "that is 1 - IoU: a distance, 0 for the same box": 1 - right,
        "that doubles the intersection (Dice, F1): divide it by the union": 2 * shared / both,
        "the result is rounded: leave all digits": round(right, 2),
        "the result is rounded to three decimals: leave all digits": round(right, 3),
        "the result is rounded to four decimals: leave all digits": round(right, 4),
        "coordinates are cut to whole numbers: fractions of a pixel count": _iou(
            [int(v) for v in a], [int(v) for v in b]
        ),
        "negative coordinates are right: a box may begin outside the image": _iou(
            [max(v, 0) for v in a], [max(v, 0) for v in b]
        ),
        "both areas are taken from the first box": _over(shared, 2 * _area(a) - shared),
        "both areas are taken from the second box": _over(shared, 2 * _area(b) - shared),
    }


def _over(above: float, below: float) -> float:
    return above / below if below else float("nan")
