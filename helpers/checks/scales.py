"""Checks of the exercises of Lesson 08."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import ceil, log, sqrt

import torch
from torch import Tensor

from helpers.boxes import Detections, apply_nms, box_iou, nms
from helpers.checks.report import (
    ask,
    ask_edge,
    check,
    close,
    explain,
    fail,
    first_wrong,
    number,
    numbers,
    same,
    tensor,
    your_or_ours,
)
from helpers.detector import pyramid

__all__ = [
    "boxes_to_image",
    "check_boxes_to_image",
    "check_merge_levels",
    "check_pyramid_cost",
    "check_scales_for",
    "merge_levels",
    "pyramid_cost",
    "scales_for",
    "your_or_ours",
]


def scales_for(smallest: float, largest: float, step: float) -> list[float]:
    """The course's own: the middles of as few parts as possible, equal as factors."""
    return [*pyramid(smallest, largest, ratio=step)]


def boxes_to_image(
    boxes: Tensor, small_size: tuple[int, int], image_size: tuple[int, int]
) -> Tensor:
    """The course's own: boxes [N, 4] of a shrunk image, in pixels of the whole image."""
    y, x = image_size[0] / small_size[0], image_size[1] / small_size[1]
    return boxes * torch.tensor([x, y, x, y])


def merge_levels(levels: Sequence[Detections], iou_threshold: float) -> Detections:
    """The course's own: what one suppression over the boxes of all levels leaves."""
    boxes, scores = (torch.cat(part) for part in zip(*levels, strict=True))
    return apply_nms(Detections(boxes, scores), iou_threshold)


def pyramid_cost(scales: Sequence[float]) -> float:
    """The course's own: the sum of all levels' areas, next to that of the image at scale 1."""
    return sum(1 / scale**2 for scale in scales)


def _parts(smallest: float, largest: float, step: float) -> int:
    return max(1, ceil(log(largest / smallest) / log(step)))


def _ends(smallest: float, largest: float, count: int) -> list[float]:
    """The ends of `count` parts, equal as factors, in windows of 100 pixels."""
    return [smallest / 100 * (largest / smallest) ** (k / count) for k in range(count + 1)]


def _middles(smallest: float, largest: float, count: int) -> list[float]:
    ends = _ends(smallest, largest, count)
    return [sqrt(a * b) for a, b in pairwise(ends)]


@check("scales_for", of=(pyramid, scales_for))
def check_scales_for(answers: Callable[[float, float, float], list[float]]) -> None:
    """`scales_for(smallest, largest, step)`: the middles of parts that are equal as factors."""
    cases = ((100, 250, 1.3), (50, 130, 1.5), (85, 215, 1.2), (90, 100, 1.2), (40, 400, 1.7))
    # Just two parts of just `step`: no difference or ratio of logarithms is rounded up to three.
    cases = (*cases, (32, 128, 2))
    for smallest, largest, step in cases:
        answer = ask(answers, smallest, largest, step)
        given = numbers(answer, "the scales")
        count = _parts(smallest, largest, step)
        ends, right = _ends(smallest, largest, count), _middles(smallest, largest, count)
        width = (largest - smallest) / count
        whole_steps = [smallest / 100 * step**k for k in range(count + 1)]
        mistakes = {
            "these are widths of cars: divide by 100, the width of the window": [
                100 * scale for scale in right
            ],
            "these are the inverse: at scale 2 the image is shrunk by 2, so cars twice as large"
            " fit the window": [1 / scale for scale in right],
            "divide by 100, the width of the window, not by the smallest car": [
                100 * scale / smallest for scale in right
            ],
            "these are the ends of the parts: take the middle of each": ends,
            "these are the small ends of the parts: take the middles": ends[:-1],
            "these are the large ends of the parts: take the middles": ends[1:],
            "the middle between two ends is a factor, too: the root of their product, not half of"
            " their sum": [(a + b) / 2 for a, b in pairwise(ends)],
            "the parts are equally many pixels wide; they should be equal as *factors*": [
                (smallest + (k + 0.5) * width) / 100 for k in range(count)
            ],
            "one part too few, so each is larger than `step`: round the number of parts *up*": (
                _middles(smallest, largest, max(1, count - 1))
            ),
            "one part too many: as few as possible, each at most `step`": _middles(
                smallest, largest, count + 1
            ),
            "parts of just `step` reach beyond the largest car: make them all a little smaller, so"
            " that they end there": [scale * sqrt(step) for scale in whole_steps[:-1]],
            "these begin at the smallest car and grow by `step`: cut the range into equal parts"
            " first, and take their middles": whole_steps,
            "these begin at the smallest car and grow by `step`; take the middles of equal"
            " parts": whole_steps[:-1],
            "right numbers in the wrong order: from small to large": right[::-1],
        }
        case = f"for cars from {smallest} to {largest} pixels and a step of {step}"
        text = ", ".join(f"{scale:.3f}" for scale in right)
        shown = ", ".join(f"{scale:.3f}" for scale in given)
        explain(given, right, mistakes, case, f"the scales are {text}, not {shown or 'none'}")
    answer = ask_edge("for cars of one size, from 80 to 80", answers, 80, 80, 1.2)
    if not same(numbers(answer, "the scales"), [0.8]):
        fail("for cars of one size, from 80 to 80 pixels, there is one scale: 0.8")


