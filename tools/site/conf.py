"""How Sphinx makes the site; `tools.book` prepares what it reads and calls it."""

import re
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert

import tools  # noqa: F401  (what it says of jsonschema)
from helpers import __version__

project = "From classifier to detector"
author = "The authors of From classifier to detector"
copyright = "the authors. Texts and pictures: CC BY 4.0; code: MIT"
version = release = __version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
nb_execution_mode = "off"  # what is shown was executed by `make run`
nb_ipywidgets_js = {}  # or every page loads RequireJS and a widget manager from elsewhere
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
myst_url_schemes = ["http", "https", "mailto"]
# Links to headings, as Jupyter and GitHub make them.
suppress_warnings = ["myst.header", "config.cache"]

default_role = "code"  # docstrings write `code` as Markdown does
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"
napoleon_use_rtype = False

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = [("player.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_math_renderer = "mathml"  # made now, so that no page needs a script for it
html_favicon = "_static/icon.svg"
html_context = {"default_mode": "auto"}
html_theme_options = {
    # The sidebar has a title and a search already.
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

ALIAS = re.compile(r"Alias for field number \d+")
LESSON = re.compile(r"\bLessons? (\d\d)\b")


def inline_math(self, node: nodes.math) -> None:
    """A formula in a sentence, as MathML."""
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block_math(self, node: nodes.math_block) -> None:
    """A formula of its own line, as MathML."""
    self.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def polish(app, what, name, obj, options, lines: list[str]) -> None:
    """In docstrings, "Lesson 06" leads to the lesson, and what Python wrote itself is left out."""
    lines[:] = [line for line in lines if not ALIAS.fullmatch(line)]
    lessons = {Path(name).name[:2]: name for name in app.env.found_docs if "notebooks/" in name}

    def link(found: re.Match) -> str:
        name = lessons.get(found[1])
        return f":doc:`{found[0]} </{name}>`" if name else found[0]

    lines[:] = [line if ">>>" in line else LESSON.sub(link, line) for line in lines]


def setup(app) -> None:
    """What Sphinx calls first."""
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
    app.connect("autodoc-process-docstring", polish)
