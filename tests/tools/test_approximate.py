"""Numbers marked with ≈ are compared within their tolerance, everything else letter by letter."""

import time
from functools import partial

import pytest
from nbformat.v4 import new_code_cell, new_output

from tools.approximate import settle, settle_outputs
from tools.run_tests import nbval_command

CLOSE = [
    ("the same", "the same"),
    ("loss ≈ 0.72", "loss ≈ 0.72"),
    ("loss ≈ 0.72", "loss ≈ 0.75"),
    ("loss ≈0.72.", "loss ≈0.70."),
    ("≈ 1.0", "≈ 1.1"),
    ("≈ 1.0", "≈ 0.9"),
    ("≈ 1", "≈ 1.05"),
    ("≈ -0.50", "≈ -0.45"),
    ("≈ −0.50", "≈ -0.45"),
    ("≈ 0.00", "≈ 0.0"),
    ("≈ 0.0", "≈ -0.0"),
    ("≈ 98.8 %", "≈ 97.0 %"),
    ("≈ 98.8%", "≈ 90%"),
    ("≈ 1,234,567 crops", "≈ 1,200,000 crops"),
    ("≈ 999 crops", "≈ 1,001 crops"),
    ("≈ 3.0e-6 apart", "≈ 2.8e-06 apart"),
    ("≈ 0.72 ± 0.05", "≈ 0.77 ± 0.05"),
    ("≈ 0.0 ± 0.05", "≈ -0.05 ± 0.05"),
    ("≈ 3 ± 10", "≈ 13 ± 10"),
    ("≈ 98.8 % ± 0.5 %", "≈ 98.3 % ± 0.5 %"),
    ("≈ 12 pixels ± 3", "≈ 15 pixels ± 3"),
    ("≈ 1,000 ± 200", "≈ 1,200 ± 200"),
    ("≈ 120 ±  20", "≈ 140 ±  20"),
    ("≈ 120 cars in sight  (± 20)", "≈ 140 cars in sight  (± 20)"),
    ("<td>≈ 120</td><td>± 20</td>", "<td>≈ 140</td><td>± 20</td>"),
    ("≈ 98.8 ± 0.5 %", "≈ 98.3 ± 0.5 %"),
    ("≈ 41 ± 5 s", "≈ 46 ± 5 s"),
    ("≈ 41 s ± 5 ms", "≈ 41.0 s ± 5 ms"),
    ("≈ 1.0, then ≈ 2.0 ± 0.1", "≈ 1.1, then ≈ 2.1 ± 0.1"),
    ("≈ 41 s", "≈ 3 s"),
    ("≈ 12 ms, then", "≈ 120 ms, then"),
    ("≈ 2 min", "≈ 0.1 min"),
    ("≈ 3.1 seconds for all", "≈ 20 seconds for all"),
    ("≈ 5 µs", "≈ 50 µs"),
    ("≈ 3.1 times as fast", "≈ 12.0 times as fast"),
    ("3 cars: ≈ 0.9 and ≈ 0.8, ≈ 7 ms", "3 cars: ≈ 0.93 and ≈ 0.75, ≈ 70 ms"),
    ("a ≈  9.9\nb ≈ 10.0", "a ≈ 10.1\nb ≈  9.8"),
]
FAR = [
    ("loss ≈ 0.72", "loss ≈ 0.9"),
    ("loss ≈ 0.72", "loss ≈ 0.5"),
    ("loss ≈ 0.72", "loss 0.72"),
    ("loss 0.72", "loss ≈ 0.72"),
    ("loss 0.72", "loss 0.73"),
    ("loss ≈ 0.72", "cost ≈ 0.75"),
    ("loss ≈ 0.72", "loss ≈ nan"),
    ("loss ≈ nan", "loss ≈ 0.72"),
    ("loss ≈ 0.72", "loss ≈ 0.72, and more"),
    ("loss ≈ 0.72", "loss ≈ 0.72 ≈ 0.72"),
    ("≈ 0.9 of ≈ 0.9", "≈ 0.9"),
    ("≈ 1.0", "≈ 1.11"),
    ("≈ 1.0", "≈ 0.89"),
    ("≈ -0.50", "≈ 0.50"),
    ("≈ 0.01", "≈ -0.01"),
    ("≈ 0.00", "≈ 0.01"),
    ("≈ 98.8 %", "≈ 80.0 %"),
    ("≈ 98.8 %", "≈ 98.8"),
    ("≈ 1,234,567 crops", "≈ 234,567 crops"),
    ("≈ 1,234", "≈ 1,999"),
    ("≈ 3.0e-6", "≈ 3.0e-5"),
    ("≈ 0.72 ± 0.05", "≈ 0.78 ± 0.05"),
    ("≈ 0.72 ± 0.05", "≈ 0.72 ± 0.06"),
    ("≈ 0.72 ± 0.05", "≈ 0.72"),
    ("≈ 0.72 ± 0.01", "≈ 0.74 ± 0.01"),
    ("≈ 98.8 % ± 0.5 %", "≈ 98.2 % ± 0.5 %"),
    ("≈ 41 s ± 5 s", "≈ 47 s ± 5 s"),
    ("≈ 120 ±  3", "≈ 130 ±  3"),
    ("≈ 120 cars in sight  (± 3)", "≈ 130 cars in sight  (± 3)"),
    ("<td>≈ 120</td><td>± 3</td>", "<td>≈ 130</td><td>± 3</td>"),
    ("≈ 120 ± .3", "≈ 130 ± .3"),
    ("≈ 41 s ± 5 ms", "≈ 44 s ± 5 ms"),
    ("≈ 41 s ± 5 %", "≈ 45 s ± 5 %"),
    ("≈ 12 pixels ± 5 %", "≈ 15 pixels ± 5 %"),
    ("≈ 41 s", "≈ 41 min"),
    ("≈ 41 s", "≈ 41 cars"),
    ("≈ 41 scenes", "≈ 3 scenes"),
    ("≈ 41 s, 7 cars", "≈ 3 s, 8 cars"),
    ("≈ 3.1 times as many", "≈ 12.0 times as many"),
    ("41 s", "3 s"),
    ("3 cars: ≈ 0.9 and ≈ 0.8", "3 cars: ≈ 0.93 and ≈ 0.7"),
    ("3 cars: ≈ 0.9 and ≈ 0.8", "4 cars: ≈ 0.93 and ≈ 0.8"),
    ("≈ 0.9 and 0.8", "≈ 0.9 and 0.81"),
]


