"""Lessons in a real JupyterLab, in headless Chromium: they run, their sliders move, all stays here.

Skipped where playwright or Chromium is missing; `make browser` says how to get them.
"""

import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.project.browser import Lesson, PictureStays, jupyter_lab
from tools.execution import NOTEBOOKS, clean, write_notebook

# The lessons whose views the course stands on; those that are not written yet are left out.
LESSONS = [
    name
    for name in ("00_start_here", "05_heatmaps", "06_boxes")
    if (NOTEBOOKS / f"{name}.ipynb").is_file()
]
DEAD = """import ipywidgets
picture = ipywidgets.HTML('<img alt="a dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">')
ipywidgets.VBox([ipywidgets.FloatSlider(description="dead", max=2), picture])"""
BROKEN = """from IPython.display import HTML, Javascript, display
display(HTML('<img src="https://example.org/picture.png" alt="from elsewhere">'))
display(Javascript('console.error("a complaint")'))
raise ValueError("a mistake")"""


@pytest.fixture(scope="module")
def address(browser, tmp_path_factory):
    """One JupyterLab for all, on copies of the lessons."""
    folder = tmp_path_factory.mktemp("course")
    for name in LESSONS:
        shutil.copy(NOTEBOOKS / f"{name}.ipynb", folder)
    write_notebook(
        clean(new_notebook(cells=[new_code_cell(DEAD), new_code_cell(BROKEN)])),
        folder / "broken.ipynb",
    )
    with jupyter_lab(folder, tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture
def open_lesson(browser, address):
    """A function that opens a notebook in a page of its own."""
    opened = []

    def open_it(name):
        opened.append(Lesson(browser, address, f"{name}.ipynb"))
        return opened[-1]

    yield open_it
    for lesson in opened:
        lesson.context.close()


def test_there_is_a_lesson_to_look_at():
    assert LESSONS


def shown_prompts(name):
    """[1]: and so on, but for cells whose code is folded away: they show none."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    folded = [cell.metadata.get("jupyter", {}).get("source_hidden", False) for cell in code]
    return [f"[{number}]:" for number, hidden in enumerate(folded, start=1) if not hidden]


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_runs_and_its_sliders_move_the_picture(open_lesson, name):
    lesson = open_lesson(name)
    lesson.run()
    assert lesson.prompts() == shown_prompts(name)
    assert lesson.errors() == []
    sliders = lesson.sliders()
    assert sliders, "no slider"
    for slider in sliders:
        assert slider.label, "a slider without a label"
        assert slider.picture().startswith("data:image/"), slider.label
        value = slider.value()
        slider.move()
        assert slider.value() != value, slider.label
        assert slider.announces(), slider.label
    assert lesson.findings() == []
    assert lesson.complaints == []
    assert lesson.outside == []


def test_the_browser_test_would_see_what_is_wrong(open_lesson, monkeypatch):
    monkeypatch.setattr("tests.project.browser.ANSWER", 2)
    lesson = open_lesson("broken")
    lesson.run()
    assert lesson.prompts() == ["[1]:", "[2]:"]
    assert lesson.errors() == ["ValueError: a mistake"]
    lesson.page.wait_for_selector("img[alt='from elsewhere']", state="attached")
    assert lesson.outside == ["https://example.org/picture.png"]
    assert "a complaint" in lesson.complaints
    assert [rule for rule, _ in lesson.findings()] == ["aria-input-field-name"]  # of the slider
    [slider] = lesson.sliders()
    assert not slider.announces()
    with pytest.raises(PictureStays, match="dead"):
        slider.move()
    assert slider.value() != "0.00"
