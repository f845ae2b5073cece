"""A convolution with a large kernel, faster: by the Fourier transform.

The convolution theorem: what is a sum over the whole kernel for each pixel becomes one product for
each frequency. An image is cut into overlapping tiles, each is transformed, multiplied and
transformed back, and only the pixels that a plain convolution would have given are kept: this is
called overlap-save. Sources: Stockham 1966; Mathieu, Henaff and LeCun 2014.

`convolve_by_theorem` is the idea in three lines; `FFTConv2d` is fast; `best_tile` knows what costs
less.

>>> convolution = nn.Conv2d(4, 8, (7, 22)).requires_grad_(False)
>>> image = torch.rand(1, 4, 60, 90)
>>> torch.allclose(FFTConv2d(convolution)(image), convolution(image), atol=1e-5)
True
"""

from functools import cache
from math import ceil, log2, prod

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

Pair = tuple[int, int]

# Lengths that a fast Fourier transform is really fast for.
SIDES = (8, 12, 16, 24, 32, 48, 64, 96, 128)
# What things cost, next to a multiply-add of a direct convolution (fitted to timings on one core):
# one of a fast transform, one of a product of small matrices, and fetching a complex weight.
TRANSFORM_COST, PRODUCT_COST, WEIGHT_COST = 12, 2, 15
# Transforming the weights anew takes longer than a few images with a tile that is so much worse.
NEARLY = 1.5
# Bytes of the tiles that are convolved at a time.
BATCH_BYTES = 2**26


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

    A real transform of n numbers takes 5/4 n log2(n) of them, a complex product takes 4. The
    weights are transformed only once, and do not count. Lesson 05.

    Args:
        kernel, output, channels: as for `direct_multiply_adds`.
        tile: (height, width) of the tiles.
    """
    step = _step(tile, kernel)
    tiles = prod(ceil(o / s) for o, s in zip(output, step, strict=True))
    transform = channels[0] * 1.25 * prod(tile) * log2(prod(tile))
    multiply = 4 * tile[0] * _half(tile[1]) * prod(channels)
    transform_back = 4 * step[0] * _half(tile[1]) * (tile[0] + step[1]) * channels[1]
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
        weights = tile[0] * _half(tile[1]) * prod(channels)
        return TRANSFORM_COST * transforms + PRODUCT_COST * products + WEIGHT_COST * weights

    tiles = [(h, w) for h in SIDES for w in SIDES if h >= kernel[0] and w >= kernel[1]]
    if not tiles or min(output) < 1:
        return None
    best = min(tiles, key=cost)
    if cost(best) >= direct_multiply_adds(kernel, output, channels):
        return None
    return min((t for t in at_hand if cost(t) <= NEARLY * cost(best)), key=cost, default=best)


def _step(tile: Pair, kernel: Pair) -> Pair:
    """How many rows and columns of a tile are right: where the kernel does not wrap around."""
    return tile[0] - kernel[0] + 1, tile[1] - kernel[1] + 1


def _half(length: int) -> int:
    """How many frequencies tell all about `length` real numbers; the others mirror them."""
    return length // 2 + 1


class FFTConv2d(nn.Module):
    """The convolution `convolution`, computed by FFT: [N, in, H, W] -> [N, out, H - h + 1, …].

    Equal to the direct one within 1e-5 of the largest output (float32). Forward only: it copies the
    weights, and keeps the transforms of the last two tile sizes. Memory beside the input, a padded
    copy of it, and the output is bounded, whatever the image's size. Where the direct convolution
    is less work, it is taken. Lesson 05.

    Args:
        convolution: of float32 or float64; copied.

    Raises:
        ValueError: for a convolution with stride, dilation, groups or padding, for a tensor that is
            not [N, in, H, W], and for NaN or infinity, which would spread over a whole tile.
        RuntimeError: for a tensor that wants gradients.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
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
        self._spectra: dict[Pair, Tensor] = {}

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
        tile = self._tile(output)
        if tile is None or len(x) == 0:
            return conv2d(x, self.weight, self.bias)
        return self._overlap_save(x, output, tile)

    def multiply_adds(self, output: Pair) -> int:
        """Multiply-adds for one image whose output has this height and width."""
        case = self.kernel_size, output, (self.in_channels, self.out_channels)
        tile = self._tile(output)
        return direct_multiply_adds(*case) if tile is None else sum(fft_multiply_adds(*case, tile))

    def _tile(self, output: Pair) -> Pair | None:
        channels = self.in_channels, self.out_channels
        return best_tile(self.kernel_size, output, channels, at_hand=tuple(self._spectra))

    def _overlap_save(self, x: Tensor, output: Pair, tile: Pair) -> Tensor:
        """Cut into tiles that overlap by the kernel less one, convolve each, put them together."""
        step = _step(tile, self.kernel_size)
        grid = tuple(ceil(o / s) for o, s in zip(output, step, strict=True))
        missing = [
            (g - 1) * s + t - n for g, s, t, n in zip(grid, step, tile, x.shape[-2:], strict=True)
        ]
        x = pad(x, (0, missing[1], 0, missing[0]))
        # A view: [N, in, grid rows, grid cols, h, w].
        tiles = x.unfold(2, tile[0], step[0]).unfold(3, tile[1], step[1])
        y = x.new_empty(len(x), grid[0], step[0], grid[1], step[1], self.out_channels)
        numbers = [torch.arange(n, device=x.device) for n in (len(x), *grid)]
        every_tile = torch.cartesian_prod(*numbers)  # [tiles, 3]: image, row and column of the grid
        for batch in every_tile.split(self._tiles_at_a_time(x, tile)):
            n, row, col = batch.unbind(1)
            # [T, in, h, w] -> [T, step rows, step cols, out]
            y[n, row, :, col] = self._convolve(tiles[n, :, row, col], tile)
        y = y.view(len(x), grid[0] * step[0], grid[1] * step[1], self.out_channels)
        y = y[:, : output[0], : output[1]]
        if self.bias is not None:
            y += self.bias
        return y.permute(0, 3, 1, 2)  # [N, out, rows, cols]

    def _tiles_at_a_time(self, x: Tensor, tile: Pair) -> int:
        one = 3 * x.element_size() * prod(tile) * (self.in_channels + self.out_channels)
        return max(1, BATCH_BYTES // one)

    def _convolve(self, tiles: Tensor, tile: Pair) -> Tensor:
        """Tiles [T, in, h, w] -> [T, rows, cols, out]: transform, multiply, transform back.

        For each frequency, the sum over the channels is a product of matrices.
        """
        x = torch.fft.rfft2(tiles)  # [T, in, h, w // 2 + 1]
        x = x.permute(2, 3, 0, 1).flatten(0, 1).contiguous()  # [frequency, T, in]
        y = torch.bmm(x, self._spectrum(tile))  # [frequency, T, out]
        rows, cols = _step(tile, self.kernel_size)
        back = inverse_transform(tile[0], rows).to(y) @ y.view(tile[0], -1)  # the rows, then
        back = inverse_real_transform(tile[1], cols).to(y) @ back.view(rows, _half(tile[1]), -1)
        return back.real.view(rows, cols, len(tiles), -1).permute(2, 0, 1, 3)

    def _spectrum(self, tile: Pair) -> Tensor:
        """The weights' transform, [frequency, in, out], computed once for each size of tile.

        Conjugate, because a network's "convolution" does not turn its kernel around.
        """
        if tile not in self._spectra:
            while len(self._spectra) >= 2:
                del self._spectra[next(iter(self._spectra))]
            weights = torch.fft.rfft2(self.weight, s=tile).conj()
            weights = weights.permute(2, 3, 1, 0).flatten(0, 1).resolve_conj()
            self._spectra[tile] = weights.contiguous()
        return self._spectra[tile]

    def _apply(self, *args, **kwargs) -> nn.Module:
        self._spectra.clear()  # the weights move to another device or type
        return super()._apply(*args, **kwargs)

    def _load_from_state_dict(self, *args, **kwargs) -> None:
        self._spectra.clear()
        super()._load_from_state_dict(*args, **kwargs)


def inverse_transform(length: int, count: int) -> Tensor:
    """The inverse Fourier transform as a matrix.

    Only the first `count` numbers are asked for, and only for a few dozen frequencies: then one
    product of matrices is faster than the fast transform of everything.

    Args:
        length: how many frequencies there are.
        count: how many numbers are wanted, at most `length`.

    Returns:
        Tensor[count, length], complex.
    """
    steps = torch.outer(torch.arange(count), torch.arange(length)) % length
    return torch.exp(2j * torch.pi * steps.double() / length) / length


def inverse_real_transform(length: int, count: int) -> Tensor:
    """The same for real numbers, from half of the frequencies.

    The result's real part counts. The missing frequencies are the mirror of all but the first and
    (of an even length) the last, so that these others count twice.

    Returns:
        Tensor[count, length // 2 + 1], complex.
    """
    matrix = inverse_transform(length, count)[:, : _half(length)]
    matrix[:, 1 : (length + 1) // 2] *= 2
    return matrix


def can_use_fft(layer: nn.Module) -> bool:
    """Whether `FFTConv2d` can compute what this layer computes."""
    return (
        isinstance(layer, nn.Conv2d)
        and layer.stride == layer.dilation == (1, 1)
        and layer.groups == 1
        and (layer.padding == "valid" or layer.padding == (0, 0))
        and layer.weight.dtype in (torch.float32, torch.float64)
    )
