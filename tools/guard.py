"""Run inside the kernel of a submission: what its code replaced or set is put back for a test.

`tools.examine` sends this file's text to the kernel; nothing of the course can be imported there.
It raises the price of cheating and no more: code in the same process can undo it, too.
"""

import builtins
import sys
import time

from IPython import get_ipython
from IPython.core.error import UsageError

# Printing must not cost time: each flush waits for a thread, and each message for the grader.
PRINTED, SHOWN = 80_000, 300  # characters, and pictures or the like, of a cell
SELDOM = 0.1  # seconds between two flushes
# Magics for how things look, or for more magics; what they need may be missing here.
LOOKS = ("matplotlib", "load_ext", "reload_ext")
CUT = "\n(cut here: more was printed)\n"

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
    settings()
    for name in names:
        if name in space and space[name] is not getattr(builtins, name, None):
            set_aside[name] = space.pop(name)


def settings():
    """Torch's settings as a lesson finds them: hidden tests compare what was computed with them."""
    if torch := sys.modules.get("torch"):
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        torch.set_grad_enabled(True)


def give_back(space):
    """Give a submission the names back that were set aside."""
    space.update(set_aside)
    set_aside.clear()


def calm():
    """Let a cell print as much as it likes, in no time: what is too much goes nowhere."""
    streams, shell = (sys.stdout, sys.stderr), get_ipython()
    kind, publisher = type(sys.stdout), type(shell.display_pub)
    write, flush, publish = kind.write, kind.flush, publisher.publish
    left, shown, flushed = PRINTED, 0, {}

    def begin(*_):
        nonlocal left, shown
        left, shown = PRINTED, 0
        for stream in streams:  # IPython has put its own there
            vars(stream).pop("write", None)

    def end(*_):
        for stream in streams:
            flush(stream)

    def some(stream, text):
        nonlocal left
        if left > 0:
            left -= len(text)
            write(stream, text if left > 0 else text[: len(text) + left] + CUT)
        return len(text)

    def seldom(stream):
        if time.monotonic() - flushed.get(stream, 0.0) > SELDOM:
            flushed[stream] = time.monotonic()
            flush(stream)

    def few(self, *values, **named):
        nonlocal shown
        shown += 1
        if shown <= SHOWN:
            publish(self, *values, **named)

    kind.write, kind.flush, publisher.publish = some, seldom, few
    shell.events.register("pre_run_cell", begin)
    shell.events.register("post_run_cell", end)


def forgive():
    """Let a cell go on after a magic that this kernel lacks, or that only changes looks."""
    kind = type(get_ipython())
    run = kind.run_line_magic

    def run_line_magic(shell, name, line, _stack_depth=1):
        try:
            return run(shell, name, line, _stack_depth + 1)
        except Exception as error:
            if name not in LOOKS and not isinstance(error, UsageError):
                raise
            print(f"%{name}: {error}", file=sys.stderr)

    kind.run_line_magic = run_line_magic
