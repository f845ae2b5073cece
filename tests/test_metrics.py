"""Metrics: against scikit-learn, COCO's own evaluator, and a loop from the definition."""

import contextlib
import io
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

from helpers.boxes import Detections
from helpers.metrics import (
    UIUC,
    UIUC_MULTISCALE,
    Criterion,
    PrecisionRecall,
    area_under_curve,
    average_precision,
    curve_from_matches,
    equal_error_rate,
    iou_at_least,
    match,
    match_all,
    precision_recall,
    roc_auc,
)

NONE = torch.zeros(0, 4)
NOTHING = Detections(NONE, torch.zeros(0))


def boxes(*rows):
    return torch.tensor(rows, dtype=torch.float32).reshape(-1, 4)


def found(*rows):
    """Detections from rows (x1, y1, x2, y2, score)."""
    table = torch.tensor(rows, dtype=torch.float32).reshape(-1, 5)
    return Detections(table[:, :4], table[:, 4])


def curve(*points):
    """A curve from points (recall, precision)."""
    recall, precision = torch.tensor(points, dtype=torch.float64).reshape(-1, 2).unbind(1)
    return PrecisionRecall(precision, recall, torch.arange(len(recall), 0, -1).double())


CAR = (0, 0, 10, 10)
HIT, HALF, MISS = (0, 0, 10, 10), (0, 0, 10, 5), (50, 50, 60, 60)


def scene_pairs(images, cars, seed, ties=False):
    """Random detections near and far from random cars, which never overlap each other."""
    dice = random.Random(seed)
    detections, ground_truth = [], []
    for _ in range(images):
        truth, rows = [], []
        for place in range(dice.randint(0, cars)):
            x, y = 40 * place, dice.randint(0, 20)
            truth.append((x, y, x + 20, y + 10))
            for _ in range(dice.randint(0, 3)):
                dx, dy = dice.randint(-10, 10), dice.randint(-5, 5)
                score = dice.randint(1, 5) / 5 if ties else dice.random()
                rows.append((x + dx, y + dy, x + dx + 20, y + dy + 10, score))
        for _ in range(dice.randint(0, 2)):
            x = dice.randint(300, 400)
            rows.append((x, 0, x + 20, 10, dice.randint(1, 5) / 5 if ties else dice.random()))
        dice.shuffle(rows)
        ground_truth.append(boxes(*truth))
        detections.append(found(*rows))
    return detections, ground_truth


# Against other people's programs


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ties", [False, True])
def test_the_curve_is_scikit_learns_when_each_detection_is_a_car_or_not(seed, ties):
    generator = np.random.default_rng(seed)
    is_car = generator.random(50) < 0.4
    scores = generator.integers(0, 8, 50) / 8 if ties else generator.random(50)
    # One image for each detection: every car has exactly one detection, and is found.
    detections = [found((*HIT, score)) for score in scores]
    ground_truth = [boxes(CAR) if car else NONE for car in is_car]
    ours = precision_recall(detections, ground_truth)
    precision, recall, thresholds = precision_recall_curve(
        is_car, scores.astype(np.float32), drop_intermediate=False
    )
    assert np.allclose(ours.precision, precision[-2::-1])
    assert np.allclose(ours.recall, recall[-2::-1])
    assert np.allclose(ours.thresholds, thresholds[::-1])
    step_area = (np.diff(ours.recall, prepend=0) * ours.precision.numpy()).sum()
    assert step_area == pytest.approx(average_precision_score(is_car, scores))


