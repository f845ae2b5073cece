"""Hidden tests run out of an answer's reach: every right answer passes there, and no lie does."""

import functools
import importlib
import pkgutil

import nbformat
import numpy as np
import pytest
import torch
from nbformat.v4 import new_output

from helpers.boxes import Detections
from tools import exchange, outside
from tools.execution import find_notebooks
from tools.exercises import is_in_words
from tools.needed import imports_of
from tools.rehearse import CHECK, CHECKS
from tools.verdicts import is_test


def hidden_tests():
    """grade_id -> check, the answer's name, hidden part, imports of the lesson."""
    found = {}
    for path in find_notebooks():
        cells = nbformat.read(path, 4).cells
        module = next(filter(None, (CHECKS.search(cell.source) for cell in cells)))[1]
        checks = importlib.import_module(f"helpers.checks.{module}")
        for cell in cells:
            if is_test(cell) and not is_in_words(cell):
                hidden = outside.parts(cell.source)[1]
                check, name = CHECK.search(cell.source).groups()
                check = getattr(checks, check)
                found[cell.metadata.nbgrader.grade_id] = check, name, hidden, imports_of(cells)
    return found


HIDDEN = hidden_tests()


@functools.cache
def answers():
    """Right and wrong answers, by their check."""
    found = {}
    for module in pkgutil.iter_modules(importlib.import_module("tests.answers").__path__):
        exercises = importlib.import_module(f"tests.answers.{module.name}").EXERCISES
        found |= exercises
    return found


@pytest.fixture
def ask(tmp_path):
    """A function: a kernel that knows one name, with what it stands for; how to ask it."""

    def known(name, value, imports=""):
        space = {name: value}
        exec(imports, space)

        def one(call, given):
            path = tmp_path / "given"
            path.write_bytes(given)
            space["guard"] = exchange
            try:
                eval("guard." + call.format(path=repr(str(path)), guard="guard"), space)
            except Exception as error:
                kind = type(error).__name__
                raise outside.Asked.of(new_output("error", ename=kind, evalue=str(error))) from None
            return exchange.read(f"{path}-answer")

        return one

    return known


def verdict(grade_id, answer, ask):
    """The error that a hidden test ends with, asking an answer; None if it passes."""
    _, name, hidden, imports = HIDDEN[grade_id]
    needed = outside.imports_for(hidden, imports, [name])
    assert needed is not None, f"{grade_id} needs more than the lesson's imports"
    return outside.run(hidden, needed, [name], ask(name, answer, imports))


@pytest.mark.parametrize("grade_id", HIDDEN)
def test_right_answers_pass_in_whatever_style(grade_id, ask):
    right, _ = answers()[HIDDEN[grade_id][0]]
    for answer in right:
        assert verdict(grade_id, answer, ask) is None


def doubled(value):
    """What an answer gave back, in double precision."""
    if torch.is_tensor(value):
        return value.double() if value.is_floating_point() else value
    if hasattr(value, "_make"):  # a named tuple, as Detections
        return value._make(map(doubled, value))
    plain = type(value) in (list, tuple)
    return type(value)(map(doubled, value)) if plain else value


@pytest.mark.parametrize("grade_id", HIDDEN)
def test_double_precision_passes_where_the_learners_check_accepts_it(grade_id, ask):
    check = HIDDEN[grade_id][0]
    for answer in answers()[check][0]:
        precise = functools.wraps(answer)(lambda *a, _f=answer, **k: doubled(_f(*a, **k)))
        try:
            check(precise)
        except Exception:  # it says so to the learner, too
            continue
        assert verdict(grade_id, precise, ask) is None, answer


class Everything:
    """Equals everything, is larger and smaller, and has whatever one asks for."""

    def __eq__(self, other):
        return True

    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    __hash__ = None

    def __getattr__(self, name):
        return lambda *_, **__: Everything()

    def __iter__(self):
        return iter([Everything()] * 2)


