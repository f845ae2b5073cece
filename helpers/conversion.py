"""The conversion itself, one layer at a time.

A `Linear` layer after `Flatten` multiplies every feature of the crop with a weight and adds up.
A convolution whose kernel is as large as the crop's feature map does the very same, and goes on
doing it at every other place of a larger image. Sources: OverFeat (Sermanet et al. 2013), Fully
Convolutional Networks (Long, Shelhamer and Darrell 2015).
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# Layers that treat each number by itself: they do not care whether the sample is flat.
POINTWISE = (
    nn.ReLU,
    nn.ReLU6,
    nn.LeakyReLU,
    nn.ELU,
    nn.GELU,
    nn.SiLU,
    nn.Sigmoid,
    nn.Tanh,
    nn.Dropout,
    nn.Identity,
)
# Layers that look at a neighbourhood, or at a channel, the same way at every place.
SPATIAL = (nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.AvgPool2d, nn.Dropout2d)


@dataclass(frozen=True)
class Step:
    """One layer on its way from the classifier to the FCN.

    `converted` is None where the FCN has no such layer (Flatten). The shapes are what comes out of
    the layer, in the classifier and in the FCN, for one crop; `max_difference` compares the two,
    relative to the largest number if that is above 1.
    """

    name: str
    original: nn.Module
    converted: nn.Module | None
    rule: str
    shape_before: tuple[int, ...]
    shape_after: tuple[int, ...]
    weight_before: tuple[int, ...] | None
    weight_after: tuple[int, ...] | None
    max_difference: float

    def __str__(self) -> str:
        weights = ""
        if self.weight_before != self.weight_after:
            weights = f", weight {_times(self.weight_before)} -> {_times(self.weight_after)}"
        shapes = f"{_times(self.shape_before):>10} -> {_times(self.shape_after):<10}"
        return f"{self.name:>3} {type(self.original).__name__:<12} {shapes} {self.rule}{weights}"


def relative_difference(actual: Tensor, expected: Tensor) -> float:
    """Largest difference of two tensors, relative to the largest expected number above 1."""
    return ((actual - expected).abs().max() / expected.abs().max().clamp(min=1)).item()


def _times(shape: tuple[int, ...] | None) -> str:
    return "×".join(map(str, shape or ()))


def linear_as_convolution(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Conv2d:
    """The convolution with a height × width kernel that computes what `linear` does after Flatten.

    Flatten writes a [channels, height, width] map row by row, channel after channel; so the same
    numbers, in the same order, read as [out, channels, height, width], are the kernel.
    Raises ValueError if `linear` does not take channels × height × width features.
    """
    if linear.in_features != channels * height * width:
        raise ValueError(
            f"a Linear of {linear.in_features} inputs does not fit a map of"
            f" {channels}×{height}×{width} = {channels * height * width} numbers"
        )
    convolution = nn.Conv2d(
        channels,
        linear.out_features,
        (height, width),
        bias=linear.bias is not None,
        device=linear.weight.device,
        dtype=linear.weight.dtype,
    )
    with torch.no_grad():
        convolution.weight.copy_(linear.weight.view(convolution.weight.shape))
        if linear.bias is not None:
            convolution.bias.copy_(linear.bias)
    return convolution.train(linear.training)


def conversion_steps(model: nn.Sequential, input_size: tuple[int, int]) -> Iterator[Step]:
    """Convert a classifier layer by layer, and compare after each layer.

    Yields a `Step` for every layer of `model` (an `nn.Sequential`, nested or not) for crops of
    `input_size` (height, width). The model is not changed and shares no storage with the result.
    Raises TypeError or ValueError, with the layer's name, for what cannot be converted.
    """
    layers = layers_of(model)
    x = y = example_crops(layers, input_size)
    shape_at_flatten = None
    with torch.no_grad():
        for name, layer in layers:
            _refuse_unless_convertible(name, layer, flat=x.ndim == 2)
            original = copy.deepcopy(layer).eval()
            if isinstance(layer, nn.Flatten):
                shape_at_flatten = x.shape[1:]
                converted, rule = None, "gone: the map stays a map"
            elif isinstance(layer, nn.Linear):
                converted = _convert_linear(name, layer, shape_at_flatten)
                rule = f"a {_times(converted.kernel_size)} convolution"
                shape_at_flatten = (layer.out_features, 1, 1)
            else:
                converted, rule = copy.deepcopy(layer), "kept"
            try:
                x = original(x)
            except RuntimeError as error:
                raise ValueError(
                    f"layer {name} ({type(layer).__name__}) does not fit crops of"
                    f" {_times(input_size)}: {error}"
                ) from error
            if converted is not None:
                y = copy.deepcopy(converted).eval()(y)
            yield Step(
                name,
                layer,
                converted,
                rule,
                tuple(x.shape[1:]),
                tuple(y.shape[1:]),
                _weight_shape(layer),
                _weight_shape(converted),
                relative_difference(y.flatten(1), x.flatten(1)),
            )
    if shape_at_flatten is None:
        raise ValueError("nothing to convert: the model has no Flatten followed by a Linear")
    if x.ndim != 2 or y.shape[2:] != (1, 1):
        raise ValueError("the model ends without a Linear layer after its Flatten")


def _convert_linear(name: str, layer: nn.Linear, shape: tuple[int, ...] | None) -> nn.Conv2d:
    try:
        return linear_as_convolution(layer, *shape)
    except ValueError as error:
        raise ValueError(f"layer {name} (Linear): {error}; is the input size right?") from error


def layers_of(model: nn.Module, prefix: str = "") -> list[tuple[str, nn.Module]]:
    """The layers of a (nested) Sequential in the order of computation, with their full names."""
    if not isinstance(model, nn.Sequential):
        raise TypeError(f"to_fcn converts an nn.Sequential, not a {type(model).__name__}")
    layers = []
    # Not named_children(), which leaves out a layer that is used a second time (one ReLU for all).
    for name, layer in model._modules.items():
        nested = isinstance(layer, nn.Sequential)
        layers += layers_of(layer, f"{prefix}{name}.") if nested else [(f"{prefix}{name}", layer)]
    return layers


def example_crops(
    layers: list[tuple[str, nn.Module]], input_size: tuple[int, int], count: int = 1
) -> Tensor:
    """Random crops [count, C, H, W], the same each time, on the model's device."""
    first = next((layer for _, layer in layers if isinstance(layer, nn.Conv2d | nn.Linear)), None)
    if not isinstance(first, nn.Conv2d):
        raise ValueError("nothing to convert: no Conv2d before the first Linear")
    if min(input_size) < 1:
        raise ValueError(f"input_size must be (height, width) in pixels, not {tuple(input_size)}")
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, first.in_channels, *input_size, generator=generator).to(first.weight)


