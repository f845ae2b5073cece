"""What people hand over: sizes, wrappers, precisions, attributes; taken, or refused in words."""

import contextlib
import threading
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.fcn import check_equivalence, conversion_steps, to_fcn
from helpers.models import randomise_

SIZE = (8, 10)


def chain():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(192, 2))


class Written(nn.Module):
    """conv, Flatten, Linear, as the function says; with attributes of any kind."""

    def __init__(self, function=None, **attributes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 4, 3), nn.Linear(192, 2)
        self.function = function or (lambda net, x: net.classify(x))
        for name, value in attributes.items():
            setattr(self, name, value)

    def classify(self, x):
        return self.head(self.conv(x).flatten(1))

    def forward(self, x):
        return self.function(self, x)


@pytest.mark.parametrize("size", [24, (8.5, 10), "ab", None, (8,), (8, 10, 1), (0, 8), [[8], 10]])
def test_a_size_that_is_no_pair_of_pixels_is_refused_in_words(size):
    with pytest.raises(ValueError, match=r"input_size must be \(height, width\) in pixels, not"):
        to_fcn(chain(), size)


@pytest.mark.parametrize("size", [[8, 10], torch.Size([8, 10]), (8.0, 10.0)])
def test_any_pair_of_whole_numbers_is_a_size(size):
    assert to_fcn(chain(), size).geometry.window == SIZE


def test_frozen_weights_stay_frozen():
    model = chain()
    model[2].requires_grad_(False)
    assert [p.requires_grad for p in to_fcn(model, SIZE).parameters()] == [True, True, False, False]
    turned = Written(lambda net, x: net.head(net.conv(x).flip(3).flatten(1))).requires_grad_(False)
    assert not any(p.requires_grad for p in to_fcn(turned, SIZE).parameters())
    scaled = Written(lambda net, x: net.classify(x * net.scale), scale=nn.Parameter(torch.ones(1)))
    assert to_fcn(scaled, SIZE)[0].own_0.requires_grad


def test_attributes_that_cannot_be_copied_are_no_obstacle():
    model = Written(lock=threading.Lock())
    model.last_loss = model(torch.rand(1, 1, *SIZE)).sum()  # a tensor with a history
    assert check_equivalence(model, SIZE).equal
    assert model.last_loss.requires_grad


def test_pruned_and_renormalised_layers_are_named_with_the_way_out():
    from torch.nn.utils import prune

    pruned = Written()
    prune.l1_unstructured(pruned.conv, "weight", 0.5)
    with pytest.raises(ValueError, match=r"layer conv \(Conv2d\) .*prune\.remove"):
        to_fcn(pruned, SIZE)
    prune.remove(pruned.conv, "weight")
    assert check_equivalence(pruned, SIZE).equal

    old = Written()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        nn.utils.weight_norm(old.head)
    with pytest.raises(ValueError, match=r"layer head \(Linear\) .*remove_weight_norm"):
        to_fcn(old, SIZE)


@pytest.mark.parametrize("parametrise", ["weight_norm", "spectral_norm", "orthogonal"])
def test_weights_that_are_computed_are_taken_as_they_are(parametrise):
    model = Written().eval()
    getattr(nn.utils.parametrizations, parametrise)(model.conv)
    assert check_equivalence(model, SIZE).equal


def test_models_without_numbers_are_refused():
    with pytest.raises(ValueError, match=r"layer 0 \(Conv2d\) is on the meta device"):
        to_fcn(chain().to("meta"), SIZE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lazy = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.LazyLinear(2))
    with pytest.raises(ValueError, match=r"layer 2 \(LazyLinear\) is lazy.*classify one batch"):
        to_fcn(lazy, SIZE)
    lazy(torch.rand(1, 1, *SIZE))
    assert check_equivalence(lazy, SIZE).equal


