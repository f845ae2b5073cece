"""The conversion: equal to brute-force windows in every cell, and honest where it cannot be."""

import copy
import operator
import warnings
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Event

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.acceleration import accelerate
from helpers.datasets import load_scenes
from helpers.fcn import (
    FCN,
    Equivalence,
    check_equivalence,
    conversion_steps,
    geometry,
    linear_as_convolution,
    to_fcn,
)
from helpers.fcn.recording import left_as_it_was
from helpers.models import make_classifier, randomise_

RELU = nn.ReLU()  # one object, used by several layers of one network

# name: (classifier, input size)
NETWORKS = {
    "course, small": (make_classifier((16, 24), seed=0), (16, 24)),
    "course, window larger than its field": (make_classifier((18, 23), seed=0), (18, 23)),
    "one linear": (
        nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Linear(3 * 5 * 7, 2)),
        (7, 9),
    ),
    "three channels, five classes": (
        nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 3 * 6, 6), nn.Linear(6, 5)
        ),
        (5, 8),
    ),
    "no bias anywhere": (
        nn.Sequential(
            nn.Conv2d(1, 4, 3, bias=False),
            nn.BatchNorm2d(4, affine=False),
            nn.Flatten(),
            nn.Linear(4 * 4 * 6, 5, bias=False),
            nn.ReLU(),
            nn.Linear(5, 2, bias=False),
        ),
        (6, 8),
    ),
    "strides and dilations": (
        nn.Sequential(
            nn.Conv2d(1, 4, (3, 2), stride=(2, 3)),
            nn.LeakyReLU(),
            nn.Conv2d(4, 3, (2, 3), dilation=(1, 2)),
            nn.Flatten(),
            nn.Linear(3 * 4 * 3, 4),
            nn.GELU(),
            nn.Linear(4, 2),
        ),
        (12, 22),
    ),
    "groups and overlapping pools": (
        nn.Sequential(
            nn.Conv2d(2, 4, 3, groups=2),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(4, 4, 3, groups=4),
            nn.AvgPool2d(2, stride=1),
            nn.Flatten(1, 3),
            nn.Linear(4 * 2 * 4, 2),
        ),
        (13, 17),
    ),
    "nested, dropout after flatten": (
        nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sequential(nn.BatchNorm2d(4), nn.ELU())),
            nn.Dropout2d(),
            nn.AvgPool2d(2),
            nn.Sequential(
                nn.Flatten(), nn.Dropout(), nn.Linear(4 * 3 * 4, 7), nn.Sigmoid(), nn.Linear(7, 3)
            ),
        ),
        (8, 10),
    ),
    "one ReLU for all": (
        nn.Sequential(
            nn.Conv2d(1, 4, 3), RELU, nn.Flatten(), nn.Linear(4 * 3 * 4, 5), RELU, nn.Linear(5, 2)
        ),
        (5, 6),
    ),
    "no linear, a map of one place": (
        nn.Sequential(nn.Conv2d(1, 5, 3), nn.ReLU(), nn.Conv2d(5, 2, 2), nn.Flatten()),
        (4, 4),
    ),
    "valid padding by name": (
        nn.Sequential(nn.Conv2d(1, 3, 3, padding="valid"), nn.Flatten(), nn.Linear(3 * 3 * 3, 2)),
        (5, 5),
    ),
}
all_networks = pytest.mark.parametrize("name", NETWORKS)


def network(name):
    """A copy of a network, with random biases and batch-norm statistics, in eval mode."""
    model, size = NETWORKS[name]
    model = copy.deepcopy(model)
    return randomise_(model, torch.Generator().manual_seed(1)).eval(), size


def random_image(model, height, width, seed=0):
    channels = next(m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d))
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def largest_difference(model, fcn, image, size):
    """Every window cut out and classified by itself, against the FCN's cells: max |Δ|."""
    (height, width), (down, right) = size, fcn.geometry.stride
    crops = [
        [
            image[:, y : y + height, x : x + width]
            for x in range(0, image.shape[2] - width + 1, right)
        ]
        for y in range(0, image.shape[1] - height + 1, down)
    ]
    expected = torch.stack([model(torch.stack(row)) for row in crops]).permute(2, 0, 1)
    cells = fcn(image[None])[0, :, : len(crops), : len(crops[0])]
    assert cells.shape == expected.shape
    return (cells - expected).abs().max().item()


