"""Right and wrong answers to the exercises of Lesson 04."""

import copy

import numpy as np
import torch
from torch import nn

from helpers.checks import fcn as checks
from helpers.fcn import to_fcn


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
                case {"order": "turned"}:
                    conv.weight.copy_(conv.weight.flip(2, 3))
                case {"order": "channels"}:
                    conv.weight.copy_(conv.weight.flip(1))
                case {"weight": "zero"}:
                    conv.weight.zero_()
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


def convert_frozen(linear, c, h, w):
    linear.requires_grad_(False)
    return convert(linear, c, h, w)


def convert_only_with_bias(linear, c, h, w):
    """The weights are copied within the `if` for the bias."""
    conv = nn.Conv2d(c, linear.out_features, (h, w), bias=linear.bias is not None)
    return convert(linear, c, h, w) if linear.bias is not None else conv


def convert_shared_without_bias(linear, c, h, w):
    conv = convert(linear, c, h, w)
    if linear.bias is None:
        conv.weight.data = linear.weight.data.view(conv.weight.shape)
    return conv


def convert_row_by_row(linear, c, h, w):
    conv = nn.Conv2d(c, linear.out_features, (h, w), bias=linear.bias is not None)
    with torch.no_grad():
        for out, row in enumerate(linear.weight):
            conv.weight[out] = row.reshape(c, h, w)
        if linear.bias is not None:
            conv.bias[:] = linear.bias
    return conv


CONVERT_WRONG = [
    (lambda *a: None, "return"),
    (lambda linear, c, h, w: linear, "nn.Conv2d"),
    (lambda linear, c, h, w: nn.Conv2d(c, linear.out_features, (w, h)), "kernel is"),
    (changed(order="pixels"), "another order"),
    (changed(order="columns"), "height and width are swapped"),
    (changed(order="turned"), "turned around"),
    (changed(order="channels"), "reverse order"),
    (changed(weight="zero"), "weights are 0"),
    (checks.linear_to_conv, "the course's own"),
    (convert_frozen, "requires_grad"),
    (changed(weight="random"), "were they copied"),
    (changed(bias="random"), "bias was not copied"),
    (changed(bias="none"), "no bias"),
    (changed(bias="always"), "without one"),
    (changed(share=True), "share their weights"),
    (changed(share="bias"), "share their weights or bias"),
    (changed(spoil=True), "Linear layer was changed"),
    (convert_padded, "no padding"),
    (convert_only_with_bias, "without a bias the weights are not copied"),
    (convert_shared_without_bias, "share their weights"),
]


def size_in_words(channels, height, width, out):
    layer = nn.Conv2d(channels, out, (height, width), device="meta")
    return layer.weight.shape, sum(p.numel() for p in layer.parameters())


SIZE_RIGHT = [
    lambda c, h, w, out: ((out, c, h, w), out * c * h * w + out),
    lambda c, h, w, out: [[out, c, h, w], out * (c * h * w + 1)],
    size_in_words,
    lambda c, h, w, out: (np.array([out, c, h, w]), float(out * (c * h * w + 1))),
]
SIZE_WRONG = [
    (lambda c, h, w, out: None, "return"),
    (lambda c, h, w, out: out * (c * h * w + 1), "two things"),
    (lambda c, h, w, out: ((c, out, h, w), out * (c * h * w + 1)), "outputs come first"),
    (lambda c, h, w, out: ((out, c, w, h), out * (c * h * w + 1)), "height comes before"),
    (lambda c, h, w, out: ((out, c * h * w), out * (c * h * w + 1)), "Linear layer"),
    (lambda c, h, w, out: ((c, h, w), out * (c * h * w + 1)), "shape of the map"),
    (lambda c, h, w, out: ((out, c, h, w), out * c * h * w), "bias is missing"),
    (lambda c, h, w, out: ((out, c, h, w), out * c * h * w + 1), "not one for all"),
    (lambda c, h, w, out: ((out, c, h, w), out * c * h * w + c), "not to the channels"),
    (lambda c, h, w, out: ((out, c, h, w), 7), "not 7 numbers"),
    (lambda c, h, w, out: ((out, c, h, w), out * c * h * w + c * out), "for each channel of each"),
    (lambda c, h, w, out: ((out, h, w, c), out * (c * h * w + 1)), "channels come before"),
    (lambda c, h, w, out: ((out, c, h, w), str(out)), "count must be"),
    (checks.kernel_size, "the course's own"),
]


def whole(model, size, linear=convert, copied=True, mode="eval", drop=()):
    """Convert a whole classifier, perhaps with a mistake."""
    if copied:
        model = copy.deepcopy(model).eval()
    x, layers = torch.zeros(1, model[0].in_channels, *size), []
    for layer in model:
        if isinstance(layer, nn.Linear):
            layer = linear(layer, *x.shape[1:])
        if not isinstance(layer, (nn.Flatten, *drop)):
            with torch.no_grad():
                x = layer(x)
            layers.append(layer)
    return nn.Sequential(*layers).train(mode == "train")


