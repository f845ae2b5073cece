"""Where the course keeps its data, and what keeps files whole."""

import hashlib
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("COURSE_DATA_DIR", ROOT / "data"))


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, contents: bytes) -> None:
    """Write a file whole or not at all: beside the target first, then renamed in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_checksums(folder: Path) -> None:
    """List every file of `folder` in its `checksums.sha256`, sorted."""
    listing = folder / "checksums.sha256"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != listing)
    rows = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    write_atomically(listing, "".join(rows).encode())


def verify_checksums(folder: Path, only: str = "") -> None:
    """Compare the files of `folder` with its `checksums.sha256` (as `sha256sum` writes it).

    With `only`, just the files whose path begins so. Raises FileNotFoundError for what is missing
    and ValueError for what was changed, and says how to mend it.
    """
    listing = folder / "checksums.sha256"
    mend = f"get the course's copy back with: git checkout -- {folder} (or draw your own again)"
    if not listing.is_file():
        raise FileNotFoundError(f"{listing} is missing; {mend}")
    lines = [line.partition("  ") for line in listing.read_text().splitlines()]
    chosen = [(expected, name) for expected, _, name in lines if name and name.startswith(only)]
    if not chosen:  # nothing to compare with is no proof
        raise ValueError(f"{listing} is damaged (it lists no {only or 'file'}); {mend}")
    for expected, name in chosen:
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder / name} is missing; {mend}")
        if sha256(folder / name) != expected:
            raise ValueError(f"{folder / name} is damaged (its checksum differs); {mend}")
