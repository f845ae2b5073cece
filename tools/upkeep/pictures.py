"""Draw the README's pictures again: the data, what the detector finds, and one for each lesson."""

import base64
import io
import re
import sys
from pathlib import Path

import nbformat
from PIL import Image

from helpers.datasets import load_crops, load_scenes
from helpers.detector import Detector
from helpers.models import load_pretrained, pretrained_path, read_notes
from helpers.paths import ROOT, write_atomically
from helpers.plots import detections_figure, gallery, png
from tools.execution import find_notebooks

# Picked by eye for the pictures' sake; what the detector is worth is measured on all of them.
SCENES = (5, 31, 42, 36)
GALLERY_SCENES = (31, 54, 12)
GALLERY_CROPS = 48
THUMBNAIL = (300, 200)  # pixels at most
#: The figure of a lesson (from 0) that says best what it is about; the first for all others.
FIGURES = {"03_classifier": 7, "04_fcn": 1, "05_heatmaps": 1, "07_evaluation": 2}


def main() -> int:
    """Write docs/detections.png, docs/gallery.png and docs/lessons/NN_name.png."""
    scenes = load_scenes("street", "test")
    chosen = [scenes[number] for number in SCENES]
    threshold = float(read_notes(pretrained_path())["threshold"])
    found = Detector(load_pretrained(), threshold=threshold).batch([s.image for s in chosen])
    crops = load_crops("street", "train").subset(range(GALLERY_CROPS))
    figures = {
        "detections": png(detections_figure(chosen, found)),
        "gallery": png(gallery(crops, [scenes[number] for number in GALLERY_SCENES])),
    }
    for path in find_notebooks():
        figures[f"lessons/{path.stem}"] = thumbnail(path, FIGURES.get(path.stem, 0))
    for name, picture in figures.items():
        path = ROOT / "docs" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, picture)
        print(path)
    return 0


def pictures_in(notebook: Path) -> list[bytes]:
    """The pictures in the saved outputs of a notebook, in order, as PNG files."""
    found = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            page = output.get("data", {}).get("text/html", "")
            found += re.findall(r"data:image/png;base64,([\w+/=]+)", page)
    return [base64.b64decode(data) for data in found]


def thumbnail(notebook: Path, number: int) -> bytes:
    """One figure of an executed notebook, small. Raises ValueError if there is no such figure."""
    pictures = pictures_in(notebook)
    if number >= len(pictures):
        raise ValueError(f"{notebook.name} shows {len(pictures)} figures, no number {number}")
    image = Image.open(io.BytesIO(pictures[number])).convert("RGB")
    image.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.quantize(64).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
