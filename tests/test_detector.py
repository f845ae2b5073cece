"""The detector: with a classifier that knows one pattern, every box can be foretold."""

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from helpers.boxes import Detections, box_iou
from helpers.detector import Detector
from helpers.fcn import to_fcn
from helpers.fft import FFTConv2d
from helpers.models import make_classifier, randomise_
from helpers.pyramid import RATIO, pyramid, resized


def box(row, col):
    return [col, row, col + 100, row + 40]


def test_a_car_is_found_at_its_row_and_column(pattern_classifier, scene_with):
    boxes, scores = Detector(pattern_classifier)(scene_with(120, 220, (36, 84)))
    assert boxes.tolist() == [box(36, 84)]
    assert boxes.dtype == torch.float32
    assert scores.tolist() == pytest.approx([torch.tensor(20.0).double().sigmoid().item()])


@pytest.mark.parametrize("place", [(0, 0), (0, 120), (80, 0), (80, 120), (4, 116)])
def test_cars_in_the_corners_are_found(pattern_classifier, scene_with, place):
    detector = Detector(pattern_classifier)
    assert detector(scene_with(120, 220, place)).boxes.tolist() == [box(*place)]


def test_several_cars_come_best_first(pattern_classifier, scene_with):
    image = scene_with(120, 260, (40, 140), contrast=0.8)
    image[:, :, :130] = scene_with(120, 260, (60, 8))[:, :, :130]
    boxes, scores = Detector(pattern_classifier)(image)
    assert boxes.tolist() == [box(60, 8), box(40, 140)]
    assert torch.logit(scores).tolist() == pytest.approx([20, 10], abs=1e-3)


# At the border


@pytest.mark.parametrize("place", [(-4, 40), (40, -8), (-4, -4), (88, 40), (40, 132), (84, 124)])
def test_cars_cut_by_the_border_are_found_where_they_really_are(
    pattern_classifier, scene_with, place
):
    image = scene_with(120, 220, place)
    assert Detector(pattern_classifier)(image).boxes.tolist() == [box(*place)]
    assert box(*place) not in Detector(pattern_classifier, border=0)(image).boxes.tolist()


def test_clipped_boxes_end_at_the_border(pattern_classifier, scene_with):
    detector = Detector(pattern_classifier, clip=True)
    assert detector(scene_with(120, 220, (40, -8))).boxes.tolist() == [[0, 40, 92, 80]]
    assert detector(scene_with(120, 220, (84, 124))).boxes.tolist() == [[124, 84, 220, 120]]
    assert detector(scene_with(120, 220, (40, 60))).boxes.tolist() == [box(40, 60)]


@pytest.mark.parametrize("width", range(200, 208))
@pytest.mark.parametrize("mirror", [True, False])
def test_positions_are_exact_for_widths_and_heights_of_every_remainder(
    pattern_classifier, scene_with, width, mirror
):
    detector = Detector(pattern_classifier, mirror=mirror)
    for place in ((8, 12), (60, 96)):
        image = scene_with(width - 90, width, place)
        assert detector(image).boxes.tolist() == [box(*place)]


# Every candidate against the definition


