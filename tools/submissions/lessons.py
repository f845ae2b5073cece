"""Which lesson is it? By what is in a notebook, and where that says nothing, by its name."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from nbformat import NotebookNode

SHORTEST_SOURCE = 20  # characters; what is shorter may be in any notebook


class Lessons:
    """The lessons of a course, as handed out, by name."""

    def __init__(self, released: Mapping[str, NotebookNode]) -> None:
        self.names = sorted(released)
        self._grade_ids, self._ids, self._sources = {}, {}, {}
        for name, notebook in released.items():
            for cell in notebook.cells:
                if grade_id := cell.metadata.get("nbgrader", {}).get("grade_id"):
                    self._grade_ids.setdefault(grade_id, set()).add(name)
                self._ids.setdefault(cell.get("id"), set()).add(name)
                if len(cell.source.strip()) >= SHORTEST_SOURCE:
                    self._sources.setdefault(cell.source.strip(), set()).add(name)

    def by_content(self, notebook: NotebookNode) -> Counter[str]:
        """How many of a notebook's cells belong to each lesson, and to no other."""
        votes: Counter[str] = Counter()
        for cell in notebook.cells:
            marks = cell.metadata.get("nbgrader", {})
            for known, value in (
                (self._grade_ids, marks.get("grade_id") if isinstance(marks, dict) else None),
                (self._ids, cell.get("id")),
                (self._sources, cell.source.strip()),
            ):
                if isinstance(value, str) and len(known.get(value, ())) == 1:
                    votes.update(known[value])
                    break
        return votes

    def by_name(self, file: str) -> str | None:
        """The lesson that a file's name means: `Ada_04-FCN (1).ipynb.txt` is 04_fcn."""
        return named_like(file, self.names)

    def of(self, notebook: NotebookNode, file: str) -> tuple[str | None, str]:
        """The lesson that a notebook belongs to, or None; and what has to be said about it."""
        votes, named = self.by_content(notebook), self.by_name(file)
        best = votes.most_common(2)
        if not best:
            known = ", ".join(self.names)
            why = "" if named else f"the course has no such notebook, but {known}"
            return named, why
        if len(best) == 2 and best[0][1] == best[1][1]:
            if named in (best[0][0], best[1][0]):
                return named, ""
            return None, f"it has as many cells of {best[0][0]} as of {best[1][0]}"
        lesson = best[0][0]
        if named and named != lesson:
            return lesson, f"named like {named}, but its cells are those of {lesson}"
        return lesson, ""


def named_like(file: str, lessons: Iterable[str]) -> str | None:
    """The one lesson whose name is in a file's name, whatever stands around and between.

    >>> named_like("turing_12345_6789_04-FCN (1).IPYNB.txt", ["04_fcn", "05_heatmaps"])
    '04_fcn'
    """
    letters = _letters(re.split(r"\.ipynb|\.json|\.txt", file, flags=re.IGNORECASE)[0])
    found = sorted((one for one in lessons if _letters(one) in letters), key=len)
    if found and all(_letters(one) in _letters(found[-1]) for one in found):
        return found[-1]
    return None


def _letters(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())
