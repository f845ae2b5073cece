"""A classifier's code as a graph, by torch.fx, and what must hold for it to be read rightly.

torch.fx runs the code once with stand-ins for tensors, and writes down each layer and each function
that they meet: the nodes of a graph. Source: Reed et al. 2022, "torch.fx".
"""

import inspect
import operator
from collections.abc import Callable
from typing import Any

from torch import Tensor, fx, nn

_IN_PLACE = (operator.iadd, operator.isub, operator.imul, operator.itruediv)


class _Proxy(fx.Proxy):
    """A stand-in that remembers `a += b` as what it is; torch.fx alone would write `a + b`."""

    def _record(self, function: Callable, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", function, (self, other), {})

    def __iadd__(self, other: Any) -> fx.Proxy:
        return self._record(operator.iadd, other)

    def __isub__(self, other: Any) -> fx.Proxy:
        return self._record(operator.isub, other)

    def __imul__(self, other: Any) -> fx.Proxy:
        return self._record(operator.imul, other)

    def __itruediv__(self, other: Any) -> fx.Proxy:
        return self._record(operator.itruediv, other)


class _Tracer(fx.Tracer):
    """torch.fx's own, which also knows in which layer it is."""

    inside = ""

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Proxy(node, self)

    def call_module(self, m: nn.Module, forward: Callable, args: Any, kwargs: Any) -> Any:
        before, self.inside = self.inside, f" inside layer {self.path_of_module(m)}"
        answer = super().call_module(m, forward, args, kwargs)
        self.inside = before  # not after an error: then it says where
        return answer


def trace(model: nn.Module) -> fx.Graph:
    """The graph of a classifier that reads one tensor. Tracing may change `model`: give a copy.

    Raises TypeError or ValueError for code that cannot be written down as a graph.
    """
    for name, layer in model.named_modules():
        if layer._forward_hooks or layer._forward_pre_hooks:
            raise ValueError(
                f"layer {name} ({type(layer).__name__}) has a forward hook, which may change what"
                " it computes: remove it first"
            )
        if "forward" in vars(layer):
            raise ValueError(
                f"layer {name} ({type(layer).__name__}) has a forward of its own in place of its"
                " class's: write a class for it"
            )
    kind, tracer = type(model).__name__, _Tracer()
    settings = _settings(model)
    try:
        graph = tracer.trace(model, concrete_args=settings or None)
    except Exception as error:  # whatever the classifier's own code raises
        raise TypeError(f"torch.fx cannot trace {kind}{tracer.inside}: {error}") from error
    for extra in [node for node in graph.nodes if node.op == "placeholder"][1:]:
        _erase(graph, extra)  # a setting with its default: only torch.fx's own checks read it
    return graph


def _settings(model: nn.Module) -> dict[str, Any]:
    """The defaults of every argument of `forward` but the first, which is the crops."""
    parameters = list(inspect.signature(model.forward).parameters.values())
    settings = {parameter.name: parameter.default for parameter in parameters[1:]}
    starred = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if (
        not parameters
        or inspect.Parameter.empty in settings.values()
        or any(parameter.kind in starred for parameter in parameters)
    ):
        raise TypeError(
            f"{type(model).__name__} reads ({', '.join(map(str, parameters))}), where crops are one"
            " input"
        )
    return settings


def _erase(graph: fx.Graph, node: fx.Node) -> None:
    for user in list(node.users):
        _erase(graph, user)
    graph.erase_node(node)


def changes_in_place(node: fx.Node, runner: nn.Module) -> bool:
    """Whether a node overwrites what it reads, as `x += y` or `ReLU(inplace=True)` do."""
    if node.op == "call_module":
        return bool(getattr(runner.get_submodule(node.target), "inplace", False))
    if node.op == "call_method":
        return node.target.endswith("_")
    if node.op != "call_function":
        return False
    name = getattr(node.target, "__name__", "")
    if node.target in _IN_PLACE or "out" in node.kwargs or name.endswith("_"):
        return True
    try:
        given = inspect.signature(node.target).bind(*node.args, **node.kwargs).arguments
    except (TypeError, ValueError):  # a built-in, which has no `inplace`
        return False
    return bool(given.get("inplace", False))


def needed_nodes(graph: fx.Graph, runner: nn.Module) -> set[fx.Node]:
    """What the answer depends on; a change in place counts, whoever uses its result."""
    needed: set[fx.Node] = set()
    for node in reversed(graph.nodes):
        if node in needed or node.op == "output" or changes_in_place(node, runner):
            needed |= {node, *node.all_input_nodes}
    return needed


def overwrites_for_others(node: fx.Node, values: dict[fx.Node, Any]) -> bool:
    """Whether what an in-place node overwrites is read later, by another node, as if unchanged."""
    victim = next((v for v in node.all_input_nodes if isinstance(values[v], Tensor)), None)
    if victim is None:
        return False
    place = values[victim].untyped_storage().data_ptr()
    sharing = [
        other
        for other, value in values.items()
        if isinstance(value, Tensor) and value.untyped_storage().data_ptr() == place
    ]
    return any(user > node for other in sharing for user in other.users)
