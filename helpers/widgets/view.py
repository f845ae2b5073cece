"""Controls above a picture that is made anew whenever one of them changes."""

from collections.abc import Callable, Sequence

import ipywidgets
from matplotlib.figure import Figure

from helpers import plots

CaptionedFigure = tuple[Figure, str]


def view(
    plot: Callable[..., CaptionedFigure],
    *,
    moves: Sequence[str] = (),
    **controls: ipywidgets.Widget,
) -> ipywidgets.VBox:
    """Controls above a picture that is made anew whenever one of them changes.

    Args:
        plot: takes the values of all controls by their names, and returns a figure and what it
            shows in words.
        moves: names of the controls that can be moved on a page without a kernel, too, the most
            important last; the first slider, if none is named (see `widgets.stills`).
        controls: sliders and menus by the names that `plot` has for them.
    """
    picture = ipywidgets.HTML()

    def redraw(_: object = None) -> None:
        values = {name: control.value for name, control in controls.items()}
        picture.value = plots.figure_html(*plot(**values), quick=True)

    for control in controls.values():
        control.style.description_width = "initial"
        control.layout.width = "420px"
        control.observe(redraw, "value")
    redraw()
    box = ipywidgets.VBox([*controls.values(), picture])
    box.moves = tuple(controls[name] for name in moves)
    return box