# Equal in every cell


@all_networks
def test_every_cell_equals_the_classifier_on_the_window_under_it(name):
    model, size = network(name)
    fcn = to_fcn(model, size)
    for more in ((0, 0), (1, 2), (7, 11), (12, 5)):
        image = random_image(model, size[0] + more[0], size[1] + more[1])
        assert largest_difference(model, fcn, image, size) < 1e-4


@all_networks
def test_check_equivalence_agrees(name):
    model, size = network(name)
    result = check_equivalence(model, size)
    assert result.equal
    assert result.cells >= 20


@st.composite
def plain_classifiers(draw):
    """A random classifier and the input size for which it is made, from the last map upwards."""
    number = st.integers
    channels = [draw(number(1, 3))]
    size = [draw(number(1, 3)), draw(number(1, 4))]
    classes, hidden = draw(number(2, 4)), draw(st.lists(number(1, 5), max_size=2))
    pairs = st.tuples(number(1, 3), number(1, 3))
    blocks = draw(
        st.lists(
            st.tuples(st.sampled_from(["conv", "max", "average"]), pairs, pairs, number(1, 2)),
            max_size=3,
        )
    )
    features = [("conv", (2, 2), (1, 1), 1), *blocks]
    layers = []
    for kind, kernel, stride, dilation in features:
        if kind == "conv":
            channels.append(draw(number(1, 3)))
            bias = draw(st.booleans())
            layers.append(nn.Conv2d(*channels[-2:], kernel, stride, dilation=dilation, bias=bias))
            layers += [nn.BatchNorm2d(channels[-1])] if draw(st.booleans()) else []
            layers += [draw(st.sampled_from([nn.ReLU(), nn.Tanh(), nn.Dropout(0.5)]))]
        elif kind == "max":
            layers.append(nn.MaxPool2d(kernel, stride, dilation=dilation))
        else:
            layers.append(nn.AvgPool2d(kernel, stride))
    head = [channels[-1] * size[0] * size[1], *hidden, classes]
    layers.append(nn.Flatten())
    for inputs, outputs in pairwise(head):
        layers += [nn.Linear(inputs, outputs, bias=draw(st.booleans())), nn.ReLU()]
    for kind, kernel, stride, dilation in reversed(features):
        dilation = 1 if kind == "average" else dilation
        for axis in (0, 1):
            dropped = draw(number(0, stride[axis] - 1))  # pixels that no kernel reaches any more
            size[axis] = (size[axis] - 1) * stride[axis] + dilation * (kernel[axis] - 1) + 1
            size[axis] += dropped
    return nn.Sequential(*layers[:-1]), tuple(size)


@given(plain_classifiers(), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=60)
def test_any_plain_classifier_equals_its_fcn(classifier, more_rows, more_cols):
    model, size = classifier
    randomise_(model, torch.Generator().manual_seed(0)).eval()
    fcn = to_fcn(model, size)
    image = random_image(model, size[0] + more_rows, size[1] + more_cols)
    assert largest_difference(model, fcn, image, size) < 1e-4
    assert fcn.geometry.receptive_field <= fcn.geometry.window


@pytest.mark.parametrize("size", [(40, 100), (42, 102)])
def test_the_courses_network_is_equal_on_a_random_image(size):
    model = randomise_(make_classifier(size, seed=0), torch.Generator().manual_seed(2)).eval()
    fcn = to_fcn(model, size)
    assert largest_difference(model, fcn, random_image(model, 58, 131), size) < 1e-4


def test_the_courses_network_is_equal_on_drawn_scenes(classifier):
    fcn = to_fcn(classifier, (40, 100))
    scenes = sorted(load_scenes("street", "test"), key=lambda scene: scene.image.numel())[:3]
    for scene in scenes:
        assert largest_difference(classifier, fcn, scene.image, (40, 100)) < 1e-4


@pytest.mark.needs_uiuc
def test_the_courses_network_is_equal_on_twenty_photographs(classifier):
    fcn = to_fcn(classifier, (40, 100))
    scenes = sorted(load_scenes("uiuc", "test"), key=lambda scene: scene.image.numel())[:20]
    for scene in scenes:  # the smallest twenty: brute force is slow
        assert largest_difference(classifier, fcn, scene.image, (40, 100)) < 1e-4


# The converted network is a thing of its own


def storages(model):
    return {tensor.data_ptr() for tensor in model.state_dict().values()}


