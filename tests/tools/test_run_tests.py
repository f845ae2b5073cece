"""The gate of `make test` goes red for every output that is changed, and runs to its end."""

import copy
import re
import subprocess
from collections import Counter

import nbformat
from nbformat.v4 import new_notebook, new_output

from tools import run_tests
from tools.approximate import APPROXIMATE
from tools.execution import ROOT, clean, find_notebooks, write_notebook
from tools.run_tests import closing_line, count_outcomes, gate_environment, nbval_command

NOTEBOOKS = find_notebooks()


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
            for changed in each_number_changed(text):
                other = copy.deepcopy(notebook)
                wrong = other.cells[index].outputs[place]
                if "text" in wrong:
                    wrong.text = changed
                else:
                    wrong.data["text/plain"] = changed
                yield index, other


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
