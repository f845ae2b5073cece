"""The cell that each lesson opens with: it says what to do where the course is missing."""

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from helpers import __version__
from tools.execution import NOTEBOOKS, ROOT, find_notebooks, write_notebook

DESCRIPTION = """Write the cell that each lesson opens with. It does nothing where the course is
installed. Where pyproject.toml names a public repository ([project.urls], Repository), it fetches
the course on Colab, at the tag of this version."""
PLACE, NAME = 1, "opening"  # after the title
LOCAL = """\
# Where the course is installed, this cell does nothing.
try:
    import helpers  # noqa: F401
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "This Python lacks the course: open the lesson with `make lab`, "
        "or run `pip install -e .` in the course's folder. On Colab: this "
        "copy has no public address that the course could be fetched from."
    ) from None"""
PUBLIC = """\
# Where the course is installed, this cell does nothing. Colab fetches it.
import sys
from pathlib import Path
from subprocess import run

try:
    import helpers  # noqa: F401
except ModuleNotFoundError:
    if "google.colab" not in sys.modules:
        raise ModuleNotFoundError(
            "This Python lacks the course: open the lesson with `make lab`, "
            "or run `pip install -e .` in the course's folder."
        ) from None
    COURSE = "{address}"
    FOLDER = "{folder}"
    if not Path(FOLDER).exists():
        line = "git clone --quiet --depth 1 --branch {tag}".split()
        run([*line, COURSE, FOLDER], check=True)
    sys.path.insert(0, FOLDER)"""


def repository() -> str | None:
    """The public address of the course, if pyproject.toml names one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project.get("urls", {}).get("Repository")


def source(address: str | None, version: str = __version__, folder: str = "/content/course") -> str:
    """The code of the cell.

    Args:
        address: of the public repository, if there is one.
        version: of the course, and of the lesson that the cell stands in.
        folder: where the course comes to lie on Colab.
    """
    return PUBLIC.format(address=address, tag=f"v{version}", folder=folder) if address else LOCAL


def opening(notebook: NotebookNode) -> Iterator[str]:
    """After its title, a lesson has the cell that says what to do where the course is missing."""
    cell = notebook.cells[PLACE] if len(notebook.cells) > PLACE else {}
    if (cell.get("id"), cell.get("source")) != (NAME, source(repository())):
        yield "does not open with the cell that `python -m tools.upkeep.opening` writes"


def write_opening(notebook: NotebookNode) -> None:
    """Put the cell where it belongs, in place; counts of executed cells follow."""
    notebook.cells = [cell for cell in notebook.cells if cell.get("id") != NAME]
    cell = new_code_cell(source(repository()), id=NAME, metadata={"tags": ["hide-input"]})
    notebook.cells.insert(PLACE, cell)  # the tag: the site folds it away
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, start=1):
        cell.execution_count = number
        for output in cell.outputs:
            if "execution_count" in output:
                output.execution_count = number


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.upkeep.opening", description=DESCRIPTION)
    parser.add_argument("notebooks", nargs="*", type=Path, help="the lessons, if left out")
    for path in parser.parse_args(arguments).notebooks or find_notebooks(NOTEBOOKS):
        notebook = nbformat.read(path, as_version=4)
        write_opening(notebook)
        write_notebook(notebook, path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
