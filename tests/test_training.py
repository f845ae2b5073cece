"""Training: learns, repeats itself, survives an interruption, and leaves the rest alone."""

import copy

import pytest
import torch
from torch import nn

from helpers.datasets import Crops
from helpers.evaluation import accuracy_and_roc_auc
from helpers.models import make_classifier, takes_channels_last
from helpers.training import History, evaluate, fit, predict_logits


def bright_or_dark(n=64, seed=0):
    """A trivial task: "cars" are bright in the middle, the rest is dark there."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 2
    images = 0.2 * torch.rand(n, 1, 16, 16, generator=generator)
    images[labels == 1, :, 4:12, 4:12] += 0.6
    return Crops(images, labels)


def small_model(seed=0, dropout=False):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 5, stride=2),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.5 if dropout else 0),
            nn.Linear(4 * 6 * 6, 2),
        )


def quick_fit(model, train=None, val=None, **options):
    options = {"epochs": 3, "progress": False, "max_learning_rate": 1e-2} | options
    return fit(model, train or bright_or_dark(), val, **options)


def test_a_trivial_task_is_learnt():
    model = small_model()
    history = quick_fit(model, epochs=12, extra_negatives=None)
    assert evaluate(model, bright_or_dark(seed=1)).accuracy == 1
    assert history.train_loss[-1] < 0.5 * history.train_loss[0]
    assert history.train_accuracy[-1] > 0.85


def test_the_courses_network_learns_with_the_whole_recipe():
    model = make_classifier((16, 16), stride=4, seed=0)
    quick_fit(model, epochs=10, max_learning_rate=1e-3)
    assert evaluate(model, bright_or_dark(seed=1)).accuracy > 0.9


# The same seed, the same weights


@pytest.mark.parametrize("val", [None, bright_or_dark(20, seed=1)])
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(val, same_weights):
    def trained(seed):
        model = small_model(dropout=True)
        history = quick_fit(model, val=val, seed=seed, batch_size=24)
        return model.state_dict(), history

    first, history = trained(1)
    torch.rand(10)  # the global random state plays no part
    again, same_history = trained(1)
    other, _ = trained(2)
    assert same_weights(first, again)
    assert history == same_history
    assert not same_weights(first, other)


def test_the_global_random_state_and_the_data_are_not_touched():
    crops = bright_or_dark()
    images, labels = crops.images.clone(), crops.labels.clone()
    before = torch.get_rng_state()
    quick_fit(small_model(dropout=True), crops, crops)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(crops.images, images)
    assert torch.equal(crops.labels, labels)


# The history and the best weights


def test_the_history_has_one_entry_for_each_epoch():
    history = quick_fit(small_model(), val=bright_or_dark(20, seed=1), epochs=4)
    for numbers in (
        history.train_loss,
        history.train_accuracy,
        history.val_loss,
        history.val_accuracy,
    ):
        assert len(numbers) == 4
        assert all(isinstance(number, float) for number in numbers)


def test_without_validation_the_last_weights_stay():
    history = quick_fit(small_model(), epochs=4)
    assert history.val_loss == []
    assert history.best_epoch == 3


def test_the_weights_that_stay_are_those_of_the_best_epoch():
    # Validation labels are turned around: the better the model learns, the worse it does there.
    val = bright_or_dark(20, seed=1)
    val = Crops(val.images, 1 - val.labels)
    model = small_model()
    history = quick_fit(model, val=val, epochs=6, extra_negatives=None)
    assert history.best_epoch == min(range(6), key=history.val_loss.__getitem__)
    assert history.best_epoch < 5
    kept = evaluate(model, val)
    assert kept.loss == pytest.approx(history.val_loss[history.best_epoch], rel=1e-5)
    assert kept.accuracy == pytest.approx(history.val_accuracy[history.best_epoch])


def answer_always_no():
    model = small_model()
    nn.init.zeros_(model[-1].weight)
    model[-1].bias.data = torch.tensor([20.0, 0.0])
    return model


def test_the_training_numbers_are_means_over_what_the_network_saw():
    options = {"epochs": 1, "max_learning_rate": 1e-12, "augment": None, "batch_size": 24}
    history = quick_fit(answer_always_no(), extra_negatives=None, **options)
    assert history.train_accuracy == [0.5]
    assert history.train_loss == pytest.approx([10.0], rel=1e-3)
    # Every car once more as a negative, and half of all 64 crops: 24 + 24 + 16 in batches of 24.
    history = quick_fit(answer_always_no(), **options)
    assert history.train_accuracy == pytest.approx([1 - 32 / (64 + 32 + 32)])
    assert history.train_loss == pytest.approx([20 * 32 / (64 + 32 + 32)], rel=1e-3)


def test_extra_negatives_are_made_of_each_batch_and_labelled_as_no_cars():
    given, trained_on = [], []

    def two_black_ones(images, labels, generator):
        given.append((images, labels))
        return torch.zeros_like(images[:2])

    def remember(images, generator):
        trained_on.append(images.clone())
        return images

    crops = bright_or_dark()
    model = answer_always_no()
    history = quick_fit(
        model, crops, epochs=1, batch_size=16, extra_negatives=two_black_ones, augment=remember
    )
    assert sum(len(images) for images, _ in given) == len(crops)
    assert sum(int(labels.sum()) for _, labels in given) == int(crops.labels.sum())
    assert [len(images) for images in trained_on] == [18] * 4
    assert all((images[-2:] == 0).all() for images in trained_on)
    # A network that always says "no" is right for each extra negative: they carry label 0.
    assert history.train_accuracy == pytest.approx([(32 + 8) / (64 + 8)])


def test_batches_without_cars_are_fine():
    others = bright_or_dark().subset(range(0, 64, 2))
    assert len(quick_fit(small_model(), others, epochs=2).train_loss) == 2


def test_every_crop_is_seen_once_in_each_epoch():
    seen = []

    def remember(images, generator):
        seen.append(images.clone())
        return images

    crops = bright_or_dark(50)
    quick_fit(small_model(), crops, epochs=2, batch_size=16, augment=remember, extra_negatives=None)
    assert [len(images) for images in seen] == [16, 16, 16, 2] * 2
    for epoch in (seen[:4], seen[4:]):
        sums = torch.cat(epoch).sum((1, 2, 3)).sort().values
        assert torch.allclose(sums, crops.images.sum((1, 2, 3)).sort().values)
    assert not torch.equal(seen[0], seen[4])  # in another order


@pytest.mark.parametrize("n", [1, 2])
def test_a_single_batch_and_a_single_crop_can_be_trained_on(n):
    assert quick_fit(small_model(), bright_or_dark(n), epochs=1).best_epoch == 0


@pytest.mark.parametrize(("n", "seen"), [(33, 32), (34, 34), (32, 32)])
def test_a_last_batch_of_one_crop_is_left_out(n, seen):
    """BatchNorm1d refuses to train on a single crop."""
    sizes = []

    def count(images, generator):
        sizes.append(len(images))
        return images

    head = nn.Sequential(nn.Flatten(), nn.Linear(256, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    quick_fit(head, bright_or_dark(n), augment=count, extra_negatives=None, batch_size=16, epochs=1)
    assert sum(sizes) == seen


# After training


def test_the_model_ends_in_eval_mode_and_plain_memory_order():
    model = small_model()
    quick_fit(model)
    assert not any(module.training for module in model.modules())
    assert all(tensor.is_contiguous() for tensor in model.state_dict().values())


def test_it_ends_so_too_where_training_cannot_begin():
    model = make_classifier((16, 16), seed=0)
    with pytest.raises(ValueError, match="epochs"):
        quick_fit(model, epochs=2.5)
    assert not any(module.training for module in model.modules())
    assert all(tensor.is_contiguous() for tensor in model.state_dict().values())


def test_progress_is_shown_when_asked_for(capfd):
    quick_fit(small_model(), val=bright_or_dark(10), progress=True)
    assert "val_accuracy" in capfd.readouterr().err
    quick_fit(small_model(), progress=False)
    assert capfd.readouterr().err == ""


# When something goes wrong


class Interrupter:
    """An augmentation that raises KeyboardInterrupt in the n-th batch."""

    def __init__(self, batch):
        self.left = batch

    def __call__(self, images, generator):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return images


def test_an_interruption_keeps_the_best_weights_so_far(same_weights):
    val = bright_or_dark(20, seed=1)
    val = Crops(val.images, 1 - val.labels)  # gets worse: epoch 0 is the best
    states = []

    class Spy(nn.Identity):
        """Remembers the weights with which the validation crops are measured."""

        def forward(self, x):
            if not self.training and len(x) == 20:
                states.append(copy.deepcopy(model.state_dict()))
            return x

    model = nn.Sequential(Spy(), *small_model())
    before = torch.get_rng_state()
    with pytest.raises(KeyboardInterrupt):
        # Two batches an epoch: the interruption comes in the middle of the third epoch.
        quick_fit(model, val=val, epochs=5, batch_size=32, augment=Interrupter(6))
    assert len(states) == 2
    assert same_weights(model.state_dict(), states[0])
    assert not same_weights(states[0], states[1])
    assert not any(module.training for module in model.modules())
    assert torch.equal(torch.get_rng_state(), before)


def test_an_interruption_in_the_first_epoch_leaves_a_usable_model():
    model = small_model()
    with pytest.raises(KeyboardInterrupt):
        quick_fit(model, augment=Interrupter(1))
    assert not model.training
    assert 0 <= evaluate(model, bright_or_dark()).accuracy <= 1


def test_a_loss_that_is_not_finite_is_reported_and_the_best_weights_stay():
    batches = []

    def spoil_the_third(images, generator):
        batches.append(len(images))
        return images * torch.nan if len(batches) == 3 else images

    model = small_model()
    with pytest.raises(RuntimeError, match=r"not finite.*max_learning_rate"):
        quick_fit(model, augment=spoil_the_third, batch_size=64)
    assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())
    assert not model.training


def test_a_validation_loss_that_is_not_finite_is_reported():
    class Overflowing(nn.Module):
        def forward(self, x):
            return x if self.training else x * torch.inf

    model = nn.Sequential(*small_model(), Overflowing())
    with pytest.raises(RuntimeError, match="not finite"):
        quick_fit(model, val=bright_or_dark(10))


def test_empty_crops_and_silly_numbers_are_refused():
    empty = bright_or_dark().subset([])
    with pytest.raises(ValueError, match="empty"):
        fit(small_model(), empty)
    with pytest.raises(ValueError, match="empty"):
        fit(small_model(), bright_or_dark(), empty)
    with pytest.raises(ValueError, match="empty"):
        evaluate(small_model(), empty)
    for options in ({"epochs": 0}, {"batch_size": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            quick_fit(small_model(), **options)


# Evaluate


def test_evaluate_is_the_mean_cross_entropy_and_the_share_of_right_answers():
    crops, model = bright_or_dark(30), small_model().eval()
    with torch.no_grad():
        logits = model(crops.images)
    expected = -logits.log_softmax(1)[torch.arange(30), crops.labels].mean()
    for batch_size in (7, 256):
        result = evaluate(model, crops, batch_size=batch_size)
        assert result.loss == pytest.approx(expected.item(), rel=1e-5)
        assert result.accuracy == pytest.approx(
            (logits.argmax(1) == crops.labels).double().mean().item()
        )
        assert torch.allclose(result.probabilities, logits.softmax(1)[:, 1], atol=1e-6)


def test_evaluate_changes_nothing(same_weights):
    model = small_model(dropout=True).train()
    model[1].eval()  # a frozen batch norm stays frozen
    before = copy.deepcopy(model.state_dict())
    first = evaluate(model, bright_or_dark())
    assert same_weights(model.state_dict(), before)
    assert [layer.training for layer in model[:3]] == [True, False, True]
    assert torch.equal(first.probabilities, evaluate(model, bright_or_dark()).probabilities)
    assert not first.probabilities.requires_grad


def test_a_new_history_is_empty():
    assert History() == History([], [], [], [], None)


@pytest.mark.parametrize("classes", [1, 3])
def test_a_network_of_other_classes_is_not_measured(classes):
    crops = Crops(torch.rand(4, 1, 4, 4), torch.tensor([0, 1, 0, 1]))
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, classes))
    for measure in (evaluate, accuracy_and_roc_auc):
        with pytest.raises(ValueError, match=rf"logits \[4, 2\] .*, not \[4, {classes}\]"):
            measure(network, crops)


# Several classes


def three_brightnesses(n=96, seed=0, channels=1, background=0):
    """Dark, grey and bright crops; the background is dark."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % 3
    images = 0.2 * torch.rand(n, channels, 16, 16, generator=generator)
    images[:, :, 4:12, 4:12] += 0.4 * ((labels - background) % 3).view(-1, 1, 1, 1)
    return Crops(images, labels, classes=("a", "b", "c"))


