"""Several processes: results in order, errors handed on, no orphans.

They load this module: it does without torch, which would take each of them seconds.
"""

import os
import signal
import subprocess
import sys

import pytest

from helpers.street.parallel import batches, draw_many, in_parallel


def square(number):
    if number < 0:
        raise ValueError("negative")
    return number * number


def die(number):
    os._exit(1)


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order(workers):
    assert list(in_parallel(square, range(20), workers)) == [k * k for k in range(20)]
    calls = []
    drawn = draw_many(square, 120, workers=workers, progress=lambda *call: calls.append(call))
    assert drawn == [k * k for k in range(120)]
    assert calls == [(50, 120), (100, 120), (120, 120)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_worker_is_ours(workers):
    with pytest.raises(ValueError, match="negative"):
        list(in_parallel(square, [1, 2, -1, 3], workers))


def test_a_process_that_dies_is_an_error_and_no_endless_wait():
    with pytest.raises(RuntimeError, match="terminated abruptly"):
        list(in_parallel(die, [1, 2], 2))


def test_killed_processes_leave_no_orphans():
    """The output is a pipe that stays open as long as any of the processes lives."""
    code = "\n".join([
        "import os, sys",
        "from helpers.street.parallel import in_parallel",
        "for result in in_parallel(abs, [1, 2, 3], 2):",
        "    os.kill(os.getpid(), 9)",
    ])  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.returncode == -9


@pytest.mark.skipif(os.name != "posix", reason="only there, a process inherits it")
def test_processes_do_not_hear_ctrl_c_from_their_first_moment_on(tmp_path, monkeypatch):
    said = tmp_path / "said"
    (tmp_path / "sitecustomize.py").write_text(
        "import signal\n"
        f"with open({str(said)!r}, 'a') as file:\n"
        "    print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []), file=file)\n"
    )
    paths = (str(tmp_path), os.environ.get("PYTHONPATH", ""))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    assert list(in_parallel(abs, [-1, -2], 2)) == [1, 2]
    assert set(said.read_text().split()) == {"True"}
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_batches_cover_each_number_once():
    assert [list(b) for b in batches(7, 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert batches(0, 3) == []
