"""Right and wrong answers to the exercises of Lesson 03."""

import math

import torch
from torch import nn
from torch.nn.functional import cross_entropy, nll_loss

from helpers.checks import classifier as checks

LOSS_RIGHT = [
    cross_entropy,
    lambda z, y: nll_loss(z.log_softmax(1), y),
    lambda z, y: -z.log_softmax(1)[torch.arange(len(y)), y].mean(),
    lambda z, y: (z.logsumexp(1) - z.gather(1, y[:, None])[:, 0]).mean(),
]


def batch_loss(z, y):
    return -torch.log(z.softmax(1)[torch.arange(len(y)), y]).mean()


LOSS_WRONG = [
    (lambda z, y: None, "return"),
    (lambda z, y: cross_entropy(z.softmax(1), y), "twice"),
    (lambda z, y: nll_loss(z.softmax(1), y), "log-probabilities, these are probabilities"),
    (lambda z, y: nll_loss(z, y), "raw logits"),
    (lambda z, y: cross_entropy(z, y, reduction="sum"), "mean"),
    (lambda z, y: cross_entropy(z, y, reduction="none"), "shape"),
    (lambda z, y: -cross_entropy(z, y), "sign"),
    (lambda z, y: nll_loss(z.log_softmax(0), y), r"dim 0"),
    (lambda z, y: cross_entropy(z, y).item(), "torch.Tensor"),
    (lambda z, y: torch.zeros(()), "expected about"),
    (lambda z, y: torch.tensor(cross_entropy(z, y).item()), "cannot be trained"),
    (lambda z, y: cross_entropy(z, y, reduction="sum") / 4, "batch size"),
    (batch_loss, "log_softmax"),
    (lambda z, y: -z.log_softmax(1)[:, y].mean(), "own label"),
]


def size_by_listing(length, kernel, stride, padding):
    """Counts the places where a kernel fits."""
    return len(range(-padding, length + padding - kernel + 1, stride))


SIZE_RIGHT = [
    lambda n, k, s, p: (n + 2 * p - k) // s + 1,
    lambda n, k, s, p: math.floor((n + 2 * p - k) / s) + 1,
    lambda n, k, s, p: (n + p + p - k + s) // s,
    size_by_listing,
]

SIZE_WRONG = [
    (lambda n, k, s, p: None, "return"),
    (lambda n, k, s, p: (n - k) // s, "place at 0 counts"),
    (lambda n, k, s, p: (n + p - k) // s + 1, "both sides"),
    (lambda n, k, s, p: (n - k) // s + 1, "padding"),
    (lambda n, k, s, p: n + 2 * p - k + 1, "stride"),
    (lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1, "round down"),
    (lambda n, k, s, p: (n + 2 * p - k) / s + 1, "whole number"),
    (lambda n, k, s, p: n // s, "kernel of 5"),
    (lambda n, k, s, p: (n + 2 * p - k) // 2 + 1, "kernel of 5"),
    (lambda n, k, s, p: (1, 2), "one whole number"),
]


def parameters_of_layer(channels_in, channels_out, height, width):
    layer = nn.Conv2d(channels_in, channels_out, (height, width))
    return sum(parameter.numel() for parameter in layer.parameters())


COUNT_RIGHT = [
    lambda i, o, h, w: o * (i * h * w + 1),
    lambda i, o, h, w: i * o * h * w + o,
    parameters_of_layer,
]

COUNT_WRONG = [
    (lambda i, o, h, w: None, "return"),
    (lambda i, o, h, w: i * o * h * w, "bias"),
    (lambda i, o, h, w: i * o * h * w + 1, "one bias for each filter"),
    (lambda i, o, h, w: i * (o * h * w + 1), "not for each channel that comes in"),
    (lambda i, o, h, w: o * (h * w + 1), "every channel that comes in"),
    (lambda i, o, h, w: o * i * (h * w + 1), "one bias for each filter, not for each"),
    (lambda i, o, h, w: i * h * w + 1, "each of the filters"),
    (lambda i, o, h, w: float(o * (i * h * w + 1)), "whole number"),
    (lambda i, o, h, w: o * (i * h * h + 1), "filters of 5×7: 424"),
    (lambda i, o, h, w: 832, "5×7"),
]


def confusion_in_a_loop(probabilities, labels, threshold):
    counts = [0, 0, 0, 0]
    for p, y in zip(probabilities.tolist(), labels.tolist(), strict=True):
        counts[2 * (1 - y) + (p < threshold)] += 1
    return counts


def confusion(called=lambda p, t: p >= t, order=(0, 1, 2, 3)):
    """Hits, misses, false alarms, rightly left alone; with a mistake if asked for."""

    def answer(probabilities, labels, threshold):
        yes, car = called(probabilities, threshold), labels == 1
        counts = [(yes & car).sum(), (~yes & car).sum(), (yes & ~car).sum(), (~yes & ~car).sum()]
        return tuple(counts[k].item() for k in order)

    return answer


CONFUSION_RIGHT = [
    confusion(),
    confusion_in_a_loop,
    lambda p, y, t: torch.tensor(confusion()(p, y, t)),
    lambda p, y, t: tuple(((p >= t) == g)[y == c].sum() for c in (1, 0) for g in (True, False)),
]

CONFUSION_WRONG = [
    (lambda p, y, t: None, "return"),
    (confusion(called=lambda p, t: p > t), "exactly at the threshold"),
    (confusion(called=lambda p, t: p >= 0.5), "0.5 written into"),
    (confusion(called=lambda p, t: p < t), "upside down"),
    (confusion(order=(0, 2, 1, 3)), "misses and false alarms are swapped"),
    (confusion(order=(3, 2, 1, 0)), "other way round"),
    (confusion(order=(0, 1, 2)), "four numbers"),
    (lambda p, y, t: 12, "four numbers"),
    (lambda p, y, t: tuple(n / len(y) for n in confusion()(p, y, t)), "shares"),
    (lambda p, y, t: (3, 1, 2, 4), "add up to"),
    (lambda p, y, t: (2, 2, 2, 2), "at threshold 0.5"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_output_size: (SIZE_RIGHT, SIZE_WRONG),
    checks.check_count_parameters: (COUNT_RIGHT, COUNT_WRONG),
    checks.check_batch_loss: (LOSS_RIGHT, LOSS_WRONG),
    checks.check_confusion: (CONFUSION_RIGHT, CONFUSION_WRONG),
}
