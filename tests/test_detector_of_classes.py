"""The detector of several classes, in colour, of any crop size; and cars just as they were."""

import pytest
import torch

from helpers.acceleration import accelerate
from helpers.boxes import Detections, apply_nms, nms, vote
from helpers.detector import Detector
from helpers.fcn import to_fcn
from helpers.heatmap import (
    car_margin,
    class_margin,
    class_probability,
    fcn_heatmap,
    fcn_heatmaps,
    sliding_window_heatmap,
)
from helpers.models import load_model, make_classifier, randomise_, save_model
from helpers.pyramid import resized, with_border

DIGITS = ("background", *"0123456789")
SHAPES = ("disc", "nothing", "star")


@pytest.fixture
def digits(generator):
    """A network of eleven classes for grey crops of 16×16."""
    return randomise_(make_classifier((16, 16), classes=11, seed=0), generator).eval()


@pytest.fixture
def shapes(generator):
    """A network of three classes, the second of them the background, for RGB crops of 48×80."""
    model = make_classifier((48, 80), classes=3, channels=3, seed=0)
    return randomise_(model, generator).eval()


def shape_detector(model, **options):
    return Detector(model, classes=SHAPES, background=1, **options)


# Probabilities


def test_the_margin_of_a_class_is_the_log_of_its_odds(generator):
    logits = torch.randn(5, 3, 4, generator=generator, dtype=torch.float64)
    probability = logits.softmax(0)
    for label in range(5):
        assert torch.allclose(class_margin(logits, label), probability[label].logit())
        assert torch.allclose(class_probability(logits, label), probability[label])
    assert torch.equal(class_margin(logits[:2], 1), car_margin(logits[:2]))


@pytest.mark.parametrize("label", [-1, 3])
def test_a_class_that_is_not_there_has_no_margin(label):
    with pytest.raises(ValueError, match=f"there is no class {label} beside another among 3"):
        class_margin(torch.zeros(3, 2), label)
    with pytest.raises(ValueError, match="no class 0"):
        class_margin(torch.zeros(1, 2), 0)


# The FCN and the windows


