"""The page that a student gets: each exercise, what it earned, and why."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tools.grading import results
from tools.grading.table import Graded

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,  # what a student wrote is text, whatever it looks like
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters["points"] = lambda points: f"{points:g}"
# Nothing is loaded, nothing runs, nothing is sent, whatever a page holds.
POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none';"
    " base-uri 'none'"
)


def student_page(graded: Graded) -> str:
    """The page of one submission, as HTML that loads nothing and runs no script."""
    return TEMPLATES.get_template("student.html").render(
        graded=graded, results=results, policy=POLICY
    )
