"""Draw the README's picture again: what the shipped detector finds in drawn scenes."""

import sys

from helpers.datasets import load_scenes
from helpers.detector import Detector
from helpers.models import load_pretrained, pretrained_path, read_notes
from helpers.paths import ROOT, write_whole
from helpers.plots import gallery, png

# Picked by eye for the picture's sake; what the detector is worth is measured on all of them.
SCENES = (34, 41, 39, 36)


def main() -> int:
    """Write docs/detections.png."""
    scenes = load_scenes("street", "test")
    chosen = [scenes[number] for number in SCENES]
    threshold = float(read_notes(pretrained_path())["threshold"])
    detector = Detector(load_pretrained(), threshold=threshold)
    path = ROOT / "docs" / "detections.png"
    write_whole(path, png(gallery(chosen, [detector(scene.image) for scene in chosen])))
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
