"""Memory kept: fewer pages asked for within it, as many as ever after it, and no harm elsewhere."""

import pytest
import torch

from helpers import memory
from helpers.memory import memory_kept

resource = pytest.importorskip("resource")  # not on Windows

PAGES = 16_000  # of a tensor of 64 MB


def pages_of_four_tensors():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        torch.zeros(PAGES * 4096 // 4).add_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(memory._glibc() is None, reason="needs glibc")
def test_a_large_tensor_takes_the_place_of_the_last_within_and_not_after():
    assert pages_of_four_tensors() > 3 * PAGES
    for _ in range(2):
        with memory_kept():
            assert pages_of_four_tensors() < 1.5 * PAGES
        assert pages_of_four_tensors() > 3 * PAGES


@pytest.mark.skipif(memory._glibc() is None, reason="needs glibc")
def test_what_was_kept_goes_back_after_an_error_too():
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1])

    def fail():
        torch.zeros(PAGES * 4096 // 4).add_(1)
        assert resident() > before + 0.9 * PAGES
        raise KeyError

    before = resident()
    with pytest.raises(KeyError), memory_kept():
        fail()
    assert resident() < before + 0.1 * PAGES


@pytest.mark.parametrize("missing", [OSError, TypeError, None])
def test_without_glibc_it_changes_nothing(monkeypatch, missing):
    def library(name):
        if missing:
            raise missing("no such library")
        return object()

    monkeypatch.setattr(memory.ctypes, "CDLL", library)
    memory._glibc.cache_clear()
    try:
        with memory_kept():
            assert memory._glibc() is None
    finally:
        memory._glibc.cache_clear()
