"""What a classifier computes: one layer or function call after the other, each with its name.

A copy in eval mode does the computing: the classifier itself is never touched.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from helpers.fcn.function_layers import as_layer
from helpers.fcn.layer_rules import rule_for
from helpers.fcn.tracing import changes_in_place, needed_nodes, overwrites_for_others, trace

# What may be asked of a tensor without looking at its values.
_SIZES = ("size", "dim", "numel", "ndimension")
_SIZE_ATTRIBUTES = ("shape", "ndim")


def copy_for_reading(model: nn.Module) -> nn.Module:
    """A copy in eval mode with modules and buffers of its own.

    Only the parameters are the model's: they may be large, and no layer changes its own in eval.
    """
    return copy.deepcopy(model, {id(weight): weight for weight in model.parameters()}).eval()


@dataclass(frozen=True)
class Call:
    """One layer, or one function call, at its place in the classifier.

    `layer` is the classifier's own, or for a function call a layer that does the same. `inputs`
    names the calls whose answers it reads ("" is the image), and `values` are those answers.
    """

    name: str
    kind: str
    layer: nn.Module
    inputs: tuple[str, ...]
    values: list[Tensor]
    run: Callable[[], Tensor]

    def refused(self, error: Exception) -> Exception:
        """The same error, with the layer's name before the reason."""
        return type(error)(f"layer {self.name} ({self.kind}) {error}")


def calls(model: nn.Module, crops: Tensor) -> Iterator[Call]:
    """Every call that a classifier's answer for `crops` depends on, in order of computation.

    Let each `Call` run before asking for the next one. Raises TypeError or ValueError, with the
    layer's name, for what is no feed-forward classifier of one input and one output.
    """
    runner = copy_for_reading(model)
    graph = trace(runner)
    reader = _Reader(model, runner)
    needed = needed_nodes(graph, runner)
    for node in graph.nodes:
        if node.op == "placeholder":
            reader.names[node], reader.values[node] = "", crops.clone()
        elif node.op == "output":
            reader.check_output(node)
        elif node in needed and not reader.is_number(node):
            yield reader.call(node)


class _Reader:
    """What is known about the nodes so far: their names, and their values for the crops."""

    def __init__(self, model: nn.Module, runner: nn.Module) -> None:
        self.model, self.runner = model, runner
        self.names: dict[fx.Node, str] = {}
        self.values: dict[fx.Node, Any] = {}

    def call(self, node: fx.Node) -> Call:
        args, kwargs = self.arguments(node)
        name, kind = self.new_name(node), self.kind(node)
        read = self.tensors_read(node)

        def run() -> Tensor:
            self.values[node] = self.compute(node)
            return self.values[node]

        call = Call(
            name,
            kind,
            nn.Identity(),
            tuple(self.names[other] for other in read),
            [self.values[other] for other in read],
            run,
        )
        self.names[node] = name
        try:
            layer = self.layer(node, args, kwargs)
            if changes_in_place(node, self.runner) and overwrites_for_others(node, self.values):
                raise ValueError("changes its input in place, which another layer reads later")
        except (TypeError, ValueError) as error:
            raise call.refused(error) from error
        return Call(name, kind, layer, call.inputs, call.values, run)

    def layer(self, node: fx.Node, args: tuple, kwargs: dict) -> nn.Module:
        """The layer that a node calls, or one that does what its function does."""
        if node.op == "get_attr":
            raise TypeError("is read outside of any layer that has a rule")
        if node.op != "call_module":
            inside = self.model.get_submodule(self.path(node))
            return as_layer(node.target, args, kwargs).train(inside.training)
        layer = self.model.get_submodule(node.target)
        rule_for(layer)  # before it runs: an unknown layer may fail in its own ways
        return layer

    def arguments(self, node: fx.Node) -> tuple[tuple, dict]:
        return fx.node.map_arg((node.args, node.kwargs), self.values.__getitem__)

    def compute(self, node: fx.Node) -> Any:
        args, kwargs = self.arguments(node)
        if node.op == "call_module":
            return self.runner.get_submodule(node.target)(*args, **kwargs)
        if node.op == "call_method":
            return getattr(args[0], node.target)(*args[1:], **kwargs)
        return node.target(*args, **kwargs)

    def tensors_read(self, node: fx.Node) -> list[fx.Node]:
        """The nodes whose tensors a node reads, in order; twice where it reads one twice."""
        read: list[fx.Node] = []
        # By name, the arguments may come in any order: sub(other=y, input=x).
        named = sorted(node.kwargs.items(), key=lambda item: item[0] != "input")
        fx.node.map_arg((node.args, dict(named)), lambda other: read.append(other) or other)
        return [other for other in read if isinstance(self.values[other], Tensor)]

    def is_number(self, node: fx.Node) -> bool:
        """Whether a node only computes with sizes; then its value is known at once."""
        if node.op not in ("call_function", "call_method"):
            return False
        asks = node.target in _SIZES or (
            node.target is getattr and node.args[1] in _SIZE_ATTRIBUTES
        )
        if self.tensors_read(node) and not asks:
            return False
        self.values[node] = self.compute(node)
        return not isinstance(self.values[node], Tensor)

    def kind(self, node: fx.Node) -> str:
        if node.op == "call_module":
            return type(self.runner.get_submodule(node.target)).__name__
        if node.op == "get_attr":
            return "a tensor of the classifier's own"
        return getattr(node.target, "__name__", str(node.target))

    def path(self, node: fx.Node) -> str:
        """The path of the module in whose forward a node is, "" for the classifier itself."""
        stack = list(node.meta.get("nn_module_stack", {}).values())
        return stack[-1][0] if stack else ""

    def new_name(self, node: fx.Node) -> str:
        """The path of a layer, or the layer in which a function is called and the function."""
        inside = f"{path}." if (path := self.path(node)) else ""
        first = name = node.target if node.op == "call_module" else f"{inside}{node.name}"
        uses = 1
        while name in self.names.values():
            uses += 1
            name = f"{first}_{uses}"
        return name

    def check_output(self, node: fx.Node) -> None:
        answer = node.args[0]
        if not isinstance(answer, fx.Node) or answer not in self.names:
            raise TypeError("the classifier must give back one tensor [N, classes], nothing else")
        if self.names[answer] != list(self.names.values())[-1]:
            raise ValueError(
                f"layer {list(self.names.values())[-1]} comes after the answer, and changes it"
            )


def example_crops(model: nn.Module, input_size: tuple[int, int], count: int = 2) -> Tensor:
    """Random crops [count, C, H, W], the same each time, on the model's device."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"the classifier must be an nn.Module, not a {type(model).__name__}")
    if len(input_size) != 2 or min(input_size) < 1:
        raise ValueError(f"input_size must be (height, width) in pixels, not {tuple(input_size)}")
    runner = copy_for_reading(model)
    targets = [node.target for node in trace(runner).nodes if node.op == "call_module"]
    kinds = nn.Conv2d | nn.Linear | nn.BatchNorm2d
    layers = (
        layer for target in targets if isinstance(layer := runner.get_submodule(target), kinds)
    )
    first = next(layers, None)
    if first is None or isinstance(first, nn.Linear):
        raise ValueError("nothing to convert: no Conv2d before the first Linear")
    channels = first.in_channels if isinstance(first, nn.Conv2d) else first.num_features
    like = next(tensor for tensor in first.state_dict().values() if tensor.is_floating_point())
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, *input_size, generator=generator).to(like)
