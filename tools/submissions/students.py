"""Whose is it? The students in a folder of what was handed in, and their files.

One folder (or zip) for each student, however deep inside; or what Moodle and Canvas write: folders,
files side by side, or one zip of them.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tools.submissions.entries import (
    Entry,
    Refused,
    entries_of_folder,
    entries_of_zip,
    entry_of_file,
    is_unused,
    opened,
    readable,
    refused,
)

MOST_FILES = 2000  # of one student
LARGEST_STUDENT = 400 * 2**20  # of all files of one student that are read, in bytes
# Moodle: a folder, or a file, for each student; the number is the participant's.
MOODLE = re.compile(r"(?P<who>.+_\d+)_assignsubmission_(?:file|onlinetext)_?(?P<rest>.*)")
# Canvas: all files side by side; the numbers are the student's and the submission's.
CANVAS = re.compile(
    r"(?P<name>[^_]+)(?P<late>_late)?_(?P<user>\d{2,})_(?P<number>\d{2,})_(?P<rest>.+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class File:
    """A file that was handed in."""

    entry: Entry
    name: str  # its own, without what a platform put before it
    number: int = 0  # Canvas' number of the submission: the highest is the latest
    late: bool = False

    @property
    def shown(self) -> str:
        """Where it lay: "Ada/homework.zip/lesson.ipynb"."""
        return "/".join(self.entry.parts)


@dataclass
class Student:
    """A student; "" where nobody knows whose the files are. They can be gone through once."""

    name: str
    files: Iterable[File]


@dataclass(frozen=True)
class _Top:
    """A folder or file where each student has one."""

    parts: tuple[str, ...]
    entries: Iterable[Entry]
    is_folder: bool


def students_in(folder: Path) -> Iterator[Student]:
    """Everybody who has a folder or a file, in the order of the names; some come in pieces."""
    names: dict[str, str] = {}
    for top in _tops_of_folder(folder, ()):
        given = top.parts[-1]
        rest, number, late = "", 0, False
        if moodle := MOODLE.fullmatch(given):
            given, rest = moodle["who"], moodle["rest"]
        elif not top.is_folder and (canvas := CANVAS.fullmatch(given)):
            given, rest = f"{canvas['name']}_{canvas['user']}", canvas["rest"]
            number, late = int(canvas["number"][:18]), bool(canvas["late"])
        elif not top.is_folder:
            given = ""
        name = safe_name(given) if given else ""
        while names.setdefault(name, given) != given:  # made equal by becoming safe
            name += "_"
        yield Student(name, _files(top, "" if top.is_folder else rest, number, late))


def _files(top: _Top, rest: str, number: int, late: bool) -> Iterator[File]:
    for entry in _within_limits(top.entries):
        name = rest if rest and entry.parts == top.parts else entry.name
        yield File(entry, name, number, late)


def safe_name(given: str) -> str:
    """A student's name, as given, that can be a folder's."""
    name = re.sub(r"[/\\]", "_", given).encode()[:200].decode("utf-8", "ignore").strip()
    return name.lstrip(".") or "_"


def _tops_of_folder(folder: Path, above: tuple[str, ...]) -> Iterator[_Top]:
    paths = sorted(_listed(folder), key=lambda path: path.name)
    for path in paths:
        parts = (*above, readable(path.name))
        if not path.is_symlink() and path.is_dir():
            alone = len(paths) == 1 and _holds_folders_of_students(path)
            if not above and (alone or _from_a_platform(readable(p.name) for p in _listed(path))):
                yield from _tops_of_folder(path, parts)
            else:
                entries = (_below(parts, entry) for entry in entries_of_folder(path))
                yield _Top(parts, entries, is_folder=True)
            continue
        entry = entry_of_file(path, parts)
        if path.is_symlink():
            yield _Top(parts, [entry], is_folder=os.path.isdir(path))
            continue
        owned = MOODLE.fullmatch(entry.name) or CANVAS.fullmatch(entry.name)
        if entry.name.lower().endswith(".zip") and not owned:
            yield from _tops_of_zip(entry)
        else:
            yield _Top(parts, opened(entry), is_folder=False)


def _tops_of_zip(entry: Entry) -> Iterator[_Top]:
    """A zip at the top is one student's, named like the student, or a whole class."""
    student = (*entry.parts[:-1], entry.name[: -len(".zip")])
    try:
        with entry.open() as file:
            if not (members := list(entries_of_zip(file))):
                raise Refused("a zip without files")
            shared = _shared_folders(members)
            tops: dict[str, list[Entry]] = {}
            for member in members:
                tops.setdefault(member.parts[shared], []).append(member)
            if not _is_a_class(tops, shared):
                tops, shared = {"": members}, 0
            for name, inside in tops.items():
                parts = (*entry.parts, *inside[0].parts[:shared], name) if name else student
                is_folder = not name or len(inside[0].parts) > shared + 1
                entries = (
                    found
                    for member in inside
                    for found in opened(_below(entry.parts, member), depth=2)
                )
                yield _Top(parts, entries, is_folder)
    except (OSError, Refused) as error:
        yield _Top(student, [refused(entry.parts, str(error))], is_folder=True)


def _is_a_class(tops: dict[str, list[Entry]], shared: int) -> bool:
    """Does a zip hold several students: names of a platform, or the same file in two folders?"""
    if _from_a_platform(tops):
        return True
    files = [
        {entry.parts[shared + 1 :] for entry in inside if len(entry.parts) > shared + 1}
        for inside in tops.values()
    ]
    everything = [one for inside in files for one in inside]
    return all(files) and len(everything) > len(set(everything))


def _shared_folders(entries: list[Entry]) -> int:
    """How many folders hold all of the entries, one in the other."""
    shared = 0
    while len({entry.parts[shared] for entry in entries if len(entry.parts) > shared + 1}) == 1:
        if any(len(entry.parts) <= shared + 1 for entry in entries):
            break
        shared += 1
    return shared


def _from_a_platform(names: Iterable[str]) -> bool:
    """Are these names that Moodle or Canvas gave to a class? One of Canvas' may be by chance."""
    names = list(names)
    return any(map(MOODLE.fullmatch, names)) or sum(map(bool, map(CANVAS.fullmatch, names))) > 1


def _holds_folders_of_students(folder: Path) -> bool:
    """Has a folder no notebook, but folders, of which two have one of the same name?"""
    inside = [
        {path.name for path in _listed(one) if ".ipynb" in path.name.lower()}
        for one in _listed(folder)
        if not one.is_symlink() and one.is_dir()
    ]
    everything = [name for names in inside for name in names]
    direct = [path for path in _listed(folder) if ".ipynb" in path.name.lower()]
    return not direct and len(everything) > len(set(everything))


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not is_unused(path.name)]
    except OSError:
        return []


def _below(above: tuple[str, ...], entry: Entry) -> Entry:
    return replace(entry, parts=(*above, *entry.parts))


def _within_limits(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries, of which only so many are looked at, and only so much is read."""
    left = LARGEST_STUDENT

    def read_within(entry: Entry):
        def open_it():
            nonlocal left
            left -= entry.size
            if left < 0:
                raise Refused(f"more than {LARGEST_STUDENT // 2**20} MiB in all: not read")
            return entry.open()

        return replace(entry, open=open_it)

    for number, entry in enumerate(entries):
        if number == MOST_FILES:
            why = f"more than {MOST_FILES} files: this one and later ones were not looked at"
            yield refused(entry.parts, why)
            return
        yield read_within(entry)
