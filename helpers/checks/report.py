"""What all checks share: how to ask for an answer, and how to say what is wrong with it."""

from collections.abc import Callable
from typing import NoReturn

import torch
from torch import Tensor


class CheckFailed(AssertionError):
    """The answer is not right yet; the message says what to look at."""


def fail(message: str) -> NoReturn:
    """Say what is wrong."""
    raise CheckFailed(message)


def passed(what: str) -> None:
    """Say that it is right."""
    print(f"{what}: right!")


def ask(function: Callable, *arguments: object) -> object:
    """The learner's answer; a forgotten `return` or a changed input is what to say first."""
    before = [a.clone() if isinstance(a, Tensor) else a for a in arguments]
    answer = function(*arguments)
    if answer is None:
        fail(f"{function.__name__} gives back None: is there a `return`?")
    for old, new in zip(before, arguments, strict=True):
        if isinstance(old, Tensor) and not torch.equal(old, new):
            fail(f"{function.__name__} changes its input: work on a new tensor instead")
    return answer


def tensor(answer: object, what: str, like: Tensor) -> Tensor:
    """The answer, if it is a tensor of the shape of `like` without NaN."""
    if not isinstance(answer, Tensor):
        fail(f"{what} must be a torch.Tensor, not {type(answer).__name__}")
    if answer.shape != like.shape:
        fail(f"{what} has shape {[*answer.shape]}, but should have {[*like.shape]}")
    if torch.isnan(answer).any():
        fail(f"{what} holds NaN")
    return answer


def close(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors are equal up to rounding."""
    return torch.allclose(a.float(), b.float(), atol=1e-5)