@check("boxes_to_image", of=(boxes_to_image,))
def check_boxes_to_image(
    answers: Callable[[Tensor, tuple[int, int], tuple[int, int]], Tensor],
) -> None:
    """`boxes_to_image(boxes, small_size, image_size)`: boxes of a shrunk image, in the image."""
    boxes = torch.tensor([[10.0, 4, 110, 44], [-8, 60, 92, 100], [99, 70, 199, 110]])
    small, image = (101, 150), (180, 400)  # shrunk by different factors down and across
    x, y = image[1] / small[1], image[0] / small[0]
    right = boxes_to_image(boxes, small, image)
    border = torch.tensor([image[1], image[0]] * 2)
    answer = tensor(ask(answers, boxes, small, image), "the result", right)
    mistakes = {
        "divided instead of multiplied: the image is larger, so its boxes are, too": boxes
        / torch.tensor([x, y, x, y]),
        "rows and columns are swapped: a box is (x1, y1, x2, y2), x goes with the width, a size is"
        " (height, width)": boxes * torch.tensor([y, x, y, x]),
        "the factors are in the wrong order: (x, y, x, y), as in a box": boxes
        * torch.tensor([x, x, y, y]),
        "one factor for both directions, that of the columns: sizes are rounded to whole pixels, so"
        " rows have a factor of their own": boxes * x,
        "one factor for both directions, that of the rows: sizes are rounded to whole pixels, so"
        " columns have a factor of their own": boxes * y,
        "one factor for both directions, the mean of both: each direction has its own": boxes
        * ((x + y) / 2),
        "the factors are cut down to whole numbers (//): divide with /": boxes
        * torch.tensor([image[1] // small[1], image[0] // small[0]] * 2),
        "the factors are rounded to whole numbers: keep the fractions": boxes
        * torch.tensor([round(x), round(y)] * 2),
        "the boxes are rounded to whole pixels: keep the fractions": right.round(),
        "the boxes are cut down to whole pixels: keep the fractions": right.trunc(),
        "only the corner is multiplied: the box must grow as well": torch.cat(
            [right[:, :2], right[:, :2] + boxes[:, 2:] - boxes[:, :2]], dim=1
        ),
        "nothing has changed: are you giving back the input?": boxes,
        "boxes are cut at the border: a car may stand half outside the image": right.clamp(min=0),
        "boxes are cut at the image's border: a car may stand half outside": torch.minimum(
            right.clamp(min=0), border
        ),
        "boxes are cut at the right and lower border: a car may stand half outside": torch.minimum(
            right, border
        ),
    }
    wrong = first_wrong(answer, right)
    where, found = ([round(v, 2) for v in some[wrong].tolist()] for some in (right, answer))
    say = f"box {boxes[wrong].tolist()} belongs at {where}, not at {found}"
    explain(answer, right, mistakes, "", say)
    tensor(ask(answers, boxes[:1], small, image), "the result for one box", boxes[:1])
    none = ask_edge("for no boxes, [0, 4]", answers, boxes[:0], small, image)
    tensor(none, "the result for no boxes", boxes[:0])
    unchanged = tensor(ask(answers, boxes, image, image), "the result", boxes)
    if unchanged is boxes:
        fail("an image that is not shrunk: give back a new tensor, not the one that came in")
    if not close(unchanged, boxes):
        fail("an image that is not shrunk must keep its boxes: are sizes written into the code?")
    # An image made larger, for cars smaller than the window.
    grown = tensor(ask(answers, boxes, (200, 500), (100, 250)), "the result", boxes)
    if not close(grown, boxes / 2):
        fail("an image may have been made larger, too: then its boxes must shrink")


def _geometric(scales: Sequence[float]) -> float:
    """What the closed formula of a geometric series says, whatever the scales are."""
    q = (scales[0] / scales[1]) ** 2 if len(scales) > 1 else 0.0
    return (1 - q ** len(scales)) / (1 - q) / scales[0] ** 2


@check("pyramid_cost", of=(pyramid_cost,))
def check_pyramid_cost(answers: Callable[[Sequence[float]], float]) -> None:
    """`pyramid_cost(scales)`: the work of all levels, next to that of the image at scale 1."""
    cases = ((1.0, 2.0, 4.0), (1.0,), (0.8, 1.6), (2.0, 3.0), (1.0, 2.0, 3.0), (1.5, 1.2, 0.7))
    for scales in cases:
        cost = number(ask(answers, list(scales)), "the cost")
        right = pyramid_cost(scales)
        mistakes = {
            "the image gets narrower *and* lower: divide by the square of the scale": sum(
                1 / scale for scale in scales
            ),
            "a larger scale makes a smaller image: divide by its square, do not multiply": sum(
                scale**2 for scale in scales
            ),
            "that is the mean: all levels are worked through, so add them up": right / len(scales),
            "next to scale 1, not next to your first level": right * scales[0] ** 2,
            "that is what the pyramid costs *on top of* one level": right - 1,
            "that counts the levels, but small ones cost less": len(scales),
            "the image at scale 1 is counted on top: it costs only if the list holds 1": right + 1,
            "that is the square of a sum: square each scale, then add": sum(
                1 / scale for scale in scales
            )
            ** 2,
            "the scales need not be a geometric series: add up each level": _geometric(scales),
            "rounded: give back the number as it is": round(right, 2),
        }
        case = f"for scales {', '.join(f'{scale:g}' for scale in scales)}"
        explain(cost, right, mistakes, case, f"the cost is {right:.4f}, not {cost:.4f}")
    nothing = number(ask_edge("for no scales, []", answers, []), "the cost of no level")
    if nothing != 0:
        fail(f"no level costs nothing: 0, not {nothing:g}")


def _merged(answer: object) -> Detections:
    """The learner's detections, if boxes and scores fit each other."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        fail("merge_levels must give back boxes and scores, as Detections(boxes, scores)")
    boxes, scores = answer
    if not isinstance(boxes, Tensor) or not isinstance(scores, Tensor):
        fail("boxes and scores must be tensors: give back Detections(boxes, scores)")
    if boxes.ndim != 2 or boxes.shape[1:] != (4,) or scores.shape != boxes.shape[:1]:
        fail(f"boxes must be [K, 4] and scores [K], not {[*boxes.shape]} and {[*scores.shape]}")
    if not hasattr(answer, "boxes"):
        fail("a plain pair has no `.boxes`: give back Detections(boxes, scores)")
    return Detections(boxes, scores)


@check("merge_levels", of=(merge_levels,))
def check_merge_levels(
    answers: Callable[[Sequence[Detections], float], Detections],
) -> None:
    """`merge_levels(levels, iou_threshold)`: boxes of all levels, of those that overlap the best.

    Each level: (boxes [N, 4] in the image's pixels, scores [N]).
    """
    near = torch.tensor([[20.0, 20, 220, 100], [300, 20, 400, 60]])
    far = torch.tensor([[30.0, 24, 200, 92], [40, 24, 210, 92], [600, 40, 770, 108]])
    empty = Detections(torch.zeros(0, 4), torch.zeros(0))
    levels = [
        Detections(near, torch.tensor([0.7, 0.6])),
        empty,
        Detections(far, torch.tensor([0.9, 0.8, 0.5])),
    ]
    boxes, scores = _merged(ask(answers, levels, 0.5))
    every = torch.cat([near, far])
    points = torch.cat([levels[0].scores, levels[2].scores])
    keep = nms(every, points, 0.5)
    if len(boxes) == len(every):
        fail("all boxes of all levels are still there: suppress those that overlap")
    overlap = box_iou(boxes.float(), boxes.float()).fill_diagonal_(0)
    if len(boxes) == 4 and (overlap > 0.5).any():
        fail(
            "one car is still found twice, once on each of two levels: first put the boxes of all"
            " levels together, then suppress"
        )
    if len(boxes) < len(keep):
        fail("boxes that overlap no better one are lost: were whole levels dropped?")
    if len(boxes) > len(keep):
        fail(f"{len(keep)} boxes should stay, not {len(boxes)}: does one come several times?")
    if not close(boxes, every[keep]):
        if close(boxes.sort(0).values, every[keep].sort(0).values):
            fail("the right boxes, but not sorted: best score first")
        fail("the best of overlapping boxes must stay, whichever level it comes from")
    if not close(scores, points[keep]):
        fail("boxes and scores do not go together: index both with the same kept numbers")
    if len(_merged(ask(answers, levels, 1.0)).boxes) != len(every):
        fail("with an overlap of 1 allowed, all boxes stay: is iou_threshold used?")
    if len(_merged(ask(answers, levels, 0.8)).boxes) != 4:
        fail("with an overlap of 0.8 allowed, four boxes stay: is iou_threshold used?")
    _check_one_suppression(answers)
    nothing = ask_edge("if all levels are empty", answers, [empty, empty], 0.5)
    if tuple(_merged(nothing).boxes.shape) != (0, 4):
        fail("levels without any box must give boxes of shape [0, 4]")


def _check_one_suppression(answers: Callable[..., Detections]) -> None:
    """A box whose only better rival is itself suppressed must stay."""
    row = torch.tensor([[0.0, 0, 100, 40], [40, 0, 140, 40], [80, 0, 180, 40]])
    levels = [
        Detections(row[[1, 0]], torch.tensor([0.8, 0.7])),
        Detections(row[2:], torch.tensor([0.9])),
    ]
    boxes, _ = _merged(ask(answers, levels, 0.3))
    if len(boxes) != 2:
        fail(
            "a box is lost whose only better rival is itself suppressed, by one of another level:"
            " suppress once, over all boxes together, not on each level before"
        )
    scores = torch.tensor([0.7, 0.8, 0.9])
    three = [Detections(row[k : k + 1], scores[k : k + 1]) for k in (1, 0, 2)]
    boxes, _ = _merged(ask(answers, three, 0.3))
    if len(boxes) != 2:
        fail(
            "three boxes in a row, one on each of three levels: the first and the last should stay."
            " Put all levels together first, then suppress once, not after each level"
        )
    boxes, _ = _merged(ask(answers, [Detections(row, scores)], 0.3))
    if not close(boxes, row[[2, 0]]):
        fail("one level alone: its boxes overlap, too, so suppress, and give the best first")
