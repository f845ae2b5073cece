"""Function calls, written as layers: `F.relu(x)` is `nn.ReLU()`, `a + b` is `Add()`.

A network that is written with functions has no list of layers to convert. Here each call that the
conversion understands becomes the layer that computes the same.
"""

import operator
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn


@fx.wrap  # one piece for torch.fx, which cannot follow a comparison of sizes
def join(kind: str, *maps: Tensor) -> Tensor:
    """Put maps [N, C, H, W] together, place by place: "add", "subtract", "multiply" or "concat".

    On large images a path with a smaller receptive field may have a row or column more than the
    others. All paths begin at the top left, so what is too much is cut off at the other end.
    """
    if maps[0].ndim == 4:
        rows, cols = (min(single.shape[axis] for single in maps) for axis in (2, 3))
        maps = tuple(single[:, :, :rows, :cols] for single in maps)
    if kind == "concat":
        return torch.cat(maps, dim=1)
    operation = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul}[kind]
    return operation(*maps)


class Add(nn.Module):
    """The sum of two maps: the end of a residual block."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return join("add", one, other)


class Subtract(nn.Module):
    """The difference of two maps."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return join("subtract", one, other)


class Multiply(nn.Module):
    """The product of two maps of the same shape, number by number."""

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        return join("multiply", one, other)


class Concat(nn.Module):
    """Maps stacked along their channels."""

    def __init__(self, dim: int = 1) -> None:
        super().__init__()
        self.dim = dim  # as in torch.cat; only the channels can be converted

    def forward(self, *maps: Tensor) -> Tensor:
        return join("concat", *maps)


class WithNumber(nn.Module):
    """Every value of a map combined with one number: `x - 0.5`, or `1 - x` if `first`."""

    def __init__(self, operation: Callable, number: float, *, first: bool = False) -> None:
        super().__init__()
        self.operation, self.number, self.first = operation, number, first

    def forward(self, x: Tensor) -> Tensor:
        return self.operation(self.number, x) if self.first else self.operation(x, self.number)

    def extra_repr(self) -> str:
        sides = [str(self.number), "x"] if self.first else ["x", str(self.number)]
        return f"{self.operation.__name__}({', '.join(sides)})"


class Reshape(nn.Module):
    """The same numbers in another shape, which holds for one batch of crops only."""

    def __init__(self, shape: torch.Size) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(self.shape)


def as_layer(function: Callable | str, args: tuple, kwargs: dict) -> nn.Module:
    """The layer that computes what `function(*args, **kwargs)` does.

    A method is given by its name, with the tensor as its first argument. Raises TypeError for a
    function without a rule, and ValueError, with the reason, for arguments without one.
    """
    if function not in _RULES:
        raise TypeError("cannot be converted: no rule for this function")
    try:
        return _RULES[function](*args, **kwargs)
    except TypeError as error:
        raise ValueError(f"is called in a way that has no rule: {error}") from error


def _reshape(call: Callable) -> Callable[..., nn.Module]:
    def rule(x: Tensor, *args, **kwargs) -> nn.Module:
        try:
            after = call(x, *args, **kwargs).shape
        except RuntimeError as error:
            raise ValueError(f"does not fit the crops: {error}") from error
        return nn.Flatten() if after == x.flatten(1).shape else Reshape(after)

    return rule


def _arithmetic(layer: type[nn.Module], operation: Callable) -> Callable[..., nn.Module]:
    def rule(input: Tensor | float, other: Tensor | float, *, alpha: float = 1) -> nn.Module:
        if alpha != 1:
            raise ValueError(f"multiplies one side with alpha={alpha}: write that as its own step")
        if isinstance(input, Tensor) and isinstance(other, Tensor):
            if layer is nn.Module:
                raise ValueError("divides one map by another, which has no rule")
            return layer()
        first = isinstance(other, Tensor)
        return WithNumber(operation, input if first else other, first=first)

    return rule


def _over_places(layer: type[nn.Module]) -> Callable[..., nn.Module]:
    def rule(input: Tensor, dim: object = None, keepdim: bool = False) -> nn.Module:
        dims = {dim} if isinstance(dim, int) else set(range(4) if dim is None else dim)
        if input.ndim != 4 or {d % 4 for d in dims} != {2, 3}:
            raise ValueError("can be converted over all rows and columns of a map: dim=(2, 3)")
        return layer(1)

    return rule


