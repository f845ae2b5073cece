"""Right and wrong answers to mean average precision, Lesson 10."""

from statistics import mean

import numpy as np
import torch

from helpers.boxes import Detections
from helpers.checks import mean_precision as checks
from helpers.metrics import area_under_curve, average_precision, precision_recall


def of_class(label, found, truth, measure=average_precision):
    mine = [Detections(b[c == label], s[c == label]) for b, s, c in found]
    true = [b[c == label] for b, c in truth]
    return measure(precision_recall(mine, true))


def classes_of(pages):
    return torch.cat([labels for *_, labels in pages]).unique().tolist()


def mean_ap(found, truth):
    values = [of_class(label, found, truth) for label in classes_of(truth)]
    return sum(values) / len(values)


def mean_ap_by_numpy(found, truth):
    known = sorted({label for _, labels in truth for label in labels.tolist()})
    return np.mean([of_class(label, found, truth) for label in known])


def mean_ap_by_tensors(found, truth):
    values = {label: of_class(label, found, truth) for label in classes_of(truth)}
    return torch.tensor([*values.values()], dtype=torch.float64).mean()


def mean_ap_in_a_loop(found, truth):
    total, count = 0.0, 0
    for label in range(1, 1 + max(int(labels.max()) for _, labels in truth if len(labels))):
        true = [boxes[labels == label] for boxes, labels in truth]
        if not sum(map(len, true)):
            continue
        mine = [Detections(*page).of(label) for page in found]
        total, count = total + average_precision(precision_recall(mine, true)), count + 1
    return total / count


def over_classes(classes, join=mean, **options):
    """A mean over other classes; those that do not occur give 0."""

    def wrong(found, truth):
        there = classes_of(truth)
        return join(
            [
                of_class(label, found, truth, **options) if label in there else 0.0
                for label in classes(found, truth)
            ]
        )

    return wrong


def of_truth(found, truth):
    return classes_of(truth)


def of_both(found, truth):
    return {*classes_of(truth), *classes_of(found)}


def of_detections(found, truth):
    called = set(classes_of(found))
    return [label for label in classes_of(truth) if label in called]


def pooled(found, truth):
    pairs = [Detections(boxes, scores) for boxes, scores, _ in found]
    return average_precision(precision_recall(pairs, [boxes for boxes, _ in truth]))


def weighted(found, truth):
    labels = torch.cat([labels for _, labels in truth]).tolist()
    return mean(of_class(label, found, truth) for label in labels)


def page_by_page(found, truth):
    pages = zip(found, truth, strict=True)
    return mean(mean_ap([one], [other]) for one, other in pages if len(other[1]))


def on_its_pages(found, truth):
    values = []
    for label in classes_of(truth):
        pages = [k for k, (_, labels) in enumerate(truth) if (labels == label).any()]
        values.append(of_class(label, [found[k] for k in pages], [truth[k] for k in pages]))
    return mean(values)


def all_from_one(found, truth):
    last = max(classes_of(truth) + classes_of(found))
    return over_classes(lambda *_: range(1, last + 1))(found, truth)


def with_all_truth(found, truth):
    """The detections of one class against the boxes of all."""
    true = [boxes for boxes, _ in truth]
    return mean(
        average_precision(precision_recall([Detections(*page).of(label) for page in found], true))
        for label in classes_of(truth)
    )


def crashes_on_what_is_not_there(found, truth):
    return mean(of_class(label, found, truth) for label in of_both(found, truth))


def where_something_is_found(found, truth):
    pages = [k for k, (boxes, *_) in enumerate(found) if len(boxes)]
    return mean_ap([found[k] for k in pages], [truth[k] for k in pages])


def running_mean(found, truth):
    """Right for two classes, and for no more."""
    values = [of_class(label, found, truth) for label in classes_of(truth)]
    result = values[0]
    for value in values[1:]:
        result = (result + value) / 2
    return result


MEAN_WRONG = [
    (where_something_is_found, "^mean_ap: three[^;]*a page on which nothing is found[^;]*$"),
    (running_mean, "three classes.*expected"),
    (lambda *a: None, "return"),
    (lambda *a: [mean_ap(*a)], "must be one number"),
    (lambda *a: torch.tensor([mean_ap(*a)]), "must be one number"),
    (pooled, "the classes are not told apart"),
    (over_classes(of_truth, sum), "that is the sum"),
    (lambda f, t: mean(of_class(c, f, t) for c in range(1, 11)), "leave out a class"),
    (over_classes(of_both), "leave them out"),
    (all_from_one, "every class from 1 to the last"),
    (over_classes(of_detections, lambda v: mean(v or [0.0])), "a class that is never found counts"),
    (weighted, "each class counts once"),
    (on_its_pages, "keep all pages"),
    (page_by_page, "mean over pages"),
    (over_classes(of_truth, measure=area_under_curve), "use average_precision"),
    (over_classes(of_truth, max), "best class"),
    (over_classes(of_truth, min), "worst class"),
    (over_classes(of_truth, lambda v: v[-1]), "one class only"),
    (over_classes(of_truth, lambda v: v[0]), "first class only"),
    (lambda *a: 100 * mean_ap(*a), "in percent"),
    (lambda *a: 1 - mean_ap(*a), "1 - mAP"),
    (with_all_truth, "expected"),
    (crashes_on_what_is_not_there, "it stops with ValueError"),
]

#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_mean_ap: (
        [mean_ap, mean_ap_by_numpy, mean_ap_by_tensors, mean_ap_in_a_loop],
        MEAN_WRONG,
    ),
}
