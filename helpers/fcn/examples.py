"""Example crops for a classifier, and what must hold for it to be read at all."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from helpers.fcn.recording import left_as_it_was


def unwrapped(model: nn.Module) -> nn.Module:
    """The classifier itself, out of DataParallel and torch.compile.

    Raises TypeError or ValueError, with the way out, for what cannot be read layer by layer.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"the classifier must be an nn.Module, not a {type(model).__name__}")
    kind = type(model).__name__
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError(
            f"{kind} is scripted (torch.jit), and shows no layers: convert the module that it was"
            " made from"
        )
    if hasattr(model, "_orig_mod"):  # torch.compile
        return unwrapped(model._orig_mod)
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return unwrapped(model.module)
    for name, layer in model.named_modules():
        reason = _why_unreadable(layer)
        if reason:
            raise ValueError(f"layer {name or kind} ({type(layer).__name__}) {reason}")
    try:
        inspect.signature(model.forward).bind(torch.zeros(0))
    except TypeError as error:
        read = ", ".join(map(str, inspect.signature(model.forward).parameters.values()))
        raise TypeError(f"{kind} reads ({read}), where crops are one input") from error
    return model


def _why_unreadable(layer: nn.Module) -> str | None:
    if isinstance(layer, torch.jit.ScriptModule):
        return "is scripted (torch.jit): put the module there that it was made from"
    if "quantized" in type(layer).__module__:
        return "is quantised: convert the network before it is quantised"
    own = [*layer._parameters.values(), *layer._buffers.values()]
    if any(is_lazy(tensor) for tensor in own):
        return "is lazy, and has no weights yet: let the network classify one batch first"
    if any(tensor is not None and tensor.is_meta for tensor in own):
        return "is on the meta device, where there are no numbers: load its weights first"
    if layer._forward_hooks or layer._forward_pre_hooks:
        return (
            "has a forward hook, which may change what it computes: remove it first"
            " (torch.nn.utils.prune.remove, or remove_weight_norm, if it came from there)"
        )
    if "forward" in vars(layer) and not hasattr(layer, "_orig_mod"):
        return "has a forward of its own in place of its class's: write a class for it"
    return None


def checked_size(input_size: tuple[int, int]) -> tuple[int, int]:
    """(height, width) in pixels; raises ValueError for anything else."""
    try:
        height, width = (int(side) for side in input_size)
        if min(height, width) < 1 or (height, width) != tuple(input_size):
            raise ValueError
    except (TypeError, ValueError):
        raise ValueError(
            f"input_size must be (height, width) in pixels, not {input_size!r}"
        ) from None
    return height, width


def example_crops(model: nn.Module, input_size: tuple[int, int], count: int = 2) -> Tensor:
    """Random crops [count, C, H, W], the same each time, with the model's dtype and device.

    C is the first number of channels that the model can read; where it can read none, that of its
    first convolution: the conversion will say which layer does not fit.
    """
    crops = next(all_example_crops(model, input_size, count), None)
    if crops is None:
        like = next(p for p in unwrapped(model).parameters() if p.ndim == 4)
        crops = torch.rand(count, like.shape[1], *checked_size(input_size)).to(like)
    return crops


def all_example_crops(
    model: nn.Module, input_size: tuple[int, int], count: int = 2
) -> Iterator[Tensor]:
    """The crops of `example_crops` for every number of channels that the model can read.

    Tried are those that its convolutions and batch normalisations read, and 3 and 1.
    """
    model, size = unwrapped(model), checked_size(input_size)
    convolutions = [m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d)]
    kernels = [p.shape[1] for p in model.parameters() if p.ndim == 4]
    if not kernels:
        raise ValueError("nothing to convert: no Conv2d before the first Linear")
    norms = [m.num_features for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    like = next(p for p in model.parameters() if p.ndim == 4)
    for channels in dict.fromkeys([*convolutions, *kernels, *norms, 3, 1]):
        generator = torch.Generator().manual_seed(0)
        crops = torch.rand(count, channels, *size, generator=generator).to(like)
        if _can_read(model, crops):
            yield crops


def _can_read(model: nn.Module, crops: Tensor) -> bool:
    try:
        with left_as_it_was(model):
            model(crops[:2].clone())
    except Exception:  # whatever the classifier's own code raises; told where it is converted
        return False
    return True
