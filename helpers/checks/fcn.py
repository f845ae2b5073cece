"""Checks of the exercises of Lesson 04."""

import copy
from collections.abc import Callable
from math import prod

import torch
from torch import Tensor, nn

from helpers.checks.report import ask, check, close, explain, fail, shown, whole, your_or_ours
from helpers.devices import seeded
from helpers.fcn import geometry, linear_as_convolution, to_fcn
from helpers.models import randomise_

__all__ = [
    "check_convert",
    "check_kernel_size",
    "check_linear_to_conv",
    "convert",
    "kernel_size",
    "linear_to_conv",
    "your_or_ours",
]


def kernel_size(channels: int, height: int, width: int, out: int) -> tuple[tuple[int, ...], int]:
    """The shape of a kernel, and how many weights and biases its convolution has. Lesson 04."""
    return (out, channels, height, width), out * channels * height * width + out


def linear_to_conv(linear: nn.Linear, channels: int, height: int, width: int) -> nn.Conv2d:
    """A convolution that computes what `linear` computes after Flatten. Lesson 04."""
    return linear_as_convolution(linear, channels, height, width)


def convert(classifier: nn.Sequential, input_size: tuple[int, int]) -> nn.Module:
    """An FCN in eval mode that computes what `classifier` computes. Lesson 04."""
    return to_fcn(classifier, input_size).eval()


@check("kernel_size", of=(kernel_size,))
def check_kernel_size(kernel_size: Callable[[int, int, int, int], tuple]) -> None:
    """`kernel_size(channels, height, width, out)` -> (the kernel's shape, learned numbers)."""
    for c, h, w, out in ((3, 2, 5, 4), (64, 7, 22, 512), (512, 1, 1, 2), (1, 4, 3, 6)):
        case = f"a map of {c}×{h}×{w} and {out} outputs"
        answer = ask(kernel_size, c, h, w, out)
        try:
            shape, count = answer
            shape = [whole(side, "each side of the kernel") for side in shape]
        except (TypeError, ValueError):
            fail(f"give back two things, a shape of four numbers and a count, not {shown(answer)}")
        shapes = {
            "the outputs come first: (out, channels, height, width)": [c, out, h, w],
            "the outputs come first, as in (out, channels, height, width)": [c, h, w, out],
            "height comes before width": [out, c, w, h],
            "the channels come before height and width": [out, h, w, c],
            "that is the shape of the Linear layer, the kernel has four sides": [out, c * h * w],
            "that is the shape of the map, each output has such a kernel": [c, h, w],
        }
        explain(shape, [out, c, h, w], shapes, case)
        weights = prod(shape)
        counts = {
            "the bias is missing: one more number for each output": weights,
            "one bias for each output, not one for all": weights + 1,
            "the biases belong to the outputs, not to the channels": weights + c,
            "one bias for each output, not for each channel of each": weights + c * out,
            "each output has weights for all channels": h * w * out + out,
            "there are as many kernels as outputs": c * h * w + out,
        }
        otherwise = f"{weights} weights and {out} biases are learned, not {shown(count)} numbers"
        explain(whole(count, "the count"), weights + out, counts, case, otherwise)


