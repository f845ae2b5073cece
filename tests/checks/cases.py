"""Checks made up for the tests of `helpers.checks.report`; a kernel of its own imports them."""

from helpers.boxes import nms
from helpers.checks.report import ask, check, explain, number


@check("double")
def check_double(double):
    for x in (3, 0, -2):
        answer = number(ask(double, x), "the result")
        explain(answer, 2 * x, {"the secret of squares": x * x}, f"for {x}")


@check("hurried", seconds=0.5)
def check_hurried(double):
    ask(double, 3)


@check("suppress", of=(nms,))
def check_suppress(suppress):
    pass


@check("index")
def check_that_cannot_read_it(function):
    answer = ask(function, 3)
    return answer["the secret index"]
