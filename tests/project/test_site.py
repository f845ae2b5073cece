"""The whole site in headless Chromium, without a kernel: views move, and everybody can read it.

It takes minutes, so only `make browser` runs it.
"""

import functools
import http.server
import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.project.browser import findings
from tools import book
from tools.execution import NOTEBOOKS, clean, execute, find_notebooks, write_notebook

pytestmark = pytest.mark.skipif(
    not os.environ.get("COURSE_NEEDS_BROWSER"), reason="takes minutes: see `make browser`"
)
SETUP = """from helpers import widgets
from helpers.datasets import load_crops, load_scenes
from helpers.detector import Detector
from helpers.models import load_pretrained
from helpers.training import evaluate
classifier, val = load_pretrained(), load_crops("street", "val")
detector = Detector(classifier)
scenes = load_scenes("street", "test")[:4]
near = load_scenes("street", "test-multiscale")[0]
candidates = [detector.candidates(scene.image) for scene in scenes]
evaluation = evaluate(classifier, val)"""
VIEWS = {
    "data": "widgets.data_view({'val': val})",
    "augmentation": "widgets.augmentation_view(val.images[:4])",
    "score": "widgets.score_view(evaluation, val.labels)",
    "shapes": "widgets.shapes_view()",
    "cell": "widgets.cell_view(scenes[0], detector.fcn)",
    "detection": "widgets.detection_view(scenes[0], detector)",
    "suppression": "widgets.suppression_view(scenes, candidates)",
    "threshold": "widgets.threshold_view(scenes, [detector(s.image) for s in scenes])",
    "pyramid": "widgets.pyramid_view(near, detector, [1, 0.7, 0.5])",
    "scenes": "widgets.scenes_view(scenes, detector)",
}
NAMES = [f"notebooks/{path.stem}" for path in find_notebooks(NOTEBOOKS)]
NAMES += [
    "notebooks/99_views",
    "index",
    "setup",
    "docs/glossary",
    "data/street/CARD",
    "search",
    "genindex",
]
NAMES += ["api/index", "api/boxes", "api/fcn"]  # the others are made alike
CUT_OFF = """() => [...document.querySelectorAll('table :is(th, td)')].filter(cell =>
    cell.getBoundingClientRect().right > window.innerWidth || cell.scrollWidth > cell.clientWidth
).map(cell => cell.textContent)"""
TOO_WIDE = """() => document.documentElement.scrollWidth > window.innerWidth"""
COMPLETE = "player => player.querySelector('img').complete"
STATE = """player => [
    player.querySelector('img').currentSrc,
    player.querySelector('img').alt,
    player.querySelector('figcaption').textContent,
    player.querySelector('img').naturalWidth > 0,
]"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site of all lessons, and of one more with each of the ten views."""
    folder = tmp_path_factory.mktemp("site")
    lessons = folder / "notebooks"
    lessons.mkdir()
    for path in find_notebooks(NOTEBOOKS):
        shutil.copy(path, lessons)
    sources = [SETUP, *VIEWS.values()]
    cells = [new_markdown_cell("# All views"), *map(new_code_cell, sources)]
    extra = lessons / "99_views.ipynb"
    write_notebook(clean(new_notebook(cells=cells)), extra)
    with ThreadPoolExecutor(1) as apart:  # in this thread runs playwright's event loop
        views = folder / "views" / extra.stem
        write_notebook(apart.submit(execute, extra, views=views).result(), extra)
    return book.build(lessons, folder / "views", folder / "site").parent


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served."""
    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Says nothing of what it serves."""

    def log_message(self, *_):
        """Nothing."""


