"""Files: where they lie, whether they can be written, and that they are whole."""

import os
import subprocess
import sys

import pytest

from helpers import paths
from helpers.paths import (
    check_folder,
    check_writable,
    folder_from,
    verify_checksums,
    write_atomically,
    write_checksums,
)

READ_ONLY = "/proc/self" if os.path.isdir("/proc/self") else ""  # not even root writes there
on_linux = pytest.mark.skipif(not READ_ONLY, reason="a folder that nobody can write to")


# Folders named by the environment


@pytest.mark.parametrize(
    ("named", "expected"), [("", "default"), ("  ", "default"), ("x/y", "x/y")]
)
def test_an_empty_variable_counts_as_none(monkeypatch, named, expected):
    monkeypatch.setenv("A_FOLDER", named)
    assert folder_from("A_FOLDER", paths.Path("default")) == paths.Path(expected)
    monkeypatch.delenv("A_FOLDER")
    assert folder_from("A_FOLDER", paths.Path("default")) == paths.Path("default")


@pytest.mark.parametrize("named", ["", "~/elsewhere"])
def test_the_data_folder_is_never_the_current_one_by_mistake(tmp_path, named):
    ask = "from helpers.paths import DATA; print(DATA)"
    environment = os.environ | {"COURSE_DATA_DIR": named, "HOME": str(tmp_path)}
    environment["PYTHONPATH"] = str(paths.ROOT)
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    expected = tmp_path / "elsewhere" if named else paths.ROOT / "data"
    assert done.stdout.strip() == str(expected), done.stderr


# Can it be written?


def test_what_can_be_written_is_not_written_yet(tmp_path):
    check_writable(tmp_path / "new" / "folder" / "file")
    check_folder(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file_to_write(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder, not a file to write"):
        check_writable(tmp_path)


def test_a_file_is_no_folder_to_write_in(tmp_path):
    (tmp_path / "file").write_text("x")
    for check, path in (
        (check_writable, "file/a"),
        (check_folder, "file"),
        (check_folder, "file/a"),
    ):
        with pytest.raises(
            NotADirectoryError, match=rf"cannot write .*{path}: .*file is no folder"
        ):
            check(tmp_path / path)


@on_linux
def test_where_nobody_can_write_the_message_names_the_target():
    target = paths.Path(READ_ONLY, "model.safetensors")
    for attempt in (check_writable, lambda path: write_atomically(path, b"")):
        with pytest.raises(OSError, match=rf"^cannot write {target}: ") as error:
            attempt(target)
        assert ".part" not in str(error.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a special file")
def test_a_special_file_does_not_become_a_file(tmp_path):
    """A pipe, or /dev/null: not tried on that, which a test that fails would replace."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for attempt in (check_writable, lambda path: write_atomically(path, b"x")):
        with pytest.raises(OSError, match="no ordinary file"):
            attempt(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "pipe").is_fifo()


def test_what_a_link_points_to_is_replaced(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "link").is_symlink()


# Checksums


@pytest.fixture
def listed(tmp_path):
    for name in ("a b.txt", "c.txt"):
        (tmp_path / name).write_text(name)
    write_checksums(tmp_path)
    return tmp_path


def test_hidden_files_and_clutter_are_not_listed(listed):
    before = (listed / "checksums.sha256").read_bytes()
    for name in (".DS_Store", "._c.txt", "Thumbs.db"):
        (listed / name).write_bytes(b"clutter")
    (listed / ".cache").mkdir()
    (listed / ".cache" / "x").write_bytes(b"clutter")
    write_checksums(listed)
    assert (listed / "checksums.sha256").read_bytes() == before


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("  ", " *", 1).encode(),
        lambda text: text[:64].upper().encode() + text[64:].encode(),
    ],
    ids=["line ends", "utf-16", "mark", "binary", "capitals"],
)
def test_a_list_may_be_written_by_other_programs(listed, rewrite):
    text = (listed / "checksums.sha256").read_text()
    (listed / "checksums.sha256").write_bytes(rewrite(text))
    verify_checksums(listed)
    (listed / "a b.txt").write_text("other")
    with pytest.raises(ValueError, match=r"a b\.txt is damaged"):
        verify_checksums(listed)