@pytest.mark.parametrize("channels", [1, 3])
def test_three_classes_are_learnt_and_each_has_its_probability(channels):
    model = nn.Sequential(
        nn.Conv2d(channels, 4, 5, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)
    )
    train = three_brightnesses(channels=channels)
    quick_fit(model, train, epochs=40, extra_negatives=None, augment=None)
    val = three_brightnesses(seed=1, channels=channels)
    measured = evaluate(model, val)
    assert measured.accuracy == 1
    assert measured.probabilities.shape == (96, 3)
    assert torch.allclose(measured.probabilities.sum(1), torch.ones(96), atol=1e-6)
    assert torch.equal(measured.probabilities.argmax(1), val.labels)
    expected = -measured.probabilities[torch.arange(96), val.labels].log().mean()
    assert measured.loss == pytest.approx(expected.item(), abs=1e-5)


@pytest.mark.parametrize("background", [0, 2])
def test_extra_negatives_are_of_the_background_and_told_what_is_an_object(background):
    asked, given = [], []

    class Watched(nn.Sequential):
        def forward(self, x):
            if self.training:
                given.append(len(x))
            return super().forward(x)

    def negatives(images, is_object, generator):
        asked.append(is_object.unique().tolist())
        assert int(is_object.sum()) == int((images.mean((1, 2, 3)) > 0.15).sum())
        return torch.full((40, 1, 16, 16), 0.05)

    model = Watched(nn.Flatten(), nn.Linear(256, 3))
    crops = three_brightnesses(background=background)
    options = {"augment": None, "extra_negatives": negatives, "batch_size": 96}
    quick_fit(model, crops, epochs=60, background=background, **options)
    assert asked == [[0, 1]] * 60
    assert given == [136] * 60
    with torch.no_grad():
        assert model(torch.full((1, 1, 16, 16), 0.05)).argmax().item() == background


