"""A submitted notebook from its bytes: what grading uses of it, and nothing else.

Outputs, unknown metadata and keys go, ids and encodings are repaired. Whatever the bytes are, the
time and memory that the notebook takes from here on are bounded.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any

import nbformat
from nbformat import NotebookNode

# A page with one long cell takes time that grows with its square: 100,000 characters took 294 s.
LARGEST_CELL = 20_000  # characters
LARGEST_NOTEBOOK = 200_000  # characters of all cells
LARGEST_PICTURES = 8 * 2**20  # characters of all attachments
CUT = "# cut here: too long"
MOST_CELLS = 2000
MOST_VALUES = 3_000_000  # in all of a file; as Python's, each takes up to a hundred bytes
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
PICTURE = re.compile(r"image/(png|jpeg|gif|webp)")
LEFT_OUT = {"text/plain": "a picture that was left out"}  # the teacher still hears of it
PICTURE_IN_TEXT = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=]+)")
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
KINDS = ("code", "markdown", "raw")
OTHERS = ("heading", "html")  # cells of earlier formats


class Damaged(ValueError):
    """No notebook can be read from these bytes; the message says why."""


def looks_like_notebook(data: bytes) -> bool:
    """Could these bytes be a notebook, whatever the file is called?"""
    start = data[:4000].lstrip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n")
    return start.startswith(b"{") and any(
        key in data.replace(b"\x00", b"") for key in (b'"cells"', b'"worksheets"')
    )


def read_notebook(data: bytes) -> tuple[NotebookNode, list[str]]:
    """The notebook in a file, in format 4.5; and what of it was cut. Raises Damaged."""
    text = decoded(data)
    if _has_too_many_values(text):
        raise Damaged(f"more than {MOST_VALUES:,} values: not read")
    try:
        content = json.loads(text)
    except RecursionError:
        raise Damaged("lists in lists, too deep to be read") from None
    except (ValueError, MemoryError) as error:
        raise Damaged(f"{_what_it_is(data)}: {error}") from error
    if not isinstance(content, dict):
        raise Damaged("no notebook: it has no cells")
    found = content.get("cells")
    if not isinstance(found, list):
        sheets = content.get("worksheets")  # format 3 and before
        sheets = [s for s in sheets if isinstance(s, dict)] if isinstance(sheets, list) else []
        parts = [s.get("cells") for s in sheets]
        if not any(isinstance(part, list) for part in parts):
            raise Damaged("no notebook: it has no cells")
        found = [cell for part in parts if isinstance(part, list) for cell in part]
    remarks = []
    if len(found) > MOST_CELLS:
        remarks.append(f"{len(found)} cells: only the first {MOST_CELLS} are read")
    cells = list(_cells(found[:MOST_CELLS]))
    remarks += _shorten(cells)
    # Not made by nbformat.v4.new_...: it validates each cell, which takes longer than all the rest.
    empty = NotebookNode()
    return NotebookNode(nbformat=4, nbformat_minor=5, metadata=empty, cells=cells), remarks


def decoded(data: bytes) -> str:
    """A file's text, in whatever encoding it was saved."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\x00" in data[:4]:
        return data.decode(json.detect_encoding(data), "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _has_too_many_values(text: str) -> bool:
    """Would this JSON become too many objects? What is inside of its strings does not count."""
    if sum(map(text.count, ',[{"')) <= MOST_VALUES:
        return False
    text = text.replace(r"\\", "").replace(r"\"", "")
    if text.count('"') > 2 * MOST_VALUES:
        return True
    outside = text.split('"')[::2]
    return sum(part.count(mark) for part in outside for mark in ",[{") > MOST_VALUES


def _what_it_is(data: bytes) -> str:
    """What a file that is no JSON may be, for whoever has to ask for another one."""
    start = data[:2000].lstrip().lower()
    kinds = {
        b"%pdf": "a PDF",
        b"pk\x03\x04": "a zip or an Office file",
        b"\xd0\xcf\x11\xe0": "an Office file",
        b"<": "a web page",
        b"\x89png": "a picture",
        b"\x1f\x8b": "a packed file",
    }
    for mark, kind in kinds.items():
        if start.startswith(mark):
            return f"{kind}, not a notebook"
    if not start:
        return "empty file" if not data.strip() else "no notebook"
    if b"<<<<<<<" in data and b">>>>>>>" in data:
        return "not JSON (conflict marks of git in it)"
    return "not JSON (cut off?)" if start.startswith(b"{") else "not JSON"


def _cells(found: list) -> Iterator[NotebookNode]:
    seen: set[str] = set()
    for number, given in enumerate(found, start=1):
        if not isinstance(given, dict):
            continue
        kind = given.get("cell_type")
        source = _text(given.get("source", given.get("input")))
        if kind == "heading":
            level = given.get("level")
            source = "#" * (level if level in range(1, 7) else 1) + f" {source}"
        kind = kind if kind in KINDS else "markdown" if kind in OTHERS else "raw"
        identity = given.get("id")
        if not isinstance(identity, str) or not CELL_ID.fullmatch(identity) or identity in seen:
            identity = f"handed-in-{number}"
            while identity in seen:
                identity += "-"
        seen.add(identity)
        cell = {"id": identity, "cell_type": kind, "metadata": _metadata(given.get("metadata"))}
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        else:
            pictures = _pictures(given.get("attachments"))
            source = _pictures_aside(source, pictures)
            cell |= {"attachments": pictures} if pictures else {}
        yield nbformat.from_dict(cell | {"source": source})


def _text(value: Any) -> str:
    """A cell's source, which may be one text or its lines, as text that can be written."""
    lines = value if isinstance(value, list) else [value]
    text = "".join(line for line in lines if isinstance(line, str))
    text = (
        text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    )
    return text.encode("utf-8", "replace").decode("utf-8")


def _metadata(value: Any) -> dict:
    """Of a cell's metadata, the name that nbgrader gave it."""
    marks = value.get("nbgrader") if isinstance(value, dict) else None
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    named = isinstance(grade_id, str) and len(grade_id) <= 200
    return {"nbgrader": {"grade_id": _text(grade_id)}} if named else {}


def _pictures(value: Any) -> dict:
    """Of a cell's attachments, the pictures; those that not every browser shows, in a word."""
    pictures = {}
    for name, kinds in value.items() if isinstance(value, dict) else ():
        for kind, data in kinds.items() if isinstance(kinds, dict) else ():
            if PICTURE.fullmatch(kind) and isinstance(data, str | list):
                pictures[_text(name)] = {kind: re.sub(r"[^A-Za-z0-9+/=]", "", _text(data))}
            elif kind.startswith("image/"):
                pictures[_text(name)] = dict(LEFT_OUT)
    return pictures


def _pictures_aside(text: str, pictures: dict) -> str:
    """A text whose pictures, written out in it, are attachments instead."""

    def aside(found: re.Match) -> str:
        name = f"in-the-text-{len(pictures) + 1}"
        pictures[name] = {found[1]: found[2]}
        return f"attachment:{name}"

    return PICTURE_IN_TEXT.sub(aside, text)


def _shorten(cells: list[NotebookNode]) -> Iterator[str]:
    """Cut what is too long; what was cut, in words. Marked cells come first, then short ones."""
    left, pictures = LARGEST_NOTEBOOK, LARGEST_PICTURES

    def claim(numbered: tuple[int, NotebookNode]) -> tuple[bool, int]:
        return "nbgrader" not in numbered[1].metadata, len(numbered[1].source)

    for number, cell in sorted(enumerate(cells, start=1), key=claim):
        longest = min(LARGEST_CELL, left)
        if len(cell.source) > longest:
            yield (
                f"cell {number} has {len(cell.source):,} characters: cut at {longest:,}, and what"
                " comes after that is not graded"
            )
            note = f"\n{CUT}" if cell.cell_type == "code" else "\n\n(cut here: too long)"
            cell.source = cell.source[:longest] + note
        left -= min(len(cell.source), left)
        for name, kinds in list(cell.get("attachments", {}).items()):
            pictures -= sum(map(len, kinds.values()))
            if pictures < 0:
                yield f"a picture in cell {number} is too large: left out"
                cell.attachments[name] = dict(LEFT_OUT)
