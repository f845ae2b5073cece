"""Each check of an exercise: wrong answers fail with the right words, other right answers pass.

The answers lie in tests/answers, one module for each module of helpers.checks.
"""

import importlib
import pkgutil

import pytest

import helpers.checks
from helpers.checks import CheckFailed
from tools.execution import find_notebooks

SHARED = ("report", "running", "own_work", "values", "changes", "duplicates")
LESSONS = [m.name for m in pkgutil.iter_modules(helpers.checks.__path__) if m.name not in SHARED]
MODULES = {name: importlib.import_module(f"helpers.checks.{name}") for name in LESSONS}
ANSWERS = {name: importlib.import_module(f"tests.answers.{name}").EXERCISES for name in LESSONS}
EXERCISES = {check: pair for answers in ANSWERS.values() for check, pair in answers.items()}


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_check_has_right_and_wrong_answers(lesson):
    module = MODULES[lesson]
    public = {
        value
        for name, value in vars(module).items()
        if name.startswith("check_") and value.__module__ == module.__name__
    }
    assert public == set(ANSWERS[lesson])
    for right, wrong in ANSWERS[lesson].values():
        assert len(right) >= 2
        assert len(wrong) >= 3


def test_every_check_is_called_by_a_lesson():
    sources = "".join(path.read_text() for path in find_notebooks())
    for check in EXERCISES:
        assert f"checks.{check.__name__}(" in sources


@pytest.mark.parametrize(
    ("check", "answer"), [(c, a) for c, (right, _) in EXERCISES.items() for a in right]
)
def test_right_answers_pass_whatever_their_style(check, answer, capsys):
    check(answer)
    assert capsys.readouterr().out.endswith("right!\n")


@pytest.mark.parametrize(
    ("check", "answer", "message"),
    [(c, a, m) for c, (_, wrong) in EXERCISES.items() for a, m in wrong],
)
def test_wrong_answers_fail_with_the_likely_mistake(check, answer, message):
    with pytest.raises(CheckFailed, match=message):
        check(answer)


def test_an_unsolved_exercise_says_so():
    def unsolved(*arguments):
        raise NotImplementedError

    for check in EXERCISES:
        with pytest.raises(NotImplementedError):
            check(unsolved)