def coco_ap(detections, ground_truth):
    """COCO's AP at IoU 0.5, over all areas, for one class."""
    images = [
        {"id": number, "width": 500, "height": 100} for number in range(1, len(ground_truth) + 1)
    ]
    annotations, results = [], []
    for image, (detected, truth) in enumerate(zip(detections, ground_truth, strict=True), start=1):
        for x1, y1, x2, y2 in truth.tolist():
            box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
            head = {"id": len(annotations) + 1, "image_id": image, "category_id": 1, "iscrowd": 0}
            annotations.append(head | box)
        for (x1, y1, x2, y2), score in zip(*(part.tolist() for part in detected), strict=True):
            box = [x1, y1, x2 - x1, y2 - y1]
            results.append({"image_id": image, "category_id": 1, "bbox": box, "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": images,
            "annotations": annotations,
            "categories": [{"id": 1, "name": "car"}],
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(results), "bbox")
        evaluation.params.iouThrs = np.array([0.5])
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"][0, :, 0, 0, -1].mean()


@pytest.mark.parametrize("seed", range(8))
def test_average_precision_at_101_recalls_is_cocos(seed):
    detections, ground_truth = scene_pairs(images=12, cars=4, seed=seed)
    # No recall may be just k / 100, where COCO's own rounding decides: missed cars see to that.
    while sum(map(len, ground_truth)) % 2 == 0 or sum(map(len, ground_truth)) % 5 == 0:
        ground_truth.append(boxes(CAR))
        detections.append(NOTHING)
    ours = average_precision(precision_recall(detections, ground_truth), points=101)
    assert 0.02 < ours < 0.95
    assert ours == pytest.approx(coco_ap(detections, ground_truth), abs=1e-9)


# Against the definition


def slow_iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return both / (area - both)


def slow_points(detections, ground_truth, threshold):
    """(recall, precision) at each different score: everything at or above it counts."""
    hits = []  # (score, is true)
    for detected, truth in zip(detections, ground_truth, strict=True):
        rows = sorted(
            zip(*(part.tolist() for part in detected), strict=True), key=lambda row: -row[1]
        )
        free = truth.tolist()
        for box, score in rows:
            best = max(free, key=lambda car: slow_iou(box, car), default=None)
            is_true = best is not None and slow_iou(box, best) >= threshold
            if is_true:
                free.remove(best)
            hits.append((score, is_true))
    cars = sum(len(truth) for truth in ground_truth)
    points = []
    for score in sorted({score for score, _ in hits}, reverse=True):
        at_or_above = [is_true for other, is_true in hits if other >= score]
        points.append((sum(at_or_above) / cars, sum(at_or_above) / len(at_or_above)))
    return points


@given(st.integers(0, 2**32), st.booleans(), st.sampled_from([0.3, 0.5, 0.75]))
def test_the_curve_follows_the_definition(seed, ties, threshold):
    detections, ground_truth = scene_pairs(images=4, cars=3, seed=seed, ties=ties)
    ground_truth.append(boxes(CAR))  # at least one car, and an image without detections
    detections.append(NOTHING)
    ours = precision_recall(detections, ground_truth, threshold)
    points = list(zip(ours.recall.tolist(), ours.precision.tolist(), strict=True))
    expected = slow_points(detections, ground_truth, threshold)
    assert len(points) == len(expected)
    assert np.allclose(points, expected, atol=1e-9)
    assert (ours.thresholds.diff() < 0).all()


curves = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20)), min_size=1, max_size=12).map(
    lambda rows: curve(*((r / 20, p / 20) for r, p in sorted(rows)))
)


@given(curves, st.sampled_from([None, 11, 101]))
def test_average_precision_follows_the_definition(ours, points):
    recall, precision = ours.recall.tolist(), ours.precision.tolist()

    def best_at_or_beyond(level):
        return max((p for r, p in zip(recall, precision, strict=True) if r >= level), default=0)

    if points is None:
        steps = zip([0, *recall], recall, strict=False)
        expected = sum((now - before) * best_at_or_beyond(now) for before, now in steps)
    else:
        expected = sum(best_at_or_beyond(k / (points - 1)) for k in range(points)) / points
    assert average_precision(ours, points=points) == pytest.approx(expected)


@pytest.mark.parametrize("points", [11, 101])
def test_a_recall_that_is_reached_exactly_counts(points):
    for k in range(points):
        ours = average_precision(curve((k / (points - 1), 1)), points=points)
        assert ours == pytest.approx((k + 1) / points)


# Matching


