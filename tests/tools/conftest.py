"""Small notebooks and courses for the tests of the tools."""

import re
import subprocess

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.execution import ROOT, clean, execute, write_notebook
from tools.run_tests import gate_environment, nbval_command

PICTURE = (
    "from IPython.display import display\n"
    "data = 'data:image/png;base64,iVBORw0KGgo='\n"
    "caption = '<figcaption>A square of 7 pixels.</figcaption>'\n"
    'page = f\'<figure><img alt="a red square" src="{data}">{caption}</figure>\'\n'
    "display({'text/html': page, 'text/plain': 'a red square'}, raw=True)"
)
MARKS = {"schema_version": 3, "task": False}
SOLUTION = MARKS | {"grade_id": "one", "grade": False, "solution": True, "locked": False}
GRADED = MARKS | {"grade_id": "two", "grade": True, "solution": False, "locked": True, "points": 1}


def model_notebook():
    """A small notebook that is all that a notebook of the course must be, not executed yet."""
    return new_notebook(
        cells=[
            new_markdown_cell("# A model notebook\n\n![a drawing](attachment:none.png)"),
            new_code_cell("from helpers import __version__\n\nprint('boxes:', 3 * 4)"),
            new_code_cell(PICTURE),
            new_code_cell("import ipywidgets\n\nipywidgets.IntSlider(value=3)"),
            new_code_cell("from tqdm.auto import tqdm\n\nfor _ in tqdm(range(3)):\n    pass"),
            new_code_cell(
                "### BEGIN SOLUTION\nx = 1\n### END SOLUTION", metadata={"nbgrader": SOLUTION}
            ),
            new_code_cell(
                "### BEGIN HIDDEN TESTS\nassert x == 1\n### END HIDDEN TESTS",
                metadata={"nbgrader": GRADED},
            ),
            new_code_cell("6 * 7"),
        ]
    )


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """The model notebook, executed by the course's own tool. To be copied before it is changed."""
    path = tmp_path_factory.mktemp("model") / "model.ipynb"
    write_notebook(clean(model_notebook()), path)
    return execute(path)


@pytest.fixture
def course(tmp_path):
    """A function: a folder with one notebook whose code cells are the sources given; its path."""

    def write(*sources):
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
        path = tmp_path / "notebooks" / "lesson.ipynb"
        write_notebook(notebook, path)
        return path

    return write


@pytest.fixture
def gate(tmp_path):
    """A function: code cells through the gate of `make test`.

    They are one notebook, since starting a kernel is what takes time. It returns the indices of the
    cells that the gate objects to, and what it said.
    """

    def run(cells, command=nbval_command):
        for number, cell in enumerate(cells):
            cell.id, cell.metadata, cell.execution_count = f"cell-{number}", {}, number + 1
        path = tmp_path / "made_up.ipynb"
        write_notebook(clean(new_notebook(cells=cells)), path)
        done = subprocess.run(
            command([path]), env=gate_environment(), cwd=ROOT, capture_output=True, text=True
        )
        failed = {int(n) for n in re.findall(r"^FAILED .*::Cell (\d+)", done.stdout, re.MULTILINE)}
        assert f"{len(cells) - len(failed)} passed" in done.stdout, done.stdout + done.stderr
        return failed, done.stdout

    return run