def _dropout(layer: type[nn.Module]) -> Callable[..., nn.Module]:
    def rule(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False):
        if training:
            raise ValueError("drops at random in eval mode too: write training=self.training")
        return layer(p)

    return rule


def _max_pool(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
) -> nn.Module:
    return nn.MaxPool2d(kernel_size, stride or None, padding, dilation, return_indices, ceil_mode)


def _avg_pool(input, kernel_size, stride=None, *args, **kwargs) -> nn.Module:
    return nn.AvgPool2d(kernel_size, stride or None, *args, **kwargs)


def _concat(tensors, dim=0) -> nn.Module:
    return Concat(dim)


def _softmax(layer: type[nn.Module]) -> Callable[..., nn.Module]:
    return lambda input, dim=None, _stacklevel=3, dtype=None: layer(dim)


def _plain(layer: type[nn.Module]) -> Callable[..., nn.Module]:
    return lambda input, *, inplace=False: layer()


def _activation(layer: type[nn.Module]) -> Callable[..., nn.Module]:
    return lambda input, *args, **kwargs: layer(*args, **kwargs)


# In-place calls are listed too: `graph` refuses them where they would change what others read.
_SAME: list[tuple[list[Callable | str], Callable[..., nn.Module]]] = [
    (
        [F.relu, F.relu_, torch.relu, torch.relu_, "relu", "relu_"],
        lambda input, *_, **__: nn.ReLU(),
    ),
    ([F.sigmoid, torch.sigmoid, "sigmoid", "sigmoid_"], _plain(nn.Sigmoid)),
    ([F.tanh, torch.tanh, "tanh", "tanh_"], _plain(nn.Tanh)),
    ([F.relu6], _activation(nn.ReLU6)),
    ([F.leaky_relu], _activation(nn.LeakyReLU)),
    ([F.elu], _activation(nn.ELU)),
    ([F.gelu], _activation(nn.GELU)),
    ([F.silu], _activation(nn.SiLU)),
    ([F.hardswish], _activation(nn.Hardswish)),
    ([F.hardsigmoid], _activation(nn.Hardsigmoid)),
    ([F.dropout, torch.dropout], _dropout(nn.Dropout)),
    ([F.dropout2d], _dropout(nn.Dropout2d)),
    ([F.softmax, torch.softmax, "softmax"], _softmax(nn.Softmax)),
    ([F.log_softmax, torch.log_softmax, "log_softmax"], _softmax(nn.LogSoftmax)),
    ([F.max_pool2d, torch.max_pool2d], _max_pool),
    ([F.avg_pool2d], _avg_pool),
    ([F.adaptive_avg_pool2d], lambda input, output_size: nn.AdaptiveAvgPool2d(output_size)),
    (
        [F.adaptive_max_pool2d],
        lambda input, output_size, return_indices=False: nn.AdaptiveMaxPool2d(
            output_size, return_indices
        ),
    ),
    ([torch.mean, "mean"], _over_places(nn.AdaptiveAvgPool2d)),
    ([torch.amax, "amax"], _over_places(nn.AdaptiveMaxPool2d)),
    ([torch.cat, torch.concat, torch.concatenate], _concat),
    (["contiguous", "clone"], lambda input: nn.Identity()),
]
for _names, _call in [
    ([operator.add, operator.iadd, torch.add, "add", "add_"], (Add, operator.add)),
    ([operator.sub, operator.isub, torch.sub, "sub", "sub_"], (Subtract, operator.sub)),
    ([operator.mul, operator.imul, torch.mul, "mul", "mul_"], (Multiply, operator.mul)),
    (
        [operator.truediv, operator.itruediv, torch.div, "div", "div_"],
        (nn.Module, operator.truediv),
    ),
]:
    _SAME.append((_names, _arithmetic(*_call)))
for _method in ("flatten", "view", "reshape", "squeeze", "unsqueeze"):
    _SAME.append(([_method], _reshape(getattr(Tensor, _method))))
    if hasattr(torch, _method):
        _SAME.append(([getattr(torch, _method)], _reshape(getattr(torch, _method))))

_RULES = {function: rule for functions, rule in _SAME for function in functions}
