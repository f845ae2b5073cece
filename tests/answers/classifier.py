"""Right and wrong answers to the exercises of Lesson 03."""

import functools

import numpy as np
import torch
from skimage.util import view_as_windows
from torch import nn
from torch.nn.functional import cross_entropy, nll_loss, unfold

from helpers.checks import classifier as checks


def slide(
    image,
    kernel,
    stride,
    *,
    size=lambda n, k, s: (n - k) // s + 1,
    at=lambda r, s: r * s,
    combine=lambda patch, kernel: (patch * kernel).sum(),
):
    """Two loops, perhaps with a mistake in the size, the patch's place or what is done with it."""
    (height, width), (k, m) = image.shape, kernel.shape
    answer = torch.zeros(size(height, k, stride), size(width, m, stride))
    padded = nn.functional.pad(image, (0, 20, 0, 20))
    for r in range(answer.shape[0]):
        for c in range(answer.shape[1]):
            y, x = at(r, stride), at(c, stride)
            answer[r, c] = combine(padded[y : y + k, x : x + m], kernel)
    return answer


def slide_in_lists(image, kernel, stride):
    rows, cols = kernel.shape
    return [
        [
            float((image[y : y + rows, x : x + cols] * kernel).sum())
            for x in range(0, image.shape[1] - cols + 1, stride)
        ]
        for y in range(0, image.shape[0] - rows + 1, stride)
    ]


def slide_with_numpy(image, kernel, stride):
    windows = view_as_windows(image.numpy(), kernel.shape, stride)
    return np.einsum("rckm,km->rc", windows, kernel.numpy())


def slide_unfolded(image, kernel, stride):
    columns = unfold(image[None, None], kernel.shape, stride=stride)
    rows = (image.shape[0] - kernel.shape[0]) // stride + 1
    return (kernel.flatten() @ columns[0]).view(rows, -1)


def spoil_image(image, kernel, stride):
    answer = slide(image, kernel, stride)
    image[:] = 0
    return answer


def slide_with_a_layer(image, kernel, stride):
    layer = nn.Conv2d(1, 1, kernel.shape, stride=stride, bias=False)
    layer.weight.data = kernel[None, None]
    return layer(image[None, None])[0, 0].detach()


def slide_by_unfold(image, kernel, stride):
    rows, cols = kernel.shape
    return (image.unfold(0, rows, stride).unfold(1, cols, stride) * kernel).sum((2, 3))


def sliding(**how):
    return functools.partial(slide, **how)


