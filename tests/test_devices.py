"""The same on every device: on a GPU where there is one, and on a pretended one anywhere."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache

import pytest
import torch

from helpers import devices, heatmap, timing
from helpers.acceleration import accelerate
from helpers.checks import augmentation, fcn, fine_tuning, training_loop
from helpers.devices import full_precision, same_each_time, seeded
from helpers.fcn import to_fcn
from helpers.models import make_classifier
from helpers.paths import ROOT
from helpers.training import fit
from tests import pretending
from tests.device_cases import CASES, SIZE, crops, network_with_dropout, noise

# How far numbers may differ, next to the largest of them. A box that is another one is farther off.
TOLERANCE = {"detector": 1e-4, "trained": 1e-3}


def tolerance_of(name):
    return next((most for kind, most in TOLERANCE.items() if name.startswith(kind)), 1e-5)


def missing(name):
    """Why there is no such device, or None."""
    there = torch.cuda.is_available() if name == "cuda" else torch.backends.mps.is_available()
    return None if there else f"there is no {name} device here"


def as_tensors(results):
    return [torch.as_tensor(each).double() for each in results]


@cache
def on_the_cpu(name):
    return as_tensors(CASES[name](torch.device("cpu")))


def assert_same(results, name):
    actual, expected = as_tensors(results), on_the_cpu(name)
    assert [x.shape for x in actual] == [x.shape for x in expected]
    for one, other in zip(actual, expected, strict=True):
        bound = tolerance_of(name) * max([1.0, *other.abs().flatten().tolist()])
        assert ((one - other).abs() <= bound).all(), f"{(one - other).abs().max()} > {bound}"


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_gpu_gives_what_the_cpu_gives(kind, name):
    if missing(kind):
        pytest.skip(missing(kind))
    assert_same(CASES[name](torch.empty(0, device=kind).device), name)


@pytest.fixture(scope="module")
def worker():
    """A process of its own, because torch cannot forget a device that it was told of."""
    if not pretending.possible():
        pytest.skip("this torch cannot be told of a device in Python (2.10 and later can)")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, pretending.register) as pool:
        yield pool


@pytest.mark.parametrize("name", CASES)
def test_nothing_mixes_devices(worker, name):
    """On a device that is pretended: real numbers, and an error where tensors of two meet."""
    assert_same(worker.submit(pretending.run, name).result(), name)


@pytest.mark.parametrize(
    ("mistake", "case", "message"),
    [
        ("random numbers on the CPU", "trained", "two devices"),
        ("probabilities in float64", "detector", "float64 on pretended:0"),
        ("windows cut at boxes elsewhere", "mined", "two devices"),
        ("a heatmap on the CPU", "every_pixel", "on cpu, not pretended:0"),
        ("a generator of the CPU", "trained", "a generator of the CPU for pretended:0"),
        ("numbers for numpy", "measured_on_crops", r"numpy\(\) is not supported"),
        ("images left behind", "detector", "the image is on cpu and the network on pretended:0"),
    ],
)
def test_a_planted_mistake_is_seen(worker, mistake, case, message):
    with pytest.raises((RuntimeError, TypeError, ValueError, AssertionError), match=message):
        worker.submit(pretending.run, case, mistake).result()


def rounding():
    """How the convolutions and products of NVIDIA's GPUs round, and whether they are settled."""
    cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
    if not hasattr(cudnn, "conv"):
        pytest.skip("this torch names its precision by other switches (2.9 and later by these)")
    return cudnn.conv.fp32_precision, products.fp32_precision, cudnn.deterministic


@pytest.fixture
def coarse():
    rounding()  # skips where it cannot be told
    places = torch.backends.cudnn.conv, torch.backends.cuda.matmul
    before = [place.fp32_precision for place in places]
    for place in places:
        place.fp32_precision = "tf32"
    yield
    for place, value in zip(places, before, strict=True):
        place.fp32_precision = value


