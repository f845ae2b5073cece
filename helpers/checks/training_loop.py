"""Exercise 3.3, the training loop: the course's own, and its check."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import Optimizer

from helpers.checks.report import ask, check, explain, fail, number, same, shown
from helpers.devices import seeded

TrainEpoch = Callable[[nn.Module, Optimizer, Tensor, Tensor, int], list[float]]


def train_epoch(
    model: nn.Module, optimiser: Optimizer, images: Tensor, labels: Tensor, batch_size: int
) -> list[float]:
    """Train for one epoch; the loss of each batch. The model is in eval mode after it. Lesson 03.

    Args:
        model: takes images [N, C, H, W], gives logits [N, 2]; trained in place.
        optimiser: moves the model's parameters.
        images, labels: [N, C, H, W] and [N]; in the order in which they are learned from.
        batch_size: how many make a batch; the last may be smaller.
    """
    return _epoch(model, optimiser, images, labels, batch_size)


TRAINING_MISTAKES = {
    "zero_grad": "zero_grad is missing: the gradients of all batches so far add up",
    "zero_late": "zero_grad comes between backward and step: step finds no gradient any more",
    "step": "optimiser.step() is missing: the weights never change",
    "step_first": "step comes before backward: it uses the gradients of the batch before",
    "step_last": "step is called once, after the loop: it belongs to each batch",
    "eval": "the model learns in eval mode: model.train() before the loop",
    "early": "only the first batch is learned in train mode: model.eval() comes after the loop",
    "softmax": "softmax is applied twice: cross_entropy takes logits",
    "sum": "the loss is the mean of the batch, not the sum",
    "drop": "the last batch is left out: it is smaller, and counts",
    "first": "only the first batch is used: is the `return` inside the loop?",
    "all": "all crops are one batch: split them",
    "same": "every batch reads the same crops, the first ones",
    "reversed": "the batches come in another order than the crops",
}


def _epoch(
    model: nn.Module,
    optimiser: Optimizer,
    images: Tensor,
    labels: Tensor,
    batch_size: int,
    mistake: str = "",
) -> list[float]:
    """One epoch, perhaps with one of TRAINING_MISTAKES."""
    model.train(mistake != "eval")
    size = len(images) if mistake == "all" else batch_size
    batches = list(zip(images.split(size), labels.split(size), strict=True))
    if mistake == "drop":
        batches = [batch for batch in batches if len(batch[0]) == size]
    others = {"first": batches[:1], "same": batches[:1] * len(batches), "reversed": batches[::-1]}
    losses = []
    for some, own in others.get(mistake, batches):
        if mistake == "step_first":
            optimiser.step()
        logits = model(some)
        loss = cross_entropy(
            logits.softmax(1) if mistake == "softmax" else logits,
            own,
            reduction="sum" if mistake == "sum" else "mean",
        )
        if mistake != "zero_grad":
            optimiser.zero_grad()
        loss.backward()
        if mistake == "zero_late":
            optimiser.zero_grad()
        if mistake not in ("step", "step_first", "step_last"):
            optimiser.step()
        losses.append(loss.item())
        model.train(model.training and mistake != "early")
    if mistake == "step_last":
        optimiser.step()
    model.eval()
    return losses


def _a_small_network() -> tuple[nn.Module, Optimizer]:
    """In eval mode, so that a forgotten train() is seen; 12 numbers in, 2 logits out."""
    with seeded(0):
        layers = [nn.Flatten(), nn.Linear(12, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2)]
    model = nn.Sequential(*layers).eval()
    return model, torch.optim.SGD(model.parameters(), lr=0.5)


def _weights(model: nn.Module) -> Tensor:
    return torch.cat([value.detach().flatten().float() for value in model.state_dict().values()])


@check("train_epoch", of=(train_epoch,))
def check_train_epoch(train_epoch: TrainEpoch) -> None:
    """`train_epoch(model, optimiser, images, labels, batch_size)` -> the loss of each batch."""
    generator = torch.Generator().manual_seed(1)
    for count, batch_size in ((10, 4), (9, 3)):
        images = torch.randn(count, 1, 3, 4, generator=generator)
        labels = torch.randint(0, 2, (count,), generator=generator)
        _check_one_epoch(train_epoch, images, labels, batch_size)


def _check_one_epoch(function: TrainEpoch, images: Tensor, labels: Tensor, batch_size: int) -> None:
    model, optimiser = _a_small_network()
    case = f"{len(images)} crops in batches of {batch_size}"
    before = images.clone(), labels.clone()
    given = model, optimiser, images, labels, batch_size
    try:
        answer = ask(function, *given, may_change=given)
    except (RuntimeError, AttributeError) as error:
        text = str(error)
        if "does not require grad" in text or "attribute 'backward'" in text:
            fail(
                f"{case}: backward finds nothing to train: .item(), .detach() or no_grad has cut"
                " the loss off; note the number after backward"
            )
        if "inplace operation" in text:
            fail(f"{case}: {TRAINING_MISTAKES['step_first']}")
        raise
    if not (torch.equal(before[0], images) and torch.equal(before[1], labels)):
        fail("train_epoch changes its input: leave the crops and the labels as they are")
    losses = _losses(answer, case)
    results = {}
    for mistake in ("", *TRAINING_MISTAKES):
        other, its_optimiser = _a_small_network()
        expected = _epoch(other, its_optimiser, images, labels, batch_size, mistake)
        results[mistake] = torch.cat([_weights(other), torch.tensor(expected)])
    ours = results.pop("")
    mistakes = {TRAINING_MISTAKES[key]: value for key, value in results.items()}
    weights = _weights(model)
    otherwise = "the losses, or the weights after the epoch, are not what the four steps give"
    if same(weights, ours[: len(weights)]):
        otherwise = (
            "the weights are right, but not the list: note the loss of each batch, as it is before"
            f" the step, {_short(ours[len(weights) :])}, not {_short(losses)}"
        )
    explain(torch.cat([weights, losses]), ours, mistakes, case, otherwise)
    if any(layer.training for layer in model.modules()):
        fail(f"{case}: the model is left in train mode: model.eval() after the last batch")


def _short(losses: Tensor) -> str:
    return shown([round(loss, 6) for loss in losses.tolist()])


def _losses(answer: object, case: str) -> Tensor:
    """The list of losses as a tensor; each must be a plain number."""
    try:
        losses = list(answer)
    except TypeError:
        losses = None
    if losses is None or isinstance(answer, dict | str):
        fail(f"{case}: give back a list, one loss for each batch, not {type(answer).__name__}")
    if any(isinstance(loss, Tensor) and loss.requires_grad for loss in losses):
        fail(
            f"{case}: the losses still hold all that backward needs, so memory grows with each"
            " batch; note loss.item()"
        )
    if any(isinstance(loss, Tensor) and loss.numel() != 1 for loss in losses):
        fail(f"{case}: each loss is one number: the mean of its batch")
    return torch.tensor([number(loss, f"{case}: each loss") for loss in losses])
