"""Memory that is kept, for work that asks for the same large tensors again and again.

Memory that was given back comes anew from the system page by page, each filled with zeros: while
training, that can take a tenth of the time.

>>> import torch
>>> with memory_kept():
...     for _ in range(3):
...         once = torch.rand(100, 100, 100)  # the second has the place of the first
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

# From malloc.h. Blocks above MMAP_THRESHOLD bytes are always given back, and what is free at the
# end of the heap, where it is more than TRIM_THRESHOLD.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
ALL, USUAL = 2**31 - 1, 2**25  # USUAL is the most that glibc would choose by itself


@contextmanager
def memory_kept() -> Iterator[None]:
    """Within it, freed memory is kept for the next tensor; after it, it goes back to the system.

    On systems whose C library is not glibc (Linux), it changes nothing.

    Source: https://man7.org/linux/man-pages/man3/mallopt.3.html
    """
    library = _glibc()
    if library is None:
        yield
        return
    _keep(library, ALL, ALL)
    try:
        yield
    finally:
        _keep(library, USUAL, 2 * USUAL)
        library.malloc_trim(0)


def _keep(library: ctypes.CDLL, block: int, heap: int) -> None:
    library.mallopt(MMAP_THRESHOLD, block)
    library.mallopt(TRIM_THRESHOLD, heap)


@cache
def _glibc() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(None)
    except (OSError, TypeError):  # Windows
        return None
    return library if hasattr(library, "mallopt") else None
