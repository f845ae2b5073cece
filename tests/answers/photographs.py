"""Right and wrong answers to the exercises of Lesson 09."""

import torch
from torch.nn.functional import pad

from helpers.boxes import Detections, box_iou, nms
from helpers.checks import photographs as checks
from helpers.hard_negatives import mine_hard_negatives
from helpers.metrics import iou_at_least, match

BARS_RIGHT = [
    lambda before, after: before >= 0.2 and after >= 0.95,
    lambda before, after: not (before < 0.2 or after < 0.95),
]

BARS_WRONG = [
    (lambda b, a: None, "return"),
    (lambda b, a: "yes", "True or False"),
    (lambda b, a: b > 0.2 and a > 0.95, "≥, not >"),
    (lambda b, a: b >= 0.2 or a >= 0.95, "and, not or"),
    (lambda b, a: a >= 0.95, "first bar is missed"),
    (lambda b, a: b >= 0.2, "second bar is missed"),
    (lambda b, a: a >= 0.2 and b >= 0.95, "both bars are passed"),
    (lambda b, a: True, "missed"),
]


def parts(x):
    return x.mean((1, 2, 3), keepdim=True), x.std((1, 2, 3), keepdim=True)


def standardise(x):
    mean, spread = parts(x)
    return (0.5 + 0.25 * (x - mean) / spread.clamp(min=1e-6)).clamp(0, 1)


def standardise_one_by_one(x):
    return torch.stack([((i - i.mean()) / (i.std() + 1e-6) * 0.25 + 0.5).clamp(0, 1) for i in x])


def standardise_flat(x):
    flat = x.reshape(len(x), -1)
    flat = flat - flat.mean(1, keepdim=True)
    spread = (flat**2).mean(1, keepdim=True).sqrt().clamp(min=1e-6)
    return (0.5 + flat / spread / 4).clamp(0, 1).reshape(x.shape)


def stretched(x):
    low, high = x.amin((1, 2, 3), keepdim=True), x.amax((1, 2, 3), keepdim=True)
    return (x - low) / (high - low)


def in_place(x):
    x.copy_(standardise(x))
    return x


STANDARDISE_WRONG = [
    (lambda x: None, "return"),
    (lambda x: x.clone(), "nothing has changed"),
    (lambda x: (0.5 + 0.25 * (x - x.mean()) / x.std()).clamp(0, 1), "whole batch"),
    (lambda x: (0.5 + x - parts(x)[0]).clamp(0, 1), "divided by the spread"),
    (lambda x: (x - parts(x)[0]) / parts(x)[1], "mean 0 and spread 1"),
    (lambda x: 0.5 + 0.25 * (x - parts(x)[0]) / parts(x)[1], "clamp"),
    (lambda x: (0.5 + 0.25 * (x - parts(x)[0]) / parts(x)[1]).clamp(0, 1), "one single grey"),
    (lambda x: (0.5 + 0.25 * (x - parts(x)[0]) / parts(x)[1] ** 2).clamp(0, 1), "variance"),
    (stretched, "darkest to the brightest"),
    (lambda x: 1 - standardise(x), "mean 0.5 and spread"),
    (lambda x: standardise(x).numpy(), "torch.Tensor"),
    (lambda x: standardise(x)[:, 0], "shape"),
    (in_place, "changes its input"),
]


def mine(image, found, truth, threshold):
    return mine_hard_negatives(image, found, truth, threshold=threshold)


def mine_by_padding(image, found, truth, threshold):
    wide = pad(image[None], (120, 120, 60, 60), mode="replicate")[0]
    crops = []
    for box, score in zip(found.boxes, found.scores, strict=True):
        far = all(box_iou(box[None], car[None]).item() < 0.3 for car in truth)
        if score > threshold and far:
            x, y = int(box[0]) + 120, int(box[1]) + 60
            crops.append(wide[:, y : y + 40, x : x + 100])
    return torch.stack(crops) if crops else torch.zeros(0, 1, 40, 100)


def chosen(choose, cut=None):
    """A miner that takes the boxes that `choose(scores, far, threshold)` marks."""

    def wrong(image, found, truth, threshold):
        far = (box_iou(found.boxes, truth) < 0.3).all(1)
        keep = choose(found.scores, far, threshold)
        boxes = found.boxes[keep].long().tolist()
        cut_one = cut or (lambda image, x, y: image[:, y : y + 40, x : x + 100])
        crops = [cut_one(image, x, y) for x, y, _, _ in boxes]
        return torch.stack(crops) if crops else torch.zeros(0, 1, 40, 100)

    return wrong


