"""How many threads torch computes with, set in one place."""

import torch


def use_threads(count: int) -> None:
    """Let torch compute with `count` threads. More threads than cores make everything slower."""
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    torch.set_num_threads(count)
