"""Randomness and threads, set in one place."""

import random

import numpy as np
import torch


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and torch, and return a fresh `torch.Generator` with the same seed."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - for libraries that use the old interface
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def use_threads(count: int) -> None:
    """Let torch compute with `count` threads. More threads than cores make everything slower."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    torch.set_num_threads(count)
