"""Mutants of a made-up exercise: a check that is too mild lets some live, a strict one none."""

import random
from textwrap import dedent

import nbformat
import pytest
import torch
from nbformat.v4 import new_code_cell, new_notebook
from torch import nn

from tools.execution import write_notebook
from tools.upkeep import mutate
from tools.upkeep.likeness import alike, cloned, shaken
from tools.upkeep.mutants import mutants
from tools.upkeep.mutate import exercises, main, survivors

SOLUTION = dedent(
    '''
    def first_above(values, limit):
        """The index of the first value above a limit, or -1."""
        ### BEGIN SOLUTION
        at = 0
        while at < len(values) and not values[at] > limit:
            at += STEP
        return at if at < len(values) else -1
        ### END SOLUTION
    '''
).strip()
MILD = "assert first_above([1, 5, 2], 3) == 1"
STRICT = (
    "assert [first_above(v, 3) for v in ([3, 5, 7], [9, 5, 1], [], [3, 3])] == [1, 0, -1, -1]\n"
    "assert first_above([4, 4], 4) == -1\n"
    "assert first_above([1, 5, 2], 3) == 1"
)


def notebook(tmp_path, test, solution=SOLUTION):
    marks = {"grade_id": "made-up", "solution": True}
    test_marks = {"grade_id": "made-up-test", "grade": True}
    cells = [
        new_code_cell("import math\nSTEP = 1\nslow = trained_for_an_hour()\n%matplotlib inline"),
        new_code_cell("STEP = 1\nslow = trained_for_an_hour()"),
        new_code_cell(solution, metadata={"nbgrader": marks}),
        new_code_cell(test, metadata={"nbgrader": test_marks}),
    ]
    path = tmp_path / "made_up.ipynb"
    write_notebook(nbformat.from_dict(new_notebook(cells=cells)), path)
    return path


def test_a_mild_check_lets_mutants_live_and_a_strict_one_none(tmp_path, capsys):
    mild, strict = notebook(tmp_path, MILD), tmp_path / "strict"
    strict.mkdir()
    strict = notebook(strict, STRICT)
    (exercise,) = exercises(mild)
    alive = set(map(str, survivors(exercise)))
    assert (
        "while at < len(values) and (not values[at] > limit):"
        + ("  ->  while at < len(values) and (not values[at] >= limit):")
        in alive
    )
    assert main([str(strict)]) == 0
    assert capsys.readouterr().out.endswith(" mutants, 0 alive\n")
    assert main([str(mild)]) == 1
    out = capsys.readouterr().out
    assert out.endswith(f" mutants, {len(alive)} alive\n")
    assert all(f"    {mutant}\n" in out for mutant in alive)


def test_a_mutant_that_is_as_good_is_named(tmp_path, monkeypatch):
    (exercise,) = exercises(notebook(tmp_path, MILD))
    alive = set(map(str, survivors(exercise)))
    monkeypatch.setattr(mutate, "AS_GOOD", {"made-up": alive})
    assert not list(survivors(exercise))


def test_a_solution_that_does_not_pass_is_an_error(tmp_path, capsys):
    path = notebook(tmp_path, "assert first_above([5], 3) == 7")
    assert main([str(path)]) == 1
    assert "made-up: the solution does not pass: AssertionError" in capsys.readouterr().out


def test_only_the_region_is_changed_and_each_change_differs():
    sources = [mutant.source for mutant in mutants(SOLUTION)]
    assert len(set(sources)) == len(sources) > 10
    for source in sources:
        assert source.startswith('def first_above(values, limit):\n    """The index')
        assert source != SOLUTION


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("y = a + b", "y = a - b"),
        ("y = a // b", "y = a / b"),
        ("y = a <= b", "y = a < b"),
        ("y = a == b", "y = a != b"),
        ("y = a and b", "y = a or b"),
        ("y = -a", "y = +a"),
        ("y = a[2]", "y = a[3]"),
        ("y = a[2]", "y = a[1]"),
        ("y = 0.5 * a", "y = 1.5 * a"),
        ("y = True", "y = False"),
        ("y = 'car'", "y = 'car (not)'"),
        ("y = min(a, b)", "y = max(a, b)"),
        ("y = a.argmax()", "y = a.argmin()"),
        ("y = sorted(a, key=b)", "y = sorted(a)"),
        ("a.eval()", "pass"),
        ("y += a", "y -= a"),
    ],
)
def test_what_is_changed(line, changed):
    solution = f"def f(a, b, y):\n    ### BEGIN SOLUTION\n    {line}\n    ### END SOLUTION\n"
    assert any(changed in mutant.source.split("\n    ") for mutant in mutants(solution))


def test_networks_and_their_optimisers_are_copied_together():
    network = nn.Linear(2, 1)
    sgd = torch.optim.SGD(network.parameters(), lr=1.0)
    copied, its_sgd, other = cloned((network, sgd, torch.ones(2) * network.weight))
    assert its_sgd.param_groups[0]["params"][0] is copied.weight
    assert copied.weight is not network.weight
    assert alike((copied, its_sgd), (network, sgd))
    dice = random.Random(2)
    assert all(shaken(copied, dice) is copied for _ in range(5))
    assert not alike(copied, network)
    assert not other.grad_fn


@pytest.mark.parametrize(
    ("answer", "right", "equal"),
    [
        (nn.Linear(2, 3), nn.Linear(2, 3), False),
        (nn.ReLU(), nn.ReLU(), True),
        (nn.ReLU().eval(), nn.ReLU(), False),
        (torch.tensor([float("nan")]), torch.tensor([float("nan")]), True),
        (float("nan"), float("nan"), True),
        ([1, {"a": 2}], [1, {"a": 2}], True),
        ([1, {"a": 2}], [1, {"a": 3}], False),
        ((1, 2), (1,), False),
    ],
)
def test_alike(answer, right, equal):
    assert alike(answer, right) is equal


def test_shaken_values_keep_their_kind_and_shape():
    dice = random.Random(1)
    boxes = torch.tensor([[0.0, 0, 5, 5], [1, 2, 3, 4]])
    given = (3, 0.5, True, "car", None, boxes, torch.arange(3), [1, 2], {"a": 1}, torch.zeros(0, 4))
    changed = set()
    for _ in range(50):
        new = tuple(shaken(value, dice) for value in given)
        for place, (value, old) in enumerate(zip(new, given, strict=True)):
            assert type(value) is type(old)
            if isinstance(old, torch.Tensor):
                assert value.shape == old.shape
                assert value.dtype == old.dtype
            if not alike(value, old):
                changed.add(place)
    assert changed == {0, 1, 5, 6, 7, 8}
