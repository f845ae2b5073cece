"""Right and wrong answers to the exercises of Lesson 06."""

import torch

from helpers.boxes import box_iou, nms
from helpers.checks import boxes as checks

BOX_RIGHT = [
    lambda r, c, s: (s * c, s * r, s * c + 100, s * r + 40),
    lambda r, c, s: [c * s, r * s, c * s + 100, r * s + 40],
    lambda r, c, s: torch.tensor([c, r, c, r]) * s + torch.tensor([0, 0, 100, 40]),
]

BOX_WRONG = [
    (lambda r, c, s: None, "return"),
    (lambda r, c, s: 5, "four numbers"),
    (lambda r, c, s: (1, 2, 3), "four numbers, not 3"),
    (lambda r, c, s: (s * r, s * c, s * r + 100, s * c + 40), "x and y are swapped"),
    (lambda r, c, s: (s * r, s * c, s * r + 40, s * c + 100), "begins with the row"),
    (lambda r, c, s: (s * c - 50, s * r - 20, s * c + 50, s * r + 20), "not its centre"),
    (lambda r, c, s: (s * c, s * r, 100, 40), "width, height"),
    (lambda r, c, s: (s * c, s * r, s * c + 40, s * r + 100), "100 wide and 40 high"),
    (lambda r, c, s: (c, r, c + 100, r + 40), "not multiplied"),
    (lambda r, c, s: (s * c, s * r, s * c + 99, s * r + 39), "take 1 off"),
    (
        lambda r, c, s: (s * (c + 1), s * (r + 1), s * (c + 1) + 100, s * (r + 1) + 40),
        "one stride too far",
    ),
    (lambda r, c, s: (s * c, s * r, s * (c + 100), s * (r + 40)), "window's size is in pixels"),
    (lambda r, c, s: (0, 0, 100, 40), "the window is"),
]


def by_exponentials(z):
    """Overflows where the logits are large."""
    e = z.exp()
    return e[1] / e.sum(0)


SCORE_RIGHT = [
    lambda z: z.softmax(0)[1],
    lambda z: torch.sigmoid(z[1] - z[0]),
    lambda z: 1 / (1 + (z[0] - z[1]).exp()),
]
SCORE_WRONG = [
    (lambda z: None, "return"),
    (lambda z: z[1], "raw logit"),
    (lambda z: z[1].sigmoid(), "left out"),
    (lambda z: z[1] - z[0], "turn it into a probability"),
    (lambda z: z.softmax(0)[0], "class 1"),
    (lambda z: z.softmax(2)[1], "over the columns"),
    (lambda z: z.softmax(1)[1], "over the rows"),
    (lambda z: z[1] / z.sum(0), "may be negative"),
    (lambda z: z.softmax(0), "shape"),
    (lambda z: z.softmax(0)[1].numpy(), "torch.Tensor"),
    (lambda z: torch.full((2, 3), 0.5), "expected"),
    (by_exponentials, "overflows"),
]


def iou(a, b, *, clamp=True, extra=0, subtract=True):
    """Of two boxes, with mistakes to choose."""
    w = min(a[2], b[2]) - max(a[0], b[0]) + extra
    h = min(a[3], b[3]) - max(a[1], b[1]) + extra
    if clamp:
        w, h = max(w, 0), max(h, 0)
    areas = sum((x2 - x1 + extra) * (y2 - y1 + extra) for x1, y1, x2, y2 in (a, b))
    return w * h / (areas - w * h if subtract else areas)


def iou_by_counting_pixels(a, b):
    def pixels(box):
        x1, y1, x2, y2 = map(int, box)
        return {(x, y) for x in range(x1, x2) for y in range(y1, y2)}

    return len(pixels(a) & pixels(b)) / len(pixels(a) | pixels(b))


