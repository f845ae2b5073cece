"""The glossary: each word stands in the text of the lesson that is said to bring it in."""

import re
from pathlib import Path

import nbformat
import pytest

from tools.execution import NOTEBOOKS, ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (.+?) \| (.+?) \| \[(\d\d)\]\((\S+?)\) \| (.+?) \|$", re.MULTILINE)
ENTRIES = [(word, *rest) for word, *rest in ROW.findall(TEXT)]


def forms(entry):
    """A word and what stands after it in brackets: "multiply-adds (MACs)" gives two."""
    return [word.strip() for word in re.split(r"[()]", entry) if word.strip()]


def occurs(word, text):
    """Is the word there, as one or as several, with a space or a hyphen or a line end?"""
    stem = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
    pattern = r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", stem)))
    return bool(re.search(rf"(?<!\w){pattern}(?:s|es)?(?!\w)", text, re.IGNORECASE))


def prose(lesson):
    notebook = nbformat.read(lesson, as_version=4)
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def missing_words():
    """Each word that is not in the text of its lesson, with the lesson's number."""
    texts = {path.name[:2]: prose(path) for path in NOTEBOOKS.glob("*.ipynb")}
    return [
        (lesson, word)
        for entry, _, lesson, *_ in ENTRIES
        for word in forms(entry)
        if not occurs(word, texts[lesson])
    ]


def test_every_word_stands_in_its_lesson():
    assert missing_words() == []


def test_there_are_about_sixty_words_each_once_in_the_order_of_the_course():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(ENTRIES), "a row is not of the form: word, sentence, lesson, elsewhere"
    assert 50 <= len(ENTRIES) <= 70
    words = [word.lower() for word, *_ in ENTRIES]
    assert len(words) == len(set(words))
    lessons = [lesson for _, _, lesson, *_ in ENTRIES]
    assert lessons == sorted(lessons)


def test_every_link_leads_to_the_lesson_of_that_number():
    for word, _, lesson, link, _ in ENTRIES:
        path = (ROOT / "docs" / link).resolve()
        assert path.is_file(), word
        assert path.parent == NOTEBOOKS, word
        assert path.name.startswith(f"{lesson}_"), word


@pytest.mark.parametrize(
    ("word", "text", "there"),
    [
        ("feature map", "Two feature\nmaps come out.", True),
        ("FLOPs", "a FLOP", True),
        ("cell", "cellar", False),
        ("loss", "It is lost.", False),
        ("true positive", "truly positive", False),
        ("hard negative mining", "hard-negative mining", True),
    ],
)
def test_a_word_is_told_from_what_looks_like_it(word, text, there):
    assert occurs(word, text) is there


def test_readme_leads_to_the_glossary():
    assert "(docs/glossary.md)" in Path(ROOT, "README.md").read_text(encoding="utf-8")
