"""The course's measurements: one protocol, checked on scenes whose answer is known."""

from pathlib import Path

import pytest
import torch
from torch import nn

from helpers import evaluation
from helpers.boxes import Detections
from helpers.datasets import Crops, Scene
from helpers.detector import Detector, pyramid
from helpers.evaluation import (
    DetectorScores,
    accuracy_and_roc_auc,
    columns,
    evaluate_crops,
    evaluate_detector,
    mean_and_spread,
    mosaics_equal_error_rates,
    train_and_hold_out,
    train_on,
)
from helpers.fcn import to_fcn
from helpers.metrics import (
    UIUC,
    UIUC_MULTISCALE,
    area_under_curve,
    equal_error_rate,
    precision_recall,
)
from helpers.models import make_classifier, weights_digest
from helpers.mosaics import mosaics
from helpers.thresholds import SCORE_FLOOR, detect_all


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


def test_the_official_criterion_is_the_one_asked_for(pattern_classifier, scene_with):
    (scene,) = scenes_of(scene_with, [(40, 60)])
    # A truth of twice the size around the same middle: its corner is within the ellipse of the
    # multi-scale criterion, but its width is not.
    wide = scene.boxes + torch.tensor([-50.0, -20, 50, 20])
    moved = scene.boxes + torch.tensor([0.0, 9, 0, 9])
    for boxes, official, expected in (
        (wide, UIUC_MULTISCALE, 0),
        (moved, UIUC_MULTISCALE, 1),
        (moved + torch.tensor([0.0, 2, 0, 2]), UIUC_MULTISCALE, 0),
    ):
        result = evaluate_detector(
            pattern_classifier, [Scene("s", scene.image, boxes)], official=official
        )
        assert result.eer_uiuc == expected


def test_scenes_without_any_car_have_no_recall(pattern_classifier, scene_with):
    with pytest.raises(ValueError, match="no object in the ground truth"):
        evaluate_detector(pattern_classifier, scenes_of(scene_with, [], []))


def test_a_false_alarm_in_a_scene_without_cars_counts(pattern_classifier, scene_with):
    one, two = scenes_of(scene_with, [(4, 8)], [(40, 60)])
    emptied = Scene("emptied", two.image, torch.zeros(0, 4))
    assert evaluate_detector(pattern_classifier, [one, emptied]).eer == pytest.approx(0.5)


# Crops as the judge


def test_accuracy_and_roc_auc_of_known_answers():
    greys = torch.tensor([0.9, 0.4, 0.6, 0.1])
    brighter_than_half = nn.Sequential(nn.Flatten(), nn.Linear(1, 2))
    brighter_than_half[1].weight.data = torch.tensor([[0.0], [1.0]])
    brighter_than_half[1].bias.data = torch.tensor([0.0, -0.5])
    crops = Crops(greys.view(4, 1, 1, 1), torch.tensor([1, 1, 0, 0]))
    assert accuracy_and_roc_auc(brighter_than_half, crops) == (0.5, 0.75)


def test_margins_tell_apart_what_probabilities_in_float32_cannot(classifier):
    with torch.no_grad():
        classifier[-1].weight *= 1e4
        classifier[-1].bias.zero_()
    margins = evaluation._margins(classifier, labelled(20))
    assert len(margins.unique()) == 20
    assert len(torch.sigmoid(margins).unique()) < 20


@pytest.fixture
def crops(scene_with):
    """Two of a car, and two of none."""
    car, other = scene_with(40, 100, (0, 0)), scene_with(40, 100)
    return Crops(torch.stack([car, car, other, other]), torch.tensor([1, 1, 0, 0]))


def test_crops_judge_on_their_own_and_as_mosaics(pattern_classifier, crops, monkeypatch):
    monkeypatch.setattr(evaluation, "MOSAICS", 4)
    found = evaluate_crops(pattern_classifier, crops)
    assert found.accuracy == found.roc_auc == 1
    plain = evaluate_detector(pattern_classifier, mosaics(crops, count=4))
    assert (found.mosaics_auc, found.mosaics_eer) == (plain.auc, plain.eer)
    assert found.mosaics_eer > 0.5
    assert found.pale_auc == found.pale_eer == 0  # the made-up classifier needs the full contrast
    assert found.sized_auc == found.sized_eer == 0  # it knows its pattern pixel by pixel
    wrong = Crops(crops.images, 1 - crops.labels)
    assert accuracy_and_roc_auc(pattern_classifier, wrong) == (0, 0)


