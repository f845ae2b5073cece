"""The course's classifier.

>>> logits = make_classifier(seed=0)(torch.rand(5, 1, 40, 100))
>>> logits.shape
torch.Size([5, 2])
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Generator, Tensor, nn

from helpers.sheets import CROP_SIZE

INPUT_SIZE = CROP_SIZE
SMALLEST_SIDE = 16  # pixels; less is gone after two rounds of convolution and pooling


def make_classifier(
    input_size: tuple[int, int] = INPUT_SIZE, *, seed: int | None = None
) -> nn.Sequential:
    """The course's network: images [N, 1, H, W] to logits [N, 2]; class 1 is "car". Lesson 03.

    No padding anywhere: that is what makes it exactly convertible.

    Args:
        input_size: (height, width) of the crops, in pixels.
        seed: with it the weights are the same each time, and torch's global random state stays
            untouched.

    Returns:
        The network, in training mode.

    Raises:
        ValueError: the crops are too small for the two rounds of convolution and pooling.
    """
    height, width = input_size
    if min(height, width) < SMALLEST_SIDE:
        raise ValueError(
            f"crops of {height}×{width} are too small: the network needs"
            f" {SMALLEST_SIDE}×{SMALLEST_SIDE} pixels or more"
        )
    features = 64 * _after_two_rounds(height) * _after_two_rounds(width)
    with torch.random.fork_rng(enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        return nn.Sequential(  # for crops of 40×100:
            nn.Conv2d(1, 32, 5),  # [N, 32, 36, 96]
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),  # [N, 32, 18, 48]
            nn.Conv2d(32, 64, 5),  # [N, 64, 14, 44]
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(2),  # [N, 64, 7, 22]
            nn.Flatten(),  # [N, 9856]
            nn.Linear(features, 512),
            nn.ReLU(),
            nn.Linear(512, 2),
        )


def _after_two_rounds(length: int) -> int:
    for _ in range(2):
        length = (length - 4) // 2  # a 5-wide convolution takes 4 off, the pool halves the rest
    return length


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
