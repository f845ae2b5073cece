"""Open the course in JupyterLab: the learner's own copies, or the complete lessons."""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

from helpers.paths import write_atomically
from tools.course import take_over
from tools.execution import BUILD, NOTEBOOKS, ROOT, find_notebooks

DESCRIPTION = """Open the course in JupyterLab: your own copies of the lessons, with the solutions
taken out, in my-course or, with --solved, the complete lessons, in solved. What you have written in
a copy is never overwritten; to begin a lesson again, rename or delete your copy and start anew."""
# Not in build/, which `make clean` removes. As deep as notebooks/: links in the lessons hold.
MINE, SOLVED = ROOT / "my-course", ROOT / "solved"
# Without news, updates and the teacher's panels.
SETTINGS = Path(__file__).parent / "jupyter"


class NotPrepared(Exception):
    """The learner's copies could not be made; the message says why."""


def is_outdated(sources: list[Path], release: Path) -> bool:
    """Is a lesson missing from the release, left over in it, or newer than it?"""
    released = {path.name: path for path in find_notebooks(release)}
    if released.keys() != {path.name for path in sources}:
        return True
    newest = max(path.stat().st_mtime for path in sources)
    return any(path.stat().st_mtime < newest for path in released.values())


def update_copies(release: Path, mine: Path) -> dict[str, list[str]]:
    """Bring the learner's folder up to date; nothing that somebody has touched is overwritten.

    Returns:
        Names of the lessons that are "new", "kept" as the learner left them, "updated" because
        nobody had begun them, and "changed" in the course since the learner's copy was made.
    """
    mine.mkdir(parents=True, exist_ok=True)
    record = mine / ".copied.json"  # of each lesson, the digest of what was copied
    copied = json.loads(record.read_text()) if record.is_file() else {}
    lessons: dict[str, list[str]] = {"new": [], "kept": [], "updated": [], "changed": []}
    for path in find_notebooks(release):
        place, digest = mine / path.name, _digest(path)
        if not os.path.lexists(place):
            what = "new"
        elif copied.get(path.name) in (digest, None):
            what = "kept"
        else:
            untouched = place.is_file() and _digest(place) == copied[path.name]
            what = "updated" if untouched else "changed"
        if what in ("new", "updated"):
            write_atomically(place, path.read_bytes())
            copied[path.name] = digest
            write_atomically(record, json.dumps(copied, indent=1).encode())
        lessons[what].append(path.stem)
    return lessons


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def prepare(sources: list[Path], build: Path, mine: Path) -> list[Path]:
    """Bring the learner's folder up to date, and say how; returns the learner's notebooks.

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
    lessons = update_copies(build / "assignments", mine)
    counts = [f"{len(lessons['new'])} new", f"{len(lessons['kept'])} as you left them"]
    if lessons["updated"]:
        counts.append(f"{len(lessons['updated'])} that you had not begun brought up to date")
    print(f"Your copies lie in {os.path.relpath(mine)}: {', '.join(counts)}")
    for name in lessons["changed"]:
        print(
            f"  {name} has changed in the course. Your copy stays; for the new one, rename yours."
        )
    names = {path.name for path in sources}
    return [path for path in find_notebooks(mine) if path.name in names]


def copy_solved(sources: list[Path], folder: Path) -> list[Path]:
    """Copies of the complete lessons that cannot be saved, so that none is changed by looking."""
    for old in find_notebooks(folder):
        old.chmod(0o644)  # or Windows does not replace it
        old.unlink()
    for path in sources:
        write_atomically(folder / path.name, path.read_bytes())
        (folder / path.name).chmod(0o444)
    return find_notebooks(folder)


def command(notebook: Path) -> list[str]:
    """What opens a notebook in JupyterLab, in the course's folder, with few words."""
    address = quote(os.path.relpath(notebook).replace(os.sep, "/"))
    options = [
        *("--Application.log_level=ERROR", "--LabApp.log_level=ERROR"),
        f"--ServerApp.root_dir={Path.cwd()}",
        f"--LabApp.default_url=/lab/tree/{address}",  # also what the printed address leads to
        "--ServerApp.answer_yes=True",  # one Ctrl-C stops it
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container, say
        options.append("--allow-root")
    return [sys.executable, "-m", "jupyterlab", *options]


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code, unless JupyterLab takes over."""
    parser = argparse.ArgumentParser(prog="python -m tools.lab", description=DESCRIPTION)
    parser.add_argument("--solved", action="store_true", help="the complete lessons, to be read")
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    parser.add_argument("--build", type=Path, default=BUILD, metavar="FOLDER")
    parser.add_argument("--mine", type=Path, default=MINE, metavar="FOLDER")
    parser.add_argument("--complete", type=Path, default=SOLVED, metavar="FOLDER")
    options = parser.parse_args(arguments)
    notebooks = find_notebooks(options.notebooks)
    if not notebooks:
        print(f"no notebooks in {options.notebooks}", file=sys.stderr)
        return 1
    try:
        if options.solved:
            notebooks = copy_solved(notebooks, options.complete)
        else:
            notebooks = prepare(notebooks, options.build, options.mine)
    except (NotPrepared, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: your copies are as they were", file=sys.stderr)
        return 130
    line = command(notebooks[0])
    before = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([str(SETTINGS), *filter(None, [before])])
    return take_over(line)  # so that Ctrl-C is JupyterLab's


if __name__ == "__main__":
    sys.exit(main())
