"""Crops to train on, and scenes to find cars in.

`street` is drawn by `helpers.street` and lies in data/; `python -m helpers draw` makes more of the
kind in any folder. `digits` are handwritten, on pages drawn by `helpers.datasets.digits`. `uiuc` is
the UIUC Image Database for Car Detection (Agarwal, Awan and Roth 2004); `python -m helpers data`
fetches it. `load_folder` reads pictures of your own.

>>> crops = load_crops("street", "train")
>>> image, label = crops[0]
>>> image.shape, label
(torch.Size([1, 40, 100]), tensor(1))
"""

from helpers.datasets.items import (
    CAR_CLASSES,
    Crops,
    Scene,
    split_crops,
)
from helpers.datasets.loading import (
    SCENES,
    SPLITS,
    load_crops,
    load_or_shipped,
    load_scenes,
)
from helpers.datasets.own import Folder, load_folder

__all__ = [
    "CAR_CLASSES",
    "SCENES",
    "SPLITS",
    "Crops",
    "Folder",
    "Scene",
    "load_crops",
    "load_folder",
    "load_or_shipped",
    "load_scenes",
    "split_crops",
]
