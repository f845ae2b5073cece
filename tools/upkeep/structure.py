"""What a notebook of the course must be, beyond what nbval compares."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from tools.execution import NOTEBOOKS, ROOT, WIDGET, clean, find_notebooks
from tools.exercises import exercises, repeated_grade_ids
from tools.upkeep.lessons import lesson_problems, links, missing_lessons
from tools.upkeep.opening import NAME as OPENING
from tools.upkeep.opening import opening

LONGEST_CELL = 25
LONGEST_PARAGRAPH = 100
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|tmp|home|Users|mnt|var)/[^\s\"'<]*")
PICTURE_BYTES = re.compile(r"data:image/[\w+.-]+;base64,[A-Za-z0-9+/=\s]+")
# What lets nbval pass a cell by, as a tag or as a comment.
NOT_COMPARED = re.compile(r"nbval[-_](?:skip|ignore[-_]output)|\w+_IGNORE_OUTPUT", re.IGNORECASE)
NO_WORDS = re.compile(r"<.* object")  # "<IPython.core.display.HTML object>"
HEAVIEST = 4_000_000  # bytes of all lessons: a clone carries each of their versions
PROGRESS_BAR = re.compile(r"\d+%\||\d+(?:it|s)/(?:s|it)|\[\d\d:\d\d<")

Problems = Iterator[str]


def _code(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """Code cells, each with its number among all cells, from 1."""
    return [(i, c) for i, c in enumerate(notebook.cells, start=1) if c.cell_type == "code"]


def _texts(output: NotebookNode) -> dict[str, str]:
    """What an output shows as text, by mime type, without the bytes of pictures."""
    if output.output_type == "stream":
        data = {"text/plain": output.text}
    elif output.output_type == "error":
        data = {"text/plain": "\n".join(output.traceback)}
    else:
        data = {mime: str(text) for mime, text in output.data.items() if mime.startswith("text/")}
    return {mime: PICTURE_BYTES.sub("", text) for mime, text in data.items()}


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def valid(notebook: NotebookNode) -> Problems:
    """The file keeps to nbformat, in the version that has cell ids."""
    try:
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {error.message}"
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        yield f"written in nbformat {notebook.nbformat}.{notebook.nbformat_minor}, not 4.5"


def executed(notebook: NotebookNode) -> Problems:
    """Every code cell ran, once, from top to bottom; nbval passes cells that never ran."""
    for expected, (number, cell) in enumerate(_code(notebook), start=1):
        if cell.execution_count != expected:
            yield f"cell {number} has execution count {cell.execution_count}, not {expected}"
        if found := NOT_COMPARED.search("\n".join([*_tags(cell), cell.source])):
            yield f"cell {number} is not compared by nbval ({found[0]})"
        if cell.source.rstrip().endswith(";"):
            yield f"cell {number} ends with a semicolon, which nbval cannot compare"


def no_errors(notebook: NotebookNode) -> Problems:
    """No cell shows an error, unless it is tagged raises-exception."""
    for number, cell in _code(notebook):
        if "raises-exception" in _tags(cell):
            continue
        for output in cell.outputs:
            if output.output_type == "error":
                yield f"cell {number} shows {output.ename}: {output.evalue}"


def no_widget_state(notebook: NotebookNode) -> Problems:
    """Saved notebooks carry no state of widgets: it is large, and random; and no random names."""
    if "widgets" in notebook.metadata:
        yield "the metadata hold the state of widgets"
    cleaned = clean(notebook)
    for (number, cell), (_, same) in zip(_code(notebook), _code(cleaned), strict=True):
        if cell.outputs != same.outputs:
            yield f"cell {number} has the random name of a widget: execute with `make notebooks`"


def short_cells(notebook: NotebookNode) -> Problems:
    """Code cells of at most 25 lines."""
    for number, cell in _code(notebook):
        if (lines := len(cell.source.splitlines())) > LONGEST_CELL:
            yield f"cell {number} has {lines} lines of code, more than {LONGEST_CELL}"


def short_paragraphs(notebook: NotebookNode) -> Problems:
    """Paragraphs and list items of at most 100 words."""
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "markdown":
            continue
        prose = re.sub(r"(?ms)^(```|~~~).*?^\1", "", cell.source)
        for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.|\||#)\s)", prose):
            if (words := len(paragraph.split())) > LONGEST_PARAGRAPH:
                yield f"cell {number} has a paragraph of {words} words: {paragraph[:40]!r}..."


def only_helpers(notebook: NotebookNode) -> Problems:
    """Of the project, a notebook imports `helpers` and nothing else."""
    for number, cell in _code(notebook):
        try:
            tree = ast.parse(TransformerManager().transform_cell(cell.source))
        except SyntaxError as error:
            if "raises-exception" not in _tags(cell):
                yield f"cell {number} is not Python: {error}"
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = ["." * node.level + (node.module or "")]
            else:
                continue
            for name in names:
                if name.startswith(".") or _is_of_the_project(name.partition(".")[0]):
                    yield f"cell {number} imports {name}, which is not helpers"
        if "sys.path" in cell.source and cell.id != OPENING:
            yield f"cell {number} changes sys.path"


def _is_of_the_project(name: str) -> bool:
    places = [folder / name for folder in (ROOT, NOTEBOOKS, ROOT / "tests", ROOT / "tools")]
    here = any(place.is_dir() or place.with_suffix(".py").is_file() for place in places)
    return name != "helpers" and here


class _Pictures(HTMLParser):
    """Collects the alt texts of <img>, None where there is none."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.alts: list[str | None] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.alts.append(dict(attrs).get("alt"))


