"""Right and wrong answers to suppression within each class, Lesson 10."""

import torch

from helpers.boxes import Detections, box_iou, nms
from helpers.checks import classwise as checks


def within_classes(boxes, scores, labels, iou_threshold):
    """Indices of what is kept, class by class."""
    kept = [labels[:0]]
    for label in labels.unique():
        members = (labels == label).nonzero()[:, 0]
        kept.append(members[nms(boxes[members], scores[members], iou_threshold)])
    return torch.cat(kept)


def best_first(keep, scores):
    return keep[scores[keep].argsort(descending=True)]


def suppress_each(boxes, scores, labels, iou_threshold):
    keep = best_first(within_classes(boxes, scores, labels, iou_threshold), scores)
    return boxes[keep], scores[keep], labels[keep]


def suppress_moved(boxes, scores, labels, iou_threshold):
    if len(boxes) == 0:
        return boxes, scores, labels
    step = boxes.max() - boxes.min() + 1
    keep = nms(boxes + (step * labels)[:, None], scores, iou_threshold)
    return boxes[keep], scores[keep], labels[keep]


def suppress_by_hand(boxes, scores, labels, iou_threshold):
    overlap, kept = box_iou(boxes, boxes), []
    for i in scores.argsort(descending=True).tolist():
        rivals = [j for j in kept if labels[j] == labels[i]]
        if all(overlap[i, j] <= iou_threshold for j in rivals):
            kept.append(i)
    keep = torch.tensor(kept, dtype=torch.int64)
    return boxes[keep], scores[keep], labels[keep]


def suppress_parts(boxes, scores, labels, iou_threshold):
    parts = [(boxes[:0], scores[:0], labels[:0])]
    for label in sorted(set(labels.tolist())):
        of = labels == label
        keep = nms(boxes[of], scores[of], iou_threshold)
        parts.append((boxes[of][keep], scores[of][keep], labels[of][keep]))
    boxes, scores, labels = (torch.cat(part) for part in zip(*parts, strict=True))
    order = scores.sort(descending=True).indices
    return [boxes[order], scores[order], labels[order]]


def by_keep(choose):
    """An answer that keeps what `choose(boxes, scores, labels, iou_threshold)` gives."""

    def wrong(boxes, scores, labels, iou_threshold):
        keep = choose(boxes, scores, labels, iou_threshold)
        return boxes[keep], scores[keep], labels[keep]

    return wrong


def indices_within(boxes, scores, labels, iou_threshold):
    kept = [labels[:0]]
    for label in labels.unique():
        of = labels == label
        kept.append(nms(boxes[of], scores[of], iou_threshold))
    return best_first(torch.cat(kept), scores)


def numbered_from(first, last=None):
    def keep(boxes, scores, labels, iou_threshold):
        kept = [labels[:0]]
        for label in range(first, first + len(labels.unique()) if last is None else last):
            members = (labels == label).nonzero()[:, 0]
            kept.append(members[nms(boxes[members], scores[members], iou_threshold)])
        return best_first(torch.cat(kept), scores)

    return by_keep(keep)


def moved_by(step):
    return by_keep(lambda b, s, t, iou: nms(b + step * t[:, None], s, iou))


def moved_boxes(boxes, scores, labels, iou_threshold):
    boxes = boxes + 10000 * labels[:, None]
    keep = nms(boxes, scores, iou_threshold)
    return boxes[keep], scores[keep], labels[keep]


def in_place(boxes, scores, labels, iou_threshold):
    boxes += 10000 * labels[:, None]
    return suppress_each(boxes, scores, labels, iou_threshold)


def best_of_each(boxes, scores, labels, iou_threshold):
    keep = [int((scores * (labels == label)).argmax()) for label in labels.unique()]
    return best_first(torch.tensor(keep, dtype=torch.int64), scores)


def from_the_threshold_on(boxes, scores, labels, iou_threshold):
    return suppress_each(boxes, scores, labels, max(0.0, iou_threshold - 1e-6))


def first_label_for_all(*given):
    boxes, scores, labels = suppress_each(*given)
    return boxes, scores, torch.full_like(labels, given[2].min() if len(labels) else 0)


def old_labels(*given):
    boxes, scores, _ = suppress_each(*given)
    return boxes, scores, given[2][: len(boxes)]


