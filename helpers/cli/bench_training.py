"""How long training takes, and how well it does, against the original assignment's way."""

from dataclasses import dataclass
from statistics import mean, median

from helpers.augment import light_augmentation
from helpers.cli.baseline import train_one_by_one
from helpers.cli.machine import Machine, cost_of
from helpers.datasets import Crops, split_crops
from helpers.models import make_classifier
from helpers.timing import Ratio, seconds
from helpers.training import evaluate, fit

#: `fit` for crops alone, in as few passes as it takes. (What looks for cars in whole scenes needs
#: the extra negatives, more contrasts and more passes, which are the defaults elsewhere. All three
#: numbers were chosen on other quarters than those that are held out here.)
QUICK = {
    "epochs": 4,
    "batch_size": 64,
    "max_learning_rate": 2e-3,
    "augment": light_augmentation,
    "extra_negatives": None,
}
REFERENCE_EPOCHS = 3


@dataclass(frozen=True)
class TrainingComparison:
    """Two ways to train on the same three quarters of the crops, accuracy on the last quarter.

    Seconds and accuracies of each run: another seed, another quarter held out. `limit`: seconds
    that the machine needs at least.
    """

    seconds: tuple[float, ...]
    accuracy: tuple[float, ...]
    reference_seconds: float
    reference_accuracy: float
    limit: float | None = None

    @property
    def ratio(self) -> Ratio:
        """How many times sooner `fit` is done."""
        slow = [self.reference_seconds] * len(self.seconds)
        what = f"training, {QUICK['epochs']} epochs of fit"
        return Ratio.of(
            what, f"{REFERENCE_EPOCHS} epochs at batch size 1", slow, self.seconds, self.limit
        )

    def __str__(self) -> str:
        return (
            f"{self.ratio}\n  {median(self.seconds):.0f} s, {mean(self.accuracy):.1%} of the"
            f" held-out crops right, mean of {len(self.accuracy)}; the reference:"
            f" {self.reference_seconds:.0f} s, {self.reference_accuracy:.1%}"
        )


def compare_training(
    crops: Crops, *, seeds: int = 5, machine: Machine | None = None
) -> TrainingComparison:
    """`fit` against the original assignment's way: three epochs, one crop at a time.

    Args:
        crops: a quarter of them is held out, another one for each seed.
        seeds: how many networks `fit` trains; the reference is trained once, with the first seed.
        machine: where the networks are; the crops are on the CPU. None: the CPU.
    """
    device = "cpu" if machine is None else machine.device
    times, accuracies = [], []
    for seed in range(seeds):
        train, test = _three_quarters(crops, seed)
        ours = make_classifier(seed=seed).to(device)
        times.append(seconds(lambda m=ours, t=train, s=seed: fit(m, t, seed=s, **QUICK)))
        accuracies.append(evaluate(ours, test).accuracy)
    train, test = _three_quarters(crops, 0)
    reference = make_classifier(seed=0).to(device)
    reference_seconds = seconds(
        lambda: train_one_by_one(reference, train, seed=0, epochs=REFERENCE_EPOCHS)
    )
    accuracy = evaluate(reference, test).accuracy
    limit = None
    if machine is not None:  # there and back, where each weight gets a gradient: three times
        once = cost_of(reference, train.images[0].to(device))
        limit = 3 * QUICK["epochs"] * len(train) * once.multiply_adds / machine.multiply_adds
    return TrainingComparison(tuple(times), tuple(accuracies), reference_seconds, accuracy, limit)


def _three_quarters(crops: Crops, seed: int) -> tuple[Crops, Crops]:
    splits = split_crops(crops, seed)
    return splits["train"] + splits["val"], splits["test"]
