"""Heatmaps: the classifier's answer at every place of an image, by hand and in one pass."""

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.fcn import FCN
from helpers.geometry import Geometry
from helpers.models import eval_mode


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
def fcn_heatmap(fcn: FCN, image: Tensor) -> Tensor:
    """Run an FCN once over an image [C, H, W]: logits [classes, rows, cols].

    Cells whose window would leave the image are cut off, so the result has the shape of
    `sliding_window_heatmap`. Raises TypeError for a model that `to_fcn` has not converted, and
    ValueError if the image is smaller than the window, or holds NaN.
    """
    if not isinstance(fcn, FCN):
        raise TypeError("fcn_heatmap needs a converted network: to_fcn(model, input_size)")
    _check_image(image, fcn.geometry.window)
    rows, cols = fcn.geometry.cells(*image.shape[-2:])
    with eval_mode(fcn):
        return fcn(image[None])[0, :, :rows, :cols]


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
