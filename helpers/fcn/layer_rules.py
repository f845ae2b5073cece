"""The rules of the conversion: what becomes of each kind of layer.

A rule gets the layer, what it reads in the classifier (`x`) and what the converted layer will read
in the FCN (`y`), both for the same crops. It gives back the converted layer, None where the FCN
needs no layer, and a few words. What it must not convert it refuses with a ValueError.
"""

import copy
from collections.abc import Callable

from torch import Tensor, nn

from helpers.fcn.function_layers import Add, Concat, Multiply, Reshape, Subtract, WithNumber
from helpers.fcn.linear import format_shape, linear_as_convolution

Converted = tuple[nn.Module | None, str]


def convert(layer: nn.Module, xs: list[Tensor], ys: list[Tensor]) -> Converted:
    """Apply the rule for this kind of layer to what it reads, `xs` there and `ys` here.

    Raises TypeError for a kind without a rule, ValueError with the reason for what cannot be
    converted; neither names the layer, which only the caller can.
    """
    rule = rule_for(layer)
    if rule in (_add, _concat):
        return rule(layer, xs, ys)
    if len(xs) != 1:
        raise ValueError(f"reads {len(xs)} tensors, where its rule knows one")
    return rule(layer, xs[0], ys[0])


def rule_for(layer: nn.Module) -> Callable[..., Converted]:
    """The rule for exactly this class: a subclass may compute something else."""
    if type(layer) not in _RULES:
        raise TypeError(f"cannot be converted: {_why_not(layer)}")
    return _RULES[type(layer)]


def _why_not(layer: nn.Module) -> str:
    if isinstance(layer, nn.LayerNorm | nn.GroupNorm | nn.InstanceNorm2d):
        return "its statistics are taken over the whole input, so on a larger image they differ"
    if isinstance(layer, nn.MultiheadAttention | nn.TransformerEncoderLayer | nn.RNNBase):
        return "each place of its answer depends on all others, so on a larger image it differs"
    return "no rule for this kind of layer"


def _is_row(x: Tensor) -> bool:
    """Whether a sample is a row of features in the classifier, no map."""
    return x.ndim == 2


def _has_places(y: Tensor) -> bool:
    """Whether a row of features is, in the FCN, still a map of several rows or columns."""
    return y.shape[2:] != (1, 1)


def _must_be_a_map(x: Tensor) -> None:
    if x.ndim != 4:
        raise ValueError("comes after Flatten, where there is no map")


def _kept(layer: nn.Module, *_: Tensor) -> Converted:
    kept = copy.deepcopy(layer)
    if getattr(kept, "inplace", False):
        kept.inplace = False  # so that no layer of the FCN changes what another one reads
    return kept, "kept"


def _spatial(layer: nn.Module, x: Tensor, y: Tensor) -> Converted:
    _must_be_a_map(x)
    if getattr(layer, "ceil_mode", False):
        raise ValueError("rounds up (ceil_mode), which depends on size")
    if getattr(layer, "return_indices", False):
        raise ValueError("gives back indices besides its map")
    _must_have_statistics(layer)
    return _kept(layer)


def _must_have_statistics(layer: nn.Module) -> None:
    if isinstance(layer, nn.modules.batchnorm._BatchNorm) and layer.running_mean is None:
        raise ValueError(
            "keeps no running statistics: its answer at one place would depend on the whole image"
        )


def _reshape(layer: nn.Module, x: Tensor, y: Tensor) -> Converted:
    after = layer(x).shape
    if after == x.flatten(1).shape:
        return None, "gone: the map stays a map"
    if after == y.shape:
        return None, "gone: the map is one already"
    raise ValueError(
        "must turn each sample, from dimension 1 on, into one row, or such a row of one place back"
        f" into a map; it turns {format_shape(x.shape[1:])} into {format_shape(after[1:])}"
    )


def _linear(layer: nn.Linear, x: Tensor, y: Tensor) -> Converted:
    if not _is_row(x):
        raise ValueError("works on a map's columns: no Flatten before it")
    try:
        convolution = linear_as_convolution(layer, *y.shape[1:])
    except ValueError as error:
        raise ValueError(f"does not fit: {error}; is the input size right?") from error
    return convolution, f"a {format_shape(convolution.kernel_size)} convolution"


def _prelu(layer: nn.PReLU, x: Tensor, y: Tensor) -> Converted:
    if layer.num_parameters > 1 and _is_row(x) and _has_places(y):
        raise ValueError("has a slope for each place of the map, which no layer for maps has")
    return _kept(layer)


