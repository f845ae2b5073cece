"""What a notebook asks for: its graded cells, under their headings, with the answers to them."""

import re
from dataclasses import dataclass

from nbformat import NotebookNode

from tools.exercises import is_in_words
from tools.verdicts import id_of

HEADING = re.compile(r"^#{2,4} (.+?)\s*$", re.MULTILINE)
POINTS = re.compile(r"\s*\(\d+ points?(?P<optional>, optional)?\)$")


@dataclass(frozen=True)
class Task:
    """A test, or an answer in words: the heading above it, and the cells that answer it."""

    grade_id: str
    title: str
    max_points: float
    answers: tuple[str, ...]


def tasks_of(notebook: NotebookNode) -> list[Task]:
    """The tasks of a source notebook, in its order."""
    tasks: list[Task] = []
    heading, answers = "", ()
    for cell in notebook.cells:
        if is_graded(cell):
            answers = (id_of(cell),) if is_in_words(cell) else answers
            points = float(cell.metadata.nbgrader.points)
            tasks.append(Task(id_of(cell), heading or id_of(cell), points, answers))
        elif cell.metadata.get("nbgrader", {}).get("solution"):
            answers = (id_of(cell),)
        elif cell.cell_type == "markdown" and (found := HEADING.findall(cell.source)):
            heading = POINTS.sub(lambda match: match["optional"] or "", found[-1])
    return tasks


def is_graded(cell: NotebookNode) -> bool:
    """Is this cell worth points?"""
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))