@all_networks
def test_nothing_is_shared_and_the_classifier_is_not_changed(name, same_weights):
    model, size = network(name)
    before = copy.deepcopy(model.state_dict())
    fcn = to_fcn(model, size)
    assert not storages(model) & storages(fcn)
    assert not set(model.modules()) & set(fcn.modules())
    with torch.no_grad():
        for tensor in fcn.state_dict().values():
            tensor.zero_()
    assert same_weights(model.state_dict(), before)


def test_each_layer_keeps_its_own_mode(tiny_classifier):
    assert not any(m.training for m in to_fcn(tiny_classifier.eval(), (16, 24)).modules())
    assert all(m.training for m in to_fcn(tiny_classifier.train(), (16, 24)).modules())
    tiny_classifier[1].eval()  # a frozen batch norm
    fcn = to_fcn(tiny_classifier, (16, 24))
    assert [m.training for m in fcn[:5]] == [True, False, True, True, True]
    assert [m.training for m in tiny_classifier[:5]] == [True, False, True, True, True]


def test_double_precision_is_kept_and_brings_the_difference_down(tiny_classifier):
    tiny_classifier.double()
    fcn = to_fcn(tiny_classifier, (16, 24))
    assert {parameter.dtype for parameter in fcn.parameters()} == {torch.float64}
    assert check_equivalence(tiny_classifier, (16, 24), tolerance=1e-10).equal


def test_the_device_is_kept():
    convolution = linear_as_convolution(nn.Linear(12, 2, device="meta"), 3, 2, 2)
    assert convolution.weight.device.type == convolution.bias.device.type == "meta"


def test_networks_in_other_threads_are_not_touched(tiny_classifier):
    """Some convert, one at a time, and some classify meanwhile."""
    crops = torch.rand(2, 1, 16, 24)
    expected = tiny_classifier(crops)

    def work(number):
        model = copy.deepcopy(tiny_classifier)
        if number % 2:
            return check_equivalence(model, (16, 24)).equal
        return all(torch.allclose(model(crops), expected) for _ in range(50))

    before = nn.Module.__call__
    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(work, range(12)))
    assert nn.Module.__call__ is before


def test_two_threads_leave_the_warnings_that_are_shown_as_they_were(tiny_classifier):
    before, entered, first_is_out = list(warnings.filters), Event(), Event()

    def second():
        with left_as_it_was(copy.deepcopy(tiny_classifier)):
            entered.set()
            first_is_out.wait()

    with ThreadPoolExecutor(1) as threads:
        with left_as_it_was(tiny_classifier):
            done = threads.submit(second)
            waited = not entered.wait(0.1)
        first_is_out.set()
        done.result()
    assert waited
    assert list(warnings.filters) == before


def test_the_global_random_state_is_not_needed(tiny_classifier, same_weights):
    first = to_fcn(tiny_classifier, (16, 24)).state_dict()
    torch.rand(5)
    assert same_weights(first, to_fcn(tiny_classifier, (16, 24)).state_dict())


def test_a_converted_linear_reads_its_weights_in_the_order_of_flatten():
    linear = nn.Linear(2 * 3 * 4, 5)
    convolution = linear_as_convolution(linear, 2, 3, 4)
    assert convolution.kernel_size == (3, 4)
    # Flatten puts channel c, row y, column x at place (c · 3 + y) · 4 + x.
    assert convolution.weight[4, 1, 2, 3] == linear.weight[4, (1 * 3 + 2) * 4 + 3]
    assert convolution.weight[0, 1, 0, 2] == linear.weight[0, (1 * 3 + 0) * 4 + 2]
    with pytest.raises(ValueError, match="24 inputs does not fit a map of 2×3×5 = 30"):
        linear_as_convolution(linear, 2, 3, 5)


# The steps, one layer at a time


def test_the_steps_of_the_courses_network(classifier):
    steps = list(conversion_steps(classifier, (40, 100)))
    assert [step.name for step in steps] == [str(number) for number in range(12)]
    assert [step.original for step in steps] == list(classifier)
    flatten, first, relu, last = steps[8:]
    assert flatten.converted is None
    assert flatten.shape_before == (64 * 7 * 22,)
    assert flatten.shape_after == (64, 7, 22)
    assert first.weight_before == (512, 64 * 7 * 22)
    assert first.weight_after == (512, 64, 7, 22)
    assert first.converted.kernel_size == (7, 22)
    assert first.shape_before == (512,)
    assert first.shape_after == (512, 1, 1)
    assert relu.rule == "kept"
    assert last.converted.kernel_size == (1, 1)
    assert last.weight_after == (2, 512, 1, 1)
    assert all(step.max_difference < 1e-4 for step in steps)
    assert all("kept" in step.rule for step in steps[:8])


