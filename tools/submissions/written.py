"""Where an answer in words may stand: in its cell, in several, or below the stub."""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from tools.exercises import TEXT_STUB

LONGEST = 30_000  # characters of an answer, which a spreadsheet takes in one cell
HEADING = re.compile(r"\s*#{1,6} ")


def put_together(
    cells: list[NotebookNode],
    copies: list[NotebookNode],
    original: NotebookNode,
    release: NotebookNode,
) -> Iterator[str]:
    """Write into the last of the cells of an answer what a student wrote for it anywhere.

    That is: in copies of the cell (it was split); right below it in cells of one's own; and where
    the cell was left as it was, in own cells and in texts of the lesson, down to the next exercise
    or heading, and right above. Yields what has to be said. Other cells stay as they are.
    """
    answer = copies[-1]
    places = [i for i, cell in enumerate(cells) if any(cell is one for one in copies)]
    untouched = all(is_stub(one, original) for one in copies)
    texts = {i: cells[i].source for i in places if not is_stub(cells[i], original)}
    known = _Known(release)
    for place in range(places[-1] + 1, len(cells)):
        own, text, ends = known.look(cells[place], anywhere=untouched)
        if text:
            texts[place] = text
        if ends or (not own and not untouched):
            break
    if untouched and not texts:
        for place in reversed(range(places[0])):
            own, text, _ = known.look(cells[place], anywhere=True)
            if text:
                texts[place] = text
            if not own:
                break
    if not texts:
        answer.source = original.source  # nbgrader takes another space for an answer
        return
    pictures: dict = {}
    parts = [_with_pictures(texts[place], cells[place], pictures) for place in sorted(texts)]
    text = "\n\n".join(dict.fromkeys(part.strip("\n") for part in parts))
    answer.source = text if len(text) <= LONGEST else f"{text[:LONGEST]}\n\n(cut here: too long)"
    if pictures:
        answer.attachments = pictures
    if list(texts) != [places[-1]]:
        where = f"in {len(texts)} cells" if len(texts) > 1 else "in a copy of its cell"
        where = "below or above its cell" if untouched else where
        yield f"the answer {original.metadata.nbgrader.grade_id} stood {where}: put together"


class _Known:
    """What of a notebook is the lesson's, and what the student's own."""

    def __init__(self, release: NotebookNode) -> None:
        self._by_id = {cell.id: cell for cell in release.cells}
        self._sources = {cell.source.strip() for cell in release.cells}

    def look(self, cell: NotebookNode, *, anywhere: bool) -> tuple[bool, str, bool]:
        """Is it the student's own cell; what is written in it; does an answer end here?"""
        if "nbgrader" in cell.metadata:
            return False, "", True
        source = cell.source.strip()
        if source in self._sources:
            return False, "", bool(HEADING.match(source)) and cell.cell_type == "markdown"
        lesson = self._by_id.get(cell.get("id"))
        if lesson is None:
            text = source or ("\n" if cell.get("attachments") else "")
            return True, text if _is_text(cell, anywhere) else "", False
        if cell.cell_type == "code":
            return False, "", False
        ends = bool(HEADING.match(lesson.source))
        return False, _added(source, lesson.source) if anywhere else "", ends


def is_stub(cell: NotebookNode, original: NotebookNode) -> bool:
    """Was an answer's cell left as it was handed out?"""
    if cell.get("attachments"):
        return False
    texts = (original.source.split(), TEXT_STUB.split(), [])
    return cell.source.split() in texts


def _is_text(cell: NotebookNode, anywhere: bool) -> bool:
    """Is it words, also in a code cell? `anywhere`: when in doubt, it is."""
    if cell.cell_type != "code":
        return True
    try:
        code = ast.parse(cell.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    # "Yes" is Python, too; so are comments, and a text in quotes.
    does_something = (ast.stmt, ast.Call)
    return not code.body or (
        anywhere
        and not any(
            isinstance(n, does_something) and not isinstance(n, ast.Expr) for n in ast.walk(code)
        )
    )


def _added(source: str, before: str) -> str:
    """What was written into a text of the lesson."""
    lines = {line.strip() for line in before.split("\n")}
    added = [line for line in source.split("\n") if line.strip() not in lines]
    return "\n".join(added).strip()


def _with_pictures(text: str, cell: NotebookNode, pictures: dict) -> str:
    """A cell's text, its attachments moved to `pictures` under names that are still free."""
    for name, kinds in cell.get("attachments", {}).items():
        free = name
        while free in pictures and pictures[free] != kinds:
            free = f"more-{free}"
        pictures[free] = kinds
        text = text.replace(f"attachment:{name}", f"attachment:{free}")
        if f"attachment:{free}" not in text:
            text += f"\n\n![a picture](attachment:{free})"
    return text
