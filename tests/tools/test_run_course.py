"""Running the course: to build or in place, and what an interruption leaves."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat.v4 import new_notebook, new_output

from tools import execution, run_course
from tools.book import SiteFailed
from tools.execution import (
    LONGEST,
    ROOT,
    NotebookFailed,
    execute,
    find_notebooks,
    longest_first,
    write_notebook,
)


def run(folder, *options):
    folders = ["--notebooks", str(folder / "notebooks"), "--build", str(folder / "build")]
    return run_course.main([*folders, *options])


VIEW = """import ipywidgets
from helpers import plots, widgets
def draw(number):
    return plots.new_figure(1, 1)[0], f"number {number}"
widgets.view(draw, number=ipywidgets.IntSlider(max=2, description="number"))"""


@pytest.fixture
def site(monkeypatch):
    """The folders that a site is made of, each time; none is made (tests/tools/test_book.py)."""
    asked = []

    def build(executed, views, site):
        asked.append((executed, views, site))
        return site / "index.html"

    monkeypatch.setattr(run_course, "build_site", build)
    return asked


def test_a_course_is_run_to_build_without_photographs(course, tmp_path, capsys, monkeypatch, site):
    monkeypatch.setenv("UIUC_CARS_DIR", "/somewhere")
    path = course("import os\nprint(os.environ['UIUC_CARS_DIR'])", "print('a')", VIEW)
    build = tmp_path / "build"
    write_notebook(nbformat.read(path, as_version=4), build / "executed" / "old.ipynb")
    before = path.read_bytes()
    assert run(tmp_path, "--no-table") == 0
    executed = nbformat.read(tmp_path / "build" / "executed" / "lesson.ipynb", as_version=4)
    assert executed.cells[0].outputs[0].text == "the-photographs-are-hidden\n"
    assert len(executed.cells) == 3
    assert [path.name for path in (build / "executed").iterdir()] == ["lesson.ipynb"]
    view = json.loads((build / "views" / "lesson" / "3.json").read_text())
    assert [still["caption"] for still in view["stills"]] == ["number 0", "number 1", "number 2"]
    assert site == [(build / "executed", build / "views", build / "site")]
    assert path.read_bytes() == before
    shown = capsys.readouterr().out
    assert "lesson" in shown
    assert os.path.relpath(build / "site" / "index.html") in shown


MEET = """import pathlib, time
pathlib.Path({mine!r}).touch()
deadline = time.monotonic() + 30
while not pathlib.Path({other!r}).exists():
    assert time.monotonic() < deadline, "alone"
    time.sleep(0.01)"""


def test_lessons_run_two_at_a_time_and_share_the_cores(course, tmp_path, capsys, monkeypatch, site):
    monkeypatch.setattr(run_course.os, "cpu_count", lambda: 6)
    path = course(
        MEET.format(mine="a", other="b"), "import os\nprint(os.environ['OMP_NUM_THREADS'])"
    )
    path.rename(path.with_name("one.ipynb"))
    path = course(MEET.format(mine="b", other="a"))
    path.rename(path.with_name("two.ipynb"))
    assert run(tmp_path, "--no-table") == 0
    shown = capsys.readouterr().out
    assert len(re.findall(r"^  (?:one|two) +\d+ s$", shown, re.MULTILINE)) == 2
    executed = nbformat.read(tmp_path / "build" / "executed" / "one.ipynb", as_version=4)
    assert executed.cells[1].outputs[0].text == "3\n"


def test_the_longest_lessons_go_first_and_each_runs():
    paths = find_notebooks()
    order = [path.stem for path in longest_first(paths)]
    assert order[: len(LONGEST)] == [*LONGEST]
    assert sorted(order) == [path.stem for path in paths]


def test_one_that_fails_stops_the_others_and_what_is_done_is_kept(tmp_path, monkeypatch, capsys):
    """The order: those that take longest, then that of the course."""
    ran, stopped = [], []

    async def pretend(path, **_):
        ran.append(path.stem)
        if path.stem == "c":
            raise NotebookFailed("c.ipynb failed in cell 1")
        try:
            await asyncio.sleep(0 if path.stem == "a" else 60)
        except asyncio.CancelledError:
            stopped.append(path.stem)
            raise
        return new_notebook()

    monkeypatch.setattr(run_course, "execute_beside_others", pretend)
    monkeypatch.setattr(execution, "LONGEST", ("d",))
    for name in "abcde":
        write_notebook(new_notebook(), tmp_path / "notebooks" / f"{name}.ipynb")
    monkeypatch.setattr(run_course.os, "cpu_count", lambda: 3)
    monkeypatch.setattr(run_course, "AT_A_TIME", 3)
    assert run(tmp_path, "--no-table") == 1
    assert "c.ipynb failed in cell 1" in capsys.readouterr().err
    assert ran == ["d", "a", "b", "c"]
    assert sorted(stopped) == ["b", "d"]
    assert [path.stem for path in (tmp_path / "build" / "executed").iterdir()] == ["a"]


@pytest.mark.parametrize("terminal", [False, True])
def test_who_looks_on_sees_what_is_done_and_on_a_terminal_what_runs(monkeypatch, capsys, terminal):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    progress = run_course.Progress()
    progress.cell("one", 0, 0)
    progress.cell("two", 3, 9)
    progress.done("one", 12.3)
    shown = capsys.readouterr().out
    assert re.findall(r"(?:^|\r)  one +12 s *$", shown, re.MULTILINE)
    assert ("one, two: cell 3 of 9" in shown) == terminal
    assert shown.rstrip("\r ").endswith("two: cell 3 of 9") == terminal


def test_where_the_site_cannot_be_made_the_rest_is_shown(course, tmp_path, capsys, monkeypatch):
    course("1 + 1")

    def fail(*_):
        raise SiteFailed("no Sphinx here")

    monkeypatch.setattr(run_course, "build_site", fail)
    assert run(tmp_path, "--no-table") == 1
    shown = capsys.readouterr()
    assert "executed notebooks" in shown.out
    assert "not made" in shown.out
    assert "no Sphinx here" in shown.err


def test_in_place_writes_normalised_notebooks(course, tmp_path, capsys):
    path = course("print('a')\nprint('b')", "1 + 1")
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


def test_a_notebook_that_runs_twice_is_the_same_twice(course, tmp_path):
    path = course("import ipywidgets\nipywidgets.IntSlider()", "x = ipywidgets.VBox()\nx")
    saved = []
    for _ in range(2):
        assert run(tmp_path, "--in-place") == 0
        saved.append(path.read_bytes())
    assert b"model_id" in saved[0]
    assert saved[0] == saved[1]


def test_a_failing_notebook_is_named_and_kept(course, tmp_path, capsys):
    path = course("x = 0", "y = 1 / x")
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


def test_a_place_that_cannot_be_written_is_said(course, tmp_path, capsys):
    course("print('a')")
    (tmp_path / "build").touch()
    assert run(tmp_path, "--no-table") == 1
    assert "cannot write" in capsys.readouterr().err


def test_photographs_and_in_place_exclude_each_other(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run(tmp_path, "--in-place", "--with-photographs")
    assert "not allowed with" in capsys.readouterr().err


def test_ctrl_c_leaves_the_old_file_and_no_kernel(course, tmp_path):
    path = course(
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


@pytest.mark.parametrize("how_it_ends", ["as done", "as a dead kernel"])
def test_a_cell_that_hides_ctrl_c_is_the_last(course, tmp_path, monkeypatch, how_it_ends):
    """nbclient does both, depending on the moment at which the interrupt arrives."""
    path = course("x = 1", "x = 2")
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
