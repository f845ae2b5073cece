"""What hostile, careless and unlucky submissions earn, and that nothing of them stays."""

import copy
import os
import re
import socket
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.tools.hostile import HOSTILE, RIGHT, WARNS
from tests.tools.test_assignments import (
    FULL,
    cell_of,
    command,
    hand_in,
    lesson,
    read_grades,
    with_source,
)
from tools.assignments import main
from tools.execution import ROOT, write_notebook
from tools.sandbox import NoBox, check_box

SETTINGS = """import torch
torch.set_default_dtype(torch.float64); torch.set_default_device("meta")
torch.set_grad_enabled(False)
def double(x):
    as_usual = torch.zeros(1, requires_grad=True) + torch.zeros(1)
    is_usual = as_usual.requires_grad and as_usual.dtype == torch.float32
    return 2 * x if is_usual and as_usual.tolist() == [0.0] else None
"""
HONEST = {
    "settings": (SETTINGS, 2),
    "warns": (WARNS, 2),
    "shadows": ("double = 5\nassert_ = 6\nprint = 7\n" + RIGHT, 2),
    "helper below": (RIGHT.replace("2 * x", "twice(x)") + "def twice(x): return 2 * x\n", 2),
    "broken cell": ("def double(x) return", 0),
    "looks": (
        f"%matplotlib widget\n%load_ext lab_black\n%lprun -f x y\n{RIGHT}%timeit -n1 double(1)",
        2,
    ),
    "prints a number": (RIGHT + "5\n", 2),
}


@pytest.fixture(scope="module")
def listener():
    """A server on this machine that nobody may reach."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def graded(tmp_path_factory, listener):
    """All of them handed in, with a right second answer for the honest, and graded in boxes."""
    try:
        check_box()
    except NoBox as reason:
        pytest.skip(str(reason))
    folder = tmp_path_factory.mktemp("hostile")
    write_notebook(lesson(), folder / "notebooks" / "lesson.ipynb")
    course = {"notebooks": folder / "notebooks", "build": folder / "build"}
    assert command("release", **course) == 0
    released = nbformat.read(folder / "build" / "assignments" / "lesson.ipynb", as_version=4)
    known = {
        "PLACE": repr(str(folder)),
        "HELPERS": repr(str(ROOT / "helpers")),
        "PORT": str(listener.getsockname()[1]),
    }
    for student, (source, *_) in (HOSTILE | HONEST).items():
        for name, value in known.items():
            source = source.replace(name, value)
        notebook = with_source("double", source, copy.deepcopy(released))
        hand_in(folder / "class", student, "lesson", notebook)
    before = fingerprint(ROOT / "helpers"), fingerprint(folder / "class")
    # Three at a time: two wait half a minute to be stopped, and come first (by name).
    options = ("--timeout", 10, "--jobs", 3)
    assert command("grade", folder / "class", *options, **course) == 0
    assert before == (fingerprint(ROOT / "helpers"), fingerprint(folder / "class"))
    return read_grades(folder / "build")


def fingerprint(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.suffix != ".pyc"
            and path.is_file()}  # fmt: skip


@pytest.mark.parametrize("student", HOSTILE)
def test_hostile_work_earns_only_what_is_right(graded, student):
    _, points, note = HOSTILE[student]
    row = graded[student, "lesson"]
    assert points is None or float(row["score"]) == points, row
    assert note is None or row["note"].startswith(note), row
    # What a person should look at has tests of its own.
    told = re.sub(r"cell \d+ uses [^:;]*: look at it(; |$)", "", row["note"])
    assert note != "" or told == "", row


@pytest.mark.parametrize("student", HONEST)
def test_honest_work_earns_its_points_and_no_note(graded, student):
    row = graded[student, "lesson"]
    assert (float(row["score"]), row["note"]) == (HONEST[student][1], ""), row


def test_nobody_was_reached(graded, listener):
    with pytest.raises(BlockingIOError):
        listener.accept()


MARK = re.compile(rb"6[123]\.25")


def test_no_process_and_no_box_is_left(graded):
    for _ in range(20):  # a killed process may take a moment
        left = [p for p in Path("/proc").glob("[0-9]*/cmdline") if MARK.search(read(p))]
        if not left:
            break
        time.sleep(0.1)
    assert not left
    graders = [os.getpid(), *(child.pid for child in psutil.Process().children(recursive=True))]
    assert not [box for pid in graders for box in Path("/tmp").glob(f"box-{pid}-*")]


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_without_a_box_it_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert main(["--build", str(tmp_path), "grade", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert "bubblewrap is not installed" in err
    assert "--no-box" in err


def test_full_runs_what_no_test_needs(tmp_path):
    notebook = with_source("double", RIGHT)
    between = next(c for c in notebook.cells if c.source.startswith("between"))
    between.source = "open('/tmp/never', 'w')\ncell_of = 1 / 0"
    assert cell_of(notebook, "halve").source
    write_notebook(lesson(), tmp_path / "notebooks" / "lesson.ipynb")
    hand_in(tmp_path / "class", "Ada", "lesson", notebook)
    course = {"notebooks": tmp_path / "notebooks", "build": tmp_path / "build"}
    for option, ran in (([], False), (["--full"], True)):
        arguments = ("grade", tmp_path / "class", *option)
        assert command(*arguments, **course) == 0
        page = (tmp_path / "build/grades/feedback/Ada/lesson.html").read_text()
        assert ("ZeroDivisionError" in page) == ran
        assert float(read_grades(tmp_path / "build")["Ada", "lesson"]["score"]) == FULL
