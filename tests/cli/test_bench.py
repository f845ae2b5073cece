"""Benchmarks: that they compare what they say, not how fast this machine is."""

import pytest
import torch
from torch import nn

from helpers import fft
from helpers.boxes import Detections
from helpers.cli import bench, bench_training
from helpers.cli.baseline import detect_original
from helpers.cli.machine import Machine
from helpers.datasets import Crops, Scene
from helpers.detector import Detector
from helpers.fcn import to_fcn
from helpers.models import INPUT_SIZE, load_pretrained
from helpers.multiply_adds import count_multiply_adds, heatmap_multiply_adds
from helpers.timing import Ratio, table


def test_ratio_is_reference_over_ours_with_its_spread():
    ratio = Ratio.of("ours", "theirs", [10.0, 30.0, 20.0], [1.0, 1.0, 1.0])
    assert (ratio.low, ratio.median, ratio.high) == (10, 20, 30)
    assert str(ratio) == "ours: 20.0 times faster than theirs (10.0 to 30.0)"


def test_ratios_make_a_table():
    rows = [Ratio("short", "a way", 2, 1.5, 3), Ratio("much longer", "b", 40.25, 40, 41)]
    lines = table(rows).splitlines()
    assert lines[0] == "| what        | reference | times faster        |"
    assert lines[2] == "| short       | a way     | 2.0 (1.5 to 3.0)    |"
    assert lines[3] == "| much longer | b         | 40.2 (40.0 to 41.0) |"
    assert len({len(line) for line in lines}) == 1


def test_a_share_of_the_limit_is_a_column_where_there_is_one():
    far = Ratio.of("far", "a way", [10.0, 30.0], [2.0, 2.0], limit=0.5)
    assert far.share == 0.25
    lines = table([far, Ratio("unknown", "b", 4, 4, 4)]).splitlines()
    last = [line.split("|")[-2].strip() for line in lines]
    assert last[:1] + last[2:] == ["of the machine's limit", "25%", ""]


#: It multiplies so slowly that nothing but that counts.
MACHINE = Machine("made up", 1, "none", multiply_adds=1e9, bytes=1e15)


def test_shares_are_of_what_is_really_computed(monkeypatch):
    monkeypatch.setattr(
        fft, "candidates", lambda *case, **how: [None]
    )  # all convolutions are direct
    monkeypatch.setattr(bench, "seconds", lambda work: (work(), 2.0)[1])
    size, options = (44, 104), {"machine": MACHINE, "repeats": 1, "progress": False}
    # 2×2 cells.
    count = 40 * 100 * 32 * 25 + 16 * 46 * 64 * 800 + 4 * (512 * 9856 + 2 * 512)
    # Five passes are timed together.
    shares = [ratio.share for ratio in bench.heatmap_ratios(size=size, **options)]
    assert shares == [pytest.approx(count / 1e9 / (2.0 / 5))] * 4
    assert bench.dense_ratio(size=size, **options).share > 4 * count / 1e9 / 2.0


def test_the_detectors_share_is_of_all_images(scenes, monkeypatch):
    share = []
    monkeypatch.setattr(bench, "seconds", lambda work: (work(), 2.0)[1])
    for some in (scenes[2:3] * 3, scenes[2:3] * 6):
        options = {"machine": MACHINE, "repeats": 1, "progress": False}
        share.append(bench.detector_ratio(some, "made-up", **options).share)
    assert share[1] == 2 * share[0] > 0


def test_heatmaps_are_compared_in_turns(monkeypatch):
    """The better of two timings chooses the batch size; then all four take turns."""
    times = iter([9.0, 3.0, 2.0, 9.0, 4.0, 9.0, 10.0, 5.0, 20.0, 1.0, 30.0, 5.0, 10.0, 2.0])
    monkeypatch.setattr(bench, "seconds", lambda work: next(times))
    plain, fast, both, last = bench.heatmap_ratios(size=(40, 100), repeats=2, progress=False)
    assert (plain.low, plain.high) == (10, 30)
    assert (fast.low, fast.high) == (50, 75)
    assert (both.low, both.high) == (2.5, 5)
    assert plain.reference == fast.reference == "windows one by one in batches of 64"
    assert both.reference == "the same FCN, plain"
    assert (last.low, last.high) == (5, 20)
    assert last.reference == "the same FCN, channels last"


