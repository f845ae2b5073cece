"""The pictures of the README: each lesson still shows the figure that stands for it."""

import io

import pytest
from PIL import Image

from tools.execution import find_notebooks
from tools.upkeep import pictures


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_a_lesson_has_its_thumbnail(path):
    picture = Image.open(io.BytesIO(pictures.thumbnail(path)))
    room = [most - side for most, side in zip(pictures.THUMBNAIL, picture.size, strict=True)]
    assert min(room) in (0, 1)  # as large as may be, but for rounding


def test_a_figure_that_is_gone_is_said(monkeypatch):
    path = find_notebooks()[0]
    monkeypatch.setitem(pictures.FIGURES, path.stem, "a unicorn")
    with pytest.raises(ValueError, match="shows no figure 'a unicorn'"):
        pictures.thumbnail(path)
