"""Right and wrong answers from tests/answers, each as the text of a cell that stands alone."""

import ast
import functools
import textwrap
from collections.abc import Iterator
from pathlib import Path

from tools.execution import ROOT
from tools.needed import names_defined, names_used

ANSWERS = ROOT / "tests" / "answers"


@functools.cache
def answer_cells(check: str, name: str, checks: str = "") -> tuple[list[str], list[str]]:
    """The right and the wrong answers to an exercise, as cells that define the function `name`.

    Args:
        check: The exercise's check, e.g. "check_iou".
        name: What the learner's function is called in the lesson.
        checks: The module of the lesson's checks, where several have one of this name.
    """
    for path in sorted(ANSWERS.glob("*.py"), key=lambda path: (path.stem != checks, path.stem)):
        statements = _statements(path)
        for key, value in _exercises(statements):
            if ast.unparse(key).endswith(f".{check}"):
                right, wrong = (_elements(one, statements) for one in value.elts)
                firsts = (one.elts[0] for one in wrong if isinstance(one, ast.Tuple))
                return (
                    [_cell(name, expression, statements) for expression in right],
                    [_cell(name, expression, statements) for expression in firsts],
                )
    raise KeyError(f"no answers for {check}")


@functools.cache
def _statements(path: Path) -> list[tuple[ast.stmt, str]]:
    """The statements of a module, each with its text."""
    text = path.read_text(encoding="utf-8")
    return [(node, ast.get_source_segment(text, node) or "") for node in ast.parse(text).body]


def _exercises(statements: list[tuple[ast.stmt, str]]) -> Iterator[tuple[ast.expr, ast.Tuple]]:
    for node, _ in statements:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXERCISES":
            yield from zip(node.value.keys, node.value.values, strict=True)


def _elements(node: ast.expr, statements: list[tuple[ast.stmt, str]]) -> list[ast.expr]:
    """What stands in a list, or in the list that a name was given."""
    if isinstance(node, ast.Name):
        given = [s.value for s, _ in statements if _assigns(s, node.id)]
        node = given[-1] if given else node
    found = node.elts if isinstance(node, ast.List) else []
    return [one for one in found if not isinstance(one, ast.Starred)]


def _assigns(statement: ast.stmt, name: str) -> bool:
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name


def _cell(name: str, expression: ast.expr, statements: list[tuple[ast.stmt, str]]) -> str:
    """The statements that an expression needs, and `name = expression`."""
    last = f"{name} = {ast.unparse(expression)}"
    wanted, kept = names_used(last), set()
    while True:
        found = {
            number
            for number, (_, text) in enumerate(statements)
            if number not in kept and names_defined(text) & wanted
        }
        if not found:
            break
        kept |= found
        for number in found:
            wanted |= names_used(statements[number][1])
    lines = [statements[number][1] for number in sorted(kept)]
    if any(name in names_defined(line) for line in lines):  # else it might call itself
        inside = textwrap.indent("\n".join([*lines, f"return {ast.unparse(expression)}"]), "    ")
        return f"def answer():\n{inside}\n\n\n{name} = answer()"
    return "\n".join([*lines, last])
