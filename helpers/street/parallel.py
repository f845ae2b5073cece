"""Drawing with several processes: the same pictures in the same order, only sooner."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")

BATCH_ITEMS = 50  # crops in a job: sending that around costs next to nothing beside drawing them


def in_parallel(
    work: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> Iterator[Result]:
    """`work(job)` for each job, in the order of the jobs.

    When the caller stops early (an error, Ctrl-C), the few jobs that were handed out are finished
    and no other is begun.

    Args:
        work: called in another process, so that it must be picklable.
        jobs: picklable, too.
        workers: how many processes; with one, everything happens in this one.

    Raises:
        ValueError: for fewer than one worker.
        RuntimeError: a process dies.
    """
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    if workers == 1 or len(jobs) < 2:
        yield from map(work, jobs)
        return
    # "spawn" is the only way that every system has, and it inherits no threads or locks.
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)), multiprocessing.get_context("spawn"), initializer=_serve
    )
    try:
        with _one_thread(), _deaf():
            results = pool.map(work, jobs)
        with closing(results):
            yield from results
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _serve() -> None:
    """Make this process one that stops with its parent, and not before."""
    # As `_deaf` does, where a process inherits that.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # If that one is killed, nobody tells the others: they would wait for jobs for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes that start meanwhile compute with one thread each."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that start meanwhile do not hear Ctrl-C, from their first moment on.

    It reaches every process of a terminal, and is for the first one to decide, which hears it at
    the end of this. One that still loads its modules would end with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def batches(count: int, size: int) -> list[range]:
    """Cut the numbers from 0 to `count` into ranges of `size`; the last may be shorter.

    >>> batches(7, 3)
    [range(0, 3), range(3, 6), range(6, 7)]
    """
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


def draw_many(
    draw: Callable[[int], Result],
    count: int,
    *,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """`draw(0)`, `draw(1)` … `draw(count - 1)`, drawn by several processes.

    Args:
        draw: called in another process, so that it must be picklable.
        count: how many items.
        workers: how many processes.
        progress: called with (done, total) now and then, the last time when all is done.

    Raises:
        ValueError, RuntimeError: as `in_parallel`.
    """
    drawn: list[Result] = []
    jobs = batches(count, BATCH_ITEMS)
    with closing(in_parallel(partial(_draw_batch, draw), jobs, workers)) as results:
        for batch in results:
            drawn += batch
            if progress is not None:
                progress(len(drawn), count)
    return drawn


def _draw_batch(draw: Callable[[int], Result], numbers: range) -> list[Result]:
    return [draw(number) for number in numbers]