class Viewing(nn.Module):
    """Flattens as many do, by `view`: it cannot read channels that lie side by side."""

    def __init__(self):
        super().__init__()
        self.convolution, self.linear = nn.Conv2d(1, 4, 3), nn.Linear(4 * 14 * 14, 2)

    def forward(self, x):
        x = self.convolution(x)
        return self.linear(x.view(len(x), -1))


def test_a_network_that_views_its_numbers_in_their_order_is_trained_and_measured():
    torch.manual_seed(0)
    viewing, train = Viewing(), bright_or_dark()
    flat = nn.Sequential(
        copy.deepcopy(viewing.convolution), nn.Flatten(), copy.deepcopy(viewing.linear)
    )
    assert takes_channels_last(flat, train.images)
    assert not takes_channels_last(viewing, train.images)
    for _ in range(2):
        same = predict_logits(viewing, train.images), predict_logits(flat, train.images)
        assert torch.allclose(*same, atol=1e-4)
        losses = [quick_fit(model, extra_negatives=None).train_loss for model in (viewing, flat)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def test_crops_to_predict_come_in_small_batches_with_channels_last():
    seen = []

    class Watched(nn.Sequential):
        def forward(self, x):
            seen.append((len(x), x.is_contiguous(memory_format=torch.channels_last)))
            return super().forward(x)

    predict_logits(Watched(nn.Flatten(), nn.Linear(48, 2)), torch.rand(70, 3, 4, 4))
    assert seen == [(1, True), (32, True), (32, True), (6, True)]


def test_a_network_of_other_classes_than_the_crops_is_refused():
    with pytest.raises(ValueError, match=r"logits \[96, 3\], not \[96, 2\]"):
        evaluate(small_model(), three_brightnesses())
    with pytest.raises(ValueError, match=r"logits \[64, 2\] \(not a car, car\), not \[64, 3\]"):
        evaluate(nn.Sequential(nn.Flatten(), nn.Linear(256, 3)), bright_or_dark())
