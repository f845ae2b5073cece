"""What the teacher and the students read, and what gradebooks import; nothing is run here."""

import csv
import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from tools.grading import statistics
from tools.grading.class_page import class_page
from tools.grading.exports import write_exports
from tools.grading.results import FAILED, IN_WORDS, NO_ANSWER, PASSED, Exercise, Result
from tools.grading.student_page import student_page
from tools.grading.table import Grade, Graded
from tools.submissions.versions import FileLine, Submission
from tools.verdicts import WARNED
from tools.words import Mark

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 1234567 * 2 }}"
FIRST = Exercise("a-test", "Exercise 1: a", 2.0, 2.0, PASSED, seconds=1.0)
SECOND = Exercise("b-test", "Exercise 2: b", 0.0, 3.0, FAILED, "CheckFailed: b: the sign is wrong")
WORDS = Exercise("words", "Exercise 3: words", None, 2.0, IN_WORDS, answer="Because.")


def graded(student="Ada", *exercises, **options):
    handed = Submission(student, "lesson", None, options.pop("remarks", ()))
    return Graded(handed, Result("lesson", exercises or (FIRST, SECOND, WORDS)), **options)


class Elements(HTMLParser):
    """All elements of a page, with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def assert_harmless(page):
    """No script, no handler, nothing loaded from elsewhere."""
    elements = Elements(page).found
    assert not [tag for tag, _ in elements if tag in ("script", "iframe", "object", "img", "link")]
    names = {name for _, attributes in elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "src"]
    assert elements[2][0] == "meta", "the policy comes before anything else"
    assert "default-src 'none'" in html.unescape(elements[2][1]["content"])
    assert "{{" not in page or "{{ 1234567 * 2 }}" in page


def test_the_student_reads_what_each_exercise_earned_and_why():
    second = replace(SECOND, where="checks.check_b(b)", answer="def b(): return -1")
    page = student_page(graded("Ada", FIRST, second, WORDS))
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html.unescape(page)))
    assert "2 of 7 points" in text
    assert "Exercise 1: a 2 of 2 points : right" in text.replace("points: right", "points : right")
    assert "the sign is wrong" in text
    assert "checks.check_b(b)" in text
    assert "def b(): return -1" in text
    assert "Not yet read: up to 2 points" in text
    assert "width=device-width" in page
    assert "prefers-color-scheme: dark" in page
    assert_harmless(page)


def test_marks_and_comments_of_a_person_are_on_the_page():
    page = student_page(graded(marks=(("words", Mark("words", 1.5, "Say <b>why</b>")),)))
    assert "3.5 of 7 points" in page
    assert "Say &lt;b&gt;why&lt;/b&gt;" in page
    assert "ot yet read" not in page


def test_a_warning_is_said_to_cost_nothing():
    page = student_page(graded("Ada", replace(FIRST, printed=f"careful{WARNED}")))
    assert "it costs no points" in page
    assert "it costs no points" not in student_page(graded("Ada", replace(FIRST, printed="x")))


def test_whatever_a_student_wrote_is_text():
    evil = Exercise(EVIL, EVIL, 0.0, 1.0, FAILED, EVIL, EVIL, EVIL, EVIL)
    result = Result("lesson", (evil,), (EVIL,), (EVIL,), doubtful=True)
    one = replace(graded(EVIL, remarks=(EVIL,), notes=(EVIL,)), result=result)
    assert_harmless(student_page(one))
    files = [FileLine(EVIL, EVIL, "lesson", "not graded", EVIL)]
    page = class_page([one.line], [one], statistics.lessons([one]), files)
    assert_harmless(page)
    assert "2469134" not in page
    assert page.count("&lt;script&gt;") >= 4
    [link] = [attributes["href"] for tag, attributes in Elements(page).found if tag == "a"]
    assert not re.search(r"[<>:\"']", link)


def made_class(number=20):
    dice = np.random.default_rng(0)
    for k in range(number):
        skill = dice.random()
        points = [most * float(dice.random() < skill) for most in (2, 3, 4)]
        yield graded(
            f"student {k:02}",
            *(
                Exercise(f"e{n}", f"E{n}", earned, most, PASSED if earned else FAILED, message)
                for n, (earned, most) in enumerate(zip(points, (2.0, 3.0, 4.0), strict=True))
                for message in ["" if earned else f"wrong {k % 3}"]
            ),
        )


def test_difficulty_and_discrimination_are_what_their_definitions_say():
    class_ = list(made_class())
    [lesson] = statistics.lessons(class_)
    table = np.array([[points for _, points, _ in one.exercises] for one in class_])
    assert lesson.mean == pytest.approx(table.sum(1).mean())
    for number, item in enumerate(lesson.items):
        rest = table.sum(1) - table[:, number]
        assert item.mean == pytest.approx((table[:, number] / item.max_points).mean())
        expected = np.corrcoef(table[:, number], rest)[0, 1]
        assert item.discrimination == pytest.approx(expected)
        assert item.right == (table[:, number] > 0).sum()
    assert sum(lesson.counts) == 20
    assert lesson.counts[9] == (table.sum(1) == 9).sum()


def test_the_most_frequent_messages_come_first_and_empty_answers_are_counted_apart():
    rows = ["sign", "sign", "shape", "sign"]
    class_ = [graded(f"{k}", replace(SECOND, message=text)) for k, text in enumerate(rows)]
    empty = replace(SECOND, outcome=NO_ANSWER, message="NotImplementedError")
    [lesson] = statistics.lessons([*class_, graded("e", empty)])
    [item] = lesson.items
    assert item.messages == (("sign", 3), ("shape", 1))
    assert (item.answers, item.unanswered, item.discrimination) == (5, 1, None)


def test_the_teachers_page_has_everybody_and_every_note():
    class_ = [*made_class(3), graded("Bob", remarks=("cell 3 took more than 8 s",))]
    missing = Grade("Eve", "lesson", "0", "9", "0", "not handed in", "not handed in")
    grades = [*(one.line for one in class_), missing]
    files = [FileLine("Eve", "Eve/song.mp3", "", "not graded", "not a notebook")]
    page = class_page(grades, class_, statistics.lessons(class_), files)
    for text in ("student 00", "Bob", "Eve", "cell 3 took more than 8 s", "Eve/song.mp3"):
        assert text in page
    assert "+ 2 not yet read" in page
    assert 'href="feedback/Bob/lesson.html"' in page
    columns, rows = statistics.item_rows(statistics.lessons(class_))
    assert all(len(row) == len(columns) for row in rows)


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_moodle_and_canvas_get_what_they_import(tmp_path):
    grades = [
        Grade("Lovelace Ada_123456", "04_fcn", "12.5", "14"),
        Grade("=SUM(A1)_7", "04_fcn", "3", "14", "2", "not yet read", "=1+1"),
        Grade("Bob", "04_fcn", "0", "14", "0", "not handed in", "not handed in"),
        Grade("Bob", "05_heatmaps", "5", "16"),
    ]
    write_exports(tmp_path, grades)
    assert read(tmp_path / "moodle" / "04_fcn.csv") == [
        ["Identifier", "Full name", "Grade", "Maximum Grade", "Feedback comments"],
        ["Participant 123456", "Lovelace Ada", "12.5", "14", "graded"],
        ["Participant 7", "'=SUM(A1)", "", "14", "'=1+1"],
        ["", "Bob", "", "14", "not handed in"],
    ]
    assert read(tmp_path / "canvas.csv") == [
        *(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "04_fcn", "05_heatmaps"],),
        ["    Points Possible", "", "", "", "", "14", "16"],
        ["'=SUM(A1)", "7", "", "", "", "", ""],
        ["Bob", "", "", "", "", "", "5"],
        ["Lovelace Ada", "123456", "", "", "", "12.5", ""],
    ]
