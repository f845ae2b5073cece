"""Fetch the UIUC photographs: verified, unpacked safely, atomically."""

import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pooch
import requests
from tqdm.auto import tqdm

from helpers.datasets.uiuc import pictures
from helpers.paths import read_text

# The official hosts first, then a mirror.
URLS = (
    "http://l2r.cs.uiuc.edu/~cogcomp/Data/Car/CarData.tar.gz",
    "http://cogcomp.cs.illinois.edu/Data/Car/CarData.tar.gz",
    "https://github.com/gcr/arc-evaluator/raw/a7ec771f3b601c4e5a2e885e58efd31dbf37a1fe/CarData.tar.gz",
)
# Hosts may pack the same pictures anew, so the contents are checked and not the archive.
DIGESTS = {
    "TrainImages": "62bcf9a22f0fea1ac2c234312d889111d9824cfe2eafb33d62660fbf83a5938a",
    "TestImages": "a0bdd7ffceaf4dce2c0dcc878d4efa12a2b16312a0aabbd8ba9e930da7bbb1bf",
    "trueLocations.txt": "edd5da941298432348602bf5b3f0f80773cafd3748c1679829bcf5f6a2b24f66",
}
LARGEST_CONTENTS = 200 * 2**20


class UnsafeArchive(ValueError):
    """An archive that would write outside its folder, or far too much."""


def part_digest(path: Path) -> str:
    """SHA-256 over the sorted names and contents of a folder's pictures, or of a text file's words.

    What a host or a system adds or changes besides (index files, line ends, a byte order mark,
    macOS's `._pos-0.pgm`) makes no difference.
    """
    digest = hashlib.sha256()
    if not path.is_dir():
        digest.update(" ".join(read_text(path).split()).encode())
        return digest.hexdigest()
    for file in pictures(path):
        contents = file.read_bytes()
        digest.update(f"{file.name} {len(contents)}\n".encode())
        digest.update(contents)
    return digest.hexdigest()


def verify_uiuc(folder: Path, digests: Mapping[str, str] = DIGESTS) -> None:
    """Make sure that the photographs are those of the data set.

    Args:
        folder: CarData.
        digests: `part_digest` of each part by its name. The multi-scale photographs have no
            published one: they are read, not verified.

    Raises:
        FileNotFoundError: a part is missing.
        ValueError: a part holds something else.
    """
    for part, expected in digests.items():
        if not (folder / part).exists():
            raise FileNotFoundError(f"{folder / part} is missing")
        if part_digest(folder / part) != expected:
            raise ValueError(f"{folder / part} does not hold what the UIUC data set holds")


def fetch_uiuc(
    parent: Path,
    *,
    urls: Sequence[str] = URLS,
    digests: Mapping[str, str] = DIGESTS,
    progress: bool = True,
) -> Path:
    """Make sure that `parent`/CarData is there and right, downloading it if need be.

    Can be interrupted at any time and repeated: CarData appears only when it is complete. A CarData
    that is there but wrong is kept under another name.

    Args:
        parent: the folder that holds CarData, or will; made if it is missing.
        urls: tried in turn.
        digests: as for `verify_uiuc`.
        progress: show bars.

    Returns:
        The folder CarData.

    Raises:
        ConnectionError: no address gives the right contents; each failure is named.
    """
    target = parent / "CarData"
    try:
        verify_uiuc(target, digests)
        return target
    except (FileNotFoundError, ValueError) as problem:
        if target.exists():
            print(f"{problem}: fetching the data again")
    parent.mkdir(parents=True, exist_ok=True)
    failures = []
    for url in urls:
        try:
            _fetch_from(url, target, digests, progress)
            return target
        except (OSError, ValueError, EOFError, tarfile.TarError) as error:
            failures.append((url, _reason(error)))
    raise ConnectionError(
        f"could not fetch the UIUC photographs: {_in_words(failures)}. Try again later, or unpack"
        " CarData.tar.gz from elsewhere and set UIUC_CARS_DIR to the folder that holds CarData"
    )


def _reason(error: Exception) -> str:
    """Why an address failed, without a library's inner life."""
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        return "no connection"
    return str(error)


def _in_words(failures: Sequence[tuple[str, str]]) -> str:
    """Each failure by its address; where no network is to be had, just that."""
    if {reason for _, reason in failures} == {"no connection"}:
        hosts = (urlsplit(url).netloc for url, _ in failures)
        return f"no connection to {', '.join(hosts)}"
    return "; ".join(f"{url}: {reason}" for url, reason in failures)


def _fetch_from(url: str, target: Path, digests: Mapping[str, str], progress: bool) -> None:
    pooch.get_logger().setLevel("WARNING")  # the bar says what is fetched
    # Everything happens in a folder of its own beside the target; the last step is one rename.
    with tempfile.TemporaryDirectory(dir=target.parent, suffix=".part") as temporary:
        archive = pooch.retrieve(
            url, known_hash=None, fname="CarData.tar.gz", path=temporary, progressbar=progress
        )
        unpack(Path(archive), Path(temporary), progress=progress)
        verify_uiuc(Path(temporary) / "CarData", digests)
        if target.exists():
            os.replace(target, _free_name(target))
        os.replace(Path(temporary) / "CarData", target)


def _free_name(path: Path) -> Path:
    number = 1
    while (other := path.with_name(f"{path.name}.wrong-{number}")).exists():
        number += 1
    return other


def unpack(archive: Path, folder: Path, *, progress: bool = False) -> None:
    """Unpack a tar archive's plain files into `folder`.

    Args:
        archive: plain or compressed.
        folder: made if it is missing.
        progress: show a bar.

    Raises:
        UnsafeArchive: for paths outside the folder, links, devices, or contents of more than
            200 MiB, before anything is written.
        tarfile.TarError, EOFError: for a damaged archive.
    """
    try:
        with tarfile.open(archive) as tar:
            members = list(_safe_members(tar))
            for member in tqdm(members, desc="unpacking", unit="file", disable=not progress):
                path = folder / member.name
                path.parent.mkdir(parents=True, exist_ok=True)
                with tar.extractfile(member) as source, open(path, "wb") as file:
                    shutil.copyfileobj(source, file)
    except zlib.error as error:  # which tarfile lets through
        raise tarfile.ReadError(f"the archive is damaged: {error}") from error


def _safe_members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    total = 0
    for member in tar:
        path = PurePosixPath(member.name)
        if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name:
            raise UnsafeArchive(f"the archive would write outside its folder: {member.name!r}")
        if member.isdir():
            continue
        if not member.isfile():
            raise UnsafeArchive(f"the archive holds a link or device: {member.name!r}")
        total += member.size
        if total > LARGEST_CONTENTS:
            raise UnsafeArchive(f"the archive unpacks to more than {LARGEST_CONTENTS} bytes")
        yield member
