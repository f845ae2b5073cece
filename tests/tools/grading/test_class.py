"""A class graded, interrupted, gone on with, added to: the same grades, and nothing run twice."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest
from nbgrader.api import Gradebook

from tests.tools.test_assignments import (
    cell_of,
    command,
    hand_in,
    lesson,
    no_box,
    read_grades,
    with_source,
)
from tools.classroom import Terms
from tools.execution import ROOT, write_notebook
from tools.grading.crew import run_all
from tools.grading.gradebook import write_gradebook
from tools.grading.job import Refused, _check
from tools.grading.releases import make_release
from tools.grading.results import Exercise, Result, load, save
from tools.grading.table import Graded
from tools.submissions import Submission

POINTS = {"right": 5, "half": 3, "wrong": 0, "slow": 5, "other": 2}
SOURCES = {
    "half": ("double", "def double(x): return x"),
    "wrong": ("double", "def double(x): return x\ndef halve(x): return x"),
    "slow": ("double", "import time\ntime.sleep(1)\ndef double(x): return 2 * x"),
    "other": ("halve", "def halve(x): return 1"),
}


def make_class(folder):
    for student in POINTS:
        notebook = with_source(*SOURCES[student]) if student in SOURCES else lesson()
        if student == "wrong":
            cell_of(notebook, "halve").source = "pass"
        hand_in(folder, student, "lesson", notebook)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A lesson, a class of five, and its grades, made without an interruption."""
    folder = tmp_path_factory.mktemp("class")
    write_notebook(lesson(), folder / "notebooks" / "lesson.ipynb")
    make_class(folder / "class")
    assert grade(folder, "whole") == 0
    return folder


def grade(course, build, *options):
    places = {"notebooks": course / "notebooks", "build": course / build}
    return command("grade", course / "class", *options, **places)


def written(course, build):
    return {p.name: p.read_bytes() for p in (course / build / "grades").glob("*.csv")}


