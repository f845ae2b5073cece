"""What a machine can do at best, and what a network really takes."""

import pytest
import torch
from torch import nn

from helpers import devices, fft
from helpers.cli import machine
from helpers.cli.machine import Cost, Machine, cost_of, heatmap_limits, limits_table
from helpers.fft import FFTConv2d

MADE_UP = Machine("made up", 2, "AVX9", multiply_adds=2e9, bytes=1e9)


def test_rates_are_the_work_over_the_shortest_time(monkeypatch):
    times = iter([9.0, 0.5, 1.0, 9.0, 4.0, 2.0])
    monkeypatch.setattr(machine, "seconds", lambda work: work() is None or next(times))
    found = Machine.measured(side=8, numbers=1000, repeats=2)
    assert (found.multiply_adds, found.bytes) == (8**3 / 0.5, 4 * 1000 / 2)
    assert found.threads == torch.get_num_threads()
    assert found.processor
    assert found.device == "cpu"


def test_a_machine_says_what_it_is_and_can():
    text = str(MADE_UP)
    for part in ("made up", "2 threads", "AVX9", "2 billion multiply-adds", "1 GB a second"):
        assert part in text


def test_the_longer_of_arithmetic_and_reading_is_the_limit():
    cost = Cost(multiply_adds=6 * 10**9, weight_bytes=12 * 10**9)
    assert MADE_UP.limit(cost) == 12
    assert MADE_UP.limit(cost, images=3) == 4
    assert MADE_UP.limit(cost, images=10) == 3


@pytest.mark.parametrize("tile", [None, (8, 8)])
def test_the_cost_of_each_convolution_as_it_is_run(tile):
    layer = FFTConv2d(nn.Conv2d(2, 4, 3))
    layer._measured[(6, 6), torch.get_num_threads()] = tile
    network = nn.Sequential(layer, nn.ReLU(), nn.Conv2d(4, 5, 1))
    cost = cost_of(network, torch.zeros(2, 8, 8))
    last = 36 * 4 * 5
    if tile is None:
        assert cost == Cost(36 * 8 * 9 + last, 4 * (8 * 9 + 4 * 5))
        return
    # 5 columns of 8 complex frequencies, three real products for each.
    there, back = 6 * 8 * 10 + 5 * 24 * 16, 5 * 12 * 24 + 6 * 10 * 6
    assert cost == Cost(2 * there + 120 * 8 + 4 * back + last, 4 * (120 * 8 + 4 * 5))


def test_weights_are_read_once_however_often_they_are_used():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 3))
    batch = torch.zeros(5, 1, 4, 4)
    cost = cost_of(network, batch[0], lambda: [network(batch), network(batch[:2])])
    assert cost == Cost(7 * (8 * 9 + 24), 4 * (18 + 24))


def test_a_gpu_says_its_name_and_generation(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "A Card")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (9, 0))
    assert devices.processor("cuda") == "A Card"
    assert machine._instructions("cuda") == "compute capability 9.0"
    assert machine._instructions("mps") == "mps"


def test_limits_are_shares_of_the_time_that_was_measured():
    lines = limits_table([("one", 0.04, 0.01), ("two", 0.01, 0.01)]).splitlines()
    assert lines[0] == "one: 40.0 ms; the machine's limit 10.0 ms, 25 % of that"
    assert lines[1].endswith("100 % of that")


def test_one_of_many_is_compared_with_one_alone_and_with_the_limit(monkeypatch):
    monkeypatch.setattr(
        fft, "candidates", lambda *case, **how: [None]
    )  # all convolutions are direct
    made_up = Machine("made up", 1, "none", multiply_adds=1e9, bytes=1e15)
    times = iter([3.0, 8.0, 2.0, 4.0, 2.5, 6.0])
    monkeypatch.setattr(machine, "seconds", lambda work: next(times))
    ratio, rows = heatmap_limits(made_up, size=(44, 104), images=4, repeats=3)
    assert (ratio.low, ratio.median, ratio.high) == (1.5, 2.5 / 1.5, 2)
    assert [time for _, time, _ in rows] == [2.5, 1.5]
    # 2×2 cells.
    count = 40 * 100 * 32 * 25 + 16 * 46 * 64 * 800 + 4 * (512 * 9856 + 2 * 512)
    assert rows[0][2] == rows[1][2] == count / 1e9
