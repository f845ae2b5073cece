"""Tables for spreadsheets: nothing in them is taken for a formula, and they are read back whole."""

import csv
import io
import re
from collections.abc import Sequence

# What a program may take for the beginning of a formula; the last four are as wide as a letter.
STARTS = "=+-@\t\r\n＝＋－＠"
# A program that splits at another character than the comma sees more beginnings.
BEFORE, START = r"([;\t\r\n][\s\"']{0,20})", r"(?=[=+@＝＋－＠]|-(?!\s))"
INSIDE, MARKED_INSIDE = re.compile(BEFORE + START), re.compile(f"{BEFORE}'{START}")
NUMBER = re.compile(r"(?=.{1,40}$)[\d.,:/ -]*\d[\d.,:/ -]*(e\d+)? *", re.IGNORECASE)


def defuse(text: str) -> str:
    """A text as a cell of a table that no spreadsheet takes for a formula.

    >>> defuse("=1+1"), defuse("1 + 1"), defuse("'tis")
    ("'=1+1", '1 + 1', "''tis")
    """
    text = INSIDE.sub(r"\1'", text)
    return f"'{text}" if _must_be_marked(text) else text


def as_text(text: str) -> str:
    """A name as a cell of a table that is taken neither for a formula nor for a number or date.

    >>> as_text("00123"), as_text("Ada")
    ("'00123", 'Ada')
    """
    return f"'{text}" if NUMBER.fullmatch(text) else defuse(text)


def restored(cell: str) -> str:
    """The text that `defuse` or `as_text` made a cell of.

    >>> restored(defuse("'=1")), restored(as_text("00123")), restored("'tis")
    ("'=1", '00123', "'tis")
    """
    marked = cell.startswith("'") and (_must_be_marked(cell[1:]) or NUMBER.fullmatch(cell[1:]))
    cell = cell[1:] if marked else cell
    return MARKED_INSIDE.sub(r"\1", cell)


def table_of(text: str, columns: Sequence[str]) -> list[list[str]]:
    """The rows of a table, split at whichever of , ; and tab finds the most of `columns`.

    The first row, the columns' names, is in small letters. Raises csv.Error.
    """
    if (first := text.split("\n", 1))[0].strip().lower().startswith("sep="):
        text = first[-1]
    tables = []
    for delimiter in ",;\t":
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        while rows and not any(cell.strip() for cell in rows[0]):
            del rows[0]
        if rows:
            rows[0] = [restored(name).strip().lower() for name in rows[0]]
            tables.append((len(set(columns) & set(rows[0])), rows))
    return max(tables, key=lambda table: table[0])[1] if tables else []


def _must_be_marked(text: str) -> bool:
    return text.startswith("'") or text.lstrip(" \u00a0").startswith(tuple(STARTS))
