"""Assignments from end to end: handed out without answers, graded fairly, nothing lost."""

import ast
import copy
import csv
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.assignments import CannotContinue, main, release
from tools.execution import clean, find_notebooks, write_notebook
from tools.exercises import exercises
from tools.sandbox import NoBox, check_box
from tools.submissions import mend

FULL = 5


def marked(source, grade_id, points=None):
    marks = {"grade_id": grade_id, "schema_version": 3, "task": False}
    marks |= {"grade": points is not None, "solution": points is None, "locked": points is not None}
    if points is not None:
        marks["points"] = points
    return new_code_cell(source, metadata={"nbgrader": marks})


def answer(name, body):
    return f"def {name}(x):\n    ### BEGIN SOLUTION\n    {body}\n    ### END SOLUTION"


def graded_test(name, visible, hidden):
    return (
        f"assert {name}(2) == {visible}\n### BEGIN HIDDEN TESTS\n"
        f"assert {name}(10) == {hidden}\n### END HIDDEN TESTS"
    )


def make_lesson():
    shown = new_code_cell("print('an output')", execution_count=1)
    shown.outputs = [nbformat.v4.new_output("stream", text="an output\n")]
    cells = [
        new_markdown_cell("# Two exercises"),
        shown,
        marked(answer("double", "return 2 * x"), "double"),
        marked(graded_test("double", 4, 20), "double-test", points=2),
        new_code_cell("between = 'the exercises'"),
        marked(answer("halve", "return x / 2"), "halve"),
        marked(graded_test("halve", 1, 5), "halve-test", points=3),
    ]
    return clean(new_notebook(cells=cells))


LESSON = make_lesson()


def lesson():
    """A source notebook with two exercises, of 2 and 3 points."""
    return copy.deepcopy(LESSON)


def cell_of(notebook, grade_id):
    return next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def with_source(grade_id, source, notebook=None):
    notebook = notebook or lesson()
    cell_of(notebook, grade_id).source = source
    return notebook


def without(notebook, *grade_ids):
    for grade_id in grade_ids:
        notebook.cells.remove(cell_of(notebook, grade_id))
    return notebook


def with_copy_of(grade_id):
    notebook = lesson()
    again = copy.deepcopy(cell_of(notebook, grade_id))
    again.id = "a-copy"
    notebook.cells.append(again)
    return notebook


def with_marks(grade_id, /, **changes):
    notebook = lesson()
    cell_of(notebook, grade_id).metadata.nbgrader.update(changes)
    return notebook


def without_marks():
    notebook = lesson()
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def gutted(released):
    for name in ("double", "halve"):
        cell_of(released, f"{name}-test").source = "pass"
    return released


STUBBORN = (
    "import time\ndef halve(x):\n    while True:\n        try:\n            time.sleep(60)\n"
    "        except BaseException:\n            pass"
)
# What each student hands in (made from the release), the points it deserves, and what is said.
CLASS = {
    "complete": (lambda released: lesson(), FULL, ""),
    "untouched": (lambda released: released, 0, ""),
    "half wrong": (lambda released: with_source("double", "def double(x): return x"), 3, ""),
    "only visible": (lambda released: with_source("halve", "def halve(x): return 1"), 2, ""),
    "gutted tests": (gutted, 0, ""),
    "no tests": (
        lambda released: without(lesson(), "double-test", "halve-test"),
        FULL,
        "test cell double-test was missing: put back; test cell halve-test was missing: put back",
    ),
    "no answer": (lambda released: without(lesson(), "double"), 3, "answer cell double is missing"),
    "copied test": (
        lambda released: with_copy_of("double-test"),
        FULL,
        "test cell double-test is there 2 times: the last counts",
    ),
    "copied answer": (
        lambda released: with_copy_of("halve"),
        FULL,
        "answer cell halve is there 2 times: the last counts",
    ),
    "endless": (
        lambda released: with_source("double", "while True: pass"),
        3,
        "cell 3 took more than 8 s",
    ),
    "a stubborn one": (
        lambda released: with_source("halve", STUBBORN),
        2,
        "cell 7 did not end and could not be stopped",
    ),
    "killer": (
        lambda released: with_source("halve", "import os\nos._exit(1)"),
        2,
        "the kernel died in cell 6",
    ),
    "broken": (lambda released: '{"cells": [', 0, "not graded: damaged notebook"),
    "empty": (lambda released: "", 0, "not graded: damaged notebook"),
    "a list": (lambda released: "[]", 0, "not graded: damaged notebook"),
    "José O'Neil [*]": (lambda released: lesson(), FULL, ""),
}


