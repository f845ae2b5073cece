"""Several classes: AP against COCO's own program, the confusion matrix against scikit-learn."""

import contextlib
import io

import numpy as np
import pytest
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from sklearn.metrics import confusion_matrix as sklearns

from helpers.boxes import Detections
from helpers.classwise import (
    COCO_IOUS,
    confusion_matrix,
    match_classes,
    mean_average_precision,
    mean_over_classes,
    pool_classes,
)
from helpers.metrics import match_all, precision_recall

CLASSES = ("background", "disc", "star", "ring", "never there")
# So many objects of each class in all images: no recall is just k / 100 (but 1), where COCO's own
# rounding decides.
COUNTS = {1: 7, 2: 11, 3: 13}
IMAGES = 6


def crowd(seed):
    """Objects of three classes on six images, and boxes near and far, of right classes or not."""
    rng = np.random.default_rng(seed)
    truth = [[] for _ in range(IMAGES)]
    found = [[] for _ in range(IMAGES)]
    for label, count in COUNTS.items():
        for _ in range(count):
            image = int(rng.integers(IMAGES))
            x, y, w, h = *rng.uniform(0, 200, 2), *rng.uniform(12, 40, 2)
            truth[image].append((x, y, x + w, y + h, label))
            for _ in range(rng.integers(0, 4)):
                dx, dy, dw, dh = rng.normal(0, 0.12, 4) * (w, h, w, h)
                said = label if rng.random() < 0.8 else int(rng.integers(1, 5))
                box = (x + dx, y + dy, x + dx + w * (1 + dw / w), y + dy + h * (1 + dh / h))
                found[image].append((*box, said, rng.random()))
    ground_truth, labels, detections = [], [], []
    for objects, answers in zip(truth, found, strict=True):
        table = torch.tensor(objects).float().reshape(-1, 5)
        ground_truth.append(table[:, :4])
        labels.append(table[:, 4].long())
        table = torch.tensor(answers, dtype=torch.float64).reshape(-1, 6)
        detections.append(Detections(table[:, :4].float(), table[:, 5], table[:, 4].long()))
    return detections, ground_truth, labels


def cocos(detections, ground_truth, labels):
    """COCO's precision [IoU, recall, class], over all areas, at most 100 boxes an image."""
    annotations, results = [], []
    for image, (found, boxes, kinds) in enumerate(
        zip(detections, ground_truth, labels, strict=True)
    ):
        for (x1, y1, x2, y2), label in zip(boxes.tolist(), kinds.tolist(), strict=True):
            box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
            head = {"id": len(annotations) + 1, "image_id": image + 1, "iscrowd": 0}
            annotations.append(head | box | {"category_id": label})
        parts = (part.tolist() for part in (*found, found.labels))
        for (x1, y1, x2, y2), score, label in zip(*parts, strict=True):
            box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "score": score, "category_id": label}
            results.append({"image_id": image + 1} | box)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": i + 1, "width": 300, "height": 300} for i in range(len(detections))],
            "annotations": annotations,
            "categories": [{"id": k, "name": CLASSES[k]} for k in range(1, 5)],
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.eval["precision"][:, :, :, 0, -1], evaluation.stats


@pytest.mark.parametrize("seed", range(6))
def test_each_class_and_the_mean_are_cocos(seed):
    detections, ground_truth, labels = crowd(seed)
    ours = mean_average_precision(detections, ground_truth, labels, classes=CLASSES)
    precision, stats = cocos(detections, ground_truth, labels)
    assert 0.2 < ours.ap50 < 0.95
    assert ours.ap < ours.ap50
    assert ours.ap == pytest.approx(stats[0], abs=1e-9)
    assert ours.ap50 == pytest.approx(stats[1], abs=1e-9)
    assert list(ours.ap_of) == ["disc", "star", "ring"]
    for label in COUNTS:
        assert ours.ap_of[CLASSES[label]] == pytest.approx(precision[:, :, label - 1].mean())
        assert ours.ap50_of[CLASSES[label]] == pytest.approx(precision[0, :, label - 1].mean())
    assert (precision[:, :, 3] == -1).all()  # COCO leaves it out, too


def test_a_wrong_class_in_the_right_place_is_a_false_positive_and_a_miss():
    boxes = [torch.tensor([[0.0, 0, 10, 10]])]
    found = [Detections(boxes[0], torch.tensor([0.9]), torch.tensor([2]))]
    wrong = mean_average_precision(found, boxes, [torch.tensor([1])], classes=CLASSES)
    assert wrong.ap50_of == {"disc": 0}
    right = mean_average_precision(found, boxes, [torch.tensor([2])], classes=CLASSES)
    assert right == (1, 1, {"star": 1}, {"star": 1})


def test_the_thresholds_of_coco_are_exact_hundredths():
    assert COCO_IOUS == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
    boxes = [torch.tensor([[0.0, 0, 20, 10]])]
    for k, iou in enumerate(COCO_IOUS):  # boxes of just this IoU count
        found = [Detections(torch.tensor([[0.0, 0, 10 + k, 10]]), torch.tensor([0.9]))]
        told = mean_average_precision(found, boxes, [torch.tensor([1])], classes=CLASSES)
        assert told.ap == pytest.approx((k + 1) / 10), iou


