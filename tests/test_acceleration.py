"""The faster FCN: the same answers, the FCN untouched."""

import copy
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import torch
from torch import fx, nn
from torch.nn import functional as F

from helpers import acceleration
from helpers.acceleration import (
    accelerate,
    fold_batch_norm,
    pool_before_relu,
    prefers_channels_last,
    relu_in_place,
)
from helpers.fcn import FCN, to_fcn
from helpers.fft import FFTConv2d
from helpers.models import randomise_
from helpers.timing import seconds
from tests.fcn.zoo import ZOO


def traced(*layers):
    """A graph of layers with random statistics and weights of both signs, in eval mode."""
    model = randomise_(nn.Sequential(*layers), torch.Generator().manual_seed(0)).eval()
    for layer in model:
        if isinstance(layer, nn.BatchNorm2d) and layer.weight is not None:
            with torch.no_grad():
                layer.weight[::2] *= -1
    return fx.symbolic_trace(model)


def kinds(body):
    body.recompile()
    return [
        type(body.get_submodule(n.target)).__name__
        for n in body.graph.nodes
        if n.op == "call_module"
    ]


@pytest.mark.parametrize("size", [(40, 100), (61, 133), (90, 150)])
def test_the_courses_network_answers_the_same(classifier, size):
    fcn = to_fcn(classifier, (40, 100))
    fast = accelerate(fcn)
    x = torch.rand(2, 1, *size)
    with torch.no_grad():
        expected = fcn(x)
        assert (fast(x) - expected).abs().max() < 1e-5 * expected.abs().max()
        assert torch.equal(copy.deepcopy(fast)(x), fast(x))
    assert fast.geometry == fcn.geometry


def test_the_courses_network_becomes_what_is_fast(classifier):
    fast = accelerate(to_fcn(classifier, (40, 100)))
    expected = ["FFTConv2d", "MaxPool2d", "ReLU"] * 2 + ["FFTConv2d", "ReLU", "Conv2d"]
    assert kinds(fast.body) == expected
    with torch.no_grad():
        fast(torch.rand(1, 1, 120, 200))
    assert [m for m in fast.modules() if isinstance(m, FFTConv2d)][-1]._spectra


@torch.no_grad()
def test_a_tuned_network_answers_the_same_and_has_measured(classifier):
    fcn = to_fcn(classifier, (40, 100))
    x = torch.rand(1, 1, 80, 170)
    expected = fcn(x)
    for tune in (False, True):
        fast = accelerate(fcn, tune=tune)
        assert (fast(x) - expected).abs().max() < 1e-5 * expected.abs().max()
        layers = [m for m in fast.modules() if isinstance(m, FFTConv2d)]
        assert [bool(layer._measured) for layer in layers] == [tune] * 3


@torch.no_grad()
def test_many_images_go_through_in_groups(classifier, monkeypatch):
    fast = accelerate(to_fcn(classifier, (40, 100)))
    x = torch.rand(5, 1, 50, 120)
    sizes = []
    fast.body.register_forward_hook(lambda body, inputs, y: sizes.append(len(y)))
    alone = torch.cat([fast(image[None]) for image in x])
    for pixels, expected in ((50 * 120 * 2, [2, 2, 1]), (50 * 120 * 2 - 1, [1] * 5), (1, [1] * 5)):
        monkeypatch.setattr(acceleration, "GROUP_PIXELS", pixels)
        sizes.clear()
        assert (fast(x) - alone).abs().max() < 1e-5 * alone.abs().max()
        assert sizes == expected
    assert fast(x[:0]).shape == (0, *alone.shape[1:])


def test_the_fcn_is_not_changed_and_nothing_is_shared(classifier, same_weights):
    fcn = to_fcn(classifier.train(), (40, 100))
    before = copy.deepcopy(fcn.state_dict())
    fast = accelerate(fcn)
    assert fcn.training
    assert not fast.training
    addresses = {p.data_ptr() for p in fcn.state_dict().values()}
    assert addresses.isdisjoint(p.data_ptr() for p in fast.state_dict().values())
    assert same_weights(fcn.state_dict(), before)
    assert all(p.requires_grad for p in fcn.parameters())
    assert accelerate(fast) is fast


@torch.no_grad()
def test_networks_in_other_threads_are_not_touched(tiny_classifier):
    """Some accelerate, and some classify meanwhile."""
    fcn, crops = to_fcn(tiny_classifier, (16, 24)), torch.rand(2, 1, 16, 24)
    expected = tiny_classifier(crops)

    def work(number):
        networks = [accelerate(fcn)] * 5 if number % 2 else [copy.deepcopy(tiny_classifier)] * 200
        return all(torch.allclose(net(crops).flatten(1), expected, atol=1e-5) for net in networks)

    before = nn.Module.__call__
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(40)))
    assert nn.Module.__call__ is before


