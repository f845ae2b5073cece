"""The conversion itself, one layer at a time, each step compared with the classifier."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.fcn.calls import calls, example_crops
from helpers.fcn.layer_rules import convert
from helpers.fcn.linear import format_shape
from helpers.models import eval_mode


@dataclass(frozen=True)
class Step:
    """One layer on its way from the classifier to the FCN.

    `converted` is None where the FCN has no such layer (Flatten). The shapes are what comes out of
    the layer, in the classifier and in the FCN, for one crop; `max_difference` compares the two,
    relative to the largest number if that is above 1. `inputs` names the steps whose answers the
    layer reads, "" being the image. For a function call, `original` is a layer that does the same.
    """

    name: str
    original: nn.Module
    converted: nn.Module | None
    rule: str
    shape_before: tuple[int, ...]
    shape_after: tuple[int, ...]
    weight_before: tuple[int, ...] | None
    weight_after: tuple[int, ...] | None
    max_difference: float
    inputs: tuple[str, ...]

    def __str__(self) -> str:
        weights = ""
        if self.weight_before != self.weight_after:
            change = f"{format_shape(self.weight_before)} -> {format_shape(self.weight_after)}"
            weights = f"\n{'':11}weight {change}"  # a line of its own: together they are too long
        shapes = f"{format_shape(self.shape_before):>10} -> {format_shape(self.shape_after):<10}"
        return f"{self.name:<10} {type(self.original).__name__:<12} {shapes} {self.rule}{weights}"


def relative_difference(actual: Tensor, expected: Tensor) -> float:
    """Largest difference of two tensors, relative to the largest expected number above 1."""
    return ((actual - expected).abs().max() / expected.abs().max().clamp(min=1)).item()


def conversion_steps(model: nn.Module, input_size: tuple[int, int]) -> Iterator[Step]:
    """Convert a classifier layer by layer, and compare after each layer.

    Yields a `Step` for every layer and every function call of `model`, in order of computation, for
    crops of `input_size` (height, width). The model is not changed, and the result shares no
    storage with it.
    Raises TypeError or ValueError, with the layer's name, for what cannot be converted.
    """
    crops = example_crops(model, input_size)
    answers = {"": crops}  # what each step gives in the FCN
    x = y = crops
    with torch.no_grad():
        for call in calls(model, crops):
            read = [answers[name] for name in call.inputs]
            try:
                converted, rule = convert(call.layer, call.values, read)
            except (TypeError, ValueError) as error:
                raise call.refused(error) from error
            try:
                x = call.run()
                y = read[0] if converted is None else _in_eval_mode(converted, read)
            except RuntimeError as error:
                reason = f"does not fit crops of {format_shape(input_size)}: {error}"
                raise call.refused(ValueError(reason)) from error
            answers[call.name] = y
            yield Step(
                call.name,
                call.layer,
                converted,
                rule,
                tuple(x.shape[1:]),
                tuple(y.shape[1:]),
                _weight_shape(call.layer),
                _weight_shape(converted),
                relative_difference(y.flatten(1), x.flatten(1)),
                call.inputs,
            )
    if x.ndim != 2:
        raise ValueError("nothing to convert: the model has no Flatten that makes a row of its map")
    if y.shape[2:] != (1, 1):
        raise ValueError("the model ends without a Linear layer after its Flatten")


def _in_eval_mode(layer: nn.Module, read: list[Tensor]) -> Tensor:
    with eval_mode(layer):
        return layer(*read)


def _weight_shape(layer: nn.Module | None) -> tuple[int, ...] | None:
    weight = getattr(layer, "weight", None)
    return None if weight is None else tuple(weight.shape)
