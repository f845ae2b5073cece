"""Figures about objects of several sizes."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from helpers.boxes import Detections
from helpers.plots.style import GREEN, ORANGE, picture, plain_names, plot_boxes
from helpers.sheets import CROP_SIZE


def pyramid_figure(
    images: Sequence[Tensor], captions: Sequence[str], *, window: tuple[int, int] = CROP_SIZE
) -> Figure:
    """Images [C, H, W] of several sizes side by side, a pixel of each equally large on the page.

    In the middle of each, the `window` (height, width) of the classifier: always the same size.
    """
    if len(images) == 0 or len(images) != len(captions):
        raise ValueError(f"{len(images)} images and {len(captions)} captions to show")
    tallest = max(image.shape[-2] for image in images)
    # Room for the window where it is wider than the picture.
    widths = [max(image.shape[-1], window[1] + 4) for image in images]
    figure = Figure(figsize=(11, 9.6 * tallest / sum(widths) + 1.2), layout="constrained")
    spots = figure.subplots(1, len(images), squeeze=False, width_ratios=widths).flat
    for spot, image, caption, wide in zip(spots, images, captions, widths, strict=True):
        height, width = image.shape[-2:]
        picture(spot, image)
        x, y = (width - window[1]) / 2, (height - window[0]) / 2
        plot_boxes(spot, torch.tensor([[x, y, x + window[1], y + window[0]]]), ORANGE)
        middle = (width - 1) / 2
        spot.set(xlim=(middle - wide / 2, middle + wide / 2), ylim=(tallest - 0.5, -0.5))
        spot.set_title(caption, fontsize=14)
        spot.axis("off")
    figure.suptitle("The image shrinks, the window stays", fontsize=16)
    return figure


@plain_names
def level_figure(
    image: Tensor,
    probability: Tensor,
    detections: Detections,
    size: tuple[int, int],
    *,
    title: str,
    name: str = "car",
) -> Figure:
    """One level of a pyramid: the small image [C, H, W] with boxes, beside the heatmap of a class.

    `size` (height, width) is that of the whole image: the level is drawn in a frame that large, so
    that it shrinks from level to level. All boxes are in pixels of the small image.
    """
    height, width = size
    tall = 3.4 * (height + 20) / (width + 20) + 1.2
    figure = Figure(figsize=(8, tall))
    left, right = figure.subplots(1, 2)
    picture(left, image)
    plot_boxes(left, detections.boxes, GREEN, label="detection")
    left.set(xlim=(-20, width), ylim=(height, -20), title=title)
    left.set(xlabel="column (pixels of this level)", ylabel="row (pixels)")
    # A slider waits for this figure, and each tick takes time.
    left.set(xticks=(0, width // 2, width), yticks=(0, height // 2, height))
    if len(detections.boxes):
        left.legend(loc="lower right", fontsize=9)
    drawn = right.imshow(probability.numpy(), cmap="cividis", vmin=0, vmax=1)
    right.set(title="heatmap of this level", xlabel="column (cells)", ylabel="row (cells)")
    rows, cols = probability.shape
    right.set(xticks=(0, cols // 2, cols - 1), yticks=(0, rows - 1))
    bar = figure.colorbar(drawn, ax=right, label=f'probability of "{name}"', shrink=0.7)
    bar.set_ticks((0, 0.5, 1))
    figure.subplots_adjust(0.09, 0.6 / tall, 0.97, 1 - 0.4 / tall, wspace=0.2)
    return figure
