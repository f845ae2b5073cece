"""Calibration, against a loop from the definition."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.calibration import Reliability, calibration_error, reliability


def reliability_by_hand(probabilities, labels, bins):
    rows = []
    for k in range(bins):
        # The last bin keeps its upper border, the others leave it to the next.
        members = [
            (p, y)
            for p, y in zip(probabilities, labels, strict=True)
            if k / bins <= p < (k + 1) / bins or (k == bins - 1 and p == 1)
        ]
        if members:
            mean = sum(p for p, _ in members) / len(members)
            share = sum(y for _, y in members) / len(members)
            rows.append((mean, share, len(members)))
    return rows


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), min_size=1, max_size=40),
    st.integers(1, 12),
)
def test_bins_are_those_of_the_definition(crops, bins):
    probabilities, labels = zip(*crops, strict=True)
    table = reliability(
        torch.tensor(probabilities, dtype=torch.float64), torch.tensor(labels), bins
    )
    # Compared in double precision, where k / bins rounds as it does in plain Python.
    expected = reliability_by_hand(probabilities, labels, bins)
    found = list(zip(*(part.tolist() for part in table), strict=True))
    assert len(found) == len(expected)
    for row, right in zip(found, expected, strict=True):
        assert row == pytest.approx(right)
    error = sum(count * abs(mean - share) for mean, share, count in expected) / len(crops)
    assert calibration_error(table) == pytest.approx(error)


@pytest.mark.parametrize("bins", [10, 22, 49, 100])
def test_a_border_belongs_to_the_upper_bin(bins):
    """Also where k / bins times bins is a little less than k."""
    borders = torch.tensor([k / bins for k in range(bins)], dtype=torch.float64)
    table = reliability(borders, torch.ones(bins), bins)
    assert table.count.tolist() == [1] * bins
    assert table.predicted.tolist() == borders.tolist()


def test_an_honest_forecast_has_no_error():
    probabilities = torch.tensor([0.75, 0.75, 0.75, 0.75, 0.25, 0.25, 0.25, 0.25])
    labels = torch.tensor([1, 1, 1, 0, 0, 0, 1, 0])
    assert calibration_error(reliability(probabilities, labels)) == 0


def test_a_sure_and_wrong_answer_has_the_largest_error():
    table = reliability(torch.tensor([1.0, 0.0]), torch.tensor([0, 1]))
    assert calibration_error(table) == 1
    assert isinstance(table, Reliability)
    assert table.count.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("probabilities", "labels", "bins", "message"),
    [
        ([], [], 10, "at least one"),
        ([0.5, 0.5], [1], 10, "one label for each"),
        ([2.5], [1], 10, "logits"),
        ([-0.1], [1], 10, "logits"),
        ([float("nan")], [1], 10, r"\[0, 1\]"),
        ([0.5], [1], 0, "one bin"),
        ([0.5], [1], 2.5, "whole number"),
        ([0.5], [7], 10, "labels must be 0"),
        ([0.5, 0.5], [1, -1], 10, "labels must be 0"),
        ([0.5], [float("nan")], 10, "labels must be 0"),
    ],
)
def test_what_cannot_be_measured_is_refused(probabilities, labels, bins, message):
    with pytest.raises(ValueError, match=message):
        reliability(torch.tensor(probabilities), torch.tensor(labels), bins)


def test_nothing_is_changed():
    probabilities, labels = torch.rand(20), torch.arange(20) % 2
    before = probabilities.clone(), labels.clone()
    reliability(probabilities, labels)
    assert torch.equal(probabilities, before[0])
    assert torch.equal(labels, before[1])
