"""Running a classifier once, and writing down each layer and each function that it calls.

The classifier really runs, on example crops, so its code may ask for sizes, loop and choose as it
likes: what counts is what it does for crops of this size. Nothing of it is changed.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode

from helpers.fcn.functions import function_name

_ASKED = """
shape size dim ndim ndimension numel nelement len dtype device is_cuda is_meta layout names stride
is_contiguous is_floating_point is_complex requires_grad get_device element_size is_leaf grad_fn
version itemsize nbytes is_sparse is_quantized is_mkldnn has_names is_same_size type hash
new_zeros new_ones new_full new_empty new_tensor
"""
# What may be asked of a tensor without looking at its values.
_SIZES = frozenset(_ASKED.split())
_ONE_AT_A_TIME = threading.RLock()


@dataclass
class Call:
    """One layer of the classifier (a leaf), or one function, and what it is called with.

    `training` is the mode in which the classifier has the layer, or the one around the function.
    """

    name: str
    kind: str
    function: nn.Module | Callable
    args: tuple
    kwargs: dict
    training: bool

    def run(self) -> Any:
        layer = self.function
        function = layer.forward if isinstance(layer, nn.Module) else layer
        return function(*self.args, **self.kwargs)

    def refused(self, error: Exception) -> Exception:
        """The same error, with the layer's name before the reason."""
        return type(error)(f"layer {self.name} ({self.kind}) {error}")


class Recorder(TorchFunctionMode):
    """Sees each call of a model's; `handle(call)` is then done in place of the call itself."""

    handle: Callable[[Call], Any]

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.busy = False
        self.names = {layer: name for name, layer in model.named_modules()}
        self.modes = {layer: layer.training for layer in model.modules()}
        self.path: list[nn.Module] = []
        self.refusal: Exception | None = None

    def __torch_function__(
        self, function: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if self.busy or (name := function_name(function)) in _SIZES:
            return function(*args, **kwargs)
        inside = next((self.names[m] for m in reversed(self.path) if self.names.get(m)), "")
        training = next((self.modes[m] for m in reversed(self.path) if m in self.modes), False)
        full_name = f"{inside}.{name}" if inside else name
        return self._run(Call(full_name, name, function, args, kwargs, training))

    def call_module(self, layer: nn.Module, *args: Any, **kwargs: Any) -> Any:
        """What `layer(*args)` does while recording."""
        if self.busy:
            return layer.forward(*args, **kwargs)
        wrapped = getattr(layer, "_orig_mod", None)  # torch.compile's
        if isinstance(layer, nn.DataParallel):
            wrapped = layer.module
        if wrapped is not None:
            return wrapped(*args, **kwargs)
        kind = type(layer).__name__
        is_torchs_own = getattr(nn, kind, None) is type(layer) and type(layer) is not nn.Sequential
        if layer in self.names and is_torchs_own:
            name = self.names[layer] or kind
            return self._run(Call(name, kind, layer, args, kwargs, self.modes[layer]))
        self.path.append(layer)
        answer = layer.forward(*args, **kwargs)
        self.path.pop()  # not after an error: then it says where
        return answer

    def _run(self, call: Call) -> Any:
        """Run a call without recording what it calls itself."""
        self.busy = True
        try:
            return self.handle(call)
        except Exception as error:
            self.refusal = error
            raise
        finally:
            self.busy = False

    def inside(self) -> str:
        """Where in the classifier its code is."""
        names = [self.names.get(layer) for layer in self.path]
        return next((f" inside layer {name}" for name in reversed(names) if name), "")


@contextmanager
def recording(recorder: Recorder, handle: Callable[[Call], Any]) -> Iterator[None]:
    """Within it, `handle(call)` does what the model's layers and torch's functions would do.

    Only in this thread: networks that run in others meanwhile are not touched.
    """
    recorder.handle = handle
    thread = threading.get_ident()
    with _ONE_AT_A_TIME:
        original = nn.Module.__call__

        def call(layer: nn.Module, *args: Any, **kwargs: Any) -> Any:
            here = threading.get_ident() == thread
            return (recorder.call_module if here else original)(layer, *args, **kwargs)

        nn.Module.__call__ = call
        try:
            with recorder:
                yield
        finally:
            nn.Module.__call__ = original


@contextmanager
def left_as_it_was(model: nn.Module) -> Iterator[nn.Module]:
    """The model in eval mode for a while; then its modes, buffers and attributes as they were.

    One thread at a time: else each would put back what the other has changed meanwhile, in the
    model, and in Python's list of warnings that are shown.
    """
    with _ONE_AT_A_TIME:
        yield from _left_as_it_was(model)


def _left_as_it_was(model: nn.Module) -> Iterator[nn.Module]:
    attributes = [(layer, dict(vars(layer))) for layer in model.modules()]
    buffers = [(layer, dict(layer._buffers)) for layer in model.modules()]
    contents = [(buffer, buffer.clone()) for buffer in model.buffers()]
    model.eval()
    try:
        with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the classifier's own, which its owner has seen
            yield model
    finally:
        for layer, before in attributes:
            _restore(vars(layer), before)
        for layer, before in buffers:
            _restore(layer._buffers, before)
        with torch.inference_mode():  # elsewhere, what was made in it may not be written to
            for buffer, before in contents:
                buffer.copy_(before)


def _restore(names: dict, before: dict) -> None:
    for new in names.keys() - before.keys():
        del names[new]
    names.update(before)


def tensors_in(tree: Any) -> list[Tensor]:
    """All tensors among arguments, or in an answer, in order."""
    found: list[Tensor] = []

    def note(leaf: Any) -> Any:
        if isinstance(leaf, Tensor):
            found.append(leaf)
        return leaf

    fx.node.map_aggregate(tree, note)
    return found
