"""Make the site: the executed lessons, the glossary, the cards and the package as linked pages."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell

import helpers
from tools.execution import BUILD, NOTEBOOKS, ROOT, find_notebooks
from tools.players import replace_views

DESCRIPTION = """Make the site from executed notebooks. `make run` does it with those that it has
just executed; here, the lessons are shown as they were saved."""
SITE = ROOT / "tools" / "site"
ROW = re.compile(r"^\| `(\w+)` *\| (.*?) *\| (\d\d)? *\|$", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
# What only grading needs: tests that learners do not see, and the marks around solutions.
HIDDEN = re.compile(
    r"^### BEGIN HIDDEN TESTS\n.*?^### END HIDDEN TESTS\n?", re.MULTILINE | re.DOTALL
)
MARK = re.compile(r"^\s*### (?:BEGIN|END) SOLUTION\n?", re.MULTILINE)
SETUP = re.compile(r"^## Two commands\n(.*?)(?=^## )", re.MULTILINE | re.DOTALL)
MODULE = re.compile(r"(?<!\[)`helpers\.(\w+)(?:\.\w+)?`")


class SiteFailed(Exception):
    """The site could not be made; the message says why."""


def modules() -> list[tuple[str, str, str]]:
    """(name, idea, lesson) of the package's modules, as its docstring and README list them."""
    return ROW.findall(helpers.__doc__)


