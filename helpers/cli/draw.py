"""The command `python -m helpers draw`. It does without torch, which takes seconds to load."""

import argparse

from tqdm.auto import tqdm

from helpers.cli.progress import follow


def draw(args: argparse.Namespace) -> None:
    """Draw a data set again, or, of street, as many training crops as wanted."""
    if args.what == "digits":
        _draw_digits(args)
        return
    from helpers import street

    seed = street.SEED if args.seed is None else args.seed
    counts = None
    if args.count is not None:
        counts = dict.fromkeys(street.COUNTS, 0) | {"crops-train": args.count}
    with tqdm(desc="drawing", unit="picture") as bar:
        street.write_dataset(
            args.out, seed=seed, counts=counts, workers=args.workers, progress=follow(bar)
        )
    print(f"Drawn with seed {seed}: {args.out}")


def _draw_digits(args: argparse.Namespace) -> None:
    from helpers.datasets import digits

    seed = digits.SEED if args.seed is None else args.seed
    with tqdm(desc="drawing", unit="picture") as bar:
        digits.write_digits(args.out, seed=seed, workers=args.workers, progress=follow(bar))
    print(f"Drawn with seed {seed}: {args.out}")
