"""The check of mean average precision, Lesson 10."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from helpers.boxes import Detections
from helpers.checks.report import ask_edge, check, explain, number
from helpers.classwise import mean_average_precision, mean_over_classes
from helpers.metrics import area_under_curve, average_precision, precision_recall

Found = Sequence[tuple[Tensor, Tensor, Tensor]]  # of each page: boxes, scores, labels
Truth = Sequence[tuple[Tensor, Tensor]]  # of each page: boxes, labels


def mean_ap(found: Found, truth: Truth) -> float:
    """The course's own: mean of the average precisions of the classes that occur."""
    precisions = _precisions(found, truth)
    return sum(precisions.values()) / len(precisions)


@check("mean_ap", of=(mean_average_precision, mean_over_classes, mean_ap))
def check_mean_ap(answers: Callable[[Found, Truth], float]) -> None:
    """`mean_ap(found, truth)`: mean over the classes that occur in the ground truth."""
    for case, (found, truth) in _pages().items():
        value = number(ask_edge(case, answers, found, truth), "the result")
        right = mean_ap(found, truth)
        expected = f"expected {right:.4f}, not {value:.4f}"
        explain(value, right, _mean_mistakes(found, truth), case, expected)


def _square(x: float, y: float = 0) -> list[float]:
    return [x, y, x + 20, y + 20]


def _page(*marks: tuple[float, int, float]) -> tuple[Tensor, Tensor, Tensor]:
    """What is found on a page: (x, label, score) of each."""
    boxes = torch.tensor([_square(x) for x, _, _ in marks]).reshape(-1, 4)
    labels = torch.tensor([label for _, label, _ in marks], dtype=torch.int64)
    return boxes, torch.tensor([score for *_, score in marks]), labels


def _truth(*marks: tuple[float, int]) -> tuple[Tensor, Tensor]:
    boxes = torch.tensor([_square(x) for x, _ in marks]).reshape(-1, 4)
    return boxes, torch.tensor([label for _, label in marks], dtype=torch.int64)


def _pages() -> dict[str, tuple[Found, Truth]]:
    """Pages with detections and ground truth, each with a name that says what is in it."""
    cases = {
        "one page, all found": ([_page((0, 1, 0.9), (40, 2, 0.8))], [_truth((0, 1), (40, 2))]),
        "one page, a 3 that is called an 8": (
            [_page((0, 4, 0.9), (40, 9, 0.8), (80, 9, 0.7))],
            [_truth((0, 4), (40, 4), (80, 9))],
        ),
        "a false positive on a page where its class does not occur": (
            [_page((0, 1, 0.6)), _page((40, 1, 0.9), (0, 2, 0.8))],
            [_truth((0, 1)), _truth((0, 2))],
        ),
        "a class that nobody has found": (
            [_page((0, 1, 0.9)), _page((0, 1, 0.8))],
            [_truth((0, 1), (40, 5)), _truth((0, 1))],
        ),
        "a class that is found and does not occur": (
            [_page((0, 1, 0.9), (40, 7, 0.8)), _page((0, 1, 0.7), (40, 1, 0.6))],
            [_truth((0, 1)), _truth((0, 1), (80, 1))],
        ),
        "one class often, one class once": (
            [_page(*((40 * k, 1, 0.9 - k / 10) for k in range(6)), (300, 2, 0.2), (340, 2, 0.3))],
            [_truth(*((40 * k, 1) for k in range(6)), (300, 2))],
        ),
        "precision that rises again along the curve": (
            [_page((0, 1, 0.9), (40, 1, 0.8), (80, 1, 0.7), (120, 1, 0.6), (200, 2, 0.5))],
            [_truth((0, 1), (80, 1), (120, 1), (200, 2))],
        ),
        "an empty page among others": (
            [_page(), _page((0, 3, 0.9), (40, 4, 0.8), (80, 4, 0.85))],
            [_truth(), _truth((0, 3), (40, 4))],
        ),
        "three classes, and a page on which none of its objects is found": (
            [_page((0, 3, 0.9), (40, 4, 0.8), (80, 6, 0.7)), _page()],
            [_truth((0, 3), (40, 4), (80, 6)), _truth((0, 6), (40, 3), (80, 6))],
        ),
        "a page with nothing on it, and detections": (
            [_page((0, 3, 0.95)), _page((0, 3, 0.9), (40, 4, 0.8))],
            [_truth(), _truth((0, 3), (40, 4))],
        ),
    }
    return cases


def _precisions(
    found: Found, truth: Truth, measure: Callable = average_precision
) -> dict[int, float]:
    """The average precision of each class that occurs in the ground truth."""
    return {
        label: measure(
            precision_recall(
                [Detections(*page).of(label) for page in found],
                [boxes[labels == label] for boxes, labels in truth],
            )
        )
        for label in torch.cat([labels for _, labels in truth]).unique().tolist()
    }


def _mean_mistakes(found: Found, truth: Truth) -> dict[str, float]:
    """What well-known mistakes would answer."""
    precisions = _precisions(found, truth)
    values = [*precisions.values()]
    true = torch.cat([labels for _, labels in truth])
    counts = [int((true == label).sum()) for label in precisions]
    called = set(torch.cat([labels for *_, labels in found]).tolist())
    seen = [value for label, value in precisions.items() if label in called] or [0.0]
    # Each class on the pages that show it: its false positives elsewhere are forgotten.
    shown_only = []
    for label in precisions:
        pages = [k for k, (_, labels) in enumerate(truth) if (labels == label).any()]
        part = _precisions([found[k] for k in pages], [truth[k] for k in pages])
        shown_only.append(part[label])
    alone = [
        sum(own) / len(own)
        for one, other in zip(found, truth, strict=True)
        if (own := [*_precisions([one], [other]).values()])
    ]
    found_on = [k for k, (boxes, *_) in enumerate(found) if len(boxes)]
    part = _precisions([found[k] for k in found_on], [truth[k] for k in found_on]) or {0: 0.0}
    areas = [*_precisions(found, truth, area_under_curve).values()]
    last = max(max(precisions), max(called, default=0))
    pairs = [Detections(boxes, scores) for boxes, scores, _ in found]
    pooled = average_precision(precision_recall(pairs, [boxes for boxes, _ in truth]))
    right = sum(values) / len(values)
    return {
        "the classes are not told apart: a 3 that is called an 8 is no true positive; take the"
        " detections and boxes of one class at a time": pooled,
        "that is the sum: divide by the number of classes": sum(values),
        "classes that do not occur in the ground truth count as 0: leave them out": sum(values)
        / len(set(precisions) | called),
        "every class from 1 to the last is counted: take those that occur in the ground truth": (
            sum(values) / last
        ),
        "a class that is never found counts, with 0: take the classes of the ground truth, not of"
        " the detections": sum(seen) / len(seen),
        "each class counts once, however often it occurs": sum(
            value * count for value, count in zip(values, counts, strict=True)
        )
        / sum(counts),
        "a false positive counts on a page where its class does not occur, too: keep all pages": (
            sum(shown_only) / len(values)
        ),
        "a page on which nothing is found is left out: its objects are missed, keep all pages": (
            sum(part.values()) / len(part)
        ),
        "that is the mean over pages: all pages together give one curve for each class": sum(alone)
        / len(alone),
        "that is the area by trapezoids: use average_precision": sum(areas) / len(areas),
        "that is the best class: take the mean": max(values),
        "that is the worst class: take the mean": min(values),
        "that is one class only: go through all": values[-1],
        "that is the first class only: go through all": values[0],
        "that is in percent: leave it between 0 and 1": 100 * right,
        "that is 1 - mAP": 1 - right,
    }
