"""Hand the notebooks out as assignments, and grade what comes back."""

import argparse
import csv
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import nbformat

from helpers.paths import write_atomically
from tools.classroom import Classroom
from tools.execution import BUILD, NOTEBOOKS, find_notebooks
from tools.exercises import exercises, released_source, repeated_grade_ids
from tools.sandbox import NoBox, check_box
from tools.submissions import Submission, find_submissions, mend, read_submission
from tools.words import Answer, BadMarks, Marks, answers_in_words, read_marks, write_answers

DESCRIPTION = """Hand the notebooks out as assignments, and grade what comes back.

  release   writes the students' notebooks to build/assignments: no solutions, no hidden tests,
            no outputs.
  grade     grades FOLDER/STUDENT/NOTEBOOK.ipynb into build/grades: grades.csv, and a feedback page
            for each notebook. Earlier grades are kept beside it under another name.
            Answers in words are for you to read: they are in build/grades/words.csv. Fill in the
            column "points" (and "comment"), and grade again with --words THAT_FILE.

Submitted code runs in a box (bubblewrap): no network, no view of solutions, of other submissions or
of your files, limits on memory and time, and nothing of it stays. Where there is no box, --no-box
grades without one: then the code runs with your rights, and you should trust all of it. Feedback
pages show the hidden tests, and run no script.
"""

# A submission may hold scripts, in texts and outputs: a browser that reads this runs none of them.
NO_SCRIPTS = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:;'
    " style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'\">"
)


class CannotContinue(Exception):
    """Nothing was written; the message says why."""


@dataclass(frozen=True)
class Grade:
    """One line of grades.csv."""

    student: str
    assignment: str
    score: str
    max_score: str
    needs_manual_grading: str = "0"  # the points of answers that nobody has read yet
    note: str = ""


def release(sources: list[Path], target: Path) -> list[Path]:
    """Write the students' version of each source notebook into `target`, all or none.

    Raises CannotContinue if a source is not fit for it, or if anything of a solution, a hidden test
    or an output would be left.
    """
    notebooks = {path.name: nbformat.read(path, as_version=4) for path in sources}
    problems = [f"{name}: {p}" for name, nb in notebooks.items() for p in exercises(nb)]
    problems += repeated_grade_ids(notebooks)
    if problems or not sources:
        raise CannotContinue("\n".join(problems) or "no notebooks to release")
    with _work_folder(target) as work, Classroom(work).open() as room:
        (work / "assignments").mkdir()
        for path in sources:
            print(f"  {path.stem}", flush=True)
            released = _generate(room, path)
            verify_release(path, released)
            shutil.copy(released, work / "assignments" / path.name)
        _swap_in(work / "assignments", target, keep_old=False)
    return [target / path.name for path in sources]


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


def grade(
    folder: Path,
    sources: list[Path],
    target: Path,
    *,
    timeout: int,
    marks: Marks | None = None,
    boxed: bool = True,
    full: bool = False,
) -> list[Grade]:
    """Grade all submissions in `folder`; `target` holds grades.csv and the feedback in the end.

    `marks` are a person's for answers in words; an answer that was changed since has none. `boxed`
    and `full` as in `Classroom`.
    One line for each student and each assignment that anybody handed in. Raises FileNotFoundError
    if there is nothing to grade. After an interruption `target` is as it was.
    """
    by_name = {path.stem: path for path in sources}
    submissions, remarks = find_submissions(folder, by_name)
    for remark in remarks:
        print(f"  {remark}", flush=True)
    marks = marks or {}
    students = sorted({one.student for one in submissions})
    assignments = sorted({one.assignment for one in submissions})
    with (
        _work_folder(target) as work,
        Classroom(work, timeout=timeout, boxed=boxed, full=full).open() as room,
    ):
        results = work / "grades"
        releases = {name: _generate(room, by_name[name]) for name in assignments}
        grades: dict[tuple[str, str], Grade] = {}
        answers: list[Answer] = []
        for number, one in enumerate(submissions, start=1):
            print(f"  {number}/{len(submissions)} {one.student}, {one.assignment}: ", end="")
            sys.stdout.flush()
            started = time.perf_counter()
            release_path = releases[one.assignment]
            line, words = _grade_one(room, one, f"student-{number}", release_path, results, marks)
            grades[one.student, one.assignment] = line
            answers += words
            waiting = float(line.needs_manual_grading)
            remarks = [f"{waiting:g} points need manual grading"] if waiting else []
            remarks += [line.note] if line.note else []
            note = f" ({'; '.join(remarks)})" if remarks else ""
            seconds = time.perf_counter() - started
            print(f"{line.score} of {line.max_score}{note}, {seconds:.0f} s", flush=True)
        lines = []
        for student in students:
            for name in assignments:
                nothing = Grade(
                    student, name, "0", f"{room.max_score(name):g}", "0", "not handed in"
                )
                lines.append(grades.get((student, name), nothing))
        _write_csv(results / "grades.csv", lines)
        write_answers(results / "words.csv", answers, marks)
        if unused := len(marks.keys() - set(answers)):
            print(f"  {unused} of your marks belong to no answer handed in (changed since?)")
        _swap_in(results, target, keep_old=True)
    return lines


