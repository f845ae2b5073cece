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

_SCALES = [(1.0, 0.0), (1.0,), (1e3,), (-1e3,)]  # and noise


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
    trials = [with_other_numbers(values, *scale) for scale in _SCALES]
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
    index = found[0][0]
    if any(value.index is not None for value in values) or index.shape != found[0][1]:
        return Converted(alone, "kept, at each position", index)
    # A map in, a map out. Made for crops of one size, the layer may still need single positions.
    return Converted(layer if all(reads_maps for *_, reads_maps in found) else alone, "kept")


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
        largest = torch.finfo(y.dtype).max ** 0.3  # so that squares are still numbers
        return (y + noise * random.to(y)) * max(-largest, min(scale, largest))

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
    bound = max(1e-4, 30 * torch.finfo(expected.dtype).eps)
    size = expected.abs().nan_to_num(0, 0, 0).amax().item()
    return torch.allclose(actual, expected, rtol=bound, atol=bound * size, equal_nan=True)


def index_at_positions(y: Tensor, shape: torch.Size, place: Tensor, x: Tensor) -> Tensor:
    """Where x's numbers lie in the map y, if x has `shape` at each single position.

    `place` says at which position each number of the layer's *input* is.
    """
    along = [n if n != alone else 1 for n, alone in zip(x.shape[1:], shape, strict=True)]
    channel = torch.arange(y.shape[1], device=y.device).view(shape)
    index = channel * y[0, 0].numel() + place.reshape(along)
    starts = torch.arange(len(y), device=y.device) * y[0].numel()
    return starts.view(-1, *[1] * index.ndim) + index


def _lie_alike(one: Value, other: Value) -> bool:
    """Whether two tensors lie in maps of one shape in the same way."""
    if one.y.shape != other.y.shape or one.x.shape != other.x.shape:
        return False
    return one.index is other.index or torch.equal(one.full_index(), other.full_index())


def _treats_numbers_alone(layer: nn.Module, values: list[Value]) -> bool:
    """Whether every number of the answer depends on the number at its own place, on no other.

    Shuffled, the answers must be the same, shuffled alike; with half of the numbers replaced, the
    other half's answers must not change; and on a larger map each number's must be the same.
    """
    inputs, maps = [value.numbers() for value in values], [value.y for value in values]
    larger = [_with_more_positions(y) for y in maps]
    rows, cols = maps[0].shape[2:]
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(inputs[0].numel(), generator=generator).to(inputs[0].device)
    half = (torch.rand(order.shape, generator=generator) < 0.5).to(order.device)
    mixed = [x.flatten()[order].view(x.shape) for x in inputs]
    halves = [
        torch.where(half.view(x.shape), x, other) for x, other in zip(inputs, mixed, strict=True)
    ]
    try:
        answer, of_mixed, of_halves = (layer(*given) for given in (inputs, mixed, halves))
        more = layer(*larger)
        return (
            answer.shape == inputs[0].shape
            and more.shape == larger[0].shape
            and same_numbers(more[:, :, :rows, :cols], layer(*maps))
            and same_numbers(of_mixed.flatten(), answer.flatten()[order])
            and same_numbers(of_halves.flatten()[half], answer.flatten()[half])
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
