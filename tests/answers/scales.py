"""Right and wrong answers to the exercises of Lesson 08."""

import math
from itertools import pairwise

import numpy as np
import torch

from helpers.boxes import Detections, apply_nms, box_iou, nms
from helpers.checks import scales as checks


def parts(smallest, largest, step):
    return max(1, math.ceil(math.log(largest / smallest) / math.log(step)))


def scales_formula(smallest, largest, step):
    count = parts(smallest, largest, step)
    ratio = (largest / smallest) ** (1 / count)
    return [smallest / 100 * ratio ** (k + 0.5) for k in range(count)]


def scales_loop(smallest, largest, step):
    count = 1
    while (largest / smallest) ** (1 / count) > step:
        count += 1
    ratio, scales, start = (largest / smallest) ** (1 / count), [], smallest
    for _ in range(count):
        scales.append((start * start * ratio) ** 0.5 / 100)
        start *= ratio
    return tuple(scales)


def scales_by_a_difference(smallest, largest, step):
    """Right, though log10(200) - log10(50) is more than the double of log10(2), by a rounding."""
    count = max(1, math.ceil((math.log10(largest) - math.log10(smallest)) / math.log10(step)))
    ends = [smallest * (largest / smallest) ** (k / count) for k in range(count + 1)]
    return [(a * b) ** 0.5 / 100 for a, b in pairwise(ends)]


def scales_logspace(smallest, largest, step):
    ends = np.geomspace(smallest, largest, parts(smallest, largest, step) + 1)
    return np.sqrt(ends[:-1] * ends[1:]) / 100


def scales_tensor(smallest, largest, step):
    count = parts(smallest, largest, step)
    ends = torch.linspace(math.log(smallest / 100), math.log(largest / 100), count + 1)
    return ((ends[1:] + ends[:-1]) / 2).exp()


def scales_ends(smallest, largest, step, count=None):
    count = count or parts(smallest, largest, step)
    return [smallest / 100 * (largest / smallest) ** (k / count) for k in range(count + 1)]


def scales_arithmetic(*arguments):
    ends = scales_ends(*arguments)
    return [(a + b) / 2 for a, b in pairwise(ends)]


def scales_in_pixels(smallest, largest, step):
    count = parts(smallest, largest, step)
    return [(smallest + (k + 0.5) * (largest - smallest) / count) / 100 for k in range(count)]


def scales_of(count):
    """Right but for the number of parts."""

    def wrong(smallest, largest, step):
        return scales_formula(
            smallest, largest, 1.0001 * (largest / smallest) ** (1 / count(smallest, largest, step))
        )

    return wrong


def steps(largest, smallest, step):
    return math.log(largest / smallest) / math.log(step)


def scales_of_whole_steps(smallest, largest, step):
    return [smallest / 100 * step ** (k + 0.5) for k in range(parts(smallest, largest, step))]


def scales_growing(smallest, largest, step):
    scales = [smallest / 100]
    while scales[-1] < largest / 100:
        scales.append(scales[-1] * step)
    return scales


def scales_without_the_one(smallest, largest, step):
    return [] if smallest == largest else scales_formula(smallest, largest, step)


def scales_that_divide_by_zero(smallest, largest, step):
    count = math.ceil(math.log(largest / smallest) / math.log(step))
    ratio = (largest / smallest) ** (1 / count)
    return [smallest / 100 * ratio ** (k + 0.5) for k in range(count)]


