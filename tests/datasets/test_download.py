"""Fetching the photographs: from a small server of our own, with everything that may go wrong."""

import gzip
import http.server
import io
import random
import shutil
import tarfile
import threading

import pytest

from helpers.datasets import download
from helpers.datasets.download import (
    DIGESTS,
    URLS,
    UnsafeArchive,
    fetch_uiuc,
    part_digest,
    unpack,
    verify_uiuc,
)
from helpers.datasets.uiuc import uiuc_folder

# A data set of the official layout, made of noise: name -> contents.
NOISE = random.Random(0)
FILES = {
    **{f"CarData/TrainImages/neg-{n}.pgm": NOISE.randbytes(500) for n in range(11)},
    **{f"CarData/TrainImages/pos-{n}.pgm": NOISE.randbytes(500) for n in range(3)},
    **{f"CarData/TestImages/test-{n}.pgm": NOISE.randbytes(900) for n in range(2)},
    "CarData/trueLocations.txt": b"0: (48,26)\n1: (61,20) (63,140)\n",
    "CarData/README.txt": b"This and that.\n",
}


def member(name, contents=b"", kind=tarfile.REGTYPE, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, len(contents)
    return info, contents


def archive(*members, mode="w:gz"):
    """The bytes of a tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:
        for info, contents in members:
            tar.addfile(info, io.BytesIO(contents))
    return stream.getvalue()


def good_archive(files=FILES):
    return archive(*(member(name, contents) for name, contents in files.items()))


def write_files(folder, files=FILES):
    for name, contents in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(contents)
    return folder / "CarData"


@pytest.fixture(scope="module")
def digests(tmp_path_factory):
    folder = write_files(tmp_path_factory.mktemp("right"))
    return {name: part_digest(folder / name) for name in DIGESTS}


@pytest.fixture
def server():
    """A web server on this machine: `server.pages` maps paths to bytes, `server.asked` counts."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            contents = self.server.pages.get(self.path)
            self.send_response(404 if contents is None else 200)
            self.send_header("Content-Length", str(len(contents or b"")))
            self.end_headers()
            self.wfile.write(contents or b"")

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.pages, running.asked = {}, []
        running.url = f"http://127.0.0.1:{running.server_port}"
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def fetch(server, digests, tmp_path):
    """fetch(contents, …): serve each of them at an address of its own, and fetch the data set."""

    def fetch_from(*pages):
        urls = [f"{server.url}/{number}.tar.gz" for number in range(len(pages))]
        server.pages = {f"/{n}.tar.gz": page for n, page in enumerate(pages) if page is not None}
        return fetch_uiuc(tmp_path / "uiuc", urls=urls, digests=digests, progress=False)

    return fetch_from


def names_in(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


# When all is well


def test_the_data_set_is_fetched_whole_and_nothing_else_is_left(fetch, tmp_path):
    folder = fetch(good_archive())
    assert folder == tmp_path / "uiuc" / "CarData"
    assert names_in(tmp_path / "uiuc") == ["CarData"]
    for name, contents in FILES.items():
        assert (tmp_path / "uiuc" / name).read_bytes() == contents


def test_a_second_call_downloads_nothing(fetch, server):
    fetch(good_archive())
    assert server.asked == ["/0.tar.gz"]
    fetch(good_archive())
    assert server.asked == ["/0.tar.gz"]


def test_an_uncompressed_archive_with_folders_and_other_files_will_do(fetch):
    members = [member("CarData", kind=tarfile.DIRTYPE), member("CarData/.index", b"extra")]
    members += [member(name, contents) for name, contents in FILES.items()]
    assert (fetch(archive(*members, mode="w")) / ".index").read_bytes() == b"extra"


def test_progress_is_shown_when_asked_for(server, digests, tmp_path, capfd):
    server.pages = {"/a": good_archive()}
    fetch_uiuc(tmp_path, urls=[f"{server.url}/a"], digests=digests, progress=True)
    assert "unpacking" in capfd.readouterr().err


# When an address does not work


@pytest.mark.parametrize(
    "page",
    [
        None,  # 404
        b"",
        b"<html>This server has moved.</html>",
        good_archive()[:-2000],
        good_archive()[:100],
        gzip.compress(b"no tar archive at all"),
        good_archive(dict.fromkeys(FILES, b"other")),
        good_archive({name: FILES[name] for name in list(FILES)[1:]}),
        archive(member("Elsewhere/a.pgm", b"a")),
        archive(),
    ],
    ids=[
        "404",
        "empty",
        "html",
        "truncated",
        "very short",
        "no tar",
        "wrong contents",
        "a picture missing",
        "no CarData",
        "empty archive",
    ],
)
def test_the_next_address_is_tried(fetch, server, tmp_path, page):
    folder = fetch(page, good_archive())
    assert server.asked == ["/0.tar.gz", "/1.tar.gz"]
    assert names_in(tmp_path / "uiuc") == ["CarData"]
    assert (folder / "trueLocations.txt").is_file()


def test_a_dead_host_is_passed_over(server, digests, tmp_path):
    server.pages = {"/a": good_archive()}
    urls = ["http://127.0.0.1:1/CarData.tar.gz", f"{server.url}/a"]
    assert fetch_uiuc(tmp_path, urls=urls, digests=digests, progress=False).is_dir()


def test_every_failure_is_named_when_no_address_works(fetch, server, tmp_path):
    with pytest.raises(ConnectionError) as error:
        fetch(None, b"no archive", good_archive({"CarData/TrainImages/neg-0.pgm": b"x"}))
    message = str(error.value)
    assert f"{server.url}/0.tar.gz: 404" in message
    assert f"{server.url}/1.tar.gz: file could not be opened" in message
    assert f"{server.url}/2.tar.gz: " in message
    assert "does not hold what the UIUC data set holds" in message
    assert "UIUC_CARS_DIR" in message
    assert names_in(tmp_path / "uiuc") == []


def test_without_a_network_there_is_one_short_line(tmp_path, capfd):
    urls = ["http://127.0.0.1:1/a.tar.gz", "http://localhost:1/a.tar.gz"]
    with pytest.raises(ConnectionError) as error:
        fetch_uiuc(tmp_path / "uiuc", urls=urls)
    expected = (
        "could not fetch the UIUC photographs: no connection to 127.0.0.1:1, localhost:1. Try"
    )
    assert str(error.value).startswith(expected)
    assert "\n" not in str(error.value)
    assert "Downloading" not in capfd.readouterr().err


# Archives that would do harm

HARMFUL = {
    "parent": member("../evil.pgm", b"x"),
    "hidden parent": member("CarData/../../evil.pgm", b"x"),
    "absolute": member("/tmp/evil.pgm", b"x"),
    "windows": member("CarData\\..\\..\\evil.pgm", b"x"),
    "drive": member("C:evil.pgm", b"x"),
    "symbolic link": member("CarData/link", kind=tarfile.SYMTYPE, target="/etc/passwd"),
    "hard link": member("CarData/link", kind=tarfile.LNKTYPE, target="../../secret"),
    "device": member("CarData/device", kind=tarfile.CHRTYPE),
    "pipe": member("CarData/pipe", kind=tarfile.FIFOTYPE),
    "parent folder": member("../evil", kind=tarfile.DIRTYPE),
}


@pytest.mark.parametrize("bad", HARMFUL.values(), ids=HARMFUL.keys())
def test_a_harmful_archive_writes_nothing_at_all(tmp_path, bad):
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(archive(*(member(*item) for item in FILES.items()), bad))
    folder = tmp_path / "inner" / "folder"
    folder.mkdir(parents=True)
    with pytest.raises(UnsafeArchive, match=r"outside its folder|link or device"):
        unpack(path, folder)
    assert names_in(folder) == []
    assert names_in(tmp_path / "inner") == ["folder"]
    assert names_in(tmp_path) == ["archive.tar.gz", "inner"]


def test_an_archive_that_unpacks_to_too_much_writes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(archive(member("CarData/a.pgm", bytes(600)), member("CarData/b", bytes(600))))
    monkeypatch.setattr(download, "LARGEST_CONTENTS", 1199)
    with pytest.raises(UnsafeArchive, match="more than 1199 bytes"):
        unpack(path, tmp_path / "folder")
    assert names_in(tmp_path) == ["archive.tar.gz"]
    monkeypatch.setattr(download, "LARGEST_CONTENTS", 1200)
    unpack(path, tmp_path / "folder")
    assert names_in(tmp_path / "folder" / "CarData") == ["a.pgm", "b"]


@pytest.mark.parametrize("name", ["parent", "symbolic link"])
def test_a_harmful_download_is_passed_over_for_the_next_address(fetch, tmp_path, name):
    fetch(archive(*(member(*item) for item in FILES.items()), HARMFUL[name]), good_archive())
    assert names_in(tmp_path) == ["uiuc"]
    assert names_in(tmp_path / "uiuc") == ["CarData"]


def test_damage_anywhere_in_an_archive_is_an_error_that_fetch_understands(tmp_path):
    letters = random.Random(1)
    text = bytes(letters.choice(b"abcdefgh") for _ in range(60_000))
    whole = archive(member("CarData/a.pgm", text), member("CarData/b.pgm", text[::-1]))
    path, seen = tmp_path / "archive.tar.gz", set()
    for _ in range(60):
        damaged = bytearray(whole)
        for place in letters.sample(range(len(whole)), 3):
            damaged[place] = letters.randrange(256)
        path.write_bytes(damaged)
        try:
            unpack(path, tmp_path / "folder")
        except (tarfile.TarError, EOFError, OSError) as error:
            seen.add(type(error))
    assert tarfile.ReadError in seen


# Interruptions


@pytest.mark.parametrize("where", ["download", "unpacking", "checking", "just before the end"])
def test_an_interruption_leaves_nothing_and_a_repetition_succeeds(
    fetch, tmp_path, monkeypatch, where
):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    def stop_midway(url, known_hash, fname, path, progressbar):
        with open(f"{path}/{fname}", "wb") as file:
            file.write(good_archive()[:500])
        raise KeyboardInterrupt

    def write_a_little_and_stop(source, target):
        target.write(source.read(10))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if where == "download":
            patch.setattr(download.pooch, "retrieve", stop_midway)
        elif where == "unpacking":
            patch.setattr(download.shutil, "copyfileobj", write_a_little_and_stop)
        elif where == "checking":
            patch.setattr(download, "part_digest", stop)
        else:
            patch.setattr(download.os, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            fetch(good_archive())
    assert names_in(tmp_path / "uiuc") == []
    fetch(good_archive())
    assert names_in(tmp_path / "uiuc") == ["CarData"]


# What is there already


def test_data_that_are_there_and_right_are_left_alone(server, digests, tmp_path):
    folder = write_files(tmp_path)
    assert fetch_uiuc(tmp_path, urls=[], digests=digests) == folder
    assert server.asked == []


def test_wrong_data_are_kept_under_another_name(fetch, tmp_path, capsys):
    folder = write_files(tmp_path / "uiuc")
    for attempt in (1, 2):
        (folder / "TrainImages" / "neg-3.pgm").write_bytes(b"mine")
        fetch(good_archive())
        assert "fetching the data again" in capsys.readouterr().out
        kept = tmp_path / "uiuc" / f"CarData.wrong-{attempt}"
        assert (kept / "TrainImages" / "neg-3.pgm").read_bytes() == b"mine"
        assert (folder / "TrainImages" / "neg-3.pgm").read_bytes() != b"mine"
    assert names_in(tmp_path / "uiuc") == ["CarData", "CarData.wrong-1", "CarData.wrong-2"]


def test_wrong_data_stay_where_they_are_if_nothing_better_comes(fetch, tmp_path):
    folder = write_files(tmp_path / "uiuc", {"CarData/mine.txt": b"mine"})
    with pytest.raises(ConnectionError):
        fetch(None)
    assert (folder / "mine.txt").read_bytes() == b"mine"
    assert names_in(tmp_path / "uiuc") == ["CarData"]


# Digests


def test_the_digest_sees_pictures_and_their_names_only(tmp_path):
    folder = write_files(tmp_path) / "TrainImages"
    first = part_digest(folder)
    for clutter in (".DS_Store", "._neg-0.pgm", "neg-0 (1).pgm"):
        (folder / clutter).write_bytes(b"clutter")
        assert part_digest(folder) == first, clutter
    (folder / "neg-0.pgm").rename(folder / "neg-99.pgm")
    renamed = part_digest(folder)
    assert renamed != first
    shutil.copy(folder / "neg-99.pgm", folder / "neg-0.pgm")
    assert part_digest(folder) not in (first, renamed)


def test_the_digest_of_a_text_ignores_line_ends_but_no_words(tmp_path):
    path = tmp_path / "trueLocations.txt"
    digests = []
    for text in (b"0: (1,2)\n1: (3,4)\n", b"0: (1,2)\r\n1: (3,4)", b"0: (1,2)\n1: (3,5)\n"):
        path.write_bytes(text)
        digests.append(part_digest(path))
    assert digests[0] == digests[1] != digests[2]
    for encoding in ("utf-8-sig", "utf-16"):
        path.write_bytes("0: (1,2)\r\n1: (3,4)".encode(encoding))
        assert part_digest(path) == digests[0], encoding


@pytest.mark.parametrize("part", ["TrainImages", "trueLocations.txt"])
def test_a_missing_part_is_named(tmp_path, digests, part):
    folder = write_files(tmp_path)
    verify_uiuc(folder, digests)
    shutil.move(folder / part, tmp_path / "away")
    with pytest.raises(FileNotFoundError, match=f"{part} is missing"):
        verify_uiuc(folder, digests)


def test_the_addresses_are_the_official_ones_first_and_then_the_mirror():
    assert [url.split("/")[2] for url in URLS] == [
        "l2r.cs.uiuc.edu",
        "cogcomp.cs.illinois.edu",
        "github.com",
    ]


@pytest.mark.needs_uiuc
def test_the_real_photographs_have_the_expected_digests():
    verify_uiuc(uiuc_folder())
    assert {part_digest(uiuc_folder() / part) for part in DIGESTS} == set(DIGESTS.values())
