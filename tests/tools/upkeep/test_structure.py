"""What nbval lacks: every check of the structure is fed what it must refuse."""

import copy

import pytest
from nbformat.v4 import new_output

from tools.execution import WIDGET, write_notebook
from tools.exercises import repeated_grade_ids
from tools.upkeep import lessons, structure

# Notebooks that are spoilt in one thing each.


def never_executed(nb):
    nb.cells[1].execution_count, nb.cells[1].outputs = None, []


def out_of_order(nb):
    nb.cells[1].execution_count, nb.cells[2].execution_count = 2, 1


def skipped_cell(nb):
    nb.cells[1].metadata["tags"] = ["nbval-skip"]


def never_compared(nb):
    nb.cells[1].metadata["tags"] = ["nbval-ignore-output"]


def never_compared_by_comment(nb):
    nb.cells[1].source = f"# NBVAL_IGNORE_OUTPUT\n{nb.cells[1].source}"


def semicolon(nb):
    nb.cells[1].source += ";"


def error_output(nb):
    nb.cells[1].outputs = [new_output("error", ename="E", evalue="no", traceback=["E: no"])]


def unknown_field(nb):
    nb.cells[1]["invention"] = 1


def old_format(nb):
    nb.nbformat_minor = 4
    for cell in nb.cells:
        del cell["id"]


def widget_state(nb):
    nb.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}


def random_name(nb):
    nb.cells[3].outputs[0].data[WIDGET]["model_id"] = "0123456789abcdef"


def long_cell(nb):
    nb.cells[1].source = "x = 1\n" * 26


def long_paragraph(nb):
    nb.cells[0].source = "word " * 101


def source(text):
    def spoil(nb):
        nb.cells[1].source = text

    return spoil


def text(markdown):
    def spoil(nb):
        nb.cells[0].source = markdown

    return spoil


def shows(mime, data, **others):
    def spoil(nb):
        nb.cells[1].outputs = [new_output("display_data", {mime: data} | others)]

    return spoil


def prints(words):
    def spoil(nb):
        nb.cells[1].outputs = [new_output("stream", text=words)]

    return spoil


def only_a_progress_bar(nb):
    del nb.cells[3]


def only_an_import(nb):
    nb.cells[3].source, nb.cells[3].outputs = "from helpers import widgets", []


def without_cell(index):
    def spoil(nb):
        del nb.cells[index]

    return spoil


def marks(index, **changes):
    def spoil(nb):
        nb.cells[index].metadata.nbgrader.update(changes)

    return spoil


def warns_in_test(nb):
    nb.cells[6].outputs = [new_output("stream", name="stderr", text="careful")]


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        (structure.valid, unknown_field),
        (structure.valid, old_format),
        (structure.executed, never_executed),
        (structure.executed, out_of_order),
        (structure.executed, skipped_cell),
        (structure.executed, never_compared),
        (structure.executed, never_compared_by_comment),
        (structure.executed, semicolon),
        (structure.no_errors, error_output),
        (structure.no_widget_state, widget_state),
        (structure.no_widget_state, random_name),
        (structure.short_cells, long_cell),
        (structure.short_paragraphs, long_paragraph),
        (structure.only_helpers, source("from tools import execution")),
        (structure.only_helpers, source("%matplotlib inline\nimport tests.conftest")),
        (structure.only_helpers, source("import sys\nsys.path.append('..')")),
        (structure.only_helpers, source("import (")),
        (structure.alt_texts, text("![](drawing.png)")),
        (structure.alt_texts, text('<img src="drawing.png">')),
        (structure.alt_texts, shows("text/html", '<img src="data:image/png;base64,aa==">')),
        (structure.alt_texts, shows("text/html", '<img alt=" " src="x.png">')),
        (structure.alt_texts, shows("image/png", "aa==")),
        (structure.words_for_all, shows("text/html", "<figure></figure>")),
        (structure.words_for_all, shows("text/html", "<b>b</b>", **{"text/plain": "<x.H object>"})),
        (structure.no_machine_paths, prints("/home/ada/course/data is missing")),
        (structure.no_machine_paths, shows("text/html", "<a href='file:///tmp/x'>")),
        (structure.a_widget, only_a_progress_bar),
        (structure.a_widget, only_an_import),
        (structure.exercises, without_cell(5)),
        (structure.exercises, without_cell(6)),
        (structure.exercises, marks(6, locked=False)),
        (structure.exercises, marks(6, points=0)),
        (structure.exercises, marks(6, grade=False)),
        (structure.exercises, marks(5, solution=False)),
        (structure.exercises, marks(5, schema_version=2)),
        (structure.exercises, warns_in_test),
    ],
    ids=lambda value: value.__name__,
)
def test_a_bad_notebook_is_caught(model, check, spoil):
    bad = copy.deepcopy(model)
    assert [problem for check in structure.CHECKS for problem in check(bad)] == []
    spoil(bad)
    assert list(check(bad)) != []


def test_what_looks_bad_and_is_not_passes(model):
    notebook = copy.deepcopy(model)
    shows("text/html", '<img alt="a" src="data:image/png;base64,/tmp/aaa/home/b">')(notebook)
    tagged = notebook.cells[4]
    tagged.metadata["tags"] = ["raises-exception"]
    tagged.outputs = [new_output("error", ename="E", evalue="no", traceback=["E: no"])]
    notebook.cells[0].source = "See https://example.org/home/page.\n\n- " + "word " * 60 + "\n- b"
    assert list(structure.alt_texts(notebook)) == []
    assert list(structure.no_machine_paths(notebook)) == []
    assert list(structure.no_errors(notebook)) == []
    assert list(structure.short_paragraphs(notebook)) == []


def test_a_grade_id_may_be_used_once(model):
    assert len(list(repeated_grade_ids({"a": model, "b": model}))) == 2


# All notebooks together.


def test_the_course_has_no_structural_problem(capsys):
    """Every check of every notebook, and what concerns several at once: links, grade_ids."""
    assert structure.main() == 0, capsys.readouterr().out


def test_a_course_without_notebooks_has_one(tmp_path, capsys):
    assert structure.main(tmp_path) == 1
    assert "no notebooks in" in capsys.readouterr().out


def test_lessons_that_weigh_too_much_are_a_problem(model, tmp_path, monkeypatch, capsys):
    write_notebook(model, tmp_path / "01_data.ipynb")
    structure.main(tmp_path)
    assert "weigh" not in capsys.readouterr().out
    monkeypatch.setattr(structure, "HEAVIEST", 100)
    assert structure.main(tmp_path) == 1
    assert "bytes, more than 100" in capsys.readouterr().out


def test_a_problem_between_notebooks_reaches_the_exit_code(model, tmp_path, monkeypatch, capsys):
    notebook = copy.deepcopy(model)
    notebook.cells[0].source = "[next](nowhere.ipynb)"
    write_notebook(notebook, tmp_path / "01_data.ipynb")
    monkeypatch.setattr(lessons, "TARGETS", ("01_data", "04_fcn"))
    assert structure.main(tmp_path) == 1
    out = capsys.readouterr().out
    assert "01_data.ipynb: links to nowhere.ipynb, which is not there" in out
    assert "01_data.ipynb: 1 exercises, not 3 to 5" in out
    assert "there is no lesson 04_fcn" in out
    assert "01_data.ipynb: does not open with the cell that" in out