def window_by_window(model, size, image, border, stride=4):
    """Boxes and probabilities by hand: pad with NumPy, cut out each window, classify it."""
    (height, width), pixels = size, image[0].numpy()
    top, left = (max(border, (w - n + 1) // 2) for w, n in zip(size, pixels.shape, strict=True))
    wide = np.pad(pixels, ((top, 200), (left, 200)), mode="edge")
    # As far as windows reach `border` past the end, and one more: the detector may need it.
    ends = [
        n + before + border - w
        for n, before, w in zip(pixels.shape, (top, left), size, strict=True)
    ]
    rows, cols = (range(0, max(end, 0) + stride, stride) for end in ends)
    boxes, crops = [], []
    for y in rows:
        for x in cols:
            boxes.append([x - left, y - top, x - left + width, y - top + height])
            crops.append(torch.from_numpy(wide[None, y : y + height, x : x + width].copy()))
    with torch.no_grad():
        return torch.tensor(boxes), model(torch.stack(crops)).softmax(1)[:, 1]


@pytest.mark.parametrize("size", [(16, 24), (18, 27)])
@pytest.mark.parametrize("shape", [(30, 40), (31, 43), (16, 24), (9, 60), (25, 10), (1, 1)])
@pytest.mark.parametrize("border", [0, 6])
def test_every_candidate_is_the_classifiers_answer_on_the_window_in_its_box(size, shape, border):
    model = randomise_(make_classifier(size, seed=0), torch.Generator().manual_seed(0)).eval()
    image = torch.rand(1, *shape)
    detector = Detector(model, input_size=size, border=border, mirror=False)
    found = detector.candidates(image)
    boxes, probabilities = window_by_window(model, size, image, border)
    expected = {tuple(b): p for b, p in zip(boxes.tolist(), probabilities.tolist(), strict=True)}
    assert len(found.boxes) > 0
    for place, score in zip(found.boxes.tolist(), found.scores.tolist(), strict=True):
        assert score == pytest.approx(expected[tuple(place)], abs=1e-5)
    # All windows that stay within the border are there, and none is there twice.
    places = {tuple(place) for place in found.boxes.tolist()}
    assert len(places) == len(found.boxes)
    allowed_bottom, allowed_right = shape[0] + border, shape[1] + border
    assert {p for p in expected if p[3] <= allowed_bottom and p[2] <= allowed_right} <= places
    # The last window ends less than one stride after the border, unless there is only one.
    assert found.boxes[:, 3].max() < max(allowed_bottom, found.boxes[0, 3]) + 4
    assert found.boxes[:, 2].max() < max(allowed_right, found.boxes[0, 2]) + 4


def test_the_mirror_averages_the_margins_of_both_directions(tiny_classifier):
    image = torch.rand(1, 33, 46)
    options = {"input_size": (16, 24), "border": 4}
    plain = Detector(tiny_classifier, mirror=False, **options)
    both = Detector(tiny_classifier, mirror=True, **options).candidates(image)
    padded, _ = plain._pad(image)
    for place, score in zip(both.boxes.long().tolist(), both.scores, strict=True):
        x, y = place[0] + 4, place[1] + 4
        window = padded[:, y : y + 16, x : x + 24]
        with torch.no_grad():
            logits = tiny_classifier(torch.stack([window, window.flip(-1)])).double()
        margin = (logits[:, 1] - logits[:, 0]).mean()
        assert score.item() == pytest.approx(margin.sigmoid().item(), abs=1e-5)


def test_the_heatmap_is_the_candidates_scores_row_after_row(tiny_classifier):
    detector = Detector(tiny_classifier, input_size=(16, 24))
    image = torch.rand(1, 33, 46)
    heatmap = detector.heatmap(image)
    candidates = detector.candidates(image)
    assert torch.equal(heatmap.flatten(), candidates.scores)
    left, top = candidates.boxes[:, 0].unique(), candidates.boxes[:, 1].unique()
    assert heatmap.shape == (len(top), len(left))
    assert heatmap.dtype == torch.float64


def test_scores_above_float32_are_still_told_apart(pattern_classifier, scene_with):
    with torch.no_grad():
        pattern_classifier[2].weight[1] *= 1.2  # margins of 30 and 27.6 or so
    scores = Detector(pattern_classifier)(scene_with(120, 220, (36, 84))).scores
    assert 1 - 1e-9 < scores.item() < 1


# Threshold and suppression


def test_the_threshold_is_the_smallest_score_that_counts(pattern_classifier, scene_with):
    image = scene_with(120, 220, (36, 84), contrast=0.62)  # a margin of 1
    score = Detector(pattern_classifier)(image).scores.item()
    assert score == pytest.approx(torch.tensor(1.0).sigmoid().item(), abs=1e-4)
    assert len(Detector(pattern_classifier, threshold=score)(image).scores) == 1
    assert len(Detector(pattern_classifier, threshold=score + 1e-9)(image).scores) == 0


def test_without_suppression_all_cells_stay_best_first(tiny_classifier):
    detector = Detector(tiny_classifier, input_size=(16, 24), threshold=0, iou_threshold=None)
    image = torch.rand(1, 33, 46)
    boxes, scores = detector(image)
    candidates = detector.candidates(image)
    assert len(boxes) == len(candidates.boxes)
    assert torch.equal(scores, candidates.scores.sort(descending=True).values)
    index = {tuple(b): s for b, s in zip(candidates.boxes.tolist(), candidates.scores, strict=True)}
    assert all(index[tuple(b)] == s for b, s in zip(boxes.tolist(), scores, strict=True))


def test_with_suppression_no_two_boxes_overlap_more(tiny_classifier):
    image = torch.rand(1, 60, 80)
    options = {"input_size": (16, 24), "threshold": 0}
    every = Detector(tiny_classifier, iou_threshold=None, **options)(image)
    few = Detector(tiny_classifier, iou_threshold=0.3, **options)(image)
    overlaps = box_iou(few.boxes, few.boxes) - torch.eye(len(few.boxes))
    assert overlaps.max() <= 0.3
    assert len(few.boxes) < len(every.boxes)
    assert (few.scores.diff() <= 0).all()
    assert few.scores[0] == every.scores[0]


# Images of all kinds


def test_an_image_without_a_car_gives_no_boxes(pattern_classifier, scene_with):
    boxes, scores = Detector(pattern_classifier)(scene_with(120, 220))
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


@pytest.mark.parametrize("shape", [(30, 90), (30, 200), (100, 60), (39, 99)])
def test_images_smaller_than_the_window_are_no_problem(pattern_classifier, scene_with, shape):
    detector = Detector(pattern_classifier)
    boxes = detector(scene_with(*shape)).boxes
    assert len(boxes) == 0
    assert len(detector.candidates(scene_with(*shape)).boxes) > 0


def test_a_car_larger_than_its_image_is_found(pattern_classifier, scene_with):
    boxes = Detector(pattern_classifier)(scene_with(36, 92, (-4, -4))).boxes
    assert boxes.tolist() == [box(-4, -4)]


def test_an_image_of_one_pixel_is_centred_in_one_window(pattern_classifier):
    detector = Detector(pattern_classifier, border=0)
    candidates = detector.candidates(torch.full((1, 1, 1), 0.5))
    assert candidates.boxes.tolist() == [[-50, -20, 50, 20]]
    assert len(detector(torch.full((1, 1, 1), 0.5)).boxes) == 0


def test_all_kinds_of_one_image_give_the_same_answer(pattern_classifier, scene_with):
    detector = Detector(pattern_classifier)
    pixels = (scene_with(120, 220, (36, 84)) * 255).round().to(torch.uint8)
    expected = detector(pixels)
    assert expected.boxes.tolist() == [box(36, 84)]
    array = pixels[0].numpy()
    for image in (
        pixels.float() / 255,
        pixels.double()[0] / 255,
        array,
        np.asfortranarray(array),
        array[::-1][::-1],
        pixels.float().div(255).transpose(1, 2).contiguous().transpose(1, 2),
    ):
        boxes, scores = detector(image)
        assert torch.equal(boxes, expected.boxes)
        assert torch.allclose(scores, expected.scores, atol=1e-9)


def test_colour_images_are_converted_and_said_so_once(pattern_classifier, scene_with):
    image = scene_with(120, 220, (36, 84)).repeat(3, 1, 1)
    image[2] *= 0.999
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        boxes = Detector(pattern_classifier)(image).boxes
    assert boxes.tolist() == [box(36, 84)]
    assert [str(w.message) for w in said] == [
        "colour image converted to grey: the detector knows only grey"
    ]


def test_nan_and_values_out_of_range_are_refused(pattern_classifier, scene_with):
    detector = Detector(pattern_classifier)
    image = scene_with(120, 220)
    for value, message in ((torch.nan, "NaN"), (2.0, r"\[0, 1\]")):
        image[0, 5, 5] = value
        for function in (detector, detector.candidates, detector.heatmap):
            with pytest.raises(ValueError, match=message):
                function(image)


def test_the_image_and_the_classifier_are_not_changed(pattern_classifier, scene_with, same_weights):
    model = pattern_classifier.train()
    before = copy.deepcopy(model.state_dict())
    for image in (scene_with(120, 220, (36, 84)), scene_with(120, 220, (36, 84))[0].numpy()):
        old = copy.deepcopy(image)
        boxes, scores = Detector(model, clip=True)(image)
        boxes.zero_()
        assert (image == old).all()
        assert not scores.requires_grad
    assert same_weights(model.state_dict(), before)
    assert model.training


# Settings


def test_numbers_may_be_of_double_precision_where_nothing_else_is_said(
    pattern_classifier, scene_with
):
    image = scene_with(120, 220, (36, 84))
    expected = Detector(pattern_classifier, scales=(1, 1.3))(image)
    torch.set_default_dtype(torch.float64)
    try:
        found = Detector(pattern_classifier, scales=(1, 1.3))(image)
    finally:
        torch.set_default_dtype(torch.float32)
    assert len(found.boxes)
    assert found.boxes.dtype == torch.float32
    assert torch.equal(found.boxes, expected.boxes)


def test_a_converted_network_will_do(pattern_classifier, scene_with):
    detector = Detector(to_fcn(pattern_classifier, (40, 100)))
    assert detector(scene_with(120, 220, (36, 84))).boxes.tolist() == [box(36, 84)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 1.5}, r"threshold is a probability in \[0, 1\], not 1\.5"),
        ({"threshold": -0.1}, "threshold is a probability"),
        ({"threshold": float("nan")}, "threshold is a probability"),
        ({"iou_threshold": 2}, r"iou_threshold must be in \[0, 1\] or None, not 2"),
        ({"iou_threshold": -1}, "iou_threshold must be"),
        ({"inside_threshold": 2}, r"inside_threshold must be in \[0, 1\] or None, not 2"),
        ({"vote_threshold": -1}, r"vote_threshold must be in \[0, 1\] or None, not -1"),
        ({"border": -1}, "border must be 0 or more, not -1"),
        ({"border": 2.5}, "border must be 0 or more, not 2.5"),
        ({"input_size": (20, 50)}, "input size"),
    ],
)
def test_settings_that_make_no_sense_are_refused(pattern_classifier, options, message):
    with pytest.raises(ValueError, match=message):
        Detector(pattern_classifier, **options)


