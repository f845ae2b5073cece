"""What `make grade` does: collect, grade what is new, and make everything else from the results."""

import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat

from helpers.paths import write_atomically
from tools.classroom import Terms
from tools.grading import results, statistics, table
from tools.grading.class_page import class_page
from tools.grading.crew import run_all
from tools.grading.exports import write_exports
from tools.grading.gradebook import write_gradebook
from tools.grading.job import Job
from tools.grading.leftovers import remove_leftovers, work_folder
from tools.grading.releases import Release, make_release
from tools.grading.results import Result
from tools.grading.student_page import student_page
from tools.grading.suspicion import answers_in_code, notes_of, with_likeness
from tools.grading.table import Grade, Graded
from tools.submissions import NOT_GRADED, HandedIn, Submission, collect, write_files
from tools.words import Marks, answers_in_words, write_answers

RESULTS = "results"  # in the folder of the grades: what a later run takes as it is


@dataclass(frozen=True)
class Machines:
    """Where submissions are run: so many at a time here (0: one a core), or by Dask's workers."""

    workers: int = 0
    dask: str = ""


def grade(
    folder: Path,
    sources: list[Path],
    target: Path,
    *,
    terms: Terms,
    marks: Marks | None = None,
    machines: Machines = Machines(),
    fresh: bool = False,
) -> list[Grade]:
    """Grade all submissions in `folder`; `target` holds grades.csv and the feedback in the end.

    One line for each student and each assignment that anybody handed in. What was graded before on
    the same terms is not run again, unless `fresh`. After an interruption, grades.csv is as it was,
    and what was graded until then is kept for the next run.

    Args:
        folder: What was handed in.
        sources: The notebooks with solutions and hidden tests.
        target: The folder for the grades. Earlier ones that differ are kept beside it.
        terms: How submissions are run.
        marks: A person's, for answers in words; an answer that was changed since has none.
        machines: Where they are run.
        fresh: Run all again.

    Raises:
        FileNotFoundError: There is nothing to grade.
        RuntimeError: nbgrader refuses a source notebook.
    """
    by_name = {path.stem: path for path in sources}
    marks = marks or {}
    remove_leftovers(target)
    with work_folder(target) as work:
        (work / "handed").mkdir()
        handed_in, releases = _collect(folder, by_name, target, work, terms)
        jobs = [
            Job(releases[one.assignment], one.path, terms, work)
            for one in handed_in.submissions
            if one.path
        ]
        if fresh:
            for job in jobs:
                job.path.unlink(missing_ok=True)
        unsaved = _run_missing(jobs, handed_in.submissions, work, machines)
        graded = [
            _graded(one, releases[one.assignment], unsaved, marks) for one in handed_in.submissions
        ]
        graded = with_likeness(graded, releases)
        most = {name: one.max_score for name, one in releases.items()}
        grades = table.lines(handed_in, most, graded)
        _write(work / "grades", grades, graded, marks)
        _write_for_teacher(work / "grades", grades, graded, handed_in)
        write_gradebook(work / "grades" / "gradebook.db", handed_in.students, graded, releases)
        write_files(work / "grades" / "handed_in.csv", handed_in.files)
        _publish(work / "grades", target)
    return grades


def _collect(
    folder: Path, sources: dict[str, Path], target: Path, work: Path, terms: Terms
) -> tuple[HandedIn, dict[str, Release]]:
    """What was handed in, and the releases of its assignments."""
    releases = {}
    for name, path in sources.items():
        try:
            releases[name] = make_release(path, target / RESULTS, terms)
        except RuntimeError as error:
            raise RuntimeError(f"{path.name}: nbgrader refused it: {error}") from error
    released = {name: one.released for name, one in releases.items()}
    handed_in = collect(folder, released, work / "handed")
    for line in handed_in.files:
        if line.state == NOT_GRADED:
            print(f"  {line.file}: {line.reason}", flush=True)
    names = {one.assignment for one in handed_in.submissions}
    return handed_in, {name: releases[name] for name in names}


