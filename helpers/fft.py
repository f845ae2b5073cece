"""A convolution with a large kernel, faster: by the Fourier transform.

The convolution theorem: what is a sum over the whole kernel for each pixel becomes one product for
each frequency. An image is cut into overlapping tiles, each is transformed, multiplied and
transformed back, and only the pixels that a plain convolution would have given are kept: this is
called overlap-save. Sources: Stockham 1966; Mathieu, Henaff and LeCun 2014.

`convolve_by_theorem` is the idea in three lines; `FFTConv2d` is fast; `helpers.tuning.best_tile`
knows what costs less.

>>> convolution = nn.Conv2d(4, 8, (7, 22)).requires_grad_(False)
>>> image = torch.rand(1, 4, 60, 90)
>>> torch.allclose(FFTConv2d(convolution)(image), convolution(image), atol=1e-5)
True
"""

import threading
from math import ceil, prod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from helpers.tuning import (
    NEARLY,
    Pair,
    best_tile,
    candidates,
    cost_of_way,
    direct_multiply_adds,
    fastest,
    fft_multiply_adds,
    half_of,
    step_of,
)

# Bytes of the tiles that are convolved at a time.
BATCH_BYTES = 10**8


def convolve_by_theorem(x: Tensor, weight: Tensor) -> Tensor:
    """The convolution theorem in three lines, without tiles: transform, multiply, transform back.

    A network's "convolution" does not turn its kernel around, hence the conjugate. Lesson 05.
    Same as `torch.nn.functional.conv2d`, but for rounding.

    Args:
        x: Tensor[N, in, H, W].
        weight: Tensor[out, in, h, w].

    Returns:
        Tensor[N, out, H - h + 1, W - w + 1].

    >>> convolve_by_theorem(torch.ones(1, 1, 4, 5), torch.ones(1, 1, 3, 3)).round()
    tensor([[[[9., 9., 9.],
              [9., 9., 9.]]]])
    """
    (height, width), (rows, cols) = x.shape[-2:], weight.shape[-2:]
    kernels = torch.fft.rfft2(weight, s=(height, width)).conj()  # [out, in, H, W // 2 + 1]
    products = torch.einsum("nihw,oihw->nohw", torch.fft.rfft2(x), kernels)
    y = torch.fft.irfft2(products, s=(height, width))  # [N, out, H, W]
    return y[..., : height - rows + 1, : width - cols + 1]  # the rest went once around the image


