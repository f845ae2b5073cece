"""What a learner sees of a check: its message, and neither its frames nor its source."""

import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from torch import nn

import helpers.boxes
import helpers.boxes as other_name
import helpers.checks
from helpers import boxes
from helpers.boxes import nms
from helpers.checks import CheckFailed
from helpers.checks.own_work import borrowed
from helpers.checks.report import ask, explain, number, numbers, same, whole, your_or_ours
from tests.checks import cases

#: What is run, what its output must say, and how many lines it may have.
CELLS = {
    "right": ("check_double(lambda x: x + x)", r"^double: right!\n$", 1),
    "a mistake": (
        "check_double(lambda x: x**2)",
        r"^double: for 3: the secret of squares$",
        1,
    ),
    "untouched": (
        "def double(x):\n    # your code here\n    raise NotImplementedError()\n\n"
        "check_double(double)",
        r"^double: nothing is written yet$",
        1,
    ),
    "an error": (
        "def double(x):\n    table = [0, 1]\n    return table[x]\n\n\ncheck_double(double)",
        r"(?s)return table\[x\].*IndexError: list index out of range.*the input was double\(3\)",
        20,
    ),
    "too few arguments": (
        "check_double(lambda: 1)",
        r"^double: .*takes 0 positional arguments but 1 was given.*the input was .*\(3\)",
        1,
    ),
    "no answer for a strange answer": (
        "check_that_cannot_read_it(lambda x: x)",
        r"^index: the check cannot make sense of your answer: TypeError",
        1,
    ),
    "no end": (
        "def double(x):\n    while True:\n        pass\n\n\ncheck_hurried(double)",
        r"^hurried: no answer after 0.5 seconds",
        1,
    ),
    "no end of calls": (
        "def double(x):\n    return double(x)\n\n\ncheck_double(double)",
        r"^double: your function calls itself without end$",
        1,
    ),
    "no end, and the interrupt is swallowed": (
        "def double(x):\n    try:\n        while True:\n            pass\n"
        "    except:\n        return 6\n\n\ncheck_hurried(double)",
        r"^hurried: no answer after 0.5 seconds",
        1,
    ),
    "the course's": ("check_suppress(boxes.nms)", r"^suppress: this calls `nms`", 1),
    "the course's, wrapped": (
        "check_suppress(lambda *a: boxes.nms(*a))",
        r"^suppress: this calls `nms`",
        1,
    ),
    "one's own": ("check_suppress(lambda *a: [])", r"^suppress: right!\n$", 1),
}
ROOT = Path(__file__).parents[2]
SETUP = "from tests.checks.cases import *\nfrom helpers import boxes"
SECRETS = [
    line.strip()
    for file in [*Path(helpers.checks.__path__[0]).glob("*.py"), Path(cases.__file__)]
    for line in file.read_text().splitlines()
    if len(line.strip()) > 20 and "Traceback (most" not in line
]


@pytest.fixture(scope="module")
def outputs():
    """What each cell shows, all run in one kernel, one after the other."""
    cells = [nbformat.v4.new_code_cell(source) for source, _, _ in CELLS.values()]
    setup = nbformat.v4.new_code_cell(SETUP)
    notebook = nbformat.v4.new_notebook(cells=[setup, *cells])
    root = Path(helpers.__path__[0]).parent
    resources = {"metadata": {"path": root}}
    NotebookClient(notebook, timeout=60, allow_errors=True, resources=resources).execute()
    assert not setup.outputs
    return {name: cell.outputs for name, cell in zip(CELLS, cells, strict=True)}


def text_of(outputs):
    parts = (out.get("text") or "\n".join(out.traceback) for out in outputs)
    return re.sub(r"\x1b\[[0-9;]*m", "", "".join(parts))


