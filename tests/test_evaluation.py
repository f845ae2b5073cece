"""The course's measurements: one protocol, checked on scenes whose answer is known."""

import pytest
import torch
from torch import nn

from helpers import evaluation
from helpers.datasets import Crops, Scene
from helpers.detector import Detector
from helpers.evaluation import (
    DetectorScores,
    choose_threshold,
    columns,
    detect_all,
    evaluate_detector,
    held_out_accuracy,
    train_on,
)
from helpers.fcn import to_fcn
from helpers.metrics import area_under_curve, precision_recall


def scenes_of(scene_with, *places):
    return [
        Scene(
            f"scene-{n}",
            scene_with(120, 220, *cars),
            torch.tensor([[c, r, c + 100, r + 40] for r, c in cars]).float().reshape(-1, 4),
        )
        for n, cars in enumerate(places)
    ]


def test_all_scenes_are_detected_in_order(pattern_classifier, scene_with):
    scenes = scenes_of(scene_with, [(4, 8)], [], [(40, 60)])
    found = detect_all(Detector(pattern_classifier), scenes)
    assert [boxes.tolist() for boxes, _ in found] == [scene.boxes.tolist() for scene in scenes]


def test_a_perfect_detector_scores_ones(pattern_classifier, scene_with):
    scenes = scenes_of(scene_with, [(4, 8), (72, 100)], [], [(40, 60)])
    assert evaluate_detector(pattern_classifier, scenes) == DetectorScores(1, 1, 1, 1, 1)


def test_a_car_that_is_never_found_costs_recall(pattern_classifier, scene_with):
    scenes = scenes_of(scene_with, [(4, 8)], [])
    hidden = Scene("hidden", scene_with(120, 220), torch.tensor([[10.0, 10, 110, 50]]))
    result = evaluate_detector(pattern_classifier, [*scenes, hidden])
    assert result == DetectorScores(0.5, 0.5, 0.5, 0.5, 0.5)


def test_a_false_detection_costs_precision(pattern_classifier, scene_with):
    (scene,) = scenes_of(scene_with, [(4, 8), (72, 100)])
    result = evaluate_detector(pattern_classifier, [Scene("one", scene.image, scene.boxes[:1])])
    assert result.eer == pytest.approx(0.5)  # both scores are the same: one point
    assert result.auc == pytest.approx(0.75)
    assert result.ap == pytest.approx(0.5)


def test_iou_and_the_official_criterion_may_disagree(pattern_classifier, scene_with):
    (scene,) = scenes_of(scene_with, [(40, 60)])
    moved = scene.boxes + torch.tensor([30.0, 0, 30, 0])  # IoU 70/130, but 30 columns off
    result = evaluate_detector(pattern_classifier, [Scene("moved", scene.image, moved)])
    assert result.eer == 1
    assert result.eer_uiuc == 0


def test_the_curve_before_suppression_counts_every_cell_that_is_called_car(
    pattern_classifier, scene_with
):
    # Constant answers: each cell of the only scene is called a car, with the same score.
    with torch.no_grad():
        pattern_classifier[2].weight.zero_()
        pattern_classifier[2].bias.copy_(torch.tensor([0.0, 1.0]))
    scenes = scenes_of(scene_with, [(40, 60)])
    cells = len(Detector(pattern_classifier).candidates(scenes[0].image).boxes)
    result = evaluate_detector(pattern_classifier, scenes)
    assert result.auc_before_nms == pytest.approx((1 + 1 / cells) / 2)
    # Called "car" at 0.73 only: above that threshold there is nothing.
    nothing = evaluate_detector(pattern_classifier, scenes, before_nms_threshold=0.8)
    assert nothing.auc_before_nms == 0
    assert nothing.auc == result.auc


def test_suppression_is_the_detectors_own(tiny_classifier):
    """The curve after suppression is that of `Detector` with its default settings."""
    fcn = to_fcn(tiny_classifier, (16, 24))
    images = [torch.rand(1, 40, 60) for _ in range(3)]
    scenes = [Scene("s", image, torch.tensor([[10.0, 10, 34, 26]])) for image in images]
    found = detect_all(Detector(fcn, threshold=evaluation.FLOOR), scenes)
    expected = area_under_curve(precision_recall(found, [scene.boxes for scene in scenes]))
    assert evaluate_detector(fcn, scenes).auc == pytest.approx(expected)


