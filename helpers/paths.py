"""Where the course keeps its data, and what keeps files whole.

>>> from helpers.paths import DATA
>>> sorted(path.name for path in DATA.iterdir() if path.name in ("street", "weights"))
['street', 'weights']
"""

import codecs
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

# What systems and file managers leave in a folder that somebody has looked into, in small letters:
# macOS, Windows, KDE, and the network drives of Synology; and on a drive of one's own.
LEFT_BEHIND = (
    *("._*", ".ds_store", ".appledouble", ".fseventsd", ".spotlight-v100", ".trashes", "icon\r"),
    *("__macosx", "thumbs.db", "ehthumbs*.db", "desktop.ini", ".directory", "@eadir"),
    *("lost+found", "$recycle.bin", "system volume information"),
)
CHECKSUMS = "checksums.sha256"
ROOT = Path(__file__).resolve().parent.parent


def folder_from(variable: str, default: Path) -> Path:
    """The folder that an environment variable names; `default` if it is not set, or empty.

    Args:
        variable: its name. A leading ~ in it is the user's own folder, also where no shell has put
            that in.
        default: where nothing is named.

    >>> folder_from("NOT_SET_ANYWHERE", Path("data")).name
    'data'
    """
    named = os.environ.get(variable, "").strip()
    return Path(named).expanduser() if named else default


DATA = folder_from("COURSE_DATA_DIR", ROOT / "data")


def uiuc_parent() -> Path:
    """The folder that holds CarData, or will hold it once it is fetched.

    `UIUC_CARS_DIR` if that is set, which may name CarData itself, too; else data/uiuc.
    """
    folder = folder_from("UIUC_CARS_DIR", DATA / "uiuc")
    inside = folder.name == "CarData" and not (folder / "CarData").is_dir()
    return folder.parent if inside else folder


def uiuc_folder() -> Path:
    """The folder CarData with the photographs.

    Raises:
        FileNotFoundError: it is not there; the message says how to get it.
    """
    folder = uiuc_parent() / "CarData"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder}: the UIUC photographs are not part of the course. Fetch them with"
            " `make data` (or `python -m helpers data`), or set UIUC_CARS_DIR to the folder that"
            " holds CarData."
        )
    return folder


def has_uiuc(part: str = "TrainImages") -> bool:
    """Whether the UIUC photographs (or that part of them, a folder in CarData) are here."""
    return (uiuc_parent() / "CarData" / part).is_dir()


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_left_behind(path: Path) -> bool:
    """Whether a file is nobody's: a system or a file manager has put it there, unasked.

    Args:
        path: of the file, relative to the folder that is looked through.

    >>> [is_left_behind(Path(name)) for name in ("a/.DS_Store", "._1.png", "Thumbs.db", "1.png")]
    [True, True, True, False]
    """
    return any(fnmatchcase(part.lower(), name) for part in path.parts for name in LEFT_BEHIND)


def is_text(name: str) -> bool:
    """Whether a file's name is text: one from an old zip may be bytes that are no UTF-8.

    >>> is_text("Tür"), is_text("T\\udcfcr")
    (True, False)
    """
    return not any("\ud800" <= sign <= "\udfff" for sign in name)


def own_files(folder: Path) -> list[Path]:
    """What a user has put into a folder and into folders of it, sorted.

    Hidden files are none of that, such as a picture in a wastebasket, or the copies that Jupyter
    keeps; nor is what systems leave behind. There is nothing in a folder that is not there, or
    is a file.

    Raises:
        OSError: a folder must not be looked into; `Path.rglob` would pass it over in silence.
    """
    found: list[Path] = []
    for where, folders, names in os.walk(folder, onerror=_unless_missing):
        folders[:] = [name for name in folders if _is_own(name)]
        found += [Path(where, name) for name in names if _is_own(name)]
    return sorted(found)


def _is_own(name: str) -> bool:
    return not name.startswith(".") and not is_left_behind(Path(name))


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def unread_files(files: Iterable[Path], read: Sequence[str]) -> str:
    """How many files are not of a kind that is read, and of which kinds; or nothing.

    Args:
        files: of a folder of pictures. Texts may lie among them.
        read: the endings of what is read.

    >>> unread_files([Path("1.png"), Path("2.HEIC"), Path("boxes.json")], (".png",))
    '1 files of a kind that is not read (.heic): save them as JPEG or PNG'
    """
    known = (*read, ".json", ".xml", ".txt")
    others = [path.suffix.lower() for path in files if path.suffix.lower() not in known]
    if not others:
        return ""
    kinds = ", ".join(sorted({suffix or "no ending" for suffix in others}))
    return f"{len(others)} files of a kind that is not read ({kinds}): save them as JPEG or PNG"


