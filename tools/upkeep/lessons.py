"""The eleven lessons, and what each must hold beside what every notebook of the course must be."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from tools.exercises import is_in_words

LESSONS = (
    "00_start_here",
    "01_data",
    "02_augmentation",
    "03_classifier",
    "04_fcn",
    "05_heatmaps",
    "06_boxes",
    "07_evaluation",
    "08_scales",
    "09_photographs",
    "10_own_detector",
)
# The lessons that are held to what stands here.
TARGETS: tuple[str, ...] = LESSONS
FEWEST, MOST = 3, 5

Problems = Iterator[str]


def _prose(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def enough_exercises(notebook: NotebookNode, name: str) -> Problems:
    """Three to five exercises, of which at least one is answered in words."""
    answers = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
    words = sum(bool(is_in_words(cell)) for cell in answers)
    if not FEWEST <= len(answers) <= MOST:
        yield f"{len(answers)} exercises, not {FEWEST} to {MOST}"
    if not words:
        yield "no exercise is answered in words"
    if words == len(answers):
        yield "no exercise is answered in code"


def asks_first(notebook: NotebookNode, name: str) -> Problems:
    """A prediction is asked for before a surprise, in a cell that code comes after."""
    cells = notebook.cells
    asked = [
        i for i, c in enumerate(cells) if c.cell_type == "markdown" and "**Predict" in c.source
    ]
    if not asked:
        yield "no prediction is asked for (**Predict: ...**)"
    elif not any(cell.cell_type == "code" for cell in cells[asked[0] + 1 :]):
        yield "nothing is shown after the prediction"


def asks_for_words(notebook: NotebookNode, name: str) -> Problems:
    """The learner is asked to explain in his or her own words."""
    if not re.search(r"\bin\s+your\s+own\s+words\b", _prose(notebook), re.IGNORECASE):
        yield "nothing is asked “In your own words”"


def next_step(notebook: NotebookNode, name: str) -> Problems:
    """What is next, with a link to the next lesson; the last lesson has none to link to."""
    place = LESSONS.index(name)
    found = re.search(r"\*\*Next\b.*?(?=\n\s*\n|\Z)", _prose(notebook), re.DOTALL)
    if not found:
        yield "no next step (**Next:** ...)"
    elif place + 1 < len(LESSONS) and f"]({LESSONS[place + 1]}.ipynb)" not in found[0]:
        yield f"the next step does not link to {LESSONS[place + 1]}.ipynb"


LESSON_CHECKS = (enough_exercises, asks_first, asks_for_words, next_step)


def lesson_problems(notebook: NotebookNode, name: str) -> Problems:
    """What is wrong with one of the lessons in TARGETS; nothing with any other notebook."""
    if name in TARGETS:
        for check in LESSON_CHECKS:
            yield from check(notebook, name)


def links(notebook: NotebookNode, notebooks: set[str]) -> Problems:
    """A link to a notebook leads to one that is there; `notebooks` are the files' names."""
    for target in re.findall(r"\]\(([^)\s#:]+\.ipynb)[^)]*\)", _prose(notebook)):
        if target.removeprefix("./") not in notebooks:
            yield f"links to {target}, which is not there"


def missing_lessons(names: set[str]) -> Problems:
    """Every lesson in TARGETS is there."""
    yield from (f"there is no lesson {name}" for name in TARGETS if name not in names)
