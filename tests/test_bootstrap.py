"""The bootstrap: against all possible draws, and against the textbook's formula."""

import itertools

import numpy as np
import pytest
import torch

from helpers.bootstrap import bootstrap_interval, resample


def test_draws_are_whole_numbers_with_replacement(generator):
    draws = resample(5, 400, generator)
    assert draws.shape == (400, 5)
    assert draws.unique().tolist() == [0, 1, 2, 3, 4]
    assert any(len(row.unique()) < 5 for row in draws)
    # Each image is as likely as another at each place: 80 ± 8 each.
    counts = torch.stack([(draws == k).sum(0) for k in range(5)])
    assert ((counts - 80).abs() < 40).all()


def test_the_interval_of_three_images_is_that_of_all_27_draws(generator):
    values = [1.0, 2.0, 4.0]
    means = [np.mean(draw) for draw in itertools.product(values, repeat=3)]
    low, high = bootstrap_interval(
        lambda rows: np.mean([values[i] for i in rows]),
        3,
        generator=generator,
        rounds=4000,
        level=0.8,
    )
    assert low == pytest.approx(np.quantile(means, 0.1, method="inverted_cdf"), abs=1e-6)
    assert high == pytest.approx(np.quantile(means, 0.9, method="inverted_cdf"), abs=1e-6)


def test_the_interval_of_a_mean_is_the_textbooks(generator):
    values = torch.randn(200, generator=generator)
    low, high = bootstrap_interval(
        lambda rows: values[rows].mean().item(), 200, generator=generator, rounds=4000
    )
    error = values.std(unbiased=False).item() / 200**0.5
    assert low == pytest.approx(values.mean().item() - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(values.mean().item() + 1.96 * error, abs=0.1 * error)


def test_the_same_generator_gives_the_same_interval_and_another_another():
    values = torch.arange(10.0) ** 2

    def interval(seed, everywhere):
        torch.manual_seed(everywhere)  # must not matter
        generator = torch.Generator().manual_seed(seed)
        return bootstrap_interval(
            lambda rows: values[rows].mean().item(), 10, generator=generator, rounds=50
        )

    assert interval(1, everywhere=5) == interval(1, everywhere=6)
    assert interval(1, everywhere=5) != interval(2, everywhere=5)


@pytest.mark.parametrize(
    ("n", "options", "message"),
    [
        (0, {}, "at least one image"),
        (3, {"rounds": 0}, "rounds must be 1 or more"),
        (3, {"level": 1.0}, "between 0 and 1"),
        (3, {"level": 95}, "between 0 and 1"),
    ],
)
def test_bad_input_is_refused(n, options, message, generator):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(lambda rows: 0.0, n, generator=generator, **options)


@pytest.mark.parametrize("answer", ["nan", "inf", "-inf"])
def test_what_is_not_finite_is_refused(answer, generator):
    answers = iter([0.0, float(answer), 0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="NaN or infinity"):
        bootstrap_interval(lambda rows: next(answers), 3, generator=generator, rounds=5)
