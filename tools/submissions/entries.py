"""The files in a folder and in its zips, each with a safe way to read it.

No link is followed, nothing is unpacked: a zip is read where it lies, a member at a time.
"""

import os
import re
import stat
import struct
import time
import unicodedata
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, NoReturn

LARGEST_FILE = 50 * 2**20
LARGEST_NESTED = 200 * 2**20  # of all zips in a zip
LARGEST_LISTING = 4 * 2**20  # of a zip's members, in bytes; each takes about a hundred
DEEPEST = 30  # folders in folders
DEEPEST_ZIP = 3  # zips in zips
MARK_AT_END = b"PK\x05\x06"
UNUSED = {"__MACOSX", "__pycache__", "node_modules", "site-packages", "venv"}
UNUSED |= {"Thumbs.db", "desktop.ini", "timestamp.txt"}


class Refused(Exception):
    """A file that is not read; the message says why."""


@dataclass(frozen=True)
class Entry:
    """A file, by its path below where the search began; zips count as folders."""

    parts: tuple[str, ...]
    open: Callable[[], BinaryIO]  # raises Refused; of a zip's member: only while it is its turn
    size: int = 0
    changed: float = 0.0  # seconds since 1970
    refusal: str = ""  # why it is not opened

    @property
    def name(self) -> str:
        """Its own name, without its folders."""
        return self.parts[-1]

    def read(self) -> bytes:
        """All of it. Raises Refused, also if it is too large, or turns out to be."""
        if self.size > LARGEST_FILE:
            raise Refused(f"larger than {LARGEST_FILE // 2**20} MiB")
        try:
            with self.open() as file:
                data = file.read(LARGEST_FILE + 1)
        except Refused:
            raise
        except Exception as error:  # OSError, zlib.error, zipfile.BadZipFile, and many more
            raise Refused(f"cannot be read: {error}") from error
        if len(data) > LARGEST_FILE:
            raise Refused(f"larger than {LARGEST_FILE // 2**20} MiB")
        return data


def is_unused(name: str) -> bool:
    """Is this a file or folder that programs leave behind, and no work of a student's?"""
    return name.startswith((".", "~$")) or name in UNUSED


def entries_of_folder(folder: Path) -> Iterator[Entry]:
    """The files below a folder, upper ones first, by name. Zips are opened (`opened`)."""
    folders = deque([(folder, ())])
    while folders:
        place, above = folders.popleft()
        try:
            with os.scandir(place) as found:
                inside = sorted(found, key=lambda one: one.name)
        except OSError as error:
            yield refused(above or (".",), f"the folder cannot be read: {error.strerror}")
            continue
        for one in inside:
            parts = (*above, readable(one.name))
            if is_unused(one.name):
                continue
            if one.is_dir(follow_symlinks=False):
                if len(parts) > DEEPEST:
                    yield refused(parts, f"more than {DEEPEST} folders deep: not looked into")
                else:
                    folders.append((Path(one.path), parts))
            else:
                yield from opened(entry_of_file(Path(one.path), parts))


def entry_of_file(path: Path, parts: tuple[str, ...]) -> Entry:
    """One file on disk; what is no ordinary file is refused when it is opened."""
    try:
        info = os.lstat(path)
    except OSError as error:
        return refused(parts, f"cannot be read: {error.strerror}")
    kinds = {
        stat.S_IFLNK: "a symbolic link: not followed",
        stat.S_IFIFO: "a pipe (FIFO): not opened",
        stat.S_IFSOCK: "a socket: not opened",
        stat.S_IFCHR: "a device: not opened",
        stat.S_IFBLK: "a device: not opened",
    }
    if kind := kinds.get(stat.S_IFMT(info.st_mode)):
        return refused(parts, kind)

    def open_it() -> BinaryIO:
        # Between the look at it and now it may have become something else.
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        number = os.open(path, flags | getattr(os, "O_BINARY", 0))
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise Refused("no ordinary file: not opened")
        return open(number, "rb")

    return Entry(parts, open_it, info.st_size, info.st_mtime)


