"""A Linear layer as a convolution: the idea that turns a classifier into a detector.

A `Linear` layer after `Flatten` multiplies every feature of the crop with a weight and adds up.
A convolution whose kernel is as large as the crop's feature map does the very same, and goes on
doing it at every other position of a larger image. Sources: OverFeat (Sermanet et al. 2013), Fully
Convolutional Networks (Long, Shelhamer and Darrell 2015).
"""

import torch
from torch import nn


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
    convolution = nn.utils.skip_init(  # the weights follow: random ones would be drawn in vain
        nn.Conv2d,
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


def format_shape(shape: tuple[int, ...] | None) -> str:
    """Sizes as they are read: 64×7×22."""
    return "×".join(map(str, shape or ()))
