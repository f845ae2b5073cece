"""The gate of `make test` goes red for every output that is changed, and runs to its end."""

import copy
import re
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import nbformat
import pytest
from nbformat.v4 import new_output
from nbval.plugin import IPyNbCell, IPyNbFile, coalesce_streams

from tools import run_tests
from tools.approximate import APPROXIMATE, pytest_itemcollected
from tools.execution import ROOT, STILL, find_notebooks
from tools.run_tests import closing_line, count_outcomes

# The gate: strict comparison.

CHANGES = {
    "nothing": ("", ""),
    "number": ("boxes: 12", "boxes: 13"),
    "result": ("42", "43"),
    "alt": ("a red square", "a blue square"),
    "caption": ("7 pixels", "8 pixels"),
    "picture": ("iVBORw0KGgo=", "iVBORw0KGgoAAAA/+"),
    "bar": ("0/3", "0/4"),
}


def changed(cells, old, new):
    """The cells with a text replaced in the saved outputs, where it must be."""
    cells = copy.deepcopy(cells)
    found = 0
    for output in (output for cell in cells for output in cell.outputs):
        for texts in (output, output.get("data", {})):
            for key, text in texts.items():
                if key != "output_type" and isinstance(text, str) and old in text:
                    texts[key], found = text.replace(old, new), found + 1
    assert found, f"{old!r} is in no output"
    return cells


def test_the_gate_compares_words_and_numbers_but_not_the_bytes_of_pictures(model, gate):
    cells = [cell for cell in model.cells if cell.cell_type == "code"]
    failed, _ = gate([cell for texts in CHANGES.values() for cell in changed(cells, *texts)])
    assert [list(CHANGES)[number // len(cells)] for number in sorted(failed)] == [
        *("number", "result", "alt", "caption", "bar")
    ]


NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


def each_number_changed(text):
    """The text again for each of its numbers: the last digit changed, or, behind ≈, far off.

    What the gate leaves free, times and ratios of times, is left out.
    """
    marks = list(APPROXIMATE.finditer(text))
    for found in NUMBER.finditer(text):
        mark = next(
            (m for m in marks if m.start("number") <= found.start() < m.end("number")), None
        )
        if mark is None:
            digit = str((int(found[0][-1]) + 1) % 10)
            yield text[: found.end() - 1] + digit + text[found.end() :]
        elif not mark["time"] and not mark["ratio"]:
            start = mark.start("number") + (mark["number"][0] in "-−+")
            yield f"{text[:start]}9{text[start:]}"


def test_numbers_are_changed_beyond_their_tolerance():
    assert list(each_number_changed("3 of 5 cars, ≈ 0.72, ≈ 41 s, ≈ -1.5 ± 0.2")) == [
        "4 of 5 cars, ≈ 0.72, ≈ 41 s, ≈ -1.5 ± 0.2",
        "3 of 6 cars, ≈ 0.72, ≈ 41 s, ≈ -1.5 ± 0.2",
        "3 of 5 cars, ≈ 90.72, ≈ 41 s, ≈ -1.5 ± 0.2",
        "3 of 5 cars, ≈ 0.72, ≈ 41 s, ≈ -91.5 ± 0.2",
        "3 of 5 cars, ≈ 0.72, ≈ 41 s, ≈ -1.5 ± 0.3",
    ]


def printed(path):
    """What each cell of a lesson shows as plain text, where it shows any; no pictures and views."""
    for cell in nbformat.read(path, as_version=4).cells:
        texts = []
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            if output.output_type == "stream":
                texts.append(output.text)
            elif set(shown) == {"text/plain"}:
                texts.append(shown["text/plain"])
        if text := "".join(text if text.endswith("\n") else f"{text}\n" for text in texts):
            yield text


@pytest.fixture
def passes(request, monkeypatch, tmp_path):
    """A function: does the gate pass a saved text and a new one? Compared without a kernel."""
    monkeypatch.setattr(request.config.option, "nbval_sanitize_with", str(run_tests.SANITIZE))
    lesson = IPyNbFile.from_parent(request.session, path=tmp_path / "lesson.ipynb")
    lesson.setup_sanitize_files()
    cell = IPyNbCell.from_parent(lesson, name="", cell_num=0, cell=None, options={})
    pytest_itemcollected(cell)

    def compare(saved, new):
        cell.comparison_traceback = []
        outputs = ([new_output("stream", text=text)] for text in (new, saved))
        return cell.compare_outputs(*map(coalesce_streams, outputs))

    return compare


def test_the_gate_goes_red_for_every_printed_number_that_is_changed(passes):
    for path in find_notebooks():
        texts = list(printed(path))
        assert all(passes(text, text) for text in texts)
        wrong = [(text, other) for text in texts for other in each_number_changed(text)]
        assert wrong, f"{path.stem} prints no number"
        assert not [other for text, other in wrong if passes(text, other)]


def test_a_learner_s_own_view_is_saved_as_a_sentence(passes):
    assert passes(f"{STILL}\n", "VBox(children=(FloatSlider(value=0.5), HTML(value='<figu…\n")
    assert not passes(f"{STILL}\n", "HBox(children=(FloatSlider(value=0.5), HTML(value='<figu…\n")


# Running the tests.


def test_all_parts_run_even_if_one_fails(monkeypatch, capsys):
    outputs = iter(
        [
            (1, "Would reformat: x.py", 1.0),
            (0, "All checks passed!", 1.0),
            (0, "Contracts: 4 kept, 0 broken.", 1.0),
            (0, "= 7 passed, 2 skipped in 3.21s =", 1.0),
            (1, "= 1 failed, 30 passed in 61.00s (0:01:01) =", 1.0),
        ]
    )
    monkeypatch.setattr(run_tests, "run", lambda command, environment: next(outputs))
    assert run_tests.main() == 1
    lines = capsys.readouterr().out.splitlines()
    assert next(outputs, None) is None
    assert lines[-2] == "failed: format; notebooks against their saved outputs"
    assert re.fullmatch(r"=+ 2 failed, 39 passed, 2 skipped in [\d.]+s =+", lines[-1])


def test_closing_lines_are_counted():
    assert count_outcomes("x\n===== 3 passed, 1 xfailed in 1.00s =====\n") == {
        "passed": 3,
        "xfailed": 1,
    }
    assert count_outcomes("no such line") == Counter()
    assert closing_line(Counter(passed=2), 1.5).strip("= ") == "2 passed in 1.50s"


@pytest.mark.parametrize("part", ["tests", "notebooks"])
def test_no_process_reads_a_grammar_that_nobody_asks_for(monkeypatch, part):
    """`tools` spares it jsonschema, if it is there before nbval's plugin, which loads that."""
    commands = []
    monkeypatch.setattr(run_tests, "run", lambda *given: commands.append(given[0]) or (0, "", 0))
    run_tests.main()
    (command,) = (c for c in commands if ("--nbval" in c) == (part == "notebooks") and "-n" in c)
    plugins = [value for option, value in pairwise(command) if option == "-p"]
    loaded = next(name for name in plugins if name.startswith("tools"))
    ask = f"import {loaded}, jsonschema, sys; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
