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

from jupyter_client.manager import AsyncKernelManager

from tools.execution import ROOT

GIB = 2**30
# A kernel with torch needs about 3 GiB of addresses, of which it uses a tenth.
LIMITS = {"as": 12 * GIB, "fsize": 200 * 2**20, "nofile": 1024, "nproc": 512, "core": 0}
SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/fonts")
SEEN = ("helpers", "data", "pyproject.toml")
INSTALL = "sudo apt-get install bubblewrap (or: dnf install bubblewrap)"


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
    environment |= {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")}
    limits = [f"--{name}={limit}" for name, limit in LIMITS.items()]
    box = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"]
    box += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    for path in read_only:
        box += ["--ro-bind-try", path, path]
    box += ["--bind", str(folder), str(folder), "--chdir", str(folder)]
    for name, value in environment.items():
        box += ["--setenv", name, value]
    prlimit = ["prlimit", *limits] if shutil.which("prlimit") else []
    return [*prlimit, *box, *command]


class BoxedKernelManager(AsyncKernelManager):
    """A kernel in a box, with a folder of its own that is gone when the kernel is."""

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        # A short path: a socket's may have about a hundred characters.
        self._folder = tempfile.TemporaryDirectory(prefix=f"box-{os.getpid()}-", dir="/tmp")
        self.transport = "ipc"
        self.ip = str(Path(self._folder.name) / "socket")
        self.connection_file = str(Path(self._folder.name) / "kernel.json")
        # A signal would end the box; a message makes the kernel interrupt itself.
        self.kernel_spec.interrupt_mode = "message"

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The command of the kernel, in its box."""
        kernel = super().format_kernel_cmd(extra_arguments)
        return box_command(kernel, Path(self._folder.name))

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            self._folder.cleanup()
