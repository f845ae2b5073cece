"""Answers in words: written out to be read by a person, whose marks are read back in."""

import base64
import binascii
import csv
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from tools.exercises import is_in_words
from tools.spreadsheet import as_text, defuse, restored, table_of
from tools.submissions.reader import decoded
from tools.submissions.written import LONGEST, is_stub

COLUMNS = ("student", "assignment", "grade_id", "max_points", "answer", "points", "comment")
MORE_COLUMNS = ("picture", "key")
NOT_YET_READ = "not yet read"
LINKED = re.compile(r"!\[[^\]\n]{0,300}\]\((?!attachment:)([^)\n]{1,300})\)")
BEGINNINGS = {"png": b"\x89PNG", "jpeg": b"\xff\xd8", "gif": b"GIF8", "webp": b"RIFF"}
# Bounded, as LINKED, since a student wrote what is searched: the time would grow with its square.
ATTACHED = re.compile(
    r"!\[[^\]\n]{0,300}\]\(attachment:[^)\n]{0,300}\)|<img[^>]{0,300}attachment:[^>]{0,300}>"
)


class BadMarks(Exception):
    """A file of marks that cannot be used; the message says which line, and why."""


@dataclass(frozen=True)
class Picture:
    """A picture in an answer: its kind ("png"), and its bytes, which nobody has looked at."""

    kind: str
    data: bytes


@dataclass(frozen=True)
class Answer:
    """What a student wrote."""

    student: str
    assignment: str
    grade_id: str
    max_points: float
    text: str
    pictures: tuple[Picture, ...] = ()

    @property
    def key(self) -> str:
        """A short name of this answer, which another text, or student, does not have."""
        drawn = [hashlib.sha256(picture.data).hexdigest() for picture in self.pictures]
        return _key(self.student, self.assignment, self.grade_id, self.text, *drawn)


@dataclass(frozen=True)
class Mark:
    """What a person gave for an answer."""

    grade_id: str
    points: float
    comment: str = ""


Marks = dict[str, Mark]  # by the answer's key


def answers_in_words(
    mended: NotebookNode, released: NotebookNode, student: str, assignment: str
) -> list[Answer]:
    """The answers in words of a mended submission, but for those left as they were handed out."""
    originals = {
        cell.metadata.nbgrader.grade_id: cell for cell in released.cells if is_in_words(cell)
    }
    answers = []
    for cell in filter(is_in_words, mended.cells):
        marks = cell.metadata.nbgrader
        original = originals.get(marks.grade_id)
        if original is not None and not is_stub(cell, original):
            text, pictures = _paragraphs(cell.source), tuple(_pictures(cell))
            answer = Answer(
                student, assignment, marks.grade_id, float(marks.points), text, pictures
            )
            answers.append(answer)
    return answers


def mark_for(answer: Answer, marks: Marks) -> Mark | None:
    """What a person gave for an answer; None if nobody has read it yet."""
    mark = marks.get(answer.key)
    fits = mark and mark.grade_id == answer.grade_id and mark.points <= answer.max_points
    return mark if fits else None


def write_answers(path: Path, answers: Iterable[Answer], marks: Marks) -> None:
    """Write one line for each answer, with the points it has already; without any, a blank.

    For a spreadsheet: it knows the encoding by the mark at the beginning, takes no cell for a
    formula, and no student's number for a number. Pictures are written beside it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow([*COLUMNS, *MORE_COLUMNS])
        for one in answers:
            mark = mark_for(one, marks)
            given = (f"{mark.points:g}", defuse(mark.comment)) if mark else ("", "")
            text = one.text[:LONGEST] + (" … (cut here)" if len(one.text) > LONGEST else "")
            names = map(as_text, (one.student, one.assignment, one.grade_id))
            pictures = "; ".join(_write_pictures(path.parent / "pictures", one))
            row = (*names, f"{one.max_points:g}", defuse(text), *given)
            writer.writerow([*row, defuse(pictures), one.key])


def read_marks(path: Path) -> Marks:
    """The marks in a file written by `write_answers` and filled in, in whatever program.

    With commas, semicolons or tabs, UTF-8, UTF-16 or Windows' letters, decimal points or commas.
    Raises BadMarks if the file is something else, or if points are no number from 0 to the most.
    """
    try:
        data = path.read_bytes()
        rows = table_of(decoded(data), COLUMNS)
    except (OSError, csv.Error) as error:
        raise BadMarks(f"{path} cannot be read as a table (CSV): {error}") from error
    if data.startswith(b"PK\x03\x04"):
        raise BadMarks(f"{path} is a workbook: save its table as CSV")
    if missing := set(COLUMNS) - set(rows[0] if rows else ()):
        raise BadMarks(f"{path}: no column {', '.join(sorted(missing))}")
    marks: Marks = {}
    for line, row in enumerate(rows[1:], start=2):
        row = dict(zip(rows[0], map(restored, row), strict=False))
        row = dict.fromkeys((*COLUMNS, *MORE_COLUMNS), "") | row
        if not row["points"].strip():
            continue
        most, points = _number(row["max_points"]), _number(row["points"])
        if most is None or points is None:
            wrong = row["points"] if points is None else row["max_points"]
            raise BadMarks(f"{path}, row {line}: {wrong!r} is not a number")
        if not 0 <= points <= most:
            raise BadMarks(f"{path}, row {line}: {points:g} is not between 0 and {most:g} points")
        names = (row["student"], row["assignment"], row["grade_id"])
        key = row["key"].strip() or _key(*names, row["answer"])
        mark = Mark(row["grade_id"].strip(), points, row["comment"].strip())
        if marks.setdefault(key, mark) != mark:
            raise BadMarks(f"{path}, row {line}: another line gives the same answer other points")
    return marks


def _number(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def _key(student: str, assignment: str, grade_id: str, text: str, *more: str) -> str:
    """Ten letters and digits that no spreadsheet takes for a number; spaces do not matter."""
    words = [student, assignment, grade_id, " ".join(text.split()), *more]
    return f"w{hashlib.sha256(json.dumps(words).encode()).hexdigest()[:10]}"


def _paragraphs(text: str) -> str:
    """A text with its paragraphs, without spaces at line ends, and without attachments' names."""
    numbers = iter(range(1, text.count("attachment:") + 1))
    text = ATTACHED.sub(lambda _: f"[picture {next(numbers)}]", text)
    lines = [line.rstrip() for line in text.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _pictures(cell: NotebookNode) -> Iterator[Picture]:
    for kinds in cell.get("attachments", {}).values():
        for kind, data in kinds.items():
            kind = kind.removeprefix("image/")
            try:
                data = base64.b64decode(data)
            except (binascii.Error, ValueError, TypeError):
                continue
            if data.startswith(BEGINNINGS.get(kind, b"\x00nothing")):
                yield Picture(kind, data)


def _write_pictures(folder: Path, answer: Answer) -> Iterator[str]:
    """Write an answer's pictures into `folder`; where they are, from beside it."""
    for number, picture in enumerate(answer.pictures, start=1):
        folder.mkdir(exist_ok=True)
        name = f"{answer.key}-{number}.{picture.kind}"
        (folder / name).write_bytes(picture.data)
        yield f"has a picture: {folder.name}/{name}"
    if answer.text.count("[picture ") > len(answer.pictures):
        yield "has a picture that is only in the notebook"
    for found in LINKED.finditer(answer.text):
        yield f"shows a file: {found[1]}"
