"""Splits: fair to every class, nothing in two parts, and near duplicates found by definition."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.splits import near_duplicates, stratified_split

LABELS = st.lists(st.integers(0, 3), max_size=40).map(lambda x: torch.tensor(x, dtype=torch.int64))


@given(LABELS, st.floats(0, 1), st.integers(0, 5))
def test_each_crop_lies_in_one_part_and_each_class_has_its_share(labels, share, seed):
    parts = stratified_split(labels, share, torch.Generator().manual_seed(seed))
    kept, held_out = (part.tolist() for part in parts)
    assert sorted(kept + held_out) == list(range(len(labels)))
    assert kept == sorted(kept)
    assert held_out == sorted(held_out)
    for label in range(4):
        members = [k for k, known in enumerate(labels.tolist()) if known == label]
        assert len(set(members) & set(held_out)) == round(share * len(members))


def test_the_generator_decides_and_nothing_else(generator):
    labels = torch.arange(40) % 2
    state = torch.random.get_rng_state()
    once = stratified_split(labels, 0.25, torch.Generator().manual_seed(1))
    again = stratified_split(labels, 0.25, torch.Generator().manual_seed(1))
    other = stratified_split(labels, 0.25, torch.Generator().manual_seed(2))
    assert torch.equal(once[1], again[1])
    assert not torch.equal(once[1], other[1])
    assert torch.equal(state, torch.random.get_rng_state())


def test_every_crop_may_be_held_out():
    seen = set()
    for seed in range(60):
        seen |= set(
            stratified_split(torch.arange(12) % 2, 0.5, torch.Generator().manual_seed(seed))[
                1
            ].tolist()
        )
    assert seen == set(range(12))


@pytest.mark.parametrize("share", [-0.1, 1.5, 20])
def test_an_impossible_share_is_refused(share, generator):
    with pytest.raises(ValueError, match="between 0 and 1"):
        stratified_split(torch.arange(4), share, generator)


def test_labels_must_be_flat(generator):
    with pytest.raises(ValueError, match=r"\[N\], not \[2, 2\]"):
        stratified_split(torch.zeros(2, 2), 0.5, generator)


@given(st.integers(0, 6), st.integers(0, 6), st.floats(0, 0.6), st.integers(0, 9))
def test_near_duplicates_are_those_of_the_definition(n, m, threshold, seed):
    generator = torch.Generator().manual_seed(seed)
    # Multiples of 1/8, so that sums are exact in any order.
    first, second = (torch.randint(0, 9, (k, 1, 2, 4), generator=generator) / 8.0 for k in (n, m))
    expected = [
        [i, j]
        for i in range(n)
        for j in range(m)
        if sum(abs(a - b) for a, b in zip(_flat(first[i]), _flat(second[j]), strict=True)) / 8
        < threshold
    ]
    pairs = near_duplicates(first, second, threshold)
    assert pairs.tolist() == expected
    assert pairs.shape == (len(expected), 2)
    assert pairs.dtype == torch.int64


def _flat(image):
    return image.flatten().tolist()


def test_a_pair_exactly_at_the_threshold_is_none():
    black, grey = torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 0.25)
    assert len(near_duplicates(black, grey, 0.25)) == 0
    assert near_duplicates(black, grey, 0.26).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (torch.zeros(2, 4, 5), torch.zeros(2, 1, 4, 5), r"\[N, C, H, W\], not .*\[2, 4, 5\]"),
        (torch.zeros(2, 1, 4, 5).byte(), torch.zeros(2, 1, 4, 5), "not torch.uint8"),
        (torch.zeros(2, 1, 4, 5), torch.zeros(2, 1, 5, 4), "cannot be compared"),
        (torch.full((2, 1, 4, 5), torch.nan), torch.zeros(2, 1, 4, 5), "NaN"),
        (torch.zeros(2, 1, 4, 5), torch.full((2, 1, 4, 5), torch.inf), "infinity"),
    ],
)
def test_images_that_cannot_be_compared_are_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        near_duplicates(first, second, 0.1)


def test_a_threshold_of_nan_is_refused():
    with pytest.raises(ValueError, match="not NaN"):
        near_duplicates(torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), float("nan"))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_images_of_every_float_type_are_compared(dtype):
    images = torch.tensor([0.0, 0.5]).view(2, 1, 1, 1).to(dtype)
    assert near_duplicates(images, images.float(), 0.25).tolist() == [[0, 0], [1, 1]]
