"""Open the course in JupyterLab: the complete lessons, or exercises for the learner to solve."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from tools.execution import BUILD, NOTEBOOKS, ROOT, find_notebooks

DESCRIPTION = """Open the course in JupyterLab: the complete lessons or, with --assignment, your own
copies with the solutions taken out. What you have written in a copy is never overwritten; to begin
a lesson again, rename or delete your copy and start anew."""
# Not in build/, which `make clean` removes.
MINE = ROOT / "my-course"


class NotPrepared(Exception):
    """The learner's copies could not be made; the message says why."""


def is_outdated(sources: list[Path], release: Path) -> bool:
    """Is a lesson missing from the release, left over in it, or newer than it?"""
    released = {path.name: path for path in find_notebooks(release)}
    if released.keys() != {path.name for path in sources}:
        return True
    newest = max(path.stat().st_mtime for path in sources)
    return any(path.stat().st_mtime < newest for path in released.values())


def add_missing(release: Path, mine: Path) -> list[Path]:
    """Copy the lessons that the learner has not got yet; returns the new copies."""
    mine.mkdir(parents=True, exist_ok=True)
    added = []
    for path in find_notebooks(release):
        place = mine / path.name
        if not os.path.lexists(place):
            # Beside it first: a copy that was interrupted must not count as the learner's.
            part = place.with_name(f".{place.name}.part")
            shutil.copyfile(path, part)
            os.replace(part, place)
            added.append(place)
    return added


def prepare(sources: list[Path], build: Path, mine: Path) -> list[Path]:
    """Bring the learner's folder up to date; returns the learner's notebooks.

    Raises NotPrepared if a release is needed and cannot be made.
    """
    if is_outdated(sources, build / "assignments"):
        print("Taking the solutions out (once, about a minute)", flush=True)
        try:
            from tools.assignments import CannotContinue, release
        except ModuleNotFoundError as error:  # nbgrader, which the complete lessons do not need
            raise NotPrepared(f"{error.name} is missing: pip install -e '.[class]'") from error
        try:
            release(sources, build / "assignments")
        except CannotContinue as error:
            raise NotPrepared(str(error)) from error
    added = add_missing(build / "assignments", mine)
    names = {path.name for path in sources}
    notebooks = [path for path in find_notebooks(mine) if path.name in names]
    kept = len(notebooks) - len(added)
    print(f"Your copies lie in {os.path.relpath(mine)}: {len(added)} new, {kept} as you left them")
    return notebooks


def command(notebook: Path) -> list[str]:
    """What opens a notebook in JupyterLab."""
    return [sys.executable, "-m", "jupyterlab", os.path.relpath(notebook)]


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code, unless JupyterLab takes over."""
    parser = argparse.ArgumentParser(prog="python -m tools.lab", description=DESCRIPTION)
    parser.add_argument("--assignment", action="store_true", help="your copies, to be solved")
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    parser.add_argument("--build", type=Path, default=BUILD, metavar="FOLDER")
    parser.add_argument("--mine", type=Path, default=MINE, metavar="FOLDER")
    options = parser.parse_args(arguments)
    notebooks = find_notebooks(options.notebooks)
    if not notebooks:
        print(f"no notebooks in {options.notebooks}", file=sys.stderr)
        return 1
    if options.assignment:
        try:
            notebooks = prepare(notebooks, options.build, options.mine)
        except NotPrepared as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\ninterrupted: your copies are as they were", file=sys.stderr)
            return 130
    line = command(notebooks[0])
    sys.stdout.flush()
    os.execv(line[0], line)  # so that Ctrl-C is JupyterLab's


if __name__ == "__main__":
    sys.exit(main())
