"""What was measured is remembered, in a file where asked, and a file is never trusted."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from helpers import acceleration, choices, fft
from helpers.acceleration import accelerate
from helpers.choices import Choices, users_file
from helpers.fcn import to_fcn
from helpers.fft import FFTConv2d

CASE = ["a case", 7, 22]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new folder" / "fastest.json"


def test_the_next_process_knows_what_was_put(file):
    Choices(file).put(CASE, [12, 55])
    assert Choices(file).get(CASE) == [12, 55]
    assert Choices(file).get(["another case"]) is None
    assert Choices().get(CASE) is None


def test_two_processes_lose_nothing(file):
    one, two = Choices(file), Choices(file)
    one.put(CASE, "direct")
    two.put(["another"], True)
    assert (two.get(CASE), one.get(["another"])) == ("direct", True)


@pytest.mark.parametrize(
    ("where", "name"),
    [(choices, "processor"), (torch, "get_num_threads"), (torch, "__version__")],
)
def test_another_machine_or_version_knows_nothing(file, monkeypatch, where, name):
    Choices(file).put(CASE, "direct")
    other = "2.0" if name == "__version__" else (lambda *_: 99)
    monkeypatch.setattr(where, name, other)
    assert Choices(file).get(CASE) is None


@pytest.mark.parametrize("contents", ["", "{", "[1, 2]", "\0\0", "[" * 100_000, '{"a": NaN'])
def test_a_damaged_file_counts_as_empty_and_is_replaced(file, contents):
    file.parent.mkdir()
    file.write_text(contents)
    damaged = Choices(file)
    assert damaged.get(CASE) is None
    damaged.put(CASE, "direct")
    assert list(json.loads(file.read_text()).values()) == ["direct"]


def test_a_file_that_cannot_be_written_is_done_without(tmp_path):
    folder = tmp_path / "file"
    folder.mkdir()
    kept = Choices(folder)
    kept.put(CASE, "direct")
    assert kept.get(CASE) == "direct"
    assert not list(folder.iterdir())


def test_the_users_file_is_in_their_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert users_file().name == "fastest.json"
    assert "from-classifier-to-detector" in users_file().parts
    assert not users_file().exists()


@pytest.fixture
def fcn(classifier):
    return to_fcn(classifier, (40, 100))


def never(*_):
    pytest.fail("measured again")


@torch.no_grad()
def test_a_network_is_measured_once_for_all_processes(fcn, file, monkeypatch):
    x = torch.rand(1, 1, 80, 170)
    expected = accelerate(fcn, tune=file)(x)
    for module in (acceleration, fft):
        monkeypatch.setattr(module, "fastest", never)
    again = accelerate(fcn, tune=file)
    assert torch.equal(again(x), expected)
    with monkeypatch.context() as patch:
        patch.setattr(Choices, "get", never)
        assert torch.equal(again(x), expected), "known by the network itself"
    assert len(json.loads(file.read_text())) > 3, "three layers, and the order of the channels"
    with pytest.raises(BaseException, match="measured again"):
        again(torch.rand(1, 1, 90, 170))


@torch.no_grad()
@pytest.mark.parametrize("lie", [[3, 10**9], [1, 1], [7.5, 22], ["7", 22], [7, 22, 1], {}, 5, "no"])
def test_a_file_that_lies_changes_no_answer(fcn, file, lie):
    x = torch.rand(1, 1, 80, 170)
    expected = fcn(x)
    accelerate(fcn, tune=file)(x)
    file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_text()), lie)))
    fast = accelerate(fcn, tune=file)
    assert (fast(x) - expected).abs().max() < 1e-5 * expected.abs().max()
    written = list(json.loads(file.read_text()).values())
    assert sum(isinstance(choice, bool) for choice in written) == 1, "the layout"
    assert written.count(lie) < len(written) - 1, "no layer was measured again"


@torch.no_grad()
def test_weights_at_hand_are_not_driven_out_by_what_is_remembered(file, monkeypatch):
    """Images of many sizes would transform the weights again and again."""
    torch.manual_seed(0)
    x = torch.rand(1, 16, 30, 60)
    monkeypatch.setattr(fft, "candidates", lambda *case, **how: [(16, 48)])
    head = FFTConv2d(nn.Conv2d(16, 64, (7, 22)), choices=Choices(file))
    head(x)
    assert list(head._spectra) == [(16, 48)]
    other = FFTConv2d(nn.Conv2d(16, 64, (7, 22)), choices=Choices(file))
    other._spectrum((9, 33))
    monkeypatch.setattr(fft, "fastest", lambda ways, run: {(9, 33): 1.0, (16, 48): 0.9})
    other(x)
    assert list(other._spectra) == [(9, 33)]


@torch.no_grad()
def test_the_layout_that_is_faster_is_taken(fcn, monkeypatch):
    x = torch.rand(1, 1, 80, 170)
    expected = fcn(x)
    for best in (True, False):
        monkeypatch.setattr(
            acceleration,
            "fastest",
            lambda ways, run, best=best: {way: 2.0 - (way == best) for way in ways if [run(way)]},
        )
        fast = accelerate(fcn, tune=True)
        answer = fast(x)
        assert fast.channels_last is best
        assert (answer - expected).abs().max() < 1e-5 * expected.abs().max()
        layout = torch.channels_last if best else torch.contiguous_format
        weights = [p for p in fast.body.state_dict().values() if p.ndim == 4]
        assert all(weight.is_contiguous(memory_format=layout) for weight in weights)


def test_a_file_is_only_written_where_one_is_named(fcn, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with torch.no_grad():
        accelerate(fcn, tune=True)(torch.rand(1, 1, 60, 120))
    assert not list(Path(tmp_path).iterdir())
