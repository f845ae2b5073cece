"""README: its examples run, word for word, and what it shows of the package is true."""

import re
import tomllib

from torch import nn

import helpers
from helpers.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
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
        for link in re.findall(r"\]\(([^)#:]+)\)|(?:src|srcset)=\"([^\"]+)\"", text):
            # What begins with ../../actions is a page that the host makes of a workflow.
            path = "".join(link).replace("../../actions/workflows", ".github/workflows")
            assert (ROOT / path.removesuffix("/badge.svg")).exists(), path
        for path in re.findall(r"`((?:helpers|tests|tools|docs|notebooks)/[\w./]+)`", text):
            assert (ROOT / path).exists(), path


def test_the_picture_of_the_house_names_every_module():
    picture = CONTRIBUTING.split("```")[1]
    folder = ROOT / "helpers"
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
    assert modules <= set(re.findall(r"\w+", picture))


def test_the_badges_are_true():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert f"[Python {oldest} or newer](" in README
    assert f"badge/Python-{oldest}%2B-" in README
    assert project["license"] == "MIT"
    assert "CC BY 4.0" in (ROOT / "LICENSE-TEXTS.md").read_text(encoding="utf-8")


def test_figures_in_short_are_those_of_the_page():
    table = README.split("\n## Results\n")[1].split("\n## ")[0]
    figures = re.findall(r"\d+\.\d+ ± \d+\.\d+(?: %)?|\d\.\d+e-\d+", table)
    assert len(figures) >= 7
    assert [figure for figure in figures if figure not in RESULTS] == []


def test_the_animation_is_light():
    assert (ROOT / "docs" / "idea.gif").stat().st_size < 1_500_000
