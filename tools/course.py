"""Set the course up and do what `make` does, with nothing but Python: `python -m tools.course run`.

It makes the environment .venv, installs what the command needs, and runs it there; make calls it,
too. Older Pythons must be able to read this file, to say what they lack: nothing of it may be newer
than Python 3.7.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
PARTS = {"bin", "include", "lib", "lib64", "Include", "Lib", "Scripts"}  # of an environment
CPU_INDEX = "https://download.pytorch.org/whl/cpu"

# What each command needs besides the course itself (groups of pyproject.toml), and what it runs.
COMMANDS = {
    "run": (["site", "class"], ["-m", "tools.run_course"]),
    "lab": (["class"], ["-m", "tools.lab"]),
    "test": (["site", "class", "test"], ["-m", "tools.run_tests"]),
    "browser": (
        ["site", "class", "test", "browser"],
        ["-m", "pytest", "tests/project/test_browser.py", "tests/project/test_site.py"],
    ),
    "bench": ([], ["-m", "helpers", "bench"]),
    "data": ([], ["-m", "helpers", "data"]),
    "notebooks": (["class", "test"], ["-m", "tools.run_course", "--in-place"]),
    "assignments": (["class"], ["-m", "tools.assignments", "release"]),
    "grade": (["class"], ["-m", "tools.assignments", "grade"]),
    "handout": (["class"], ["-m", "tools.handout"]),
    "rehearse": (["class"], ["-m", "tools.rehearse"]),
    "format": (["class", "test"], ["-m", "ruff", "format", "."]),
    "python": ([], []),
}
USAGE = f"""usage: python -m tools.course COMMAND [arguments]

Does what `make COMMAND` does, also where there is no make. COMMAND is one of
  {", ".join(COMMANDS)}.
python is that of the course: python -m tools.course python -m helpers detect photo.jpg
TORCH=gpu in the environment installs the PyTorch for NVIDIA cards, TORCH=cpu the small one; without
it, the small one is taken where no such card is found."""


class NotInstalled(Exception):
    """The environment could not be made; the message says what to do."""


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code, unless the command takes over."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0
    if not arguments or arguments[0] not in COMMANDS:
        print(USAGE, file=sys.stderr)
        return 2
    groups, line = COMMANDS[arguments[0]]
    folder = ROOT / (os.environ.get("VENV") or ".venv")
    try:
        python = ensure_environment(folder, groups)
    except NotInstalled as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on from here", file=sys.stderr)
        return 130
    # nbgrader and jupyter look for their own commands on the PATH.
    os.environ["PATH"] = os.pathsep.join([str(python.parent), os.environ.get("PATH", "")])
    os.environ.setdefault("PYTHONUTF8", "1")  # on Windows, a pipe could not print "≈"
    os.chdir(str(ROOT))
    return take_over([str(python), *line, *arguments[1:]])


def take_over(line: list[str]) -> int:
    """Run a command in place of this one, so that Ctrl-C is its own; on Windows, beside it."""
    sys.stdout.flush()
    if os.name == "posix":
        os.execv(line[0], line)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command answers it, and this waits
    return subprocess.call(line)


def ensure_environment(folder: Path, groups: list[str]) -> Path:
    """The Python of an environment in which the course and these groups are installed.

    Raises NotInstalled if it cannot be made.
    """
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    there = version_of(python)
    # What was set up with a Python that somebody named serves where nobody names one, too.
    usable = there == sys.version_info[:2] or (there and there >= OLDEST and not named())
    if not usable and sys.version_info[:2] < OLDEST:
        raise NotInstalled(
            f"The course needs Python {dotted(OLDEST)} or newer, and this is"
            f" {dotted(sys.version_info[:3])} ({sys.executable}). Install one from python.org, and"
            " name it, say: make run PYTHON=python3.13"
        )
    mine = Path(sys.prefix).resolve() == folder.resolve()  # then it can be neither old nor broken
    if not mine and not usable:
        if folder.exists():
            if holds_other_things(folder):
                raise NotInstalled(
                    f"{folder} is no environment of Python, and making one there would delete what"
                    " it holds. Name a folder that is not there yet: make run VENV=..."
                )
            print(f"{folder.name} is half made, or of another Python: made anew", flush=True)
        try:
            venv.EnvBuilder(clear=True, with_pip=True).create(str(folder))
        except ValueError as error:  # its path holds what separates the folders of a PATH
            raise NotInstalled(f"{error}\nMove the course to a folder without it.") from error
        except (OSError, subprocess.CalledProcessError) as error:
            raise NotInstalled(
                f"Python could not make the environment {folder}: {error}\nOn Debian and Ubuntu it"
                " takes a package more: sudo apt install python3-venv"
            ) from error
    listed = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    digest = hashlib.sha256(b"".join(listed)).hexdigest()
    for group in ["", *groups]:
        stamp = folder / f".installed-{group or 'course'}"
        if not stamp.is_file() or stamp.read_text() != digest:
            install(python, group)
            stamp.write_text(digest)
    return python


def holds_other_things(folder: Path) -> bool:
    """Whether it is a file, or holds what no environment does, not even a half-made one."""
    if not folder.is_dir():
        return True
    names = {path.name for path in folder.iterdir()}
    others = {name for name in names - PARTS if not name.startswith(".installed-")}
    return bool(others) and "pyvenv.cfg" not in names


def named() -> bool:
    """Whether somebody has said which Python to take: make PYTHON=... puts it here."""
    return bool(os.environ.get("PYTHON"))


def version_of(python: Path) -> tuple[int, ...] | None:
    """(3, 11), say, of an environment's Python; None if it does not run, or has no pip."""
    ask = "import sys, pip; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([str(python), "-c", ask], capture_output=True)
    except OSError:
        return None
    return tuple(int(n) for n in done.stdout.split()) if done.returncode == 0 else None


