"""Right and wrong answers to exercise 7.4, the bootstrap."""

import random

import numpy as np
import torch

from helpers.bootstrap import bootstrap_interval
from helpers.checks import resampling as checks


def bootstrap(
    scenes, statistic, rounds, generator, *, n=None, quantiles=(0.025, 0.975), replace=True
):
    """The interval, with mistakes to choose."""
    n = n or len(scenes)
    values = []
    for _ in range(rounds):
        if replace:
            drawn = torch.randint(len(scenes), (n,), generator=generator).tolist()
        else:
            drawn = torch.randperm(len(scenes), generator=generator).tolist()
        values.append(statistic([scenes[i] for i in drawn]))
    low, high = np.quantile(values, quantiles)
    return low, high


def by_sorting(scenes, statistic, rounds, generator):
    draws = torch.randint(len(scenes), (rounds, len(scenes)), generator=generator)
    values = sorted(statistic([scenes[i] for i in row]) for row in draws.tolist())
    cut = round(0.025 * rounds)
    return values[cut], values[-cut - 1]


def same_draw(scenes, statistic, rounds, generator):
    drawn = torch.randint(len(scenes), (len(scenes),), generator=generator).tolist()
    values = [statistic([scenes[i] for i in drawn]) for _ in range(rounds)]
    return min(values), max(values)


def single_boxes(scenes, statistic, rounds, generator):
    parts = [part for scene in scenes for part in scene]
    values = [
        statistic([parts[i] for i in torch.randint(len(parts), (12,), generator=generator)])
        for _ in range(rounds)
    ]
    return min(values), max(values)


def no_generator(scenes, statistic, rounds, generator):
    return bootstrap(scenes, statistic, rounds, None)


def pythons_dice(scenes, statistic, rounds, generator):
    values = [statistic(random.choices(scenes, k=len(scenes))) for _ in range(rounds)]
    return tuple(np.quantile(values, (0.025, 0.975)))


def own_seed(scenes, statistic, rounds, generator):
    return bootstrap(scenes, statistic, rounds, torch.Generator().manual_seed(0))


def by_cutting(scenes, statistic, rounds, generator):
    """The sorted list without 2.5 % at either end."""
    values = []
    for _ in range(rounds):
        picks = (torch.rand(len(scenes), generator=generator) * len(scenes)).long()
        values.append(float(statistic([scenes[i] for i in picks.tolist()])))
    cut = int(0.025 * rounds)
    kept = sorted(values)[cut : rounds - cut]
    return [kept[0], kept[-1]]


def drawn_by(draw):
    """The interval with draws of another kind: `draw(n, generator)` gives numbers."""

    def wrong(scenes, statistic, rounds, generator):
        draws = [draw(len(scenes), generator) for _ in range(rounds)]
        values = [statistic([scenes[i] for i in numbers]) for numbers in draws]
        return tuple(np.quantile(values, (0.025, 0.975)))

    return wrong


