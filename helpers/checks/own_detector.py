"""Checks of the exercises of Lesson 10: the confusion matrix, and a number read off a page."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.classwise import check_suppress_each, suppress_each
from helpers.checks.mean_precision import check_mean_ap, mean_ap
from helpers.checks.report import ask, ask_edge, check, explain, fail, shown, your_or_ours
from helpers.classwise import confusion_matrix

__all__ = [
    "check_confusion",
    "check_mean_ap",
    "check_read_number",
    "check_suppress_each",
    "confusion",
    "mean_ap",
    "read_number",
    "suppress_each",
    "your_or_ours",
]


def confusion(labels: Tensor, predicted: Tensor, classes: int) -> Tensor:
    """The course's own: how often each true class (row) was given each answer (column)."""
    pairs = classes * labels + predicted
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes)


def read_number(boxes: Tensor, labels: Tensor) -> str:
    """The course's own: digits as text from left to right, with a space in each wide gap."""
    return _written(*_from_left(boxes, labels))


@check("confusion", of=(confusion_matrix, confusion))
def check_confusion(answers: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    """`confusion(labels, predicted, classes)`: int64 [classes, classes], rows are true classes."""
    generator = torch.Generator().manual_seed(10)

    def some(count: int, classes: int) -> tuple[Tensor, Tensor]:
        labels, wrong = torch.randint(classes, (2, count), generator=generator)
        right = torch.rand(count, generator=generator) < 0.6
        return labels, torch.where(right, labels, wrong)

    labels, predicted = torch.tensor([0, 0, 1, 2, 2, 2]), torch.tensor([0, 1, 1, 1, 2, 1])
    cases = {
        "six crops of three classes": (labels, predicted, 3),
        "forty crops of four classes": (*some(40, 4), 4),
        "two classes": (*some(25, 2), 2),
        "eleven classes": (*some(300, 11), 11),
        "five classes, of which two do not occur": (*some(30, 3), 5),
        "a class that is only ever an answer": (
            torch.tensor([0, 1, 1]),
            torch.tensor([3, 1, 3]),
            4,
        ),
    }
    for case, (truth, called, classes) in cases.items():
        answer = _counts(ask(answers, truth, called, classes), case, classes)
        right = confusion(truth, called, classes)
        expected = "row = the true class, column = the answer; add 1 for each crop"
        explain(answer, right, _confusion_mistakes(truth, called, classes), case, expected)
    none = torch.zeros(0, dtype=torch.int64)
    case = "for no crops at all"
    answer = _counts(ask_edge(case, answers, none, none, 3), case, 3)
    explain(answer, torch.zeros(3, 3, dtype=torch.int64), {}, case, "all counts should be 0")


def _counts(answer: object, case: str, classes: int) -> Tensor:
    """The answer, if it is a tensor of whole numbers [classes, classes]."""
    if not isinstance(answer, Tensor):
        fail(f"{case}: the matrix must be a torch.Tensor, not {type(answer).__name__}")
    if answer.shape != (classes, classes):
        fail(
            f"{case}: the matrix has shape {[*answer.shape]}, but should have"
            f" {[classes, classes]}: a class that does not occur has its row and column, too"
        )
    # Shares are told from counts below, in words of their own.
    if answer.is_floating_point() and torch.equal(answer, answer.round()) and answer.any():
        fail(f"{case}: counts are whole numbers: the matrix must be int64, not {answer.dtype}")
    if answer.dtype not in (torch.int64, torch.float32, torch.float64):
        fail(f"{case}: the matrix must be int64, not {answer.dtype}")
    return answer


def _confusion_mistakes(labels: Tensor, predicted: Tensor, classes: int) -> dict[str, Tensor]:
    """What well-known mistakes would answer."""
    right = confusion(labels, predicted, classes)
    shares = right.float() / right.sum(1, keepdim=True).clamp(min=1)
    by_column = right.float() / right.sum(0, keepdim=True).clamp(min=1)
    inexact = torch.diag(right.sum(1) - right.diagonal())
    once = (right > 0).long()
    return {
        "rows and columns are swapped: the row is the true class, the column the answer": right.T,
        "each pair is counted once only: `matrix[labels, predicted] += 1` does not add up pairs"
        " that come again; go through them one by one, or use torch.bincount": once,
        "only the right answers are counted: every crop counts, off the diagonal too": torch.diag(
            right.diagonal()
        ),
        "only the wrong answers are counted: the right ones stand on the diagonal": right
        - torch.diag(right.diagonal()),
        "these are shares of each row: give back the counts": shares,
        "these are shares of each column: give back the counts": by_column,
        "these are shares of all crops: give back the counts": right / max(1, len(labels)),
        "the answers are not looked at: each crop counts in the column of its answer": torch.diag(
            right.sum(1)
        ),
        "the true classes are not looked at: each crop counts in the row of its class": torch.diag(
            right.sum(0)
        ),
        "each crop is counted twice, in both of its cells: its cell is (true class, answer)": right
        + right.T,
        "this says right or wrong for each class: the answer decides the column": torch.diag(
            right.diagonal()
        )
        + inexact,
        "the classes are counted from the last to the first": right.flip(0, 1),
        "every count is one too many: begin with zeros": right + 1,
        "the last crop is missing": confusion(labels[:-1], predicted[:-1], classes),
        "the first crop is missing": confusion(labels[1:], predicted[1:], classes),
    }


@check("read_number", of=(read_number,))
def check_read_number(answers: Callable[[Tensor, Tensor], str]) -> None:
    """`read_number(boxes, labels)`: text; digit d has label d + 1; wide gaps become spaces."""
    # Corner x, side and digit of each box, in any order, as a detector gives them.
    cases = {
        "three digits side by side": [(30, 20, 7), (5, 20, 0), (55, 20, 4)],
        "two groups": [(90, 20, 3), (10, 20, 1), (32, 20, 2), (112, 20, 9)],
        "the same digit again and again": [(60, 16, 5), (20, 16, 5), (40, 16, 5), (120, 16, 5)],
        "digits of different sizes": [(100, 32, 8), (10, 16, 6), (30, 30, 0), (64, 18, 1)],
        "a gap that is wider than the digit before it, not than the one after it": [
            (10, 16, 1),
            (46, 30, 2),
        ],
        "a gap that is wider than the digit after it, not than the one before it": [
            (10, 30, 1),
            (62, 16, 2),
        ],
        "a gap of just the width of the digit before it, which is not more": [
            (10, 20, 4),
            (50, 20, 2),
        ],
        "a gap of 25 pixels between digits of 20": [(10, 20, 4), (55, 20, 2)],
        "boxes that overlap a little": [(50, 24, 9), (10, 24, 8), (30, 24, 0)],
        "a small digit that lies half in the box of a large one": [
            (95, 20, 3),
            (10, 60, 1),
            (35, 20, 2),
        ],
        "ten digits": [(22 * k, 20, (3 * k + 1) % 10) for k in (4, 0, 9, 2, 7, 1, 3, 8, 5, 6)],
        "one digit": [(40, 20, 0)],
        "a very wide gap, which is one space": [(300, 20, 2), (10, 20, 1)],
        "a number that begins at the left border": [(-6, 20, 0), (16, 20, 6)],
    }
    for k, (case, digits) in enumerate(cases.items()):
        boxes = torch.tensor([[x, 30.0 - y, x + side, 30.0 - y + side] for y, (x, side, _) in
                              zip(_slope(len(digits), k), digits, strict=True)])  # fmt: skip
        labels = torch.tensor([digit + 1 for _, _, digit in digits])
        answer = _text(ask(answers, boxes, labels), case)
        if answer != answer.strip():
            fail(f"{case}: a space belongs between digits, not before or after all: {answer!r}")
        explain(answer, read_number(boxes, labels), _read_mistakes(boxes, labels), case)
    none = (torch.zeros(0, 4), torch.zeros(0, dtype=torch.int64))
    case = "on an empty page"
    explain(_text(ask_edge(case, answers, *none), case), "", {}, case)


def _slope(count: int, k: int) -> list[float]:
    """How far up each box stands: a line of writing is not quite level."""
    generator = torch.Generator().manual_seed(k)
    return (6 * torch.rand(count, generator=generator)).tolist()


def _text(answer: object, case: str) -> str:
    if not isinstance(answer, str):
        zero = "; a number as 0123 begins with a 0" if isinstance(answer, int) else ""
        fail(f"{case}: the result must be text, '123', not {shown(answer)}{zero}")
    if "tensor(" in answer:
        fail(
            f"{case}: {shown(answer)}: a tensor becomes a number by int(...), then text by str(...)"
        )
    return answer


def _from_left(boxes: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    order = boxes[:, 0].argsort()
    return boxes[order], labels[order]


def _written(
    boxes: Tensor,
    labels: Tensor,
    *,
    wide: Callable[[float, float, float], bool] = lambda gap, before, after: gap > before,
    space: str = " ",
) -> str:
    """The labels as digits, in the order given, with a space in each gap that is `wide`."""
    text = ""
    corners = boxes.tolist()
    for k, label in enumerate(labels.tolist()):
        if k:
            (x1, _, end, _), (begin, _, x2, _) = corners[k - 1], corners[k]
            text += space * wide(begin - end, end - x1, x2 - begin)
        text += str(label - 1)
    return text


def _read_mistakes(boxes: Tensor, labels: Tensor) -> dict[str, str]:
    """What well-known mistakes would answer."""
    line = _from_left(boxes, labels)
    right = _written(*line)
    by_height = boxes[:, 1].argsort()
    return {
        "that is right to left: sort by x1, the smallest first": _written(
            *(part.flip(0) for part in line), wide=lambda *_: False
        ),
        "that is the whole text backwards: sort by x1, the smallest first": right[::-1],
        "the digits come in the order of the boxes, which is that of their scores: sort by x1": (
            _written(boxes, labels)
        ),
        "the digits come in the order of the boxes, and there are no spaces": _written(
            boxes, labels, wide=lambda *_: False
        ),
        "sorted from top to bottom: sort by x1, the left edge": _written(
            boxes[by_height], labels[by_height]
        ),
        "sorted by size, not by place": "".join(
            str(digit) for digit in sorted((labels - 1).tolist())
        ),
        "sorted by x2, the right edge: sort by x1": _written(
            *(part[boxes[:, 2].argsort()] for part in (boxes, labels))
        ),
        "each column is sorted by itself, so the edges of different boxes meet: sort x1 with"
        " argsort(), and index boxes and labels with that": _written(boxes.sort(0).values, line[1]),
        "label 0 is the background: digit d has label d + 1": _written(line[0], line[1] + 1),
        "two too few: digit d has label d + 1": _written(line[0], line[1] - 1),
        "a wide gap is to be a space": right.replace(" ", ""),
        "only a wide gap is a space": " ".join(right.replace(" ", "")),
        "a gap runs from the right edge of one box to the left edge of the next, not from left edge"
        " to left edge": _written(*line, wide=lambda gap, before, _: gap + before > before),
        "the gap is compared with the digit *before* it": _written(
            *line, wide=lambda gap, _, after: gap > after
        ),
        "a gap of just the digit's width is no space: *more* than the width": _written(
            *line, wide=lambda gap, before, _: gap >= before
        ),
        "the gap is compared with half the width: take the whole width of the digit before it": (
            _written(*line, wide=lambda gap, before, _: gap > before / 2)
        ),
        "the gap is compared with twice the width: take the width of the digit before it": (
            _written(*line, wide=lambda gap, before, _: gap > 2 * before)
        ),
        "the gap is compared with a fixed number of pixels: take the width of the digit before": (
            _written(*line, wide=lambda gap, *_: gap > 20)
        ),
        "a wide gap is one space, and each gap counts": _written(*line, space="  "),
        "what stands between the groups is a space": _written(*line, space="-"),
        "the last digit is missing": right[:-1].strip(),
        "the first digit is missing": right[1:].strip(),
    }