def clamped_in_height_only(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return w * h / ((a[2] - a[0]) * 40 + (b[2] - b[0]) * (b[3] - b[1]) - w * h)


def over(share):
    """The shared area, divided by something else than the union."""

    def wrong(a, b):
        w = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
        h = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
        areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
        around = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
        return w * h / {"smaller": min(areas), "around": around, "nothing": 1}[share]

    return wrong


IOU_RIGHT = [
    iou,
    lambda a, b: box_iou(torch.tensor([a]), torch.tensor([b]))[0, 0],
    iou_by_counting_pixels,
]
IOU_WRONG = [
    (lambda a, b: None, "return"),
    (lambda a, b: (1, 2), "one number"),
    (lambda a, b: iou(a, b, clamp=False), "negative"),
    (lambda a, b: iou(a, b, extra=1), "one pixel too many"),
    (lambda a, b: iou(a, b, subtract=False), "counted twice"),
    (clamped_in_height_only, "negative width makes"),
    (over("smaller"), "smaller box|one box"),
    (over("around"), "box around both"),
    (over("nothing"), "shared area"),
    (lambda a, b: 1.0, "expected"),
]


def keep_if(test, order="best", against="kept"):
    """Suppression with mistakes to choose; `test(overlap, allowed)` says what may stay."""

    def wrong(boxes, scores, allowed):
        places = {
            "best": scores.argsort(descending=True),
            "worst": scores.argsort(),
            "first": torch.arange(len(scores)),
        }[order].tolist()
        kept = []
        for k, i in enumerate(places):
            others = {"kept": kept, "all": places[:k], "last": kept[-1:]}[against]
            if all(test(box_iou(boxes[i][None], boxes[j][None]).item(), allowed) for j in others):
                kept.append(i)
        return kept

    return wrong


def allowed_or_less(overlap, allowed):
    return overlap <= allowed


def suppress_round_by_round(boxes, scores, allowed):
    left, kept = scores.argsort(descending=True), []
    while len(left):
        kept.append(left[0].item())
        left = left[box_iou(boxes[left[:1]], boxes[left])[0] <= allowed]
        left = left[left != kept[-1]]
    return kept


def suppress_in_place(boxes, scores, allowed):
    kept = keep_if(allowed_or_less)(boxes, scores, allowed)
    scores[:] = 0
    return kept


def suppress_and_crash(boxes, scores, allowed):
    scores.max()
    return keep_if(allowed_or_less)(boxes, scores, allowed)


def suppress_five(boxes, scores, allowed):
    return nms(boxes, scores, 0.3 if len(boxes) > 5 else allowed)


SUPPRESS_RIGHT = [
    nms,
    keep_if(allowed_or_less),
    suppress_round_by_round,
    lambda b, s, t: nms(b, s, t).numpy(),
]
SUPPRESS_WRONG = [
    (lambda b, s, t: None, "return"),
    (lambda b, s, t: 3, "list of indices"),
    (lambda b, s, t: b[nms(b, s, t)], "their indices"),
    (lambda b, s, t: s[nms(b, s, t)], "look like scores"),
    (lambda b, s, t: torch.zeros(len(s)).index_fill(0, nms(b, s, t), 1).bool(), "mask"),
    (lambda b, s, t: nms(b, s, t).sort().values, "not best first"),
    (lambda b, s, t: s.argsort(descending=True), "nothing was dropped"),
    (lambda b, s, t: [0], "expected the indices"),
    (keep_if(lambda overlap, allowed: overlap < allowed), "just `allowed`"),
    (keep_if(allowed_or_less, order="worst"), "worst come first"),
    (keep_if(allowed_or_less, order="first"), "scores are not used"),
    (keep_if(allowed_or_less, against="all"), "dropped itself"),
    (keep_if(allowed_or_less, against="last"), "only with the last"),
    (suppress_in_place, "changes its input"),
    (suppress_and_crash, "crashes"),
    (lambda b, s, t: nms(b, s, t).tolist() or [0], "no boxes at all should"),
    (suppress_five, "not for sixty"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_cell_to_box: (BOX_RIGHT, BOX_WRONG),
    checks.check_car_score: (SCORE_RIGHT, SCORE_WRONG),
    checks.check_iou: (IOU_RIGHT, IOU_WRONG),
    checks.check_suppress: (SUPPRESS_RIGHT, SUPPRESS_WRONG),
}
