"""Write what students get: their notebooks, the package, its data; no answers, no history."""

import argparse
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.assignments import CannotContinue, release
from tools.execution import BUILD, NOTEBOOKS, ROOT, find_notebooks
from tools.exercises import released_source
from tools.grading.leftovers import work_folder

DESCRIPTION = """Write what students get to build/handout: the notebooks without solutions, the
package helpers and its data, and what sets them up. Then look for answers in it: there must be
none."""
FOLDERS = ("helpers", "data/street", "data/digits", "data/weights", "docs", "tools/jupyter")
FILES = (
    *("CITATION.cff", "LICENSE", "LICENSE-TEXTS.md"),
    *("constraints.txt", "environment.yml", "pyproject.toml"),
    *("tools/__init__.py", "tools/course.py"),
)
STUDENTS = ROOT / "tools" / "students"  # a README and a Makefile of their own
UNWANTED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*", "*.part")
BINARY = (".png", ".pt", ".safetensors", ".npz")
# Shorter lines, as `return x`, are in many places.
SHORTEST = 20


def make_handout(sources: list[Path], target: Path) -> Path:
    """Write the handout into the folder `target`, in place of an earlier one; returns it.

    Raises CannotContinue, and leaves an earlier one as it was, if an answer would be in it.
    """
    with work_folder(target) as folder:
        new = folder / target.name
        release(sources, new / "notebooks")
        for name in FOLDERS:
            shutil.copytree(ROOT / name, new / name, ignore=UNWANTED)
        for name in FILES:
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, new / name)
        for path in STUDENTS.iterdir():
            shutil.copy(path, new / path.name)
        if found := sorted(answers_in(new, sources)):
            raise CannotContinue("\n".join(["an answer would be handed out:", *found]))
        if target.exists():
            shutil.rmtree(target)
        os.replace(new, target)
    return target


def answers_in(folder: Path, sources: list[Path]) -> Iterator[str]:
    """Where lines of solutions, of hidden tests or of model answers are, in words.

    Lines that are handed out in the lessons' own cells are no secret; and `helpers` has functions
    that the learner builds, by design: in it only a whole solution is looked for.
    """
    cells = [cell for path in sources for cell in nbformat.read(path, as_version=4).cells]
    shown = {_even(line) for cell in cells for line in _shown(cell)}
    hidden = [[_even(line) for line in _hidden(cell)] for cell in cells]
    lines = {line for block in hidden for line in block if len(line) >= SHORTEST} - shown
    whole = {" ".join(block) for block in hidden if len(block) > 2}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and path.suffix not in BINARY:
            secrets = whole if name.startswith("helpers/") else lines
            text = _even(_text(path))
            yield from (f"{name}: {secret}" for secret in secrets if secret in text)


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix != ".ipynb":
        return text
    return "\n".join(_strings(nbformat.reads(text, as_version=4)))


def _strings(value: object) -> Iterator[str]:
    """Every text in a notebook, without the signs that JSON puts in: also outputs and metadata."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _strings([*value, *value.values()])
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _shown(cell: NotebookNode) -> list[str]:
    return released_source(cell).split("\n")


def _hidden(cell: NotebookNode) -> list[str]:
    """The lines of a cell that students do not see."""
    shown = set(_shown(cell))
    marker = re.compile(r"\s*(<!-- )?### (BEGIN|END) ")
    return [s for s in cell.source.split("\n") if s not in shown and not marker.match(s)]


def _even(text: str) -> str:
    return " ".join(text.split())


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.handout", description=DESCRIPTION)
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    parser.add_argument("--build", type=Path, default=BUILD, metavar="FOLDER")
    options = parser.parse_args(arguments)
    try:
        print("Making the handout")
        folder = make_handout(find_notebooks(options.notebooks), options.build / "handout")
    except (CannotContinue, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: nothing was changed", file=sys.stderr)
        return 130
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"{os.path.relpath(folder)}: {size / 1e6:.0f} MB, no answer in it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
