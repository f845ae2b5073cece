"""How a submission is run: each exercise by itself, in a box, and without believing its kernel.

For each test, only the cells that it needs are run (`tools.needed`); then those of the course's
imports that the test uses, so that no name of the student's stands in its way; then the visible
part of the test, and last, out of reach, its hidden part (`tools.outside`). Points depend on
whether the test raised, and on nothing that was printed. A kernel that dies is started again for
the next one.

Before and after each test something is run that *must* fail: the test of an answer that nobody
wrote. A submission whose kernel says that it passed is not believed in anything.
"""

import ast
import math
import secrets
import time
from contextlib import suppress
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from traitlets import Bool, Unicode

from tools import exchange, outside
from tools.needed import (
    builtins_used,
    imports_of,
    names_changed,
    names_defined,
    names_used,
    needed_cells,
    python_of,
)
from tools.patient import Patient, Stopped
from tools.verdicts import (
    DOUBT,
    NOT_BELIEVED,
    NOT_RUN,
    STOPPED,
    UNPREPARED,
    errors_of,
    failure,
    id_of,
    is_test,
    only_the_verdict,
)

USELESS = ("lambda *values, **named: None", "lambda *values, **named: values", "None")


GUARD = Path(__file__).with_name("guard.py").read_text()
MODULE = "__import__('sys').modules[{name!r}]"
EXCHANGE = Path(exchange.__file__).read_text()
INSTALL = """\
_ = __import__("types").ModuleType({name!r})
exec({exchange!r}, _.__dict__)
exec({source!r}, _.__dict__)
_.keep()
_.calm()
_.forgive()
__import__("sys").modules[{name!r}] = _
del _"""


