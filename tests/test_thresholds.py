"""The threshold that is chosen on validation data, of one class and of several."""

import pytest
import torch
from torch import nn

from helpers import thresholds
from helpers.boxes import Detections
from helpers.datasets import Crops, Scene
from helpers.detector import Detector
from helpers.evaluation import evaluate_classes
from helpers.thresholds import (
    NothingFoundError,
    choose_detection_threshold,
    choose_threshold,
    detect_all,
    options_for,
    separating_threshold,
)

CLASSES = ("nothing", "pattern", "negative")


@pytest.fixture
def two_patterns(pattern_classifier):
    """Knows `pattern()` (class 1) and its negative, black for white (class 2)."""
    average, flatten, correlate = pattern_classifier
    three = nn.Linear(250, 3)
    weight, bias = correlate.weight.data[1], correlate.bias.data[1]
    three.weight.data = torch.stack([torch.zeros(250), weight, -weight])
    three.bias.data = torch.tensor([0.0, bias, bias])
    return nn.Sequential(average, flatten, three).eval()


def scenes_of(scene_with, *rows, classes=CLASSES):
    """Scenes of 120×460 with a pattern at the left, its negative at the right; None for neither."""
    scenes = []
    for number, (left, right, contrast) in enumerate(rows):
        image = torch.full((1, 120, 460), 0.5)
        boxes, labels = [], []
        for label, place, start in ((1, left, 0), (2, right, 240)):
            if place is not None:
                part = scene_with(120, 220, place, contrast=contrast)
                image[:, :, start : start + 220] = part if label == 1 else 1 - part
                x, y = place[1] + start, place[0]
                boxes.append([x, y, x + 100, y + 40])
                labels.append(label)
        boxes = torch.tensor(boxes).float().reshape(-1, 4)
        labels = torch.tensor(labels, dtype=torch.int64)
        scenes.append(Scene(f"scene-{number}", image, boxes, labels, classes))
    return scenes


def test_a_detector_of_two_patterns_finds_both_and_tells_them_apart(two_patterns, scene_with):
    [scene] = scenes_of(scene_with, ((4, 8), (40, 60), 1.0))
    found = Detector(two_patterns, classes=CLASSES)(scene.image)
    assert sorted(found.labels.tolist()) == [1, 2]
    for label in (1, 2):
        assert found.of(label).boxes.tolist() == scene.boxes[scene.labels == label].tolist()


def test_perfect_detections_have_a_mean_of_one_and_swapped_labels_of_zero(two_patterns, scene_with):
    rows = (((4, 8), (40, 60), 1.0), (None, None, 1.0), ((0, 120), None, 1.0))
    scenes = scenes_of(scene_with, *rows)
    told = evaluate_classes(two_patterns, scenes)
    assert told.ap50 == told.ap == 1
    assert told.ap50_of == {"pattern": 1, "negative": 1}
    swapped = [
        Scene(s.name, s.image, s.boxes, 3 - s.labels, ("nothing", "negative", "pattern"))
        for s in scenes
    ]
    assert evaluate_classes(two_patterns, swapped).ap50_of == {"negative": 0, "pattern": 0}


def test_the_options_reach_the_detector_and_the_classes_are_the_scenes(two_patterns, scene_with):
    scenes = scenes_of(scene_with, ((4, 8), (40, 60), 1.0))
    assert options_for(scenes, {"mirror": False}) == {"classes": CLASSES, "mirror": False}
    assert options_for(scenes, {"classes": ("a", "b", "c")})["classes"] == ("a", "b", "c")
    assert options_for([], {}) == {}
    far = {"scales": (3.0,), "mirror": False}
    assert evaluate_classes(two_patterns, scenes, **far).ap50 == 0
    with pytest.raises(NothingFoundError, match="train the model first"):
        choose_detection_threshold(two_patterns, scenes, **far)


def test_one_threshold_is_chosen_for_all_classes(two_patterns, scene_with):
    """The patterns are pale, and the thresholds that find all of them lie below their scores."""
    scenes = scenes_of(scene_with, ((4, 8), (40, 60), 0.7), ((60, 80), (0, 0), 0.7))
    threshold = choose_detection_threshold(two_patterns, scenes)
    detector = Detector(two_patterns, classes=CLASSES, threshold=threshold)
    for found, scene in zip(detect_all(detector, scenes), scenes, strict=True):
        assert sorted(found.boxes.tolist()) == sorted(scene.boxes.tolist())
    # With the labels of the truth exchanged, no box is right: a class counts for itself.
    swapped = [Scene(s.name, s.image, s.boxes, 3 - s.labels, CLASSES) for s in scenes]
    with pytest.raises(NothingFoundError, match="train the model first"):
        choose_detection_threshold(two_patterns, swapped)


# Crops of several classes


class Answers(nn.Module):
    """A "classifier" whose logits are the logarithms of its images, which are probabilities."""

    def __init__(self):
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, images):
        return images.flatten(1).clamp(min=1e-12).log()


@pytest.mark.parametrize("background", [0, 2])
@pytest.mark.parametrize("seed", range(4))
def test_no_other_threshold_calls_more_crops_what_they_are(seed, background):
    generator = torch.Generator().manual_seed(seed)
    probabilities = (3 * torch.randn(60, 3, generator=generator)).softmax(1)
    labels = torch.multinomial(probabilities, 1, generator=generator).flatten()
    crops = Crops(probabilities.view(60, 1, 1, 3), labels, classes=("a", "b", "c"))
    chosen = choose_threshold(Answers(), crops, background=background)

    def right(threshold):
        count = 0
        for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True):
            objects = [k for k in range(3) if k != background]
            best = max(objects, key=lambda k: row[k])
            count += label == (best if row[best] >= threshold else background)
        return count

    assert right(chosen) == max(right(t / 1000) for t in range(1001))
    assert right(chosen) > right(0.999999)
    assert 0 < chosen < 1