def build(notebooks: Path, views: Path, site: Path, *, strict: bool = False) -> Path:
    """Make the site anew.

    Args:
        notebooks: the folder of the executed lessons.
        views: the folder of what `helpers.widgets.stills` made of their views; need not exist.
        site: the folder to write; what is there is replaced.
        strict: a warning of Sphinx, a dead link for example, is an error.

    Returns:
        The first page.

    Raises:
        SiteFailed: there is no lesson, or a damaged one; Sphinx is missing, or does not like
            something. What was there stays.
    """
    if not find_notebooks(notebooks):
        raise SiteFailed(f"no notebooks in {notebooks}")
    work = site.with_name(f"{site.name}-work")
    shutil.rmtree(work, ignore_errors=True)
    prepare(notebooks, views, work / "source")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", "-d", str(work / "doctrees")]
    command += ["-W", "--keep-going"] if strict else []
    done = subprocess.run(
        [*command, str(work / "source"), str(work / "html")],
        cwd=ROOT,  # where Sphinx finds `helpers`
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SiteFailed(f"the site could not be made:\n{done.stderr.strip()}")
    for template in (work / "html" / "_static").glob("*.html"):
        template.unlink()  # of the theme: no pages, and full of links that lead nowhere
    for page in (work / "html").rglob("*.html"):
        # The theme's own button says nothing to who does not see its arrow.
        text = page.read_text(encoding="utf-8")
        named = text.replace("<summary><span", '<summary aria-label="pages below it"><span')
        page.write_text(named, encoding="utf-8")
    shutil.rmtree(site, ignore_errors=True)
    os.replace(work / "html", site)
    shutil.rmtree(work)
    return site / "index.html"


def prepare(notebooks: Path, views: Path, source: Path) -> None:
    """Write what Sphinx reads; files lie as in the repository, so that links between them hold."""
    shutil.copytree(SITE / "static", source / "_static")
    shutil.copy(SITE / "index.md", source)
    shutil.copy(SITE / "conf.py", source)
    write_api(source / "api")
    write_setup(source / "setup.md")
    texts = [*ROOT.glob("docs/*.md"), *ROOT.glob("data/*/CARD.md")]
    lessons = find_notebooks(notebooks)
    places = {path: path.relative_to(ROOT) for path in texts}
    places |= {path: Path("notebooks", path.name) for path in lessons}
    there = {source / place for place in places.values()} | set(source.rglob("*.md"))
    for path in ROOT.glob("docs/*.png"):
        _copy(path, source / "docs" / path.name)
        there.add(source / "docs" / path.name)
    for path in texts:
        place = source / places[path]
        place.parent.mkdir(parents=True, exist_ok=True)
        text = with_links(path.read_text(encoding="utf-8"), place, there)
        place.write_text(text, encoding="utf-8")
    for path in lessons:
        write_lesson(path, views / path.stem, source, there)


def write_lesson(path: Path, views: Path, source: Path, there: set[Path]) -> None:
    """Write one lesson for Sphinx, its views replaced by what moves without a kernel."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        raise SiteFailed(f"{path.name} is damaged: {error}") from error
    place = source / "notebooks" / path.name
    for cell in notebook.cells:
        cell.source = MARK.sub("", HIDDEN.sub("", cell.source)).rstrip("\n")
        if cell.cell_type == "markdown":
            cell.source = with_links(cell.source, place, there)
    notebook.cells = [c for c in notebook.cells if c.source or c.get("outputs")]
    of_lesson = [name for name, _, lesson in modules() if lesson == path.name[:2]]
    if of_lesson:
        links = ", ".join(f"[`{name}`](../api/{name}.md)" for name in of_lesson)
        closing = f"In the package: {links}. The words: [glossary](../docs/glossary.md)."
        notebook.cells.append(new_markdown_cell(closing))
    for picture in replace_views(notebook, views, f"../_static/views/{path.stem}/"):
        _copy(picture, source / "_static" / "views" / path.stem / picture.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(notebook), encoding="utf-8")


def with_links(text: str, place: Path, there: set[Path]) -> str:
    """Markdown for the site: modules linked, and no link to a file that is not `there`.

    Args:
        text: in the repository.
        place: where it will lie.
        there: all files of the site's source.
    """

    def kept(found: re.Match) -> str:
        return found[0] if Path(os.path.normpath(place.parent / found[2])) in there else found[1]

    def linked(found: re.Match) -> str:
        return f"[{found[0]}](../api/{found[1]}.md)" if found[1] in known else found[0]

    known = {name for name, _, _ in modules()}
    pieces = re.split(r"(^```.*?^```|`[^`\n]*\]\([^`\n]*`)", text, flags=re.MULTILINE | re.DOTALL)
    for k in range(0, len(pieces), 2):  # the others are code
        pieces[k] = LINK.sub(kept, pieces[k])
        if place.parent.name == "notebooks":
            pieces[k] = MODULE.sub(linked, pieces[k])
    return "".join(pieces)


def write_api(folder: Path) -> None:
    """Write a page for each module, and one that lists them."""
    folder.mkdir(parents=True)
    rows = []
    for name, idea, lesson in modules():
        rows.append(f"| [`{name}`]({name}.md) | {idea} | {lesson} |")
        (folder / f"{name}.md").write_text(
            f"# {name}\n\n```{{eval-rst}}\n.. automodule:: helpers.{name}\n   :members:\n```\n",
            encoding="utf-8",
        )
    toc = "\n".join(name for name, _, _ in modules())
    (folder / "index.md").write_text(
        "# The package\n\nOne module, or one folder, for each idea, in the order of the course.\n\n"
        "| module | idea | lesson |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n\n"
        f"```{{toctree}}\n:hidden:\n\n{toc}\n```\n",
        encoding="utf-8",
    )


def write_setup(place: Path) -> None:
    """Write how the course is installed, as README says it."""
    found = SETUP.search((ROOT / "README.md").read_text(encoding="utf-8"))
    text = with_links(found[1], place, set())
    place.write_text(f"# Install the course\n{text}", encoding="utf-8")


def _copy(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, place)


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.book", description=DESCRIPTION)
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    parser.add_argument("--views", type=Path, default=BUILD / "views", metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=BUILD / "site", metavar="FOLDER")
    parser.add_argument("--strict", action="store_true", help="a warning is an error")
    options = parser.parse_args(arguments)
    try:
        print(build(options.notebooks, options.views, options.out, strict=options.strict))
    except (SiteFailed, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
