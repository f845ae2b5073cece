"""Training a classifier, and measuring it on crops.

>>> crops = Crops(torch.rand(8, 1, 16, 24), torch.arange(8) % 2)
>>> model = nn.Sequential(nn.Flatten(), nn.Linear(16 * 24, 2))
>>> history = fit(model, crops, epochs=3, progress=False)
>>> len(history.train_loss), evaluate(model, crops).probabilities.shape
(3, torch.Size([8]))
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from helpers.augment import default_augmentation
from helpers.datasets import Crops
from helpers.devices import full_precision, same_each_time, seeded
from helpers.hard_negatives import make_hard_negatives
from helpers.models import eval_mode, takes_channels_last

Augmentation = Callable[[Tensor, Generator], Tensor]
Negatives = Callable[[Tensor, Tensor, Generator], Tensor]

# As many crops as the processor's cache holds, with what a layer makes of them.
TOGETHER = 32


@dataclass
class History:
    """Loss and accuracy after each epoch, and which epoch (from 0) gave the weights. Lesson 03."""

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    best_epoch: int | None = None


@dataclass(frozen=True)
class Evaluation:
    """A classifier on a set of crops. Lesson 03.

    `probabilities` are those of "car" [N]; of more than two classes those of each, [N, classes].
    """

    loss: float
    accuracy: float
    probabilities: Tensor


@same_each_time()
def fit(
    model: nn.Module,
    train: Crops,
    val: Crops | None = None,
    *,
    epochs: int = 12,
    seed: int = 0,
    batch_size: int = 32,
    max_learning_rate: float = 1e-3,
    augment: Augmentation | None = default_augmentation,
    extra_negatives: Negatives | None = make_hard_negatives,
    background: int = 0,
    progress: bool = True,
) -> History:
    """Train `model` in place, on the device it is on. Lesson 03.

    Each batch is augmented, and gets extra negatives made from its own crops: objects shifted away,
    and crops of a wrong size. A last batch of one crop is left out. The learning rate rises and
    falls once (one-cycle, Smith 2018). With `val`, the weights of the epoch with the smallest
    validation loss stay; without, the last. The same seed gives the same weights on the same
    machine. After Ctrl-C the model holds the best weights so far; in any case it is in eval mode
    afterwards.

    Args:
        model: maps images [N, C, H, W] to logits, one for each of the crops' classes.
        train: crops to learn from.
        val: crops that choose the epoch.
        epochs: how often each crop is seen.
        seed: of order, augmentation and dropout.
        batch_size: crops in a batch, without the extra negatives.
        max_learning_rate: the highest point of the one cycle.
        augment: changes a batch of images; None: nothing.
        extra_negatives: makes more images of the background from a batch and its labels (1 for
            all objects, 0 for the background); None: none.
        background: the class of these images.
        progress: show a bar.

    Returns:
        What happened in each epoch. The training numbers are those of the augmented batches, so
        they may be worse than `val`'s.

    Raises:
        ValueError: for empty crops, or an impossible number of epochs or batch size.
        RuntimeError: if the loss is not finite.
    """
    if not len(train) or (val is not None and not len(val)):
        raise ValueError("cannot train on an empty set of crops")
    if epochs < 1 or batch_size < 1:
        raise ValueError(f"epochs and batch_size must be at least 1, not {epochs}, {batch_size}")
    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(seed)
    # Batch normalisation may be unable to train on a last batch of a single crop.
    lone = len(train) > batch_size and len(train) % batch_size == 1
    loader = DataLoader(train, batch_size, shuffle=True, drop_last=lone, generator=generator)
    history, best = History(), None
    try:
        if takes_channels_last(model, train.images[:1].to(device)):
            model.to(memory_format=torch.channels_last)
        optimiser = torch.optim.AdamW(model.parameters(), weight_decay=1e-2, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, max_learning_rate, epochs=epochs, steps_per_epoch=len(loader)
        )
        # The seed is for layers such as Dropout, which take no generator.
        with seeded(seed, device), tqdm(range(epochs), disable=not progress) as bar:
            for epoch in bar:
                loss, accuracy = _train_one_epoch(
                    model,
                    loader,
                    optimiser,
                    schedule,
                    generator,
                    augment,
                    extra_negatives,
                    background,
                    device,
                )
                history.train_loss.append(loss)
                history.train_accuracy.append(accuracy)
                bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.1%}")
                if val is not None:
                    measured = evaluate(model, val)
                    if not math.isfinite(measured.loss):
                        raise RuntimeError(
                            "the validation loss is not finite: lower max_learning_rate"
                        )
                    history.val_loss.append(measured.loss)
                    history.val_accuracy.append(measured.accuracy)
                    bar.set_postfix(loss=f"{loss:.3f}", val_accuracy=f"{measured.accuracy:.1%}")
                if val is None or measured.loss == min(history.val_loss):
                    history.best_epoch = epoch
                    best = copy.deepcopy(model.state_dict())
    finally:
        if best is not None:
            model.load_state_dict(best)
        model.to(memory_format=torch.contiguous_format).eval()
    return history


def _train_one_epoch(
    model: nn.Module,
    loader: DataLoader,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    generator: Generator,
    augment: Augmentation | None,
    extra_negatives: Negatives | None,
    background: int,
    device: torch.device,
) -> tuple[float, float]:
    """One pass over the data; the mean loss and accuracy of its batches."""
    model.train()
    total_loss = torch.zeros((), device=device)
    correct = torch.zeros((), device=device)
    count = 0
    for images, labels in loader:
        images, labels = images.to(device), labels.to(device)
        if extra_negatives is not None:
            others = extra_negatives(images, (labels != background).long(), generator)
            images = torch.cat([images, others])  # [N + extra, C, H, W]
            labels = torch.cat([labels, labels.new_full((len(others),), background)])
        if augment is not None:
            images = augment(images, generator)
        logits = model(images)  # [N + extra, classes]
        loss = cross_entropy(logits, labels)  # takes logits: softmax is inside
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        total_loss += loss.detach() * len(labels)
        correct += (logits.argmax(1) == labels).sum()
        count += len(labels)
    if not torch.isfinite(total_loss):
        raise RuntimeError("the loss is not finite any more: lower max_learning_rate")
    return (total_loss / count).item(), (correct / count).item()


@full_precision()
@torch.no_grad()
def predict_logits(
    model: nn.Module, images: Tensor, batch_size: int = TOGETHER, *, classes: int = 2
) -> Tensor:
    """A classifier's logits, batch by batch, in eval mode, nothing changed. Lesson 03.

    Args:
        model: maps images [N, C, H, W] to logits [N, classes]; of two classes, 1 is "car".
        images: Tensor[N, C, H, W], N > 0.
        batch_size: how many go through the network together.
        classes: how many there are.

    Returns:
        Tensor[N, classes] on the CPU.

    Raises:
        ValueError: for a network that does not answer with so many classes.

    >>> predict_logits(nn.Sequential(nn.Flatten(), nn.Linear(6, 2)), torch.rand(5, 1, 2, 3)).shape
    torch.Size([5, 2])
    """
    device = next(model.parameters()).device
    with eval_mode(model):
        last = device.type == "cpu" and takes_channels_last(model, images[:1].to(device))
        order = torch.channels_last if last else torch.preserve_format
        batches = (b.to(device).clone(memory_format=order) for b in images.split(batch_size))
        logits = torch.cat([model(batch).cpu() for batch in batches])
    if logits.shape != (len(images), classes):
        names = " (not a car, car)" if classes == 2 else ""
        raise ValueError(
            f"the network must give logits [{len(images)}, {classes}]{names}, not"
            f" {list(logits.shape)}"
        )
    return logits


@torch.no_grad()
def evaluate(model: nn.Module, crops: Crops, batch_size: int = TOGETHER) -> Evaluation:
    """Loss, accuracy and probabilities of a classifier, nothing changed. Lesson 03.

    Args:
        model: maps images [N, C, H, W] to logits, one for each of the crops' classes; of two
            classes, 1 is "car".
        crops: N, at least one.
        batch_size: how many go through the network together.

    Raises:
        ValueError: for no crops, and for a network that answers with other classes than theirs.
    """
    if not len(crops):
        raise ValueError("cannot evaluate on an empty set of crops")
    classes = len(crops.classes)
    logits = predict_logits(model, crops.images, batch_size, classes=classes)  # [N, classes]
    probabilities, labels = logits.softmax(1), crops.labels.cpu()
    return Evaluation(
        loss=cross_entropy(logits, labels).item(),
        accuracy=(logits.argmax(1) == labels).float().mean().item(),
        probabilities=probabilities[:, 1] if classes == 2 else probabilities,
    )
