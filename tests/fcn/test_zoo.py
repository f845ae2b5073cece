"""Eight famous topologies in depth: converted exactly, or honest about what padding changes."""

import copy

import pytest
import torch
from torch import nn

from helpers.acceleration import graph_of
from helpers.fcn import FCN, check_equivalence, conversion_steps, geometry, to_fcn
from tests.fcn.comparing import convert, random_crops, randomised, relative
from tests.fcn.zoo import ZOO

everyone = pytest.mark.parametrize("name", ZOO)
exact_ones = pytest.mark.parametrize("name", [name for name, (*_, exact) in ZOO.items() if exact])
padded_ones = pytest.mark.parametrize(
    "name", [name for name, (*_, exact) in ZOO.items() if not exact]
)


def build(name):
    """One of the zoo, all weights, biases and statistics random, in eval mode; and its crops."""
    make, channels, size, _ = ZOO[name]
    return randomised(make), random_crops(channels, size)


@everyone
@torch.no_grad()
def test_equal_at_the_classifiers_own_size(name):
    model, crops = build(name)
    expected = model(crops)
    assert expected.std(0).max() > 0.01 * expected.abs().max()  # crops differ, so they are seen
    fcn = convert(model, crops.shape[2:])
    assert isinstance(fcn, FCN)
    assert relative(fcn(crops).flatten(1), expected) < 1e-4
    assert fcn(crops).shape[2:] == (1, 1)


def windows(image, size, stride):
    """Every window, cut out by hand, row after row."""
    return [
        [
            image[:, top : top + size[0], left : left + size[1]]
            for left in range(0, image.shape[2] - size[1] + 1, stride[1])
        ]
        for top in range(0, image.shape[1] - size[0] + 1, stride[0])
    ]


@exact_ones
@pytest.mark.parametrize("more", [(0, 1), (3, 2), (9, 6), (4, 15)])
@torch.no_grad()
def test_equal_in_every_cell_where_nothing_pads(name, more):
    model, crops = build(name)
    reference = copy.deepcopy(model)
    size = crops.shape[2:]
    fcn = to_fcn(model, size)
    assert fcn.geometry.exact
    generator = torch.Generator().manual_seed(1)
    image = torch.randn(crops.shape[1], size[0] + more[0], size[1] + more[1], generator=generator)
    rows = windows(image, size, fcn.geometry.stride)
    expected = torch.stack([reference(torch.stack(row)) for row in rows]).permute(2, 0, 1)
    assert fcn.geometry.cells(*image.shape[1:]) == expected.shape[1:]
    cells = fcn(image[None])[0, :, : expected.shape[1], : expected.shape[2]]
    assert relative(cells, expected) < 1e-4


@everyone
def test_check_equivalence_reports_both(name):
    model, crops = build(name)
    size, exact = crops.shape[2:], ZOO[name][3]
    result = check_equivalence(model, size, convert=convert)
    assert result.at_size < 1e-4
    assert (result.in_cells < 1e-4) == exact == result.equal
    assert result.cells >= 30


@padded_ones
def test_padding_is_named_and_warned_of(name):
    model, crops = build(name)
    with pytest.warns(UserWarning, match="pads its input"):
        shape = to_fcn(model, crops.shape[2:]).geometry
    padding = [
        path
        for path, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d) and layer.padding not in (0, (0, 0))
    ]
    assert sorted(shape.padded) == sorted(padding)
    assert not shape.exact


@everyone
@torch.no_grad()
def test_the_geometry_tells_how_many_cells_any_image_gives(name):
    model, crops = build(name)
    fcn = convert(model, crops.shape[2:])
    for more in range(0, 2 * max(fcn.geometry.stride) + 2, 3):
        height, width = crops.shape[2] + more, crops.shape[3] + more + 1
        legal, extra = fcn.geometry.cells(height, width), fcn.geometry.extra_cells(height, width)
        given = fcn(torch.zeros(1, crops.shape[1], height, width)).shape[2:]
        assert given == (legal[0] + extra[0], legal[1] + extra[1])


def test_illegal_rows_and_columns_are_counted():
    """DenseNet's padded convolution of stride 2 gives a place to an odd last row; its window does
    not fit. LeNet's pools drop what does not fill them, so there is never one too many."""
    dense, net = (convert(build(name)[0], ZOO[name][2]).geometry for name in ("DenseNet", "LeNet"))
    assert [dense.extra_cells(height, 18) for height in (12, 13, 14, 15)] == [
        (0, 0),
        (1, 0),
        (0, 0),
        (1, 0),
    ]
    assert dense.extra_cells(13, 21) == (1, 1)
    assert {net.extra_cells(h, w) for h in range(28, 40) for w in range(40, 52)} == {(0, 0)}


