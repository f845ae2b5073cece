"""Checks of the exercises of Lesson 03."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import Conv2d
from torch.nn.functional import conv2d, cross_entropy, nll_loss

from helpers.checks.report import (
    ask,
    check,
    close,
    explain,
    fail,
    same,
    tensor,
    whole,
    your_or_ours,
)
from helpers.checks.training_loop import check_train_epoch, train_epoch

__all__ = [
    "batch_loss",
    "check_batch_loss",
    "check_confusion",
    "check_convolve",
    "check_train_epoch",
    "confusion",
    "convolve",
    "train_epoch",
    "your_or_ours",
]

Loss = Callable[[Tensor, Tensor], Tensor]
Convolve = Callable[[Tensor, Tensor, int], Tensor]
Confusion = Callable[[Tensor, Tensor, float], tuple[int, int, int, int]]


def convolve(image: Tensor, kernel: Tensor, stride: int) -> Tensor:
    """Sums of `kernel` times patch at all positions of an image [H, W], by PyTorch. Lesson 03."""
    return conv2d(image[None, None], kernel[None, None], stride=stride)[0, 0]


@check("convolve", of=(convolve, conv2d, Conv2d))
def check_convolve(convolve: Convolve) -> None:
    """`convolve(image, kernel, stride)`: an image [H, W] and a kernel [h, w] -> [rows, cols]."""
    generator = torch.Generator().manual_seed(0)
    cases = ((5, 7, 2, 3, 1), (7, 8, 3, 2, 2), (8, 9, 3, 3, 3), (4, 6, 4, 6, 1), (9, 11, 1, 4, 2))
    for height, width, rows, cols, stride in cases:
        # Halves, so that a table of whole numbers is seen.
        image = torch.randint(1, 10, (height, width), generator=generator) + 0.5
        kernel = torch.randint(-3, 4, (rows, cols), generator=generator).float()
        kernel[0, 0] = 2  # never a kernel that is the same turned around
        _check_convolution(convolve, image, kernel, stride)


def _check_convolution(function: Convolve, image: Tensor, kernel: Tensor, stride: int) -> None:
    size = [f"{h}×{w}" for h, w in (image.shape, kernel.shape)]
    case = f"an image of {size[0]}, a kernel of {size[1]}, stride {stride}"
    answer = ask(function, image, kernel, stride)
    try:
        answer = torch.as_tensor(answer).float()
    except (TypeError, ValueError):
        fail(f"{case}: give back a table of numbers, not {type(answer).__name__}")
    right = convolve(image, kernel, stride)
    _explain_shape(answer, image, kernel, stride, case)
    at = [(r, c) for r in range(right.shape[0]) for c in range(right.shape[1])]
    rows, cols = kernel.shape
    patches = torch.stack([image[y : y + rows, x : x + cols] for y, x in _starts(at, stride)])
    near = torch.stack([image[y : y + rows, x : x + cols] for y, x in at])

    def table(numbers: Tensor) -> Tensor:
        return numbers.reshape(right.shape)

    mistakes = {
        "the kernel is turned around: lay it on as it is": convolve(
            image, kernel.flip(0, 1), stride
        ),
        "add up, do not take the mean": right / kernel.numel(),
        "the kernel is not used: multiply the patch with it": table(patches.sum((1, 2))),
        "take the sum of the products, not the largest": table((patches * kernel).amax((1, 2))),
        "the patches must lie `stride` apart: begin at r · stride and c · stride": table(
            (near * kernel).sum((1, 2))
        ),
        "only one product of each patch is there: add up all of them": table(
            (patches * kernel)[:, -1, -1]
        ),
        "all positions are 0: is the sum written into the table?": torch.zeros_like(right),
        "the fractions are lost: make a table of floats": right.trunc(),
        "the sums are rounded: leave them as they are": right.round(),
    }
    r, c = next((place for place in at if not same(answer[place], right[place])), at[0])
    say = f"position ({r}, {c}): expected {right[r, c]:g}, not {answer[r, c]:g}"
    explain(answer, right, mistakes, case, say)


def _starts(at: list[tuple[int, int]], stride: int) -> list[tuple[int, int]]:
    return [(r * stride, c * stride) for r, c in at]


def _explain_shape(answer: Tensor, image: Tensor, kernel: Tensor, stride: int, case: str) -> None:
    """Is the table as large as it should be, and if not, what does its size say?"""
    sizes = {
        "one too few: the position at 0 counts as well, so add 1": lambda n, k: (n - k) // stride,
        "the stride is forgotten: divide by it": lambda n, k: n - k + 1,
        "the kernel must stay inside the image, at the end, too": lambda n, k: -(-n // stride),
        "a part of a step is no step: round down": lambda n, k: -(-(n - k) // stride) + 1,
        "a part of a step is no step: // rounds down, round() does not": lambda n, k: (
            round((n - k) / stride) + 1
        ),
    }
    pairs = list(zip(image.shape, kernel.shape, strict=True))
    right = [(n - k) // stride + 1 for n, k in pairs]
    shape = list(answer.shape)
    mistakes = {message: [size(n, k) for n, k in pairs] for message, size in sizes.items()}
    mistakes["rows come first"] = right[::-1]
    case = f"{case}: the table has shape {shape}, but should have {right}"
    explain(shape, right, mistakes, case, otherwise="one number for each position of the kernel")


def batch_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of logits [N, 2] and labels [N], by PyTorch. Lesson 03."""
    return cross_entropy(logits, labels)


