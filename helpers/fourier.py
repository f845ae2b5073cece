"""The Fourier transform of small tiles, as products of matrices of real numbers.

For a few dozen numbers that is faster than the fast transform, the more so as only some of the
results are asked for. `helpers.fft` convolves by it.

>>> to = Transforms.of((1, 4), (1, 1), torch.ones(1))
>>> (to.columns @ torch.tensor([1.0, 0.0, 0.0, 0.0])).tolist()  # of an impulse: 1 + 0i, three times
[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]
"""

from typing import NamedTuple

import torch
from torch import Tensor

from helpers.tuning import Pair, half_of, step_of


class Transforms(NamedTuple):
    """The Fourier transform of tiles and back, as matrices of real numbers.

    A complex number a + bi is two real ones; for a product
    with c + di three real products are enough (Gauss): with p = (a + b) c, q = a (d - c) and
    r = b (c + d), it is (p - r) + (p + q) i. The matrices for rows do these sums as well.
    """

    columns: Tensor  # [2 · half, w]: of real numbers half of the frequencies tell all
    rows: Tensor  # [3 · h, 2 · h]: a and b of each row to a + b, a, b of each frequency
    weight_rows: Tensor  # [3 · h, 2 · kernel rows]: to c, d - c, c + d of the conjugate
    rows_back: Tensor  # [2 · step, 3 · h]: p, q, r to real and imaginary part
    columns_back: Tensor  # [step, 2 · half]

    @classmethod
    def of(cls, tile: Pair, kernel: Pair, like: Tensor) -> "Transforms":
        """Those of a size of tile and kernel, as numbers of the type and device of `like`."""
        (height, width), step, half = tile, step_of(tile, kernel), half_of(tile[1])
        columns = _fourier(width)[:half]
        columns = torch.stack([columns.real, columns.imag], 1).flatten(0, 1)
        a, b = _real_and_imaginary(_fourier(height))
        c, d = _real_and_imaginary(_fourier(height)[:, : kernel[0]])
        d = -d  # a network's "convolution" does not turn its kernel around: the conjugate
        none, one = torch.zeros(2, height, height, dtype=torch.double)
        one.fill_diagonal_(1)
        products = torch.cat([torch.cat([one, none, -one], 1), torch.cat([one, one, none], 1)])
        back = torch.cat(_real_and_imaginary(_fourier(height).conj()[: step[0]] / height))
        columns_back = _fourier(width).conj()[: step[1], :half] / width
        # The frequencies left out mirror all but the first and (of an even width) the last.
        columns_back[:, 1 : (width + 1) // 2] *= 2
        columns_back = torch.stack([columns_back.real, -columns_back.imag], 2).flatten(1)
        rows, weight_rows = torch.cat([a + b, a, b]), torch.cat([c, d - c, c + d])
        matrices = columns, rows, weight_rows, back @ products, columns_back
        return cls(*(matrix.to(like) for matrix in matrices))


def _fourier(length: int) -> Tensor:
    """The Fourier transform as a matrix [length, length], complex."""
    steps = torch.outer(torch.arange(length), torch.arange(length)) % length
    return torch.exp(-2j * torch.pi * steps.double() / length)


def _real_and_imaginary(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Of a complex matrix times numbers whose real parts come first, then the imaginary parts."""
    real = torch.cat([matrix.real, -matrix.imag], 1)
    return real, torch.cat([matrix.imag, matrix.real], 1)