class Transforms(NamedTuple):
    """The Fourier transform of tiles and back, as matrices of real numbers.

    For a few dozen numbers a product of matrices is faster than the fast transform, the more so as
    only some of the results are asked for. A complex number a + bi is two real ones; for a product
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


_memory = threading.local()


def _kept(name: str, like: Tensor, *shape: int) -> Tensor:
    """An uninitialised tensor in memory that is kept from call to call.

    Fresh memory comes page by page, each filled with zeros: that takes as long as the arithmetic.
    """
    key = name, like.dtype, like.device, torch.is_inference_mode_enabled()
    kept = vars(_memory).setdefault("tensors", {})
    if key not in kept or kept[key].numel() < prod(shape):
        kept[key] = like.new_empty(prod(shape))
    return kept[key][: prod(shape)].view(shape)


class FFTConv2d(nn.Module):
    """The convolution `convolution`, computed by FFT: [N, in, H, W] -> [N, out, H - h + 1, …].

    Equal to the direct one within 1e-5 of the largest output (float32). Forward only: it copies the
    weights, and keeps the transforms of the last two tile sizes. Memory beside the input, a padded
    copy of it, and the output is bounded, whatever the image's size. Where the direct convolution
    is less work, it is taken. Lesson 05.

    Args:
        convolution: of float32 or float64; copied.
        tune: choose the tile (or the direct convolution) by measuring, once for each size of image
            and number of threads; otherwise by counting, which is the same on every machine.

    Raises:
        ValueError: for a convolution with stride, dilation, groups or padding, for a tensor that is
            not [N, in, H, W], and for NaN or infinity, which would spread over a whole tile.
        RuntimeError: for a tensor that wants gradients.
    """

    def __init__(self, convolution: nn.Conv2d, *, tune: bool = False) -> None:
        super().__init__()
        if not can_use_fft(convolution):
            raise ValueError(
                f"FFTConv2d needs a convolution without stride, dilation, groups and padding, of"
                f" float32 or float64, not {convolution}"
            )
        self.kernel_size: Pair = convolution.kernel_size
        self.in_channels, self.out_channels = convolution.in_channels, convolution.out_channels
        self.stride = self.dilation = (1, 1)
        self.padding = (0, 0)
        bias = convolution.bias
        self.register_buffer("weight", convolution.weight.detach().clone())
        self.register_buffer("bias", None if bias is None else bias.detach().clone())
        self.tune = tune
        self._spectra: dict[Pair, tuple[Tensor, Transforms]] = {}
        self._measured: dict[tuple[Pair, int], Pair | None] = {}

    def extra_repr(self) -> str:
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled() and x.requires_grad:
            raise RuntimeError(
                "FFTConv2d computes no gradients: train the plain FCN, or use torch.no_grad()"
            )
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ValueError(f"expected [N, {self.in_channels}, H, W], not {list(x.shape)}")
        if x.numel() and not torch.isfinite(torch.stack(x.aminmax())).all():
            raise ValueError(
                "NaN or infinity would spread over a whole tile of the Fourier transform: use the"
                " plain FCN, or find out where they come from"
            )
        output = tuple(n - k + 1 for n, k in zip(x.shape[-2:], self.kernel_size, strict=True))
        if self.tune and x.numel() and min(output) > 0:
            self._measure(x, output)
        return self._run(x, output, self._tile(output))

    def _run(self, x: Tensor, output: Pair, tile: Pair | None) -> Tensor:
        if tile is None or len(x) == 0:
            return conv2d(x, self.weight, self.bias)
        return self._overlap_save(x, output, tile)

    def multiply_adds(self, output: Pair) -> int:
        """Multiply-adds for one image whose output has this height and width."""
        case, tile = self._case(output), self._tile(output)
        return direct_multiply_adds(*case) if tile is None else sum(fft_multiply_adds(*case, tile))

    def cost(self, output: Pair) -> tuple[int, int]:
        """Multiply-adds as they are really done for one image, and bytes of weights read for it."""
        count, weights = cost_of_way(*self._case(output), self._tile(output))
        return count, weights * self.weight.element_size()

    def _case(self, output: Pair) -> tuple[Pair, Pair, Pair]:
        return self.kernel_size, output, (self.in_channels, self.out_channels)

    def _tile(self, output: Pair) -> Pair | None:
        measured = output, torch.get_num_threads()
        if measured in self._measured:
            return self._measured[measured]
        return best_tile(*self._case(output), at_hand=tuple(self._spectra))

    def _measure(self, x: Tensor, output: Pair) -> None:
        """Remember the fastest way for images of this size, with this number of threads."""
        case = output, torch.get_num_threads()
        if case in self._measured:
            return
        at_hand = dict(self._spectra)
        ways = candidates(*self._case(output), images=len(x), at_hand=tuple(at_hand))
        times = fastest(dict.fromkeys([*at_hand, *ways]), lambda way: self._run(x, output, way))
        best = min(times, key=times.get)
        if at_hand:  # images of many sizes must not drive out each other's weights
            near = min({None, *at_hand} & times.keys(), key=times.get)
            best = near if times[near] <= NEARLY * times[best] else best
        self._measured[case] = best
        self._spectra = at_hand | {t: s for t, s in self._spectra.items() if t == best}

    def _overlap_save(self, x: Tensor, output: Pair, tile: Pair) -> Tensor:
        """Cut into tiles that overlap by the kernel less one, convolve each, put them together."""
        step = step_of(tile, self.kernel_size)
        grid = tuple(ceil(o / s) for o, s in zip(output, step, strict=True))
        missing = [
            (g - 1) * s + t - n for g, s, t, n in zip(grid, step, tile, x.shape[-2:], strict=True)
        ]
        x = pad(x, (0, missing[1], 0, missing[0]))
        y = x.new_empty(len(x), grid[0], step[0], grid[1], step[1], self.out_channels)
        images, rows = self._at_a_time(x, grid, tile)
        for n in range(0, len(x), images):
            for row in range(0, grid[0], rows):
                strip = x[n : n + images, :, row * step[0] : (row + rows - 1) * step[0] + tile[0]]
                self._convolve(strip, tile, out=y[n : n + images, row : row + rows])
        y = y.view(len(x), grid[0] * step[0], grid[1] * step[1], self.out_channels)
        return y[:, : output[0], : output[1]].permute(0, 3, 1, 2)  # [N, out, rows, cols]

    def _at_a_time(self, x: Tensor, grid: Pair, tile: Pair) -> Pair:
        """How many images, and rows of tiles, are convolved together."""
        step, half = step_of(tile, self.kernel_size), half_of(tile[1])
        numbers = 2 * step[0] * half * self.in_channels
        numbers += (2 * step[0] * half + 3 * tile[0] + prod(step)) * self.out_channels
        rows = max(1, BATCH_BYTES // (x.element_size() * numbers * grid[1]))
        return max(1, rows // grid[0]), rows

    def _convolve(self, x: Tensor, tile: Pair, *, out: Tensor) -> None:
        """Tiles of [N, in, height, width] -> [N, grid rows, step, grid columns, step, out].

        Transform, multiply, transform back. For each frequency, the sum over the channels is a
        product of matrices; those of one column of frequencies stay in the processor's cache.
        """
        weights, to = self._spectrum(tile)
        height, half, step = tile[0], half_of(tile[1]), step_of(tile, self.kernel_size)
        x = x.permute(0, 2, 3, 1).unfold(2, tile[1], step[1])  # [N, H, grid columns, in, w]
        x = to.columns @ x.transpose(-1, -2)  # [N, H, grid columns, 2 · half, in]
        x = x.unflatten(3, (half, 2)).unfold(1, height, step[0])  # [N, gr, gc, half, 2, in, h]
        x = x.permute(3, 4, 6, 0, 1, 2, 5)  # [half, 2, h, N, grid rows, grid columns, in]
        tiles = prod(x.shape[3:6])
        products = _kept("products", x, 3 * height, tiles, self.out_channels)
        y = _kept("y", x, half, 2 * step[0], tiles * self.out_channels)
        for k in range(half):
            column = to.rows @ x[k].reshape(2 * height, -1)  # [3 · h, T · in]
            torch.bmm(column.view(3 * height, tiles, -1), weights[k], out=products)
            torch.mm(to.rows_back, products.view(3 * height, -1), out=y[k])
        wide = _kept("wide", x, step[1], y[0].numel() // 2)
        y = torch.mm(to.columns_back, y.view(2 * half, -1), out=wide)
        y = y.view(step[1], step[0], *out.shape[:2], out.shape[3], -1).permute(2, 3, 1, 4, 0, 5)
        out.copy_(y) if self.bias is None else torch.add(y, self.bias, out=out)

    def _spectrum(self, tile: Pair) -> tuple[Tensor, Transforms]:
        """The weights' transform [half, 3 · h, in, out], computed once for each size of tile."""
        if tile not in self._spectra:
            while len(self._spectra) >= 2:
                del self._spectra[next(iter(self._spectra))]
            to = Transforms.of(tile, self.kernel_size, self.weight)
            (rows, cols), half = self.kernel_size, half_of(tile[1])
            weights = self.weight.permute(3, 2, 1, 0).reshape(cols, -1)  # [kernel columns, …]
            shape = half, 3 * tile[0], self.in_channels, self.out_channels
            spectrum = weights.new_empty(shape)
            for k in range(half):  # little memory beside the result
                column = to.columns[2 * k : 2 * k + 2, :cols] @ weights
                torch.mm(to.weight_rows, column.view(2 * rows, -1), out=spectrum[k].flatten(1))
            self._spectra[tile] = spectrum, to
        return self._spectra[tile]

    def _apply(self, *args, **kwargs) -> nn.Module:
        self._spectra.clear()  # the weights move to another device or type
        self._measured.clear()
        return super()._apply(*args, **kwargs)

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        self._spectra.clear()
        super()._load_from_state_dict(*args, **kwargs)


def can_use_fft(layer: nn.Module) -> bool:
    """Whether `FFTConv2d` can compute what this layer computes."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and (layer.padding == "valid" or layer.padding == (0, 0))
        and layer.weight.dtype in (torch.float32, torch.float64)
    )
