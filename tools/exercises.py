"""The exercises in a notebook: nbgrader's marks and regions, and what they must be."""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

MARKERS = ("SOLUTION", "HIDDEN TESTS")
VISIBLE_ONLY = "visible-tests-only"
Problems = Iterator[str]


STUB = "# your code here\nraise NotImplementedError()"
TEXT_STUB = "*Write your answer here, in place of this line.*"
# In markdown a marker may be hidden from readers in a comment; nbgrader takes both.
MARKER_LINE = re.compile(
    r"^(\s*)(?:<!-- )?### (BEGIN|END) (SOLUTION|HIDDEN TESTS)(?: -->)?\s*$", re.MULTILINE
)


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
        if cell.cell_type == "markdown" and (solution or grade):
            yield from _words_problems(number, cell)
            continue
        if solution and grade:
            yield f"cell {number}: an answer in code is graded by a test cell of its own"
        if grade and not solution:
            tests += bool(regions["HIDDEN TESTS"])
            if regions["HIDDEN TESTS"] == 0 and VISIBLE_ONLY not in cell.metadata.get("tags", []):
                yield f"cell {number}: no hidden tests, and no tag {VISIBLE_ONLY} to say so"
            yield from _test_cell_problems(number, cell)
        if solution and regions["SOLUTION"]:
            solutions += 1
            yield from _stub_problems(number, cell)
    if not solutions:
        yield "no solution cell"
    if not tests:
        yield "no graded cell with hidden tests"


def is_in_words(cell: NotebookNode) -> bool:
    """Is this an answer in words, which only a person can grade?"""
    marks = cell.metadata.get("nbgrader", {})
    return cell.cell_type == "markdown" and marks.get("grade") and marks.get("solution")


def _regions(source: str, marker: str) -> int | None:
    """How many regions of `marker` a source has; None if they do not pair up."""
    found = [mark[2] for mark in MARKER_LINE.finditer(source) if mark[3] == marker]
    mentioned = source.count(f"BEGIN {marker}") + source.count(f"END {marker}")
    if len(found) != mentioned or found != ["BEGIN", "END"] * (len(found) // 2):
        return None
    return len(found) // 2


def _words_problems(number: int, cell: NotebookNode) -> Problems:
    """An answer in words is graded and editable, worth points, and has a model answer."""
    marks = cell.metadata.nbgrader
    if not (marks.get("grade") and marks.get("solution")):
        yield f"cell {number}: an answer in words must be marked as both graded and solution"
    if marks.get("locked"):
        yield f"cell {number}: an answer in words must not be locked"
    if not marks.get("points", 0) > 0:
        yield f"cell {number}: an answer in words must be worth points"
    hidden = set(cell.source.split("\n")) - set(released_source(cell, "", "").split("\n"))
    if not any(line.strip() and not MARKER_LINE.match(line) for line in hidden):
        yield f"cell {number}: an answer in words needs a model answer in its region"


def _stub_problems(number: int, cell: NotebookNode) -> Problems:
    """What is handed out is Python, and declares what the solution declares."""
    try:
        solved = _signatures(ast.parse(cell.source))
        stubbed = _signatures(ast.parse(released_source(cell)))
    except SyntaxError as error:
        yield f"cell {number} or its stub is not Python: {error}"
        return
    for name, signature in solved.items():
        if name not in stubbed:
            yield f"cell {number}: the region hides the line that begins {name}"
            continue
        for part, value in signature.items():
            if stubbed[name][part] != value:
                yield f"cell {number}: the stub of {name} lost or changed its {part}"
    if extra := stubbed.keys() - solved.keys():
        yield f"cell {number}: the stub has {', '.join(sorted(extra))}, the solution does not"


def _signatures(tree: ast.Module | ast.ClassDef, prefix: str = "") -> dict[str, dict]:
    """What functions, classes and their methods promise to their callers, by name."""
    found = {}
    for node in tree.body:
        name = f"{prefix}{getattr(node, 'name', '')}"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            returns = ast.unparse(node.returns) if node.returns else None
            found[f"def {name}"] = {"arguments": f"{ast.unparse(node.args)} -> {returns}"}
        elif isinstance(node, ast.ClassDef):
            found[f"class {name}"] = {"arguments": [ast.unparse(base) for base in node.bases]}
            found |= _signatures(node, f"{name}.")
        else:
            continue
        signature = found[f"{'class' if isinstance(node, ast.ClassDef) else 'def'} {name}"]
        signature["docstring"] = ast.get_docstring(node)
        signature["decorators"] = [ast.unparse(one) for one in node.decorator_list]
    return found


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


def released_source(cell: NotebookNode, stub: str = STUB, text_stub: str = TEXT_STUB) -> str:
    """What a student gets to see of a cell: its solution a stub, its hidden tests gone."""
    lines, inside = [], ""
    if cell.cell_type == "markdown":
        stub = text_stub
    for line in cell.source.split("\n"):
        mark = MARKER_LINE.fullmatch(line)
        if mark and mark[2] == "BEGIN":
            inside = mark[3]
            if inside == "SOLUTION":
                lines += [mark[1] + text for text in stub.split("\n")]
        elif mark:
            inside = ""
        elif not inside:
            lines.append(line)
    return "\n".join(lines)
