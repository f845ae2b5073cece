"""How a submission is run: each exercise by itself, in a box, and without believing its kernel.

For each test, only the cells that it needs are run (`tools.needed`); then the course's own imports,
so that no name of the student's stands in their way; then the test. Points depend on whether the
test raised, and on nothing that was printed. A kernel that dies is started again for the next one.

Before and after each test something is run that *must* fail: the test of an answer that nobody
wrote. A submission whose kernel says that it passed is not believed in anything.
"""

import secrets
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.preprocessors import Execute
from traitlets import Bool, Integer, Unicode

from tools.boxed_kernel import BoxedKernelManager, LimitedKernelManager
from tools.needed import builtins_used, imports_of, names_defined, needed_cells, python_of

STOPPED, NOT_RUN, NOT_BELIEVED = "KernelStopped", "NotRun", "NotBelieved"
WARNED = "\nOnly a warning: it costs no points.\n"
DOUBT = (
    "this notebook's kernel reports success where there can be none: no test of it counts, until a"
    " person has read it"
)
PATIENCE = 120  # seconds at least for importing torch, on a machine that does much else
UNPREPARED = "the test could not be prepared: is a name of Python's own used for something else?"
# What a submission may print, in characters: more would take the grader's memory and time.
LARGEST_OUTPUT = 100_000
USELESS = ("lambda *values, **named: None", "lambda *values, **named: values", "None")


GUARD = Path(__file__).with_name("guard.py").read_text()
MODULE = "__import__('sys').modules[{name!r}]"
INSTALL = """\
_ = __import__("types").ModuleType({name!r})
exec({source!r}, _.__dict__)
_.keep()
__import__("sys").modules[{name!r}] = _
del _"""


class Stopped(Exception):
    """The kernel is gone; the message says why."""


