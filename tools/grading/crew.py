"""Many jobs at once, by joblib: over the cores of this machine, or over many by Dask."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import joblib
from joblib.externals.loky.process_executor import BrokenProcessPool

from tools.grading.job import Job
from tools.grading.results import Result

# So often may the grader's own process end under a notebook before it is given up.
ATTEMPTS = 2
WATCH = "watches the chief"


def run_all(
    jobs: Sequence[Job], work: Path, *, workers: int = 0, dask: str = ""
) -> Iterator[tuple[int, Result]]:
    """Run all jobs; yields the number and the result of each, as they come.

    Args:
        jobs: What to run. Each saves its own result.
        work: A folder for marks of what was begun, which all workers see.
        workers: So many at a time; one for each core if 0. One job, or one worker, needs no other
            process.
        dask: The address of a Dask scheduler, to use its workers instead.
    """
    workers = workers or joblib.cpu_count()
    left = dict(enumerate(jobs))
    while left:
        try:
            for number, result in _run(left, work, min(workers, len(left)), dask):
                del left[number]
                yield number, result
        except BrokenProcessPool:  # a worker is gone: killed, or out of memory
            for number in [n for n in left if _attempts(work, n) >= ATTEMPTS]:
                refused = "the grader's own process ended while it was graded"
                yield number, Result(jobs[number].release.assignment, refused=refused)
                del left[number]


def _run(left: dict[int, Job], work: Path, workers: int, dask: str) -> Iterator[tuple[int, Result]]:
    if workers == 1 and not dask:
        for number, job in list(left.items()):
            yield number, job.run()
        return
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


def _backend(dask: str) -> AbstractContextManager:
    if not dask:
        return joblib.parallel_config("loky")
    from dask.distributed import Client  # only who asks for it needs it

    Client(dask)
    return joblib.parallel_config("dask")


def _begin(number: int, job: Job, work: Path, chief: int) -> tuple[int, Result]:
    """Run a job in a worker that goes when its chief does, and leave a mark that it was begun."""
    if chief and not any(thread.name == WATCH for thread in threading.enumerate()):
        threading.Thread(target=_watch, args=(chief,), name=WATCH, daemon=True).start()
    with open(work / f"begun-{number}", "a") as file:
        file.write("x")
    return number, job.run()


def _watch(chief: int) -> None:
    """End this process, and with it the boxes that it made, once its chief was killed."""
    while os.getppid() == chief:
        time.sleep(0.2)
    os._exit(1)


def _attempts(work: Path, number: int) -> int:
    with contextlib.suppress(FileNotFoundError):
        return len((work / f"begun-{number}").read_text())
    return 0
