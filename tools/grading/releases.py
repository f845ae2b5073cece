"""What was handed out, made once and kept; and what a result depends on, in one key."""

import functools
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.classroom import Classroom, Terms
from tools.execution import ROOT
from tools.grading.results import IN_WORDS, NOT_RUN, Exercise, Result
from tools.grading.tasks import tasks_of

# What a verdict depends on, besides the notebook: a change of it grades anew.
CODE = ("helpers/**/*.py", "tools/*.py", "tools/grading/*.py", "data/**/*")
PHOTOGRAPHS = ROOT / "data" / "uiuc"  # no submission sees them
PACKAGES = ("torch", "numpy", "scipy", "scikit-image", "ipykernel", "nbclient", "nbgrader")


@dataclass(frozen=True)
class Release:
    """A notebook as handed out, in a folder that keeps it, nbgrader's gradebook and the results."""

    assignment: str
    folder: Path

    @property
    def source(self) -> NotebookNode:
        """The notebook with its solutions and hidden tests."""
        return self._read("source")

    @property
    def released(self) -> NotebookNode:
        """The notebook as students get it."""
        return self._read("release")

    @property
    def max_score(self) -> float:
        """The points that it is worth."""
        return sum(task.max_points for task in tasks_of(self.source))

    def nothing(self, why: str, words: Mapping[str, str] | None = None) -> Result:
        """The result of a submission whose code could not be graded, with its answers in words."""
        words = words or {}
        exercises = (
            replace(one, points=None, outcome=IN_WORDS, answer=words[one.grade_id])
            if one.grade_id in words
            else one
            for one in (
                Exercise(task.grade_id, task.title, 0.0, task.max_points, NOT_RUN)
                for task in tasks_of(self.source)
            )
        )
        return Result(self.assignment, tuple(exercises), refused=why)

    def result_of(self, submission: Path) -> Path:
        """Where the result of a submission is kept: unchanged cells have the same place."""
        cells = nbformat.read(submission, as_version=4).cells
        kept = [
            (cell.cell_type, cell.source, cell.metadata.get("nbgrader", {}).get("grade_id"))
            for cell in cells
        ]
        return self.folder / "results" / f"{_digest(json.dumps(kept).encode())}.json"

    def _read(self, kind: str) -> NotebookNode:
        path = self.folder / kind / self.assignment / f"{self.assignment}.ipynb"
        return nbformat.read(path, as_version=4)


def make_release(source: Path, kept: Path, terms: Terms) -> Release:
    """The release of a source notebook, for these terms; made anew if anything changed.

    Args:
        source: The notebook with solutions.
        kept: The folder for all releases of the course, and for the results.
        terms: How submissions are run.

    Raises:
        RuntimeError: nbgrader refuses the notebook; the message says why.
    """
    folder = kept.resolve() / source.stem / _key(source, terms)  # nbgrader works elsewhere
    if not (folder / "gradebook.db").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as making:
            with Classroom(Path(making)).open() as room:
                room.generate(source)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for name in ("source", "release", "gradebook.db"):  # what says "made" comes last
                os.replace(Path(making, name), folder / name)
    return Release(source.stem, folder)


def _key(source: Path, terms: Terms) -> str:
    notebook = nbformat.read(source, as_version=4)
    parts = [[cell.cell_type, cell.source, cell.metadata] for cell in notebook.cells]
    parts += [asdict(terms), sys.version, [_version(name) for name in PACKAGES]]
    return _digest(json.dumps(parts).encode() + _code())[:16]


@functools.cache
def _code() -> bytes:
    paths = {path for pattern in CODE for path in ROOT.glob(pattern) if path.is_file()}
    paths = {path for path in paths if PHOTOGRAPHS not in path.parents}
    digests = [f"{path.relative_to(ROOT)} {_digest(path.read_bytes())}" for path in sorted(paths)]
    return "\n".join(digests).encode()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]
