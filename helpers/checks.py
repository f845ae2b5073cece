"""Instant feedback for exercises: each check names the mistake that it thinks was made.

A check calls the learner's function with inputs whose right answers are known, compares with those
and with the answers of well-known mistakes, and raises `CheckFailed` or prints one friendly line.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, nll_loss

from helpers.fcn import linear_as_convolution


class CheckFailed(AssertionError):
    """The answer is not right yet; the message says what to look at."""


def _fail(message: str) -> None:
    raise CheckFailed(message)


def _passed(what: str) -> None:
    print(f"{what}: right!")


def _answer(function: Callable, *arguments: object) -> object:
    """The learner's answer; a forgotten `return` or a changed input is what to say first."""
    before = [a.clone() if isinstance(a, Tensor) else a for a in arguments]
    answer = function(*arguments)
    if answer is None:
        _fail(f"{function.__name__} gives back None: is there a `return`?")
    for old, new in zip(before, arguments, strict=True):
        if isinstance(old, Tensor) and not torch.equal(old, new):
            _fail(f"{function.__name__} changes its input: work on a new tensor instead")
    return answer


def _tensor(answer: object, what: str, like: Tensor) -> Tensor:
    if not isinstance(answer, Tensor):
        _fail(f"{what} must be a torch.Tensor, not {type(answer).__name__}")
    if answer.shape != like.shape:
        _fail(f"{what} has shape {[*answer.shape]}, but should have {[*like.shape]}")
    if torch.isnan(answer).any():
        _fail(f"{what} holds NaN")
    return answer


def _close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a.float(), b.float(), atol=1e-5)