def test_iou_of_exactly_the_threshold_counts():
    assert precision_recall([found((*HALF, 1))], [boxes(CAR)], 0.5).recall.tolist() == [1]
    assert precision_recall([found((*HALF, 1))], [boxes(CAR)], 0.51).recall.tolist() == [0]


@pytest.mark.parametrize("tenths", [3, 6, 7, 9])
def test_thresholds_that_no_float_holds_exactly_count_too(tenths):
    detection = found((0, 0, 10, tenths, 1))
    assert precision_recall([detection], [boxes(CAR)], tenths / 10).recall.tolist() == [1]


def test_a_car_found_twice_counts_once_and_the_better_score_wins():
    detections = found((*HALF, 0.9), (*HIT, 0.8))
    assert match(detections, boxes(CAR), iou_at_least(0.5)).tolist() == [True, False]
    ours = precision_recall([detections], [boxes(CAR)])
    assert ours.recall.tolist() == [1, 1]
    assert ours.precision.tolist() == [1, 0.5]


def test_matches_are_in_the_order_of_the_detections():
    detections = found((*HALF, 0.8), (*HIT, 0.9), (*MISS, 0.95))
    assert match(detections, boxes(CAR), iou_at_least(0.5)).tolist() == [False, True, False]


def test_a_detection_takes_the_best_car_and_not_the_first():
    cars = boxes((0, 0, 10, 10), (0, 2, 10, 12))
    detections = found((0, 2, 10, 12, 0.9), (0, 0, 10, 10, 0.8))
    assert match(detections, cars, iou_at_least(0.5)).tolist() == [True, True]
    # Taking the first good enough car would leave only the second for (0, 0, 10, 10): a miss at
    strict = iou_at_least(0.67)
    assert match(detections, cars, strict).tolist() == [True, True]


def test_a_detection_whose_best_car_is_taken_takes_the_next():
    cars = boxes((0, 0, 10, 10), (0, 2, 10, 12))
    detections = found((0, 0, 10, 10, 0.9), (0, 0, 10, 10, 0.8))
    assert match(detections, cars, iou_at_least(0.5)).tolist() == [True, True]
    assert match(detections, cars, iou_at_least(0.7)).tolist() == [True, False]


def test_no_car_and_no_detection_match_nothing():
    assert match(found((*HIT, 1)), NONE, iou_at_least(0.5)).tolist() == [False]
    assert match(NOTHING, boxes(CAR), iou_at_least(0.5)).tolist() == []
    assert match(NOTHING, NONE, UIUC).tolist() == []


# The curve


def test_tied_scores_are_one_point():
    detections = [found((*HIT, 0.5), (*MISS, 0.5)), found((*MISS, 0.5))]
    ours = precision_recall(detections, [boxes(CAR), boxes(CAR)])
    assert ours.precision.tolist() == pytest.approx([1 / 3])
    assert ours.recall.tolist() == [0.5]
    assert ours.thresholds.tolist() == [0.5]


def test_the_order_of_tied_detections_makes_no_difference():
    rows = [(*HIT, 0.5), (*MISS, 0.5), (*MISS, 0.7)]
    first = precision_recall([found(*rows)], [boxes(CAR)])
    second = precision_recall([found(*rows[::-1])], [boxes(CAR)])
    assert first.precision.tolist() == second.precision.tolist()
    assert first.recall.tolist() == second.recall.tolist()


def test_images_without_detections_still_count_their_cars():
    ours = precision_recall([found((*HIT, 0.9)), NOTHING], [boxes(CAR), boxes(CAR, MISS)])
    assert ours.recall.tolist() == pytest.approx([1 / 3])


def test_images_without_cars_still_count_their_false_detections():
    ours = precision_recall([found((*HIT, 0.9)), found((*HIT, 0.9))], [boxes(CAR), NONE])
    assert ours.precision.tolist() == [0.5]


def test_scores_that_differ_only_in_double_precision_are_different_points():
    scores = torch.tensor([1 - 1e-12, 1 - 2e-12], dtype=torch.float64)
    ours = precision_recall([Detections(boxes(HIT, MISS), scores)], [boxes(CAR)])
    assert ours.precision.tolist() == [1, 0.5]


