"""A progress bar for work that counts what is done."""

from collections.abc import Callable

from tqdm.auto import tqdm


def follow(bar: tqdm) -> Callable[[int, int], None]:
    """A function of (done, total) that moves the bar; what was done before it began is no speed."""
    started = False

    def progress(done: int, total: int) -> None:
        nonlocal started
        if not started:
            bar.n = bar.initial = done
            started = True
        bar.total = total
        bar.update(done - bar.n)

    return progress
