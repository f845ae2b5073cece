"""Heatmaps: one pass and many windows give the same picture, whatever the image's size."""

import copy

import pytest
import torch
from torch import nn

from helpers import heatmap as heatmaps
from helpers.acceleration import accelerate
from helpers.fcn import to_fcn
from helpers.heatmap import (
    car_margin,
    car_probability,
    fcn_heatmap,
    fcn_heatmaps,
    sliding_window_heatmap,
)
from helpers.models import make_classifier, randomise_


def small_network(size=(8, 12), drop=False):
    """A quick classifier of stride 4; with `drop` its pools leave odd rows and columns over."""
    model = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.MaxPool2d(2), nn.MaxPool2d(2), nn.Flatten()
    )
    features = model(torch.zeros(2, 1, *size)).shape[1]
    model.append(nn.Linear(features, 2))
    return randomise_(model, torch.Generator().manual_seed(0)).eval()


def test_both_heatmaps_agree_for_the_courses_network(classifier):
    fcn = to_fcn(classifier, (40, 100))
    for height, width in ((40, 100), (43, 107), (44, 104), (48, 108)):
        image = torch.rand(1, height, width)
        by_hand = sliding_window_heatmap(classifier, image)
        at_once = fcn_heatmap(fcn, image)
        assert by_hand.shape == at_once.shape == (2, (height - 36) // 4, (width - 96) // 4)
        assert (by_hand - at_once).abs().max() < 1e-4


@pytest.mark.parametrize("size", [(10, 14), (11, 15), (12, 16), (13, 17)])
@pytest.mark.parametrize("more_rows", range(9))
def test_both_heatmaps_agree_for_every_size(size, more_rows):
    model = small_network(size)
    fcn = to_fcn(model, size)
    for more_cols in range(9):
        image = torch.rand(1, size[0] + more_rows, size[1] + more_cols)
        by_hand = sliding_window_heatmap(model, image, window=size)
        assert by_hand.shape == (2, more_rows // 4 + 1, more_cols // 4 + 1)
        assert torch.allclose(fcn_heatmap(fcn, image), by_hand, atol=1e-5)


@pytest.mark.parametrize("height", range(40, 49))
def test_shapes_agree_for_all_sizes_near_the_window(height):
    shape = to_fcn(make_classifier((40, 100), seed=0), (40, 100)).geometry
    windows = nn.Unfold((40, 100), stride=4)
    for width in range(100, 109):
        rows, cols = shape.cells(height, width)
        assert rows * cols == windows(torch.zeros(1, 1, height, width)).shape[2]


def test_cells_whose_window_leaves_the_image_are_cut_off():
    """The window of 42×102 has rows and columns that no cell uses: the FCN answers too often."""
    fcn = to_fcn(make_classifier((42, 102), seed=0), (42, 102)).eval()
    image = torch.rand(1, 44, 104)
    with torch.no_grad():
        assert fcn(image[None]).shape[2:] == (2, 2)
    assert fcn_heatmap(fcn, image).shape == (2, 1, 1)
    assert fcn_heatmap(fcn, torch.rand(1, 46, 106)).shape == (2, 2, 2)


def test_a_window_cut_out_by_hand_has_the_answer_of_its_cell(tiny_classifier):
    image = torch.rand(1, 30, 40)
    heatmap = sliding_window_heatmap(tiny_classifier, image, window=(16, 24), stride=(3, 5))
    assert heatmap.shape == (2, 5, 4)
    with torch.no_grad():
        for row, col in ((0, 0), (4, 3), (2, 1)):
            crop = image[:, 3 * row : 3 * row + 16, 5 * col : 5 * col + 24]
            assert torch.allclose(heatmap[:, row, col], tiny_classifier(crop[None])[0], atol=1e-5)


def test_the_batch_size_makes_no_difference(tiny_classifier):
    image = torch.rand(1, 32, 44)
    expected = sliding_window_heatmap(tiny_classifier, image, window=(16, 24), batch_size=1000)
    for batch_size in (1, 7, 30):
        heatmap = sliding_window_heatmap(
            tiny_classifier, image, window=(16, 24), batch_size=batch_size
        )
        assert torch.allclose(heatmap, expected, atol=1e-5)


def both(model, size):
    """The two functions, as functions of the image alone."""
    fcn = to_fcn(model, size)
    return [
        lambda image: sliding_window_heatmap(model, image, window=size),
        lambda image: fcn_heatmap(fcn, image),
    ]


def test_an_image_smaller_than_the_window_is_refused_by_both(tiny_classifier):
    for heatmap in both(tiny_classifier, (16, 24)):
        for height, width in ((15, 24), (16, 23)):
            with pytest.raises(ValueError, match=f"{height}×{width} is smaller than .* 16×24"):
                heatmap(torch.zeros(1, height, width))


def test_nan_and_other_shapes_are_refused_by_both(tiny_classifier):
    image = torch.zeros(1, 20, 30)
    image[0, 19, 29] = torch.nan
    for heatmap in both(tiny_classifier, (16, 24)):
        with pytest.raises(ValueError, match="NaN"):
            heatmap(image)
        with pytest.raises(ValueError, match=r"\[C, H, W\], not \[20, 30\]"):
            heatmap(torch.zeros(20, 30))


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
def test_a_pixel_that_is_not_finite_is_refused_by_all(tiny_classifier, value):
    fcn = to_fcn(tiny_classifier, (16, 24))
    image = torch.rand(1, 40, 60)
    image[0, 20, 30] = value
    for heatmap in (
        lambda: sliding_window_heatmap(tiny_classifier, image, window=(16, 24)),
        lambda: fcn_heatmap(fcn, image),
        lambda: fcn_heatmaps(fcn, [torch.rand(1, 40, 60), image]),
        lambda: heatmaps.dense_heatmap(fcn, image),
    ):
        with pytest.raises(ValueError, match="NaN or infinity"):
            heatmap()


def test_images_of_another_type_than_the_network_are_refused_with_a_way_out(tiny_classifier):
    fcn = to_fcn(tiny_classifier, (16, 24))
    image = torch.rand(1, 40, 60)
    for heatmap in (
        lambda image: sliding_window_heatmap(tiny_classifier, image, window=(16, 24)),
        lambda image: fcn_heatmap(fcn, image),
        lambda image: fcn_heatmap(accelerate(fcn), image),
        lambda image: heatmaps.dense_heatmap(fcn, image),
    ):
        with pytest.raises(ValueError, match=r"use image\.to\(torch\.float32\)"):
            heatmap(image.double())
        with pytest.raises(TypeError, match=r"not ndarray: use helpers\.images\.as_grey"):
            heatmap(image.numpy())
    double = to_fcn(copy.deepcopy(tiny_classifier).double(), (16, 24))
    assert fcn_heatmap(double, image.double()).dtype == torch.float64


def test_a_model_that_was_not_converted_is_refused(tiny_classifier):
    for model in (tiny_classifier, nn.Sequential(*to_fcn(tiny_classifier, (16, 24)))):
        with pytest.raises(TypeError, match="to_fcn"):
            fcn_heatmap(model, torch.zeros(1, 20, 30))


def test_both_compute_in_eval_mode_and_give_each_layer_its_mode_back(tiny_classifier):
    image = torch.rand(1, 20, 30)
    expected = sliding_window_heatmap(tiny_classifier, image, window=(16, 24))
    model = tiny_classifier.train()
    model[1].eval()
    fcn = to_fcn(model, (16, 24))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert torch.allclose(sliding_window_heatmap(model, image, window=(16, 24)), expected)
    assert torch.allclose(fcn_heatmap(fcn, image), expected, atol=1e-5)
    for network in (model, fcn):
        assert network.training
        assert [layer.training for layer in network[:3]] == [True, False, True]
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_the_mode_comes_back_after_an_error(tiny_classifier):
    model = tiny_classifier.train()
    fcn = to_fcn(model, (16, 24))
    wrong_channels = torch.zeros(2, 20, 30)
    with pytest.raises(RuntimeError):
        sliding_window_heatmap(model, wrong_channels, window=(16, 24))
    with pytest.raises(ValueError, match="reads images of 1 channels, not 2"):
        fcn_heatmap(fcn, wrong_channels)
    assert model.training
    assert fcn.training


def test_heatmaps_carry_no_gradients_and_leave_the_image_alone(tiny_classifier):
    image = torch.rand(1, 20, 30)
    before = image.clone()
    for heatmap in both(tiny_classifier, (16, 24)):
        assert not heatmap(image).requires_grad
    assert torch.equal(image, before)


def test_probability_is_the_softmax_and_margin_its_difference_of_logits():
    logits = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0))
    assert torch.equal(car_margin(logits), logits[1] - logits[0])
    assert torch.allclose(car_probability(logits), logits.softmax(0)[1])
    with pytest.raises(ValueError, match="2 classes"):
        car_margin(torch.zeros(3, 4, 4))