SCALES_WRONG = [
    (lambda s, b, r: None, "return"),
    (lambda s, b, r: 5, "the scales must be numbers"),
    (lambda s, b, r: ["1", "2"], "the scales must be numbers"),
    (lambda s, b, r: [100 * x for x in scales_loop(s, b, r)], "divide by 100"),
    (lambda s, b, r: [1 / x for x in scales_loop(s, b, r)], "inverse"),
    (lambda s, b, r: [100 / s * x for x in scales_loop(s, b, r)], "not by the smallest car"),
    (scales_ends, "the ends of the parts"),
    (lambda *a: scales_ends(*a)[:-1], "small ends"),
    (lambda *a: scales_ends(*a)[1:], "large ends"),
    (scales_arithmetic, "root of their product"),
    (scales_in_pixels, r"equal as \*factors"),
    (scales_of(lambda s, b, r: max(1, int(steps(b, s, r)))), "one part too few"),
    (scales_of(lambda s, b, r: max(1, round(steps(b, s, r)))), "one part too few"),
    (scales_of(lambda s, b, r: parts(s, b, r) + 1), "one part too many"),
    (scales_of(lambda s, b, r: int(steps(b, s, r)) + 1), "32 to 128 .*one part too many"),
    (scales_of_whole_steps, "reach beyond the largest"),
    (scales_growing, "begin at the smallest car"),
    (lambda *a: scales_growing(*a)[:-1], "begin at the smallest car"),
    (lambda s, b, r: scales_loop(s, b, r)[::-1], "wrong order"),
    (lambda s, b, r: [1.0, 2.0], "the scales are"),
    (lambda s, b, r: scales_loop(s, b, 1.3), "50 to 130"),
    (lambda *a: [round(x, 2) for x in scales_formula(*a)], "the scales are"),
    (scales_without_the_one, "there is one scale"),
    (scales_that_divide_by_zero, "of one size, from 80 to 80, it stops with ZeroDivisionError"),
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


def boxes_by_halves(boxes, small, image):
    new = boxes.clone().double()
    new[:, 0::2] *= image[1] / small[1]
    new[:, 1::2] *= image[0] / small[0]
    return new.float()


def boxes_in_place(boxes, small, image):
    boxes *= factors(small, image)
    return boxes


def corner_only(boxes, small, image):
    corner = boxes[:, :2] * factors(small, image)[:2]
    return torch.cat([corner, corner + boxes[:, 2:] - boxes[:, :2]], 1)


def border(image):
    return torch.tensor([image[1], image[0]] * 2)


def only_this_size(boxes, small, image):
    return boxes * factors((101, 150), (180, 400))


BOXES_WRONG = [
    (lambda b, s, i: b if s == i else b * factors(s, i), "a new tensor, not the one that came"),
    (lambda b, s, i: (b * factors(s, i)).squeeze(0), "result for one box has shape"),
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
    (lambda b, s, i: (b * factors(s, i)).abs(), r"box \[-8.0.* at \[-21.33.*not at \[21.33"),
    (lambda b, s, i: (b * factors(s, i)).numpy(), "torch.Tensor"),
    (boxes_in_place, "changes its input"),
    (only_this_size, "written into the code"),
    (lambda b, s, i: b * factors(s, i)[[0, 0, 1, 1]], "wrong order"),
    (lambda b, s, i: b * factors(s, i).mean(), "mean of both"),
    (lambda b, s, i: b * factors(s, i).round(), "rounded to whole numbers"),
    (lambda b, s, i: torch.minimum(b * factors(s, i), border(i)), "right and lower border"),
    (lambda b, s, i: torch.minimum(b * factors(s, i), border(i)).clamp(min=0), "image's border"),
    (lambda b, s, i: torch.stack([row * factors(s, i) for row in b]), r"for no boxes, \[0, 4\]"),
    (lambda b, s, i: (b * factors(s, i))[:, :2], "shape"),
    (lambda b, s, i: b * factors(s, i).clamp(min=1), "made larger"),
]


COST_RIGHT = [
    lambda scales: sum(1 / scale**2 for scale in scales),
    lambda scales: (torch.tensor(scales) ** -2).sum(),
    lambda scales: torch.tensor(scales).pow(-2).sum().item(),
    lambda scales: np.sum(1 / np.array(scales, dtype=float) ** 2),
    lambda scales: float(sum((1 / scale) * (1 / scale) for scale in scales)),
]


def geometric(scales):
    if len(scales) == 1:
        return 1 / scales[0] ** 2
    q = (scales[0] / scales[1]) ** 2
    return (1 - q ** len(scales)) / (1 - q) / scales[0] ** 2


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
    (geometric, "need not be a geometric series"),
    (lambda s: sum(1 / x**2 for x in s) + 1, "counted on top"),
    (lambda s: sum(1 / x for x in s) ** 2, "square of a sum"),
    (lambda s: round(sum(1 / x**2 for x in s), 2), "rounded"),
    (lambda s: 1 / s[0] ** 2 + sum(1 / x**2 for x in s[1:]), "for no scales.*IndexError"),
    (lambda s: sum(1 / x**2 for x in s) or 1, "no level costs nothing"),
    (lambda s: sum(1 / max(x, 1) ** 2 for x in s), "the cost is"),
    (lambda s: s.sort() or sum(1 / x**2 for x in s), "changes its input"),
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


def level_after_level(levels, iou):
    """What is dropped at one level can no longer be asked whether it was itself suppressed."""
    kept = levels[0]
    for level in levels[1:]:
        kept = merge([kept, level], iou)
    return kept


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


def each_level_and_all(levels, iou):
    return merge([merge([level], iou) for level in levels], iou)


def without_empty_levels(levels, iou):
    full = [level for level in levels if len(level.boxes)]
    return merge(full, iou)


def merge_by_hand(levels, iou):
    boxes = torch.cat([level[0] for level in levels])
    scores = torch.cat([level[1] for level in levels])
    order, kept = scores.argsort(descending=True).tolist(), []
    for one in order:
        if all(box_iou(boxes[[one]], boxes[[k]]).item() <= iou for k in kept):
            kept.append(one)
    return Detections(boxes[kept].reshape(-1, 4), scores[kept])


def merge_sorted(levels, iou):
    pairs = [pair for level in levels for pair in zip(*level, strict=True)]
    if not pairs:
        return Detections(torch.zeros(0, 4), torch.zeros(0))
    boxes, scores = (torch.stack(part) for part in zip(*pairs, strict=True))
    return apply_nms(Detections(boxes, scores), iou)


MERGE_WRONG = [
    (lambda levels, iou: levels[0] if len(levels) == 1 else merge(levels, iou), "one level alone"),
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
    (lambda levels, iou: tuple(merge(levels, iou)), "plain pair"),
    (lambda levels, iou: merge(levels, iou if iou == 1 else 0.5), "0.8 allowed"),
    (lambda levels, iou: each_level([*levels, *levels], iou), "several times"),
    (level_after_level, "not after each level"),
    (each_level_and_all, "whose only better rival is itself suppressed"),
    (without_empty_levels, "if all levels are empty, it stops with"),
    (lambda levels, iou: merge(levels, iou).boxes, "boxes and scores"),
    (changed(lambda b, s: (b, s.flip(0))), "go together"),
    (changed(lambda b, s: (b.round(decimals=-1), s)), "best of overlapping"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_scales_for: (
        [scales_loop, scales_formula, scales_by_a_difference, scales_logspace, scales_tensor],
        SCALES_WRONG,
    ),
    checks.check_boxes_to_image: (
        [lambda b, s, i: b * factors(s, i), boxes_by_columns, boxes_by_row, boxes_by_halves],
        BOXES_WRONG,
    ),
    checks.check_pyramid_cost: (COST_RIGHT, COST_WRONG),
    checks.check_merge_levels: (
        [merge, merge_one_by_one, merge_by_hand, merge_sorted],
        MERGE_WRONG,
    ),
}
