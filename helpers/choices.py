"""What was fastest on this machine: remembered and, where asked, kept in a file for the next time.

>>> choices = Choices()
>>> choices.put(["convolution", 7, 22], [12, 55])
>>> choices.get(["convolution", 7, 22]), choices.get(["convolution", 5, 5])
([12, 55], None)
"""

import json
from pathlib import Path

import torch

import helpers
from helpers.devices import processor
from helpers.paths import write_atomically

NAME = "fastest"  # of the one entry in the file


def users_file() -> Path:
    """A file in this user's own cache folder, for `accelerate(fcn, tune=users_file())`."""
    import pooch

    return Path(pooch.os_cache("from-classifier-to-detector")) / "fastest.json"


class Choices:
    """What was chosen for each case, on this processor, with these threads and this PyTorch.

    Args:
        file: JSON that keeps them; made when the first choice is. One that cannot be written is
            done without: measuring again gives the same answers. None: no file.

    Raises:
        ValueError: the file is there, and holds something else: it is not touched.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known = self._read()

    def get(self, case: list, device: str = "cpu") -> object:
        """What `put` was told last, here or else by another process; None if nothing."""
        key = _key(case, device)
        if key not in self._known:
            self._known = self._read() | self._known
        return self._known.get(key)

    def put(self, case: list, choice: object, device: str = "cpu") -> None:
        """Remember a choice, which JSON can write."""
        self._known = self._known | self._read() | {_key(case, device): choice}
        if self._file is not None:
            try:
                write_atomically(self._file, json.dumps({NAME: self._known}, indent=0).encode())
            except OSError:
                self._file = None

    def _read(self) -> dict[str, object]:
        if self._file is None or not self._file.exists():
            return {}
        try:
            known = json.loads(self._file.read_bytes())[NAME]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            known = None
        if not isinstance(known, dict):
            raise ValueError(
                f"{self._file} does not hold what was measured: name another file, or remove it"
            )
        return known


def _key(case: list, device: str) -> str:
    here = [processor(device), torch.__version__, helpers.__version__, torch.get_num_threads()]
    return json.dumps(here + case)
