"""Folders to work in, named after the process: what a run left that was killed can be told."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

BOXES = Path("/tmp")


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """A folder beside `target`, gone at the end."""
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{target.name}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix) as folder:
        yield Path(folder).resolve()


def remove_leftovers(target: Path) -> None:
    """Remove the work folders beside `target`, and the boxes, of processes that are gone."""
    patterns = [
        (target.parent, rf"\.{re.escape(target.name)}-(\d+)-\w+"),
        (BOXES, r"box-(\d+)-\w+"),
    ]
    for folder, pattern in patterns:
        for path in folder.iterdir() if folder.is_dir() else ():
            found = re.fullmatch(pattern, path.name)
            if found and not psutil.pid_exists(int(found[1])) and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
