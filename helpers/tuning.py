"""Which way a convolution costs least: directly, or by Fourier transform with which tile.

>>> best_tile((7, 22), (46, 68), (64, 512)), best_tile((3, 3), (100, 100), (64, 64))
((16, 96), None)
"""

from functools import cache
from math import ceil, log2, prod

Pair = tuple[int, int]

# Lengths that a fast Fourier transform is really fast for.
SIDES = (8, 12, 16, 24, 32, 48, 64, 96, 128)
# What things cost, next to a multiply-add of a direct convolution (fitted to timings on one core):
# one of a fast transform, one of a product of small matrices, and fetching a complex weight.
TRANSFORM_COST, PRODUCT_COST, WEIGHT_COST = 12, 2, 15
# Transforming the weights anew takes longer than a few images with a tile that is so much worse.
NEARLY = 1.5


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


def step_of(tile: Pair, kernel: Pair) -> Pair:
    """How many rows and columns of a tile are right: where the kernel does not wrap around."""
    return tile[0] - kernel[0] + 1, tile[1] - kernel[1] + 1


def half_of(length: int) -> int:
    """How many frequencies tell all about `length` real numbers; the others mirror them."""
    return length // 2 + 1
