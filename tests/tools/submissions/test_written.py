"""An answer in words reaches the teacher, wherever in the notebook it was written."""

import base64
import copy
import csv
import json
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from tests.tools.submissions.test_collecting import handed_out
from tests.tools.test_assignments import cell_of
from tests.tools.test_words import with_words
from tools.execution import clean
from tools.exercises import TEXT_STUB
from tools.spreadsheet import defuse, restored
from tools.submissions.mending import mend
from tools.submissions.reader import read_notebook
from tools.words import Answer, Picture, answers_in_words, write_answers

PNG = b"\x89PNG\r\n\x1a\n and so on"
DRAWN = {"image.png": {"image/png": base64.b64encode(PNG).decode()}}


def make_release():
    """A lesson whose question is followed by a hint and by the next heading, as in the course."""
    source = with_words()
    source.cells += [
        new_markdown_cell("<details>A good answer says more.</details>", id="hint"),
        new_markdown_cell("## What you have seen\n\nTwo exercises.", id="summary"),
        new_markdown_cell("Goodbye.", id="goodbye"),
    ]
    return handed_out(clean(source))


RELEASED = make_release()


def handed_in(change):
    """The answers in what was handed in after `change(cells, number of the answer's cell)`."""
    notebook = copy.deepcopy(RELEASED)
    place = notebook.cells.index(cell_of(notebook, "why"))
    change(notebook.cells, place)
    notebook, _ = read_notebook(json.dumps(notebook).encode())
    mended, remarks = mend(notebook, RELEASED)
    nbformat.validate(mended)
    assert sum(c.metadata.get("nbgrader", {}).get("grade_id") == "why" for c in mended.cells) == 1
    answers = answers_in_words(mended, RELEASED, "Ada", "lesson")
    same = cell_of(mended, "why").source == cell_of(RELEASED, "why").source
    assert same == (not answers), "nbgrader must see an answer where there is one, and only there"
    return answers, remarks


def put(place_after, *cells, change=None):
    def change_cells(all_cells, place):
        if change:
            all_cells[place].source = change
        all_cells[place + place_after : place + place_after] = copy.deepcopy(cells)

    return change_cells


def own(text, **more):
    return new_markdown_cell(text, **more)


def split(cells, place):
    """As JupyterLab splits: both cells keep the marks."""
    cells[place].source = "First half."
    cells.insert(place + 1, copy.deepcopy(cells[place]))
    cells[place + 1] |= {"source": "Second half.", "id": "another"}


def split_without_marks(cells, place):
    cells[place].source = "First half."
    cells.insert(place + 1, own("Second half."))


def copied(cells, place):
    cells.insert(place + 1, copy.deepcopy(cells[place]) | {"source": "In the copy.", "id": "b"})


def copied_before(cells, place):
    cells.insert(place, copy.deepcopy(cells[place]) | {"source": "In the copy.", "id": "b"})


def retyped(cells, place):
    cells[place] = own("All my own.")


def retyped_after_the_hint(cells, place):
    cells.insert(place + 2, own("All my own."))
    del cells[place]


def typed_into(name):
    def change(cells, _):
        cell = next(cell for cell in cells if cell.id == name)
        cell.source += "\n\nTyped in there."

    return change


def typed_into_the_question(cells, place):
    cells.insert(place, own("Above."))


def without_any_marks(cells, place):
    for number, cell in enumerate(cells):
        cell.metadata.pop("nbgrader", None)
        cell.id = f"x{number}"
    cells[place].source = cells[place].source.replace(TEXT_STUB, "Unmarked.")


def pasted(cells, place):
    cells[place].source = "![image.png](attachment:image.png)"
    cells[place].attachments = DRAWN


def pasted_and_stub_left(cells, place):
    cells[place].attachments = DRAWN


PUT_TOGETHER = "the answer why stood {}: put together"
BELOW = PUT_TOGETHER.format("below or above its cell")
COPY = PUT_TOGETHER.format("in a copy of its cell")
TWO = PUT_TOGETHER.format("in 2 cells")
QUESTION = "**In your own words:** why halve?"
WRITTEN = {
    "as it should be": (put(0, change=f"{QUESTION}\n\nSo."), f"{QUESTION}\n\nSo.", []),
    "paragraphs": (put(0, change="One.  \n\n\n\n- a\n  - b\n"), "One.\n\n- a\n  - b", []),
    "split": (split, "First half.\n\nSecond half.", [TWO]),
    "split, no marks": (split_without_marks, "First half.\n\nSecond half.", [TWO]),
    "in a copy": (copied, "In the copy.", []),
    "in a copy before": (
        copied_before,
        "In the copy.",
        [COPY],
    ),
    "below": (put(1, own("Below.")), "Below.", [BELOW]),
    "below in two": (put(1, own("Below."), own("And on.")), "Below.\n\nAnd on.", [BELOW]),
    "below the hint": (put(2, own("Below.")), "Below.", [BELOW]),
    "below, raw": (put(1, new_raw_cell("Below.")), "Below.", [BELOW]),
    "below, code": (put(1, new_code_cell("Below it all.")), "Below it all.", [BELOW]),
    "below, a comment": (put(1, new_code_cell("# Below.")), "# Below.", [BELOW]),
    "below, a string": (put(1, new_code_cell("'Below.'")), "'Below.'", [BELOW]),
    "below, one word": (put(1, new_code_cell("Yes")), "Yes", [BELOW]),
    "above": (typed_into_the_question, "Above.", [BELOW]),
    "in the hint": (typed_into("hint"), "Typed in there.", [BELOW]),
    "in the summary": (typed_into("summary"), "Typed in there.", [BELOW]),
    "retyped": (retyped, "All my own.", ["answer cell why is missing", BELOW]),
    "retyped below": (retyped_after_the_hint, "All my own.", ["answer cell why is missing", BELOW]),
    "a picture": (pasted, "[picture 1]", []),
    "a picture, no word": (pasted_and_stub_left, f"{QUESTION}\n\n{TEXT_STUB}\n\n[picture 1]", []),
    "a picture below": (put(1, own("", attachments=DRAWN)), "[picture 1]", [BELOW]),
}


