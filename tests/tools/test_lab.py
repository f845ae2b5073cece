"""`make lab`: what would be opened, and that no learner's work is ever lost."""

import os
import subprocess
import sys

import nbformat
import pytest

from tests.tools.test_assignments import cell_of, lesson
from tools import lab
from tools.execution import NOTEBOOKS, ROOT, find_notebooks, write_notebook


@pytest.fixture
def opened(monkeypatch):
    """What would have been started in place of this process."""
    commands = []
    monkeypatch.setattr(lab.os, "execv", lambda program, line: commands.append((program, line)))
    return commands


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two lessons in the current folder, and a function that runs `make lab` on it."""
    monkeypatch.chdir(tmp_path)
    second = lesson()
    for cell in second.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.grade_id += "-2"
    write_notebook(lesson(), tmp_path / "notebooks" / "00_first.ipynb")
    write_notebook(second, tmp_path / "notebooks" / "01_second.ipynb")

    def run(*options):
        places = ("--notebooks", "notebooks", "--build", "build", "--mine", "mine")
        return lab.main([*options, *places])

    return run


@pytest.mark.parametrize("assignment", ["", "ASSIGNMENT=1"])
def test_make_starts_the_tool(assignment):
    make = ["make", "--dry-run", "--always-make", "lab", "PYTHON=python3", *assignment.split()]
    # Not the flags of a `make test` that these tests may run in.
    outside = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(make, cwd=ROOT, env=outside, capture_output=True, text=True, check=True)
    said = done.stdout
    last = said.strip().splitlines()[-1]
    assert last.split(" -m ")[1].split() == ["tools.lab", *(["--assignment"] * bool(assignment))]
    assert ("[class,test]" in said) == bool(assignment)  # only the release needs nbgrader


def test_plain_lab_opens_the_complete_lessons(opened, monkeypatch):
    monkeypatch.chdir(ROOT)
    lab.main([])
    first = os.path.relpath(find_notebooks(NOTEBOOKS)[0])
    assert opened == [(sys.executable, [sys.executable, "-m", "jupyterlab", first])]
    assert first == os.path.join("notebooks", "00_start_here.ipynb")


def test_the_learner_gets_the_release_and_keeps_the_work(course, tmp_path, opened, capsys):
    course("--assignment")
    assert opened[-1][1][-1] == os.path.join("mine", "00_first.ipynb")
    assert "Your copies lie in mine: 2 new, 0 as you left them" in capsys.readouterr().out
    mine = tmp_path / "mine" / "00_first.ipynb"
    assert "NotImplementedError" in cell_of(nbformat.read(mine, as_version=4), "double").source

    mine.write_text("my own work")
    (tmp_path / "mine" / "00_a_note.ipynb").write_text("not a lesson")
    (tmp_path / "mine" / "01_second.ipynb").unlink()
    course("--assignment")
    out = capsys.readouterr().out
    assert "1 new, 1 as you left them" in out
    assert "Taking the solutions out" not in out  # the release was there
    assert mine.read_text() == "my own work"
    assert opened[-1][1][-1] == os.path.join("mine", "00_first.ipynb")

    later = (tmp_path / "build" / "assignments" / "00_first.ipynb").stat().st_mtime + 10
    os.utime(tmp_path / "notebooks" / "01_second.ipynb", (later, later))
    course("--assignment")
    assert "Taking the solutions out" in capsys.readouterr().out
    assert mine.read_text() == "my own work"
    assert sorted(path.name for path in mine.parent.iterdir()) == [
        "00_a_note.ipynb",
        "00_first.ipynb",
        "01_second.ipynb",
    ]


@pytest.mark.parametrize("change", ["missing", "left over"])
def test_a_release_with_other_lessons_is_outdated(tmp_path, change):
    sources = [tmp_path / "notebooks" / name for name in ("a.ipynb", "b.ipynb")]
    for path in (*sources, *(tmp_path / "release" / path.name for path in sources)):
        write_notebook(lesson(), path)
    assert not lab.is_outdated(sources, tmp_path / "release")
    if change == "missing":
        (tmp_path / "release" / "b.ipynb").unlink()
    else:
        write_notebook(lesson(), tmp_path / "release" / "c.ipynb")
    assert lab.is_outdated(sources, tmp_path / "release")


def test_a_broken_link_of_the_learner_is_not_overwritten(tmp_path):
    write_notebook(lesson(), tmp_path / "release" / "a.ipynb")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.ipynb").symlink_to("on-a-stick-that-is-not-there")
    assert lab.add_missing(tmp_path / "release", tmp_path / "mine") == []


def test_what_cannot_be_opened_is_said(course, tmp_path, opened, monkeypatch, capsys):
    path = tmp_path / "notebooks" / "00_first.ipynb"
    good = path.read_text()
    path.write_text(good.replace("### END SOLUTION", ""))
    assert course("--assignment") == 1
    assert "do not pair" in capsys.readouterr().err
    path.write_text(good)
    monkeypatch.setitem(sys.modules, "tools.assignments", None)
    assert course("--assignment") == 1
    assert "pip install -e '.[class]'" in capsys.readouterr().err
    assert lab.main(["--notebooks", str(tmp_path / "nowhere")]) == 1
    assert "no notebooks in" in capsys.readouterr().err
    assert opened == []
