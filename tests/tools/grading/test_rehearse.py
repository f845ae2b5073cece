"""A made-up class is graded as planned; a grade that is not as planned is named."""

import csv
import dataclasses
import functools
import importlib

import pytest

from tests.tools.test_assignments import no_box
from tools import rehearse
from tools.execution import NOTEBOOKS, find_notebooks
from tools.grading.answer_cells import answer_cells

LESSON = "00_start_here"


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory):
    """A class of six with one lesson: right (twice), half right, wrong, odd and hostile."""
    build = tmp_path_factory.mktemp("rehearsal")
    line = ["--size", "6", "--build", str(build), "--lessons", LESSON, *no_box()]
    assert rehearse.main(line) == 0
    return build


@functools.cache
def planned():
    return rehearse.make_class(6, [rehearse.Lesson(NOTEBOOKS / f"{LESSON}.ipynb")])


def test_all_kinds_are_there_and_each_grade_is_as_planned(rehearsal):
    kinds = [one.student.split()[1] for one in planned()]
    assert sorted(kinds) == ["half", "hostile", "odd", "right", "right", "wrong"]
    assert not rehearse.differences(planned(), rehearsal / "grades" / "grades.csv")


def test_a_grade_that_is_not_as_planned_is_named(rehearsal):
    first, *others = planned()
    for change in ({"score": 1.5}, {"waiting": 1.0}, {"status": "lost"}, {"student": "nobody"}):
        class_ = [dataclasses.replace(first, **change), *others]
        found = rehearse.differences(class_, rehearsal / "grades" / "grades.csv")
        assert len(found) == 1, change


def test_right_answers_earn_no_note(rehearsal):
    with open(rehearsal / "grades" / "grades.csv", newline="", encoding="utf-8") as file:
        notes = {row["student"]: row["note"] for row in csv.DictReader(file)}
    assert [notes[one.student] for one in planned() if "right" in one.student] == ["", ""]


def test_an_answer_stands_alone_and_never_calls_itself():
    right, wrong = answer_cells("check_count_windows", "count_windows")
    assert len(right) >= 4
    assert len(wrong) >= 8
    for name in ("count_windows", "count_right"):  # one that a helper of the answers has, too
        cells, _ = answer_cells("check_count_windows", name)
        for cell in cells:
            space = {}
            exec(cell, space)
            assert list(space[name](119, 302, 4)) == [20, 51]
    with pytest.raises(KeyError):
        answer_cells("check_of_nothing", "f")


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_right_answers_are_those_of_the_lesson_itself(path):
    """Two lessons may have a check of one name, as 03 and 10 have."""
    lesson = rehearse.Lesson(path)
    checks = importlib.import_module(f"helpers.checks.{lesson.checks}")
    for task in rehearse._in_code(lesson):
        check, name = rehearse.CHECK.search(lesson.cells[task.grade_id].source).groups()
        space = {}
        exec(lesson.answers(task)[0][0], space)
        getattr(checks, check)(space[name])


@pytest.mark.parametrize(
    ("options", "message"),
    [(("--lessons", "04_fnc"), "no lesson 04_fnc"), (("--size", "0"), "at least 1 student")],
)
def test_a_class_that_cannot_be_made_up_is_said(tmp_path, capsys, options, message):
    with pytest.raises(SystemExit):
        rehearse.main(["--build", str(tmp_path), *options])
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
