"""From classifier to fully convolutional network (FCN): the heart of the course.

`conversion` turns the layers, one by one; here they become a network for images of any size, with
its geometry, and with a proof that it computes what the classifier computes.
"""

import copy
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn

from helpers.conversion import Step, conversion_steps, relative_difference
from helpers.geometry import Geometry, follow
from helpers.graph import example_crops
from helpers.models import eval_mode
from helpers.rules import linear_as_convolution

__all__ = [
    "FCN",
    "Equivalence",
    "Step",
    "check_equivalence",
    "conversion_steps",
    "geometry",
    "linear_as_convolution",
    "to_fcn",
]


class FCN(nn.Sequential):
    """A converted classifier: images [N, C, H, W] -> logits [N, classes, rows, cols].

    A list of layers, each reading the one before it; where a network branches, `wiring` says which
    layers a layer reads instead ("" is the image). `geometry` says which window of the image each
    cell looks at.
    """

    geometry: Geometry

    def __init__(
        self,
        layers: OrderedDict[str, nn.Module],
        wiring: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(layers)
        self.wiring = dict(wiring or {})
        self._last_reader = {read: name for name, reads in self.wiring.items() for read in reads}

    def forward(self, input: Tensor) -> Tensor:
        x, kept = input, {"": input} if "" in self._last_reader else {}
        for name, layer in self.named_children():
            reads = self.wiring.get(name)
            x = layer(x) if reads is None else layer(*(kept[read] for read in reads))
            if name in self._last_reader:
                kept[name] = x
            # Maps of large images are large: none is kept longer than it is needed.
            for read in {read for read in reads or () if self._last_reader[read] == name}:
                del kept[read]
        return x

    def __getitem__(self, index: int | slice) -> nn.Module:
        if isinstance(index, slice) and self.wiring:
            raise TypeError("a network with branches is no list of layers to be cut")
        return super().__getitem__(index)

    def extra_repr(self) -> str:
        """What branches, in words, above the list of layers."""
        return "\n".join(
            f"{name} reads {', '.join(read or 'the image' for read in reads)}"
            for name, reads in self.wiring.items()
        )


def to_fcn(model: nn.Module, input_size: tuple[int, int]) -> FCN:
    """Turn a classifier for crops of `input_size` (height, width) into an FCN for whole images.

    Flatten + Linear becomes an H×W convolution, every later Linear a 1×1 convolution, adaptive and
    global pools become fixed ones, the rest is copied. `model` is any feed-forward classifier that
    torch.fx can trace. The result shares nothing with it, and has its mode, device and dtype; a
    layer that is used twice becomes two.
    Warns if a layer pads: then cells of a larger image differ from the crops under them.
    Raises TypeError or ValueError, with the layer's name, for what cannot be converted, and
    ValueError if, against all rules, the two do not compute the same.
    """
    fcn = _assemble(model, input_size)
    _compare(model, fcn)
    if not fcn.geometry.exact:
        warnings.warn(
            f"layer {fcn.geometry.padded[0]} pads its input: the FCN equals the classifier on one"
            " crop, but the cells of a larger image differ from the crops under them",
            stacklevel=2,
        )
    return fcn


def geometry(model: nn.Module, input_size: tuple[int, int]) -> Geometry:
    """Stride, window, offset and receptive field of the FCN that `model` becomes.

    Raises as `to_fcn` does if the model cannot be converted.
    """
    return _assemble(model, input_size).geometry


def _assemble(model: nn.Module, input_size: tuple[int, int]) -> FCN:
    """The converted layers as one network, with its geometry."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    wiring: dict[str, tuple[str, ...]] = {}
    full_names: dict[str, str] = {"": ""}
    source = {"": ""}  # which layer of the FCN gives what a step gave in the classifier
    for step in conversion_steps(model, input_size):
        reads = tuple(source[name] for name in step.inputs)
        if step.converted is None:
            source[step.name] = reads[0]
            continue
        name = step.name.replace(".", "_")
        while name in layers or hasattr(FCN, name) or name in ("wiring", "geometry"):
            name += "_"
        if reads != (next(reversed(layers), ""),):
            wiring[name] = reads
        layers[name], source[step.name], full_names[name] = step.converted, name, step.name
    fcn = FCN(layers, wiring)
    fcn.geometry = follow(
        [(full_names[name], layer) for name, layer in layers.items()],
        input_size,
        {
            full_names[name]: tuple(full_names[read] for read in reads)
            for name, reads in wiring.items()
        },
    )
    fcn.training = model.training  # each layer has its own mode already
    return fcn


@torch.no_grad()
def _compare(model: nn.Module, fcn: FCN) -> None:
    """Refuse a conversion that is not one: on crops, and in 2 × 2 cells where nothing pads."""
    original, shape = copy.deepcopy(model).eval(), fcn.geometry
    if example_crops(model, shape.window).dtype in (torch.float16, torch.bfloat16):
        # Too coarse to tell right from wrong: the same weights are compared in float32.
        original, fcn = original.float(), copy.deepcopy(fcn).float()
    crops = 2 * example_crops(original, shape.window, count=3) - 0.5
    tolerance = 1e4 * torch.finfo(crops.dtype).eps
    with eval_mode(fcn):
        pairs = [(fcn(crops).flatten(1), original(crops.clone()))]
        if shape.exact:
            size = [side + stride for side, stride in zip(shape.window, shape.stride, strict=True)]
            image = 2 * example_crops(original, size, count=1) - 0.5
            windows = torch.stack(list(shape.crops(image[0])))
            pairs.append((fcn(image)[0, :, :2, :2].flatten(1).T, original(windows)))
    for actual, expected in pairs:
        difference = (actual - expected).abs().max()
        if not difference <= tolerance * expected.abs().max():
            raise ValueError(
                f"{type(model).__name__} computes something that its layers do not show (a state, a"
                " dependence on the batch, NaN): converted, its answers would differ"
            )


@dataclass(frozen=True)
class Equivalence:
    """How far an FCN is from its classifier: the largest difference of any logit.

    `at_size`: on crops. `in_cells`: every cell of a larger image against the crop under it.
    Both are relative to the largest logit where that is above 1. `cells` counts the cells.
    """

    at_size: float
    in_cells: float
    cells: int
    tolerance: float

    @property
    def equal(self) -> bool:
        """Whether both differences are below the tolerance (NaN is not)."""
        return self.at_size < self.tolerance and self.in_cells < self.tolerance

    def __str__(self) -> str:
        bound = f"max |Δ| < {self.tolerance:g} · max(1, max |logit|)"
        return (
            f"{bound}\n  on crops: {self.at_size < self.tolerance}"
            f"\n  in {self.cells} cells: {self.in_cells < self.tolerance}"
        )


def check_equivalence(
    model: nn.Module,
    input_size: tuple[int, int],
    *,
    convert: Callable[[nn.Module, tuple[int, int]], nn.Module] = to_fcn,
    image: Tensor | None = None,
    tolerance: float = 1e-4,
) -> Equivalence:
    """Compare a classifier with the FCN that `convert(model, input_size)` makes of it.

    The classifier's outputs are computed *before* the conversion: a converter that shares or
    changes the classifier's layers would otherwise be compared with itself. `image` [C, H, W] is
    the larger image, by default noise with room for 5 × 6 cells. Both networks are compared in
    eval mode; the classifier's own mode is restored.
    """
    shape = geometry(model, input_size)
    crops = example_crops(model, input_size, count=4)
    if image is None:
        height, width = (
            side + count * stride + 1
            for side, count, stride in zip(input_size, (4, 5), shape.stride, strict=True)
        )
        generator = torch.Generator().manual_seed(1)
        image = torch.rand(crops.shape[1], height, width, generator=generator)
    image = image.to(crops)
    height, width = image.shape[-2:]
    if 0 in shape.cells(height, width):
        raise ValueError(f"an image of {height}×{width} has no room for a single window")
    with torch.no_grad(), eval_mode(model):
        expected_crops = model(crops.clone())
        windows = iter(shape.crops(image))
        batches = iter(lambda: list(islice(windows, 64)), [])  # all windows at once may be huge
        expected_cells = torch.cat([model(torch.stack(batch)) for batch in batches])
        fcn = convert(model, input_size).eval()
        rows, cols = shape.cells(height, width)
        at_size = _difference(fcn(crops).flatten(1), expected_crops)
        cells = fcn(image[None])[0, :, :rows, :cols].flatten(1).T
    return Equivalence(at_size, _difference(cells, expected_cells), rows * cols, tolerance)


def _difference(actual: Tensor, expected: Tensor) -> float:
    """The relative difference of outputs that must have the same shape."""
    if actual.shape != expected.shape:
        raise ValueError(
            f"the FCN gives {[*actual.shape]} numbers where the classifier gives"
            f" {[*expected.shape]}: a layer is missing, or a kernel has the wrong size"
        )
    return relative_difference(actual, expected)
