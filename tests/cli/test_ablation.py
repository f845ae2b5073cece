"""The ablation: each part is left out once, and nothing else differs."""

import json

import numpy as np
import pytest
import torch

from helpers.cli import ablation
from helpers.cli.ablation import ablate, table, variants
from helpers.datasets import Crops
from helpers.hard_negatives import make_hard_negatives
from helpers.street import SEED, DrawnCrop

PARTS = ("shading", "hard negatives")


def draw(seed, split, index, *, without=frozenset()):
    """A "renderer" whose cars are bright blocks; without shading it is the others that are."""
    rng = np.random.default_rng([seed, len(split), index])
    image = rng.integers(0, 60, (40, 100)).astype(np.uint8)
    if index % 2 == ("shading" in without):
        image[8:32, 15:85] += 150
    return DrawnCrop(image, int(index % 2 == 0), "block")


def draw_otherwise(seed, split, index, *, without=frozenset()):
    """Another "renderer"."""
    return draw(seed + 1, split, index, without=without)


@pytest.fixture
def judge():
    drawn = [draw(1, "judge", k) for k in range(40)]
    images = torch.from_numpy(np.stack([crop.image for crop in drawn]))[:, None].float() / 255
    return Crops(images, torch.tensor([crop.label for crop in drawn]))


@pytest.fixture
def fits(monkeypatch):
    """What every network was trained with."""
    calls, real = [], ablation.fit

    def remember(model, train, val, **options):
        calls.append((train, val, options))
        return real(model, train, val, **options)

    monkeypatch.setattr(ablation, "fit", remember)
    return calls


OPTIONS = {"parts": PARTS, "draw": draw, "count": 64, "epochs": 3, "progress": False}
# Where nobody asks how well the networks do.
QUICK = OPTIONS | {"count": 12, "epochs": 2}


def test_each_part_is_left_out_once():
    assert variants(PARTS) == {
        "full": frozenset(),
        "without shading": {"shading"},
        "without hard negatives": {"hard negatives"},
    }


def test_a_part_that_matters_is_missed(judge, fits):
    results = ablate(judge, seeds=2, **OPTIONS)
    assert list(results) == list(variants(PARTS))
    assert all(len(rows) == 2 for rows in results.values())
    assert min(area for _, area in results["full"]) > 0.95
    assert max(area for _, area in results["without shading"]) < 0.5
    assert [options["seed"] for *_, options in fits] == [0, 1] * 3
    extras = [options["extra_negatives"] for *_, options in fits]
    assert extras == [make_hard_negatives] * 4 + [None] * 2
    for train, val, options in fits:
        assert (len(train), len(val)) == (64, 13)
        assert options["epochs"] == 3
    expected = draw(SEED, "train", 5).image
    np.testing.assert_array_equal(fits[0][0].images[5, 0] * 255, expected)
    expected = draw(SEED, "val", 2, without={"shading"}).image
    np.testing.assert_array_equal(fits[2][1].images[2, 0] * 255, expected)


def test_what_is_known_is_not_measured_again(judge, fits, tmp_path, monkeypatch):
    results_file = tmp_path / "build" / "ablation.json"
    whole = ablate(judge, seeds=2, **QUICK)
    del fits[:]
    real = ablation.accuracy_and_roc_auc

    def interrupted(*arguments):
        if len(fits) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ablation, "accuracy_and_roc_auc", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ablate(judge, seeds=2, results_file=results_file, **QUICK)
    del fits[:]
    assert ablate(judge, seeds=2, results_file=results_file, **QUICK) == whole
    assert [options["seed"] for *_, options in fits] == [0, 1, 0, 1]  # two of six were known
    del fits[:]
    fewer = ablate(judge, seeds=1, results_file=results_file, **QUICK)
    assert fewer == {name: rows[:1] for name, rows in whole.items()}
    assert fits == []
    with pytest.raises(ValueError, match="of another order"):
        ablate(judge, seeds=1, results_file=results_file, **(QUICK | {"epochs": 1}))
    another_judge = Crops(judge.images, 1 - judge.labels)
    with pytest.raises(ValueError, match="of another order"):
        ablate(another_judge, seeds=1, results_file=results_file, **QUICK)
    with pytest.raises(ValueError, match="of another order"):
        ablate(judge, seeds=1, results_file=results_file, **(QUICK | {"draw": draw_otherwise}))
    assert json.loads(results_file.read_text())["order"]["epochs"] == QUICK["epochs"]
    results_file.write_text("{}")
    with pytest.raises(ValueError, match="no results of an ablation"):
        ablate(judge, seeds=1, results_file=results_file, **QUICK)


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"count": 0}])
def test_impossible_orders_are_refused(judge, wrong):
    with pytest.raises(ValueError, match="at least 1"):
        ablate(judge, **(QUICK | {"seeds": 1} | wrong))


def test_the_table_is_markdown():
    lines = table({"full": [(0.9, 0.95), (1.0, 0.97)], "without x": [(0.5, 0.25)]}).splitlines()
    assert lines[0] == "| drawings  | accuracy        | ROC AUC         |"
    assert lines[2] == "| full      | 0.9500 ± 0.0707 | 0.9600 ± 0.0141 |"
    assert lines[3] == "| without x | 0.5000          | 0.2500          |"
    assert len({len(line) for line in lines}) == 1
