"""A large image worked through tile by tile: memory stays bounded, the answers stay the same.

>>> import torch
>>> image, geometry = torch.arange(60.0).view(1, 6, 10), Geometry((2, 2), (1, 1), (2, 2))
>>> largest = torch.nn.MaxPool2d(2, stride=1)
>>> tiled = in_tiles(largest, image, geometry, tile_side=4)
>>> torch.equal(tiled, largest(image))
True
"""

from collections.abc import Callable
from math import ceil

from torch import Tensor
from tqdm.auto import tqdm

from helpers.geometry import Geometry

#: Show a bar or none; or a function that is told how many cells each tile has given.
Progress = bool | Callable[[int], object]


def in_tiles(
    run: Callable[[Tensor], Tensor],
    image: Tensor,
    geometry: Geometry,
    *,
    tile_side: int,
    progress: Progress = False,
) -> Tensor:
    """A heatmap of a large image, tile by tile, put together. Lesson 05.

    Args:
        run: gives all cells [classes, rows, cols] that `geometry` says a tile [C, h, w] has.
        image: Tensor[C, H, W].
        geometry: the network's.
        tile_side: about how many pixels a tile has on a side at most (at least one window). Tiles
            overlap by a window less one stride, so that no cell is missed.
        progress: show a bar; or a function that is told how many cells each tile has given.

    Returns:
        Tensor[classes, rows, cols].
    """
    rows, cols = geometry.cells(*image.shape[-2:])
    most = [max(1, count) for count in geometry.cells(tile_side, tile_side)]
    # Tiles of one size, because a network is prepared for each size that it sees.
    counts = [max(1, ceil(n / m)) for n, m in zip((rows, cols), most, strict=True)]
    side = [max(1, ceil(n / count)) for n, count in zip((rows, cols), counts, strict=True)]
    starts = [(r, c) for r in range(0, rows, side[0]) for c in range(0, cols, side[1])]
    heatmap = None
    for row, col in tqdm(starts, desc="tiles", disable=progress is not True):
        top, bottom = _pixels(geometry, 0, row, min(row + side[0], rows))
        left, right = _pixels(geometry, 1, col, min(col + side[1], cols))
        cells = run(image[:, top:bottom, left:right])
        if callable(progress):
            progress(cells[0].numel())
        if len(starts) == 1:
            return cells
        if heatmap is None:
            heatmap = cells.new_empty(len(cells), rows, cols)
        heatmap[:, row : row + side[0], col : col + side[1]] = cells
    return heatmap


def _pixels(geometry: Geometry, axis: int, first: int, end: int) -> tuple[int, int]:
    """The pixels of the image that the cells from `first` to before `end` look at."""
    start, stride = geometry.offset[axis], geometry.stride[axis]
    return stride * first, start + stride * (end - 1) + geometry.window[axis]
