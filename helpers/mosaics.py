"""Scenes put together from crops: a test of detection that needs no scene.

Real scenes are for measuring only. Where a detector has to be *chosen*, mosaics of crops that it
was not trained on stand in for them.

>>> crops = Crops(torch.rand(4, 1, 40, 100), torch.tensor([1, 0, 0, 0]))
>>> mosaics(crops, grid=(2, 3))
[Scene(mosaic-0: 73×297, cars: 1)]
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from helpers.datasets import Crops, Scene


def mosaics(
    crops: Crops,
    *,
    count: int | None = None,
    contrast: float = 1.0,
    grid: tuple[int, int] = (3, 3),
    sizes: tuple[float, float] | None = None,
    seed: int = 0,
) -> list[Scene]:
    """Scenes made of crops without gaps, with the boxes of their cars.

    Each shows at least one car among random other crops; every second one has another car right
    behind it. Up to a fifth of a crop's width is cut off at the left and a quarter of its height
    at the top, so that some cars cross the border. The same seed gives the same scenes, whatever
    the contrast and the sizes.

    Args:
        crops: of any size, grey or in colour.
        count: how many scenes; None: one for each car.
        contrast: in ]0, 1]: shrinks all grey values towards their mean, as in a dull photograph.
        grid: (rows, columns) of crops in a scene.
        sizes: (least, most) times as large as its crops, which a scene becomes as a whole; even in
            the logarithm, as for scenes with cars of all sizes. None: all stay as they are.
        seed: of the random choices.

    Raises:
        ValueError: without cars or without others, or for an impossible count, grid, contrast or
            sizes.

    >>> crops = Crops(torch.rand(4, 1, 40, 100), torch.tensor([1, 0, 0, 0]))
    >>> mosaics(crops, grid=(2, 3), sizes=(2, 2))
    [Scene(mosaic-0: 146×594, cars: 1)]
    """
    cars = (crops.labels == 1).nonzero().flatten()
    others = (crops.labels == 0).nonzero().flatten()
    count = len(cars) if count is None else count
    if len(cars) == 0 or len(others) == 0:
        raise ValueError("mosaics need at least one car and one other crop")
    if count < 1 or min(grid) < 1 or grid[1] < 2 or not 0 < contrast <= 1:
        raise ValueError(
            f"count must be at least 1, grid at least 1×2 and contrast in (0, 1], not {count},"
            f" {grid[0]}×{grid[1]}, {contrast:g}"
        )
    if sizes is not None and not 0 < sizes[0] <= sizes[1] < math.inf:
        raise ValueError(f"sizes must be (least, most) with 0 < least <= most, not {sizes}")
    generator = torch.Generator().manual_seed(seed)
    # Sizes have their own random numbers: with them or without, the mosaics are the same.
    size_generator = torch.Generator().manual_seed(seed + 1)
    order = torch.randperm(len(cars), generator=generator)
    scenes = []
    for number in range(count):
        shown = [cars[order[number % len(cars)]]]
        if number % 2:
            shown.append(cars[order[(number + 1) % len(cars)]])
        image, boxes = _mosaic(crops.images, torch.stack(shown), others, grid, generator)
        if contrast < 1:
            image = image.mean() + contrast * (image - image.mean())
        if sizes is not None:
            least, most = map(math.log, sizes)
            share = torch.rand((), generator=size_generator).item()
            image, boxes = _scaled(image, boxes, math.exp(least + share * (most - least)))
        scenes.append(Scene(f"mosaic-{number}", image.clamp(0, 1), boxes))
    return scenes


def _mosaic(
    images: Tensor, cars: Tensor, others: Tensor, grid: tuple[int, int], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """An image [C, H, W] with `cars` side by side, and their boxes [M, 4]."""
    (rows, cols), (channels, height, width) = grid, images.shape[1:]
    picked = others[torch.randint(len(others), (rows, cols), generator=generator)]
    row = _random(rows, generator)
    col = _random(cols - len(cars) + 1, generator)
    picked[row, col : col + len(cars)] = cars
    tiles = images[picked].permute(2, 0, 3, 1, 4)  # [C, rows, height, cols, width]
    tiles = tiles.reshape(channels, rows * height, cols * width)
    down, right = _random(height // 4, generator), _random(width // 5, generator)
    left = width * (col + torch.arange(len(cars))) - right
    top = torch.full_like(left, height * row - down)
    boxes = torch.stack([left, top, left + width, top + height], dim=1)
    return tiles[:, down:, right:].contiguous(), boxes.float()


def _scaled(image: Tensor, boxes: Tensor, factor: float) -> tuple[Tensor, Tensor]:
    """An image [C, H, W] and its boxes [M, 4] `factor` times as large, as sharp as can be."""
    height, width = image.shape[-2:]
    new = round(height * factor), round(width * factor)
    # Larger pictures by curves, so that edges stay edges; smaller ones by means of pixels.
    way = {"mode": "bicubic"} if factor > 1 else {"mode": "bilinear", "antialias": True}
    scaled = interpolate(image[None], new, align_corners=False, **way)[0]
    x, y = new[1] / width, new[0] / height
    return scaled, boxes * torch.tensor([x, y, x, y])


def _random(below: int, generator: torch.Generator) -> int:
    return int(torch.randint(max(below, 1), (), generator=generator))
