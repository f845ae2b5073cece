"""What all checks share: how to ask for an answer, and how to say what is wrong with it.

>>> @check("double")
... def check_double(double):
...     for x in (3, 0, -2):
...         answer = number(ask(double, x), "the result")
...         explain(answer, 2 * x, {"that is the square": x * x}, f"for {x}")
>>> check_double(lambda x: x + x)
double: right!
>>> check_double(lambda x: x**2)
Traceback (most recent call last):
helpers.checks.CheckFailed: double: for 3: that is the square
"""

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

import numpy as np
import torch
from torch import Tensor

from helpers.checks.changes import change, snapshot
from helpers.checks.hints import hint
from helpers.checks.running import SUSPECTS, CheckFailed, check
from helpers.checks.values import TOLERANCE, is_number, plain, same, shown

__all__ = [
    "CheckFailed",
    "ask",
    "ask_edge",
    "check",
    "close",
    "explain",
    "fail",
    "first_wrong",
    "number",
    "numbers",
    "same",
    "shown",
    "tensor",
    "whole",
    "your_or_ours",
]


def fail(message: str) -> NoReturn:
    """Say what is wrong."""
    raise CheckFailed(message)


def ask(function: Callable, *arguments: object, may_change: Sequence[object] = ()) -> object:
    """The learner's answer; a forgotten `return` or a changed input is what to say first.

    Args:
        function: The learner's.
        arguments: What it is called with. Tensors, arrays, lists, dictionaries and networks must be
            as they were afterwards.
        may_change: Those of the arguments that it is to change, as a network that is trained.
    """
    if not callable(function):
        fail(f"hand in the function itself, without parentheses: not {shown(function)}")
    name = getattr(function, "__name__", "your function").replace("<lambda>", "your function")
    watched = [a for a in arguments if not any(a is free for free in may_change)]
    before = [snapshot(argument) for argument in watched]
    try:
        answer = function(*arguments)
    except Exception as error:
        error.add_note(f"the input was {name}({', '.join(map(shown, arguments))})")
        raise
    for old, new in zip(before, watched, strict=True):
        if problem := change(old, new):
            fail(f"{name} changes its input: {problem}")
    if answer is None:
        fail(f"{name} gives back None: is there a `return`?")
    return answer


def ask_edge(why: str, function: Callable, *arguments: object) -> object:
    """The answer in a case at the edge: an error in it is the mistake, and `why` names the case.

    >>> ask_edge("for no boxes", lambda boxes: boxes[0], {})
    Traceback (most recent call last):
    helpers.checks.CheckFailed: for no boxes, it stops with KeyError: 0
    """
    try:
        return ask(function, *arguments)
    except (CheckFailed, NotImplementedError):
        raise
    except Exception as error:
        meaning = hint(error)
        said = f"{why}, it stops with {type(error).__name__}: {error}"
        fail(said + f" (most likely: {meaning})" * bool(meaning))


def explain(
    answer: object,
    right: object,
    mistakes: Mapping[str, object],
    case: str = "",
    otherwise: str = "",
    nearly: str = "",
) -> None:
    """Return if the answer is right; fail with the messages of all mistakes that would answer so.

    Where several would, the check runs on through its other cases, and keeps those that fit there,
    too: so give one mistake the same message in each case.

    Args:
        answer: The learner's: a number, a tensor, or a tuple or list of such.
        right: What it should be. Whole numbers are compared exactly, others up to rounding.
        mistakes: What to say -> what a learner with that mistake would have answered.
        case: The input in words, to begin the message with.
        otherwise: What to say if it is none of them, in place of "expected …, not …".
        nearly: What to say if it is right to five digits, but not to six; nothing if empty.
    """
    suspects = SUSPECTS.get()
    if suspects is not None:
        for message in set(suspects) & set(mistakes):
            if not same(answer, mistakes[message]):
                suspects.remove(message)
        return
    if same(answer, right):
        if nearly and not same(answer, right, TOLERANCE / 10):
            raise CheckFailed(nearly, case)
        return
    fitting = [message for message, wrong in mistakes.items() if same(answer, wrong)]
    otherwise = otherwise or f"expected {shown(right)}, not {shown(answer)}"
    raise CheckFailed("; or: ".join(fitting) or otherwise, case, fitting, otherwise)


def number(answer: object, what: str) -> float:
    """The answer as a float, if it is one number, be it NumPy's or a tensor of no dimension.

    >>> number(torch.tensor(0.5), "the share")
    0.5
    """
    if not is_number(answer):
        fail(f"{what} must be one number, not {shown(answer)}")
    return float(plain(answer))


def whole(answer: object, what: str) -> int:
    """The answer as an int, if it is one whole number; 28.0 is one.

    >>> whole(np.int64(28), "the size"), whole(28.0, "the size")
    (28, 28)
    """
    value = number(answer, what)
    if not value.is_integer():
        fail(f"{what} must be a whole number, not {value:g}: // divides and rounds down")
    return int(plain(answer))


def numbers(answer: object, what: str, count: int | None = None) -> tuple[float, ...]:
    """The answer as floats, if it is a tuple, list, array or tensor [N] of numbers.

    Args:
        answer: The learner's.
        what: How to call it, e.g. "the box".
        count: How many numbers there must be; any number if None.
    """
    wanted = "numbers" if count is None else f"{_in_words(count)} numbers"
    if isinstance(answer, Tensor | np.ndarray) and answer.ndim == 1:
        answer = answer.tolist()
    if not isinstance(answer, tuple | list) or not all(map(is_number, answer)):
        fail(f"{what} must be {wanted}, not {shown(answer)}")
    if count is not None and len(answer) != count:
        fail(f"{what} must be {wanted}, not {len(answer)}")
    return tuple(float(plain(value)) for value in answer)


def _in_words(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six")
    return words[count] if count < len(words) else str(count)


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
    """Whether two tensors have one shape, and are equal up to rounding."""
    return a.shape == b.shape and torch.allclose(a.float(), b.float(), atol=TOLERANCE)


def first_wrong(answer: Tensor, right: Tensor) -> int:
    """The first row, as a box of [N, 4] or an image of a batch, that is not right; 0 if all are.

    >>> first_wrong(torch.tensor([[1.0, 2], [3, 5]]), torch.tensor([[1.0, 2], [3, 4]]))
    1
    """
    pairs = enumerate(zip(answer, right, strict=True))
    return next((k for k, (one, other) in pairs if not same(one, other)), 0)


def your_or_ours(yours: Callable, check: Callable, ours: Callable) -> Callable:
    """The learner's function if it passes its check, or the course's; one line says which.

    >>> @check("double")
    ... def check_double(double):
    ...     explain(ask(double, 3), 6, {})
    >>> double = your_or_ours(lambda x: 2 * x, check_double, ours=lambda x: x + x)
    double: yours is at work
    """
    name = getattr(check, "exercise", check.__name__.removeprefix("check_"))
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            check(yours)
    except Exception:
        print(f"{name} does not pass its check yet: the course's is used here")
        return ours
    print(f"{name}: yours is at work")
    return yours
