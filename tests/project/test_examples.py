"""The examples in docstrings run, and whatever a learner imports has one."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

import helpers

FOLDER = Path(helpers.__file__).parent
EXAMPLES = sorted(path for path in FOLDER.rglob("*.py") if ">>> " in path.read_text())
IDEAS = set(re.findall(r"^\| `(\w+)` ", helpers.__doc__, re.MULTILINE))
AROUND = {"plots", "widgets", "checks", "street", "paths", "sheets", "timing", "devices"}
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


@pytest.mark.parametrize("name", sorted((IDEAS | AROUND) - WITHOUT))
def test_what_a_learner_imports_has_an_example(name):
    assert any(path in EXAMPLES for path in (FOLDER / f"{name}.py", *FOLDER.glob(f"{name}/*.py")))