@pytest.mark.parametrize("where", WRITTEN)
def test_an_answer_reaches_the_teacher_wherever_it_stands(where):
    change, text, said = WRITTEN[where]
    [answer], remarks = handed_in(change)
    assert (answer.text, remarks) == (text, said)
    assert answer.pictures == ((Picture("png", PNG),) if "picture" in where else ())


def test_an_answer_without_marks_is_known_by_its_question():
    [answer], remarks = handed_in(without_any_marks)
    assert answer.text == f"{QUESTION}\n\nUnmarked."
    assert remarks == []


@pytest.mark.parametrize(
    "change",
    [
        lambda cells, place: None,
        put(0, change=""),
        put(0, change=f" {QUESTION} \n{TEXT_STUB}"),
        put(0, change=TEXT_STUB),
        typed_into("goodbye"),  # that is another section
        put(4, own("My notes.")),
        put(0, new_code_cell("x = 1")),
        put(1, new_code_cell("print(double(2))")),
        lambda cells, place: cells.pop(place),
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(change):
    answers, remarks = handed_in(change)
    assert answers == []
    assert not any("put together" in remark for remark in remarks)


def test_code_below_a_written_answer_is_no_part_of_it():
    [answer], remarks = handed_in(put(1, new_code_cell("x = 1"), change="So."))
    assert (answer.text, remarks) == ("So.", [])


def test_two_pictures_of_one_name_are_both_kept():
    other = {"image.png": {"image/png": base64.b64encode(PNG + b"!").decode()}}
    cells = [own("a ![](attachment:image.png)", attachments=one) for one in (DRAWN, other)]
    [answer], _ = handed_in(put(1, *cells))
    assert answer.text == "a [picture 1]\n\na [picture 2]"
    assert [picture.data for picture in answer.pictures] == [PNG, PNG + b"!"]


def test_pictures_lie_beside_the_table_which_says_so(tmp_path):
    answer = Answer("Ada", "lesson", "why", 2.0, "[picture 1]", (Picture("png", PNG),))
    write_answers(tmp_path / "words.csv", [answer], {})
    with open(tmp_path / "words.csv", newline="", encoding="utf-8-sig") as file:
        [row] = csv.DictReader(file)
    assert row["picture"] == f"has a picture: pictures/{answer.key}-1.png"
    assert (tmp_path / "pictures" / f"{answer.key}-1.png").read_bytes() == PNG


def test_a_picture_that_cannot_be_written_and_one_in_a_file_are_said(tmp_path):
    def change(cells, place):
        cells[place].attachments = {"a.svg": {"image/svg+xml": "<svg>"}}
        cells.insert(place + 1, own("See ![](photo.jpg)."))

    [answer], _ = handed_in(change)
    assert answer.text.count("[picture 1]") == 1
    write_answers(tmp_path / "words.csv", [answer], {})
    with open(tmp_path / "words.csv", newline="", encoding="utf-8-sig") as file:
        [row] = csv.DictReader(file)
    assert row["picture"] == ("has a picture that is only in the notebook; shows a file: photo.jpg")


def test_what_only_says_that_it_is_a_picture_is_not_written():
    script = {"image.png": {"image/png": base64.b64encode(b"<script>").decode()}}
    [answer], _ = handed_in(put(1, own("see ![](attachment:image.png)", attachments=script)))
    assert (answer.text, answer.pictures) == ("see [picture 1]", ())


def test_an_answer_ends_at_the_lessons_next_text():
    def change(cells, place):
        cells[place].source = "So."
        cells.insert(place + 1, own("And on."))
        cells.insert(place + 3, own("A note to the hint."))

    [answer], _ = handed_in(change)
    assert answer.text == "So.\n\nAnd on."


def test_a_test_that_is_put_back_has_an_id_of_its_own_the_same_each_time():
    notebook = copy.deepcopy(RELEASED)
    test = cell_of(notebook, "double-test")
    notebook.cells.remove(test)
    cell_of(notebook, "double").id = test.id
    mended = [mend(copy.deepcopy(notebook), RELEASED)[0] for _ in range(2)]
    assert mended[0] == mended[1]
    assert len({cell.id for cell in mended[0].cells}) == len(mended[0].cells)


@pytest.mark.parametrize("unit", ["![", "<img ", "[](attachment:", ";\t", "# ", "\n="])
def test_no_text_takes_long_to_write_and_read(unit):
    """Patterns that look for something in a student's text must not take its length squared."""
    notebook = copy.deepcopy(RELEASED)
    cell_of(notebook, "why").source = text = f"x{unit * 60_000}x"
    started = time.process_time()
    assert answers_in_words(notebook, RELEASED, "Ada", "lesson")
    assert restored(defuse(text)) == text
    assert time.process_time() - started < 2


def test_an_answer_of_many_cells_is_cut_where_a_spreadsheet_ends():
    [answer], _ = handed_in(put(1, *[own(f"{i}" * 19_000) for i in range(9)]))
    assert answer.text.endswith("(cut here: too long)")
    assert len(answer.text) < 30_050
