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


def _whole_number(answer: object, what: str) -> int:
    """The answer as an int, if it is one (a tensor with one whole number is fine)."""
    if isinstance(answer, Tensor) and answer.numel() == 1:
        answer = answer.item()
    if not isinstance(answer, int | float):
        fail(f"{what} must be one whole number, not {type(answer).__name__}")
    if isinstance(answer, float):
        fail(f"{what} must be a whole number (an int), not {answer}: // divides and rounds down")
    return answer


def check_output_size(output_size: Callable[[int, int, int, int], int]) -> None:
    """`output_size(length, kernel, stride, padding)`: the length of what comes out of a layer."""
    cases = (
        (40, 5, 1, 0),
        (36, 2, 2, 0),
        (15, 2, 2, 0),
        (10, 5, 1, 2),
        (11, 3, 2, 1),
        (9, 4, 3, 1),
    )
    for n, k, s, p in cases:
        right = (n + 2 * p - k) // s + 1
        answer = _whole_number(ask(output_size, n, k, s, p), "the size")
        if answer == right:
            continue
        case = f"a length of {n}, a kernel of {k}, stride {s}, padding {p}: "
        if answer == right - 1 and not p:
            fail(case + "one too few: the place at 0 counts as well, so add 1")
        if p and answer == (n + p - k) // s + 1:
            fail(case + "padding is added on both sides, so twice")
        if p and answer == (n - k) // s + 1:
            fail(case + "the padding makes the input longer; where does it come in?")
        if s > 1 and answer == n + 2 * p - k + 1:
            fail(case + "that is for stride 1: the kernel moves by the stride, so divide by it")
        if answer == right + 1 and (n + 2 * p - k) % s:
            fail(case + "a part of a step is no step, so round down")
        fail(case + f"{right} places, not {answer}")
    passed("output_size")


def check_count_parameters(count_parameters: Callable[[int, int, int, int], int]) -> None:
    """`count_parameters(channels_in, channels_out, height, width)` of a convolution with bias."""
    for i, o, h, w in ((3, 4, 5, 7), (1, 32, 5, 5), (32, 64, 5, 5), (9856, 512, 1, 1)):
        right = o * (i * h * w + 1)
        answer = _whole_number(ask(count_parameters, i, o, h, w), "the count")
        if answer == right:
            continue
        case = f"{i} channels in, {o} out, filters of {h}×{w}: "
        mistakes = {
            "the bias is missing: one more number for each filter": i * o * h * w,
            "there is one bias for each filter, so one for each channel that goes out": (
                i * o * h * w + 1
            ),
            "a filter has weights for every channel that comes in": o * (h * w + 1),
            "that is one filter; there are as many as channels that go out, and each of the filters"
            " counts": i * h * w + 1,
            "one bias for each filter, not for each pair of channels": i * o * (h * w + 1),
            "one bias for each filter, not for each channel that comes in": i * (o * h * w + 1),
        }
        for message, wrong in mistakes.items():
            if answer == wrong:
                fail(case + message)
        fail(case + f"{right:,} parameters, not {answer:,}")
    passed("count_parameters")


Confusion = Callable[[Tensor, Tensor, float], tuple[int, int, int, int]]


def check_confusion(confusion: Confusion) -> None:
    """`confusion(probabilities, labels, threshold)` -> (hits, misses, false alarms, left alone)."""
    probabilities = torch.tensor([0.9, 0.5, 0.6, 0.2, 0.7, 0.25, 0.1, 0.0, 0.3])
    labels = torch.tensor([1, 1, 1, 1, 0, 0, 0, 0, 0])
    for threshold in (0.5, 0.25, 0.65):
        answer = ask(confusion, probabilities, labels, threshold)
        right = _confusion(probabilities >= threshold, labels)
        try:
            given = [n.item() if isinstance(n, Tensor) else n for n in answer]
        except TypeError:
            given = []
        if len(given) != 4:
            fail("confusion must give back four numbers: hits, misses, false alarms, left alone")
        if given == right:
            continue
        case = f"at threshold {threshold}: "
        if given == _confusion(probabilities > threshold, labels):
            fail(case + "a crop exactly at the threshold is called car: use >=")
        if given == _confusion(probabilities >= 0.5, labels):
            fail(case + "is 0.5 written into the code? The threshold is an argument")
        if given == _confusion(probabilities < threshold, labels):
            fail(case + "upside down: car is what is called at the threshold or above it")
        if given == [right[k] for k in (0, 2, 1, 3)]:
            fail(case + "misses and false alarms are swapped: a miss is a car that was not called")
        if given == right[::-1]:
            fail(case + "the four are the other way round: hits come first")
        if sum(given) <= 1.01:
            fail(case + "these are shares; give back the counts")
        if sum(given) != len(labels):
            fail(case + f"the four must add up to all {len(labels)} crops, not {sum(given)}")
        fail(case + f"the four numbers are {right}, not {given}")
    passed("confusion")


def _confusion(called: Tensor, labels: Tensor) -> list[int]:
    return [
        int((called == guess)[labels == truth].sum()) for truth in (1, 0) for guess in (True, False)
    ]
