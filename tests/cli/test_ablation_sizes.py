"""The ablation of training for all sizes: each part is left out once, and nothing else differs."""

import json

import pytest
import torch

from helpers import all_sizes
from helpers.cli import ablation_sizes
from helpers.cli.ablation_sizes import ablate_sizes
from helpers.datasets import Crops, Scene
from helpers.detector import pyramid
from helpers.evaluation import mosaics_equal_error_rates
from helpers.models import make_classifier, weights_digest

VARIANTS = ["full", "without windows", "without hardest windows", "without sizes"]


def some_crops(seed=0):
    """Crops whose cars are bright blocks."""
    images = torch.rand(8, 1, 40, 100, generator=torch.Generator().manual_seed(seed)) * 0.2
    labels = torch.arange(8) % 2
    images[labels == 1, :, 8:32, 15:85] += 0.6
    return Crops(images, labels)


def some_scenes(grey=0.7):
    image = torch.full((1, 120, 300), 0.1)
    image[:, 36:84, 80:220] += grey
    return [Scene("s", image, torch.tensor([[50.0, 20, 250, 100]]))]


OPTIONS = {"epochs": 1, "progress": False}


@pytest.fixture
def trainings(monkeypatch):
    """What every network was trained with; a fraction of its seed and part stands for a result."""
    calls = []

    def remember(model, crops, scenes, scales, **options):
        calls.append((weights_digest(model), crops, scenes, scales, options))

    def judged(model, crops, numbers, progress):
        options = calls[-1][-1]
        return 0.1 * options["seed"] + 0.01 * len(calls), float(len("".join(options["without"])))

    monkeypatch.setattr(all_sizes, "fit_all_sizes", remember)
    monkeypatch.setattr(ablation_sizes, "mosaics_equal_error_rates", judged)
    return calls


def test_each_part_is_left_out_once_and_nothing_else_differs(trainings):
    crops, scenes = some_crops(), some_scenes()
    results = ablate_sizes(some_crops(1), crops, scenes, seeds=2, **OPTIONS)
    assert list(results) == VARIANTS
    left_out = [options.pop("without") for *_, options in trainings]
    assert left_out[::2] == left_out[1::2]
    assert left_out[::2] == [set(), {"windows"}, {"hardest windows"}, {"sizes"}]
    for k, (digest, *given, options) in enumerate(trainings):
        assert digest == weights_digest(make_classifier(seed=k % 2))
        assert given == [crops, scenes, pyramid()]
        assert options == {"epochs": 1, "seed": k % 2, "progress": False}
    assert results["without sizes"] == [(0.07, 5), (0.1 + 0.08, 5)]


def test_a_network_is_judged_by_mosaics_of_the_crops_given(monkeypatch):
    judge, asked = some_crops(1), []

    def trained(model, crops, *arguments, without, **options):
        with torch.no_grad():
            model[0].weight.mul_(2 + len("".join(without)))

    def judged(model, crops, numbers, progress):
        asked.append((weights_digest(model), crops, numbers))
        return 0.25, 0.75

    monkeypatch.setattr(all_sizes, "fit_all_sizes", trained)
    monkeypatch.setattr(ablation_sizes, "mosaics_equal_error_rates", judged)
    results = ablate_sizes(judge, some_crops(), some_scenes(), seeds=1, **OPTIONS)
    assert results == {name: [(0.25, 0.75)] for name in VARIANTS}
    for (digest, crops, numbers), part in zip(asked, ("", *all_sizes.PARTS), strict=True):
        model = make_classifier(seed=0)
        trained(model, None, without=[part])
        assert digest == weights_digest(model)
        assert crops is judge
        assert numbers == ablation_sizes.NUMBERS
    assert len(set(ablation_sizes.NUMBERS)) > 1


def test_what_is_known_is_not_measured_again(trainings, tmp_path):
    data = some_crops(1), some_crops(), some_scenes()
    whole = ablate_sizes(*data, seeds=2, **OPTIONS)
    del trainings[:]
    file = tmp_path / "build" / "sizes.json"
    ablate_sizes(*data, seeds=1, results_file=file, **OPTIONS)
    first = trainings[:]
    again = ablate_sizes(*data, seeds=2, results_file=file, **OPTIONS)
    assert [options["seed"] for *_, options in trainings] == [0] * 4 + [1] * 4
    assert {name: len(rows) for name, rows in again.items()} == dict.fromkeys(VARIANTS, 2)
    assert {name: rows[0][1] for name, rows in again.items()} == {
        name: rows[0][1] for name, rows in whole.items()
    }
    del trainings[:]
    assert ablate_sizes(*data, seeds=2, results_file=file, **OPTIONS) == again
    assert trainings == []
    assert len(first) == 4
    for other in (
        (some_crops(2), *data[1:]),
        (data[0], some_crops(2), data[2]),
        (*data[:2], some_scenes(grey=0.5)),
    ):
        with pytest.raises(ValueError, match="of another order"):
            ablate_sizes(*other, seeds=1, results_file=file, **OPTIONS)
    with pytest.raises(ValueError, match="of another order"):
        ablate_sizes(*data, seeds=1, results_file=file, **(OPTIONS | {"epochs": 2}))
    assert json.loads(file.read_text())["order"]["epochs"] == 1


def test_an_interrupted_call_goes_on_with_the_same_results(tmp_path, monkeypatch):
    """With real networks: three classifiers and three judgements by real mosaics."""
    monkeypatch.setattr("helpers.evaluation.MOSAICS", 1)
    monkeypatch.setattr("helpers.evaluation.SIZES", (0.5, 0.8))  # quicker than larger ones
    monkeypatch.setattr(all_sizes, "PARTS", ("windows", "sizes"))
    data = some_crops(1), some_crops(), some_scenes()
    whole = ablate_sizes(*data, seeds=1, results_file=tmp_path / "whole.json", **OPTIONS)
    judgements = []

    def interrupted(*arguments, **options):
        judgements.append(1)
        if len(judgements) == 2:
            raise KeyboardInterrupt
        return mosaics_equal_error_rates(*arguments, **options)

    monkeypatch.setattr(ablation_sizes, "mosaics_equal_error_rates", interrupted)
    file = tmp_path / "interrupted.json"
    with pytest.raises(KeyboardInterrupt):
        ablate_sizes(*data, seeds=1, results_file=file, **OPTIONS)
    assert ablate_sizes(*data, seeds=1, results_file=file, **OPTIONS) == whole
    assert len(judgements) == 4
    assert file.read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_there_is_one_seed_at_least():
    with pytest.raises(ValueError, match="at least 1"):
        ablate_sizes(some_crops(1), some_crops(), some_scenes(), seeds=0, **OPTIONS)