def test_only_the_best_hundred_boxes_of_a_class_count():
    one = torch.tensor([[0.0, 0, 10, 10]])
    far = torch.tensor([[50.0, 50, 60, 60]]).repeat(100, 1)
    scores = torch.cat([torch.tensor([0.1]), torch.linspace(0.2, 0.9, 100)])
    crowded = [Detections(torch.cat([one, far]), scores)]
    labels = [torch.tensor([1])]
    assert mean_average_precision(crowded, [one], labels, classes=CLASSES).ap50 == 0
    matches = match_classes(crowded, [one], labels, most_boxes=101)
    assert mean_over_classes(matches, CLASSES).ap50 == pytest.approx(1 / 101)
    others = torch.tensor([1] + [2] * 100)
    mixed = [Detections(*crowded[0], others)]
    assert mean_average_precision(mixed, [one], labels, classes=CLASSES).ap50 == 1


def test_matches_of_some_images_give_what_these_images_give():
    detections, ground_truth, labels = crowd(1)
    matches = match_classes(detections, ground_truth, labels)
    for images in ([0, 2], [3, 3, 1, 5], range(IMAGES)):
        chosen = [[part[i] for i in images] for part in (detections, ground_truth, labels)]
        assert mean_over_classes(matches, CLASSES, images) == mean_average_precision(
            *chosen, classes=CLASSES
        )
    one_class = [0] * IMAGES
    assert mean_over_classes(matches, CLASSES, one_class).ap <= 1


def test_a_pool_of_one_class_is_what_it_always_was():
    detections, ground_truth, _ = crowd(2)
    cars = [Detections(*each) for each in detections]
    ones = [torch.ones(len(boxes), dtype=torch.int64) for boxes in ground_truth]
    pooled = pool_classes(cars, ground_truth, ones, 0.4)
    expected = match_all(cars, ground_truth, 0.4)
    for one, other in zip(pooled, expected, strict=True):
        assert torch.equal(one.scores, other.scores)
        assert torch.equal(one.is_true, other.is_true)
        assert one.objects == other.objects
    assert len(precision_recall(cars, ground_truth).recall) > 5


def test_a_pool_counts_every_box_and_every_object_once_each_in_its_class():
    detections, ground_truth, labels = crowd(3)
    pooled = pool_classes(detections, ground_truth, labels)
    assert sum(image.objects for image in pooled) == sum(COUNTS.values())
    assert sum(len(image.scores) for image in pooled) == sum(len(d.scores) for d in detections)
    matches = match_classes(detections, ground_truth, labels, most_boxes=1000)
    right = sum(int(i.is_true.sum()) for of in matches.values() for i in of[0.5])
    assert sum(int(image.is_true.sum()) for image in pooled) == right
    unlabelled = sum(int(m.is_true.sum()) for m in match_all(detections, ground_truth, 0.5))
    assert right < unlabelled


def test_what_does_not_fit_together_is_refused():
    detections, ground_truth, labels = crowd(4)
    for function in (match_classes, pool_classes):
        with pytest.raises(ValueError, match="one label for each box"):
            function(detections, ground_truth, [each[1:] for each in labels])
        with pytest.raises(ValueError, match="one label for each box"):
            function(detections, ground_truth, labels[1:])
        with pytest.raises(ValueError, match="images of detections"):
            function(detections[1:], ground_truth, labels)
    nothing = [torch.zeros(0, 4)], [torch.zeros(0, dtype=torch.int64)]
    with pytest.raises(ValueError, match="no box in any image"):
        match_classes(detections[:1], *nothing)
    matches = match_classes(detections, ground_truth, labels)
    ground_truth.append(torch.zeros(0, 4))
    with pytest.raises(ValueError, match="none of these images has a box"):
        mean_over_classes(matches, CLASSES, [])


@pytest.mark.parametrize("label", [-1, 3])
def test_a_class_without_a_name_is_refused(label):
    """-1 is the last name of Python's, and would have taken the place of that class."""
    truth = [torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]])]
    perfect = [Detections(truth[0], torch.tensor([0.9, 0.8]), torch.tensor([2, 2]))]
    labels = [torch.tensor([2, label])]
    with pytest.raises(ValueError, match=rf"labels \[{label}\], and classes are 0 to 2"):
        mean_average_precision(perfect, truth, labels, classes=("background", "6", "9"))


# The confusion matrix


def test_the_confusion_matrix_is_scikit_learns(generator):
    labels, answers = torch.randint(0, 5, (2, 200), generator=generator)
    ours = confusion_matrix(labels, answers, 6)
    assert ours.dtype == torch.int64
    assert np.array_equal(ours.numpy(), sklearns(labels, answers, labels=range(6)))
    assert not torch.equal(ours, ours.T)
    assert confusion_matrix(labels[:0], answers[:0], 2).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("labels", "answers", "message"),
    [([0, 1], [0], "one answer for each label"), ([0, 2], [0, 1], "0 to 1"), ([0], [-1], "0 to 1")],
)
def test_labels_outside_the_matrix_are_refused(labels, answers, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(torch.tensor(labels), torch.tensor(answers), 2)
