"""Answers in words: written out to be read by a person, whose marks are read back in."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from tools.exercises import is_in_words

COLUMNS = ("student", "assignment", "grade_id", "max_points", "answer", "points", "comment")
FORMULA_STARTS = tuple("=+-@\t\r")


class BadMarks(Exception):
    """A file of marks that cannot be used; the message says which line, and why."""


@dataclass(frozen=True)
class Answer:
    """What a student wrote; spaces and line ends may differ from the notebook's."""

    student: str
    assignment: str
    grade_id: str
    max_points: float
    text: str


@dataclass(frozen=True)
class Mark:
    """What a person gave for an answer."""

    grade_id: str
    points: float
    comment: str = ""


Marks = dict[Answer, Mark]


def cell_text(text: str) -> str:
    """A text as a spreadsheet should get it: one line, and never taken for a formula."""
    text = " ".join(text.split())
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def answers_in_words(
    notebook: NotebookNode, student: str, assignment: str, wanted: Iterable[str]
) -> list[Answer]:
    """The answers in words of a submission whose grade_id is `wanted`, in its order."""
    return [
        Answer(student, assignment, marks.grade_id, float(marks.points), cell_text(cell.source))
        for cell in notebook.cells
        if is_in_words(cell) and (marks := cell.metadata.nbgrader).grade_id in wanted
    ]


def write_answers(path: Path, answers: Iterable[Answer], marks: Marks) -> None:
    """Write one line for each answer, with the points it has already; without any, a blank."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for one in answers:
            mark = marks.get(one)
            given = (f"{mark.points:g}", cell_text(mark.comment)) if mark else ("", "")
            row = (one.student, one.assignment, one.grade_id, f"{one.max_points:g}", one.text)
            writer.writerow([*row, *given])


def read_marks(path: Path) -> Marks:
    """The answers that have points in a file written by `write_answers`, and the points.

    Raises BadMarks if the file is something else, or if points are no number from 0 to the most.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if missing := set(COLUMNS) - set(reader.fieldnames or ()):
                raise BadMarks(f"{path}: no column {', '.join(sorted(missing))}")
            rows = list(reader)
    except (OSError, UnicodeError, csv.Error) as error:
        raise BadMarks(f"{path} cannot be read as a table (CSV, UTF-8): {error}") from error
    marks = {}
    for line, row in enumerate(rows, start=2):
        if not (row["points"] or "").strip():
            continue
        try:
            most = float(row["max_points"])
            points = float(row["points"].replace(",", "."))
        except ValueError:
            raise BadMarks(f"{path}, row {line}: {row['points']!r} is not a number") from None
        if not 0 <= points <= most:
            raise BadMarks(f"{path}, row {line}: {points:g} is not between 0 and {most:g} points")
        text = cell_text(row["answer"] or "")
        answer = Answer(row["student"], row["assignment"], row["grade_id"], most, text)
        marks[answer] = Mark(row["grade_id"], points, row["comment"] or "")
    return marks