def test_sized_mosaics_judge_by_the_criterion_of_the_multiscale_scenes(
    pattern_classifier, crops, monkeypatch
):
    monkeypatch.setattr(evaluation, "MOSAICS", 4)
    monkeypatch.setattr(evaluation, "SIZES", (1, 1))
    found, scenes = evaluate_crops(pattern_classifier, crops), mosaics(crops, count=4)
    boxes = detect_all(Detector(pattern_classifier, threshold=SCORE_FLOOR), scenes)
    curve = precision_recall(boxes, [scene.boxes for scene in scenes], UIUC_MULTISCALE)
    assert found.sized_auc == area_under_curve(curve) > 0.5
    assert found.sized_eer == equal_error_rate(curve) > 0.5


def test_mosaics_of_several_numbers_are_judged_as_one_test_by_the_official_criteria(
    pattern_classifier, crops, monkeypatch
):
    monkeypatch.setattr(evaluation, "MOSAICS", 4)
    monkeypatch.setattr(evaluation, "SIZES", (1, 1))
    asked = []

    def remember(*arguments, **options):
        asked.append((options["seed"], options.get("sizes")))
        return mosaics(*arguments, **options)

    monkeypatch.setattr(evaluation, "mosaics", remember)
    found = mosaics_equal_error_rates(pattern_classifier, crops, (5, 7))
    assert asked == [(5, None), (7, None), (5, (1, 1)), (7, (1, 1))]
    scenes = [scene for seed in (5, 7) for scene in mosaics(crops, count=4, seed=seed)]
    boxes = detect_all(Detector(pattern_classifier, threshold=SCORE_FLOOR), scenes)
    for rate, criterion in zip(found, (UIUC_MULTISCALE, UIUC), strict=True):
        curve = precision_recall(boxes, [scene.boxes for scene in scenes], criterion)
        assert rate == equal_error_rate(curve) > 0.5


def test_only_mosaics_of_all_sizes_are_judged_with_the_pyramid(
    pattern_classifier, crops, monkeypatch
):
    monkeypatch.setattr(evaluation, "MOSAICS", 2)
    used = []

    class Remembered(Detector):
        def __init__(self, *arguments, **options):
            used.append(options["scales"])
            super().__init__(*arguments, **options)

    monkeypatch.setattr(evaluation, "Detector", Remembered)
    mosaics_equal_error_rates(pattern_classifier, crops, (0,))
    assert used == [(1.0,), pyramid()]


def test_mosaics_of_one_size_are_judged_by_the_photographs_criterion(
    pattern_classifier, crops, monkeypatch
):
    monkeypatch.setattr(evaluation, "MOSAICS", 1)
    scores = DetectorScores(0.1, 0.2, 0.3, 0.4, 0.5)
    monkeypatch.setattr(evaluation, "evaluate_detector", lambda *a, **options: scores)
    assert mosaics_equal_error_rates(pattern_classifier, crops, (0,))[1] == scores.eer_uiuc


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
    found = detect_all(Detector(fcn, threshold=SCORE_FLOOR), scenes)
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


@pytest.fixture
def parts(monkeypatch):
    """Made-up crops in place of every data set, each named after its set and split."""
    made = {}

    def load(name="street", split="train"):
        return made.setdefault((name, split), labelled(32, f"{name} {split} "))

    monkeypatch.setattr(evaluation, "load_crops", load)
    monkeypatch.setattr(evaluation, "load_or_shipped", load)
    return load


