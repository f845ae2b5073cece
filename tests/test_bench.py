"""Benchmarks: that they compare what they say, not how fast this machine is."""

import torch

from helpers import bench
from helpers.datasets import Crops


def test_heatmap_ratio_has_a_spread_and_names_its_reference():
    ratio = bench.heatmap_ratio(size=(48, 108), repeats=3, progress=False)
    assert 0 < ratio.low <= ratio.median <= ratio.high
    assert "windows one by one in batches of" in str(ratio)
    assert "48×108" in str(ratio)


def test_ratio_is_reference_over_ours(monkeypatch):
    """Three timings choose the batch size; then slow and five times fast take turns."""
    times = iter([3.0, 2.0, 4.0, 10.0, 5.0, 30.0, 5.0, 20.0, 5.0])
    monkeypatch.setattr(bench, "seconds", lambda work: next(times))
    ratio = bench.heatmap_ratio(size=(40, 100), repeats=3, progress=False)
    assert (ratio.low, ratio.median, ratio.high) == (10, 20, 30)
    assert ratio.reference.endswith("batches of 64")


def test_training_is_compared_on_the_same_held_out_quarter():
    labels = torch.arange(48) % 2
    images = torch.rand(48, 1, 40, 100, generator=torch.Generator().manual_seed(0)) * 0.1
    images[labels == 1, :, 8:32, 10:90] += 0.8
    compared = bench.compare_training(Crops(images, labels), epochs=2)
    assert compared.seconds > 0
    assert compared.reference_seconds > 0
    assert compared.reference_accuracy > 0.9
    ours, reference = str(compared).splitlines()
    assert ours.startswith("training, 2 epochs of fit: ")
    assert reference.startswith("training, 3 epochs at batch size 1: ")
    assert reference.endswith("times as long)")
