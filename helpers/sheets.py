"""How crops lie in a contact sheet: many small pictures, side by side in one PNG file.

One file for thousands of crops is quicker to read, and smaller, than thousands of files.
"""

from collections.abc import Sequence

import numpy as np

CROP_SIZE = (40, 100)
CAR_CLASSES = ("background", "car")  # of the course's own crops: a label is an index of this
COLUMNS = 20  # crops in a row of a sheet
CROPS_PER_SHEET = 10_000  # programs refuse pictures that are much larger


def sheet_name(split: str, number: int) -> str:
    """The file of a split's first, second … sheet: crops-train.png, crops-train-2.png …

    >>> sheet_name("val", 1), sheet_name("val", 2)
    ('crops-val.png', 'crops-val-2.png')
    """
    return f"crops-{split}.png" if number == 1 else f"crops-{split}-{number}.png"


def pack_crops(images: Sequence[np.ndarray]) -> np.ndarray:
    """Lay crops out in rows of 20 without gaps; the rest of the last row is black.

    Args:
        images: N crops of one size, each uint8 [H, W] such as [40, 100].

    Returns:
        The sheet, uint8 [H · rows, 20 · W], with one row at least (of 40×100, if N is 0).

    >>> pack_crops([np.full(CROP_SIZE, 255, np.uint8)] * 21).shape
    (80, 2000)
    """
    height, width = images[0].shape if len(images) else CROP_SIZE
    rows = max(1, -(-len(images) // COLUMNS))
    sheet = np.zeros((rows * height, COLUMNS * width), dtype=np.uint8)
    for k, image in enumerate(images):
        top, left = height * (k // COLUMNS), width * (k % COLUMNS)
        sheet[top : top + height, left : left + width] = image
    return sheet


def unpack_crops(sheet: np.ndarray, size: tuple[int, int] = CROP_SIZE) -> np.ndarray:
    """The crops [N, H, W] of a sheet, row after row; N counts the black ones at its end too.

    Undoes `pack_crops`.

    Args:
        sheet: uint8 [H · rows, 20 · W].
        size: (H, W) of the crops.

    Raises:
        ValueError: the picture is no sheet.

    >>> len(unpack_crops(np.zeros((80, 2000), np.uint8)))
    40
    """
    height, width = size
    if sheet.ndim != 2 or sheet.shape[0] % height or sheet.shape[1] != COLUMNS * width:
        raise ValueError(
            f"a contact sheet is [{height} · rows, {COLUMNS * width}], not {[*sheet.shape]}"
        )
    crops = sheet.reshape(-1, height, COLUMNS, width).swapaxes(1, 2)
    return crops.reshape(-1, height, width)