@everyone
def test_no_cell_sees_a_pixel_outside_its_field(name):
    model, crops = build(name)
    fcn = convert(model, crops.shape[2:]).double()
    shape = fcn.geometry
    image = torch.rand(
        1,
        crops.shape[1],
        crops.shape[2] + 2 * shape.stride[0],
        crops.shape[3] + shape.stride[1],
        dtype=torch.float64,
        requires_grad=True,
    )
    fcn(image)[0, :, 1, 1].square().sum().backward()
    places = image.grad.abs().sum((0, 1)).nonzero()
    assert len(places)
    for axis in (0, 1):
        begin = shape.stride[axis] + shape.field_offset[axis]
        assert places[:, axis].min() >= begin
        assert places[:, axis].max() < begin + shape.receptive_field[axis]


@everyone
def test_every_step_agrees_and_is_printed(name):
    model, crops = build(name)
    steps = list(conversion_steps(model, crops.shape[2:]))
    assert all(step.max_difference < 1e-4 for step in steps)
    assert len({step.name for step in steps}) == len(steps)
    known = {""}
    for step in steps:
        assert set(step.inputs) <= known
        known.add(step.name)
        assert step.name in str(step)
    layers = dict(model.named_modules())
    own = [step for step in steps if step.name in layers]
    assert len(own) >= 5
    assert all(step.original is layers[step.name] for step in own)
    assert geometry(model, crops.shape[2:]) == convert(model, crops.shape[2:]).geometry


@everyone
@pytest.mark.parametrize("training", [False, True])
def test_the_classifier_stays_as_it_was(name, training, same_weights):
    model, crops = build(name)
    model.train(training)
    next(layer for layer in model.modules() if isinstance(layer, nn.Conv2d)).train(not training)
    model.register_full_backward_hook(lambda *_: None)
    before = copy.deepcopy(model.state_dict())
    modes = [layer.training for layer in model.modules()]
    hooks = [copy.copy(layer._backward_hooks) for layer in model.modules()]
    fcn = convert(model, crops.shape[2:])
    assert same_weights(model.state_dict(), before)
    assert [layer.training for layer in model.modules()] == modes
    assert [layer._backward_hooks for layer in model.modules()] == hooks
    assert fcn.training == training
    kept = [layer.training for layer in fcn.modules()]
    assert kept.count(not training) == 1  # the convolution with a mode of its own
    assert not set(model.modules()) & set(fcn.modules())
    mine = {tensor.untyped_storage().data_ptr() for tensor in model.state_dict().values()}
    theirs = [tensor.untyped_storage().data_ptr() for tensor in fcn.state_dict().values()]
    assert not mine & set(theirs)
    assert len(set(theirs)) == len(theirs)
    with torch.no_grad():
        for tensor in fcn.state_dict().values():
            tensor.zero_()
    assert same_weights(model.state_dict(), before)


class LayerTracer(torch.fx.Tracer):
    """Follows an FCN, but none of its layers."""

    def is_leaf_module(self, m, qualified_name):
        return True


@everyone
@torch.no_grad()
def test_torch_fx_and_deepcopy_understand_the_result(name):
    model, crops = build(name)
    fcn = convert(model, crops.shape[2:])
    image = torch.rand(1, crops.shape[1], crops.shape[2] + 5, crops.shape[3] + 9)
    expected = fcn(image)
    traced = torch.fx.GraphModule(fcn, LayerTracer().trace(fcn))
    assert torch.equal(traced(image), expected)
    assert torch.equal(torch.fx.GraphModule(fcn, graph_of(fcn))(image), expected)
    calls = [node for node in traced.graph.nodes if node.op == "call_module"]
    names = [name for name, _ in fcn.named_children()]
    assert [node.target for node in calls if "." not in node.target] == [
        name for name in names if name in {node.target for node in calls}
    ]
    assert not any(node.op == "call_function" for node in traced.graph.nodes)
    twin = copy.deepcopy(fcn)
    assert torch.equal(twin(image), expected)
    assert twin.geometry == fcn.geometry


@everyone
def test_double_precision_brings_the_difference_down(name):
    model, crops = build(name)
    result = check_equivalence(model.double(), crops.shape[2:], convert=convert)
    assert result.at_size < 1e-11


@torch.no_grad()
def test_a_smaller_field_beside_a_larger_one_is_cut_to_it():
    """On an image of this width the shortcut's map has one column more than the main path's."""
    model, crops = build("unpadded residuals")
    fcn = to_fcn(model, crops.shape[2:])
    image = torch.rand(1, 1, 12, 16)
    x = fcn.relu(fcn.stem(image))
    assert fcn.main(x).shape[3] < fcn.shortcut(x).shape[3]
    assert torch.allclose(fcn(image)[0, :, 0, 0], model(image[..., :11, :15])[0], atol=1e-5)