def test_a_network_that_does_not_tell_two_classes_is_refused():
    three = nn.Sequential(nn.Conv2d(1, 1, 4, stride=4), nn.Flatten(), nn.Linear(250, 3))
    with pytest.raises(ValueError, match="two classes"):
        Detector(three)(torch.zeros(1, 50, 120))


# Cars of other sizes


@pytest.mark.parametrize(("smallest", "largest"), [(85, 215), (100, 100), (50, 51), (85, 102)])
@pytest.mark.parametrize("ratio", [RATIO, 1.05, 2])
def test_no_car_is_far_from_a_scale_of_the_pyramid(smallest, largest, ratio):
    scales = torch.tensor(pyramid(smallest, largest, ratio=ratio)).double()
    widths = torch.linspace(smallest, largest, 500).double() / 100
    distance = (widths[:, None] / scales).log().abs().min(1).values
    assert distance.max() <= torch.tensor(ratio).log() / 2 + 1e-6
    # One scale fewer could not do it.
    enough = (torch.tensor(largest / smallest).log() / torch.tensor(ratio).log()).item()
    assert len(scales) - 1 < max(enough, 1e-6) + 1e-6


@pytest.mark.parametrize(
    "wrong", [(0, 10), (20, 10), (-1, 10), (1, float("inf")), (float("nan"), 10)]
)
def test_a_pyramid_without_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="pyramid needs"):
        pyramid(*wrong)
    with pytest.raises(ValueError, match="ratio > 1"):
        pyramid(ratio=1)
    with pytest.raises(ValueError, match="ratio > 1"):
        pyramid(ratio=float("nan"))
    for scale in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="scale must be a number above 0"):
            resized(torch.zeros(1, 4, 4), scale)