def check_count_windows(count_windows: Callable[[int, int, int], tuple[int, int]]) -> None:
    """`count_windows(height, width, stride)` -> (rows, cols) of 40×100 windows inside an image."""
    for height, width, stride in ((40, 100, 4), (120, 300, 4), (119, 302, 4), (75, 110, 1)):
        answer = _answer(count_windows, height, width, stride)
        right = ((height - 40) // stride + 1, (width - 100) // stride + 1)
        case = f"for {height}×{width} pixels at stride {stride}"
        try:
            rows, cols = answer
        except (TypeError, ValueError):
            _fail(f"count_windows must give back two numbers (rows, cols), not {answer!r}")
        if (rows, cols) == right:
            if not (float(rows).is_integer() and isinstance(rows, int)):
                _fail("count the windows in whole numbers: // divides and rounds down")
            continue
        if (cols, rows) == right:
            _fail(f"rows and columns are swapped {case}: rows come from the height")
        if (rows + 1, cols + 1) == right:
            _fail(f"one row and one column too few {case}: the window at 0 counts as well")
        if (rows, cols) == (height // stride, width // stride):
            _fail(f"too many {case}: the last windows would leave the image")
        if abs(rows - right[0]) < 1 and abs(cols - right[1]) < 1:
            _fail(f"{rows} × {cols} {case}: a part of a window is no window, so round down")
        _fail(f"{case} there are {right[0]} × {right[1]} windows, not {rows} × {cols}")
    _passed("count_windows")


def check_mirror(mirror: Callable[[Tensor], Tensor]) -> None:
    """`mirror(images)`: a batch [N, 1, H, W] flipped left to right."""
    images = torch.arange(2 * 3 * 4.0).reshape(2, 1, 3, 4) / 24
    right = images.flip(3)
    answer = _answer(mirror, images)
    if isinstance(answer, Tensor) and answer.shape == images.shape:
        if _close(answer, images):
            _fail("nothing has moved: are you giving back the input?")
        if _close(answer, images.flip(2)):
            _fail(
                "the cars lie on their roofs: that was top to bottom, and columns are dimension 3"
            )
        if _close(answer, images.flip(0)):
            _fail("the order of the images changed: dimension 0 counts images, columns are 3")
        if _close(answer, images.flip(2, 3)):
            _fail("turned by 180 degrees: flip dimension 3 alone")
    if not _close(_tensor(answer, "the result", right), right):
        _fail("some pixels are not where a mirror puts them: column j belongs at W - 1 - j")
    _passed("mirror")


def check_batch_loss(batch_loss: Callable[[Tensor, Tensor], Tensor]) -> None:
    """`batch_loss(logits, labels)`: mean cross-entropy of logits [N, 2], labels [N]."""
    logits = torch.tensor([[3.0, -1.0], [0.5, 2.0], [-2.0, 4.0], [1.0, 0.0]])
    labels = torch.tensor([0, 1, 0, 1])
    right = cross_entropy(logits, labels)
    answer = _tensor(_answer(batch_loss, logits, labels), "the loss", right)
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
    if not _close(answer, right):
        for message, wrong in mistakes.items():
            if _close(answer, wrong):
                _fail(message)
        _fail(f"expected about {right:.4f} on the example, got {answer:.4f}")
    fewer = _answer(batch_loss, logits[:3], labels[:3])
    if not _close(fewer, cross_entropy(logits[:3], labels[:3])):
        _fail("right for four crops but not for three: is the batch size written into the code?")
    if not _answer(batch_loss, logits.clone().requires_grad_(), labels).requires_grad:
        _fail("the loss cannot be trained: .item(), detach() or a new tensor cuts it off")
    steep = _answer(batch_loss, 1000 * logits, labels)
    if not torch.isfinite(steep):
        _fail(
            "sure answers give infinity or NaN: softmax rounds a small probability to 0, log(0) is"
            " minus infinity; use log_softmax"
        )
    _passed("batch_loss")


def check_linear_to_conv(linear_to_conv: Callable[[nn.Linear, int, int, int], nn.Conv2d]) -> None:
    """`linear_to_conv(linear, channels, height, width)` -> the convolution that does the same."""
    generator = torch.Generator().manual_seed(0)
    channels, height, width, out = 3, 2, 5, 4
    linear = nn.Linear(channels * height * width, out)
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    weight, bias = linear.weight.detach().clone(), linear.bias.detach().clone()
    answer = _answer(linear_to_conv, linear, channels, height, width)
    if not isinstance(answer, nn.Conv2d):
        _fail(f"the result must be an nn.Conv2d, not {type(answer).__name__}")
    if not (torch.equal(weight, linear.weight) and torch.equal(bias, linear.bias)):
        _fail("the Linear layer was changed: leave it as it is")
    right = linear_as_convolution(linear, channels, height, width)
    if answer.weight.shape != right.weight.shape:
        _fail(
            f"the kernel is {[*answer.weight.shape]}, but should be {[*right.weight.shape]}:"
            " (out, channels, height, width)"
        )
    if answer.bias is None:
        _fail("the convolution has no bias, but the Linear layer has one")
    if not _close(answer.weight.detach(), right.weight.detach()):
        orders = {
            "the weights are in another order: Flatten writes channel after channel, so the kernel"
            " is the row read as (channels, height, width)": weight.view(
                out, height, width, channels
            ).permute(0, 3, 1, 2),
            "height and width are swapped inside the kernel": weight.view(
                out, channels, width, height
            ).transpose(2, 3),
        }
        for message, wrong in orders.items():
            if _close(answer.weight.detach(), wrong):
                _fail(message)
        _fail("the weights are not those of the Linear layer: were they copied?")
    if not _close(answer.bias.detach(), bias):
        _fail("the bias was not copied: it still has the random start values of a new layer")
    shared = {linear.weight.data_ptr(), linear.bias.data_ptr()}
    if shared & {answer.weight.data_ptr(), answer.bias.data_ptr()}:
        _fail("both layers share their weights or bias: training one changes the other; copy them")
    maps = torch.randn(2, channels, height + 1, width + 2, generator=generator)
    with torch.no_grad():
        if answer(maps).shape != (2, out, 2, 3):
            _fail("on a larger map the result has the wrong size: no padding, stride 1")
        if not _close(answer(maps), right(maps)):
            _fail("on a larger map the answers differ: is groups or dilation set?")
    without_bias = nn.Linear(channels * height * width, out, bias=False)
    if _answer(linear_to_conv, without_bias, channels, height, width).bias is not None:
        _fail("a Linear layer without a bias must become a convolution without one")
    _passed("linear_to_conv")


def check_cell_to_box(cell_to_box: Callable[[int, int, int], tuple]) -> None:
    """`cell_to_box(row, col, stride)` -> (x1, y1, x2, y2) of the 40×100 window under a cell."""
    for row, col, stride in ((3, 7, 4), (0, 0, 4), (10, 2, 4), (5, 9, 1)):
        answer = _answer(cell_to_box, row, col, stride)
        x, y = stride * col, stride * row
        right = (x, y, x + 100, y + 40)
        try:
            box = tuple(float(value) for value in answer)
        except TypeError:
            _fail(f"cell_to_box must give back four numbers, not {answer!r}")
        if len(box) != 4:
            _fail(f"cell_to_box must give back four numbers, not {len(box)}")
        if box == right:
            continue
        case = f"cell ({row}, {col}) at stride {stride}"
        mistakes = {
            "x and y are swapped: x counts columns, y counts rows": (y, x, y + 100, x + 40),
            "your box begins with the row: it is (y1, x1, y2, x2), boxes are (x1, y1, x2, y2)": (
                y,
                x,
                y + 40,
                x + 100,
            ),
            "these are (x, y, width, height): a box ends with its other corner": (x, y, 100, 40),
            "the cell gives the window's top-left corner, not its centre": (
                x - 50,
                y - 20,
                x + 50,
                y + 20,
            ),
            "the window is 100 wide and 40 high, not 40 wide and 100 high": (x, y, x + 40, y + 100),
            "the cell is not multiplied with the stride": (col, row, col + 100, row + 40),
            "x2 and y2 lie just outside the box: do not take 1 off": (x, y, x + 99, y + 39),
            "one stride too far: cell 0 begins at pixel 0": (
                x + stride,
                y + stride,
                x + stride + 100,
                y + stride + 40,
            ),
            "only the corner is multiplied with the stride, the window's size is in pixels": (
                x,
                y,
                x + 100 * stride,
                y + 40 * stride,
            ),
        }
        for message, wrong in mistakes.items():
            if box == wrong:
                _fail(f"{case}: {message}")
        _fail(f"{case}: the window is {right}, not {box}")
    _passed("cell_to_box")
