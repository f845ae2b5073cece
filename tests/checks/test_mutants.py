"""Each solution changed in one place: what answers otherwise fails the check or a hidden test.

`python -m tools.upkeep.mutate` says the same, and how many there are.
"""

import pytest

from tools.execution import find_notebooks
from tools.upkeep.mutate import exercises, survivors


@pytest.mark.parametrize("path", find_notebooks(), ids=lambda path: path.stem)
def test_no_mutant_that_answers_otherwise_passes(path):
    alive = [f"{one.name}: {mutant}" for one in exercises(path) for mutant in survivors(one)]
    assert not alive
