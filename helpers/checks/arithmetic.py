"""Exercise 5.3, counting multiply-adds: the course's own, and its check."""

from collections.abc import Callable, Iterator, Sequence
from math import prod

from helpers.checks.report import (
    ask,
    check,
    explain,
    fail,
    whole,
)


def count_macs(layers: Sequence[tuple], height: int, width: int) -> int:
    """Multiply-adds of layers (in, out, (kernel rows, cols), stride) on an image. Lesson 05.

    >>> count_macs([(1, 8, (3, 3), 1)], 10, 12)
    5760
    """
    return _work(layers, height, width)


@check("count_macs", of=(count_macs,))
def check_count_macs(count_macs: Callable[[Sequence, int, int], int]) -> None:
    """`count_macs(layers, height, width)`: multiply-adds of layers (in, out, kernel, stride)."""
    cases: list[tuple[list[tuple], int, int]] = [
        ([(1, 8, (3, 3), 1)], 10, 12),
        ([(1, 8, (3, 5), 1), (8, 4, (2, 2), 1)], 10, 12),
        ([(None, None, (2, 2), 2)], 10, 12),
        ([(1, 8, (5, 5), 1), (None, None, (2, 2), 2), (8, 2, (3, 9), 1)], 20, 31),
        ([(1, 8, (5, 5), 2), (8, 2, (3, 3), 1)], 21, 30),
        ([(1, 6, (3, 3), 1), (None, None, (4, 4), 2), (6, 2, (2, 4), 1)], 18, 26),
        ([(1, 6, (3, 3), 1), (None, None, (3, 3), 1), (6, 2, (2, 4), 1)], 19, 26),
    ]
    for layers, height, width in cases:
        case = f"{layers} on {height}×{width}"
        answer = whole(ask(count_macs, list(layers), height, width), f"{case}: the count")
        right = _work(layers, height, width)
        # The first that fits: the more special mistakes come first.
        for message, wrong in _work_mistakes(layers, height, width):
            if answer == wrong != right:
                fail(f"{case}: {message}")
        explain(answer, right, {}, case, f"{right:,} multiply-adds, not {answer:,}")


def _work_mistakes(layers: Sequence[tuple], height: int, width: int) -> Iterator[tuple[str, int]]:
    """What likely mistakes count, with what to say about each."""
    yield (
        "count only the output's positions: on the input's size the kernel would leave it",
        _work(layers, height, width, at_input=True),
    )
    drops = {
        "in": "each output sums over all channels that come in",
        "out": "every output channel has a kernel of its own",
        "rows": "the kernel's rows and columns both count",
        "cols": "the kernel's rows and columns both count",
        "places": "the kernel does its work at every position of the output",
    }
    for factor, message in drops.items():
        yield message, _work(layers, height, width, factor)

    right = _work(layers, height, width)
    if any(layer[0] is None for layer in layers):
        compared = right + _pool_work(layers, height, width)
        yield "a pool compares and does not multiply: it counts nothing", compared
        convolutions = [layer for layer in layers if layer[0] is not None]
        if convolutions:
            message = "a pool counts nothing, but it makes the map smaller"
            yield message, _work(convolutions, height, width)
    yield "one multiply-add is one, not two", 2 * right
    yield "adding the biases is left out", right + _bias_work(layers, height, width)

    single = [_work([layer], height, width) for layer in layers]
    yield "each layer reads what the one before it gives, not the image", sum(single)
    yield "add up all layers: this is the first one alone", single[0]
    yield "add up all layers: this is the last one alone", right - _work(layers[:-1], height, width)
    turned = [(i, o, kernel[::-1], stride) for i, o, kernel, stride in layers]
    yield "the kernel is (rows, columns): its rows go with the height", _work(turned, height, width)
    for message, step in _steps().items():
        yield message, _work(layers, height, width, step=step)


def _steps() -> dict[str, Callable[[int, int, int, bool], int]]:
    """Wrong sizes of a layer's output, (length, kernel, stride, pool or not) -> length."""
    return {
        "the kernel fits once more: its first position counts as well": lambda n, k, s, pool: (
            (n - k) // s
        ),
        "the stride is forgotten": lambda n, k, s, pool: n - k + 1,
        "a part of a step is no step: round down": lambda n, k, s, pool: -(-(n - k) // s) + 1,
        "a convolution moves by its stride, too": lambda n, k, s, pool: (
            (n - k) // (s if pool else 1) + 1
        ),
        "a pool's kernel must stay inside, too: its size and its stride may differ": (
            lambda n, k, s, pool: n // s if pool else (n - k) // s + 1
        ),
        "a pool moves by its stride, not by the size of its kernel": lambda n, k, s, pool: (
            (n - k) // (k if pool else s) + 1
        ),
        "a pool has the stride that is given, not always 2": lambda n, k, s, pool: (
            (n - k) // (2 if pool else s) + 1
        ),
    }


def _fit(length: int, kernel: int, stride: int, pool: bool) -> int:
    return (length - kernel) // stride + 1


def _work(
    layers: Sequence, height: int, width: int, drop: str = "", at_input=False, step: Callable = _fit
) -> int:
    total = 0
    for channels, out, (rows, cols), stride in layers:
        places, pool = height * width, channels is None
        height, width = step(height, rows, stride, pool), step(width, cols, stride, pool)
        if not pool:
            places = places if at_input else height * width
            factors = {"in": channels, "out": out, "rows": rows, "cols": cols, "places": places}
            total += prod(value for name, value in factors.items() if name != drop)
    return total


def _bias_work(layers: Sequence, height: int, width: int) -> int:
    """One addition for each number that a convolution gives."""
    total = 0
    for channels, out, (rows, cols), stride in layers:
        height, width = (height - rows) // stride + 1, (width - cols) // stride + 1
        total += 0 if channels is None else out * height * width
    return total


def _pool_work(layers: Sequence, height: int, width: int) -> int:
    total, channels = 0, 1
    for given, out, (rows, cols), stride in layers:
        height, width = (height - rows) // stride + 1, (width - cols) // stride + 1
        channels = out or channels
        total += 0 if given is not None else channels * rows * cols * height * width
    return total
