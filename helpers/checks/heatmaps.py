"""Checks of the exercises of Lesson 05."""

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor

from helpers.checks.arithmetic import check_count_macs, count_macs
from helpers.checks.report import (
    ask,
    check,
    close,
    explain,
    fail,
    numbers,
    tensor,
    whole,
    your_or_ours,
)

__all__ = [
    "cell_to_window",
    "cells_seeing",
    "check_cell_to_window",
    "check_cells_seeing",
    "check_count_macs",
    "check_interleave",
    "check_output_size",
    "count_macs",
    "interleave",
    "output_size",
    "your_or_ours",
]

# The two convolutions and two pools of the course's network, and its head, along the columns.
LAYERS = [(5, 1), (2, 2), (5, 1), (2, 2), (22, 1)]


def output_size(length: int, layers: Sequence[tuple[int, int]]) -> int:
    """How many numbers are left of `length` after layers of (kernel, stride). Lesson 05.

    >>> output_size(75, [(5, 1), (2, 2)])
    35
    """
    return _size(length, layers)


def _size(length: int, layers: Sequence[tuple[int, int]], step: Callable | None = None) -> int:
    for kernel, stride in layers:
        length = step(length, kernel, stride) if step else (length - kernel) // stride + 1
    return length


#: Likely mistakes in the size of one layer's output.
SIZE_MISTAKES: dict[str, Callable[[int, int, int], int]] = {
    "the kernel fits once more: its first position counts as well": lambda n, k, s: (n - k) // s,
    "the kernel must stay inside: it cannot begin in the last kernel - 1 positions": (
        lambda n, k, s: n // s
    ),
    "the kernel must stay inside, at the end, too: nothing is added there (no padding)": (
        lambda n, k, s: -(-n // s)
    ),
    "the stride is forgotten": lambda n, k, s: n - k + 1,
    "add 1 after dividing by the stride, not before": lambda n, k, s: (n - k + 1) // s,
    "a part of a step is no step: round down": lambda n, k, s: -(-(n - k) // s) + 1,
    "a part of a step is no step: // rounds down, round() does not": (
        lambda n, k, s: round((n - k) / s) + 1
    ),
}


@check("output_size", of=(output_size,))
def check_output_size(output_size: Callable[[int, Sequence[tuple[int, int]]], int]) -> None:
    """`output_size(length, layers)`: how many numbers are left after (kernel, stride) layers."""
    cases = [(100, LAYERS), (313, LAYERS), (10, [(3, 1)]), (11, [(2, 2)]), (40, [(5, 3), (4, 2)])]
    cases += [(15, [(3, 4)]), (16, [(2, 3), (3, 2)]), (7, [(7, 1)]), (9, [])]
    for length, layers in cases:
        case = f"{length} numbers through {layers}"
        answer = whole(ask(output_size, length, list(layers)), f"{case}: the size")
        mistakes = {m: _size(length, layers, step) for m, step in SIZE_MISTAKES.items()}
        if len(layers) > 1:
            message = "each layer reads what the one before it gives, and all of them count"
            mistakes |= {
                message: _size(length, layers[:1]),
                message + " ": _size(length, layers[-1:]),
            }
        right = _size(length, layers)
        explain(answer, right, mistakes, case, f"{right} numbers are left, not {answer}")


def cell_to_window(row: int, col: int, stride: int, offset: int) -> tuple[int, int, int, int]:
    """The box (x1, y1, x2, y2) of the 40×100 window of a cell. Lesson 05.

    >>> cell_to_window(2, 3, 4, -20)
    (-8, -12, 92, 28)
    """
    x1, y1 = offset + stride * col, offset + stride * row
    return x1, y1, x1 + 100, y1 + 40


@check("cell_to_window", of=(cell_to_window,))
def check_cell_to_window(cell_to_window: Callable[[int, int, int, int], tuple]) -> None:
    """`cell_to_window(row, col, stride, offset)` -> (x1, y1, x2, y2) of its 40×100 window."""
    cells = ((3, 7, 4, 0), (3, 7, 4, -20), (0, 0, 4, -20), (5, 9, 1, 6), (2, 0, 8, 3))
    for row, col, stride, offset in cells:
        case = f"cell ({row}, {col}), stride {stride}, offset {offset}"
        answer = ask(cell_to_window, row, col, stride, offset)
        box = numbers(answer, "the box (x1, y1, x2, y2)", 4)
        x, y = offset + stride * col, offset + stride * row
        if box == (x, y, x + 100, y + 40):
            continue
        starts = {
            "x counts columns and y counts rows: they are swapped": (y, x),
            "the offset is forgotten": (stride * col, stride * row),
            "the offset is in pixels: add it after multiplying with the stride": (
                stride * (col + offset),
                stride * (row + offset),
            ),
            "the offset is subtracted: it is where cell 0 begins, so add it": (
                stride * col - offset,
                stride * row - offset,
            ),
            f"every cell is {stride} pixels too far: did you add the stride before multiplying?": (
                x + stride,
                y + stride,
            ),
            "the cell is not multiplied with the stride": (offset + col, offset + row),
            "the cell gives the window's top-left corner, not its centre": (x - 50, y - 20),
        }
        for message, (x1, y1) in starts.items():
            if box[:2] == (x1, y1) != (x, y):
                fail(f"{case}: {message}")
        ends = {
            "these are (x, y, width, height): a box ends with its other corner": (100, 40),
            "the window is 100 wide and 40 high, not 40 wide and 100 high": (x + 40, y + 100),
            "x2 and y2 lie just outside the window: do not take 1 off": (x + 99, y + 39),
        }
        for message, end in ends.items():
            if box == (x, y, *end):
                fail(f"{case}: {message}")
        fail(f"{case}: the window is {(x, y, x + 100, y + 40)}, not {box}")


def cells_seeing(pixel: int, cells: int, stride: int, window: int) -> tuple[int, int]:
    """The first and the last of `cells` cells whose window holds the pixel. Lesson 05.

    >>> cells_seeing(10, 54, 4, 100)
    (0, 2)
    """
    first = -((window - 1 - pixel) // stride)
    return max(0, first), min(cells - 1, pixel // stride)


@check("cells_seeing", of=(cells_seeing,))
def check_cells_seeing(cells_seeing: Callable[[int, int, int, int], tuple]) -> None:
    """`cells_seeing(pixel, cells, stride, window)` -> (first, last) cell that sees a pixel."""
    for cells, stride, window in ((54, 4, 100), (9, 4, 40), (20, 1, 8), (6, 5, 12)):
        last_pixel = (cells - 1) * stride + window - 1
        for pixel in (*range(0, 30), window - 1, window, last_pixel // 2, last_pixel):
            if pixel <= last_pixel:
                _check_pixel(cells_seeing, pixel, cells, stride, window)


def _check_pixel(function: Callable, pixel: int, cells: int, stride: int, window: int) -> None:
    case = f"pixel {pixel} with {cells} cells, stride {stride}, window {window}"
    seeing = [c for c in range(cells) if stride * c <= pixel < stride * c + window]
    answer = ask(function, pixel, cells, stride, window)
    first, last = numbers(answer, f"{case}: the cells (first, last)", 2)
    right = (seeing[0], seeing[-1])
    if (first, last) == right:
        return
    if (last, first) == right:
        fail(f"{case}: first and last are swapped")
    if first < 0:
        fail(f"{case}: there is no cell {first:g}: the first cell is 0")
    if last >= cells:
        fail(f"{case}: there is no cell {last:g}: the last cell is {cells - 1}")
    if first != int(first) or last != int(last):
        fail(f"{case}: a cell is a whole number: round, but think about the direction")
    for name, said, true in (("first", first, right[0]), ("last", last, right[1])):
        if said == true:
            continue
        begin, end = stride * said, stride * said + window
        if not begin <= pixel < end:
            reason = f"its window is {begin:g} to {end - 1:g}, so it does not see the pixel"
        else:
            reason = f"it sees the pixel, but cell {int(true)} does too"
        fail(f"{case}: {said:g} is not the {name} cell: {reason}")


def interleave(maps: dict[tuple[int, int], Tensor]) -> Tensor:
    """Four maps [rows, cols] of stride 2, maps[down, right], as one of every pixel. Lesson 05."""
    return _laid(maps)


def _laid(maps: dict[tuple[int, int], Tensor]) -> Tensor:
    rows = maps[0, 0].shape[0] + maps[1, 0].shape[0]
    dense = torch.empty(rows, maps[0, 0].shape[1] + maps[0, 1].shape[1])
    for (down, right), shifted in maps.items():
        dense[down::2, right::2] = shifted
    return dense


@check("interleave", of=(interleave,))
def check_interleave(interleave: Callable[[dict], Tensor]) -> None:
    """`interleave(maps)`: maps[down, right] of stride 2 -> one map of every pixel [rows, cols]."""
    for rows, cols in ((4, 6), (5, 7), (4, 7), (3, 2)):
        dense = 0.5 + torch.arange(float(rows * cols)).view(rows, cols)
        # In any order: the keys say which map is which, their order does not.
        shifts = sorted(product((0, 1), (0, 1)), reverse=rows < cols)
        maps = {(d, r): dense[d::2, r::2].clone() for d, r in shifts}
        before = {key: value.clone() for key, value in maps.items()}
        case = f"a map of {rows}×{cols}"
        try:
            answer = ask(interleave, maps)
        except NotImplementedError:
            raise  # the exercise is not begun
        except (RuntimeError, IndexError) as error:
            fail(f"{case}: {error}: are the four maps of one size? Not if a side is odd")
        if any(not torch.equal(maps[key], value) for key, value in before.items()):
            fail("the maps are changed: write into a new tensor")
        if isinstance(answer, Tensor) and answer.shape != dense.shape:
            if answer.shape == dense.T.shape:
                fail(f"{case}: rows and columns are swapped: the first number counts rows down")
            fail(
                f"{case}: yours has {[*answer.shape]}: as many rows as the maps (0, 0) and (1, 0)"
                " have together, and as many columns as (0, 0) and (0, 1)"
            )
        answer = tensor(answer, "the map", dense)
        if close(answer, dense):
            continue
        blocks = [torch.cat([maps[d, 0], maps[d, 1]], dim=1) for d in (0, 1)]
        if close(answer, torch.cat(blocks)):
            fail(f"{case}: the maps lie side by side; each fills every second row and column")
        swapped = dense.clone()
        even = rows // 2 * 2, cols // 2 * 2
        if (rows, cols) == even:
            swapped[0::2, 1::2], swapped[1::2, 0::2] = maps[1, 0], maps[0, 1]
            if close(answer, swapped):
                fail(f"{case}: down and right are swapped: the first number counts rows down")
        if close(answer, dense.trunc()):
            fail(f"{case}: the fractions are lost: the answers are probabilities, make a float map")
        turned = {(d, r): maps[1 - d, 1 - r] for d, r in maps}
        if (rows, cols) == even and close(answer, _laid(turned)):
            fail(
                f"{case}: the maps are taken in the order in which they lie in the dictionary: ask"
                " for each by its key, maps[down, right]"
            )
        wrong = (answer - dense).abs() > 1e-4
        row, col = wrong.nonzero()[0].tolist()
        values = f"expected {dense[row, col]:g}, not {answer[row, col]:g}"
        fail(f"{case}: pixel ({row}, {col}) belongs to map ({row % 2}, {col % 2}); {values}")
