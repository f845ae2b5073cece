"""Augmentation: changes of an image after which a car is still a car.

Every transform takes a batch of images [N, C, H, W] in [0, 1] and an explicit `torch.Generator`,
samples its random numbers separately for each image, and returns a *new* batch of the same shape,
dtype and range. What a transform may not break is in its docstring, and tested. All raise
ValueError for images that are not floating point, or not [N, C, H, W].

>>> images = torch.rand(8, 1, 40, 100)
>>> default_augmentation(images, torch.Generator().manual_seed(0)).shape
torch.Size([8, 1, 40, 100])
"""

import math

import torch
from torch import Generator, Tensor
from torch.nn.functional import affine_grid, grid_sample

from helpers.boxes import check_boxes


def uniform_for_each(n: int, low: float, high: float, generator: Generator, like: Tensor) -> Tensor:
    """Random numbers, one for each image. Lesson 02.

    Args:
        n: how many.
        low: the smallest that may come.
        high: none is as large.
        generator: where the random numbers come from.
        like: a tensor of the device and type that the numbers are for.

    Returns:
        Tensor[n, 1, 1, 1], so that each goes with one image [C, H, W]. At least float32: in half
        precision the largest would round up to `high` itself.
    """
    # Sampled on the generator's own device, so that a seed means the same on every accelerator.
    numbers = torch.rand(n, 1, 1, 1, generator=generator, device=generator.device)
    dtype = torch.promote_types(like.dtype, torch.float32)
    return (low + (high - low) * numbers).to(like.device, dtype)


def check_batch(images: Tensor) -> None:
    """Refuse what is no batch of images.

    Raises:
        ValueError: unless `images` is floating point and [N, C, H, W].
    """
    if images.ndim != 4:
        raise ValueError(f"a batch of images must be [N, C, H, W], not {list(images.shape)}")
    if not images.is_floating_point():
        raise ValueError(f"images must be floating point in [0, 1], not {images.dtype}")


def flip(images: Tensor, generator: Generator, probability: float = 0.5) -> Tensor:
    """Mirror each image left to right with the given probability. Lesson 02.

    A car seen in a mirror drives the other way and is still a car. Never top to bottom: a car on
    its roof is not what the detector looks for. May not change any pixel's value or row.
    As `torchvision.transforms.v2.RandomHorizontalFlip`, but each image by itself.

    Args:
        images: float [N, C, H, W] in [0, 1].
        generator: where the random numbers come from.
        probability: of mirroring, in [0, 1].

    Returns:
        Tensor[N, C, H, W], a new one.
    """
    check_batch(images)
    mirrored = uniform_for_each(len(images), 0, 1, generator, images) < probability
    return torch.where(mirrored, images.flip(-1), images)


def mirror_boxes(boxes: Tensor, width: int) -> Tensor:
    """The boxes of a picture in its mirror image. Lesson 02.

    What was on the left is on the right: the old right edge x2 becomes the new left edge.

    Args:
        boxes: Tensor[N, 4], xyxy in pixels.
        width: of the picture, in pixels.

    Returns:
        Tensor[N, 4], new boxes of the same size.

    Raises:
        ValueError: for anything that is not a box.

    >>> mirror_boxes(torch.tensor([[10.0, 0, 30, 20]]), width=100)
    tensor([[70.,  0., 90., 20.]])
    """
    x1, y1, x2, y2 = check_boxes(boxes).unbind(1)
    return torch.stack([width - x2, y1, width - x1, y2], 1)


