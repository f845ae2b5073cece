"""Pictures of your own: a folder with a folder for each class, and whole pictures with boxes."""

from helpers.datasets.own.folder import BACKGROUND, Folder, load_folder
from helpers.datasets.own.pictures import PICTURES, Shape, fit_picture
from helpers.datasets.own.stored import StoredCrops, StoredImages

__all__ = [
    "BACKGROUND",
    "PICTURES",
    "Folder",
    "Shape",
    "StoredCrops",
    "StoredImages",
    "fit_picture",
    "load_folder",
]
