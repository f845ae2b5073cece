"""Links that open the lessons on Binder and Colab, for the README of a public repository."""

import argparse
import re
import sys
from pathlib import Path

from tools.execution import NOTEBOOKS, find_notebooks

DESCRIPTION = """Print Markdown with a link to Binder, a link to Colab for each lesson, and the cell
that a lesson needs first on Colab, for a repository that anybody may read."""
ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")


def binder(owner: str, name: str, branch: str) -> str:
    """The whole course on Binder, which reads environment.yml, in JupyterLab."""
    first = "lab/tree/notebooks/00_start_here.ipynb"
    return f"https://mybinder.org/v2/gh/{owner}/{name}/{branch}?urlpath={first.replace('/', '%2F')}"


def colab(owner: str, name: str, branch: str, notebook: str) -> str:
    """One lesson on Colab."""
    place = f"{owner}/{name}/blob/{branch}/notebooks/{notebook}"
    return f"https://colab.research.google.com/github/{place}"


def colab_cell(owner: str, name: str, branch: str) -> str:
    """What to run first on Colab, which opens a notebook without the course around it."""
    clone = f"git clone --quiet --depth 1 --branch {branch} https://github.com/{owner}/{name}.git"
    return f"!{clone} course\n%cd -q course\n%pip install --quiet --editable ."


def markdown(owner: str, name: str, branch: str, notebooks: list[Path]) -> str:
    """All links, and the cell."""
    lines = [f"[Open the course on Binder]({binder(owner, name, branch)})", ""]
    for path in notebooks:
        lines.append(f"- [{path.stem} on Colab]({colab(owner, name, branch, path.name)})")
    cell = colab_cell(owner, name, branch)
    return "\n".join([*lines, "", "On Colab, run this first:", "", "```", cell, "```"])


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.upkeep.links", description=DESCRIPTION)
    parser.add_argument("repository", help="https://github.com/OWNER/NAME")
    parser.add_argument("--branch", default="main")
    options = parser.parse_args(arguments)
    found = ADDRESS.fullmatch(options.repository)
    if not found:
        parser.error(f"{options.repository} is not of the form https://github.com/OWNER/NAME")
    print(markdown(*found.groups(), options.branch, find_notebooks(NOTEBOOKS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