@pytest.mark.parametrize("scale", [0.8, 1, 1.5, 2])
def test_a_car_of_another_size_is_found_at_its_scale(pattern_classifier, scene_with, scale):
    image = scene_with(160, 300, (60, 100))
    width, height = round(300 * scale), round(160 * scale)
    image = nn.functional.interpolate(image[None], (height, width), mode="bicubic")[0].clamp(0, 1)
    boxes, scores = Detector(pattern_classifier, scales=(0.8, 1, 1.5, 2))(image)
    expected = torch.tensor([box(60, 100)]).float() * scale
    assert box_iou(boxes[:1], expected).item() > 0.9
    assert scores[0] > 0.9
    if scale == 2:
        assert len(Detector(pattern_classifier)(image).boxes) == 0


def test_boxes_of_several_scales_suppress_each_other(pattern_classifier, scene_with):
    image = scene_with(160, 300, (60, 100))
    every = Detector(pattern_classifier, scales=(1, 1), iou_threshold=None)(image)
    assert every.boxes.tolist() == [box(60, 100)] * 2
    assert Detector(pattern_classifier, scales=(1, 1))(image).boxes.tolist() == [box(60, 100)]


def test_of_several_scales_what_lies_inside_a_better_box_goes(pattern_classifier):
    car_and_roof = Detections(
        torch.tensor([[0.0, 0, 200, 80], [50, 0, 150, 40]]), torch.tensor([0.9, 0.8])
    )
    image = torch.zeros(1, 80, 200)

    def left(**options):
        return Detector(pattern_classifier, **options)._choose(car_and_roof, image).scores.tolist()

    assert left(scales=(1, 2)) == pytest.approx([0.9])
    assert left(scales=(1, 2), inside_threshold=None) == pytest.approx([0.9, 0.8])
    assert left(scales=(1, 2), iou_threshold=None) == pytest.approx([0.9, 0.8])
    assert left() == pytest.approx([0.9, 0.8])  # of one size no box lies inside another


