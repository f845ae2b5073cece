"""Hard negatives: made from crops while training, or mined from a detector's false positives.

>>> image = torch.rand(1, 60, 300)
>>> boxes = torch.tensor([[0.0, 0, 100, 40], [190, 10, 290, 50]])
>>> detections = Detections(boxes, torch.tensor([0.9, 0.8]))
>>> mine_hard_negatives(image, detections, boxes[:1], threshold=0.5).shape
torch.Size([1, 1, 40, 100])
"""

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from helpers.augment import check_batch, move_windows, scale_windows, uniform_for_each
from helpers.boxes import Detections, box_iou, check_boxes
from helpers.datasets import Crops, Scene
from helpers.pyramid import resized
from helpers.sheets import CROP_SIZE

# Next to a car's width: what a window that shows it may differ in size, sideways and in height, and
# from where on it surely shows none. What is in between is no good example of either.
FITS = (1.1, 0.045, 0.03)
FAR = (1.3, 0.2, 0.1)
BEYOND = 16  # pixels that a window may reach past the image, as the detector's do


def shifted_away(images: Tensor, generator: Generator) -> Tensor:
    """The same crops seen from a window that frames the car badly: negatives. Lesson 09.

    Each window moves by 18 to 60 of 100 columns sideways, or by 9 to 24 of 40 rows up or down (in
    the same proportion for other sizes). A classifier that has seen only centred cars and no cars
    at all answers "car" far around each car; these examples teach it where a car ends.
    The border repeats its last pixel, just as the detector's padding does. (Mirroring the picture
    instead would show half a car beside its own reflection, which looks too much like a car.)

    Args:
        images: float [N, C, H, W] in [0, 1], of cars.
        generator: where the random numbers come from.

    Returns:
        Tensor[N, C, H, W], a new one.

    Raises:
        ValueError: for images of another shape or type.
    """
    check_batch(images)
    n, _, height, width = images.shape
    sideways = uniform_for_each(n, 0, 1, generator, images).flatten() < 0.5
    sign = torch.where(uniform_for_each(n, 0, 1, generator, images).flatten() < 0.5, -1.0, 1.0)
    distance = uniform_for_each(n, 0, 1, generator, images).flatten()
    right = sign * width * (0.18 + (0.60 - 0.18) * distance)
    down = sign * height * (0.225 + (0.60 - 0.225) * distance)
    right = torch.where(sideways, right, 0).round().long()
    down = torch.where(sideways, 0, down).round().long()
    return move_windows(images, down, right)


def wrong_size(images: Tensor, generator: Generator) -> Tensor:
    """The same crops at a size that the detector is not asked to find: negatives. Lesson 09.

    Half of the images show a part of the crop, 1.4 to 2.5 times as large; the others the whole
    crop, 1.5 to 2.2 times as small, with the border repeated around it. Takes, returns and raises
    what `shifted_away` does, of any crops.
    """
    check_batch(images)
    n = len(images)
    larger = 0.4 + 0.3 * uniform_for_each(n, 0, 1, generator, images)
    smaller = 1.5 + 0.7 * uniform_for_each(n, 0, 1, generator, images)
    choose = uniform_for_each(n, 0, 1, generator, images) < 0.5
    span = torch.where(choose, larger, smaller).flatten()  # [N], of the window, in crops' widths
    room = (1 - span).abs()
    middle = [room * uniform_for_each(n, -1, 1, generator, images).flatten() for _ in "xy"]
    return scale_windows(images, span, torch.stack(middle))


def make_hard_negatives(images: Tensor, labels: Tensor, generator: Generator) -> Tensor:
    """Crops that are not a car in its position, made from a batch, to be labelled 0. Lesson 09.

    Every car once, shifted away; and half of all crops at a wrong size.

    Args:
        images: float [N, C, H, W] in [0, 1].
        labels: Tensor[N], 1 = car.
        generator: where the random numbers come from.

    Returns:
        Float images [cars + N / 2, C, H, W].
    """
    cars = images[labels == 1]
    return torch.cat([shifted_away(cars, generator), wrong_size(images[::2], generator)])


def cut_windows(image: Tensor, boxes: Tensor, size: tuple[int, int] = CROP_SIZE) -> Tensor:
    """Cut windows of one size out of an image, at the top-left corners of boxes. Lesson 09.

    Corners are rounded to whole pixels; beyond the image its border is repeated.

    Args:
        image: Tensor[C, H, W].
        boxes: Tensor[N, 4], xyxy in pixels.
        size: (height, width) of the windows.

    Returns:
        Tensor[N, C, height, width].
    """
    height, width = image.shape[-2:]
    corners = check_boxes(boxes)[:, :2].round().long().to(image.device)
    down, right = (torch.arange(side, device=image.device) for side in size)
    rows = (corners[:, 1:] + down).clamp(0, height - 1)  # [N, height]
    cols = (corners[:, :1] + right).clamp(0, width - 1)  # [N, width]
    # [C, N, height, width] -> [N, C, height, width]
    return image[:, rows[:, :, None], cols[:, None, :]].transpose(0, 1)


