"""A plugin of pytest: nbval compares numbers marked with ≈ within a tolerance, all else strictly.

nbval compares the outputs of a notebook with the saved ones, letter by letter. Numbers that depend
on the processor, on the number of threads or on the clock could then not be printed at all. With
this plugin the notebook itself says how exact a number is, and its readers see it, too:

| saved output              | a new one may have                                               |
| ------------------------- | ---------------------------------------------------------------- |
| `≈ 0.72`                  | 10 % more or less: 0.648 to 0.792                                |
| `≈ 98.8 %`                | 10 % of the value more or less: 88.92 % to 108.68 %              |
| `≈ 0.72 ± 0.05`           | what is written: 0.67 to 0.77                                    |
| `≈ 98.8 % ± 0.5 %`        | what is written, in the unit of the number: 98.3 % to 99.3 %     |
| `≈ 41 s ± 5 ms`, `± x`    | nothing but 41: another unit, or no number                       |
| `≈ 41 s`                  | any time: s, ms, µs, ns, min, h, seconds, minutes, hours         |
| `≈ 3.1 times as fast`     | any number                                                       |
| `≈ 0`                     | nothing but 0                                                    |
| `0.72`, `about 0.72`      | nothing else                                                     |

Each number needs a ≈ of its own; it stands before the number, with or without a space. The number
may have a sign (- or −), thousands with a comma (1,234,567), a fraction and an exponent (1e-6).
Spaces between ≈ and the number do not count, so that columns may be aligned. The words around a
number, its unit and the ± are compared strictly, as everything else is, and so is `≈ nan`.

How it works: where a new number is within the tolerance of the saved one, it is replaced by that,
and then nbval compares as ever. So nothing can pass that differs in anything else. Output of any
kind of text takes part: streams, text/plain, text/html.

Use: `python -m pytest -p tools.approximate --nbval FILE.ipynb`. It needs only nbval, and this file.
"""

import copy
import re
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from types import MethodType

import pytest
from nbval.plugin import IPyNbCell

SHARE = Decimal("0.1")
NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?"
TIME = r"(?:s|ms|µs|μs|us|ns|min|h|seconds?|minutes?|hours?)"
APPROXIMATE = re.compile(
    rf"≈(?P<space>[ \u00a0]*)(?P<number>[-−+]?{NUMBER})"
    rf"(?P<rest>(?:[ \u00a0]?(?P<unit>[^\W\d_]++|%))?[^≈±\d\n]*±"
    rf"[ \u00a0]*(?P<tolerance>{NUMBER}|)(?:[ \u00a0]?(?P<of>{TIME}\b|%))?"
    rf"|[ \u00a0]?(?P<time>{TIME})\b|(?P<ratio> times as fast\b))?"
)


def settle(saved: str, new: str) -> tuple[str, list[str]]:
    """The new text with the saved numbers in place of those that are close enough.

    Returns:
        The text, and a sentence on each number that is too far from the saved one.

    >>> settle("loss ≈ 0.72, 3 cars", "loss ≈ 0.75, 3 cars")
    ('loss ≈ 0.72, 3 cars', [])
    >>> settle("loss ≈ 0.72, 3 cars", "loss ≈ 0.9, 3 cars")
    ('loss ≈ 0.9, 3 cars', ['≈ 0.9 is not within 10 % of ≈ 0.72'])
    """
    marks, problems = list(APPROXIMATE.finditer(saved)), []
    numbers = iter(marks)

    def compare(found: re.Match) -> str:
        mark = next(numbers, None)
        if mark is None:
            return found[0]
        if not _are_close(mark, found):
            limit = "10 %" if mark["tolerance"] is None else _tolerance(mark)
            problems.append(f"≈ {found['number']} is not within {limit} of ≈ {mark['number']}")
            return found[0]
        return f"≈{mark['space']}{mark['number']}{found['rest'] or ''}"

    return APPROXIMATE.sub(compare, new), problems


def _are_close(saved: re.Match, new: re.Match) -> bool:
    if saved["time"] or saved["ratio"]:
        return True
    return abs(_value(new["number"]) - _value(saved["number"])) <= _tolerance(saved)


def _tolerance(saved: re.Match) -> Decimal:
    """How far a new number may be from the saved one; 0 for a ± that says nothing about it."""
    if saved["tolerance"] is None:
        return SHARE * abs(_value(saved["number"]))
    other = saved["unit"] and saved["of"] and saved["unit"] != saved["of"]
    return Decimal(0) if other else _value(saved["tolerance"] or "0")


def _value(number: str) -> Decimal:
    return Decimal(number.replace(",", "").replace("−", "-"))


def settle_outputs(saved: Iterable[dict], new: Iterable[dict]) -> tuple[list[dict], list[str]]:
    """A copy of a cell's new outputs, each text settled with the saved one of its kind and turn."""
    settled, problems = copy.deepcopy(list(new)), []
    before = _texts(saved)
    for kind, places in _texts(settled).items():
        for (old_place, old_key), (place, key) in zip(before[kind], places, strict=False):
            place[key], more = settle(old_place[old_key], place[key])
            problems += more
    return settled, problems


def _texts(outputs: Iterable[dict]) -> dict[str, list[tuple[dict, str]]]:
    """Where a cell's texts are, by their kind, in the order in which nbval compares them."""
    places = defaultdict(list)
    for output in outputs:
        if output["output_type"] == "stream":
            places[output["name"]].append((output, "text"))
        for kind, value in output.get("data", {}).items():
            if isinstance(value, str):
                places[kind].append((output["data"], kind))
    return places


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let each cell of a notebook compare in this way."""
    if not isinstance(item, IPyNbCell):
        return
    strictly = item.compare_outputs

    def compare_outputs(self, test, ref, skip_compare=None) -> bool:
        test, problems = settle_outputs(saved=ref, new=test)
        if strictly(test, ref, skip_compare):
            return True
        self.comparison_traceback += problems
        return False

    item.compare_outputs = MethodType(compare_outputs, item)