def _refuse_unless_convertible(name: str, layer: nn.Module, *, flat: bool) -> None:
    kind = type(layer).__name__
    if isinstance(layer, nn.Flatten):
        if (layer.start_dim, layer.end_dim) not in ((1, -1), (1, 3)) or flat:
            raise ValueError(f"layer {name} (Flatten) must flatten a map from dimension 1 on, once")
    elif isinstance(layer, nn.Linear):
        if not flat:
            raise ValueError(
                f"layer {name} (Linear) works on a map's columns: no Flatten before it"
            )
    elif isinstance(layer, SPATIAL):
        if flat:
            raise ValueError(f"layer {name} ({kind}) comes after Flatten, where there is no map")
        if getattr(layer, "ceil_mode", False):
            raise ValueError(f"layer {name} ({kind}) rounds up (ceil_mode), which depends on size")
        if getattr(layer, "return_indices", False):
            raise ValueError(f"layer {name} ({kind}) gives back indices besides its map")
        if isinstance(layer, nn.BatchNorm2d) and layer.running_mean is None:
            raise ValueError(
                f"layer {name} ({kind}) keeps no running statistics: its answer at one place would"
                " depend on the whole image"
            )
    elif not isinstance(layer, POINTWISE):
        raise TypeError(
            f"layer {name} ({kind}) cannot be converted: no rule for this kind of layer"
        )


def _weight_shape(layer: nn.Module | None) -> tuple[int, ...] | None:
    weight = getattr(layer, "weight", None)
    return None if weight is None else tuple(weight.shape)
