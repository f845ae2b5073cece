"""Street scenes, drawn: grey side views of cars, places without cars, and whole scenes.

Every item has its own random generator, seeded by (seed, crop or scene, split, index), so any
item can be drawn alone, and drawing in parallel gives the same pictures.

Arguments that mean the same in all modules of this package:

- canvas: what is painted on, changed in place (`canvas.Canvas`); x to the right, y down, both in
  pixels of the final picture;
- rng: where the random numbers come from; the same state gives the same picture;
- light: the sun and the weather (`light.Light`); layout: where the street is (`ground.Layout`);
- unit: one metre, in pixels; ground: the y on which a thing stands; length: of a car, in pixels;
- grey: 0 is black, 255 white; contrast: the standard deviation of greys.
"""

from helpers.street.crops import DrawnCrop, draw_crop
from helpers.street.dataset import COUNTS, SEED, write_dataset
from helpers.street.parallel import draw_many
from helpers.street.scenes import DrawnScene, draw_scene
from helpers.street.shards import renderer, versions
from helpers.street.staging import PARTS

__all__ = [
    "COUNTS",
    "PARTS",
    "SEED",
    "DrawnCrop",
    "DrawnScene",
    "draw_crop",
    "draw_many",
    "draw_scene",
    "renderer",
    "versions",
    "write_dataset",
]