def install(python: Path, group: str) -> None:
    """Install the course (group "") or what a group of pyproject.toml adds to it."""
    what = f"what the group {group!r} adds" if group else "the course (about 1.7 GB, a few minutes)"
    print(f"Installing {what} into {python.parent.parent.name} ...", flush=True)
    if not group:
        install_torch(python)
    if not pip(python, "--editable", f".[{group}]" if group else "."):
        raise NotInstalled(
            "pip could not install the course: its message is above. Is the network there? What is"
            " installed already is kept; run the same command again."
        )


def install_torch(python: Path) -> None:
    """The PyTorch of constraints.txt: a GPU build takes 4 GB more, for nothing without a GPU."""
    torch = re.search(r"(?m)^torch==\S+", (ROOT / "constraints.txt").read_text()).group()
    if not for_gpu():
        quick = ["--retries", "0", "--timeout", "8"]
        if pip(python, "--no-deps", "--index-url", CPU_INDEX, *quick, torch, quiet=True):
            return
        print(
            "PyTorch's index of small builds is out of reach: the default build, then, which takes"
            " 4 GB more on Linux (Ctrl-C stops it)",
            flush=True,
        )
    pip(python, torch)  # if this fails, so does what follows, and says it


def for_gpu() -> bool:
    """Whether PyTorch's default build is wanted; macOS has only one."""
    wanted = os.environ.get("TORCH", "").lower()
    if wanted in ("cpu", "gpu"):
        return wanted == "gpu"
    return sys.platform == "darwin" or shutil.which("nvidia-smi") is not None


def pip(python: Path, *arguments: str, quiet: bool = False) -> bool:
    """Install with pip, with the versions of constraints.txt; returns whether it went well."""
    line = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    line += ["--progress-bar", "off", "--constraint", "constraints.txt", *arguments]
    output = subprocess.DEVNULL if quiet else None
    return subprocess.call(line, cwd=str(ROOT), stdout=output, stderr=output) == 0


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)


if __name__ == "__main__":
    sys.exit(main())
