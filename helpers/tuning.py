"""Which way a convolution costs least: directly, or by Fourier transform with which tile.

Counted, which is the same everywhere (`best_tile`), or measured on this machine (`candidates` and
`fastest`).

>>> best_tile((7, 22), (46, 68), (64, 512)), best_tile((3, 3), (100, 100), (64, 64))
((16, 96), None)
"""

from collections.abc import Callable, Iterable
from functools import cache
from math import ceil, log2, prod
from typing import Any

from helpers.timing import seconds

Pair = tuple[int, int]

# Lengths that a fast Fourier transform is really fast for.
SIDES = (8, 12, 16, 24, 32, 48, 64, 96, 128)
# What things cost, next to a multiply-add of a direct convolution (fitted to timings on one core):
# one of a fast transform, one of a product of small matrices, and fetching a complex weight.
TRANSFORM_COST, PRODUCT_COST, WEIGHT_COST = 12, 2, 15
# Transforming the weights anew takes longer than a few images with a tile that is so much worse.
NEARLY = 1.5
# What fetching a number of the weights may cost, next to a multiply-add: little where the memory is
# fast or many images share them, much where it is slow.
FEW_WEIGHTS, MANY_WEIGHTS = 60, 15
# How a file says None: no tile.
DIRECT = "direct"
# A direct convolution of so many times the multiply-adds is not even tried.
HOPELESS = 8


def direct_multiply_adds(kernel: Pair, output: Pair, channels: Pair) -> int:
    """Multiply-adds of a direct convolution. Lesson 05.

    Args:
        kernel: (height, width) of the kernel.
        output: (height, width) of what the convolution gives.
        channels: (in, out).

    >>> direct_multiply_adds((7, 22), (46, 68), (64, 512))
    15784738816
    """
    return prod(kernel) * prod(output) * prod(channels)


def fft_multiply_adds(kernel: Pair, output: Pair, channels: Pair, tile: Pair) -> tuple[int, int]:
    """Multiply-adds of an overlap-save convolution: in the fast transforms, and in the products.

    The usual count: a real transform of n numbers takes 5/4 n log2(n) of them, a complex product
    takes 4. (`FFTConv2d` takes 3 for a complex product, and transforms by products of matrices,
    which are more multiply-adds and less time.) The weights are transformed only once, and do not
    count. Lesson 05.

    Args:
        kernel, output, channels: as for `direct_multiply_adds`.
        tile: (height, width) of the tiles.
    """
    step = step_of(tile, kernel)
    tiles = prod(ceil(o / s) for o, s in zip(output, step, strict=True))
    transform = channels[0] * 1.25 * prod(tile) * log2(prod(tile))
    multiply = 4 * tile[0] * half_of(tile[1]) * prod(channels)
    transform_back = 4 * step[0] * half_of(tile[1]) * (tile[0] + step[1]) * channels[1]
    return round(tiles * transform), tiles * (multiply + transform_back)


@cache
def best_tile(
    kernel: Pair, output: Pair, channels: Pair, at_hand: tuple[Pair, ...] = ()
) -> Pair | None:
    """The tile that costs least, or None where a direct convolution costs less. Lesson 05.

    Args:
        kernel: (height, width) of the kernel.
        output: of what the convolution gives.
        channels: (in, out).
        at_hand: tiles whose weights are transformed already: one of them if it is nearly as good.

    >>> best_tile((7, 22), (46, 68), (64, 512)), best_tile((3, 3), (100, 100), (64, 64))
    ((16, 96), None)
    """

    def cost(tile: Pair) -> float:
        transforms, products = fft_multiply_adds(kernel, output, channels, tile)
        weights = tile[0] * half_of(tile[1]) * prod(channels)
        return TRANSFORM_COST * transforms + PRODUCT_COST * products + WEIGHT_COST * weights

    tiles = [(h, w) for h in SIDES for w in SIDES if h >= kernel[0] and w >= kernel[1]]
    if not tiles or min(output) < 1:
        return None
    best = min(tiles, key=cost)
    if cost(best) >= direct_multiply_adds(kernel, output, channels):
        return None
    return min((t for t in at_hand if cost(t) <= NEARLY * cost(best)), key=cost, default=best)