def test_what_was_set_comes_back(coarse):
    @same_each_time()
    def fails():
        with full_precision():
            assert rounding() == ("ieee", "ieee", True)
        assert rounding() == ("ieee", "ieee", True)
        raise KeyError

    before = rounding()
    assert before == ("tf32", "tf32", False)
    with pytest.raises(KeyError):
        fails()
    assert rounding() == before


# What a program may set, one after the other, and what each place says after each step.
STEPS = """
import torch
from contextlib import nullcontext
from helpers.devices import full_precision

cudnn, products = torch.backends.cudnn, torch.backends.cuda.matmul
places = torch.backends, cudnn, cudnn.conv, cudnn.rnn, products

def precisions():
    return [place.fp32_precision for place in places]

def steps(within):
    inside, after = [], []
    for place in (torch.backends, cudnn, products):
        for value in ("ieee", "tf32", "none"):
            place.fp32_precision = value
            for general in ("ieee", "tf32", "none"):
                if place is not torch.backends:
                    torch.backends.fp32_precision = general
                with within():
                    inside.append(precisions())
                after.append(precisions())
    return inside, after

_, expected = steps(nullcontext)
assert len({tuple(each) for each in expected}) > 5, expected
inside, after = steps(full_precision)
assert after == expected, (after, expected)
assert inside == [["ieee"] * len(places)] * len(after), inside
"""


def test_what_was_not_set_is_not_set_afterwards():
    """A program that asks all of torch for another precision later on is heard."""
    rounding()  # skips where it cannot be told
    # In a process of its own: what torch begins with cannot be set again.
    done = subprocess.run([sys.executable, "-c", STEPS], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_older_torch_is_asked_in_its_own_way(monkeypatch):
    """Before 2.9 there is one switch for all of cuDNN, and one for products."""

    class Older:
        allow_tf32 = True

    cudnn, cuda = Older(), Older()
    cuda.matmul = Older()
    monkeypatch.setattr(torch.backends, "cudnn", cudnn)
    monkeypatch.setattr(torch.backends, "cuda", cuda)
    with full_precision():
        assert not cudnn.allow_tf32
        assert not cuda.matmul.allow_tf32
    assert cudnn.allow_tf32 is cuda.matmul.allow_tf32 is True


@pytest.mark.parametrize("name", [*CASES])
def test_answers_are_computed_in_full_precision(coarse, name, monkeypatch):
    """Whoever asks a network for answers that are compared asks for all their digits."""
    seen = set()
    convolve = torch.nn.Conv2d.forward

    def forward(self, x):
        seen.add(rounding()[:2])
        return convolve(self, x)

    monkeypatch.setattr(torch.nn.Conv2d, "forward", forward)
    CASES[name](torch.device("cpu"))
    # `_channels` of a detector only asks whether the network runs.
    assert seen <= {("ieee", "ieee")}, name


def test_training_is_settled(monkeypatch):
    seen = []
    convolve = torch.nn.Conv2d.forward
    monkeypatch.setattr(
        torch.nn.Conv2d, "forward", lambda self, x: seen.append(rounding()[2]) or convolve(self, x)
    )
    fit(network_with_dropout("cpu"), crops(count=8), epochs=1, progress=False)
    assert seen
    assert all(seen)


def test_no_gpu_is_woken_for_a_network_on_the_cpu(monkeypatch):
    """Only to ask for its random state would take seconds and memory, in each process."""
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name in ("get_rng_state", "manual_seed", "manual_seed_all", "synchronize"):
        monkeypatch.setattr(torch.cuda, name, lambda *_: pytest.fail("a GPU was asked"))
    make_classifier(SIZE, seed=0)
    fit(network_with_dropout("cpu"), crops(count=8), epochs=1, progress=False)


def test_a_gpus_own_random_numbers_are_put_back(monkeypatch):
    asked = []
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: asked.append(device) or "was")
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda *put: asked.append(put))
    monkeypatch.setattr(torch.cuda, "manual_seed", lambda seed: asked.append(seed))
    monkeypatch.setattr(torch.cuda, "device", lambda device: full_precision())
    second = torch.device("cuda", 1)
    with seeded(7, second):
        first = torch.rand(3)
    assert asked == [second, 7, ("was", second)]
    assert torch.equal(first, torch.rand(3, generator=torch.Generator().manual_seed(7)))


