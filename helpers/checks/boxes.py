"""Checks of the exercises of Lesson 06."""

from collections.abc import Callable

from helpers.checks.report import ask, fail, passed


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
