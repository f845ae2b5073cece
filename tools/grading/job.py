"""One submission, graded: in a folder of its own, with a gradebook of its own, gone afterwards."""

import re
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode

from tools.classroom import Classroom, Terms
from tools.execution import ANSI
from tools.exercises import is_in_words
from tools.grading import results
from tools.grading.releases import Release
from tools.grading.results import Exercise, Result
from tools.grading.tasks import id_of, is_graded, tasks_of
from tools.submissions.reader import CUT, LARGEST_CELL
from tools.verdicts import NOT_BELIEVED, NOT_RUN, STOPPED, is_test

STUDENT = "student"  # no student's name comes near nbgrader
LONGEST = 4000  # characters of what one wrote or printed, for a page
SPARE = 60  # seconds that nbgrader may take beside the submission's own


class Refused(Exception):
    """A submission that cannot be graded; the message says why."""


class _Late(BaseException):
    """Time is over, whatever is being done and caught."""


@dataclass(frozen=True)
class Job:
    """A submission to be graded, and where its result is to be kept."""

    release: Release
    submission: Path
    terms: Terms
    work: Path  # where private folders may be made

    @property
    def path(self) -> Path:
        """The file of the result."""
        return self.release.result_of(self.submission)

    def run(self) -> Result:
        """Grade the submission and save its result; nothing else is left of it.

        Where it is the grader that failed, nothing is saved: the next run tries again.
        """
        started = time.perf_counter()
        try:
            with _at_most(self.terms.total + SPARE):
                result = self._grade()
        except (Refused, _Late) as reason:
            result = Result(self.release.assignment, refused=str(reason))
        except Exception as error:  # whatever it is, it must not stop the others
            return Result(self.release.assignment, refused=self._in_words(error))
        result = replace(result, seconds=round(time.perf_counter() - started, 2))
        results.save(result, self.path)
        return result

    def _in_words(self, error: Exception) -> str:
        reason = (str(error).strip().splitlines() or [""])[0]
        name = "" if isinstance(error, RuntimeError) else f"{type(error).__name__}: "
        return f"{name}{reason[:200]}".replace(str(self.work), "")

    def _grade(self) -> Result:
        name, release = self.release.assignment, self.release
        with tempfile.TemporaryDirectory(dir=self.work, prefix="one-") as folder:
            shutil.copy(release.folder / "gradebook.db", folder)
            released = release.folder / "release"
            with Classroom(Path(folder), self.terms, released).open() as room:
                place = room.submitted(STUDENT, name)
                place.parent.mkdir(parents=True)
                shutil.copy(self.submission, place)
                room.autograde(STUDENT, name)
                graded, points = room.autograded(STUDENT, name), room.points(STUDENT, name)
        _check(graded, points, release.source)
        return Result(
            name,
            tuple(_exercises(graded, points, release.source)),
            tuple(_trouble(graded, self.terms)),
            tuple(_errors(graded)),
            _is_doubtful(graded),
        )


def _check(
    graded: NotebookNode, points: dict[str, tuple[float | None, float]], source: NotebookNode
) -> None:
    """Raise Refused if a test is not the source's, or worth other than it says there."""
    wanted = {id_of(cell): cell for cell in source.cells if is_graded(cell)}
    got = [cell for cell in graded.cells if is_graded(cell)]
    there, tests = list(map(id_of, got)), {name for name, c in wanted.items() if is_test(c)}
    if not tests <= set(there) <= set(wanted) or len(set(there)) < len(there):
        raise Refused("its graded cells are not those of the course")
    for cell in got:
        original = wanted[id_of(cell)]
        earned, most = points[id_of(cell)]
        if most != original.metadata.nbgrader.points:
            raise Refused(f"{id_of(cell)} is not worth what the course says")
        if earned is not None and not 0 <= earned <= most:
            raise Refused(f"{id_of(cell)} has {earned} of {most} points")
        if is_test(cell) and cell.source != original.source:
            raise Refused(f"the test {id_of(cell)} is not the course's")


def _exercises(
    graded: NotebookNode, points: dict[str, tuple[float | None, float]], source: NotebookNode
) -> Iterator[Exercise]:
    written = {id_of(cell): cell for cell in graded.cells if id_of(cell)}
    for task in tasks_of(source):
        if not (cell := written.get(task.grade_id)):  # words that were deleted
            yield Exercise(task.grade_id, task.title, 0.0, task.max_points, results.NO_ANSWER)
            continue
        earned, most = points[task.grade_id]
        answer = "\n\n".join(written[name].source for name in task.answers if name in written)
        if is_in_words(cell):
            outcome = results.IN_WORDS if earned is None else results.NO_ANSWER
            words = answer[: 5 * LONGEST]
            yield Exercise(task.grade_id, task.title, earned, most, outcome, answer=words)
            continue
        error = next((o for o in cell.outputs if o.output_type == "error"), None)
        printed = "".join(o.get("text", "") for o in cell.outputs)
        yield Exercise(
            *(task.grade_id, task.title, earned, most, _outcome(error)),
            message=_message(error, was_cut=answer.endswith(CUT)) if error else "",
            where=_failing_line(error) if error else "",
            printed=_plain(printed),
            answer=_plain(answer),
            seconds=cell.metadata.get("seconds", 0.0),
        )


def _message(error: NotebookNode, *, was_cut: bool) -> str:
    """Why a test failed, in the words of the check."""
    text = _plain(f"{error.ename}: {error.evalue}".rstrip(": "))
    longest = f"the answer is longer than {LARGEST_CELL:,} characters, so its end was cut off"
    return f"{longest}. {text}" if was_cut else text


def _outcome(error: NotebookNode | None) -> str:
    if error is None:
        return results.PASSED
    if error.ename == "NotImplementedError":
        return results.NO_ANSWER
    return results.NOT_RUN if error.ename in (NOT_RUN, STOPPED, NOT_BELIEVED) else results.FAILED


def _failing_line(error: NotebookNode) -> str:
    """The line of a test that failed: the first one that IPython points at."""
    for line in _plain("\n".join(error.traceback)).splitlines():
        if found := re.match(r"\s*-+> *\d+ (.+)", line):
            return found[1].strip()
    return ""


def _trouble(graded: NotebookNode, terms: Terms) -> list[str]:
    """Which cells of a graded submission ran out of time or took the kernel down."""
    remarks = []
    for number, cell in enumerate(graded.cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("ename") == "CellTimeoutError":
                remarks.append(f"cell {number} took more than {terms.timeout} s")
            elif output.get("ename") in (STOPPED, NOT_BELIEVED):
                remarks.append(output.evalue)
    return list(dict.fromkeys(remarks))


def _errors(graded: NotebookNode) -> Iterator[str]:
    """Which cells that are no tests failed, and how."""
    for number, cell in enumerate(graded.cells, start=1):
        for output in cell.get("outputs", []) if not is_test(cell) else ():
            if output.output_type == "error" and output.ename not in (STOPPED, "CellTimeoutError"):
                yield f"cell {number}: {_plain(f'{output.ename}: {output.evalue}')[:500]}"


def _is_doubtful(graded: NotebookNode) -> bool:
    outputs = [output for cell in graded.cells for output in cell.get("outputs", [])]
    return any(output.get("ename") == NOT_BELIEVED for output in outputs)


def _plain(text: str) -> str:
    text = ANSI.sub("", str(text)[: 4 * LONGEST])
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Raise _Late in the block after so long, where the system can do that."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(*_: object) -> None:
        raise _Late(f"grading it took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