def test_a_step_can_be_printed(tiny_classifier):
    text = str(list(conversion_steps(tiny_classifier, (16, 24)))[9])
    assert "Linear" in text
    assert "512×192 -> 512×64×1×3" in text


# What cannot be converted is refused by name

CONV, LINEAR = nn.Conv2d(1, 2, 3), nn.Linear(2 * 4 * 6, 2)
REFUSED = {
    "a single Linear": (nn.Linear(3, 2), ValueError, "no Conv2d"),
    "a function": (torch.relu, TypeError, "must be an nn.Module, not a builtin_function"),
    "linear before flatten": (
        nn.Sequential(CONV, nn.Linear(6, 6), nn.Flatten(), LINEAR),
        ValueError,
        r"layer 1 \(Linear\).*no Flatten before it",
    ),
    "no flatten": (nn.Sequential(CONV, nn.ReLU()), ValueError, "no Flatten"),
    "empty": (nn.Sequential(), ValueError, "no Conv2d"),
    "no convolution": (nn.Sequential(nn.Flatten(), nn.Linear(48, 2)), ValueError, "no Conv2d"),
    "no linear": (nn.Sequential(CONV, nn.Flatten()), ValueError, "without a Linear"),
    "a flatten of the batch": (
        nn.Sequential(CONV, nn.Flatten(0), nn.Linear(96, 2)),
        ValueError,
        r"layer 2 \(Linear\).*Flatten",
    ),
    "layer norm": (
        nn.Sequential(CONV, nn.LayerNorm([2, 4, 6]), nn.Flatten(), LINEAR),
        TypeError,
        r"layer 1 \(LayerNorm\)",
    ),
    "group norm": (
        nn.Sequential(CONV, nn.GroupNorm(1, 2), nn.Flatten(), LINEAR),
        TypeError,
        r"layer 1 \(GroupNorm\)",
    ),
    "instance norm": (
        nn.Sequential(CONV, nn.InstanceNorm2d(2), nn.Flatten(), LINEAR),
        TypeError,
        r"layer 1 \(InstanceNorm2d\)",
    ),
    "batch norm of the batch at hand": (
        nn.Sequential(CONV, nn.BatchNorm2d(2, track_running_stats=False), nn.Flatten(), LINEAR),
        TypeError,
        r"layer 1 \(BatchNorm2d\).*running statistics",
    ),
    "batch norm after flatten": (
        nn.Sequential(CONV, nn.Flatten(), nn.BatchNorm1d(48), LINEAR),
        TypeError,
        r"layer 2 \(BatchNorm1d\).*layer 1 \(Flatten\) has put the positions",
    ),
    "a pool that rounds up": (
        nn.Sequential(CONV, nn.MaxPool2d(2, 5, ceil_mode=True), nn.Flatten(), nn.Linear(4, 2)),
        ValueError,
        r"layer 1 \(MaxPool2d\).*ceil_mode",
    ),
    "an average that rounds up": (
        nn.Sequential(CONV, nn.AvgPool2d(2, 5, ceil_mode=True), nn.Flatten(), nn.Linear(4, 2)),
        ValueError,
        r"layer 1 \(AvgPool2d\).*ceil_mode",
    ),
    "a convolution after flatten": (
        nn.Sequential(CONV, nn.Flatten(), nn.Conv2d(1, 1, 1), LINEAR),
        ValueError,
        r"layer 2 \(Conv2d\) does not fit",
    ),
    "another input size": (
        nn.Sequential(CONV, nn.Flatten(), nn.Linear(2 * 4 * 7, 2)),
        ValueError,
        r"layer 2 \(Linear\).*2×4×6 = 48.*input size",
    ),
    "channels that do not fit": (
        nn.Sequential(CONV, nn.Conv2d(5, 2, 1), nn.Flatten(), LINEAR),
        ValueError,
        r"layer 1 \(Conv2d\) does not fit",
    ),
    "an input smaller than a kernel": (
        nn.Sequential(CONV, nn.Conv2d(2, 2, 9), nn.Flatten(), LINEAR),
        ValueError,
        r"layer 1 \(Conv2d\) does not fit crops of 6×8",
    ),
    "a layer inside a nested Sequential": (
        nn.Sequential(nn.Sequential(CONV, nn.Softmax2d(), nn.Softmax(3)), nn.Flatten(), LINEAR),
        TypeError,
        r"layer 0\.2 \(Softmax\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_converted_is_refused_by_name(name):
    model, error, message = REFUSED[name]
    for function in (to_fcn, geometry, check_equivalence):
        with pytest.raises(error, match=message):
            function(model, (6, 8))


def test_the_same_layers_are_converted_when_nothing_is_wrong():
    """Each refusal above differs from this one by a single thing."""
    assert check_equivalence(nn.Sequential(CONV, nn.Flatten(), LINEAR), (6, 8)).equal


@pytest.mark.parametrize("size", [(0, 8), (6, -1), (0, 0)])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="input_size"):
        to_fcn(nn.Sequential(CONV, nn.Flatten(), LINEAR), size)


# Padding: equal on a crop, different in the cells of a larger image


@pytest.mark.parametrize(
    ("padded", "name"),
    [
        (nn.Conv2d(2, 2, 3, padding=1), "1"),
        (nn.Conv2d(2, 2, (1, 3), padding=(0, 1)), "1"),
        (nn.Conv2d(2, 2, 3, padding="same"), "1"),
        (nn.MaxPool2d(3, stride=1, padding=1), "1"),
        (nn.AvgPool2d(3, stride=1, padding=1), "1"),
    ],
)
def test_padding_is_said_and_seen(padded, name):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), padded, nn.Flatten(), nn.Linear(2 * 4 * 6, 2)).eval()
    with pytest.warns(UserWarning, match=f"layer {name} pads its input"):
        fcn = to_fcn(model, (6, 8))
    assert fcn.geometry.padded == (name,)
    assert not fcn.geometry.exact
    with pytest.warns(UserWarning, match="pads"):
        result = check_equivalence(model, (6, 8))
    assert result.at_size < 1e-5
    assert result.in_cells > 1e-4
    assert not result.equal


