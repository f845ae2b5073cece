"""Which cells a test needs: the ones that matter, and no others."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools.needed import (
    imports_of,
    is_too_intricate,
    names_changed,
    names_defined,
    names_used,
    needed_cells,
)

TEST = {"nbgrader": {"grade": True, "solution": False}}


def needed(*sources, test="check(answer)"):
    cells = [new_code_cell(source) for source in sources]
    return needed_cells([*cells, new_code_cell(test)], len(cells))


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["import check", "answer = 1"], [0, 1]),
        (["import check", "answer = 1", "answer = 2"], [0, 2]),
        (["import check", "answer = 1", "answer = answer + 1"], [0, 1, 2]),
        (["import check", "answer = []", "answer.append(1)"], [0, 1, 2]),
        (["import check", "answer = 1", "if answer:\n    answer = 2"], [0, 1, 2]),
        (["import check", "unneeded = 5", "def answer(unneeded): return unneeded"], [0, 2]),
        (["import check", "help = 5", "def helper(): return other", "other = 1",
          "def answer(): return helper()"], [0, 2, 3, 4]),
        (["import check", "answer = = 1"], [0]),
        (["import check", "%matplotlib inline\nanswer = 1"], [0, 1]),
        (["import check", "for answer in range(3): pass"], [0, 1]),
        (["import check", "import time; time.sleep(99)", "def answer(): pass"], [0, 2]),
        (["import check", "from math import *", "def answer(): return sqrt(2)"], [0, 1, 2]),
        (["import check", "%%writefile a.py\nx = 1", "from a import x as answer"], [0, 1, 2]),
        (["import check", "%run a.py", "def answer(): return x"], [0, 1, 2]),
        (["import check", "%%time\ny = 1", "%time z = 1", "answer = y + z"], [0, 1, 2, 3]),
        (["import check", "%time %run a.py\n%time z = \\\n  x", "answer = z"], [0, 1, 2]),
        (["import check", "%%capture\n%%time\ndef f(): pass", "%%time\nanswer = f()"], [0, 1, 2]),
        (["import check", "y = []", "for x in z: y.append(x)", "answer = y"], [0, 1, 2, 3]),
        (["import check", "def f():\n    global y\n    y = 1\nf()", "answer = y"], [0, 1, 2]),
        (["import check", "n = 2", "answer = [n * x for x in range(n)]", "n = 3"], [0, 1, 2]),
        (["import check", "n = 2", "class answer:\n    m = n", "n = 3"], [0, 1, 2]),
        (["import check", "n = 2", "def answer():\n    return [n for _ in x]", "n = 3"], [0, 2, 3]),
        (["import check", "from numpy import abs", "def sum(): pass", "max = 5",
          "def answer(): return abs(sum(max()))"], [0, 1, 2, 4]),
    ],
)  # fmt: skip
def test_what_is_needed(sources, expected):
    assert needed(*sources) == expected


def test_other_tests_and_texts_are_not_needed():
    cells = [
        new_code_cell("import check; answer = 1"),
        new_code_cell("check(1); answer = 2", metadata=TEST),
        new_markdown_cell("answer = 3"),
        new_code_cell("check(answer)", metadata=TEST),
    ]
    assert needed_cells(cells, 3) == [0]


def test_names():
    assert names_defined("a, (b, *c) = x\nwith d as e: f: int = 1\nclass G: h = 1") == set("abcefG")
    assert names_used("def f(a):\n    global g\n    return [b for b in a if c] + d") == {"c", "d"}
    assert names_changed("a.b = 1\nc[0].d += 1\ne.f.g()\nh()\ni = 1") == set("ace")
    assert names_changed("def f():\n    a.b = 1\nif c:\n    with d: e.f()\nelse: g[0] = 1") == set(
        "eg"
    )


@pytest.mark.parametrize(
    "source",
    [
        *("%pwd\n" * 600, "!ls\n" * 600, "x = " + "+".join("1" * 2600)),
        *("x = " + "+".join("1" * 9900), "x = y" + ".z" * 900),
    ],
    ids=["magics", "commands", "a sum", "a long sum", "a chain"],
)
def test_what_is_too_intricate_to_be_looked_through_is_needed_by_nobody(source):
    assert is_too_intricate(source)
    assert is_too_intricate(f"%%time\n{source}")
    assert is_too_intricate(f"%matplotlib inline\n{source}")
    assert needed("import check", f"{source}\nanswer = 1", "answer = 2") == [0, 2]
    assert not is_too_intricate("x = 1\n" * 600 + "%matplotlib inline\n")


def test_imports_of_broken_cells_are_left_out():
    cells = [new_code_cell(s) for s in ("import a\nx = 1", "import b as", "from c import d as e")]
    assert imports_of(cells) == "import a\nfrom c import d as e"
