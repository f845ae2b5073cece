"""Run notebooks the way the course keeps them: fresh kernel, no photographs, normalised file."""

import asyncio
import contextlib
import os
import re
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from helpers.paths import write_atomically

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BUILD = ROOT / "build"
# Relative, so that a message that mentions it reads the same on every machine.
HIDDEN_PHOTOGRAPHS = "the-photographs-are-hidden"
CELL_TIMEOUT = 600
LONGEST = ("08_scales", "02_augmentation", "09_photographs", "10_own_detector", "03_classifier")
KEPT_CELL_METADATA = ("deletable", "editable", "jupyter", "nbgrader", "tags")
# The last cell of a lesson whose views are wanted; it is not kept.
SAVE_VIEWS = """_results = get_ipython().user_ns["_oh"]
if any(type(result).__name__ in ("VBox", "View") for result in _results.values()):
    from pathlib import Path
    from helpers.widgets.stills import save_views
    save_views(_results, Path({folder!r}))"""
# What a reader sees of a learner's own box of widgets where no kernel runs; as in the gate's
# tests/nbval_sanitize.cfg.
STILL = "A picture that moves where the lesson runs in JupyterLab."
WIDGET = "application/vnd.jupyter.widget-view+json"
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class NotebookFailed(Exception):
    """A notebook that did not run to its end: says which, in which cell, and why."""


def find_notebooks(folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks of `folder` in the order of the course."""
    return sorted(path for path in folder.glob("*.ipynb") if not path.name.startswith("."))


def longest_first(paths: list[Path]) -> list[Path]:
    """Notebooks in an order for several workers: at the end none is left alone with a long one."""
    rank = {name: number for number, name in enumerate(LONGEST)}
    return sorted(paths, key=lambda path: rank.get(path.stem, len(rank)))


def kernel_environment(*, photographs: bool = False, threads: int | None = None) -> dict[str, str]:
    """The environment of a kernel whose outputs are to be the same on every machine.

    Without `photographs`, the UIUC data set is out of sight, wherever it lies. With `threads`, the
    numerical libraries keep to that many.
    """
    ipython = BUILD / "ipython"  # nobody's own start-up files
    ipython.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "IPYTHONDIR": str(ipython),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    environment.pop("MPLBACKEND", None)  # anything but the kernel's own would show no figures
    if not photographs:
        environment["UIUC_CARS_DIR"] = HIDDEN_PHOTOGRAPHS
    if threads is not None:
        for library in ("OMP", "MKL", "OPENBLAS"):
            environment[f"{library}_NUM_THREADS"] = str(threads)
    return environment


def execute(path: Path, *, views: Path | None = None) -> NotebookNode:
    """`execute_beside_others` by itself. After Ctrl-C the kernel is stopped."""
    # asyncio.run answers Ctrl-C by cancelling the task. Raised at any line of nbclient, it could
    # leave a kernel behind.
    return asyncio.run(execute_beside_others(path, views=views))


async def execute_beside_others(
    path: Path,
    *,
    photographs: bool = False,
    threads: int | None = None,
    on_cell: Callable[[int, int], None] = lambda number, total: None,
    views: Path | None = None,
) -> NotebookNode:
    """Run a notebook from top to bottom in a fresh kernel, in its own folder; return it cleaned.

    A task of asyncio, of which several may run at a time. The file stays as it is.
    `on_cell(number, total)` is called before each cell. With `views`, each view with a slider is
    written to that folder in the end, as pictures of its positions. `threads` and `photographs` are
    as for `kernel_environment`. Raises NotebookFailed.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise NotebookFailed(f"{path.name} is damaged: {error}") from error
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
    )
    if views:
        notebook.cells.append(new_code_cell(SAVE_VIEWS.format(folder=str(views.resolve()))))
    environment = kernel_environment(photographs=photographs, threads=threads)
    await _run_cells(client, path, environment, on_cell)
    if views:
        notebook.cells.pop()
    return clean(notebook)


async def _run_cells(
    client: NotebookClient,
    path: Path,
    environment: dict[str, str],
    on_cell: Callable[[int, int], None],
) -> None:
    cells, task = client.nb.cells, asyncio.current_task()
    async with _kernel(client, environment):
        for index, cell in enumerate(cells):
            on_cell(index + 1, len(cells))
            try:
                count = client.code_cells_executed + 1
                await client.async_execute_cell(cell, index, execution_count=count)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                if not task.cancelling():
                    raise NotebookFailed(_explain(path, cell, index, error)) from error
            # nbclient takes a cancelled cell for a dead kernel, or, at the cell's end, for done.
            if task.cancelling():
                raise asyncio.CancelledError


@contextlib.asynccontextmanager
async def _kernel(client: NotebookClient, environment: dict[str, str]) -> AsyncIterator[None]:
    """A kernel for `client`, stopped at the end, whatever the end is."""
    # Not client.async_setup_kernel(): that answers Ctrl-C as if the kernel had died by itself.
    client.reset_execution_trackers()
    manager = client.create_kernel_manager()
    try:
        await client.async_start_new_kernel(env=environment, stderr=subprocess.DEVNULL)
        await client.async_start_new_kernel_client()
        yield
    finally:
        if client.kc is not None:
            client.kc.stop_channels()
        if manager.has_kernel:
            await manager.shutdown_kernel()


def _explain(path: Path, cell: NotebookNode, index: int, error: Exception) -> str:
    if isinstance(error, CellExecutionError):
        reason = ANSI.sub("", f"{error.ename}: {error.evalue}")
    elif isinstance(error, CellTimeoutError):
        reason = f"it took more than {CELL_TIMEOUT} s"
    else:
        reason = "the kernel died (out of memory?)"
    first_lines = "\n".join(f"    {line}" for line in cell.source.splitlines()[:4])
    return f"{path.name} failed in cell {index + 1}, which begins\n{first_lines}\n{reason}"


def clean(notebook: NotebookNode) -> NotebookNode:
    """The notebook with normalised metadata: nothing of the machine or the moment, no widget state.

    Cell ids, tags and nbgrader's marks stay, and so do the outputs, but for the random names of
    widgets, which name nothing after the kernel's end: what runs twice is the same twice.
    """
    notebook = nbformat.from_dict(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in KEPT_CELL_METADATA if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        for number, output in enumerate(cell.get("outputs", [])):
            if WIDGET in output.get("data", {}):
                output.data[WIDGET]["model_id"] = f"{cell.id}-{number}"
                if output.data.get("text/plain", "").startswith("VBox("):
                    output.data["text/plain"] = STILL
    return notebook


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Write a valid notebook; an interruption or an invalid one leaves the old file as it was."""
    nbformat.validate(notebook)
    write_atomically(path, (nbformat.writes(notebook) + "\n").encode())
