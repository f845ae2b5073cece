"""A submission's marked cells, made those of the release again."""

import copy
import re
from collections import defaultdict

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbformat.validator import normalize

from tools.exercises import TEXT_STUB, is_in_words
from tools.submissions.entries import readable
from tools.submissions.written import put_together

DEFINITION = re.compile(r"^(?:async )?(?:def|class) (\w+)", re.MULTILINE)


def mend(submitted: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """A submission whose marked cells are those of the release, each once; and what was amiss.

    The marks (ids, points, locks) are always the release's. A cell that lost its marks is known by
    its id or its content. A test cell that is missing is put back behind the cell that came before
    it; of several copies the last counts, but answers in words are put together. A marked cell that
    does not belong here becomes an ordinary one. A missing answer is only reported. An answer that
    was made text, or code, by mistake is what the release says; an empty one in words is the stub.
    """
    originals = {c.metadata.nbgrader.grade_id: c for c in release.cells if "nbgrader" in c.metadata}
    cells = list(submitted.cells)
    copies, remarks = _claimed(cells, release, originals)
    place = None  # of the marked cell before
    for grade_id, original in originals.items():
        solution, words = original.metadata.nbgrader.solution, is_in_words(original)
        what = "answer" if solution else "test"
        if copies[grade_id]:
            copies[grade_id] = [_like(original, one, cells) for one in copies[grade_id]]
            cell = copies[grade_id][-1]
            cell.metadata.nbgrader = copy.deepcopy(original.metadata.nbgrader)
            place = _place(cells, cell)
            if len(copies[grade_id]) > 1 and not words:
                times = len(copies[grade_id])
                remarks.append(f"{what} cell {grade_id} is there {times} times: the last counts")
        elif solution and not words:
            remarks.append(f"answer cell {grade_id} is missing")
        else:
            place = _where_it_was(cells, original, release) if words else place
            place = len(cells) if place is None else place + 1
            cells.insert(place, copy.deepcopy(original))
            copies[grade_id] = [cells[place]]
            done = "is missing" if words else "was missing: put back"
            remarks.append(f"{what} cell {grade_id} {done}")
    for grade_id, original in originals.items():
        if is_in_words(original):
            remarks += put_together(cells, copies[grade_id], original, release)
    _make_ids_unique(cells)
    mended = nbformat.from_dict(submitted | {"cells": cells, "metadata": release.metadata})
    return normalize(mended, version=4, version_minor=5)[1], remarks


def _claimed(
    cells: list[NotebookNode], release: NotebookNode, originals: dict[str, NotebookNode]
) -> tuple[dict[str, list[NotebookNode]], list[str]]:
    """The cells of each grade_id, their marks taken off; and what was amiss."""
    by_cell_id = {cell.id: grade_id for grade_id, cell in originals.items()}
    copies: dict[str, list[NotebookNode]] = defaultdict(list)
    strange, loose = [], []
    handed_out = {cell.source.strip() for cell in release.cells if "nbgrader" not in cell.metadata}
    for cell in cells:
        marks = cell.metadata.pop("nbgrader", None)
        grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
        if grade_id not in originals:
            if grade_id is not None:
                strange.append(f"cell {readable(str(grade_id))} does not belong to this notebook")
            grade_id = by_cell_id.get(cell.id)
        if grade_id is not None:
            copies[grade_id].append(cell)
        elif cell.source.strip() not in handed_out:
            loose.append(cell)
    for grade_id, original in originals.items():
        if not copies[grade_id]:
            alike = [cell for cell in loose if _is_like(original, cell)]
            copies[grade_id] += alike[-1:]
            loose = [cell for cell in loose if cell not in alike[-1:]]
    return copies, strange


def _is_like(original: NotebookNode, cell: NotebookNode) -> bool:
    """Does a cell without marks hold what the original asks for?"""
    if is_in_words(original):
        question = original.source.replace(TEXT_STUB, "").strip()
        return bool(question) and question in cell.source
    if not original.metadata.nbgrader.solution:
        return cell.source.strip() == original.source.strip()
    wanted = set(DEFINITION.findall(original.source))
    return bool(wanted) and wanted <= set(DEFINITION.findall(cell.source))


def _like(original: NotebookNode, cell: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    """A submitted cell as one of the original's type, in its place among `cells`."""
    if is_in_words(original) and not cell.source.strip() and not cell.get("attachments"):
        cell.source = original.source
    if cell.cell_type == original.cell_type:
        return cell
    new = new_code_cell if original.cell_type == "code" else new_markdown_cell
    place = _place(cells, cell)
    cells[place] = new(cell.source, id=cell.id, metadata=cell.metadata)
    if original.cell_type != "code" and "attachments" in cell:
        cells[place].attachments = cell.attachments
    return cells[place]


def _place(cells: list[NotebookNode], cell: NotebookNode) -> int:
    return next(i for i, other in enumerate(cells) if other is cell)


def _where_it_was(
    cells: list[NotebookNode], original: NotebookNode, release: NotebookNode
) -> int | None:
    """The place of the last cell that stands before the original in the release."""
    for before in reversed(release.cells[: _place(release.cells, original)]):
        for place in reversed(range(len(cells))):
            cell = cells[place]
            if cell.get("id") == before.id or cell.source.strip() == before.source.strip():
                return place
    return None


def _make_ids_unique(cells: list[NotebookNode]) -> None:
    """The later of two cells with one id gets another, always the same."""
    seen: set[str] = set()
    for number, cell in enumerate(cells, start=1):
        if cell.get("id") in seen:
            cell.id = f"again-{number}"
        seen.add(cell.get("id"))
