"""What students get works, and holds no answer; an answer anywhere in it is found."""

import re
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.tools.test_assignments import lesson
from tools import handout
from tools.assignments import CannotContinue
from tools.execution import find_notebooks, write_notebook
from tools.handout import answers_in, make_handout

LINK = re.compile(r"\]\((?!https?:|attachment:|#)([^)#\s]+)")


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    return make_handout(find_notebooks(), tmp_path_factory.mktemp("out") / "handout")


def test_what_is_there_and_what_is_not(handed_out):
    top = {path.name for path in handed_out.iterdir()}
    assert {"README.md", "Makefile", "helpers", "data", "docs", "notebooks", "LICENSE"} <= top
    assert not top & {"tests", "build", "my-course", "CONTRIBUTING.md", ".git", ".ci", ".venv"}
    assert {path.name for path in (handed_out / "tools").iterdir()} == {
        "__init__.py",
        "course.py",
        "jupyter",
    }
    names = [path.name for path in (handed_out / "notebooks").iterdir()]
    assert sorted(names) == [path.name for path in find_notebooks()]


def test_every_link_leads_somewhere(handed_out):
    pages = [path for kind in ("*.md", "*.ipynb") for path in handed_out.rglob(kind)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        if page.suffix == ".ipynb":
            cells = nbformat.reads(text, 4).cells
            text = "\n".join(c.source for c in cells if c.cell_type == "markdown")
        for link in LINK.findall(text):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_makefile_runs_what_is_there(handed_out):
    text = (handed_out / "Makefile").read_text()
    assert "tools.course" in text
    for command in re.findall(r"-m tools\.course (\w+)", text):
        assert f'"{command}"' in (handed_out / "tools" / "course.py").read_text()
    for notebook in re.findall(r"notebooks/\w+\.ipynb", text):
        assert (handed_out / notebook).exists()


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("docs/notes.md", "Try `conv = nn.Conv2d(channels, out, (height, width), bias=has_bias)`."),
        (
            "data/street/x.txt",
            "places = [{p.data_ptr() for p in one.parameters()} for one in pair]",
        ),
        (
            "tools/x.py",
            "multiply the same numbers with the same weights and add them up; on a larger",
        ),
    ],
)
def test_an_answer_is_found_wherever_it_lies(handed_out, place, text):
    sources = find_notebooks()
    assert not list(answers_in(handed_out, sources))
    path = handed_out / place
    if place.startswith("tools"):  # a model answer, whole
        cells = (cell for source in sources for cell in nbformat.read(source, 4).cells)
        text = next(cell.source for cell in cells if text in cell.source)
        assert "BEGIN SOLUTION" in text
    path.write_text(f"first\n  {text}\nlast")
    try:
        found = list(answers_in(handed_out, sources))
    finally:
        path.unlink()
    assert found
    assert all(line.startswith(f"{place}: ") for line in found)


@pytest.mark.parametrize("place", ["an output", "a cell's metadata", "the metadata"])
def test_an_answer_is_found_in_what_a_notebook_does_not_show(tmp_path, place):
    secret = 'return "the larger of the two"'
    source = new_code_cell(f"### BEGIN SOLUTION\n{secret}\n### END SOLUTION")
    write_notebook(new_notebook(cells=[source]), tmp_path / "lesson.ipynb")
    cell = new_code_cell("shown = 1")
    notebook = new_notebook(cells=[cell])
    if place == "an output":
        cell.outputs = [new_output("stream", text=f"def larger(x):\n    {secret}\n")]
    elif place == "a cell's metadata":
        cell.metadata["solution"] = secret
    else:
        notebook.metadata["notes"] = {"answers": [f"larger: {secret}"]}
    write_notebook(notebook, tmp_path / "out" / "lesson.ipynb")
    found = list(answers_in(tmp_path / "out", [tmp_path / "lesson.ipynb"]))
    assert found == [f"lesson.ipynb: {secret}"]


def test_a_complete_lesson_in_it_is_refused_and_the_earlier_one_stays(tmp_path, monkeypatch):
    write_notebook(lesson(), tmp_path / "notebooks" / "lesson.ipynb")
    cell = next(c for c in lesson().cells if "return 2 * x" in c.source)
    assert cell  # its line is short: the whole answer of a longer one is what is looked for
    target = tmp_path / "handout"
    target.mkdir()
    (target / "old").touch()

    def not_released(sources, folder):
        folder.mkdir(parents=True)
        shutil.copy(find_notebooks()[4], folder)

    monkeypatch.setattr(handout, "release", not_released)
    with pytest.raises(CannotContinue, match="an answer would be handed out"):
        make_handout(find_notebooks()[4:5], target)
    assert [path.name for path in target.iterdir()] == ["old"]
