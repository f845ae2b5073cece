"""Every way to change a solution in one place: an operator, a sign, a constant by one."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from tools.exercises import MARKER_LINE

SWAPS: dict[type, list[type]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div, ast.Add],
    ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div, ast.Mult],
    ast.Mod: [ast.FloorDiv],
    ast.Pow: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
}
NAMES = {
    "min": "max",
    "max": "min",
    "amin": "amax",
    "amax": "amin",
    "argmin": "argmax",
    "argmax": "argmin",
    "any": "all",
    "all": "any",
    "sum": "mean",
    "mean": "sum",
    "round": "int",
    "ceil": "floor",
    "floor": "ceil",
    "rand": "randn",
    "sigmoid": "softplus",
    "zeros_like": "ones_like",
    "append": "remove",
    "train": "eval",
    "eval": "train",
    "rows": "cols",
    "cols": "rows",
    "height": "width",
    "width": "height",
}


@dataclass(frozen=True)
class Mutant:
    """One change of one line."""

    line: str
    changed: str
    source: str

    def __str__(self) -> str:
        return f"{self.line}  ->  {self.changed}"


def mutants(solution: str) -> Iterator[Mutant]:
    """Each way to change the region of a solution in one place."""
    first, last = _region(solution)
    tree = ast.parse(solution)
    before = ast.unparse(tree)
    seen = {before}
    for place, node in enumerate(ast.walk(tree)):
        for number in range(len(_edits(node, first, last))):
            changed = copy.deepcopy(tree)
            twin = list(ast.walk(changed))[place]
            edit = _edits(twin, first, last)[number]
            edit()
            source = ast.unparse(changed)
            if source not in seen:
                seen.add(source)
                yield Mutant(*_difference(before, source), source)


def _edits(node: ast.AST, first: int, last: int) -> list[Callable[[], object]]:
    """Functions that change a node in place, if it lies between two lines."""
    return [*_statements_left_out(node, first, last), *_changes_of(node, first, last)]


def _statements_left_out(node: ast.AST, first: int, last: int) -> Iterator[Callable[[], object]]:
    for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
        for index, statement in enumerate(body if isinstance(body, list) else []):
            if first < statement.lineno < last and not isinstance(statement, ast.Return | ast.Pass):
                yield partial(body.__setitem__, index, ast.Pass())


def _changes_of(node: ast.AST, first: int, last: int) -> Iterator[Callable[[], object]]:
    if not first < getattr(node, "lineno", 0) < last:
        return
    set_ = partial(partial, setattr, node)
    match node:
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp():
            for kind in SWAPS.get(type(node.op), []):
                yield set_("op", kind())
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield set_("op", ast.UAdd())
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                for kind in SWAPS[type(operator)]:
                    yield partial(node.ops.__setitem__, index, kind())
        case ast.Constant(value=bool(value)):
            yield set_("value", not value)
        case ast.Constant(value=int(value) | float(value)):
            yield set_("value", value + 1)
            yield set_("value", value - 1)
        case ast.Constant(value=str(value)):
            yield set_("value", f"{value} (not)")
        case ast.Attribute() if node.attr in NAMES:
            yield set_("attr", NAMES[node.attr])
        case ast.Name() if node.id in NAMES and isinstance(node.ctx, ast.Load):
            yield set_("id", NAMES[node.id])
        case ast.Call():
            for keyword in node.keywords:
                yield partial(node.keywords.remove, keyword)


def _region(solution: str) -> tuple[int, int]:
    marks = [
        number
        for number, line in enumerate(solution.split("\n"), start=1)
        if (mark := MARKER_LINE.fullmatch(line)) and mark[3] == "SOLUTION"
    ]
    return marks[0], marks[-1]


def _difference(before: str, after: str) -> tuple[str, str]:
    old, new = before.split("\n"), after.split("\n")
    for one, other in zip(old, new, strict=False):
        if one != other:
            return one.strip(), other.strip() if len(old) == len(new) else "(left out)"
    return old[-1].strip(), "(left out)"
