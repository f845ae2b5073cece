"""How the process uses the machine. What is set holds for a whole process, so each has its own."""

import subprocess
import sys

import pytest

from helpers.cli.threads import use_threads

FAULTS = """
import resource
import torch
from helpers.cli.threads import keep_memory

def page_faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.zeros(2**24)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

many, kept = page_faults(), keep_memory()
for _ in range(20 if kept else 0):  # small things come to lie between the large ones at first
    torch.zeros(2**24)
print(kept, page_faults(), many)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of the GNU C library")
def test_kept_memory_is_not_handed_out_page_by_page_again():
    """How often the system has to hand out a page, for 5 times the same 64 MiB."""
    done = subprocess.run(
        [sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True
    )
    kept, few, many = done.stdout.split()
    if kept == "False":
        pytest.skip("not the GNU C library")
    assert int(few) < 1000 < 50_000 < int(many)


def test_without_the_gnu_c_library_nothing_happens(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", missing)
    from helpers.cli.threads import keep_memory

    assert keep_memory() is False


def test_there_is_at_least_one_thread():
    with pytest.raises(ValueError, match="at least 1"):
        use_threads(0)