class Liar(torch.Tensor):
    """A tensor that says that it is close to all others."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in ("allclose", "equal"):
            return True
        return super().__torch_function__(function, types, args, kwargs or {})


@pytest.mark.parametrize("grade_id", HIDDEN)
def test_lies_pass_nowhere(grade_id, ask):
    lies = [
        lambda *_: Everything(),
        lambda *_: None,
        lambda *_: torch.zeros(2, 2).as_subclass(Liar),
    ]
    for lie in lies:
        assert verdict(grade_id, lie, ask).output_type == "error"


def same(one, other):
    if isinstance(one, torch.Tensor | np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and (one == other).all()
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 3, -2.5, float("inf"), "é\ud800"[:1], b"\x00\xff", 1 + 2j, 10**30),
        *([1, [2.0]], (1, (2,)), {1, 2}, {(0, 1): [3], "a": None}, range(1, 9, 2), slice(1, None)),
        *(np.arange(6).reshape(2, 3), np.float32(0.1), np.zeros((0, 4)), np.array(True)),
        *(
            torch.linspace(0, 1, 6).reshape(2, 3),
            torch.zeros(0, 4),
            torch.tensor(7),
            torch.tensor([True]).t(),
        ),
        *(torch.linspace(0, 1, 3).bfloat16(), torch.arange(24.0).reshape(4, 6)[::2, 1:].T),
        torch.float64,
        Detections(torch.zeros(1, 4), torch.ones(1)),
    ],
    ids=repr,
)
def test_what_is_packed_is_what_is_unpacked(value):
    again = exchange.unpack(exchange.pack(value, strict=True))
    assert type(again) is type(value)
    assert same(again, value)


def test_chance_and_changes_come_back(ask):
    def draw(generator, drawn, seen, names):
        drawn += torch.rand(3, generator=generator)
        seen.append(len(names))
        names["new"] = 1

    generator, drawn, seen, names = torch.Generator().manual_seed(4), torch.zeros(3), [], {"a": 0}
    wanted = torch.Generator().manual_seed(4)
    answer = outside.Answer("draw", ask("draw", draw))
    for _ in range(2):
        answer(generator, drawn, seen, names)
    assert torch.equal(drawn, torch.rand(3, generator=wanted) + torch.rand(3, generator=wanted))
    assert (seen, names) == ([1, 2], {"a": 0, "new": 1})


def test_what_gives_one_after_the_other_and_what_only_has_the_fields_is_understood(ask):
    class Found:
        def __init__(self):
            self.boxes = [1]

    def several(n):
        yield from range(n)

    assert tuple(outside.Answer("f", ask("f", several))(3)) == (0, 1, 2)
    assert outside.Answer("f", ask("f", lambda: Found()))().boxes == [1]


def test_an_error_of_an_answer_is_the_tests_and_may_be_expected(ask):
    def fails(x):
        raise ValueError("too small")

    error = outside.run("\nf(1)", "", ["f"], ask("f", fails))
    assert (error.ename, error.evalue) == ("ValueError", "too small")
    assert error.traceback[0] == "----> 2 f(1)"
    expected = "try:\n    f(1)\nexcept ValueError:\n    pass\nelse:\n    assert False"
    assert outside.run(expected, "", ["f"], ask("f", fails)) is None


BESIDE = """
def hidden_start(n):
    return {"f": [n]}


def beside_all(n):
    return f(lambda: hidden_start(n))


assert beside_all(3) == {"f": [3]}
assert hidden_start(4) == {"f": [4]}
assert beside_all(5) == 6"""


def test_what_has_no_plain_form_is_handed_over_where_the_answer_is(ask):
    seen = []

    def calls(function):
        seen.append(function())
        return seen[-1]

    error = outside.run(BESIDE, "", ["f"], ask("f", calls))
    assert seen == [{"f": [3]}, {"f": [5]}]
    assert error.traceback[0] == "----> 12 assert beside_all(5) == 6"


def test_no_test_of_the_course_tells_the_answer_what_is_expected():
    for _, _, hidden, _ in HIDDEN.values():
        here, beside = outside.set_apart(hidden)
        assert "assert" in here
        assert not any(word in code for code in beside.values() for word in ("assert", "=="))


def test_a_failed_line_is_shown_with_its_number():
    error = outside.run("\n\nassert 1 == 2", "", [], None)
    assert error.ename == "AssertionError"
    assert error.traceback[0] == "----> 3 assert 1 == 2"


def test_a_value_may_be_asked_for(ask):
    assert outside.run("assert x == [1, 2]", "", ["x"], ask("x", [1, 2])) is None
    assert outside.run("assert x == 3", "", ["x"], ask("x", Everything())).ename == "AssertionError"


def test_a_test_that_needs_more_than_imports_and_answers_stays_where_it_was():
    assert outside.imports_for("assert f(data)", "import math", ["f"]) is None
    lines = outside.imports_for("assert f(math.pi)", "import math\nimport nothing", ["f"])
    assert lines == "import math"


def test_what_an_answer_gave_back_does_not_decide_where_a_test_is_run(ask):
    answer = outside.Answer("f", ask("f", lambda *_: Everything()))
    with pytest.raises(TypeError):
        answer(answer(1))
    with pytest.raises(exchange.Unsendable):
        answer(lambda: 1)


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b"\x05",
            b"[]",
            b'["tensor", "float32", [2], [0, 8]]',
            b'["tensor", "x", [], [0, 0]]',
        ),
        *(b'["bytes", [0, 99]]', b'["bytes", [-1, 1]]', b'["array", "object", [1], [0, 8]]'),
        *(b'["named", "helpers.boxes", "Tensor", ["a b"], [1]]', b'["dtype", "__class__"]'),
        *(b"[" * 100_000, b'["array", "int64", [-1], [0, 0]]', b'["set", [["list", []]]]'),
        b'["tensor", "float32", [99999999999], [0, 0]]',
    ],
)
def test_forged_answers_are_no_answers(text):
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says
        exchange.unpack(len(text).to_bytes(8, "little") + text)


def test_only_a_plain_file_is_read(tmp_path):
    (tmp_path / "secret").write_text("a solution")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    for name in ("link", "missing", "."):
        with pytest.raises(ValueError, match="no answer was left"):
            exchange.read(tmp_path / name)
    with open(tmp_path / "large", "wb") as file:
        file.truncate(2 * exchange.LARGEST + 1)
    with pytest.raises(ValueError, match="more than"):
        exchange.read(tmp_path / "large")
