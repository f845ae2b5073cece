"""A box for submitted code: a kernel that sees little, reaches nobody, and leaves nothing behind.

bubblewrap gives it namespaces of its own. It sees Python, the package `helpers` and its data, all
of them read-only, and one empty folder; no home, no network, no other process, no notebook with
solutions, no gradebook. Talking with it takes sockets in a folder of its own (ipc).
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.execution import ROOT

MIB, GIB = 2**20, 2**30
# A kernel with torch needs about 3 GiB of addresses, of which it uses a tenth.
LIMITS = {"as": 12 * GIB, "fsize": 200 * MIB, "nofile": 1024, "core": 0}
PROCESSES = 200  # and threads, of one box
# Folders in memory: /tmp goes with the box.
IN_MEMORY = {"/tmp": 512 * MIB, "/dev/shm": 256 * MIB}
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/fonts")
SEEN = ("helpers", "data", "pyproject.toml")
INSTALL = "sudo apt-get install bubblewrap (or: dnf install bubblewrap)"
# The limit on processes does not hold for root: in the box, root is one of these users.
FIRST_USER, USERS = 50_000, 10_000


class NoBox(Exception):
    """There is no box on this machine; the message says why, and what to do."""


def check_box() -> None:
    """Raise NoBox unless a box can be built here: tried by building one."""
    if not shutil.which("bwrap"):
        raise NoBox(f"bubblewrap is not installed: {INSTALL}")
    with tempfile.TemporaryDirectory(prefix="box-") as folder:
        command = box_command([sys.executable, "-c", "print('in the box')"], Path(folder))
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode or done.stdout != "in the box\n":
        raise NoBox(f"bubblewrap does not work here: {(done.stderr or done.stdout).strip()}")


def box_command(command: list[str], folder: Path) -> list[str]:
    """The command that runs `command` in a box.

    Args:
        command: program and arguments, as inside the box.
        folder: the only folder that the box may write to; it has the same path inside. Besides it
            only an empty /tmp, in memory, which goes with the box.
    """
    pythons = {sys.prefix, sys.base_prefix}
    # A virtual environment's python is a link, and so may be what it leads to.
    pythons |= {str(Path(sys.executable).resolve().parent.parent)}
    read_only = [*SYSTEM, *sorted(pythons), *(str(ROOT / name) for name in SEEN)]
    as_root = _is_root()
    box = ["bwrap", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    box += _namespaces(as_root)
    box += ["--proc", "/proc", "--dev", "/dev"]
    for path, size in IN_MEMORY.items():
        box += ["--perms", "1777", "--size", str(size), "--tmpfs", path]
    for parent in _parents(read_only) if as_root else ():  # else root's alone
        box += ["--perms", "0755", "--dir", parent]
    for path in read_only:
        box += ["--ro-bind-try", path, path]
    box += ["--bind", str(folder), str(folder), "--chdir", str(folder)]
    for name, value in _environment(folder).items():
        box += ["--setenv", name, value]
    limits = [f"--{name}={limit}" for name, limit in LIMITS.items()]
    # Inside: there it counts what is in the box, and not all that the teacher runs.
    inside = ["prlimit", f"--nproc={PROCESSES}"] if shutil.which("prlimit") else []
    if as_root:
        user = FIRST_USER + os.getpid() % USERS
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, 0, follow_symlinks=False)
        folder.chmod(0o770)  # root without its capabilities goes in as one of the group
        inside = [*_becomes(user), *inside]
    prlimit = ["prlimit", *limits] if shutil.which("prlimit") else []
    return [*prlimit, *box, *inside, *command]


def _environment(folder: Path) -> dict[str, str]:
    environment = {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / "ipython"),
        "LANG": "C.UTF-8",
        "MPLCONFIGDIR": str(folder / "matplotlib"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONPATH": str(ROOT),
        "UIUC_CARS_DIR": "the-photographs-are-hidden",
    }
    return environment | {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")}


def _is_root() -> bool:
    return os.geteuid() == 0 and bool(shutil.which("setpriv"))


def _namespaces(as_root: bool) -> list[str]:
    """Options for namespaces of its own; root needs the capability to become somebody else."""
    if not as_root:
        return ["--unshare-all"]
    kinds = ("ipc", "pid", "net", "uts", "cgroup-try")
    keep = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return [*(f"--unshare-{kind}" for kind in kinds), *keep]


def _becomes(user: int) -> list[str]:
    names = ("--no-new-privs", "--clear-groups", "--inh-caps=-all")
    return ["setpriv", f"--reuid={user}", f"--regid={user}", *names]


def _parents(paths: list[str]) -> list[str]:
    """All folders above the paths, from the top down."""
    found = {str(parent) for path in paths for parent in Path(path).parents}
    return sorted(found - {"/", *IN_MEMORY})
