"""All that a class handed in, each student's notebook for each lesson ready to be graded."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from nbformat import NotebookNode

from tools.spreadsheet import defuse
from tools.submissions.entries import Refused
from tools.submissions.lessons import Lessons
from tools.submissions.reader import Damaged, looks_like_notebook, read_notebook
from tools.submissions.students import File, Student, students_in
from tools.submissions.versions import NOT_GRADED, NOT_USED, FileLine, Submission, Version, choose

KINDS = {
    ".doc .docx .odt .rtf .pages": "a text document",
    ".pdf": "a PDF",
    ".py .pyw": "a Python file",
    ".html .htm .mhtml": "a web page",
    ".png .jpg .jpeg .gif .webp .bmp .tif .tiff .svg .heic": "a picture",
    ".tar .gz .tgz .bz2 .xz .7z .rar": "an archive that is no zip",
    ".md .rst": "a text",
}
MOST_LINES = 5  # in a note


@dataclass
class HandedIn:
    """All that was found in a folder."""

    students: list[str]
    submissions: list[Submission]
    files: list[FileLine]

    def missing(self, student: str) -> str:
        """Why a student has no grade for a lesson: the note of that line."""
        lines = [line for line in self.files if line.student == student]
        if any(line.assignment for line in lines):
            return "not handed in"
        if not lines:
            return "handed in nothing"
        told = [f"{line.file}: {line.reason}" for line in lines[:MOST_LINES]]
        more = len(lines) - len(told)
        return f"handed in no notebook ({'; '.join(told)}{f'; and {more} more' if more else ''})"


def collect(folder: Path, released: Mapping[str, NotebookNode], into: Path) -> HandedIn:
    """Everything that was handed in, each student's notebook for each lesson ready to be graded.

    Args:
        folder: holds STUDENT/NOTEBOOK.ipynb, however deep; or what Moodle or Canvas write.
        released: the course's notebooks as they were handed out, by name.
        into: an empty folder, where the notebooks to be graded are written.

    Raises:
        FileNotFoundError: there is no such folder, or no notebook of the course in it.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    (into / "read").mkdir(parents=True)
    lessons = Lessons(released)
    students, lines = set(), []
    versions: dict[tuple[str, str], list[Version]] = {}
    for student in students_in(folder):
        students |= {student.name} - {""}
        for found in _look_through(student, lessons, released, into / "read"):
            if isinstance(found, FileLine):
                lines.append(found)
            else:
                versions.setdefault((found.student, found.lesson), []).append(found)
    submissions = []
    for (_, lesson), found in sorted(versions.items()):
        one, told = choose(found, released[lesson], into / f"{len(submissions) + 1}.ipynb")
        submissions.append(one)
        lines += told
    lines.sort(key=lambda line: (line.student, line.file))
    if not submissions:
        why = [f"{line.file}: {line.reason}" for line in lines[:20]]
        at_top = " (there are notebooks right inside it)" if any(folder.glob("*.ipynb")) else ""
        expected = f"no submissions in {folder}{at_top}: expected {folder}/STUDENT/NOTEBOOK.ipynb"
        raise FileNotFoundError("\n".join([expected, *why]))
    return HandedIn(sorted(students), submissions, lines)


def write_files(path: Path, lines: list[FileLine]) -> None:
    """Write a table of what became of each file."""
    with open(path, "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(one.name for one in fields(FileLine))
        writer.writerows([defuse(text) for text in astuple(line)] for line in lines)


def _look_through(
    student: Student, lessons: Lessons, released: Mapping[str, NotebookNode], into: Path
) -> Iterator[FileLine | Version]:
    """A student's files, one by one: notebooks of the course, and lines about the others."""
    for file in student.files:
        try:
            version, notebook = _look_at(file, student.name, lessons)
            if notebook is not None:
                version.keep(notebook, released[version.lesson], into)
            yield version
        except (Refused, Damaged) as reason:
            state = NOT_GRADED if _is_named(file) else NOT_USED
            yield FileLine(student.name, file.shown, "", state, str(reason))
        except Exception as error:  # whatever it is, it is one file of one student
            why = f"cannot be read: {type(error).__name__}: {str(error)[:120]}"
            yield FileLine(student.name, file.shown, "", NOT_GRADED, why)


def _look_at(file: File, student: str, lessons: Lessons) -> tuple[Version, NotebookNode | None]:
    """A notebook of the course, and what is in it, or None if that cannot be read.

    Raises Refused or Damaged if it is something else, or if nobody knows for what lesson.
    """
    if not _is_named(file) and (kind := _kind_of(file)):
        raise Refused(file.entry.refusal or f"{kind}, not a notebook")
    try:
        data = file.entry.read()
        if not _is_named(file) and not looks_like_notebook(data):
            raise Refused("not a notebook")
        notebook, remarks = read_notebook(data)
        lesson, remark = lessons.of(notebook, file.name)
        if lesson is None:
            raise Refused(remark)
    except (Refused, Damaged) as error:
        lesson = lessons.by_name(file.name) if _is_named(file) else None
        why = f"damaged notebook: {error}" if isinstance(error, Damaged) else str(error)
        if not lesson or not student:
            raise Refused(why) from error
        return Version(student, lesson, file, [why]), None
    if not student:
        raise Refused("whose is it? Put it into a folder that is named like the student")
    remarks = [*([remark] if remark else []), *remarks]
    if file.name != f"{lesson}.ipynb" and not remark:
        remarks.insert(0, f"handed in as {file.name}")
    if file.late:
        remarks.append("late, by its name")
    return Version(student, lesson, file, remarks), notebook


def _is_named(file: File) -> bool:
    """Does its name say that it is a notebook?"""
    return ".ipynb" in file.name.lower()


def _kind_of(file: File) -> str:
    if "_onlinetext" in file.shown:
        return "a text typed into Moodle"
    kinds = (
        kind for ends, kind in KINDS.items() if file.name.lower().endswith(tuple(ends.split()))
    )
    return next(kinds, "")