def both(scores, far, threshold):
    return (scores > threshold) & far


def moved_inside(image, x, y):
    y, x = min(max(y, 0), image.shape[1] - 40), min(max(x, 0), image.shape[2] - 100)
    return image[:, y : y + 40, x : x + 100]


def without_cars_nothing(image, found, truth, threshold):
    return mine(image, found, truth, threshold if len(truth) else 1.0)


def none_is_a_list(image, found, truth, threshold):
    crops = mine(image, found, truth, threshold)
    return crops if len(crops) else []


def far_by(rule):
    """A miner whose `rule(overlap)` says which boxes are far from every car."""

    def wrong(image, found, truth, threshold):
        false = found.scores > threshold
        if len(truth):
            false &= rule(box_iou(found.boxes, truth))
        return mine(image, Detections(*(part[false] for part in found)), truth[:0], threshold)

    return wrong


def rearranged(choose):
    """A miner that first picks and orders the boxes: `choose(boxes, scores)` gives numbers."""

    def wrong(image, found, truth, threshold):
        numbers = choose(*found)
        return mine(image, Detections(*(part[numbers] for part in found)), truth, threshold)

    return wrong


def by_matching(image, found, truth, threshold):
    false = ~match(found, truth, iou_at_least(0.3))
    return mine(image, Detections(*(part[false] for part in found)), truth[:0], threshold)


def from_the_threshold_on(image, found, truth, threshold):
    return mine(image, found, truth, threshold - 1e-6)


def zeros_outside(image, found, truth, threshold):
    wide = pad(image, (120, 120, 60, 60))
    boxes = found.boxes + torch.tensor([120.0, 60, 120, 60])
    shifted = found._replace(boxes=boxes)
    return mine(wide, shifted, truth + torch.tensor([120.0, 60, 120, 60]), threshold)


MINE_WRONG = [
    (lambda *a: None, "return"),
    (lambda *a: [], "torch.Tensor"),
    (lambda *a: mine(*a)[:, 0], "stack"),
    (lambda *a: mine(*a).transpose(2, 3), "rows come first"),
    (lambda *a: mine(*a)[..., :50], "40×50"),
    (chosen(lambda s, far, t: (s > t) & ~far), "true detections"),
    (chosen(lambda s, far, t: s > t), "cars too"),
    (chosen(lambda s, far, t: far), "use the threshold"),
    (chosen(lambda s, far, t: s > 0), "nothing is left out"),
    (lambda *a: mine(*a).flip(0), "keep the order"),
    (lambda *a: mine(*a)[:1], "false alarms are boxes 1 and 2"),
    (without_cars_nothing, "without cars every box"),
    (none_is_a_list, "shape|0, 1, 40, 100"),
    (from_the_threshold_on, "just the threshold"),
    (rearranged(lambda boxes, scores: scores.argsort(descending=True)), "keep the order"),
    (far_by(lambda iou: (iou <= 0.3).all(1)), "just 0.3"),
    (far_by(lambda iou: (iou < 0.5).all(1)), "IoU of 0.35"),
    (far_by(lambda iou: (iou < 0.2).all(1)), "IoU of 0.29"),
    (far_by(lambda iou: iou.sum(1) < 0.3), "not their sum"),
    (far_by(lambda iou: iou.mean(1) < 0.3), "not their mean"),
    (far_by(lambda iou: iou[:, 0] < 0.3), "second"),
    (by_matching, "two boxes lie on one car"),
    (rearranged(lambda b, s: nms(b, s, 0.3).sort().values), "no non-maximum suppression"),
    (lambda *a: mine(*a)[:3], "overlap all count"),
    (chosen(both, moved_inside), "repeat the border's"),
    (zeros_outside, "repeat the border's"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_passes_bars: (BARS_RIGHT, BARS_WRONG),
    checks.check_standardise: (
        [standardise, standardise_one_by_one, standardise_flat],
        STANDARDISE_WRONG,
    ),
    checks.check_mine: ([mine, mine_by_padding], MINE_WRONG),
}
