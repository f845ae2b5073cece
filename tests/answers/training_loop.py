"""Right and wrong answers to exercise 3.3, the training loop."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from helpers.checks import training_loop as checks


def loader_epoch(model, optimiser, images, labels, batch_size):
    losses = []
    model.train()
    for some, own in DataLoader(TensorDataset(images, labels), batch_size):
        optimiser.zero_grad()
        loss = nn.CrossEntropyLoss()(model(some), own)
        loss.backward()
        optimiser.step()
        losses.append(loss.detach().numpy())
    model.eval()
    return losses


def sliced_epoch(model, optimiser, images, labels, batch_size):
    model.train()
    losses = []
    for k in range(0, len(images), batch_size):
        loss = cross_entropy(model(images[k : k + batch_size]), labels[k : k + batch_size])
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(loss.detach())
    model.train(False)
    return losses


def generous_epoch(model, optimiser, images, labels, batch_size):
    """Sets the mode in each round, clears the gradients with the model's own call."""
    losses = ()
    for some, own in zip(images.split(batch_size), labels.split(batch_size), strict=True):
        model.train()
        loss = -model(some).log_softmax(1)[torch.arange(len(own)), own].mean()
        model.zero_grad(set_to_none=False)
        loss.backward()
        optimiser.step()
        model.eval()
        losses = (*losses, loss.item())
    return np.array(losses)


def epoch(mistake="", *, detach=None, losses=lambda loss: loss.item(), end=nn.Module.eval):
    """An answer to train_epoch, perhaps with a mistake."""

    def answer(model, optimiser, images, labels, size):
        model.train(mistake != "eval")
        every = []
        steps = list(range(0, len(images), len(images) if mistake == "all" else size))
        for k in steps:
            if mistake == "drop" and k + size > len(images):
                break
            j = 0 if mistake == "same" else k
            own = labels[j : j + (len(images) if mistake == "all" else size)]
            logits = model(images[j : j + len(own)])
            if j + len(own) < k:
                continue
            loss = cross_entropy(
                logits.softmax(1) if mistake == "softmax" else logits,
                own,
                reduction="sum" if mistake == "sum" else "mean",
            )
            loss = detach(loss) if detach else loss
            if mistake == "step_first":
                optimiser.step()
            if mistake != "zero_grad" and (mistake != "zero_once" or k == 0):
                optimiser.zero_grad()
            if mistake == "no_backward":
                optimiser.step()
                every.append(losses(loss))
                continue
            loss.backward()
            if mistake == "zero_late":
                optimiser.zero_grad()
            if mistake not in ("step", "step_first") and (mistake != "step_last" or k == steps[-1]):
                optimiser.step()
            every.append(losses(loss))
            if mistake == "first":
                break
        end(model)
        return every

    return answer


def epoch_that_scales(model, optimiser, images, labels, batch_size):
    images /= 2
    return epoch()(model, optimiser, images, labels, batch_size)


def epoch_that_stops_early(model, optimiser, images, labels, batch_size):
    losses = []
    model.train()
    for some, own in zip(images.split(batch_size), labels.split(batch_size), strict=True):
        loss = cross_entropy(model(some), own)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
        model.eval()
    return losses


EPOCH_RIGHT = [epoch(), loader_epoch, sliced_epoch, generous_epoch]
EPOCH_WRONG = [
    (lambda *a: None, "return"),
    (checks.train_epoch, "the course's own"),
    (epoch("zero_grad"), "zero_grad is missing"),
    (epoch("zero_once"), "zero_grad is missing"),
    (epoch("zero_late"), "between backward and step"),
    (epoch("step"), r"step\(\) is missing"),
    (epoch("step_first"), "step comes before backward"),
    (epoch("step_last"), "belongs to each batch"),
    (epoch("no_backward"), "weights never change"),
    (epoch("eval"), "learns in eval mode"),
    (epoch("softmax"), "twice"),
    (epoch("sum"), "not the sum"),
    (epoch("drop"), "last batch is left out"),
    (epoch("first"), "only the first batch"),
    (epoch("all"), "all crops are one batch"),
    (epoch(end=lambda model: None), "left in train mode"),
    (epoch(detach=lambda loss: loss.detach()), "cut the loss off"),
    (epoch(detach=lambda loss: loss.item()), "cut the loss off"),
    (epoch(losses=lambda loss: loss), "loss.item"),
    (epoch(losses=lambda loss: loss.item() / 2), "weights are right, but not the list"),
    (
        epoch(losses=lambda loss: round(loss.item(), 2)),
        r"weights are right, .*, not \[0.84, 0.72, ",
    ),
    (lambda *a: [sum(epoch()(*a)) / 3], "weights are right, but not the list"),
    (epoch(losses=lambda loss: str(loss.item())), "each loss must be one number"),
    (lambda *a: dict(enumerate(epoch()(*a))), "give back a list"),
    (epoch_that_stops_early, "eval.* comes after the loop"),
    (lambda *a: sum(epoch()(*a)), "list"),
    (epoch_that_scales, "changes its input"),
    (lambda model, optimiser, images, labels, size: [0.7, 0.6, 0.5], "crops in batches"),
]


EXERCISES = {
    checks.check_train_epoch: (EPOCH_RIGHT, EPOCH_WRONG),
}
