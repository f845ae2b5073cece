"""Checks of the exercises of Lesson 08."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from helpers.boxes import Detections, box_iou, nms
from helpers.checks.report import ask, close, fail, passed, tensor


def _scales(smallest: float, largest: float, step: float) -> list[float]:
    """smallest / 100, times the step, and so on, up to the first that reaches largest / 100."""
    scales = [smallest / 100]
    while scales[-1] < largest / 100:
        scales.append(scales[-1] * step)
    return scales


def check_scales_for(scales_for: Callable[[float, float, float], list[float]]) -> None:
    """`scales_for(smallest, largest, step)`: scales from the smallest cars to the largest."""
    for smallest, largest, step in ((100, 250, 1.3), (50, 130, 1.5), (80, 80, 1.2)):
        right = _scales(smallest, largest, step)
        answer = ask(scales_for, smallest, largest, step)
        case = f"for cars from {smallest} to {largest} pixels in steps of {step}"
        try:
            given = [float(scale) for scale in answer]
        except (TypeError, ValueError):
            fail(f"scales_for must give back a list of numbers, not {answer!r}")
        mistakes = {
            "these are widths of cars: divide by 100, the width of the window": [
                100 * scale for scale in right
            ],
            "these are the inverse: at scale 2 the image is shrunk by 2, so cars twice as large"
            " fit the window": [1 / scale for scale in right],
            "the list ends before the largest cars are reached: add one more": right[:-1],
            "one scale too many: stop as soon as the largest cars are reached": [
                *right,
                right[-1] * step,
            ],
            "the first scale is missing: begin with the smallest cars": right[1:],
            "each scale is the one before *times* the step; yours grow by adding": [
                right[0] + k * (step - 1) for k in range(len(given))
            ],
            "right numbers in the wrong order: from small to large": right[::-1],
        }
        if _same(given, right):
            continue
        for message, wrong in mistakes.items():
            if _same(given, wrong):
                fail(f"{case}: {message}")
        shown = ", ".join(f"{scale:.3f}" for scale in right)
        fail(f"{case} the scales are {shown}")
    passed("scales_for")


def _same(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(
        abs(a - b) < 1e-4 for a, b in zip(one, other, strict=True)
    )


def check_boxes_to_image(
    boxes_to_image: Callable[[Tensor, tuple[int, int], tuple[int, int]], Tensor],
) -> None:
    """`boxes_to_image(boxes, small_size, image_size)`: boxes of a shrunk image, in the image."""
    boxes = torch.tensor([[10.0, 4, 110, 44], [-8, 60, 92, 100]])
    small, image = (101, 150), (180, 400)  # shrunk by different factors down and across
    x, y = image[1] / small[1], image[0] / small[0]
    right = boxes * torch.tensor([x, y, x, y])
    answer = tensor(ask(boxes_to_image, boxes, small, image), "the result", right)
    mistakes = {
        "divided instead of multiplied: the image is larger, so its boxes are, too": boxes
        / torch.tensor([x, y, x, y]),
        "rows and columns are swapped: a box is (x1, y1, x2, y2), x goes with the width, a size is"
        " (height, width)": boxes * torch.tensor([y, x, y, x]),
        "one factor for both directions, that of the columns: sizes are rounded to whole pixels, so"
        " rows have a factor of their own": boxes * x,
        "one factor for both directions, that of the rows: sizes are rounded to whole pixels, so"
        " columns have a factor of their own": boxes * y,
        "the factors are rounded to whole numbers (// or round): divide with /": boxes
        * torch.tensor([image[1] // small[1], image[0] // small[0]] * 2),
        "the boxes are rounded to whole pixels: keep the fractions": right.round(),
        "the boxes are cut down to whole pixels: keep the fractions": right.trunc(),
        "only the corner is multiplied: the box must grow as well": torch.cat(
            [right[:, :2], right[:, :2] + boxes[:, 2:] - boxes[:, :2]], dim=1
        ),
        "nothing has changed: are you giving back the input?": boxes,
        "boxes are cut at the border: a car may stand half outside the image": right.clamp(min=0),
    }
    if not close(answer, right):
        for message, wrong in mistakes.items():
            if close(answer, wrong):
                fail(message)
        fail(f"box {boxes[0].tolist()} belongs at {[round(v, 2) for v in right[0].tolist()]}")
    none = ask(boxes_to_image, boxes[:0], small, image)
    tensor(none, "the result for no boxes", boxes[:0])
    same = ask(boxes_to_image, boxes, image, image)
    if not close(tensor(same, "the result", boxes), boxes):
        fail("an image that is not shrunk must keep its boxes: are sizes written into the code?")
    passed("boxes_to_image")


def check_pyramid_cost(pyramid_cost: Callable[[Sequence[float]], float]) -> None:
    """`pyramid_cost(scales)`: the work of all levels, next to that of the image at scale 1."""
    for scales in ((1.0, 2.0, 4.0), (1.0,), (0.8, 1.6), (2.0, 3.0)):
        answer = ask(pyramid_cost, scales)
        try:
            cost = float(answer)
        except (TypeError, ValueError, RuntimeError):
            fail(f"pyramid_cost must give back one number, not {answer!r}")
        right = sum(1 / scale**2 for scale in scales)
        if abs(cost - right) < 1e-4:
            continue
        case = f"for scales {', '.join(f'{scale:g}' for scale in scales)}"
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
        }
        for message, wrong in mistakes.items():
            if abs(cost - wrong) < 1e-4:
                fail(f"{case}: {message}")
        fail(f"{case} the cost is {right:.4f}, not {cost:.4f}")
    passed("pyramid_cost")


def check_merge_levels(
    merge_levels: Callable[[Sequence[Detections], float], Detections],
) -> None:
    """`merge_levels(levels, iou_threshold)`: boxes of all levels, of those that overlap the best.

    Each level: (boxes [N, 4] in the image's pixels, scores [N]).
    """
    near = torch.tensor([[20.0, 20, 220, 100], [300, 20, 400, 60]])
    far = torch.tensor([[30.0, 24, 200, 92], [40, 24, 210, 92], [600, 40, 770, 108]])
    levels = [
        Detections(near, torch.tensor([0.7, 0.6])),
        Detections(torch.zeros(0, 4), torch.zeros(0)),
        Detections(far, torch.tensor([0.9, 0.8, 0.5])),
    ]
    before = [(boxes.clone(), scores.clone()) for boxes, scores in levels]
    answer = ask(merge_levels, levels, 0.5)
    for (boxes, scores), level in zip(before, levels, strict=True):
        if not (torch.equal(boxes, level[0]) and torch.equal(scores, level[1])):
            fail("merge_levels changes its input: work on new tensors instead")
    try:
        boxes, scores = answer
    except (TypeError, ValueError):
        fail("merge_levels must give back boxes and scores, as Detections(boxes, scores)")
    if not isinstance(boxes, Tensor) or not isinstance(scores, Tensor):
        fail("boxes and scores must be tensors: give back Detections(boxes, scores)")
    if boxes.ndim != 2 or boxes.shape[1:] != (4,) or scores.shape != boxes.shape[:1]:
        fail(f"boxes must be [K, 4] and scores [K], not {[*boxes.shape]} and {[*scores.shape]}")
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
    if not close(boxes, every[keep]):
        if close(boxes.sort(0).values, every[keep].sort(0).values):
            fail("the right boxes, but not sorted: best score first")
        fail("the best of overlapping boxes must stay, whichever level it comes from")
    if not close(scores, points[keep]):
        fail("boxes and scores do not go together: index both with the same kept numbers")
    if len(ask(merge_levels, levels, 1.0).boxes) != len(every):
        fail("with an overlap of 1 allowed, all boxes stay: is iou_threshold used?")
    nothing = ask(merge_levels, levels[1:2], 0.5)
    if tuple(nothing[0].shape) != (0, 4):
        fail("levels without any box must give boxes of shape [0, 4]")
    passed("merge_levels")
