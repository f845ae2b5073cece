"""Right and wrong answers to exercise 5.3, counting multiply-adds."""

from math import prod

import torch
from torch import nn

from helpers.checks import arithmetic as checks


def work(layers, height, width):
    total = 0
    for channels, out, (rows, cols), stride in layers:
        height, width = (height - rows) // stride + 1, (width - cols) // stride + 1
        if channels is not None:
            total += channels * out * rows * cols * height * width
    return total


def work_by_running(layers, height, width):
    x, total = torch.zeros(1, 1, height, width), 0
    for channels, out, kernel, stride in layers:
        x = nn.functional.max_pool2d(x, kernel, stride)
        total += 0 if channels is None else x.numel() * prod(kernel) * channels * out
    return total


def work_with(count, pools=0, shrink=True):
    """An answer to count_work with a mistake in the number of one layer."""

    def wrong(layers, height, width):
        total, last = 0, 1
        for channels, out, (rows, cols), stride in layers:
            before = height * width
            if shrink or channels is not None:
                height, width = (height - rows) // stride + 1, (width - cols) // stride + 1
            if channels is None:
                total += pools * last * rows * cols * height * width
            else:
                total += count(channels, out, rows, cols, height * width, before)
            last = out or last
        return total

    return wrong


def work_by_steps(step):
    """An answer to count_work with output sizes `step(length, kernel, stride, pool or not)`."""

    def answer(layers, height, width):
        total = 0
        for channels, out, (rows, cols), stride in layers:
            pool = channels is None
            height, width = step(height, rows, stride, pool), step(width, cols, stride, pool)
            total += 0 if pool else channels * out * rows * cols * height * width
        return total

    return answer


def fit(n, k, s):
    return (n - k) // s + 1


def work_turned(layers, height, width):
    return work([(i, o, kernel[::-1], s) for i, o, kernel, s in layers], height, width)


def work_spoiling(layers, height, width):
    total = work(layers, height, width)
    layers.clear()
    return total


WORK_WRONG = [
    (lambda *case: None, "return"),
    (work_with(lambda c, o, h, w, n, b: c * o * h * w * b), "kernel would leave it"),
    (work_with(lambda c, o, h, w, n, b: o * h * w * n), "all channels that come in"),
    (work_with(lambda c, o, h, w, n, b: c * h * w * n), "kernel of its own"),
    (work_with(lambda c, o, h, w, n, b: c * o * w * n), "both count"),
    (work_with(lambda c, o, h, w, n, b: c * o * h * n), "both count"),
    (work_with(lambda c, o, h, w, n, b: c * o * h * w), "every position of the output"),
    (work_with(lambda c, o, h, w, n, b: (c * h * w + 1) * o * n), "biases is left out"),
    (work_with(lambda c, o, h, w, n, b: 2 * c * o * h * w * n), "is one, not two"),
    (work_with(lambda c, o, h, w, n, b: c * o * h * w * n, pools=1), "does not multiply"),
    (work_with(lambda c, o, h, w, n, b: c * o * h * w * n, shrink=False), "makes the map smaller"),
    (lambda *case: work(*case) + 0.5, "whole number"),
    (work_spoiling, "changes its input"),
    (checks.count_macs, "the course's own"),
    (work_turned, r"kernel is \(rows, columns\)"),
    (lambda layers, h, w: sum(work([x], h, w) for x in layers), "not the image"),
    (lambda layers, h, w: work(layers[:1], h, w), "the first one alone"),
    (lambda layers, h, w: work(layers, h, w) - work(layers[:-1], h, w), "the last one alone"),
    (work_by_steps(lambda n, k, s, pool: (n - k) // s), "first position counts"),
    (work_by_steps(lambda n, k, s, pool: n - k + 1), "stride is forgotten"),
    (work_by_steps(lambda n, k, s, pool: -(-(n - k) // s) + 1), "round down"),
    (work_by_steps(lambda n, k, s, pool: (n - k) / s + 1), "multiply-adds|whole number"),
    (work_by_steps(lambda n, k, s, pool: fit(n, k, s if pool else 1)), "stride is forgotten"),
    (work_by_steps(lambda n, k, s, pool: n // s if pool else fit(n, k, s)), "must stay inside"),
    (work_by_steps(lambda n, k, s, pool: n // 2 if pool else fit(n, k, s)), "must stay inside"),
    (work_by_steps(lambda n, k, s, pool: n // k if pool else fit(n, k, s)), "size of its kernel"),
    (work_by_steps(lambda n, k, s, pool: fit(n, k, 2 if pool else s)), "not always 2"),
    (lambda *case: 3, "multiply-adds, not 3"),
]


EXERCISES = {
    checks.check_count_macs: (
        [
            work,
            work_by_running,
            work_by_steps(lambda n, k, s, pool: fit(n, k, s)),
            lambda *case: float(work(*case)),
        ],
        WORK_WRONG,
    ),
}
