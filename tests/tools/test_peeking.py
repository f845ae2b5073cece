"""Answers that look for what is expected find nothing: it is not there. And they are seen."""

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tests.tools.peeking import EQUAL, PEEKING, READING
from tests.tools.test_assignments import (
    answer,
    cell_of,
    command,
    graded_test,
    hand_in,
    marked,
    no_box,
    read_grades,
)
from tools import outside
from tools.execution import clean, write_notebook
from tools.grading import results

KINDS = {f"f{n}": kind for n, kind in enumerate(PEEKING | EQUAL)}
HONEST = ("before", "after")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A lesson with an exercise for each kind, and two more; one notebook that tries them all."""
    folder = tmp_path_factory.mktemp("peeking")
    cells = [new_markdown_cell("# Exercises")]
    for name in ("before", *KINDS, "after"):
        cells.append(new_markdown_cell(f"## {name}"))
        cells.append(marked(answer(name, "return 2 * x"), name))
        cells.append(marked(graded_test(name, 4, 20), f"{name}-test", points=1))
    write_notebook(clean(new_notebook(cells=cells)), folder / "notebooks" / "lesson.ipynb")
    places = {"notebooks": folder / "notebooks", "build": folder / "build"}
    assert command("release", **places) == 0
    notebook = nbformat.read(folder / "build" / "assignments" / "lesson.ipynb", as_version=4)
    for name in HONEST:
        cell_of(notebook, name).source = f"def {name}(x): return x + x"
    for name, kind in KINDS.items():
        code = f"{READING}\n{(PEEKING | EQUAL)[kind]}\ndef ANSWER(x): return found(x, 'ANSWER')"
        cell_of(notebook, name).source = code.replace("ANSWER", name)
    hand_in(folder / "class", "Eve", "lesson", notebook)
    return folder


def grade(course, build):
    """The points of each exercise, and the note."""
    places = {"notebooks": course / "notebooks", "build": course / build}
    assert command("grade", course / "class", "--timeout", 20, **places) == 0
    [path] = (course / build / "grades/results").glob("*/*/results/*.json")
    points = {one.grade_id[:-5]: one.points for one in results.load(path).exercises}
    return points, read_grades(course / build)["Eve", "lesson"]["note"]


def test_what_is_expected_is_nowhere_to_be_found(course):
    points, note = grade(course, "outside")
    assert {KINDS.get(name, name) for name, earned in points.items() if earned} == set(HONEST)
    assert "uses _getframe" in note


@pytest.mark.skipif(bool(no_box()), reason="signals and memory of the grader itself")
def test_all_of_them_would_find_it_beside_the_test(course, monkeypatch):
    monkeypatch.setattr(outside, "imports_for", lambda *_: None)
    points, _ = grade(course, "beside")
    assert {KINDS.get(name, name) for name, earned in points.items() if not earned} == set()
