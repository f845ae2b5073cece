"""Values of every kind: shown in a line, and compared with what they should be."""

import math
import numbers

import numpy as np
import torch
from torch import Tensor, nn

TOLERANCE = 1e-5


def shown(value: object, most: int = 120) -> str:
    """A value in one short line: a large tensor by its shape."""
    if isinstance(value, Tensor | np.ndarray) and math.prod(value.shape) > 12:
        kind = "tensor" if isinstance(value, Tensor) else "array"
        return f"<{kind} {[*value.shape]} {str(value.dtype).removeprefix('torch.')}>"
    if isinstance(value, Tensor):
        text = str(value.detach().tolist()) if value.ndim else f"{value.item()!r}"
        return f"tensor({text})"
    if isinstance(value, nn.Sequential):  # its layers' sizes may be what went wrong
        return f"Sequential({', '.join(map(shown, value))})"
    if isinstance(value, nn.Linear):
        bias = ", bias=False" * (value.bias is None)
        return f"Linear({value.in_features}, {value.out_features}{bias})"
    if isinstance(value, nn.Conv2d):
        bias = ", bias=False" * (value.bias is None)
        return f"Conv2d({value.in_channels}, {value.out_channels}, {value.kernel_size}{bias})"
    if isinstance(value, torch.Generator | nn.Module | torch.optim.Optimizer):
        return f"<{type(value).__name__}>"
    if isinstance(value, tuple | list):
        first, last = "()" if isinstance(value, tuple) else "[]"
        text = first + ", ".join(map(shown, value)) + last
    elif callable(value):
        return f"<function {getattr(value, '__name__', '')}>"
    else:
        text = " ".join(repr(value).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def same(answer: object, right: object, tolerance: float = TOLERANCE) -> bool:
    """Whether two answers say the same: 3, 3.0, tensor(3); a tuple, a list, a tensor of both.

    >>> same([3.0, torch.tensor(4)], (3, 4)), same(1000001, 1000000), same(0.3, 0.1 + 0.2)
    (True, False, True)
    """
    if isinstance(right, Tensor):
        return _same_tensor(answer, right, tolerance)
    if isinstance(right, tuple | list):
        if isinstance(answer, Tensor | np.ndarray):
            answer = answer.tolist()
        if not isinstance(answer, tuple | list) or len(answer) != len(right):
            return False
        pairs = zip(answer, right, strict=True)
        return all(same(one, other, tolerance) for one, other in pairs)
    if isinstance(right, bool | np.bool):
        value = plain(answer)
        return isinstance(value, bool) and value == right
    if is_number(right):
        value, right = plain(answer), plain(right)
        if not is_number(value):
            return False
        if isinstance(right, int):
            return abs(value - right) <= tolerance
        return math.isclose(value, right, rel_tol=tolerance, abs_tol=tolerance)
    return type(answer) is type(right) and answer == right


def _same_tensor(answer: object, right: Tensor, tolerance: float) -> bool:
    try:
        answer = torch.as_tensor(answer)
    except (TypeError, ValueError, RuntimeError):
        return False
    if answer.shape != right.shape or (answer.dtype == torch.bool) != (right.dtype == torch.bool):
        return False
    if right.is_floating_point():
        return torch.allclose(answer.double(), right.double(), rtol=tolerance, atol=tolerance)
    return torch.equal(answer.double(), right.double())


def plain(answer: object) -> object:
    """A number of NumPy, and a tensor or an array of no dimension, as a number of Python."""
    if isinstance(answer, Tensor | np.ndarray | np.generic) and answer.ndim == 0:
        return answer.item()
    return answer


def is_number(value: object) -> bool:
    """Whether this is one real number, of Python, NumPy or PyTorch; True and False are none."""
    value = plain(value)
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
