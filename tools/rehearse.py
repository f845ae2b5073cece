"""A rehearsal for teachers: a made-up class hands in, is graded, and gets what was planned."""

import argparse
import copy
import csv
import importlib
import json
import os
import random
import re
import shutil
import sys
import webbrowser
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import assignments
from tools.execution import BUILD, ROOT, find_notebooks
from tools.exercises import is_in_words, released_source
from tools.grading.answer_cells import answer_cells
from tools.grading.tasks import Task, id_of, tasks_of

DESCRIPTION = """Make a class from right, half right and wrong answers, odd files and hostile ones,
hand it in to `make grade`, and compare each grade with what was planned."""
CHECKS = re.compile(r"from helpers\.checks import (\w+) as checks")
CHECK = re.compile(r"checks\.(check_\w+)\((\w+)\)")
LIMITS = ["--timeout", "20", "--total", "200"]


@dataclass
class Planned:
    """A made-up student's notebook, and the line that it must have in grades.csv."""

    student: str
    assignment: str
    notebook: NotebookNode
    score: float
    waiting: float = 0.0
    status: str = "graded"
    write: Callable[[Path, str, str], None] | None = None


class Lesson:
    """A source notebook, and answers to its exercises."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.source = nbformat.read(path, as_version=4)
        self.tasks = tasks_of(self.source)
        self.cells = {id_of(cell): cell for cell in self.source.cells if id_of(cell)}
        found = CHECKS.search("\n".join(cell.source for cell in self.source.cells))
        self.checks = found[1] if found else ""

    def handed_in(
        self, choose: Callable[[Task], str | None], words: str | None
    ) -> tuple[NotebookNode, dict[str, bool]]:
        """The release, lean, with a chosen text in each answer; and which tasks have one."""
        notebook = copy.deepcopy(self.source)
        texts, answered = {}, {}
        for task in self.tasks:
            text = words if is_in_words(self.cells[task.grade_id]) else choose(task)
            answered[task.grade_id] = text is not None
            if text is not None:  # several tests may share a cell
                texts[task.answers[-1]] = "\n\n\n".join(
                    one for one in (texts.get(task.answers[-1]), text) if one
                )
        for cell in notebook.cells:
            cell.source = texts.get(id_of(cell), released_source(cell))
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        return notebook, answered

    def answers(self, task: Task) -> tuple[list[str], list[str]]:
        """Right and wrong answers to a task in code."""
        check, name = CHECK.search(self.cells[task.grade_id].source).groups()
        right, wrong = answer_cells(check, name, self.checks)
        return right, [text for text in wrong if "checks." not in text]

    def number_of_right_answers(self) -> int:
        """So many notebooks hold all right answers to this lesson."""
        code = [task for task in self.tasks if not is_in_words(self.cells[task.grade_id])]
        return max(len(self.answers(task)[0]) for task in code)


def make_class(size: int, lessons: list[Lesson]) -> list[Planned]:
    """A class of so many students, each with one lesson; the same class each time."""
    dice = random.Random(0)
    makers = [right, half, right, wrong, odd, hostile, half, complete, odd, untouched]
    students = []
    for number in range(size):
        lesson = lessons[number % len(lessons)]
        turn = number // max(len(lessons), len(makers))  # so that a lesson gets all kinds in time
        maker = makers[(number + turn) % len(makers)]
        students.append(maker(f"{number:03} {maker.__name__}", lesson, number, dice))
    return students


def _in_code(lesson: Lesson) -> list[Task]:
    return [task for task in lesson.tasks if not is_in_words(lesson.cells[task.grade_id])]


def _in_words(lesson: Lesson) -> float:
    return sum(t.max_points for t in lesson.tasks) - sum(t.max_points for t in _in_code(lesson))


def right(student: str, lesson: Lesson, number: int, dice: random.Random) -> Planned:
    """Right answers, in one of several styles each."""
    words = f"Because windows overlap, I think. ({number})"

    def choose(task: Task) -> str:
        answers = lesson.answers(task)[0]
        return answers[number // 10 % len(answers)]

    notebook, _ = lesson.handed_in(choose, words)
    score = sum(task.max_points for task in _in_code(lesson))
    return Planned(student, lesson.name, notebook, score, _in_words(lesson), "not yet read")


def half(student: str, lesson: Lesson, number: int, dice: random.Random) -> Planned:
    """Right and wrong answers."""
    good = {task.grade_id: dice.random() < 0.5 for task in lesson.tasks}

    def choose(task: Task) -> str:
        return dice.choice(lesson.answers(task)[0 if good[task.grade_id] else 1])

    notebook, _ = lesson.handed_in(choose, None)
    score = sum(task.max_points for task in _in_code(lesson) if good[task.grade_id])
    return Planned(student, lesson.name, notebook, score)


def wrong(student: str, lesson: Lesson, number: int, dice: random.Random) -> Planned:
    """Wrong answers, but for what was left as it was."""

    def choose(task: Task) -> str | None:
        return dice.choice([*lesson.answers(task)[1], None])

    return Planned(student, lesson.name, lesson.handed_in(choose, None)[0], 0)


def complete(student: str, lesson: Lesson, number: int, dice: random.Random) -> Planned:
    """The complete lesson, as it is in the repository."""
    score = sum(task.max_points for task in _in_code(lesson))
    notebook = copy.deepcopy(lesson.source)
    return Planned(student, lesson.name, notebook, score, _in_words(lesson), "not yet read")


def untouched(student: str, lesson: Lesson, number: int, dice: random.Random) -> Planned:
    """The lesson as it was handed out."""
    return Planned(student, lesson.name, lesson.handed_in(lambda task: None, None)[0], 0)


def odd(student: str, lesson: Lesson, number: int, dice: random.Random) -> Planned:
    """Right answers in a file that is not as it should be."""
    planned = right(student, lesson, number, dice)
    planned.write = ODD[number // 2 % len(ODD)]
    if planned.write is damaged:
        planned.score, planned.waiting, planned.status = 0, 0, "not graded"
    return planned


def hostile(student: str, lesson: Lesson, number: int, dice: random.Random) -> Planned:
    """Code that tries to earn points, or to do harm, in place of the first answer."""
    kinds = importlib.import_module("tests.tools.hostile").HOSTILE
    kind = list(kinds)[number * 7 % len(kinds)]
    known = {"PLACE": repr(str(ROOT)), "HELPERS": repr(str(ROOT / "helpers")), "PORT": "9"}
    code = kinds[kind][0]
    for name, value in known.items():
        code = code.replace(name, value)
    first = _in_code(lesson)[0]
    notebook, _ = lesson.handed_in(lambda task: code if task is first else None, None)
    return Planned(f"{student} {kind}", lesson.name, notebook, 0)


def damaged(folder: Path, name: str, text: str) -> None:
    """Half of a notebook."""
    (folder / f"{name}.ipynb").write_text(text[: len(text) // 2], encoding="utf-8")


def with_mark(folder: Path, name: str, text: str) -> None:
    """A byte order mark in front."""
    (folder / f"{name}.ipynb").write_text(text, encoding="utf-8-sig")


def in_utf16(folder: Path, name: str, text: str) -> None:
    """Saved in UTF-16."""
    (folder / f"{name}.ipynb").write_text(text, encoding="utf-16")


def downloaded_twice(folder: Path, name: str, text: str) -> None:
    """A browser's second download, with an ending too many."""
    (folder / f"{name} (1).ipynb.txt").write_text(text, encoding="utf-8")


