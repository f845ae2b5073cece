"""Right and wrong answers to the exercises of Lesson 09."""

import torch
from torch.nn.functional import pad

from helpers.boxes import Detections, box_iou, nms
from helpers.checks import photographs as checks
from helpers.hard_negatives import cut_windows
from helpers.metrics import iou_at_least, match


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


def standardised(x, spread, by=0.25):
    return (0.5 + by * (x - parts(x)[0]) / spread).clamp(0, 1)


def standardise_by_max(x):
    mean = x.mean((1, 2, 3), keepdim=True)
    variance = ((x - mean) ** 2).mean((1, 2, 3), keepdim=True)
    spread = torch.maximum(variance.sqrt(), torch.tensor(1e-6))
    return torch.clip(0.5 + 0.25 * (x - mean) / spread, 0, 1)


def grey_where(x, flat):
    """0.5 where `flat` finds one single grey, and else divided by the spread alone."""
    return torch.where(flat(x), 0.5, standardised(x, parts(x)[1]))


def in_place(x):
    x.copy_(standardise(x))
    return x


def grey_below(x):
    """Right: what is of one grey, but for rounding, is 0.5 everywhere."""
    return grey_where(x, lambda x: parts(x)[1] < 1e-6)


STANDARDISE_WRONG = [
    (lambda x: standardised(x, 1e-6 if (parts(x)[1] < 1e-6).any() else parts(x)[1]), "beside one"),
    (lambda x: torch.full_like(x, 0.5) if x[0].std() < 1e-6 else standardise(x), "beside one"),
    (lambda x: None, "return"),
    (lambda x: x.clone(), "nothing has changed"),
    (lambda x: (0.5 + 0.25 * (x - x.mean()) / x.std()).clamp(0, 1), "whole batch"),
    (lambda x: (0.5 + x - parts(x)[0]).clamp(0, 1), "divided by the spread$"),
    (lambda x: (x - parts(x)[0]) / parts(x)[1], "mean 0 and spread 1"),
    (lambda x: 0.5 + 0.25 * (x - parts(x)[0]) / parts(x)[1], "clamp"),
    (lambda x: (0.5 + 0.25 * (x - parts(x)[0]) / parts(x)[1]).clamp(0, 1), "one single grey"),
    (lambda x: (0.5 + 0.25 * (x - parts(x)[0]) / parts(x)[1] ** 2).clamp(0, 1), "variance"),
    (stretched, "darkest to the brightest"),
    (lambda x: 1 - standardise(x), "contrast is turned"),
    (lambda x: standardise(x).numpy(), "torch.Tensor"),
    (lambda x: standardise(x)[:, 0], "shape"),
    (lambda x: x * 0.5 + 0.1, "mean 0.5 and spread 0.25"),
    (in_place, "changes its input"),
    (lambda x: standardise(x).clamp(max=0.9), "mean 0.5 and spread 0.25"),
    (lambda x: (0.5 + 0.25 * (x - parts(x)[0]) / parts(x)[1]).clamp(max=1), "clamp to"),
    (lambda x: (0.5 + 0.25 * (x - parts(x)[0]) / parts(x)[1]).clamp(min=0), "clamp to"),
    (lambda x: standardised(x, parts(x)[1].clamp(min=1e-2)), "a faint image, of spread 0.003"),
    (lambda x: standardised(x, (parts(x)[1] ** 2 + 1e-6).sqrt()), "a faint image"),
    (lambda x: standardised(x, parts(x)[1] + 5e-5), "a faint image"),
    (lambda x: standardised(x, parts(x)[1] + 1e-12), "but for rounding"),
    (lambda x: standardised(x, parts(x)[1]).nan_to_num(0.5), "but for rounding"),
    (lambda x: grey_where(x, lambda x: parts(x)[1] == 0), "but for rounding"),
    (
        lambda x: grey_where(x, lambda x: (x == x[..., :1, :1]).all(3, True).all(2, True)),
        "but for rounding",
    ),
    (lambda x: standardised(x, parts(x)[1].clamp(min=1e-6), by=0.5), "spread is 0.5"),
    (lambda x: standardised(x, parts(x)[1].clamp(min=1e-6), by=1.0), "spread is 1"),
    (lambda x: (standardised(x, parts(x)[1]) * 2 - 0.75).clamp(0, 1), "other way round"),
    (lambda x: (0.5 + 0.25 * x / parts(x)[1]).clamp(0, 1), "subtract its mean first"),
    (lambda x: (0.25 * (x - parts(x)[0]) / parts(x)[1]).clamp(0, 1), "add 0.5"),
    (lambda x: 0.5 + 0.25 * ((x - parts(x)[0]) / parts(x)[1]).clamp(0, 1), "at the very end"),
    (lambda x: (0.5 + 0.25 * (x - x.mean(3, True)) / x.std(3, keepdim=True)).clamp(0, 1), "row"),
    (lambda x: (0.5 + 0.25 * (x - x.mean(2, True)) / x.std(2, keepdim=True)).clamp(0, 1), "column"),
    (lambda x: (0.5 + 0.25 * (x - parts(x)[0])).clamp(0, 1), "only times 0.25"),
]