def old_scores(boxes, scores, labels, iou_threshold):
    keep = within_classes(boxes, scores, labels, iou_threshold).sort().values
    return boxes[keep], scores[keep].sort(descending=True).values, labels[keep]


def class_of_each_box(boxes, scores, labels, iou_threshold):
    """`set` tells tensors apart by where they lie, not by their numbers."""
    kept = [labels[:0]]
    for label in set(labels):
        members = (labels == label).nonzero()[:, 0]
        kept.append(members[nms(boxes[members], scores[members], iou_threshold)])
    return best_first(torch.cat(kept), scores)


def moved_by_the_largest(boxes, scores, labels, iou_threshold):
    step = boxes.max() if len(boxes) else 0.0
    return nms(boxes + step * labels[:, None], scores, iou_threshold)


def labels_from_the_last(*given):
    boxes, scores, labels = by_keep(lambda *g: best_first(within_classes(*g), g[1]))(*given)
    return boxes, scores, labels.flip(0)


def sorted_scores_only(*given):
    keep = within_classes(*given)
    return given[0][keep], given[1][keep].sort(descending=True).values, given[2][keep]


SUPPRESS_WRONG = [
    (by_keep(class_of_each_box), "boxes come several times"),
    (by_keep(moved_by_the_largest), "largest number in `boxes`"),
    (sorted_scores_only, "3 boxes stay, as they should"),
    (labels_from_the_last, "the labels alone are wrong"),
    (lambda *a: None, "return"),
    (lambda *a: best_first(within_classes(*a), a[1]), "these are indices"),
    (lambda *a: suppress_each(*a)[:2], "three things"),
    (lambda *a: Detections(*suppress_each(*a)), "three things"),
    (lambda *a: (a[0], *suppress_each(*a)[1:]), "all three need the same indices"),
    (lambda *a: (*suppress_each(*a)[:2], suppress_each(*a)[2].float()), "labels must stay int64"),
    (lambda *a: [suppress_each(*a)[k] for k in (0, 2, 1)], "in this order"),
    (lambda *a: [suppress_each(*a)[k] for k in (1, 0, 2)], "boxes come first"),
    (lambda *a: [part.tolist() for part in suppress_each(*a)], "torch.Tensor"),
    (by_keep(lambda b, s, t, iou: nms(b, s, iou)), "hides one of another class"),
    (by_keep(within_classes), "class by class"),
    (by_keep(lambda *a: within_classes(*a).sort().values), "old order"),
    (by_keep(lambda *a: best_first(within_classes(*a), -a[1])), "the best comes last"),
    (by_keep(lambda b, s, t, iou: s.argsort(descending=True)), "nothing is dropped"),
    (by_keep(best_of_each), "only the best box of each class"),
    (by_keep(indices_within), "indices within a class"),
    (numbered_from(0), "numbered 0, 1, 2"),
    (numbered_from(1), "numbered 1, 2, 3"),
    (numbered_from(1, 11), "beyond 10"),
    (numbered_from(0, 100), "also below 0"),
    (lambda b, s, t, iou: suppress_each(b, s, t, 0.5), "always use 0.5"),
    (lambda b, s, t, iou: suppress_each(b, s, t, 0.3), "always use 0.3"),
    (from_the_threshold_on, "just the threshold"),
    (moved_by(1), "larger than the picture"),
    (moved_by(10), "larger than the picture"),
    (moved_by(100), "larger than the picture"),
    (moved_by(1000), "larger than the picture"),
    (moved_by(5000), "larger than the picture"),
    (moved_boxes, "not those that came"),
    (in_place, "changes its input"),
    (first_label_for_all, "all labels are the same"),
    (old_labels, "labels are not those of the boxes"),
    (old_scores, "scores are not those of the boxes"),
    (lambda *a: suppress_each(*a) if len(a[0]) else ([], [], []), "for no boxes"),
    (by_keep(lambda b, s, t, iou: best_first(torch.stack([*within_classes(b, s, t, iou)]), s)),
     "for no boxes, it stops with"),
]  # fmt: skip

#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_suppress_each: (
        [
            suppress_each,
            suppress_moved,
            suppress_by_hand,
            suppress_parts,
        ],
        SUPPRESS_WRONG,
    ),
}
