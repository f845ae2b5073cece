"""The check of exercise 7.1, matching detections with cars."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.boxes import box_iou
from helpers.checks.report import ask, check, explain, fail, shown
from helpers.error_analysis import classify_errors
from helpers.metrics import assign_to_truth, match, match_all


def _moved(*places: tuple[float, float]) -> Tensor:
    """Boxes of 100×40 pixels with their top-left corners at `places` (x, y)."""
    corners = torch.tensor(places, dtype=torch.float32).reshape(-1, 2)
    return torch.cat([corners, corners + torch.tensor([100.0, 40.0])], 1)


# What a case is about, where the boxes are, their scores, and where the cars are.
_MATCH_CASES = (
    ("a car is found twice: it counts once", ((2, 0), (4, 0)), (0.9, 0.8), ((0, 0),)),
    ("a worse box comes first in the list", ((20, 0), (2, 0)), (0.6, 0.9), ((0, 0),)),
    ("a better box lies less well on the car", ((20, 0), (2, 0)), (0.9, 0.8), ((0, 0),)),
    ("a box fits two cars", ((28, 0), (2, 0)), (0.9, 0.8), ((0, 0), (50, 0))),
    ("a box fits two cars", ((22, 0), (48, 0)), (0.9, 0.8), ((50, 0), (0, 0))),
    ("a box fits two cars", ((22, 0), (48, 0)), (0.9, 0.8), ((0, 0), (50, 0))),
    ("the better box took the nearer car", ((31, 0), (22, 0)), (0.9, 0.8), ((0, 0), (32, 0))),
    ("three boxes, two cars", ((40, 0), (28, 0), (2, 0)), (0.7, 0.9, 0.8), ((0, 0), (50, 0))),
    ("scores that are negative", ((2, 0), (20, 0)), (-2.0, -1.0), ((0, 0),)),
    ("a box far from any car", ((300, 0),), (0.9,), ((0, 0),)),
    ("a badly placed box, IoU under 0.5", ((40, 0),), (0.9,), ((0, 0),)),
    ("a box that is one row off", ((0, 14),), (0.9,), ((0, 0),)),
)


@check("match_boxes", of=(match, assign_to_truth, match_all, classify_errors))
def check_match(match_boxes: Callable[[Tensor, Tensor, Tensor], list[bool]]) -> None:
    """`match_boxes(boxes, scores, truth)`: for each detection, whether it is true (IoU ≥ 0.5)."""
    cases = [
        (case, _moved(*boxes), torch.tensor(scores), _moved(*cars))
        for case, boxes, scores, cars in _MATCH_CASES
    ]
    half = torch.tensor([[0.0, 0, 50, 40]]), torch.tensor([0.9]), _moved((0, 0))
    cases.append(("a box with an IoU of just 0.5", *half))
    generator = torch.Generator().manual_seed(7)
    crowd = _moved(*(60 * torch.rand(12, 2, generator=generator)).tolist())
    scores = torch.rand(9, generator=generator)
    cases.append(("nine boxes and three cars", crowd[:9], scores, crowd[9:]))
    for case, boxes, given, truth in cases:
        answer = _truths(ask(match_boxes, boxes, given, truth), len(boxes))
        right = _greedy(boxes, given, truth)
        expected = f"expected {right}, not {answer}"
        explain(answer, right, _match_mistakes(boxes, given, truth), case, expected)
    for what, n, m in (("no detections", 0, 1), ("no cars", 1, 0), ("nothing at all", 0, 0)):
        boxes, truth = _moved((0, 0))[:n], _moved((0, 0))[:m]
        try:
            answer = match_boxes(boxes, torch.ones(n), truth)
        except (RuntimeError, IndexError, ValueError) as error:
            fail(f"an image with {what}: it crashes ({type(error).__name__})")
        if answer is None or _truths(answer, n) != [False] * n:
            fail(f"an image with {what}: expected {[False] * n}, not {shown(answer)}")


def _greedy(
    boxes: Tensor,
    scores: Tensor,
    truth: Tensor,
    *,
    order: str = "best",
    once: bool = True,
    take: Callable = max,
    retry: bool = True,
    minimum: float = 0.5,
) -> list[bool]:
    """Matching by its definition, with mistakes to choose."""
    overlap = box_iou(boxes, truth).tolist()
    places = range(len(boxes))
    if order != "list":
        places = sorted(places, key=lambda i: scores[i].item(), reverse=order == "best")
    is_true, taken = [False] * len(boxes), set()
    for i in places:
        fits = [j for j, iou in enumerate(overlap[i]) if iou >= minimum]
        if once and retry:
            fits = [j for j in fits if j not in taken]
        j = take(fits, key=overlap[i].__getitem__) if fits else None
        if j is not None and not (once and j in taken):
            is_true[i] = True
            taken.add(j)
    return is_true


def _first(fits: list[int], key: Callable) -> int:
    return fits[0]


def _last(fits: list[int], key: Callable) -> int:
    return fits[-1]


def _by_cars(boxes: Tensor, scores: Tensor, truth: Tensor, key: str) -> list[bool]:
    """Each car takes a box, the cars in the order of the list."""
    overlap, is_true = box_iou(boxes, truth), [False] * len(boxes)
    for j in range(len(truth)):
        fits = [i for i in range(len(boxes)) if overlap[i, j] >= 0.5 and not is_true[i]]
        values = overlap[:, j] if key == "iou" else scores
        if fits:
            is_true[max(fits, key=lambda i: values[i].item())] = True
    return is_true


def _match_mistakes(boxes: Tensor, scores: Tensor, truth: Tensor) -> dict[str, list[bool]]:
    """What well-known mistakes would answer."""
    given = (boxes, scores, truth)
    best_first = scores.argsort(descending=True).tolist()
    right = _greedy(*given)
    return {
        "each car counts once, for the best-scoring box that takes it": _greedy(*given, once=False),
        "match from the best score down, not in the order of the list": _greedy(
            *given, order="list"
        ),
        "the worst score comes first: match from the best down": _greedy(*given, order="worst"),
        "take the car that the box overlaps most, not the first in the list": _greedy(
            *given, take=_first
        ),
        "take the car that the box overlaps most, not the last in the list": _greedy(
            *given, take=_last
        ),
        "take the car that the box overlaps most, not least": _greedy(*given, take=min),
        "a taken car is not free: look for the best among those that are *still free*": _greedy(
            *given, retry=False
        ),
        "an IoU of just 0.5 is enough: compare with >=": _greedy(*given, minimum=0.5 + 1e-6),
        "the IoU must be 0.5 or more": _greedy(*given, minimum=1e-6),
        "the answer must be in the order of `boxes`, not in that of the scores": [
            right[i] for i in best_first
        ],
        "you go through the cars, and each takes the box that overlaps it most: go through the"
        " detections, from the best score down": _by_cars(*given, key="iou"),
        "you go through the cars, and each takes its best-scoring box: go through the detections,"
        " from the best score down, and let each choose its car": _by_cars(*given, key="score"),
        "True is for what is right": [not value for value in right],
    }


def _truths(answer: object, length: int) -> list[bool]:
    """The answer as a list of True and False, one for each detection."""
    try:
        values = [bool(value) for value in answer]
        odd = [value for value in answer if float(value) not in (0, 1)]
    except (TypeError, RuntimeError, ValueError):
        fail(f"match_boxes must give back a list of True and False, not {shown(answer)}")
    if len(values) != length:
        fail(f"{length} detections, but {len(values)} answers: one for each detection")
    if odd:
        fail(f"these are numbers, as {shown(odd[0])}: give back True or False for each detection")
    return values