def test_heatmaps_are_really_timed():
    for ratio in bench.heatmap_ratios(size=(48, 108), repeats=2, progress=False):
        assert 0 < ratio.low <= ratio.median <= ratio.high
        assert "48×108" in ratio.what


def test_windows_at_every_pixel_are_sampled_and_scaled(monkeypatch):
    times = iter([1.0, 9.0, 2.0, 9.0, 3.0, 9.0, 10.0, 4.0])
    monkeypatch.setattr(bench, "seconds", lambda work: next(times))
    ratio = bench.dense_ratio(size=(47, 110), repeats=1, sample_rows=2, progress=False)
    assert ratio.median == 10.0 * 8 / 2 / 4.0  # 8 rows, of which 2 were timed
    assert "batches of 16 (a sample, scaled)" in ratio.reference


def test_a_wrong_dense_heatmap_is_not_timed(monkeypatch):
    dense = bench.dense_heatmap
    monkeypatch.setattr(bench, "dense_heatmap", lambda *args: dense(*args) + 0.01)
    with pytest.raises(RuntimeError, match="differs"):
        bench.dense_ratio(size=(42, 104), repeats=1, progress=False)


def test_suppression_of_spread_boxes_is_not_slower_than_a_plain_loop_by_much(monkeypatch):
    ratio = bench.nms_ratio(count=2000, repeats=2, progress=False)
    assert ratio.what == "nms of 2000 spread boxes"
    assert ratio.median > 1 / 5
    monkeypatch.setattr(bench, "plain_nms", lambda boxes, scores, iou_threshold: scores.argsort())
    with pytest.raises(RuntimeError, match="other boxes"):
        bench.nms_ratio(count=50, repeats=1, progress=False)


@pytest.fixture
def scenes():
    generator = torch.Generator().manual_seed(0)
    # No part twice: the order of equal scores would hang on their last digits.
    street = torch.rand(1, 120, 300, generator=generator)
    shapes = [(40, 100), (61, 131), (80, 150), (43, 200)]
    return [Scene(str(k), street[:, :h, :w], torch.zeros(0, 4)) for k, (h, w) in enumerate(shapes)]


def test_the_detector_is_compared_with_the_same_boxes(scenes, monkeypatch):
    ratio = bench.detector_ratio(scenes, "made-up", repeats=1, progress=False)
    assert ratio.what == "4 made-up scenes to the same boxes"
    assert "220×370" in ratio.reference
    monkeypatch.setattr(
        bench, "detect_original", lambda *_, **__: Detections(torch.ones(1, 4), torch.ones(1))
    )
    with pytest.raises(RuntimeError, match="differ"):
        bench.detector_ratio(scenes, "made-up", repeats=1, progress=False)


@pytest.mark.parametrize("threshold", [1e-7, 0.5])
def test_the_original_way_finds_the_detectors_boxes(scenes, threshold):
    """With the smaller threshold there are many boxes, so that suppression has much to do."""
    fcn = to_fcn(load_pretrained(), INPUT_SIZE).eval()
    detector = Detector(fcn, border=0, mirror=False, threshold=threshold)
    found = 0
    for scene in scenes:
        ours = detector(scene.image)
        theirs = detect_original(fcn, scene.image, threshold=threshold)
        assert ours.boxes.tolist() == theirs.boxes.tolist()
        assert torch.allclose(ours.scores, theirs.scores, atol=1e-5)
        found += len(ours.boxes)
    assert found > 0 or threshold == 0.5