def test_many_crops_need_little_memory():
    """100,000 thresholds times 100,000 crops would be 10 GB."""
    crops = Crops(torch.rand(100_000, 1, 1, 3), torch.arange(100_000) % 3, classes=("a", "b", "c"))
    assert 0 <= choose_threshold(Answers(), crops) <= 1


class FirstPixel(nn.Module):
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


class Finds:
    """Stands in for `detect_all`: the same scores in each scene, on boxes that hit or miss."""

    def __init__(self, scores, hits):
        boxes = torch.tensor([[0.0, 0, 100, 40] if hit else [500.0, 0, 600, 40] for hit in hits])
        self.found = Detections(boxes.reshape(-1, 4), torch.tensor(scores).double())

    def __call__(self, detector, scenes, *, progress=False):
        return [self.found for _ in scenes]


def one_car_scenes(count=2):
    return [Scene(f"{k}", torch.zeros(1, 60, 120), torch.tensor([[0.0, 0, 100, 40]]))
            for k in range(count)]  # fmt: skip


@pytest.mark.parametrize(
    ("scores", "hits", "expected"),
    [
        ([0.9, 0.5, 0.3], [True, False, False], 0.75),  # logits: halfway from 1/1 to 9/1
        ([0.9], [True], 0.9),
        ([0.9, 0.8, 0.1], [False, True, False], 0.4),
    ],
)
def test_the_detection_threshold_lies_in_the_middle_of_the_good_ones(
    classifier, monkeypatch, scores, hits, expected
):
    monkeypatch.setattr(thresholds, "detect_all", Finds(scores, hits))
    chosen = choose_detection_threshold(classifier, one_car_scenes())
    assert chosen == pytest.approx(expected)


@pytest.mark.parametrize("count", [1, 2, 20])
def test_more_scenes_narrow_the_choice(classifier, monkeypatch, count):
    """Finding all with one false alarm each is F1 2/3, three quarters of a car from the best."""
    monkeypatch.setattr(thresholds, "detect_all", Finds([0.9, 0.5], [True, False]))
    chosen = choose_detection_threshold(classifier, one_car_scenes(count))
    assert chosen == pytest.approx(0.9 if count > 2 else 0.75)


def test_the_detection_threshold_never_lies_in_a_valley(classifier, monkeypatch):
    """27 cars at 0.99, then 20 false alarms, then the other 13 cars: the middle is the worst."""
    hits = [[True]] * 27 + [[True]] * 13
    scores = [[0.99]] * 27 + [[0.2]] * 13
    found = [Finds(s, h).found for s, h in zip(scores, hits, strict=True)]
    found += [Finds([0.93] * 20, [False] * 20).found]
    empty = Scene("none", torch.zeros(1, 60, 120), torch.zeros(0, 4))
    monkeypatch.setattr(thresholds, "detect_all", lambda *a, **k: found)
    scenes = [*one_car_scenes(40), empty]
    chosen = choose_detection_threshold(classifier, scenes)
    assert chosen >= 0.98 or chosen <= 0.21


def test_a_detector_that_only_errs_has_no_threshold(classifier, monkeypatch):
    monkeypatch.setattr(thresholds, "detect_all", Finds([0.9, 0.4], [False, False]))
    with pytest.raises(NothingFoundError, match="train the model first"):
        choose_detection_threshold(classifier, one_car_scenes())


def test_a_detector_that_finds_nothing_has_no_threshold(classifier, monkeypatch):
    monkeypatch.setattr(thresholds, "detect_all", Finds([], []))
    with pytest.raises(NothingFoundError, match="train the model first"):
        choose_detection_threshold(classifier, one_car_scenes())


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
    threshold = choose_threshold(FirstPixel(), crops_with(probabilities, labels))
    assert threshold == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_is_more_accurate(seed):
    generator = torch.Generator().manual_seed(seed)
    probabilities = torch.rand(40, generator=generator)
    labels = (probabilities + 0.5 * torch.rand(40, generator=generator) > 0.75).long()
    chosen = choose_threshold(FirstPixel(), crops_with(probabilities.tolist(), labels.tolist()))

    def right(threshold):
        return ((probabilities >= threshold).long() == labels).sum()

    assert right(chosen) == max(right(t) for t in torch.linspace(0, 1, 1001))
    assert 0 < chosen < 1


def test_the_threshold_is_one_that_detector_takes(classifier):
    crops = Crops(torch.rand(6, 1, 40, 100), torch.arange(6) % 2)
    assert Detector(classifier, threshold=choose_threshold(classifier, crops)).threshold <= 1


@pytest.mark.parametrize("wrong", [float("nan"), 1.5, -2.0])
def test_what_is_no_probability_separates_nothing(wrong):
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        separating_threshold(torch.tensor([0.2, wrong]), torch.tensor([False, True]))


def test_a_network_that_answers_nan_has_no_threshold():
    crops = crops_with([0.2, 0.8], [0, 1])
    with pytest.raises(ValueError, match="damaged"):
        choose_threshold(nn.Sequential(FirstPixel(), nn.Threshold(torch.inf, torch.nan)), crops)
