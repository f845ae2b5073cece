"""Are the checks of the exercises strict enough? Change each solution a little and see.

    python -m tools.upkeep.mutate [NOTEBOOK ...]

Each solution between BEGIN and END SOLUTION is changed in one place: an operator, a comparison
sign, a constant by one, min for max, a statement or a keyword left out. A mutant that passes both
the visible check and the hidden tests survives, if it answers otherwise than the solution: it is
asked with inputs like those that the check uses, shaken a little. What answers as the solution does
is no mistake.

The notebook is not run: its imports, functions and constants are enough.
"""

import argparse
import ast
import contextlib
import io
import random
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import torch

from helpers.checks.running import time_limit
from tools.execution import find_notebooks
from tools.upkeep.likeness import alike, anything, cloned, shaken
from tools.upkeep.mutants import Mutant, mutants

SECONDS = 20.0
#: How many times as long as the solution a mutant may take, and how long at least.
PATIENCE, LEAST = 8, 1.0
#: How long the solution may take at least for a question.
SHORTEST = 0.02
TRIES = 300
#: Mutants that draw other random numbers than the solution, and just as good ones.
AS_GOOD = {
    "augmentation-brightness": {
        "return (images + amounts).clamp(0, 1)  ->  return (images - amounts).clamp(0, 1)"
    },
    "data-split": {
        "members = (labels == label).nonzero().flatten()"
        "  ->  members = (labels != label).nonzero().flatten()"
    },
}


@dataclass
class Exercise:
    """A solution, its test cell, and what stands before them."""

    name: str
    setup: list[ast.stmt]
    solution: str
    test: str

    @property
    def functions(self) -> list[str]:
        """The names of the functions that the solution defines."""
        tree = ast.parse(self.solution)
        return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def exercises(path: Path) -> Iterator[Exercise]:
    """The exercises of a notebook whose answers are functions."""
    setup: list[ast.stmt] = []
    solutions: dict[str, str] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        marks = cell.metadata.get("nbgrader", {})
        name = marks.get("grade_id", "")
        if marks.get("solution"):
            solutions[name] = cell.source
        elif marks.get("grade") and (solution := solutions.get(name.removesuffix("-test"))):
            yield Exercise(name.removesuffix("-test"), list(setup), solution, cell.source)
        setup += _cheap_statements(cell.source)


def _cheap_statements(source: str) -> list[ast.stmt]:
    """Imports, functions, classes, and names given to what is written out."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic command
        return []
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
    return [
        node
        for node in tree.body
        if isinstance(node, kinds)
        or (isinstance(node, ast.Assign) and not any(map(_is_slow, ast.walk(node.value))))
    ]


def _is_slow(node: ast.AST) -> bool:
    """Anything that is read, trained or measured begins with a call of the course's own."""
    if not isinstance(node, ast.Call):
        return False
    name = ast.unparse(node.func)
    return not name.startswith(("torch.", "np.", "nn.", "range", "list", "dict", "tuple", "float"))


def judge(exercise: Exercise, source: str, namespace: dict, seconds: float = SECONDS) -> str:
    """What stops an answer; "" if it passes the visible check and the hidden tests."""
    names = dict(namespace)
    try:
        with _quietly(), time_limit(seconds):
            exec(compile(source, "<answer>", "exec"), names)
            exec(compile(exercise.test, "<test>", "exec"), names)
    except (Exception, KeyboardInterrupt) as error:
        return f"{type(error).__name__}: {error}"
    return ""


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    with (
        contextlib.redirect_stdout(io.StringIO()),
        warnings.catch_warnings(),
        torch.random.fork_rng(),
    ):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        yield


def prepare(exercise: Exercise) -> dict:
    """The notebook's names, as far as they come cheap."""
    namespace: dict = {"__name__": "__notebook__"}
    for statement in exercise.setup:
        code = compile(ast.Module([statement], []), "<setup>", "exec")
        with contextlib.suppress(Exception), _quietly():
            exec(code, namespace)
    return namespace