def test_time_ends_when_the_gpu_is_done(monkeypatch):
    order = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: order.append("wait"))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: order.append("clock") or 0.0)
    timing.seconds(lambda: order.append("work"))
    assert order == ["wait", "clock", "work", "wait", "clock"]
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    devices.wait()
    assert len(order) == 5


def test_an_image_on_another_device_is_refused():
    fcn = to_fcn(make_classifier(SIZE, seed=0), SIZE)
    elsewhere = torch.empty(1, 40, 50, device="meta")
    for run in (heatmap.fcn_heatmap, lambda net, image: heatmap.fcn_heatmaps(net, [image])):
        with pytest.raises(ValueError, match=r"the image is on meta .* use image.to\('cpu'\)"):
            run(fcn, elsewhere)


@pytest.mark.skipif(missing("cuda") is not None, reason=str(missing("cuda")))
class TestOnlyOnCuda:
    """What a pretended device cannot show."""

    def test_training_twice_gives_the_same_weights(self, same_weights):
        networks = [network_with_dropout("cuda") for _ in range(2)]
        for network in networks:
            network[10][1].p = 0.5
            fit(network, crops(), epochs=2, batch_size=8, progress=False)
        assert same_weights(*(network.state_dict() for network in networks))

    def test_its_random_numbers_go_on_as_if_nothing_had_been(self):
        before = torch.cuda.get_rng_state()
        network = network_with_dropout("cuda")
        network[10][1].p = 0.5
        fit(network, crops(count=8), epochs=1, progress=False)
        assert torch.equal(torch.cuda.get_rng_state(), before)

    def test_rounding_is_what_would_be_seen(self, coarse):
        """Without `full_precision` the tolerance of these tests is not kept."""
        fcn, image = to_fcn(make_classifier(seed=0), (40, 100)).eval(), noise(1, 1, 80, 160)
        with torch.no_grad():
            expected = fcn(image)
            off = (fcn.cuda()(image.cuda()).cpu() - expected).abs().max()
            fast = (accelerate(fcn)(image.cuda()).cpu() - expected).abs().max()
        assert fast < 1e-5 * expected.abs().max() < off


@pytest.mark.parametrize(
    "draw",
    [
        lambda: fcn._small_classifier((3,), (8, 12), True, 1),
        fine_tuning._small_network,
        training_loop._a_small_network,
        lambda: augmentation._check_randomness(brighten, torch.full((8, 1, 4, 6), 0.5)),
    ],
    ids=["fcn", "fine-tuning", "training loop", "augmentation"],
)
def test_a_check_that_draws_on_the_cpu_leaves_every_gpu_alone(draw, monkeypatch):
    """`fork_rng()` without devices would wake them all, and `torch.manual_seed` seed them."""
    fork, forked = torch.random.fork_rng, []

    def remember(devices=None, *arguments, **options):
        forked.append(devices)
        return fork(devices, *arguments, **options)

    def refuse(seed):
        raise AssertionError("every device is seeded")

    monkeypatch.setattr(torch.random, "fork_rng", remember)
    monkeypatch.setattr(torch, "manual_seed", refuse)
    state = torch.get_rng_state()
    draw()
    assert forked == [[]]
    assert torch.equal(torch.get_rng_state(), state)


def brighten(images, strength, generator):
    amounts = torch.rand(len(images), 1, 1, 1, generator=generator)
    return (images + strength * (2 * amounts - 1)).clamp(0, 1)