def candidates(
    kernel: Pair,
    output: Pair,
    channels: Pair,
    *,
    images: int = 1,
    at_hand: tuple[Pair, ...] = (),
) -> list[Pair | None]:
    """Ways that may be the fastest somewhere: the direct one, and tiles that fit the output.

    Args:
        kernel, output, channels: as for `direct_multiply_adds`.
        images: how many share the weights that are fetched.
        at_hand: tiles whose weights are transformed already: if one of them is nearly as good, by
            counting, no other tiles are tried.

    Returns:
        Sizes of tiles, beside those at hand; None is the direct convolution. Perhaps none at all.

    >>> candidates((7, 22), (46, 68), (64, 512))
    [(10, 38), (12, 55)]
    """
    sides = [
        sorted({ceil(o / parts) + k - 1 for parts in range(1, min(o, 64) + 1)})
        for o, k in zip(output, kernel, strict=True)
    ]
    fitting = [(h, w) for h in sides[0] for w in sides[1] if max(h, w) <= max(*SIDES, *kernel)]
    if not fitting:
        return [None]
    costs = {t: cost_of_way(kernel, output, channels, t) for t in [*fitting, *at_hand]}

    def with_weights(tile: Pair, fetch: float) -> float:
        return costs[tile][0] + fetch / images * costs[tile][1]

    best = [
        min(fitting, key=lambda t, fetch=fetch: with_weights(t, fetch))
        for fetch in (FEW_WEIGHTS, MANY_WEIGHTS)
    ]
    direct = direct_multiply_adds(kernel, output, channels)
    ways = [None] if direct < HOPELESS * min(costs[tile][0] for tile in fitting) else []
    nearly = NEARLY * with_weights(best[-1], MANY_WEIGHTS)
    if any(with_weights(tile, MANY_WEIGHTS) <= nearly for tile in at_hand):
        return ways
    return ways + [tile for tile in dict.fromkeys(best) if costs[tile][0] < direct] or [None]


def is_way(remembered: object, kernel: Pair) -> bool:
    """Whether what a file says is a way: "direct", or [height, width] of a tile for this kernel.

    >>> is_way("direct", (7, 22)), is_way([12, 55], (7, 22)), is_way([3, 10**9], (7, 22))
    (True, True, False)
    """
    if not isinstance(remembered, list):
        return remembered == DIRECT
    numbers = len(remembered) == 2 and all(type(side) is int for side in remembered)
    return numbers and all(
        k <= side <= max(*SIDES, *kernel) for side, k in zip(remembered, kernel, strict=True)
    )


def cost_of_way(kernel: Pair, output: Pair, channels: Pair, tile: Pair | None) -> tuple[int, int]:
    """Multiply-adds that one way really takes for an image, and numbers of weights that it reads.

    Args:
        kernel, output, channels: as for `direct_multiply_adds`.
        tile: None is the direct convolution.
    """
    if tile is None:
        return direct_multiply_adds(kernel, output, channels), prod(kernel) * prod(channels)
    weights = 3 * tile[0] * half_of(tile[1]) * prod(channels)
    return real_multiply_adds(kernel, output, channels, tile), weights


def real_multiply_adds(kernel: Pair, output: Pair, channels: Pair, tile: Pair) -> int:
    """What `FFTConv2d` really takes for one image, transforms by products of matrices included."""
    (height, width), step, half = tile, step_of(tile, kernel), half_of(tile[1])
    grid = [ceil(o / s) for o, s in zip(output, step, strict=True)]
    there = step[0] * width * 2 * half + half * 6 * height**2
    back = half * 6 * step[0] * height + step[1] * 2 * half * step[0]
    products = 3 * height * half * prod(channels)
    return prod(grid) * (channels[0] * there + products + channels[1] * back)


def fastest(ways: Iterable, run: Callable[[Any], object]) -> dict[Any, float]:
    """The shortest of three runs of each way, in seconds; of one that is far behind, of one run.

    Args:
        ways: what `candidates` gives, or others.
        run: works in one of these ways. Its first run prepares what it needs, and is not timed.
    """
    times: dict[Any, float] = {}
    for way in ways:
        run(way)
        first = seconds(lambda w=way: run(w))
        again = 0 if times and first > 2 * min(times.values()) else 2
        times[way] = min([first, *(seconds(lambda w=way: run(w)) for _ in range(again))])
    return times


def step_of(tile: Pair, kernel: Pair) -> Pair:
    """How many rows and columns of a tile are right: where the kernel does not wrap around."""
    return tile[0] - kernel[0] + 1, tile[1] - kernel[1] + 1


def half_of(length: int) -> int:
    """How many frequencies tell all about `length` real numbers; the others mirror them."""
    return length // 2 + 1
