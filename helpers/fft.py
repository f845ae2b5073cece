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
from itertools import product
from math import ceil, prod

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

from helpers.choices import Choices
from helpers.fourier import Transforms
from helpers.tuning import (
    DIRECT,
    NEARLY,
    Pair,
    best_tile,
    candidates,
    cost_of_way,
    direct_multiply_adds,
    fastest,
    fft_multiply_adds,
    half_of,
    is_way,
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
        choices: choose the tile (or the direct convolution) by measuring, once for each size of
            image and number of threads, and remember it there. None: by counting, which is the same
            on every machine.

    Raises:
        ValueError: for a convolution with stride, dilation, groups or padding, for a tensor that is
            not [N, in, H, W], and for NaN or infinity, which would spread over a whole tile.
        RuntimeError: for a tensor that wants gradients.
    """

    def __init__(self, convolution: nn.Conv2d, *, choices: Choices | None = None) -> None:
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
        self._choices = choices
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
        # The sum is quicker, and finite numbers can have too large a sum.
        if not x.sum().isfinite() and not x.isfinite().all():
            raise ValueError(
                "NaN or infinity would spread over a whole tile of the Fourier transform: use the"
                " plain FCN, or find out where they come from"
            )
        output = tuple(n - k + 1 for n, k in zip(x.shape[-2:], self.kernel_size, strict=True))
        if self._choices is not None and x.numel() and min(output) > 0:
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
        """Take the fastest way for images of this size, with this number of threads."""
        here = output, torch.get_num_threads()
        if here in self._measured:
            return
        last = x.is_contiguous(memory_format=torch.channels_last)
        case = [*self._case(output), len(x), str(x.dtype), last]
        way = self._choices.get(case, x.device.type)
        if not is_way(way, self.kernel_size) or self._drives_out(way):
            best = self._fastest(x, output)
            way = DIRECT if best is None else list(best)
            self._choices.put(case, way, x.device.type)
        self._measured[here] = None if way == DIRECT else tuple(way)

    def _drives_out(self, way: str | list[int]) -> bool:
        """Whether there is no room for the weights it needs: then it is compared anew."""
        return way != DIRECT and len(self._spectra) >= 2 and tuple(way) not in self._spectra

    def _fastest(self, x: Tensor, output: Pair) -> Pair | None:
        at_hand = dict(self._spectra)
        ways = candidates(*self._case(output), images=len(x), at_hand=tuple(at_hand))
        times = fastest(dict.fromkeys([*at_hand, *ways]), lambda way: self._run(x, output, way))
        best = min(times, key=times.get)
        if at_hand:  # images of many sizes must not drive out each other's weights
            near = min({None, *at_hand} & times.keys(), key=times.get)
            best = near if times[near] <= NEARLY * times[best] else best
        kept = at_hand | {t: s for t, s in self._spectra.items() if t == best}
        self._spectra = dict([*kept.items()][-2:])
        return best

    def _overlap_save(self, x: Tensor, output: Pair, tile: Pair) -> Tensor:
        """Cut into tiles that overlap by the kernel less one, convolve each, put them together."""
        step = step_of(tile, self.kernel_size)
        grid = tuple(ceil(o / s) for o, s in zip(output, step, strict=True))
        missing = [
            (g - 1) * s + t - n for g, s, t, n in zip(grid, step, tile, x.shape[-2:], strict=True)
        ]
        x = pad(x, (0, missing[1], 0, missing[0]))
        y = x.new_empty(len(x), *output, self.out_channels)
        images, rows = self._at_a_time(x, grid, tile)
        for n in range(0, len(x), images):
            for row in range(0, grid[0], rows):
                strip = x[n : n + images, :, row * step[0] : (row + rows - 1) * step[0] + tile[0]]
                place = y[n : n + images, row * step[0] : (row + rows) * step[0]]
                self._convolve(strip, tile, out=place)
        return y.permute(0, 3, 1, 2)  # [N, out, rows, cols], channels last

    def _at_a_time(self, x: Tensor, grid: Pair, tile: Pair) -> Pair:
        """How many images, and rows of tiles, are convolved together."""
        step, half = step_of(tile, self.kernel_size), half_of(tile[1])
        numbers = 2 * step[0] * half * self.in_channels
        numbers += (2 * step[0] * half + 3 * tile[0] + prod(step)) * self.out_channels
        rows = max(1, BATCH_BYTES // (x.element_size() * numbers * grid[1]))
        return max(1, rows // grid[0]), rows

    def _convolve(self, x: Tensor, tile: Pair, *, out: Tensor) -> None:
        """Tiles of [N, in, height, width] -> [N, rows, cols, out].

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
        y = y.view(step[1], step[0], *x.shape[3:6], -1)
        _side_by_side(y.permute(2, 3, 1, 4, 0, 5), self.bias, out=out)

    def _spectrum(self, tile: Pair) -> tuple[Tensor, Transforms]:
        """The weights' transform [half, 3 · h, in, out], computed once for each size of tile."""
        known = self._spectra.get(tile)
        if known is None:
            # Replaced and never changed, since other threads may be about to read it.
            self._spectra = dict([*self._spectra.items()][-1:])
            to = Transforms.of(tile, self.kernel_size, self.weight)
            (rows, cols), half = self.kernel_size, half_of(tile[1])
            weights = self.weight.permute(3, 2, 1, 0).reshape(cols, -1)  # [kernel columns, …]
            shape = half, 3 * tile[0], self.in_channels, self.out_channels
            spectrum = weights.new_empty(shape)
            for k in range(half):  # little memory beside the result
                column = to.columns[2 * k : 2 * k + 2, :cols] @ weights
                torch.mm(to.weight_rows, column.view(2 * rows, -1), out=spectrum[k].flatten(1))
            known = spectrum, to
            self._spectra = dict([*[*self._spectra.items()][-1:], (tile, known)])
        return known

    def _apply(self, *args, **kwargs) -> nn.Module:
        before = self.weight.device, self.weight.dtype
        super()._apply(*args, **kwargs)
        self._measured.clear()
        if (self.weight.device, self.weight.dtype) != before:
            self._spectra.clear()  # their order in memory is one and the same for all layouts
        return self

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        self._spectra.clear()
        super()._load_from_state_dict(*args, **kwargs)


def _side_by_side(tiles: Tensor, bias: Tensor | None, *, out: Tensor) -> None:
    """[N, grid rows, step, grid columns, step, C] -> [N, rows, cols, C]: what fits, and the bias.

    `out` leaves no gaps between images, which the next layer would have to copy away.
    """
    steps = tiles.shape[2], tiles.shape[4]
    both = [_whole_and_rest(side, step) for side, step in zip(out.shape[1:3], steps, strict=True)]
    for (top, rows, height), (left, columns, width) in product(*both):
        part = tiles[:, top : top + rows, :height, left : left + columns, :width]
        place = out[:, top * steps[0] :, left * steps[1] :][:, : rows * height, : columns * width]
        place = place.unflatten(2, (columns, width)).unflatten(1, (rows, height))
        place.copy_(part) if bias is None else torch.add(part, bias, out=place)


def _whole_and_rest(side: int, step: int) -> list[tuple[int, int, int]]:
    """(first tile, number of tiles, length kept of each): those that fit whole, and the last."""
    whole, rest = divmod(side, step)
    return [part for part in ((0, whole, step), (whole, 1, rest)) if part[1] * part[2]]


def can_use_fft(layer: nn.Module) -> bool:
    """Whether `FFTConv2d` can compute what this layer computes."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and (layer.padding == "valid" or layer.padding == (0, 0))
        and layer.weight.dtype in (torch.float32, torch.float64)
    )
