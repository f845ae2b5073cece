"""Cells run in a kernel that may die, hang, or say too much: limits, and who is to blame."""

import math
import subprocess
import time
from contextlib import suppress

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.preprocessors import Execute
from traitlets import Bool, Integer, Unicode

from tools.boxed_kernel import BoxedKernelManager, LimitedKernelManager
from tools.needed import names_defined, python_of
from tools.verdicts import STOPPED, errors_of, failure

PATIENCE = 120  # seconds at least for importing torch, on a machine that does much else
# What a submission may print, in characters: more would take the grader's memory and time.
LARGEST_OUTPUT = 100_000


class Stopped(Exception):
    """The kernel is gone; the message says why."""


class Patient(Execute):
    """nbgrader's executor, one cell at a time, with limits that hold."""

    boxed = Bool(True, help="run submissions in a box").tag(config=True)
    total = Integer(600, help="seconds for a whole submission").tag(config=True)
    # A student's tag must not keep a test from being run.
    skip_cells_with_tag = Unicode("")
    shutdown_kernel = Unicode("immediate")
    # Messages may be lost in a flood; whether a test passed is in the reply.
    raise_on_iopub_timeout = Bool(False)

    def begin(self, nb, resources, km=None):
        """Get ready for a notebook."""
        self.kernel_manager_class = BoxedKernelManager if self.boxed else LimitedKernelManager
        NotebookClient.__init__(self, nb, km)
        self.reset_execution_trackers()
        self._check_assign_resources(resources)
        self._ends = time.monotonic() + self.total

    def forget(self) -> None:
        """A new kernel: nothing was run in it."""
        self._set_by: dict[str, int] = {}  # which cell set a name last
        self._ran: set[int] = set()
        self._patience, self._latest, self._until = PATIENCE, None, math.inf

    def setup_kernel(self, **kwargs):  # nbclient's hook
        return super().setup_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kwargs)

    def _late(self) -> bool:
        return time.monotonic() > self._ends

    def _get_timeout(self, cell):  # nbclient's hook
        left = self._ends - time.monotonic()
        left = min(left, self._until - time.monotonic())
        return max(1, math.ceil(min(max(self.timeout, self._patience), left)))

    def _run(self, number: int, part: str | None = None) -> None:
        """Run a cell of the notebook, or a part of it. Raises Stopped if the kernel is gone."""
        cell = self.nb.cells[number]
        whole, cell.outputs = cell.source, []
        self._printed, self._replied_ok, self._latest = 0, False, number
        try:
            cell.source = whole if part is None else part
            self._replied_ok = not cell.source.strip()  # nbclient does not run it
            self.execute_cell(cell, number)
        except (DeadKernelError, CellTimeoutError) as error:
            dead = isinstance(error, DeadKernelError)
            ended = "did not end and could not be stopped"
            why = f"the kernel died in cell {number + 1}" if dead else f"cell {number + 1} {ended}"
            if self.km.stopped_for:
                why = f"the kernel was ended in cell {number + 1}: {self.km.stopped_for}"
            elif self._late():
                why = f"cell {number + 1} was stopped: the notebook took more than {self.total} s"
            cell.outputs.append(failure(STOPPED, why))
            self._kill()
            raise Stopped(why) from error
        finally:
            cell.source = whole
        self._ran.add(number)
        code = python_of(cell.source)
        for name in names_defined(code) if code is not None else ():
            self._set_by[name] = number

    def _aside(self, source: str) -> NotebookNode:
        """Run something short that is no part of the notebook; the cell with its outputs."""
        cell = self._beside(source)
        if any(error.ename == "CellTimeoutError" for error in errors_of(cell)):
            self._kill()
            raise Stopped(self._still_runs())
        return cell

    def _beside(self, source: str) -> NotebookNode:
        """Run something that is no part of the notebook; the cell with its outputs."""
        cell = new_code_cell(source)
        self._printed = 0
        self.nb.cells.append(cell)  # nbclient wants it in its place
        try:
            self.execute_cell(cell, len(self.nb.cells) - 1, store_history=False)
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
        self.nb.cells[self._latest].outputs = [failure(STOPPED, why)]
        return why

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