def shift(images: Tensor, generator: Generator, pixels: int = 2) -> Tensor:
    """Move each image a little in each direction; borders repeat. Lesson 02.

    Must stay small: the label says that the car is *centred*, and a detector learns from exactly
    that to answer at the right position and nowhere beside it. May not wrap around.

    Args:
        images: float [N, C, H, W] in [0, 1].
        generator: where the random numbers come from.
        pixels: at most so many up or down, and left or right; less than the image's shorter side.

    Returns:
        Tensor[N, C, H, W], a new one.

    Raises:
        ValueError: for pixels below 0, or as many as the image has.
    """
    check_batch(images)
    if not 0 <= pixels < min(images.shape[-2:]):
        raise ValueError(f"pixels must be from 0 to less than the image's size, not {pixels}")
    n = len(images)
    offsets = torch.randint(
        0, 2 * pixels + 1, (2, n), generator=generator, device=generator.device
    ).to(images.device)
    return move_windows(images, offsets[0] - pixels, offsets[1] - pixels)


def zoom(images: Tensor, generator: Generator, factor: float = 1.1) -> Tensor:
    """Show each image a little larger or smaller, around its middle; borders repeat.

    For a detector of several sizes: between two scales of a pyramid, objects are up to a tenth
    larger or smaller than those in crops that were all cut alike. Must stay small, as `shift`: an
    object of another size is for another scale to find.

    Args:
        images: float [N, C, H, W] in [0, 1].
        generator: where the random numbers come from.
        factor: at most so many times as large, or as small; 1 changes nothing.

    Returns:
        Tensor[N, C, H, W], a new one.

    Raises:
        ValueError: unless 1 <= factor < infinity.
    """
    check_batch(images)
    if not 1 <= factor < math.inf:
        raise ValueError(f"factor must be 1 or more, not {factor}")
    most = math.log(factor)
    span = uniform_for_each(len(images), -most, most, generator, images).exp().flatten()
    return scale_windows(images, span, torch.zeros_like(span).expand(2, -1))


def scale_windows(images: Tensor, span: Tensor, middle: Tensor) -> Tensor:
    """Each image seen through a window of another size, which fills the result; borders repeat.

    Args:
        images: float [N, C, H, W] in [0, 1].
        span: Tensor[N], sides of the windows next to those of the images; above 1 the image
            shrinks.
        middle: Tensor[2, N], x and y of the windows' middles; the image goes from -1 to 1.

    Returns:
        Tensor[N, C, H, W], a new one.
    """
    if not len(images):
        return images.clone()  # affine_grid wants at least one
    view = torch.zeros(len(images), 2, 3, device=images.device, dtype=span.dtype)
    view[:, 0, 0] = view[:, 1, 1] = span
    view[:, :, 2] = middle.T
    grid = affine_grid(view, list(images.shape), align_corners=False).to(images)  # [N, H, W, 2]
    return grid_sample(images, grid, padding_mode="border", align_corners=False).clamp(0, 1)


