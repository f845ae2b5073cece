"""Is everything here that the course needs? Whatever is not comes with the way to fix it.

`check_environment()` in a notebook, `python -m helpers.environment` in a terminal. At the top of
this file stands only the standard library: it must run where packages are missing.
"""

import importlib
import re
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from helpers import paths

# What the lessons load. A package may be installed and still not load.
LIBRARIES = ("numpy", "torch", "scipy", "PIL", "skimage", "matplotlib", "ipywidgets", "safetensors")
MEMORY_NEEDED = 10**9  # bytes
DISK_NEEDED = 2 * 10**8
INSTALL = (
    "in a terminal, in the folder of the course: make run (or: python -m pip install --editable .)."
    " If that changes nothing, this notebook runs in another Python: choose Kernel > Change Kernel"
)
RESTORE = "get the course's own files back: git checkout -- data (or download the course again)"


@dataclass(frozen=True)
class Finding:
    """One thing the course needs; `problem` is empty where all is well, else `fix` says more."""

    what: str
    problem: str = ""
    fix: str = ""


def check_environment() -> None:
    """Print one line for each thing that the course needs, and for each problem how to fix it.

    The text is the same on every machine where all is well.
    """
    findings = inspect_environment()
    for found in findings:
        if found.problem:
            print(f"NO    {found.what}\n        what: {found.problem}\n        fix:  {found.fix}")
        else:
            print(f"ok    {found.what}")
    if wrong := sum(bool(found.problem) for found in findings):
        things = "1 thing" if wrong == 1 else f"{wrong} things"
        print(
            f"{things} to fix, the topmost first. Then restart (Kernel > Restart Kernel) and run"
            " this cell again."
        )
    else:
        print("Everything is ready.")


def inspect_environment() -> list[Finding]:
    """What `check_environment` prints, in order. An old Python ends the list: nothing else runs."""
    wanted = _python_wanted()
    name = f"Python {'.'.join(map(str, wanted))} or newer"
    if sys.version_info[: len(wanted)] < wanted:
        problem = f"this is Python {sys.version.split()[0]} ({sys.executable})"
        return [Finding(name, problem, "install a newer Python, then " + INSTALL)]
    checks: Mapping[str, tuple[Callable[[], str], str]] = {
        "packages: there, new enough, and they load": (_packages, INSTALL),
        "drawn data set: every file is the course's own": (lambda: _files("street"), RESTORE),
        "trained weights: the course's own": (lambda: _files("weights"), RESTORE),
        "interactive views: JupyterLab can show them": (
            _widgets,
            "python -m pip install --force-reinstall jupyterlab_widgets, then reload the page",
        ),
        "room: at least 1 GB of memory and 0.2 GB on the disk are free": (
            _room,
            "close other programs or notebooks (Kernel > Shut Down All Kernels), or delete files",
        ),
    }
    findings = [Finding(name)]
    for what, (look, fix) in checks.items():
        problem = look()
        findings.append(Finding(what, problem, fix if problem else ""))
    return findings


def _pyproject() -> str:
    return (paths.ROOT / "pyproject.toml").read_text(encoding="utf-8")


def _python_wanted() -> tuple[int, ...]:
    # Read without tomllib, which an old Python does not have.
    return _numbers(re.search(r'requires-python = ">=([\d.]+)"', _pyproject())[1])


def _numbers(version: str) -> tuple[int, ...]:
    """ "2.13.0+cpu" -> (2, 13, 0)."""
    return tuple(int(part) for part in re.match(r"\d+(\.\d+)*", version)[0].split("."))


def _packages() -> str:
    import tomllib

    problems = []
    for requirement in tomllib.loads(_pyproject())["project"]["dependencies"]:
        name, bound = requirement.split(">=")  # a test holds all of them to this form
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            problems.append(f"{name} is missing")
            continue
        if _numbers(version) < _numbers(bound):
            problems.append(f"{name} is {version}, older than {bound}")
    if not problems:
        problems = [text for text in map(_does_not_load, LIBRARIES) if text]
    return "; ".join([*problems, f"this Python is {sys.executable}"]) if problems else ""


def _does_not_load(module: str) -> str:
    try:
        importlib.import_module(module)
    except Exception as error:  # a damaged package may raise anything
        return f"{module} does not load ({type(error).__name__}: {error})"
    return ""


def _files(part: str) -> str:
    try:
        paths.verify_checksums(paths.DATA / part)
    except (OSError, ValueError) as error:
        return str(error).partition(";")[0]
    return ""


def _widgets() -> str:
    try:
        files = metadata.files("jupyterlab_widgets") or []
    except metadata.PackageNotFoundError:
        return "jupyterlab_widgets is missing: sliders would show as a line of text"
    listed = [file for file in files if "labextensions" in file.parts and file.suffix == ".js"]
    if gone := [file for file in listed if not Path(file.locate()).is_file()]:
        return f"jupyterlab_widgets is damaged: {gone[0].name} is gone"
    return ""


def _room() -> str:
    free = shutil.disk_usage(paths.ROOT).free
    if free < DISK_NEEDED:
        return f"only {free / 1e9:.2f} GB are free on the disk"
    memory = _free_memory()
    if memory is not None and memory < MEMORY_NEEDED:
        return f"only {memory / 1e9:.2f} GB of memory are free"
    return ""


def _free_memory() -> int | None:
    """Bytes that programs may still use; None where the system does not say (not Linux)."""
    try:
        text = Path("/proc/meminfo").read_text()
    except OSError:
        return None
    found = re.search(r"MemAvailable:\s+(\d+) kB", text)
    return 1024 * int(found[1]) if found else None


if __name__ == "__main__":
    check_environment()