def half_twice(n, generator):
    return torch.randperm(n, generator=generator).tolist()[: n - n // 2] * 2


def first_always(n, generator):
    return [0, *torch.randint(n, (n - 1,), generator=generator).tolist()]


def as_if_normal(scenes, statistic, rounds, generator):
    values = []
    bootstrap(scenes, lambda s: values.append(statistic(s)) or values[-1], rounds, generator)
    return np.mean(values) - 1.96 * np.std(values), np.mean(values) + 1.96 * np.std(values)


def sorts_the_scenes(scenes, statistic, rounds, generator):
    scenes.sort(reverse=True)
    return bootstrap(scenes, statistic, rounds, generator)


def sixth_from_the_end(scenes, statistic, rounds, generator):
    draws = torch.randint(len(scenes), (rounds, len(scenes)), generator=generator).tolist()
    values = sorted(statistic([scenes[i] for i in row]) for row in draws)
    return values[5], values[-6]


def by_the_seed(scenes, statistic, rounds, generator):
    dice = np.random.default_rng(generator.initial_seed())
    draws = dice.integers(len(scenes), size=(rounds, len(scenes)))
    values = [statistic([scenes[i] for i in row]) for row in draws]
    return tuple(np.quantile(values, (0.025, 0.975)))


def as_an_array(scenes, statistic, rounds, generator):
    """NumPy makes text of the names and the numbers."""
    scenes = np.array(scenes)
    draws = torch.randint(len(scenes), (rounds, len(scenes)), generator=generator)
    return tuple(np.quantile([statistic(scenes[row]) for row in draws.numpy()], (0.025, 0.975)))


def for_a_thousand(scenes, statistic, rounds, generator):
    """Cuts off 25 values, however many there are."""
    draws = torch.randint(len(scenes), (rounds, len(scenes)), generator=generator).tolist()
    values = sorted(statistic([scenes[i] for i in row]) for row in draws)
    return (values[25], values[-26]) if rounds > 51 else (values[0], values[-1])


def as_tensors(scenes, statistic, rounds, generator):
    values = torch.zeros(rounds, dtype=torch.float64)
    for k in range(rounds):
        drawn = torch.randint(0, len(scenes), [len(scenes)], generator=generator)
        values[k] = statistic([scenes[int(i)] for i in drawn])
    return torch.quantile(values, torch.tensor([0.025, 0.975]).double())


def overwrites_its_list(scenes, statistic, rounds, generator):
    values = []
    for _ in range(rounds):
        drawn = torch.randint(len(scenes), (len(scenes),), generator=generator).tolist()
        scenes = [scenes[i] for i in drawn]
        values.append(statistic(scenes))
    return tuple(np.quantile(values, (0.025, 0.975)))


def of_one_draw(scenes, statistic, rounds, generator):
    low, high = bootstrap(scenes, statistic, rounds, generator)
    return (low + high) / 2, (low + high) / 2


INTERVAL_RIGHT = [bootstrap, by_sorting, by_cutting, as_tensors]
INTERVAL_WRONG = [
    (lambda *a: None, "return"),
    (lambda s, f, r, g: bootstrap(s, f, r, g)[0], "two numbers"),
    (single_boxes, "whole scenes"),
    (as_an_array, r"array\(\['scene"),
    (for_a_thousand, "middle 95 %"),
    (by_the_seed, "a second call"),
    (lambda s, f, r, g: bootstrap(s, f, 10, g), "asked 10 times"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, n=5), "as many scenes"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, replace=False), "with replacement"),
    (same_draw, "draw anew"),
    (
        drawn_by(lambda n, g: torch.randint(n - 1, (n,), generator=g).tolist()),
        "scene 11 .* 0 times",
    ),
    (drawn_by(lambda n, g: torch.randint(1, n, (n,), generator=g).tolist()), "scene 0 .* 0 times"),
    (drawn_by(first_always), "equally likely"),
    (drawn_by(lambda n, g: half_twice(n, g)[:n]), "different scenes on average"),
    (sorts_the_scenes, "changes its input"),
    (as_if_normal, "quantiles 0.025"),
    (sixth_from_the_end, "quantiles 0.025"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0.03, 0.97)), "middle 95 %"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0.02, 0.98)), "middle 95 %"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0.025, 0.95)), "middle 95 %"),
    (lambda s, f, r, g: bootstrap(s, f, 1000, g), "asked 1000 times"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, n=12), "as many scenes"),
    (lambda s, f, r, g: bootstrap(s, f, r, g)[::-1], "low is larger"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0, 1)), "smallest and the largest"),
    (lambda s, f, r, g: bootstrap(s, f, r, g, quantiles=(0.25, 0.75)), "middle 95 %"),
    (overwrites_its_list, "overwritten"),
    (of_one_draw, "quantiles 0.025"),
    (
        lambda s, f, r, g: bootstrap_interval(
            lambda d: f([s[i] for i in d]), len(s), generator=g, rounds=r
        ),
        "course's own",
    ),
    (no_generator, "`generator` alone"),
    (pythons_dice, "`generator` alone"),
    (own_seed, "another generator"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {checks.check_interval: (INTERVAL_RIGHT, INTERVAL_WRONG)}