def test_of_several_scales_a_box_is_the_mean_of_those_that_overlap_it(pattern_classifier):
    boxes = torch.tensor([[0.0, 0, 100, 40], [10, 4, 110, 44]])
    sure = Detections(boxes, torch.tensor([0.9, 0.9]))

    def placed(detections=sure, **options):
        detector = Detector(pattern_classifier, **options)
        return detector._choose(detections, torch.zeros(1, 80, 200)).boxes.tolist()

    assert placed(scales=(1, 2)) == [[5, 2, 105, 42]]
    assert placed(scales=(1, 2), vote_threshold=None) == boxes[:1].tolist()
    assert placed(scales=(1, 2), iou_threshold=None) == boxes.tolist()
    assert placed() == boxes[:1].tolist()  # of one size a box stays the window that it is
    unsure = Detections(boxes, torch.tensor([0.9, 0.4]))  # below the threshold: no vote
    assert placed(unsure, scales=(1, 2)) == boxes[:1].tolist()


@pytest.mark.parametrize("scale", [0.7, 1.3, 2.4])
def test_boxes_come_back_to_the_pixels_of_the_image(tiny_classifier, scale):
    """A window of the small image covers `scale` times as much of the large one."""
    image = torch.rand(1, 61, 83)
    options = {"input_size": (16, 24), "border": 4, "mirror": False}
    small, factors = resized(image, scale)
    assert small.shape == (1, round(61 / scale), round(83 / scale))
    alone = Detector(tiny_classifier, **options).candidates(small)
    found = Detector(tiny_classifier, scales=(scale,), **options).candidates(image)
    assert torch.allclose(found.boxes, alone.boxes * factors)
    assert torch.allclose(found.scores, alone.scores)
    corner = torch.tensor([0.0, 0, small.shape[2], small.shape[1]]) * factors
    assert corner.tolist() == pytest.approx([0, 0, 83, 61])


def test_shrinking_does_not_turn_fine_patterns_into_coarse_ones():
    stripes = (torch.arange(200) % 2).float().expand(1, 60, 200)
    small, _ = resized(stripes, 2.5)
    assert (small[..., 3:-3] - 0.5).abs().max() < 0.1


def test_scale_one_is_the_image_itself():
    image = torch.rand(1, 30, 40)
    same, factors = resized(image, 1)
    assert same is image
    assert factors.tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("scales", [(), (0,), (-1, 1), (float("nan"),), (float("inf"),)])