CONVOLVE_RIGHT = [slide, slide_in_lists, slide_with_numpy, slide_unfolded, slide_by_unfold]
CONVOLVE_WRONG = [
    (lambda *a: None, "return"),
    (checks.convolve, "the course's own"),
    (
        lambda i, k, s: nn.functional.conv2d(i[None, None], k[None, None], stride=s)[0, 0],
        "`conv2d`, PyTorch's own",
    ),
    (slide_with_a_layer, "`Conv2d`, PyTorch's own"),
    (lambda i, k, s: slide(i, k, s).long(), "fractions are lost"),
    (lambda i, k, s: slide(i, k, s).round(), "sums are rounded"),
    (lambda i, k, s: slide(i, k, s).abs(), r"position \(0, 3\): expected -0.5, not 0.5"),
    (sliding(combine=lambda p, k: (p * k.flip(0, 1)).sum()), "turned around"),
    (sliding(combine=lambda p, k: (p * k).mean()), "not take the mean"),
    (sliding(combine=lambda p, k: p.sum()), "kernel is not used"),
    (sliding(combine=lambda p, k: (p * k).max()), "not the largest"),
    (sliding(combine=lambda p, k: (p * k)[-1, -1]), "add up all of them"),
    (sliding(combine=lambda p, k: 0), "written into the table"),
    (sliding(combine=lambda p, k: (p * k).sum() + 1), r"position \(0, 0\): expected"),
    (sliding(at=lambda r, s: r), "apart"),
    (sliding(size=lambda n, k, s: (n - k) // s), "at 0 counts"),
    (sliding(size=lambda n, k, s: n - k + 1), "stride is forgotten"),
    (sliding(size=lambda n, k, s: round((n - k) / s) + 1), "round"),
    (sliding(size=lambda n, k, s: -(-(n - k) // s) + 1), "round down"),
    (sliding(size=lambda n, k, s: -(-n // s)), "stay inside"),
    (lambda i, k, s: slide(i, k, s).T, "rows come first"),
    (lambda i, k, s: slide(i, k, s).flatten(), "shape"),
    (lambda i, k, s: "a table", "table of numbers"),
    (spoil_image, "changes its input"),
]

LOSS_RIGHT = [
    cross_entropy,
    lambda z, y: nll_loss(z.log_softmax(1), y),
    lambda z, y: -z.log_softmax(1)[torch.arange(len(y)), y].mean(),
    lambda z, y: (z.logsumexp(1) - z.gather(1, y[:, None])[:, 0]).mean(),
    lambda z, y: nn.CrossEntropyLoss()(z, y),
    lambda z, y: nn.functional.softplus((z[:, 0] - z[:, 1]) * (2 * y - 1)).mean(),
]


def log_of_softmax(z, y, extra=0.0):
    return -torch.log(z.softmax(1)[torch.arange(len(y)), y] + extra).mean()


def less_the_largest_of_all(z, y):
    """Stable for one crop, but not where another one's logits are far larger."""
    z = z - z.max()
    return (z.exp().sum(1).log() - z[torch.arange(len(y)), y]).mean()


LOSS_WRONG = [
    (lambda z, y: None, "return"),
    (checks.batch_loss, "the course's own"),
    (lambda z, y: cross_entropy(z.softmax(1), y), "twice"),
    (lambda z, y: nll_loss(z.softmax(1), y), "log-probabilities, these are probabilities"),
    (lambda z, y: nll_loss(z, y), "raw logits"),
    (lambda z, y: cross_entropy(z, y, reduction="sum"), "mean"),
    (lambda z, y: cross_entropy(z, y, reduction="none"), "shape"),
    (lambda z, y: cross_entropy(z, y)[None], "shape"),
    (lambda z, y: -cross_entropy(z, y), "sign"),
    (lambda z, y: nll_loss(z.log_softmax(0), y), r"\(dim=0\)"),
    (lambda z, y: -z.log_softmax(1)[:, 1].mean(), "class 1, “car”, for every crop"),
    (lambda z, y: -z.log_softmax(1)[:, 0].mean(), "class 0 for every crop"),
    (lambda z, y: -z.log_softmax(1)[y].mean(), "picks rows"),
    (lambda z, y: -z.log_softmax(1)[:, y].mean(), "^batch_loss: each crop needs[^;]*$"),
    (lambda z, y: cross_entropy(z, y) / 2.302585, "log10"),
    (lambda z, y: cross_entropy(z, 1 - y), "turned around"),
    (lambda z, y: cross_entropy(z, y) / torch.tensor(2.0).log(), "natural logarithm"),
    (lambda z, y: -z.log_softmax(1).mean(), "only the right class counts"),
    (lambda z, y: cross_entropy(z, y).item(), "torch.Tensor"),
    (lambda z, y: torch.zeros(()), "expected"),
    (lambda z, y: torch.tensor(cross_entropy(z, y).item()), "cannot be trained"),
    (
        lambda z, y: torch.tensor(cross_entropy(z, y).item(), requires_grad=True),
        "no gradient reaches",
    ),
    (lambda z, y: cross_entropy(z, y).detach() + 0 * z.sum(), "not its gradient"),
    (lambda z, y: cross_entropy(z, y, reduction="sum") / 4, "batch size"),
    (log_of_softmax, "log_softmax"),
    (less_the_largest_of_all, "infinity or NaN"),
    (lambda z, y: log_of_softmax(z, y, 1e-8), "log_softmax"),
    (lambda z, y: log_of_softmax(z.double(), y).float(), "log_softmax"),
    (lambda z, y: -z.log_softmax(1)[:, y].mean(), "own label"),
]


def confusion_in_a_loop(probabilities, labels, threshold):
    counts = [0, 0, 0, 0]
    for p, y in zip(probabilities.tolist(), labels.tolist(), strict=True):
        counts[2 * (1 - y) + (p < threshold)] += 1
    return counts


def confusion(called=lambda p, t: p >= t, order=(0, 1, 2, 3), car=1):
    """TP, FN, FP, TN; with a mistake if asked for."""

    def answer(probabilities, labels, threshold):
        yes, cars = called(probabilities, threshold), labels == car
        counts = [(yes & cars).sum(), (~yes & cars).sum()]
        counts += [(yes & ~cars).sum(), (~yes & ~cars).sum()]
        return tuple(counts[k].item() for k in order)

    return answer


CONFUSION_RIGHT = [
    confusion(),
    confusion_in_a_loop,
    lambda p, y, t: torch.tensor(confusion()(p, y, t)),
    lambda p, y, t: np.array(confusion()(p, y, t)),
    lambda p, y, t: tuple(((p >= t) == g)[y == c].sum() for c in (1, 0) for g in (True, False)),
]

CONFUSION_WRONG = [
    (lambda p, y, t: None, "return"),
    (checks.confusion, "the course's own"),
    (confusion(called=lambda p, t: p > t), "exactly at the threshold"),
    (confusion(called=lambda p, t: p >= 0.5), "0.5 written into"),
    (confusion(called=lambda p, t: p < t), "upside down"),
    (confusion(called=lambda p, t: p.round() >= t), "expected|0.5"),
    (confusion(order=(0, 2, 1, 3)), "false negatives and false positives are swapped"),
    (confusion(order=(3, 2, 1, 0)), "other way round"),
    (confusion(order=(0, 1, 3, 2)), "true negatives come last"),
    (confusion(order=(1, 0, 2, 3)), "the first is a car that is called"),
    (confusion(car=0), "label 1 is a car"),
    (confusion(order=(0, 1, 2)), "four numbers"),
    (lambda p, y, t: 12, "four numbers"),
    (lambda p, y, t: tuple(n / len(y) for n in confusion()(p, y, t)), "shares"),
    (lambda p, y, t: (3, 1, 2, 4), "add up to"),
    (lambda p, y, t: (2, 2, 2, 3), "threshold 0.5"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_convolve: (CONVOLVE_RIGHT, CONVOLVE_WRONG),
    checks.check_batch_loss: (LOSS_RIGHT, LOSS_WRONG),
    checks.check_confusion: (CONFUSION_RIGHT, CONFUSION_WRONG),
}
