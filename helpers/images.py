"""Images: from files and arrays of any common kind to float32 tensors [1, H, W] in [0, 1]."""

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

# ITU-R BT.601 luma, the weights of the photographs' time; the same as Pillow's mode "L".
LUMA = (0.299, 0.587, 0.114)
COLOUR = "colour image converted to grey: the detector knows only grey"


def as_grey(image: Tensor | np.ndarray) -> Tensor:
    """Any grey or colour image as float32 [1, H, W] in [0, 1].

    Takes [H, W], [1, H, W], [3, H, W] or [H, W, 3], as uint8 (0 to 255), bool, or float in [0, 1].
    A colour image is converted to grey with a warning that says so. The input is not changed.
    Raises ValueError for other shapes, NaN and values outside the range; TypeError for other types.
    """
    if not isinstance(image, Tensor):
        image = torch.from_numpy(
            np.array(image)
        )  # a copy: read-only and negative-stride arrays too
    if image.ndim == 2:
        image = image[None]
    if image.ndim == 3 and image.shape[0] not in (1, 3) and image.shape[2] == 3:
        image = image.permute(2, 0, 1)
    if image.ndim != 3 or image.shape[0] not in (1, 3) or 0 in image.shape:
        raise ValueError(
            f"an image must be [H, W], [1, H, W], [3, H, W] or [H, W, 3], not {list(image.shape)}"
        )
    image = _to_unit_range(image)
    if image.shape[0] == 3:
        warnings.warn(COLOUR, stacklevel=2)
        weights = torch.tensor(LUMA, device=image.device).view(3, 1, 1)
        image = (image * weights).sum(0, keepdim=True).clamp(0, 1)
    return image


def _to_unit_range(image: Tensor) -> Tensor:
    if image.dtype == torch.uint8:
        return image.float() / 255
    if image.dtype == torch.bool:
        return image.float()
    if not image.is_floating_point():
        raise TypeError(f"an image must be uint8 or float, not {image.dtype}")
    if torch.isnan(image).any():
        raise ValueError("the image holds NaN")
    image = image.float()
    low, high = image.min().item(), image.max().item()
    if low < 0 or high > 1:
        raise ValueError(
            f"a float image must lie in [0, 1]; this one goes from {low:.3g} to {high:.3g}"
            " (divide 0 to 255 by 255)"
        )
    return image


def read_grey(path: str | Path) -> np.ndarray:
    """Read an image file (PNG, PGM, JPEG, …) as a uint8 array [H, W]; colour becomes grey.

    Photographs that say which way up they were taken are turned that way. Warns of colour.
    Raises FileNotFoundError if there is none, ValueError if it is damaged or not an image.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no image file {path}")
    try:
        with Image.open(path) as picture:
            if picture.mode.startswith("I"):  # 16 bits a pixel: "L" would cut them off at 255
                return (np.array(picture) // 257).astype(np.uint8)
            if picture.mode not in ("1", "L", "LA"):
                warnings.warn(COLOUR, stacklevel=2)
            return np.array(ImageOps.exif_transpose(picture).convert("L"))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise ValueError(f"{path} is damaged or not an image: {error}") from error
