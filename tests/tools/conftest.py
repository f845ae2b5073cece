"""Small notebooks and courses for the tests of the tools."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.execution import clean, execute, write_notebook

PICTURE = (
    "from IPython.display import HTML, display\n"
    "data = 'data:image/png;base64,iVBORw0KGgo='\n"
    "caption = '<figcaption>A square of 7 pixels.</figcaption>'\n"
    'display(HTML(f\'<figure><img alt="a red square" src="{data}">{caption}</figure>\'))'
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
