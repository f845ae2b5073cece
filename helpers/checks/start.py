"""Checks of the exercises of Lesson 00."""

from collections.abc import Callable

from helpers.checks.report import ask, fail, passed


def check_box_size(box_size: Callable[[tuple], tuple]) -> None:
    """`box_size(box)` -> (width, height) of a box (x1, y1, x2, y2) in pixels."""
    for box in ((10, 5, 110, 45), (0, 0, 3, 7), (-10, 80, 90, 120), (2.5, 1, 4, 9)):
        answer = ask(box_size, box)
        x1, y1, x2, y2 = box
        right = (x2 - x1, y2 - y1)
        try:
            width, height = answer
        except (TypeError, ValueError):
            fail(f"box_size must give back two numbers (width, height), not {answer!r}")
        size = (width, height)
        if size == right:
            continue
        case = f"for the box {box}"
        mistakes = {
            "width and height are swapped: x runs along the width": right[::-1],
            "that is the far corner: the box does not begin at 0, take its beginning off": (x2, y2),
            "the sign is wrong: end minus beginning": (-right[0], -right[1]),
            "one too many: x2 and y2 lie just outside the box, so do not add 1": (
                right[0] + 1,
                right[1] + 1,
            ),
            "x and y are mixed: the box is (x1, y1, x2, y2), not (x1, x2, y1, y2)": (
                y1 - x1,
                y2 - x2,
            ),
            "that is the centre: take differences, not sums": ((x1 + x2) / 2, (y1 + y2) / 2),
        }
        for message, wrong in mistakes.items():
            if size == wrong:
                fail(f"{case}: {message}")
        fail(f"{case}: width and height are {right}, not {size}")
    passed("box_size")


def check_count_windows(count_windows: Callable[[int, int, int], tuple[int, int]]) -> None:
    """`count_windows(height, width, stride)` -> (rows, cols) of 40×100 windows inside an image."""
    for height, width, stride in ((40, 100, 4), (120, 300, 4), (119, 302, 4), (75, 110, 1)):
        answer = ask(count_windows, height, width, stride)
        right = ((height - 40) // stride + 1, (width - 100) // stride + 1)
        case = f"for {height}×{width} pixels at stride {stride}"
        try:
            rows, cols = answer
        except (TypeError, ValueError):
            fail(f"count_windows must give back two numbers (rows, cols), not {answer!r}")
        if (rows, cols) == right:
            if not (float(rows).is_integer() and isinstance(rows, int)):
                fail("count the windows in whole numbers: // divides and rounds down")
            continue
        if (cols, rows) == right:
            fail(f"rows and columns are swapped {case}: rows come from the height")
        if (rows + 1, cols + 1) == right:
            fail(f"one row and one column too few {case}: the window at 0 counts as well")
        if (rows, cols) == (height // stride, width // stride):
            fail(f"too many {case}: the last windows would leave the image")
        if abs(rows - right[0]) < 1 and abs(cols - right[1]) < 1:
            fail(f"{rows} × {cols} {case}: a part of a window is no window, so round down")
        fail(f"{case} there are {right[0]} × {right[1]} windows, not {rows} × {cols}")
    passed("count_windows")
