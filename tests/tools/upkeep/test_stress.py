"""The gate, run several times and as on an old processor."""

import subprocess
import sys

import pytest

from tools.run_tests import nbval_command
from tools.upkeep import stress


@pytest.mark.parametrize(("codes", "said"), [([0, 0, 0], "all green"), ([0, 1, 1], "time 2, 3")])
def test_the_gate_can_be_run_several_times(course, capsys, monkeypatch, codes, said):
    def run_once(command, environment):
        assert command == nbval_command([path])
        assert environment["OMP_NUM_THREADS"] == "3"
        return codes.pop(0), "", 1.0

    path = course("print('boxes: 12')")
    monkeypatch.setattr(stress, "run", run_once)
    options = ["--times", "3", "--threads", "3", "--notebooks", str(path.parent)]
    assert stress.main(options) == (0 if "green" in said else 1)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("1 notebooks, 3 thread(s), 3 times in")
    assert last.endswith(said)
    assert codes == []


def test_the_gate_can_be_run_as_on_an_old_processor(course, capsys, monkeypatch):
    ask = (
        "import numpy, torch; print(torch.backends.cpu.get_cpu_capability());"
        "print(numpy.show_config(mode='dicts')['SIMD Extensions'].get('found', []))"
    )
    answers = []

    def run_once(command, environment):
        command = [sys.executable, "-c", ask]
        answers.append(subprocess.run(command, env=environment, capture_output=True, text=True))
        return 0, "", 1.0

    path = course("print('boxes: 12')")
    monkeypatch.setattr(stress, "run", run_once)
    options = ["--times", "1", "--plain-cpu", "--notebooks", str(path.parent)]
    assert stress.main(options) == 0
    assert answers[0].stdout.split("\n") == ["DEFAULT", "[]", ""], answers[0].stderr
    assert "plain processor, 1 times in" in capsys.readouterr().out
