"""grades.csv: a line for each student and lesson, in the same bytes each time."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from tools.grading.results import IN_WORDS, Exercise, Result
from tools.spreadsheet import defuse
from tools.submissions import HandedIn, Submission
from tools.words import Answer, Mark, Marks, mark_for

GRADED, UNREAD, NOT_GRADED, MISSING = "graded", "not yet read", "not graded", "not handed in"
Given = dict[str, Mark]  # a person's marks for one submission, by grade_id


@dataclass(frozen=True)
class Grade:
    """One line of grades.csv."""

    student: str
    assignment: str
    score: str
    max_score: str
    needs_manual_grading: str = "0"  # the points of answers that nobody has read yet
    status: str = GRADED
    note: str = ""


@dataclass(frozen=True)
class Graded:
    """A submission, what grading said of it, and what a person gave for its words."""

    handed: Submission
    result: Result
    answers: tuple[Answer, ...] = ()
    marks: tuple[tuple[str, Mark], ...] = ()
    notes: tuple[str, ...] = ()  # for a person to look at
    written: str = ""  # its answers in code

    @property
    def exercises(self) -> list[tuple[Exercise, float | None, str]]:
        """Each exercise with its points, and a person's comment; None: not yet read."""
        marks = dict(self.marks)
        return [
            (one, marks[one.grade_id].points, marks[one.grade_id].comment)
            if one.grade_id in marks
            else (one, one.points, "")
            for one in self.result.exercises
        ]

    @property
    def problem(self) -> str:
        """Why it could not be graded."""
        return self.handed.problem or self.result.refused

    @property
    def score(self) -> float:
        """The points so far."""
        return sum(points or 0 for _, points, _ in self.exercises)

    @property
    def waiting(self) -> float:
        """The points of answers in words that nobody has read yet."""
        return sum(one.max_points for one, points, _ in self.exercises if points is None)

    @property
    def line(self) -> Grade:
        """Its line of grades.csv."""
        status = NOT_GRADED if self.problem else UNREAD if self.waiting else GRADED
        remarks = [*self.handed.remarks, *self.result.remarks, *self.notes]
        if self.problem:
            remarks.insert(0, f"not graded: {self.problem}")
        return Grade(
            self.handed.student,
            self.handed.assignment,
            f"{self.score:g}",
            f"{self.result.max_score:g}",
            f"{self.waiting:g}",
            status,
            "; ".join(remarks),
        )


def with_words(
    handed: Submission, result: Result, answers: Iterable[Answer], marks: Marks
) -> Graded:
    """A graded submission with the marks that a person gave for its answers in words."""
    answers = tuple(answers)
    waiting = {one.grade_id for one in result.exercises if one.outcome == IN_WORDS}
    given = {
        answer.grade_id: mark
        for answer in answers
        if (mark := mark_for(answer, marks)) and answer.grade_id in waiting
    }
    return Graded(handed, result, answers, tuple(sorted(given.items())))


def lines(handed_in: HandedIn, most: dict[str, float], graded: Iterable[Graded]) -> list[Grade]:
    """A line for each student and each lesson of `most`, sorted."""
    there = {(one.handed.student, one.handed.assignment): one.line for one in graded}
    return [
        there.get((student, name))
        or Grade(student, name, "0", f"{most[name]:g}", "0", MISSING, handed_in.missing(student))
        for student in sorted(handed_in.students)
        for name in sorted(most)
    ]


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table; no cell of it is taken for a formula."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8", errors="replace") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([defuse(str(cell)) for cell in row] for row in rows)


def write_grades(path: Path, grades: Iterable[Grade]) -> None:
    """Write grades.csv."""
    write_csv(path, [field.name for field in fields(Grade)], map(astuple, grades))
