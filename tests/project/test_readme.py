"""README: its examples run, word for word, and what it shows of the package is true."""

import re

from torch import nn

import helpers
from helpers.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_examples_run_as_they_stand(capsys):
    examples = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert len(examples) == 2
    network = nn.Sequential(nn.Conv2d(1, 4, 5), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 60 * 60, 3))
    names = {"my_classifier": network.eval()}
    for example in examples:
        exec(example, names)
    assert len(names["boxes"]) == len(names["scores"]) > 0
    assert "cells: True" in capsys.readouterr().out


def test_the_table_of_modules_is_that_of_the_package():
    table = re.search(r"^\| module .*?(?=\n\n)", helpers.__doc__, re.DOTALL | re.MULTILINE)
    assert table[0] in README


def test_what_the_texts_tell_to_run_or_read_is_there():
    for text in (README, CONTRIBUTING):
        for tool in re.findall(r"python\s+-m\s+(tools[\w.]+)", text):
            assert (ROOT / tool.replace(".", "/")).with_suffix(".py").is_file(), tool
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / link).exists(), link
        for path in re.findall(r"`((?:helpers|tests|tools|docs|notebooks)/[\w./]+)`", text):
            assert (ROOT / path).exists(), path


def test_the_picture_of_the_house_names_every_module():
    picture = CONTRIBUTING.split("```")[1]
    folder = ROOT / "helpers"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
    assert modules <= set(re.findall(r"\w+", picture))
