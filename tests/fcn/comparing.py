"""What the tests of the lists of networks share: a network to compare, and how far it is off."""

import warnings

import torch
from torch import nn

from helpers.fcn import to_fcn
from helpers.models import randomise_


def randomised(make):
    """The network that `make` makes, all its numbers random, in eval mode; the same each time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = randomise_(make(), torch.Generator().manual_seed(0))
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.weight.data *= 2  # or the biases alone would decide
        return model.eval()


def random_crops(channels, size):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return torch.randn(3, channels, *size)


def convert(model, size):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "layer .* pads its input")
        return to_fcn(model, size)


def relative(actual, expected):
    assert actual.shape == expected.shape
    return ((actual - expected).abs().max() / expected.abs().max()).item()
