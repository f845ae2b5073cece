"""What `detect` writes: the picture with boxes, as large as it was, and the boxes as JSON.

The JSON file of a picture, NAME-boxes.json:

    {"image": "table.jpg", "width": 640, "height": 480, "threshold": 0.9,
     "boxes": "xyxy pixels", "objects": [{"label": "cup", "box": [x1, y1, x2, y2], "score": 0.98}]}

x goes to the right, y down, x2 and y2 are just outside the box. With --coco there is also
coco-results.json with all boxes in the format of COCO's results: a list of {"image_id",
"file_name", "category_id", "bbox": [x, y, width, height], "score"}. Images count from 1 in the
order in which they were named; coco-images.json lists them and the categories.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from helpers.boxes import Detections
from helpers.paths import write_atomically

# Colours that every eye can tell apart (Okabe and Ito 2008), each with what is legible on it.
COLOURS = (
    ("#0072B2", "white"),
    ("#D55E00", "white"),
    ("#009E73", "white"),
    ("#CC79A7", "black"),
    ("#E69F00", "black"),
    ("#56B4E9", "black"),
    ("#F0E442", "black"),
)
SMALLEST_TEXT, LARGEST_TEXT = 10, 64  # pixels


def draw_boxes(
    pixels: np.ndarray, detections: Detections, classes: Sequence[str], background: int = 0
) -> Image.Image:
    """The picture with a box around each object, its class and its score.

    Lines and letters grow with the picture, but not beyond what suits the box, and plates keep out
    of each other's way where they can. Where a picture is too small for letters, there are just
    the boxes.

    Args:
        pixels: uint8 [H, W, 3].
        detections: with labels, best first.
        classes: their names.
        background: the class that is not looked for; of two classes, the other one's name is left
            out.

    Returns:
        A picture of the same size, RGB.
    """
    picture = Image.fromarray(pixels)
    draw, longer = ImageDraw.Draw(picture), max(picture.size)
    objects = [label for label in range(len(classes)) if label != background]
    plates: list[Plate] = []
    rows = zip(
        detections.boxes.tolist(), detections.scores.tolist(), detections.labels.tolist(),
        strict=True,
    )  # fmt: skip
    for box, score, label in rows:
        x1, y1, x2, y2 = (round(side) for side in box)
        corners = (x1, y1, max(x1, x2 - 1), max(y1, y2 - 1))
        name = f"{classes[label]} " if len(objects) > 1 else ""
        colours = COLOURS[objects.index(label) % len(COLOURS)]
        text, height = f"{name}{score:.2f}", _letters(longer, x2 - x1)
        plates.append(_plate(draw, text, height, corners, colours, plates))
    for plate in reversed(plates):
        x1, y1, x2, y2 = plate.box
        thinner = max(1, min(x2 - x1, y2 - y1) // 16)
        line = min(max(1, round(longer / 400)), thinner)
        draw.rectangle(plate.box, outline=plate.colours[0], width=line)
    for plate in reversed(plates):  # the surest on top
        _write(draw, plate)
    return picture


class Plate(NamedTuple):
    """A box (x1, y1, x2, y2) and where its letters stand; None where there is no room."""

    box: tuple[int, int, int, int]
    text: str
    font: ImageFont.FreeTypeFont
    colours: tuple[str, str]
    place: tuple[int, int, int, int] | None


def _letters(longer: int, width: int) -> int:
    """How high letters are, in pixels: by the picture's longer side, and less on small boxes.

    >>> _letters(420, 100), _letters(6000, 1000), _letters(6000, 100)
    (10, 64, 22)
    """
    most = min(max(SMALLEST_TEXT, round(longer / 55)), LARGEST_TEXT)
    return max(SMALLEST_TEXT, min(most, max(most // 3, round(0.22 * width))))


def _plate(
    draw: ImageDraw.ImageDraw,
    text: str,
    height: int,
    box: tuple[int, int, int, int],
    colours: tuple[str, str],
    others: Sequence[Plate],
) -> Plate:
    """Letters above a box's corner; if there is no room or another plate, elsewhere at the box."""
    font = ImageFont.truetype(_font_file(), height)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 4, bottom - top + 4
    room = draw.im.size[0] - width, draw.im.size[1] - height
    if min(room) < 0:
        return Plate(box, text, font, colours, None)
    x1, y1, x2, y2 = box
    above = y1 - height if y1 >= height else max(0, y1)
    corners = [(x1, above), (x1, y2 + 1), (x2 + 1 - width, above), (x2 + 1 - width, y2 + 1)]
    corners = [(min(max(0, x), room[0]), min(max(0, y), room[1])) for x, y in corners]
    places = [(x, y, x + width, y + height) for x, y in corners]
    taken = [other.place for other in others if other.place]
    free = [place for place in places if not any(_meet(place, other) for other in taken)]
    return Plate(box, text, font, colours, (free or places)[0])


def _meet(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    across = one[0] <= other[2] and other[0] <= one[2]
    return across and one[1] <= other[3] and other[1] <= one[3]


def _write(draw: ImageDraw.ImageDraw, plate: Plate) -> None:
    if plate.place is None:
        return
    left, top, _, _ = draw.textbbox((0, 0), plate.text, font=plate.font)
    draw.rectangle(plate.place, fill=plate.colours[0])
    x, y = plate.place[0] + 2 - left, plate.place[1] + 2 - top
    draw.text((x, y), plate.text, font=plate.font, fill=plate.colours[1])


def _font_file() -> str:
    """DejaVu Sans, which comes with matplotlib and knows more than Latin letters."""
    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


def report(
    name: str, size: tuple[int, int], threshold: float, found: Detections, classes: Sequence[str]
) -> dict:
    """What the JSON file of a picture holds.

    Args:
        name: of the picture's file.
        size: (height, width) in pixels.
        threshold: the detector's.
        found: its detections, with labels.
        classes: their names.
    """
    rows = zip(found.labels.tolist(), found.boxes.tolist(), found.scores.tolist(), strict=True)
    objects = [
        {"label": classes[label], "box": [round(v, 2) for v in box], "score": round(score, 4)}
        for label, box, score in rows
    ]
    return {
        **{"image": name, "width": size[1], "height": size[0], "threshold": threshold},
        **{"boxes": "xyxy pixels", "objects": objects},
    }


def write_coco(folder: Path, reports: Sequence[dict], classes: Sequence[str]) -> None:
    """All boxes in COCO's format of results, and the images and categories that they name.

    Args:
        folder: where coco-results.json and coco-images.json are written.
        reports: of the pictures, in order.
        classes: the names; the index is the category's number.

    Source: https://cocodataset.org/#format-results
    """
    results, images = [], []
    for number, one in enumerate(reports, 1):
        images.append(
            {"id": number, "file_name": one["image"]} | {k: one[k] for k in ("width", "height")}
        )
        for entry in one["objects"]:
            x1, y1, x2, y2 = entry["box"]
            results.append(
                {
                    **{"image_id": number, "file_name": one["image"]},
                    "category_id": list(classes).index(entry["label"]),
                    "bbox": [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)],
                    "score": entry["score"],
                }
            )
    categories = [{"id": k, "name": name} for k, name in enumerate(classes)]
    listed = {"images": images, "categories": categories}
    write_atomically(folder / "coco-results.json", json.dumps(results, indent=1).encode())
    write_atomically(folder / "coco-images.json", json.dumps(listed, indent=1).encode())
