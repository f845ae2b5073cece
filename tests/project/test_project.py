"""The project's files agree with each other: dependencies, bounds, pinned versions."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import helpers
from helpers.paths import CHECKSUMS, read_checksums, verify_checksums
from tools.course import COMMANDS
from tools.execution import BUILD

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# What conda-forge calls differently.
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
# Which package brings a module of another name; IPython comes with every notebook kernel.
PACKAGES = {"PIL": "pillow", "skimage": "scikit-image", "IPython": "ipykernel"}


def bounds(requirements):
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(item.name): item.specifier for item in parsed}


def all_requirements():
    extras = PROJECT["optional-dependencies"]
    return bounds([*PROJECT["dependencies"], *extras["site"], *extras["class"], *extras["test"]])


def conda_requirements():
    lines = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    wanted = bounds(line for line in lines if isinstance(line, str))
    return {CONDA_NAMES.get(name, name): specifier for name, specifier in wanted.items()}


def pinned_versions():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    assert all(len(pin) == 2 for pin in pins)
    versions = {canonicalize_name(name): version for name, version in pins}
    assert len(versions) == len(pins)
    return versions


def test_conda_and_pip_install_the_same_with_the_same_bounds():
    conda = conda_requirements()
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    conda.pop("pip")
    assert conda == all_requirements()


def test_conda_hands_pip_only_what_a_requirements_file_may_hold():
    """Conda writes its pip section into such a file, where options of the command line fail."""
    [section] = [
        part["pip"]
        for part in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
        if isinstance(part, dict)
    ]
    assert section == ["--editable ."]


def test_what_drives_the_browser_is_pinned_too_and_asked_for_by_nothing_else():
    browser = bounds(PROJECT["optional-dependencies"]["browser"])
    assert set(browser) == {"playwright", "axe-playwright-python"} - set(all_requirements())
    for name, specifier in browser.items():
        assert pinned_versions()[name] in specifier


def test_every_dependency_has_a_lower_bound_and_no_other():
    for name, specifier in all_requirements().items():
        assert [part.operator for part in specifier] == [">="], name


def test_the_pinned_versions_keep_within_the_bounds():
    pins = pinned_versions()
    for name, specifier in all_requirements().items():
        assert name in pins, f"{name} is not pinned"
        assert pins[name] in specifier, f"{name}=={pins[name]} is not {specifier}"


# Only who draws the digits again needs it, and is told so; the drawn ones lie in data/.
DRAWS_DIGITS = ROOT / "helpers" / "datasets" / "digits" / "source.py"


def test_only_drawing_digits_needs_scikit_learn():
    paths = [p for p in (ROOT / "helpers").rglob("*.py") if "from sklearn" in p.read_text()]
    assert paths == [DRAWS_DIGITS]
    assert "scikit-learn" in bounds(PROJECT["optional-dependencies"]["test"])


def test_every_package_that_the_helpers_import_is_a_dependency():
    imported = set()
    for path in set((ROOT / "helpers").rglob("*.py")) - {DRAWS_DIGITS}:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    imported -= {"helpers", *sys.stdlib_module_names}
    packages = {canonicalize_name(PACKAGES.get(name, name)) for name in imported}
    assert packages <= bounds(PROJECT["dependencies"]).keys()


def test_all_packages_of_the_house_are_installed():
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(config["tool"]["setuptools"]["packages"])
    folders = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "helpers").rglob("__init__.py")
    }
    assert packages == folders


def test_the_version_is_one():
    assert re.fullmatch(r"\d+\.\d+\.\d+", helpers.__version__)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation.get("version", helpers.__version__) == helpers.__version__


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="a downloaded course has no history")
@pytest.mark.parametrize("folder", ["data/street", "data/digits", "data/weights"])
def test_what_is_shipped_is_whole_where_git_turns_line_ends(tmp_path, folder):
    """As on Windows, whose git writes every text file with \\r\\n unless it is told not to."""
    listed = (f"{folder}/{name}" for name in (CHECKSUMS, *read_checksums(ROOT / folder)))
    windows = ["git", "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "checkout-index"]
    subprocess.run([*windows, f"--prefix={tmp_path}/", *listed], cwd=ROOT, check=True)
    verify_checksums(tmp_path / folder)


def test_the_site_that_is_published_is_the_one_that_make_run_makes():
    jobs = yaml.safe_load((ROOT / ".github/workflows/pages.yml").read_text())["jobs"]
    steps = jobs["build"]["steps"]
    ran = [step["run"] for step in steps if "run" in step]
    assert [main for main in COMMANDS if f"python -m tools.course {main}" in ran] == ["run"]
    [folder] = [step["with"]["path"] for step in steps if "pages" in step.get("uses", "")]
    assert ROOT / folder == BUILD / "site"


def test_the_gate_runs_the_tests():
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("folder", ['a$b "c"', "it's", "a b", "$(shell echo x)", "$HOME `id`"])
def test_make_grade_takes_any_name(tmp_path, folder):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    names = [f"PYTHON={python}", f"SUBMISSIONS={folder}", f"WORDS={folder}.csv"]
    done = subprocess.run(
        ["make", "-C", str(ROOT), "--no-print-directory", "grade", *names],
        capture_output=True,
        text=True,
    )
    given = done.stdout.splitlines()
    assert given[:6] == ["-m", "tools.course", "grade", folder, "--words", f"{folder}.csv"]


def test_make_clean_keeps_a_teachers_marks(tmp_path):
    clean = ["make", "-f", str(ROOT / "Makefile"), "clean"]
    subprocess.run(clean, cwd=tmp_path, check=True)
    for name in ("grades/words.csv", "grades-1/words.csv", "site/index.html", ".work/x", "a file"):
        path = tmp_path / "build" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    subprocess.run(clean, cwd=tmp_path, check=True)
    left = sorted(path.name for path in (tmp_path / "build").iterdir())
    assert left == ["grades", "grades-1"]
    assert (tmp_path / "build" / "grades" / "words.csv").is_file()
