"""Checks of the exercises of Lesson 00."""

from collections.abc import Callable, Sequence

from helpers.checks.report import ask, check, explain, numbers, whole, your_or_ours

__all__ = [
    "check_box_size",
    "check_count_windows",
    "course_box_size",
    "course_count_windows",
    "your_or_ours",
]

Size = tuple[float, float]


def course_box_size(box: Sequence[float]) -> Size:
    """(width, height) of a box (x1, y1, x2, y2) in pixels; exercise 0.1."""
    x1, y1, x2, y2 = box
    return x2 - x1, y2 - y1


@check("box_size", of=(course_box_size,))
def check_box_size(box_size: Callable[[tuple], Size]) -> None:
    """`box_size(box)` -> (width, height) of a box (x1, y1, x2, y2) in pixels."""
    boxes = ((10, 5, 110, 45), (0, 0, 3, 7), (-10, 80, 90, 120), (2.5, 1, 4, 9), (5, -9, 8, 6.25))
    for box in boxes:
        answer = numbers(ask(box_size, box), "the size (width, height)", 2)
        explain(answer, course_box_size(box), _wrong_sizes(*box), f"for the box {box}")


def _wrong_sizes(x1: float, y1: float, x2: float, y2: float) -> dict[str, Size]:
    width, height = x2 - x1, y2 - y1
    return {
        "width and height are swapped: x runs along the width": (height, width),
        "that is the far corner: the box does not begin at 0, take its beginning off": (x2, y2),
        "the sign is wrong: end minus beginning": (-width, -height),
        "one too many: x2 and y2 lie just outside the box, so do not add 1": (
            width + 1,
            height + 1,
        ),
        "one too few: x2 and y2 lie just outside the box, so take no 1 off": (
            width - 1,
            height - 1,
        ),
        "x and y are mixed: the box is (x1, y1, x2, y2), not (x1, x2, y1, y2)": (y1 - x1, y2 - x2),
        "that is the centre: take differences, not sums": ((x1 + x2) / 2, (y1 + y2) / 2),
        "those are sums: take the beginning off, do not add it": (x1 + x2, y1 + y2),
        "it was rounded: the sides of a box need not be whole numbers": (int(width), int(height)),
        "a beginning may be negative, left of the image or above it: do not cut it off at 0": (
            x2 - max(x1, 0),
            y2 - max(y1, 0),
        ),
        "the sign of the beginning was dropped: a box may begin left of the image or above it": (
            x2 - abs(x1),
            y2 - abs(y1),
        ),
    }


def course_count_windows(height: int, width: int, stride: int) -> tuple[int, int]:
    """(rows, cols) of 40×100 windows inside an image of height × width pixels; exercise 0.2."""
    return (height - 40) // stride + 1, (width - 100) // stride + 1


@check("count_windows", of=(course_count_windows,))
def check_count_windows(count_windows: Callable[[int, int, int], tuple[int, int]]) -> None:
    """`count_windows(height, width, stride)` -> (rows, cols) of 40×100 windows inside an image."""
    sizes = ((40, 100, 4), (120, 300, 4), (119, 302, 4), (75, 110, 1), (75, 237, 30), (64, 160, 8))
    for height, width, stride in sizes:
        case = f"for {height}×{width} pixels at stride {stride}"
        answer = numbers(ask(count_windows, height, width, stride), f"{case}, (rows, cols)", 2)
        right = course_count_windows(height, width, stride)
        if all(0 < abs(a - b) < 1 or a == b for a, b in zip(answer, right, strict=True)):
            answer = tuple(whole(count, f"{case}, the number of windows") for count in answer)
        explain(answer, right, _wrong_counts(height, width, stride), case)


def _wrong_counts(height: int, width: int, stride: int) -> dict[str, tuple[float, float]]:
    rows, cols = course_count_windows(height, width, stride)
    down, right = height - 40, width - 100
    return {
        "rows and columns are swapped: rows come from the height": (cols, rows),
        "one row and one column too few: the window at 0 counts as well": (rows - 1, cols - 1),
        "one row and one column too many: the first window is counted twice": (rows + 1, cols + 1),
        "too many: the last windows would leave the image": (height // stride, width // stride),
        "too many: a part of a window is no window, so round down": (
            -(-down // stride) + 1,
            -(-right // stride) + 1,
        ),
        "rounded to the nearest: a part of a window is no window, so round down": (
            round(down / stride) + 1,
            round(right / stride) + 1,
        ),
        "a window that ends exactly at the border is inside: take no further pixel off": (
            (down - 1) // stride + 1,
            (right - 1) // stride + 1,
        ),
        "the last window would leave the image by a pixel: between the first window and the last"
        " there are 40 rows and 100 columns less than the image has": (
            (down + 1) // stride + 1,
            (right + 1) // stride + 1,
        ),
        "windows side by side were counted: they overlap, and move by `stride` alone": (
            height // 40,
            width // 100,
        ),
        "each window has 40 rows and 100 columns, not 100 rows and 40 columns": (
            (height - 100) // stride + 1,
            (width - 40) // stride + 1,
        ),
        "`stride` is not used: it need not be 4": (down // 4 + 1, right // 4 + 1),
        "`stride` is not used: it need not be 1": (down + 1, right + 1),
    }
