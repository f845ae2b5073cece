"""Answers in words: cleared, read by a person, and never graded behind anybody's back."""

import copy
import csv
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.plugins import CsvExportPlugin

from tests.tools.test_assignments import cell_of, command, hand_in, lesson, read_grades, without
from tools.assignments import CannotContinue, release
from tools.execution import clean, write_notebook
from tools.exercises import TEXT_STUB, exercises, released_source
from tools.grading.job import Job, Refused
from tools.words import Answer, BadMarks, Mark, read_marks, write_answers

QUESTION = "**In your own words:** why halve?"
MODEL = "Because twice is too much."
ROWS = ("student", "assignment", "grade_id", "max_points", "answer", "points", "comment")


def in_words(source, **changes):
    marks = {"grade_id": "why", "schema_version": 3, "task": False, "points": 2}
    marks |= {"grade": True, "solution": True, "locked": False} | changes
    return new_markdown_cell(source, metadata={"nbgrader": marks})


def region(text=MODEL):
    return f"{QUESTION}\n\n### BEGIN SOLUTION\n{text}\n### END SOLUTION"


def hidden_markers():
    return "\n".join(
        f"<!-- {line} -->" if line.startswith("###") else line for line in region().split("\n")
    )


def with_words(cell=None):
    """The lesson of 5 points and a question in words of 2."""
    notebook = lesson()
    notebook.cells.append(cell or in_words(region()))
    return clean(notebook)


def answering(text, released):
    cell_of(released, "why").source = text
    return released


def as_code(text, released):
    """JupyterLab makes a code cell of it at the stroke of a key."""
    marks = released.cells[-1].metadata
    released.cells[-1] = new_code_cell(text, id=released.cells[-1].id, metadata=marks)
    return released


