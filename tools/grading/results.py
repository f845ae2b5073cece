"""What grading one submission says, saved at once as one file."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from helpers.paths import write_atomically

PASSED, FAILED, NOT_RUN, NO_ANSWER, IN_WORDS = (
    "passed",
    "failed",
    "not run",
    "no answer",
    "in words",
)


@dataclass(frozen=True)
class Exercise:
    """One test, or one answer in words, and what it earned.

    `points` of an answer in words that somebody wrote are None: a person gives them.
    """

    grade_id: str
    title: str
    points: float | None
    max_points: float
    outcome: str
    message: str = ""  # why it earned nothing, in the words of the check
    where: str = ""  # the line of the test that failed
    printed: str = ""  # what it printed: warnings, too
    answer: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Result:
    """What grading one submission says; nothing in it depends on who handed it in.

    `refused` says why it could not be graded. `remarks` are for the teacher: what ended or was
    stopped. `errors`: cells that are no tests, and how they failed. `doubtful`: its kernel is not
    believed.
    """

    assignment: str
    exercises: tuple[Exercise, ...] = ()
    remarks: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    doubtful: bool = False
    refused: str = ""
    seconds: float = 0.0

    @property
    def score(self) -> float:
        """The points so far, without those that a person gives."""
        return sum(one.points or 0 for one in self.exercises)

    @property
    def max_score(self) -> float:
        """The points that the assignment is worth."""
        return sum(one.max_points for one in self.exercises)

    @property
    def waiting(self) -> float:
        """The points of answers in words that a person must read."""
        return sum(one.max_points for one in self.exercises if one.points is None)


def save(result: Result, path: Path) -> None:
    """Write a result; an interruption leaves no file, or a whole one."""
    text = json.dumps(asdict(result), ensure_ascii=False, indent=1)
    write_atomically(path, (text + "\n").encode("utf-8", "backslashreplace"))


def load(path: Path) -> Result | None:
    """A saved result; None if there is none, or none that can be used."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if set(saved) != {field.name for field in fields(Result)}:
            return None
        exercises = tuple(Exercise(**one) for one in saved.pop("exercises"))
        lists = {name: tuple(saved[name]) for name in ("remarks", "errors")}
        return Result(**saved | lists | {"exercises": exercises})
    except (OSError, ValueError, TypeError, AttributeError):
        return None
