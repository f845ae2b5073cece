"""Many jobs at once, by joblib: over the cores of this machine, or over many by Dask."""

import os
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

from tools.grading.results import Result

if TYPE_CHECKING:
    from tools.grading.job import Job

WATCH = "watches the chief"


def run_all(
    jobs: "Sequence[Job]", work: Path, *, workers: int = 0, dask: str = ""
) -> Iterator[tuple[int, Result]]:
    """Run all jobs; yields the number and the result of each, as they come.

    Args:
        jobs: What to run. Each saves its own result.
        work: A folder for marks of what was begun, which all workers see.
        workers: So many at a time; one for each core if 0. One job, or one worker, needs no other
            process.
        dask: The address of a Dask scheduler, to use its workers instead.
    """
    workers = min(workers or joblib.cpu_count(), len(jobs))
    left = dict(enumerate(jobs))
    if workers <= 1 and not dask:
        for number, job in left.items():
            yield number, job.run()
        return
    while left:
        try:
            for number, result in _run(left, work, workers, dask):
                del left[number]
                yield number, result
        except BrokenProcessPool:  # a worker is gone: killed, or out of memory
            for number in [number for number in left if (work / f"begun-{number}").exists()]:
                yield number, _alone(left.pop(number), work)


def _alone(job: "Job", work: Path) -> Result:
    """Run a job whose worker may have ended because of it."""
    try:
        return next(_run({0: job}, work, 2, ""))[1]
    except BrokenProcessPool:
        refused = "the grader's own process ended while it was graded"
        return Result(job.release.assignment, refused=refused)


def _run(
    left: "dict[int, Job]", work: Path, workers: int, dask: str
) -> Iterator[tuple[int, Result]]:
    with _backend(dask):
        parallel = joblib.Parallel(
            n_jobs=-1 if dask else workers,
            batch_size=1,
            pre_dispatch="all" if dask else workers,
            return_as="generator_unordered",
        )
        yield from parallel(
            joblib.delayed(_begin)(number, job, work, 0 if dask else os.getpid())
            for number, job in list(left.items())
        )


@contextmanager
def _backend(dask: str) -> Iterator[None]:
    if not dask:
        # A worker that has grown is replaced, which is nobody's concern. It must not become an
        # error: that would end the thread that replaces the worker, and all would wait for ever.
        with warnings.catch_warnings(), joblib.parallel_config("loky"):
            warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
            yield
        return
    from dask.distributed import Client  # only who asks for it needs it

    with Client(dask), joblib.parallel_config("dask"):
        yield


def _begin(number: int, job: "Job", work: Path, chief: int) -> tuple[int, Result]:
    """Run a job in a worker that goes when its chief does, and leave a mark that it was begun."""
    if chief and not any(thread.name == WATCH for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(chief,), name=WATCH, daemon=True).start()
    (work / f"begun-{number}").touch()
    return number, job.run()


def _watch(chief: int) -> None:
    """End this process, and with it the boxes that it made, once its chief was killed."""
    while os.getppid() == chief:
        time.sleep(0.2)
    os._exit(1)
