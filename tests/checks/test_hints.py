"""What an error most likely means: tried on errors that Python, NumPy and PyTorch really raise."""

import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers.boxes import Detections
from helpers.checks import CheckFailed
from helpers.checks.hints import FAMILIES, hint
from helpers.metrics import precision_recall
from tests.checks import cases

X = torch.rand(2, 1, 4, 5)
V = torch.rand(3)
NONE = Detections(torch.zeros(0, 4), torch.zeros(0))
LABELS = torch.tensor([0, 1])


def unpack(value):
    a, b = value
    return a, b


def at(several, index):
    return several[index]


def overwrite(small, large):
    small[0:2] = large


#: What a learner's function may do, and what the hint must say.
MISTAKES = [
    (lambda: nn.Linear(6, 2)(torch.rand(2, 7)), "made for 6 numbers got 7"),
    (lambda: X + torch.rand(2), r"two tensors meet.*rand\(N, 1, 1, 1\)"),
    (lambda: torch.zeros(2, 3).copy_(torch.zeros(4)), "two tensors meet"),
    (lambda: overwrite(torch.zeros(4, 4), torch.zeros(3, 4)), "two tensors meet"),
    (lambda: np.zeros(2) + np.zeros(3), "two tensors meet"),
    (lambda: X.view(7, 3), "do not fill this shape.*written into the code"),
    (lambda: np.zeros(6).reshape(4), "do not fill this shape"),
    (lambda: nn.Conv2d(3, 4, 2)(X), "made for 3 channels got 1"),
    (lambda: nn.Conv2d(1, 4, 7)(X), "smaller than the kernel"),
    (lambda: nn.MaxPool2d(8)(X), "smaller than the kernel"),
    (lambda: nn.Conv2d(1, 4, 2)(V), r"image\[None\] adds"),
    (lambda: X.flip(4), "last one is 3"),
    (lambda: V.softmax(dim=1), "last one is 0"),
    (lambda: np.zeros(2).sum(axis=1), "no axis 1"),
    (lambda: torch.flip(X, 3), r"torch\.flip\(x, \[3\]\)"),
    (lambda: V[3], "^of 3, counted from 0, number 3"),
    (
        lambda: torch.bincount(torch.zeros(4).long())[1],
        "^of 1, counted from 0, number 1.*case forgotten",
    ),
    (lambda: np.zeros(3)[4], "^of 3, counted from 0, number 4"),
    (lambda: at([1], 1), "fewer here"),
    (lambda: nn.Sequential(nn.ReLU())[3], "fewer here"),
    (lambda: V.index_select(0, torch.tensor([5])), "fewer here"),
    (lambda: functional.cross_entropy(torch.rand(2, 2), torch.tensor([0, 2])), "^label 2, but"),
    (lambda: V[0, 1], "fewer dimensions than"),
    (
        lambda: functional.cross_entropy(torch.rand(2, 2), torch.tensor([0, 1, 1])),
        "2 answers and 3 labels: were the labels cut into batches",
    ),
    (lambda: list(zip([1], [1, 2], strict=True)), "different lengths"),
    (lambda: V[::-1], r"x\.flip\(0\)"),
    (lambda: functional.cross_entropy(torch.rand(2, 2), LABELS.float()), r"labels\.long\(\)"),
    (lambda: LABELS.mean(), r"\.float\(\) first"),
    (lambda: LABELS.softmax(0), r"\.float\(\) first"),
    (lambda: nn.Linear(3, 2)(V.double()), "two types of numbers"),
    (lambda: nn.Conv2d(1, 2, 2)(X.byte()), "two types of numbers"),
    (lambda: torch.tensor([0, 1]).div_(2), "cannot hold fractions"),
    (lambda: V[torch.tensor([1.0])], "whole number"),
    (lambda: V[1.0], "whole number"),
    (lambda: at([1, 2], 1.0), "whole number"),
    (lambda: range(2.0), "whole number"),
    (lambda: torch.randperm(3.0), "whole number"),
    (lambda: bool(V > 0), "&, | and ~"),
    (lambda: bool(np.zeros(2)), "&, | and ~"),
    (lambda: V.item(), "several numbers where one is wanted"),
    (lambda: int(V), "several numbers where one is wanted"),
    (lambda: V.clone().requires_grad_().numpy(), r"torch\.no_grad\(\)"),
    (lambda: nn.Linear(2, 2).weight.add_(1), r"torch\.no_grad\(\)"),
    (lambda: V.sum().backward(), "nothing to train"),
    (lambda: (V.clone().requires_grad_() * 2).backward(), "wants one number"),
    (lambda: torch.stack([torch.rand(2), torch.rand(3)]), "fitting shapes"),
    (lambda: torch.cat([torch.rand(2, 2), torch.rand(2, 3)]), "fitting shapes"),
    (lambda: torch.cat([torch.rand(2, 2), torch.rand(2)]), "fitting shapes"),
    (lambda: torch.cat([torch.tensor(1), torch.tensor(2)]), r"torch\.stack or torch\.tensor"),
    (lambda: torch.cat([]), "nothing is in it"),
    (lambda: torch.stack([]), "nothing is in it"),
    (lambda: max([]), "nothing is in it"),
    (lambda: torch.zeros(0).max(), "nothing is in it"),
    (lambda: torch.zeros(0).argmax(), "nothing is in it"),
    (lambda: torch.quantile(torch.zeros(0), 0.5), "nothing is in it"),
    (lambda: torch.stack([1, 2]), r"torch\.tensor\(the_list\)"),
    (lambda: torch.sqrt(2.0), "wants a tensor"),
    (lambda: torch.exp([1.0]), "wants a tensor"),
    (lambda: torch.from_numpy([1]), r"torch\.tensor takes a list"),
    (lambda: nn.Linear(2, 2, bias=False).bias.clone(), "without a bias has None"),
    (lambda: None + V, "without `return`"),
    (lambda: at(None, 0), "without `return`"),
    (lambda: torch.zeros(2).copy_(None), "without `return`"),
    (lambda: [1, 2] - 1, "a list does no arithmetic"),
    (lambda: [1, 2] < 3, "a list does no arithmetic"),
    (lambda: unpack([1]), "as many as the values"),
    (lambda: unpack(V), "as many as the values"),
    (lambda: unpack(1), "as many as the values"),
    (lambda: V.astype(float), r"\.float\(\), \.long\(\) and \.clone\(\)"),
    (lambda: np.zeros(2).clamp(0, 1), "array of NumPy, not a tensor"),
    (lambda: [1].reshape(1), "a list is no tensor"),
    (lambda: 1 / 0, "nothing to divide by"),
    (lambda: precision_recall([NONE], [NONE.boxes]), "leave out a class"),
    (lambda: unpack(), "in its `def` line"),
    (lambda: unpack(1, 2), "in its `def` line"),
    (lambda: V.log_softmax(), "^say along which dimension"),
    (lambda: X[torch.arange(3), torch.arange(2)], "two lists of indices of different lengths"),
]


