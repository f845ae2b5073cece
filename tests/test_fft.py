"""The convolution by Fourier transform: equal to the direct one, whatever the sizes."""

import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers import fft
from helpers.choices import Choices
from helpers.fft import FFTConv2d, convolve_by_theorem
from helpers.fourier import Transforms
from helpers.tuning import best_tile

sides = st.integers(1, 9)


@st.composite
def cases(draw):
    kernel = draw(st.tuples(sides, sides))
    extra = draw(st.tuples(st.integers(0, 40), st.integers(0, 40)))
    tile = tuple(k + draw(st.integers(0, 12)) for k in kernel)
    channels = draw(st.tuples(st.integers(1, 3), st.integers(1, 4)))
    return kernel, extra, tile, channels, draw(st.booleans()), draw(st.integers(1, 3))


@settings(max_examples=150)
@given(cases())
def test_every_kernel_image_and_tile_gives_the_direct_convolution(case):
    """In float64, where no rounding hides a mistake; tiles of odd and even sides."""
    kernel, extra, tile, channels, bias, count = case
    torch.manual_seed(0)
    direct = nn.Conv2d(*channels, kernel, bias=bias, dtype=torch.float64)
    size = [k + e for k, e in zip(kernel, extra, strict=True)]
    x = torch.randn(count, channels[0], *size, dtype=torch.float64)
    with torch.no_grad():
        expected = direct(x)
        layer = FFTConv2d(direct)
        actual = layer._overlap_save(x, tuple(expected.shape[-2:]), tile)
    assert actual.shape == expected.shape
    assert (actual - expected).abs().max() < 1e-12 * (1 + expected.abs().max())


@settings(max_examples=60)
@given(cases())
def test_tiles_give_what_the_convolution_theorem_gives_for_the_whole_map(case):
    kernel, extra, tile, channels, _, count = case
    torch.manual_seed(0)
    direct = nn.Conv2d(*channels, kernel, bias=False, dtype=torch.float64).requires_grad_(False)
    size = [k + e for k, e in zip(kernel, extra, strict=True)]
    x = torch.randn(count, channels[0], *size, dtype=torch.float64)
    by_theorem = convolve_by_theorem(x, direct.weight)
    by_tiles = FFTConv2d(direct)._overlap_save(x, tuple(by_theorem.shape[-2:]), tile)
    assert torch.allclose(by_theorem, direct(x), rtol=0, atol=1e-12)
    assert torch.allclose(by_tiles, by_theorem, rtol=0, atol=1e-12)


@pytest.fixture
def head():
    torch.manual_seed(0)
    return nn.Conv2d(16, 64, (7, 22)).requires_grad_(False)


def test_the_head_of_the_course_by_the_tile_that_is_chosen(head):
    x = torch.rand(1, 16, 52, 89)
    layer, expected = FFTConv2d(head), head(x)
    assert best_tile((7, 22), (46, 68), (16, 64)) is not None
    assert (layer(x) - expected).abs().max() < 1e-5 * expected.abs().max()
    assert len(layer._spectra) == 1, "the transform was not used"


@pytest.mark.parametrize(
    ("mb", "strips"),
    [(100, [3]), (14, [2, 1]), (7, [1] * 3), (3, [1] * 9), (0.1, [1] * 15)],
)
def test_strips_of_tiles_make_no_difference(head, monkeypatch, mb, strips):
    """All three images together, one at a time, and at last one row of tiles at a time."""
    x = torch.rand(3, 16, 60, 120)
    counts = []
    convolve = FFTConv2d._convolve

    def counted(self, strip, tile, *, out):
        counts.append(len(strip))
        convolve(self, strip, tile, out=out)

    monkeypatch.setattr(FFTConv2d, "_convolve", counted)
    monkeypatch.setattr(fft, "BATCH_BYTES", int(1e6 * mb))
    y = FFTConv2d(head)._overlap_save(x, (54, 99), (18, 44))  # 5×5 tiles
    assert (y - head(x)).abs().max() < 1e-5 * y.abs().max()
    assert counts == strips


def test_memory_that_is_kept_is_not_handed_out_as_an_answer(head):
    layer, x = FFTConv2d(head), torch.rand(2, 16, 40, 60)
    first = layer(x[:1])
    before = first.clone()
    layer(x[1:])
    assert torch.equal(first, before)