def alt_texts(notebook: NotebookNode) -> Problems:
    """Every picture says in words what it shows: those in the text and those in outputs."""
    for number, cell in enumerate(notebook.cells, start=1):
        alts = []
        if cell.cell_type == "markdown":
            alts = re.findall(r"!\[(.*?)\]\(", cell.source, re.DOTALL)
            alts += _Pictures(cell.source).alts
        for output in cell.get("outputs", []):
            alts += _Pictures(_texts(output).get("text/html", "")).alts
            if any(mime.startswith("image/") for mime in output.get("data", {})):
                yield f"cell {number} shows a bare picture: use helpers.plots.show"
        if not all(alt and alt.strip() for alt in alts):
            yield f"cell {number} shows a picture without an alt text"


def words_for_all(notebook: NotebookNode) -> Problems:
    """Where a viewer shows no HTML there is a sentence, not Python's name of an object."""
    for number, cell in _code(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            text = str(data.get("text/plain", ""))
            if "text/html" in data and (not text or NO_WORDS.match(text)):
                yield f"cell {number} shows something that has no words: {text[:40]!r}"


def no_machine_paths(notebook: NotebookNode) -> Problems:
    """No output names a folder of the machine it was made on."""
    for number, cell in _code(notebook):
        for output in cell.outputs:
            for text in _texts(output).values():
                if found := MACHINE_PATH.search(text):
                    yield f"cell {number} shows a path of this machine: {found[0]}"


def a_widget(notebook: NotebookNode) -> Problems:
    """At least one interactive view is shown; a progress bar is none."""
    for _, cell in _code(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            if WIDGET in data and not PROGRESS_BAR.search(str(data.get("text/plain", ""))):
                return
    yield "no interactive view"


Check = Callable[[NotebookNode], Problems]
CHECKS: tuple[Check, ...] = (
    valid,
    executed,
    no_errors,
    no_widget_state,
    short_cells,
    short_paragraphs,
    only_helpers,
    alt_texts,
    words_for_all,
    no_machine_paths,
    a_widget,
    exercises,
)


def main(folder: Path = NOTEBOOKS) -> int:
    """Print the problems of all notebooks; the exit code is 1 if there are any."""
    paths = find_notebooks(folder)
    # As they are: a reader that repairs would hide what is wrong.
    notebooks = {path.name: nbformat.read(path, as_version=nbformat.NO_CONVERT) for path in paths}
    problems = [f"{n}: {p}" for n, nb in notebooks.items() for check in CHECKS for p in check(nb)]
    for name, notebook in notebooks.items():
        found = [*links(notebook, set(notebooks)), *lesson_problems(notebook, Path(name).stem)]
        found += opening(notebook)
        problems += [f"{name}: {problem}" for problem in found]
    problems += repeated_grade_ids(notebooks)
    problems += missing_lessons({path.stem for path in paths})
    if (weight := sum(path.stat().st_size for path in paths)) > HEAVIEST:
        problems.append(f"the notebooks weigh {weight} bytes, more than {HEAVIEST}")
    if not paths:
        problems.append(f"no notebooks in {folder}")
    print("\n".join(problems) if problems else f"{len(paths)} notebooks, nothing to object to")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
