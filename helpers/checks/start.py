"""Checks of the exercises of Lesson 00."""

from collections.abc import Callable

from helpers.checks.report import ask, fail, passed


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
