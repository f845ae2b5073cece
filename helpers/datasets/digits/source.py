"""The digits that people wrote: 1,797 of 8×8 grey levels, as scikit-learn carries them.

Each writer filled in the same form, so the digits of one writer are neighbours. A split takes whole
runs of neighbours: whose hand is known from training is never met again in a test.
"""

from typing import NamedTuple

import numpy as np

#: Where a new run of neighbours begins: the form begins with 0 1 2 3 4 5 6 7 8 9, three times over.
RUNS = (0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667, 1797)
#: Which of the 14 runs each split has: 1151, 260 and 386 digits. How digits are varied and what the
#: background holds was settled while the last runs were looked at, so they are for training.
SPLIT_RUNS = {"train": range(5, 14), "val": range(3, 5), "test": range(3)}
LEVELS = 16  # a pixel is the count of inked dots in a block of 4×4


class Digits(NamedTuple):
    """The digits of a split: images [N, 8, 8] in [0, 1], 1 = ink; digits [N], 0 to 9; runs [N]."""

    images: np.ndarray
    digits: np.ndarray
    runs: np.ndarray


def read_digits(split: str) -> Digits:
    """The digits of one split.

    Args:
        split: "train", "val" or "test".

    Raises:
        ValueError: there is no such split, or scikit-learn's digits are not those that are known.
        ModuleNotFoundError: scikit-learn is missing; the message says how to get it.
    """
    if split not in SPLIT_RUNS:
        raise ValueError(f"unknown split {split!r}: choose from {', '.join(SPLIT_RUNS)}")
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "drawing the pages needs scikit-learn, which carries the digits: pip install"
            " scikit-learn (what is drawn from them lies in data/digits and needs nothing)"
        ) from error
    images, digits = load_digits(return_X_y=True)
    if images.shape != (RUNS[-1], 64) or digits[: len("0123456789")].tolist() != [*range(10)]:
        raise ValueError("these are not the 1797 digits that scikit-learn has carried since 2010")
    run = np.searchsorted(RUNS, np.arange(len(digits)), side="right") - 1
    chosen = np.isin(run, SPLIT_RUNS[split])
    return Digits(
        images.reshape(-1, 8, 8)[chosen] / LEVELS, digits[chosen].astype(int), run[chosen]
    )