def test_several_images_are_what_each_gives_alone_in_fewer_passes(monkeypatch):
    model = small_network((11, 15))
    fcn = to_fcn(model, (11, 15))
    sizes = [(30, 30), (31, 32), (40, 33), (11, 15), (32, 32), (64, 64), (33, 64), (20, 20)]
    images = [torch.rand(1, *size) for size in sizes]
    expected = [fcn_heatmap(fcn, image) for image in images]
    batches = []
    forward = type(fcn).forward
    monkeypatch.setattr(
        type(fcn), "forward", lambda self, x: batches.append(len(x)) or forward(self, x)
    )
    monkeypatch.setattr(heatmaps, "SIZE_MULTIPLE", 32)
    for limit in (2**19, 3 * 32 * 32):
        monkeypatch.setattr(heatmaps, "BATCH_PIXELS", limit)
        found = fcn_heatmaps(fcn, images)
        assert [f.shape for f in found] == [e.shape for e in expected]
        assert all(torch.allclose(f, e, atol=1e-5) for f, e in zip(found, expected, strict=True))
    assert batches == [5, 3, 3, 2, 1, 1, 1]
    assert fcn_heatmaps(fcn, []) == []


def test_each_of_several_images_is_checked(tiny_classifier):
    fcn = to_fcn(tiny_classifier, (16, 24))
    good, small = torch.rand(1, 30, 30), torch.rand(1, 15, 30)
    for images in ([good, small], [small]):
        with pytest.raises(ValueError, match="15×30 is smaller"):
            fcn_heatmaps(fcn, images)
    with pytest.raises(ValueError, match=r"must be \[C, H, W\], not \[30, 30\]"):
        fcn_heatmaps(fcn, [good, torch.rand(30, 30)])


