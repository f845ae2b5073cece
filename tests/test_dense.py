"""Heatmaps at every pixel, and of large images in tiles: equal to brute force, cell by cell."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.acceleration import accelerate
from helpers.fcn import to_fcn
from helpers.geometry import Geometry
from helpers.heatmap import dense_heatmap, fcn_heatmap, sliding_window_heatmap
from helpers.models import randomise_
from helpers.tiles import in_tiles


def network(size, pools):
    """A classifier for crops of `size` whose strides are the product of `pools`."""
    layers = [nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU()]
    for pool in pools:
        layers += [nn.MaxPool2d(pool), nn.Conv2d(3, 3, 2), nn.ReLU()]
    layers.append(nn.Flatten())
    features = nn.Sequential(*layers)(torch.zeros(2, 1, *size)).shape[1]
    model = nn.Sequential(*layers, nn.Linear(features, 5), nn.ReLU(), nn.Linear(5, 2))
    return randomise_(model, torch.Generator().manual_seed(0)).eval()


@settings(max_examples=60)
@given(
    size=st.tuples(st.integers(14, 18), st.integers(15, 22)),
    extra=st.tuples(st.integers(0, 13), st.integers(0, 13)),
    pools=st.sampled_from([(2, 2), (2,), (3,), ((1, 2),), ((2, 1), 2), ()]),
    tile_side=st.integers(1, 40),
)
def test_every_pixel_has_the_answer_of_its_window(size, extra, pools, tile_side):
    model = network(size, pools)
    image = torch.rand(1, size[0] + extra[0], size[1] + extra[1])
    expected = sliding_window_heatmap(model, image, window=size, stride=(1, 1))
    assert expected.shape == (2, extra[0] + 1, extra[1] + 1)
    for dense in (
        dense_heatmap(model, image, window=size),
        dense_heatmap(to_fcn(model, size), image, tile_side=tile_side),
    ):
        assert dense.shape == expected.shape
        assert torch.allclose(dense, expected, atol=1e-5)


def test_the_courses_network_at_every_pixel(classifier):
    image = torch.rand(1, 47, 110)
    expected = sliding_window_heatmap(classifier, image, stride=(1, 1))
    assert (dense_heatmap(classifier, image) - expected).abs().max() < 1e-4
    strided = fcn_heatmap(to_fcn(classifier, (40, 100)), image)
    assert (expected[:, ::4, ::4] - strided).abs().max() < 1e-4


@settings(max_examples=60)
@given(
    shape=st.tuples(st.integers(16, 60), st.integers(16, 60)),
    pools=st.sampled_from([(2, 2), (3,), ((1, 2),)]),
    tile_side=st.integers(1, 70),
)
def test_tiles_make_no_difference_whatever_their_size(shape, pools, tile_side):
    fcn = to_fcn(network((14, 15), pools), (14, 15))
    image = torch.rand(1, *shape)
    whole = fcn_heatmap(fcn, image, tile_side=1000)
    assert whole.shape[1:] == fcn.geometry.cells(*shape)
    assert torch.allclose(fcn_heatmap(fcn, image, tile_side=tile_side), whole, atol=1e-5)
    fast = accelerate(fcn)
    assert torch.allclose(fcn_heatmap(fast, image, tile_side=tile_side), whole, atol=1e-5)


def test_no_tile_is_larger_than_asked_for(monkeypatch):
    fcn = to_fcn(network((14, 15), (2,)), (14, 15))
    sizes = []
    forward = type(fcn).forward
    monkeypatch.setattr(
        type(fcn), "forward", lambda self, x: sizes.append(x.shape[-2:]) or forward(self, x)
    )
    fcn_heatmap(fcn, torch.rand(1, 100, 130), tile_side=40)
    assert len(sizes) > 9
    assert max(max(size) for size in sizes) <= 40


def test_tiles_are_of_nearly_the_same_size():
    geometry = Geometry((4, 6), (2, 3), (4, 6))
    sizes = []

    def run(tile):
        sizes.append(tuple(tile.shape[-2:]))
        return torch.zeros(1, *geometry.cells(*tile.shape[-2:]))

    in_tiles(run, torch.zeros(1, 42, 63), geometry, tile_side=20)  # 20×20 cells, at most 9×5 each
    assert sizes == [(16, 18)] * 8 + [(14, 18)] * 4  # not 20, 20 and 6 rows


def test_a_network_that_pads_is_run_whole_and_has_no_dense_heatmap():
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Flatten(), nn.Linear(2 * 64, 2)).eval()
    with pytest.warns(UserWarning, match="pads"):
        fcn = to_fcn(model, (8, 8))
    image = torch.rand(1, 30, 30)
    whole = fcn_heatmap(fcn, image)
    assert torch.equal(fcn_heatmap(fcn, image, tile_side=12), whole)
    with pytest.raises(ValueError, match="layer 0 pads"):
        dense_heatmap(fcn, image)


def test_an_image_smaller_than_the_window_is_refused(tiny_classifier):
    with pytest.raises(ValueError, match="15×24 is smaller than"):
        dense_heatmap(tiny_classifier, torch.zeros(1, 15, 24), window=(16, 24))


def test_progress_counts_the_tiles(capsys, tiny_classifier):
    fcn = to_fcn(tiny_classifier, (16, 24))
    fcn_heatmap(fcn, torch.rand(1, 64, 60), tile_side=40, progress=True)
    assert "4/4" in capsys.readouterr().err