@check("linear_to_conv", of=(linear_to_conv, linear_as_convolution))
def check_linear_to_conv(linear_to_conv: Callable[[nn.Linear, int, int, int], nn.Conv2d]) -> None:
    """`linear_to_conv(linear, channels, height, width)` -> the convolution that does the same."""
    generator = torch.Generator().manual_seed(0)
    channels, height, width, out = 3, 2, 5, 4
    linear = nn.Linear(channels * height * width, out)
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    weight, bias = linear.weight.detach().clone(), linear.bias.detach().clone()
    answer = ask(linear_to_conv, linear, channels, height, width, may_change=[linear])
    if not isinstance(answer, nn.Conv2d):
        fail(f"the result must be an nn.Conv2d, not {type(answer).__name__}")
    if not (torch.equal(weight, linear.weight) and torch.equal(bias, linear.bias)):
        fail("the Linear layer was changed: leave it as it is")
    if not linear.training:
        fail("the Linear layer came in train mode and is in eval mode now: leave it as it is")
    if not (linear.weight.requires_grad and linear.bias.requires_grad):
        fail(
            "the Linear layer cannot be trained any more (requires_grad): leave that as it is, and"
            " copy within torch.no_grad()"
        )
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
            "the kernel is turned around (flip): PyTorch lays it on as it is": right.weight.flip(
                2, 3
            ),
            "the channels are in the reverse order": right.weight.flip(1),
            "the Linear layer's table is turned: one row for each output": weight.T.reshape(
                out, channels, height, width
            ),
            "the weights are 0: were they copied?": torch.zeros_like(right.weight),
        }
        otherwise = "the weights are not those of the Linear layer: were they copied?"
        explain(answer.weight.detach(), right.weight.detach(), orders, otherwise=otherwise)
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
    answer = ask(linear_to_conv, without_bias, channels, height, width)
    if answer.bias is not None:
        fail("a Linear layer without a bias must become a convolution without one")
    right = linear_as_convolution(without_bias, channels, height, width)
    if not close(answer.weight.detach(), right.weight.detach()):
        fail("for a Linear layer without a bias the weights are not copied: is that in an `if`?")
    if answer.weight.data_ptr() == without_bias.weight.data_ptr():
        fail("without a bias, both layers share their weights: training one changes the other")


@check("convert", of=(convert, to_fcn))
def check_convert(convert: Callable[[nn.Sequential, tuple[int, int]], nn.Module]) -> None:
    """`convert(classifier, (height, width))` -> an FCN in eval mode; the classifier untouched."""
    cases = (((6, 2), (11, 14), True, 2), ((5, 4, 3), (10, 9), False, 1), ((3,), (8, 12), True, 3))
    for sides, size, bias, channels in cases:
        for training in (True, False):
            model = _small_classifier(sides, size, bias, channels).train(training)
            _check_conversion(convert, model, size)


