"""Boxes beside pictures: COCO's JSON and Pascal VOC's XML.

>>> text = '''<annotation><object><name>cup</name><bndbox><xmin>1</xmin><ymin>2</ymin>
... <xmax>31</xmax><ymax>22</ymax></bndbox></object></annotation>'''
>>> parse_voc(text, "a.xml")
[(0.0, 1.0, 31.0, 22.0, 'cup')]
"""

import json
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from helpers.paths import read_text

Named = tuple[float, float, float, float, str]  # x1, y1, x2, y2, the class's name


class Annotations(NamedTuple):
    """Boxes of each picture by its file's name, for COCO and VOC; `files` say where from."""

    boxes: dict[str, list[Named]]
    files: tuple[Path, ...]


def read_annotations(folder: Path) -> Annotations:
    """All boxes that the files of a folder name: *.json in COCO's format, *.xml in VOC's.

    Args:
        folder: with the pictures; the files lie in it or in a folder of it.

    Returns:
        Boxes xyxy in pixels, x2 and y2 just outside, by the picture's name without folders. A
        picture that a file names without boxes has an empty list.

    Raises:
        ValueError: a file is damaged or of another format; the message names it.
    """
    boxes: dict[str, list[Named]] = {}
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".json", ".xml"))
    for path in files:
        text = read_text(path)
        if path.suffix.lower() == ".json":
            found = parse_coco(text, str(path))
        else:
            found = {_picture_of(text, path): parse_voc(text, str(path))}
        for name, rows in found.items():
            boxes.setdefault(name, []).extend(rows)
    return Annotations(boxes, tuple(files))


def parse_coco(text: str, where: str) -> dict[str, list[Named]]:
    """The boxes of a COCO file, by picture.

    Args:
        text: of the file: "images", "annotations" with "bbox" [x, y, width, height], "categories".
        where: to call it in messages.

    Raises:
        ValueError: it is no such file.

    Source: https://cocodataset.org/#format-data
    """
    try:
        data = json.loads(text)
        names = {image["id"]: Path(image["file_name"]).name for image in data["images"]}
        classes = {entry["id"]: str(entry["name"]) for entry in data["categories"]}
        boxes: dict[str, list[Named]] = {name: [] for name in names.values()}
        for entry in data["annotations"]:
            x, y, width, height = map(float, entry["bbox"])
            row = (x, y, x + width, y + height, classes[entry["category_id"]])
            boxes[names[entry["image_id"]]].append(_checked(row, where))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if str(error).startswith(where):
            raise
        raise ValueError(
            f"{where} is no COCO file (images, annotations with bbox, categories):"
            f" {type(error).__name__} {error}"
        ) from error
    return boxes


def parse_voc(text: str, where: str) -> list[Named]:
    """The boxes of a Pascal VOC file. Its pixels count from 1, and xmax is inside.

    Raises:
        ValueError: it is no such file.

    Source: Everingham et al. 2010
    """
    rows = []
    try:
        for entry in ElementTree.fromstring(text).iter("object"):
            box = entry.find("bndbox")
            x1, y1, x2, y2 = (float(box.findtext(n)) for n in ("xmin", "ymin", "xmax", "ymax"))
            rows.append(_checked((x1 - 1, y1 - 1, x2, y2, entry.findtext("name").strip()), where))
    except (ElementTree.ParseError, AttributeError, TypeError, ValueError) as error:
        if str(error).startswith(where):
            raise
        raise ValueError(
            f"{where} is no Pascal VOC file (object, name, bndbox): {error}"
        ) from error
    return rows


def _picture_of(text: str, path: Path) -> str:
    """The picture that a VOC file is about; without a name, the one with the file's own name."""
    try:
        named = ElementTree.fromstring(text).findtext("filename") or ""
    except ElementTree.ParseError:
        named = ""
    same = [p.name for p in path.parent.glob(f"{_escaped(path.stem)}.*") if p != path]
    return Path(named.strip()).name or (same[0] if same else path.stem)


def _escaped(stem: str) -> str:
    """A name in which no sign means anything to `glob`."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in stem)


def _checked(row: Named, where: str) -> Named:
    x1, y1, x2, y2, name = row
    if not (x1 < x2 and y1 < y2) or not name:
        raise ValueError(f"{where}: {row} is no box of a class: it has no size, or no name")
    return row
