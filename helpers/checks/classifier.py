"""Checks of the exercises of Lesson 03."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, nll_loss

from helpers.checks.report import ask, close, fail, passed, tensor


def check_batch_loss(batch_loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    """`batch_loss(logits, labels)`: mean cross-entropy of logits [N, 2], labels [N]."""
    logits = torch.tensor([[3.0, -1.0], [0.5, 2.0], [-2.0, 4.0], [1.0, 0.0]])
    labels = torch.tensor([0, 1, 0, 1])
    right = cross_entropy(logits, labels)
    answer = tensor(ask(batch_loss, logits, labels), "the loss", right)
    probabilities = logits.softmax(1)
    mistakes = {
        "softmax is applied twice: cross_entropy takes logits": cross_entropy(
            probabilities, labels
        ),
        "nll_loss wants log-probabilities, these are probabilities": nll_loss(
            probabilities, labels
        ),
        "that is nll_loss on raw logits: nothing turns them into log-probabilities": nll_loss(
            logits, labels
        ),
        "that is the sum over the batch: take the mean, so that batch size does not matter": (
            right * 4
        ),
        "the sign is wrong: a loss falls as the answers get better": -right,
        "each crop needs the log-probability of its own label: one number for each row": (
            -logits.log_softmax(1)[:, labels].mean()
        ),
        "softmax runs over the batch (dim 0): the classes are dimension 1": nll_loss(
            logits.log_softmax(0), labels
        ),
    }
    if not close(answer, right):
        for message, wrong in mistakes.items():
            if close(answer, wrong):
                fail(message)
        fail(f"expected about {right:.4f} on the example, got {answer:.4f}")
    fewer = ask(batch_loss, logits[:3], labels[:3])
    if not close(fewer, cross_entropy(logits[:3], labels[:3])):
        fail("right for four crops but not for three: is the batch size written into the code?")
    if not ask(batch_loss, logits.clone().requires_grad_(), labels).requires_grad:
        fail("the loss cannot be trained: .item(), detach() or a new tensor cuts it off")
    steep = ask(batch_loss, 1000 * logits, labels)
    if not torch.isfinite(steep):
        fail(
            "sure answers give infinity or NaN: softmax rounds a small probability to 0, log(0) is"
            " minus infinity; use log_softmax"
        )
    passed("batch_loss")
