"""Right and wrong answers to the exercises of Lesson 03."""

import torch
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


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {checks.check_batch_loss: (LOSS_RIGHT, LOSS_WRONG)}
