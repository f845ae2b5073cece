"""Which window of the image does each cell of a heatmap look at?

>>> geometry = Geometry(window=(40, 100), stride=(4, 4), receptive_field=(38, 98))
>>> geometry.cells(48, 100), geometry.box(2, 0)
((3, 1), (0, 8, 100, 48))
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Pair = tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """The relation of cells and pixels; every pair is (rows, columns). Lesson 05.

    Args:
        window: the classifier's input size, in pixels.
        stride: pixels between neighbouring cells.
        receptive_field: the pixels that a cell really uses, which is less than the window where a
            pool drops an odd row.
        offset: where cell (0, 0)'s window begins.
        padded: names of the layers that pad. Then the field may begin left of and above the window.
        field_offset: where the field of cell (0, 0) begins.
        outside: how many pixels of a field, both sides together, may lie in the padding around the
            image.
    """

    window: Pair
    stride: Pair
    receptive_field: Pair
    offset: Pair = (0, 0)
    padded: tuple[str, ...] = ()
    field_offset: Pair = (0, 0)
    outside: Pair = (0, 0)

    @property
    def exact(self) -> bool:
        """Whether every cell equals the classifier on the crop under it: nothing pads inside.

        Otherwise the FCN equals the classifier at its own input size only.
        """
        return not self.padded

    def cells(self, height: int, width: int) -> Pair:
        """How many rows and columns of cells have their whole window in an image of that size."""
        rows, cols = (
            max(0, (length - offset - window) // stride + 1)
            for length, offset, window, stride in zip(
                (height, width), self.offset, self.window, self.stride, strict=True
            )
        )
        return rows, cols

    def extra_cells(self, height: int, width: int) -> Pair:
        """How many rows and columns more the FCN gives: their windows leave the image.

        They come where the field is smaller than the window, or where padding lets it look past
        the image's edge. They must go: the classifier never saw such a window.
        """
        given = (
            max(0, (length - field + outside) // stride + 1)
            for length, field, outside, stride in zip(
                (height, width), self.receptive_field, self.outside, self.stride, strict=True
            )
        )
        rows, cols = (
            max(0, total - legal)
            for total, legal in zip(given, self.cells(height, width), strict=True)
        )
        return rows, cols

    def box(self, row: int, col: int) -> tuple[int, int, int, int]:
        """The window of cell (row, col), both from 0, as (x1, y1, x2, y2) in pixels."""
        y1 = self.offset[0] + self.stride[0] * row
        x1 = self.offset[1] + self.stride[1] * col
        return x1, y1, x1 + self.window[1], y1 + self.window[0]

    def boxes(self, rows: int, cols: int) -> Tensor:
        """The windows of rows × cols cells as boxes float32 [rows · cols, 4], row after row."""
        top = self.offset[0] + self.stride[0] * torch.arange(rows)
        left = self.offset[1] + self.stride[1] * torch.arange(cols)
        y1, x1 = torch.meshgrid(top, left, indexing="ij")  # [rows, cols] each
        corners = [x1, y1, x1 + self.window[1], y1 + self.window[0]]
        return torch.stack(corners, dim=-1).reshape(-1, 4).float()

    def crops(self, image: Tensor) -> Iterable[Tensor]:
        """The part [C, height, width] of an image [C, H, W] under each cell, row after row."""
        for x1, y1, x2, y2 in self.boxes(*self.cells(*image.shape[-2:])).long().tolist():
            yield image[:, y1:y2, x1:x2]


@dataclass(frozen=True)
class _Axis:
    """One direction of a map: the distance of its positions, and what position 0 sees of the
    image: from `begin` up to `end`. An image must have `span` pixels for there to be a position 0.
    """

    stride: int = 1
    begin: int = 0
    end: int = 1
    span: int = 1

    def after(self, kernel: int, step: int, dilation: int, before: int, behind: int) -> "_Axis":
        """The direction after a kernel of that size, with padding before and behind the map."""
        reach = dilation * (kernel - 1)
        return _Axis(
            self.stride * step,
            self.begin - before * self.stride,
            self.end + (reach - before) * self.stride,
            self.span + (reach - before - behind) * self.stride,
        )


def geometry_of(
    layers: Iterable[tuple[str, nn.Module]],
    input_size: Pair,
    wiring: Mapping[str, tuple[str, ...]] | None = None,
) -> Geometry:
    """Geometry of a network: strides multiply, and each kernel widens the field. Lesson 05.

    A kernel that spans k positions reaches k - 1 positions further, each as far apart as all the
    strides before it make them. Where paths meet, the field is what any of them sees.

    Args:
        layers: names and layers, in the order in which they run.
        input_size: (height, width) of the classifier's crops, in pixels.
        wiring: the layers that a layer reads, by its name ("" is the image); the one before it for
            all that are not named.

    Raises:
        ValueError: if paths of different strides meet: their cells look at different positions.

    Source: Dumoulin and Visin 2016; Araujo, Norris and Sim 2019.

    >>> geometry_of([("0", nn.Conv2d(1, 8, 5)), ("1", nn.MaxPool2d(2))], (16, 24)).stride
    (2, 2)
    """
    maps, previous, padded = {"": (_Axis(), _Axis())}, "", []
    for name, layer in layers:
        axes = _meet(name, layer, [maps[s] for s in (wiring or {}).get(name, (previous,))])
        if hasattr(layer, "kernel_size") or hasattr(layer, "padding"):
            kernels = [_kernel(layer, axis) for axis in (0, 1)]
            axes = tuple(axis.after(*kernel) for axis, kernel in zip(axes, kernels, strict=True))
            if any(before > 0 or behind > 0 for *_, before, behind in kernels):
                padded.append(name)
        maps[name], previous = axes, name
    last = maps[previous]
    field = tuple(axis.end - axis.begin for axis in last)
    return Geometry(
        tuple(input_size),
        tuple(axis.stride for axis in last),
        field,
        padded=tuple(dict.fromkeys(padded)),
        field_offset=tuple(axis.begin for axis in last),
        outside=tuple(length - axis.span for length, axis in zip(field, last, strict=True)),
    )


def _meet(name: str, layer: nn.Module, paths: list[tuple[_Axis, _Axis]]) -> tuple[_Axis, ...]:
    """What a layer sees that reads several maps at the same positions."""
    strides = sorted({tuple(axis.stride for axis in path) for path in paths})
    if len(strides) > 1:
        kind = getattr(layer, "name", type(layer).__name__)
        raise ValueError(
            f"layer {name} ({kind}) merges paths of different strides,"
            f" {' and '.join(map(format_shape, strides))}: on a larger image their cells would look"
            " at different positions"
        )
    return tuple(
        _Axis(
            same[0].stride,
            min(axis.begin for axis in same),
            max(axis.end for axis in same),
            max(axis.span for axis in same),
        )
        for same in zip(*paths, strict=True)
    )


def _kernel(layer: nn.Module, axis: int) -> tuple[int, int, int, int, int]:
    """Kernel, stride, dilation, and the padding before and behind, in one direction."""
    kernel, step, dilation = (
        _pair(getattr(layer, attribute, 1))[axis]
        for attribute in ("kernel_size", "stride", "dilation")
    )
    padding = getattr(layer, "padding", 0)
    if padding == "same":
        total = dilation * (kernel - 1)
        return kernel, step, dilation, total // 2, total - total // 2
    if padding == "valid":
        padding = 0
    if isinstance(padding, tuple | list) and len(padding) == 4:  # a layer that only pads
        left, right, top, bottom = padding
        padding = ((top, bottom), (left, right))
    before, behind = _pair(_pair(padding)[axis])
    if getattr(layer, "ceil_mode", False):
        behind += step - 1  # as if the map went on until a last window fits
    return kernel, step, dilation, before, behind


def _pair(value: int | str | Pair) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def format_shape(shape: Iterable[int] | None) -> str:
    """Sizes as they are read.

    >>> format_shape((64, 7, 22))
    '64×7×22'
    """
    return "×".join(map(str, shape or ()))
