"""Right and wrong answers to the exercises of Lesson 01."""

import numpy as np
import torch

from helpers.checks import data as checks
from helpers.splits import near_duplicates, stratified_split


def balance_by_mean(labels):
    cars = labels.float().mean().item()
    return 1 - cars, cars


BALANCE_RIGHT = [
    balance_by_mean,
    lambda x: torch.bincount(x, minlength=2) / len(x),
    lambda x: [float((x == 0).sum()) / len(x), float((x == 1).sum()) / len(x)],
    lambda x: (torch.bincount(x, minlength=2) / len(x)).numpy(),
    lambda x: (np.mean(x.numpy() == 0), np.mean(x.numpy() == 1)),
    lambda x: ((x == 0).float().mean(), (x == 1).float().mean()),
]

BALANCE_WRONG = [
    (lambda x: None, "return"),
    (lambda x: balance_by_mean(x)[::-1], "swapped"),
    (lambda x: torch.bincount(x, minlength=2), "counts"),
    (lambda x: [100 * share for share in balance_by_mean(x)], "per cent"),
    (lambda x: balance_by_mean(x)[1], "two numbers"),
    (lambda x: torch.bincount(x) / len(x), "two numbers.*minlength"),
    (lambda x: torch.bincount(x, minlength=2) // len(x), "add up to 0"),
    (lambda x: (0.5, 0.5), "expected"),
    (lambda x: [round(share, 2) for share in balance_by_mean(x)], "rounded to 2 decimals"),
    (lambda x: [round(share, 3) for share in balance_by_mean(x)], "rounded to 3 decimals"),
    (lambda x: [round(share, 5) for share in balance_by_mean(x)], "nearly right, but rounded"),
    (lambda x: (1.0, 1.0), "add up to 2"),
    (lambda x: [(x == label).half().mean() for label in (0, 1)], "add up to 0.99976,"),
    (lambda x: ("0.5", "0.5"), "two numbers"),
    (lambda x: [(x == k).sum() / max(1, (x == 1 - k).sum()) for k in (0, 1)], "one class divided"),
    (checks.course_class_balance, "course"),
]


RANGE_RIGHT = [
    lambda x: x.float()[:, None] / 255,
    lambda x: (x / 255).unsqueeze(1),
    lambda x: x.to(torch.float32).view(len(x), 1, *x.shape[1:]).mul(1 / 255),
    lambda x: torch.stack([image[None] for image in x]).float().div(255),
]


def range_in_place(x):
    x.mul_(0)
    return x[:, None].float()


RANGE_WRONG = [
    (lambda x: None, "return"),
    (lambda x: x.float()[:, None], "never divided"),
    (lambda x: x[:, None] / 255 / 255, "divided twice"),
    (lambda x: (x[:, None] // 255).float(), "rounds down"),
    (lambda x: x[:, None] // 255, "still torch.uint8"),
    (lambda x: x[:, None] / 256, "divided by 256"),
    (lambda x: x[:, None] / x.max(), "largest value here"),
    (lambda x: (x[:, None] - x.min()) / (x.max() - x.min()), "stretched"),
    (lambda x: x[:, None] / 127.5 - 1, "-1 to 1"),
    (lambda x: 1 - x[:, None] / 255, "negative"),
    (lambda x: x[:, None] / 254, "not pixel / 255"),
    (lambda x: x[:, None].half() / 255, "float16"),
    (lambda x: x[:, None].bfloat16() / 255, "float"),
    (lambda x: (x[:, None] / 255 * 100).round() / 100, "rounded"),
    (lambda x: (x[:, None] / 255).expand(-1, 3, -1, -1), "three channels"),
    (lambda x: (x[:, None] / 255).tolist(), "torch.Tensor"),
    (checks.course_unit_range, "course"),
    (lambda x: x / 255, "channel is missing"),
    (lambda x: x[..., None] / 255, "channel comes last"),
    (lambda x: x[None] / 255, "in front of the images"),
    (lambda x: x.transpose(1, 2)[:, None] / 255, "rows and columns"),
    (lambda x: x.double()[:, None] / 255, "float64"),
    (lambda x: x.numpy()[:, None] / 255, "torch.Tensor"),
    (range_in_place, "changes its input"),
]


def split_by_class(labels, share, generator):
    kept, held_out = [], []
    for label in (0, 1):
        members = (labels == label).nonzero().flatten()
        members = members[torch.randperm(len(members), generator=generator)]
        count = round(share * len(members))
        held_out.append(members[:count])
        kept.append(members[count:])
    return torch.cat(kept), torch.cat(held_out)


def split_by_mask(labels, share, generator):
    held_out = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        members = torch.where(labels == label)[0]
        chosen = torch.randperm(len(members), generator=generator)
        held_out[members[chosen[len(members) - round(share * len(members)) :]]] = True
    return torch.where(~held_out)[0], torch.where(held_out)[0]


def split_by_ranks(labels, share, generator):
    noise = torch.rand(len(labels), generator=generator)
    held_out = set()
    for label in (0, 1):
        members = [k for k, known in enumerate(labels.tolist()) if known == label]
        members.sort(key=lambda k: noise[k].item())
        held_out |= set(members[: round(share * len(members))])
    kept = [k for k in range(len(labels)) if k not in held_out]
    return [torch.tensor(kept), torch.tensor(sorted(held_out))]


def split_as(change):
    """A right split, changed: change(kept, held_out)."""
    return lambda labels, share, generator: change(*split_by_class(labels, share, generator))


def split_unstratified(labels, share, generator):
    order = torch.randperm(len(labels), generator=generator)
    count = round(share * len(labels))
    return order[count:], order[:count]


def split_in_order(labels, share, generator):
    members = [(labels == label).nonzero().flatten() for label in (0, 1)]
    counts = [round(share * len(m)) for m in members]
    kept = [m[count:] for m, count in zip(members, counts, strict=True)]
    held_out = [m[:count] for m, count in zip(members, counts, strict=True)]
    return torch.cat(kept), torch.cat(held_out)


def split_with_global_state(labels, share, generator):
    return split_by_class(labels, share, None)


def split_with_fixed_seed(labels, share, generator):
    return split_by_class(labels, share, torch.Generator().manual_seed(0))


def split_places_inside_the_class(labels, share, generator):
    kept, held_out = [], []
    for label in (0, 1):
        order = torch.randperm(int((labels == label).sum()), generator=generator)
        count = round(share * len(order))
        held_out.append(order[:count])
        kept.append(order[count:])
    return torch.cat(kept), torch.cat(held_out)


def split_cars_only(labels, share, generator):
    cars = (labels == 1).nonzero().flatten()
    chosen = cars[torch.randperm(len(cars), generator=generator)][: round(share * len(cars))]
    rest = torch.ones(len(labels), dtype=torch.bool)
    rest[chosen] = False
    return rest.nonzero().flatten(), chosen


def split_rounded(rounded):
    """Class by class, with another way to round."""

    def split(labels, share, generator):
        kept, held_out = [], []
        for label in (0, 1):
            members = torch.where(labels == label)[0]
            members = members[torch.randperm(len(members), generator=generator)]
            count = int(rounded(share * len(members)))
            held_out.append(members[:count])
            kept.append(members[count:])
        return torch.cat(kept), torch.cat(held_out)

    return split


def split_one_class_in_order(labels, share, generator):
    kept, held_out = [], []
    for label in (0, 1):
        members = torch.where(labels == label)[0]
        if label == 0:
            members = members[torch.randperm(len(members), generator=generator)]
        count = round(share * len(members))
        held_out.append(members[:count])
        kept.append(members[count:])
    return torch.cat(kept), torch.cat(held_out)


def split_never_the_first(labels, share, generator):
    kept, held_out = [], []
    for label in (0, 1):
        members = torch.where(labels == label)[0]
        rest = members[1:][torch.randperm(len(members) - 1, generator=generator)]
        count = round(share * len(members))
        held_out.append(rest[:count])
        kept += [members[:1], rest[count:]]
    return torch.cat(kept), torch.cat(held_out)


def split_from_the_end(labels, share, generator):
    """With a count of 0, [-0:] is everything."""
    kept, held_out = [], []
    for label in (0, 1):
        members = torch.where(labels == label)[0]
        members = members[torch.randperm(len(members), generator=generator)]
        count = round(share * len(members))
        kept.append(members[:-count])
        held_out.append(members[-count:])
    return torch.cat(kept), torch.cat(held_out)


def split_by_the_seed(labels, share, generator):
    return split_by_class(labels, share, torch.Generator().manual_seed(generator.initial_seed()))


def split_by_the_global_seed(labels, share, generator):
    torch.manual_seed(generator.initial_seed())
    return split_by_class(labels, share, None)


def split_by_drawing_without_order(labels, share, generator):
    held_out = []
    for label in (0, 1):
        weights = (labels == label).float()
        count = round(share * int(weights.sum()))
        held_out += torch.multinomial(weights, count, generator=generator).tolist() if count else []
    kept = [k for k in range(len(labels)) if k not in held_out]
    return torch.tensor(kept), torch.tensor(held_out)


SPLIT_RIGHT = [
    split_by_class,
    split_by_mask,
    split_by_ranks,
    split_by_drawing_without_order,
    split_rounded(np.round),
    lambda y, s, g: tuple(one.int() for one in split_by_class(y, s, g)),
]

SPLIT_WRONG = [
    (lambda labels, share, generator: None, "return"),
    (split_unstratified, "each class by itself"),
    (split_as(lambda kept, held_out: (held_out, kept)), "swapped"),
    (split_as(lambda kept, held_out: (torch.cat([kept, held_out]), held_out)), "both splits"),
    (split_as(lambda kept, held_out: (kept[1:], held_out)), "79 went out"),
    (split_as(lambda kept, held_out: (kept[:, None], held_out)), "indices"),
    (split_as(lambda kept, held_out: (kept.float(), held_out)), "indices"),
    (split_as(lambda kept, held_out: (kept.numpy(), held_out.numpy())), "ndarray"),
    (split_as(lambda kept, held_out: held_out), "two tensors"),
    (split_as(lambda kept, held_out: (torch.zeros(80) == 0, torch.zeros(80) == 1)), "masks"),
    (split_as(lambda kept, held_out: (kept + 1, held_out + 1)), "80 is no place in"),
    (split_places_inside_the_class, "inside each class"),
    (split_cars_only, "should be held out"),
    (split_rounded(int), "round down"),
    (split_rounded(np.ceil), "rounded up"),
    (split_rounded(lambda count: count + 1), "should be held out"),
    (split_from_the_end, "all are: .*-0:"),
    (split_rounded(lambda count: max(1, round(count))), "share 0.2 of 10 .*rounded up"),
    (split_by_the_seed, "a second call"),
    (split_by_the_global_seed, "a second call"),
    (split_one_class_in_order, "cars held out are always the same"),
    (split_never_the_first, "never held out"),
    (stratified_split, "course"),
    (lambda y, s, g: stratified_split(y, s, g), "course"),
    (split_in_order, "other seeds give the same"),
    (split_with_fixed_seed, "other seeds give the same"),
    (split_with_global_state, "same seed gives another"),
]


def duplicates_in_a_loop(train, test, threshold):
    pairs = [
        (i, j)
        for i in range(len(train))
        for j in range(len(test))
        if (train[i] - test[j]).abs().mean() < threshold
    ]
    return torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)


def duplicates_of_as_many(count):
    """Two loops of the same length, which is right for as many of one as of the other."""

    def wrong(train, test, threshold):
        n = count(len(train), len(test))
        return duplicates_in_a_loop(train[:n], test[:n], threshold)

    return wrong


def distances(train, test, measure):
    return measure((train[:, None] - test[None]).flatten(2))


def duplicates_by(measure):
    return lambda train, test, threshold: (distances(train, test, measure) < threshold).nonzero()


def mean_absolute(difference):
    return difference.abs().mean(2)


def nearest_only(train, test, threshold, limit=True):
    best = distances(train, test, mean_absolute).min(0)
    pairs = torch.stack([best.indices, torch.arange(len(test))], dim=1)
    return pairs[best.values < threshold] if limit else pairs


def nearest_of_training(train, test, threshold):
    best = distances(train, test, mean_absolute).min(1)
    pairs = torch.stack([torch.arange(len(train)), best.indices], dim=1)
    return pairs[best.values < threshold]


DUPLICATES_RIGHT = [
    duplicates_in_a_loop,
    duplicates_by(mean_absolute),
    lambda a, b, t: (torch.cdist(a.flatten(1), b.flatten(1), p=1) < t * a[0].numel()).nonzero(),
    lambda a, b, t: duplicates_in_a_loop(a, b, t).flip(0),
]

DUPLICATES_WRONG = [
    (lambda a, b, t: None, "return"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, t).flip(1), "swapped"),
    (duplicates_by(lambda d: d.mean(2)), "both signs"),
    (duplicates_by(lambda d: d.mean(2).abs()), "both signs"),
    (duplicates_by(lambda d: (d**2).mean(2)), "squared"),
    (duplicates_by(lambda d: (d**2).mean(2).sqrt()), "root of the mean square"),
    (duplicates_by(lambda d: d.abs().sum(2)), "sum of the differences"),
    (duplicates_by(lambda d: d.abs().amax(2)), "largest difference"),
    (lambda a, b, t: (distances(a, b, mean_absolute) <= t).nonzero(), "exactly at the threshold"),
    (lambda a, b, t: (distances(a, b, mean_absolute) >= t).nonzero(), "far ones"),
    (nearest_only, "several near duplicates"),
    (lambda a, b, t: nearest_only(a, b, t, limit=False), "whatever its distance"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, t).tolist(), "list"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, t).numpy(), "ndarray"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, t).T, r"\[K, 2\]"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, t).float(), "whole numbers"),
    (lambda a, b, t: distances(a, b, mean_absolute) < t, r"\[K, 2\]"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, t)[1:], "missing"),
    (lambda a, b, t: torch.tensor([[3, 0], [4, 0], [1, 2], [0, 1], [0, 4]]), "where there is none"),
    (lambda a, b, t: torch.tensor(duplicates_in_a_loop(a, b, t).tolist()), r"\[K, 2\], one row"),
    (duplicates_of_as_many(min), "more of one than of the other"),
    (duplicates_of_as_many(lambda n, m: m), "more of one than of the other"),
    (nearest_of_training, "training crop may have several"),
    (duplicates_by(lambda d: d.abs().median(2).values), "median"),
    (duplicates_by(lambda d: d.abs().sum(2) / 4000), "4000"),
    (duplicates_by(lambda d: (d**2).sum(2).sqrt()), "summed squares"),
    (duplicates_by(lambda d: d.abs().amin(2)), "smallest"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, 0.125), "`threshold` used"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, t).repeat(2, 1), "twice"),
    (lambda a, b, t: duplicates_in_a_loop(a, b, t) + 1, "missing|is none"),
    (near_duplicates, "course"),
    (lambda a, b, t: near_duplicates(a, b, t), "course"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_class_balance: (BALANCE_RIGHT, BALANCE_WRONG),
    checks.check_to_unit_range: (RANGE_RIGHT, RANGE_WRONG),
    checks.check_split_by_class: (SPLIT_RIGHT, SPLIT_WRONG),
    checks.check_find_duplicates: (DUPLICATES_RIGHT, DUPLICATES_WRONG),
}