@pytest.mark.parametrize(("mistake", "meaning"), MISTAKES)
def test_a_well_known_error_gets_its_meaning(mistake, meaning):
    with pytest.raises(Exception) as caught:  # noqa: PT011  whichever it is
        mistake()
    assert re.search(meaning, hint(caught.value)), caught.value


def test_each_family_is_met_first_by_some_mistake():
    met = set()
    for mistake, _ in MISTAKES:
        try:
            mistake()
        except Exception as error:
            met.add(next(p for p in FAMILIES if re.search(p, str(error))))
    assert met == set(FAMILIES)


@pytest.mark.parametrize("error", [KeyError((1, 0)), ValueError("no such car"), TypeError()])
def test_where_there_is_no_telling_nothing_is_said(error):
    assert hint(error) == ""


def test_the_learner_reads_their_own_line_the_input_and_the_meaning():
    def double(x):
        return nn.Linear(2, 2)(torch.rand(1, x))

    with pytest.raises(RuntimeError) as caught:
        cases.check_double(double)
    assert caught.value.__notes__[0] == "the input was double(3)"
    assert caught.value.__notes__[1].startswith("most likely: a Linear layer")
    assert caught.traceback[-1].name == "double"  # and nothing of torch


def test_a_function_that_cannot_be_called_is_a_check_failed():
    with pytest.raises(CheckFailed, match=r"^double: a function takes as many arguments as stand"):
        cases.check_double(lambda: 1)
