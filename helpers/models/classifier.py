"""The course's classifier.

>>> logits = make_classifier(seed=0)(torch.rand(5, 1, 40, 100))
>>> logits.shape
torch.Size([5, 2])
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Generator, Tensor, nn

from helpers.devices import seeded
from helpers.sheets import CROP_SIZE

INPUT_SIZE = CROP_SIZE
SMALLEST_SIDE = 16  # pixels; less is gone after two rounds of convolution and pooling
SMALL_CROP = 20  # pixels; a crop whose longer side is at most this long gets the finer network


def make_classifier(
    input_size: tuple[int, int] = INPUT_SIZE,
    *,
    classes: int = 2,
    channels: int = 1,
    stride: int | None = None,
    seed: int | None = None,
) -> nn.Sequential:
    """The course's network: images [N, C, H, W] to logits [N, classes]. Lesson 03.

    With two classes, class 1 is "car". No padding anywhere: that is what makes it exactly
    convertible.

    Crops of 40×100 go through two rounds of 5×5 convolution and pooling by two, so that windows
    stand 4 pixels apart. Of a crop of 16×16 these would leave a single position, and windows 4
    pixels apart overlap an object of 16 by an IoU of 0.62 only, where they meet it worst. So small
    crops get the finer network of the same recipe: 3×3 convolutions, and no second pool. It leaves
    5×5 positions, and its windows stand 2 pixels apart.

    Args:
        input_size: (height, width) of the crops, in pixels.
        classes: how many, the background among them.
        channels: 1 for grey crops, 3 for RGB.
        stride: pixels between neighbouring windows: 4, or 2 for the finer network; None: 2 for
            crops of at most 20 pixels on each side, else 4.
        seed: with it the weights are the same each time, and torch's global random state stays
            untouched.

    Returns:
        The network, in training mode.

    Raises:
        ValueError: the crops are too small for the two rounds of convolution and pooling; there
            are fewer than two classes, or no channels; or the stride is another one.

    >>> make_classifier((16, 16), classes=11)(torch.rand(5, 1, 16, 16)).shape
    torch.Size([5, 11])
    """
    height, width = input_size
    if min(height, width) < SMALLEST_SIDE:
        raise ValueError(
            f"crops of {height}×{width} are too small: the network needs"
            f" {SMALLEST_SIDE}×{SMALLEST_SIDE} pixels or more"
        )
    if classes < 2 or channels < 1:
        raise ValueError(
            f"a classifier needs two classes or more and a channel, not {classes} and {channels}"
        )
    stride = choose_stride(input_size) if stride is None else stride
    if stride not in (2, 4):
        raise ValueError(f"stride must be 2 or 4, not {stride}")
    kernel, last_pool = (5, [nn.MaxPool2d(2)]) if stride == 4 else (3, [])
    positions = [_positions(side, kernel, stride) for side in (height, width)]
    with nullcontext() if seed is None else seeded(seed, torch.get_default_device()):
        network = nn.Sequential(  # for crops of 40×100 and two classes (or of 16×16 and eleven):
            nn.Conv2d(channels, 32, kernel),  # [N, 32, 36, 96] (14, 14)
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),  # [N, 32, 18, 48] (7, 7)
            nn.Conv2d(32, 64, kernel),  # [N, 64, 14, 44] (5, 5)
            nn.BatchNorm2d(64),
            nn.ReLU(),
            *last_pool,  # [N, 64, 7, 22] (none)
            nn.Flatten(),  # [N, 9856] (1600)
            nn.Linear(64 * positions[0] * positions[1], 512),
            nn.ReLU(),
            nn.Linear(512, classes),
        )
    # For whoever slides it over an image: a window has the size of a crop, and moves so far.
    network.input_size, network.window_stride = (height, width), (stride, stride)
    return network


def input_size_of(model: nn.Module) -> tuple[int, int]:
    """The (height, width) of a model's crops, if it knows; else the course's 40×100.

    A network of `make_classifier` knows, and so does an FCN.

    >>> input_size_of(make_classifier((16, 24))), input_size_of(nn.Flatten())
    ((16, 24), (40, 100))
    """
    geometry = getattr(model, "geometry", None)
    return tuple(geometry.window if geometry else getattr(model, "input_size", INPUT_SIZE))


def stride_of(model: nn.Module) -> tuple[int, int]:
    """(down, right) in pixels between a model's windows, if it knows; else the course's 4×4.

    >>> stride_of(make_classifier((16, 16))), stride_of(nn.Flatten())
    ((2, 2), (4, 4))
    """
    geometry = getattr(model, "geometry", None)
    return tuple(geometry.stride if geometry else getattr(model, "window_stride", (4, 4)))


def choose_stride(input_size: tuple[int, int]) -> int:
    """How many pixels apart `make_classifier` lets the windows of such crops stand.

    >>> choose_stride((40, 100)), choose_stride((16, 16))
    (4, 2)
    """
    return 2 if max(input_size) <= SMALL_CROP else 4


def _positions(length: int, kernel: int, stride: int) -> int:
    """Positions that a side of so many pixels has after the convolutions and pools."""
    length = (length - kernel + 1) // 2 - kernel + 1
    return length // 2 if stride == 4 else length


def randomise_(model: nn.Module, generator: Generator) -> nn.Module:
    """Give every bias and every batch-norm statistic a random value. Lesson 04.

    A fresh network has running means of 0 and variances of 1, so a conversion that forgets them
    looks right. After this it does not.

    Args:
        model: changed in place.
        generator: where the random numbers come from.

    Returns:
        The model.
    """

    def uniform(tensor: Tensor, low: float, high: float) -> None:
        values = torch.rand(tensor.shape, generator=generator, device=generator.device)
        tensor.copy_(low + (high - low) * values)

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                uniform(parameter, -0.5, 0.5)
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                if module.running_mean is not None:
                    uniform(module.running_mean, -0.5, 0.5)
                    uniform(module.running_var, 0.5, 2.0)
                if module.weight is not None:
                    uniform(module.weight, 0.5, 1.5)
    return model


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[nn.Module]:
    """Within it, `model` is in eval mode; after it, every layer has its own mode back. Lesson 03.

    >>> model = make_classifier()
    >>> with eval_mode(model):
    ...     print(model.training)
    False
    >>> model.training
    True
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield model
    finally:
        for module, training in modes.items():
            module.training = training


def takes_channels_last(model: nn.Module, images: Tensor) -> bool:
    """Whether a network also answers where the channels of each pixel lie side by side in memory.

    That is faster, but `x.view(len(x), -1)` refuses it; `x.flatten(1)` does not. Tried with one
    image, in eval mode.

    Args:
        model: maps images [N, C, H, W] to anything.
        images: at least one, on the model's device.
    """
    with eval_mode(model), torch.no_grad():
        try:
            model(images[:1].clone(memory_format=torch.channels_last))
        except RuntimeError:
            return False
    return True
