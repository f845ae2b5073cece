"""The page that a teacher gets: one file, which needs no network, about a whole class."""

from collections.abc import Sequence
from urllib.parse import quote

from tools.grading import results
from tools.grading.statistics import BINS, Lesson
from tools.grading.student_page import POLICY, TEMPLATES
from tools.grading.table import MISSING, NOT_GRADED, Grade, Graded
from tools.submissions.versions import FileLine


def class_page(
    grades: Sequence[Grade],
    graded: Sequence[Graded],
    lessons: Sequence[Lesson],
    files: Sequence[FileLine],
) -> str:
    """The teacher's page, as HTML that loads nothing and runs no script."""
    table = {(one.student, one.assignment): one for one in grades}
    pages = {
        (one.handed.student, one.handed.assignment): _link(one)
        for one in graded
        if not one.handed.problem
    }
    return TEMPLATES.get_template("class.html").render(
        policy=POLICY,
        results=results,
        bins=BINS,
        lessons=lessons,
        students=sorted({one.student for one in grades}),
        names=sorted({one.assignment for one in grades}),
        table=table,
        pages=pages,
        noted=[one for one in grades if one.note and one.status != MISSING],
        doubtful=[one.handed for one in graded if one.result.doubtful],
        waiting=sum(float(one.needs_manual_grading) for one in grades),
        files=[one for one in files if one.state == NOT_GRADED],
        missing=MISSING,
        not_graded=NOT_GRADED,
    )


def _link(graded: Graded) -> str:
    """Where a student's page is, seen from the teacher's."""
    return quote(f"feedback/{graded.handed.student}/{graded.handed.assignment}.html")
