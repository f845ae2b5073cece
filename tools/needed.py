"""Which cells does a test need? Found by the names that cells set and use; nothing is run."""

import ast
import builtins
import functools
import symtable
from collections.abc import Sequence

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

LONGEST = 100_000  # characters of a cell that somebody may have written


@functools.lru_cache(maxsize=1000)  # most cells of a class are the course's
def python_of(source: str) -> str | None:
    """A cell's code, IPython's magics translated; None if it is not Python, or endless."""
    if len(source) > LONGEST:
        return None
    try:
        code = TransformerManager().transform_cell(source)
        symtable.symtable(code, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return code


def names_defined(code: str) -> set[str]:
    """The global names that code sets: by assignment, import, def, class, for, with.

    >>> sorted(names_defined("import a.b as c; d, e = 1, lambda: [f for f in c]"))
    ['c', 'd', 'e']
    """
    symbols = symtable.symtable(code, "cell", "exec").get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}


def names_used(code: str, *, late: bool | None = None) -> set[str]:
    """The global names that code reads, but for built-ins.

    `late`: only those that functions read, which is when they are called; False: only those that
    are read at once.

    >>> names_used("def f(a): b = 1; return a + b + c")
    {'c'}
    """
    used: set[str] = set()
    tables = [symtable.symtable(code, "cell", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        at_once = table.get_type() == "module"
        if late is None or late != at_once:
            symbols = [s for s in table.get_symbols() if s.is_referenced()]
            used |= {s.get_name() for s in symbols if at_once or s.is_global()}
    return used - set(dir(builtins))


def builtins_used(code: str) -> set[str]:
    """The built-in names that code reads.

    >>> sorted(builtins_used("assert all(x == abs(y) for x in z)"))
    ['abs', 'all']
    """
    return {n.id for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name)} & set(dir(builtins))


def names_replaced(code: str) -> set[str]:
    """The global names that code sets whatever happens: what they were before does not matter."""
    replaced: set[str] = set()
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            replaced.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            replaced |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Assign):
            replaced |= {
                t.id
                for target in node.targets
                for t in ast.walk(target)
                if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)
            }
    return replaced


def names_changed(code: str) -> set[str]:
    """Names whose objects code changes at its top level: `a.b = 1`, `a[0] = 1`, `a.append(1)`."""
    changed: set[str] = set()
    for statement in ast.parse(code).body:
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            targets = [statement.value.func]
        for target in targets:
            while isinstance(target, ast.Attribute | ast.Subscript):
                target = target.value
                if isinstance(target, ast.Name):
                    changed.add(target.id)
    return changed


def needed_cells(cells: Sequence[NotebookNode], test: int) -> list[int]:
    """The numbers of the code cells before cell `test` that it needs, in order, without itself.

    Backwards from the test: a cell is needed if it sets, or changes, a name that is used by what is
    needed so far. What is not Python is needed by nobody.
    """
    code = python_of(cells[test].source)
    at_test = names_used(code) if code else set()
    while True:
        found = _needed_for(cells[:test], at_test)
        # What needed functions read when they are called may be set after them.
        late = set().union(*(names_used(code, late=True) for code in found.values()))
        if late <= at_test:
            return sorted(found)
        at_test |= late


def _needed_for(cells: Sequence[NotebookNode], wanted: set[str]) -> dict[int, str]:
    """The cells, by number, that set the names `wanted` after the last of them; and their code."""
    found = {}
    modules = names_defined(imports_of(cells))  # `torch.manual_seed(0)` changes no `torch`
    for number, cell in reversed(list(enumerate(cells))):
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type != "code" or (marks.get("grade") and not marks.get("solution")):
            continue
        code = python_of(cell.source)
        if code is not None and (names_defined(code) | names_changed(code) - modules) & wanted:
            found[number] = code
            wanted = (wanted - names_replaced(code)) | names_used(code, late=False)
    return found


def imports_of(cells: Sequence[NotebookNode]) -> str:
    """All import statements at the top level of code cells, one after the other."""
    lines = []
    for cell in cells:
        code = python_of(cell.source) if cell.cell_type == "code" else None
        for node in ast.parse(code).body if code else ():
            if isinstance(node, ast.Import | ast.ImportFrom):
                lines.append(ast.unparse(node))
    return "\n".join(dict.fromkeys(lines))