def test_no_detections_at_all_give_zero_without_a_crash():
    ours = precision_recall([NOTHING, NOTHING], [boxes(CAR), NONE])
    assert len(ours.precision) == len(ours.recall) == len(ours.thresholds) == 0
    assert area_under_curve(ours) == 0
    assert equal_error_rate(ours) == 0
    for points in (None, 11, 101):
        assert average_precision(ours, points=points) == 0


def test_plain_tuples_will_do_as_detections():
    ours = precision_recall([(boxes(HIT), torch.tensor([0.5]))], [boxes(CAR)])
    assert ours.recall.tolist() == [1]


@pytest.mark.parametrize("criterion", [0.5, UIUC, UIUC_MULTISCALE])
def test_inputs_are_not_changed(criterion):
    detections, ground_truth = scene_pairs(images=5, cars=3, seed=1, ties=True)
    copies = [(part[0].clone(), part[1].clone()) for part in detections]
    true_copies = [truth.clone() for truth in ground_truth]
    precision_recall(detections, ground_truth, criterion)
    for (box, score), (old_box, old_score) in zip(detections, copies, strict=True):
        assert torch.equal(box, old_box)
        assert torch.equal(score, old_score)
    assert all(torch.equal(a, b) for a, b in zip(ground_truth, true_copies, strict=True))


def test_a_table_of_similarities_is_not_changed():
    table = torch.tensor([[0.9], [0.8]])
    by_table = Criterion("from a table", lambda boxes, truth: table, 0.5)
    detections = found((*HIT, 0.9), (*HIT, 0.8))
    assert match(detections, boxes(CAR), by_table).tolist() == [True, False]
    assert torch.equal(table, torch.tensor([[0.9], [0.8]]))


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="2 images of detections, but 1 of ground truth"):
        precision_recall([NOTHING, NOTHING], [boxes(CAR)])
    for ground_truth in ([NONE], []):
        with pytest.raises(ValueError, match="no object in the ground truth"):
            precision_recall([NOTHING] * len(ground_truth), ground_truth)
    with pytest.raises(ValueError, match="one score, not NaN"):
        precision_recall([Detections(boxes(HIT), torch.zeros(2))], [boxes(CAR)])
    with pytest.raises(ValueError, match="one score, not NaN"):
        precision_recall([Detections(boxes(HIT), torch.tensor([torch.nan]))], [boxes(CAR)])
    with pytest.raises(ValueError, match="x1 <= x2"):
        precision_recall([found((*HIT, 1))], [boxes((9, 9, 0, 0))])


# The UIUC criterion


def moved_detections(rows, cols):
    return found((20 + cols, 30 + rows, 120 + cols, 70 + rows, 1))


UIUC_CAR = boxes((20, 30, 120, 70))


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(
    ("rows", "cols", "counts"),
    [
        (0, 25, True),
        (0, 26, False),
        (10, 0, True),
        (11, 0, False),
        (6, 20, True),  # 0.36 + 0.64 = 1
        (8, 15, True),
        (6, 21, False),
        (7, 20, False),
        (10, 1, False),
    ],
)
def test_the_uiuc_ellipse_has_exact_edges(rows, cols, counts, sign):
    assert match(moved_detections(sign * rows, cols), UIUC_CAR, UIUC).tolist() == [counts]
    assert match(moved_detections(rows, sign * cols), UIUC_CAR, UIUC).tolist() == [counts]


def test_the_uiuc_ellipse_is_exact_for_all_whole_pixels():
    moves = [(row, col) for row in range(-12, 13) for col in range(-27, 28)]
    expected = [4 * col**2 + 25 * row**2 <= 2500 for row, col in moves]
    inside = [match(moved_detections(*move), UIUC_CAR, UIUC).item() for move in moves]
    assert inside == expected


def test_the_nearest_car_in_the_ellipse_is_taken():
    cars = boxes((0, 0, 100, 40), (20, 0, 120, 40))
    detections = found((18, 0, 118, 40, 0.9), (-20, 0, 80, 40, 0.8))
    assert match(detections, cars, UIUC).tolist() == [True, True]


