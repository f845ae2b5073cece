"""What was handed in, as grading wants it: one mended notebook for each student and lesson."""

from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.submissions import find_submissions, mend, read_submission


@dataclass(frozen=True)
class Handed:
    """One student's notebook: mended, at `path`, or what was the `problem` with it."""

    student: str
    assignment: str
    path: Path | None
    remarks: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class HandedIn:
    """Everything that a class handed in; `students` are also those with nothing usable."""

    students: list[str] = field(default_factory=list)
    submissions: list[Handed] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def collect_submissions(folder: Path, releases: dict[str, NotebookNode], into: Path) -> HandedIn:
    """All submissions in `folder`, mended and written under `into`.

    Raises FileNotFoundError, with the layout that is expected, if there is none.
    """
    found, remarks = find_submissions(folder, releases)
    handed = []
    for number, one in enumerate(found, start=1):
        try:
            notebook, said = mend(read_submission(one.path), releases[one.assignment])
            path = into / f"{number}.ipynb"
            nbformat.write(notebook, path)
            handed.append(Handed(one.student, one.assignment, path, tuple(said)))
        except ValueError as error:
            handed.append(Handed(one.student, one.assignment, None, problem=str(error)))
    return HandedIn(sorted({one.student for one in found}), handed, remarks)
