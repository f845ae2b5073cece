"""Execute every notebook and print what the course measured."""

import argparse
import os
import re
import sys
import time
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode

from helpers.paths import write_atomically
from tools.execution import (
    BUILD,
    NOTEBOOKS,
    NotebookFailed,
    execute,
    find_notebooks,
    write_notebook,
)

DESCRIPTION = """Execute the notebooks in order, each in a fresh kernel, write them and their HTML
pages to build/, and print what the course measured, computed then and there on the drawn data.
The photographs are hidden from the notebooks, so that the outputs are the same with and without
them."""


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
    except (NotebookFailed, FileNotFoundError, ValueError) as error:
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
    """Execute notebooks into `build`/executed and, as pages, `build`/html."""
    exporter = HTMLExporter(embed_images=True)
    for path in paths:
        notebook = _execute_with_progress(path, photographs=photographs)
        write_notebook(notebook, build / "executed" / path.name)
        page = _page(exporter, notebook, path)
        write_atomically(build / "html" / f"{path.stem}.html", page.encode())


def _page(exporter: HTMLExporter, notebook: NotebookNode, path: Path) -> str:
    """One HTML page, pictures inside. Only a page with formulas asks the network for MathJax."""
    resources = {"metadata": {"name": path.stem, "path": str(path.parent)}}
    page = exporter.from_notebook_node(notebook, resources=resources)[0]
    if any(cell.cell_type == "markdown" and "$" in cell.source for cell in notebook.cells):
        return page
    return re.sub(r'<script src="https://[^"]*">\s*</script>', "", page)


def _execute_with_progress(path: Path, *, photographs: bool) -> NotebookNode:
    """`execute`, with one line on the terminal: a count of cells while it runs, then the time."""
    started = time.perf_counter()
    on_terminal = sys.stdout.isatty()

    def show(number: int, total: int) -> None:
        if on_terminal:
            print(f"\r  {path.stem:<24} cell {number} of {total}", end="", flush=True)

    print(f"  {path.stem:<24}", end="", flush=True)
    notebook = execute(path, photographs=photographs, on_cell=show)
    seconds = f"{time.perf_counter() - started:.0f} s"
    print(f"\r  {path.stem:<24} {seconds:<20}" if on_terminal else f" {seconds}", flush=True)
    return notebook


def report(build: Path, *, measured: bool) -> None:
    """Print the table of results and where the executed notebooks and pages lie."""
    rows = []
    if measured:
        print("  measuring on the drawn data ...", flush=True)
        from tools.measure import measure  # imports torch: not for --help, --in-place

        rows = measure()
    rows += [
        ("executed notebooks", os.path.relpath(build / "executed")),
        ("pages to read in a browser", os.path.relpath(build / "html")),
    ]
    print("\nWhat the course measured\n")
    print(table(rows))


def table(rows: list[tuple[str, str]]) -> str:
    """Two aligned columns as plain text."""
    width = max(len(what) for what, _ in rows)
    return "\n".join(f"  {what:<{width}}  {value}" for what, value in rows)


if __name__ == "__main__":
    sys.exit(main())
