"""May a layer be kept? It may if it treats each number, or each position of a map, by itself.

Nothing is looked up: the layer is tried on the example crops. What holds for a map of the crop's
size then holds for one of any size, for no position knows of the others.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.fcn.layers import AtEachPosition, Function
from helpers.fcn.values import Value
from helpers.geometry import format_shape


@dataclass
class Converted:
    """The layer of the FCN (None: it needs none), a few words, and where its numbers lie.

    `index` is that of `Value`: None where the FCN's map is the classifier's tensor.
    """

    layer: nn.Module | None
    words: str
    index: Tensor | None = None


def kept(layer: nn.Module, values: list[Value], answer: Tensor) -> Converted:
    """A copy of a layer, for all the positions of a map; `answer` is what it gave for the crops.

    Raises TypeError or ValueError, with the reason, if it cannot be kept.
    """
    layer, maps = copied(layer), [value.y for value in values]
    if all(_lie_alike(value, values[0]) for value in values) and (
        _treats_numbers_alone(layer, [value.numbers() for value in values], maps)
    ):
        return Converted(layer, "kept", values[0].index)
    if len({y.shape[2:] for y in maps}) > 1:
        shapes = " and ".join(format_shape(y.shape[1:]) for y in maps)
        raise ValueError(f"puts together what lies in maps of different shapes: {shapes}")
    layouts = [value.layout() for value in values]
    for value, layout in zip(values, layouts, strict=True):
        if layout is None:
            raise refusal(layer, f"{value.name} ({value.kind})")
    alone = AtEachPosition(layer, [shape for shape, _ in layouts])
    larger = [_with_more_positions(y) for y in maps]
    rows, cols = maps[0].shape[2:]
    try:
        shape = layer(*alone.samples(maps)).shape[1:]
        given, more = alone(*maps), alone(*larger)
        index = index_at_positions(given, shape, layouts[0][1], answer)
        if not same_numbers(more[:, :, :rows, :cols], given) or not same_numbers(
            given.flatten()[index], answer
        ):
            raise ValueError("other positions, or other crops, matter")
    except Exception as error:  # whatever a layer raises that needs more than one position
        raise refusal(layer) from error
    if any(value.index is not None for value in values) or index.shape != given.shape:
        return Converted(alone, "kept, at each position", index)
    # A map in, a map out. Made for crops of one size, the layer may still need single positions.
    return Converted(layer if _gives(layer, larger, more) else alone, "kept")


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


def _treats_numbers_alone(layer: nn.Module, inputs: list[Tensor], maps: list[Tensor]) -> bool:
    """Whether every number of the answer depends on the number at its own place, on no other.

    Shuffled, the answers must be the same, shuffled alike; with half of the numbers replaced, the
    other half's answers must not change; and the layer must be able to read the FCN's maps.
    """
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(inputs[0].numel(), generator=generator).to(inputs[0].device)
    half = (torch.rand(order.shape, generator=generator) < 0.5).to(order.device)
    mixed = [x.flatten()[order].view(x.shape) for x in inputs]
    halves = [
        torch.where(half.view(x.shape), x, other) for x, other in zip(inputs, mixed, strict=True)
    ]
    try:
        answer, of_mixed, of_halves = (layer(*given) for given in (inputs, mixed, halves))
        return (
            answer.shape == inputs[0].shape
            and layer(*maps).shape == maps[0].shape
            and same_numbers(of_mixed.flatten(), answer.flatten()[order])
            and same_numbers(of_halves.flatten()[half], answer.flatten()[half])
        )
    except Exception:  # it cannot read these, or gives back no tensor
        return False


def _with_more_positions(y: Tensor) -> Tensor:
    """A map with one row and one column more, the first crop's for all of the batch."""
    y = torch.cat([y, y[:1, :, :1].expand(len(y), -1, -1, -1)], 2)
    return torch.cat([y, y[:1, :, :, :1].expand(len(y), -1, -1, -1)], 3)


def _gives(layer: nn.Module, maps: list[Tensor], expected: Tensor) -> bool:
    try:
        return same_numbers(layer(*maps), expected)
    except Exception:  # made for crops of one size
        return False
