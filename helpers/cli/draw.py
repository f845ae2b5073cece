"""The command `python -m helpers draw`. It does without torch, which takes seconds to load."""

import argparse

from tqdm.auto import tqdm

from helpers.cli.progress import follow


def draw(args: argparse.Namespace) -> None:
    """Draw the street data set again, or as many training crops as wanted."""
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
