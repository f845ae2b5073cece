"""What is said of a test: which cells are tests, how each ended, and in what words."""

from nbformat import NotebookNode
from nbformat.v4 import new_output

STOPPED, NOT_RUN, NOT_BELIEVED = "KernelStopped", "NotRun", "NotBelieved"
WARNED = "\nOnly a warning: it costs no points.\n"
DOUBT = (
    "this notebook's kernel reports success where there can be none: no test of it counts, until a"
    " person has read it"
)
UNPREPARED = "the test could not be prepared: is a name of Python's own used for something else?"


def is_test(cell: NotebookNode) -> bool:
    """Is this a test that is graded by running it?"""
    marks = cell.metadata.get("nbgrader", {})
    return bool(cell.cell_type == "code" and marks.get("grade") and not marks.get("solution"))


def only_the_verdict(cell: NotebookNode, *, replied_ok: bool) -> None:
    """Leave of a test's outputs only what says whether it raised, and printed text for readers.

    nbgrader takes anything on stderr for a failure, and a number for partial credit. An error may
    have been lost in a flood of outputs: without the kernel's word that all was well, it was not.
    """
    outputs = []
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            outputs.append(new_output("stream", name="stdout", text=output.text + WARNED))
        elif output.output_type in ("stream", "error"):
            outputs.append(output)
    if not replied_ok and not any(output.output_type == "error" for output in outputs):
        outputs.append(failure(NOT_RUN, "the test did not end as it should"))
    cell.outputs = outputs


def id_of(cell: NotebookNode) -> str:
    """The grade_id of a marked cell; empty for others."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def errors_of(cell: NotebookNode) -> list[NotebookNode]:
    """The errors that a cell ended with."""
    return [output for output in cell.outputs if output.output_type == "error"]


def failure(name: str, why: str) -> NotebookNode:
    """An error of the grader's own, as an output."""
    return new_output("error", ename=name, evalue=why, traceback=[why])
