"""Setting up: what is made, what is kept, and what is said where it cannot be done."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools import course

HERE = ".".join(map(str, sys.version_info[:2]))
pytestmark = pytest.mark.skipif(os.name != "posix", reason="scripts play the part of Python")


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A folder for the environment, and what is done: environments made, and what pip is given."""
    done = []

    class Builder:
        def __init__(self, **options):
            assert options == {"clear": True, "with_pip": True}

        def create(self, folder):
            done.append("made")
            script(Path(folder, "bin", "python"), f"echo {HERE.replace('.', ' ')}")

    def call(line, **options):
        done.append(" ".join(line[line.index("install") + 1 :]))
        return machine.fails(done[-1])

    def machine():
        return course.ensure_environment(tmp_path / "env", ["class"])

    machine.done, machine.folder, machine.fails = done, tmp_path / "env", lambda line: 0
    monkeypatch.setattr(course.venv, "EnvBuilder", Builder)
    monkeypatch.setattr(course.subprocess, "call", call)
    monkeypatch.setattr(course.sys, "platform", "linux")
    monkeypatch.setattr(course.shutil, "which", lambda name: None)
    monkeypatch.delenv("TORCH", raising=False)
    return machine


def test_all_is_installed_once_and_with_the_constraints(machine):
    python = machine()
    assert python == machine.folder / "bin" / "python"
    made, torch, base, group = machine.done
    assert made == "made"
    assert course.CPU_INDEX in torch
    assert "torch==" in torch
    assert base.endswith("--editable .")
    assert group.endswith("--editable .[class]")
    assert all("--constraint constraints.txt" in line for line in (torch, base, group))
    machine()
    assert len(machine.done) == 4


def test_other_versions_are_installed_anew_in_the_same_environment(machine, monkeypatch, tmp_path):
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((course.ROOT / name).read_text())
    monkeypatch.setattr(course, "ROOT", tmp_path)
    machine()
    (tmp_path / "constraints.txt").write_text("torch==9.9")
    machine()
    assert machine.done.count("made") == 1
    assert machine.done[4].endswith("torch==9.9")
    assert len(machine.done) == 7


@pytest.mark.parametrize(
    "python",
    ["echo 3 9", "exit 1", "echo No module named pip >&2; exit 1", None],
    ids=["of another Python", "broken", "half made", "empty"],
)
def test_an_environment_that_is_none_is_made_anew(machine, capsys, python):
    machine.folder.mkdir()
    (machine.folder / ".installed-course").write_text("whatever")
    if python:
        script(machine.folder / "bin" / "python", python)
    machine()
    assert machine.done[0] == "made"
    assert "made anew" in capsys.readouterr().out


@pytest.mark.parametrize("there", ["thesis.tex", "other-env/pyvenv.cfg", None])
def test_a_folder_that_holds_other_things_is_never_emptied(machine, there):
    if there is None:
        machine.folder.write_text("a file")
    else:
        script(machine.folder / "bin" / "tool", "")
        script(machine.folder / there, "")
    with pytest.raises(course.NotInstalled, match="would delete what it holds"):
        machine()
    assert machine.done == []
    assert machine.folder.exists()


def test_an_environment_keeps_its_place_whatever_was_put_into_it(machine):
    for name in ("pyvenv.cfg", "share/jupyter", "notes.txt"):
        script(machine.folder / name, "")
    machine()
    assert machine.done[0] == "made"


def test_a_folder_that_no_environment_may_lie_in_is_said(machine, monkeypatch):
    def refuse(*_):
        raise ValueError("Refusing to create a venv because it contains the PATH separator :.")

    monkeypatch.setattr(course.venv.EnvBuilder, "create", refuse)
    with pytest.raises(course.NotInstalled, match="Move the course"):
        machine()


@pytest.mark.parametrize(("named", "made"), [("python3", 1), ("", 0)])
def test_an_environment_of_another_python_stays_unless_one_is_named(
    machine, monkeypatch, named, made
):
    script(machine.folder / "bin" / "python", "echo 3 99")
    monkeypatch.setenv("PYTHON", named)
    machine()
    assert machine.done.count("made") == made


def test_even_python_2_could_say_what_is_needed():
    """It reads tools/__init__ before it fails over what it cannot read."""
    source = (course.ROOT / "tools" / "__init__.py").read_text()
    assert "The course needs Python 3.11 or newer" in source
    tree = ast.parse(source, feature_version=(3, 4))
    assert not any(isinstance(node, ast.JoinedStr | ast.AnnAssign) for node in ast.walk(tree))


