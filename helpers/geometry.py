"""Which window of the image does each cell of a heatmap look at?"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Pair = tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """The relation of cells and pixels; every pair is (rows, columns).

    `window`: the classifier's input size. `stride`: pixels between neighbouring cells. `offset`:
    where cell (0, 0)'s window begins. `receptive_field`: the pixels that a cell really uses, which
    is less than the window where a pool drops an odd row. `padded`: names of the layers that pad.
    """

    window: Pair
    stride: Pair
    receptive_field: Pair
    offset: Pair = (0, 0)
    padded: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether every cell equals the classifier on the crop under it: nothing pads inside."""
        return not self.padded

    def cells(self, height: int, width: int) -> Pair:
        """How many rows and columns of cells have their whole window inside the image."""
        rows, cols = (
            max(0, (length - offset - window) // stride + 1)
            for length, offset, window, stride in zip(
                (height, width), self.offset, self.window, self.stride, strict=True
            )
        )
        return rows, cols

    def box(self, row: int, col: int) -> tuple[int, int, int, int]:
        """The window of one cell as (x1, y1, x2, y2)."""
        y1 = self.offset[0] + self.stride[0] * row
        x1 = self.offset[1] + self.stride[1] * col
        return x1, y1, x1 + self.window[1], y1 + self.window[0]

    def boxes(self, rows: int, cols: int) -> Tensor:
        """The windows of all cells as boxes [rows·cols, 4] xyxy, row after row."""
        top = self.offset[0] + self.stride[0] * torch.arange(rows)
        left = self.offset[1] + self.stride[1] * torch.arange(cols)
        y1, x1 = torch.meshgrid(top, left, indexing="ij")
        corners = [x1, y1, x1 + self.window[1], y1 + self.window[0]]
        return torch.stack(corners, dim=-1).reshape(-1, 4).float()

    def crops(self, image: Tensor) -> Iterable[Tensor]:
        """The part of an image [C, H, W] under each cell, row after row."""
        for x1, y1, x2, y2 in self.boxes(*self.cells(*image.shape[-2:])).long().tolist():
            yield image[:, y1:y2, x1:x2]


def follow(layers: list[tuple[str, nn.Module]], input_size: Pair) -> Geometry:
    """Geometry of a chain of layers: strides multiply, and each kernel widens the field.

    A kernel that spans k positions reaches k - 1 positions further, each as far apart as all the
    strides before it make them. Source: Dumoulin and Visin 2016; Araujo, Norris and Sim 2019.
    """
    stride, field, padded = [1, 1], [1, 1], []
    for name, layer in layers:
        if not hasattr(layer, "kernel_size"):
            continue
        for axis in (0, 1):
            kernel, step, pad, dilation = (
                _pair(getattr(layer, attribute, default))[axis]
                for attribute, default in (
                    ("kernel_size", 1),
                    ("stride", 1),
                    ("padding", 0),
                    ("dilation", 1),
                )
            )
            field[axis] += dilation * (kernel - 1) * stride[axis]
            stride[axis] *= step
            if pad not in (0, "valid") and name not in padded:
                padded.append(name)
    return Geometry(tuple(input_size), tuple(stride), tuple(field), padded=tuple(padded))


def _pair(value: int | str | Pair) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)