# What each student hands in; the points without a reader, and those that wait for one.
CLASS = {
    "model": (lambda released: with_words(), 5, 2),
    "written": (lambda released: answering("= Half\n\n of it, `x`", released), 0, 2),
    "as code": (lambda released: as_code("Half of it", released), 0, 2),
    "untouched": (lambda released: released, 0, 0),
    "emptied": (lambda released: answering(" \n", released), 0, 0),
    "deleted": (lambda released: without(released, "why"), 0, 0),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The class graded; then with a person's marks for two of the answers."""
    folder = tmp_path_factory.mktemp("words")
    places = {"notebooks": folder / "notebooks", "build": folder / "build"}
    write_notebook(with_words(), folder / "notebooks" / "lesson.ipynb")
    assert command("release", **places) == 0
    for student, (make, *_) in CLASS.items():
        released = nbformat.read(folder / "build" / "assignments" / "lesson.ipynb", as_version=4)
        hand_in(folder / "class", student, "lesson", make(released))
    assert command("grade", folder / "class", **places) == 0
    return folder


def read_table(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize("markers", [region, hidden_markers])
def test_the_model_answer_is_cleared_and_the_question_stays(tmp_path, markers):
    write_notebook(with_words(in_words(markers())), tmp_path / "lesson.ipynb")
    [path] = release([tmp_path / "lesson.ipynb"], tmp_path / "out")
    assert MODEL not in path.read_text()
    cell = cell_of(nbformat.read(path, as_version=4), "why")
    assert cell.source == f"{QUESTION}\n\n{TEXT_STUB}"


@pytest.mark.parametrize("student", CLASS)
def test_what_a_person_must_read_is_said_and_not_graded(course, student):
    _, score, waiting = CLASS[student]
    row = read_grades(course / "build")[student, "lesson"]
    found = [float(row[name]) for name in ("score", "needs_manual_grading", "max_score")]
    assert found == [score, waiting, 7], row
    assert row["note"] == ("answer cell why is missing" if student == "deleted" else "")
    assert row["status"] == ("not yet read" if waiting else "graded")


def test_the_table_holds_the_answers_and_no_formula(course):
    table = read_table(course / "build" / "grades" / "words.csv")
    assert set(table) == {"model", "written", "as code"}
    assert table["written"]["answer"] == "'= Half\n\n of it, `x`"
    assert (table["written"]["max_points"], table["written"]["points"]) == ("2", "")


def test_marks_count_once_the_answer_is_unchanged(course, tmp_path, capsys):
    path = course / "build" / "grades" / "words.csv"
    text = path.read_text(encoding="utf-8-sig").replace("Half of it,,", "Half of it,1.5,Say why")
    assert "1.5,Say why" in text
    assert 'END SOLUTION",,' in text
    marked = tmp_path / "marked.csv"
    marked.write_text(text.replace('END SOLUTION",,', 'END SOLUTION",2,'))
    submissions = tmp_path / "class"
    for student in ("model", "as code"):
        source = course / "class" / student / "lesson.ipynb"
        hand_in(submissions, student, "lesson", source.read_text())
    changed = nbformat.read(submissions / "model" / "lesson.ipynb", as_version=4)
    cell_of(changed, "why").source += " Or not."
    hand_in(submissions, "model", "lesson", changed)
    arguments = ("grade", submissions, "--words", marked)
    assert command(*arguments, notebooks=course / "notebooks", build=tmp_path / "build") == 0
    rows = read_grades(tmp_path / "build")
    assert rows["as code", "lesson"]["score"] == "1.5"
    assert rows["as code", "lesson"]["needs_manual_grading"] == "0"
    assert rows["model", "lesson"]["score"] == "5"
    assert rows["model", "lesson"]["needs_manual_grading"] == "2"
    assert "1 of your marks belong to no answer" in capsys.readouterr().out
    page = tmp_path / "build" / "grades" / "feedback" / "as code" / "lesson.html"
    assert "Say why" in page.read_text()
    assert "1.5 of 7 points" in page.read_text()
    table = read_table(tmp_path / "build" / "grades" / "words.csv")
    assert [table[s]["points"] for s in ("as code", "model")] == ["1.5", ""]
    before = (tmp_path / "build" / "grades" / "grades.csv").read_bytes()
    arguments = ("grade", submissions)  # late students came: what was marked stays marked
    assert command(*arguments, notebooks=course / "notebooks", build=tmp_path / "build") == 0
    assert "1 answers in words have your points" in capsys.readouterr().out
    assert (tmp_path / "build" / "grades" / "grades.csv").read_bytes() == before


def test_nbgrader_reads_all_grades_from_its_gradebook(course, tmp_path):
    url = f"sqlite:///{course / 'build' / 'grades' / 'gradebook.db'}"
    with Gradebook(url) as book:
        assert {one.id for one in book.students} == set(CLASS)
        for student, (_, score, waiting) in CLASS.items():
            submission = book.find_submission("lesson", student)
            assert (submission.score, submission.max_score) == (score, 7)
            assert submission.needs_manual_grade == bool(waiting)
        export = CsvExportPlugin()
        export.to = str(tmp_path / "all.csv")
        export.export(book)
    with open(tmp_path / "all.csv", newline="") as file:
        rows = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert rows == {student: score for student, (_, score, _) in CLASS.items()}


def test_a_persons_marks_and_comments_are_in_the_gradebook(course, tmp_path):
    marked = tmp_path / "marked.csv"
    text = (course / "build" / "grades" / "words.csv").read_text(encoding="utf-8-sig")
    marked.write_text(text.replace("Half of it,,", "Half of it,1.5,Say why"))
    arguments = ("grade", course / "class", "--words", marked)
    shutil.copytree(course / "build", tmp_path / "build")
    assert command(*arguments, notebooks=course / "notebooks", build=tmp_path / "build") == 0
    with Gradebook(f"sqlite:///{tmp_path / 'build' / 'grades' / 'gradebook.db'}") as book:
        grade = book.find_grade("why", "lesson", "lesson", "as code")
        assert (grade.auto_score, grade.manual_score, grade.score) == (None, 1.5, 1.5)
        assert not grade.needs_manual_grade
        assert book.find_comment("why", "lesson", "lesson", "as code").comment == "Say why"


def test_words_are_read_also_where_the_code_is_refused(course, tmp_path, monkeypatch):
    def refuse(job):
        raise Refused("its graded cells are not those of the course")

    monkeypatch.setattr(Job, "_grade", refuse)
    for student in ("written", "untouched"):
        source = course / "class" / student / "lesson.ipynb"
        hand_in(tmp_path / "class", student, "lesson", source.read_text())
    places = {"notebooks": course / "notebooks", "build": tmp_path / "build"}
    assert command("grade", tmp_path / "class", "--jobs", 1, **places) == 0
    rows = read_grades(tmp_path / "build")
    row = rows["written", "lesson"]
    assert (row["score"], row["needs_manual_grading"], row["status"]) == ("0", "2", "not graded")
    assert row["note"] == "not graded: its graded cells are not those of the course"
    assert rows["untouched", "lesson"]["needs_manual_grading"] == "0"
    path = tmp_path / "build" / "grades" / "words.csv"
    assert list(read_table(path)) == ["written"]
    page = tmp_path / "build" / "grades" / "feedback" / "written" / "lesson.html"
    assert "could not be graded" in page.read_text()
    assert "Half" in page.read_text()
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace(",,,,w", ",2,,,w"), encoding="utf-8-sig")
    assert command("grade", tmp_path / "class", "--jobs", 1, **places) == 0
    row = read_grades(tmp_path / "build")["written", "lesson"]
    assert (row["score"], row["needs_manual_grading"]) == ("2", "0")


def test_marks_survive_being_written_and_read(tmp_path):
    answers = [Answer("José, B", "lesson", "why", 2.0, '\'- a, "b"'), Answer("C", "l", "w", 3, "")]
    marks = {answers[0].key: Mark("why", 0.5, "not, quite")}
    write_answers(tmp_path / "words.csv", answers, marks)
    assert read_marks(tmp_path / "words.csv") == marks


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ("student,points\nA,1\n", "no column answer, assignment"),
        (",".join(ROWS) + "\nA,l,why,2,text,3,\n", "row 2: 3 is not between 0 and 2"),
        (",".join(ROWS) + "\nA,l,why,2,text,-1,\n", "row 2: -1 is not between 0 and 2"),
        (",".join(ROWS) + "\nA,l,why,2,text,nan,\n", "row 2: nan is not between 0 and 2"),
        (",".join(ROWS) + "\nA,l,why,2,text,good,\n", "row 2: 'good' is not a number"),
        ("\x00\xff", "cannot be read as a table|no column"),
        (None, "cannot be read as a table"),
    ],
)
def test_marks_that_make_no_sense_are_refused(tmp_path, contents, message):
    if contents is not None:
        (tmp_path / "words.csv").write_text(contents, encoding="latin-1")
    with pytest.raises(BadMarks, match=message):
        read_marks(tmp_path / "words.csv")


