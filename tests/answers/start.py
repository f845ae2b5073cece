"""Right and wrong answers to the exercises of Lesson 00."""

import numpy as np
import torch

from helpers.checks import start as checks


def count_right(h, w, s):
    return (h - 40) // s + 1, (w - 100) // s + 1


def count_by_listing(h, w, s):
    return len(range(0, h - 40 + 1, s)), len(range(0, w - 100 + 1, s))


def count_as_list(h, w, s):
    return [(h - 40 + s) // s, (w - 100 + s) // s]


def count_in_a_loop(h, w, s):
    counts = []
    for length, window in ((h, 40), (w, 100)):
        n = 0
        while n * s + window <= length:
            n += 1
        counts.append(n)
    return tuple(counts)


def count_as(h=40, w=100, add=1, less=0, rounded=lambda x: x // 1):
    """Counts windows, with one of the mistakes."""

    def count_windows(height, width, stride):
        down, right = height - h - less, width - w - less
        return int(rounded(down / stride)) + add, int(rounded(right / stride)) + add

    return count_windows


COUNT_RIGHT = [
    count_right,
    count_by_listing,
    count_as_list,
    count_in_a_loop,
    lambda h, w, s: (np.array([h, w]) - [40, 100]) // s + 1,
    lambda h, w, s: tuple(np.floor((np.array([h, w]) - [40, 100]) / s) + 1),
    lambda h, w, s: (torch.tensor([h, w]) - torch.tensor([40, 100])) // s + 1,
    lambda h, w, s: (float((h - 40) // s + 1), (w - 100) // s + 1),
]

COUNT_WRONG = [
    (lambda h, w, s: None, "return"),
    (count_as(add=0), "window at 0 counts"),
    (count_as(add=2), "counted twice"),
    (lambda h, w, s: count_right(h, w, s)[::-1], "swapped"),
    (lambda h, w, s: (h // s, w // s), "leave the image"),
    (lambda h, w, s: ((h - 40) / s + 1, (w - 100) / s + 1), "whole number.*rounds down"),
    (count_as(rounded=np.ceil), "119×302.*round down"),
    (count_as(rounded=np.round), "119×302.*rounded to the nearest"),
    (count_as(less=1), "exactly at the border"),
    (count_as(less=-1), "119×302.*leave the image by a pixel"),
    (count_as(h=100, w=40), "not 100 rows"),
    (lambda h, w, s: (h // 40, w // 100), "side by side"),
    (lambda h, w, s: 7, "two numbers"),
    (lambda h, w, s: (1, 1), "expected"),
    (lambda h, w, s: ((h - 40) // 4 + 1, (w - 100) // 4 + 1), "need not be 4"),
    (lambda h, w, s: (h - 40 + 1, w - 100 + 1), "need not be 1"),
    (lambda h, w, s: count_right(h, w, s)[0] * count_right(h, w, s)[1], "two numbers"),
    (checks.course_count_windows, "course"),
    (lambda h, w, s: checks.course_count_windows(h, w, s), "course"),
]


def size_with_names(box):
    x1, y1, x2, y2 = box
    return x2 - x1, y2 - y1


SIZE_RIGHT = [
    size_with_names,
    lambda box: [box[2] - box[0], box[3] - box[1]],
    lambda box: tuple(end - start for start, end in zip(box[:2], box[2:], strict=True)),
    lambda box: torch.tensor(box)[2:] - torch.tensor(box)[:2],
    lambda box: np.subtract(box[2:], box[:2]),
    lambda box: (np.float32(box[2] - box[0]), torch.tensor(box[3] - box[1])),
]

SIZE_WRONG = [
    (lambda b: None, "return"),
    (lambda b: (b[3] - b[1], b[2] - b[0]), "swapped"),
    (lambda b: (b[2], b[3]), "far corner"),
    (lambda b: (b[0] - b[2], b[1] - b[3]), "sign is wrong"),
    (lambda b: (b[2] - b[0] + 1, b[3] - b[1] + 1), "one too many"),
    (lambda b: (b[2] - b[0] - 1, b[3] - b[1] - 1), "one too few"),
    (lambda b: (b[1] - b[0], b[3] - b[2]), "mixed"),
    (lambda b: ((b[0] + b[2]) / 2, (b[1] + b[3]) / 2), "centre"),
    (lambda b: (b[0] + b[2], b[1] + b[3]), "sums"),
    (lambda b: (int(b[2] - b[0]), int(b[3] - b[1])), "rounded"),
    (lambda b: (b[2] - max(b[0], 0), b[3] - max(b[1], 0)), "may be negative"),
    (lambda b: (b[2] - abs(b[0]), b[3] - abs(b[1])), "sign of the beginning"),
    (lambda b: (b[2] - b[0]) * (b[3] - b[1]), "two numbers"),
    (lambda b: (100, 40), "expected"),
    (lambda b: ("100", "40"), "two numbers"),
    (lambda b: (b[2] - b[0], b[3] - b[1], 0), "two numbers"),
    (checks.course_box_size, "course"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_box_size: (SIZE_RIGHT, SIZE_WRONG),
    checks.check_count_windows: (COUNT_RIGHT, COUNT_WRONG),
}
