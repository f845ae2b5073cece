"""Function calls, written as layers: `F.relu(x)` is `nn.ReLU()`, `a + 0.5` a `Function`.

A network that is written with functions has no list of layers to convert. Here each call becomes
the layer that computes the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.fcn.layers import Function, Slot

_MOVES = """
flatten unflatten view reshape view_as reshape_as squeeze unsqueeze permute transpose t T mT
swapaxes swapdims movedim moveaxis getitem select narrow index_select chunk split tensor_split
unbind flip roll expand expand_as repeat tile broadcast_to cat concat concatenate stack contiguous
clone detach data real ravel rot90 fliplr flipud hsplit vsplit hstack vstack diagonal gather
take_along_dim repeat_interleave pixel_shuffle pixel_unshuffle channel_shuffle
"""
# They compute nothing: they only say which number stands where.
MOVES = frozenset(_MOVES.split())


def function_name(function: Callable) -> str:
    """relu for `F.relu` and for `Tensor.relu_`, getitem for `x[0]`, shape for `x.shape`."""
    name = getattr(function, "__name__", str(function))
    if name == "__get__":  # an attribute
        name = function.__self__.__name__
    return name.strip("_")


def as_layer(function: Callable, args: tuple, kwargs: dict, *, in_place: bool) -> nn.Module:
    """The layer that computes `function(*args, **kwargs)`; its maps are where the `Slot`s stand.

    The layer is in eval mode. Raises ValueError, with the reason, for arguments without a rule.
    """
    name = function_name(function)
    if name in _LAYERS and isinstance((*args, kwargs.get("input"))[0], Slot):
        layer = _LAYERS[name](*args, **kwargs)
        if layer is not None:
            return layer.eval()
    if name in ("max", "min") and (len(args) > 1 or "dim" in kwargs):
        function = torch.amax if name == "max" else torch.amin  # without the positions
    return Function(function, args, kwargs, in_place=in_place).eval()


def _with_weights(layer: nn.Module, weight: Tensor, bias: Tensor | None) -> nn.Module:
    """The layer with copies of these weights; trainable if they are."""
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None:
            trained = isinstance(tensor, nn.Parameter) and tensor.requires_grad
            setattr(layer, name, nn.Parameter(tensor.detach().clone(), requires_grad=trained))
    return layer


def _conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    if isinstance(weight, Slot) or isinstance(bias, Slot):
        raise ValueError("has a kernel that depends on the image")
    shape = (weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]))
    layer = nn.Conv2d(*shape, stride, padding, dilation, groups, bias is not None, device="meta")
    return _with_weights(layer, weight, bias)


def _linear(input, weight, bias=None):
    if isinstance(weight, Slot) or weight.ndim != 2:
        return None
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None, device="meta")
    return _with_weights(layer, weight, bias)


def _max_pool(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    return nn.MaxPool2d(kernel_size, stride or None, padding, dilation, return_indices, ceil_mode)


def _avg_pool(input, kernel_size, stride=None, *args, **kwargs):
    return nn.AvgPool2d(kernel_size, stride or None, *args, **kwargs)


def _dropout(layer: type[nn.Module]) -> Callable[..., nn.Module]:
    def rule(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False):
        if training:
            raise ValueError("drops at random in eval mode too: write training=self.training")
        return layer(p)

    return rule


def _pad(input, pad, mode="constant", value=None):
    if len(pad) != 4 or min(pad) < 0:
        return None
    kinds = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d}
    if mode == "constant":
        return nn.ConstantPad2d(tuple(pad), value or 0)
    return kinds[mode](tuple(pad)) if mode in kinds else None


_LAYERS: dict[str, Callable[..., nn.Module | None]] = {
    "relu": lambda input, inplace=False: nn.ReLU(),
    "conv2d": _conv2d,
    "linear": _linear,
    "mm": lambda input, mat2: _linear(input, mat2.T) if isinstance(mat2, Tensor) else None,
    "matmul": lambda input, other: _linear(input, other.T) if isinstance(other, Tensor) else None,
    "max_pool2d": _max_pool,
    "avg_pool2d": _avg_pool,
    "adaptive_avg_pool2d": lambda input, output_size: nn.AdaptiveAvgPool2d(output_size),
    "adaptive_max_pool2d": lambda input, output_size, return_indices=False: nn.AdaptiveMaxPool2d(
        output_size, return_indices
    ),
    "dropout": _dropout(nn.Dropout),
    "dropout2d": _dropout(nn.Dropout2d),
    "feature_dropout": _dropout(nn.Dropout2d),
    "pad": _pad,
}
