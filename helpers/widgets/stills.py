"""A view as pictures of its positions, for pages without a running kernel.

>>> import ipywidgets
>>> slider = ipywidgets.FloatSlider(value=0.5, min=0.3, max=0.5, step=0.1, description="threshold")
>>> positions_of(slider)
[(0.3, '0.30'), (0.4, '0.40'), (0.5, '0.50')]
"""

import base64
import hashlib
import html
import io
import itertools
import json
import re
from collections.abc import Mapping
from pathlib import Path

import ipywidgets
from PIL import Image

from helpers.paths import write_atomically

MOST = 40  # pictures of one view; more would be slow to make and heavy to load
SMALLEST_SHARE = 5  # positions: a slider that could have only fewer stays where it is
QUALITY = 80  # of WebP: no loss that the eye finds, at a quarter of a PNG's bytes
PICTURE = re.compile(
    r'<img alt="(?P<alt>[^"]*)"[^>]* src="data:image/\w+;base64,(?P<data>[^"]*)"'
    r"(?:.*?<figcaption>(?P<caption>.*?)</figcaption>)?",
    re.DOTALL,
)
Position = tuple[object, str]


def save_views(results: Mapping[int, object], folder: Path) -> list[Path]:
    """Write each view among the results of a notebook's cells to `folder`, its number as its name.

    Args:
        results: IPython's `Out`: what a cell ended with, by its execution count.
        folder: for a JSON file for each view, as `stills` describes it, and the pictures.

    Returns:
        The JSON files.
    """
    files = []
    for count, result in results.items():
        if isinstance(result, ipywidgets.VBox) and _pages(result):
            files.append(folder / f"{count}.json")
            write_atomically(files[-1], json.dumps(stills(result, folder)).encode())
    return files


def stills(view: ipywidgets.VBox, folder: Path) -> dict:
    """Move a view through its positions and write each picture to `folder`.

    The controls in `view.moves` are moved, or else its first slider; the others stay where they
    are. A slider of many positions gets fewer, so that there are at most `MOST` pictures. In the
    end the view is as it was.

    Returns:
        {"controls": [{"label", "kind": "slider" or "menu", "positions": [text], "start"}],
        "fixed": [[label, text]], "stills": [{"picture": a file name, "width", "height",
        "caption"}]}: a still for each combination of positions, the last control's fastest.
    """
    page, *_ = _pages(view)
    controls = [child for child in view.children if hasattr(child, "value") and child is not page]
    moving = _moving(view, controls)
    before = [control.value for control in moving]
    taken = []
    try:
        for values in itertools.product(*moving.values()):
            for control, (value, _) in zip(moving, values, strict=True):
                control.value = value
            taken.append(_still(page.value, folder))
    finally:
        for control, value in zip(moving, before, strict=True):
            control.value = value
    return {
        "controls": [_described(control, places) for control, places in moving.items()],
        "fixed": [[c.description, _text(c, c.value)] for c in controls if c not in moving],
        "stills": taken,
    }


def positions_of(control: ipywidgets.Widget) -> list[Position]:
    """All values of a slider or menu, in order, each with how it is shown."""
    if hasattr(control, "options"):
        return [(option, str(option)) for option in control.options]
    count = int((control.max - control.min) / control.step + 1.001)
    whole = isinstance(control.value, int)
    values = (control.min + k * control.step for k in range(count))
    return [(v, _text(control, v)) for v in (x if whole else round(x, 6) for x in values)]


def _text(control: ipywidgets.Widget, value: object) -> str:
    return format(value, getattr(control, "readout_format", ""))


def _pages(view: ipywidgets.VBox) -> list[ipywidgets.HTML]:
    """What shows the picture of a view; empty if it is another kind of box."""
    pages = (child for child in view.children if isinstance(child, ipywidgets.HTML))
    return [page for page in pages if PICTURE.search(page.value)]


def _moving(
    view: ipywidgets.VBox, controls: list[ipywidgets.Widget]
) -> dict[ipywidgets.Widget, list[Position]]:
    """The controls to move, each with its positions."""
    first = next((control for control in controls if not hasattr(control, "options")), controls[0])
    moving, room = {}, MOST
    for control in getattr(view, "moves", None) or (first,):
        positions = positions_of(control)
        if len(positions) > room and not hasattr(control, "options"):
            step = -(-len(positions) // room)
            positions = positions[_start(control, positions) % step :: step]
        if (moving and len(positions) < SMALLEST_SHARE) or len(positions) > room:
            continue
        moving[control] = positions
        room //= len(positions)
    return moving


def _start(control: ipywidgets.Widget, positions: list[Position]) -> int:
    """At which of the positions the control stands."""
    texts = [text for _, text in positions]
    return texts.index(_text(control, control.value))


def _described(control: ipywidgets.Widget, positions: list[Position]) -> dict:
    return {
        "label": control.description,
        "kind": "menu" if hasattr(control, "options") else "slider",
        "positions": [text for _, text in positions],
        "start": _start(control, positions),
    }


def _still(page: str, folder: Path) -> dict:
    """Write the picture of a page to `folder`, under a name made from its bytes."""
    found = PICTURE.search(page)
    image = Image.open(io.BytesIO(base64.b64decode(found["data"]))).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    name = f"{hashlib.sha256(buffer.getvalue()).hexdigest()[:16]}.webp"
    write_atomically(folder / name, buffer.getvalue())
    return {
        "picture": name,
        "width": image.width,
        "height": image.height,
        "caption": html.unescape(found["caption"] or found["alt"]),
    }
