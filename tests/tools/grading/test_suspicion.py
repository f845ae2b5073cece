"""Notes for a person: what is noted, who is named, and that honest work never is."""

import copy

import nbformat
import pytest

from tests.tools.peeking import PEEKING
from tests.tools.test_assignments import cell_of, lesson, with_source
from tools.execution import find_notebooks
from tools.grading.likeness import alike, runs
from tools.grading.suspicion import answers_in_code, notes_of
from tools.rehearse import Lesson

IMPORT = "from helpers.boxes import box_iou as f\n"
SUSPICIOUS = {
    "get_ipython": ("get_ipython().run_code = None", "cell 3 uses get_ipython"),
    "shell": ("from IPython.core.interactiveshell import InteractiveShell", "the module IPython"),
    "database": ("import sqlite3", "the module sqlite3"),
    "processes": ("x = open('/proc/1/environ').read()", "the place /proc"),
    "other notebooks": ("import glob; glob.glob('/**/*.ipynb')", "the place .ipynb"),
    "frames": ("import sys\ndef double(x): return sys._getframe(1)", "_getframe (frames)"),
    "inspect": ("import inspect as i\ndef double(x): return i.stack()", "the module inspect"),
    "course": ("double = checks.course_double", "course_double (the course's own answer)"),
    "timed": ("%%time\nimport sqlite3\ndef double(x): return 2 * x", "the module sqlite3"),
    "badly timed": ("import sqlite3\ndef double(x): return 2 * x\n%time )(", "the module sqlite3"),
    "captured": ("%%capture\nimport sqlite3\n%time )(", "the module sqlite3"),
    "twice": ("%time --no-raise-error import sqlite3\n%time )(", "the module sqlite3"),
    "many magics": ("%pwd\n" * 600, "cell 3 is too intricate"),
    "a long chain": (f"{IMPORT}def double(x): return f{'.a' * 500}(x)", "cell 3 is too intricate"),
    "one call": (f"{IMPORT}def double(x):\n    return f(x, x)", "only calls f of the course"),
    "renamed": ("import helpers.boxes as b\ndouble = lambda x: b.box_iou(x)", "only calls b.box"),
    "the function itself": (f"{IMPORT}double = f", "only calls f"),
}
FINE = {
    "timed": "%timeit sum(range(9))\ndef double(x): return 2 * x",
    "shell": "!ls\ndef double(x): return 2 * x",
    "a part": f"{IMPORT}def double(x):\n    y = f(x, x)\n    return y",
    "compiled": "import re\nP = re.compile('a')\ndef double(x):\n    net.eval()\n    return 2 * x",
    "an attribute": "def double(x): return getattr(x, 'value', x) * 2",
    "not Python": "def double(x) return",
    "words": "def double(x):\n    '''Twice; see the frames of the film.'''\n    return 2 * x",
}


@pytest.mark.parametrize("kind", SUSPICIOUS)
def test_what_reaches_past_the_exercise_is_noted(kind):
    code, note = SUSPICIOUS[kind]
    [said, *_] = notes_of(with_source("double", code), lesson())
    assert note in said


@pytest.mark.parametrize("kind", PEEKING)
def test_whoever_looks_for_what_is_expected_is_noted(kind):
    code = f"import sys\n{PEEKING[kind]}\ndef double(x): return found(x, 1)"
    assert notes_of(with_source("double", code), lesson())


@pytest.mark.parametrize(
    "look",
    [
        *('getattr(sys, "_get" + "frame")()', 'getattr(sys, "_getframe")()', 'vars(sys)["x"]()'),
        *('sys.__dict__["x"]()', 'eval("sys.x")', '__import__("in" + "spect").stack()'),
        *('globals()["x"]', 'operator.attrgetter("x")(sys)', 'importlib.import_module("x")'),
        *("sys.last_value", "error.with_traceback(0).__traceback__", "object.__subclasses__()"),
    ],
)
def test_and_under_whatever_name(look):
    assert notes_of(with_source("double", f"def double(x): return {look}"), lesson())


@pytest.mark.parametrize("kind", FINE)
def test_what_is_fine_is_not(kind):
    assert not notes_of(with_source("double", FINE[kind]), lesson())


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_right_answers_and_complete_lessons_have_no_note(path):
    chosen = Lesson(path)
    assert not notes_of(nbformat.read(path, as_version=4), chosen.source)
    written = {}
    for number in range(chosen.number_of_right_answers()):

        def choose(task, number=number):
            right = chosen.answers(task)[0]
            return right[number % len(right)]

        notebook, _ = chosen.handed_in(choose, "words")
        assert not notes_of(notebook, chosen.source)
        written[str(number)] = "\n".join(answers_in_code(notebook))
    fewest = {name: written[name] for name in list(written)[:4]}  # later ones repeat some answers
    known = answers_in_code(chosen.source)
    assert not alike(fewest, known)
    solved = "\n".join(known)  # two who hand in the solution itself: it is everybody's
    assert not alike({"Ada": solved, "Bob": solved}, known)


def long_answer(seed):
    names = ["alpha", "beta", "gamma", "delta"]
    steps = [f"{names[(k * seed) % 4]} = {names[k % 4]} * {k * seed} - rows[{k}]" for k in range(9)]
    return "def double(x):\n    rows = list(x)\n    " + "\n    ".join(steps) + "\n    return beta"


def test_two_that_are_equal_but_for_names_and_comments_are_both_named():
    copied = long_answer(3).replace("alpha", "z").replace("rows", "lines")
    copied = copied.replace("\n    return", "  # my own idea\n\n    return")
    answers = {"Ada": long_answer(3), "Bob": long_answer(5), "Eve": copied}
    assert [(one, other) for one, other, _ in alike(answers, [])] == [("Ada", "Eve")]
    assert not alike(answers, [long_answer(3)])  # the solution's own


def test_what_a_tenth_of_a_class_wrote_is_common():
    answers = {f"{k}": long_answer(3 + k // 8) for k in range(40)}
    assert not alike(answers, [])
    assert alike({name: answers[name] for name in ("0", "1", "8", "16")}, [])


def test_short_and_broken_answers_are_never_alike():
    short = "def double(x):\n    return x + x"
    assert not alike({"Ada": short, "Bob": short, "Eve": "", "Dan": "'''", "Kim": "("}, [])
    assert runs("") == set()


def test_the_tests_cells_are_the_courses():
    notebook = copy.deepcopy(lesson())
    cell_of(notebook, "double-test").source += "\nget_ipython()"
    assert not notes_of(notebook, lesson())
