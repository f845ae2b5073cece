"""The cell that each lesson opens with: what it does where the course is, and where it is not."""

import copy
import subprocess
import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers import __version__
from tools.upkeep import opening

ADDRESS = "https://github.com/someone/a.course"
# Runs a cell as IPython does, where there is no `helpers`; says what came of it.
ELSEWHERE = """import sys, types
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from IPython.core.interactiveshell import InteractiveShell

class OnlyFetched(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "helpers":
            found = [place for place in sys.path if place.endswith("content/course")]
            spec = PathFinder.find_spec(name, found)
            if spec is None:
                raise ModuleNotFoundError(name)
            return spec

sys.meta_path.insert(0, OnlyFetched())
cell, colab = sys.argv[1:]
if colab:
    sys.modules["google.colab"] = types.ModuleType("google.colab")
shell = InteractiveShell(colors="nocolor")
if shell.run_cell(cell).success:
    import helpers
    print(helpers.__file__, helpers.__version__)"""


def run(cell, colab=False):
    """What is printed where the course is not installed."""
    line = [sys.executable, "-c", ELSEWHERE, cell, "colab" if colab else ""]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def lesson():
    """A lesson with the cell, executed."""
    shown = new_output("execute_result", {"text/plain": "1"}, execution_count=7)
    cells = [new_markdown_cell("# A lesson"), new_code_cell("1", outputs=[shown])]
    notebook = new_notebook(cells=[*cells, new_code_cell("2")])
    opening.write_opening(notebook)
    return notebook


def test_the_cell_stands_after_the_title_and_counts_follow(lesson):
    assert list(opening.opening(lesson)) == []
    assert [c.cell_type for c in lesson.cells] == ["markdown", "code", "code", "code"]
    assert [c.execution_count for c in lesson.cells[1:]] == [1, 2, 3]
    assert lesson.cells[2].outputs[0].execution_count == 2
    again = copy.deepcopy(lesson)
    opening.write_opening(again)
    assert again == lesson


def test_a_lesson_without_it_or_with_another_is_caught(lesson):
    for spoil in (
        lambda nb: nb.cells.pop(1),
        lambda nb: nb.cells.append(nb.cells.pop(1)),
        lambda nb: nb.cells[1].update(source="# nothing"),
        lambda nb: nb.cells[1].update(id="another"),
        lambda nb: nb.update(cells=[]),
    ):
        bad = copy.deepcopy(lesson)
        spoil(bad)
        assert list(opening.opening(bad)) != []


def test_a_lesson_of_another_version_is_caught(lesson, monkeypatch):
    monkeypatch.setattr(opening, "repository", lambda: ADDRESS)
    assert list(opening.opening(lesson)) != []
    opening.write_opening(lesson)
    assert list(opening.opening(lesson)) == []
    assert f'--branch v{__version__}"' in lesson.cells[1].source
    lesson.cells[1].source = opening.source(ADDRESS, "0.0.1")
    assert list(opening.opening(lesson)) != []


@pytest.mark.parametrize("address", [None, ADDRESS])
def test_where_the_course_is_missing_it_says_what_to_do(address):
    cell = opening.source(address)
    assert max(map(len, cell.splitlines())) <= 79
    said = run(cell)
    assert "ModuleNotFoundError: This Python lacks the course" in said
    assert "`make lab`" in said
    if address is None:
        assert "no public address" in run(cell, colab=True)


def git(folder, *arguments):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_colab_fetches_the_version_of_the_lesson_once(tmp_path):
    course, folder = tmp_path / "course", tmp_path / "content" / "course"
    (course / "helpers").mkdir(parents=True)
    git(course, "init")
    for version in ("1.2", "1.3"):
        (course / "helpers" / "__init__.py").write_text(f"__version__ = {version!r}\n")
        git(course, "add", "helpers")
        git(course, "commit", "-m", "a version")
        git(course, "tag", f"v{version}")
    cell = opening.source(course.as_uri(), "1.2", str(folder))
    there = f"{folder / 'helpers' / '__init__.py'} 1.2"
    for _ in range(2):  # the second time as after a restart of the runtime
        said = run(cell, colab=True)
        assert there in said.splitlines()
    said = run(opening.source(course.as_uri(), "9", str(tmp_path / "x")), colab=True)
    assert "Remote branch v9 not found" in said
    assert "CalledProcessError" in said