@pytest.mark.parametrize("case", CELLS)
def test_a_notebook_shows_the_message_and_nothing_of_the_check(case, outputs):
    _, wanted, lines = CELLS[case]
    text = text_of(outputs[case])
    assert re.search(wanted, text)
    assert len(text.strip().splitlines()) <= lines
    shown = [line for line in SECRETS if line in text]
    assert not shown
    assert ("secret" in text) == (case == "a mistake")


def test_a_check_without_its_decorator_would_show_its_source():
    _, error = in_a_terminal("check_double.__wrapped__(lambda x: x and [][x])")
    assert [line for line in SECRETS if line in error]


def in_a_terminal(source):
    code = f"{SETUP}\n{source}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    return run.stdout, run.stderr


@pytest.mark.parametrize("case", ["untouched", "a mistake", "no end", "the course's, wrapped"])
def test_a_terminal_shows_the_learners_line_and_the_message(case):
    out, error = in_a_terminal(CELLS[case][0])
    assert not out
    message = error.strip().splitlines()[-1]
    name, _, said = message.partition(": ")
    assert name == "helpers.checks.CheckFailed"
    assert re.search(CELLS[case][1], said)
    assert len(error.strip().splitlines()) <= 6  # two frames
    assert not [line for line in SECRETS if line in error]


