"""The examples in docstrings run, and every idea has one."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import helpers

FOLDER = Path(helpers.__file__).parent
EXAMPLES = sorted(path for path in FOLDER.rglob("*.py") if ">>> " in path.read_text())
SINGLE_MODULES = [
    name
    for name in re.findall(r"^\| `(\w+)` ", helpers.__doc__, re.MULTILINE)
    if (FOLDER / f"{name}.py").exists()
]
# What it answers depends on the machine.
WITHOUT = {"environment"}


@pytest.mark.parametrize(
    "path", EXAMPLES, ids=lambda path: ".".join(path.relative_to(FOLDER).with_suffix("").parts)
)
def test_the_examples_of_a_module_run(path):
    parts = path.relative_to(FOLDER.parent).with_suffix("").parts
    module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("name", sorted(set(SINGLE_MODULES) - WITHOUT))
def test_every_idea_has_an_example(name):
    assert FOLDER / f"{name}.py" in EXAMPLES
