"""Right and wrong answers to the exercises of Lesson 08."""

import math

import torch

from helpers.boxes import Detections, nms
from helpers.checks import scales as checks


def scales_loop(smallest, largest, step):
    scales = [smallest / 100]
    while scales[-1] < largest / 100:
        scales.append(scales[-1] * step)
    return scales


def scales_formula(smallest, largest, step):
    count = math.ceil(math.log(largest / smallest) / math.log(step))
    return tuple(smallest / 100 * step**k for k in range(count + 1))


def scales_tensor(*arguments):
    return torch.tensor(scales_loop(*arguments))


def scales_adding(smallest, largest, step):
    return [smallest / 100 + k * (step - 1) for k in range(6)]


SCALES_WRONG = [
    (lambda s, b, r: None, "return"),
    (lambda s, b, r: 5, "list of numbers"),
    (lambda s, b, r: [100 * x for x in scales_loop(s, b, r)], "divide by 100"),
    (lambda s, b, r: [1 / x for x in scales_loop(s, b, r)], "inverse"),
    (lambda s, b, r: scales_loop(s, b, r)[:-1], "ends before the largest"),
    (lambda s, b, r: [*scales_loop(s, b, r), scales_loop(s, b, r)[-1] * r], "one scale too many"),
    (lambda s, b, r: scales_loop(s, b, r)[1:], "first scale is missing"),
    (lambda s, b, r: scales_loop(s, b, r)[::-1], "wrong order"),
    (scales_adding, "grow by adding"),
    (lambda s, b, r: [1.0, 2.0], "the scales are"),
    (lambda s, b, r: scales_loop(s, b, 1.3), "50 to 130"),
]


def factors(small, image):
    x, y = image[1] / small[1], image[0] / small[0]
    return torch.tensor([x, y, x, y])


def boxes_by_columns(boxes, small, image):
    x1, y1, x2, y2 = boxes.unbind(1)
    x, y = image[1] / small[1], image[0] / small[0]
    return torch.stack([x * x1, y * y1, x * x2, y * y2], 1)


def boxes_by_row(boxes, small, image):
    rows = [(row * factors(small, image)) for row in boxes]
    return torch.stack(rows) if rows else torch.zeros(0, 4)


def boxes_in_place(boxes, small, image):
    boxes *= factors(small, image)
    return boxes


def corner_only(boxes, small, image):
    corner = boxes[:, :2] * factors(small, image)[:2]
    return torch.cat([corner, corner + boxes[:, 2:] - boxes[:, :2]], 1)


def only_this_size(boxes, small, image):
    return boxes * factors((101, 150), (180, 400))


BOXES_WRONG = [
    (lambda b, s, i: None, "return"),
    (lambda b, s, i: b / factors(s, i), "divided instead"),
    (lambda b, s, i: b * factors(s, i)[[1, 0, 3, 2]], "swapped"),
    (lambda b, s, i: b * i[1] / s[1], "that of the columns"),
    (lambda b, s, i: b * i[0] / s[0], "that of the rows"),
    (lambda b, s, i: b * torch.tensor([i[1] // s[1], i[0] // s[0]] * 2), "whole numbers"),
    (lambda b, s, i: (b * factors(s, i)).round(), "rounded to whole pixels"),
    (lambda b, s, i: (b * factors(s, i)).long().float(), "cut down to whole"),
    (corner_only, "only the corner"),
    (lambda b, s, i: b, "nothing has changed"),
    (lambda b, s, i: (b * factors(s, i)).clamp(min=0), "half outside"),
    (lambda b, s, i: b + 5, "belongs at"),
    (lambda b, s, i: (b * factors(s, i)).numpy(), "torch.Tensor"),
    (boxes_in_place, "changes its input"),
    (only_this_size, "written into the code"),
]


COST_RIGHT = [
    lambda scales: sum(1 / scale**2 for scale in scales),
    lambda scales: (torch.tensor(scales) ** -2).sum(),
    lambda scales: torch.tensor(scales).pow(-2).sum().item(),
]

COST_WRONG = [
    (lambda s: None, "return"),
    (lambda s: [1 / x**2 for x in s], "one number"),
    (lambda s: sum(1 / x for x in s), "square of the scale"),
    (lambda s: sum(x**2 for x in s), "do not multiply"),
    (lambda s: sum(1 / x**2 for x in s) / len(s), "mean"),
    (lambda s: sum((s[0] / x) ** 2 for x in s), "next to scale 1"),
    (lambda s: sum(1 / x**2 for x in s[1:]), "on top of"),
    (len, "counts the levels"),
    (lambda s: 7, "the cost is"),
]


def merge(levels, iou):
    boxes = torch.cat([level.boxes for level in levels])
    scores = torch.cat([level.scores for level in levels])
    keep = nms(boxes, scores, iou)
    return Detections(boxes[keep], scores[keep])


def merge_one_by_one(levels, iou):
    boxes, scores = levels[0]
    for more in levels[1:]:
        boxes, scores = torch.cat([boxes, more[0]]), torch.cat([scores, more[1]])
    order = nms(boxes, scores, iou).tolist()
    return Detections(boxes[order], scores[order])


def each_level(levels, iou):
    kept = [(b[nms(b, s, iou)], s[nms(b, s, iou)]) for b, s in levels]
    return Detections(torch.cat([b for b, _ in kept]), torch.cat([s for _, s in kept]))


def changed(how):
    """`merge` with a mistake at its end."""
    return lambda levels, iou: Detections(*how(*merge(levels, iou)))


def worst_stays(levels, iou):
    boxes, scores = (torch.cat(part) for part in zip(*levels, strict=True))
    keep = nms(boxes, -scores, iou).flip(0)
    return Detections(boxes[keep], scores[keep])


def scores_left_behind(levels, iou):
    boxes, scores = (torch.cat(part) for part in zip(*levels, strict=True))
    keep = nms(boxes, scores, iou)
    return Detections(boxes[keep], scores[: len(keep)])


def merge_in_place(levels, iou):
    answer = merge(levels, iou)
    levels[0].scores.zero_()
    return answer


MERGE_WRONG = [
    (lambda levels, iou: None, "return"),
    (lambda levels, iou: 7, "boxes and scores"),
    (lambda levels, iou: (1, 2), "must be tensors"),
    (lambda levels, iou: merge(levels, iou)[::-1], "must be"),
    (lambda levels, iou: merge(levels, 1.0), "still there"),
    (each_level, "on each of two levels"),
    (lambda levels, iou: merge(levels[:1], iou), "whole levels dropped"),
    (changed(lambda b, s: (b.flip(0), s.flip(0))), "best score first"),
    (worst_stays, "best of overlapping"),
    (scores_left_behind, "go together"),
    (lambda levels, iou: merge(levels, 0.5), "is iou_threshold used"),
    (merge_in_place, "changes its input"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_scales_for: ([scales_loop, scales_formula, scales_tensor], SCALES_WRONG),
    checks.check_boxes_to_image: (
        [lambda b, s, i: b * factors(s, i), boxes_by_columns, boxes_by_row],
        BOXES_WRONG,
    ),
    checks.check_pyramid_cost: (COST_RIGHT, COST_WRONG),
    checks.check_merge_levels: ([merge, merge_one_by_one], MERGE_WRONG),
}