def test_memory_is_kept_apart_for_threads(head):
    layer, images = FFTConv2d(head), torch.rand(12, 1, 16, 40, 60)
    expected = [layer(x) for x in images]
    with ThreadPoolExecutor(4) as pool:
        assert all(map(torch.equal, pool.map(layer, images), expected))


def test_memory_is_kept_apart_for_inference_mode(head, monkeypatch):
    """A tensor that was made there cannot be written to anywhere else."""
    monkeypatch.setattr(fft, "_memory", threading.local())
    layer, x = FFTConv2d(head), torch.rand(1, 16, 40, 60)
    with torch.inference_mode():
        first = layer(x)
    assert torch.equal(layer(x), first)


@given(sides, sides, st.integers(0, 5), st.integers(0, 5))
def test_the_matrices_are_the_fast_transform(rows, cols, more_rows, more_cols):
    tile = rows + more_rows, cols + more_cols
    to = Transforms.of(tile, (rows, cols), torch.zeros(1, dtype=torch.double))
    x = torch.rand(*tile, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    half = tile[1] // 2 + 1
    pairs = (to.columns @ x.T).view(half, 2, tile[0])  # real and imaginary part of each row
    both, real, imaginary = (to.rows @ pairs.flatten(1).T).unflatten(0, (3, tile[0]))
    expected = torch.fft.rfft2(x)
    assert torch.allclose(torch.complex(real, imaginary), expected, atol=1e-12)
    assert torch.allclose(both, expected.real + expected.imag, atol=1e-12)


def test_an_image_of_one_kernel_is_convolved_directly(head):
    layer, x = FFTConv2d(head), torch.rand(1, 16, 7, 22)
    assert torch.equal(layer(x), head(x))
    assert not layer._spectra


def test_an_image_smaller_than_the_kernel_is_an_error_as_in_torch(head):
    with pytest.raises(RuntimeError, match="Kernel size"):
        FFTConv2d(head)(torch.rand(1, 16, 6, 22))


def test_no_images_give_no_answers(head):
    with torch.no_grad():
        nothing = torch.zeros(0, head.in_channels, 60, 90)
        assert FFTConv2d(head)(nothing).shape == head(nothing).shape


@pytest.mark.parametrize("shape", [(16, 60, 90), (1, 15, 60, 90), (60, 90)])
def test_other_tensors_than_maps_are_refused(head, shape):
    with pytest.raises(ValueError, match=r"expected \[N, 16, H, W\], not \["):
        FFTConv2d(head)(torch.zeros(shape))


@pytest.mark.parametrize("value", [torch.inf, -torch.inf, torch.nan])
def test_what_would_spread_over_a_tile_is_refused(head, value):
    x = torch.rand(1, 16, 60, 90)
    x[0, 3, 20, 40] = value
    with pytest.raises(ValueError, match="NaN or infinity would spread over a whole tile"):
        FFTConv2d(head)(x)


def test_no_gradients_are_promised(head):
    layer = FFTConv2d(head)
    x = torch.rand(1, 16, 20, 40, requires_grad=True)
    with pytest.raises(RuntimeError, match="no gradients"):
        layer(x)
    with torch.no_grad():
        assert not layer(x).requires_grad


@pytest.mark.parametrize(
    "options",
    [{"stride": 2}, {"dilation": 2}, {"groups": 2}, {"padding": 1}, {"padding": "same"}],
)
def test_other_convolutions_are_refused(options):
    with pytest.raises(ValueError, match="without stride, dilation, groups and padding"):
        FFTConv2d(nn.Conv2d(2, 2, 5, **options))


def test_half_precision_is_refused():
    with pytest.raises(ValueError, match="float32 or float64"):
        FFTConv2d(nn.Conv2d(2, 2, 5, dtype=torch.bfloat16))


def test_the_convolution_is_copied(head):
    x = torch.rand(1, 16, 30, 60)
    layer = FFTConv2d(head)
    expected = layer(x)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.fill_(7)
    assert torch.equal(layer(x), expected)
    assert torch.equal(copy.deepcopy(layer)(x), expected)


def test_new_weights_and_types_reach_the_transform(head):
    x = torch.rand(1, 16, 30, 60)
    layer, other = FFTConv2d(head), FFTConv2d(nn.Conv2d(16, 64, (7, 22)))
    layer(x)
    layer.load_state_dict(other.state_dict())
    assert torch.equal(layer(x), other(x))
    assert layer.double()(x.double()).dtype == torch.float64
    assert layer._spectra.popitem()[1][0].dtype == torch.float64


def test_tiles_at_hand_are_used_again_and_never_more_than_two_kept(head):
    layer = FFTConv2d(head)
    for size in ((52, 89), (51, 88), (50, 90), (20, 60), (100, 40), (9, 100), (120, 200)):
        x = torch.rand(1, 16, *size)
        expected = head(x)
        assert (layer(x) - expected).abs().max() < 1e-5 * expected.abs().max()
        assert len(layer._spectra) <= 2
        if size == (50, 90):
            assert len(layer._spectra) == 1


def test_no_more_than_two_are_kept_though_another_thread_transforms_meanwhile(head, monkeypatch):
    layer, others, plain = FFTConv2d(head), [(12, 48), (24, 32)], Transforms.of

    def interrupted(*args):
        if others:
            layer._spectrum(others.pop())
        return plain(*args)

    monkeypatch.setattr(Transforms, "of", interrupted)
    x = torch.rand(1, 16, 40, 60)
    expected = head(x)
    found = layer._run(x, tuple(expected.shape[2:]), (16, 48))
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
    assert len(layer._spectra) <= 2


@pytest.mark.parametrize("best", [None, (9, 33), (16, 48)])
def test_the_way_that_was_fastest_is_remembered(head, monkeypatch, best):
    """For a size of image and a number of threads; each of the ways gives the same answers."""
    asked = []

    def fastest(ways, run):
        asked.append(list(ways))
        answers = [run(way) for way in ways]
        assert all(torch.allclose(answer, answers[0], atol=1e-4) for answer in answers)
        return {way: 1.0 if way == best else 1.5 for way in ways}

    monkeypatch.setattr(fft, "fastest", fastest)
    monkeypatch.setattr(fft, "candidates", lambda *case, **how: [None, (9, 33), (16, 48)])
    layer, x = FFTConv2d(head, choices=Choices()), torch.rand(2, 16, 30, 60)
    for _ in range(2):
        assert torch.equal(layer(x), layer._run(x, (24, 39), best))
    assert layer._tile((24, 39)) == best
    assert list(layer._spectra) == [best][: best is not None], "of the others nothing is kept"
    assert len(asked) == 1
    layer(x[:1, :, 1:])
    monkeypatch.setattr(torch, "get_num_threads", lambda: 99)
    layer(x)
    assert len(asked) == 3
    layer.double()(x.double())
    assert len(asked) == 4, "another type was taken for the one that was measured"


def test_a_tile_at_hand_is_given_up_only_for_one_that_is_clearly_faster(head, monkeypatch):
    monkeypatch.setattr(fft, "candidates", lambda *case, **how: [(16, 48)])
    for new, expected in ((0.7, (9, 33)), (0.6, (16, 48))):
        layer = FFTConv2d(head, choices=Choices())
        layer._spectrum((9, 33))
        monkeypatch.setattr(fft, "fastest", lambda ways, run, t=new: {(9, 33): 1.0, (16, 48): t})
        layer(torch.rand(1, 16, 30, 60))
        assert layer._tile((24, 39)) == expected


def test_without_tuning_nothing_is_measured(head, monkeypatch):
    monkeypatch.setattr(fft, "fastest", lambda *_: pytest.fail("measured"))
    layer = FFTConv2d(head)
    layer(torch.rand(1, 16, 52, 89))
    assert list(layer._spectra) == [best_tile((7, 22), (46, 68), (16, 64))]
    assert FFTConv2d(head, choices=Choices())(torch.rand(0, 16, 52, 89)).shape == (0, 64, 46, 68)


@pytest.mark.parametrize("size", [(60, 90), (61, 95), (52, 89)])
def test_nothing_lies_between_images_for_the_next_layer_to_copy(head, size):
    """Also where the last row and column of tiles reach past the end."""
    x = torch.rand(3, 16, *size)
    y = FFTConv2d(head)._overlap_save(x, tuple(head(x).shape[-2:]), (16, 48))
    assert y.is_contiguous(memory_format=torch.channels_last)


def test_large_numbers_are_no_infinity():
    """Their sum is one, in float32."""
    convolution = nn.Conv2d(1, 1, 1, bias=False).requires_grad_(False)
    convolution.weight.fill_(1e-3)
    x = torch.full((1, 1, 4, 4), 3e38)
    assert torch.equal(FFTConv2d(convolution)(x), convolution(x))