def start(course, build):
    """The same command in a process group of its own."""
    arguments = ["--notebooks", course / "notebooks", "--build", course / build, "grade"]
    arguments += [course / "class", "--jobs", "2", *no_box()]
    return subprocess.Popen(
        [sys.executable, "-m", "tools.assignments", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def left_of(process):
    """The processes of a group that are still alive after five seconds."""
    for _ in range(50):
        alive = []
        for one in psutil.process_iter(["status"]):
            try:
                if os.getpgid(one.pid) == process.pid and one.info["status"] != "zombie":
                    alive.append(one)
            except (OSError, psutil.Error):
                continue
        if not alive:
            break
        time.sleep(0.1)
    return alive


def test_every_grade_is_as_planted(course):
    grades = read_grades(course / "whole")
    assert {student: float(row["score"]) for (student, _), row in grades.items()} == POINTS
    assert {row["status"] for row in grades.values()} == {"graded"}


def test_grading_twice_runs_nothing_and_gives_the_same_bytes(course, capsys):
    before = written(course, "whole")
    assert grade(course, "whole") == 0
    assert "5 of 5 were graded before" in capsys.readouterr().out
    assert written(course, "whole") == before
    assert [path.name for path in (course / "whole").iterdir()] == ["grades"]
    assert grade(course, "whole", "--fresh") == 0
    assert "5/5" in capsys.readouterr().out
    assert written(course, "whole") == before


def test_killed_and_started_again_it_goes_on_and_leaves_nothing(course, capsys):
    process = start(course, "killed")
    while "1/5" not in process.stdout.readline():
        pass
    process.kill()
    process.communicate()
    assert not left_of(process)
    done = len(list((course / "killed/grades/results").glob("*/*/results/*.json")))
    assert grade(course, "killed") == 0
    assert f"{done} of 5 were graded before" in capsys.readouterr().out
    assert written(course, "killed") == written(course, "whole")
    assert not list((course / "killed").glob(".grades-*"))
    assert not list(Path("/tmp").glob(f"box-{process.pid}-*"))


def test_after_ctrl_c_the_grades_are_as_they_were_and_what_was_done_is_kept(course):
    process = start(course, "interrupted")
    while "1/5" not in process.stdout.readline():
        pass
    os.killpg(process.pid, signal.SIGINT)
    printed, said = process.communicate(timeout=30)
    assert process.returncode == 130, printed + said
    assert "what is graded is kept" in said
    # Python's own words about an interrupt that comes while it clears up behind an object.
    said = re.sub(r"Exception ignored in.*?KeyboardInterrupt:? *\n", "", said, flags=re.DOTALL)
    assert "Traceback" not in said
    assert not left_of(process)
    assert not written(course, "interrupted")
    assert list((course / "interrupted/grades/results").glob("*/*/results/*.json"))
    assert not list((course / "interrupted").glob(".grades-*"))


def test_one_gradebook_holds_all_lessons_and_nbgrader_reads_it(course, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = lesson()
    for cell in other.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id += "-more"
    releases, graded = {}, []
    for name, source in (("lesson", lesson()), ("more", other)):
        write_notebook(source, tmp_path / f"{name}.ipynb")
        releases[name] = make_release(tmp_path / f"{name}.ipynb", Path("kept"), Terms())
        for student, points in POINTS.items():
            nothing = releases[name].nothing("")
            double, halve = nothing.exercises
            exercises = (replace(double, points=min(2.0, points)), replace(halve, points=1.0))
            handed = Submission(student, name, None)
            graded.append(Graded(handed, replace(nothing, exercises=exercises)))
    write_gradebook(tmp_path / "all.db", [*POINTS, "absent"], graded, releases)
    with Gradebook(f"sqlite:///{tmp_path / 'all.db'}") as book:
        assert {one.name for one in book.assignments} == {"lesson", "more"}
        assert {one.id for one in book.students} == {*POINTS, "absent"}
        for student, points in POINTS.items():
            for name in releases:
                submission = book.find_submission(name, student)
                assert (submission.score, submission.max_score) == (min(2, points) + 1, 5)
            assert book.find_student(student).score == 2 * (min(2, points) + 1)
        assert book.find_student("absent").score == 0


def test_a_late_student_is_merged_and_a_changed_notebook_is_run_again(course, capsys):
    hand_in(course / "class", "late", "lesson", with_source("halve", "def halve(x): return x / 2"))
    hand_in(course / "class", "half", "lesson", with_source("double", "def double(x): return 4"))
    try:
        assert grade(course, "whole") == 0
        out = capsys.readouterr().out
        assert "4 of 6 were graded before" in out
        assert re.findall(r"^  \d/\d (\w+)", out, re.MULTILINE) == ["half", "late"] or "2/2" in out
        grades = read_grades(course / "whole")
        assert float(grades["late", "lesson"]["score"]) == 5
        assert float(grades["half", "lesson"]["score"]) == 3
    finally:
        (course / "class/late/lesson.ipynb").unlink()
        (course / "class/late").rmdir()
        make_class(course / "class")


def test_a_changed_exercise_grades_anew(course, capsys):
    changed = lesson()
    test = cell_of(changed, "halve-test")
    test.source = test.source.replace("halve(10) == 5", "halve(10) == 6")
    write_notebook(changed, course / "changed" / "lesson.ipynb")
    places = {"notebooks": course / "changed", "build": course / "whole"}
    assert command("grade", course / "class", **places) == 0
    assert "graded before" not in capsys.readouterr().out
    assert float(read_grades(course / "whole")["right", "lesson"]["score"]) == 2


def test_more_points_than_there_are_or_another_test_cannot_be():
    source = lesson()
    points = {"double-test": (2.0, 2.0), "halve-test": (3.0, 3.0)}
    _check(lesson(), points, source)
    with pytest.raises(Refused, match=r"has 9.* of 3.* points"):
        _check(lesson(), points | {"halve-test": (9.0, 3.0)}, source)
    with pytest.raises(Refused, match="not worth what"):
        _check(lesson(), points | {"halve-test": (9.0, 9.0)}, source)
    with pytest.raises(Refused, match="is not the course's"):
        _check(with_source("halve-test", "pass"), points, source)
    for cells in (source.cells[:-1], [*source.cells, source.cells[-1]]):
        with pytest.raises(Refused, match="not those of the course"):
            _check(nbformat.from_dict(source | {"cells": cells}), points, source)


def test_a_worker_that_dies_costs_one_notebook(tmp_path):
    class Fake:
        release = type("Release", (), {"assignment": "lesson"})()

        def __init__(self, number):
            self.number = number

        def run(self):
            if self.number in (1, 2):  # two of them, and work for one alone at the end
                os._exit(9)
            return Result("lesson", seconds=self.number)

    found = dict(run_all([Fake(n) for n in range(5)], tmp_path, workers=2))
    assert sorted(found) == list(range(5))
    assert [n for n, result in found.items() if result.refused] == [1, 2]
    assert "ended" in found[2].refused


def test_a_result_is_read_as_it_was_saved_and_a_damaged_one_is_none(tmp_path):
    result = Result("lesson", (Exercise("a", "A", None, 2.0, "in words", answer="\ud800é"),))
    save(result, tmp_path / "one.json")
    assert load(tmp_path / "one.json").exercises[0].points is None
    for text in ("", "{}", "[]", '{"assignment": 3', "null"):
        (tmp_path / "two.json").write_text(text)
        assert load(tmp_path / "two.json") is None
    assert load(tmp_path / "three.json") is None


def test_dask_workers_grade_the_same(course):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        assert grade(course, "dask", "--dask", cluster.scheduler_address) == 0
    assert written(course, "dask") == written(course, "whole")


class Growing:
    """A job that leaves 400 MB behind in its process, as importing a large library does."""

    def __init__(self, number):
        self.number = number

    def run(self):
        if self.number:
            time.sleep(1.5)  # the engine looks at a worker's memory once a second
            sys.kept = [*getattr(sys, "kept", []), bytearray(os.urandom(2**20)) * 400]
        return self.number


def test_a_worker_that_grows_is_replaced_and_nobody_waits_for_ever(tmp_path):
    done = []
    jobs = [Growing(number) for number in range(6)]
    runs = threading.Thread(
        target=lambda: done.extend(run_all(jobs, tmp_path, workers=2)), daemon=True
    )
    runs.start()
    runs.join(60)
    assert sorted(done) == [(number, number) for number in range(6)]
