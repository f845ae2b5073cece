"""Draw the README's pictures again: the data, what the detector finds, and one for each lesson."""

import base64
import html
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
#: Words of the alt text of the figure that says best what a lesson is about; else the first one.
FIGURES = {
    "03_classifier": "ROC curves",
    "04_fcn": "and two kernels",
    "05_heatmaps": "looks at columns",
    "07_evaluation": "precision-recall curves",
}


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
        figures[f"lessons/{path.stem}"] = thumbnail(path)
    for name, picture in figures.items():
        path = ROOT / "docs" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, picture)
        print(path)
    return 0


def pictures_in(notebook: Path) -> list[tuple[str, bytes]]:
    """The pictures in the saved outputs of a notebook, in order: alt text and WebP file of each."""
    found = []
    for cell in nbformat.read(notebook, as_version=4).cells:
        for output in cell.get("outputs", []):
            page = output.get("data", {}).get("text/html", "")
            found += re.findall(r'alt="([^"]*)"[^>]*data:image/webp;base64,([\w+/=]+)', page)
    return [(html.unescape(alt), base64.b64decode(data)) for alt, data in found]


def figure_of(notebook: Path) -> bytes:
    """The figure that stands for a lesson, as a WebP file. Raises ValueError if there is none."""
    words = FIGURES.get(notebook.stem, "")
    for alt, picture in pictures_in(notebook):
        if words in alt:
            return picture
    raise ValueError(f"{notebook.name} shows no figure {words!r}")


def thumbnail(notebook: Path) -> bytes:
    """One figure of an executed notebook, small."""
    image = Image.open(io.BytesIO(figure_of(notebook))).convert("RGB")
    image.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.quantize(64).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