def test_scripted_and_quantised_models_are_refused_with_the_way_out():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted, inner = torch.jit.script(chain()), chain()
        inner[0] = torch.jit.script(inner[0])
        quantised = torch.ao.quantization.quantize_dynamic(chain(), {nn.Linear})
    with pytest.raises(TypeError, match=r"scripted .*the module that it was made from"):
        to_fcn(scripted, SIZE)
    with pytest.raises(ValueError, match=r"layer 0 \(RecursiveScriptModule\) is scripted"):
        to_fcn(inner, SIZE)
    with pytest.raises(ValueError, match=r"layer 2 \(Linear\) is quantised"):
        to_fcn(quantised, SIZE)


def in_place_compiled(model):
    model.compile()
    return model


def inner_wrapped(wrap):
    def wrapped(model):
        model[0] = wrap(model[0])
        return model

    return wrapped


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, on compiling
@pytest.mark.parametrize(
    "wrap",
    [
        nn.DataParallel,
        torch.compile,
        in_place_compiled,
        lambda model: torch.compile(nn.DataParallel(model)),
        inner_wrapped(nn.DataParallel),
        inner_wrapped(torch.compile),
    ],
)
@torch.no_grad()
def test_wrappers_are_taken_off(wrap):
    model = chain().eval()
    expected = to_fcn(model, SIZE)
    image = torch.rand(1, 1, 11, 14)
    fcn = to_fcn(wrap(model), SIZE)
    assert torch.equal(fcn(image), expected(image))


@torch.no_grad()
def test_a_half_network_that_answers_in_float32_goes_on_doing_so():
    for function in (
        lambda net, x: F.softmax(net.classify(x), 1, dtype=torch.float32),
        lambda net, x: net.classify(x).float(),
    ):
        model = Written(function).half()
        image = torch.rand(1, 1, *SIZE).half()
        cells = to_fcn(model, SIZE)(image)
        assert cells.dtype == torch.float32
        assert torch.allclose(cells.flatten(1), model(image), atol=2e-3)


def test_code_that_needs_half_precision_is_refused():
    model = Written(lambda net, x: net.classify(x.half())).half()
    with pytest.raises(ValueError, match="cannot be compared with its FCN with float32 weights"):
        to_fcn(model, SIZE)


def test_a_classifier_for_one_size_of_batch_is_refused():
    model = Written(lambda net, x: net.head(net.conv(x).view(2, -1)))
    with pytest.raises(ValueError, match="another number of crops than 2"):
        to_fcn(model, SIZE)


def test_a_convolution_of_functions_may_come_first():
    kernel = nn.Parameter(torch.rand(4, 3, 3, 3))
    model = Written(lambda net, x: net.head(F.conv2d(x, net.kernel).flatten(1)), kernel=kernel)
    assert check_equivalence(model, SIZE).equal


def test_no_function_call_is_taken_for_a_layer():
    """Tensors of the classifier's own are no layers: the function that reads them has a name."""
    model = Written(lambda net, x: net.classify(x - net.mean), mean=torch.rand(1, 8, 10))
    with pytest.raises(TypeError, match=r"layer sub \(sub\) .*which position it is"):
        to_fcn(model, SIZE)
    per_channel = Written(lambda net, x: net.classify((x - net.mean) / 2), mean=torch.rand(1, 1, 1))
    assert [step.name for step in conversion_steps(per_channel, SIZE)][:2] == ["sub", "div"]
    assert check_equivalence(per_channel, SIZE).equal


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda net, x: net.classify(x) if x.sum() > 0 else None, r"bool \(bool\)"),
        (lambda net, x: net.classify(x * float(x.max())), r"float \(float\)"),
        (lambda net, x: net.classify(x[: int(x.sum() > 0) + 5]), r"int \(int\)"),
        (lambda net, x: net.classify(torch.from_numpy(x.numpy())), r"numpy \(numpy\)"),
        (lambda net, x: net.classify(torch.tensor(x.tolist())), r"tolist \(tolist\)"),
    ],
)
def test_code_that_reads_values_is_refused(function, name):
    with pytest.raises(TypeError, match=f"layer {name} reads the values"):
        to_fcn(Written(function), SIZE)