def _batch_norm_of_rows(layer: nn.BatchNorm1d, x: Tensor, y: Tensor) -> Converted:
    _must_have_statistics(layer)
    if not _is_row(x) or _has_places(y):
        raise ValueError(
            "has statistics for each place of the map, which no layer for maps has:"
            " use BatchNorm2d before Flatten"
        )
    norm = nn.BatchNorm2d(layer.num_features, layer.eps, layer.momentum, layer.affine)
    norm.to(layer.running_mean).load_state_dict(layer.state_dict())
    return norm.train(layer.training), "a BatchNorm2d with the same numbers"


def _softmax(layer: nn.Softmax | nn.LogSoftmax, x: Tensor, y: Tensor) -> Converted:
    if layer.dim is None or layer.dim % x.ndim != 1:
        raise ValueError(f"runs over dimension {layer.dim}: the classes are dimension 1")
    if _is_row(x) and _has_places(y):
        raise ValueError("runs over all places of the crop's map at once")
    return type(layer)(dim=1).train(layer.training), "over the channels, at each place"


def _adaptive_pool(layer: nn.Module, x: Tensor, y: Tensor) -> Converted:
    _must_be_a_map(x)
    if getattr(layer, "return_indices", False):
        raise ValueError("gives back indices besides its map")
    size = layer.output_size
    wanted = [size, size] if not isinstance(size, tuple | list) else size
    wanted = [n if n is not None else have for n, have in zip(wanted, x.shape[2:], strict=True)]
    if any(have % n for n, have in zip(wanted, x.shape[2:], strict=True)):
        raise ValueError(
            f"makes {format_shape(wanted)} of {format_shape(x.shape[2:])}: that does not divide"
            " evenly, so the regions it pools are of different sizes"
        )
    kernel = tuple(have // n for n, have in zip(wanted, x.shape[2:], strict=True))
    # One region fills the crop: the next cell's region may begin at the very next place.
    stride = tuple(1 if n == 1 else k for n, k in zip(wanted, kernel, strict=True))
    pool = nn.AvgPool2d if isinstance(layer, nn.AdaptiveAvgPool2d) else nn.MaxPool2d
    return pool(kernel, stride).train(layer.training), f"a fixed {format_shape(kernel)} pool"


def _add(layer: nn.Module, xs: list[Tensor], ys: list[Tensor]) -> Converted:
    if len({x.shape for x in xs}) > 1:
        shapes = " and ".join(format_shape(x.shape[1:]) for x in xs)
        raise ValueError(f"puts tensors of different shapes together: {shapes}")
    if len({y.shape for y in ys}) > 1:
        raise ValueError("merges rows that come from maps of different shapes")
    return _kept(layer)


def _concat(layer: Concat, xs: list[Tensor], ys: list[Tensor]) -> Converted:
    if len({x.ndim for x in xs}) > 1 or layer.dim % xs[0].ndim != 1:
        raise ValueError("must join maps along the channels, or rows along the features: dim=1")
    if len({y.shape[2:] for y in ys}) > 1:
        raise ValueError(
            "merges rows of two different Flattens: maps of "
            + " and ".join(format_shape(y.shape[1:]) for y in ys)
        )
    return Concat().train(layer.training), "kept"


# Layers that treat each number by itself: they do not care whether the sample is flat.
_POINTWISE = [nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish]


_POINTWISE += [nn.Sigmoid, nn.Tanh, nn.Softplus, nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh]


_POINTWISE += [nn.Dropout, nn.Identity, WithNumber]


# Layers that look at a neighbourhood, or at a channel, the same way at every place.
_SPATIAL = [nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d, nn.Dropout2d]


_RULES: dict[type[nn.Module], Callable[..., Converted]] = {
    **dict.fromkeys(_POINTWISE, _kept),
    **dict.fromkeys(_SPATIAL, _spatial),
    **dict.fromkeys([nn.Flatten, nn.Unflatten, Reshape], _reshape),
    **dict.fromkeys([nn.Softmax, nn.LogSoftmax], _softmax),
    **dict.fromkeys([nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d], _adaptive_pool),
    **dict.fromkeys([Add, Subtract, Multiply], _add),
    Concat: _concat,
    nn.Linear: _linear,
    nn.PReLU: _prelu,
    nn.BatchNorm1d: _batch_norm_of_rows,
}
