"""Limits that hold for all of a box together: its memory, and what it writes."""

import subprocess
import sys

import psutil
import pytest

from tools import boxed_kernel
from tools.boxed_kernel import too_much
from tools.sandbox import MIB

# A box runs a kernel, whose processes have memory of their own, or share what the kernel has.
BOX = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
# One write for the line: two that come from several processes may be mixed.
READY = "import os; os.write(1, b'ready' + os.linesep.encode())"
OWN = f"""
import subprocess, sys
own = "x = b'x' * (80 * 2**20); {READY}; input()"
for child in [subprocess.Popen([sys.executable, "-c", own]) for _ in range(3)]:
    child.wait()
"""
SHARED = f"""
import os
x = b'x' * (80 * 2**20)
for _ in range(3):
    if not os.fork():
        break
{READY}
input()
"""


@pytest.fixture
def box():
    """A function that starts a box and waits until so many of its processes are ready."""
    started = []

    def start(kernel, ready):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen([sys.executable, "-c", BOX, kernel], **pipes)
        started.append(process)
        for _ in range(ready):
            assert process.stdout.readline() == "ready\n"
        return psutil.Process(process.pid)

    yield start
    for process in started:
        for one in psutil.Process(process.pid).children(recursive=True):
            one.kill()
        process.communicate()


@pytest.mark.skipif(sys.platform != "linux", reason="counts as Linux does")
def test_the_memory_of_all_processes_is_added_up_and_what_they_share_counts_once(
    box, tmp_path, monkeypatch
):
    own, shared = box(OWN, 3), box(SHARED, 4)
    monkeypatch.setattr(boxed_kernel, "MEMORY", 200 * MIB)
    assert "of memory" in too_much(own, tmp_path)
    assert too_much(shared, tmp_path) == ""
    monkeypatch.setattr(boxed_kernel, "MEMORY", 60 * MIB)
    assert "of memory" in too_much(shared, tmp_path)


def test_what_is_written_is_counted_in_files_and_in_bytes(box, tmp_path, monkeypatch):
    kernel = box(f"{READY}; input()", 1)
    (tmp_path / "deep").mkdir()
    for number in range(3):
        (tmp_path / "deep" / f"{number}").write_bytes(bytes(MIB))
    assert too_much(kernel, tmp_path) == ""
    monkeypatch.setattr(boxed_kernel, "FOLDER", 2 * MIB)
    assert too_much(kernel, tmp_path) == "it wrote more than 2 MiB"
    monkeypatch.setattr(boxed_kernel, "FILES", 3)
    assert too_much(kernel, tmp_path) == "it made more than 3 files"
