"""nbgrader, driven from Python: one temporary course, in which releases and grades are made."""

import functools
import logging
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import CheckCellMetadata, LimitOutput, SaveAutoGrades
from traitlets.config import Config
from traitlets.log import get_logger

from tools.examine import Examine
from tools.execution import kernel_environment
from tools.exercises import STUB, TEXT_STUB


@dataclass(frozen=True)
class Terms:
    """On what terms submissions are run.

    `timeout`: seconds for each cell. `total`: seconds for a whole notebook. `boxed`: in a box
    (`tools.sandbox`). `full`: all cells, not only those that a test needs.
    """

    timeout: int = 120
    total: int = 600
    boxed: bool = True
    full: bool = False


class Classroom:
    """An nbgrader course in `folder`, one assignment for each notebook, named like it.

    `released`: the folder with ASSIGNMENT/ASSIGNMENT.ipynb as handed out, if this course has not
    made it itself. Use as a context manager: inside, submitted code runs without the photographs,
    in one thread, and nbgrader finds its own commands.
    """

    def __init__(self, folder: Path, terms: Terms = Terms(), released: Path | None = None) -> None:
        self.folder, self.terms = folder, terms
        self._database = f"sqlite:///{folder / 'gradebook.db'}"
        config = Config()
        config.CourseDirectory.root = str(folder)
        config.CourseDirectory.course_id = "from-classifier-to-detector"
        config.CourseDirectory.db_url = self._database
        config.ClearSolutions.code_stub = {"python": STUB}
        config.ClearSolutions.text_stub = TEXT_STUB
        config.ExecutePreprocessor.timeout = terms.timeout
        config.ExecutePreprocessor.kernel_name = "python3"
        config.Examine.release_folder = str(released or folder / "release")
        config.Examine.boxed, config.Examine.full = terms.boxed, terms.full
        config.Examine.total = terms.total
        config.Autograde.autograde_preprocessors = [
            Examine,
            LimitOutput,
            SaveAutoGrades,
            CheckCellMetadata,
        ]
        self._config = config

    @contextmanager
    def open(self) -> Iterator["Classroom"]:
        """Set the environment of nbgrader and of all kernels, and restore it at the end."""
        before = dict(os.environ)
        os.environ.pop("MPLBACKEND", None)
        os.environ.update(kernel_environment(photographs=False, threads=1))
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before["PATH"]])
        log = get_logger()
        propagate = log.propagate
        log.propagate = False  # what nbgrader warns of is normal here; _Reasons still hears it
        log.addHandler(quiet := logging.NullHandler())
        try:
            if not (database := self.folder / "gradebook.db").exists():
                database.write_bytes(_empty_gradebook())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield self
        finally:
            log.removeHandler(quiet)
            log.propagate = propagate
            os.environ.clear()
            os.environ.update(before)

    def generate(self, notebook: Path) -> Path:
        """Make the student's version of a source notebook; returns where it lies.

        Raises RuntimeError, with nbgrader's reason, if it refuses the notebook.
        """
        source = self.folder / "source" / notebook.stem / notebook.name
        source.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(notebook, source)
        self._run(GenerateAssignment, notebook.stem)
        return self.folder / "release" / notebook.stem / notebook.name

    def submitted(self, student: str, assignment: str) -> Path:
        """Where a student's notebook must lie to be graded."""
        return self.folder / "submitted" / student / assignment / f"{assignment}.ipynb"

    def autograde(self, student: str, assignment: str) -> None:
        """Run and grade a submission, but for what a person must read. Raises RuntimeError."""
        self._run(Autograde, assignment, student)

    def autograded(self, student: str, assignment: str) -> NotebookNode:
        """A graded submission, with the outputs of what was run."""
        path = self.folder / "autograded" / student / assignment / f"{assignment}.ipynb"
        return nbformat.read(path, as_version=4)

    def points(self, student: str, assignment: str) -> dict[str, tuple[float | None, float]]:
        """The points of a graded submission, and the most: of each test and answer in words.

        None stands for what a person must read.
        """
        with Gradebook(self._database) as gradebook:
            notebook = gradebook.find_submission_notebook(assignment, assignment, student)
            return {
                one.name: (None if one.needs_manual_grade else one.auto_score, one.max_score)
                for one in notebook.grades
            }

    def _run(self, converter: type[BaseConverter], assignment: str, student: str = "*") -> None:
        course = CourseDirectory(config=self._config)
        course.assignment_id, course.student_id = assignment, student
        step = converter(coursedir=course, config=self._config)
        step.force = True
        reasons = _Reasons()
        step.log.addHandler(reasons)
        try:
            step.start()
        except (NbGraderException, SystemExit) as error:
            raise RuntimeError(reasons.last_error or str(error)) from error
        finally:
            step.log.removeHandler(reasons)


@functools.cache
def _empty_gradebook() -> bytes:
    """What a new gradebook's file holds; nbgrader starts a program of its own to make one."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "gradebook.db")
        Gradebook(f"sqlite:///{path}").close()
        return path.read_bytes()


class _Reasons(logging.Handler):
    """Keeps the last line of the first traceback that nbgrader logs: why it refused."""

    last_error = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not self.last_error and message.startswith("Traceback"):
            self.last_error = message.strip().splitlines()[-1]
