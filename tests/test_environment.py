"""The check of the environment: silent about nothing, and the same words wherever all is well."""

import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from helpers import environment, paths
from helpers.environment import check_environment, inspect_environment


@pytest.fixture
def problems(monkeypatch):
    """A function: what is wrong now, by the first word of what was looked at."""
    monkeypatch.setattr(environment, "_free_memory", lambda: 10**10)
    # Loading is tried in real broken environments below.
    monkeypatch.setattr(environment, "LIBRARIES", ())

    def look():
        return {f.what.split()[0].rstrip(":"): f.problem for f in inspect_environment()}

    return look


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A copy of the small part of the data, which may be damaged."""
    shutil.copytree(paths.DATA / "weights", tmp_path / "weights")
    monkeypatch.setattr(paths, "DATA", tmp_path)
    (tmp_path / "street").mkdir()
    (tmp_path / "street" / "one.png").write_bytes(b"pixels")
    paths.write_checksums(tmp_path / "street")
    return tmp_path


def run(*arguments, **variables):
    """The check in a Python of its own: its lines."""
    done = subprocess.run(
        [sys.executable, *arguments, "-m", "helpers.environment"],
        cwd=paths.ROOT,
        env=os.environ | {name: str(value) for name, value in variables.items()},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_healthy_environment_is_the_same_text_everywhere(problems, capsys):
    check_environment()
    assert capsys.readouterr().out.splitlines() == [
        "ok    Python 3.11 or newer",
        "ok    packages: there, new enough, and they load",
        "ok    drawn data set: every file is the course's own",
        "ok    trained weights: the course's own",
        "ok    interactive views: JupyterLab can show them",
        "ok    room: at least 1 GB of memory and 0.2 GB on the disk are free",
        "Everything is ready.",
    ]


def test_a_bare_python_is_told_what_is_missing_and_how_to_install_it():
    lines = run("-S")  # no packages at all
    [what] = [line for line in lines if "torch is missing" in line]
    assert "nbval is missing" in what
    assert sys.executable in what
    assert any("fix: " in line and "make run" in line for line in lines)
    assert lines[-1].startswith("2 things to fix")  # the widgets are gone as well


def test_an_old_package_and_one_that_does_not_load(tmp_path):
    old = tmp_path / "torch-2.5.1.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 2.5.1+cpu\n")
    lines = run(PYTHONPATH=tmp_path)
    assert any("torch is 2.5.1+cpu, older than 2.6" in line for line in lines)
    assert lines[-1].startswith("1 thing to fix")

    shutil.rmtree(old)
    (tmp_path / "scipy.py").write_text("raise OSError('libopenblas.so: cannot open')")
    lines = run(PYTHONPATH=tmp_path)
    assert any("scipy does not load (OSError: libopenblas.so" in line for line in lines)


@pytest.mark.parametrize(
    ("version", "numbers"), [("2.13.0+cpu", (2, 13, 0)), ("11", (11,)), ("3.0rc1", (3, 0))]
)
def test_versions_are_compared_as_numbers(version, numbers):
    assert environment._numbers(version) == numbers


def test_version_10_is_newer_than_9(problems, monkeypatch):
    monkeypatch.setattr(environment.metadata, "version", lambda name: "100.0")
    assert problems()["packages"] == ""
    monkeypatch.setattr(environment.metadata, "version", lambda name: "0.10")
    assert "older than" in problems()["packages"]


def test_an_old_python_hears_about_nothing_else(monkeypatch):
    old = SimpleNamespace(version_info=(3, 10, 4), version="3.10.4 (main)", executable="python3.10")
    monkeypatch.setattr(environment, "sys", old)
    [finding] = inspect_environment()
    assert "Python 3.10.4" in finding.problem
    assert "install a newer Python" in finding.fix


def test_damaged_and_missing_data(data, problems):
    assert not any(problems().values())
    (data / "street" / "one.png").write_bytes(b"pixel")
    assert "one.png is damaged" in problems()["drawn"]
    (data / "street" / "one.png").unlink()
    assert "one.png is missing" in problems()["drawn"]
    assert problems()["trained"] == ""


def test_damaged_and_missing_weights(data, problems, capsys):
    weights = data / "weights" / "street.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "street.safetensors is damaged" in problems()["trained"]
    shutil.rmtree(data / "weights")
    assert "missing" in problems()["trained"]
    check_environment()
    assert "fix:  get the course's own files back: git checkout" in capsys.readouterr().out


def test_missing_and_damaged_widgets(problems, monkeypatch):
    def gone(name):
        raise environment.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(environment.metadata, "files", gone)
    assert "jupyterlab_widgets is missing" in problems()["interactive"]
    lost = environment.metadata.PackagePath("share/jupyter/labextensions/manager/code.js")
    lost.dist = SimpleNamespace(locate_file=lambda path: paths.ROOT / "nowhere" / path)
    monkeypatch.setattr(environment.metadata, "files", lambda name: [lost])
    assert "code.js is gone" in problems()["interactive"]


def test_too_little_room(problems, monkeypatch):
    monkeypatch.setattr(environment, "_free_memory", lambda: 10**8)
    assert problems()["room"] == "only 0.10 GB of memory are free"
    monkeypatch.setattr(environment, "_free_memory", lambda: None)  # not every system says
    assert problems()["room"] == ""
    full = SimpleNamespace(free=10**7)
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda path: full)
    assert problems()["room"] == "only 0.01 GB are free on the disk"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux says how much is free")
def test_free_memory_is_a_number_of_bytes():
    assert 10**7 < environment._free_memory() < 10**14