def test_a_network_may_be_made_and_used_in_inference_mode(tiny_classifier):
    fcn, x = to_fcn(tiny_classifier, (16, 24)), torch.rand(1, 1, 30, 40)
    expected = fcn(x)
    with torch.inference_mode():
        fast = accelerate(fcn)
        assert torch.allclose(fast(x), expected, atol=1e-5)
    assert torch.allclose(fast(x), expected, atol=1e-5)


@torch.no_grad()
def test_images_of_other_channels_are_refused_as_by_the_fcn():
    class Mean(nn.Module):
        def forward(self, x):
            return x.sum(1, keepdim=True) / x.shape[1]

    layers = Mean(), nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 6 * 8, 2)
    fcn = to_fcn(nn.Sequential(*layers), (8, 10))
    fast = accelerate(fcn)
    assert fast(torch.rand(1, 1, 8, 10)).shape == (1, 2, 1, 1)
    with pytest.raises(ValueError, match=r"expected images \[N, C, H, W\], not \[1, 8, 10\]"):
        fast(torch.rand(1, 8, 10))
    for network in (fcn, fast):
        with pytest.raises(ValueError, match="reads images of 1 channels, not 3"):
            network(torch.rand(1, 3, 8, 10))


@torch.no_grad()
def test_an_fcn_in_a_module_of_ones_own_answers_the_same(classifier):
    class Cooler(nn.Module):
        def __init__(self, fcn):
            super().__init__()
            self.fcn, self.geometry = fcn, fcn.geometry

        def forward(self, x):
            return self.fcn(x) / 2

    cooler, x = Cooler(to_fcn(classifier, (40, 100))), torch.rand(1, 1, 61, 133)
    fast = accelerate(cooler)
    assert (fast(x) - cooler(x)).abs().max() < 1e-5 * cooler(x).abs().max()
    assert any(isinstance(layer, FFTConv2d) for layer in fast.modules())


@torch.no_grad()
def test_an_fcn_with_a_forward_of_ones_own_answers_the_same(tiny_classifier):
    class Cooler(FCN):
        def forward(self, x):
            return super().forward(x) / 2

    fcn, x = to_fcn(tiny_classifier, (16, 24)), torch.rand(1, 1, 30, 40)
    expected = fcn(x) / 2
    fcn.__class__ = Cooler
    assert torch.allclose(accelerate(fcn)(x), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*script_method.*:DeprecationWarning")  # torch's own
def test_a_compiled_fcn_is_the_fcn(tiny_classifier):
    fcn = to_fcn(tiny_classifier, (16, 24))
    assert kinds(accelerate(torch.compile(fcn)).body) == kinds(accelerate(fcn).body)


def test_a_network_without_geometry_is_refused():
    with pytest.raises(TypeError, match="to_fcn"):
        accelerate(nn.Sequential(nn.Conv2d(1, 1, 3)))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_goes_into_the_convolution(bias, affine):
    body = traced(nn.Conv2d(2, 6, 3, bias=bias), nn.BatchNorm2d(6, affine=affine), nn.ReLU())
    x = torch.randn(2, 2, 9, 9)
    with torch.no_grad():
        expected = body(x)
        fold_batch_norm(body)
        assert kinds(body) == ["Conv2d", "ReLU"]
        assert torch.allclose(body(x), expected, atol=1e-5)


def test_batch_norm_stays_where_the_convolution_is_used_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.norm = nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2)
            self.other = nn.BatchNorm2d(2)

        def forward(self, x):
            once = self.norm(self.conv(x))
            y = self.conv(once)
            return self.other(y) + y

    model = randomise_(Twice(), torch.Generator().manual_seed(0)).eval()
    body = fx.symbolic_trace(model)
    x = torch.randn(1, 2, 9, 9)
    with torch.no_grad():
        expected = model(x).clone()
        fold_batch_norm(body)
        assert kinds(body) == ["Conv2d", "BatchNorm2d", "Conv2d", "BatchNorm2d"]
        assert torch.equal(body(x), expected)


def test_pooling_goes_before_relu_with_the_very_same_result():
    body = traced(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2, padding=1), nn.Conv2d(3, 1, 1))
    x = torch.randn(2, 1, 11, 12)
    with torch.no_grad():
        expected = body(x)
        pool_before_relu(body)
        assert kinds(body) == ["Conv2d", "MaxPool2d", "ReLU", "Conv2d"]
        assert torch.equal(body(x), expected)


