"""What a learner's function does to what it is given: it should do nothing."""

import numpy as np
import torch
from torch import Tensor, nn

#: Values that cannot change, but be put in another's place.
PLAIN = (bool, int, float, str, np.generic)


def snapshot(argument: object) -> object:
    """What an argument is before the call, to be compared with what it is after it."""
    if isinstance(argument, Tensor):
        return argument.detach().clone()
    if isinstance(argument, nn.Module):
        state = {name: value.clone() for name, value in argument.state_dict().items()}
        return state, _modes(argument), [p.requires_grad for p in argument.parameters()]
    if isinstance(argument, np.ndarray | set | bytearray):
        return argument.copy()
    if isinstance(argument, dict):
        return {key: snapshot(value) for key, value in argument.items()}
    if isinstance(argument, list | tuple):
        return [snapshot(value) for value in argument]
    return argument if isinstance(argument, PLAIN) else None


def _modes(network: nn.Module) -> list[bool]:
    return [layer.training for layer in network.modules()]


def change(old: object, new: object) -> str:
    """What has happened to an argument, with what to do instead; "" if nothing has."""
    if isinstance(new, nn.Module):
        return _change_of_network(*old, new)
    if isinstance(new, Tensor):
        same = old.shape == new.shape and torch.equal(old, new.detach())
        return "" if same else "work on a new tensor instead"
    if isinstance(new, np.ndarray | set | bytearray):
        return "" if np.array_equal(old, new) else "leave it as it is, or work on a copy"
    if isinstance(new, dict):
        if [*old] != [*new]:
            return "leave it as it is, or work on a copy"
        return next(filter(None, map(change, old.values(), new.values())), "")
    if isinstance(new, list | tuple):
        if len(old) != len(new):
            return "leave it as it is, or work on a copy"
        return next(filter(None, map(change, old, new)), "")
    if isinstance(new, PLAIN) or isinstance(old, PLAIN):
        return "" if old is new or old == new else "leave it as it is, or work on a copy"
    return ""


def _change_of_network(state: dict, modes: list, trained: list, network: nn.Module) -> str:
    kind = "Linear layer" if isinstance(network, nn.Linear) else "network"
    now = network.state_dict()
    for name, value in state.items():
        if name in now and now[name].shape == value.shape and torch.equal(now[name], value):
            continue
        if "running" in name or "tracked" in name:
            return "its batch norm read something in train mode; work on a copy, in eval mode"
        return f"the {kind} was changed ({name}): leave it as it is"
    if state.keys() != now.keys() or len(modes) != len(_modes(network)):
        return f"the {kind} has other layers now: work on a copy"
    if modes != _modes(network):
        mode, other = ("train", "eval") if any(modes) else ("eval", "train")
        return (
            f"the {kind} came in {mode} mode and is no more; put a copy into {other} mode, or set"
            " each layer's mode back"
        )
    if trained != [p.requires_grad for p in network.parameters()]:
        return f"requires_grad of the {kind} is not what it was: leave it, use torch.no_grad()"
    return ""
