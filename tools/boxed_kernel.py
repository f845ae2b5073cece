"""Kernels for submitted code: what they say is limited, and a box that uses too much is ended."""

import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import psutil
import zmq
import zmq.asyncio
from jupyter_client.manager import AsyncKernelManager

from tools.sandbox import GIB, MIB, box_command

# What waits to be read is in the grader's memory: so many messages, so large.
LARGEST_MESSAGE, MESSAGES = 16 * MIB, 64
# All processes of a box together; and what they write into their folder.
MEMORY, FOLDER, FILES = 4 * GIB, 300 * MIB, 5000
EVERY = 0.5  # seconds between two looks


class LimitedKernelManager(AsyncKernelManager):
    """A kernel that cannot fill the grader's memory with what it says, and has a folder."""

    stopped_for = ""  # why it was ended, if it was
    place: str | None = None

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self._folder = tempfile.TemporaryDirectory(prefix=f"box-{os.getpid()}-", dir=self.place)
        self.context = zmq.asyncio.Context()
        self.context.setsockopt(zmq.MAXMSGSIZE, LARGEST_MESSAGE)
        self.context.setsockopt(zmq.RCVHWM, MESSAGES)
        self._created_context = True

    def leave(self, name: str, data: bytes) -> Path:
        """Leave a file for the kernel in its folder, whatever links may be there already."""
        path = Path(self._folder.name, name)
        new = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with open(os.open(path, new | getattr(os, "O_BINARY", 0), 0o644), "wb") as file:
            file.write(data)
        return path

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if not restart:
            self._folder.cleanup()

    cleanup_resources = _async_cleanup_resources


class BoxedKernelManager(LimitedKernelManager):
    """A kernel in a box, with a folder of its own that is gone when the kernel is."""

    place = "/tmp"  # a short path: a socket's may have about a hundred characters

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self._over = threading.Event()
        self.transport = "ipc"
        self.ip = str(Path(self._folder.name) / "socket")
        self.connection_file = str(Path(self._folder.name) / "kernel.json")
        # A signal would end the box; a message makes the kernel interrupt itself.
        self.kernel_spec.interrupt_mode = "message"

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """The command of the kernel, in its box."""
        kernel = super().format_kernel_cmd(extra_arguments)
        return box_command(kernel, Path(self._folder.name))

    async def _async_start_kernel(self, **options: object) -> None:
        await super()._async_start_kernel(**options)
        box = psutil.Process(self.provisioner.pid)
        threading.Thread(target=self._watch, args=(box,), daemon=True).start()

    start_kernel = _async_start_kernel

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        self._over.set()
        await super()._async_cleanup_resources(restart=restart)

    cleanup_resources = _async_cleanup_resources

    def _watch(self, box: psutil.Process) -> None:
        """End the box if it uses too much."""
        while not self._over.wait(EVERY):
            with suppress(psutil.Error):
                if why := too_much(box, Path(self._folder.name)):
                    self.stopped_for = why
                    box.kill()  # and with it all that is in the box
                    return


def too_much(box: psutil.Process, folder: Path) -> str:
    """What a box uses too much of, in words; empty if nothing."""
    inside = box.children(recursive=True)
    # What they share is counted for each of them: quick, and too much.
    used = _memory(inside, "memory_info", "rss")
    if used > MEMORY and _memory(inside, "memory_full_info", "pss") > MEMORY:
        return f"it used more than {MEMORY / GIB:g} GiB of memory"
    written = files = 0
    for place, _, names in os.walk(folder):
        files += len(names) + 1
        if files > FILES:
            return f"it made more than {FILES} files"
        for name in names:
            with suppress(OSError):
                written += os.lstat(os.path.join(place, name)).st_size
    return f"it wrote more than {FOLDER // MIB} MiB" if written > FOLDER else ""


def _memory(processes: list[psutil.Process], how: str, kind: str) -> int:
    used = 0
    for process in processes:
        with suppress(psutil.Error):  # it has just ended
            used += getattr(getattr(process, how)(), kind)
    return used
