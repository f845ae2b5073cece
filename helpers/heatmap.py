"""Heatmaps: the classifier's answer at every position of an image, by hand and in one pass.

>>> from helpers.models import make_classifier
>>> classifier = make_classifier((16, 24), seed=0).eval()
>>> image = torch.rand(1, 40, 60)
>>> by_hand = sliding_window_heatmap(classifier, image, window=(16, 24))
>>> by_hand.shape
torch.Size([2, 7, 10])
>>> torch.allclose(fcn_heatmap(to_fcn(classifier, (16, 24)), image), by_hand, atol=1e-5)
True
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from math import ceil, prod

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from tqdm.auto import tqdm

from helpers.acceleration import accelerate
from helpers.devices import full_precision
from helpers.fcn import to_fcn
from helpers.geometry import Geometry
from helpers.models import eval_mode, input_size_of, stride_of
from helpers.tiles import Progress, in_tiles

# Pixels on a side of the tiles that a large image is worked through in.
TILE_SIDE, DENSE_TILE_SIDE = 768, 512
# Small images go together in batches of so many pixels, if they have the same size when it is
# rounded up to this multiple.
BATCH_PIXELS, SIZE_MULTIPLE = 2**18, 16


def _check_image(image: Tensor, window: tuple[int, int], model: nn.Module) -> None:
    if not isinstance(image, Tensor):
        raise TypeError(
            f"the image must be a torch.Tensor, not {type(image).__name__}: use"
            " helpers.images.as_grey(image)"
        )
    if image.ndim != 3:
        raise ValueError(f"the image must be [C, H, W], not {list(image.shape)}")
    if not image.is_floating_point():
        raise ValueError(f"the image must be float in [0, 1], not {image.dtype}: divide by 255")
    numbers = chain(model.parameters(), model.buffers())
    weights = next((t for t in numbers if t.is_floating_point()), image)
    there = str(image.device), str(weights.device)
    for on, ours, theirs in (("", image.dtype, weights.dtype), ("on ", *there)):
        if ours != theirs:
            told = f"the image is {on}{ours} and the network {on}{theirs}"
            raise ValueError(f"{told}: use image.to({theirs!r})")
    if not torch.isfinite(image).all():
        raise ValueError("the image holds NaN or infinity")
    if image.shape[1] < window[0] or image.shape[2] < window[1]:
        raise ValueError(
            f"the image of {image.shape[1]}×{image.shape[2]} is smaller than the window of"
            f" {window[0]}×{window[1]}: pad it first, or let Detector do so"
        )


@full_precision()
@torch.no_grad()
def sliding_window_heatmap(
    model: nn.Module,
    image: Tensor,
    *,
    window: tuple[int, int] | None = None,
    stride: tuple[int, int] | None = None,
    batch_size: int = 64,
    progress: bool = False,
) -> Tensor:
    """Run a classifier on every window of an image: the honest, slow way. Lesson 05.

    Each window is cut out and classified as if the others did not exist. Cell (r, c) belongs to the
    window whose top-left pixel is (r · stride, c · stride).

    Args:
        model: a classifier for crops of `window`.
        image: Tensor[C, H, W], float in [0, 1].
        window: (height, width) in pixels; None: that of the model (see `input_size_of`).
        stride: (down, right) in pixels; None: that of the model (see `stride_of`).
        batch_size: how many windows go through the network together.
        progress: show a bar.

    Returns:
        Logits [classes, rows, cols].

    Raises:
        TypeError: if the image is no tensor.
        ValueError: if it is smaller than the window, of another type or on another device than the
            network, or holds NaN or infinity.
    """
    window, stride = window or input_size_of(model), stride or stride_of(model)
    _check_image(image, window, model)
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
    return torch.cat(logits).T.reshape(-1, rows, cols)  # [windows, classes] -> [classes, …]


@full_precision()
@torch.no_grad()
def fcn_heatmap(
    fcn: nn.Module, image: Tensor, *, tile_side: int = TILE_SIDE, progress: Progress = False
) -> Tensor:
    """Run an FCN once over an image, as if it slid over every window. Lesson 05.

    Cells whose window would leave the image are cut off, so the result has the shape of
    `sliding_window_heatmap`. A large image is worked through in overlapping tiles: memory stays
    bounded, the answers stay the same. (But a network that pads sees the image's border, and is run
    on the whole.)

    Args:
        fcn: as `to_fcn` or `accelerate` gives it.
        image: Tensor[C, H, W], float in [0, 1].
        tile_side: about how many pixels a tile has on a side.
        progress: show a bar; or a function that is told how many cells each tile has given.

    Returns:
        Logits [classes, rows, cols].

    Raises:
        TypeError: for a model that `to_fcn` has not converted.
        TypeError, ValueError: for an image that `sliding_window_heatmap` refuses.
    """
    geometry = getattr(fcn, "geometry", None)
    if not isinstance(geometry, Geometry):
        raise TypeError("fcn_heatmap needs a converted network: to_fcn(model, input_size)")
    _check_image(image, geometry.window, fcn)

    def run(tile: Tensor) -> Tensor:
        rows, cols = geometry.cells(*tile.shape[-2:])
        return fcn(tile[None])[0, :, :rows, :cols]

    with eval_mode(fcn):
        if not geometry.exact:  # not even without the rest at the right and the bottom
            heatmap = run(image)
            if callable(progress):
                progress(heatmap[0].numel())
            return heatmap
        return in_tiles(run, image, geometry, tile_side=tile_side, progress=progress)


@full_precision()
@torch.no_grad()
def fcn_heatmaps(
    fcn: nn.Module,
    images: Sequence[Tensor],
    *,
    size_multiple: int | None = None,
    progress: Progress = False,
) -> list[Tensor]:
    """`fcn_heatmap` for each of several images [C, H, W] of any sizes, in few passes. Lesson 06.

    Images whose sizes are the same when rounded up to multiples of `size_multiple` (16) are made
    equal at the right and the bottom, and go through the network in one batch; cells that look at
    what was added are cut off. `progress` is that of `fcn_heatmap`, for images that go alone.

    Raises:
        TypeError, ValueError: as `fcn_heatmap`.
    """
    if not hasattr(fcn, "geometry"):
        raise TypeError("fcn_heatmaps needs a converted network: to_fcn(model, input_size)")
    for image in images:
        _check_image(image, fcn.geometry.window, fcn)
    # A network that pads would see the added pixels.
    multiple = (size_multiple or SIZE_MULTIPLE) if fcn.geometry.exact else 1
    same_size = defaultdict(list)
    for index, image in enumerate(images):
        size = tuple(multiple * ceil(side / multiple) for side in image.shape[-2:])
        same_size[image.shape[:-2], size].append(index)
    heatmaps: list[Tensor] = [torch.empty(0)] * len(images)
    for (_, size), members in sorted(same_size.items()):
        batch_size = max(1, BATCH_PIXELS // prod(size))
        for start in range(0, len(members), batch_size):
            batch = members[start : start + batch_size]
            answers = _one_batch(fcn, [images[i] for i in batch], size, progress)
            for index, heatmap in zip(batch, answers, strict=True):
                heatmaps[index] = heatmap
    return heatmaps


def _one_batch(
    fcn: nn.Module, images: list[Tensor], size: tuple[int, int], progress: Progress
) -> list[Tensor]:
    if len(images) == 1:
        return [fcn_heatmap(fcn, images[0], progress=progress)]
    batch = [pad(i, (0, size[1] - i.shape[2], 0, size[0] - i.shape[1])) for i in images]
    with eval_mode(fcn):
        logits = fcn(torch.stack(batch))  # [N, classes, rows, cols]
    cells = [fcn.geometry.cells(*image.shape[-2:]) for image in images]
    return [each[:, :rows, :cols] for each, (rows, cols) in zip(logits, cells, strict=True)]


@torch.no_grad()
def dense_heatmap(
    model: nn.Module,
    image: Tensor,
    *,
    window: tuple[int, int] | None = None,
    tile_side: int = DENSE_TILE_SIDE,
    progress: bool = False,
) -> Tensor:
    """The classifier's answer at every single pixel (stride 1), without repeated work. Lesson 05.

    Equal to `sliding_window_heatmap(model, image, stride=(1, 1))`. An FCN of stride 4 gives every
    fourth row and column, so it is run on the image shifted by 0 to 3 pixels down and right, and
    the 16 heatmaps are interleaved ("shift and stitch").

    Args:
        model: a classifier for crops of `window`, or an FCN.
        image: Tensor[C, H, W], float in [0, 1].
        window: (height, width) in pixels; None: that of the model (see `input_size_of`).
        tile_side: about how many pixels a tile of a large image has on a side.
        progress: show a bar.

    Returns:
        Logits [classes, H - height + 1, W - width + 1].

    Raises:
        TypeError, ValueError: as `fcn_heatmap`, and for a network that pads: its cells are not the
            crops' answers.

    Source: Long, Shelhamer and Darrell 2015.
    """
    size = window or input_size_of(model)
    fcn = accelerate(model if hasattr(model, "geometry") else to_fcn(model, size))
    geometry = fcn.geometry
    if not geometry.exact:
        raise ValueError(
            f"layer {geometry.padded[0]} pads: no cell of a larger image has a crop's answer"
        )
    _check_image(image, geometry.window, fcn)

    def run(tile: Tensor) -> Tensor:
        return _shift_and_stitch(fcn, tile)

    every_pixel = replace(geometry, stride=(1, 1))
    return in_tiles(run, image, every_pixel, tile_side=tile_side, progress=progress)


def _shift_and_stitch(fcn: nn.Module, image: Tensor) -> Tensor:
    geometry: Geometry = fcn.geometry
    rows, cols = replace(geometry, stride=(1, 1)).cells(*image.shape[-2:])
    down, right = geometry.stride
    shifts = [(d, r) for d in range(min(down, rows)) for r in range(min(right, cols))]
    shifted_images = [image[:, d:, r:] for d, r in shifts]
    heatmaps = fcn_heatmaps(fcn, shifted_images, size_multiple=max(geometry.stride))
    stitched = heatmaps[0].new_empty(len(heatmaps[0]), rows, cols)
    for (d, r), shifted in zip(shifts, heatmaps, strict=True):
        stitched[:, d::down, r::right] = shifted
    return stitched


def car_margin(logits: Tensor) -> Tensor:
    """logit(car) - logit(not a car), [2, rows, cols] -> [rows, cols]: above 0 means "car".

    Both logits count: the car logit alone would rank cells differently. Lesson 05.

    >>> car_margin(torch.tensor([[[0.5, 2.0]], [[1.5, 1.0]]]))
    tensor([[ 1., -1.]])
    """
    if logits.shape[0] != 2:
        raise ValueError(f"expected logits of 2 classes first, not {list(logits.shape)}")
    return logits[1] - logits[0]


def car_probability(logits: Tensor) -> Tensor:
    """Softmax probability of "car", [2, rows, cols] -> [rows, cols], in [0, 1]. Lesson 05."""
    return torch.sigmoid(car_margin(logits))


def class_margin(logits: Tensor, label: int) -> Tensor:
    """How far a class is ahead of all others: the log of its odds, at every cell. Lesson 06.

    Its sigmoid is the softmax probability of the class, and in float64 it still tells
    probabilities near 1 apart. For two classes it is `car_margin`.

    Args:
        logits: Tensor[classes, ...].
        label: the index of a class.

    Returns:
        Tensor[...].

    Raises:
        ValueError: there is no such class.

    >>> logits = torch.tensor([2.0, 1.0, 0.0])
    >>> torch.allclose(class_margin(logits, 1).sigmoid(), logits.softmax(0)[1])
    True
    """
    if not 0 <= label < len(logits) or len(logits) < 2:
        raise ValueError(f"there is no class {label} beside another among {len(logits)}")
    others = torch.cat([logits[:label], logits[label + 1 :]])
    return logits[label] - others.logsumexp(0)


def class_probability(logits: Tensor, label: int) -> Tensor:
    """Softmax probability of a class, [classes, ...] -> [...], as `class_margin`. Lesson 06."""
    return torch.sigmoid(class_margin(logits, label))
