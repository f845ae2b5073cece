"""The converted layers as one network for images of any size, with its geometry."""

import copy
import sys
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn

from helpers.devices import full_precision
from helpers.fcn.comparison import TOLERANCE, classify, classify_cells, relative_difference
from helpers.fcn.examples import all_example_crops, checked_size, example_crops, unwrapped
from helpers.fcn.locality import same_numbers
from helpers.fcn.recording import left_as_it_was
from helpers.fcn.steps import conversion_steps
from helpers.geometry import Geometry, geometry_of


class FCN(nn.Sequential):
    """A converted classifier: images [N, C, H, W] -> logits [N, classes, rows, cols].

    A list of layers, each reading the one before it; where a network branches, `wiring` says which
    layers a layer reads instead ("" is the image). `geometry` says which window of the image each
    cell looks at.
    """

    geometry: Geometry
    channels: tuple[int, ...] = ()  # how many its images may have; () where that is not known

    def __init__(
        self,
        layers: OrderedDict[str, nn.Module],
        wiring: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        super().__init__(layers)
        self.wiring = dict(wiring or {})
        # Later readers take the place of earlier ones.
        self._last_reader = {read: name for name, reads in self.wiring.items() for read in reads}

    def forward(self, input: Tensor) -> Tensor:
        # Not while torch.fx traces: then it is no tensor.
        if isinstance(input, Tensor):
            check_channels(input, self.channels)
        x, kept = input, {"": input} if "" in self._last_reader else {}
        for name, layer in self._modules.items():  # named_children leaves out what comes twice
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

    def append(self, module: nn.Module) -> "FCN":
        """Another layer at the end; by torch's own way it might replace one that has its number."""
        name = str(len(self))
        while name in self._modules:
            name += "_"
        self.add_module(name, module)
        return self

    def __iadd__(self, other: nn.Sequential) -> "FCN":
        return self.extend(other)

    def insert(self, index: int, module: nn.Module) -> "FCN":
        """Refused: it would number the layers anew."""
        raise TypeError("into an FCN, no layer can be inserted: put it into the classifier")

    def extra_repr(self) -> str:
        """What branches, in words, above the list of layers."""
        return "\n".join(
            f"{name} reads {', '.join(read or 'the image' for read in reads)}"
            for name, reads in self.wiring.items()
        )


def check_channels(images: Tensor, channels: tuple[int, ...]) -> None:
    """Refuse images [N, C, H, W] of another number of channels than those that an FCN may have."""
    if channels and images.shape[-3] not in channels:
        known = " or ".join(map(str, channels))
        raise ValueError(f"this FCN reads images of {known} channels, not {images.shape[-3]}")


@full_precision()
def to_fcn(model: nn.Module, input_size: tuple[int, int]) -> FCN:
    """Turn a classifier into a fully convolutional network (FCN) for whole images.

    Flatten + Linear becomes an H×W convolution, every later Linear a 1×1 convolution, adaptive and
    global pools become fixed ones; layers that treat each position of a map by itself are kept.
    The result shares nothing with the model, and has its mode, device and dtype; a layer that is
    used twice becomes two. Lesson 04.

    Args:
        model: any feed-forward classifier, images [N, C, H, W] -> [N, classes]. It is run on
            example crops, and not changed.
        input_size: (height, width) of its crops, in pixels.

    Returns:
        A network, images [N, C, H, W] -> [N, classes, rows, cols], with its `geometry`.

    Raises:
        TypeError, ValueError: with the layer's name and the reason, for what cannot be converted,
            and if, against all rules, the two do not compute the same.

    Warns if a layer pads: then cells of a larger image differ from the crops under them.

    >>> fcn = to_fcn(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(192, 2)), (8, 10))
    >>> fcn(torch.zeros(1, 1, 20, 30)).shape
    torch.Size([1, 2, 13, 21])
    """
    fcn = _assemble(model, input_size)
    _compare(unwrapped(model), fcn)
    fcn.channels = _channels(unwrapped(model), fcn)
    if not fcn.geometry.exact:
        warnings.warn(
            f"layer {fcn.geometry.padded[0]} pads its input: the FCN equals the classifier on one"
            " crop, but the cells of a larger image differ from the crops under them",
            stacklevel=2,
        )
    return fcn


def geometry(model: nn.Module, input_size: tuple[int, int]) -> Geometry:
    """Stride, window, offset and receptive field of the FCN that `model` becomes. Lesson 05.

    Raises as `to_fcn` does if the model cannot be converted.

    >>> model = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.Flatten(), nn.Linear(48, 2))
    >>> geometry(model, (8, 10)).stride
    (2, 2)
    """
    return _assemble(model, input_size).geometry


def _assemble(model: nn.Module, input_size: tuple[int, int]) -> FCN:
    """The converted layers as one network, with its geometry."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    reads: dict[str, tuple[str, ...]] = {}  # which layers of the FCN each layer reads
    full_names: dict[str, str] = {"": ""}  # those of the steps, with their dots
    source = {"": ""}  # which layer of the FCN gives what a step gave in the classifier
    for step in conversion_steps(model, input_size):
        sources = tuple(source[name] for name in step.inputs)
        if step.converted is None:
            source[step.name] = sources[0]
            continue
        name = step.name.replace(".", "_")
        while name in layers or hasattr(FCN, name) or name in ("wiring", "geometry", "channels"):
            name += "_"
        layers[name], reads[name] = step.converted, sources
        source[step.name], full_names[name] = name, step.name
    # In a chain each layer reads the one before it; only what reads something else is wired.
    before = dict(zip(layers, ["", *layers], strict=False))
    wiring = {name: read for name, read in reads.items() if read != (before[name],)}
    fcn = FCN(layers, wiring)
    fcn.geometry = geometry_of(
        [(full_names[name], layer) for name, layer in layers.items()],
        checked_size(input_size),
        {full_names[n]: tuple(full_names[read] for read in reads[n]) for n in layers},
    )
    fcn.training = unwrapped(model).training  # each layer has its own mode already
    return fcn


def _channels(model: nn.Module, fcn: FCN) -> tuple[int, ...]:
    """How many channels images may have: a classifier that asks for their number may read several.

    What it did with it is fixed in the FCN, which is then right for some of these numbers only.
    """
    right = []
    with left_as_it_was(model), left_as_it_was(fcn):
        for crops in all_example_crops(model, fcn.geometry.window):
            try:  # the first were those that it was converted with
                if not right or same_numbers(fcn(crops).flatten(1), model(crops.clone())):
                    right.append(crops.shape[1])
            except RuntimeError:  # the FCN's kernel is for another number
                continue
    return tuple(right)


def _compare(model: nn.Module, fcn: FCN) -> None:
    """Refuse a conversion that is not one: on crops, and in 2 × 2 cells where nothing pads."""
    shape, kind = fcn.geometry, type(model).__name__
    crops = 2 * example_crops(model, shape.window, count=3) - 0.5
    size = tuple(side + stride for side, stride in zip(shape.window, shape.stride, strict=True))
    generator = torch.Generator().manual_seed(2)
    image = 2 * torch.rand(crops.shape[1], *size, generator=generator).to(crops) - 0.5
    ask, how = model, "on another number of crops than 2"
    if crops.dtype in (torch.float16, torch.bfloat16):
        # Too coarse to tell right from wrong: the same weights are compared in float32.
        fcn, crops, image = copy.deepcopy(fcn).float(), crops.float(), image.float()
        tensors = [*model.named_parameters(), *model.named_buffers()]
        single = {n: t.float() if t.is_floating_point() else t for n, t in tensors}
        ask, how = partial(torch.func.functional_call, model, single), "with float32 weights"
    with left_as_it_was(model), left_as_it_was(fcn):
        try:
            pairs = [(fcn(crops).flatten(1), ask(crops.clone()))]
            if shape.exact:
                windows = list(shape.crops(image))
                pairs.append((classify_cells(fcn, image, shape), classify(ask, windows)))
        except Exception as error:  # whatever the classifier's own code raises
            raise ValueError(f"{kind} cannot be compared with its FCN {how}: {error}") from error
    for actual, expected in pairs:
        difference = relative_difference(actual, expected, floor=sys.float_info.min)
        if not difference < TOLERANCE:
            raise ValueError(
                f"{kind} computes something that its layers do not show (a state, a dependence on"
                " the batch, NaN): converted, its answers would differ"
            )
