"""Handwritten digits on drawn pages: crops of ten classes and background, and whole pages.

The digits are real (Alpaydin and Kaynak 1998), as scikit-learn carries them; paper, rulings, stamps
and creases are drawn. Every crop and page has its own random generator, seeded by (seed, crop or
page, split, number), so any of them can be drawn alone.

Only `python -m helpers draw digits` needs this package, and scikit-learn. The data set that it
wrote lies in data/digits and is read by `helpers.datasets`.
"""

from helpers.datasets.digits.dataset import COUNTS, SEED, counts, draw_item, versions, write_digits
from helpers.datasets.digits.pages import CLASSES, KINDS, DrawnDigits, draw_crop, draw_page
from helpers.datasets.digits.source import RUNS, Digits, read_digits

__all__ = [
    "CLASSES",
    "COUNTS",
    "KINDS",
    "RUNS",
    "SEED",
    "Digits",
    "DrawnDigits",
    "counts",
    "draw_crop",
    "draw_item",
    "draw_page",
    "read_digits",
    "versions",
    "write_digits",
]
