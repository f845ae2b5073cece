"""Grades for the gradebooks of Moodle and Canvas, as the tables that they import."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.grading.table import GRADED, Grade, write_csv

# Both put their number of a student behind the name: "Lovelace Ada_123456".
NUMBERED = re.compile(r"(?P<name>.*\S)_(?P<number>\d+)$", re.DOTALL)
MOODLE = ("Identifier", "Full name", "Grade", "Maximum Grade", "Feedback comments")
CANVAS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")


def write_exports(place: Path, grades: Sequence[Grade]) -> None:
    """Write moodle/ASSIGNMENT.csv and canvas.csv into the folder `place`.

    Only what is graded to the end has points there: what nobody has read yet must not count 0, and
    an empty cell leaves a gradebook as it is.
    """
    names = sorted({one.assignment for one in grades})
    for name in names:
        rows = _moodle(one for one in grades if one.assignment == name)
        write_csv(place / "moodle" / f"{name}.csv", MOODLE, rows)
    write_csv(place / "canvas.csv", [*CANVAS, *names], _canvas(grades, names))


def identity(student: str) -> tuple[str, str]:
    """A student's name, and the number that Moodle or Canvas gave; empty if there is none.

    >>> identity("Lovelace Ada_123456"), identity("Ada")
    (('Lovelace Ada', '123456'), ('Ada', ''))
    """
    found = NUMBERED.fullmatch(student)
    return (found["name"], found["number"]) if found else (student, "")


def _moodle(grades: Iterator[Grade]) -> Iterator[list[str]]:
    for one in grades:
        name, number = identity(one.student)
        identifier = f"Participant {number}" if number else ""
        yield [identifier, name, _points(one), one.max_score, one.note or one.status]


def _canvas(grades: Sequence[Grade], names: Sequence[str]) -> Iterator[list[str]]:
    most = {one.assignment: one.max_score for one in grades}
    yield ["    Points Possible", "", "", "", "", *(most[name] for name in names)]
    points = {(one.student, one.assignment): _points(one) for one in grades}
    for student in sorted({one.student for one in grades}):
        name, number = identity(student)
        yield [name, number, "", "", "", *(points.get((student, n), "") for n in names)]


def _points(grade: Grade) -> str:
    return grade.score if grade.status == GRADED else ""
