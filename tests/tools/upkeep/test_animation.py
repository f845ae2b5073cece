"""The README's animation: what it says is what the networks gave."""

import io

import pytest
from PIL import Image

from helpers.datasets import load_scenes
from helpers.paths import ROOT
from tools.upkeep import animation


@pytest.fixture(scope="module")
def film():
    return animation.Film(load_scenes("street", "test")[animation.SCENE].image)


def _ground(colours):
    return {colour: count for count, colour in colours}[60, 64, 70]


def test_the_heatmap_fills_up_to_the_window_that_is_shown(film):
    empty, some, full = (film._heatmap(seen).getcolors(100_000) for seen in (0, 700, 2294))
    ground = _ground(some)
    assert empty == [(film.size[0] * film.size[1], (60, 64, 70))]
    assert ground < empty[0][0]
    assert _ground(full) < ground


def test_the_file_moves_and_its_still_does_not(film):
    frames = [(film._frame("title", "line", seen), 100) for seen in (0, 1, 2294)]
    moving = Image.open(io.BytesIO(animation.gif(frames)))
    assert moving.n_frames == 3
    assert moving.info["loop"] == 0
    assert not getattr(Image.open(io.BytesIO(animation.still(frames))), "is_animated", False)


def test_the_readme_tells_those_who_do_not_see_it_the_right_numbers(film):
    above, kept = film.chosen()
    words = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"{film.scores.numel():,} positions" in words
    assert (len(above), len(kept)) == (24, 3)
    assert "Twenty-four boxes appear around three cars, and three remain" in words
