"""What the conversion knows of each tensor: the FCN's map, and where in it the numbers lie.

Flatten, permute, slices and channel shuffles compute nothing: they only say which number stands
where. So the FCN has no such layer. It keeps its map as it is, and `index` remembers, for each
number of the classifier's tensor, its position in that map. A Linear reads it to order its kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.fcn.layers import Select


@dataclass(eq=False)
class Value:
    """One tensor on its way through the classifier.

    `x` is the classifier's tensor for the example crops; `y` [N, C, h, w] is the FCN's map that
    holds the same numbers, and `index`, of x's shape, says where in `y.flatten()` each of them lies
    (None: x is y). `error` is why there is no y. `name` is its step's, "" the image's.
    """

    name: str
    kind: str
    x: Tensor
    y: Tensor | None = None
    index: Tensor | None = None
    error: Exception | None = None

    def __post_init__(self) -> None:
        if self.x.is_inference():
            raise ValueError("works in inference mode: write torch.no_grad() there")
        self.version = self.x._version  # which torch counts up whenever x or a view of it changes

    @property
    def positions(self) -> int:
        """How many positions the FCN's map has for one crop."""
        return self.y.shape[2] * self.y.shape[3]

    def full_index(self) -> Tensor:
        """`index`, also where x is y."""
        if self.index is not None:
            return self.index
        return torch.arange(self.y.numel(), device=self.y.device).view(self.y.shape)

    def index_of_one(self) -> Tensor:
        """The index for one crop; raises ValueError where x's first dimension is not the crops'."""
        index, count = self.full_index(), len(self.y)
        if index.ndim == 1 and len(index) == count:
            raise ValueError(
                f"reads what layer {self.name} ({self.kind}) has made: one number for each crop,"
                " not a row of them (leave out squeeze, or keep the dimension)"
            )
        starts = torch.arange(count, device=index.device) * self.y[0].numel()
        starts = starts.view(-1, *[1] * (index.ndim - 1)) if index.ndim else starts
        if index.ndim < 2 or len(index) != count or (index - starts != index[:1]).any():
            raise ValueError(
                f"reads what layer {self.name} ({self.kind}) has made: the first dimension is not"
                " that of the crops any more"
            )
        return index[0]

    @property
    def is_the_map(self) -> bool:
        """Whether x is y, number by number."""
        in_order = torch.arange(self.y.numel(), device=self.y.device)
        index = self.full_index()
        return index.shape == self.y.shape and torch.equal(index.flatten(), in_order)

    def numbers(self) -> Tensor:
        """x again, as the FCN's map has it."""
        return self.y if self.index is None else self.y.flatten()[self.index]

    def layout(self) -> tuple[tuple[int, ...], Tensor] | None:
        """The shape that x has for a map of one position, and the positions of x's numbers.

        [N, C, h, w] gives (C, 1, 1), [N, h, w, C] gives (1, 1, C), tokens [N, h·w, C] give (1, C),
        and a row [N, C] of a map that has one position (C,). None where channels and positions
        share a dimension, as they do in the row that Flatten makes of a larger map. Two channels
        of a 2×3 map as tokens [N, 6, 2]: shape (1, 2), positions 0 to 5 as [6, 1].
        """
        index = self.index_of_one()
        place = index % self.positions
        moves = [bool((place != place.narrow(d, 0, 1)).any()) for d in range(index.ndim)]
        shape = tuple(1 if m else size for m, size in zip(moves, index.shape, strict=True))
        place = place[tuple(slice(None) if along else slice(1) for along in moves)]
        in_order = torch.arange(self.y.shape[1], device=index.device)
        if (
            in_order.numel() != torch.Size(shape).numel()
            or place.flatten().sort()[0].tolist() != list(range(self.positions))
            or not torch.equal(in_order.view(shape) * self.positions + place, index)
        ):
            return None
        return shape, place


def settled(value: Value) -> tuple[Select | None, Tensor | None]:
    """After a rearrangement: the layer that makes a map of it, if one can, and the new index.

    No layer where x is the map itself. `Select` where x is made of some of its channels, in any
    order, and of its positions without a border, or only every second; or, where the map has one
    position, of any channels. Else x is left as it is: the next Linear reads the map in its order.
    """
    index, (_, channels, height, width) = value.index, value.y.shape
    in_order = torch.arange(value.y.numel(), device=index.device)
    if value.is_the_map:
        return None, None
    try:
        of_one = value.index_of_one()
    except ValueError:  # perhaps on its way to become a map again
        return None, index
    if value.positions == 1:
        if torch.equal(of_one.flatten(), in_order[:channels]):
            return None, index
        in_order = torch.arange(index.numel(), device=index.device)
        return Select(of_one.flatten()), in_order.view(index.shape)
    if of_one.ndim != 3 or 0 in of_one.shape:
        return None, index
    chosen = of_one[:, 0, 0] // value.positions
    rows, cols = of_one[0, :, 0] // width % height, of_one[0, 0, :] % width
    cuts = [_cut(rows.tolist(), height), _cut(cols.tolist(), width)]
    here = (chosen[:, None, None] * height + rows[:, None]) * width + cols
    if None in cuts or not torch.equal(of_one, here):
        return None, index
    all_channels = torch.equal(chosen, in_order[:channels])
    return Select(None if all_channels else chosen, *cuts), None


def _cut(places: list[int], length: int) -> tuple[int, int, int] | None:
    """Evenly spaced places as (how many before, how many behind, step), or None."""
    step = places[1] - places[0] if len(places) > 1 else 1
    if step < 1 or places != list(range(places[0], places[-1] + 1, step)):
        return None
    return places[0], length - 1 - places[-1], step