class Examine(Execute):
    """nbgrader's executor, in which each exercise stands alone and no kernel is believed."""

    release_folder = Unicode(help="where ASSIGNMENT/ASSIGNMENT.ipynb are, as handed out").tag(
        config=True
    )
    boxed = Bool(True, help="run submissions in a box").tag(config=True)
    full = Bool(False, help="run every cell, not only those that a test needs").tag(config=True)
    total = Integer(600, help="seconds for a whole submission").tag(config=True)
    # A student's tag must not keep a test from being run.
    skip_cells_with_tag = Unicode("")
    shutdown_kernel = Unicode("immediate")
    # Messages may be lost in a flood; whether a test passed is in the reply.
    raise_on_iopub_timeout = Bool(False)

    def preprocess(self, nb, resources=None, km=None):  # nbconvert's hook
        self.kernel_manager_class = BoxedKernelManager if self.boxed else LimitedKernelManager
        NotebookClient.__init__(self, nb, km)
        self.reset_execution_trackers()
        self._check_assign_resources(resources)
        name = resources["nbgrader"]["assignment"]
        self._released = nbformat.read(Path(self.release_folder, name, f"{name}.ipynb"), 4).cells
        self._imports = imports_of(self._released)
        self._doubtful = False
        self._ends = time.monotonic() + self.total
        tests = [i for i, cell in enumerate(nb.cells) if is_test(cell)]
        for test in tests:
            nb.cells[test].metadata = {"nbgrader": nb.cells[test].metadata["nbgrader"]}
            nb.cells[test].outputs = [_error(NOT_RUN, NOT_RUN)]
        while tests and not self._late():
            self._set_by: dict[str, int] = {}  # which cell set a name last
            self._ran: set[int] = set()
            with self.setup_kernel():
                tests = self._examine_while_alive(tests)
        for test in tests:
            why = f"the notebook took more than {self.total} s"
            nb.cells[test].outputs = [_error(STOPPED, f"not run: {why}")]
        if self._doubtful:
            for cell in filter(is_test, nb.cells):
                cell.outputs = [_error(NOT_BELIEVED, DOUBT)]
        return self.nb, self.resources

    def setup_kernel(self, **kwargs):  # nbclient's hook
        return super().setup_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)

    def _examine_while_alive(self, tests: list[int]) -> list[int]:
        """Examine tests, by number, until the kernel is gone; what is left of them."""
        self._guard = f"_{secrets.token_hex(8)}"
        self._patience, self._latest = PATIENCE, None
        try:
            first = [self._aside(self._imports)]
            first += [self._aside(INSTALL.format(name=self._guard, source=GUARD))]
        except Stopped as reason:
            raise RuntimeError(f"the course's own imports could not be run: {reason}") from reason
        for error in (error for cell in first for error in _errors(cell)):  # nothing was run yet
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
                cell.outputs = errors or [_error(NOT_RUN, f"not run: {reason}")]
                return tests[done + 1 :]
            finally:
                cell.metadata["seconds"] = round(time.monotonic() - started, 2)
        return []

    def _late(self) -> bool:
        return time.monotonic() > self._ends

    def _get_timeout(self, cell):  # nbclient's hook
        left = self._ends - time.monotonic()
        return max(1, min(max(self.timeout, self._patience), int(left) + 1))

    def _examine(self, test: int) -> None:
        """Run a test and what it needs. Raises Stopped if the kernel does not survive it."""
        cells = self.nb.cells
        for number in self._needed(test):
            self._run(number)
        nothing = self._nothing_written(_id(cells[test]))
        word = secrets.token_hex(8)
        must_fail = [f"raise AssertionError({word!r})", f"{nothing}\n{cells[test].source}"]
        self._aside(self._imports)
        before = secrets.randbelow(2)
        self._must_fail(must_fail[0], word if not before else "")
        self._aside(self._imports)
        builtin = sorted(builtins_used(python_of(cells[test].source) or ""))
        guard = MODULE.format(name=self._guard)
        if _errors(self._aside(f"{guard}.restore({builtin}, globals())")):
            cells[test].outputs = [_error(NOT_RUN, UNPREPARED)]
            return
        self._run(test)
        only_the_verdict(cells[test], replied_ok=self._replied_ok)
        self._aside(f"{guard}.give_back(globals())")
        self._must_fail(must_fail[1], "")
        if before:
            self._must_fail(must_fail[0], word)

    def _needed(self, test: int) -> list[int]:
        """The cells to run before a test: those that it needs and that are not as they were."""
        cells = self.nb.cells
        if self.full:
            numbers = [i for i in range(test) if cells[i].cell_type == "code"]
            return [i for i in numbers if not is_test(cells[i]) and i not in self._ran]
        wanted = {_id(cell) for cell in self._answers(_id(cells[test]))}
        answers = {i for i in range(test) if _id(cells[i]) in wanted}  # also if they set nothing
        numbers = sorted({*needed_cells(cells, test), *answers})
        return [i for i in numbers if not self._is_fresh(i)]

    def _is_fresh(self, number: int) -> bool:
        code = python_of(self.nb.cells[number].source)
        names = names_defined(code) if code is not None else set()
        return number in self._ran and all(self._set_by.get(name) == number for name in names)

    def _answers(self, grade_id: str) -> list[NotebookNode]:
        """The answer cells, as handed out, that a test needs."""
        cells = self._released
        numbers = [i for i, c in enumerate(cells) if is_test(c) and _id(c) == grade_id]
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

    def _run(self, number: int) -> None:
        """Run a cell of the notebook. Raises Stopped if the kernel does not survive it."""
        cell = self.nb.cells[number]
        cell.outputs = []
        self._printed, self._replied_ok, self._latest = 0, False, number
        try:
            self.execute_cell(cell, number)
        except (DeadKernelError, CellTimeoutError) as error:
            dead = isinstance(error, DeadKernelError)
            ended = "did not end and could not be stopped"
            why = f"the kernel died in cell {number + 1}" if dead else f"cell {number + 1} {ended}"
            if self.km.stopped_for:
                why = f"the kernel was ended in cell {number + 1}: {self.km.stopped_for}"
            elif self._late():
                why = f"cell {number + 1} was stopped: the notebook took more than {self.total} s"
            cell.outputs.append(_error(STOPPED, why))
            self._kill()
            raise Stopped(why) from error
        self._ran.add(number)
        code = python_of(cell.source)
        for name in names_defined(code) if code is not None else ():
            self._set_by[name] = number

    def _aside(self, source: str) -> NotebookNode:
        """Run something that is no part of the notebook; the cell with its outputs."""
        cell = new_code_cell(source)
        self._printed = 0
        self.nb.cells.append(cell)  # nbclient wants it in its place
        try:
            self.execute_cell(cell, len(self.nb.cells) - 1, store_history=False)
            if any(error.ename == "CellTimeoutError" for error in _errors(cell)):
                self._kill()
                raise Stopped(self._still_runs())
            return cell
        except (DeadKernelError, CellTimeoutError) as error:
            self._kill()
            raise Stopped(self._ended_beside()) from error
        finally:
            self.nb.cells.pop()

    def _still_runs(self) -> str:
        """Why the kernel is busy: the cell that was run last was not to be stopped."""
        if self._latest is None:
            return "the kernel is busy"
        return self._blame(f"cell {self._latest + 1} did not end and could not be stopped")

    def _ended_beside(self) -> str:
        """Why the kernel is gone, though no cell was running: one may have left too much behind."""
        if self._latest is None or not self.km.stopped_for:
            return "the kernel died beside a test"
        number = self._latest + 1
        return self._blame(f"the kernel was ended after cell {number}: {self.km.stopped_for}")

    def _blame(self, why: str) -> str:
        """Write down with the cell that was run last why the kernel is gone; returns it."""
        self.nb.cells[self._latest].outputs = [_error(STOPPED, why)]
        return why

    def _must_fail(self, source: str, word: str) -> None:
        errors = _errors(self._aside(source))
        if not errors or (word and not any(word in error.evalue for error in errors)):
            self._doubtful = True

    def _kill(self) -> None:
        with suppress(RuntimeError):
            self.km.signal_kernel(9)

    def on_cell_executed(self, **kwargs):  # nbgrader's hook
        super().on_cell_executed(**kwargs)
        self._replied_ok = kwargs["execute_reply"]["content"]["status"] == "ok"

    def process_message(self, msg, cell, cell_index):  # nbclient's hook
        if msg["msg_type"] != "status":
            self._printed += len(str(msg["content"])) + sum(map(len, msg.get("buffers", ())))
            if self._printed > LARGEST_OUTPUT:
                return None
        return super().process_message(msg, cell, cell_index)


def is_test(cell: NotebookNode) -> bool:
    """Is this a test that is graded by running it?"""
    marks = cell.metadata.get("nbgrader", {})
    return bool(cell.cell_type == "code" and marks.get("grade") and not marks.get("solution"))


def only_the_verdict(cell: NotebookNode, *, replied_ok: bool) -> None:
    """Leave of a test's outputs only what says whether it raised, and printed text for readers.

    nbgrader takes anything on stderr for a failure, and a number for partial credit. An error may
    have been lost in a flood of outputs: without the kernel's word that all was well, it was not.
    """
    outputs = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            outputs.append(new_output("stream", name="stdout", text=output.text + WARNED))
        elif output.output_type in ("stream", "error"):
            outputs.append(output)
    if not replied_ok and not any(output.output_type == "error" for output in outputs):
        outputs.append(_error(NOT_RUN, "the test did not end as it should"))
    cell.outputs = outputs


def _id(cell: NotebookNode) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def _errors(cell: NotebookNode) -> list[NotebookNode]:
    return [output for output in cell.outputs if output.output_type == "error"]


def _error(name: str, why: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=why, traceback=[why])
