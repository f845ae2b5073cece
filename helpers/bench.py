"""Speed, measured as ratios within one run against a reference that is named."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from tqdm.auto import tqdm

from helpers.datasets import Crops, split_crops
from helpers.evaluation import EPOCHS
from helpers.fcn import to_fcn
from helpers.heatmap import fcn_heatmap, sliding_window_heatmap
from helpers.models import INPUT_SIZE, make_classifier
from helpers.training import evaluate, fit


@dataclass(frozen=True)
class Ratio:
    """How many times faster than the reference: the median of several pairs, lowest and highest."""

    what: str
    reference: str
    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"{self.what}: {self.median:.1f} times faster than {self.reference}"
            f" ({self.low:.1f} to {self.high:.1f})"
        )


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def heatmap_ratio(
    *, size: tuple[int, int] = (220, 370), repeats: int = 5, progress: bool = True
) -> Ratio:
    """The FCN's heatmap against batched windows, one after the other, `repeats` times.

    The windows go in batches of the size that is fastest here, out of 16, 64 and 256.
    """
    model = make_classifier(seed=0).eval()
    fcn = to_fcn(model, INPUT_SIZE)
    image = torch.rand(1, *size, generator=torch.Generator().manual_seed(0))
    batches = {
        n: seconds(lambda n=n: sliding_window_heatmap(model, image, batch_size=n))
        for n in (16, 64, 256)
    }
    batch_size = min(batches, key=batches.get)
    fcn_heatmap(fcn, image)  # the first run allocates; it does not count
    ratios = []
    for _ in tqdm(range(repeats), desc="heatmap", disable=not progress):
        slow = seconds(lambda: sliding_window_heatmap(model, image, batch_size=batch_size))
        # One pass is short, so that several are timed together.
        fast = seconds(lambda: [fcn_heatmap(fcn, image) for _ in range(5)]) / 5
        ratios.append(slow / fast)
    return Ratio(
        f"heatmap of {size[0]}×{size[1]}",
        f"windows one by one in batches of {batch_size}",
        median(ratios),
        min(ratios),
        max(ratios),
    )


@dataclass(frozen=True)
class TrainingComparison:
    """Two ways to train on the same three quarters of the crops, accuracy on the last quarter."""

    epochs: int
    seconds: float
    accuracy: float
    reference_epochs: int
    reference_seconds: float
    reference_accuracy: float

    def __str__(self) -> str:
        return (
            f"training, {self.epochs} epochs of fit: {self.seconds:.0f} s,"
            f" {self.accuracy:.1%} of the held-out crops right\n"
            f"training, {self.reference_epochs} epochs at batch size 1:"
            f" {self.reference_seconds:.0f} s, {self.reference_accuracy:.1%} right"
            f" ({self.reference_seconds / self.seconds:.2f} times as long)"
        )


def compare_training(
    crops: Crops, *, seed: int = 0, epochs: int = EPOCHS, reference_epochs: int = 3
) -> TrainingComparison:
    """`fit` against the original assignment's way: three epochs, one crop at a time."""
    parts = split_crops(crops, seed)
    train = parts["train"] + parts["val"]
    ours, reference = make_classifier(seed=seed), make_classifier(seed=seed)
    our_seconds = seconds(lambda: fit(ours, train, epochs=epochs, seed=seed))
    reference_seconds = seconds(
        lambda: train_one_by_one(reference, train, seed=seed, epochs=reference_epochs)
    )
    return TrainingComparison(
        epochs,
        our_seconds,
        evaluate(ours, parts["test"]).accuracy,
        reference_epochs,
        reference_seconds,
        evaluate(reference, parts["test"]).accuracy,
    )


def train_one_by_one(model: nn.Module, crops: Crops, *, seed: int, epochs: int) -> None:
    """The reference: Adam, batch size 1, no augmentation, no schedule."""
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)
    model.train()
    for epoch in range(epochs):
        order = torch.randperm(len(crops), generator=generator).tolist()
        for i in tqdm(order, desc=f"batch size 1, epoch {epoch + 1}", unit="crop"):
            loss = cross_entropy(model(crops.images[i : i + 1]), crops.labels[i : i + 1])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    model.eval()