@pytest.fixture
def open_page(browser, address):
    """A function: a page of the site, of a width and theme; afterwards, no complaint is left."""
    contexts, complaints = [], []

    def open_it(name, width=1280, theme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: note(r.url))
        page.goto(f"{address}/{name}.html")
        return page

    def note(url):
        if not url.startswith((address, "data:")):
            complaints.append(f"from outside: {url}")

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def test_every_view_moves_by_keyboard_and_says_what_it_shows(open_page):
    page = open_page("notebooks/99_views")
    players = page.locator(".player").all()
    assert len(players) == len(VIEWS)
    for name, player in zip(VIEWS, players, strict=True):
        assert "JupyterLab" in player.locator(".player-fixed").inner_text()
        controls = player.locator("input, select").all()
        assert controls, name
        for control in controls:
            before = player.evaluate(STATE)
            assert before[3], f"{name}: no picture"
            assert before[1] == before[2]
            assert page.locator(f"label[for={control.get_attribute('id')}]").inner_text()
            value = control.input_value()
            control.focus()
            keys = ["ArrowRight", "ArrowDown", *["ArrowLeft"] * 3, "ArrowUp", "ArrowUp"]
            seen = set()
            for key in keys:
                page.keyboard.press(key)
                page.wait_for_function(COMPLETE, arg=player.element_handle())
                seen.add(tuple(player.evaluate(STATE)))
            after = {state[0] for state in seen}
            assert after - {before[0]}, f"{name}: {value} moves nothing"
            assert all(whole and alt == text for _, alt, text, whole in seen), name


def test_a_view_moves_by_mouse(open_page):
    page = open_page("notebooks/99_views")
    player = page.locator(".player").nth(list(VIEWS).index("score"))
    before = player.evaluate(STATE)
    player.scroll_into_view_if_needed()
    box = player.locator("input").bounding_box()
    page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    assert player.evaluate(STATE)[2] != before[2]
    assert player.locator("input").get_attribute("aria-valuetext") == "1.00"
    assert "threshold 1.00" in player.locator("figcaption").inner_text()


def test_no_view_is_heavy(open_page, site):
    for script in open_page("notebooks/99_views").locator(".player script").all():
        data = json.loads(script.text_content())
        names = {still["picture"] for still in data["stills"]}
        files = [site / "_static" / "views" / "99_views" / name for name in names]
        assert sum(path.stat().st_size for path in files) <= 2e6


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_serious_finding_of_axe(open_page, name):
    for theme in ("light", "dark"):
        assert findings(open_page(name, theme=theme)) == [], theme


def test_axe_would_find_something(open_page):
    page = open_page("docs/glossary")
    page.evaluate("document.querySelector('article').innerHTML += '<img src=\"data:,\">'")
    assert [rule for rule, _ in findings(page)] == ["image-alt"]


@pytest.mark.parametrize("width", [390, 800, 1280])
def test_no_page_is_wider_than_its_window(open_page, address, width):
    page = open_page("index", width)
    for name in NAMES:
        page.goto(f"{address}/{name}.html")
        assert not page.evaluate(TOO_WIDE), name


def test_on_a_phone_the_letters_in_views_stay_legible_and_keys_scroll_the_picture(open_page):
    page = open_page("notebooks/99_views", 390)
    pictures = page.locator(".player-picture").all()
    assert len(pictures) == len(VIEWS)
    for picture in pictures:
        picture.scroll_into_view_if_needed()
        page.wait_for_function("frame => frame.tabIndex === 0", arg=picture.element_handle())
        assert picture.locator("img").bounding_box()["width"] > 0.7 * 720
        picture.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("frame => frame.scrollLeft > 0", arg=picture.element_handle())
    assert findings(page) == []


def test_where_there_is_room_a_picture_is_no_stop_of_the_keyboard(open_page):
    page = open_page("notebooks/99_views", 1280)
    assert page.locator(".player-picture").count() == len(VIEWS)
    assert page.locator(".player-picture[tabindex]").count() == 0


def test_on_a_phone_the_glossarys_columns_are_all_in_sight(open_page):
    page = open_page("docs/glossary", 390)
    assert page.locator("table tr:first-child th").count() == 4
    assert page.evaluate(CUT_OFF) == []


def test_search_finds_a_word_of_a_lesson(open_page):
    page = open_page("search")
    page.goto(page.url + "?q=suppression")
    page.wait_for_selector("ul.search li a")
    links = page.locator("ul.search li a").evaluate_all("all => all.map(a => a.href)")
    assert any("06_boxes" in link for link in links)