@pytest.mark.parametrize(("saved", "new"), CLOSE)
def test_what_is_close_becomes_what_was_saved(saved, new):
    assert settle(saved, new) == (saved, [])


@pytest.mark.parametrize(("saved", "new"), FAR)
def test_what_is_far_stays_different(saved, new):
    assert settle(saved, new)[0] != saved


def test_what_is_too_far_is_said():
    assert settle("≈ 0.72 ± 0.05 of ≈ 2", "≈ 0.9 ± 0.05 of ≈ 3")[1] == [
        "≈ 0.9 is not within 0.05 of ≈ 0.72",
        "≈ 3 is not within 10 % of ≈ 2",
    ]


def test_a_long_word_takes_no_time():
    word = "≈ 5 " + 20_000 * "a"
    started = time.perf_counter()
    assert settle(word, word) == (word, [])
    assert time.perf_counter() - started < 1


def test_each_text_of_a_cell_is_compared_with_its_own():
    def outputs(*numbers):
        a, b, c, d, e = numbers
        return [
            new_output("stream", name="stdout", text=f"≈ {a}"),
            new_output("display_data", {"text/plain": f"≈ {b}", "text/html": f"<b>≈ {c}</b>"}),
            new_output("stream", name="stderr", text=f"≈ {d}"),
            new_output("display_data", {"text/plain": f"≈ {e}", "image/png": "iVBO"}),
        ]

    saved = outputs(1.0, 20.0, 300.0, 4000.0, 5.0)
    new = outputs(1.1, 21.0, 290.0, 4001.0, 5.1)
    assert settle_outputs(saved, new) == (saved, [])
    assert new == outputs(1.1, 21.0, 290.0, 4001.0, 5.1)
    swapped = outputs(20.0, 1.0, 300.0, 4000.0, 5.0)
    assert settle_outputs(saved, swapped)[0] == swapped
    assert settle_outputs(saved, new[:1])[0] == saved[:1]
    assert settle_outputs(saved[:1], new)[0] == [saved[0], *new[1:]]


IN_A_NOTEBOOK = [*CLOSE[1::7], *FAR[::9]]


def test_the_gate_lets_through_what_is_close_and_without_the_plugin_nothing(gate):
    cells = []
    for saved, new in IN_A_NOTEBOOK:
        output = new_output("stream", name="stdout", text=f"{saved}\n")
        cells.append(new_code_cell(f"print({new!r})", outputs=[output]))
    shown = new_output("display_data", {"text/html": "loss ≈ 0.72", "text/plain": "<HTML>"})
    source = "from IPython.display import *\ndisplay({'text/html': 'loss ≈ %s', %s}, raw=True)"
    for new in (0.75, 0.9):
        code = source % (new, "'text/plain': '<HTML>'")
        cells.append(new_code_cell(code, outputs=[shown]))

    far = {number for number, pair in enumerate(IN_A_NOTEBOOK) if pair in FAR}
    failed, text = gate(cells, partial(nbval_command, workers=1))
    assert failed == far | {len(cells) - 1}
    assert "≈ 0.9 is not within 10 % of ≈ 0.72" in text

    def without_plugin(paths):
        command = nbval_command(paths)
        at = command.index("tools.approximate")
        return [*command[: at - 1], *command[at + 1 :]]

    different = {number for number, (saved, new) in enumerate(IN_A_NOTEBOOK) if saved != new}
    assert gate(cells, without_plugin)[0] == different | {len(cells) - 2, len(cells) - 1}
