"""Figures about data and augmentation: crops side by side, contact sheets, splits."""

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from helpers.plots.style import (
    ORANGE,
    new_figure,
    picture,
    plain_names,
    plot_boxes,
)

# Pixels between the crops of a contact sheet, and for a caption above each.
GAP, CAPTION = 6, 16


@plain_names
def crop_grid(
    images: Tensor, captions: Sequence[str] | None = None, *, columns: int = 6, title: str = ""
) -> Figure:
    """Crops [N, C, H, W] side by side, each with its caption.

    Raises ValueError without images, and if the captions are more or fewer than they are.
    """
    if len(images) == 0:
        raise ValueError("no images to show")
    _check_captions(captions, images)
    rows = -(-len(images) // columns)
    height, width = images.shape[-2:]
    tall = (10 / columns) * height / width + (0.32 if captions is not None else 0.08)
    figure, axes = new_figure(10, rows * tall + 0.45, rows, columns)
    for k, spot in enumerate(axes.flat):
        spot.axis("off")
        if k < len(images):
            picture(spot, images[k])
            if captions is not None:
                spot.set_title(captions[k], fontsize=12 if columns <= 4 else 11)
    if title:
        figure.suptitle(f"{title}\n", fontsize=14)  # a line between it and the captions
        figure.set_figheight(figure.get_figheight() + 0.4)
    return figure


def _check_captions(captions: Sequence[str] | None, images: Tensor) -> None:
    if captions is not None and len(captions) != len(images):
        raise ValueError(f"{len(captions)} captions for {len(images)} images")


@plain_names
def contact_sheet(
    images: Tensor, captions: Sequence[str] | None = None, *, columns: int = 6, title: str = ""
) -> Figure:
    """Crops [N, C, H, W] in one picture, each below its caption; quicker than `crop_grid`.

    Without images the sheet is empty, but for its title. Raises ValueError if the captions are more
    or fewer than the images.
    """
    _check_captions(captions, images)
    height, width = images.shape[-2:]
    rows = max(-(-len(images) // columns), 1)
    caption_size = 10 if columns <= 4 else 8
    above = CAPTION if captions is not None else 0
    down, across = height + above + GAP, width + GAP
    sheet = torch.ones(images.shape[1], rows * down, columns * across - GAP)
    figure = Figure(figsize=(8, 8 * sheet.shape[1] / sheet.shape[2] + 0.4))
    axes = figure.add_axes((0.01, 0, 0.98, 1 - 0.4 / figure.get_figheight()))
    for k, image in enumerate(images):
        top, left = k // columns * down + above, k % columns * across
        sheet[:, top : top + height, left : left + width] = image
        if captions is not None:
            axes.text(left + width / 2, top - 3, captions[k], ha="center", fontsize=caption_size)
    picture(axes, sheet, interpolation="nearest")
    axes.axis("off")
    figure.suptitle(title, y=1 - 0.1 / figure.get_figheight(), va="top")
    return figure


@plain_names
def pictures_with_boxes(pictures: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Images [C, H, W] side by side, each with its title and its boxes [M, 4] xyxy."""
    if not pictures:
        raise ValueError("no pictures to show")
    figure = Figure(figsize=(10, 0), layout="constrained")
    axes = figure.subplots(1, len(pictures), squeeze=False)[0]
    tallest = 0.0
    for spot, (title, (image, boxes)) in zip(axes, pictures.items(), strict=True):
        height, width = image.shape[-2:]
        tallest = max(tallest, height / width)
        picture(spot, image)
        plot_boxes(spot, boxes, ORANGE)
        spot.set(title=title, xlabel="column (pixels)", ylabel="row (pixels)")
    figure.set_size_inches(10, 10 / len(pictures) * tallest + 0.7)
    return figure