@pytest.mark.parametrize("more", [(0, 0), (1, 0), (2, 3), (17, 9)])
def test_fcn_and_windows_agree_in_every_position_for_digits(digits, more):
    image = torch.rand(1, 16 + more[0], 16 + more[1])
    fcn = to_fcn(digits, (16, 16))
    windows = sliding_window_heatmap(digits, image)
    assert windows.shape == (11, more[0] // 2 + 1, more[1] // 2 + 1)
    assert torch.allclose(fcn_heatmap(fcn, image), windows, atol=1e-4)
    assert torch.allclose(fcn_heatmap(accelerate(fcn), image), windows, atol=1e-4)


@pytest.mark.parametrize("more", [(0, 0), (3, 4), (13, 21)])
def test_fcn_and_windows_agree_in_every_position_in_colour(shapes, more):
    image = torch.rand(3, 48 + more[0], 80 + more[1])
    fcn = to_fcn(shapes, (48, 80))
    windows = sliding_window_heatmap(shapes, image)
    assert windows.shape == (3, more[0] // 4 + 1, more[1] // 4 + 1)
    assert torch.allclose(fcn_heatmap(fcn, image), windows, atol=1e-4)
    assert torch.allclose(fcn_heatmap(accelerate(fcn), image), windows, atol=1e-4)


# Every candidate against the definition


def by_hand(detector, model, image):
    """Boxes, scores and labels of all cells, window by window, class by class."""
    padded, (top, left) = with_border(image, detector.geometry, detector.border)
    boxes = detector.geometry.boxes(*detector.geometry.cells(*padded.shape[-2:]))
    crops = torch.stack([padded[:, int(b[1]) : int(b[3]), int(b[0]) : int(b[2])] for b in boxes])
    with torch.no_grad():
        logits = model(crops).double()
        if detector.mirror:
            logits = (logits + model(crops.flip(-1)).double()) / 2
    probability = logits.softmax(1)  # [windows, classes]
    return boxes - torch.tensor([left, top, left, top]), probability


@pytest.mark.parametrize("mirror", [True, False])
def test_every_cell_has_the_softmax_probability_of_each_digit(digits, mirror):
    detector = Detector(digits, classes=DIGITS, mirror=mirror)
    image = torch.rand(1, 23, 30)
    boxes, probability = by_hand(detector, digits, image)
    found = detector.candidates(image)
    assert found.labels.tolist() == [d for d in range(1, 11) for _ in boxes]
    assert torch.equal(found.boxes, boxes.repeat(10, 1))
    assert torch.allclose(found.scores, probability[:, 1:].T.flatten(), atol=1e-6)
    assert found.scores.dtype == torch.float64
    assert detector.border == 6
    for label in range(11):
        heatmap = detector.heatmap(image, label)
        assert torch.allclose(heatmap.flatten(), probability[:, label], atol=1e-6)
        assert torch.equal(heatmap, detector.heatmap(image, DIGITS[label]))


def test_the_background_may_be_any_class_and_images_have_colours(shapes):
    detector = shape_detector(shapes)
    image = torch.rand(3, 50, 90)
    boxes, probability = by_hand(detector, shapes, image)
    found = detector.candidates(image)
    assert found.labels.tolist() == [0] * len(boxes) + [2] * len(boxes)
    assert torch.allclose(found.scores, probability[:, [0, 2]].T.flatten(), atol=1e-6)
    assert detector.channels == 3
    grey = torch.rand(1, 50, 90)
    assert torch.equal(detector(grey).scores, detector(grey.repeat(3, 1, 1)).scores)


def kept_as_lists(detections):
    return [part.tolist() for part in (*detections, detections.labels)]


def test_detections_are_those_above_the_threshold_suppressed_class_by_class(digits):
    image = torch.rand(1, 40, 52)
    options = {"classes": DIGITS, "mirror": False, "scales": (1, 1.5)}
    every = Detector(digits, **options).candidates(image)
    threshold = every.scores.median().item()
    found = Detector(digits, threshold=threshold, iou_threshold=0.2, **options)(image)
    expected = []
    for label in range(1, 11):
        chosen = every.subset((every.labels == label) & (every.scores >= threshold))
        kept = vote(chosen.subset(nms(*chosen, 0.2, 0.6)), chosen, 0.5)
        expected += zip(
            kept.scores.tolist(), kept.boxes.tolist(), kept.labels.tolist(), strict=True
        )
    answered = [part.tolist() for part in (found.scores, found.boxes, found.labels)]
    assert sorted(zip(*answered, strict=True)) == sorted(expected)
    assert len(set(found.labels.tolist())) > 2
    assert (found.scores.diff() <= 0).all()


def test_a_batch_of_several_classes_is_what_each_image_gives_alone(shapes):
    detector = shape_detector(shapes, threshold=0.3, clip=True)
    images = [torch.rand(3, 60, 100), torch.rand(3, 50, 81), torch.rand(1, 20, 30)]
    for image, found in zip(images, detector.batch(images), strict=True):
        alone = detector(image)
        assert torch.allclose(found.scores, alone.scores, atol=1e-5)
        assert torch.equal(found.labels, alone.labels)
        assert found.boxes.min() >= 0


# Two classes, to the last digit


def as_it_was(model, images, *, threshold, iou_threshold, scales, mirror):
    """The detector of cars as the lessons have it, written out without classes."""
    fcn = to_fcn(model, (40, 100)).eval()
    fast = accelerate(fcn)
    views = [resized(image, scale) for image in images for scale in scales]
    padded = [with_border(view, fcn.geometry, 16) for view, _ in views]
    inputs = [image for image, _ in padded]
    turned = [image.flip(-1) for image in inputs] if mirror else []
    with torch.no_grad():
        fast(torch.zeros(1, 1, 40, 100))  # asked first: a convolution keeps what it has computed
        margins = [each[1] - each[0] for each in fcn_heatmaps(fast, inputs + turned)]
    if mirror:
        there, back = margins[: len(inputs)], margins[len(inputs) :]
        margins = [(one + other.flip(-1)) / 2 for one, other in zip(there, back, strict=True)]
    answers = []
    for k in range(0, len(views), len(scales)):
        boxes, scores = [], []
        for i in range(k, k + len(scales)):
            top, left = padded[i][1]
            windows = fcn.geometry.boxes(*margins[i].shape)
            boxes.append((windows - torch.tensor([left, top, left, top])) * views[i][1])
            scores.append(torch.sigmoid(margins[i].double()).flatten())
        boxes, scores = torch.cat(boxes), torch.cat(scores)
        boxes, scores = boxes[scores >= threshold], scores[scores >= threshold]
        if iou_threshold is None:
            keep = scores.argsort(descending=True, stable=True)
        else:
            keep = nms(boxes, scores, iou_threshold)
        answers.append((boxes[keep], scores[keep]))
    return answers


@pytest.mark.parametrize("mirror", [True, False])
@pytest.mark.parametrize(
    ("threshold", "iou_threshold", "scales"), [(0, None, (1.0,)), (0.3, 0.3, (0.9, 1.2))]
)
def test_cars_are_what_they_always_were_to_the_last_digit(
    classifier, mirror, threshold, iou_threshold, scales
):
    images = [torch.rand(1, 60, 130), torch.rand(1, 60, 130), torch.rand(1, 47, 110)]
    options = {"threshold": threshold, "iou_threshold": iou_threshold}
    options |= {"mirror": mirror, "scales": scales}
    found = Detector(classifier, vote_threshold=None, **options).batch(images)
    named = Detector(classifier, classes=("nothing", "car"), input_size=(40, 100), **options)
    for new, same, (boxes, scores) in zip(
        found, named.batch(images), as_it_was(classifier, images, **options), strict=True
    ):
        assert len(scores) > 0
        assert torch.equal(new.boxes, boxes)
        assert torch.equal(new.scores, scores)
        assert torch.equal(same.scores, scores)
        assert new.labels.unique().tolist() == [1]


def test_the_car_may_come_first(classifier):
    image = torch.rand(1, 50, 120)
    turned = Detector(classifier, classes=("nothing", "car"), background=1, threshold=0)
    found = turned.candidates(image)
    assert found.labels.unique().tolist() == [0]
    plain = Detector(classifier).candidates(image)
    assert torch.allclose(found.scores, 1 - plain.scores, atol=1e-9)
    assert torch.allclose(turned.heatmap(image), 1 - Detector(classifier).heatmap(image))


# What is near a detection


def test_the_best_box_is_known_even_where_nothing_is_found(digits):
    image = torch.rand(1, 40, 52)
    options = {"classes": DIGITS, "scales": (1, 1.4)}
    every = Detector(digits, **options).candidates(image)
    found, best = Detector(digits, threshold=1, **options).with_best(image)
    assert len(found.scores) == 0
    top = every.scores.argmax().item()
    assert torch.equal(best.boxes, every.boxes[[top]])
    assert best.scores.tolist() == [every.scores.max().item()]
    assert best.labels.tolist() == [every.labels[top].item()]
    all_found, best = Detector(digits, threshold=0.01, **options).with_best(image)
    assert best.scores[0] == all_found.scores[0] == every.scores.max()


def test_the_sizes_looked_for_are_those_of_the_scales(shapes, digits):
    assert shape_detector(shapes, scales=(1, 2)).sizes == ((48, 80), (96, 160))
    assert Detector(digits, classes=DIGITS, scales=(0.5,)).sizes == ((8, 8),)


def test_progress_counts_the_cells_within_the_picture(capsys, digits, monkeypatch):
    image = torch.rand(1, 300, 300)
    monkeypatch.setattr("helpers.detector.BATCH_PIXELS", 10_000)
    detector = Detector(digits, classes=DIGITS, threshold=0.99)
    quiet = detector(image)
    assert "cells" not in capsys.readouterr().err
    assert torch.equal(detector(image, progress=True).scores, quiet.scores)
    total = 2 * ((300 + 12 - 16) // 2 + 1) ** 2
    assert f"{total}/{total}" in capsys.readouterr().err


def test_the_views_of_a_very_large_image_go_one_by_one(digits, monkeypatch):
    image = torch.rand(1, 60, 70)
    detector = Detector(digits, classes=DIGITS, threshold=0.2, scales=(1, 1.3))
    together, real, groups = detector(image), detector._odds, []

    def counted(padded, *rest):
        groups.append(len(padded))
        return real(padded, *rest)

    monkeypatch.setattr(detector, "_odds", counted)
    monkeypatch.setattr("helpers.detector.BATCH_PIXELS", 100)
    alone = detector(image)
    assert groups == [1, 1]
    assert torch.allclose(alone.scores, together.scores, atol=1e-5)
    assert torch.equal(alone.labels, together.labels)


# Names, sizes and files


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"two classes \(background, object\), not 11; name them"),
        ({"classes": DIGITS[:3]}, "tells 11 classes apart, but classes names 3: background, 0, 1"),
        ({"classes": DIGITS, "background": 11}, "background must be the index of a class"),
        ({"classes": ("a",) * 11}, "a is there twice"),
    ],
)
def test_names_that_do_not_fit_the_network_are_refused(digits, options, message):
    with pytest.raises(ValueError, match=message):
        Detector(digits, **options)


