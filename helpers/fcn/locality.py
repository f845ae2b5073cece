"""May a layer be kept? It may if it treats each number, or each position of a map, by itself.

Nothing is looked up: the layer is tried on the example crops. What holds for a map of the crop's
size then holds for one of any size, for no position knows of the others.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from helpers.fcn.layers import AtEachPosition, Function
from helpers.fcn.values import Value
from helpers.geometry import format_shape

# With which numbers a layer is tried: (times what the crops give, and how much noise).
_TRIALS = [(1.0, 0.0), (1.0, 1.0), (30.0, 1.0), (1e3, 1.0), (-1e3, 1.0), (1e6, 1.0)]


@dataclass
class Converted:
    """The layer of the FCN (None: it needs none), a few words, and where its numbers lie.

    `index` is that of `Value`: None where the FCN's map is the classifier's tensor.
    """

    layer: nn.Module | None
    words: str
    index: Tensor | None = None


def kept(layer: nn.Module, values: list[Value]) -> Converted:
    """A copy of a layer, for all the positions of a map.

    Raises TypeError or ValueError, with the reason, if it cannot be kept.
    """
    layer = copied(layer)
    trials = [with_other_numbers(values, *trial) for trial in _TRIALS]
    if all(_lie_alike(value, values[0]) for value in values) and all(
        _treats_numbers_alone(layer, trial) for trial in trials
    ):
        return Converted(layer, "kept", values[0].index)
    if len({value.y.shape[2:] for value in values}) > 1:
        shapes = " and ".join(format_shape(value.y.shape[1:]) for value in values)
        raise ValueError(f"puts together what lies in maps of different shapes: {shapes}")
    layouts = [value.layout() for value in values]
    for value, layout in zip(values, layouts, strict=True):
        if layout is None:
            raise refusal(layer, f"{value.name} ({value.kind})")
    place = layouts[0][1]
    if any(not torch.equal(other.flatten(), place.flatten()) for _, other in layouts):
        raise TypeError("cannot be converted: it puts together the numbers of different positions")
    alone = AtEachPosition(layer, [shape for shape, _ in layouts])
    try:
        found = [_at_positions(alone, trial, place) for trial in trials]
    except Exception as error:  # whatever a layer raises that needs more than one position
        raise refusal(layer) from error
    indices, map_shapes, reads_maps = zip(*found, strict=True)
    if any(value.index is not None for value in values) or indices[0].shape != map_shapes[0]:
        return Converted(alone, "kept, at each position", indices[0])
    # A map in, a map out. Made for crops of one size, the layer may still need single positions.
    return Converted(layer if all(reads_maps) else alone, "kept")


def with_other_numbers(values: list[Value], scale: float, noise: float = 1.0) -> list[Value]:
    """The same values with their numbers `scale` times as large, and noise: none says too little.

    Behind a ReLU that lets nothing through, every layer would look the same; and a layer that
    divides by a norm above 100, or chooses what is above 100, shows it for large numbers only.
    """
    generator = torch.Generator().manual_seed(3)

    def changed(y: Tensor) -> Tensor:
        random = torch.rand(y.shape, generator=generator)
        if y.dtype == torch.bool:
            return (random < 0.5).to(y.device)
        if not y.is_floating_point():
            return y
        return (y + noise * random.to(y)) * scale

    return [replace(value, y=changed(value.y)) for value in values]


def refusal(layer: nn.Module, mixed_by: str = "") -> Exception:
    """Why a layer cannot be kept; `mixed_by` names what put its positions into one row."""
    kind = layer.name if isinstance(layer, Function) else type(layer).__name__
    differs = "so on a larger image it differs"
    if isinstance(layer, nn.modules.batchnorm._NormBase) and layer.running_mean is None:
        why = "it keeps no running statistics, but takes them over the whole input, " + differs
    elif "norm" in kind.lower() and not isinstance(layer, nn.modules.batchnorm._NormBase):
        why = "its statistics are taken over the whole input, so on a larger image they differ"
    elif isinstance(layer, nn.MultiheadAttention | nn.TransformerEncoderLayer | nn.RNNBase):
        why = f"each position of its answer depends on all others, {differs}"
    elif mixed_by:
        why = (
            f"layer {mixed_by} has put the positions of a map side by side, and it does not treat"
            " each number by itself"
        )
    else:
        why = "its answer depends on other positions, on which position it is, or on chance"
    return TypeError(f"cannot be converted: {why}")


def copied(layer: nn.Module) -> nn.Module:
    """A copy that changes nothing in place: in the FCN, another layer may read the same map."""
    layer = copy.deepcopy(layer)
    if getattr(layer, "inplace", False):
        layer.inplace = False
    return layer


def same_numbers(actual: Tensor, expected: Tensor) -> bool:
    """Whether two tensors are equal but for rounding (NaN equals NaN)."""
    if actual.shape != expected.shape or actual.dtype != expected.dtype:
        return False
    if not expected.is_floating_point():
        return torch.equal(actual, expected)
    if torch.equal(actual, expected):  # in a tenth of the time, and so it is in most cases
        return True
    bound = max(1e-4, 30 * torch.finfo(expected.dtype).eps)
    size = expected.abs().nan_to_num(0, 0, 0).amax().item()
    return torch.allclose(actual, expected, rtol=bound, atol=bound * size, equal_nan=True)


def index_at_positions(y: Tensor, shape: torch.Size, place: Tensor, x: Tensor) -> Tensor:
    """Where x's numbers lie in the map y, if x has `shape` at each single position.

    `place` says at which position each number of the layer's *input* is.
    """
    # Along the dimensions that are longer in x than at a single position, x has the positions.
    sides = [n if n != single else 1 for n, single in zip(x.shape[1:], shape, strict=True)]
    numbers = torch.arange(y.numel(), device=y.device).view(*y.shape[:2], -1)
    channel = torch.arange(y.shape[1], device=y.device).view(shape)
    return numbers[:, channel, place.reshape(sides)]


def _lie_alike(one: Value, other: Value) -> bool:
    """Whether two tensors lie in maps of one shape in the same way."""
    return one.y.shape == other.y.shape and torch.equal(one.full_index(), other.full_index())


def _treats_numbers_alone(layer: nn.Module, values: list[Value]) -> bool:
    """Whether each number of the answer depends on the number at its own place, on no other.

    Given each number as a crop of its own, and only every second of these, it must say the same.
    """
    inputs = [value.numbers() for value in values]
    alone = [x.reshape(-1, *[1] * (x.ndim - 1)) for x in inputs]
    try:
        answer, of_alone = layer(*(x.clone() for x in inputs)), layer(*(x.clone() for x in alone))
        of_half = layer(*(x[1::2].clone() for x in alone))
        on_maps = layer(*(value.y.clone() for value in values))
        return (
            answer.shape == inputs[0].shape
            and same_numbers(of_alone.flatten(), answer.flatten())
            and same_numbers(of_half.flatten(), answer.flatten()[1::2])
            and same_numbers(on_maps.flatten()[values[0].full_index()], answer)
        )
    except Exception:  # it cannot read these, or gives back no tensor
        return False


def _at_positions(
    alone: AtEachPosition, values: list[Value], place: Tensor
) -> tuple[Tensor, torch.Size, bool]:
    """Where the layer's answer lies in what `alone` gives, that map's shape, and whether the layer
    itself reads maps.

    Raises ValueError if other positions, or other crops, matter.
    """
    maps = [value.y for value in values]
    larger = [_with_more_positions(y) for y in maps]
    rows, cols = maps[0].shape[2:]
    answer = alone.layer(*(value.numbers().clone() for value in values))
    shape = alone.layer(*alone.samples(maps)).shape[1:]
    given, more = alone(*maps), alone(*larger)
    index = index_at_positions(given, shape, place, answer)
    if not same_numbers(more[:, :, :rows, :cols], given) or not same_numbers(
        given.flatten()[index], answer
    ):
        raise ValueError("other positions, or other crops, matter")
    return index, given.shape, _gives(alone.layer, larger, more)


def _with_more_positions(y: Tensor) -> Tensor:
    """A map with one row and one column more, the first crop's for all of the batch."""
    y = torch.cat([y, y[:1, :, :1].expand(len(y), -1, -1, -1)], 2)
    return torch.cat([y, y[:1, :, :, :1].expand(len(y), -1, -1, -1)], 3)


def _gives(layer: nn.Module, maps: list[Tensor], expected: Tensor) -> bool:
    try:
        return same_numbers(layer(*maps), expected)
    except Exception:  # made for crops of one size
        return False
