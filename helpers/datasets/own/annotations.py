"""Boxes beside pictures: COCO's JSON and Pascal VOC's XML.

>>> text = '''<annotation><object><name>cup</name><bndbox><xmin>1</xmin><ymin>2</ymin>
... <xmax>31</xmax><ymax>22</ymax></bndbox></object></annotation>'''
>>> parse_voc(text, "a.xml")
[(0.0, 1.0, 31.0, 22.0, 'cup')]
"""

import json
import unicodedata
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from helpers.datasets.own.pictures import PICTURES
from helpers.paths import own_files, read_text

Named = tuple[float, float, float, float, str]  # x1, y1, x2, y2, the class's name


class Annotations(NamedTuple):
    """What the files of a folder say about pictures, each by its file's name as `name_of` has it.

    Args:
        boxes: of each picture.
        sizes: (height, width) of the pictures, where that is noted.
        crowds: pictures with a box around many objects that have none of their own ("iscrowd").
    """

    boxes: dict[str, list[Named]]
    sizes: dict[str, tuple[int, int]]
    crowds: set[str]


def read_annotations(folder: Path) -> Annotations:
    """All boxes that the files of a folder name: *.json in COCO's format, *.xml in VOC's.

    Args:
        folder: with the pictures; the files lie in it or in a folder of it.

    Returns:
        Boxes xyxy in pixels, x2 and y2 just outside, by the picture's name without folders. A
        picture that a file names without boxes has an empty list. A box that several files name
        alike, such as a file and its copy, is there once.

    Raises:
        ValueError: a file is damaged or of another format; the message names it.
    """
    found = Annotations({}, {}, set())
    for path in own_files(folder):
        if path.suffix.lower() == ".json":
            one = parse_coco(read_text(path), str(path))
        elif path.suffix.lower() == ".xml":
            one = _read_voc(path)
        else:
            continue
        for name, rows in one.boxes.items():
            found.boxes[name] = list(dict.fromkeys([*found.boxes.get(name, []), *rows]))
        found.sizes.update(one.sizes)
        found.crowds.update(one.crowds)
    return found


def name_of(picture: str) -> str:
    """The name of a picture's file alone, the same from whatever system it comes.

    Windows parts folders by backslashes, and macOS writes ü as u and two dots.

    >>> name_of(r"photos\\1.jpg"), name_of("photos/1.jpg"), len(name_of("u\u0308"))
    ('1.jpg', '1.jpg', 1)
    """
    return unicodedata.normalize("NFC", Path(picture.strip().replace("\\", "/")).name)


def parse_coco(text: str, where: str) -> Annotations:
    """What a COCO file says.

    Args:
        text: of the file: "images", "annotations" with "bbox" [x, y, width, height], "categories".
        where: to call it in messages.

    Raises:
        ValueError: it is no such file, or does not tell pictures or classes apart.

    Source: https://cocodataset.org/#format-data
    """
    try:
        data = json.loads(text)
        files = _by_id(data["images"], "file_name", where)
        names = {key: name_of(file) for key, file in files.items()}
        _check_apart(list(files.values()), where)
        classes = _by_id(data["categories"], "name", where)
        found = Annotations({name: [] for name in names.values()}, {}, set())
        for image in data["images"]:
            _note_size(found, names[image["id"]], image.get("height"), image.get("width"))
        for entry in data["annotations"]:
            x, y, width, height = map(float, entry["bbox"])
            label = _looked_up(classes, entry, "category_id", where)
            row = _checked((x, y, x + width, y + height, label), where)
            name = _looked_up(names, entry, "image_id", where)
            found.boxes[name].append(row)
            if entry.get("iscrowd"):
                found.crowds.add(name)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if str(error).startswith(where):
            raise
        raise ValueError(
            f"{where} is no COCO file (images, annotations with bbox, categories):"
            f" {type(error).__name__} {error}"
        ) from error
    return found


def _by_id(entries: Sequence[dict], key: str, where: str) -> dict[object, str]:
    """What each entry has as `key`, by the entry's id."""
    found: dict[object, str] = {}
    for entry in entries:
        value = unicodedata.normalize("NFC", str(entry[key]))
        if found.setdefault(entry["id"], value) != value:
            raise ValueError(
                f"{where}: {found[entry['id']]} and {value} have the same id, {entry['id']}: boxes"
                " of one would become boxes of the other"
            )
    return found


def _looked_up(names: dict[object, str], entry: dict, key: str, where: str) -> str:
    """What an entry names by an id."""
    if entry[key] not in names:
        raise ValueError(
            f"{where}: a box has the {key} {entry[key]!r}, and nothing has that id (numbers and"
            " texts are not the same)"
        )
    return names[entry[key]]


def _check_apart(files: Sequence[str], where: str) -> None:
    """Refuse pictures of one name in several folders."""
    first: dict[str, str] = {}
    for file in files:
        other = first.setdefault(name_of(file), file)
        if other != file:
            raise ValueError(
                f"{where}: {other} and {file} have the same name, and boxes go by the name without"
                " its folders: rename one"
            )


def _note_size(found: Annotations, name: str, height: object, width: object) -> None:
    """Keep a size that makes sense; some programs write 0."""
    if isinstance(height, int) and isinstance(width, int) and min(height, width) > 0:
        found.sizes[name] = height, width


def _read_voc(path: Path) -> Annotations:
    text = read_text(path)
    rows = parse_voc(text, str(path))
    name, root = _picture_of(text, path), ElementTree.fromstring(text)
    found = Annotations({name: rows}, {}, set())
    sides = [(root.findtext(f"size/{side}") or "").strip() for side in ("height", "width")]
    _note_size(found, name, *(int(side) if side.isdecimal() else 0 for side in sides))
    return found


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
    """The picture that a VOC file is about: that of the same name beside it, or else the one named.

    What is named may be long renamed, or converted to another kind. It tells two of them apart.
    """
    beside = sorted(path.parent.glob(f"{_escaped(path.stem)}.*"))
    same = [name_of(p.name) for p in beside if p.suffix.lower() in PICTURES]
    try:
        named = name_of(ElementTree.fromstring(text).findtext("filename") or "")
    except ElementTree.ParseError:
        named = ""
    return named if named in same else next(iter(same), named or name_of(path.stem))


def _escaped(stem: str) -> str:
    """A name in which no sign means anything to `glob`."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in stem)


def _checked(row: Named, where: str) -> Named:
    x1, y1, x2, y2, name = row
    if not (x1 < x2 and y1 < y2 and isfinite(x2 - x1) and isfinite(y2 - y1)) or not name:
        raise ValueError(f"{where}: {row} is no box of a class: it has no size, or no name")
    return x1, y1, x2, y2, unicodedata.normalize("NFC", name)