def _run_missing(
    jobs: list[Job], handed: Iterable[Submission], work: Path, machines: Machines
) -> dict[Path, Result]:
    """Run the jobs whose results are not there yet, and say how it goes.

    Returns the results that are not saved: a later run is to try again.
    """
    names = {one.path: f"{one.student}, {one.assignment}" for one in handed}
    missing = list({job.path: job for job in jobs if not results.load(job.path)}.values())
    if len(missing) < len(jobs):
        print(
            f"  {len(jobs) - len(missing)} of {len(jobs)} were graded before, or equal another",
            flush=True,
        )
    started, unsaved = time.monotonic(), {}
    work_done = run_all(missing, work, workers=machines.workers, dask=machines.dask)
    for count, (number, result) in enumerate(work_done, start=1):
        job = missing[number]
        if not results.load(job.path):
            unsaved[job.path] = result
        left = (time.monotonic() - started) / count * (len(missing) - count)
        words = f"not graded: {result.refused}" if result.refused else ""
        words = words or f"{result.score:g} of {result.max_score:g}, {result.seconds:.0f} s"
        end = f"; about {_duration(left)} left" if count < len(missing) else ""
        print(f"  {count}/{len(missing)} {names[job.submission]}: {words}{end}", flush=True)
    return unsaved


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if not minutes:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def _graded(
    handed: Submission, release: Release, unsaved: dict[Path, Result], marks: Marks
) -> Graded:
    """A submission with its result and a person's marks."""
    if not handed.path:
        return Graded(handed, release.nothing(handed.problem))
    path = release.result_of(handed.path)
    result = results.load(path) or unsaved[path]
    notebook = nbformat.read(handed.path, as_version=4)
    answers = answers_in_words(notebook, release.released, handed.student, handed.assignment)
    if result.refused:  # its code, but words are read by a person
        words = {answer.grade_id: answer.text for answer in answers}
        result = release.nothing(result.refused, words)
    graded = table.with_words(handed, result, answers, marks)
    written = "\n".join(answers_in_code(notebook))
    return replace(graded, notes=tuple(notes_of(notebook, release.source)), written=written)


def _write(place: Path, grades: list[Grade], graded: list[Graded], marks: Marks) -> None:
    """Write everything that a teacher and the students get."""
    table.write_grades(place / "grades.csv", grades)
    answers = [answer for one in graded for answer in one.answers]
    write_answers(place / "words.csv", answers, marks)
    if unused := len(marks.keys() - {answer.key for answer in answers}):
        print(f"  {unused} of your marks belong to no answer handed in (changed since?)")
    for one in graded:
        if one.handed.path:
            page = place / "feedback" / one.handed.student / f"{one.handed.assignment}.html"
            write_atomically(page, student_page(one).encode("utf-8", "replace"))


def _write_for_teacher(
    place: Path, grades: list[Grade], graded: list[Graded], handed_in: HandedIn
) -> None:
    """Write the page about the class, its tables, and what gradebooks import."""
    lessons = statistics.lessons(graded)
    table.write_csv(place / "exercises.csv", *statistics.item_rows(lessons))
    page = class_page(grades, graded, lessons, handed_in.files)
    write_atomically(place / "class.html", page.encode("utf-8", "replace"))
    write_exports(place, grades)


def _publish(new: Path, target: Path) -> None:
    """Put what is in `new` into `target`; earlier grades that differ are kept beside it."""
    old = [path for path in target.iterdir() if path.name != RESULTS]
    tables = ("grades.csv", "words.csv")
    if old and any(_bytes(new / name) != _bytes(target / name) for name in tables):
        number = 1
        while (kept := target.with_name(f"{target.name}-{number}")).exists():
            number += 1
        kept.mkdir()
        for path in old:
            os.replace(path, kept / path.name)
        print(f"  the earlier {target.name} are now in {os.path.relpath(kept)}")
    for path in sorted(new.iterdir()):
        place = target / path.name
        if place.is_dir():
            shutil.rmtree(place)
        os.replace(path, place)


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
