"""Geometry: which pixels a cell looks at, counted and perturbed instead of computed."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.boxes import check_boxes
from helpers.fcn import geometry, to_fcn
from helpers.geometry import Geometry, geometry_of
from helpers.models import make_classifier

COURSE = Geometry(window=(40, 100), stride=(4, 4), receptive_field=(40, 100))


@pytest.mark.parametrize(
    ("size", "receptive_field"),
    [((40, 100), (40, 100)), ((42, 102), (40, 100)), ((43, 103), (40, 100)), ((18, 23), (16, 20))],
)
def test_the_courses_network_has_stride_four_and_a_field_within_its_window(size, receptive_field):
    assert geometry(make_classifier(size, seed=0), size) == Geometry(size, (4, 4), receptive_field)


def test_a_geometry_is_exact_when_nothing_pads():
    assert COURSE.exact
    assert not Geometry((4, 4), (1, 1), (4, 4), padded=("0",)).exact


def test_padding_is_found_in_either_direction_but_not_in_its_absence():
    layers = [
        ("a", nn.Conv2d(1, 1, 3, padding=(0, 1))),
        ("b", nn.Conv2d(1, 1, 3, padding="valid")),
        ("c", nn.MaxPool2d(2, padding=1)),
        ("d", nn.Conv2d(1, 1, 3, padding="same")),
        ("e", nn.AvgPool2d(2)),
    ]
    assert geometry_of(layers, (20, 20)).padded == ("a", "c", "d")


# Cells, boxes and crops against counting


geometries = st.builds(
    Geometry,
    window=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    stride=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    receptive_field=st.just((1, 1)),
    offset=st.tuples(st.integers(0, 3), st.integers(0, 3)),
)


def counted_corners(shape, height, width):
    """Top-left corners of all windows that lie in the image, row after row."""
    return [
        (top, left)
        for top in range(shape.offset[0], height, shape.stride[0])
        for left in range(shape.offset[1], width, shape.stride[1])
        if top + shape.window[0] <= height and left + shape.window[1] <= width
    ]


@given(geometries, st.integers(1, 30), st.integers(1, 30))
def test_cells_and_boxes_are_the_windows_inside_the_image(shape, height, width):
    corners = counted_corners(shape, height, width)
    rows, cols = shape.cells(height, width)
    assert rows * cols == len(corners)
    assert rows == len({top for top, _ in corners}) or not corners
    assert cols == len({left for _, left in corners}) or not corners
    boxes = shape.boxes(rows, cols)
    check_boxes(boxes)
    assert boxes.tolist() == [
        [left, top, left + shape.window[1], top + shape.window[0]] for top, left in corners
    ]


@given(geometries, st.integers(1, 30), st.integers(1, 30))
def test_crops_are_the_pixels_under_the_boxes(shape, height, width):
    image = torch.arange(height * width).view(1, height, width)
    crops = list(shape.crops(image))
    corners = counted_corners(shape, height, width)
    assert [crop[0, 0, 0].item() for crop in crops] == [top * width + left for top, left in corners]
    assert all(crop.shape == (1, *shape.window) for crop in crops)


def test_an_image_smaller_than_the_window_has_no_cell():
    for size in ((39, 100), (40, 99), (1, 1), (39, 99)):
        assert 0 in COURSE.cells(*size)
        assert list(COURSE.crops(torch.zeros(1, *size))) == []
    assert COURSE.cells(40, 100) == (1, 1)
    assert COURSE.cells(43, 104) == (1, 2)


# Receptive fields, by asking the network itself


@st.composite
def linear_networks(draw):
    """Chains of convolutions and averages with all weights 1: nothing hides a pixel's influence."""
    pairs = st.tuples(st.integers(1, 3), st.integers(1, 3))
    layers, size = [], [1, 1]
    for _ in range(draw(st.integers(1, 4))):
        kernel, stride, dilation = draw(pairs), draw(pairs), draw(pairs)
        if draw(st.booleans()):
            layer = nn.Conv2d(1, 1, kernel, stride, dilation=dilation, bias=False)
            nn.init.ones_(layer.weight)
        else:
            layer, dilation = nn.AvgPool2d(kernel, stride), (1, 1)
        layers.insert(0, layer)
        for axis in (0, 1):
            reach = dilation[axis] * (kernel[axis] - 1)
            size[axis] = (size[axis] - 1) * stride[axis] + reach + 1
    return nn.Sequential(*layers), tuple(size)


@given(linear_networks(), st.integers(0, 2), st.integers(0, 2))
@settings(max_examples=60)
def test_the_gradient_of_a_cell_spans_just_its_receptive_field(network, row, col):
    model, size = network
    shape = geometry_of(list(model.named_children()), size)
    height = size[0] + row * shape.stride[0]
    width = size[1] + col * shape.stride[1]
    image = torch.ones(1, 1, height, width, requires_grad=True)
    model(image)[0, 0, row, col].backward()
    seen_rows, seen_cols = image.grad[0, 0].nonzero().unbind(1)
    top, left = row * shape.stride[0], col * shape.stride[1]
    assert (seen_rows.min(), seen_cols.min()) == (top, left)
    field = (seen_rows.max() - top + 1, seen_cols.max() - left + 1)
    assert field == shape.receptive_field


def all_ones(size):
    """A network of the course's shape whose answer changes with every pixel that it sees."""
    model = nn.Sequential(
        nn.Conv2d(1, 1, 5),
        nn.AvgPool2d(2),
        nn.Conv2d(1, 1, 5),
        nn.AvgPool2d(2),
        nn.Flatten(),
    )
    features = model(torch.zeros(1, 1, *size)).numel()
    model.append(nn.Linear(features, 1))
    for parameter in model.parameters():
        nn.init.ones_(parameter)
    return model.double()


@pytest.mark.parametrize("size", [(16, 20), (18, 23), (19, 20)])
@torch.no_grad()
def test_a_cell_changes_with_the_pixels_in_its_field_and_with_no_other(size):
    fcn = to_fcn(all_ones(size), size)
    shape, (row, col) = fcn.geometry, (1, 2)
    image = torch.zeros(1, 1, size[0] + 13, size[1] + 13, dtype=torch.float64)
    top, left = row * shape.stride[0], col * shape.stride[1]
    bottom, right = (top + shape.receptive_field[0] - 1, left + shape.receptive_field[1] - 1)
    before = fcn(image)[0, 0, row, col]

    def changes(y, x):
        touched = image.clone()
        touched[0, 0, y, x] = 1
        return fcn(touched)[0, 0, row, col] != before

    middle = (top + bottom) // 2, (left + right) // 2
    assert changes(top, left)
    assert changes(top, right)
    assert changes(bottom, left)
    assert changes(bottom, right)
    assert not changes(top - 1, middle[1])
    assert not changes(bottom + 1, middle[1])
    assert not changes(middle[0], left - 1)
    assert not changes(middle[0], right + 1)
