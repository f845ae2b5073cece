"""The command that times the views: it finds every control, and moves it."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.execution import clean, write_notebook
from tools.upkeep import sliders

VIEW = """import ipywidgets
seen = []
slider = ipywidgets.IntSlider(value=3, max=20, description="place")
menu = ipywidgets.Dropdown(options=["one", "two"], description="which")
for control in (slider, menu):
    control.observe(lambda change: seen.append(change["new"]), "value")
ipywidgets.VBox([slider, menu, ipywidgets.HTML("a picture")])"""


def lesson(folder, *sources):
    cells = [new_markdown_cell("A view."), *(new_code_cell(source) for source in sources)]
    write_notebook(clean(new_notebook(cells=cells)), folder / "view.ipynb")
    return folder / "view.ipynb"


def test_every_control_is_moved_from_end_to_end_and_back(tmp_path, capsys):
    [view] = sliders.views(lesson(tmp_path, VIEW))
    slider, menu = sliders.controls(view)
    moved = []
    slider.observe(lambda change: moved.append(change["new"]), "value")
    assert all(took > 0 for took in sliders.answer_times(slider))
    assert (min(moved), max(moved), slider.value) == (0, 20, 3)
    assert len(moved) == sliders.STEPS + 1
    assert len(sliders.answer_times(menu)) == 1
    assert menu.value == "one"
    assert sliders.main(["--notebooks", str(tmp_path)]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["view:", "place"],
        ["view:", "which"],
    ]


def test_a_lesson_that_fails_is_not_passed_over(tmp_path):
    with pytest.raises(ZeroDivisionError):
        sliders.views(lesson(tmp_path, "1 / 0", VIEW))
