"""The site: built once, whole, from the saved lessons; its links, its loads, what it shows."""

import json
import runpy
from types import SimpleNamespace

import nbformat
import pytest
from docutils import nodes
from nbformat.v4 import new_notebook
from PIL import Image

from tests.tools.pages import dead_links, outside_loads, parsed
from tools import book
from tools.execution import NOTEBOOKS, ROOT, find_notebooks, write_notebook
from tools.players import WIDGET

LESSONS = find_notebooks(NOTEBOOKS)
START = LESSONS[0]


def number_of_view(path):
    """The execution count of the cell that shows a view."""
    cells = nbformat.read(path, as_version=4).cells
    return next(
        cell.execution_count
        for cell in cells
        if any(WIDGET in output.get("data", {}) for output in cell.get("outputs", []))
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site of all lessons; only the first has pictures of its view."""
    folder = tmp_path_factory.mktemp("site")
    views = folder / "views" / START.stem
    views.mkdir(parents=True)
    Image.new("RGB", (30, 20), "white").save(views / "white.webp")
    still = {"picture": "white.webp", "width": 30, "height": 20, "caption": "all </white>"}
    control = {"label": "shade", "kind": "slider", "positions": ["0", "1"], "start": 0}
    view = {"controls": [control], "fixed": [["size", "3"]], "stills": [still, still]}
    (views / f"{number_of_view(START)}.json").write_text(json.dumps(view))
    first = book.build(NOTEBOOKS, folder / "views", folder / "site", strict=True)
    assert first == folder / "site" / "index.html"
    assert sorted(path.name for path in folder.iterdir()) == ["site", "views"]
    return folder / "site"


def page(site, name):
    return parsed(site / f"{name}.html")


def test_lessons_words_cards_and_modules_have_pages_that_the_contents_list(site):
    names = [f"notebooks/{path.stem}" for path in LESSONS]
    names += ["setup", "docs/glossary", "data/street/CARD", "data/weights/CARD", "api/index"]
    listed = {link["href"] for link in page(site, "index").select("nav a[href]")}
    assert {f"{name}.html" for name in names} <= listed
    for name, _, _ in book.modules():
        assert page(site, f"api/{name}").select(f"#module-helpers\\.{name}, dt.sig"), name


def test_no_link_is_dead(site):
    assert dead_links(site) == []


def test_nothing_is_loaded_from_outside(site):
    assert outside_loads(site) == []


def test_lessons_lead_to_modules_words_and_each_other_and_modules_to_lessons(site):
    def links(name):
        return {link["href"].split("#")[0] for link in page(site, name).select("article a[href]")}

    assert {"../api/boxes.html", "../docs/glossary.html"} <= links("notebooks/06_boxes")
    assert "../notebooks/06_boxes.html" in links("api/boxes")
    assert "../data/street/CARD.html" in links("notebooks/01_data")
    start = page(site, "notebooks/00_start_here")
    assert start.select_one("a.right-next")["href"].endswith("01_data.html")


def test_the_first_page_leads_to_the_installation_as_readme_tells_it(site):
    links = [link["href"] for link in page(site, "index").select("article p a[href]")]
    assert "setup.html" in links
    article = page(site, "setup").select_one("article")
    assert article.select_one("h1").text.startswith("Install the course")
    for told in ("make run", "make lab", "git clone", "environment.yml", "Python 3.11"):
        assert told in article.text
    assert "you build" not in article.text  # the next part of README


def test_views_are_players_or_say_where_they_move(site):
    [player] = page(site, f"notebooks/{START.stem}").select(".player")
    assert player.select_one("label").text == "shade"
    assert player.select_one("input")["max"] == "1"
    assert player.select_one("figcaption[aria-live]").text == "all </white>"
    assert "size at 3" in player.text
    assert json.loads(player.select_one("script").string)["stills"][1]["caption"] == "all </white>"
    assert "moves where the lesson runs" in page(site, f"notebooks/{LESSONS[1].stem}").text
    for path in LESSONS:
        text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
        assert "VBox(children" not in text
        assert "application/vnd.jupyter.widget" not in text


def test_marks_of_grading_are_not_shown(site):
    saved = "".join(path.read_text() for path in LESSONS)
    assert "BEGIN HIDDEN TESTS" in saved
    assert "hidden_boxes" in saved
    for path in LESSONS:
        text = page(site, f"notebooks/{path.stem}").text
        for mark in ("HIDDEN TESTS", "BEGIN SOLUTION", "END SOLUTION", "hidden_boxes"):
            assert mark not in text, path.stem


def test_what_is_wrong_would_be_seen(tmp_path):
    (tmp_path / "a.html").write_text(
        '<a id="here" href="b.html">b</a><a href="#there">c</a><a href="#here">d</a>'
        '<a href="https://example.org">only a link</a><a href="c%20d.html">e</a>'
        '<script src="https://x.org/a.js"></script><link href="//x.org/b.css">'
        '<img src="gone.png"><p style="background: url(http://x.org/c.png)">f</p>'
    )
    (tmp_path / "c d.html").write_text("")
    (tmp_path / "s.css").write_text('@import "https://x.org/d.css"; a{b:url(e.png)}')
    assert dead_links(tmp_path) == ["a.html: b.html", "a.html: #there", "a.html: gone.png"]
    outside = ["a.html: https://x.org/a.js", "a.html: //x.org/b.css", "a.html: http://x.org/c.png"]
    assert outside_loads(tmp_path) == [*outside, "s.css: https://x.org/d.css"]


def test_links_that_the_site_has_no_page_for_become_text(tmp_path):
    place, there = tmp_path / "notebooks" / "a.ipynb", {tmp_path / "docs" / "glossary.md"}
    text = "[g](../docs/glossary.md#iou) [c](../ci.yml) [w](https://x.org) [h](#h) ![p](p.png)"
    kept = "[g](../docs/glossary.md#iou) c [w](https://x.org) [h](#h) ![p](p.png)"
    assert book.with_links(text, place, there) == kept
    text = "`helpers.boxes.nms` `helpers.none`\n```\n[c](d) `helpers.boxes`\n```"
    linked = text.replace("`helpers.boxes.nms`", "[`helpers.boxes.nms`](../api/boxes.md)")
    assert book.with_links(text, place, there) == linked


def test_formulas_are_made_without_a_script():
    conf = runpy.run_path(str(ROOT / "tools" / "site" / "conf.py"))
    writer = SimpleNamespace(body=[])
    with pytest.raises(nodes.SkipNode):
        conf["inline_math"](writer, nodes.math("", "x^2"))
    assert writer.body[0].startswith("<math")
    assert "<msup>" in writer.body[0]


def test_what_sphinx_does_not_like_is_said_and_the_old_site_stays(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(book.sys, "executable", "false")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").write_text("old")
    write_notebook(new_notebook(), tmp_path / "notebooks" / "00_a.ipynb")
    folders = ["--notebooks", str(tmp_path / "notebooks"), "--out", str(tmp_path / "site")]
    assert book.main(folders) == 1
    assert "the site could not be made" in capsys.readouterr().err
    assert (tmp_path / "site" / "old.html").is_file()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [("none", "no notebooks in"), ("damaged", "00_a.ipynb is damaged"), ("no folder", "a-file")],
)
def test_lessons_that_cannot_be_shown_are_said_and_the_old_site_stays(
    tmp_path, capsys, spoil, message
):
    old, out = tmp_path / "site" / "old.html", tmp_path / "site"
    old.parent.mkdir()
    old.touch()
    (tmp_path / "notebooks").mkdir()
    if spoil == "damaged":
        (tmp_path / "notebooks" / "00_a.ipynb").write_text("{")
    elif spoil == "no folder":
        write_notebook(new_notebook(), tmp_path / "notebooks" / "00_a.ipynb")
        (tmp_path / "a-file").touch()
        out = tmp_path / "a-file" / "site"
    assert book.main(["--notebooks", str(tmp_path / "notebooks"), "--out", str(out)]) == 1
    assert message in capsys.readouterr().err
    assert old.exists()