@pytest.mark.parametrize("label", [None, "10", 11, -1, True, "Background"])
def test_a_heatmap_of_no_class_is_refused_with_all_names(digits, label):
    detector = Detector(digits, classes=DIGITS)
    with pytest.raises(ValueError, match=r"choose a class by label=\.\.\.: background, 0, 1, 2"):
        detector.heatmap(torch.rand(1, 20, 20), label)


def test_a_network_knows_the_size_of_its_crops(classifier, digits, shapes):
    assert Detector(classifier).geometry.window == (40, 100)
    assert Detector(classifier).border == 16
    assert Detector(digits, classes=DIGITS).geometry.window == (16, 16)
    assert shape_detector(to_fcn(shapes, (48, 80))).geometry.window == (48, 80)
    assert shape_detector(shapes).border == 19


def test_a_file_says_all_that_a_detector_needs(tmp_path, shapes):
    about = {"input_size": (48, 80), "classes": SHAPES, "background": 1, "channels": 3}
    notes = {"threshold": "0.25", "mirror": "no"}
    path = save_model(shapes, tmp_path / "shapes.safetensors", notes=notes, **about)
    detector = Detector.from_file(path)
    assert (detector.threshold, detector.mirror, detector.channels) == (0.25, False, 3)
    assert (detector.classes, detector.background) == (SHAPES, 1)
    image = torch.rand(3, 60, 100)
    same = shape_detector(load_model(path), threshold=0.25, mirror=False)(image)
    assert len(same.scores) > 0
    assert torch.equal(detector(image).scores, same.scores)
    assert Detector.from_file(path, threshold=0.9, mirror=True).threshold == 0.9
    save_model(shapes, path, **about)
    assert Detector.from_file(path).threshold == 0.5
    assert Detector.from_file(path).mirror


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ({"threshold": "high"}, "names 'high' as its threshold"),
        ({"threshold": "nan"}, "names 'nan' as its threshold"),
        ({"threshold": "1.5"}, "names '1.5' as its threshold"),
        ({"mirror": "maybe"}, "names 'maybe' as mirror, not yes or no"),
    ],
)
def test_notes_without_sense_are_refused_with_the_files_name(tmp_path, digits, notes, message):
    about = {"input_size": (16, 16), "classes": DIGITS}
    path = save_model(digits, tmp_path / "d.safetensors", notes=notes, **about)
    with pytest.raises(ValueError, match=f"{path} {message}"):
        Detector.from_file(path)


def test_apply_nms_and_the_detector_agree_on_candidates(digits):
    image = torch.rand(1, 30, 30)
    detector = Detector(digits, classes=DIGITS, threshold=0)
    by_cells = apply_nms(detector.candidates(image), 0.3)
    assert isinstance(by_cells, Detections)
    assert torch.equal(detector(image).labels, by_cells.labels)
    assert torch.equal(detector(image).boxes, by_cells.boxes)