@pytest.mark.parametrize("width", [50, 100, 125, 130, 200])
def test_the_multi_scale_criterion_by_hand(width):
    """A quarter of the width in x and in size, a quarter of the height (0.4 × width) in y."""
    height = 0.4 * width
    car = boxes((100, 100, 100 + width, 100 + height))
    centre = (100 + width / 2, 100 + height / 2)

    def is_found(dx=0.0, dy=0.0, dw=0.0):
        w = width + dw
        x, y = centre[0] + dx, centre[1] + dy
        box = (x - w / 2, y - 0.2 * w, x + w / 2, y + 0.2 * w)
        return match(found((*box, 1)), car, UIUC_MULTISCALE).item()

    quarter = 0.25 * width
    assert is_found()
    for sign in (-1, 1):
        assert is_found(dx=sign * 0.99 * quarter)
        assert not is_found(dx=sign * 1.01 * quarter)
        assert is_found(dy=sign * 0.99 * 0.4 * quarter)
        assert not is_found(dy=sign * 1.01 * 0.4 * quarter)
        assert is_found(dw=sign * 0.99 * quarter)
        assert not is_found(dw=sign * 1.01 * quarter)
        assert is_found(0.57 * quarter, 0.57 * 0.4 * quarter, sign * 0.57 * quarter)
        assert not is_found(0.58 * quarter, 0.58 * 0.4 * quarter, sign * 0.58 * quarter)


def test_the_multi_scale_size_is_the_true_one_and_not_the_detected_one():
    small, large = (0, 0, 60, 24), (-10, -4, 70, 28)  # widths 60 and 80, same centre
    assert match(found((*small, 1)), boxes(large), UIUC_MULTISCALE).tolist() == [True]
    assert match(found((*large, 1)), boxes(small), UIUC_MULTISCALE).tolist() == [False]


def test_the_multi_scale_edges_count():
    car = boxes((0, 0, 100, 40))
    for box in ((25, 0, 125, 40), (0, 10, 100, 50), (-12.5, -5, 112.5, 45)):
        assert match(found((*box, 1)), car, UIUC_MULTISCALE).tolist() == [True]


# What has no answer


@pytest.mark.parametrize("criterion", ["UIUC", "0.5", b"UIUC", None, True])
def test_a_criterion_that_is_none_is_refused(criterion):
    with pytest.raises(TypeError, match="a criterion is a Criterion, as UIUC is, or an IoU"):
        precision_recall([NOTHING], [boxes(CAR)], criterion)


@pytest.mark.parametrize("threshold", [float("nan"), -0.1, 1.5, 50, float("inf")])
def test_an_iou_that_nothing_reaches_is_refused(threshold):
    with pytest.raises(ValueError, match=r"an IoU lies in \[0, 1\]"):
        precision_recall([NOTHING], [boxes(CAR)], threshold)


@pytest.mark.parametrize("threshold", [np.float32(0.5), torch.tensor(0.5), 1])
def test_every_kind_of_number_is_an_iou(threshold):
    assert precision_recall([found((*HIT, 1))], [boxes(CAR)], threshold).recall.tolist() == [1]


def test_a_criterion_of_nan_is_refused():
    with pytest.raises(ValueError, match="criterion mine: the minimum must be a number"):
        Criterion("mine", UIUC.similarity, float("nan"))


@pytest.mark.parametrize(
    "table", [torch.tensor([[torch.nan]]), torch.zeros(1), torch.zeros(2, 1), torch.zeros(1, 2)]
)
def test_a_similarity_that_is_no_table_of_numbers_is_refused(table):
    mine = Criterion("mine", lambda boxes, ground_truth: table, 0.5)
    with pytest.raises(ValueError, match=r"criterion mine: the similarity must be \[1, 1\]"):
        match(found((*HIT, 1)), boxes(CAR), mine)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float64])
