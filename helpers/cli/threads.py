"""How this process uses the machine: threads to compute with, memory to keep."""

import ctypes

import torch


def use_threads(count: int) -> None:
    """Let torch compute with `count` threads. More threads than cores make everything slower.

    Raises:
        ValueError: for fewer than one.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    torch.set_num_threads(count)


def keep_memory() -> bool:
    """Keep freed memory for the next batch instead of giving it back; whether that was possible.

    Otherwise the GNU C library returns every large block to the system, which hands it out again
    page by page, each filled with zeros: a fifth of an epoch's time on Linux. Elsewhere, nothing
    happens. Source: mallopt(3).
    """
    trim_threshold, mmap_max = -1, -4  # the numbers of two settings, from malloc.h
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(trim_threshold, 2**31 - 1) and mallopt(mmap_max, 0))