# Training protocols


@pytest.fixture
def recorded(monkeypatch):
    """No training: `fit` only remembers what it was given."""
    calls = []

    def remember(model, train, val=None, **options):
        calls.append((train, val, options))

    monkeypatch.setattr(evaluation, "fit", remember)
    return calls


def labelled(n, kind=""):
    labels = torch.arange(n) % 2
    return Crops(torch.rand(n, 1, 40, 100), labels, tuple(f"{kind}{i}" for i in range(n)))


def test_photographs_are_trained_on_whole_and_drawings_with_validation(monkeypatch, recorded):
    parts = {name: labelled(4, name) for name in ("train", "val", "all")}
    monkeypatch.setattr(evaluation, "load_crops", lambda name, split="train": parts[split])
    train_on("uiuc", 3, epochs=5)
    train_on("street", 4)
    (train, val, options), (drawn, drawn_val, _) = recorded
    assert train is parts["all"]
    assert val is None
    assert options["seed"] == 3
    assert options["epochs"] == 5
    assert drawn is parts["train"]
    assert drawn_val is parts["val"]


def test_held_out_crops_are_a_quarter_and_never_trained_on(monkeypatch, recorded):
    measured = []
    evaluate = evaluation.evaluate

    def remember(model, crops):
        measured.append(crops)
        return evaluate(model, crops)

    monkeypatch.setattr(evaluation, "evaluate", remember)
    crops = labelled(32)
    for seed in (0, 1):
        accuracy = held_out_accuracy(crops, seed, progress=False)
        assert 0 <= accuracy <= 1
    (train, val, options), _ = recorded
    assert val is None
    assert options["seed"] == 0
    assert len(train) == 24
    assert len(measured[0]) == 8
    assert not set(train.kinds) & set(measured[0].kinds)
    assert measured[0].kinds != measured[1].kinds


def test_columns_gather_each_figure_over_seeds():
    rows = [DetectorScores(0.1, 0.2, 0.3, 0.4, 0.5), DetectorScores(0.6, 0.7, 0.8, 0.9, 1.0)]
    assert columns(rows) == {
        "auc_before_nms": [0.1, 0.6],
        "auc": [0.2, 0.7],
        "ap": [0.3, 0.8],
        "eer": [0.4, 0.9],
        "eer_uiuc": [0.5, 1.0],
    }


# The threshold


class Answers(nn.Module):
    """A "classifier" whose probability of "car" is the first pixel of the crop."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        margin = torch.logit(images[:, 0, 0, 0].double(), eps=1e-12)
        return torch.stack([torch.zeros_like(margin), margin], dim=1)


def crops_with(probabilities, labels):
    images = torch.tensor(probabilities, dtype=torch.float32).view(-1, 1, 1, 1)
    return Crops(images, torch.tensor(labels))


@pytest.mark.parametrize(
    ("probabilities", "labels", "expected"),
    [
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 0.5),
        ([0.1, 0.6, 0.8, 0.9], [0, 0, 1, 1], 0.7),
        ([0.1, 0.2, 0.3, 0.9], [0, 1, 0, 1], 0.6),  # the wider of two gaps with one mistake
        ([0.2, 0.4], [1, 1], 0.1),  # all cars: below the lowest
        ([0.2, 0.4], [0, 0], 0.7),  # no cars: above the highest
        ([0.0, 1.0], [0, 1], 0.5),
    ],
)
def test_the_threshold_lies_in_the_widest_gap_that_separates_best(probabilities, labels, expected):
    threshold = choose_threshold(Answers(), crops_with(probabilities, labels))
    assert threshold == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_is_more_accurate(seed):
    generator = torch.Generator().manual_seed(seed)
    probabilities = torch.rand(40, generator=generator)
    labels = (probabilities + 0.5 * torch.rand(40, generator=generator) > 0.75).long()
    chosen = choose_threshold(Answers(), crops_with(probabilities.tolist(), labels.tolist()))

    def right(threshold):
        return ((probabilities >= threshold).long() == labels).sum()

    assert right(chosen) == max(right(t) for t in torch.linspace(0, 1, 1001))
    assert 0 < chosen < 1


def test_the_threshold_is_one_that_detector_takes(classifier):
    crops = labelled(6)
    assert Detector(classifier, threshold=choose_threshold(classifier, crops)).threshold <= 1