def survivors(exercise: Exercise) -> Iterator[Mutant]:
    """The mutants that pass and answer otherwise than the solution.

    Raises RuntimeError if the solution itself does not pass.
    """
    namespace = prepare(exercise)
    started = time.perf_counter()
    if problem := judge(exercise, exercise.solution, namespace):
        raise RuntimeError(f"{exercise.name}: the solution does not pass: {problem}")
    seconds = LEAST + PATIENCE * (time.perf_counter() - started)
    passing = [
        mutant
        for mutant in mutants(exercise.solution)
        if str(mutant) not in AS_GOOD.get(exercise.name, ())
        and not judge(exercise, mutant.source, namespace, seconds)
    ]
    if passing:
        asked = questions(exercise, namespace)
        yield from (m for m in passing if answers_otherwise(exercise, m, namespace, asked))


def recorded_inputs(exercise: Exercise, namespace: dict) -> tuple[dict[str, list[tuple]], float]:
    """What the check and the hidden tests call each function of the solution with.

    And how many seconds the longest of these calls took.
    """
    seen: dict[str, list[tuple]] = {name: [] for name in exercise.functions}
    names, longest = dict(namespace), 0.0

    def recorder(name: str, function: Callable) -> Callable:
        def recording(*arguments, **keywords):
            nonlocal longest
            if not keywords:
                with contextlib.suppress(NotImplementedError):  # a widget cannot be copied
                    seen[name].append(cloned(arguments))
            started = time.perf_counter()
            try:
                return function(*arguments, **keywords)
            finally:
                longest = max(longest, time.perf_counter() - started)

        return recording

    with _quietly():
        exec(compile(exercise.solution, "<answer>", "exec"), names)
        names |= {name: recorder(name, names[name]) for name in exercise.functions}
        exec(compile(exercise.test, "<test>", "exec"), names)
    return seen, longest


@dataclass
class Question:
    """An input of one of the solution's functions, and what the solution makes of it."""

    function: str
    arguments: tuple
    right: object


def questions(exercise: Exercise, namespace: dict) -> list[Question]:
    """Inputs like the recorded ones, as they are and shaken, with the solution's answers.

    What the solution raises an error for, or takes far longer for than for the recorded ones, is no
    input.
    """
    inputs, longest = recorded_inputs(exercise, namespace)
    patience = min(LEAST, SHORTEST + PATIENCE * longest)
    names = dict(namespace)
    asked, dice = [], random.Random(0)
    with _quietly():
        exec(compile(exercise.solution, "<answer>", "exec"), names)
        for name, calls in inputs.items():
            for turn in range(TRIES if calls else 0):
                given = cloned(dice.choice(calls))
                if turn >= TRIES // 10:
                    given = tuple(shaken(value, dice) for value in given)
                right = _answer(names[name], given, patience)
                if not isinstance(right, BaseException):
                    asked.append(Question(name, given, right))
    return asked


def answers_otherwise(
    exercise: Exercise, mutant: Mutant, namespace: dict, asked: list[Question]
) -> bool:
    """Whether one of the questions tells a mutant from the solution."""
    names = dict(namespace)
    with _quietly():
        exec(compile(mutant.source, "<answer>", "exec"), names)
        for question in asked:
            answer = _answer(names[question.function], question.arguments, LEAST)
            if isinstance(answer, BaseException) or not alike(answer, question.right):
                return True
    return False


def _answer(function: Callable, arguments: tuple, seconds: float) -> object:
    """What a function answers, and what becomes of its input; or what it raises."""
    arguments = cloned(arguments)
    torch.default_generator.manual_seed(0)
    try:
        with time_limit(seconds):
            return function(*arguments), [a for a in arguments if a is not anything]
    except (Exception, KeyboardInterrupt) as error:
        return error


def main(arguments: list[str] | None = None) -> int:
    """Print the surviving mutants of each exercise; the exit code is 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    total = alive = 0
    for path in options.notebooks or find_notebooks():
        for exercise in exercises(path):
            started = time.process_time()
            try:
                left = list(survivors(exercise))
            except RuntimeError as error:
                print(f"{path.name}: {error}")
                alive += 1
                continue
            count = len(list(mutants(exercise.solution)))
            total, alive = total + count, alive + len(left)
            print(
                f"{path.name}: {exercise.name}: {count} mutants, {len(left)} alive,"
                f" {time.process_time() - started:.1f} s",
                flush=True,
            )
            for mutant in left:
                print(f"    {mutant}")
    print(f"{total} mutants, {alive} alive")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
