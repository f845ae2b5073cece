"""Objects of several sizes: scales at which the window fits them, and images made ready for it.

>>> [round(scale, 2) for scale in pyramid(60, 120, width=80)]
[0.82, 0.97, 1.16, 1.38]
"""

from collections.abc import Iterator
from math import ceil, inf, log, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from helpers.geometry import Geometry

# Neighbouring scales of a pyramid. No car is further than the root of this from one of them, and a
# tenth is what the classifier tolerates: of the drawn validation cars it knows 99 % as they are, 98
# and 99 % if they are a tenth smaller or larger, but only 75 and 88 % if it is a fifth.
RATIO = 1.2


def pyramid(
    smallest: float = 85, largest: float = 215, *, width: float = 100, ratio: float = RATIO
) -> tuple[float, ...]:
    """Scales at which every box of a range of sizes fits the window nearly. Lesson 08.

    At scale s the classifier finds boxes s times as large, since the image is shrunk by s. The
    scales are even in the logarithm, and the outer ones lie half a step inside the range: no box is
    off by more than the root of `ratio`.

    Args:
        smallest: the narrowest box, in pixels.
        largest: the widest one.
        width: of the boxes that the classifier knows, in pixels.
        ratio: neighbouring scales are at most this far apart.

    Raises:
        ValueError: unless 0 < smallest <= largest < infinity, width > 0 and ratio > 1.

    >>> [round(scale, 2) for scale in pyramid(85, 215)]
    [0.92, 1.07, 1.25, 1.46, 1.7, 1.99]
    """
    if not (0 < smallest <= largest < inf and 0 < width < inf and 1 < ratio < inf):
        raise ValueError(
            "a pyramid needs 0 < smallest <= largest, width > 0 and ratio > 1, not"
            f" {smallest}, {largest}, {width}, {ratio}"
        )
    count = max(1, ceil(log(largest / smallest) / log(ratio) - 1e-9))
    step = (largest / smallest) ** (1 / count)
    return tuple(smallest / width * sqrt(step) * step**k for k in range(count))


def resized(image: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """An image made smaller by `scale`, antialiased. Lesson 08.

    Without antialiasing, pixels that are skipped would turn fine patterns into coarse ones. The new
    size is rounded to whole pixels, so that the factors differ from `scale` a little.

    Args:
        image: Tensor[C, H, W] in [0, 1].
        scale: above 0; 2 is half the size.

    Returns:
        The image [C, h, w], and the factors [4] (x, y, x, y) that take boxes back.

    Raises:
        ValueError: for another scale.

    >>> small, factors = resized(torch.zeros(1, 40, 100), 2)
    >>> small.shape, factors
    (torch.Size([1, 20, 50]), tensor([2., 2., 2., 2.]))
    """
    if not 0 < scale < inf:
        raise ValueError(f"scale must be a number above 0, not {scale}")
    height, width = image.shape[-2:]
    new = [max(1, round(side / scale)) for side in (height, width)]
    if new == [height, width]:
        return image, torch.ones(4, dtype=torch.float32)
    small = interpolate(image[None], new, mode="bilinear", antialias=True, align_corners=False)[0]
    x, y = width / new[1], height / new[0]
    # The weights of a mean add up to 1 but for rounding: white would come out above 1.
    return small.clamp(0, 1), torch.tensor([x, y, x, y], dtype=torch.float32)


def batches(images: list[Tensor], pixels: int) -> Iterator[list[Tensor]]:
    """Cut a list of images into lists of at most `pixels`, and at least one image each.

    >>> [len(batch) for batch in batches([torch.zeros(1, 4, 5)] * 5, pixels=40)]
    [2, 2, 1]
    """
    batch, total = [], 0
    for image in images:
        if batch and total + image.numel() > pixels:
            yield batch
            batch, total = [], 0
        batch.append(image)
        total += image.numel()
    if batch:
        yield batch


def with_border(image: Tensor, geometry: Geometry, border: int) -> tuple[Tensor, tuple[int, int]]:
    """The image with `border` pixels all around, and more where the window needs them. Lesson 06.

    Small images are centred. The last window ends exactly at the padded image's edge: no pixel
    is left over, and the mirror image has its windows at the same positions.

    Args:
        image: Tensor[C, H, W].
        geometry: the network's.
        border: in pixels; those there repeat the image's border.

    Returns:
        The padded image, and how many rows and columns come before the image in it.
    """
    margins = []
    for length, window, stride in zip(
        image.shape[-2:], geometry.window, geometry.stride, strict=True
    ):
        before = max(border, (window - length + 1) // 2)
        wanted = max(length + before + border, window)
        rest = -(wanted - window) % stride
        margins.append((before, wanted + rest - length - before))
    (top, bottom), (left, right) = margins
    padded = pad(image[None], (left, right, top, bottom), mode="replicate")[0]
    return padded, (top, left)


@torch.no_grad()
def find_channels(network: nn.Module, window: tuple[int, int], device: torch.device) -> int:
    """How many channels a network's images have: 1 (grey) or 3 (RGB).

    Raises:
        ValueError: it takes neither.

    >>> find_channels(nn.Conv2d(3, 2, 5), (8, 8), torch.device("cpu"))
    3
    """
    problems = []
    for channels in (1, 3):
        try:
            network(torch.zeros(1, channels, *window, dtype=torch.float32, device=device))
            return channels
        except (RuntimeError, ValueError) as error:
            problems.append(error)
    raise ValueError(
        "a detector asks its network about float32 images, grey (one channel) or RGB (three"
        f" channels): {problems[0]}"
    ) from problems[0]
