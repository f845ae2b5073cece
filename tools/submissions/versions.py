"""Of several notebooks that one student handed in for one lesson, which one counts?"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.submissions.mending import mend
from tools.submissions.students import File

SAME_TIME = 2.0  # seconds
SUSPICIOUS = 6  # versions of one lesson
MOST_REMARKS = 8  # in a note
GRADED, NOT_GRADED, NOT_USED = "graded", "not graded", "not used"


@dataclass(frozen=True)
class Submission:
    """One notebook of one student; the assignment is named like the lesson.

    `path` is what can be graded; None if nothing could be read, and `problem` says why. `remarks`
    are what the teacher should know about it.
    """

    student: str
    assignment: str
    path: Path | None
    remarks: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class FileLine:
    """What became of a file that was handed in."""

    student: str  # "" if nobody knows whose it is
    file: str
    assignment: str  # "" if it is no notebook of the course
    state: str  # graded, not graded or not used
    reason: str = ""


@dataclass
class Version:
    """A student's notebook for a lesson, of which there may be several."""

    student: str
    lesson: str
    file: File
    remarks: list[str]
    path: Path | None = None  # as it was read; None if it could not be
    touched: bool = False  # is any answer not as it was handed out?
    digest: str = ""

    def keep(self, notebook: NotebookNode, release: NotebookNode, into: Path) -> None:
        """Write what was read of it down, until it is known which version counts."""
        handed_out = {"", *(cell.source.strip() for cell in release.cells)}
        self.touched = any(
            cell.source.strip() not in handed_out or cell.get("attachments")
            for cell in notebook.cells
        )
        text = nbformat.writes(notebook)
        self.digest = hashlib.sha256(text.encode()).hexdigest()
        self.path = into / f"{self.digest}.ipynb"
        self.path.write_text(text, encoding="utf-8")


def choose(
    versions: list[Version], release: NotebookNode, path: Path
) -> tuple[Submission, list[FileLine]]:
    """Of a student's versions of a lesson the one that counts, mended; a line for each of them."""
    best, *others = _in_order(versions)
    remarks, problem = list(best.remarks), ""
    lines = []
    if len(versions) >= SUSPICIOUS:
        remarks.append(f"{len(versions)} versions: is this the folder of several students?")
    for other in others:
        if other.path is None:
            why = other.remarks[0]
            remarks += [f"{other.file.shown}: {why}"] if best.path else []
        elif other.digest == best.digest:
            why = f"the same as {best.file.shown}"
        else:
            why = f"{best.file.shown} is graded, {_better(best, other)}"
            remarks.append(f"there is another version, {other.file.shown}: {why}")
        lines.append(FileLine(other.student, other.file.shown, other.lesson, NOT_GRADED, why))
    if best.path is None:
        problem, remarks = "; ".join(_not_too_many(remarks)), []
    else:
        try:
            mended, amiss = mend(nbformat.read(best.path, as_version=4), release)
            nbformat.validate(mended)
            path.write_text(nbformat.writes(mended), encoding="utf-8")
            remarks += amiss
        except Exception as error:  # no notebook is worth the night
            problem = f"damaged notebook: {type(error).__name__}: {str(error)[:120]}"
    remarks = _not_too_many(remarks)
    state, why = (NOT_GRADED, problem) if problem else (GRADED, "; ".join(remarks))
    lines.insert(0, FileLine(best.student, best.file.shown, best.lesson, state, why))
    path = None if problem else path
    return Submission(best.student, best.lesson, path, tuple(remarks), problem), lines


def _not_too_many(remarks: list[str]) -> list[str]:
    more = len(remarks) - MOST_REMARKS
    return [*remarks[:MOST_REMARKS], *([f"and {more} more remarks"] if more > 0 else [])]


def _in_order(versions: list[Version]) -> list[Version]:
    """First the version that counts: readable, with answers, handed in or changed last.

    Times that differ by less than two seconds, which is what a zip knows, are one: then the one
    further up, or with the shorter name, counts.
    """
    latest = max(versions, key=lambda one: (*_rank(one), one.file.entry.changed))
    together = latest.file.entry.changed - SAME_TIME

    def order(one: Version) -> tuple:
        recent = min(one.file.entry.changed, together)
        return *(-value for value in _rank(one)), -recent, len(one.file.entry.parts), _name(one)

    return sorted(versions, key=order)


def _rank(version: Version) -> tuple[bool, bool, int]:
    return version.path is not None, version.touched, version.file.number


def _name(version: Version) -> tuple[int, str]:
    return len(version.file.shown), version.file.shown


def _better(best: Version, other: Version) -> str:
    """Why one version counts and not another."""
    reasons = ("since the other cannot be read", "since the other has no answers", "as the latest")
    for mine, its, why in zip(_rank(best), _rank(other), reasons, strict=True):
        if mine != its:
            return why
    if best.file.entry.changed - other.file.entry.changed > SAME_TIME:
        return "which was changed last"
    return "which has the plainer name (both were changed at the same time)"