def test_an_image_with_other_channels_is_named_by_its_channels(tiny_classifier):
    fcn = to_fcn(tiny_classifier, (16, 24))
    with pytest.raises(ValueError, match="this FCN reads images of 1 channels, not 3"):
        fcn_heatmaps(fcn, [torch.rand(1, 30, 30), torch.rand(3, 30, 30)])


def test_several_images_of_a_network_that_pads_keep_their_own_borders():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(2 * 64, 2)).eval()
    with pytest.warns(UserWarning, match="pads"):
        fcn = to_fcn(model, (8, 8))
    images = [torch.rand(1, 20, 20), torch.rand(1, 22, 21), torch.rand(1, 20, 20)]
    for found, image in zip(fcn_heatmaps(fcn, images), images, strict=True):
        assert torch.allclose(found, fcn_heatmap(fcn, image), atol=1e-5)


@torch.no_grad()
def test_a_network_that_pads_sees_the_whole_image_though_no_window_reaches_its_end():
    layers = nn.Conv2d(1, 2, 3, stride=4, padding=1), nn.Conv2d(2, 2, 3, padding=1)
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(2 * 16, 2)).eval()
    with pytest.warns(UserWarning, match="pads"):
        fcn = to_fcn(model, (16, 16))
    image, told = torch.rand(1, 27, 39), []
    rows, cols = fcn.geometry.cells(27, 39)
    expected = fcn(image[None])[0, :, :rows, :cols]
    assert torch.allclose(fcn_heatmap(fcn, image, progress=told.append), expected, atol=1e-6)
    assert told == [rows * cols]
    for found in fcn_heatmaps(fcn, [image, image]):
        assert torch.allclose(found, expected, atol=1e-6)