def test_a_similarity_may_be_yes_or_no_and_still_counts_each_car_once(dtype):
    yes_or_no = Criterion("mine", lambda b, g: (UIUC.similarity(b, g) >= -1).to(dtype), 1)
    twice = found((*HIT, 0.8), (*HIT, 0.9), (*MISS, 0.95))
    assert match(twice, boxes(CAR), yes_or_no).tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([0.9], r"shape \[2\], not \[1\]"),
        ([0.9, 0.8, 0.7], r"shape \[2\]"),
        ([0.9, torch.nan], "NaN"),
    ],
)
def test_scores_that_do_not_fit_the_boxes_of_one_image_are_refused(scores, message):
    with pytest.raises(ValueError, match=message):
        match((boxes(HIT, MISS), torch.tensor(scores)), boxes(CAR), iou_at_least(0.5))


def test_a_car_that_is_taken_is_taken_whatever_the_minimum():
    anything = Criterion("mine", UIUC.similarity, -torch.inf)
    assert match(found((*HIT, 0.8), (*MISS, 0.9)), boxes(CAR), anything).tolist() == [False, True]


def test_the_detections_of_one_image_are_no_list_of_images():
    two = found((*HIT, 1), (*MISS, 1))
    with pytest.raises(TypeError, match=r"\[detections\]"):
        precision_recall(two, boxes(CAR, MISS))


@pytest.mark.parametrize("points", [1, 0, -11, 2.5, True])
def test_average_precision_needs_two_points(points):
    with pytest.raises(ValueError, match="points must be a whole number from 2 on"):
        average_precision(curve((1, 1)), points=points)


def test_a_curve_has_no_point_at_nan():
    with pytest.raises(ValueError, match="not NaN"):
        curve((1, 1)).at(float("nan"))


@pytest.mark.parametrize("criterion", [0.5, UIUC, UIUC_MULTISCALE])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int32, torch.int64])
def test_a_perfect_detector_is_perfect_in_every_type(criterion, dtype):
    cars = boxes((0, 0, 300, 300), (400, 0, 500, 300)).to(dtype)
    scores = torch.tensor([0.5, 0.75]).half()
    ours = precision_recall([Detections(cars, scores)], [cars], criterion)
    assert average_precision(ours) == 1


def test_the_ellipse_is_as_sharp_in_half_precision():
    car = boxes((2000, 0, 2040, 16)).half()
    beside = Detections(boxes((2026, 0, 2066, 16)).half(), torch.ones(1))
    assert match(beside, car, UIUC).tolist() == [False]


# The numbers made of the curve, by hand


@pytest.mark.parametrize(
    ("points", "area"),
    [
        ([], 0),
        ([(1, 1)], 1),
        ([(0.5, 1)], 0.5),  # recall that is never reached adds nothing
        ([(1, 0.5)], 0.75),  # a trapezoid from (0, 1)
        ([(0.5, 1), (0.5, 0.5), (1, 2 / 3)], 0.5 + 0.5 * (0.5 + 2 / 3) / 2),
        ([(0, 0), (1, 0.5)], 0.25),
        ([(0, 0)], 0),
    ],
)
def test_the_area_by_hand(points, area):
    assert area_under_curve(curve(*points)) == pytest.approx(area)


@pytest.mark.parametrize(
    ("points", "rate"),
    [
        ([], 0),
        ([(1, 1)], 1),
        ([(0.5, 1)], 0.5),  # ends before: its last recall
        ([(0.5, 1), (0.75, 0.75), (1, 0.5)], 0.75),
        ([(0.5, 0.9), (0.8, 0.6)], 0.6),
        ([(0, 0), (0, 0)], 0),
    ],
)
def test_the_equal_error_rate_by_hand(points, rate):
    assert equal_error_rate(curve(*points)) == pytest.approx(rate)


def test_average_precision_by_hand():
    ours = curve((0.5, 1), (0.5, 0.5), (1, 2 / 3))
    assert average_precision(ours) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert average_precision(ours, points=11) == pytest.approx((6 + 5 * 2 / 3) / 11)


