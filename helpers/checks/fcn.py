"""Checks of the exercises of Lesson 04."""

from collections.abc import Callable

import torch
from torch import nn

from helpers.checks.report import ask, close, fail, passed
from helpers.fcn import linear_as_convolution


def check_linear_to_conv(linear_to_conv: Callable[[nn.Linear, int, int, int], nn.Conv2d]) -> None:
    """`linear_to_conv(linear, channels, height, width)` -> the convolution that does the same."""
    generator = torch.Generator().manual_seed(0)
    channels, height, width, out = 3, 2, 5, 4
    linear = nn.Linear(channels * height * width, out)
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    weight, bias = linear.weight.detach().clone(), linear.bias.detach().clone()
    answer = ask(linear_to_conv, linear, channels, height, width)
    if not isinstance(answer, nn.Conv2d):
        fail(f"the result must be an nn.Conv2d, not {type(answer).__name__}")
    if not (torch.equal(weight, linear.weight) and torch.equal(bias, linear.bias)):
        fail("the Linear layer was changed: leave it as it is")
    right = linear_as_convolution(linear, channels, height, width)
    if answer.weight.shape != right.weight.shape:
        fail(
            f"the kernel is {[*answer.weight.shape]}, but should be {[*right.weight.shape]}:"
            " (out, channels, height, width)"
        )
    if answer.bias is None:
        fail("the convolution has no bias, but the Linear layer has one")
    if not close(answer.weight.detach(), right.weight.detach()):
        orders = {
            "the weights are in another order: Flatten writes channel after channel, so the kernel"
            " is the row read as (channels, height, width)": weight.view(
                out, height, width, channels
            ).permute(0, 3, 1, 2),
            "height and width are swapped inside the kernel": weight.view(
                out, channels, width, height
            ).transpose(2, 3),
        }
        for message, wrong in orders.items():
            if close(answer.weight.detach(), wrong):
                fail(message)
        fail("the weights are not those of the Linear layer: were they copied?")
    if not close(answer.bias.detach(), bias):
        fail("the bias was not copied: it still has the random start values of a new layer")
    shared = {linear.weight.data_ptr(), linear.bias.data_ptr()}
    if shared & {answer.weight.data_ptr(), answer.bias.data_ptr()}:
        fail("both layers share their weights or bias: training one changes the other; copy them")
    maps = torch.randn(2, channels, height + 1, width + 2, generator=generator)
    with torch.no_grad():
        if answer(maps).shape != (2, out, 2, 3):
            fail("on a larger map the result has the wrong size: no padding, stride 1")
        if not close(answer(maps), right(maps)):
            fail("on a larger map the answers differ: is groups or dilation set?")
    without_bias = nn.Linear(channels * height * width, out, bias=False)
    if ask(linear_to_conv, without_bias, channels, height, width).bias is not None:
        fail("a Linear layer without a bias must become a convolution without one")
    passed("linear_to_conv")
