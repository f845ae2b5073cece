"""Links that open the lessons on Binder and Colab, for the README of a public repository."""

import argparse
import re
import sys
from pathlib import Path

from tools.execution import NOTEBOOKS, find_notebooks

DESCRIPTION = """Print Markdown with a link to Binder, and a link to Colab for each lesson, for a
repository that anybody may read. For Colab, `python -m tools.upkeep.opening` must have written
its address into the lessons."""
ADDRESS = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")


def binder(owner: str, name: str, branch: str) -> str:
    """The whole course on Binder, which reads environment.yml, in JupyterLab."""
    first = "lab/tree/notebooks/00_start_here.ipynb"
    return f"https://mybinder.org/v2/gh/{owner}/{name}/{branch}?urlpath={first.replace('/', '%2F')}"


def colab(owner: str, name: str, branch: str, notebook: str) -> str:
    """One lesson on Colab."""
    place = f"{owner}/{name}/blob/{branch}/notebooks/{notebook}"
    return f"https://colab.research.google.com/github/{place}"


def markdown(owner: str, name: str, branch: str, notebooks: list[Path]) -> str:
    """All links."""
    lines = [f"[Open the course on Binder]({binder(owner, name, branch)})", ""]
    for path in notebooks:
        lines.append(f"- [{path.stem} on Colab]({colab(owner, name, branch, path.name)})")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.upkeep.links", description=DESCRIPTION)
    parser.add_argument("repository", help="https://github.com/OWNER/NAME")
    parser.add_argument("--branch", default="main", help="or tag; default: %(default)s")
    options = parser.parse_args(arguments)
    found = ADDRESS.fullmatch(options.repository)
    if not found:
        parser.error(f"{options.repository} is not of the form https://github.com/OWNER/NAME")
    print(markdown(*found.groups(), options.branch, find_notebooks(NOTEBOOKS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