def test_a_perfect_detector_has_ones_everywhere():
    ground_truth = [boxes(CAR, MISS), boxes(CAR), NONE]
    detections = [Detections(truth, torch.rand(len(truth)) + 0.1) for truth in ground_truth]
    for criterion in (0.5, 1.0, UIUC, UIUC_MULTISCALE):
        ours = precision_recall(detections, ground_truth, criterion)
        assert area_under_curve(ours) == average_precision(ours) == equal_error_rate(ours) == 1


# The ROC curve


def scored(seed, count, levels=None):
    """Random scores and labels of both kinds; with `levels`, scores with many ties."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3 % 2
    scores = torch.randn(count, generator=generator) + labels
    return (scores * levels).round() if levels else scores, labels


@pytest.mark.parametrize("levels", [None, 1, 3])
@pytest.mark.parametrize("seed", range(5))
def test_roc_auc_is_how_often_a_car_scores_higher_ties_half(seed, levels):
    scores, labels = scored(seed, 60, levels)
    wins = [
        1.0 if car > other else 0.5 if car == other else 0.0
        for car in scores[labels == 1].tolist()
        for other in scores[labels == 0].tolist()
    ]
    assert roc_auc(scores, labels) == pytest.approx(sum(wins) / len(wins), abs=1e-12)
    expected = roc_auc_score(labels.numpy(), scores.numpy())
    assert roc_auc(scores, labels) == pytest.approx(expected, abs=1e-12)


def test_roc_auc_of_known_orders():
    labels = torch.tensor([1, 1, 0, 0])
    assert roc_auc(torch.tensor([4.0, 3, 2, 1]), labels) == 1
    assert roc_auc(torch.tensor([1.0, 2, 3, 4]), labels) == 0
    assert roc_auc(torch.zeros(4), labels) == 0.5


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (torch.zeros(2, 1), torch.tensor([0, 1]), "one score"),
        (torch.zeros(3), torch.tensor([0, 1]), "one score"),
        (torch.tensor([0, torch.nan]), torch.tensor([0, 1]), "not NaN"),
        (torch.zeros(2), torch.tensor([0, 2]), "labels must be"),
        (torch.zeros(2), torch.tensor([1, 1]), "at least one car and one other"),
        (torch.zeros(2), torch.tensor([0, 0]), "at least one car and one other"),
        (torch.zeros(0), torch.zeros(0), "at least one car and one other"),
    ],
)
def test_roc_auc_refuses_what_has_no_answer(scores, labels, message):
    with pytest.raises(ValueError, match=message):
        roc_auc(scores, labels)


def test_pooled_images_are_the_curve_and_may_be_drawn_twice():
    ground_truth = [boxes([0, 0, 10, 10]), boxes([0, 0, 10, 10], [50, 0, 60, 10]), NONE]
    detections = [found([0, 0, 10, 10, 0.9]), NOTHING, found([5, 5, 9, 9, 0.4])]
    matched = match_all(detections, ground_truth)
    assert [image.objects for image in matched] == [1, 2, 0]
    curve, expected = curve_from_matches(matched), precision_recall(detections, ground_truth)
    torch.testing.assert_close(curve.precision, expected.precision)
    torch.testing.assert_close(curve.recall, expected.recall)
    doubled = curve_from_matches([matched[i] for i in (0, 0, 2)])
    assert doubled.recall.tolist() == [1.0, 1.0]
    assert doubled.precision.tolist() == [1.0, pytest.approx(2 / 3)]


def test_the_curve_at_a_threshold_counts_what_scores_that_much_or_more():
    ground_truth = [boxes([0, 0, 10, 10], [50, 0, 60, 10])]
    detections = [found([0, 0, 10, 10, 0.75], [20, 0, 30, 10, 0.5], [50, 0, 60, 10, 0.5])]
    curve = precision_recall(detections, ground_truth)
    assert curve.at(0.95) == (1.0, 0.0)
    assert curve.at(0.75) == (1.0, 0.5)
    assert curve.at(0.6) == (1.0, 0.5)
    assert curve.at(0.5) == (pytest.approx(2 / 3), 1.0)
    assert precision_recall([NOTHING], ground_truth).at(0.5) == (1.0, 0.0)
