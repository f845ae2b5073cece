"""The table of modules in `helpers`, which README shows, is true."""

import re
from pathlib import Path

import helpers

FOLDER = Path(helpers.__file__).parent
NOTEBOOKS = FOLDER.parent / "notebooks"
ROWS = re.findall(r"^\| `(\w+)` +\| (.+?) +\| (\d\d|  ) +\|$", helpers.__doc__, re.MULTILINE)
AROUND = set(re.findall(r"`(\w+)`", helpers.__doc__[helpers.__doc__.index("Around them") :]))


def test_every_module_has_its_line():
    modules = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "__main__"}
    modules |= {path.parent.name for path in FOLDER.glob("*/__init__.py")}
    listed = [name for name, _, _ in ROWS]
    assert len(listed) == len(set(listed))
    assert set(listed) | AROUND == modules
    assert not set(listed) & AROUND


def test_the_ideas_stand_in_the_order_of_the_course():
    lessons = [lesson for _, _, lesson in ROWS if lesson.strip()]
    assert lessons == sorted(lessons)


def test_each_lesson_uses_the_modules_that_are_named_with_it():
    for name, _, lesson in ROWS:
        if lesson.strip():
            text = next(NOTEBOOKS.glob(f"{lesson}_*.ipynb")).read_text()
            assert re.search(rf"\b{name}\b", text), name
