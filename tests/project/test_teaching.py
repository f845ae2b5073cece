"""The guide for teachers: every lesson has its section, and what it names is there."""

import re
from pathlib import Path

import pytest

from tools.execution import NOTEBOOKS, ROOT
from tools.upkeep.lessons import LESSONS

GUIDE = (NOTEBOOKS / "TEACHING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\d\d) [^\n]*\n(.*?)(?=^## |\Z)", GUIDE, re.DOTALL | re.MULTILINE))
PARTS = ("Question", "Aims", "Minutes", "Prerequisites", "Misconceptions", "Rubric, in words")


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_lesson_has_its_section(lesson):
    section = SECTIONS[lesson[:2]]
    found = re.findall(r"^- \*\*(.+?):\*\* +\S", section, re.MULTILINE)
    assert found == list(PARTS)
    [minutes] = re.findall(r"^- \*\*Minutes:\*\* (\d+)$", section, re.MULTILINE)
    assert 20 <= int(minutes) <= 60
    rubric = section.split("**Rubric, in words:**")[1]
    assert re.findall(r"\*(\w+):\*", rubric) == ["full", "Half", "None"]


def test_there_are_no_other_sections():
    assert [lesson[:2] for lesson in LESSONS] == list(SECTIONS)


@pytest.mark.parametrize("weeks", ["Two", "Six"])
def test_every_lesson_is_in_the_timetable(weeks):
    [table] = re.findall(rf"^### {weeks} weeks.*?(?=^##)", GUIDE, re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"\b(?:0\d|10)\b", table)) == {lesson[:2] for lesson in LESSONS}


def test_what_it_tells_to_run_is_there():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make (\w+)", GUIDE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for folder in re.findall(r"`((?:helpers|tests)/\w+)`", GUIDE):
        assert Path(ROOT, folder).is_dir(), folder
