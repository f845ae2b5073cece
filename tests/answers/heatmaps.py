"""Right and wrong answers to the exercises of Lesson 05."""

import math

import numpy as np
import torch
from torch import nn

from helpers.checks import heatmaps as checks


def sizes(step):
    """An answer to output_size that does `step` at each layer."""

    def output_size(length, layers):
        for kernel, stride in layers:
            length = step(length, kernel, stride)
        return length

    return output_size


def size_by_running(length, layers):
    x = torch.zeros(1, 1, length)
    for kernel, stride in layers:
        x = nn.functional.max_pool1d(x, kernel, stride)
    return x.shape[-1]


def size_by_counting(length, layers):
    for kernel, stride in layers:
        length = len([k for k in range(0, length, stride) if k + kernel <= length])
    return length


SIZE_WRONG = [
    (lambda length, layers: None, "return"),
    (sizes(lambda n, k, s: (n - k) // s), "first position counts"),
    (sizes(lambda n, k, s: n // s), "must stay inside"),
    (sizes(lambda n, k, s: n - k + 1), "stride is forgotten"),
    (sizes(lambda n, k, s: math.ceil((n - k) / s) + 1), "round down"),
    (sizes(lambda n, k, s: (n - k) / s + 1), "whole number"),
    (sizes(lambda n, k, s: (n - k + 1) // s), "add 1 after dividing"),
    (sizes(lambda n, k, s: round((n - k) / s) + 1), "rounds down"),
    (sizes(lambda n, k, s: math.ceil(n / s)), "stay inside"),
    (lambda n, layers: sizes(lambda n, k, s: (n - k) // s + 1)(n, layers[:-1]), "size|left"),
    (lambda n, layers: str(n), "must be one number"),
    (checks.output_size, "the course's own"),
    (lambda n, layers: (n - layers[0][0]) // layers[0][1] + 1, "the one before it gives"),
    (lambda n, layers: 7, "are left, not 7"),
]


def window(row, col, stride, offset):
    x1, y1 = offset + stride * col, offset + stride * row
    return x1, y1, x1 + 100, y1 + 40


def window_as_tensor(row, col, stride, offset):
    start = torch.tensor([col, row]) * stride + offset
    return torch.cat([start, start + torch.tensor([100, 40])])


def window_as_array(row, col, stride, offset):
    x, y = np.array([col, row]) * stride + offset
    return np.array([x, y, x + 100, y + 40])


def start(corner):
    """An answer to cell_to_window whose top-left corner is `corner(row, col, stride, offset)`."""

    def wrong(*cell):
        x1, y1 = corner(*cell)
        return x1, y1, x1 + 100, y1 + 40

    return wrong


WINDOW_WRONG = [
    (lambda *cell: None, "return"),
    (lambda *cell: 12, "four numbers"),
    (lambda *cell: window(*cell)[:2], "four numbers, not 2"),
    (checks.cell_to_window, "the course's own"),
    (start(lambda r, c, s, o: (o + s * r, o + s * c)), "swapped"),
    (start(lambda r, c, s, o: (s * c, s * r)), "offset is forgotten"),
    (start(lambda r, c, s, o: (s * (c + o), s * (r + o))), "after multiplying"),
    (start(lambda r, c, s, o: (s * c - o, s * r - o)), "offset is subtracted"),
    (start(lambda r, c, s, o: (o + s * (c + 1), o + s * (r + 1))), "4 pixels too far"),
    (start(lambda r, c, s, o: (o + c, o + r)), "not multiplied"),
    (start(lambda r, c, s, o: (o + s * c - 50, o + s * r - 20)), "not its centre"),
    (lambda *cell: (*window(*cell)[:2], 100, 40), "width, height"),
    (lambda *c: (*window(*c)[:2], window(*c)[0] + 40, window(*c)[1] + 100), "not 40 wide"),
    (lambda *c: (*window(*c)[:2], window(*c)[2] - 1, window(*c)[3] - 1), "do not take 1 off"),
    (lambda *cell: (1, 2, 3, 4), "the window is"),
]


def seeing(pixel, cells, stride, window):
    first = max(0, math.ceil((pixel - window + 1) / stride))
    return first, min(cells - 1, pixel // stride)


def seeing_by_trying(pixel, cells, stride, window):
    found = [c for c in range(cells) if 0 <= pixel - stride * c < window]
    return min(found), max(found)


def seeing_with_torch(pixel, cells, stride, window):
    begin = stride * torch.arange(cells)
    seen = ((begin <= pixel) & (pixel < begin + window)).nonzero()[:, 0]
    return seen[0], seen[-1]


SEEING_WRONG = [
    (lambda *pixel: None, "return"),
    (lambda pixel, cells, stride, window: pixel // stride, "two numbers"),
    (checks.cells_seeing, "the course's own"),
    (lambda p, n, s, w: (max(0, round((p - w + 1) / s)), seeing(p, n, s, w)[1]), "not the first"),
    (lambda p, n, s, w: (0, seeing(p, n, s, w)[1]), "not the first"),
    (lambda *pixel: seeing(*pixel)[::-1], "first and last are swapped"),
    (lambda p, n, s, w: (-((w - 1 - p) // s), seeing(p, n, s, w)[1]), "first cell is 0"),
    (lambda p, n, s, w: (seeing(p, n, s, w)[0], p // s), "no cell 77"),
    (lambda p, n, s, w: (seeing(p, n, s, w)[0], min(n - 1, p / s)), "whole number"),
    (lambda p, n, s, w: (max(0, (p - w) // s + 1), min(n - 1, -(-p // s))), "is not the last cell"),
    (lambda p, n, s, w: (max(0, (p - w + 1) // s), seeing(p, n, s, w)[1]), "does not see the"),
    (lambda p, n, s, w: (seeing(p, n, s, w)[1], seeing(p, n, s, w)[1]), "does too"),
]


def interleave(maps):
    dense = torch.empty(
        len(maps[0, 0]) + len(maps[1, 0]), maps[0, 0].shape[1] + maps[0, 1].shape[1]
    )
    for (down, right), shifted in maps.items():
        dense[down::2, right::2] = shifted
    return dense


def interleave_pixel_by_pixel(maps):
    rows = maps[0, 0].shape[0] + maps[1, 0].shape[0]
    cols = maps[0, 0].shape[1] + maps[0, 1].shape[1]
    return torch.tensor(
        [[maps[r % 2, c % 2][r // 2, c // 2].item() for c in range(cols)] for r in range(rows)]
    )


def interleave_only_even(maps):
    four = torch.stack([maps[0, 0], maps[0, 1], maps[1, 0], maps[1, 1]])
    return nn.functional.pixel_shuffle(four, 2)[0]


def interleave_blocks(maps):
    rows = [torch.cat([maps[d, 0], maps[d, 1]], dim=1) for d in (0, 1)]
    return torch.cat(rows)


def interleave_swapped(maps):
    dense = interleave(maps)
    if maps[0, 1].shape == maps[1, 0].shape:
        dense[0::2, 1::2], dense[1::2, 0::2] = maps[1, 0], maps[0, 1]
    return dense


def interleave_spoiling(maps):
    dense = interleave(maps)
    maps[0, 0].zero_()
    return dense


def interleave_repeated(maps):
    """Only the first map, each number four times."""
    dense = interleave(maps)
    wide = maps[0, 0].repeat_interleave(2, 0).repeat_interleave(2, 1)
    return wide[: dense.shape[0], : dense.shape[1]]


def interleave_by_indices(maps):
    rows = len(maps[0, 0]) + len(maps[1, 0])
    cols = maps[0, 0].shape[1] + maps[0, 1].shape[1]
    flat = torch.zeros(rows * cols)
    index = torch.arange(rows * cols).view(rows, cols)
    for down in (0, 1):
        for right in (0, 1):
            flat[index[down::2, right::2].flatten()] = maps[down, right].flatten()
    return flat.view(rows, cols)


def interleave_by_columns_first(maps):
    rows = len(maps[0, 0]) + len(maps[1, 0])
    cols = maps[0, 0].shape[1] + maps[0, 1].shape[1]
    dense = torch.zeros(rows, cols)
    for down in (0, 1):
        line = torch.zeros(len(maps[down, 0]), cols)
        line[:, 0::2], line[:, 1::2] = maps[down, 0], maps[down, 1]
        dense[down::2] = line
    return dense


def interleave_in_their_order(maps):
    keys = [(0, 0), (0, 1), (1, 0), (1, 1)]
    return interleave(dict(zip(keys, maps.values(), strict=True)))


INTERLEAVE_WRONG = [
    (interleave_in_their_order, "ask for each by its key"),
    (lambda maps: interleave(maps).long(), "fractions are lost"),
    (lambda maps: interleave(maps).round(), r"pixel \(0, 0\) .* expected 0.5, not 0$"),
    (lambda maps: None, "return"),
    (lambda maps: interleave(maps).numpy(), "torch.Tensor, not ndarray"),
    (lambda maps: interleave(maps).T, "rows and columns are swapped"),
    (lambda maps: maps[0, 0], "have together"),
    (interleave_only_even, "if a side is odd"),
    (interleave_blocks, "side by side"),
    (interleave_swapped, "down and right are swapped"),
    (interleave_spoiling, "changes its input"),
    (lambda maps: interleave(maps).roll(1, 0), r"pixel \(0, 0\) belongs to map \(0, 0\)"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_output_size: (
        [
            sizes(lambda n, k, s: (n - k) // s + 1),
            sizes(lambda n, k, s: float((n - k) // s + 1)),
            size_by_running,
            size_by_counting,
        ],
        SIZE_WRONG,
    ),
    checks.check_cell_to_window: (
        [window, window_as_tensor, window_as_array, lambda *cell: list(map(float, window(*cell)))],
        WINDOW_WRONG,
    ),
    checks.check_cells_seeing: (
        [seeing, seeing_by_trying, seeing_with_torch, lambda *p: np.array(seeing(*p))],
        SEEING_WRONG,
    ),
    checks.check_interleave: (
        [
            interleave,
            interleave_pixel_by_pixel,
            interleave_by_indices,
            interleave_by_columns_first,
        ],
        INTERLEAVE_WRONG,
    ),
}