def test_photographs_are_trained_on_whole_and_drawings_with_validation(parts, recorded):
    train_on("uiuc", 3, epochs=5)
    train_on("street", 4)
    train_on(Path("folder"), 4)
    (train, val, options), (drawn, drawn_val, _), (own, own_val, _) = recorded
    assert train is parts("uiuc", "all")
    assert val is None
    assert options["seed"] == 3
    assert options["epochs"] == 5
    assert drawn is parts("street", "train")
    assert drawn_val is parts("street", "val")
    assert own is parts(Path("folder"), "train")
    assert own_val is parts(Path("folder"), "val")


def test_both_are_drawings_and_photographs(parts, recorded):
    train_on("both", 0)
    ((train, val, _),) = recorded
    assert train.kinds == parts("street", "train").kinds + parts("uiuc", "all").kinds
    assert val is parts("street", "val")


@pytest.mark.parametrize("name", ["uiuc", "both"])
def test_held_out_crops_are_a_quarter_and_never_trained_on(parts, recorded, name):
    judges = [train_and_hold_out(name, seed, progress=False)[1] for seed in (0, 1)]
    (train, val, options), _ = recorded
    assert options["seed"] == 0
    photographs = [kind for kind in train.kinds if kind.startswith("uiuc")]
    assert len(photographs) == 24
    assert len(train) == (24 if name == "uiuc" else 24 + 32)
    assert len(judges[0]) == 8
    assert not set(train.kinds) & set(judges[0].kinds)
    assert judges[0].kinds != judges[1].kinds
    assert (val is None) == (name == "uiuc")


def test_windows_of_scenes_are_learned_from_where_there_are_some(parts, recorded, monkeypatch):
    asked = []
    monkeypatch.setattr(
        evaluation, "fit_all_sizes", lambda *a, **options: asked.append((a, options))
    )
    scenes = [Scene("street", torch.rand(1, 40, 100), torch.zeros(0, 4))]
    options = {"epochs": 5, "progress": False}
    _, judge = train_and_hold_out("both", 3, scenes=scenes, **options)
    (((model, train, learned, scales), given),) = asked
    assert (learned, scales, given) == (scenes, pyramid(), options | {"seed": 3})
    assert len(train) == 24 + 32
    assert not set(train.kinds) & set(judge.kinds)
    assert weights_digest(model) == weights_digest(make_classifier(seed=3))
    assert recorded == []


def test_validation_crops_are_not_looked_for_where_the_last_epoch_counts(parts, monkeypatch):
    monkeypatch.setattr(evaluation, "fit_all_sizes", lambda *a, **options: None)
    monkeypatch.setattr(evaluation, "load_or_shipped", None)  # it warns where there are none
    train_on(Path("folder"), 0, scenes=[Scene("street", torch.rand(1, 40, 100), torch.zeros(0, 4))])


def test_drawings_are_judged_by_all_photographs(parts, recorded):
    _, judge = train_and_hold_out("street", 0, progress=False)
    assert judge is parts("uiuc", "all")
    assert recorded[0][0] is parts("street", "train")


def test_mean_and_spread():
    assert mean_and_spread([0.5]) == "0.5000"
    assert mean_and_spread([0.4, 0.6]) == "0.5000 ± 0.1414"


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


def test_of_several_scales_boxes_are_chosen_as_the_detector_chooses_them(
    pattern_classifier, monkeypatch
):
    car = torch.tensor([[0.0, 0, 100, 40]])
    scenes = [Scene(name, torch.zeros(1, 60, 150), car) for name in ("near", "far")]
    # Two windows, whose IoUs with the car are 0.47 and 0.89, the worse one first; and a roof.
    near = torch.tensor([[36.0, 0, 136, 40], [6, 0, 106, 40], [60, 10, 90, 22]])
    found = [Detections(near, torch.tensor([0.9, 0.89, 0.8])), Detections(car, torch.tensor([0.5]))]
    monkeypatch.setattr(evaluation, "detect_all", lambda *args, **options: found)
    assert evaluate_detector(pattern_classifier, scenes, scales=(1.0, 2.0)).ap == 1
    of_one_size = evaluate_detector(pattern_classifier, scenes)  # no vote, and the roof stays
    assert of_one_size.ap == pytest.approx(1 / 2 * 1 / 3)
