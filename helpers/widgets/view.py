"""Controls above a picture that is made anew whenever one of them changes."""

from collections.abc import Callable, Sequence

import ipywidgets
from matplotlib.figure import Figure

from helpers import plots

CaptionedFigure = tuple[Figure, str]
# To a screen reader, ipywidgets' sliders have no names, and a new caption makes no sound. A style
# runs this each time that it comes onto a page, which a script would not do there. The controls may
# come a moment later.
FOR_ALL = """<style onload="setTimeout(() => {
    this.closest('.widget-html')?.setAttribute('aria-live', 'polite');
    for (const slider of this.closest('.widget-vbox')?.querySelectorAll('.widget-slider') ?? []) {
        const name = slider.querySelector('.widget-label')?.textContent;
        slider.querySelector('.noUi-handle')?.setAttribute('aria-label', name);
    }
}, 300)">/**/</style>"""


class View(ipywidgets.VBox):
    """Controls above a picture, which says in a sentence what it is where no widget can be shown.

    Args:
        controls: from the top.
        page: the picture.
        moves: the controls that can be moved without a kernel, too (see `widgets.stills`).
    """

    def __init__(
        self,
        controls: Sequence[ipywidgets.Widget],
        page: ipywidgets.HTML,
        moves: Sequence[ipywidgets.Widget] = (),
    ) -> None:
        super().__init__([*controls, page])
        self.moves = tuple(moves)

    def _repr_mimebundle_(self, **options: object) -> dict:
        """What a notebook saves: the widget, and a sentence."""
        names = ", ".join(child.description for child in self.children[:-1])
        sentence = f"A picture that moves where the lesson runs in JupyterLab, by: {names}."
        return super()._repr_mimebundle_(**options) | {"text/plain": sentence}


def view(
    plot: Callable[..., CaptionedFigure],
    *,
    moves: Sequence[str] = (),
    **controls: ipywidgets.Widget,
) -> View:
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
        picture.value = plots.figure_html(*plot(**values), quick=True) + FOR_ALL

    for control in controls.values():
        control.style.description_width = "initial"
        control.layout.width = "420px"
        control.observe(redraw, "value")
    redraw()
    return View(controls.values(), picture, [controls[name] for name in moves])