def test_without_padding_nothing_is_warned(classifier):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert to_fcn(classifier, (40, 100)).geometry.exact


# Wrong converters must be found out


def right_fcn(model, size):
    return copy.deepcopy(to_fcn(model, size))


def bias_forgotten(model, size):
    fcn = right_fcn(model, size)
    fcn[8].bias.data.zero_()
    return fcn


def last_bias_forgotten(model, size):
    fcn = right_fcn(model, size)
    fcn[10].bias.data.zero_()
    return fcn


def reshaped_in_another_order(model, size):
    fcn, linear = right_fcn(model, size), model[9]
    out, channels, height, width = fcn[8].weight.shape
    wrong = linear.weight.view(out, height, width, channels).permute(0, 3, 1, 2)
    fcn[8].weight.data.copy_(wrong)
    return fcn


def rows_and_columns_swapped_in_the_kernel(model, size):
    fcn, linear = right_fcn(model, size), model[9]
    out, channels, height, width = fcn[8].weight.shape
    fcn[8].weight.data.copy_(linear.weight.view(out, channels, width, height).transpose(2, 3))
    return fcn


def kernel_turned_around(model, size):
    fcn = right_fcn(model, size)
    fcn[8].weight.data = fcn[8].weight.data.flip(2, 3)  # a convolution of textbooks
    return fcn


def batch_norm_left_out(model, size):
    return nn.Sequential(*(layer for i, layer in enumerate(right_fcn(model, size)) if i != 5))


def batch_norm_with_fresh_statistics(model, size):
    fcn = right_fcn(model, size)
    fcn[5].reset_running_stats()
    return fcn


def batch_norm_left_in_training(model, size):
    class AlwaysTraining(nn.BatchNorm2d):
        def eval(self):
            return self

        def train(self, mode=True):
            return super().train(True)

    fcn = right_fcn(model, size)
    stuck = AlwaysTraining(64)
    stuck.load_state_dict(fcn[5].state_dict())
    fcn[5] = stuck.train()
    return fcn


def relu_left_out(model, size):
    return nn.Sequential(*(layer for i, layer in enumerate(right_fcn(model, size)) if i != 9))


