"""What stands on a page in place of a view: pictures of its positions, moved by a script."""

import html
import json
from pathlib import Path

from tools.execution import WIDGET

KERNEL_ONLY = "<p><em>Here stands a view that moves where the lesson runs, in JupyterLab.</em></p>"


def player(view: dict, number: str, folder: str) -> str:
    """HTML for a view.

    Args:
        view: what `helpers.widgets.stills` wrote.
        number: different for each view of a page.
        folder: where its pictures lie, seen from the page, with a slash at the end.
    """
    first = 0
    for control in view["controls"]:
        first = first * len(control["positions"]) + control["start"]
    still = view["stills"][first]
    controls = "".join(
        _control(control, f"view-{number}-{k}") for k, control in enumerate(view["controls"])
    )
    text = html.escape(still["caption"], quote=True)
    size = f'width="{still["width"]}" height="{still["height"]}"'
    data = {"folder": folder, "controls": view["controls"], "stills": view["stills"]}
    # In a script, only "</" could end it too early.
    inside = json.dumps(data).replace("</", "<\\/")
    return (
        '<div class="player">'
        f'<div class="player-controls" hidden>{controls}</div>'
        f'<figure><div class="player-picture">'
        f'<img alt="{text}" {size} src="{folder}{still["picture"]}"></div>'
        f'<figcaption aria-live="polite">{text}</figcaption></figure>'
        f'<p class="player-fixed">{_fixed(view)}</p>'
        f'<script type="application/json">{inside}</script></div>'
    )


def _control(control: dict, name: str) -> str:
    label = html.escape(control["label"])
    places, start = control["positions"], control["start"]
    if control["kind"] == "menu":
        options = "".join(
            f'<option value="{k}"{" selected" if k == start else ""}>{html.escape(text)}</option>'
            for k, text in enumerate(places)
        )
        inside = f'<select id="{name}" autocomplete="off">{options}</select>'
    else:
        inside = (
            f'<input type="range" id="{name}" min="0" max="{len(places) - 1}" value="{start}"'
            f' aria-valuetext="{places[start]}" autocomplete="off">'
            f'<span aria-hidden="true">{places[start]}</span>'
        )
    return f'<div class="player-control"><label for="{name}">{label}</label>{inside}</div>'


def _fixed(view: dict) -> str:
    """What does not move here, and where it would."""
    if not view["fixed"]:
        return "Made of pictures: in JupyterLab, it takes every value."
    listed = " and ".join(f"{label} at {text}" for label, text in view["fixed"])
    return f"Fixed here: {html.escape(listed)}. In JupyterLab, all of it moves."


def replace_views(notebook: dict, views: Path, folder: str) -> list[Path]:
    """Put a player, or a sentence, where a notebook's outputs show a view; change it in place.

    Args:
        notebook: executed.
        views: the folder of its views, as `helpers.widgets.stills` writes it, if there is one.
        folder: where the pictures will lie, seen from the page.

    Returns:
        The files of the pictures.
    """
    pictures = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if WIDGET not in output.get("data", {}):
                continue
            file = views / f"{cell['execution_count']}.json"
            page = KERNEL_ONLY
            if file.is_file():
                view = json.loads(file.read_text())
                page = player(view, str(cell["execution_count"]), folder)
                pictures += [views / still["picture"] for still in view["stills"]]
            output["data"] = {"text/html": page, "text/plain": "a view"}
    return pictures
