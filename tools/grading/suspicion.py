"""What a person should look at in a submission; it never costs points by itself."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nbformat import NotebookNode

from tools.grading.likeness import alike
from tools.grading.releases import Release
from tools.grading.table import Graded
from tools.grading.tasks import id_of, tasks_of
from tools.needed import is_too_intricate, python_of
from tools.verdicts import is_test

# What reaches past the answer: into IPython, other people's data, the test that is running.
NAMES = {
    **dict.fromkeys(("get_ipython", "InteractiveShell"), "IPython's inside"),
    **dict.fromkeys(("sqlite3", "ctypes"), "a module that no exercise needs"),
    **dict.fromkeys(
        ("_getframe", "currentframe", "_current_frames", "_current_exceptions"), "frames"
    ),
    **dict.fromkeys(("f_back", "f_locals", "f_globals", "f_builtins", "f_code"), "frames"),
    **dict.fromkeys(("gi_frame", "cr_frame", "ag_frame", "tb_frame", "tb_next"), "frames"),
    **dict.fromkeys(("settrace", "setprofile", "addaudithook", "monitoring"), "frames"),
    **dict.fromkeys(("__traceback__", "last_traceback", "last_value", "last_exc"), "frames"),
    **dict.fromkeys(("__code__", "co_consts", "linecache"), "code"),
    **dict.fromkeys(("get_objects", "get_referrers", "__subclasses__"), "all objects of Python"),
    **dict.fromkeys(("__dict__", "__getattribute__", "attrgetter"), "names made up at run time"),
    **dict.fromkeys(("__builtins__", "import_module"), "names made up at run time"),
}
# As names of their own only: `re.compile` and `network.eval` are something else.
BUILT_INS = {"eval", "exec", "compile", "__import__", "globals", "vars"}
MODULES = {
    *("sqlite3", "ctypes", "linecache", "inspect", "gc", "IPython", "importlib", "builtins"),
    *("signal", "threading", "_thread", "asyncio", "traceback", "dis", "faulthandler", "mmap"),
}
PLACES = ("/proc", "/etc/", "gradebook", ".ipynb")
# What %magics and !commands become: a learner may well time something.
MAGICS = {"run_line_magic", "run_cell_magic", "system", "getoutput"}


def notes_of(notebook: NotebookNode, source: NotebookNode) -> list[str]:
    """Notes on a submission, mended; `source` is the lesson with its solutions."""
    known = {cell.source for cell in source.cells}
    cells = list(enumerate(notebook.cells, start=1))
    code = [(k, c) for k, c in cells if c.cell_type == "code" and not is_test(c)]
    imported = _imported([cell for _, cell in code])
    titles = {name: task.title for task in tasks_of(source) for name in task.answers}
    notes = []
    for number, cell in code:
        tree = _tree(cell.source)
        if tree is None and is_too_intricate(cell.source):
            notes.append(f"cell {number} is too intricate to be looked through: look at it")
        if cell.source in known or tree is None:
            continue
        notes += [f"cell {number} uses {what}: look at it" for what in sorted(set(_reaches(tree)))]
        if id_of(cell) in titles:
            notes += [
                f"{titles[id_of(cell)]}: the answer only calls {name} of the course"
                for name in _only_calls(tree, imported)
            ]
    return notes


def answers_in_code(notebook: NotebookNode) -> list[str]:
    """The answers in code of a notebook."""
    marks = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    return [c.source for c, m in marks if c.cell_type == "code" and m.get("solution")]


def with_likeness(graded: Sequence[Graded], releases: Mapping[str, Release]) -> list[Graded]:
    """The submissions, with a note on those whose answers are suspiciously equal."""
    notes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, release in releases.items():
        answers = {g.handed.student: g.written for g in graded if g.handed.assignment == name}
        known = [*answers_in_code(release.source), *answers_in_code(release.released)]
        for one, other, share in alike(answers, known):
            text = "{} % of what is its own is also in the answers of {}: look at both"
            notes[one, name].append(text.format(round(100 * share), other))
            notes[other, name].append(text.format(round(100 * share), one))
    return [
        replace(g, notes=(*g.notes, *notes[g.handed.student, g.handed.assignment])) for g in graded
    ]


def _tree(source: str) -> ast.Module | None:
    code = python_of(source)
    return ast.parse(code) if code is not None else None


def _reaches(tree: ast.Module) -> Iterator[str]:
    """What a cell reaches for that no answer needs."""
    magic = {
        id(node.value.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in MAGICS
        and isinstance(node.value, ast.Call)
    }
    for node in ast.walk(tree):
        name = getattr(node, "id", None) or getattr(node, "attr", None)
        if name in NAMES and id(node) not in magic:
            yield f"{name} ({NAMES[name]})"
        elif isinstance(name, str) and name.startswith("course_"):
            yield f"{name} (the course's own answer)"
        elif isinstance(node, ast.Name) and name in BUILT_INS:
            yield f"{name} (names made up at run time)"
        elif isinstance(node, ast.Call) and _gets_a_made_up_name(node):
            yield "getattr with a name made up at run time"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
            names = [n for n in names if n != "IPython.display"]  # which lessons show pictures with
            yield from (f"the module {n}" for n in names if n.split(".")[0] in MODULES)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (f"the place {p}" for p in PLACES if p in node.value)


def _gets_a_made_up_name(call: ast.Call) -> bool:
    """Is it `getattr` of anything but a name that stands there?"""
    if not isinstance(call.func, ast.Name) or call.func.id != "getattr" or len(call.args) < 2:
        return False
    name = call.args[1]
    return not (isinstance(name, ast.Constant) and name.value not in NAMES)


def _imported(cells: Sequence[NotebookNode]) -> dict[str, str]:
    """Names that a notebook imports from `helpers`, but for checks: what they are there."""
    found = {}
    for cell in cells:
        tree = _tree(cell.source)
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helpers":
                found |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                found |= {
                    a.asname or "helpers": a.name
                    for a in node.names
                    if a.name.split(".")[0] == "helpers"
                }
    return found


def _only_calls(tree: ast.Module, imported: dict[str, str]) -> Iterator[str]:
    """Functions of the course that an answer hands everything to."""
    for node in tree.body:
        value = None
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if len(body) == 1 and isinstance(body[0], ast.Return):
                value = body[0].value
        elif isinstance(node, ast.Assign):
            value = node.value.body if isinstance(node.value, ast.Lambda) else node.value
        called = value.func if isinstance(value, ast.Call) else value
        root = called
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id in imported:
            yield ast.unparse(called)
