"""Which cells does a test need? Found by the names that cells set and use; nothing is run."""

import ast
import builtins
import functools
import re
import symtable
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

LONGEST = 100_000  # characters of a cell that somebody may have written


# Each magic costs IPython a look at the whole cell, and at five hundred it gives up.
MOST_MAGICS = 50
MAGIC = re.compile(
    r"^(?:>>> |\.{3} |In \[\d+\]: )?[ \t\f]*[%!?/,;]|=[\\\s]*[%!]|\?[ \t\f]*$", re.MULTILINE
)
DEEPEST = 200  # expressions in expressions; looking through them recurses
# What follows these is run as if they were not there.
TIMED_CELL = re.compile(r"\s*%%(?:time|capture|prun)\b.*\n")
TIMED_LINE = re.compile(
    r"^([ \t]*)%time[ \t]+(?:--no-raise-error[ \t]+)?(\S(?:\\\n|.)*)", re.MULTILINE
)
SETS_MORE = re.compile(r"run_line_magic\('run'|run_cell_magic\('(?:write)?file'")
COMPREHENSIONS = {"listcomp", "setcomp", "dictcomp", "genexpr"}  # as symtable calls them
BUILT_INS = set(dir(builtins))
UNREADABLE = (SyntaxError, ValueError, RuntimeError, MemoryError)


@functools.lru_cache(maxsize=1000)  # most cells of a class are the course's
def python_of(source: str) -> str | None:
    """A cell's code, IPython's magics translated; None if it is not Python, or too intricate."""
    if len(source) > LONGEST:
        return None
    with suppress(*UNREADABLE):
        return _look_through(source)
    return None


def is_too_intricate(source: str) -> bool:
    """Is a cell, which may well run, more than can be looked through?"""
    try:
        _look_through(source)
    except (SyntaxError, ValueError):
        return False
    except UNREADABLE:
        return True
    return False


def _look_through(source: str) -> str:
    """A cell's code. Raises SyntaxError or ValueError if it is none, else what is UNREADABLE."""
    while found := TIMED_CELL.match(source):
        source = source[found.end() :]
    return _translated(TIMED_LINE.sub(_untimed, source))


def _untimed(line: re.Match) -> str:
    """What %time runs; the line as it stands if that is no Python: what is above it is run."""
    with suppress(SyntaxError, ValueError):
        _translated(line[2])
        return line[1] + line[2]
    return line[0]


def _translated(source: str) -> str:
    """Code without IPython's magics. Raises what `_look_through` does."""
    if _tree(source) is None:
        if len(MAGIC.findall(source)) > MOST_MAGICS:
            raise RuntimeError("too many magics")
        source = TransformerManager().transform_cell(source)
    symtable.symtable(source, "cell", "exec")
    if _is_deep(ast.parse(source)):
        raise RecursionError("expressions too deep in expressions")
    return source


def _tree(code: str) -> ast.Module | None:
    with suppress(*UNREADABLE):
        symtable.symtable(code, "cell", "exec")
        return ast.parse(code)
    return None


def _is_deep(tree: ast.AST) -> bool:
    level = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return bool(level)


def names_defined(code: str) -> set[str]:
    """The global names that code sets: by assignment, import, def, class, for, with.

    >>> sorted(names_defined("import a.b as c; d, e = 1, lambda: [f for f in c]"))
    ['c', 'd', 'e']
    """
    return {
        symbol.get_name()
        for table, _ in _tables(code)
        for symbol in table.get_symbols()
        if (symbol.is_assigned() or symbol.is_imported())
        and (table.get_type() == "module" or symbol.is_declared_global())
    }


def _tables(code: str) -> Iterator[tuple[symtable.SymbolTable, bool]]:
    """The names of code, and of its functions and classes; and whether each is run at once."""
    tables = [(symtable.symtable(code, "cell", "exec"), True)]
    while tables:
        table, at_once = tables.pop()
        for child in table.get_children():
            not_called = child.get_type() == "class" or child.get_name() in COMPREHENSIONS
            tables.append((child, at_once and not_called))
        yield table, at_once


def names_used(code: str, *, late: bool | None = None, builtin: bool = False) -> set[str]:
    """The global names that code reads, but for built-ins, unless `builtin`.

    `late`: only those that functions read, which is when they are called; False: only those that
    are read at once.

    >>> names_used("def f(a): b = 1; return a + b + c")
    {'c'}
    """
    used: set[str] = set()
    for table, at_once in _tables(code):
        if late is None or late != at_once:
            symbols = [s for s in table.get_symbols() if s.is_referenced()]
            used |= {s.get_name() for s in symbols if s.is_global()}
    return used if builtin else used - BUILT_INS


def builtins_used(code: str) -> set[str]:
    """The built-in names that code reads.

    >>> sorted(builtins_used("assert all(x == abs(y) for x in z)"))
    ['abs', 'all']
    """
    return {n.id for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Name)} & BUILT_INS


def names_replaced(code: str) -> set[str]:
    """The global names that code sets whatever happens: what they were before does not matter."""
    body = ast.parse(code).body
    replaced = _functions(body)
    for node in body:
        if isinstance(node, ast.Assign):
            replaced |= {
                t.id
                for target in node.targets
                for t in ast.walk(target)
                if isinstance(t, ast.Name) and isinstance(t.ctx, ast.Store)
            }
    return replaced


def names_changed(code: str) -> set[str]:
    """Names whose objects code changes, but in functions: `a.b = 1`, `a[0] = 1`, `a.append(1)`."""
    changed: set[str] = set()
    for statement in _statements(ast.parse(code)):
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            targets = [statement.value.func]
        for target in targets:
            while isinstance(target, ast.Attribute | ast.Subscript):
                target = target.value
                if isinstance(target, ast.Name):
                    changed.add(target.id)
    return changed


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """What is run at once, also in loops and branches."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.expr):
            yield from _statements(node)


def _functions(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that statements give to functions and classes, or import."""
    found: set[str] = set()
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
    return found


def sets_more(code: str) -> bool:
    """Does code set what does not stand there: `from a import *`, `%run a.py`, `%%writefile`?"""
    return "*" in names_replaced(code) or bool(SETS_MORE.search(code))


def needed_cells(cells: Sequence[NotebookNode], test: int) -> list[int]:
    """The numbers of the code cells before cell `test` that it needs, in order, without itself.

    Backwards from the test: a cell is needed if it sets, or changes, a name that is used by what is
    needed so far; and if it sets nobody knows what. What is not Python is needed by nobody.
    """
    code = python_of(cells[test].source)
    at_test = names_used(code) if code else set()
    while True:
        found = _needed_for(cells[:test], at_test)
        # What needed functions read when they are called may be set after them.
        late = set().union(*(names_used(code, late=True, builtin=True) for code in found.values()))
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
        if code is None:
            continue
        names = names_defined(code) | names_changed(code) - modules
        # A function may have a built-in's name; `sum = 0` in some other cell is a slip.
        names -= BUILT_INS - _functions(_statements(ast.parse(code)))
        if sets_more(code) or names & wanted:
            found[number] = code
            wanted = (wanted - names_replaced(code)) | names_used(code, late=False, builtin=True)
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