def test_a_terminal_shows_the_learners_error_where_it_happened(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(f"{SETUP}\n\n{CELLS['an error'][0]}")
    # A file sees its own folder, not the one that it is run in.
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.run(
        [sys.executable, file], capture_output=True, text=True, timeout=60, env=environment
    )
    assert "return table[x]" in run.stderr
    wanted = "list index out of range\nthe input was double(3)\nmost likely: counted from 0, "
    assert wanted in run.stderr
    # The call of the check, its `raise`, and the learner's line.
    assert run.stderr.count('File "') == 3
    assert not [line for line in SECRETS if line in run.stderr]


def calls_a_neighbour(*arguments):
    return calls_by_module(*arguments)


def calls_by_module(*arguments):
    return boxes.nms(*arguments).tolist()


def imports_where_it_stands(*arguments):
    from helpers.boxes import box_iou, nms

    assert box_iou
    return nms(*arguments)


def imports_the_module(*arguments):
    import helpers.boxes as hidden

    return hidden.nms(*arguments)


def names_the_whole_path(*arguments):
    return helpers.boxes.nms(*arguments)


def keeps_it_in_a_variable(*arguments):
    function = other_name.nms
    return [int(index) for index in function(*arguments)]


def hides_it_in_a_comprehension(*arguments):
    return [[int(i) for i in nms(*a)] for a in [arguments]]


def closes_over(function):
    return lambda *arguments: function(*arguments)


class Callable:
    def __call__(self, *arguments):
        return nms(*arguments)

    def method(self, *arguments):
        return nms(*arguments)


@pytest.mark.parametrize(
    "answer",
    [
        nms,
        partial(nms),
        lambda *a: nms(*a),
        calls_a_neighbour,
        calls_by_module,
        imports_where_it_stands,
        imports_the_module,
        names_the_whole_path,
        keeps_it_in_a_variable,
        hides_it_in_a_comprehension,
        closes_over(nms),
        Callable(),
        Callable().method,
        lambda *a, function=nms: function(*a),
    ],
)
def test_borrowed_work_is_found_under_any_name(answer):
    assert borrowed(answer, [sorted, nms]) == "nms"


def its_own(boxes, scores, iou_threshold):
    """A parameter of a module's name, a method of a function's, a neighbour that is one's own."""
    order = boxes.nms(scores) if hasattr(boxes, "nms") else scores.argsort()
    return helper(order, helpers.boxes.box_iou)


def helper(order, box_iou):
    return [i for i in order if box_iou is its_own]


@pytest.mark.parametrize("answer", [its_own, len, 3, None, "nms", torch.argsort, nn.ReLU()])
def test_other_work_is_ones_own(answer):
    assert borrowed(answer, [nms]) == ""


def changed(change):
    def function(argument):
        change(argument)
        return 1

    return function


@pytest.mark.parametrize(
    ("argument", "change", "message"),
    [
        (torch.zeros(3), lambda a: a.add_(1), "new tensor"),
        (torch.zeros(3), lambda a: a.resize_(2), "new tensor"),
        (np.zeros(3), lambda a: a.__iadd__(1), "leave it as it is"),
        ([1, 2], lambda a: a.append(3), "leave it as it is"),
        ([1, 2], lambda a: a.reverse(), "leave it as it is"),
        ({"a": [1]}, lambda a: a["a"].append(1), "leave it as it is"),
        ({"a": 1}, lambda a: a.update(b=1), "dictionary|leave it as it is"),
        ((torch.zeros(3), [1]), lambda a: a[1].clear(), "leave it as it is"),
        (nn.Linear(2, 3), lambda a: a.eval(), "came in train mode"),
        (nn.Linear(2, 3).eval(), lambda a: a.train(), "came in eval mode"),
        (nn.Linear(2, 3), lambda a: a.requires_grad_(False), "requires_grad"),
        (nn.Linear(2, 3), lambda a: nn.init.zeros_(a.bias), "Linear layer was changed"),
        (nn.Sequential(nn.ReLU()), lambda a: a.append(nn.ReLU()), "other layers"),
        (nn.BatchNorm1d(2), lambda a: a(torch.ones(4, 2)), "read something in train mode"),
    ],
)
def test_a_changed_input_is_said_first(argument, change, message):
    with pytest.raises(CheckFailed, match=f"changes its input: .*({message})"):
        ask(changed(change), argument)
    assert ask(lambda a: 7, argument) == 7


def test_what_may_change_may_change():
    network = nn.Linear(2, 3)
    assert ask(changed(lambda a: a.eval()), network, may_change=[network]) == 1


def test_a_forgotten_return_and_a_call_in_place_of_a_function():
    with pytest.raises(CheckFailed, match="is there a `return`"):
        ask(lambda: None)
    with pytest.raises(CheckFailed, match=r"without parentheses: not 0\.5"):
        ask(0.5)


def test_explain_names_all_mistakes_that_fit():
    mistakes = {"too large": 5, "too small": 1, "much too large": 5.0}
    explain(3, 3, mistakes)
    with pytest.raises(CheckFailed, match=r"^for x: too large; or: much too large$"):
        explain(torch.tensor(5), 3, mistakes, "for x")
    with pytest.raises(CheckFailed, match=r"^expected 3, not 4$"):
        explain(4, 3, mistakes)
    with pytest.raises(CheckFailed, match=r"^for x: count again$"):
        explain(4, 3, mistakes, "for x", otherwise="count again")


def squares_and_doubles(answer):
    """Both are 4 for 2, in place of 3; for 3 they are 9 and 6."""
    for x in (2, 3):
        explain(ask(answer, x), x + 1, {"squared": x * x, "doubled": 2 * x}, f"for {x}")


def test_another_case_tells_two_mistakes_apart():
    check = helpers.checks.report.check("count")(squares_and_doubles)
    with pytest.raises(CheckFailed, match=r"^count: for 2: squared$"):
        check(lambda x: x * x)
    with pytest.raises(CheckFailed, match=r"^count: for 2: doubled$"):
        check(lambda x: 2 * x)
    with pytest.raises(CheckFailed, match=r"^count: for 2: expected 3, not 4$"):
        check([None, None, 4, 7].__getitem__)
    with pytest.raises(CheckFailed, match=r"^count: for 2: squared; or: doubled$"):
        check([None, None, 4].__getitem__)  # the next case stops with an error


def test_right_to_five_digits_is_nearly_right():
    explain(0.3333333, 1 / 3, {}, nearly="is it rounded?")
    explain(0.33333, 1 / 3, {})
    with pytest.raises(CheckFailed, match=r"^for x: is it rounded\?$"):
        explain(0.33333, 1 / 3, {}, "for x", nearly="is it rounded?")


@pytest.mark.parametrize(
    ("answer", "right", "equal"),
    [
        (3.0, 3, True),
        (np.int64(3), 3, True),
        (torch.tensor(3), 3, True),
        (torch.tensor([3]), 3, False),
        (True, 1, False),
        ("3", 3, False),
        (None, 3, False),
        (1_000_001, 1_000_000, False),
        (0.1 + 0.2, 0.3, True),
        (0.301, 0.3, False),
        (float("nan"), 0.3, False),
        ((1, 2), (1, 2.0), True),
        ([1, torch.tensor(2.0)], (1, 2), True),
        (np.array([1, 2]), (1, 2), True),
        ((1, 2, 3), (1, 2), False),
        (12, (1, 2), False),
        ([[1, 2], [3]], ((1, 2), (3,)), True),
        (torch.tensor([0.5, 1.0]), torch.tensor([0.5, 1.0]), True),
        ([0.5, 1.0], torch.tensor([0.5, 1.0]), True),
        (torch.tensor([[0.5, 1.0]]), torch.tensor([0.5, 1.0]), False),
        (torch.tensor([0.5, 1.1]), torch.tensor([0.5, 1.0]), False),
        ("no tensor", torch.tensor([0.5, 1.0]), False),
        (torch.tensor([1, 2]), torch.tensor([1, 3]), False),
        (np.True_, True, True),
        (torch.tensor(True), True, True),
        (1, True, False),
        ([np.False_, True], [False, True], True),
        ("car", "car", True),
        (None, None, True),
    ],
)
def test_same_whatever_the_type(answer, right, equal):
    assert same(answer, right) is equal


@pytest.mark.parametrize(
    "answer", [28, 28.0, np.int64(28), np.float32(28), torch.tensor(28), np.array(28.0)]
)
def test_numbers_of_all_kinds_are_whole(answer):
    assert whole(answer, "the size") == 28
    assert number(answer, "the size") == 28
    assert numbers((answer, 1), "the pair", 2) == (28, 1)


@pytest.mark.parametrize("answer", [True, "28", None, [28], torch.tensor([28]), np.True_, 1j])
def test_other_things_are_no_numbers(answer):
    for ask_for in (number, whole, lambda a, what: numbers([a], what)):
        with pytest.raises(CheckFailed, match="the size must be "):
            ask_for(answer, "the size")


def test_numbers_are_counted():
    assert numbers(torch.tensor([1.0, 2.0]), "the pair") == (1, 2)
    with pytest.raises(CheckFailed, match="the pair must be two numbers, not 3"):
        numbers((1, 2, 3), "the pair", 2)
    with pytest.raises(CheckFailed, match=r"whole number, not 28\.5: // divides"):
        whole(28.5, "the size")


def test_a_function_that_fails_its_check_is_replaced_by_the_courses(capsys):
    def ours(x):
        return 2 * x

    def unfinished(x):
        raise NotImplementedError

    def mine(x):
        print("thinking")
        return x + x

    assert your_or_ours(mine, cases.check_double, ours) is mine
    assert capsys.readouterr().out == "double: yours is at work\n"
    for wrong in (unfinished, lambda x: x, lambda x: [][x], None):
        assert your_or_ours(wrong, cases.check_double, ours) is ours
        said = "double does not pass its check yet: the course's is used here\n"
        assert capsys.readouterr().out == said


def test_an_interrupt_by_hand_is_no_verdict():
    import signal
    import threading
    import time

    def waits(x):
        threading.Timer(0.05, lambda: signal.raise_signal(signal.SIGINT)).start()
        for _ in range(500):
            time.sleep(0.01)

    started = time.perf_counter()
    with pytest.raises((KeyboardInterrupt, CheckFailed)):
        cases.check_double(waits)
    assert time.perf_counter() - started < 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
