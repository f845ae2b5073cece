"""Memory kept: fewer pages asked for within it, as many as ever after it, and no harm elsewhere."""

import subprocess
import sys

import pytest

from helpers import memory
from helpers.memory import memory_kept

# In a process of its own: in one that has worked, other free memory may be at hand.
COUNT_PAGES = """
import resource
import torch
from helpers.memory import memory_kept

PAGES = 16_000  # of a tensor of 64 MB

def tensor():
    torch.zeros(PAGES * 4096 // 4).add_(1)

def asked_for():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        tensor()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])

assert asked_for() > 3 * PAGES
before = resident()
for _ in range(2):
    try:
        with memory_kept():
            assert asked_for() < 1.5 * PAGES
            assert resident() > before + 0.9 * PAGES
            raise KeyError
    except KeyError:
        pass
    assert resident() < before + 0.1 * PAGES
    assert asked_for() > 3 * PAGES
"""


@pytest.mark.skipif(memory._glibc() is None, reason="needs glibc")
def test_a_large_tensor_takes_the_place_of_the_last_within_and_not_after():
    subprocess.run([sys.executable, "-c", COUNT_PAGES], check=True)


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
