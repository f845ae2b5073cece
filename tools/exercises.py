"""The exercises in a notebook: nbgrader's marks and regions, and what they must be."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

MARKERS = ("SOLUTION", "HIDDEN TESTS")
VISIBLE_ONLY = "visible-tests-only"
Problems = Iterator[str]


def exercises(notebook: NotebookNode) -> Problems:
    """At least one solution cell and one graded test cell with hidden tests, rightly marked."""
    solutions = tests = 0
    for number, cell in enumerate(notebook.cells, start=1):
        marks = cell.metadata.get("nbgrader", {})
        solution, grade = marks.get("solution", False), marks.get("grade", False)
        regions = {marker: _regions(cell.source, marker) for marker in MARKERS}
        for marker, count in regions.items():
            if count is None:
                yield f"cell {number}: BEGIN {marker} and END {marker} do not pair"
        if marks and marks.get("schema_version") != 3:
            yield f"cell {number}: nbgrader's schema_version is not 3"
        if regions["SOLUTION"] and not solution:
            yield f"cell {number} holds a solution but is not marked as a solution cell"
        if regions["HIDDEN TESTS"] and not grade:
            yield f"cell {number} holds hidden tests but is not marked as a graded cell"
        if solution and regions["SOLUTION"] == 0:
            yield f"cell {number} is marked as a solution cell but shows no region to clear"
        if grade and not solution:
            tests += bool(regions["HIDDEN TESTS"])
            if regions["HIDDEN TESTS"] == 0 and VISIBLE_ONLY not in cell.metadata.get("tags", []):
                yield f"cell {number}: no hidden tests, and no tag {VISIBLE_ONLY} to say so"
            yield from _test_cell_problems(number, cell)
        solutions += bool(solution and regions["SOLUTION"])
    if not solutions:
        yield "no solution cell"
    if not tests:
        yield "no graded cell with hidden tests"


def _regions(source: str, marker: str) -> int | None:
    """How many regions of `marker` a source has; None if they do not pair up."""
    found = re.findall(rf"^\s*### (BEGIN|END) {marker}\s*$", source, re.MULTILINE)
    mentioned = source.count(f"BEGIN {marker}") + source.count(f"END {marker}")
    if len(found) != mentioned or found != ["BEGIN", "END"] * (len(found) // 2):
        return None
    return len(found) // 2


def _test_cell_problems(number: int, cell: NotebookNode) -> Problems:
    marks = cell.metadata.nbgrader
    if not marks.get("locked"):
        yield f"cell {number}: a graded test cell must be locked, or it is not restored"
    if not marks.get("points", 0) > 0:
        yield f"cell {number}: a graded test cell must be worth points"
    for output in cell.get("outputs", []):
        # nbgrader takes these as "failed" and as partial credit.
        if output.get("name") == "stderr" or output.output_type == "execute_result":
            yield f"cell {number}: a graded test cell must neither warn nor return a value"


def repeated_grade_ids(notebooks: dict[str, NotebookNode]) -> Problems:
    """Each grade_id is used once in the whole course."""
    seen: dict[str, str] = {}
    for name, notebook in notebooks.items():
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if grade_id in seen:
                yield f"{name}: grade_id {grade_id} is taken already, in {seen[grade_id]}"
            elif grade_id:
                seen[grade_id] = name


def released_source(cell: NotebookNode, stub: str) -> str:
    """What a student gets to see of a cell: its solution a stub, its hidden tests gone."""
    lines, inside = [], ""
    for line in cell.source.split("\n"):
        mark = re.fullmatch(r"(\s*)### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\s*", line)
        if mark and mark[2] == "BEGIN":
            inside = mark[3]
            if inside == "SOLUTION":
                lines += [mark[1] + text for text in stub.split("\n")]
        elif mark:
            inside = ""
        elif not inside:
            lines.append(line)
    return "\n".join(lines)