def test_an_old_python_is_refused_before_anything_is_done(machine, monkeypatch, capsys):
    monkeypatch.setattr(course.sys, "version_info", (3, 10, 4))
    monkeypatch.setenv("VENV", str(machine.folder))  # the course's own may be there, and serve
    assert course.main(["run"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "needs Python 3.11 or newer, and this is 3.10.4" in said
    assert "PYTHON=" in said
    assert machine.done == []
    assert not machine.folder.exists()


def test_an_old_python_can_read_the_file():
    source = Path(course.__file__).read_text()
    ast.parse(source, feature_version=(3, 7))
    with pytest.raises(SyntaxError):
        ast.parse("if (n := 1): pass", feature_version=(3, 7))
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names  # nothing is installed yet


@pytest.mark.parametrize(
    ("wanted", "card", "platform", "small"),
    [
        (None, None, "linux", True),
        (None, "/usr/bin/nvidia-smi", "linux", False),
        ("cpu", "/usr/bin/nvidia-smi", "linux", True),
        ("gpu", None, "win32", False),
        ("GPU", None, "linux", False),
        ("", None, "win32", True),
        (None, None, "darwin", False),
    ],
)
def test_the_small_pytorch_is_taken_where_there_is_no_card(
    machine, monkeypatch, wanted, card, platform, small
):
    monkeypatch.setattr(course.sys, "platform", platform)
    monkeypatch.setattr(course.shutil, "which", {"nvidia-smi": card}.get)
    if wanted is not None:
        monkeypatch.setenv("TORCH", wanted)
    machine()
    assert (course.CPU_INDEX in machine.done[1]) == small


def test_the_default_index_is_asked_where_pytorchs_own_is_out_of_reach(machine, capsys):
    machine.fails = lambda line: course.CPU_INDEX in line
    machine()
    assert "--retries 0" in machine.done[1]
    assert machine.done[2].split()[-1] == machine.done[1].split()[-1]  # the same torch
    assert course.CPU_INDEX not in machine.done[2]
    assert "out of reach" in capsys.readouterr().out


def test_an_installation_that_stops_goes_on_the_next_time(machine, capsys):
    machine.fails = lambda line: "[class]" in line
    with pytest.raises(course.NotInstalled, match="run the same command again"):
        machine()
    machine.fails = lambda line: 0
    machine()
    assert machine.done.count("made") == 1
    assert [line.split()[-1] for line in machine.done[-2:]] == [".[class]", ".[class]"]


def test_an_environment_that_cannot_be_made_says_what_debian_lacks(machine, monkeypatch):
    def fail(*_):
        raise subprocess.CalledProcessError(1, "ensurepip")

    monkeypatch.setattr(course.venv.EnvBuilder, "create", fail)
    with pytest.raises(course.NotInstalled, match="apt install python3-venv"):
        machine()


def test_arguments_are_passed_on_as_they_are(monkeypatch, tmp_path):
    lines = []
    monkeypatch.setattr(course, "ensure_environment", lambda folder, groups: tmp_path / "python")
    monkeypatch.setattr(course, "take_over", lambda line: lines.append(line) or 7)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setenv("PYTHONUTF8", "")
    monkeypatch.delenv("PYTHONUTF8")
    assert course.main(["grade", 'a$b "c"', "--words", "w.csv"]) == 7
    assert lines[0][1:] == ["-m", "tools.assignments", "grade", 'a$b "c"', "--words", "w.csv"]
    assert os.environ["PATH"].split(os.pathsep)[0] == str(tmp_path)
    assert os.environ["PYTHONUTF8"] == "1"
    assert Path.cwd() == course.ROOT


def test_on_windows_the_command_answers_ctrl_c(monkeypatch):
    def call(line):
        signal.raise_signal(signal.SIGINT)
        return len(line)

    monkeypatch.setattr(course.subprocess, "call", call)
    monkeypatch.setattr(course.os, "name", "nt")
    before = signal.getsignal(signal.SIGINT)
    try:
        assert course.take_over(["python", "-m", "tools.lab"]) == 3
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("arguments", "status"), [([], 2), (["walk"], 2), (["--help"], 0)])
def test_what_there_is_can_be_asked(arguments, status, capsys):
    assert course.main(arguments) == status
    said = "".join(capsys.readouterr())
    assert all(command in said for command in course.COMMANDS)


def test_every_command_of_make_is_one_of_these():
    recipes = (course.ROOT / "Makefile").read_text().split("$(COURSE) ")[1:]
    assert {recipe.split()[0] for recipe in recipes} <= course.COMMANDS.keys()
    assert len(recipes) >= 10
