"""The conversion itself, one layer at a time, each step compared with the classifier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, fx, nn

from helpers.fcn.comparison import relative_difference
from helpers.fcn.examples import example_crops, unwrapped
from helpers.fcn.functions import MOVES, as_layer, function_name
from helpers.fcn.layer_rules import convert
from helpers.fcn.layers import Function, Slot
from helpers.fcn.locality import Converted, refusal, same_numbers
from helpers.fcn.recording import Call, Recorder, left_as_it_was, recording, tensors_in
from helpers.fcn.values import Value, settled
from helpers.geometry import format_shape

# Of these, a second tensor gives its type and its device alone.
_OF_A_KIND = ("to", "type_as")
_MOVING = nn.Flatten | nn.Unflatten | nn.PixelShuffle | nn.PixelUnshuffle | nn.ChannelShuffle


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
        kind = type(self.original).__name__
        if isinstance(self.original, Function):
            kind = self.original.name.capitalize()
        shapes = f"{format_shape(self.shape_before):>10} -> {format_shape(self.shape_after):<10}"
        return f"{self.name:<10} {kind:<12} {shapes} {self.rule}{weights}"


def conversion_steps(model: nn.Module, input_size: tuple[int, int]) -> Iterator[Step]:
    """Convert a classifier layer by layer, and compare after each layer.

    Yields a `Step` for every layer and every function call of `model`, in order of computation, for
    crops of `input_size` (height, width). The model is not changed, and the result shares no
    storage with it.
    Raises TypeError or ValueError, with the layer's name, for what cannot be converted.
    """
    model = unwrapped(model)
    crops = example_crops(model, input_size)
    recorder = Recorder(model)
    with left_as_it_was(model):
        conversion = _Conversion(crops.clone())
        try:
            with recording(recorder, conversion.handle):
                answer = model(conversion.image)
        except Exception as error:  # whatever the classifier's own code raises
            if error is recorder.refusal:
                raise
            kind = type(model).__name__
            raise TypeError(f"{kind} cannot be run{recorder.inside()}: {error}") from error
        last = conversion.last_value(answer)
    yield from conversion.steps_to(last)


class _Conversion:
    """Converts each call of a classifier at once, and knows what has become of each tensor."""

    def __init__(self, crops: Tensor) -> None:
        self.image = crops.clone()  # for a classifier that changes it in place
        image = Value("", "the image", self.image, crops)
        self.values = {id(self.image): image}  # of the tensors that depend on the image
        self.all_tensors = [self.image]  # kept, so that no id is given twice
        self.steps: dict[str, Step] = {}
        self.uses: dict[str, int] = {}

    def handle(self, call: Call) -> Any:
        """Run a call, and convert it if it reads anything that comes from the image."""
        read = tensors_in(call.args[:1] if call.kind in _OF_A_KIND else (call.args, call.kwargs))
        values = list(dict.fromkeys(v for t in read if (v := self.values.get(id(t)))))
        if not values:
            return call.run()
        call.name = self.new_name(call.name)
        changed = next((v for v in values if v.x._version != v.version), None)
        if changed is not None:
            reason = "reads what another layer has changed in place, later than it was made"
            raise call.refused(ValueError(reason))
        try:
            result = call.run()
        except Exception as error:
            raise self.does_not_fit(call, values, error) from error
        answers = tensors_in(result)
        if not answers and result is not None:
            raise call.refused(TypeError("reads the values: its code may choose by them"))
        if not answers:
            raise call.refused(TypeError("changes a tensor in place: write it as a new one"))
        self.convert(call, values, answers)
        return result

    def does_not_fit(self, call: Call, values: list[Value], error: Exception) -> Exception:
        """Why a layer of the classifier's cannot even be run on the crops."""
        for value in values:
            if value.error:
                return value.error
        shape = values[0].y.shape[1:]
        return call.refused(
            ValueError(
                f"does not fit crops of {format_shape(self.image.shape[2:])}: it reads"
                f" {format_shape(shape)} = {shape.numel()} numbers; is the input size right?"
                f" {error}"
            )
        )

    def convert(self, call: Call, values: list[Value], answers: list[Tensor]) -> None:
        """Note for each answer its value in the FCN, or why it has none.

        What has none is no error yet: the classifier may not need it for its answer.
        """
        names = [call.name, *(self.new_name(call.name) for _ in answers[1:])]
        try:
            made = [Value(name, call.kind, x) for name, x in zip(names, answers, strict=True)]
        except ValueError as error:
            raise call.refused(error) from error
        try:
            for value in values:
                if value.error:
                    raise value.error
            self.convert_readable(call, values, made)
        except Exception as error:  # told if the classifier's answer depends on this one
            if not isinstance(error, TypeError | ValueError):
                error = ValueError(f"cannot be converted: {error}")
            known = any(value.error is error for value in values)
            for value in made:
                value.error = value.error or (error if known else call.refused(error))
        self.all_tensors += answers
        self.values.update({id(value.x): value for value in made})

    def convert_readable(self, call: Call, values: list[Value], made: list[Value]) -> None:
        slots = {id(value.x): Slot(i) for i, value in enumerate(values)}
        args, kwargs = fx.node.map_aggregate(
            (call.args, call.kwargs), lambda a: slots.get(id(a), a)
        )
        own = [t for t in tensors_in((args, kwargs)) if t.is_floating_point()]
        name = function_name(call.function)
        if isinstance(call.function, _MOVING) or (name in MOVES and not own):
            self.move(call, values, made, args, kwargs)
            return
        if isinstance(call.function, nn.Module):
            layer = call.function
            if isinstance(layer, nn.RNNBase | nn.MultiheadAttention):
                raise refusal(layer)
            if (*args, *kwargs.values()) != (Slot(0),):
                raise TypeError("is called in a way that has no rule: with more than one tensor")
        else:
            in_place = any(value.x._version != value.version for value in values)
            layer = as_layer(call.function, args, kwargs, in_place=in_place)
        if len(made) > 1 and name not in ("max", "min"):
            raise TypeError(f"gives back {len(made)} tensors, of which a rule knows one")
        converted = convert(layer, values)
        self.add_step(made[0], layer, converted, values, call.training)
        for value in made[1:]:
            value.error = call.refused(TypeError("gives back where its largest numbers are"))

    def move(
        self, call: Call, values: list[Value], made: list[Value], args: tuple, kwargs: dict
    ) -> None:
        """A rearrangement: the same function, applied to where the numbers lie."""
        sources = values[:1] if call.kind.endswith("_as") else values  # view_as reads a shape
        indices = {Slot(i): value.full_index() for i, value in enumerate(values)}
        joined = None
        if len(sources) > 1:
            joined, indices = _joined(sources)
        args, kwargs = fx.node.map_aggregate(
            (args, kwargs), lambda a: indices[a] if isinstance(a, Slot) else a
        )
        moved = tensors_in(replace(call, args=args, kwargs=kwargs).run())
        for value, index in zip(made, moved, strict=True):
            value.y = joined(*(source.y for source in sources)) if joined else sources[0].y
            value.index = index
            layer, index = settled(value)
            if joined is None or layer is None:
                value.index = index
            words = "kept" if joined else "picked from the map" if layer else _words(value)
            layer = joined or layer
            original = call.function
            if not isinstance(original, nn.Module):
                flat = value.x.shape == value.y.flatten(1).shape
                original = nn.Flatten() if flat else Function(original, (), {})
            converted = Converted(layer, words, value.index)
            self.add_step(value, original, converted, sources, call.training)

    def add_step(
        self,
        value: Value,
        original: nn.Module,
        converted: Converted,
        read: list[Value],
        training: bool,
    ) -> None:
        """Complete a value with the FCN's map, and note the step that makes it."""
        layer, value.index = converted.layer, converted.index
        value.y = read[0].y
        if layer is not None:
            if isinstance(layer, Function):
                layer.meets = len(read) > 1
            value.y = layer.eval()(*(single.y for single in read))
            layer.train(training)
        if value.index is not None and value.is_the_map:
            value.index = None
        if not same_numbers(value.numbers(), value.x):
            raise TypeError("cannot be converted: its answer is not that of a rearranged map")
        self.steps[value.name] = Step(
            value.name,
            original,
            layer,
            converted.words,
            tuple(value.x.shape[1:]),
            tuple(value.y.shape[1:]),
            _weight_shape(original),
            _weight_shape(layer),
            relative_difference(value.numbers(), value.x),
            tuple(single.name for single in read),
        )

    def last_value(self, answer: Any) -> Value:
        """What is known of the classifier's answer; raises where it is none for an FCN."""
        last = self.values.get(id(answer))
        if last is None:
            raise TypeError(
                "the classifier must give back one tensor [N, classes], nothing else, made by"
                " layers and functions that can be seen (torch.jit.script hides them)"
            )
        if last.error:
            raise last.error
        if answer._version != last.version:
            raise ValueError(
                f"layer {last.name} ({last.kind}) gives what is changed later, in place"
            )
        if answer.ndim == 1:
            raise ValueError(
                f"layer {last.name} ({last.kind}) gives one number for each crop, [N]: an FCN needs"
                " [N, 1] (leave out squeeze)"
            )
        if answer.ndim != 2 or last.index_of_one().ndim != 1:
            raise ValueError(
                "nothing to convert: the model has no Flatten that makes a row of its map"
            )
        if last.positions != 1:
            raise ValueError("the model ends without a Linear layer after its Flatten")
        return last

    def steps_to(self, last: Value) -> Iterator[Step]:
        """The steps on which a value depends, in order."""
        needed = {last.name}
        for name, step in reversed(self.steps.items()):
            if name in needed:
                needed.update(step.inputs)
        return (step for name, step in self.steps.items() if name in needed)

    def new_name(self, name: str) -> str:
        """The name, with a number behind it if it was there before."""
        self.uses[name] = self.uses.get(name, -1) + 1
        return f"{name}_{self.uses[name]}" if self.uses[name] else name


