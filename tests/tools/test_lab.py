"""`make lab`: what would be opened, and that no learner's work is ever lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.tools.test_assignments import cell_of, lesson
from tools import lab
from tools.execution import NOTEBOOKS, ROOT, find_notebooks, write_notebook
from tools.exercises import released_source


@pytest.fixture
def opened(monkeypatch):
    """What would have been started in place of this process."""
    commands = []
    monkeypatch.setattr(lab, "take_over", lambda line: commands.append(line) or 0)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
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
        return lab.main([*options, *places, "--complete", "solved"])

    return run


@pytest.mark.parametrize("solved", ["", "SOLVED=1"])
def test_make_starts_the_tool(solved):
    make = ["make", "--dry-run", "lab", "PYTHON=python3", *solved.split()]
    # Not the flags of a `make test` that these tests may run in.
    outside = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    done = subprocess.run(make, cwd=ROOT, env=outside, capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == ["-m", "tools.course", "lab", *(["--solved"] * bool(solved))]


def test_the_complete_lessons_are_opened_as_copies_that_cannot_be_saved(course, tmp_path, opened):
    course("--solved")
    first = tmp_path / "solved" / "00_first.ipynb"
    assert opened[-1][1:3] == ["-m", "jupyterlab"]
    assert "--LabApp.default_url=/lab/tree/solved/00_first.ipynb" in opened[-1]
    assert f"--ServerApp.root_dir={tmp_path}" in opened[-1]  # links lead out of the lessons' folder
    assert first.read_bytes() == (tmp_path / "notebooks" / "00_first.ipynb").read_bytes()
    assert not first.stat().st_mode & 0o222
    (tmp_path / "notebooks" / "00_first.ipynb").write_text("{}")
    (tmp_path / "notebooks" / "01_second.ipynb").unlink()
    course("--solved")
    assert first.read_text() == "{}"
    assert find_notebooks(tmp_path / "solved") == [first]


def test_links_from_a_copy_lead_where_those_from_a_lesson_do():
    assert {folder.parent for folder in (lab.MINE, lab.SOLVED, NOTEBOOKS)} == {ROOT}


def test_jupyterlab_gets_the_courses_settings_first(course, opened):
    course("--solved")
    first, second = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert second == "mine"
    settings = {path.name: json.loads(path.read_text()) for path in Path(first).rglob("*.json")}
    extensions = settings["jupyter_server_config.json"]["ServerApp"]["jpserver_extensions"]
    assert extensions
    assert not any(extensions.values())
    assert settings["page_config.json"]["disabledExtensions"] == {"@jupyter/nbgrader": True}


def test_the_learner_gets_the_release_and_keeps_the_work(course, tmp_path, opened, capsys):
    course()
    assert "--LabApp.default_url=/lab/tree/mine/00_first.ipynb" in opened[-1]
    assert "Your copies lie in mine: 2 new, 0 as you left them" in capsys.readouterr().out
    mine = tmp_path / "mine" / "00_first.ipynb"
    assert "NotImplementedError" in cell_of(nbformat.read(mine, as_version=4), "double").source

    mine.write_text("my own work")
    (tmp_path / "mine" / "00_a_note.ipynb").write_text("not a lesson")
    (tmp_path / "mine" / "01_second.ipynb").unlink()
    course()
    out = capsys.readouterr().out
    assert "1 new, 1 as you left them" in out
    assert "Taking the solutions out" not in out  # the release was there
    assert mine.read_text() == "my own work"
    assert "--LabApp.default_url=/lab/tree/mine/00_first.ipynb" in opened[-1]

    assert sorted(path.name for path in mine.parent.iterdir()) == [
        ".copied.json",
        "00_a_note.ipynb",
        "00_first.ipynb",
        "01_second.ipynb",
    ]


def test_a_lesson_that_changes_arrives_or_says_so(course, tmp_path, opened, capsys):
    course()
    begun, untouched = (tmp_path / "mine" / f"{name}.ipynb" for name in ("00_first", "01_second"))
    begun.write_text("my own work")
    before = untouched.read_text()
    later = (tmp_path / "build" / "assignments" / "00_first.ipynb").stat().st_mtime + 10
    for path in find_notebooks(tmp_path / "notebooks"):
        path.write_text(path.read_text().replace("return 2 * x", "return x * 2 + 0"))
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[0].source += " A new sentence."
        write_notebook(notebook, path)
        os.utime(path, (later, later))
    capsys.readouterr()
    course()
    said = capsys.readouterr().out
    assert "Taking the solutions out" in said
    assert "1 that you had not begun brought up to date" in said
    assert "00_first has changed in the course. Your copy stays" in said
    assert "01_second has" not in said
    assert begun.read_text() == "my own work"
    assert untouched.read_text() != before
    assert "A new sentence." in untouched.read_text()
    course()  # said again until the copy is renamed
    assert "00_first has changed" in capsys.readouterr().out
    begun.rename(begun.with_stem("00_mine"))
    course()
    said = capsys.readouterr().out
    assert "1 new, 1 as you left them" in said
    assert "has changed" not in said
    assert "A new sentence." in begun.read_text()


@pytest.mark.parametrize("change", ["missing", "left over"])
def test_a_release_with_other_lessons_is_outdated(tmp_path, change):
    sources = [tmp_path / "notebooks" / name for name in ("a.ipynb", "b.ipynb")]
    for path in sources:
        write_notebook(lesson(), path)
    for path in sources:
        write_notebook(as_released(lesson()), tmp_path / "release" / path.name)
    assert not lab.is_outdated(sources, tmp_path / "release")
    if change == "missing":
        (tmp_path / "release" / "b.ipynb").unlink()
    else:
        write_notebook(lesson(), tmp_path / "release" / "c.ipynb")
    assert lab.is_outdated(sources, tmp_path / "release")


@pytest.mark.parametrize("change", ["another lesson", "a damaged release"])
def test_times_alone_do_not_say_that_a_release_is_up_to_date(tmp_path, change):
    source, released = tmp_path / "a.ipynb", tmp_path / "release" / "a.ipynb"
    notebook = lesson()
    write_notebook(as_released(notebook), released)
    notebook.cells[0].source += " A new sentence."
    if change == "a damaged release":
        released.write_text("{")
        notebook = lesson()
    write_notebook(notebook, source)
    os.utime(source, (10**9, 10**9))  # as an archive unpacks it
    assert lab.is_outdated([source], released.parent)


def as_released(notebook):
    for cell in notebook.cells:
        cell.source = released_source(cell)
    return notebook


@pytest.mark.parametrize("record", ["", "{", "[]", "null", "\udcff"])
def test_a_damaged_record_costs_nothing(course, tmp_path, opened, capsys, record):
    course()
    begun, untouched = (tmp_path / "mine" / f"{name}.ipynb" for name in ("00_first", "01_second"))
    begun.write_text("my own work")
    path = tmp_path / "mine" / ".copied.json"
    path.write_bytes(record.encode(errors="surrogateescape"))
    assert course() == 0
    assert "0 new, 2 as you left them" in capsys.readouterr().out
    assert begun.read_text() == "my own work"
    assert set(json.loads(path.read_text())) == {untouched.name}  # so that it follows the course


def test_an_interruption_between_copy_and_record_is_made_good(course, tmp_path, opened, capsys):
    course()
    record = tmp_path / "mine" / ".copied.json"
    good = record.read_text()
    record.write_text(json.dumps(dict.fromkeys(json.loads(good), "of the lesson before")))
    course()
    said = capsys.readouterr().out
    assert "has changed" not in said
    assert "2 as you left them" in said
    assert record.read_text() == good


def test_what_was_saved_beside_the_complete_lessons_stays(course, tmp_path, opened):
    course("--solved")
    notes = tmp_path / "solved" / "00_first-Copy1.ipynb"  # as JupyterLab duplicates
    notes.write_text("my own work")
    course("--solved")
    assert notes.read_text() == "my own work"
    assert "--LabApp.default_url=/lab/tree/solved/00_first.ipynb" in opened[-1]


def test_a_broken_link_of_the_learner_is_not_overwritten(tmp_path):
    write_notebook(lesson(), tmp_path / "release" / "a.ipynb")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.ipynb").symlink_to("on-a-stick-that-is-not-there")
    assert lab.update_copies(tmp_path / "release", tmp_path / "mine")["kept"] == ["a"]
    assert (tmp_path / "mine" / "a.ipynb").is_symlink()


def test_what_cannot_be_opened_is_said(course, tmp_path, opened, monkeypatch, capsys):
    path = tmp_path / "notebooks" / "00_first.ipynb"
    good = path.read_text()
    path.write_text(good.replace("### END SOLUTION", ""))
    assert course() == 1
    assert "do not pair" in capsys.readouterr().err
    path.write_text("<<<<<<< HEAD")
    assert course() == 1
    assert "00_first.ipynb is damaged" in capsys.readouterr().err
    path.write_text(good)
    monkeypatch.setitem(sys.modules, "tools.assignments", None)
    assert course() == 1
    assert "pip install -e '.[class]'" in capsys.readouterr().err
    assert lab.main(["--notebooks", str(tmp_path / "nowhere")]) == 1
    assert "no notebooks in" in capsys.readouterr().err
    assert opened == []