def test_functions_are_as_good_as_modules_and_other_users_keep_their_relu():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.pool = nn.Conv2d(1, 2, 3), nn.MaxPool2d(3, 1, padding=1)

        def forward(self, x):
            x = self.pool(F.relu(self.conv(x)))
            y = torch.relu(x)
            return self.pool(x.relu()) + self.pool(y) + y

    model = Net()
    body = fx.symbolic_trace(model)
    x = torch.randn(1, 1, 9, 9)
    with torch.no_grad():
        pool_before_relu(body)
        body.graph.lint()
        body.recompile()
        assert torch.equal(body(x), model(x))
    names = [n.name for n in body.graph.nodes]
    assert names.index("pool") < names.index("relu")
    assert names.index("relu_1") < names.index("pool_2"), "its ReLU is used by the sum as well"


def test_average_pooling_stays_after_relu():
    body = traced(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AvgPool2d(2))
    pool_before_relu(body)
    assert kinds(body) == ["Conv2d", "ReLU", "AvgPool2d"]


def test_relu_overwrites_only_what_was_made_for_it_alone():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu = nn.Conv2d(1, 2, 3, padding=1), nn.ReLU()

        def forward(self, x):
            once = self.relu(self.conv(self.relu(x)))
            y = self.conv(once[:, :1])
            return F.relu(self.conv(once[:, 1:])) + self.relu(y) + y + self.relu(once[:, :, :])

    model = Net()
    body = fx.symbolic_trace(model)
    x = torch.randn(1, 1, 9, 9)
    before = x.clone()
    with torch.no_grad():
        relu_in_place(body)
        body.graph.lint()
        body.recompile()
        assert torch.equal(body(x), model(x))
    assert torch.equal(x, before)
    in_place = [m for m in body.modules() if isinstance(m, nn.ReLU) and m.inplace]
    assert len(in_place) == 2, "after the first and after the last convolution"


def body_of(*layers):
    return fx.symbolic_trace(nn.Sequential(*layers))


def test_channels_lie_side_by_side_where_that_is_faster(classifier):
    assert accelerate(to_fcn(classifier, (40, 100))).channels_last
    assert prefers_channels_last(body_of(nn.Conv2d(3, 64, 1), nn.Conv2d(64, 64, 3, groups=64)))
    assert not prefers_channels_last(body_of(nn.Conv2d(3, 64, 3), nn.Conv2d(64, 64, 1, groups=8)))
    assert not prefers_channels_last(body_of(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)))
    assert not prefers_channels_last(body_of(nn.ReLU()))


class ShuffleNet(nn.Module):
    """Grouped 1×1 convolutions around one that looks at each channel (Zhang et al. 2017)."""

    def __init__(self, channels, groups):
        super().__init__()
        self.stem = nn.Conv2d(1, channels, 3)
        units = [self.unit(channels, groups) for _ in range(3)]
        self.units = nn.Sequential(*units, nn.MaxPool2d(2), nn.Flatten())
        self.head = nn.Linear(channels * 14 * 14, 2)

    def unit(self, channels, groups):
        return nn.Sequential(
            nn.Conv2d(channels, channels, 1, groups=groups),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x):
        return self.head(self.units(self.stem(x)))


def times(fcn, fast, x):
    """The shortest of several runs of both, in turns: other programs only make a run longer."""
    shortest = [float("inf")] * 2
    for _ in range(12):
        for k, network in enumerate((fcn, fast)):
            shortest[k] = min(shortest[k], seconds(lambda net=network: net(x)))
    return shortest


def grouped(channels, groups):
    """Nothing but grouped 1×1 convolutions: up to 7 times slower with channels last."""
    units = [nn.Conv2d(channels, channels, 1, groups=groups) for _ in range(4)]
    return nn.Sequential(
        nn.Conv2d(1, channels, 3), *units, nn.MaxPool2d(8), nn.Flatten(), nn.Linear(channels * 9, 2)
    )


NETWORKS = {name: (make, channels, size) for name, (make, channels, size, _) in ZOO.items()}
NETWORKS |= {
    "ShuffleNet": (partial(ShuffleNet, 64, 8), 1, (30, 30)),
    "grouped 1×1": (partial(grouped, 64, 16), 1, (30, 30)),
}


@pytest.mark.filterwarnings("ignore:.*pads")
@pytest.mark.parametrize("tune", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
@torch.no_grad()
def test_no_network_becomes_slower_than_it_was(name, tune, generator):
    make, channels, (height, width) = NETWORKS[name]
    fcn = to_fcn(randomise_(make(), generator).eval(), (height, width))
    fast = accelerate(fcn, tune=tune)
    x = torch.rand(1, channels, 2 * height + 40, 2 * width + 40, generator=generator)
    expected = fcn(x)
    assert (fast(x) - expected).abs().max() < 1e-4 * expected.abs().max()
    for _ in range(4):  # again if another program was in the way
        plain, accelerated = times(fcn, fast, x)
        if accelerated < 1.4 * plain + 1e-4:
            return
    raise AssertionError(f"{name}: {1e3 * accelerated:.2f} ms, {1e3 * plain:.2f} ms before")
