"""Right and wrong answers to the confusion matrix and the number read off a page, Lesson 10."""

from collections import Counter
from itertools import pairwise

import numpy as np
import torch
from torch.nn.functional import one_hot

from helpers.checks import own_detector as checks


def confusion(labels, predicted, classes):
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    for label, answer in zip(labels, predicted, strict=True):
        matrix[label, answer] += 1
    return matrix


def confusion_by_bincount(labels, predicted, classes):
    counts = torch.bincount(labels * classes + predicted, minlength=classes * classes)
    return counts.reshape(classes, classes)


def confusion_by_product(labels, predicted, classes):
    return one_hot(labels, classes).T @ one_hot(predicted, classes)


def confusion_cell_by_cell(labels, predicted, classes):
    rows = [
        [int(((labels == row) & (predicted == col)).sum()) for col in range(classes)]
        for row in range(classes)
    ]
    return torch.tensor(rows)


def confusion_by_index_put(labels, predicted, classes):
    matrix = torch.zeros((classes, classes), dtype=torch.long)
    return matrix.index_put((labels, predicted), torch.tensor(1), accumulate=True)


def confusion_by_numpy(labels, predicted, classes):
    matrix = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(matrix, (labels.numpy(), predicted.numpy()), 1)
    return torch.from_numpy(matrix)


def each_pair_once(labels, predicted, classes):
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    matrix[labels, predicted] += 1
    return matrix


def only_what_occurs(labels, predicted, classes):
    size = max([*labels.tolist(), *predicted.tolist()], default=-1) + 1
    return confusion(labels, predicted, size)


def answers_forgotten(labels, predicted, classes):
    matrix = torch.zeros(classes, classes, dtype=torch.int64)
    for label in labels:
        matrix[label, label] += 1
    return matrix


def counted_in_place(labels, predicted, classes):
    labels *= classes
    labels += predicted
    return torch.bincount(labels, minlength=classes**2).reshape(classes, classes)


def of_one_at_least(labels, predicted, classes):
    labels[0]
    return confusion(labels, predicted, classes)


CONFUSION_WRONG = [
    (lambda *a: None, "return"),
    (lambda *a: confusion(*a).tolist(), "torch.Tensor"),
    (lambda *a: confusion(*a).numpy(), "torch.Tensor"),
    (lambda *a: confusion(*a).T, "swapped"),
    (each_pair_once, "does not add up"),
    (only_what_occurs, "a class that does not occur has its row"),
    (answers_forgotten, "answers are not looked at"),
    (lambda t, p, c: torch.diag(confusion(t, p, c).sum(0)), "true classes are not looked at"),
    (lambda *a: torch.diag(confusion(*a).diagonal()), "only the right answers"),
    (lambda *a: confusion(*a) - torch.diag(confusion(*a).diagonal()), "only the wrong answers"),
    (lambda *a: confusion(*a).float(), "counts are whole numbers"),
    (lambda *a: confusion(*a).int(), "must be int64"),
    (lambda *a: confusion(*a) / confusion(*a).sum(1, keepdim=True).clamp(min=1), "each row"),
    (lambda *a: confusion(*a) / confusion(*a).sum(0, keepdim=True).clamp(min=1), "each column"),
    (lambda *a: confusion(*a) / max(1, len(a[0])), "shares of all crops"),
    (lambda *a: confusion(*a) + confusion(*a).T, "counted twice"),
    (lambda *a: confusion(*a).flip(0, 1), "from the last to the first"),
    (lambda *a: confusion(*a) + 1, "one too many"),
    (lambda t, p, c: confusion(t[1:], p[1:], c), "first crop is missing"),
    (lambda t, p, c: confusion(t[:-1], p[:-1], c), "last crop is missing"),
    (lambda t, p, c: confusion(p, (t + 1) % c, c), "row = the true class"),
    (lambda *a: confusion(*a).diagonal(), "shape"),
    (of_one_at_least, "for no crops at all, it stops with IndexError"),
    (counted_in_place, "changes its input"),
]


def read_number(boxes, labels):
    text, end, width = "", None, 0.0
    for k in boxes[:, 0].argsort().tolist():
        x1, _, x2, _ = boxes[k].tolist()
        if end is not None and x1 - end > width:
            text += " "
        text += str(int(labels[k]) - 1)
        end, width = x2, x2 - x1
    return text


def read_at_once(boxes, labels):
    order = boxes[:, 0].argsort()
    boxes, digits = boxes[order], labels[order] - 1
    wide = boxes[1:, 0] - boxes[:-1, 2] > (boxes[:, 2] - boxes[:, 0])[:-1]
    spaces = ["", *(" " * int(one) for one in wide)]
    return "".join(f"{space}{digit}" for space, digit in zip(spaces, digits.tolist(), strict=False))