def softmax_added(model, size):
    return nn.Sequential(*right_fcn(model, size), nn.Softmax(1))


def classes_swapped(model, size):
    return nn.Sequential(*right_fcn(model, size), FlipClasses())


class FlipClasses(nn.Module):
    def forward(self, x):
        return x.flip(1)


def shared_and_changed_in_place(model, size):
    model[9].bias.data.zero_()  # the classifier's own layer: both are wrong, and agree
    fcn = right_fcn(model, size)
    fcn[0], fcn[4] = model[0], model[4]
    model[0].bias.data.zero_()
    return fcn


def classifier_changed_first(model, size):
    model[11].weight.data *= 2
    return to_fcn(model, size)


def padded(model, size):
    fcn = right_fcn(model, size)
    fcn[4].padding = (1, 1)
    return fcn


def answers_with_nan(model, size):
    fcn = right_fcn(model, size)
    fcn[10].bias.data[0] = torch.nan
    return fcn


def one_place_of_the_kernel_wrong(model, size):
    fcn = right_fcn(model, size)
    fcn[8].weight.data[:, 2, 0, 1] += 1
    return fcn


def head_without_its_last_column(model, size):
    fcn = right_fcn(model, size)
    head = nn.Conv2d(64, 512, (1, 2))
    head.weight.data, head.bias.data = fcn[8].weight.data[..., :2], fcn[8].bias.data
    fcn[8] = head
    return fcn


def a_pool_left_out(model, size):
    return nn.Sequential(*(layer for i, layer in enumerate(right_fcn(model, size)) if i != 7))


WRONG = [
    bias_forgotten,
    last_bias_forgotten,
    reshaped_in_another_order,
    rows_and_columns_swapped_in_the_kernel,
    kernel_turned_around,
    batch_norm_left_out,
    batch_norm_with_fresh_statistics,
    batch_norm_left_in_training,
    relu_left_out,
    softmax_added,
    classes_swapped,
    shared_and_changed_in_place,
    classifier_changed_first,
    answers_with_nan,
    one_place_of_the_kernel_wrong,
]
OF_ANOTHER_SHAPE = [padded, head_without_its_last_column, a_pool_left_out]
WIDE = (20, 24)  # the head's kernel is 2×3: neither square nor flat


@pytest.fixture
def wide_classifier(generator):
    return randomise_(make_classifier(WIDE, seed=0), generator).eval()


def test_the_right_converter_passes(wide_classifier):
    assert check_equivalence(wide_classifier, WIDE, convert=right_fcn).equal
    in_training = wide_classifier.train()
    assert check_equivalence(in_training, WIDE, convert=right_fcn).equal


@pytest.mark.parametrize("convert", WRONG, ids=lambda f: f.__name__)
@pytest.mark.parametrize("training", [False, True])
def test_a_wrong_converter_is_found_out(wide_classifier, convert, training):
    result = check_equivalence(wide_classifier.train(training), WIDE, convert=convert)
    assert not result.equal


@pytest.mark.parametrize("convert", OF_ANOTHER_SHAPE, ids=lambda f: f.__name__)
def test_a_result_of_another_shape_is_named(wide_classifier, convert):
    with pytest.raises(ValueError, match=r"where the classifier gives.*wrong size"):
        check_equivalence(wide_classifier, WIDE, convert=convert)


def test_a_difference_in_a_single_cell_is_enough(wide_classifier):
    class WrongInTheLastCell(nn.Module):
        def __init__(self, fcn):
            super().__init__()
            self.fcn = fcn

        def forward(self, x):
            y = self.fcn(x).clone()
            if y.shape[-1] > 1:
                y[:, :, 4, 5] += 1
            return y

    result = check_equivalence(
        wide_classifier, WIDE, convert=lambda *args: WrongInTheLastCell(to_fcn(*args))
    )
    assert result.at_size < 1e-4
    assert result.cells == 5 * 6
    assert not result.equal


def test_checking_leaves_the_classifier_as_it_was(wide_classifier, same_weights):
    model = wide_classifier.train()
    model[1].eval()
    before = copy.deepcopy(model.state_dict())
    # A converter that shares the layers: even then nothing of the classifier may change.
    check_equivalence(
        model, WIDE, convert=lambda m, size: nn.Sequential(*m[:8], *to_fcn(m, size)[8:])
    )
    assert same_weights(model.state_dict(), before)
    assert [layer.training for layer in model[:3]] == [True, False, True]


