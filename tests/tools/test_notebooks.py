"""The notebooks are what they should be, and the gate that says so does go red."""

import asyncio
import copy
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import lessons, run_course, run_tests, stress, structure
from tools.execution import ROOT, clean, execute, find_notebooks, write_notebook
from tools.exercises import repeated_grade_ids
from tools.run_tests import closing_line, count_outcomes, gate_environment, nbval_command

NOTEBOOKS = find_notebooks()
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


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The model notebook, executed by the course's own tool."""
    path = tmp_path_factory.mktemp("model") / "model.ipynb"
    write_notebook(clean(model_notebook()), path)
    return execute(path)


def gate_cells(*paths):
    """Run the gate of `make test`; its code, which notebooks failed, how many of their cells."""
    done = subprocess.run(
        [*nbval_command(paths), f"--rootdir={paths[0].parent}"],  # so that failures name the file
        env=gate_environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    failed = re.findall(r"^FAILED .*?([\w-]+)\.ipynb::", done.stdout, re.MULTILINE)
    assert bool(done.returncode) == bool(failed), done.stdout + done.stderr
    return done.returncode, set(failed), len(failed)


def gate(*paths):
    """Run the gate on notebooks; its code, and which notebooks failed."""
    return gate_cells(*paths)[:2]


def test_there_are_notebooks():
    assert NOTEBOOKS, "no notebooks: nothing of the course would be tested"


@pytest.mark.parametrize("check", structure.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path, check):
    assert list(check(nbformat.read(path, as_version=nbformat.NO_CONVERT))) == []


def test_grade_ids_are_unique_in_the_course():
    notebooks = {path.name: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
    assert list(repeated_grade_ids(notebooks)) == []


# The gate: strict comparison.


def change(notebook, old, new):
    """Replace a text in the saved outputs, where it must be."""
    before = copy.deepcopy(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text" in output:
                output.text = output.text.replace(old, new)
            for mime, data in output.get("data", {}).items():
                if isinstance(data, str):
                    output.data[mime] = data.replace(old, new)
    assert notebook != before, f"{old!r} is in no output"


def test_the_gate_compares_words_and_numbers_but_not_the_bytes_of_pictures(model, tmp_path):
    changes = {
        "same": None,
        "number": ("boxes: 12", "boxes: 13"),
        "result": ("42", "43"),
        "alt": ("a red square", "a blue square"),
        "caption": ("7 pixels", "8 pixels"),
        "picture": ("iVBORw0KGgo=", "iVBORw0KGgoAAAA/+"),
        "bar": ("0/3", "0/4"),
    }
    for name, texts in changes.items():
        notebook = copy.deepcopy(model)
        if texts:
            change(notebook, *texts)
        write_notebook(notebook, tmp_path / f"{name}.ipynb")
    code, failed = gate(*(tmp_path / f"{name}.ipynb" for name in changes))
    assert code == 1
    assert failed == {"number", "result", "alt", "caption", "bar"}


NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


def printed(output):
    """What an output shows as plain text; nothing for a picture or a view."""
    if output.output_type == "stream":
        return output.text
    shown = output.get("data", {})
    return shown.get("text/plain", "") if set(shown) == {"text/plain"} else ""


def with_changed_numbers(notebook):
    """For each number printed in the notebook: its cell, and a notebook with only it changed."""
    for index, cell in enumerate(notebook.cells):
        for place, output in enumerate(cell.get("outputs", [])):
            text = printed(output)
            for found in NUMBER.finditer(text):
                digit = str((int(found[0][-1]) + 1) % 10)
                changed = text[: found.end() - 1] + digit + text[found.end() :]
                other = copy.deepcopy(notebook)
                wrong = other.cells[index].outputs[place]
                if "text" in wrong:
                    wrong.text = changed
                else:
                    wrong.data["text/plain"] = changed
                yield index, other


def replayed(notebook):
    """The notebook with code that only prints what was saved: the gate as fast as it can be."""
    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in notebook.cells:
        cell.outputs = [
            new_output("stream", text=text if text.endswith("\n") else f"{text}\n")
            for output in cell.outputs
            if (text := printed(output))
        ]
        texts = [output.text for output in cell.outputs]
        cell.source = f"print({''.join(texts)!r}, end='')" if texts else "pass"
        if texts:
            cell.outputs = [new_output("stream", text="".join(texts))]
    notebook.cells = [cell for cell in notebook.cells if cell.outputs]
    return notebook


def one_notebook(cells):
    """Cells of many notebooks as one: starting a kernel is what takes time."""
    for number, cell in enumerate(cells):
        cell.id, cell.metadata, cell.execution_count = f"cell-{number}", {}, number + 1
    return clean(new_notebook(cells=cells))


def test_the_gate_goes_red_for_every_printed_number_that_is_changed(tmp_path):
    """Each changed number in a cell of its own, whose code prints what the real cell printed."""
    true, false = [], []
    for path in NOTEBOOKS:
        notebook = replayed(nbformat.read(path, as_version=4))
        changed = [other.cells[index] for index, other in with_changed_numbers(notebook)]
        assert changed, f"{path.stem} prints no number"
        true += notebook.cells
        false += changed
    write_notebook(one_notebook(true), tmp_path / "true.ipynb")
    write_notebook(one_notebook(false), tmp_path / "false.ipynb")
    outcome = gate_cells(tmp_path / "true.ipynb", tmp_path / "false.ipynb")
    assert outcome == (1, {"false"}, len(false))


def first_number(notebook):
    """Index of the first code cell that prints a number, and that output; or None."""
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and re.search(r"\d", output.text):
                return index, output
    return None


def test_the_gate_goes_red_when_a_number_in_a_real_notebook_is_changed(tmp_path):
    """The same with a lesson's own code, as far as its first number."""
    found = []
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        if (place := first_number(notebook)) is not None:
            found.append((place[0], path, notebook, place[1]))
    assert found, "no notebook prints a number"
    index, path, notebook, output = min(found, key=lambda row: (row[0], row[1]))
    del notebook.cells[index + 1 :]  # what comes after takes time and adds nothing
    true, false = tmp_path / "true.ipynb", tmp_path / "false.ipynb"
    write_notebook(notebook, true)
    digit = re.search(r"\d", output.text)
    other = str((int(digit[0]) + 1) % 10)
    output.text = output.text[: digit.start()] + other + output.text[digit.end() :]
    write_notebook(notebook, false)
    assert gate(true, false) == (1, {"false"}), path.name


@pytest.mark.parametrize(("codes", "said"), [([0, 0, 0], "all green"), ([0, 1, 1], "time 2, 3")])
def test_the_gate_can_be_run_several_times(tmp_path, capsys, monkeypatch, codes, said):
    def run_once(command, environment):
        assert command == nbval_command([path])
        assert environment["OMP_NUM_THREADS"] == "3"
        return codes.pop(0), "", 1.0

    path = course(tmp_path, "print('boxes: 12')")
    monkeypatch.setattr(stress, "run", run_once)
    options = ["--times", "3", "--threads", "3", "--notebooks", str(path.parent)]
    assert stress.main(options) == (0 if "green" in said else 1)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("1 notebooks, 3 thread(s), 3 times in")
    assert last.endswith(said)
    assert codes == []


def test_the_gate_can_be_run_as_on_an_old_processor(tmp_path, capsys, monkeypatch):
    ask = (
        "import numpy, torch; print(torch.backends.cpu.get_cpu_capability());"
        "print(numpy.show_config(mode='dicts')['SIMD Extensions'].get('found', []))"
    )
    answers = []

    def run_once(command, environment):
        command = [sys.executable, "-c", ask]
        answers.append(subprocess.run(command, env=environment, capture_output=True, text=True))
        return 0, "", 1.0

    path = course(tmp_path, "print('boxes: 12')")
    monkeypatch.setattr(stress, "run", run_once)
    options = ["--times", "1", "--plain-cpu", "--notebooks", str(path.parent)]
    assert stress.main(options) == 0
    assert answers[0].stdout.split("\n") == ["DEFAULT", "[]", ""], answers[0].stderr
    assert "plain processor, 1 times in" in capsys.readouterr().out


# What nbval lacks: every check of the structure is fed what it must refuse.


def never_executed(nb):
    nb.cells[1].execution_count, nb.cells[1].outputs = None, []


def out_of_order(nb):
    nb.cells[1].execution_count, nb.cells[2].execution_count = 2, 1


def skipped_cell(nb):
    nb.cells[1].metadata["tags"] = ["nbval-skip"]


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


def shows(mime, data):
    def spoil(nb):
        nb.cells[1].outputs = [new_output("display_data", {mime: data})]

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
        (structure.executed, semicolon),
        (structure.no_errors, error_output),
        (structure.no_widget_state, widget_state),
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


# What each of the ten lessons must hold.

WORDS = MARKS | {"grade_id": "w", "grade": True, "solution": True, "locked": False, "points": 1}


def model_lesson():
    """The least that a lesson may be: 01_data, two exercises in code and one in words."""
    codes = [SOLUTION | {"grade_id": grade_id} for grade_id in ("a", "b")]
    return new_notebook(
        cells=[
            new_markdown_cell("**Predict:** what comes out?"),
            *(new_code_cell("x = 1", metadata={"nbgrader": code}) for code in codes),
            new_markdown_cell("In your own\nwords: why?", metadata={"nbgrader": WORDS}),
            new_markdown_cell("**Next:** on with\n[02](02_augmentation.ipynb).\n\n*Sources*"),
        ]
    )


def link_elsewhere(nb):
    nb.cells[4].source = "**Next:** nothing.\n\nSee [02](02_augmentation.ipynb)."


def too_many(nb):
    nb.cells[3:3] = [copy.deepcopy(nb.cells[2]) for _ in range(3)]


def predicts_last(nb):
    nb.cells.append(nb.cells.pop(0))


def only_words(nb):
    nb.cells[1:3] = [copy.deepcopy(nb.cells[3]) for _ in range(2)]


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        (lessons.enough_exercises, without_cell(1)),
        (lessons.enough_exercises, without_cell(3)),
        (lessons.enough_exercises, too_many),
        (lessons.enough_exercises, only_words),
        (lessons.asks_first, without_cell(0)),
        (lessons.asks_first, predicts_last),
        (lessons.asks_for_words, without_cell(3)),
        (lessons.next_step, without_cell(4)),
        (lessons.next_step, link_elsewhere),
    ],
    ids=lambda value: value.__name__,
)
def test_a_lesson_that_lacks_something_is_caught(monkeypatch, check, spoil):
    monkeypatch.setattr(lessons, "TARGETS", ("01_data",))
    notebook = model_lesson()
    assert list(lessons.lesson_problems(notebook, "01_data")) == []
    spoil(notebook)
    found = list(check(notebook, "01_data"))
    assert found != []
    assert set(found) <= set(lessons.lesson_problems(notebook, "01_data"))
    assert list(lessons.lesson_problems(notebook, "elsewhere")) == []


def test_the_last_lesson_needs_no_link():
    assert list(lessons.next_step(model_lesson(), lessons.LESSONS[-1])) == []


def test_a_link_to_a_lesson_leads_somewhere():
    notebook = model_lesson()
    assert list(lessons.links(notebook, {"02_augmentation.ipynb"})) == []
    assert list(lessons.links(notebook, {"01_data.ipynb"})) != []


def test_a_missing_lesson_is_reported(monkeypatch):
    monkeypatch.setattr(lessons, "TARGETS", lessons.LESSONS)
    assert list(lessons.missing_lessons(set(lessons.LESSONS[1:]))) == [
        "there is no lesson 00_start_here"
    ]


def test_the_course_has_no_structural_problem(capsys):
    """Also what concerns several notebooks at once: links, grade_ids, TARGETS."""
    assert structure.main() == 0, capsys.readouterr().out


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


# Running the course.


def course(folder, *sources):
    """A folder with one notebook whose code cells are `sources`; the notebook's path."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    write_notebook(notebook, folder / "notebooks" / "lesson.ipynb")
    return folder / "notebooks" / "lesson.ipynb"


def run(folder, *options):
    folders = ["--notebooks", str(folder / "notebooks"), "--build", str(folder / "build")]
    return run_course.main([*folders, *options])


def test_a_course_is_run_to_build_without_photographs(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("UIUC_CARS_DIR", "/somewhere")
    path = course(tmp_path, "import os\nprint(os.environ['UIUC_CARS_DIR'])", "print('a')")
    before = path.read_bytes()
    assert run(tmp_path, "--no-table") == 0
    executed = nbformat.read(tmp_path / "build" / "executed" / "lesson.ipynb", as_version=4)
    assert executed.cells[0].outputs[0].text == "the-photographs-are-hidden\n"
    page = (tmp_path / "build" / "html" / "lesson.html").read_text()
    assert "the-photographs-are-hidden" in page
    assert '<script src="http' not in page
    assert path.read_bytes() == before
    assert "lesson" in capsys.readouterr().out


def test_in_place_writes_normalised_notebooks(tmp_path, capsys):
    path = course(tmp_path, "print('a')\nprint('b')", "1 + 1")
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata = {"kernelspec": {"name": "mine", "display_name": "Mine"}, "widgets": {}}
    notebook.cells[0].metadata = {"tags": ["kept"], "execution": {"at": "1"}, "scrolled": True}
    path.write_text(nbformat.writes(notebook))
    ids = [cell.id for cell in notebook.cells]
    assert run(tmp_path, "--in-place") == 0
    done = nbformat.read(path, as_version=4)
    assert done.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell.id for cell in done.cells] == ids
    assert done.cells[0].metadata == {"tags": ["kept"]}
    assert done.cells[0].outputs == [new_output("stream", text="a\nb\n")]
    assert [cell.execution_count for cell in done.cells] == [1, 2]
    assert not (tmp_path / "build").exists()


def test_a_failing_notebook_is_named_and_kept(tmp_path, capsys):
    path = course(tmp_path, "x = 0", "y = 1 / x")
    before = path.read_bytes()
    assert run(tmp_path, "--in-place") == 1
    error = capsys.readouterr().err
    for part in ("lesson.ipynb failed in cell 2", "y = 1 / x", "ZeroDivisionError: division by"):
        assert part in error
    assert path.read_bytes() == before
    path.write_text("{")
    assert run(tmp_path, "--no-table") == 1
    assert "lesson.ipynb is damaged" in capsys.readouterr().err
    path.unlink()
    assert run(tmp_path) == 1
    assert "no notebooks in" in capsys.readouterr().err


def test_photographs_and_in_place_exclude_each_other(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(tmp_path, "--in-place", "--with-photographs")
    assert "not allowed with" in capsys.readouterr().err


@pytest.fixture
def interruptible():
    """A shell lets what it starts in the background ignore Ctrl-C, down to the last child."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_the_old_file_and_no_kernel(tmp_path):
    path = course(
        tmp_path,
        "import os, pathlib, time\npathlib.Path('pid').write_text(str(os.getpid()))",
        "time.sleep(60)",
    )
    before, pid = path.read_bytes(), path.parent / "pid"
    command = [sys.executable, "-m", "tools.run_course", "--in-place", "--notebooks"]
    with subprocess.Popen(
        [*command, str(path.parent)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        wait_for(lambda: pid.exists() and pid.read_text())
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"interrupted" in error
    assert b"Traceback" not in error
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["lesson.ipynb", "pid"]
    wait_for(lambda: not is_alive(int(pid.read_text())))


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("how_it_ends", ["as done", "as a dead kernel"])
def test_a_cell_that_hides_ctrl_c_is_the_last(tmp_path, monkeypatch, how_it_ends):
    """nbclient does both, depending on the moment at which the interrupt arrives."""
    path = course(tmp_path, "x = 1", "x = 2")
    begun = []

    async def execute_cell(client, cell, index, **_):
        begun.append(client.km)
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            if how_it_ends == "as a dead kernel":
                raise DeadKernelError("Kernel died") from None

    monkeypatch.setattr(NotebookClient, "async_execute_cell", execute_cell)
    with pytest.raises(KeyboardInterrupt):
        execute(path)
    (manager,) = begun
    assert not manager.has_kernel


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# Running the tests.


def test_all_parts_run_even_if_one_fails(monkeypatch, capsys):
    outputs = iter(
        [
            (1, "Would reformat: x.py", 1.0),
            (0, "All checks passed!", 1.0),
            (0, "Contracts: 4 kept, 0 broken.", 1.0),
            (0, "= 7 passed, 2 skipped in 3.21s =", 1.0),
            (1, "= 1 failed, 30 passed in 61.00s (0:01:01) =", 1.0),
            (0, "5 notebooks", 1.0),
        ]
    )
    monkeypatch.setattr(run_tests, "run", lambda command, environment: next(outputs))
    assert run_tests.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert next(outputs, None) is None
    assert lines[-2] == "failed: format; notebooks against their saved outputs"
    assert re.fullmatch(r"=+ 2 failed, 40 passed, 2 skipped in [\d.]+s =+", lines[-1])


def test_closing_lines_are_counted():
    assert count_outcomes("x\n===== 3 passed, 1 xfailed in 1.00s =====\n") == {
        "passed": 3,
        "xfailed": 1,
    }
    assert count_outcomes("no such line") == Counter()
    assert closing_line(Counter(passed=2), 1.5).strip("= ") == "2 passed in 1.50s"
