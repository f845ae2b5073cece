"""What was measured is remembered, in a file where asked, and a file is never trusted."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import nn

from helpers import acceleration, choices, fft
from helpers.acceleration import accelerate
from helpers.choices import Choices, users_file
from helpers.fcn import to_fcn
from helpers.fft import FFTConv2d
from helpers.models import make_classifier, randomise_

CASE = ["a case", 7, 22]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "new folder" / "fastest.json"


def test_the_next_process_knows_what_was_put(file):
    Choices(file).put(CASE, [12, 55])
    assert Choices(file).get(CASE) == [12, 55]
    assert Choices(file).get(["another case"]) is None
    assert Choices().get(CASE) is None


def test_what_another_process_wrote_is_kept(file):
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


STRANGE = "", "{", "[1, 2]", '{"a": 1}', '{"fastest": 1}', "\0\x89PNG", "[" * 100_000


@pytest.mark.parametrize("contents", STRANGE)
def test_another_file_is_refused_and_not_touched(file, fcn, contents):
    file.parent.mkdir()
    file.write_text(contents)
    with pytest.raises(ValueError, match=r"fastest\.json does not hold .*: name another file"):
        accelerate(fcn, tune=file)
    assert file.read_text() == contents


def test_a_file_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "no folder").write_text("")
    kept = Choices(tmp_path / "no folder" / "fastest.json")
    kept.put(CASE, "direct")
    assert kept.get(CASE) == "direct"


def test_the_users_file_is_in_their_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert users_file().name == "fastest.json"
    assert "from-classifier-to-detector" in users_file().parts
    assert not users_file().exists()


@pytest.fixture(scope="module")
def fcn():
    """One for all tests: `accelerate` works on a copy."""
    classifier = randomise_(make_classifier(seed=0), torch.Generator().manual_seed(0))
    return to_fcn(classifier.eval(), (40, 100))


def values(file):
    return list(json.loads(file.read_text())["fastest"].values())


def never(*_):
    pytest.fail("measured again")


@torch.no_grad()
def test_a_network_is_measured_once_for_all_processes(fcn, file, monkeypatch):
    x = torch.rand(1, 1, 80, 170)
    expected = accelerate(fcn, tune=str(file))(x)
    for module in (acceleration, fft):
        monkeypatch.setattr(module, "fastest", never)
    again = accelerate(fcn, tune=file)
    assert torch.equal(again(x), expected)
    with monkeypatch.context() as patch:
        patch.setattr(Choices, "get", never)
        assert torch.equal(again(x), expected), "known by the network itself"
    assert len(values(file)) > 3, "three layers, and the order of the channels"
    with pytest.raises(BaseException, match="measured again"):
        again(torch.rand(1, 1, 90, 170))


@pytest.fixture(scope="module")
def keys(fcn, tmp_path_factory):
    """What is remembered by, for one image of 60×120."""
    file = tmp_path_factory.mktemp("keys") / "fastest.json"
    with torch.no_grad():
        accelerate(fcn, tune=file)(torch.zeros(1, 1, 60, 120))
    return json.loads(file.read_text())["fastest"].keys()


@torch.no_grad()
@pytest.mark.parametrize("lie", [[3, 10**9], [1, 1], [7.5, 22], ["7", 22], [7, 22, 1], {}, 5, "no"])
def test_a_file_that_lies_changes_no_answer(fcn, keys, file, lie):
    x = torch.rand(1, 1, 60, 120)
    expected = fcn(x)
    file.parent.mkdir()
    file.write_text(json.dumps({"fastest": dict.fromkeys(keys, lie)}))
    fast = accelerate(fcn, tune=file)
    assert (fast(x) - expected).abs().max() < 1e-5 * expected.abs().max()
    written = values(file)
    assert len(written) == len(keys), "other keys were looked for"
    assert sum(isinstance(choice, bool) for choice in written) == 1, "the layout"
    assert written.count(lie) < len(written) - 1, "no layer was measured again"


def heads(file, *at_hand):
    """The same layer in one process and in the next, where these weights are at hand."""
    convolution = nn.Conv2d(16, 64, (7, 22)).requires_grad_(False)
    first, then = (FFTConv2d(convolution, choices=Choices(file)) for _ in range(2))
    for tile in at_hand:
        then._spectrum(tile)
    return first, then


def test_weights_at_hand_are_not_driven_out_by_what_is_remembered(file, monkeypatch):
    """Images of many sizes would transform the weights again and again."""
    x = torch.rand(1, 16, 30, 60)
    monkeypatch.setattr(fft, "candidates", lambda *case, **how: [(16, 48)])
    first, then = heads(file, (9, 33), (9, 34))
    first(x)
    assert list(first._spectra) == [(16, 48)]
    times = {(9, 33): 1.0, (9, 34): 1.1, (16, 48): 0.9}
    monkeypatch.setattr(fft, "fastest", lambda ways, run: times)
    then(x)
    assert list(then._spectra) == [(9, 33), (9, 34)]


def test_two_sizes_are_measured_in_the_first_process_only(file, monkeypatch):
    tiles = {30: [(16, 48)], 40: [(20, 40)]}
    monkeypatch.setattr(
        fft, "candidates", lambda kernel, output, *_, **how: tiles[output[0] + kernel[0] - 1]
    )
    first, then = heads(file)
    images = [torch.rand(1, 16, height, 60) for height in tiles]
    with monkeypatch.context() as patch:
        patch.setattr(fft, "fastest", lambda ways, _: {w: 9 - 8 * (w == [*ways][-1]) for w in ways})
        expected = [first(x) for x in images]
    monkeypatch.setattr(fft, "fastest", never)
    assert all(map(torch.equal, map(then, images), expected))
    assert list(then._spectra) == [(16, 48), (20, 40)]


def test_no_more_than_two_transforms_are_kept(monkeypatch):
    monkeypatch.setattr(fft, "candidates", lambda *case, **how: [(16, 48)])
    times = {(9, 33): 1.0, (9, 34): 1.1, (16, 48): 0.1}
    monkeypatch.setattr(
        fft, "fastest", lambda ways, run: {way: times[way] for way in ways if run(way) is not None}
    )
    _, layer = heads(None, (9, 33), (9, 34))
    layer(torch.rand(1, 16, 30, 60))
    assert list(layer._spectra) == [(9, 34), (16, 48)]


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


@torch.no_grad()
def test_each_number_of_threads_has_its_layout(fcn, monkeypatch):
    fast, x = accelerate(fcn, tune=True), torch.rand(1, 1, 60, 120)
    best = {1: True, 2: False}
    monkeypatch.setattr(acceleration, "fastest", lambda ways, run: {best[threads]: 1.0})
    for threads in (1, 2, 1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        fast(x)
        assert fast.channels_last is best[threads]


def test_weights_measured_in_inference_mode_can_be_loaded_anew(fcn):
    fast, x = accelerate(fcn, tune=True), torch.rand(1, 1, 60, 120)
    with torch.inference_mode():
        fast(x)
    assert not any(p.is_inference() for p in fast.body.state_dict().values())
    fast.load_state_dict(fast.state_dict())


@torch.no_grad()
def test_several_threads_may_use_a_network_that_measures(fcn):
    fast, x = accelerate(fcn, tune=True), torch.rand(1, 1, 60, 120)
    expected = fcn(x)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: fast(x), range(12)))
    assert max((y - expected).abs().max() for y in answers) < 1e-5 * expected.abs().max()
