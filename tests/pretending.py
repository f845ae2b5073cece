"""A device that is not there: tensors that say they are on it, and refuse what it would refuse.

On a machine without a GPU it runs whatever is written for one, with real numbers, and fails where
tensors of two devices meet.
"""

import inspect

import pytest
import torch
from torch import nn
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from helpers import augment, detector, hard_negatives, heatmap, training
from helpers.detector import Detector
from tests.device_cases import CASES

aten = torch.ops.aten
COPIES = {aten._to_copy, aten.copy_, aten._copy_from}
# What takes indices from the CPU for a tensor on a device, but not the other way round.
INDEXING = {aten.index, aten.index_put, aten.index_put_, aten._unsafe_index}


class Pretended(torch.Tensor):
    """A tensor that is `held`, on the CPU, and says that it is on `device`."""

    @staticmethod
    def __new__(cls, held, device):
        self = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=device,
        )
        self.held = held
        return self

    def tolist(self):
        return self.cpu().tolist()

    @classmethod
    def __torch_dispatch__(cls, op, types, args=(), kwargs=None):
        raise RuntimeError(f"{op}: outside `PretendedDevice`")


def possible():
    """Whether this torch can be told of a device in Python."""
    return hasattr(backend_registration, "_setup_privateuseone_for_python_backend")


def register():
    """Tell this process's torch of the device; it cannot be undone."""
    torch.set_num_threads(1)
    backend_registration._setup_privateuseone_for_python_backend("pretended")


class PretendedDevice(TorchDispatchMode):
    """Within it there is the device "pretended:0", which (as "mps") does not know float64."""

    device = torch.device("cpu")

    def __enter__(self):
        self.device = torch.device("pretended", 0)
        # Otherwise `module.to` puts the device's memory under a parameter that knows nothing of it.
        self.before = torch.__future__.get_overwrite_module_params_on_conversion()
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        return super().__enter__()

    def __exit__(self, *error):
        torch.__future__.set_overwrite_module_params_on_conversion(self.before)
        return super().__exit__(*error)

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        tensors = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)]
        there = [x for x in tensors if isinstance(x, Pretended)]
        asked = kwargs.get("device")
        on_it = bool(there) if asked is None else torch.device(asked).type == self.device.type
        if asked is not None:
            kwargs["device"] = "cpu" if on_it else asked
        self._refuse_what_it_cannot(op, args, kwargs, tensors, on_it)
        args, kwargs = tree_map_only(Pretended, lambda x: x.held, (args, kwargs))
        known = {id(x.held): x for x in there}

        def labelled(result):
            if id(result) in known:  # in place, or `out`
                return known[id(result)]
            return Pretended(result, self.device) if on_it else result

        if op.overloadpacket is aten.is_pinned:
            return False
        results = tree_map_only(torch.Tensor, labelled, op(*args, **kwargs))
        for result in tree_leaves(results):
            if isinstance(result, Pretended) and result.dtype == torch.float64:
                raise TypeError(f"{op}: float64 on {self.device}")
        return results

    def _refuse_what_it_cannot(self, op, args, kwargs, tensors, on_it):
        dice = [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Generator)]
        if dice and on_it:
            raise RuntimeError(f"{op}: a generator of the CPU for {self.device}")
        kind = op.overloadpacket
        if kind in COPIES or kwargs.get("device") is not None:
            return
        if kind in INDEXING and isinstance(args[0], Pretended):
            return
        # As in torch, a single number from the CPU goes with everything.
        places = {isinstance(x, Pretended) for x in tensors if x.ndim or isinstance(x, Pretended)}
        if len(places) > 1:
            shapes = [(list(x.shape), str(x.device)) for x in tensors]
            raise RuntimeError(f"{op}: tensors on two devices, {shapes}")


def run(name, mistake=None):
    """A case on the pretended device, with a planted mistake: numbers that can be sent."""
    with PretendedDevice() as mode, pytest.MonkeyPatch.context() as patch:
        if mistake:
            MISTAKES[mistake](patch)
        results = CASES[name](mode.device)
        return [x.numpy() if isinstance(x, torch.Tensor) else x for x in results]


def dice_on_the_cpu(patch):
    numbers = augment.uniform_for_each
    patch.setattr(augment, "uniform_for_each", lambda *given: numbers(*given).cpu())


def dice_of_the_cpu(patch):
    def noisy(images, generator):
        return torch.rand(images.shape, generator=generator, device=images.device)

    patch.setattr(training, "default_augmentation", noisy)
    patch.setitem(inspect.unwrap(training.fit).__kwdefaults__, "augment", noisy)


def double_there(patch):
    patch.setattr(
        Detector, "_probability", lambda self, odds, label: torch.sigmoid(odds.double()).cpu()
    )


def cut_where_the_boxes_are(patch):
    def cut(image, boxes, size):
        rows = boxes[:, 1:2].long() + torch.arange(size[0])
        return image[:, rows]

    patch.setattr(hard_negatives, "cut_windows", cut)


def heatmap_on_the_cpu(patch):
    patch.setattr(heatmap, "in_tiles", lambda run, image, *_, **__: run(image).cpu())


def numbers_for_numpy(patch):
    patch.setattr(nn.Sequential, "forward", lambda self, x: torch.from_numpy(x.numpy()))


def images_left_behind(patch):
    patch.setattr(Detector, "_device", torch.device("cpu"))
    patch.setattr(detector, "find_channels", lambda *_: 1)
    patch.setattr(Detector, "_check_classes", lambda self, told: None)


MISTAKES = {
    "random numbers on the CPU": dice_on_the_cpu,
    "a generator of the CPU": dice_of_the_cpu,
    "probabilities in float64": double_there,
    "windows cut at boxes elsewhere": cut_where_the_boxes_are,
    "a heatmap on the CPU": heatmap_on_the_cpu,
    "numbers for numpy": numbers_for_numpy,
    "images left behind": images_left_behind,
}