def read_grades(build):
    with open(build / "grades" / "grades.csv", newline="", encoding="utf-8") as file:
        return {(row["student"], row["assignment"]): row for row in csv.DictReader(file)}


def hand_in(folder, student, name, contents):
    path = folder / student / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = contents if isinstance(contents, str) else nbformat.writes(contents)
    path.write_text(text, encoding="utf-8")


def no_box():
    """What lets a machine without bubblewrap grade."""
    try:
        check_box()
    except NoBox:
        return ["--no-box"]
    return []


def command(*arguments, notebooks, build):
    if arguments[0] == "grade":
        arguments = (*arguments, *no_box())
    return main(["--notebooks", str(notebooks), "--build", str(build), *map(str, arguments)])


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A folder with one source notebook, its release made."""
    folder = tmp_path_factory.mktemp("course")
    write_notebook(lesson(), folder / "notebooks" / "lesson.ipynb")
    assert command("release", notebooks=folder / "notebooks", build=folder / "build") == 0
    return folder


@pytest.fixture(scope="module")
def graded(course):
    """The whole class handed in and graded at once, with 8 seconds for each cell."""
    for student, (make, _, _) in CLASS.items():
        released = nbformat.read(course / "build" / "assignments" / "lesson.ipynb", as_version=4)
        hand_in(course / "class", student, "lesson", make(released))
    # One waits half a minute to be stopped, and comes first (by name); two others go on.
    arguments = ("grade", course / "class", "--timeout", 8, "--jobs", 3)
    assert command(*arguments, notebooks=course / "notebooks", build=course / "build") == 0
    return read_grades(course / "build")


def test_the_release_holds_no_answers_no_hidden_tests_and_no_outputs(course):
    path = course / "build" / "assignments" / "lesson.ipynb"
    released = nbformat.read(path, as_version=4)
    nbformat.validate(released)
    # Not the whole file: the cells' ids are dice, and one of them may well hold a "20".
    written = str([(cell.source, cell.get("outputs")) for cell in released.cells])
    for secret in ("2 * x", "x / 2", "20", "BEGIN", "END", "HIDDEN", "an output\\n"):
        assert secret not in written
    assert all(
        not c.outputs and c.execution_count is None for c in released.cells if "outputs" in c
    )
    stub = "def double(x):\n    # your code here\n    raise NotImplementedError()"
    assert cell_of(released, "double").source == stub
    assert cell_of(released, "double-test").source == "assert double(2) == 4"
    assert [c.id for c in released.cells] == [
        c.id for c in nbformat.read(course / "notebooks" / "lesson.ipynb", as_version=4).cells
    ]


@pytest.mark.parametrize("student", CLASS)
def test_every_submission_earns_what_it_deserves(graded, student):
    _, points, note = CLASS[student]
    row = graded[student, "lesson"]
    assert (float(row["score"]), float(row["max_score"])) == (points, FULL), row
    assert row["note"].startswith(note) if note.startswith("not") else row["note"] == note


def test_feedback_is_there_for_all_that_could_be_read(course, graded):
    pages = {path.parent.name for path in (course / "build" / "grades").glob("feedback/*/*.html")}
    assert pages == set(CLASS) - {"broken", "empty", "a list"}
    page = course / "build" / "grades" / "feedback" / "half wrong" / "lesson.html"
    assert "3 of 5 points" in page.read_text()


def test_grading_again_keeps_the_earlier_grades(course, graded, capsys):
    before = (course / "build" / "grades" / "grades.csv").read_text()
    build = course / "again"
    (build / "grades").mkdir(parents=True)
    (build / "grades" / "grades.csv").write_text(before)
    nested = course / "nested" / "Ada" / "lesson" / "lesson.ipynb"  # nbgrader's own layout
    nested.parent.mkdir(parents=True)
    nested.write_text(nbformat.writes(lesson()))
    hand_in(course / "nested", "Ada", "homework", new_notebook())
    code = command("grade", course / "nested", notebooks=course / "notebooks", build=build)
    out = capsys.readouterr().out
    assert code == 0
    assert "homework.ipynb: the course has no such notebook, but lesson" in out
    assert "the earlier grades are now in" in out
    assert ("with your rights" if no_box() else "runs in a box") in out
    assert (build / "grades-1" / "grades.csv").read_text() == before
    assert read_grades(build)["Ada", "lesson"]["score"] == "5"
    assert sorted(path.name for path in build.iterdir()) == ["grades", "grades-1"]


def test_an_interruption_leaves_the_earlier_grades(course, graded, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    before = (course / "build" / "grades" / "grades.csv").read_text()
    monkeypatch.setattr("tools.grading.run.run_all", interrupt)
    arguments = ("grade", course / "class", "--timeout", 8)
    assert command(*arguments, notebooks=course / "notebooks", build=course / "build") == 130
    assert "interrupted: nothing was changed" in capsys.readouterr().err
    assert (course / "build" / "grades" / "grades.csv").read_text() == before
    assert sorted(p.name for p in (course / "build").iterdir()) == ["assignments", "grades"]


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("", "which folder? For example: make grade SUBMISSIONS=submissions"),
        ("missing", "is not a folder"),
        ("empty", "expected"),
        ("notebooks", "there are notebooks right inside it"),
    ],
)
def test_what_cannot_be_graded_is_said(tmp_path, course, capsys, monkeypatch, folder, message):
    monkeypatch.chdir(course)
    (course / "empty").mkdir(exist_ok=True)
    assert command("grade", folder, notebooks=course / "notebooks", build=tmp_path) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "grades" / "grades.csv").exists()


def test_missing_work_has_its_line(tmp_path, course):
    other = lesson()
    for cell in other.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id += "-more"
    write_notebook(lesson(), tmp_path / "notebooks" / "lesson.ipynb")
    write_notebook(other, tmp_path / "notebooks" / "more.ipynb")
    hand_in(tmp_path / "class", "Ada", "more", "{")
    hand_in(tmp_path / "class", "Bob", "lesson", "{")
    (tmp_path / "class" / "Eve").mkdir()
    (tmp_path / "class" / "=Cleo").mkdir()
    (tmp_path / "class" / "=Cleo" / "essay.docx").write_bytes(b"PK")
    assert (
        command("grade", tmp_path / "class", notebooks=tmp_path / "notebooks", build=tmp_path) == 0
    )
    rows = read_grades(tmp_path)
    students = ("'=Cleo", "Ada", "Bob", "Eve")
    assert list(rows) == [(s, a) for s in students for a in ("lesson", "more")]
    assert rows["Ada", "lesson"]["note"] == rows["Bob", "more"]["note"] == "not handed in"
    assert rows["Eve", "more"]["note"] == "handed in nothing"
    told = "handed in no notebook (=Cleo/essay.docx: a text document, not a notebook)"
    assert rows["'=Cleo", "more"]["note"] == told
    assert {row["status"] for row in rows.values()} == {"not graded", "not handed in"}
    with open(tmp_path / "grades" / "handed_in.csv", newline="", encoding="utf-8-sig") as file:
        files = {row["file"]: row["state"] for row in csv.DictReader(file)}
    assert files == {
        "'=Cleo/essay.docx": "not used",
        "Ada/more.ipynb": "not graded",
        "Bob/lesson.ipynb": "not graded",
    }


def test_an_answer_may_use_names_of_imports_and_built_ins_that_its_test_does_not(tmp_path):
    made = lesson()
    made.cells[1].source = "from math import floor, pi"
    hidden = cell_of(made, "double-test")
    hidden.source = hidden.source.replace("double(10)", "abs(double(10))")
    write_notebook(made, tmp_path / "notebooks" / "lesson.ipynb")
    mine = "pi = 2\ndef abs(x): return pi * x\ndef double(x): return abs(x)"
    theirs = "floor = abs = print\ndef halve(x): return x / 2"
    for student, code in (("Ada", mine), ("Bob", f"abs = max\n{mine}"), ("Eve", "%pwd\n" * 600)):
        handed = with_source("double", code, copy.deepcopy(made))
        hand_in(tmp_path / "class", student, "lesson", with_source("halve", theirs, handed))
    places = {"notebooks": tmp_path / "notebooks", "build": tmp_path}
    assert command("grade", tmp_path / "class", "--jobs", 1, **places) == 0
    rows = read_grades(tmp_path)
    assert [rows[student, "lesson"]["score"] for student in ("Ada", "Bob", "Eve")] == [
        "5",
        "5",
        "3",
    ]


def test_what_fills_an_answer_is_run_again_with_it(tmp_path):
    made = lesson()
    again = cell_of(made, "halve-test")
    again.source = again.source.replace("halve(2) == 1", "halve(double(2)) == 2")
    write_notebook(made, tmp_path / "notebooks" / "lesson.ipynb")
    handed = with_source("double", "by = []\ndef double(x): return by[0] * x", made)
    place = handed.cells.index(cell_of(handed, "double")) + 1
    handed.cells.insert(place, new_code_cell("by.append(2)"))
    hand_in(tmp_path / "class", "Ada", "lesson", handed)
    places = {"notebooks": tmp_path / "notebooks", "build": tmp_path}
    assert command("grade", tmp_path / "class", "--jobs", 1, **places) == 0
    assert read_grades(tmp_path)["Ada", "lesson"]["score"] == "5"


def unclosed(notebook):
    cell_of(notebook, "double").source = "### BEGIN SOLUTION\nx = 1"


def visible_only(notebook):
    cell_of(notebook, "double-test").source = "assert double(2) == 4"


def secret_elsewhere(notebook):
    notebook.cells[1].source = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"


def same_id(notebook):
    cell_of(notebook, "halve").metadata.nbgrader.grade_id = "double"


def drawn_answer(notebook):
    source = "Draw.\n### BEGIN SOLUTION\n![](attachment:a.png)\n### END SOLUTION"
    marks = {"grade_id": "words", "schema_version": 3, "task": False, "points": 1}
    marks |= {"grade": True, "solution": True, "locked": False}
    cell = new_markdown_cell(source, metadata={"nbgrader": marks})
    cell.attachments = {"a.png": {"image/png": "iVBORw0KGgo="}}
    notebook.cells.append(cell)


def loose_marker(notebook):
    cell_of(notebook, "double").source += "\ny = 1  # END SOLUTION"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (unclosed, "BEGIN SOLUTION and END SOLUTION do not pair"),
        (loose_marker, "BEGIN SOLUTION and END SOLUTION do not pair"),
        (visible_only, "no hidden tests, and no tag visible-tests-only to say so"),
        (secret_elsewhere, "holds a solution but is not marked as a solution cell"),
        (same_id, "grade_id double is taken already"),
        (drawn_answer, "holds a.png, and shows it nowhere"),
    ],
)
def test_a_source_that_would_leak_or_mislead_is_refused(tmp_path, spoil, message):
    notebook = lesson()
    spoil(notebook)
    write_notebook(notebook, tmp_path / "lesson.ipynb")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old.txt").write_text("stays")
    with pytest.raises(CannotContinue, match=message):
        release([tmp_path / "lesson.ipynb"], tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["old.txt"]


def test_a_picture_that_is_shown_is_handed_out(tmp_path):
    notebook = lesson()
    notebook.cells[0].source = "![](attachment:a%20b.png)"
    notebook.cells[0].attachments = {"a b.png": {"image/png": "iVBORw0KGgo="}}
    write_notebook(notebook, tmp_path / "lesson.ipynb")
    [released] = release([tmp_path / "lesson.ipynb"], tmp_path / "out")
    assert "iVBORw0KGgo=" in released.read_text()


def test_a_damaged_source_is_named(tmp_path, capsys):
    (tmp_path / "lesson.ipynb").write_text("<<<<<<< HEAD")
    assert command("release", notebooks=tmp_path, build=tmp_path / "build") == 1
    assert "lesson.ipynb is damaged" in capsys.readouterr().err


def test_tests_may_be_visible_only_if_stated():
    notebook = lesson()
    visible_only(notebook)
    cell_of(notebook, "double-test").metadata["tags"] = ["visible-tests-only"]
    assert not list(exercises(notebook))


@pytest.mark.parametrize(
    ("submitted", "remarks"),
    [
        (lesson(), []),
        (with_marks("double-test", points=100), []),
        (with_marks("double-test", locked=False, grade=False, solution=True), []),
        (with_marks("double", schema_version=1), []),
        (with_marks("double", invented=True), []),
        (with_marks("double", grade_id="other"), ["cell other does not belong to this notebook"]),
        (without_marks(), []),
        (without(lesson(), "halve-test"), ["test cell halve-test was missing: put back"]),
    ],
)
def test_mending_gives_every_cell_the_marks_of_the_release(submitted, remarks):
    assert mend(submitted, lesson()) == (lesson(), remarks)


def test_a_test_whose_answer_is_gone_is_put_at_the_end():
    submitted = without(lesson(), "double", "double-test", "halve", "halve-test")
    mended, remarks = mend(submitted, lesson())
    assert [c.source for c in mended.cells[-2:]] == [
        cell_of(LESSON, "double-test").source,
        cell_of(LESSON, "halve-test").source,
    ]
    assert remarks[::2] == ["answer cell double is missing", "answer cell halve is missing"]


# The real notebooks. A submission may leave out ordinary cells, which makes grading it quick: what
# stays is the imports in the first code cell, and the exercises.
NOTEBOOKS = find_notebooks()
WRONG = {
    ("00_start_here", "start-count-windows"): (
        "def count_windows(height, width, stride):\n"
        "    return (height - 40) // stride, (width - 100) // stride"
    ),
    ("02_augmentation", "augmentation-mirror"): "def mirror(images):\n    return images.flip(2)",
    ("03_classifier", "classifier-batch-loss"): (
        "def batch_loss(logits, labels):\n    return cross_entropy(logits.softmax(1), labels)"
    ),
}


def lean(notebook):
    """A notebook with its imports and its graded cells only: quick to run."""
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    code = [c for c in notebook.cells if c.cell_type == "code" and c not in graded]
    imports = [
        n
        for cell in code
        for n in ast.parse(cell.source).body
        if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    code[0].source = "\n".join(map(ast.unparse, imports))
    notebook.cells = [code[0], *graded]
    return notebook


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """All real notebooks: released; handed in complete, untouched and wrong; graded."""
    build = tmp_path_factory.mktemp("real")
    folder = NOTEBOOKS[0].parent
    assert command("release", notebooks=folder, build=build) == 0
    for path in NOTEBOOKS:
        released = nbformat.read(build / "assignments" / path.name, as_version=4)
        hand_in(build / "class", "complete", path.stem, lean(nbformat.read(path, as_version=4)))
        hand_in(build / "class", "untouched", path.stem, lean(released))
    for (name, grade_id), source in WRONG.items():
        source_notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
        wrong = with_source(grade_id, source, source_notebook)
        hand_in(build / "class", "wrong", name, lean(wrong))
    assert command("grade", build / "class", notebooks=folder, build=build) == 0
    return read_grades(build)


@pytest.mark.parametrize("name", [path.stem for path in NOTEBOOKS])
def test_the_complete_notebook_earns_all_points_and_the_release_none(real, name):
    complete, untouched = real["complete", name], real["untouched", name]
    assert float(complete["max_score"]) > 0
    earned = float(complete["score"]) + float(complete["needs_manual_grading"])
    assert earned == float(complete["max_score"])
    assert untouched["score"] == untouched["needs_manual_grading"] == "0"
    assert complete["note"] == untouched["note"] == ""


@pytest.mark.parametrize(("name", "grade_id"), WRONG)
def test_a_wrong_answer_loses_exactly_its_points(real, name, grade_id):
    notebook = nbformat.read(Path(NOTEBOOKS[0].parent, f"{name}.ipynb"), as_version=4)
    worth = cell_of(notebook, f"{grade_id}-test").metadata.nbgrader.points
    row = real["wrong", name]
    earned = float(row["score"]) + float(row["needs_manual_grading"])
    assert earned == float(row["max_score"]) - worth, row
