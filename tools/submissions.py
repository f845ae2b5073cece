"""What students hand in: found, read and mended before it is graded."""

import copy
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbformat.validator import normalize

from tools.exercises import is_in_words

LARGEST_FILE = 50 * 2**20


@dataclass(frozen=True)
class Submission:
    """One notebook of one student; the assignment is named like the notebook."""

    student: str
    assignment: str
    path: Path


def find_submissions(folder: Path, assignments: Iterable[str]) -> tuple[list[Submission], list]:
    """The submissions in FOLDER/STUDENT/, and what was not one of them, in words.

    Takes FOLDER/STUDENT/NOTEBOOK.ipynb and nbgrader's FOLDER/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb.
    Raises FileNotFoundError, with the layout that is expected, if there is none.
    """
    assignments = sorted(assignments)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is not a folder")
    found: dict[tuple[str, str], Submission] = {}
    remarks = []
    for path in sorted(_notebooks_in(folder), key=lambda path: (len(path.parts), path)):
        student = path.relative_to(folder).parts[0]
        if path.stem not in assignments:
            known = ", ".join(assignments)
            remarks.append(f"skipped {path}: the course has no such notebook, but {known}")
        elif (student, path.stem) in found:
            first = found[student, path.stem].path
            remarks.append(f"skipped {path}: {first} is graded, and there can be only one")
        else:
            found[student, path.stem] = Submission(student, path.stem, path)
    if not found:
        at_top = " (there are notebooks right inside it)" if any(folder.glob("*.ipynb")) else ""
        raise FileNotFoundError(
            "\n".join(
                [
                    f"no submissions in {folder}{at_top}: expected {folder}/STUDENT/NOTEBOOK.ipynb",
                    *remarks,
                ]
            )
        )
    return sorted(found.values(), key=lambda one: (one.student, one.assignment)), remarks


def _notebooks_in(folder: Path) -> Iterator[Path]:
    for pattern in ("*/*.ipynb", "*/*/*.ipynb"):
        for path in folder.glob(pattern):
            if not any(part.startswith(".") for part in path.relative_to(folder).parts):
                yield path


def read_submission(path: Path) -> NotebookNode:
    """A submitted notebook without its outputs. Raises ValueError, whatever is wrong with it."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ValueError(f"larger than {LARGEST_FILE // 2**20} MiB")
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        notebook = normalize(notebook, version=4, version_minor=5)[1]
        notebook.nbformat_minor = 5
        nbformat.validate(notebook)
    except Exception as error:  # whatever a student hands in must not stop the others
        reason = str(error).strip().splitlines()
        raise ValueError(
            f"damaged notebook: {type(error).__name__}: {reason[0][:120] if reason else ''}"
        ) from error
    return notebook


def mend(submitted: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """A submission whose marked cells are those of the release, each once; and what was amiss.

    The marks (ids, points, locks) are always the release's. A test cell that is missing is put back
    behind the cell that came before it; of several copies the last counts; a marked cell that
    does not belong here becomes an ordinary one. A missing answer is only reported. An answer that
    was made text, or code, by mistake is what the release says; an empty one in words is the stub.
    """
    originals = {c.metadata.nbgrader.grade_id: c for c in release.cells if "nbgrader" in c.metadata}
    by_cell_id = {cell.id: grade_id for grade_id, cell in originals.items()}
    copies: dict[str, list[NotebookNode]] = defaultdict(list)
    remarks = []
    for cell in submitted.cells:
        marks = cell.metadata.pop("nbgrader", None)
        grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
        if grade_id not in originals:
            if grade_id is not None:
                remarks.append(f"cell {grade_id} does not belong to this notebook")
            grade_id = by_cell_id.get(cell.id)
        if grade_id is not None:
            copies[grade_id].append(cell)
    cells = list(submitted.cells)
    place = None  # of the marked cell before
    for grade_id, original in originals.items():
        what = "answer" if original.metadata.nbgrader.solution else "test"
        if copies[grade_id]:
            cell = _like(original, copies[grade_id][-1], cells)
            cell.metadata.nbgrader = copy.deepcopy(original.metadata.nbgrader)
            place = next(i for i, other in enumerate(cells) if other is cell)
            if len(copies[grade_id]) > 1:
                times = len(copies[grade_id])
                remarks.append(f"{what} cell {grade_id} is there {times} times: the last counts")
        elif original.metadata.nbgrader.solution:
            remarks.append(f"{what} cell {grade_id} is missing")
        else:
            place = len(cells) if place is None else place + 1
            cells.insert(place, copy.deepcopy(original))
            remarks.append(f"{what} cell {grade_id} was missing: put back")
    mended = nbformat.from_dict(submitted | {"cells": cells, "metadata": release.metadata})
    return normalize(mended, version=4, version_minor=5)[1], remarks


def _like(original: NotebookNode, cell: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """A submitted cell as one of the original's type, in its place among `cells`."""
    if is_in_words(original) and not cell.source.strip():
        cell.source = original.source
    if cell.cell_type == original.cell_type:
        return cell
    new = new_code_cell if original.cell_type == "code" else new_markdown_cell
    place = next(i for i, other in enumerate(cells) if other is cell)
    cells[place] = new(cell.source, id=cell.id, metadata=cell.metadata)
    return cells[place]
