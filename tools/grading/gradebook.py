"""nbgrader's gradebook of a whole class, for whoever goes on with nbgrader: formgrader, export."""

import shutil
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from nbgrader.api import (
    Comment,
    Grade,
    Gradebook,
    Notebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)

from tools.grading.releases import Release
from tools.grading.table import Graded

# What a gradebook knows of an assignment before anybody hands it in; each after what it refers to.
TABLES = ("assignment", "notebook", "base_cell", "grade_cells", "solution_cells", "task_cells")
TABLES += ("source_cell",)


def write_gradebook(
    path: Path,
    students: Iterable[str],
    graded: Sequence[Graded],
    releases: Mapping[str, Release],
) -> None:
    """Write the gradebook of a class: what each handed in, with its points and comments.

    Points of tests are nbgrader's automatic ones, a person's are manual ones; an answer in words
    that nobody has read yet needs manual grading.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *others = [release.folder / "gradebook.db" for release in releases.values()]
    shutil.copyfile(first, path)
    with closing(sqlite3.connect(path)) as table:
        for other in others:
            table.execute("ATTACH ? AS other", [str(other)])
            for name in TABLES:
                table.execute(f"INSERT INTO {name} SELECT * FROM other.{name}")
            table.commit()
            table.execute("DETACH other")
    with Gradebook(f"sqlite:///{path}") as book, book.db.no_autoflush:
        known = {name: Student(id=name) for name in students}
        book.db.add_all(known.values())
        notebooks = {name: book.find_notebook(name, name) for name in releases}
        for one in graded:
            student, name = known[one.handed.student], one.handed.assignment
            submission = SubmittedAssignment(assignment=notebooks[name].assignment, student=student)
            _fill(SubmittedNotebook(notebook=notebooks[name], assignment=submission), one)
            book.db.add(submission)
        book.db.commit()


def _fill(submitted: SubmittedNotebook, graded: Graded) -> None:
    """Give a submission its points and comments."""
    notebook: Notebook = submitted.notebook
    exercises = {one.grade_id: (points, comment) for one, points, comment in graded.exercises}
    by_hand = dict(graded.marks)
    for cell in notebook.grade_cells:
        points, _ = exercises.get(cell.name, (0.0, ""))
        kind = "manual_score" if cell.name in by_hand else "auto_score"
        grade = Grade(cell_id=cell.id, notebook=submitted, needs_manual_grade=points is None)
        setattr(grade, kind, points)
    for cell in notebook.solution_cells:
        _, comment = exercises.get(cell.name, (0.0, ""))
        Comment(cell_id=cell.id, notebook=submitted, manual_comment=comment or None)
