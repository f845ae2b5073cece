"""A view as pictures: which controls move, through which positions, and what is written."""

import json

import ipywidgets
import pytest
import torch
from PIL import Image

from helpers import plots, widgets
from helpers.widgets import stills


def drawn(**controls):
    """A view that writes its values as its caption, above a small picture."""
    return widgets.view(draw, **controls)


def draw(**values):
    figure, axes = plots.new_figure(1, 1)
    axes[0, 0].set_title(" ".join(str(v) for v in values.values())[:2])
    return figure, " ".join(f"{name}={value}" for name, value in values.items()) + ' <"&>'


def slider(**options):
    return ipywidgets.IntSlider(**{"description": "number", "min": 1, "max": 4} | options)


def test_the_first_slider_moves_and_the_others_say_where_they_stand(tmp_path):
    menu = ipywidgets.Dropdown(options=["a", "b"], description="letter")
    view = drawn(letter=menu, number=slider(value=3), share=ipywidgets.FloatSlider(0.5, max=1))
    shown = view.children[-1].value
    made = stills.stills(view, tmp_path)
    [control] = made["controls"]
    assert control == {
        "label": "number",
        "kind": "slider",
        "positions": ["1", "2", "3", "4"],
        "start": 2,
    }
    assert made["fixed"] == [["letter", "a"], ["", "0.50"]]
    captions = [f'letter=a number={n} share=0.5 <"&>' for n in range(1, 5)]
    assert [still["caption"] for still in made["stills"]] == captions
    assert view.children[-1].value == shown
    for still in made["stills"]:
        with Image.open(tmp_path / still["picture"]) as image:
            assert image.size == (still["width"], still["height"])


def test_named_controls_move_together_the_last_one_fastest(tmp_path):
    menu = ipywidgets.Dropdown(options=["a", "b"], description="letter")
    view = drawn(letter=menu, number=slider(max=5), moves=("letter", "number"))
    made = stills.stills(view, tmp_path)
    assert [control["kind"] for control in made["controls"]] == ["menu", "slider"]
    values = [still["caption"].removesuffix(' <"&>') for still in made["stills"]]
    assert values == [f"letter={c} number={n}" for c in "ab" for n in range(1, 6)]
    assert made["fixed"] == []


@pytest.mark.parametrize(("value", "first"), [(7, 1), (8, 2), (9, 0)])
def test_of_many_positions_some_are_left_out_but_not_where_it_stands(value, first, monkeypatch):
    monkeypatch.setattr(stills, "MOST", 5)
    many = slider(min=0, max=14, value=value)
    moving = stills._moving(drawn(number=many), [many])
    assert [position for position, _ in moving[many]] == list(range(first, 15, 3))


def test_a_slider_for_which_there_is_no_room_stays(monkeypatch):
    monkeypatch.setattr(stills, "MOST", 9)
    menu, number = ipywidgets.Dropdown(options=["a", "b"]), slider(max=20)
    view = drawn(letter=menu, number=number, moves=("letter", "number"))
    assert list(stills._moving(view, [menu, number])) == [menu]


def test_positions_read_as_the_slider_shows_them():
    tenths = ipywidgets.FloatSlider(min=0.05, max=1, step=0.05, value=0.5)
    positions = stills.positions_of(tenths)
    assert positions[0] == (0.05, "0.05")
    assert positions[-1] == (1.0, "1.00")
    assert len(positions) == 20


def test_only_views_among_the_results_are_saved_and_pictures_are_small(tmp_path):
    images = torch.rand(4, 1, 40, 100, generator=torch.Generator().manual_seed(0))
    view = widgets.augmentation_view(images)
    no_picture = ipywidgets.VBox([ipywidgets.IntSlider(), ipywidgets.HTML("<b>none</b>")])
    results = {2: "text", 3: ipywidgets.VBox([]), 5: no_picture, 7: view}
    assert stills.save_views(results, tmp_path) == [tmp_path / "7.json"]
    made = json.loads((tmp_path / "7.json").read_text())
    pictures = {still["picture"] for still in made["stills"]}
    assert {path.name for path in tmp_path.iterdir()} == {"7.json", *pictures}
    assert len(made["stills"]) == 8 * 5
    # Noise is the worst that can be packed.
    assert sum((tmp_path / name).stat().st_size for name in pictures) < 2e6