def move_windows(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Each image seen from a window that moved; borders are repeated. Lesson 02.

    Args:
        images: Tensor[N, C, H, W].
        down: by how many pixels each window moves, Tensor[N] of int64.
        right: the same to the right.

    Returns:
        Tensor[N, C, H, W], a new one.

    >>> move_windows(torch.tensor([[[[1, 2, 3]]]]), torch.tensor([0]), torch.tensor([1]))
    tensor([[[[2, 3, 3]]]])
    """
    height, width = images.shape[-2:]
    rows = (torch.arange(height, device=images.device) + down[:, None]).clamp(0, height - 1)
    cols = (torch.arange(width, device=images.device) + right[:, None]).clamp(0, width - 1)
    images = images.take_along_dim(rows[:, None, :, None], dim=2)  # rows [N, H] -> [N, C, H, W]
    return images.take_along_dim(cols[:, None, None, :], dim=3)  # cols [N, W] -> [N, C, H, W]


def brightness(images: Tensor, generator: Generator, strength: float = 0.2) -> Tensor:
    """Add one amount to all pixels of an image, cut off at 0 and 1. Lesson 02.

    May not move anything, nor swap which of two pixels is the brighter one.

    Args:
        images: float [N, C, H, W] in [0, 1].
        generator: where the random numbers come from.
        strength: the amount is from -strength to strength, in grey values.

    Returns:
        Tensor[N, C, H, W], a new one.
    """
    check_batch(images)
    amount = uniform_for_each(len(images), -strength, strength, generator, images).to(images)
    return (images + amount).clamp(0, 1)


def contrast(
    images: Tensor, generator: Generator, factors: tuple[float, float] = (0.3, 1.1)
) -> Tensor:
    """Stretch each image around its own mean, cut off at 0 and 1. Lesson 02.

    Mostly weaker, because the crops of many data sets (UIUC's among them) were stretched to full
    contrast when they were made, and whole photographs were not. May not turn an image into its
    negative, so the factor stays above zero.

    Args:
        images: float [N, C, H, W] in [0, 1].
        generator: where the random numbers come from.
        factors: (low, high), between which the factor lies; 1 changes nothing.

    Returns:
        Tensor[N, C, H, W], a new one.

    Raises:
        ValueError: unless 0 < low <= high.
    """
    check_batch(images)
    low, high = factors
    if not 0 < low <= high:
        raise ValueError(f"factors must be (low, high) with 0 < low <= high, not {factors}")
    factor = uniform_for_each(len(images), low, high, generator, images).to(images)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return (mean + factor * (images - mean)).clamp(0, 1)


def noise(images: Tensor, generator: Generator, strength: float = 0.03) -> Tensor:
    """Add Gaussian noise, cut off at 0 and 1. Lesson 02.

    May not drown the picture: the mean of an image stays where it was, within the noise.

    Args:
        images: float [N, C, H, W] in [0, 1].
        generator: where the random numbers come from.
        strength: the largest standard deviation of an image's noise, in grey values.

    Returns:
        Tensor[N, C, H, W], a new one.
    """
    check_batch(images)
    sigma = uniform_for_each(len(images), 0, strength, generator, images).to(images)
    field = torch.randn(images.shape, generator=generator, device=generator.device).to(images)
    return (images + sigma * field).clamp(0, 1)


def cutout(images: Tensor, generator: Generator, size: int = 10) -> Tensor:
    """Cover one square of each image with its mean, as a tree would. Lesson 02.

    May not cover the car: the square stays well under the image's size. All other pixels stay.

    Args:
        images: float [N, C, H, W] in [0, 1].
        generator: where the random numbers come from.
        size: of the square, in pixels; at most half of the image's shorter side.

    Returns:
        Tensor[N, C, H, W], a new one.

    Raises:
        ValueError: for a size below 0, or too large.

    Source: DeVries and Taylor 2017.
    """
    check_batch(images)
    n, _, height, width = images.shape
    if not 0 <= size <= min(height, width) // 2:
        raise ValueError(f"size must be from 0 to half of the image's shorter side, not {size}")
    top = (uniform_for_each(n, 0, 1, generator, images) * (height - size + 1)).floor()
    left = (uniform_for_each(n, 0, 1, generator, images) * (width - size + 1)).floor()
    row = torch.arange(height, device=images.device).view(1, 1, -1, 1)
    col = torch.arange(width, device=images.device).view(1, 1, 1, -1)
    covered = (row >= top) & (row < top + size) & (col >= left) & (col < left + size)
    return torch.where(covered, images.mean(dim=(1, 2, 3), keepdim=True), images)


def default_augmentation(images: Tensor, generator: Generator) -> Tensor:
    """The course's recipe: flip, shift by two pixels, contrast, brightness. Lesson 02.

    Args:
        images: float [N, C, H, W] in [0, 1].
        generator: where the random numbers come from.

    Returns:
        Tensor[N, C, H, W], a new one.
    """
    images = contrast(light_augmentation(images, generator), generator)
    return brightness(images, generator)


def light_augmentation(images: Tensor, generator: Generator) -> Tensor:
    """Flip and shift alone: learned sooner, and enough where all crops have the same contrast.

    Takes and returns what `default_augmentation` does. Lesson 02.
    """
    return shift(flip(images, generator), generator)
