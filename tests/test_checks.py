"""Each check of an exercise: wrong answers fail with the right words, other right answers pass."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, nll_loss

from helpers import checks


def count_right(h, w, s):
    return (h - 40) // s + 1, (w - 100) // s + 1


def count_by_listing(h, w, s):
    return len(range(0, h - 40 + 1, s)), len(range(0, w - 100 + 1, s))


def count_as_list(h, w, s):
    return [(h - 40 + s) // s, (w - 100 + s) // s]


def count_in_a_loop(h, w, s):
    counts = []
    for length, window in ((h, 40), (w, 100)):
        n = 0
        while n * s + window <= length:
            n += 1
        counts.append(n)
    return tuple(counts)


COUNT_WRONG = [
    (lambda h, w, s: None, "return"),
    (lambda h, w, s: ((h - 40) // s, (w - 100) // s), "window at 0 counts"),
    (lambda h, w, s: count_right(h, w, s)[::-1], "swapped"),
    (lambda h, w, s: (h // s, w // s), "leave the image"),
    (lambda h, w, s: ((h - 40) / s + 1, (w - 100) / s + 1), "whole numbers|round down"),
    (lambda h, w, s: (-(-(h - 40) // s) + 1, -(-(w - 100) // s) + 1), "119×302"),
    (lambda h, w, s: 7, "two numbers"),
    (lambda h, w, s: (1, 1), "windows, not 1 × 1"),
    (lambda h, w, s: ((h - 40) // 4 + 1, (w - 100) // 4 + 1), "stride 1"),
]

MIRROR_RIGHT = [
    lambda x: x.flip(3),
    lambda x: x.flip(-1),
    lambda x: x[..., torch.arange(x.shape[-1] - 1, -1, -1)],
    lambda x: torch.stack([image.flip(2) for image in x]),
]


def mirror_in_place(x):
    x.copy_(x.flip(3))
    return x


MIRROR_WRONG = [
    (lambda x: None, "return"),
    (lambda x: x, "nothing has moved"),
    (lambda x: x.flip(2), "roofs"),
    (lambda x: x.flip(0), "order of the images"),
    (lambda x: x.flip(2, 3), "180"),
    (lambda x: x.transpose(2, 3), "shape"),
    (lambda x: x.roll(1, 3), "W - 1 - j"),
    (lambda x: x.numpy(), "torch.Tensor"),
    (mirror_in_place, "changes its input"),
]

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

BOX_RIGHT = [
    lambda r, c, s: (s * c, s * r, s * c + 100, s * r + 40),
    lambda r, c, s: [c * s, r * s, c * s + 100, r * s + 40],
    lambda r, c, s: torch.tensor([c, r, c, r]) * s + torch.tensor([0, 0, 100, 40]),
]

BOX_WRONG = [
    (lambda r, c, s: None, "return"),
    (lambda r, c, s: 5, "four numbers"),
    (lambda r, c, s: (1, 2, 3), "four numbers, not 3"),
    (lambda r, c, s: (s * r, s * c, s * r + 100, s * c + 40), "x and y are swapped"),
    (lambda r, c, s: (s * r, s * c, s * r + 40, s * c + 100), "begins with the row"),
    (lambda r, c, s: (s * c - 50, s * r - 20, s * c + 50, s * r + 20), "not its centre"),
    (lambda r, c, s: (s * c, s * r, 100, 40), "width, height"),
    (lambda r, c, s: (s * c, s * r, s * c + 40, s * r + 100), "100 wide and 40 high"),
    (lambda r, c, s: (c, r, c + 100, r + 40), "not multiplied"),
    (lambda r, c, s: (s * c, s * r, s * c + 99, s * r + 39), "take 1 off"),
    (
        lambda r, c, s: (s * (c + 1), s * (r + 1), s * (c + 1) + 100, s * (r + 1) + 40),
        "one stride too far",
    ),
    (lambda r, c, s: (s * c, s * r, s * (c + 100), s * (r + 40)), "window's size is in pixels"),
    (lambda r, c, s: (0, 0, 100, 40), "the window is"),
]

EXERCISES = {
    checks.check_count_windows: (
        [count_right, count_by_listing, count_as_list, count_in_a_loop],
        COUNT_WRONG,
    ),
    checks.check_mirror: (MIRROR_RIGHT, MIRROR_WRONG),
    checks.check_batch_loss: (LOSS_RIGHT, LOSS_WRONG),
    checks.check_linear_to_conv: (
        [convert, convert_with_state_dict, convert_with_data],
        CONVERT_WRONG,
    ),
    checks.check_cell_to_box: (BOX_RIGHT, BOX_WRONG),
}


def test_every_check_is_tested_here():
    public = {value for name, value in vars(checks).items() if name.startswith("check_")}
    assert public == set(EXERCISES)
    for right, wrong in EXERCISES.values():
        assert len(right) >= 2
        assert len(wrong) >= 3


@pytest.mark.parametrize(
    ("check", "answer"), [(c, a) for c, (right, _) in EXERCISES.items() for a in right]
)
def test_right_answers_pass_whatever_their_style(check, answer, capsys):
    check(answer)
    assert capsys.readouterr().out.endswith("right!\n")


@pytest.mark.parametrize(
    ("check", "answer", "message"),
    [(c, a, m) for c, (_, wrong) in EXERCISES.items() for a, m in wrong],
)
def test_wrong_answers_fail_with_the_likely_mistake(check, answer, message):
    with pytest.raises(checks.CheckFailed, match=message):
        check(answer)


def test_an_unsolved_exercise_says_so():
    def unsolved(*arguments):
        raise NotImplementedError

    for check in EXERCISES:
        with pytest.raises(NotImplementedError):
            check(unsolved)
