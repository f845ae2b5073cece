"""Do two functions answer alike? Inputs like given ones, shaken a little, and answers compared."""

import copy
import random
import zlib
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from helpers.checks.values import same


def alike(answer: object, right: object) -> bool:
    """Whether two answers are the same, networks by all that they hold."""
    if isinstance(right, nn.Module):
        return (
            isinstance(answer, nn.Module)
            and str(answer) == str(right)
            and [m.training for m in answer.modules()] == [m.training for m in right.modules()]
            and alike(dict(answer.state_dict()), dict(right.state_dict()))
        )
    if isinstance(right, torch.Generator | torch.optim.Optimizer):
        return type(answer) is type(right)
    if isinstance(right, dict):
        return isinstance(answer, dict) and alike([*answer.items()], [*right.items()])
    if isinstance(right, tuple | list):
        return (
            isinstance(answer, tuple | list)
            and len(answer) == len(right)
            and all(map(alike, answer, right))
        )
    if isinstance(right, Tensor) and isinstance(answer, Tensor) and right.is_floating_point():
        return answer.shape == right.shape and torch.allclose(
            answer.double(), right.double(), equal_nan=True
        )
    if isinstance(right, float) and right != right:
        return answer != answer
    return same(answer, right)


def cloned(value: object) -> object:
    """A copy that shares nothing with this; an optimiser among it belongs to the copied network."""
    return copy.deepcopy(_data_of(value))


def _data_of(value: object) -> object:
    """A value without gradients, and with a stand-in for each function."""
    if isinstance(value, Tensor):
        return value.detach().requires_grad_(value.requires_grad)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(_data_of, value))
    if isinstance(value, tuple | list):
        return type(value)(map(_data_of, value))
    if isinstance(value, dict):
        return {key: _data_of(item) for key, item in value.items()}
    return anything if callable(value) and not isinstance(value, nn.Module) else value


def anything(*arguments: object) -> float:
    """In the place of a function that a check hands in: some number for each input."""
    return zlib.crc32(repr(arguments).encode()) % 10007 / 10007


def shaken(value: object, dice: random.Random) -> object:
    """A value of the same kind near this one, or the same; a network is changed in place."""
    if dice.random() < 0.3:
        return value
    match value:
        case bool() | str() | None:
            return value
        case int():
            return value + dice.choice((-2, -1, 1, 2, 3, 7))
        case float():
            return dice.choice((value + 1, value * 1.5, value - 0.25, round(value, 1), 0.5))
        case torch.Generator():
            return torch.Generator().manual_seed(dice.randrange(1000))
        case Tensor():
            return _shaken_tensor(value, dice)
        case np.ndarray():
            return _shaken_tensor(torch.as_tensor(value), dice).numpy()
        case nn.Module():
            with torch.no_grad():
                for parameter in value.parameters():
                    parameter.copy_(_shaken_tensor(parameter, dice))
            return value
        case tuple() if hasattr(value, "_fields"):
            return type(value)(*(shaken(item, dice) for item in value))
        case tuple():
            return tuple(shaken(item, dice) for item in value)
        case list():
            items = [shaken(item, dice) for item in value]
            return dice.choice((items, items[1:], items[::-1], items + items[:1]))
        case dict():
            return {key: shaken(item, dice) for key, item in value.items()}
    return value


def _shaken_tensor(value: Tensor, dice: random.Random) -> Tensor:
    value = value.detach()
    if value.numel() == 0:
        return value
    generator = torch.Generator().manual_seed(dice.randrange(10**6))
    rows = torch.randint(len(value), (len(value),), generator=generator) if value.ndim else ...
    if not value.is_floating_point():
        return value[rows]
    noise = torch.randn(value.shape, generator=generator)
    spread = value.std().item() if value.numel() > 1 else 1.0
    ways: list[Callable[[], Tensor]] = [
        lambda: value[rows],
        lambda: value + 0.1 * spread * noise,
        lambda: value * (0.5 + dice.random()),
        lambda: (value * 4).round() / 4,
        lambda: value + dice.choice((-1.0, -0.1, 0.1, 1.0)),
        lambda: value + spread * noise,
    ]
    return dice.choice(ways)()
