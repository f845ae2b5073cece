"""Training for all sizes: crops, windows of scenes and the hardest of them, each a bit zoomed."""

import pytest
import torch

from helpers import all_sizes
from helpers.all_sizes import fit_all_sizes
from helpers.augment import default_augmentation
from helpers.datasets import Crops, Scene
from helpers.hard_negatives import windows_of_scenes
from helpers.models import make_classifier
from helpers.training import predict_logits


def street_of_one_car():
    generator = torch.Generator().manual_seed(0)
    car = torch.tensor([[20.0, 20, 220, 100]])
    scenes = [Scene("s", torch.rand(1, 140, 260, generator=generator), car)]
    return scenes, Crops(torch.rand(6, 1, 40, 100, generator=generator), torch.arange(6) % 2)


def test_all_sizes_are_learned_from_crops_and_windows_then_from_the_hardest(monkeypatch):
    scenes, crops = street_of_one_car()
    model, seen = make_classifier(seed=0), []
    weights = model[0].weight.detach().clone()

    def trained(model, train, **options):
        assert torch.equal(model[0].weight, weights)  # each time from the same beginning
        seen.append((train, options))
        with torch.no_grad():
            model[0].weight.mul_(-1)

    monkeypatch.setattr(all_sizes, "fit", trained)
    fit_all_sizes(model, crops, scenes, (1.0, 2.0), extra=6, epochs=1, seed=5)
    (first, options), (second, same) = seen
    assert options == same
    assert (options["epochs"], options["seed"]) == (1, 5)
    windows = windows_of_scenes(scenes, (1.0, 2.0), seed=5)
    assert torch.equal(first.images[:6], crops.images)
    assert first.labels[6:].tolist() == [0, 0, 0, 1, 1]  # two fit, in all
    of_label = {
        k: {w.numpy().tobytes() for w in windows.images[windows.labels == k]} for k in (0, 1)
    }
    for image, label in zip(first.images[6:], first.labels[6:].tolist(), strict=True):
        assert image.numpy().tobytes() in of_label[label]
    assert torch.equal(second.images[: len(first)], first.images)
    others = windows.images[windows.labels == 0]
    judge = make_classifier(seed=0)
    with torch.no_grad():
        judge[0].weight.mul_(-1)  # the network of the first training
    logits = predict_logits(judge, others)
    order = (logits[:, 1] - logits[:, 0]).argsort(descending=True)
    assert torch.equal(second.images[len(first) :], others[order[:6]])
    assert second.labels[len(first) :].tolist() == [0] * 6


def test_no_more_windows_are_taken_than_there_are(monkeypatch):
    scenes, crops = street_of_one_car()
    seen = []
    monkeypatch.setattr(all_sizes, "fit", lambda model, train, **options: seen.append(train))
    fit_all_sizes(make_classifier(seed=0), crops, scenes, (1.0, 2.0), extra=10**6, seed=5)
    windows = windows_of_scenes(scenes, (1.0, 2.0), seed=5)
    without = int((windows.labels == 0).sum())
    assert [len(train) for train in seen] == [6 + len(windows), 6 + len(windows) + without]


def test_the_more_crops_the_more_windows(monkeypatch):
    scenes, crops = street_of_one_car()
    seen = []
    monkeypatch.setattr(all_sizes, "fit", lambda model, train, **options: seen.append(train))
    fit_all_sizes(make_classifier(seed=0), crops + crops + crops, scenes, (1.0, 2.0))
    # 18 · 0.3 are 5: two that fit and two that do not, then the five hardest.
    assert [len(train) for train in seen] == [18 + 2 + 2, 18 + 2 + 2 + 5]


@pytest.fixture
def trainings(monkeypatch):
    """What each network was trained with, in turn: crops, and the augmentation."""
    seen = []
    monkeypatch.setattr(
        all_sizes, "fit", lambda model, train, **options: seen.append((train, options["augment"]))
    )
    return seen


def test_without_a_part_all_else_stays(trainings):
    scenes, crops = street_of_one_car()

    def trained(*without):
        del trainings[:]
        network, options = make_classifier(seed=0), {"extra": 6, "seed": 5, "without": without}
        fit_all_sizes(network, crops, scenes, (1.0, 2.0), **options)
        return trainings[:]

    (first, sizes), (second, _) = trained()
    assert sizes is all_sizes._of_nearly_one_size
    assert [(len(train), augment) for train, augment in trained("windows")] == [(6, sizes)]
    [(alone, augment)] = trained("hardest windows")
    assert torch.equal(alone.images, first.images)
    assert augment is sizes
    both = trained("sizes")
    assert [augment for _, augment in both] == [default_augmentation] * 2
    for (train, _), expected in zip(both, (first, second), strict=True):
        assert torch.equal(train.images, expected.images)
        assert torch.equal(train.labels, expected.labels)


def test_without_windows_only_the_crops_are_seen(trainings):
    scenes, crops = street_of_one_car()
    fit_all_sizes(make_classifier(seed=0), crops, scenes, (1.0,), without=["windows", "sizes"])
    [(train, augment)] = trainings
    assert torch.equal(train.images, crops.images)
    assert augment is default_augmentation


def test_only_parts_that_there_are_can_be_left_out():
    scenes, crops = street_of_one_car()
    with pytest.raises(ValueError, match="no parts: mining; there are windows, hardest"):
        fit_all_sizes(make_classifier(seed=0), crops, scenes, (1.0,), without=["mining", "sizes"])


def test_all_sizes_need_scenes_and_crops_like_their_windows():
    scenes, crops = street_of_one_car()
    with pytest.raises(ValueError, match="there are no scenes"):
        fit_all_sizes(make_classifier(seed=0), crops, [], (1.0,))
    colour = Crops(torch.rand(2, 3, 40, 100), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match="the crops are 3×40×100"):
        fit_all_sizes(make_classifier(seed=0), colour, scenes, (1.0,))
    [grey] = scenes
    scenes.append(Scene("red", grey.image.repeat(3, 1, 1), grey.boxes))
    with pytest.raises(ValueError, match="scene red has another number of channels"):
        fit_all_sizes(make_classifier(seed=0), crops, scenes, (1.0,))


def test_fewer_than_no_windows_are_refused():
    scenes, crops = street_of_one_car()
    with pytest.raises(ValueError, match="0 or more windows, not -2"):  # -2 would be nearly all
        fit_all_sizes(make_classifier(seed=0), crops, scenes, (1.0,), extra=-2)


def test_for_all_sizes_each_crop_is_shown_a_little_larger_or_smaller():
    line = torch.zeros(200, 1, 40, 100)
    line[:, :, :, :10] = 1
    edges = all_sizes._of_nearly_one_size(line, torch.Generator().manual_seed(0))
    wide = (edges[:, 0, 20] > edges[:, 0, 20].mean(dim=1, keepdim=True)).sum(dim=1)
    assert wide.min() < 6  # nearer to the middle by 4 pixels, shifted by 2
    assert wide.max() > 14