@check("batch_loss", of=(batch_loss,))
def check_batch_loss(batch_loss: Loss) -> None:
    """`batch_loss(logits, labels)`: mean cross-entropy of logits [N, 2], labels [N]."""
    logits = torch.tensor([[3.0, -1.0], [0.5, 2.0], [-2.0, 4.0], [1.0, 0.0]])
    labels = torch.tensor([0, 1, 0, 1])
    right = cross_entropy(logits, labels)
    answer = tensor(ask(batch_loss, logits, labels), "the loss", right)
    explain(answer.detach(), right, _loss_mistakes(logits, labels))
    three = logits[:3], labels[:3]
    fewer = tensor(ask(batch_loss, *three), "the loss", right)
    size = "right for four crops but not for three: is the batch size written into the code?"
    explain(fewer.detach(), cross_entropy(*three), _loss_mistakes(*three), otherwise=size)
    _check_gradient(batch_loss, logits, labels)
    sure, wrong = torch.tensor([[60.0, -60.0], [500.0, -500.0]]), torch.tensor([1, 1])
    # Both at once, too: one row's logits must not spoil another's.
    for rows, expected in (([0], 120.0), ([1], 1000.0), ([0, 1], 560.0)):
        steep = ask(batch_loss, sure[rows], wrong[rows]).detach()
        if not torch.isfinite(steep):
            fail(
                "sure and wrong answers give infinity or NaN: softmax rounds a small probability"
                " to 0, and log(0) is minus infinity; use log_softmax"
            )
        if not close(steep / expected, torch.tensor(1.0)):
            fail(
                f"logits {sure[rows].tolist()} with label 1 cost {expected:.0f}, not {steep:.1f}:"
                " the probability is too small for a number, or cut off; use log_softmax"
            )


def _loss_mistakes(logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
    right, probabilities = cross_entropy(logits, labels), logits.softmax(1)
    return {
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
            right * len(labels)
        ),
        "the sign is wrong: a loss falls as the answers get better": -right,
        "each crop needs the log-probability of its own label: one number for each row": (
            -logits.log_softmax(1)[:, labels].mean()
        ),
        "that is the mean over both classes: only the right class counts": (
            -logits.log_softmax(1).mean()
        ),
        "the labels are turned around: 0 is the first logit, 1 the second": cross_entropy(
            logits, 1 - labels
        ),
        "softmax runs over the batch (dim=0): the classes are dimension 1": nll_loss(
            logits.log_softmax(0), labels
        ),
        "that is log2: log is the natural logarithm, here and in most books": (
            right / torch.tensor(2.0).log()
        ),
        "that is log10: log is the natural logarithm, here and in most books": (
            right / torch.tensor(10.0).log()
        ),
        "that is the log-probability of class 1, “car”, for every crop: each needs that of its own"
        " label": -logits.log_softmax(1)[:, 1].mean(),
        "that is the log-probability of class 0 for every crop: each needs that of its own label": (
            -logits.log_softmax(1)[:, 0].mean()
        ),
        "[labels] picks rows: pick one number of each row, log_p[torch.arange(N), labels]": (
            -logits.log_softmax(1)[labels].mean()
        ),
    }


