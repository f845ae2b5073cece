"""The check of fine-tuning, Lesson 09."""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, nll_loss

from helpers.checks.report import ask, check, close, fail
from helpers.devices import seeded
from helpers.training import fit

Batches = Sequence[tuple[Tensor, Tensor]]


def _small_network() -> nn.Sequential:
    """A network in train mode whose layers behave differently in eval mode."""
    with seeded(3):
        network = nn.Sequential(
            nn.Flatten(),
            nn.Linear(6, 5),
            nn.BatchNorm1d(5),
            nn.ReLU(),
            nn.Linear(5, 2),
        )
        network(1 + 3 * torch.rand(20, 1, 2, 3))  # the running statistics are not those of a start
    return network


def _batches(count: int) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    return [
        (torch.rand(8, 1, 2, 3, generator=generator), torch.arange(8) % 3 % 2) for _ in range(count)
    ]


def _tuned(
    model: nn.Module,
    batches: Batches,
    rate: float,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    optimiser: Callable = torch.optim.Adam,
    first: int = 0,
    zero: bool = True,
    anew: bool = False,
    train: bool = False,
) -> nn.Module:
    """Fine-tuning as it should be, or with one of the mistakes."""
    model = copy.deepcopy(model).train(train)
    parameters = [*model.parameters()][first:]
    steps = optimiser(parameters, lr=rate)
    for images, labels in batches:
        if anew:
            steps = optimiser(parameters, lr=rate)
        if zero:
            model.zero_grad()
        loss(model(images), labels).backward()
        steps.step()
    return model.eval()


def fine_tune(model: nn.Module, batches: Batches, learning_rate: float) -> nn.Module:
    """The course's own: a copy of the model, trained with Adam in eval mode."""
    return _tuned(model, batches, learning_rate)


@check("fine_tune", of=(fit, fine_tune))
def check_fine_tune(answers: Callable[[nn.Module, Batches, float], nn.Module]) -> None:
    """`fine_tune(model, batches, learning_rate)`: a copy, trained with Adam, in eval mode."""
    model, batches, rate = _small_network(), _batches(4), 0.02
    answer = ask(answers, model, batches, rate)
    if not isinstance(answer, nn.Module):
        fail(f"fine_tune must give back a network, not {type(answer).__name__}")
    own = {id(parameter) for parameter in model.parameters()}
    if any(id(parameter) in own for parameter in answer.parameters()):
        fail("the answer shares its weights with `model`: train a deep copy (copy.deepcopy)")
    state, before = answer.state_dict(), model.state_dict()
    if state.keys() != before.keys():
        fail("the copy has other layers than the model")
    if any(module.training for module in answer.modules()):
        fail("the copy is in train mode: call its eval() before you train it, and leave it so")
    moved = [name for name in state if "running" in name or "tracked" in name]
    if not all(torch.equal(state[name], before[name]) for name in moved):
        fail(
            "batch normalisation's running mean and variance have moved: the copy was in train mode"
            " while it learned. Call its eval() before the loop"
        )
    _explain_weights(answer, model, batches, rate)
    none = ask(answers, model, [], rate)
    if not isinstance(none, nn.Module) or not _equal(none, model):
        fail("without any batch, the copy must be as the model is")
    if none is model:
        fail("without any batch, too, a copy must come back, and not the model itself")
    one_step = ask(answers, model, batches[:1], 0.5)
    if not _equal(one_step, _tuned(model, batches[:1], 0.5)):
        fail("at another learning rate the weights are wrong: is `learning_rate` used?")


def _equal(one: nn.Module, other: nn.Module) -> bool:
    a, b = one.state_dict().values(), other.state_dict().values()
    return all(close(x, y) for x, y in zip(a, b, strict=True))


def _explain_weights(answer: nn.Module, model: nn.Module, batches: Batches, rate: float) -> None:
    """One message for each way to other weights."""
    if _equal(answer, _tuned(model, batches, rate)):
        return
    mistakes = {
        "nothing was learned: is optimiser.step() called, and does the optimiser have the weights"
        " of the *copy*?": copy.deepcopy(model).eval(),
        "the gradients of all batches add up: set them to zero before each backward()": _tuned(
            model, batches, rate, zero=False
        ),
        "softmax comes before the loss: cross_entropy takes logits": _tuned(
            model, batches, rate, loss=lambda x, y: cross_entropy(x.softmax(1), y)
        ),
        "nll_loss takes logarithms of probabilities: with logits use cross_entropy": _tuned(
            model, batches, rate, loss=nll_loss
        ),
        "that climbs: the loss must come down": _tuned(
            model, batches, rate, loss=lambda x, y: -cross_entropy(x, y)
        ),
        "`learning_rate` is not used: that is Adam's own, 0.001": _tuned(model, batches, 1e-3),
        "that is plain gradient descent (SGD): take torch.optim.Adam": _tuned(
            model, batches, rate, optimiser=torch.optim.SGD
        ),
        "AdamW also shrinks the weights: take torch.optim.Adam": _tuned(
            model, batches, rate, optimiser=torch.optim.AdamW
        ),
        "a new optimiser for each batch forgets what Adam has seen: make one, before the loop": (
            _tuned(model, batches, rate, anew=True)
        ),
        "only one batch was used, the first: is there a `return` inside the loop?": _tuned(
            model, batches[:1], rate
        ),
        "only one batch was used, the last: the step belongs into the loop": _tuned(
            model, batches[-1:], rate
        ),
        "the last batch is left out": _tuned(model, batches[:-1], rate),
        "the first batch is left out": _tuned(model, batches[1:], rate),
        "the batches are gone through from the last to the first": _tuned(
            model, batches[::-1], rate
        ),
        "each batch twice; go through them once": _tuned(model, [*batches, *batches], rate),
        "only the last layer has changed: give the optimiser all weights": _tuned(
            model, batches, rate, first=4
        ),
        "the labels are turned: 1 is car": _tuned(model, [(x, 1 - y) for x, y in batches], rate),
    }
    fitting = [message for message, wrong in mistakes.items() if _equal(answer, wrong)]
    fail(
        "; or: ".join(fitting)
        or "the weights are not those of one step of Adam a batch: logits of the copy, their"
        " cross_entropy, zero_grad, backward, step"
    )
