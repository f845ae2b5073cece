"""Right and wrong answers to the view of Lesson 09."""

import ipywidgets

from helpers.checks import views as checks


def slider_view(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))

    def redraw(change):
        page.value = draw(change["new"])

    slider.observe(redraw, "value")
    return ipywidgets.VBox([slider, page])


def with_lambda(slider, draw):
    page = ipywidgets.HTML(value=draw(slider.value))
    slider.observe(lambda change: setattr(page, "value", draw(change.new)), names="value")
    return ipywidgets.VBox(children=(slider, page))


def that_reads_the_slider(slider, draw):
    page = ipywidgets.HTML()

    def redraw(*_):
        page.value = draw(slider.value)

    redraw()
    slider.observe(redraw, names=["value"])
    return ipywidgets.VBox([slider, page])


class View(ipywidgets.VBox):
    def __init__(self, slider, draw):
        self.page, self.draw = ipywidgets.HTML(draw(slider.value)), draw
        super().__init__([slider, self.page])
        slider.observe(self.redraw, "value")

    def redraw(self, change):
        self.page.value = self.draw(change["new"])


def never_observed(slider, draw):
    return ipywidgets.VBox([slider, ipywidgets.HTML(draw(slider.value))])


def not_drawn_at_first(slider, draw):
    page = ipywidgets.HTML()
    slider.observe(lambda change: setattr(page, "value", draw(change["new"])), "value")
    return ipywidgets.VBox([slider, page])


def drawn_once_for_all_changes(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))
    slider.observe(lambda change: setattr(page, "value", draw(slider.value)))
    return ipywidgets.VBox([slider, page])


def draw_itself(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))
    slider.observe(draw, "value")
    return ipywidgets.VBox([slider, page])


def the_old_value(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))
    slider.observe(lambda change: setattr(page, "value", draw(change["old"])), "value")
    return ipywidgets.VBox([slider, page])


def a_new_page(slider, draw):
    box = ipywidgets.VBox([slider, ipywidgets.HTML(draw(slider.value))])

    def redraw(change):
        box.children = (slider, ipywidgets.HTML(draw(change["new"])))

    slider.observe(redraw, "value")
    return box


def drawn_and_forgotten(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))
    slider.observe(lambda change: draw(change["new"]), "value")
    return ipywidgets.VBox([slider, page])


def observed_twice(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))
    for _ in range(2):
        slider.observe(lambda change: setattr(page, "value", draw(change["new"])), "value")
    return ipywidgets.VBox([slider, page])


def whole_numbers_only(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))
    slider.observe(lambda change: setattr(page, "value", draw(round(change["new"]))), "value")
    return ipywidgets.VBox([slider, page])


def as_text(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))
    slider.observe(lambda change: setattr(page, "value", draw(str(change["new"]))), "value")
    return ipywidgets.VBox([slider, page])


def drawn_for_the_least(slider, draw):
    page = ipywidgets.HTML(draw(slider.min))
    slider.observe(lambda change: setattr(page, "value", draw(change["new"])), "value")
    return ipywidgets.VBox([slider, page])


def below_one_another(slider, draw):
    page = ipywidgets.HTML(draw(slider.value))
    slider.observe(lambda change: setattr(page, "value", page.value + draw(change["new"])), "value")
    return ipywidgets.VBox([slider, page])


def linked(slider, draw):
    page = ipywidgets.HTML()
    ipywidgets.dlink((slider, "value"), (page, "value"), draw)
    return ipywidgets.VBox([slider, page])


SHARED = ipywidgets.HTML()


def one_page_for_all(slider, draw):
    SHARED.value = draw(slider.value)
    slider.observe(lambda change: setattr(SHARED, "value", draw(change["new"])), "value")
    return ipywidgets.VBox([slider, SHARED])


def box_of(choose, kind=ipywidgets.VBox):
    """A right view whose box holds other things."""
    return lambda slider, draw: kind(choose(*slider_view(slider, draw).children))


WRONG = [
    (lambda slider, draw: None, "return"),
    (lambda slider, draw: slider, "must give back an ipywidgets.VBox"),
    (box_of(lambda s, p: [s, p], ipywidgets.HBox), "must give back an ipywidgets.VBox"),
    (lambda slider, draw: draw(slider.value), "must give back an ipywidgets.VBox"),
    (box_of(lambda s, p: [p, s]), "slider comes first"),
    (box_of(lambda s, p: [ipywidgets.IntSlider(), p]), "slider comes first"),
    (box_of(lambda s, p: []), "slider comes first"),
    (box_of(lambda s, p: [s]), "two things"),
    (box_of(lambda s, p: [s, p, ipywidgets.Label("x")]), "two things"),
    (never_observed, "nothing happens"),
    (not_drawn_at_first, "nothing is drawn at first"),
    (drawn_once_for_all_changes, "observe only|draws"),
    (draw_itself, "a dictionary"),
    (the_old_value, "before the change"),
    (a_new_page, "a new HTML for each change"),
    (drawn_and_forgotten, "the HTML shows"),
    (observed_twice, "draws 2 times"),
    (as_text, "given '5'"),
    (drawn_for_the_least, "at first the HTML shows <b>value 0</b>"),
    (below_one_another, "shows <b>value 3</b><b>value 5</b>, not <b>value 5</b>$"),
    (whole_numbers_only, "fractions"),
    (one_page_for_all, "writes into the first"),
]

#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {
    checks.check_slider_view: (
        [slider_view, with_lambda, that_reads_the_slider, View, linked],
        WRONG,
    ),
}
