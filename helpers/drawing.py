"""The command `python -m helpers draw`. It does without torch, which takes seconds to load."""

import argparse
from collections.abc import Callable

from tqdm.auto import tqdm


def draw(args: argparse.Namespace) -> None:
    """Draw the street data set again, or as many training crops as wanted."""
    from helpers import street  # only this command needs the renderer

    seed = street.SEED if args.seed is None else args.seed
    counts = None
    if args.count is not None:
        counts = dict.fromkeys(street.COUNTS, 0) | {"crops-train": args.count}
    with tqdm(desc="drawing", unit="picture") as bar:
        street.write_dataset(
            args.out, seed=seed, counts=counts, workers=args.workers, progress=follow(bar)
        )
    print(f"Drawn with seed {seed}: {args.out}")


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