def read_pairs(boxes, labels):
    line = sorted(zip(boxes.tolist(), labels.tolist(), strict=True))
    parts = [str(label - 1) for _, label in line]
    for k in range(len(line) - 1, 0, -1):
        before, after = line[k - 1][0], line[k][0]
        if after[0] - before[2] > before[2] - before[0]:
            parts.insert(k, " ")
    return "".join(parts)


def read_by_names(boxes, labels):
    if len(boxes) == 0:
        return ""
    names = " 0123456789"
    line = sorted(range(len(boxes)), key=lambda k: float(boxes[k, 0] + boxes[k, 2]))
    text = names[labels[line[0]]]
    for one, other in pairwise(line):
        gap, width = boxes[other, 0] - boxes[one, 2], boxes[one, 2] - boxes[one, 0]
        text += " " * bool(gap > width) + names[labels[other]]
    return text


def read_from_the_furthest_end(boxes, labels):
    """Where a box lies in the one before it, the gap begins where the larger one ends."""
    text, end, width = "", 0.0, 0.0
    for k in boxes[:, 0].argsort().tolist():
        x1, _, x2, _ = boxes[k].tolist()
        text += " " * bool(text and x1 - end > width) + str(int(labels[k]) - 1)
        end, width = max(end, x2), x2 - x1
    return text


def line_of(order, wide=lambda gap, before, after: gap > before, space=" ", shift=1):
    """A reader that takes the boxes in another order, or has other spaces."""

    def wrong(boxes, labels):
        numbers = [*map(int, order(boxes))]
        text = ""
        for k, number in enumerate(numbers):
            if k:
                (x1, _, end, _), (begin, _, x2, _) = boxes[[numbers[k - 1], number]].tolist()
                text += space * bool(wide(begin - end, end - x1, x2 - begin))
            text += str(int(labels[number]) - shift)
        return text

    return wrong


def from_left(boxes):
    return boxes[:, 0].argsort()


def of_one_digit_at_least(boxes, labels):
    boxes[:, 0].min()
    return read_number(boxes, labels)


def each_column_sorted(boxes, labels):
    return read_number(boxes.sort(0).values, labels[boxes[:, 0].argsort()])


READ_WRONG = [
    (each_column_sorted, "each column is sorted by itself"),
    (line_of(lambda b: b[:, 2].argsort()), "sorted by x2"),
    (lambda *a: None, "return"),
    (lambda b, t: [*read_number(b, t)], "must be text"),
    (lambda b, t: int("0" + read_number(b, t).replace(" ", "")), "begins with a 0"),
    (lambda b, t: "".join(str(t[k] - 1) for k in b[:, 0].argsort()), "a number by int"),
    (lambda b, t: read_number(b, t) + " ", "not before or after all"),
    (lambda b, t: read_number(b, t)[::-1], "backwards"),
    (line_of(lambda b: range(len(b))), "order of the boxes"),
    (line_of(lambda b: range(len(b)), lambda *_: False), "and there are no spaces"),
    (line_of(lambda b: b[:, 1].argsort()), "from top to bottom"),
    (line_of(from_left, shift=0), "digit d has label d \\+ 1"),
    (line_of(from_left, shift=2), "two too few"),
    (line_of(from_left, lambda *_: False), "a wide gap is to be a space"),
    (line_of(from_left, lambda *_: True), "only a wide gap is a space"),
    (line_of(from_left, lambda gap, before, _: gap + before > before), "right edge of one box"),
    (line_of(from_left, lambda gap, _, after: gap > after), "the digit \\*before\\* it"),
    (line_of(from_left, lambda gap, before, _: gap >= before), "no space: \\*more\\*"),
    (line_of(from_left, lambda gap, before, _: 2 * gap > before), "half the width"),
    (line_of(from_left, lambda gap, before, _: gap > 2 * before), "twice the width"),
    (line_of(from_left, lambda gap, before, _: gap > 20), "fixed number of pixels"),
    (line_of(from_left, space="-"), "is a space"),
    (line_of(from_left, space="  "), "one space"),
    (lambda b, t: read_number(b, t)[:-1].strip(), "last digit is missing"),
    (lambda b, t: read_number(b, t)[1:].strip(), "first digit is missing"),
    (lambda b, t: "".join(sorted(read_number(b, t).replace(" ", ""))), "sorted by size"),
    (of_one_digit_at_least, "on an empty page, it stops with RuntimeError"),
    (lambda b, t: read_number(b, t) if len(b) else "nothing", "on an empty page"),
    (lambda b, t: "".join(map(str, Counter((t - 1).tolist()))), "no spaces"),
]

#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_confusion: (
        [
            confusion,
            confusion_by_bincount,
            confusion_by_product,
            confusion_cell_by_cell,
            confusion_by_index_put,
            confusion_by_numpy,
        ],
        CONFUSION_WRONG,
    ),
    checks.check_read_number: (
        [read_number, read_at_once, read_pairs, read_by_names, read_from_the_furthest_end],
        READ_WRONG,
    ),
}
