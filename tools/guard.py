"""Run inside the kernel of a submission: what its code replaced in modules is put back for a test.

`tools.examine` sends this file's text to the kernel; nothing of the course can be imported there.
It raises the price of cheating and no more: code in the same process can undo it, too.
"""

import builtins
import sys

# What tests call: `torch.allclose = lambda *a: True` must not make a wrong answer right.
MODULES = ("builtins", "math", "numpy", "torch", "torch.nn", "torch.nn.functional", "helpers")
CLASSES = (("torch", "Tensor"),)
kept = {}
set_aside = {}


def keep():
    """Remember the functions and classes of the modules that tests use."""
    places = [m for name, m in list(sys.modules.items()) if is_watched(name)]
    places += [getattr(sys.modules[m], name) for m, name in CLASSES if m in sys.modules]
    for place in places:
        for name, value in list(vars(place).items()):
            if callable(value):
                kept[id(place), name] = place, value


def is_watched(name):
    """Is this module one of those that tests use?"""
    return name in MODULES or name.startswith("helpers.")


def restore(names, space):
    """Put everything back; set aside what hides the built-in `names` that a test uses."""
    for (_, name), (place, value) in kept.items():
        if vars(place).get(name) is not value:
            setattr(place, name, value)
    for name in names:
        if name in space and space[name] is not getattr(builtins, name, None):
            set_aside[name] = space.pop(name)


def give_back(space):
    """Give a submission the names back that were set aside."""
    space.update(set_aside)
    set_aside.clear()