def _small_classifier(
    sides: tuple[int, ...], size: tuple[int, int], bias: bool, channels: int
) -> nn.Sequential:
    """Conv, norm, ReLU, pool, Flatten and as many Linear layers as `sides`, in train mode."""
    with seeded(0):
        layers = [nn.Conv2d(channels, 3, 3, bias=bias), nn.BatchNorm2d(3)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        features = 3 * ((size[0] - 2) // 2) * ((size[1] - 2) // 2)
        layers.append(nn.Flatten())
        for before, after in zip((features, *sides), sides, strict=False):
            layers += [nn.Linear(before, after, bias=bias), nn.ReLU()]
        model = nn.Sequential(*layers[:-1])
    return randomise_(model, torch.Generator().manual_seed(1)).train()


@torch.no_grad()
def _check_conversion(convert: Callable, model: nn.Sequential, size: tuple[int, int]) -> None:
    untouched = copy.deepcopy(model)
    channels = model[0].in_channels
    try:
        fcn = ask(convert, model, size, may_change=[model])
    except IndexError as error:
        fail(
            f"{error}, for a classifier of {len(model)} layers: are the numbers of the lesson's"
            " layers written into the code? Go through the layers in a loop"
        )
    if not isinstance(fcn, nn.Module):
        fail(f"the result must be a network (nn.Sequential), not {type(fcn).__name__}")
    _check_untouched(model, untouched)
    kinds = [type(layer) for layer in fcn.modules()]
    if nn.Flatten in kinds or nn.Linear in kinds:
        fail("there is still a Flatten or a Linear layer in it: a larger image would not fit")
    ours = {tensor.data_ptr() for tensor in model.state_dict().values()}
    if ours & {tensor.data_ptr() for tensor in fcn.state_dict().values()}:
        fail("the FCN shares layers with the classifier: training one changes the other; copy them")
    if any(layer.training for layer in fcn.modules()):
        fail("the FCN is in train mode: batch norm would use the image's own statistics; eval()")
    generator = torch.Generator().manual_seed(2)
    crops = torch.randn(4, channels, *size, generator=generator)
    expected = untouched.eval()(crops)
    answer = _run(fcn, crops, "a crop")
    if answer.shape != (*expected.shape, 1, 1):
        fail(
            f"{len(crops)} crops give {[*answer.shape]}, but should give {[*expected.shape, 1, 1]}:"
            " [N, classes, rows, cols]"
        )
    if not close(answer.flatten(1), expected):
        activated = {
            "a Softmax was added: the FCN gives logits, as the classifier does": expected.softmax(
                1
            ),
            "a LogSoftmax was added: the FCN gives logits": expected.log_softmax(1),
            "a Sigmoid was added: the FCN gives logits": expected.sigmoid(),
            "a ReLU was added after the last layer: logits may be negative": expected.relu(),
        }
        for message, wrong in activated.items():
            if close(answer.flatten(1), wrong):
                fail(message)
        _explain(untouched, fcn)
    shape = geometry(untouched, size)
    image = torch.randn(channels, size[0] + 5, size[1] + 7, generator=generator)
    windows = untouched(torch.stack(list(shape.crops(image))))
    answer = _run(fcn, image[None], "a larger image")
    rows, cols = shape.cells(*image.shape[1:])
    if answer.shape[2:] < (rows, cols) or not close(
        answer[0, :, :rows, :cols].flatten(1).T, windows
    ):
        fail("right on crops, wrong on a larger image: is a stride or a padding set?")


def _check_untouched(model: nn.Module, before: nn.Module) -> None:
    for (name, now), then in zip(
        model.state_dict().items(), before.state_dict().values(), strict=True
    ):
        if not torch.equal(now, then):
            if "running" in name or "tracked" in name:
                fail(
                    "the classifier's batch norm has changed: it read something in train mode;"
                    " work on a copy, in eval mode"
                )
            fail(f"the classifier was changed ({name}): leave it as it is")
    modes = zip(model.modules(), before.modules(), strict=True)
    if any(layer.training != then.training for layer, then in modes):
        mode, now = ("train", "eval") if before.training else ("eval", "train")
        fail(f"the classifier came in {mode} mode and is in {now} mode now: work on a copy")
    pairs = zip(model.parameters(), before.parameters(), strict=True)
    if any(one.requires_grad != other.requires_grad for one, other in pairs):
        fail("the classifier was changed: some weights cannot be trained any more (requires_grad)")


def _run(fcn: nn.Module, images: Tensor, what: str) -> Tensor:
    try:
        return fcn(images)
    except RuntimeError as error:
        fail(f"the FCN cannot read {what}: {str(error).splitlines()[0]}")


def _explain(model: nn.Sequential, fcn: nn.Module) -> None:
    """The first layer whose numbers are not the classifier's, and what is wrong with them."""
    theirs = [layer for layer in fcn.modules() if isinstance(layer, nn.Conv2d | nn.BatchNorm2d)]
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
    for layer, other in zip([x for x in model if isinstance(x, kinds)], theirs, strict=False):
        what = "a Linear layer" if isinstance(layer, nn.Linear) else f"a {type(layer).__name__}"
        if isinstance(layer, nn.BatchNorm2d) and not (
            isinstance(other, nn.BatchNorm2d) and close(layer.running_mean, other.running_mean)
        ):
            fail(
                "the batch norm has other running statistics: was the whole layer copied, and"
                " was the copy in eval mode before anything was sent through it?"
            )
        if (layer.bias is None) != (other.bias is None) or (
            layer.bias is not None and not close(layer.bias, other.bias)
        ):
            fail(f"the bias of {what} was not copied")
        if close(layer.weight.flatten(), other.weight.flatten()):
            continue
        if close(layer.weight.flatten().sort().values, other.weight.flatten().sort().values):
            fail(
                f"the weights of {what} are there, but in another order: Flatten writes channel"
                " after channel, so the row is read as (channels, height, width)"
            )
        fail(f"the weights of {what} were not copied")
    fail("the answers for a crop differ from the classifier's: is a layer missing, as a ReLU?")
