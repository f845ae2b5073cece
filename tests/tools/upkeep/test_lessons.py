"""What each of the eleven lessons must hold."""

import copy

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.upkeep import lessons

MARKS = {"schema_version": 3, "task": False}
SOLUTION = MARKS | {"grade_id": "one", "grade": False, "solution": True, "locked": False}
WORDS = MARKS | {"grade_id": "w", "grade": True, "solution": True, "locked": False, "points": 1}


def model_lesson():
    """The least that a lesson may be: 01_data, two exercises in code and one in words."""
    codes = [SOLUTION | {"grade_id": grade_id} for grade_id in ("a", "b")]
    return new_notebook(
        cells=[
            new_markdown_cell("**Predict:** what comes out?"),
            *(new_code_cell("x = 1", metadata={"nbgrader": code}) for code in codes),
            new_markdown_cell("In your own\nwords: why?", metadata={"nbgrader": WORDS}),
            new_markdown_cell("**Next:** on with\n[02](02_augmentation.ipynb).\n\n*Sources*"),
        ]
    )


def without_cell(index):
    def spoil(nb):
        del nb.cells[index]

    return spoil


def link_elsewhere(nb):
    nb.cells[4].source = "**Next:** nothing.\n\nSee [02](02_augmentation.ipynb)."


def too_many(nb):
    nb.cells[3:3] = [copy.deepcopy(nb.cells[2]) for _ in range(3)]


def predicts_last(nb):
    nb.cells.append(nb.cells.pop(0))


def only_words(nb):
    nb.cells[1:3] = [copy.deepcopy(nb.cells[3]) for _ in range(2)]


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        (lessons.enough_exercises, without_cell(1)),
        (lessons.enough_exercises, without_cell(3)),
        (lessons.enough_exercises, too_many),
        (lessons.enough_exercises, only_words),
        (lessons.asks_first, without_cell(0)),
        (lessons.asks_first, predicts_last),
        (lessons.asks_for_words, without_cell(3)),
        (lessons.next_step, without_cell(4)),
        (lessons.next_step, link_elsewhere),
    ],
    ids=lambda value: value.__name__,
)
def test_a_lesson_that_lacks_something_is_caught(monkeypatch, check, spoil):
    monkeypatch.setattr(lessons, "TARGETS", ("01_data",))
    notebook = model_lesson()
    assert list(lessons.lesson_problems(notebook, "01_data")) == []
    spoil(notebook)
    found = list(check(notebook, "01_data"))
    assert found != []
    assert set(found) <= set(lessons.lesson_problems(notebook, "01_data"))
    assert list(lessons.lesson_problems(notebook, "elsewhere")) == []


def test_the_last_lesson_needs_no_link():
    assert list(lessons.next_step(model_lesson(), lessons.LESSONS[-1])) == []


def test_a_link_to_a_lesson_leads_somewhere():
    notebook = model_lesson()
    assert list(lessons.links(notebook, {"02_augmentation.ipynb"})) == []
    assert list(lessons.links(notebook, {"01_data.ipynb"})) != []


def test_a_missing_lesson_is_reported(monkeypatch):
    monkeypatch.setattr(lessons, "TARGETS", lessons.LESSONS)
    assert list(lessons.missing_lessons(set(lessons.LESSONS[1:]))) == [
        "there is no lesson 00_start_here"
    ]