def _grade_one(
    room: Classroom, one: Submission, alias: str, release_path: Path, results: Path, marks: Marks
) -> tuple[Grade, list[Answer]]:
    """Grade one submission under an alias, so that no student's name can upset nbgrader.

    Returns its line, and the answers in words that a person grades.
    """
    full = f"{room.max_score(one.assignment):g}"
    try:
        submitted = read_submission(one.path)
        notebook, remarks = mend(submitted, nbformat.read(release_path, as_version=4))
        place = room.submitted(alias, one.assignment)
        place.parent.mkdir(parents=True)
        nbformat.write(notebook, place)
        room.autograde(alias, one.assignment)
        written = answers_in_words(
            notebook, one.student, one.assignment, room.ungraded(alias, one.assignment)
        )
        for answer in written:
            if answer in marks:
                room.give(alias, one.assignment, marks[answer])
        page = room.feedback(alias, one.assignment)
        score = f"{room.score(alias, one.assignment):g}"
        remarks += room.trouble(alias, one.assignment)
    except (ValueError, RuntimeError) as error:
        return Grade(one.student, one.assignment, "0", full, "0", f"not graded: {error}"), []
    feedback = results / "feedback" / one.student / f"{one.assignment}.html"
    write_atomically(feedback, safe_page(page.read_text(encoding="utf-8")).encode())
    waiting = f"{sum(answer.max_points for answer in written if answer not in marks):g}"
    return Grade(one.student, one.assignment, score, full, waiting, "; ".join(remarks)), written


def safe_page(page: str) -> str:
    """A feedback page that runs no script and loads nothing, whatever a student wrote into it."""
    page = re.sub(r"<meta[^>]+refresh", "<meta data-refresh", page, flags=re.IGNORECASE)
    head, found, rest = page.partition("<head>")
    if not found:
        raise RuntimeError("nbgrader's feedback page has no head")
    return f"{head}{found}{NO_SCRIPTS}{rest}"


def _write_csv(path: Path, lines: list[Grade]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(Grade))
        writer.writerows(astuple(line) for line in lines)


def _generate(room: Classroom, path: Path) -> Path:
    try:
        return room.generate(path)
    except RuntimeError as error:
        raise CannotContinue(f"{path.name}: nbgrader refused it: {error}") from error


@contextmanager
def _work_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target`, gone at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        yield Path(folder).resolve()


def _swap_in(new: Path, target: Path, *, keep_old: bool) -> None:
    """Put `new` in the place of `target`, which stays under a number if it is to be kept."""
    if target.exists():
        number = 1
        while (old := target.with_name(f"{target.name}-{number}")).exists():
            number += 1
        os.replace(target, old)
        os.replace(new, target)
        if keep_old:
            print(f"  the earlier {target.name} are now in {os.path.relpath(old)}")
        else:
            shutil.rmtree(old)
    else:
        os.replace(new, target)


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
        "--words", type=Path, metavar="CSV", help="your marks for the answers in words"
    )
    grading.add_argument("--no-box", action="store_true", help="run submissions with your rights")
    grading.add_argument(
        "--full", action="store_true", help="run all cells, not only those that a test needs"
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
        if options.timeout < 1:
            raise CannotContinue(f"--timeout must be at least 1 second, not {options.timeout}")
        if options.no_box:
            print(
                "Grading WITHOUT a box: the submitted code runs on this machine, with your rights"
            )
        else:
            check_box()
            print("Grading: the submitted code runs in a box")
        target = options.build / "grades"
        marks = read_marks(options.words) if options.words else {}
        folder = Path(options.folder)
        grades = grade(
            folder,
            sources,
            target,
            timeout=options.timeout,
            marks=marks,
            boxed=not options.no_box,
            full=options.full,
        )
        print(f"{len(grades)} lines in {os.path.relpath(target / 'grades.csv')}")
        if any(float(line.needs_manual_grading) for line in grades):
            table = os.path.relpath(target / "words.csv")
            print(f"answers in words need manual grading: fill in the points in {table}")
            print(f'then: make grade SUBMISSIONS="{options.folder}" WORDS={table}')
    except NoBox as error:
        print(f"{error}\nOr grade without a box, if you trust all of it: --no-box", file=sys.stderr)
        return 1
    except (CannotContinue, FileNotFoundError, BadMarks) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: nothing was changed", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