def whole_with_a_look_ahead(model, size):
    at = next(i for i, layer in enumerate(model) if isinstance(layer, nn.Flatten))
    body = copy.deepcopy(model[:at]).eval()
    shape = body(torch.zeros(1, model[0].in_channels, *size)).shape[1:]
    fcn = nn.Sequential(*body)
    for layer in model[at + 1 :]:
        if isinstance(layer, nn.Linear):
            fcn.append(convert_with_state_dict(layer, *shape))
            shape = (layer.out_features, 1, 1)
        else:
            fcn.append(copy.deepcopy(layer))
    return fcn.eval()


def whole_in_train_mode(model, size):
    model.train()(torch.zeros(4, model[0].in_channels, *size))
    return whole(model, size)


def whole_spoiled(model, size):
    with torch.no_grad():
        model[0].weight.zero_()
    return whole(model, size)


def whole_put_to_eval(model, size):
    model.eval()
    return whole(model, size)


def whole_left_in_train(model, size):
    model.eval()
    fcn = whole(model, size)
    model.train()
    return fcn


def whole_frozen(model, size):
    model.requires_grad_(False)
    return whole(model, size)


def whole_by_number(model, size):
    fcn = copy.deepcopy(model).eval()
    first = convert(fcn[9], 64, 7, 22)
    return nn.Sequential(*fcn[:8], first, nn.ReLU(), convert(fcn[11], 512, 1, 1))


def whole_with(layer):
    return lambda model, size: whole(model, size).append(layer).eval()


class Wrapped(nn.Module):
    """No Sequential, and right."""

    def __init__(self, model, size):
        super().__init__()
        self.layers = nn.ModuleList(whole(model, size))
        self.eval()

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def whole_computed(model, size):
    """The shape of the map by arithmetic, from the course's kinds of layers."""
    height, width = size
    layers, shape = [], None
    for layer in copy.deepcopy(model).eval():
        if isinstance(layer, nn.Conv2d):
            height, width = (
                n - k + 1 for n, k in zip((height, width), layer.kernel_size, strict=True)
            )
            channels = layer.out_channels
        elif isinstance(layer, nn.MaxPool2d):
            height, width = height // 2, width // 2
        elif isinstance(layer, nn.Flatten):
            shape = (channels, height, width)
            continue
        elif isinstance(layer, nn.Linear):
            layer, shape = convert_with_data(layer, *shape), (layer.out_features, 1, 1)
        layers.append(layer)
    return nn.Sequential(*layers).eval()


def whole_kept(model, size):
    return copy.deepcopy(model).eval()


def whole_with_new_norm(model, size):
    fcn = whole(model, size)
    fcn[1].reset_running_stats()
    return fcn


def whole_with_new_start(model, size):
    fcn = whole(model, size)
    fcn[0].reset_parameters()
    return fcn


def whole_padded(model, size):
    fcn = whole(model, size)
    fcn[4].stride = (2, 2)
    return fcn


def whole_in_place(model, size):
    fcn = whole(model, size)
    fcn[4] = nn.Conv2d(3, fcn[4].out_channels, 1)
    return fcn.eval()


def whole_of_wrong_channels(model, size):
    fcn = whole(model, size)
    fcn[4] = nn.Conv2d(7, 6, 1)
    return fcn.eval()


WHOLE_WRONG = [
    (lambda model, size: None, "return"),
    (lambda model, size: [*model], "must be a network"),
    (whole_kept, "still a Flatten"),
    (whole_in_train_mode, "read something in train mode"),
    (whole_spoiled, "classifier was changed"),
    (whole_put_to_eval, "came in train mode"),
    (whole_left_in_train, "came in eval mode"),
    (whole_frozen, "requires_grad"),
    (whole_by_number, "numbers of the lesson's layers"),
    (whole_with(nn.Softmax(1)), "Softmax was added"),
    (whole_with(nn.Sigmoid()), "Sigmoid was added"),
    (checks.convert, "the course's own"),
    (lambda m, s: to_fcn(m, s).eval(), "the course's own"),
    (lambda m, s: whole(m, s, mode="train"), "in train mode"),
    (lambda m, s: nn.Sequential(m[0], *whole(m, s)[1:]), "shares layers"),
    (lambda m, s: whole(m, s, linear=changed(order="pixels")), "another order"),
    (lambda m, s: whole(m, s, linear=changed(bias="none")), "bias of a Linear layer"),
    (lambda m, s: whole(m, s, linear=changed(bias="random")), "bias of a Linear layer"),
    (lambda m, s: whole(m, s, linear=changed(weight="random")), "weights of a Linear layer"),
    (lambda m, s: whole(m, s, drop=[nn.ReLU]), "is a layer missing"),
    (whole_with_new_norm, "running statistics"),
    (whole_with_new_start, "Conv2d (was|were) not copied"),
    (whole_in_place, "should give"),
    (whole_of_wrong_channels, "cannot read a crop"),
    (whole_padded, "wrong on a larger image"),
]

#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_kernel_size: (SIZE_RIGHT, SIZE_WRONG),
    checks.check_convert: ([whole, whole_with_a_look_ahead, whole_computed, Wrapped], WHOLE_WRONG),
    checks.check_linear_to_conv: (
        [convert, convert_with_state_dict, convert_with_data, convert_row_by_row],
        CONVERT_WRONG,
    ),
}
