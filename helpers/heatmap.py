"""Heatmaps: the classifier's answer at every place of an image, by hand and in one pass."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from tqdm.auto import tqdm

from helpers.acceleration import accelerate
from helpers.fcn import to_fcn
from helpers.geometry import Geometry
from helpers.models import eval_mode

# Pixels on a side of the parts that a large image is worked through in.
PART, DENSE_PART = 1024, 512
# Small images go together in batches of so many pixels, if they have the same size when it is
# rounded up to this multiple.
BATCH_PIXELS, ROUND = 2**18, 16


def _check_image(image: Tensor, window: tuple[int, int]) -> None:
    if image.ndim != 3:
        raise ValueError(f"the image must be [C, H, W], not {list(image.shape)}")
    if not image.is_floating_point():
        raise ValueError(f"the image must be float in [0, 1], not {image.dtype}: divide by 255")
    if torch.isnan(image).any():
        raise ValueError("the image holds NaN")
    if image.shape[1] < window[0] or image.shape[2] < window[1]:
        raise ValueError(
            f"the image of {image.shape[1]}×{image.shape[2]} is smaller than the window of"
            f" {window[0]}×{window[1]}: pad it first, or let Detector do so"
        )


@torch.no_grad()
def sliding_window_heatmap(
    model: nn.Module,
    image: Tensor,
    *,
    window: tuple[int, int] = (40, 100),
    stride: tuple[int, int] = (4, 4),
    batch_size: int = 64,
    progress: bool = False,
) -> Tensor:
    """Run a classifier on every window of an image [C, H, W]: logits [classes, rows, cols].

    The honest, slow way: each window is cut out and classified as if the others did not exist.
    Cell (r, c) belongs to the window whose top-left pixel is (r · stride, c · stride).
    Raises ValueError if the image is smaller than the window, or holds NaN.
    """
    _check_image(image, window)
    if batch_size < 1 or min(stride) < 1:
        raise ValueError(f"batch_size and stride must be 1 or more, not {batch_size}, {stride}")
    geometry = Geometry(window, stride, receptive_field=window)
    rows, cols = geometry.cells(*image.shape[-2:])
    crops = list(geometry.crops(image))
    starts = range(0, len(crops), batch_size)
    with eval_mode(model):
        logits = [
            model(torch.stack(crops[start : start + batch_size]))
            for start in tqdm(starts, desc="windows", disable=not progress)
        ]
    return torch.cat(logits).T.reshape(-1, rows, cols)


@torch.no_grad()
def fcn_heatmap(
    fcn: nn.Module, image: Tensor, *, part: int = PART, progress: bool = False
) -> Tensor:
    """Run an FCN once over an image [C, H, W]: logits [classes, rows, cols].

    Cells whose window would leave the image are cut off, so the result has the shape of
    `sliding_window_heatmap`. A large image is worked through in overlapping parts of about `part`
    pixels on a side: memory stays bounded, the answers stay the same. (But a network that pads sees
    the image's border, and is run on the whole.) Raises TypeError for a model that `to_fcn` has not
    converted, and ValueError if the image is smaller than the window, or holds NaN.
    """
    geometry = getattr(fcn, "geometry", None)
    if not isinstance(geometry, Geometry):
        raise TypeError("fcn_heatmap needs a converted network: to_fcn(model, input_size)")
    _check_image(image, geometry.window)

    def run(piece: Tensor) -> Tensor:
        rows, cols = geometry.cells(*piece.shape[-2:])
        return fcn(piece[None])[0, :, :rows, :cols]

    if not geometry.exact:
        part = max(image.shape)
    with eval_mode(fcn):
        return in_parts(run, image, geometry, part=part, progress=progress)


@torch.no_grad()
def fcn_heatmaps(
    fcn: nn.Module, images: Sequence[Tensor], *, rounded: int | None = None
) -> list[Tensor]:
    """`fcn_heatmap` for each of several images [C, H, W] of any sizes, in few passes.

    Images whose sizes are the same when rounded up to multiples of `rounded` (16) are made equal at
    the right and the bottom, and go through the network together; cells that look at what was
    added are cut off. Raises as `fcn_heatmap` does.
    """
    if not hasattr(fcn, "geometry"):
        raise TypeError("fcn_heatmaps needs a converted network: to_fcn(model, input_size)")
    groups = defaultdict(list)
    # A network that pads would see the added pixels.
    multiple = (rounded or ROUND) if fcn.geometry.exact else 1
    for index, image in enumerate(images):
        size = tuple(multiple * ceil(side / multiple) for side in image.shape[-2:])
        groups[image.shape[:-2], size].append(index)
    heatmaps: list[Tensor] = [torch.empty(0)] * len(images)
    for (_, size), members in sorted(groups.items()):
        together = max(1, BATCH_PIXELS // (size[0] * size[1]))
        for start in range(0, len(members), together):
            chosen = members[start : start + together]
            for index, heatmap in zip(
                chosen, _together(fcn, [images[i] for i in chosen], size), strict=True
            ):
                heatmaps[index] = heatmap
    return heatmaps


def _together(fcn: nn.Module, images: list[Tensor], size: tuple[int, int]) -> list[Tensor]:
    if len(images) == 1:
        return [fcn_heatmap(fcn, images[0])]
    for image in images:
        _check_image(image, fcn.geometry.window)
    height, width = size
    batch = [pad(i, (0, width - i.shape[2], 0, height - i.shape[1])) for i in images]
    with eval_mode(fcn):
        logits = fcn(torch.stack(batch))
    cells = [fcn.geometry.cells(*image.shape[-2:]) for image in images]
    return [each[:, :rows, :cols] for each, (rows, cols) in zip(logits, cells, strict=True)]


@torch.no_grad()
def dense_heatmap(
    model: nn.Module,
    image: Tensor,
    *,
    window: tuple[int, int] = (40, 100),
    part: int = DENSE_PART,
    progress: bool = False,
) -> Tensor:
    """The classifier's answer at every single pixel (stride 1): logits [classes, rows, cols].

    `model` is a classifier for crops of `window` (height, width), or an FCN. Equal to
    `sliding_window_heatmap(model, image, stride=(1, 1))`, without its repeated work: an FCN of
    stride 4 gives every fourth row and column, so it is run on the image shifted by 0 to 3 pixels
    down and right, and the 16 heatmaps are interleaved ("shift and stitch", Long et al. 2015).
    Raises ValueError for a network that pads, whose cells are not the crops' answers.
    """
    fcn = accelerate(model if hasattr(model, "geometry") else to_fcn(model, window))
    geometry = fcn.geometry
    if not geometry.exact:
        raise ValueError(
            f"layer {geometry.padded[0]} pads: no cell of a larger image has a crop's answer"
        )
    _check_image(image, geometry.window)

    def run(piece: Tensor) -> Tensor:
        return _shift_and_stitch(fcn, piece)

    every_pixel = replace(geometry, stride=(1, 1))
    return in_parts(run, image, every_pixel, part=part, progress=progress)


def _shift_and_stitch(fcn: nn.Module, image: Tensor) -> Tensor:
    geometry: Geometry = fcn.geometry
    rows, cols = replace(geometry, stride=(1, 1)).cells(*image.shape[-2:])
    down, right = geometry.stride
    shifts = [(d, r) for d in range(min(down, rows)) for r in range(min(right, cols))]
    shifted_images = [image[:, d:, r:] for d, r in shifts]
    heatmaps = fcn_heatmaps(fcn, shifted_images, rounded=max(geometry.stride))
    stitched = heatmaps[0].new_empty(len(heatmaps[0]), rows, cols)
    for (d, r), shifted in zip(shifts, heatmaps, strict=True):
        stitched[:, d::down, r::right] = shifted
    return stitched


def in_parts(
    run: Callable[[Tensor], Tensor],
    image: Tensor,
    geometry: Geometry,
    *,
    part: int,
    progress: bool = False,
) -> Tensor:
    """A heatmap of a large image [C, H, W], part by part, put together: [classes, rows, cols].

    `run` gives all cells that `geometry` says a part has. Parts are about `part` pixels on a side
    (at least one window), and overlap by a window less one stride, so that no cell is missed.
    """
    rows, cols = geometry.cells(*image.shape[-2:])
    side = [max(1, count) for count in geometry.cells(part, part)]
    starts = [(r, c) for r in range(0, rows, side[0]) for c in range(0, cols, side[1])]
    heatmap = None
    for row, col in tqdm(starts, desc="parts", disable=not progress):
        top, bottom = _pixels(geometry, 0, row, min(row + side[0], rows))
        left, right = _pixels(geometry, 1, col, min(col + side[1], cols))
        cells = run(image[:, top:bottom, left:right])
        if len(starts) == 1:
            return cells
        if heatmap is None:
            heatmap = cells.new_empty(len(cells), rows, cols)
        heatmap[:, row : row + side[0], col : col + side[1]] = cells
    return heatmap


def _pixels(geometry: Geometry, axis: int, first: int, end: int) -> tuple[int, int]:
    """The part of the image that the cells from `first` to before `end` look at."""
    start, stride = geometry.offset[axis], geometry.stride[axis]
    return stride * first, start + stride * (end - 1) + geometry.window[axis]


def car_margin(logits: Tensor) -> Tensor:
    """logit(car) - logit(not a car), [2, rows, cols] -> [rows, cols]: above 0 means "car".

    Both logits count: the car logit alone would rank cells differently.
    """
    if logits.shape[0] != 2:
        raise ValueError(f"expected logits of 2 classes first, not {list(logits.shape)}")
    return logits[1] - logits[0]


def car_probability(logits: Tensor) -> Tensor:
    """Softmax probability of "car", [2, rows, cols] -> [rows, cols]."""
    return torch.sigmoid(car_margin(logits))