def test_scales_that_make_no_sense_are_refused(pattern_classifier, scales):
    with pytest.raises(ValueError, match="scales must be"):
        Detector(pattern_classifier, scales=scales)


# Several images


@pytest.mark.parametrize("scales", [(1.0,), (0.9, 1.2)])
def test_a_batch_of_images_of_different_sizes_is_what_each_gives_alone(tiny_classifier, scales):
    shapes = [(33, 46), (30, 60), (33, 46), (9, 10), (70, 41), (31, 58), (64, 96)]
    images = [torch.rand(1, *shape) for shape in shapes]
    options = {"input_size": (16, 24), "border": 4, "threshold": 0, "scales": scales}
    detector = Detector(tiny_classifier, iou_threshold=None, **options)
    for image, found in zip(images, detector.batch(images), strict=True):
        alone = detector(image)
        assert torch.allclose(found.scores, alone.scores, atol=1e-5)
        candidates = detector.candidates(image)
        index = {
            tuple(place): score
            for place, score in zip(candidates.boxes.tolist(), candidates.scores, strict=True)
        }
        assert len(found.boxes) == len(index)
        for place, score in zip(found.boxes.tolist(), found.scores, strict=True):
            assert abs(index[tuple(place)] - score) < 1e-5
    assert detector.batch([]) == []


def test_a_resized_image_is_an_image_still():
    """Rounding may not lift white above 1: `Detector` refuses such images."""
    white = torch.ones(1, 97, 213)
    for scale in (1.1, 1.5, 1.9, 2.0):
        small, _ = resized(white, scale)
        assert small.max() <= 1
        assert small.min() > 0.99


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (nn.Sequential(nn.Conv2d(2, 4, 5), nn.Flatten(), nn.Linear(4 * 16 * 26, 2)), "one channel"),
        (nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(4 * 16 * 26, 3)), "two classes"),
        (
            nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten(), nn.Linear(4 * 16 * 26, 2)).double(),
            "float32",
        ),
    ],
    ids=["two channels", "three classes", "double"],
)
def test_a_network_that_is_no_car_classifier_is_refused_at_once(network, reason):
    with pytest.raises(ValueError, match=reason):
        Detector(network, input_size=(20, 30))


def test_a_long_list_is_worked_through_in_batches(classifier, monkeypatch):
    generator = torch.Generator().manual_seed(3)
    images = [torch.rand(1, 50, width, generator=generator) for width in (120, 140, 300, 110)]
    detector = Detector(classifier, threshold=0, scales=(1.0, 1.2))
    together, sizes, real = detector.batch(images), [], detector._look
    monkeypatch.setattr("helpers.detector.BATCH_PIXELS", 2 * 50 * 270)

    def counted(part, floor):
        sizes.append(len(part))
        return real(part, floor)

    monkeypatch.setattr(detector, "_look", counted)
    for one, other in zip(detector.batch(images), together, strict=True):
        torch.testing.assert_close(one.boxes, other.boxes)
        torch.testing.assert_close(one.scores, other.scores, atol=1e-5, rtol=0)
    assert sizes == [2, 1, 1]
    assert detector.batch([]) == []


def test_a_tuned_detector_measures_and_finds_the_same(pattern_classifier, classifier, scene_with):
    """The pattern is found by a direct convolution; the course's network has others to measure."""
    scene = scene_with(60, 160, (12, 32))
    plain, tuned = (Detector(pattern_classifier, tune=tune)(scene) for tune in (False, True))
    assert len(plain.boxes) == 1
    assert torch.equal(plain.boxes, tuned.boxes)
    for tune in (False, True):
        detector = Detector(classifier, border=0, tune=tune)
        detector.batch([scene] * 2)
        layers = [m for m in detector._fast.modules() if isinstance(m, FFTConv2d)]
        assert [bool(layer._measured) for layer in layers] == [tune] * 3


def test_the_callers_network_keeps_its_mode(classifier):
    fcn = to_fcn(classifier, (40, 100)).train()
    Detector(fcn)
    assert fcn.training
    assert all(layer.training for layer in fcn)
