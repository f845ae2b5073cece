"""The converted layers as one network for images of any size, with its geometry."""

import copy
import warnings
from collections import OrderedDict
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from helpers.fcn.calls import example_crops
from helpers.fcn.steps import conversion_steps
from helpers.geometry import Geometry, geometry_of
from helpers.models import eval_mode


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
    fcn.geometry = geometry_of(
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
