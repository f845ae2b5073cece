"""Execute every notebook and print what the course measured."""

import argparse
import os
import platform
import shutil
import sys
import time
from importlib.metadata import version
from pathlib import Path

from nbformat import NotebookNode

from tools.book import SiteFailed
from tools.book import build as build_site
from tools.execution import (
    BUILD,
    NOTEBOOKS,
    NotebookFailed,
    execute,
    find_notebooks,
    write_notebook,
)

DESCRIPTION = """Execute the notebooks in order, each in a fresh kernel, write them and a site of
linked pages to build/, and print what the course measured, computed then and there on the drawn
data. The photographs are hidden from the notebooks, so that the outputs are the same with and
without them."""


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
    except (NotebookFailed, SiteFailed, FileNotFoundError, ValueError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: what was finished is kept, nothing is half written", file=sys.stderr)
        return 130
    return 0


def run_in_place(paths: list[Path]) -> None:
    """Execute notebooks and write each back, cleaned, once it has run to its end."""
    for path in paths:
        write_notebook(_execute_with_progress(path, photographs=False), path)


def run_to_build(paths: list[Path], build: Path, *, photographs: bool) -> None:
    """Execute notebooks into `build`/executed, and their views into `build`/views."""
    for old in find_notebooks(build / "executed"):
        if old.name not in {path.name for path in paths}:
            old.unlink()  # or it would be on the site
    for path in paths:
        views = build / "views" / path.stem
        shutil.rmtree(views, ignore_errors=True)
        notebook = _execute_with_progress(path, photographs=photographs, views=views)
        write_notebook(notebook, build / "executed" / path.name)


def _execute_with_progress(
    path: Path, *, photographs: bool, views: Path | None = None
) -> NotebookNode:
    """`execute`, with one line on the terminal: a count of cells while it runs, then the time."""
    started = time.perf_counter()
    on_terminal = sys.stdout.isatty()

    def show(number: int, total: int) -> None:
        if on_terminal:
            print(f"\r  {path.stem:<24} cell {number} of {total}", end="", flush=True)

    print(f"  {path.stem:<24}", end="", flush=True)
    notebook = execute(path, photographs=photographs, on_cell=show, views=views)
    seconds = f"{time.perf_counter() - started:.0f} s"
    print(f"\r  {path.stem:<24} {seconds:<20}" if on_terminal else f" {seconds}", flush=True)
    return notebook


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