class Examine(Patient):
    """nbgrader's executor, in which each exercise stands alone and no kernel is believed."""

    release_folder = Unicode(help="where ASSIGNMENT/ASSIGNMENT.ipynb are, as handed out").tag(
        config=True
    )
    full = Bool(False, help="run every cell, not only those that a test needs").tag(config=True)

    def preprocess(self, nb, resources=None, km=None):  # nbconvert's hook
        self.begin(nb, resources, km)
        name = resources["nbgrader"]["assignment"]
        self._released = nbformat.read(Path(self.release_folder, name, f"{name}.ipynb"), 4).cells
        self._imports = imports_of(self._released)
        self._doubtful = False
        tests = [i for i, cell in enumerate(nb.cells) if is_test(cell)]
        for test in tests:
            nb.cells[test].metadata = {"nbgrader": nb.cells[test].metadata["nbgrader"]}
            nb.cells[test].outputs = [failure(NOT_RUN, NOT_RUN)]
        while tests and not self._late():
            with self.setup_kernel():
                tests = self._examine_while_alive(tests)
        for test in tests:
            why = f"the notebook took more than {self.total} s"
            nb.cells[test].outputs = [failure(STOPPED, f"not run: {why}")]
        if self._doubtful:
            for cell in filter(is_test, nb.cells):
                cell.outputs = [failure(NOT_BELIEVED, DOUBT)]
        return self.nb, self.resources

    def _examine_while_alive(self, tests: list[int]) -> list[int]:
        """Examine tests, by number, until the kernel is gone; what is left of them."""
        self._guard = f"_{secrets.token_hex(8)}"
        self.forget()
        install = INSTALL.format(name=self._guard, source=GUARD, exchange=EXCHANGE)
        try:
            first = [self._aside(self._imports)]
            first += [self._aside(install)]
        except Stopped as reason:
            raise RuntimeError(f"the course's own imports could not be run: {reason}") from reason
        for error in (error for cell in first for error in errors_of(cell)):  # nothing was run yet
            raise RuntimeError(f"the course's own imports fail: {error.ename}: {error.evalue}")
        self._patience = 0
        for done, test in enumerate(tests):
            if self._late():
                return tests[done:]
            started = time.monotonic()
            cell = self.nb.cells[test]
            try:
                self._examine(test)
            except Stopped as reason:
                errors = [o for o in cell.outputs if o.get("ename") == STOPPED]
                cell.outputs = errors or [failure(NOT_RUN, f"not run: {reason}")]
                return tests[done + 1 :]
            finally:
                cell.metadata["seconds"] = round(time.monotonic() - started, 2)
        return []

    def _examine(self, test: int) -> None:
        """Run a test and what it needs. Raises Stopped if the kernel does not survive it."""
        cells = self.nb.cells
        for number in self._needed(test):
            self._run(number)
        source = cells[test].source
        names, hidden, imports = self._outside(test)
        visible = source if imports is None else outside.parts(source)[0]
        nothing = self._nothing_written(id_of(cells[test]))
        word = secrets.token_hex(8)
        must_fail = [f"raise AssertionError({word!r})", f"{nothing}\n{visible}"]
        before = secrets.randbelow(2)
        self._must_fail(must_fail[0], word if not before else "")
        beside = outside.set_apart(hidden)[1].values()
        if not self._restore(source if imports is None else "\n".join([visible, *beside])):
            cells[test].outputs = [failure(NOT_RUN, UNPREPARED)]
            return
        self._run(test, visible)
        only_the_verdict(cells[test], replied_ok=self._replied_ok)
        if imports is not None and not errors_of(cells[test]):
            self._run_hidden(test, hidden, imports, names)
        self._aside(f"{MODULE.format(name=self._guard)}.give_back(globals())")
        if visible.strip():
            self._must_fail(must_fail[1], "")
        if before:
            self._must_fail(must_fail[0], word)

    def _restore(self, code: str) -> bool:
        """Put back the imports and built-ins that code uses, and no other: the rest is an answer's.

        Returns whether it could be done.
        """
        code = python_of(code) or ""
        wanted = [ast.unparse(one) for one in ast.parse(self._imports).body]
        wanted = [one for one in wanted if names_defined(one) & names_used(code)]
        self._aside("\n".join(wanted))
        guard, builtin = MODULE.format(name=self._guard), sorted(builtins_used(code))
        return not errors_of(self._aside(f"{guard}.restore({builtin}, globals())"))

    def _outside(self, test: int) -> tuple[set[str], str, str | None]:
        """The answers' names in a test's hidden part; that part; and the imports that it needs.

        Without imports: it cannot be run but where the answer is.
        """
        hidden = outside.parts(self.nb.cells[test].source)[1]
        codes = [python_of(cell.source) or "" for cell in self._answers(id_of(self.nb.cells[test]))]
        answers = set().union(*map(names_defined, codes))
        if not hidden.strip() or outside.is_magic(hidden):
            return set(), "", None
        needed = outside.imports_for(hidden, self._imports, answers)
        return answers & names_used(hidden), hidden, needed

    def _run_hidden(self, test: int, hidden: str, imports: str, names: set[str]) -> None:
        """Run the hidden part of a test out of its answers' reach, if it can be."""
        cell = self.nb.cells[test]
        self._until = time.monotonic() + self.timeout
        try:
            error = outside.run(hidden, imports, names, self._ask)
            cell.outputs += [error] if error else []
        except exchange.Unsendable:
            printed = cell.outputs
            self._restore(hidden)
            self._run(test, hidden)
            only_the_verdict(cell, replied_ok=self._replied_ok)
            cell.outputs = [*printed, *cell.outputs]
        finally:
            self._until = math.inf

    def _ask(self, call: str, given: bytes) -> bytes:
        """Have a call run in the kernel, with a file of what is given; the file that it leaves."""
        path = self.km.leave(f"ask-{secrets.token_hex(8)}", given)
        guard = MODULE.format(name=self._guard)
        call = call.format(path=repr(str(path)), guard=guard)
        try:
            for error in errors_of(self._beside(f"{guard}.{call}")):
                raise outside.Asked.of(error)
            return exchange.read(f"{path}-answer")
        finally:
            for used in (path, Path(f"{path}-answer")):
                with suppress(OSError):
                    used.unlink()

    def _needed(self, test: int) -> list[int]:
        """The cells to run before a test: those that it needs and that are not as they were."""
        cells = self.nb.cells
        if self.full:
            numbers = [i for i in range(test) if cells[i].cell_type == "code"]
            return [i for i in numbers if not is_test(cells[i]) and i not in self._ran]
        wanted = {id_of(cell) for cell in self._answers(id_of(cells[test]))}
        answers = {i for i in range(test) if id_of(cells[i]) in wanted}  # also if they set nothing
        stale, anew = [], set()
        for number in sorted({*needed_cells(cells, test), *answers}):
            code = python_of(cells[number].source) or ""
            names = names_defined(code)
            is_fresh = number in self._ran and all(self._set_by.get(n) == number for n in names)
            # What is set anew must be changed anew, too: by `a.append(1)` in a cell of its own.
            if not is_fresh or names_changed(code) & anew:
                stale.append(number)
                anew |= names
        return stale

    def _answers(self, grade_id: str) -> list[NotebookNode]:
        """The answer cells, as handed out, that a test needs."""
        cells = self._released
        numbers = [i for i, c in enumerate(cells) if is_test(c) and id_of(c) == grade_id]
        needed = needed_cells(cells, numbers[0]) if numbers else []
        return [cells[i] for i in needed if cells[i].metadata.get("nbgrader", {}).get("solution")]

    def _nothing_written(self, grade_id: str) -> str:
        """Code that puts something useless in the place of the answers that a test needs."""
        lines = []
        for cell in self._answers(grade_id):
            for name in sorted(names_defined(python_of(cell.source) or "")):
                lines.append(f"{name} = {secrets.choice(USELESS)}")
                self._set_by[name] = -1
        return "\n".join(lines)

    def _must_fail(self, source: str, word: str) -> None:
        errors = errors_of(self._aside(source))
        if not errors or (word and not any(word in error.evalue for error in errors)):
            self._doubtful = True