def mine_hard_negatives(
    image: Tensor,
    detections: Detections,
    ground_truth: Tensor,
    *,
    threshold: float,
    iou_threshold: float = 0.3,
    size: tuple[int, int] = CROP_SIZE,
) -> Tensor:
    """Crops of a detector's sure false positives, far from every object. Lesson 09.

    For training or validation scenes only, never for test scenes.

    Args:
        image: Tensor[C, H, W] in [0, 1].
        detections: of a detector of one size: boxes [N, 4] and scores [N].
        ground_truth: Tensor[M, 4]; where M is 0, each box is far.
        threshold: the score that a box must exceed.
        iou_threshold: far is an IoU below it with every box of the ground truth.
        size: (height, width) of the detector's window: `detector.geometry.window`.

    Returns:
        Tensor[K, C, height, width].

    Source: Sung and Poggio 1994 (bootstrapping); Dalal and Triggs 2005.
    """
    is_hard = detections.scores > threshold
    if len(ground_truth):
        ious = box_iou(detections.boxes, ground_truth)  # [N, M]
        is_hard &= (ious < iou_threshold).all(dim=1)
    return cut_windows(image, detections.boxes[is_hard], size)


def label_windows(windows: Tensor, ground_truth: Tensor) -> Tensor:
    """Whether windows show a car of the right size at the right place.

    Args:
        windows: Tensor[N, 4], xyxy in pixels.
        ground_truth: Tensor[M, 4], of the cars.

    Returns:
        int64 [N]: 1 for a car, 0 for none, -1 where it could be called either.

    >>> car = torch.tensor([[0.0, 0, 200, 80]])
    >>> windows = torch.tensor([[2.0, 1, 200, 80], [20, 0, 220, 80], [50, 20, 150, 60]])
    >>> label_windows(windows, car)
    tensor([ 1, -1,  0])
    """
    width, car_width = (boxes[:, 2] - boxes[:, 0] for boxes in (windows, ground_truth))
    size = (width[:, None] / car_width).log().abs()  # [N, M]
    middle, car_middle = ((boxes[:, :2] + boxes[:, 2:]) / 2 for boxes in (windows, ground_truth))
    aside, above = ((middle[:, None] - car_middle).abs() / car_width[:, None]).unbind(-1)  # [N, M]
    fits = (size < math.log(FITS[0])) & (aside < FITS[1]) & (above < FITS[2])
    far = (size > math.log(FAR[0])) | (aside > FAR[1]) | (above > FAR[2])
    labels = torch.full((len(windows),), -1)
    labels[far.all(dim=1)] = 0
    labels[fits.any(dim=1)] = 1
    return labels


def windows_of_scenes(
    scenes: Sequence[Scene], scales: Sequence[float], *, count: int = 8, seed: int = 0
) -> Crops:
    """Windows of all sizes out of scenes: as crops, cars and what is none.

    The image shrinks and the window stays, as in a detector with a pyramid. So the roof of a near
    car is as sharp as in a photograph, which an enlarged crop is not. At each scale half of the
    windows are anywhere, half around a car, and each car that nearly fits is there twice.

    For training scenes only.

    Args:
        scenes: with the ground truth.
        scales: as for a `Detector`.
        count: of windows for each scene and scale, without those of cars that fit.
        seed: of the random choices.

    Returns:
        Crops of 40×100 pixels; those that could be called either are left out.
    """
    generator = torch.Generator().manual_seed(seed)
    images, labels = [], []
    for scene in scenes:
        for scale in scales:
            small, factors = resized(scene.image, scale)
            corners = _corners(small.shape[-2:], scene.boxes / factors, count, generator)
            windows = torch.cat([corners, corners + torch.tensor(CROP_SIZE[::-1])], dim=1)
            found = label_windows(windows * factors, scene.boxes)
            images.append(cut_windows(small, windows[found >= 0]))
            labels.append(found[found >= 0])
    return Crops(torch.cat(images), torch.cat(labels))


def _corners(size: tuple[int, int], cars: Tensor, count: int, generator: Generator) -> Tensor:
    """Top-left corners [N, 2] of windows: anywhere, around the cars, and just on them."""
    height, width = CROP_SIZE
    window = torch.tensor([width, height])
    room = torch.tensor([size[1], size[0]]) + 2 * BEYOND - window
    anywhere = torch.rand(count, 2, generator=generator) * room.clamp(min=0) - BEYOND
    if not len(cars):
        return anywhere.round()
    middle = (cars[:, :2] + cars[:, 2:]) / 2
    picked = torch.randint(len(cars), (count // 2,), generator=generator)
    spread = torch.rand(count // 2, 2, generator=generator) - 0.5
    spread = spread * torch.tensor([1.3, 0.55]) * (cars[picked, 2:3] - cars[picked, :1])
    around = middle[picked] + spread - window / 2
    fitting = middle.repeat(2, 1) + 3 * (2 * torch.rand(2 * len(cars), 2, generator=generator) - 1)
    near = (cars[:, 2] - cars[:, 0]).div(width).log().abs() < math.log(FITS[0])
    return torch.cat([anywhere[count // 2 :], around, fitting[near.repeat(2)] - window / 2]).round()