def mine(image, found, truth, threshold):
    height, width = image.shape[-2:]
    crops = [torch.zeros(0, 1, 40, 100)]
    for box, score in zip(found.boxes, found.scores, strict=True):
        if score > threshold and (box_iou(box[None], truth) < 0.3).all():
            rows = (int(box[1]) + torch.arange(40)).clamp(0, height - 1)
            cols = (int(box[0]) + torch.arange(100)).clamp(0, width - 1)
            crops.append(image[:, rows][:, :, cols][None])
    return torch.cat(crops)


def mine_at_once(image, found, truth, threshold):
    far = ~(box_iou(found.boxes, truth) >= 0.3).any(dim=1)
    return cut_windows(image, found.boxes[(found.scores > threshold) & far])


def mine_pixel_by_pixel(image, found, truth, threshold):
    height, width = image.shape[-2:]
    crops = []
    for i, (x, y, _, _) in enumerate(found.boxes.int().tolist()):
        overlaps = [box_iou(found.boxes[i : i + 1], car[None]).item() for car in truth]
        if found.scores[i] > threshold and max(overlaps, default=0.0) < 0.3:
            rows = [min(max(row, 0), height - 1) for row in range(y, y + 40)]
            cols = [min(max(col, 0), width - 1) for col in range(x, x + 100)]
            crops.append(image[:, rows][:, :, cols])
    return torch.stack(crops) if crops else torch.empty(0, 1, 40, 100)


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


def limits_swapped(image, x, y):
    height, width = image.shape[-2:]
    rows = (y + torch.arange(40)).clamp(0, width - 1).clamp(0, height - 1)
    cols = (x + torch.arange(100)).clamp(0, height - 1)
    return image[:, rows][:, :, cols]


def corners_swapped(image, x, y):
    height, width = image.shape[-2:]
    rows = (x + torch.arange(40)).clamp(0, height - 1)
    cols = (y + torch.arange(100)).clamp(0, width - 1)
    return image[:, rows][:, :, cols]


def padded_by(margin):
    def wrong(image, found, truth, threshold):
        wide = pad(image[None], (margin,) * 4, mode="replicate")[0]
        crops = [torch.zeros(0, 1, 40, 100)]
        for box, score in zip(found.boxes, found.scores, strict=True):
            if score > threshold and (box_iou(box[None], truth) < 0.3).all():
                x, y = int(box[0]) + margin, int(box[1]) + margin
                crop = wide[None, :, max(y, 0) : y + 40, max(x, 0) : x + 100]
                crops.append(crop)
        if len(crops) > 1 and any(c.shape != crops[0][:1].shape for c in crops[1:]):
            odd = [c for c in crops[1:] if c.shape[2:] != (40, 100)]
            return odd[0] if odd else torch.cat(crops)
        return torch.cat(crops)

    return wrong


def best_overlap_without_cars(image, found, truth, threshold):
    best = box_iou(found.boxes, truth).max(dim=1).values
    return cut_windows(image, found.boxes[(found.scores > threshold) & (best < 0.3)])


def stack_of_none(image, found, truth, threshold):
    return torch.stack([*mine(image, found, truth, threshold)])


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
    (lambda *a: mine(*a)[:1], "false positives are boxes 1 and 2"),
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
    (chosen(both, limits_swapped), "each other's limit"),
    (chosen(both, corners_swapped), "x and y are swapped"),
    (chosen(both, lambda image, x, y: image[:, 0:40, 0:100]), "not the pixels under"),
    (padded_by(16), "reaches past the image"),
    (padded_by(60), "reaches past the image"),
    (best_overlap_without_cars, "in a scene without cars.*IndexError"),
    (stack_of_none, "without false positives, it stops with"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_standardise: (
        [standardise, standardise_one_by_one, standardise_flat, standardise_by_max, grey_below],
        STANDARDISE_WRONG,
    ),
    checks.check_mine: (
        [mine, mine_by_padding, mine_at_once, mine_pixel_by_pixel],
        MINE_WRONG,
    ),
}
