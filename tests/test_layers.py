"""The house: lower floors never import higher ones, and every module has its floor."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import helpers

FOLDER = Path(helpers.__file__).parent
FLOOR = {
    name: int(line.split(".")[0])
    for line in helpers.__doc__.splitlines()
    if re.match(r"\d\. ", line)
    for name in re.findall(r"`(\w+)`", line)
}


def imported_modules(source, package="helpers"):
    """The modules of `helpers` that a source imports, anywhere in it, even inside functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            names = [f"{module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("helpers.")}
    return found & {path.stem for path in FOLDER.iterdir()}


def modules():
    """Each module (or package) of the house, and what it imports from the others."""
    uses = {path.stem: imported_modules(path.read_text()) for path in FOLDER.glob("*.py")}
    for package in (path.parent.name for path in FOLDER.glob("*/__init__.py")):
        uses[package] = set()
        for path in (FOLDER / package).glob("*.py"):
            uses[package] |= imported_modules(path.read_text(), f"helpers.{package}") - {package}
    del uses["__init__"]
    return uses


USES = modules()


def test_every_module_has_its_floor_and_every_name_is_a_module():
    assert FLOOR.keys() == USES.keys()


@pytest.mark.parametrize("module", sorted(USES))
def test_a_module_imports_nothing_from_a_higher_floor(module):
    too_high = {other for other in USES[module] if FLOOR[other] > FLOOR[module]}
    assert not too_high, f"{module} (floor {FLOOR[module]}) imports {too_high}"


def test_no_module_imports_itself_in_a_circle():
    try:
        order = list(TopologicalSorter(USES).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")
    assert len(order) == len(USES)


def test_only_what_draws_imports_the_renderer():
    users = {module for module, uses in USES.items() if "street" in uses}
    assert users == {"drawing", "ablation"}


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("from helpers.boxes import nms", "helpers", {"boxes"}),
        ("from helpers import boxes, fcn as f", "helpers", {"boxes", "fcn"}),
        ("import helpers.metrics", "helpers", {"metrics"}),
        ("def f():\n    from helpers.detector import Detector", "helpers", {"detector"}),
        ("from . import plots", "helpers", {"plots"}),
        ("from .plots import show", "helpers", {"plots"}),
        ("from .canvas import Canvas", "helpers.street", {"street"}),
        ("from ..images import as_grey", "helpers.street", {"images"}),
        ("import torch\nfrom torch import nn", "helpers", set()),
    ],
)
def test_imports_are_found_however_they_are_written(source, package, expected):
    assert imported_modules(source, package) == expected
