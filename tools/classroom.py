"""nbgrader, driven from Python: one temporary course, in which releases and grades are made."""

import logging
import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute
from traitlets.config import Config
from traitlets.log import get_logger

from tools.examine import NOT_BELIEVED, STOPPED, Examine
from tools.execution import kernel_environment
from tools.exercises import STUB, TEXT_STUB
from tools.words import Mark


class Classroom:
    """An nbgrader course in `folder`, one assignment for each notebook, named like it.

    `timeout`: seconds for each cell of a submission. `boxed`: run submissions in a box
    (`tools.sandbox`). `full`: run all their cells. Use as a context manager: inside, submitted
    code runs without the photographs, and nbgrader finds its own commands.
    """

    def __init__(
        self, folder: Path, *, timeout: int = 120, boxed: bool = True, full: bool = False
    ) -> None:
        self.folder, self.timeout = folder, timeout
        self._database = f"sqlite:///{folder / 'gradebook.db'}"
        config = Config()
        config.CourseDirectory.root = str(folder)
        config.CourseDirectory.course_id = "from-classifier-to-detector"
        config.CourseDirectory.db_url = self._database
        config.ClearSolutions.code_stub = {"python": STUB}
        config.ClearSolutions.text_stub = TEXT_STUB
        config.ExecutePreprocessor.timeout = timeout
        config.ExecutePreprocessor.kernel_name = "python3"
        config.Examine.release_folder = str(folder / "release")
        config.Examine.boxed, config.Examine.full = boxed, full
        config.Autograde.autograde_preprocessors = [
            Examine if step is Execute else step
            for step in Autograde.autograde_preprocessors.default_args[0]
        ]
        self._config = config

    @contextmanager
    def open(self) -> Iterator["Classroom"]:
        """Set the environment of nbgrader and of all kernels, and restore it at the end."""
        before = dict(os.environ)
        os.environ.pop("MPLBACKEND", None)
        os.environ.update(kernel_environment(photographs=False))
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before["PATH"]])
        log = get_logger()
        propagate = log.propagate
        log.propagate = False  # what nbgrader warns of is normal here; _Reasons still hears it
        log.addHandler(quiet := logging.NullHandler())
        try:
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

    def ungraded(self, student: str, assignment: str) -> list[str]:
        """The grade_ids of the answers in words that nobody has graded yet."""
        with Gradebook(self._database) as gradebook:
            notebook = gradebook.find_submission_notebook(assignment, assignment, student)
            return [grade.name for grade in notebook.grades if grade.needs_manual_grade]

    def give(self, student: str, assignment: str, mark: Mark) -> None:
        """Write what a person gave for an answer in words into the gradebook."""
        with Gradebook(self._database) as gradebook:
            key = (mark.grade_id, assignment, assignment, student)
            grade = gradebook.find_grade(*key)
            grade.manual_score, grade.needs_manual_grade = mark.points, False
            if mark.comment:
                gradebook.find_comment(*key).manual_comment = mark.comment
            gradebook.db.commit()

    def feedback(self, student: str, assignment: str) -> Path:
        """Write the feedback page of a graded submission; returns it. Raises RuntimeError."""
        self._run(GenerateFeedback, assignment, student)
        return self.folder / "feedback" / student / assignment / f"{assignment}.html"

    def trouble(self, student: str, assignment: str) -> list[str]:
        """Which cells of a graded submission ran out of time or took the kernel down."""
        path = self.folder / "autograded" / student / assignment / f"{assignment}.ipynb"
        remarks = []
        for number, cell in enumerate(nbformat.read(path, as_version=4).cells, start=1):
            for output in cell.get("outputs", []):
                if output.get("ename") == "CellTimeoutError":
                    remarks.append(f"cell {number} took more than {self.timeout} s")
                elif output.get("ename") in (STOPPED, NOT_BELIEVED):
                    remarks.append(output.evalue)
        return list(dict.fromkeys(remarks))

    def score(self, student: str, assignment: str) -> float:
        """The points of a graded submission."""
        with Gradebook(self._database) as gradebook:
            return gradebook.find_submission(assignment, student).score

    def max_score(self, assignment: str) -> float:
        """The points that an assignment is worth."""
        with Gradebook(self._database) as gradebook:
            return gradebook.find_assignment(assignment).max_score

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


class _Reasons(logging.Handler):
    """Keeps the last line of the first traceback that nbgrader logs: why it refused."""

    last_error = ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if not self.last_error and message.startswith("Traceback"):
            self.last_error = message.strip().splitlines()[-1]