def read_text(path: Path) -> str:
    """A text file in UTF-8, or in whatever its byte order mark says, which editors write.

    Raises:
        ValueError: the file is no such text; the message names it.
    """
    contents = path.read_bytes()
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    encoding = "utf-16" if contents.startswith(marks) else "utf-8-sig"
    try:
        return contents.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8 or UTF-16") from error


def check_writable(path: Path) -> None:
    """Try whether a file could be written at `path`, before the work whose result goes there.

    Leaves nothing behind, no folder either.

    Raises:
        OSError: it could not; the message names `path` and says why.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, not a file to write: name a file in it")
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is no ordinary file: name another")
    check_folder(path.parent, path)


def check_folder(folder: Path, target: Path | None = None) -> None:
    """Try whether files could be written in a folder, which need not be there yet.

    Args:
        folder: leaves nothing behind there.
        target: what the message is about, where that is one file of it.

    Raises:
        OSError: they could not; the message names `target`, or the folder, and says why.
    """
    existing = folder.absolute()
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise NotADirectoryError(f"cannot write {target or folder}: {existing} is no folder")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise type(error)(f"cannot write {target or folder}: {error.strerror}") from error


def write_atomically(path: Path, contents: bytes) -> None:
    """Write a file atomically: beside the target first, then renamed in one step.

    Folders that are missing are made. What a link points to is replaced, not the link.

    Args:
        path: of the file; replaced if it is there.
        contents: its bytes.

    Raises:
        OSError: it could not be written; the message names `path`, which is as it was.
    """
    target = Path(path).resolve()
    if target.exists() and not target.is_file():  # /dev/null, say, must not become a file
        raise OSError(f"cannot write {path}: it is no ordinary file")
    temporary = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except OSError as error:
        raise type(error)(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def write_checksums(folder: Path) -> None:
    """List every file of `folder` in its `checksums.sha256`, sorted.

    Hidden files, and what systems and editors leave behind, are none of the course's.
    """
    listing = folder / CHECKSUMS
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    names = [n for n in names if not any(part.startswith(".") for part in n.parts)]
    names = [n for n in names if not is_left_behind(n)]
    files = sorted(folder / name for name in names if folder / name != listing)
    rows = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    write_atomically(listing, "".join(rows).encode())


def read_checksums(folder: Path) -> dict[str, str]:
    """The `checksums.sha256` of a folder, as `sha256sum` or `write_checksums` wrote it.

    Returns:
        The SHA-256 of each file by its path in the folder; nothing if there is no list.
    """
    listing = folder / CHECKSUMS
    # Of sha256sum's two columns, the second begins with "*" for a file that was read as bytes.
    lines = re.findall(r"(?m)^(\w+) [ *](.+?)\r?$", read_text(listing)) if listing.is_file() else []
    return {name: digest.lower() for digest, name in lines}


def verify_checksums(folder: Path, only: str = "") -> None:
    """Compare the files of `folder` with its `checksums.sha256`.

    Args:
        folder: where the files and the list are.
        only: just the files whose path begins so are compared; all of them by default.

    Raises:
        FileNotFoundError: the list, or a file of it, is missing; the message says how to fix it.
        ValueError: a file differs, or the list names none.
    """
    listing = folder / CHECKSUMS
    fix = f"get the course's copy back with: git checkout -- {folder} (or draw your own again)"
    if not listing.is_file():
        raise FileNotFoundError(f"{listing} is missing; {fix}")
    listed = read_checksums(folder)
    chosen = [name for name in listed if name.startswith(only)]
    if not chosen:  # nothing to compare with is no proof
        raise ValueError(f"{listing} is damaged (it lists no {only or 'file'}); {fix}")
    for name in chosen:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is missing; {fix}")
        if sha256(folder / name) != listed[name]:
            raise ValueError(f"{folder / name} is damaged (its checksum differs); {fix}")
