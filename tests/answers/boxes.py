"""Right and wrong answers to the exercises of Lesson 06; NMS has a module of its own."""

import numpy as np
import torch

from helpers.boxes import box_iou
from helpers.checks import boxes as checks
from helpers.heatmap import car_probability


def grid(x=lambda r, c, s: s * c, y=lambda r, c, s: s * r, size=(100, 40), last=1, by="rows"):
    """The boxes by two loops, with mistakes to choose."""

    def answer(rows, cols, stride):
        cells = [(r, c) for r in range(rows) for c in range(cols)]
        if by == "columns":
            cells.sort(key=lambda cell: cell[::-1])
        corners = [(x(r, c, stride), y(r, c, stride)) for r, c in cells]
        off = 1 - last
        return torch.tensor(
            [[a, b, a + size[0] - off, b + size[1] - off] for a, b in corners]
        ).float()

    return answer


right_grid = grid()


def by_meshgrid(rows, cols, stride):
    y, x = torch.meshgrid(torch.arange(rows) * stride, torch.arange(cols) * stride, indexing="ij")
    return torch.stack([x, y, x + 100, y + 40], -1).reshape(-1, 4).float()


def by_numpy(rows, cols, stride):
    y, x = np.mgrid[:rows, :cols] * stride
    return np.stack([x, y, x + 100, y + 40], -1).reshape(-1, 4).astype(np.float32)


def by_division(rows, cols, stride):
    k = torch.arange(rows * cols)
    x, y = stride * (k % cols), stride * (k // cols)
    return torch.stack([x, y, x + 100, y + 40], 1)


def of_tensors(rows, cols, stride):
    return list(right_grid(rows, cols, stride))


GRID_RIGHT = [
    right_grid,
    by_meshgrid,
    by_numpy,
    by_division,
    of_tensors,
    lambda r, c, s: right_grid(r, c, s).tolist(),
    lambda r, c, s: right_grid(r, c, s).double(),
]
GRID_WRONG = [
    (lambda r, c, s: None, "return"),
    (lambda r, c, s: "boxes", "float tensor"),
    (lambda r, c, s: right_grid(r, c, s)[0], "shape"),
    (lambda r, c, s: right_grid(r, c, s).reshape(r, c, 4), "all boxes in one list"),
    (lambda r, c, s: right_grid(r, c, s).T, "one row for each box"),
    (lambda r, c, s: right_grid(r, c, s)[:-1], "one box for each cell"),
    (lambda r, c, s: right_grid(r + 1, c, s), "one box for each cell"),
    (lambda r, c, s: right_grid(r, c, s) > 0, "no numbers"),
    (grid(by="columns"), "column after column"),
    (grid(x=lambda r, c, s: s * r, y=lambda r, c, s: s * c), "x and y are swapped"),
    (lambda r, c, s: right_grid(c, r, s), "rows and columns are swapped"),
    (lambda r, c, s: right_grid(r, c, s)[:, [1, 0, 3, 2]], "the row first"),
    (grid(x=lambda r, c, s: s * c - 50, y=lambda r, c, s: s * r - 20), "not its centre"),
    (
        lambda r, c, s: torch.cat(
            [right_grid(r, c, s)[:, :2], torch.tensor([[100.0, 40.0]]).expand(r * c, 2)], 1
        ),
        "width, height",
    ),
    (grid(size=(40, 100)), "100 wide and 40 high"),
    (grid(x=lambda r, c, s: c, y=lambda r, c, s: r), "not multiplied"),
    (grid(last=0), "take 1 off"),
    (grid(x=lambda r, c, s: s * (c + 1), y=lambda r, c, s: s * (r + 1)), "one stride too far"),
    (
        lambda r, c, s: right_grid(r, c, s) + torch.tensor([0, 0, 100 * s - 100, 40 * s - 40]),
        "size is in pixels",
    ),
    (grid(x=lambda r, c, s: 100 * c, y=lambda r, c, s: 40 * r), "not one window"),
    (grid(y=lambda r, c, s: r), "missing in y"),
    (grid(x=lambda r, c, s: c), "missing in x"),
    (lambda r, c, s: right_grid(r, c, 4), "should be"),
    (lambda r, c, s: right_grid(r, c, s).flip(0), "should be"),
    (lambda r, c, s: right_grid(r, c, s) + 0.5, "should be"),
]


def by_exponentials(z):
    """Overflows where the logits are large."""
    e = z.exp()
    return e[1] / e.sum(0)


def less_the_largest_of_all(z):
    """Stable for one cell, but not where another one's logits are far larger."""
    e = (z - z.max()).exp()
    return e[1] / e.sum(0)


SCORE_RIGHT = [
    lambda z: z.softmax(0)[1],
    lambda z: torch.sigmoid(z[1] - z[0]),
    lambda z: 1 / (1 + (z[0] - z[1]).exp()),
    lambda z: 1 - torch.sigmoid(z[0] - z[1]),
    lambda z: torch.sigmoid((z[1] - z[0]).double()),
    lambda z: (z[1] - torch.logsumexp(z, 0)).exp(),
    lambda z: (torch.tanh((z[1] - z[0]) / 2) + 1) / 2,
]
SCORE_WRONG = [
    (lambda z: None, "return"),
    (lambda z: z[1], "raw logit"),
    (lambda z: z[0], "raw logit of “not a car”"),
    (lambda z: z[1].sigmoid(), "left out"),
    (lambda z: z[1] - z[0], "turn it into a probability"),
    (lambda z: z.softmax(0)[0], "class 1"),
    (lambda z: torch.sigmoid(z[0] - z[1]), "class 1"),
    (lambda z: torch.sigmoid(z[0] + z[1]), "are added"),
    (lambda z: z.softmax(2)[1], "over the columns"),
    (lambda z: z.softmax(1)[1], "over the rows"),
    (lambda z: z[1] / z.sum(0), "may be negative"),
    (lambda z: z.log_softmax(0)[1], "logarithm"),
    (lambda z: (z[1] > z[0]).float(), "how sure"),
    (lambda z: z.argmax(0).float(), "how sure"),
    (lambda z: z.sigmoid()[1] / z.sigmoid().sum(0), "two sigmoids"),
    (lambda z: z.softmax(0), "shape"),
    (lambda z: z.softmax(0)[1].T, "shape"),
    (lambda z: z.softmax(0)[1].squeeze(), "shape"),
    (lambda z: z.softmax(0)[1].numpy(), "torch.Tensor"),
    (lambda z: torch.full(z.shape[1:], 0.5), "expected"),
    (lambda z: z.softmax(0)[1].round(decimals=2), "rounded"),
    (lambda z: z.softmax(0)[1].round(decimals=4), "rounded"),
    (lambda z: z.clamp(-50, 50).softmax(0)[1], "large logits 400"),
    (by_exponentials, "overflows"),
    (lambda z: torch.nan_to_num(by_exponentials(z)), "400 and 398: right for small logits"),
    (less_the_largest_of_all, "two cells"),
    (lambda z: z.softmax(0).amax(0), r"expected 0.0474 in cell \(1, 0\), not 0.9526"),
    (lambda z: z.sub_(z.max()).softmax(0)[1], "changes its input"),
    (car_probability, "course's own"),
]


def iou(a, b, *, clamp=True, extra=0, subtract=True):
    """Of two boxes, with mistakes to choose."""
    w = min(a[2], b[2]) - max(a[0], b[0]) + extra
    h = min(a[3], b[3]) - max(a[1], b[1]) + extra
    if clamp:
        w, h = max(w, 0), max(h, 0)
    areas = sum((x2 - x1 + extra) * (y2 - y1 + extra) for x1, y1, x2, y2 in (a, b))
    return w * h / (areas - w * h if subtract else areas)


def iou_by_numpy(a, b):
    a, b = np.array(a, float), np.array(b, float)
    sides = np.clip(np.minimum(a, b)[2:] - np.maximum(a, b)[:2], 0, None)
    areas = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2])
    return np.prod(sides) / (areas - np.prod(sides))


