"""The rules of the conversion: what becomes of each kind of layer.

A rule gets the layer, what it reads and what it gave for the example crops, and gives back a
`Converted`, or None where it knows no answer. What it must not convert it refuses with a ValueError
whose text goes on after "layer NAME (KIND) ". Kinds without a rule are tried: see `locality`.

To add a rule, write a function and enter it in `_RULES`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from helpers.fcn.layers import Function, Regions
from helpers.fcn.linear import linear_as_convolution
from helpers.fcn.locality import (
    Converted,
    copied,
    index_at_positions,
    kept,
    same_numbers,
    with_other_numbers,
)
from helpers.fcn.values import Value
from helpers.geometry import format_shape


def convert(layer: nn.Module, values: list[Value]) -> Converted:
    """Apply the rule for this kind of layer to what it reads.

    `layer` is in eval mode. The converted layer shares nothing with it.
    """
    rule = _RULES.get(type(layer))
    if isinstance(layer, Function) and layer.name in _POOLS:
        rule = _reduction
    if rule and len(values) == 1:
        with_noise = with_other_numbers(values, 1.0)
        converted = rule(layer, with_noise[0], layer(with_noise[0].numbers().clone()))
        if converted:
            return converted
    return kept(layer, values)


def _spatial(layer: nn.Module, value: Value, answer: Tensor) -> Converted | None:
    """Layers that look at a neighbourhood, the same way at every position."""
    if value.index is not None:
        return None
    layer = copied(layer)
    if getattr(layer, "ceil_mode", False):
        _round_up(layer, value.y)
    return Converted(layer, "kept")


def _round_up(pool: nn.Module, y: Tensor) -> None:
    """`ceil_mode` goes where it rounds nothing; else each window must begin within the map."""
    settings = (pool.kernel_size, pool.stride, pool.padding, getattr(pool, "dilation", 1))
    rounds = False
    for axis, length in enumerate(y.shape[2:]):
        kernel, step, padding, dilation = (
            setting if isinstance(setting, int) else setting[axis] for setting in settings
        )
        reach = dilation * (kernel - 1) + 1
        rounds = rounds or (length + 2 * padding - reach) % step > 0
        if rounds and reach < step + padding:
            raise ValueError("rounds up (ceil_mode) to windows that lie outside of the map")
    pool.ceil_mode = rounds


def _linear(layer: nn.Linear, value: Value, answer: Tensor) -> Converted | None:
    """As large a kernel as the map for a row; 1×1 where it reads the channels at each position."""
    channels, height, width = value.y.shape[1:]
    if value.x.ndim == 2:
        order = value.index_of_one()
        in_order = torch.equal(order, torch.arange(len(order), device=order.device))
        whole = in_order and len(order) == channels * height * width
        convolution = linear_as_convolution(
            layer, channels, height, width, order=None if whole else order
        )
        index = torch.arange(answer.numel(), device=answer.device).view(answer.shape)
    else:
        shape, place = value.layout() or ((0,), None)
        if shape[-1] != channels:
            raise ValueError(
                f"works on the last dimension of {format_shape(value.x.shape[1:])}, which is not"
                " the channels: no Flatten before it"
            )
        convolution = linear_as_convolution(layer, channels, 1, 1)
        shape = torch.Size((*shape[:-1], layer.out_features))
        index = index_at_positions(convolution(value.y), shape, place, answer)
    return Converted(convolution, f"a {format_shape(convolution.kernel_size)} convolution", index)


def _adaptive_pool(layer: nn.Module, value: Value, answer: Tensor) -> Converted | None:
    """A fixed pool where the regions are of one size, else a layer that knows each region."""
    if value.index is not None:
        return None
    size, have = layer.output_size, value.y.shape[2:]
    wanted = [size, size] if not isinstance(size, tuple | list) else size
    wanted = [n if n is not None else length for n, length in zip(wanted, have, strict=True)]
    average = isinstance(layer, nn.AdaptiveAvgPool2d)
    if any(length % n for n, length in zip(wanted, have, strict=True)):
        regions = Regions(F.avg_pool2d if average else torch.max_pool2d, wanted, tuple(have))
        index = torch.arange(answer.numel(), device=answer.device).view(answer.shape)
        return Converted(regions, f"{format_shape(wanted)} uneven regions, as channels", index)
    kernel = tuple(length // n for n, length in zip(wanted, have, strict=True))
    # One region fills the crop: the next cell's region may begin at the very next position.
    stride = tuple(1 if n == 1 else k for n, k in zip(wanted, kernel, strict=True))
    pool = (nn.AvgPool2d if average else nn.MaxPool2d)(kernel, stride)
    return Converted(pool, f"a fixed {format_shape(kernel)} pool")


def _reduction(layer: Function, value: Value, answer: Tensor) -> Converted | None:
    """A mean, sum or maximum over all rows, all columns or both: a pool of that size."""
    height, width = value.y.shape[2:]
    # Each answer is made of a block of the map. Where the block begins and ends is what amin and
    # amax answer, with the same arguments, if they are given the positions in place of the numbers.
    index = value.full_index()
    low, high = (layer.with_function(find)(index) for find in (torch.amin, torch.amax))
    rows, cols = (
        bool((coordinate(low) != coordinate(high)).any())
        for coordinate in (lambda i: i // width % height, lambda i: i % width)
    )
    if not (rows or cols) or not value.y.is_floating_point():
        return None
    pool = _POOLS[layer.name]((height if rows else 1, width if cols else 1))
    y = pool(value.y)
    row, col = (0 if rows else low // width % height), (0 if cols else low % width)
    index = (low // (height * width) * y.shape[2] + row) * y.shape[3] + col
    if index.max() >= y.numel() or not same_numbers(y.flatten()[index], answer):
        return None
    return Converted(pool, f"a fixed {format_shape(pool.kernel_size)} pool", index)


_POOLS: dict[str, Callable[[tuple[int, int]], nn.Module]] = {
    "mean": lambda kernel: nn.AvgPool2d(kernel, 1),
    "sum": lambda kernel: nn.AvgPool2d(kernel, 1, divisor_override=1),
    "amax": lambda kernel: nn.MaxPool2d(kernel, 1),
}
_PADDING = [nn.ZeroPad2d, nn.ConstantPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d]
_RULES: dict[type[nn.Module], Callable[..., Converted | None]] = {
    **dict.fromkeys([nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d, *_PADDING], _spatial),
    **dict.fromkeys([nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d], _adaptive_pool),
    nn.Linear: _linear,
}