def _joined(sources: list[Value]) -> tuple[Function, dict[Slot, Tensor]]:
    """Several maps as the channels of one, and where in it the numbers of each source lie."""
    if len({source.y.shape[2:] for source in sources}) > 1:
        shapes = " and ".join(format_shape(source.y.shape[1:]) for source in sources)
        raise ValueError(f"puts together what lies in maps of different shapes: {shapes}")
    joined = torch.cat([source.y for source in sources], 1)
    numbers = torch.arange(joined.numel(), device=joined.device).view(joined.shape)
    parts = numbers.split([source.y.shape[1] for source in sources], 1)
    indices = {
        Slot(i): part.flatten()[source.full_index()]
        for i, (part, source) in enumerate(zip(parts, sources, strict=True))
    }
    return Function(torch.cat, ([Slot(i) for i in range(len(sources))], 1), {}), indices


def _words(value: Value) -> str:
    """What a rearrangement is in the FCN, which has no layer for it."""
    if value.index is None and value.positions == 1:
        return "gone: the map is one already"
    if value.index is None or value.x.ndim == 2:
        return "gone: the map stays a map"
    return "gone: what follows reads the map in this order"


def _weight_shape(layer: nn.Module | None) -> tuple[int, ...] | None:
    weight = getattr(layer, "weight", None)
    return None if weight is None else tuple(weight.shape)