def iou_by_torch(a, b):
    a, b = torch.tensor(a), torch.tensor(b)
    sides = (torch.minimum(a, b)[2:] - torch.maximum(a, b)[:2]).clamp(min=0)
    shared = sides.prod()
    return shared / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared)


def iou_with_an_early_return(a, b):
    if a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]:
        return 0
    return iou(a, b, clamp=False)


def clamped_in_height_only(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


def if_a_corner_is_inside(a, b):
    inside = any(a[0] <= x <= a[2] and a[1] <= y <= a[3] for x in b[0::2] for y in b[1::2])
    return iou(a, b) if inside else 0.0


def over(share):
    """The shared area, divided by something else than the union."""

    def wrong(a, b):
        w = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
        h = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
        areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
        around = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
        below = {
            "smaller": min(areas),
            "larger": max(areas),
            "around": around,
            "plus": sum(areas) + w * h,
            "half": sum(areas) / 2,
            "first": 2 * areas[0] - w * h,
            "nothing": 1,
        }
        return w * h / below[share]

    return wrong


IOU_RIGHT = [
    iou,
    iou_by_numpy,
    iou_by_torch,
    iou_with_an_early_return,
    lambda a, b: iou(list(a), list(b)),
]
IOU_WRONG = [
    (lambda a, b: None, "return"),
    (lambda a, b: (1, 2), "one number"),
    (lambda a, b: f"{iou(a, b)}", "one number"),
    (lambda a, b: iou(a, b) > 0.5, "one number"),
    (lambda a, b: iou(a, b, clamp=False), "negative"),
    (lambda a, b: iou(a, b, extra=1), "one pixel too many"),
    (lambda a, b: iou(a, b, subtract=False), "counted twice"),
    (clamped_in_height_only, "a side of what they share is negative"),
    (if_a_corner_is_inside, "without a corner"),
    (lambda a, b: if_a_corner_is_inside(b, a), "without a corner"),
    (over("smaller"), "smaller box|one box"),
    (over("larger"), "larger box"),
    (over("around"), "box around both"),
    (over("plus"), "minus the intersection, not plus"),
    (over("half"), "Dice"),
    (over("first"), "from the first box"),
    (over("nothing"), "shared area"),
    (lambda a, b: 1 - iou(a, b), "distance"),
    (lambda a, b: round(iou(a, b), 2), "rounded"),
    (lambda a, b: round(iou(a, b), 4), "rounded"),
    (lambda a, b: round(iou(a, b), 5), "rounded"),
    (lambda a, b: iou([int(v) for v in a], [int(v) for v in b]), "whole numbers"),
    (lambda a, b: iou([max(v, 0) for v in a], [max(v, 0) for v in b]), "begin outside"),
    (lambda a, b: 1.0, "expected"),
    (lambda a, b: box_iou(torch.tensor([a]), torch.tensor([b]))[0, 0], "course's own"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_grid_boxes: (GRID_RIGHT, GRID_WRONG),
    checks.check_car_score: (SCORE_RIGHT, SCORE_WRONG),
    checks.check_iou: (IOU_RIGHT, IOU_WRONG),
}
