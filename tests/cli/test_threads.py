"""How the process uses the machine. What is set holds for a whole process, so each has its own."""

import subprocess
import sys

import pytest

from helpers.cli.threads import use_threads

FAULTS = """
import resource, sys
import torch
from helpers.cli.threads import keep_memory
kept = keep_memory() if sys.argv[1] == "keep" else True
for _ in range(20):  # small things come to lie between the large ones at first
    torch.zeros(2**24)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    torch.zeros(2**24)
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(how):
    """How often the system had to hand out a page, for 5 times the same 64 MiB."""
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True
    )
    kept, faults = done.stdout.split()
    return kept == "True", int(faults)


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of the GNU C library")
def test_kept_memory_is_not_handed_out_page_by_page_again():
    kept, few = page_faults("keep")
    if not kept:
        pytest.skip("not the GNU C library")
    _, many = page_faults("leave")
    assert few < 1000 < 50_000 < many


def test_without_the_gnu_c_library_nothing_happens(monkeypatch):
    def missing(name):
        raise OSError(name)

    monkeypatch.setattr("ctypes.CDLL", missing)
    from helpers.cli.threads import keep_memory

    assert keep_memory() is False


def test_there_is_at_least_one_thread():
    with pytest.raises(ValueError, match="at least 1"):
        use_threads(0)
