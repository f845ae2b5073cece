"""What an earlier run left that was killed: folders named after a process that is gone."""

import re
import shutil
from pathlib import Path

import psutil

BOXES = Path("/tmp")


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