def zipped(folder: Path, name: str, text: str) -> None:
    """In an archive."""
    with zipfile.ZipFile(folder / "homework.zip", "w") as archive:
        archive.writestr(f"my homework/{name}.ipynb", text)


def deep(folder: Path, name: str, text: str) -> None:
    """Folders in folders."""
    (folder / "course" / "week 3").mkdir(parents=True)
    (folder / "course" / "week 3" / f"{name}-Copy1.ipynb").write_text(text, encoding="utf-8")


ODD = [with_mark, damaged, in_utf16, downloaded_twice, zipped, deep]


def hand_in(planned: Planned, folder: Path) -> None:
    """Write a student's file."""
    place = folder / planned.student
    place.mkdir(parents=True)
    text = json.dumps(planned.notebook, ensure_ascii=False)
    if planned.write:
        planned.write(place, planned.assignment, text)
    else:
        (place / f"{planned.assignment}.ipynb").write_text(text, encoding="utf-8")


def differences(planned: list[Planned], table: Path) -> list[str]:
    """Which lines of grades.csv are not as planned."""
    with open(table, newline="", encoding="utf-8") as file:
        lines = {(row["student"], row["assignment"]): row for row in csv.DictReader(file)}
    found = []
    for one in planned:
        row = lines.get((one.student, one.assignment))
        if row is None:
            found.append(f"{one.student}, {one.assignment}: no line")
            continue
        got = (float(row["score"]), float(row["needs_manual_grading"]), row["status"])
        if got != (one.score, one.waiting, one.status):
            wanted = (one.score, one.waiting, one.status)
            found.append(f"{one.student}, {one.assignment}: {got}, planned {wanted}: {row['note']}")
    return found


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code: 1 if a grade is not as planned."""
    parser = argparse.ArgumentParser(prog="python -m tools.rehearse", description=DESCRIPTION)
    parser.add_argument("--size", type=int, default=30, metavar="N", help="students (30)")
    parser.add_argument("--build", type=Path, default=BUILD / "rehearsal", metavar="FOLDER")
    parser.add_argument("--lessons", default="", metavar="NAMES", help="only these, by commas")
    parser.add_argument("--no-box", action="store_true", help="run submissions with your rights")
    options = parser.parse_args(arguments)
    names = [name for name in options.lessons.split(",") if name]
    paths = {path.stem: path for path in find_notebooks()}
    if unknown := [name for name in names if name not in paths]:
        parser.error(f"no lesson {unknown[0]}; there are {', '.join(paths)}")
    if options.size < 1:
        parser.error(f"a class has at least 1 student, not {options.size}")
    lessons = [Lesson(path) for name, path in paths.items() if not names or name in names]
    planned = make_class(options.size, lessons)
    folder = options.build / "class"
    shutil.rmtree(folder, ignore_errors=True)
    for one in planned:
        hand_in(one, folder)
    print(f"{len(planned)} students handed in, in {os.path.relpath(folder)}")
    box = ["--no-box"] if options.no_box else []
    line = ["--build", str(options.build), "grade", str(folder), *LIMITS, *box]
    if code := assignments.main(line):
        return code
    grades = options.build / "grades"
    wrong_lines = differences(planned, grades / "grades.csv")
    print(*wrong_lines, sep="\n", end="\n" if wrong_lines else "")
    print(f"{len(planned) - len(wrong_lines)} of {len(planned)} grades are as planned")
    page = (grades / "class.html").resolve()
    print(f"the teacher's page: {page.as_uri()}")
    if page.exists() and sys.stdout.isatty():
        webbrowser.open(page.as_uri())
    return bool(wrong_lines)


if __name__ == "__main__":
    sys.exit(main())