def test_bad_marks_stop_the_grading_before_it_begins(course, tmp_path, capsys):
    arguments = ("grade", course / "class", "--words", tmp_path / "none.csv")
    assert command(*arguments, notebooks=course / "notebooks", build=tmp_path) == 1
    assert "none.csv cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "grades").exists()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (in_words(region(), grade=False), "must be marked as both"),
        (in_words(region(), solution=False), "must be marked as both"),
        (in_words(region(), locked=True), "must not be locked"),
        (in_words(region(), points=0), "must be worth points"),
        (in_words(region(" ")), "needs a model answer"),
        (in_words(QUESTION), "shows no region to clear"),
        (in_words(region() + "\n### END SOLUTION"), "do not pair"),
        (new_markdown_cell(region()), "not marked as a solution cell"),
    ],
)
def test_a_question_in_words_that_would_leak_or_mislead_is_refused(tmp_path, cell, message):
    assert not list(exercises(with_words()))
    write_notebook(with_words(cell), tmp_path / "lesson.ipynb")
    with pytest.raises(CannotContinue, match=message):
        release([tmp_path / "lesson.ipynb"], tmp_path / "out")


# Stubs keep the promises of their solutions.

GOOD = '''
@staticmethod
def halve(x: float, *, by=2) -> float:
    """Half of x."""
    ### BEGIN SOLUTION
    def inner(y):
        return y / by

    return inner(x)
    ### END SOLUTION


class Halver(Base):
    """Halves."""

    def __call__(self, x):
        """Half of x."""
        ### BEGIN SOLUTION
        return x / 2
        ### END SOLUTION
'''.strip()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            GOOD,
            f"### BEGIN SOLUTION\n{GOOD.replace('### ', '# ')}\n### END SOLUTION",
            "do not pair",
        ),
        (
            GOOD,
            "### BEGIN SOLUTION\ndef halve(x):\n    return x / 2\n### END SOLUTION",
            "the region hides the line that begins def halve",
        ),
        (
            "class Halver(Base):",
            "### BEGIN SOLUTION\ndef more(x): ...\n### END SOLUTION\nclass Halver(Base):",
            "the region hides the line that begins def more",
        ),
        (
            'def __call__(self, x):\n        """Half of x."""\n        ### BEGIN SOLUTION',
            '### BEGIN SOLUTION\n    def __call__(self, x):\n        """Half of x."""',
            "the region hides the line that begins def Halver.__call__",
        ),
        (
            '"""Half of x."""\n    ### BEGIN SOLUTION',
            '### BEGIN SOLUTION\n    """Half of x."""',
            "the stub of def halve lost or changed its docstring",
        ),
        (
            "def halve(x: float, *, by=2) -> float:",
            "### BEGIN SOLUTION\ndef halve(x: float, *, by=2) -> float:\n### END SOLUTION",
            "its stub is not Python",
        ),
        (
            "@staticmethod",
            "if True:\n    pass\n### BEGIN SOLUTION\n@staticmethod\n### END SOLUTION",
            "the stub of def halve lost or changed its decorators",
        ),
    ],
)
def test_a_stub_that_lost_its_signature_is_refused(old, new, message):
    notebook = lesson()
    cell_of(notebook, "halve").source = GOOD
    assert not list(exercises(notebook))
    bad = copy.deepcopy(notebook)
    assert old in GOOD
    cell_of(bad, "halve").source = GOOD.replace(old, new, 1)
    problems = list(exercises(bad))
    assert any(message in problem for problem in problems), problems


def test_a_stub_whose_arguments_differ_is_refused():
    """Two definitions, one in the region: the solution's is the last, the stub's the first."""
    notebook = lesson()
    cell_of(notebook, "halve").source = (
        "def halve(x):\n    pass\n### BEGIN SOLUTION\ndef halve(x, y):\n    return x\n"
        "### END SOLUTION"
    )
    assert [p.split(": ")[1] for p in exercises(notebook)] == [
        "the stub of def halve lost or changed its arguments"
    ]


def test_the_stub_of_a_solution_is_python_with_the_same_head():
    cell = new_code_cell(GOOD)
    namespace = {"Base": object}
    exec(released_source(cell), namespace)
    with pytest.raises(NotImplementedError):
        namespace["halve"](1)
    with pytest.raises(NotImplementedError):
        namespace["Halver"]()(1)