def _check_gradient(batch_loss: Loss, logits: Tensor, labels: Tensor) -> None:
    """The loss must lead back to the logits, with the gradient of the mean."""
    free = logits.clone().requires_grad_()
    loss = batch_loss(free, labels)
    if loss.requires_grad:
        loss.backward()
    if free.grad is None:
        fail(
            "the loss cannot be trained on: no gradient reaches the logits; .item(), detach() or a"
            " new tensor cuts it off"
        )
    wanted = logits.softmax(1)
    wanted[torch.arange(len(labels)), labels] -= 1
    if not close(free.grad, wanted / len(labels)):
        fail("the value is right, but not its gradient: a part of the way is cut off")


def confusion(probabilities: Tensor, labels: Tensor, threshold: float) -> tuple[int, int, int, int]:
    """(true positives, false negatives, false positives, true negatives). Lesson 03."""
    return tuple(_counts(probabilities >= threshold, labels))


def _counts(called: Tensor, labels: Tensor) -> list[int]:
    return [
        int((called == guess)[labels == truth].sum()) for truth in (1, 0) for guess in (True, False)
    ]


@check("confusion", of=(confusion,))
def check_confusion(confusion: Confusion) -> None:
    """`confusion(probabilities, labels, threshold)` -> four counts, true positives first."""
    probabilities = torch.tensor([0.9, 0.5, 0.6, 0.2, 0.7, 0.25, 0.1, 0.0, 0.3])
    labels = torch.tensor([1, 1, 1, 1, 0, 0, 0, 0, 0])
    for threshold in (0.5, 0.25, 0.65, 0.0, 1.5):
        _check_counts(confusion, probabilities, labels, threshold)
    _check_counts(confusion, probabilities[:4], labels[:4], 0.55)
    _check_counts(confusion, probabilities[4:], labels[4:], 0.55)


def _check_counts(
    function: Confusion, probabilities: Tensor, labels: Tensor, threshold: float
) -> None:
    case = f"{int(labels.sum())} cars and {int((1 - labels).sum())} others, threshold {threshold}"
    answer = ask(function, probabilities, labels, threshold)
    try:
        given = list(answer)
    except TypeError:
        given = []
    if len(given) != 4:
        fail(
            "give back four numbers: true positives, false negatives, false positives, true"
            " negatives"
        )
    if 0 < sum(float(n) for n in given) <= 2.01 < len(labels):
        fail(case + ": these are shares; give back the counts")
    given = [whole(n, "each count") for n in given]
    called = probabilities >= threshold
    right = _counts(called, labels)
    tp, fn, fp, tn = right
    mistakes = {
        "a crop exactly at the threshold is called car: use >=": _counts(
            probabilities > threshold, labels
        ),
        "is 0.5 written into the code? The threshold is an argument": _counts(
            probabilities >= 0.5, labels
        ),
        "upside down: car is what is called at the threshold or above it": _counts(~called, labels),
        "false negatives and false positives are swapped: a false negative is a car that was not"
        " called": [tp, fp, fn, tn],
        "true negatives come last: an other that is not called is true": [tp, fn, tn, fp],
        "the first is a car that is called, the second a car that is not": [fn, tp, fp, tn],
        "the four are the other way round: true positives come first": right[::-1],
        "label 1 is a car, 0 an other": _counts(called, 1 - labels),
    }
    if sum(given) != len(labels) and given not in mistakes.values():
        fail(f"{case}: the four must add up to all {len(labels)} crops, not {sum(given)}")
    explain(given, right, mistakes, case)
