"""Right and wrong answers to the exercises of Lesson 00."""

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


COUNT_WRONG = [
    (lambda h, w, s: None, "return"),
    (lambda h, w, s: ((h - 40) // s, (w - 100) // s), "window at 0 counts"),
    (lambda h, w, s: count_right(h, w, s)[::-1], "swapped"),
    (lambda h, w, s: (h // s, w // s), "leave the image"),
    (lambda h, w, s: ((h - 40) / s + 1, (w - 100) / s + 1), "whole numbers|round down"),
    (lambda h, w, s: (-(-(h - 40) // s) + 1, -(-(w - 100) // s) + 1), "119×302"),
    (lambda h, w, s: 7, "two numbers"),
    (lambda h, w, s: (1, 1), "windows, not 1 × 1"),
    (lambda h, w, s: ((h - 40) // 4 + 1, (w - 100) // 4 + 1), "stride 1"),
]


def size_with_names(box):
    x1, y1, x2, y2 = box
    return x2 - x1, y2 - y1


SIZE_RIGHT = [
    size_with_names,
    lambda box: [box[2] - box[0], box[3] - box[1]],
    lambda box: tuple(end - start for start, end in zip(box[:2], box[2:], strict=True)),
    lambda box: torch.tensor(box)[2:] - torch.tensor(box)[:2],
]

SIZE_WRONG = [
    (lambda b: None, "return"),
    (lambda b: (b[3] - b[1], b[2] - b[0]), "swapped"),
    (lambda b: (b[2], b[3]), "far corner"),
    (lambda b: (b[0] - b[2], b[1] - b[3]), "sign"),
    (lambda b: (b[2] - b[0] + 1, b[3] - b[1] + 1), "one too many"),
    (lambda b: (b[1] - b[0], b[3] - b[2]), "mixed"),
    (lambda b: ((b[0] + b[2]) / 2, (b[1] + b[3]) / 2), "centre"),
    (lambda b: (b[2] - b[0]) * (b[3] - b[1]), "two numbers"),
    (lambda b: (100, 40), "not \\(100, 40\\)"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_box_size: (SIZE_RIGHT, SIZE_WRONG),
    checks.check_count_windows: (
        [count_right, count_by_listing, count_as_list, count_in_a_loop],
        COUNT_WRONG,
    ),
}