def test_the_mode_is_restored_when_a_converter_fails(wide_classifier):
    def broken(model, size):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        check_equivalence(wide_classifier.train(), WIDE, convert=broken)
    assert wide_classifier.training


def test_an_image_of_ones_own_is_used_and_must_have_room(wide_classifier):
    result = check_equivalence(wide_classifier, WIDE, image=torch.rand(1, 28, 24))
    assert result.cells == 3
    assert result.equal
    with pytest.raises(ValueError, match="19×24 has no room"):
        check_equivalence(wide_classifier, WIDE, image=torch.rand(1, 19, 24))


def test_nan_is_never_equal_and_the_text_prints_no_raw_numbers():
    assert not Equivalence(float("nan"), 0.0, 5, 1e-4).equal
    assert not Equivalence(0.0, float("nan"), 5, 1e-4).equal
    assert not Equivalence(1e-4, 0.0, 5, 1e-4).equal  # below, not up to
    good = Equivalence(3e-7, 2e-6, 5, 1e-4)
    assert good.equal
    assert str(good).endswith("  on crops: True\n  in 5 cells: True")


def test_an_fcn_is_no_classifier_any_more(tiny_classifier):
    fcn = to_fcn(tiny_classifier, (16, 24))
    assert isinstance(fcn, FCN)
    with pytest.raises(ValueError, match=r"no Flatten|no Conv2d"):
        to_fcn(fcn, (16, 24))


def test_layers_whose_names_would_collide_get_names_of_their_own():
    model = nn.Sequential(
        OrderedDict(
            a=nn.Sequential(OrderedDict(b=nn.Conv2d(1, 4, 3))),
            a_b=nn.ReLU(),
            forward_=nn.Tanh(),
            flat=nn.Flatten(),
            last=nn.Linear(4 * 6 * 8, 2),
        )
    )
    assert check_equivalence(model, (8, 10)).equal
    assert [name for name, _ in to_fcn(model, (8, 10)).named_children()] == [
        "a_b",
        "a_b_",
        "forward_",
        "last",
    ]


@pytest.mark.parametrize(
    "add",
    [
        lambda fcn, layer: fcn.append(layer),
        lambda fcn, layer: fcn.extend([layer]),
        lambda fcn, layer: operator.iadd(fcn, nn.Sequential(layer)),
    ],
)
@torch.no_grad()
def test_a_layer_more_takes_the_place_of_no_other(tiny_classifier, add):
    """Flatten leaves a gap in the numbers, so that the last number is that of a layer."""
    fcn, image = to_fcn(tiny_classifier, (16, 24)), torch.rand(1, 1, 24, 32)
    before, last = fcn(image), list(fcn._modules)[-1]
    assert last == str(len(fcn))
    assert torch.equal(add(fcn, nn.Softmax(1))(image), before.softmax(1))
    with pytest.raises(TypeError, match="inserted"):
        fcn.insert(0, nn.ReLU())


@torch.no_grad()
def test_a_layer_that_is_appended_twice_is_run_twice(tiny_classifier):
    fcn, image = to_fcn(tiny_classifier, (16, 24)), torch.rand(1, 1, 24, 32)
    expected, softmax = fcn(image).softmax(1).softmax(1), nn.Softmax(1)
    fcn.append(softmax).append(softmax)
    assert torch.equal(fcn(image), expected)
    assert torch.allclose(accelerate(fcn)(image), expected, atol=1e-5)


def test_pools_that_give_back_indices_are_refused_by_name():
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.MaxPool2d(2, return_indices=True), nn.Flatten(), nn.Linear(24, 2)
    )
    with pytest.raises(TypeError, match=r"layer 1 \(MaxPool2d\) gives back 2 tensors"):
        to_fcn(model, (8, 10))


def test_sizes_may_be_written_as_lists():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AvgPool2d([2, 2]), nn.Flatten(), nn.Linear(24, 2))
    assert to_fcn(model, (8, 10)).geometry.stride == (2, 2)


def test_the_printed_bound_is_the_one_that_is_checked(classifier):
    text = str(check_equivalence(classifier, (40, 100)))
    assert text.splitlines() == [
        "max |Δ| < 0.0001 · max(1, max |logit|)",
        "  on crops: True",
        "  in 30 cells: True",
    ]
