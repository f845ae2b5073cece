"""Hand the notebooks out as assignments, and grade what comes back."""

import argparse
import os
import shutil
import sys
from pathlib import Path
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode

from tools.classroom import Classroom, Terms
from tools.execution import BUILD, NOTEBOOKS, find_notebooks
from tools.exercises import exercises, released_source, repeated_grade_ids
from tools.grading.leftovers import work_folder
from tools.grading.run import Machines, grade
from tools.sandbox import NoBox, check_box
from tools.words import BadMarks, Marks, read_marks

DESCRIPTION = """Hand the notebooks out as assignments, and grade what comes back.

  release   writes the students' notebooks to build/assignments: no solutions, no hidden tests,
            no outputs.
  grade     grades FOLDER/STUDENT/NOTEBOOK.ipynb, or a download of Moodle's or Canvas', into
            build/grades: grades.csv, a feedback page for each notebook, and handed_in.csv with a
            line for each file. Earlier grades are kept beside it under another name.
            What was graded before is not run again: one more student is added, an interrupted
            run goes on.
            Answers in words are for you to read: they are in build/grades/words.csv. Fill in the
            column "points" (and "comment"), and give the same command again; --words if your
            file lies elsewhere.

Submitted code runs in a box (bubblewrap): no network, no view of solutions, of other submissions or
of your files, limits on memory and time, and nothing of it stays. Where there is no box, --no-box
grades without one: then the code runs with your rights, and you should trust all of it. Feedback
pages show the hidden tests, and run no script.
"""


class CannotContinue(Exception):
    """Nothing was written; the message says why."""


def release(sources: list[Path], target: Path) -> list[Path]:
    """Write the students' version of each source notebook into `target`, all or none.

    Raises CannotContinue if a source is not fit for it, or if anything of a solution, a hidden test
    or an output would be left.
    """
    notebooks = {path.name: _read(path) for path in sources}
    problems = [f"{name}: {p}" for name, nb in notebooks.items() for p in exercises(nb)]
    problems += repeated_grade_ids(notebooks)
    if problems or not sources:
        raise CannotContinue("\n".join(problems) or "no notebooks to release")
    with work_folder(target) as work, Classroom(work).open() as room:
        (work / "assignments").mkdir()
        for path in sources:
            print(f"  {path.stem}", flush=True)
            released = _generate(room, path)
            verify_release(path, released)
            shutil.copy(released, work / "assignments" / path.name)
        _swap_in(work / "assignments", target)
    return [target / path.name for path in sources]


def _read(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        raise CannotContinue(f"{path.name} is damaged: {error}") from error


def verify_release(source: Path, released: Path) -> None:
    """Raise CannotContinue unless each released cell is the source's with its regions cut out."""
    before = nbformat.read(source, as_version=4).cells
    after = nbformat.read(released, as_version=4).cells
    if len(before) != len(after):
        raise CannotContinue(f"{source.name}: the release has {len(after)} cells")
    for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        if new.source != released_source(old):
            raise CannotContinue(
                f"{source.name}: cell {number} of the release is not what was asked for"
            )
        if new.get("outputs") or new.get("execution_count") is not None:
            raise CannotContinue(f"{source.name}: cell {number} of the release has outputs")
        for name in new.get("attachments", {}):
            if f"attachment:{name}" not in unquote(new.source):  # of the model answer, say
                what = f"cell {number} of the release holds {name}, and shows it nowhere"
                raise CannotContinue(f"{source.name}: {what}")


def _generate(room: Classroom, path: Path) -> Path:
    try:
        return room.generate(path)
    except RuntimeError as error:
        raise CannotContinue(f"{path.name}: nbgrader refused it: {error}") from error


def _swap_in(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`."""
    if target.exists():
        number = 1
        while (old := target.with_name(f"{target.name}-{number}")).exists():
            number += 1
        os.replace(target, old)
        os.replace(new, target)
        shutil.rmtree(old)
    else:
        os.replace(new, target)


def _marks(given: Path | None, earlier: Path) -> Marks:
    """A person's marks, from the file given or from that of the grading before."""
    if given is None and not earlier.is_file():
        return {}
    marks = read_marks(given or earlier)
    if marks and given is None:
        print(f"  {len(marks)} answers in words have your points in {os.path.relpath(earlier)}")
    return marks


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.assignments",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    parser.add_argument("--build", type=Path, default=BUILD, metavar="FOLDER")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("release", help="write the students' notebooks")
    grading = commands.add_parser("grade", help="grade what students handed in")
    grading.add_argument("folder", help="holds STUDENT/NOTEBOOK.ipynb")
    grading.add_argument(
        "--timeout", type=int, default=120, metavar="S", help="seconds for each cell (120)"
    )
    grading.add_argument(
        "--total", type=int, default=600, metavar="S", help="seconds for each notebook (600)"
    )
    grading.add_argument(
        "--words", type=Path, metavar="CSV", help="your marks (those in build/grades/words.csv)"
    )
    grading.add_argument("--no-box", action="store_true", help="run submissions with your rights")
    grading.add_argument(
        "--full", action="store_true", help="run all cells, not only those that a test needs"
    )
    grading.add_argument(
        "--fresh", action="store_true", help="run all again, also what was graded before"
    )
    grading.add_argument(
        "--jobs", type=int, default=0, metavar="N", help="notebooks at a time (one for each core)"
    )
    grading.add_argument(
        "--dask", default="", metavar="ADDRESS", help="run them on this Dask cluster's workers"
    )
    options = parser.parse_args(arguments)
    sources = find_notebooks(options.notebooks)
    try:
        if options.command == "release":
            print("Making the students' notebooks")
            target = options.build / "assignments"
            print(f"{len(release(sources, target))} notebooks in {os.path.relpath(target)}")
            return 0
        if not options.folder.strip():
            raise CannotContinue("which folder? For example: make grade SUBMISSIONS=submissions")
        for name in ("timeout", "total"):
            if (seconds := getattr(options, name)) < 1:
                raise CannotContinue(f"--{name} must be at least 1 second, not {seconds}")
        if options.no_box:
            print(
                "Grading WITHOUT a box: the submitted code runs on this machine, with your rights"
            )
        else:
            check_box()
            print("Grading: the submitted code runs in a box")
        target = options.build / "grades"
        marks = _marks(options.words, target / "words.csv")
        terms = Terms(options.timeout, options.total, not options.no_box, options.full)
        grades = grade(
            Path(options.folder),
            sources,
            target,
            terms=terms,
            marks=marks,
            machines=Machines(max(0, options.jobs), options.dask),
            fresh=options.fresh,
        )
        print(f"{len(grades)} lines in {os.path.relpath(target / 'grades.csv')}")
        if any(float(line.needs_manual_grading) for line in grades):
            table = os.path.relpath(target / "words.csv")
            print(f"answers in words need manual grading: fill in the points in {table}")
            print(f'then: make grade SUBMISSIONS="{options.folder}" (nothing is run again)')
    except NoBox as error:
        print(f"{error}\nOr grade without a box, if you trust all of it: --no-box", file=sys.stderr)
        return 1
    except (CannotContinue, FileNotFoundError, BadMarks, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        kept = "; what is graded is kept, and the same command goes on from there"
        grading = options.command == "grade"
        print(f"\ninterrupted: nothing was changed{kept if grading else ''}", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
