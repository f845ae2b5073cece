"""Execute every notebook and print what the course measured."""

import argparse
import asyncio
import os
import platform
import shutil
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tools.book import SiteFailed
from tools.book import build as build_site
from tools.execution import (
    BUILD,
    NOTEBOOKS,
    NotebookFailed,
    execute_beside_others,
    find_notebooks,
    longest_first,
    write_notebook,
)

DESCRIPTION = """Execute the notebooks, each in a fresh kernel, write them and a site of
linked pages to build/, and print what the course measured, computed then and there on the drawn
data. The photographs are hidden from the notebooks, so that the outputs are the same with and
without them."""
AT_A_TIME = 2


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.run_course", description=DESCRIPTION)
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--in-place",
        action="store_true",
        help="write the executed notebooks back, cleaned, ready to be committed; nothing else",
    )
    where.add_argument(
        "--with-photographs",
        action="store_true",
        help="let the notebooks see the UIUC photographs; the results stay in build/",
    )
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    parser.add_argument("--build", type=Path, default=BUILD, metavar="FOLDER")
    parser.add_argument("--no-table", action="store_true", help="do not measure anything")
    options = parser.parse_args(arguments)
    paths = find_notebooks(options.notebooks)
    if not paths:
        print(f"no notebooks in {options.notebooks}", file=sys.stderr)
        return 1
    try:
        if options.in_place:
            run_in_place(paths)
        else:
            run_to_build(paths, options.build, photographs=options.with_photographs)
            report(options.build, measured=not options.no_table)
    except (NotebookFailed, SiteFailed, OSError, ValueError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: what was finished is kept, nothing is half written", file=sys.stderr)
        return 130
    return 0


def run_in_place(paths: list[Path]) -> None:
    """Execute notebooks and write each back, cleaned, once it has run to its end.

    One at a time, with all threads: what they measure of time is for the learners' eyes.
    """
    asyncio.run(_run_all([Lesson(path, target=path) for path in paths], workers=1, threads=None))


def run_to_build(paths: list[Path], build: Path, *, photographs: bool) -> None:
    """Execute notebooks into `build`/executed, and their views into `build`/views.

    Several at a time: a kernel spends much of its time with one thread, or waiting.
    """
    for old in find_notebooks(build / "executed"):
        if old.name not in {path.name for path in paths}:
            old.unlink()  # or it would be on the site
    lessons = [
        Lesson(path, build / "executed" / path.name, build / "views" / path.stem, photographs)
        for path in longest_first(paths)
    ]
    cores = os.cpu_count() or 1
    workers = min(AT_A_TIME, cores)
    asyncio.run(_run_all(lessons, workers=workers, threads=cores // workers))


@dataclass
class Lesson:
    """A notebook to execute, where the executed one is to lie, and how it is run."""

    path: Path
    target: Path
    views: Path | None = None
    photographs: bool = False


async def _run_all(lessons: list[Lesson], *, workers: int, threads: int | None) -> None:
    """Execute lessons in their order, so many at a time; the first that fails stops the others."""
    progress, left = Progress(), iter(lessons)

    async def work() -> None:
        for lesson in left:
            await _run_one(lesson, threads, progress)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None


async def _run_one(lesson: Lesson, threads: int | None, progress: "Progress") -> None:
    name = lesson.path.stem
    started = time.perf_counter()
    progress.cell(name, 0, 0)
    if lesson.views is not None:
        shutil.rmtree(lesson.views, ignore_errors=True)
    notebook = await execute_beside_others(
        lesson.path,
        photographs=lesson.photographs,
        threads=threads,
        on_cell=lambda number, total: progress.cell(name, number, total),
        views=lesson.views,
    )
    write_notebook(notebook, lesson.target)
    progress.done(name, time.perf_counter() - started)


class Progress:
    """A line for each lesson that is done; on a terminal, below them, one for those that run."""

    def __init__(self) -> None:
        self.running: dict[str, str] = {}
        self.on_terminal = sys.stdout.isatty()

    def cell(self, name: str, number: int, total: int) -> None:
        """A lesson has come to a cell."""
        self.running[name] = f"{name}: cell {number} of {total}" if number else name
        self._show()

    def done(self, name: str, seconds: float) -> None:
        """A lesson has run to its end."""
        del self.running[name]
        self._show(f"  {name:<24} {seconds:.0f} s")

    def _show(self, line: str = "") -> None:
        if self.on_terminal:
            width = shutil.get_terminal_size().columns - 1
            below = ("  " + ", ".join(self.running.values()))[:width]
            above = f"{line:<{width}}\n" if line else ""
            print(f"\r{above}{below:<{width}}\r", end="", flush=True)
        elif line:
            print(line, flush=True)


def report(build: Path, *, measured: bool) -> None:
    """Make the site; print the table of results and where notebooks and site lie."""
    print("  making the site ...", flush=True)
    site, failed = build / "site" / "index.html", None
    try:
        build_site(build / "executed", build / "views", build / "site")
    except SiteFailed as error:
        failed = error  # what was measured is shown all the same
    rows = []
    if measured:
        print("  measuring on the drawn data ...", flush=True)
        from tools.measure import measure  # imports torch: not for --help, --in-place

        rows = measure()
    rows += [
        ("executed notebooks", os.path.relpath(build / "executed")),
        ("the site, for a browser", "not made" if failed else os.path.relpath(site)),
    ]
    print("\nWhat the course measured\n")
    print(table([*rows, ("with", versions())]))
    if failed:
        raise failed


def versions() -> str:
    """The packages that outputs depend on, as they are installed.

    >>> versions().split(", ")[0] == f"Python {platform.python_version()}"
    True
    """
    packages = (f"{name} {version(name)}" for name in ("torch", "numpy", "matplotlib"))
    return ", ".join([f"Python {platform.python_version()}", *packages])


def table(rows: list[tuple[str, str]]) -> str:
    """Two aligned columns as plain text."""
    width = max(len(what) for what, _ in rows)
    return "\n".join(f"  {what:<{width}}  {value}" for what, value in rows)


if __name__ == "__main__":
    sys.exit(main())
