"""A Linear layer as a convolution: the idea that turns a classifier into a detector.

A `Linear` layer after `Flatten` multiplies every feature of the crop with a weight and adds up.
A convolution whose kernel is as large as the crop's feature map does the very same, and goes on
doing it at every other position of a larger image. Sources: OverFeat (Sermanet et al. 2013), Fully
Convolutional Networks (Long, Shelhamer and Darrell 2015).
"""

from torch import Tensor, nn


def linear_as_convolution(
    linear: nn.Linear, channels: int, height: int, width: int, *, order: Tensor | None = None
) -> nn.Conv2d:
    """The convolution with a height × width kernel that computes what `linear` does after Flatten.

    Flatten writes a [channels, height, width] map row by row, channel after channel; so the same
    numbers, in the same order, read as [out, channels, height, width], are the kernel. Lesson 04.

    Args:
        linear: reads channels × height × width features.
        channels, height, width: the shape of the crop's feature map.
        order: [features], where in the map, as Flatten writes it, each feature lies; for
            classifiers that read their map in another order than Flatten's, or not all of it.

    Raises:
        ValueError: if `linear` reads another number of features.

    >>> linear_as_convolution(nn.Linear(64 * 7 * 22, 512), 64, 7, 22)
    Conv2d(64, 512, kernel_size=(7, 22), stride=(1, 1))
    """
    features = channels * height * width
    if linear.in_features != (features if order is None else len(order)):
        raise ValueError(
            f"a Linear of {linear.in_features} inputs does not fit a map of"
            f" {channels}×{height}×{width} = {features} numbers"
        )
    weight, bias = linear.weight.detach(), linear.bias
    if order is not None:  # a number that is read twice counts twice
        weight = weight.new_zeros(len(weight), features).index_add_(1, order, weight)
    convolution = nn.Conv2d(channels, len(weight), (height, width), device="meta")
    kernel = weight.view(-1, channels, height, width).clone()
    convolution.weight = nn.Parameter(kernel, linear.weight.requires_grad)
    if bias is not None:
        bias = nn.Parameter(bias.detach().clone(), bias.requires_grad)
    convolution.bias = bias
    return convolution.train(linear.training)
