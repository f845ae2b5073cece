"""Open the course in JupyterLab: the learner's own copies, or the complete lessons."""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

import nbformat

from helpers.paths import write_atomically
from tools.course import take_over
from tools.execution import BUILD, NOTEBOOKS, ROOT, find_notebooks
from tools.exercises import released_source

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
    """Is a lesson missing from the release, left over in it, newer than it, or another one?"""
    released = {path.name: path for path in find_notebooks(release)}
    if released.keys() != {path.name for path in sources}:
        return True
    newest = max(path.stat().st_mtime for path in sources)
    if any(path.stat().st_mtime < newest for path in released.values()):
        return True
    # An unpacked archive brings new lessons with the times at which they were written.
    return not all(_is_release_of(path, released[path.name]) for path in sources)


def _is_release_of(source: Path, released: Path) -> bool:
    """Does it say what is handed out of this lesson? A damaged one does not."""
    try:
        before, after = (nbformat.read(path, as_version=4).cells for path in (source, released))
    except (ValueError, nbformat.ValidationError):
        return False
    return [released_source(cell) for cell in before] == [cell.source for cell in after]


def update_copies(release: Path, mine: Path) -> dict[str, list[str]]:
    """Bring the learner's folder up to date; nothing that somebody has touched is overwritten.

    Returns:
        Names of the lessons that are "new", "kept" as the learner left them, "updated" because
        nobody had begun them, and "changed" in the course since the learner's copy was made.
    """
    mine.mkdir(parents=True, exist_ok=True)
    record = mine / ".copied.json"  # of each lesson, the digest of what was copied
    copied = _read_record(record)
    lessons: dict[str, list[str]] = {"new": [], "kept": [], "updated": [], "changed": []}
    for path in find_notebooks(release):
        place, digest = mine / path.name, _digest(path)
        there = _digest(place) if place.is_file() else None
        if not os.path.lexists(place):
            what = "new"
        elif there == digest or copied.get(path.name) in (digest, None):
            what = "kept"
        else:
            what = "updated" if there == copied[path.name] else "changed"
        if what in ("new", "updated"):
            write_atomically(place, path.read_bytes())
            there = digest
        # Also where an interruption, or a damaged record, had left the two apart.
        if there == digest and copied.get(path.name) != digest:
            copied[path.name] = digest
            write_atomically(record, json.dumps(copied, indent=1).encode())
        lessons[what].append(path.stem)
    return lessons


def _read_record(path: Path) -> dict[str, str]:
    """What was copied; nothing if that cannot be read: then every copy counts as touched."""
    try:
        copied = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return copied if isinstance(copied, dict) else {}


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
    """Copies of the complete lessons that cannot be saved, so that none is changed by looking.

    What a learner has saved beside them, under another name, stays.
    """
    copies = [folder / path.name for path in sources]
    for old in find_notebooks(folder):
        if old in copies or not old.stat().st_mode & 0o222:
            old.chmod(0o644)  # or Windows does not replace it
            old.unlink()
    for path, copy in zip(sources, copies, strict=True):
        write_atomically(copy, path.read_bytes())
        copy.chmod(0o444)
    return copies


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
