"""Right and wrong answers to fine-tuning, Lesson 09."""

import copy

import torch
from torch import nn
from torch.nn.functional import cross_entropy, nll_loss

from helpers.checks import fine_tuning as checks


def tune(model, batches, learning_rate):
    new = copy.deepcopy(model).eval()
    optimiser = torch.optim.Adam(new.parameters(), lr=learning_rate)
    for images, labels in batches:
        loss = cross_entropy(new(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return new


def tune_with_nll(model, batches, learning_rate):
    new = copy.deepcopy(model)
    new.eval()
    optimiser = torch.optim.Adam(params=[*new.parameters()], lr=learning_rate)
    for images, labels in batches:
        new.zero_grad()
        nll_loss(new(images).log_softmax(dim=1), labels).backward()
        optimiser.step()
    return new


def tune_with_module(model, batches, learning_rate):
    new, measure = copy.deepcopy(model).train(False), nn.CrossEntropyLoss()
    optimiser = torch.optim.Adam(new.parameters(), learning_rate)
    for batch in batches:
        optimiser.zero_grad(set_to_none=False)
        measure(new.forward(batch[0]), batch[1]).backward()
        optimiser.step()
    return new.eval()


def tune_with_gradients(model, batches, learning_rate):
    new = copy.deepcopy(model).eval()
    weights = list(new.parameters())
    optimiser = torch.optim.Adam(weights, lr=learning_rate)
    for images, labels in batches:
        picked = new(images).log_softmax(1)[torch.arange(len(labels)), labels]
        gradients = torch.autograd.grad(-picked.mean(), weights)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        optimiser.step()
    return new


def wrong(
    loss=cross_entropy,
    optimiser=torch.optim.Adam,
    batches=lambda batches: batches,
    rate=lambda rate: rate,
    prepare=lambda model: copy.deepcopy(model).eval(),
    weights=lambda new, model: [*new.parameters()],
    zero=True,
    anew=False,
    step=True,
    finish=lambda new, model: new,
):
    """`tune` with one thing done otherwise."""

    def answer(model, given, learning_rate):
        new = prepare(model)
        make = lambda: optimiser(weights(new, model), lr=rate(learning_rate))  # noqa: E731
        one = make()
        for images, labels in batches(given):
            one = make() if anew else one
            if zero:
                one.zero_grad()
            loss(new(images), labels).backward()
            if step:
                one.step()
        return finish(new, model)

    return answer


def one_batch_only(model, batches, learning_rate):
    return tune(model, batches[:1], learning_rate)


def step_after_the_loop(model, batches, learning_rate):
    new = copy.deepcopy(model).eval()
    optimiser = torch.optim.Adam(new.parameters(), lr=learning_rate)
    for images, labels in batches:
        optimiser.zero_grad()
        cross_entropy(new(images), labels).backward()
    optimiser.step()
    return new


def copy_only_if_there_are_batches(model, batches, learning_rate):
    return tune(model, batches, learning_rate) if batches else model


def shallow(model):
    return nn.Sequential(*model).eval()


def fixed_rate(model, batches, learning_rate):
    return tune(model, batches, 0.02)


WRONG = [
    (lambda m, b, r: None, "return"),
    (lambda m, b, r: 7, "must give back a network"),
    (lambda m, b, r: [*tune(m, b, r)], "must give back a network"),
    (wrong(prepare=lambda model: model.eval()), "changes its input"),
    (wrong(prepare=lambda model: model), "changes its input"),
    (wrong(prepare=shallow), "changes its input"),
    (lambda m, b, r: nn.Sequential(*m), "shares its weights"),
    (wrong(prepare=copy.deepcopy), "in train mode"),
    (
        wrong(prepare=copy.deepcopy, finish=lambda new, model: new.eval()),
        "running mean and variance have moved",
    ),
    (wrong(finish=lambda new, model: new.train()), "in train mode"),
    (wrong(step=False), "nothing was learned"),
    (wrong(weights=lambda new, model: [*model.parameters()]), "nothing was learned"),
    (wrong(zero=False), "add up"),
    (wrong(loss=lambda x, y: cross_entropy(x.softmax(1), y)), "softmax comes before"),
    (wrong(loss=nll_loss), "nll_loss takes"),
    (wrong(loss=lambda x, y: -cross_entropy(x, y)), "climbs"),
    (wrong(rate=lambda rate: 1e-3), "Adam's own"),
    (wrong(optimiser=torch.optim.SGD), "SGD"),
    (wrong(optimiser=torch.optim.AdamW), "AdamW"),
    (wrong(anew=True), "a new optimiser for each batch"),
    (one_batch_only, "the first: is there a `return`"),
    (step_after_the_loop, "the last: the step belongs"),
    (wrong(batches=lambda batches: batches[:-1]), "last batch is left out"),
    (wrong(batches=lambda batches: batches[1:]), "first batch is left out"),
    (wrong(batches=lambda batches: [*batches, *batches]), "each batch twice"),
    (wrong(batches=lambda batches: batches[::-1]), "from the last to the first"),
    (wrong(weights=lambda new, model: [*new[-1].parameters()]), "only the last layer"),
    (wrong(loss=lambda x, y: cross_entropy(x, 1 - y)), "labels are turned"),
    (wrong(loss=lambda x, y: cross_entropy(x, y, reduction="sum") ** 2), "one step of Adam"),
    (wrong(rate=lambda rate: rate / 2), "one step of Adam"),
    (fixed_rate, "is `learning_rate` used"),
    (copy_only_if_there_are_batches, "without any batch|shares"),
]

#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_fine_tune: (
        [tune, tune_with_nll, tune_with_module, tune_with_gradients],
        WRONG,
    ),
}
