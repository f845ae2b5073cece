"""Published networks: converted and equal, or refused with a name and a true reason."""

import copy
import re

import pytest
import torch

from helpers.acceleration import accelerate
from helpers.fcn import conversion_steps, geometry, to_fcn
from tests.fcn.comparing import convert, random_crops, randomised, relative
from tests.fcn.published import NETWORKS

NAMES = [f"{family}, {variant}" if variant else family for family, variant, *_ in NETWORKS]


def build(name):
    """A network, all its numbers random, in eval mode; three crops; what must come of it."""
    _, _, make, (channels, *size), outcome = NETWORKS[NAMES.index(name)]
    return randomised(make), random_crops(channels, size), outcome


def with_outcome(*outcomes):
    return pytest.mark.parametrize(
        "name",
        [
            name
            for name, (*_, outcome) in zip(NAMES, NETWORKS, strict=True)
            if (outcome if outcome in ("exact", "padded") else "refused") in outcomes
        ],
    )


def test_the_list_is_long_and_wide():
    assert len(set(NAMES)) == len(NAMES) >= 60
    assert len({family for family, *_ in NETWORKS}) >= 20


@with_outcome("exact", "padded")
@torch.no_grad()
def test_equal_on_crops_and_as_large_as_the_geometry_says(name):
    model, crops, outcome = build(name)
    expected = model(crops)
    assert expected.std(0).max() > 0.01 * expected.abs().max()  # crops differ, so they are seen
    size = crops.shape[2:]
    fcn = convert(model, size)
    shape = fcn.geometry
    assert shape.exact == (outcome == "exact")
    assert shape.window == size
    assert relative(fcn(crops).flatten(1), expected) < 1e-4
    for more in ((1, 0), (3, 5), (6, 4)):
        height, width = size[0] + more[0], size[1] + more[1]
        legal, extra = shape.cells(height, width), shape.extra_cells(height, width)
        given = fcn(torch.zeros(1, crops.shape[1], height, width)).shape[2:]
        assert given == (legal[0] + extra[0], legal[1] + extra[1])


@with_outcome("exact")
@torch.no_grad()
def test_equal_in_every_cell(name):
    model, crops, _ = build(name)
    reference, (height, width) = copy.deepcopy(model), crops.shape[2:]
    fcn = convert(model, (height, width))
    down, right = fcn.geometry.stride
    image = torch.randn(crops.shape[1], height + 2 * down, width + 2 * right + 1)
    windows = [
        image[:, top : top + height, left : left + width]
        for top in range(0, 2 * down + 1, down)
        for left in range(0, 2 * right + 1, right)
    ]
    cells = fcn(image[None])[0, :, :3, :3].flatten(1).T
    assert relative(cells, reference(torch.stack(windows))) < 1e-4
    assert relative(accelerate(fcn)(image[None]), fcn(image[None])) < 1e-4


@with_outcome("padded")
@torch.no_grad()
def test_padding_is_warned_of_and_matters(name):
    model, crops, _ = build(name)
    size = crops.shape[2:]
    with pytest.warns(UserWarning, match="pads its input"):
        fcn = to_fcn(model, size)
    down, right = fcn.geometry.stride
    image = torch.randn(1, crops.shape[1], size[0] + 2 * down, size[1] + 2 * right)
    middle = image[:, :, down : down + size[0], right : right + size[1]]
    assert relative(fcn(image)[:, :, 1, 1], model(middle)) > 1e-4


@with_outcome("refused")
def test_refused_with_a_name_and_a_reason(name):
    model, crops, pattern = build(name)
    for function in (to_fcn, geometry):
        with pytest.raises((TypeError, ValueError), match=pattern) as caught:
            function(model, crops.shape[2:])
        assert re.match(r"layer \S+ \(\w+\) .{20,}", str(caught.value))


@with_outcome("exact", "padded")
def test_the_classifier_stays_as_it_was_and_shares_nothing(name, same_weights):
    model, crops, _ = build(name)
    model.train()
    before = copy.deepcopy(model.state_dict())
    steps = list(conversion_steps(model, crops.shape[2:]))
    assert all(step.max_difference < 1e-4 for step in steps)
    fcn = convert(model, crops.shape[2:])
    assert all(layer.training for layer in [*model.modules(), *fcn.modules()])
    with torch.no_grad():
        for tensor in fcn.state_dict().values():
            tensor.zero_()
    assert same_weights(model.state_dict(), before)
