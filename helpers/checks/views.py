"""The check of a view that is built by hand, Lesson 09."""

from collections.abc import Callable

import ipywidgets

from helpers.checks.report import ask, check, fail


def _log(value: object) -> str:
    return f"<b>value {value}</b>"


def slider_view(slider: ipywidgets.Widget, draw: Callable[[object], str]) -> ipywidgets.VBox:
    """The course's own: the slider, and under it what `draw(its value)` says."""
    page = ipywidgets.HTML(draw(slider.value))
    slider.observe(lambda change: setattr(page, "value", draw(change["new"])), "value")
    return ipywidgets.VBox([slider, page])


@check("slider_view", of=(slider_view,))
def check_slider_view(answers: Callable[..., ipywidgets.VBox]) -> None:
    """`slider_view(slider, draw)`: the slider, and under it what `draw(its value)` says."""
    slider, seen = ipywidgets.IntSlider(value=3, max=9), []

    def draw(value: object) -> str:
        if isinstance(value, dict):
            fail(
                "`draw` was given the whole message of the change, a dictionary: observe a function"
                ' of your own that takes change["new"] out of it'
            )
        seen.append(value)
        return _log(value)

    box = ask(answers, slider, draw)
    if not isinstance(box, ipywidgets.VBox):
        fail(f"slider_view must give back an ipywidgets.VBox, not {type(box).__name__}")
    if not box.children or box.children[0] is not slider:
        fail("the slider comes first in the box, the very one that was given")
    pages = [child for child in box.children if isinstance(child, ipywidgets.HTML)]
    if len(box.children) != 2 or len(pages) != 1:
        fail("the box holds two things: the slider, and an ipywidgets.HTML")
    if not pages[0].value:
        fail("nothing is drawn at first: give the HTML draw(slider.value) before anybody moves")
    if pages[0].value != _log(3):
        fail(f"at first the HTML shows {pages[0].value}, and draw(slider.value) is {_log(3)}")
    for value in (5, 0, 9):
        seen.clear()
        slider.value = value
        page = next(child for child in box.children if isinstance(child, ipywidgets.HTML))
        if page is not pages[0]:
            fail("a new HTML for each change: keep one, and set its `value`")
        if not seen:
            fail('nothing happens when the slider moves: slider.observe(function, "value")')
        if page.value != _log(value):
            old = "; is that the value before the change?" * (str(value) not in page.value)
            fail(f"the slider is at {value}, the HTML shows {page.value}, not {_log(value)}{old}")
        if len(seen) != 1:
            fail(f"one move of the slider draws {len(seen)} times: observe it once, for its value")
        if seen != [value]:
            fail(
                f"the slider is at {value}, `draw` was given {seen[0]!r}: give it the value itself"
            )
    seen.clear()
    slider.max, slider.description = 12, "level"
    if seen:
        fail('it is drawn again when the slider\'s range or name changes: observe only "value"')
    other = ipywidgets.FloatSlider(value=0.25, max=1)
    again = ask(answers, other, _log)
    other.value = 0.75
    if again.children[-1].value != _log(0.75):
        fail("with a slider of fractions it does not follow: give `draw` the value as it is")
    if pages[0].value != _log(9):
        fail("a second view writes into the first: make a new HTML in each call")
