"""Right and wrong answers to the exercises of Lesson 04."""

import torch
from torch import nn

from helpers.checks import fcn as checks


def convert(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, (h, w), bias=linear.bias is not None)
    with torch.no_grad():
        conv.weight.copy_(linear.weight.view(conv.weight.shape))
        if linear.bias is not None:
            conv.bias.copy_(linear.bias)
    return conv


def convert_with_state_dict(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, kernel_size=(h, w), bias=linear.bias is not None)
    state = {"weight": linear.weight.detach().clone().reshape(-1, c, h, w)}
    if linear.bias is not None:
        state["bias"] = linear.bias.detach().clone()
    conv.load_state_dict(state)
    return conv


def convert_with_data(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, (h, w), bias=linear.bias is not None)
    conv.weight.data = linear.weight.data.clone().unflatten(1, (c, h, w))
    if linear.bias is not None:
        conv.bias.data = linear.bias.data.clone()
    return conv


def changed(**how):
    """A converter with one mistake."""

    def wrong(linear, c, h, w):
        conv = convert(linear, c, h, w)
        weight = linear.weight.detach()
        with torch.no_grad():
            match how:
                case {"order": "pixels"}:
                    conv.weight.copy_(weight.view(-1, h, w, c).permute(0, 3, 1, 2))
                case {"order": "columns"}:
                    conv.weight.copy_(weight.view(-1, c, w, h).transpose(2, 3))
                case {"weight": "random"}:
                    conv.weight.add_(1)
                case {"bias": "random"} if conv.bias is not None:
                    conv.bias.add_(1)
                case {"bias": "none"}:
                    conv.bias = None
                case {"share": True}:
                    conv.weight = nn.Parameter(linear.weight.data.view(conv.weight.shape))
                case {"share": "bias"} if conv.bias is not None:
                    conv.bias = linear.bias
                case {"spoil": True}:
                    linear.weight.zero_()
                case {"bias": "always"} if conv.bias is None:
                    conv.bias = nn.Parameter(torch.zeros(linear.out_features))
        return conv

    return wrong


def convert_padded(linear, c, h, w):
    conv = convert(linear, c, h, w)
    conv.padding = (1, 1)
    return conv


CONVERT_WRONG = [
    (lambda *a: None, "return"),
    (lambda linear, c, h, w: linear, "nn.Conv2d"),
    (lambda linear, c, h, w: nn.Conv2d(c, linear.out_features, (w, h)), "kernel is"),
    (changed(order="pixels"), "another order"),
    (changed(order="columns"), "height and width are swapped"),
    (changed(weight="random"), "were they copied"),
    (changed(bias="random"), "bias was not copied"),
    (changed(bias="none"), "no bias"),
    (changed(bias="always"), "without one"),
    (changed(share=True), "share their weights"),
    (changed(share="bias"), "share their weights or bias"),
    (changed(spoil=True), "Linear layer was changed"),
    (convert_padded, "no padding"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_linear_to_conv: (
        [convert, convert_with_state_dict, convert_with_data],
        CONVERT_WRONG,
    ),
}