def opened(entry: Entry, depth: int = 1, left: list[int] | None = None) -> Iterator[Entry]:
    """The entry itself; in place of a zip, what is in it, and in zips in it.

    `depth`: 1 for a file on disk, 2 for what is in a zip. `left`: bytes of zips in zips to go.
    """
    if not entry.name.lower().endswith(".zip"):
        yield entry
        return
    left = left or [LARGEST_NESTED]
    is_empty = True
    try:
        if depth > DEEPEST_ZIP:
            raise Refused(f"zips in zips, more than {DEEPEST_ZIP} deep: not opened")
        if depth > 1 and left[0] < entry.size:
            raise Refused(f"zips in zips, more than {LARGEST_NESTED // 2**20} MiB: not opened")
        left[0] -= entry.size if depth > 1 else 0
        # A member of a zip is read as a whole, since nobody can jump about in it.
        with entry.open() if depth == 1 else BytesIO(entry.read()) as file:
            for member in entries_of_zip(file):
                is_empty = False
                below = replace(member, parts=(*entry.parts, *member.parts))
                yield from opened(below, depth + 1, left)
        if is_empty:
            raise Refused("a zip without files")
    except OSError as error:
        yield refused(entry.parts, f"cannot be read: {error}")
    except Refused as error:
        yield refused(entry.parts, str(error))


def entries_of_zip(file: BinaryIO) -> Iterator[Entry]:
    """The files in a zip, upper ones first, by name. Raises Refused if it is none."""
    _check_listing(file)
    try:
        archive = zipfile.ZipFile(file)
    except Exception as error:  # whatever a file can be that is no zip
        raise Refused(f"a damaged zip: {error}") from error
    found = []
    for info in archive.infolist():
        whole = readable(_name_in_zip(info).replace("\\", "/"))
        parts = tuple(part for part in whole.split("/") if part not in ("", "."))
        unused = any(is_unused(part) for part in parts if part != "..")
        if parts and not info.is_dir() and not unused:
            found.append((len(parts), parts, whole, info))
    for _, parts, whole, info in sorted(found, key=lambda one: one[:3]):
        yield _member(archive, info, parts, whole)


def _name_in_zip(info: zipfile.ZipInfo) -> str:
    """A member's name; macOS writes UTF-8 without saying so, and Python reads it as MS-DOS'."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, parts: tuple[str, ...], whole: str
) -> Entry:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if whole.startswith("/") or whole[1:2] == ":" or ".." in parts:
        # Shown without what a careless reader might follow.
        safe = tuple(part.replace("..", "_").replace(":", "_") for part in parts)
        return refused(safe, "its path leads out of the zip: not read")
    if kind == stat.S_IFLNK:
        return refused(parts, "a symbolic link: not followed")
    if kind not in (0, stat.S_IFREG):
        return refused(parts, "no ordinary file: not opened")
    if len(parts) > DEEPEST:
        return refused(parts[:DEEPEST], f"more than {DEEPEST} folders deep: not looked into")
    if info.flag_bits & 1:
        return refused(parts, "locked with a password")
    try:
        changed = time.mktime((*info.date_time, 0, 0, -1))
    except (OverflowError, ValueError):
        changed = 0.0
    return Entry(parts, lambda: archive.open(info), info.file_size, changed)


def _check_listing(file: BinaryIO) -> None:
    """Raise Refused if the list of a zip's members would fill the memory."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - 2**16 - 22))
    tail = file.read()
    place = tail.rfind(MARK_AT_END)
    if place < 0 or len(tail) < place + 22:
        raise Refused("a damaged zip: it has no end" if end else "a damaged zip: it is empty")
    size = struct.unpack("<L", tail[place + 12 : place + 16])[0]
    if size == 2**32 - 1:
        raise Refused("a zip of more than 4 GB: unpack it first")
    if size > LARGEST_LISTING:
        raise Refused("a zip of too many files: not opened")


def readable(name: str) -> str:
    """A file's name as text that can be shown and written anywhere."""
    name = os.fsencode(name).decode("utf-8", "replace")
    name = re.sub(r"\s", " ", unicodedata.normalize("NFC", name))
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)


def refused(parts: tuple[str, ...], why: str) -> Entry:
    """A file that cannot be opened: it says why."""

    def refuse() -> NoReturn:
        raise Refused(why)

    return Entry(parts, refuse, refusal=why)