def test_arithmetic_is_counted_as_defined():
    model = nn.Sequential(nn.Conv2d(2, 3, 5), nn.Flatten(), nn.Linear(3 * 4 * 6, 7))
    with count_multiply_adds(model) as counted:
        model(torch.zeros(2, 2, 8, 10))
    assert counted == [2 * (3 * 4 * 6) * (2 * 25), 2 * 7 * (3 * 4 * 6)]
    with count_multiply_adds(model) as counted:
        pass
    model(torch.zeros(1, 2, 8, 10))
    assert counted == []


def test_arithmetic_of_all_ways_to_a_heatmap(classifier):
    work = heatmap_multiply_adds(classifier, INPUT_SIZE, (60, 130))
    windows = 36 * 96 * 32 * 25 + 14 * 44 * 64 * 800 + 512 * 9856 + 2 * 512
    # Of the 130 columns, the last two are in no window, and left out.
    fcn = 56 * 124 * 32 * 25 + 24 * 58 * 64 * 800 + 6 * 8 * (512 * 9856 + 2 * 512)
    assert work["windows, stride 4"] == windows * 6 * 8
    assert work["FCN, stride 4"] == fcn
    assert work["windows, every pixel"] == windows * 21 * 31
    assert 0 < work["FCN by FFT, stride 4"] < fcn
    assert work["FCN by FFT, stride 4"] < work["dense, every pixel"] < windows * 21 * 31 / 20


def test_peak_memory_is_that_of_a_process_of_its_own():
    much = torch.ones(3 * 2**27)  # 1.5 GiB, which are this process's own
    assert 0.1 < bench.peak_memory((40, 100), progress=False) < 1
    assert much[0] == 1


def test_training_is_compared_on_the_same_held_out_quarter():
    labels = torch.arange(48) % 2
    images = torch.rand(48, 1, 40, 100, generator=torch.Generator().manual_seed(0)) * 0.1
    images[labels == 1, :, 8:32, 10:90] += 0.8
    compared = bench_training.compare_training(Crops(images, labels), seeds=2)
    assert len(compared.seconds) == len(compared.accuracy) == 2
    assert min(compared.seconds) > 0
    assert compared.reference_accuracy > 0.9
    assert compared.ratio.low == compared.reference_seconds / max(compared.seconds)
    assert compared.ratio.share is None
    first, second = str(compared).splitlines()
    assert first.startswith("training, 4 epochs of fit: ")
    assert "3 epochs at batch size 1" in first
    assert "mean of 2; the reference:" in second


def test_training_is_judged_by_crops_that_were_not_trained_on(monkeypatch):
    seen = []
    monkeypatch.setattr(bench_training, "fit", lambda model, train, **options: seen.append(train))
    monkeypatch.setattr(bench_training, "train_one_by_one", lambda *a, **k: None)
    generator = torch.Generator().manual_seed(0)
    crops = Crops(torch.rand(40, 1, 40, 100, generator=generator), torch.arange(40) % 2)
    judged = []
    evaluate = bench_training.evaluate
    monkeypatch.setattr(
        bench_training, "evaluate", lambda model, test: judged.append(test) or evaluate(model, test)
    )
    bench_training.compare_training(crops, seeds=2)
    for train, test in zip(seen, judged, strict=False):
        known = {image.numpy().tobytes() for image in train.images}
        assert not known & {image.numpy().tobytes() for image in test.images}
        assert len(train) + len(test) == 40


def test_the_limit_of_training_is_each_crop_there_and_back(monkeypatch):
    for name in ("fit", "train_one_by_one"):
        monkeypatch.setattr(bench_training, name, lambda *a, **k: None)
    monkeypatch.setattr(bench_training, "seconds", lambda work: (work(), 2.0)[1])
    crops = Crops(torch.rand(40, 1, 40, 100), torch.arange(40) % 2)
    ratio = bench_training.compare_training(crops, seeds=1, machine=MACHINE).ratio
    window = 36 * 96 * 32 * 25 + 14 * 44 * 64 * 800 + 512 * 9856 + 2 * 512
    assert ratio.share == pytest.approx(3 * 4 * 30 * window / 1e9 / 2.0)
