"""The layers of an FCN that torch.nn does not have."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

Cut = tuple[int, int, int]  # how many rows or columns go at the beginning, at the end, and the step


@dataclass(frozen=True)
class Slot:
    """Where a function's arguments hold the map that it reads as its number `which`."""

    which: int


@dataclass(frozen=True)
class Own:
    """Where a function's arguments hold a tensor of the classifier's own."""

    name: str


class Function(nn.Module):
    """A function call as a layer: `Function(torch.add, (Slot(0), 0.5), {})` adds 0.5 to a map.

    Maps stand where the `Slot`s are. Tensors among the arguments are copied and become the
    layer's: a parameter stays one.
    """

    meets = False  # True where paths of an FCN meet in it: what it reads are maps then

    def __init__(self, function: Callable, args: Any, kwargs: dict, *, in_place: bool = False):
        super().__init__()
        self.function, self.in_place = function, in_place
        self.arguments = fx.node.map_aggregate((tuple(args), dict(kwargs)), self._keep)

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", str(self.function)).strip("_")

    def _keep(self, argument: Any) -> Any:
        if not isinstance(argument, Tensor):
            return argument
        name = f"own_{len(self._parameters) + len(self._buffers)}"
        copied = argument.detach().clone()
        if isinstance(argument, nn.Parameter):
            self.register_parameter(name, nn.Parameter(copied, argument.requires_grad))
        else:
            self.register_buffer(name, copied)
        return Own(name)

    def forward(self, *maps: Tensor) -> Tensor:
        if self.meets:
            maps = cut_to_the_smallest(maps)

        def fill(argument: Any) -> Any:
            if isinstance(argument, Slot):
                return maps[argument.which].clone() if self.in_place else maps[argument.which]
            return getattr(self, argument.name) if isinstance(argument, Own) else argument

        args, kwargs = fx.node.map_aggregate(self.arguments, fill)
        return self.function(*args, **kwargs)

    def with_function(self, function: Callable) -> Function:
        """The same arguments for another function, but for the type of its answer."""
        args, kwargs = self.arguments
        other = copy.copy(self)
        other.function = function
        other.arguments = (args, {name: kwargs[name] for name in kwargs if name != "dtype"})
        return other

    def extra_repr(self) -> str:
        return self.name


def cut_to_the_smallest(maps: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Where paths of a network meet: maps [N, C, H, W], all with as many rows and columns.

    On large images a path with a smaller receptive field may have a row or column more than the
    others. All paths begin at the top left, so what is too much is cut off at the other end.
    """
    rows, cols = (min(single.shape[axis] for single in maps) for axis in (2, 3))
    return tuple(single[:, :, :rows, :cols] for single in maps)


class AtEachPosition(nn.Module):
    """A layer for single positions, applied at each position of maps [N, C, H, W] by itself.

    `shapes` are those that the layer reads in place of [C, 1, 1], one for each map.
    """

    def __init__(self, layer: nn.Module, shapes: list[tuple[int, ...]]) -> None:
        super().__init__()
        self.layer, self.shapes = layer, shapes

    def samples(self, maps: tuple[Tensor, ...]) -> list[Tensor]:
        """What the layer reads: every position of every image, as a batch."""
        return [
            single.permute(0, 2, 3, 1).reshape(-1, *shape)  # [N·H·W, *shape]
            for single, shape in zip(maps, self.shapes, strict=True)
        ]

    def forward(self, *maps: Tensor) -> Tensor:
        maps = cut_to_the_smallest(maps)
        count, _, rows, cols = maps[0].shape
        answer = self.layer(*self.samples(maps))
        return answer.reshape(count, rows, cols, -1).permute(0, 3, 1, 2)  # [N, C, H, W]


class Select(nn.Module):
    """Some channels of a map; of its rows and columns all but a border, or every second.

    For the geometry it is a kernel of one position, whose padding is negative.
    """

    kernel_size = 1

    def __init__(
        self, channels: Tensor | None, rows: Cut = (0, 0, 1), cols: Cut = (0, 0, 1)
    ) -> None:
        super().__init__()
        self.rows, self.cols = rows, cols
        self.stride = (rows[2], cols[2])
        self.padding = ((-rows[0], -rows[1]), (-cols[0], -cols[1]))
        self.register_buffer("channels", channels)

    def forward(self, x: Tensor) -> Tensor:
        rows, cols = (
            slice(before, length - behind, step)
            for (before, behind, step), length in zip(
                (self.rows, self.cols), x.shape[2:], strict=True
            )
        )
        x = x[:, :, rows, cols]
        return x if self.channels is None else x[:, self.channels]


class Regions(nn.Module):
    """An adaptive pool whose regions are uneven: each region of the window becomes channels.

    [N, C, H, W] -> [N, C · regions, H - h + 1, W - w + 1] for windows of `kernel_size` (h, w).
    """

    def __init__(self, pool: Callable, output_size: list[int], kernel_size: tuple[int, int]):
        super().__init__()
        self.pool, self.output_size, self.kernel_size = pool, output_size, kernel_size

    def forward(self, x: Tensor) -> Tensor:
        # As torch does it: region i of n begins at floor(i·h/n) and ends at ceil((i+1)·h/n).
        rows, cols = (
            [(i * length // n, -(-(i + 1) * length // n)) for i in range(n)]
            for n, length in zip(self.output_size, self.kernel_size, strict=True)
        )
        height, width = (
            have - length for have, length in zip(x.shape[2:], self.kernel_size, strict=True)
        )
        answers = [
            self.pool(
                x[:, :, top : bottom + height, left : right + width],
                (bottom - top, right - left),
                stride=1,
            )
            for top, bottom in rows
            for left, right in cols
        ]
        return torch.stack(answers, 2).flatten(1, 2)  # [N, C, regions, ...] -> [N, C·regions, ...]