def test_writing_into_a_tensor_is_refused():
    def paint(net, x):
        x[:, :, 0] = 0
        return net.classify(x)

    with pytest.raises(TypeError, match=r"layer setitem \(setitem\) changes a tensor in place"):
        to_fcn(Written(paint), SIZE)


def test_what_the_recorder_cannot_see_is_found_by_comparing():
    class Hidden(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return torch.from_numpy(x.numpy().copy())

    with pytest.raises((TypeError, ValueError)):
        to_fcn(Written(lambda net, x: net.classify(x) + Hidden.apply(x).mean()), SIZE)


def test_an_error_of_the_classifiers_own_says_where():
    def broken(net, x):
        raise KeyError("weights")

    model = nn.Sequential(nn.Conv2d(1, 4, 3), Written(broken), nn.Flatten(), nn.Linear(192, 2))
    with pytest.raises(TypeError, match="Sequential cannot be run inside layer 1: 'weights'"):
        to_fcn(model, SIZE)


def test_torch_is_as_it_was_even_after_an_error():
    call = nn.Module.__call__
    for function in (None, lambda net, x: x.no_such_method()):
        with contextlib.suppress(TypeError):
            to_fcn(Written(function), SIZE)
        assert nn.Module.__call__ is call
    model = Written(lambda net, x: setattr(net, "seen", 1) or net.classify(x)).train()
    to_fcn(model, SIZE)
    assert not hasattr(model, "seen")
    assert model.training


def test_a_buffer_that_the_classifier_counts_in_is_put_back():
    def count(net, x):
        net.calls += 1
        return net.classify(x)

    model = Written(count)
    model.register_buffer("calls", torch.zeros(()))
    to_fcn(model, SIZE)
    assert model.calls == 0


def test_inference_mode_is_no_obstacle():
    with torch.inference_mode():
        made_there = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), *chain()[1:])
        fcn = to_fcn(chain(), SIZE)
    assert fcn.geometry.exact
    assert check_equivalence(made_there, SIZE).equal


@torch.no_grad()
def test_instance_norm_in_eval_mode_uses_what_it_has_learned():
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.InstanceNorm2d(4, affine=True, track_running_stats=True),
        nn.Flatten(),
        nn.Linear(192, 2),
    )
    for _ in range(3):
        model(torch.rand(4, 1, *SIZE))
    assert check_equivalence(randomise_(model, torch.Generator().manual_seed(0)), SIZE).equal
    without = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.InstanceNorm2d(4), nn.Flatten(), nn.Linear(192, 2)
    )
    with pytest.raises(TypeError, match=r"layer 1 \(InstanceNorm2d\) .*running statistics"):
        to_fcn(without, SIZE)


@pytest.mark.parametrize("pool", [nn.MaxPool2d, nn.AvgPool2d])
@torch.no_grad()
def test_ceil_mode_goes_where_it_rounds_nothing_and_pads_where_it_rounds(pool):
    def model(rows, cols):
        features = nn.Sequential(nn.Conv2d(1, 4, 3), pool(2, ceil_mode=True), nn.Flatten())
        return features.append(nn.Linear(features(torch.zeros(1, 1, rows, cols)).shape[1], 2))

    even = model(8, 10)
    fcn = to_fcn(even, (8, 10))
    assert fcn.geometry.exact
    assert not fcn[1].ceil_mode
    assert check_equivalence(even, (8, 10)).equal
    odd = model(9, 10)
    with pytest.warns(UserWarning, match="layer 1 pads"):
        fcn = to_fcn(odd, (9, 10))
    crops = torch.rand(3, 1, 9, 10)
    assert torch.allclose(fcn(crops).flatten(1), odd(crops), atol=1e-5)
    for height in range(9, 16):
        legal, extra = fcn.geometry.cells(height, 12), fcn.geometry.extra_cells(height, 12)
        given = fcn(torch.zeros(1, 1, height, 12)).shape[2:]
        assert given == (legal[0] + extra[0], legal[1] + extra[1])
