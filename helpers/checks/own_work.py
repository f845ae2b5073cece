"""Is an answer the learner's own work, or does it call the course's function?"""

import dis
import functools
import inspect
import sys
import sysconfig
from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

#: Code that no learner wrote: the course's, Python's, and what is installed beside it.
LIBRARIES = (
    str(Path(__file__).parents[1]),
    *(sysconfig.get_path(place) for place in ("stdlib", "purelib", "platlib")),
    "<frozen ",
)


def borrowed(answer: object, of: Sequence[Callable]) -> str:
    """The name of the function among `of` that an answer is or calls, under whatever name.

    It reads the answer's bytecode, and that of the functions beside it that it calls: nothing runs.

    Args:
        answer: What a learner hands in, in most cases a function.
        of: The course's own functions that do what the exercise asks for.

    Returns:
        The name of the first one found, or "".

    >>> from helpers.boxes import nms
    >>> borrowed(nms, [nms])
    'nms'
    >>> borrowed(lambda boxes, scores, iou_threshold: [0], [nms])
    ''
    """
    seen: dict[int, object] = {}
    waiting = [answer]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        for function in of:
            if one is function:
                return function.__name__
        waiting += _used_by(one)
    return ""


def _used_by(one: object) -> Iterator[object]:
    """What a learner's function, method, `partial` or callable object uses."""
    if isinstance(one, functools.partial):
        yield one.func
    elif inspect.ismethod(one):
        yield one.__func__
    elif isinstance(one, FunctionType):
        yield from (getattr(one, "__wrapped__", None), *(one.__defaults__ or ()))
        yield from (one.__kwdefaults__ or {}).values()
        if not one.__code__.co_filename.startswith(LIBRARIES):
            names = dict(zip(one.__code__.co_freevars, one.__closure__ or (), strict=False))
            bound = {name: cell.cell_contents for name, cell in names.items() if _is_bound(cell)}
            yield from _named_in(one.__code__, ChainMap({}, bound), one.__globals__)
    elif not isinstance(one, type | ModuleType):
        yield getattr(type(one), "__call__", None)  # noqa: B004  an object, called


def _is_bound(cell: object) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _named_in(code: CodeType, inside: ChainMap, outside: dict) -> Iterator[object]:
    """The objects that a function's code names: `nms`, `boxes.nms`, or imported where it stands."""
    module = at = None
    from_module = False
    for step in dis.get_instructions(code):
        operation, argument = step.opname, step.argval
        if isinstance(argument, CodeType):
            yield from _named_in(argument, inside, outside)
        if operation == "LOAD_CONST":
            from_module = isinstance(argument, tuple)
        elif operation == "IMPORT_NAME":  # `import a.b` gives a, `from a.b import c` gives a.b
            name = argument if from_module else argument.partition(".")[0]
            module = at = sys.modules.get(name)
        elif operation == "IMPORT_FROM":
            at = getattr(module, argument, None)
            yield at
        elif operation.startswith("STORE_"):
            if at is not None:
                inside[argument] = at
            at = None
        elif operation in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(at, ModuleType | type):
            at = getattr(at, argument, None)
            yield at
        elif operation in ("LOAD_GLOBAL", "LOAD_NAME"):
            at = outside.get(argument)
            yield at
        elif operation.startswith("LOAD_"):
            at = inside.get(argument[-1] if isinstance(argument, tuple) else argument)
            yield at
        else:
            at = None
