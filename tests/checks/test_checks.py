"""Each check of an exercise: wrong answers fail with the right words, other right answers pass.

The answers lie in tests/answers, one module for each module of helpers.checks that has checks.
"""

import contextlib
import importlib
import inspect
import pkgutil
import re
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from weakref import WeakKeyDictionary, WeakSet

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from torch.utils.weak import WeakIdKeyDictionary

import helpers.checks
from helpers.checks import CheckFailed, running
from helpers.checks.running import time_limit
from tools.execution import find_notebooks

MODULES = {
    m.name: importlib.import_module(f"helpers.checks.{m.name}")
    for m in pkgutil.iter_modules(helpers.checks.__path__)
}
CHECKS = {
    check: name
    for name, module in MODULES.items()
    for check in vars(module).values()
    if hasattr(check, "exercise") and check.__module__ == module.__name__
}
LESSONS = sorted(set(CHECKS.values()))
ANSWERS = {name: importlib.import_module(f"tests.answers.{name}").EXERCISES for name in LESSONS}
EXERCISES = {check: pair for answers in ANSWERS.values() for check, pair in answers.items()}
#: At least so many right and wrong answers for each exercise.
RIGHT, WRONG = 4, 8


def test_every_check_is_decorated_has_answers_and_is_called_by_a_lesson():
    named = {
        value
        for module in MODULES.values()
        for name, value in vars(module).items()
        if name.startswith("check_") and value.__module__ == module.__name__
    }
    assert named == set(CHECKS) == set(EXERCISES)
    sources = "".join(path.read_text() for path in find_notebooks())
    for check in EXERCISES:
        assert f"checks.{check.__name__}(" in sources


def test_each_exercise_has_enough_right_and_wrong_answers():
    lacking = {
        check.__name__: (len(right), len(wrong))
        for check, (right, wrong) in EXERCISES.items()
        if len(right) < RIGHT or len(wrong) < WRONG
    }
    assert not lacking


@pytest.mark.parametrize(
    ("check", "answer"), [(c, a) for c, (right, _) in EXERCISES.items() for a in right]
)
def test_right_answers_pass_whatever_their_style(check, answer, capsys):
    check(answer)
    out = capsys.readouterr().out
    assert out.endswith(f"{check.exercise}: right!\n")
    assert out.count("right!") == 1


@pytest.mark.parametrize(
    ("check", "answer", "message"),
    [(c, a, m) for c, (_, wrong) in EXERCISES.items() for a, m in wrong],
)
def test_wrong_answers_fail_with_the_likely_mistake(check, answer, message, monkeypatch):
    if "no answer after" in message:  # it would never end, so that nobody need wait longer
        monkeypatch.setattr(running, "time_limit", lambda seconds: time_limit(1))
    with pytest.raises(CheckFailed, match=message):
        check(answer)


def converted(value, leaf, pair=type):
    """A value with each number turned into another kind of number, and each tuple or list."""
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        kind = tuple if isinstance(value, tuple) else list
        return pair(kind())(converted(item, leaf, pair) for item in value)
    return leaf(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


KINDS = {
    "NumPy's numbers": lambda value: converted(value, lambda x: np.array(x)[()]),
    "tensors of no dimension": lambda value: converted(
        value, lambda x: torch.tensor(x, dtype=torch.float64 if isinstance(x, float) else None)
    ),
    "28.0 for 28": lambda value: converted(value, float),
    "lists for tuples, tuples for lists": lambda value: converted(
        value, lambda x: x, lambda empty: list if isinstance(empty, tuple) else tuple
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("check", EXERCISES)
def test_numbers_are_numbers_whoever_made_them(check, kind, capsys):
    answer = EXERCISES[check][0][0]
    check(lambda *arguments: KINDS[kind](answer(*arguments)))
    assert capsys.readouterr().out.endswith("right!\n")


@pytest.mark.parametrize("check", [check for check in EXERCISES if check.of])
def test_the_courses_own_function_is_not_the_learners(check):
    for function in check.of:
        for answer in (function, lambda *a, function=function: function(*a)):
            with pytest.raises(CheckFailed, match=f"this calls `{function.__name__}`"):
                check(answer)


def test_an_untouched_exercise_says_so_in_one_line():
    """All in one kernel, as in a release that nobody has worked on."""
    stub = "def untouched(*arguments):\n    # your code here\n    raise NotImplementedError()"
    cells = [nbformat.v4.new_code_cell(f"import helpers\n{stub}")]
    for check in EXERCISES:
        source = f"from {check.__module__} import {check.__name__} as check\ncheck(untouched)"
        cells.append(nbformat.v4.new_code_cell(source))
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": Path(helpers.__path__[0]).parent}}
    NotebookClient(notebook, timeout=60, allow_errors=True, resources=resources).execute()
    for check, cell in zip(EXERCISES, notebook.cells[1:], strict=True):
        (output,) = cell.outputs
        shown = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in output.traceback]
        assert shown == [f"{check.exercise}: nothing is written yet"]


def test_a_limit_is_lifted_even_if_time_is_up_at_that_moment():
    before = signal.getsignal(signal.SIGINT)
    for k in range(300):
        with contextlib.suppress(running.TookTooLong), time_limit(0.001):
            end = time.perf_counter() + 0.001 + (k % 20 - 10) * 2e-5
            while time.perf_counter() < end:
                pass
        assert signal.getsignal(signal.SIGINT) is before
    assert not [t for t in threading.enumerate() if "ring" in t.name]


@pytest.mark.parametrize("kind", [WeakKeyDictionary, WeakSet, WeakIdKeyDictionary])
def test_an_interruption_that_python_would_swallow_comes_a_little_later(kind):
    clearing = SimpleNamespace(f_code=kind()._remove.__code__, f_back=None)

    def interrupts(frame):
        try:
            signal.getsignal(signal.SIGINT)(signal.SIGINT, frame)
        except running.TookTooLong:
            return True
        return False

    interrupted = []
    with contextlib.suppress(running.TookTooLong), time_limit(0.001):
        with contextlib.suppress(running.TookTooLong):
            while True:
                time.sleep(0.001)
        interrupted = [interrupts(frame) for frame in (clearing, inspect.currentframe())]
    assert interrupted == [False, True]
