"""How long the views of the lessons take to answer: every control, moved through its range."""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import ipywidgets
import nbformat
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from tools.execution import NOTEBOOKS, find_notebooks

DESCRIPTION = """Run each lesson in this process, then move every slider and menu of its views
through its range, and print how long the new picture takes (median and maximum, milliseconds)."""
STEPS = 12  # places of a slider that are tried


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.upkeep.sliders", description=DESCRIPTION)
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    for path in find_notebooks(parser.parse_args(arguments).notebooks):
        for view in views(path):
            for control in controls(view):
                times = answer_times(control)
                name = f"{path.stem}: {control.description}"
                print(f"{name:<48} {median(times):4.0f} {max(times):5.0f}", flush=True)
    return 0


def views(notebook: Path) -> list[ipywidgets.VBox]:
    """Run a lesson's code; the views that its cells end with. Raises the first error of a cell."""
    shell = InteractiveShell.instance()
    shell.reset()
    found = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            with capture_output():
                ran = shell.run_cell(cell.source)
            ran.raise_error()
            if isinstance(ran.result, ipywidgets.VBox):
                found.append(ran.result)
    return found


def controls(view: ipywidgets.VBox) -> Iterator[ipywidgets.Widget]:
    """What can be moved in a view: all but its picture."""
    return (child for child in view.children if not isinstance(child, ipywidgets.HTML))


def answer_times(control: ipywidgets.Widget) -> list[float]:
    """Milliseconds from each new value to the new picture; then the old value is back."""
    before, times = control.value, []
    for value in places(control):
        if value != control.value:
            started = time.perf_counter()
            control.value = value
            times.append(1000 * (time.perf_counter() - started))
    control.value = before
    return times


def places(control: ipywidgets.Widget) -> list:
    """The options of a menu, or some values from one end of a slider to the other."""
    if hasattr(control, "options"):
        return [option[1] if isinstance(option, tuple) else option for option in control.options]
    low, high = control.min, control.max
    values = [low + (high - low) * k / (STEPS - 1) for k in range(STEPS)]
    return [round(value) for value in values] if isinstance(low, int) else values


if __name__ == "__main__":
    sys.exit(main())
