"""Draw the README's pictures again: what the data show, and what the shipped detector finds."""

import sys

from helpers.datasets import load_crops, load_scenes
from helpers.detector import Detector
from helpers.models import load_pretrained, pretrained_path, read_notes
from helpers.paths import ROOT, write_whole
from helpers.plots import detections_figure, gallery, png

# Picked by eye for the pictures' sake; what the detector is worth is measured on all of them.
SCENES = (5, 31, 42, 36)
GALLERY_SCENES = (31, 54, 12)
GALLERY_CROPS = 48


def main() -> int:
    """Write docs/detections.png and docs/gallery.png."""
    scenes = load_scenes("street", "test")
    chosen = [scenes[number] for number in SCENES]
    threshold = float(read_notes(pretrained_path())["threshold"])
    detector = Detector(load_pretrained(), threshold=threshold)
    found = [detector(scene.image) for scene in chosen]
    crops = load_crops("street", "train").subset(range(GALLERY_CROPS))
    figures = {
        "detections": detections_figure(chosen, found),
        "gallery": gallery(crops, [scenes[number] for number in GALLERY_SCENES]),
    }
    for name, figure in figures.items():
        path = ROOT / "docs" / f"{name}.png"
        write_whole(path, png(figure))
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
