"""The command line: help, results, and a clear line instead of a traceback."""

import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from helpers import evaluation
from helpers.cli import ablation, ablation_sizes, commands, detecting, main, options, own, summary
from helpers.cli.bench_training import TrainingComparison
from helpers.cli.machine import Machine
from helpers.cli.parser import parser
from helpers.datasets import Crops, Scene
from helpers.detector import Detector, pyramid
from helpers.evaluation import CropScores, DetectorScores
from helpers.fcn.equivalence import Equivalence
from helpers.metrics import UIUC_MULTISCALE
from helpers.models import load_model, make_classifier, read_notes, save_model, weights_digest
from helpers.paths import ROOT
from helpers.street import SEED, draw_crop, draw_scene
from helpers.timing import Ratio

VERBS = ("data", "draw", "train", "detect", "evaluate", "ablate", "bench")


@pytest.fixture
def weights(tmp_path):
    return save_model(make_classifier(seed=0), tmp_path / "model.safetensors")


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "street.png"
    pixels = np.random.default_rng(0).integers(0, 255, (60, 130), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help_and_a_function(verb, capsys):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    assert "--help" in capsys.readouterr().out
    assert callable(getattr(commands, verb))


@pytest.mark.parametrize("verb", VERBS)
def test_help_says_what_is_done_and_each_option_what_it_is(verb):
    parsed = parser()._subparsers._group_actions[0].choices[verb]
    assert len(parsed.description.split()) >= 8
    example = parsed.epilog.splitlines()[-1].split()[3:]
    assert example[0] == verb
    copied = ["." if word == "mugs" else word for word in example]  # a folder that is there
    assert parser().parse_args(copied).verb == verb
    for action in parsed._actions:
        assert action.help, action.option_strings
        assert "evaluation." not in action.help


def test_help_knows_the_default_of_the_epochs():
    assert options.EPOCHS == evaluation.EPOCHS


def test_the_package_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "--help"], capture_output=True, text=True, check=True
    )
    assert all(verb in done.stdout for verb in VERBS)


def test_detect_writes_a_picture_and_json(tmp_path, picture, weights, capsys):
    out = tmp_path / "out"
    arguments = ["detect", str(picture), "--weights", str(weights), "--out", str(out)]
    assert main([*arguments, "--threshold", "0.2"]) == 0
    report = json.loads((out / "street-boxes.json").read_text())
    assert report["image"] == "street.png"
    assert report["threshold"] == 0.2
    assert (report["width"], report["height"]) == (130, 60)
    for car in report["objects"]:
        x1, y1, x2, y2 = car["box"]
        assert (x2 - x1, y2 - y1) == (100, 40)
        assert 0.2 <= car["score"] <= 1
        assert car["label"] == "car"
    assert report["objects"], "an untrained network at threshold 0.2 finds something in noise"
    with Image.open(out / "street-boxes.png") as drawn:
        assert drawn.size == (130, 60)
    assert f"{len(report['objects'])} found" in capsys.readouterr().out


def test_detect_reads_the_threshold_from_the_weights(tmp_path, picture):
    weights = save_model(make_classifier(seed=0), tmp_path / "m", notes={"threshold": "0.625"})
    assert main(["detect", str(picture), "--weights", str(weights), "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "street-boxes.json").read_text())["threshold"] == 0.625


def test_detect_reads_the_window_from_the_weights(tmp_path, picture):
    weights = tmp_path / "small.safetensors"
    save_model(make_classifier((20, 30), seed=0), weights, input_size=(20, 30))
    arguments = ["detect", str(picture), "--weights", str(weights), "--threshold", "0.1"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    x1, y1, x2, y2 = json.loads((tmp_path / "street-boxes.json").read_text())["objects"][0]["box"]
    assert (x2 - x1, y2 - y1) == (30, 20)


def test_detect_remembers_what_is_fastest_only_if_asked(tmp_path, picture, weights, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    arguments = ["detect", str(picture), "--weights", str(weights), "--out", str(tmp_path)]
    found = []
    for more in ([], ["--tune"]):
        assert main([*arguments, "--threshold", "0.2", *more]) == 0
        found.append(json.loads((tmp_path / "street-boxes.json").read_text())["objects"])
        assert bool(list(tmp_path.glob("cache/**/fastest.json"))) is bool(more)
    assert [car["box"] for car in found[0]] == [car["box"] for car in found[1]]


def test_detect_says_that_colour_became_grey(tmp_path, weights, capsys):
    path = tmp_path / "colour.png"
    Image.new("RGB", (120, 50), (200, 30, 30)).save(path)
    assert main(["detect", str(path), "--weights", str(weights), "--out", str(tmp_path)]) == 0
    assert "colour.png: colour image converted to grey" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: ["detect", str(folder / "none.png")], "no image file"),
        (lambda folder: ["detect", str(damaged(folder))], "damaged or not an image"),
        (lambda folder: ["detect", str(folder / "x"), "--weights", "none"], "no weights file"),
        (lambda folder: ["detect", str(folder / "x"), "--threshold", "7"], "probability"),
        (lambda folder: ["detect", "a/x.png", "b/x.png"], "several pictures are named x"),
    ],
)
def test_bad_input_gives_one_clear_line(make, message, tmp_path, capsys, monkeypatch, weights):
    monkeypatch.setattr(detecting, "load_pretrained", lambda: load_model(weights))
    monkeypatch.setattr(detecting, "pretrained_path", lambda: weights)
    assert main([*make(tmp_path), "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error
    assert not list(tmp_path.glob("out/*"))


def damaged(folder):
    path = folder / "damaged.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    return path


def result(capsys):
    """The lines on stdout and stderr."""
    said = capsys.readouterr()
    return said.out.splitlines(), said.err.splitlines()


def test_one_bad_picture_does_not_stop_the_others(tmp_path, picture, weights, capsys):
    cut = tmp_path / "cut.png"  # begins as a picture does
    cut.write_bytes(picture.read_bytes()[:-2000])
    other = picture.with_name("other.png")
    other.write_bytes(picture.read_bytes())
    images = [tmp_path / "none.png", picture, damaged(tmp_path), cut, other]
    out = tmp_path / "out"
    options = ["--weights", str(weights), "--out", str(out)]
    assert main(["detect", *map(str, images), *options]) == 1
    assert {path.name for path in out.iterdir()} == {
        f"{stem}-boxes.{ending}" for stem in ("street", "other") for ending in ("png", "json")
    }
    errors = [line for line in result(capsys)[1] if "error: " in line]
    assert len(errors) == 3
    for name in ("none.png", "damaged.png", "cut.png"):
        assert sum(name in line for line in errors) == 1, name


def test_a_failure_in_the_middle_is_said_and_passed_over(
    tmp_path, picture, weights, monkeypatch, capsys
):
    other = picture.with_name("other.png")
    other.write_bytes(picture.read_bytes())
    real = Detector.with_best

    def too_large(self, image, progress, calls=[]):  # noqa: B006
        calls.append(image)
        if len(calls) == 1:
            raise MemoryError
        return real(self, image)

    monkeypatch.setattr(Detector, "with_best", too_large)
    arguments = ["--weights", str(weights), "--out", str(tmp_path / "out")]
    assert main(["detect", str(picture), str(other), *arguments]) == 1
    assert any(f"error: {picture}: not enough memory" in line for line in result(capsys)[1])
    assert (tmp_path / "out" / "other-boxes.png").is_file()


BEFORE_TORCH = """
import contextlib, io, json, sys
from helpers.cli import main
for arguments in json.loads(sys.argv[1]):
    with contextlib.redirect_stderr(io.StringIO()) as said:
        status = main(arguments)
    print(json.dumps([status, said.getvalue(), "torch" in sys.modules]))
"""
DIGITS = str(ROOT / "data" / "digits")
# What is asked for ({0}: a folder with one damaged picture), and what is said.
KNOWN_BEFORE = [
    (["detect", "{0}/none.png"], "no image file"),
    (["detect", "{0}/damaged.png"], "damaged or not an image"),
    (["detect", "{0}"], "damaged or not an image"),
    (["detect", "{0}/empty"], "empty holds no pictures (.png"),
    (["detect", "{0}", "--scales", "1,2", "--object-width", "60..90"], "say the same"),
    (["evaluate", "--data", "{0}/empty"], "no pictures of yours in a folder for each class"),
    (["evaluate", "--weights", "{0}/damaged.png", "--train", "street"], "leave out --train"),
    (["evaluate", "--data", "digits", "--weights", "{0}/none"], "no weights file"),
    (
        ["evaluate", "--data", "digits", "--weights", "{0}/damaged.png", "--train", "digits"],
        "leave out --train",
    ),
    (["evaluate", "--train", "digits"], "digits has its own classes: measure by --data digits"),
    (
        ["evaluate", "--train", str(ROOT / "data" / "digits")],
        "drawings of something else than cars",
    ),
    (["train", "--data", DIGITS], "drawings of something else than cars"),
    (["detect", "{0}/damaged.png", "--weights", "none"], "no weights file none"),
    (["detect", "{0}/damaged.png", "--threshold", "nan"], "threshold is a probability"),
    (["detect", "{0}/damaged.png", "--out", "{0}/damaged.png"], "is no folder"),
    (["detect", "{0}/A.png", "{0}/a.png"], "several pictures are named A, a"),
    (["train", "--out", "{0}"], "is a folder, not a file to write"),
    (["train", "--out", "{0}/damaged.png/model"], "damaged.png is no folder"),
    (["train", "--data", "{0}"], "holds no drawings"),
    (["train", "--data", "uiuc"], "make data"),
    (["evaluate", "--train", "{0}"], "holds no drawings"),
    (["evaluate", "--data", "uiuc-multiscale"], "make data"),
    (["ablate"], "make data"),
    (["bench", "--out", "{0}/damaged.png"], "is no folder"),
    (["bench", "--data", "uiuc"], "make data"),
    (["draw", "--out", "{0}/damaged.png/x"], "damaged.png is no folder"),
]


def test_what_can_be_known_before_is_said_before_torch_is_loaded(tmp_path):
    damaged(tmp_path)
    (tmp_path / "empty").mkdir()
    asked = [[argument.format(tmp_path) for argument in arguments] for arguments, _ in KNOWN_BEFORE]
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_TORCH, json.dumps(asked)],
        env=os.environ | {"UIUC_CARS_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(asked), done.stderr
    for (arguments, expected), (status, said, loaded) in zip(KNOWN_BEFORE, answers, strict=True):
        assert status == 2, arguments
        assert not loaded, arguments
        assert said.splitlines()[-1].startswith("error: "), said
        assert expected in said, arguments


def test_a_python_without_the_course_s_packages_says_what_to_do():
    done = subprocess.run(
        [sys.executable, "-S", "-m", "helpers", "train", "--help"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: this Python lacks ")
    assert done.stderr.endswith("python -m tools.course python -m helpers train --help\n")


def test_a_folder_of_folders_says_where_pictures_are(tmp_path, capsys):
    (tmp_path / "cups").mkdir()
    damaged(tmp_path / "cups")
    assert main(["detect", str(tmp_path)]) == 2
    assert f"holds no pictures; there are some in {tmp_path / 'cups'}" in result(capsys)[1][-1]


def test_files_of_a_folder_that_are_not_read_are_named(tmp_path, picture, weights, capsys):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.HEIC").write_bytes(b"")
    (folder / ".DS_Store").write_bytes(b"")
    (folder / ".nomedia").write_bytes(b"")  # of a phone
    detect = ["detect", str(folder), "--weights", str(weights), "--out", str(tmp_path / "out")]
    assert main(detect) == 2
    assert "holds no pictures" in (said := capsys.readouterr().err)
    assert "but 1 files of a kind that is not read (.heic)" in said
    shutil.copy(picture, folder)
    assert main(detect) == 0
    assert "photos also holds 1 files of a kind that is not read (.heic)" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a$_$b.png", "a\u8f66.png", "a$x^{2$.png", "line\nbreak.png"])
def test_any_name_is_a_title(tmp_path, picture, weights, name):
    picture = picture.rename(tmp_path / name)
    arguments = ["detect", str(picture), "--weights", str(weights), "--out", str(tmp_path)]
    assert main(arguments) == 0  # warnings are errors here
    report = json.loads((tmp_path / f"{picture.stem}-boxes.json").read_text())
    assert report["image"] == name


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes")
def test_a_name_that_is_no_text_is_a_title_too(tmp_path, picture, weights):
    name = b"a\xff.png"
    os.rename(os.fsencode(picture), os.path.join(os.fsencode(tmp_path), name))
    arguments = ["detect", str(tmp_path / os.fsdecode(name)), "--weights", str(weights)]
    assert main([*arguments, "--out", str(tmp_path)]) == 0


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_of_another_encoding_ends_nothing(tmp_path, picture, weights, encoding):
    picture = picture.rename(tmp_path / "\u8f66.png")
    script = (
        "import sys; from helpers.cli import main; status = main(sys.argv[1:])\n"
        "from helpers.fcn.equivalence import Equivalence; print(Equivalence(0.0, 0.0, 9, 1e-4))\n"
        "sys.exit(status)"
    )
    options = ["--weights", str(weights), "--out", str(tmp_path / "车")]
    done = subprocess.run(
        [sys.executable, "-c", script, "detect", str(picture), "none車.png", *options],
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    assert done.returncode == 1, done.stderr
    assert b"error: no image file none?.png" in done.stderr
    assert b"?.png: " in done.stdout


def test_equivalence_is_printed_on_any_terminal(monkeypatch):
    proof = Equivalence(0.0, 0.0, 9, 1e-4)
    assert "|Δ|" in str(proof)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    print(proof)
    assert "in 9 cells: True" in str(proof)


def test_results_never_replace_a_picture_that_is_looked_at(tmp_path, picture, weights, capsys):
    other = tmp_path / "street-boxes.png"
    other.write_bytes(picture.read_bytes())
    arguments = ["detect", str(picture), str(other), "--weights", str(weights)]
    assert main([*arguments, "--out", str(tmp_path)]) == 2
    assert "would be replaced, but is one of the pictures" in capsys.readouterr().err
    assert other.read_bytes() == picture.read_bytes()


def test_what_is_replaced_is_said(tmp_path, picture, weights, capsys):
    arguments = ["detect", str(picture), "--weights", str(weights), "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert "(replaced" not in capsys.readouterr().out
    assert main(arguments) == 0
    assert "found (replaced street-boxes.png)" in capsys.readouterr().out


def test_weights_without_a_threshold_say_that_one_is_assumed(tmp_path, picture, weights, capsys):
    arguments = ["detect", str(picture), "--weights", str(weights), "--out", str(tmp_path)]
    assert main(arguments) == 0
    assert f"{weights} does not say which threshold suits it: 0.5" in capsys.readouterr().err


@pytest.mark.parametrize("noted", ["high", "nan", "7"])
def test_a_threshold_that_is_none_is_named(tmp_path, picture, noted, capsys):
    weights = save_model(make_classifier(seed=0), tmp_path / "m", notes={"threshold": noted})
    arguments = ["detect", str(picture), "--weights", str(weights), "--out", str(tmp_path)]
    assert main(arguments) == 2
    assert f"{weights} names '{noted}' as its threshold" in capsys.readouterr().err


def test_a_gpu_that_is_not_there_is_an_error(monkeypatch, capsys):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert main(["bench", "--device", "mps"]) == 2
    assert "there is no mps device here" in capsys.readouterr().err


def test_bench_asks_the_machine_it_was_told_to(monkeypatch, tmp_path, capsys):
    """Its words and files; what it measures has its own tests."""
    gpu = Machine("A Card", 1, "compute capability 9.0", 2e13, 3e12, "cuda")
    asked = []

    def measured(name, answer):
        def ask(*_, machine=None, device=None, **options):
            asked.append((name, machine is gpu or device == "cuda"))
            return answer

        return ask

    ratio = Ratio("ours", "theirs", 3, 2, 4, share=0.5)
    trained = TrainingComparison((2.0,), (0.9,), 4.0, 0.8, 1.0)
    monkeypatch.setattr(commands, "available", lambda name: name == "cuda")
    monkeypatch.setattr(commands.Machine, "measured", lambda device: asked.append(device) or gpu)
    monkeypatch.setattr(
        commands, "heatmap_limits", measured("limits", (ratio, [("x", 2e-3, 1e-3)]))
    )
    monkeypatch.setattr(commands, "compare_training", measured("training", trained))
    for name, answer in {
        "heatmap_ratios": [ratio],
        "dense_ratio": ratio,
        "detector_ratio": ratio,
        "peak_memory": 0.5,
    }.items():
        monkeypatch.setattr(commands.benchmarks, name, measured(name, answer))
    monkeypatch.setattr(commands.benchmarks, "nms_ratio", lambda repeats: ratio)
    monkeypatch.setattr(commands, "heatmap_multiply_adds", lambda *_: {"windows": 10**9})
    assert main(["bench", "--device", "cuda", "--out", str(tmp_path)]) == 0
    first, *others = asked
    assert first == "cuda"
    assert len(others) == 6
    assert all(told for _, told in others)
    said = capsys.readouterr()
    assert said.out.startswith("A Card (")
    assert said.out.count("| 50% ") == 6
    assert "x: 2.0 ms; the machine's limit 1.0 ms, 50 % of that" in said.out
    assert said.err.count("ours: 3.0 times faster than theirs") == 5
    assert (tmp_path / "bench.png").exists()


def test_no_memory_and_a_reader_that_went_away_end_without_a_traceback(monkeypatch, capsys):
    def fails(args):
        raise error

    monkeypatch.setattr(commands, "evaluate", fails)
    error = MemoryError()
    assert main(["evaluate"]) == 2
    assert capsys.readouterr().err == "error: not enough memory\n"
    error = BrokenPipeError()
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    assert main(["evaluate"]) == 1
    sys.stdout.close()  # what takes the place of the broken one
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("seed", [str(2**64), str(2**63), "-1", "one"])
@pytest.mark.parametrize("verb", ["train", "draw"])
def test_a_seed_out_of_range_is_refused(verb, seed, capsys):
    with pytest.raises(SystemExit):
        main([verb, f"--seed={seed}"])
    assert "--seed" in capsys.readouterr().err


def test_the_largest_seed_will_do(easy, tmp_path):
    arguments = ["train", "--epochs", "1", "--seed", str(2**63 - 1)]
    assert main([*arguments, "--out", str(tmp_path / "model")]) == 0


def test_a_tilde_is_the_own_folder(orders, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["draw", "--out=~/drawings"]) == 0
    assert orders[0][0] == tmp_path / "drawings"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["train", "--out", ""],
        ["train", "--data", ""],
        ["detect", ""],
        ["fly"],
        ["train", "--epochs", "0"],
        ["train", "--data", "mars"],
        ["evaluate", "--data", "mars"],
        ["evaluate", "--train", "mars"],
        ["draw", "--count", "0"],
        ["detect"],
    ],
)
def test_bad_arguments_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_missing_photographs_say_how_to_get_them(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("UIUC_CARS_DIR", str(tmp_path))
    assert main(["evaluate", "--data", "uiuc"]) == 2
    assert "make data" in capsys.readouterr().err


@pytest.fixture
def easy(monkeypatch, tmp_path_factory):
    """Crops of two kinds that anybody can tell apart, in place of every data set."""
    labels = torch.arange(40) % 2
    images = torch.rand(40, 1, 40, 100, generator=torch.Generator().manual_seed(0)) * 0.2
    images[labels == 1, :, 10:30, 20:80] += 0.7
    crops = Crops(images, labels)
    monkeypatch.setattr(commands, "load_crops", lambda name, split: crops)
    monkeypatch.setattr(commands, "load_or_shipped", lambda name, split: crops)
    image = torch.full((1, 60, 140), 0.1)
    image[:, 20:40, 40:100] += 0.7
    scene = Scene("easy", image, torch.tensor([[20.0, 10, 120, 50]]))
    monkeypatch.setattr(commands, "load_scenes", lambda name, split: (scene,))
    photographs = tmp_path_factory.mktemp("photographs")
    for part in ("TrainImages", "TestImages", "TestImages_Scale"):
        (photographs / "CarData" / part).mkdir(parents=True)
    monkeypatch.setenv("UIUC_CARS_DIR", str(photographs))
    return crops


def test_train_writes_weights_with_their_story(easy, tmp_path, capsys):
    out = tmp_path / "new" / "model.safetensors"
    assert main(["train", "--epochs", "2", "--seed", "3", "--out", str(out)]) == 0
    notes = read_notes(out)
    assert (notes["data"], notes["seed"], notes["epochs"]) == ("street", "3", "2")
    assert 0 < float(notes["threshold"]) < 1
    assert load_model(out)(easy.images).shape == (40, 2)
    assert "test crops are right" in capsys.readouterr().out


@pytest.mark.parametrize("data", ["street", "digits"])
def test_the_threshold_is_chosen_for_the_weights_that_are_kept(easy, data, tmp_path, monkeypatch):
    chosen_for, out = [], tmp_path / "half.safetensors"

    def choose(model, *_, **__):
        chosen_for.append(weights_digest(model))
        return 0.5

    monkeypatch.setattr(commands, "choose_detection_threshold", choose)
    monkeypatch.setattr(own, "choose_detection_threshold", choose)
    monkeypatch.setattr(own, "train_on", lambda *_, **__: make_classifier((16, 16), classes=11))
    monkeypatch.setattr(own, "report", lambda *_, **__: None)
    arguments = ["--data", data, "--epochs", "1", "--half", "--out", str(out)]
    assert main(["train", *arguments]) == 0
    assert chosen_for == [weights_digest(load_model(out))]


@pytest.mark.parametrize(("chosen", "noted"), [(0.99997, "0.9999"), (0.43211, "0.4321")])
def test_a_noted_threshold_can_be_reached(easy, chosen, noted, tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "choose_detection_threshold", lambda *_, **__: chosen)
    out = tmp_path / "model.safetensors"
    assert main(["train", "--epochs", "1", "--out", str(out)]) == 0
    assert read_notes(out)["threshold"] == noted


def test_training_for_all_sizes_learns_from_drawn_scenes(easy, tmp_path, monkeypatch):
    asked = []

    def fit_all_sizes(model, crops, scenes, scales, **options):
        asked.append((weights_digest(model), crops, scenes, scales, options))

    monkeypatch.setattr(commands, "fit_all_sizes", fit_all_sizes)
    out = tmp_path / "sizes.safetensors"
    arguments = ["--scenes", "2", "--seed", "4", "--epochs", "3", "--out", str(out)]
    assert main(["train", *arguments]) == 0
    [(digest, crops, scenes, scales, options)] = asked
    assert digest == weights_digest(make_classifier(seed=4))
    assert crops is easy
    assert scales == pyramid()
    assert options == {"epochs": 3, "seed": 4}
    for number, scene in enumerate(scenes):
        drawn = draw_scene(SEED, "train-multiscale", number)
        assert torch.equal((scene.image[0] * 255).round().byte(), torch.from_numpy(drawn.image))
        assert scene.boxes.tolist() == drawn.boxes.tolist()
    assert len(scenes) == 2
    assert read_notes(out)["scenes"] == "2"


def test_there_are_no_drawn_scenes_of_anything_but_cars(easy, tmp_path, capsys):
    out = tmp_path / "new.safetensors"
    assert main(["train", "--scenes", "2", "--data", "digits", "--out", str(out)]) == 2
    assert "--scenes is for cars" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("train", ["pretrained", "street", "digits"])
def test_networks_that_are_measured_on_something_else_learn_from_no_drawn_cars(easy, train, capsys):
    assert main(["evaluate", "--scenes", "2", "--data", "digits", "--train", train]) == 2
    assert "--scenes is for cars" in capsys.readouterr().err


def test_weights_that_are_measured_as_they_are_learn_from_no_scenes(easy, capsys):
    assert main(["evaluate", "--scenes", "2"]) == 2
    assert "say on what by --train" in capsys.readouterr().err


@pytest.mark.parametrize("data", ["street", "uiuc-crops", "uiuc"])
def test_networks_that_are_measured_may_learn_from_windows_of_drawn_scenes(
    data, easy, monkeypatch, capsys
):
    asked = []

    def train(name, seed, **how):
        asked.append((name, seed, how))
        return make_classifier(seed=seed)

    monkeypatch.setattr(commands, "train_on", train)
    monkeypatch.setattr(
        commands, "train_and_hold_out", lambda *a, **options: (train(*a, **options), easy)
    )
    monkeypatch.setattr(commands, "load_scenes", lambda *names: ())
    rows = DetectorScores(0.3, 0.9, 0.9, 0.8, 0.7)
    monkeypatch.setattr(commands, "evaluate_detector", lambda *a, **options: rows)
    monkeypatch.setattr(commands, "evaluate_crops", lambda *a, **options: rows)
    arguments = ["--data", data, "--train", "both", "--scenes", "2", "--epochs", "3"]
    assert main(["evaluate", *arguments]) == 0
    assert "trained on both and windows of 2 scenes" in capsys.readouterr().out
    assert len(asked) == (2 if data == "uiuc" else 1)
    for name, seed, how in asked:
        assert (name, seed, how["epochs"]) == ("both", 0, 3)
        assert [scene.name for scene in how["scenes"]] == [
            "train-multiscale-000",
            "train-multiscale-001",
        ]


def test_training_says_what_it_replaces_before_it_begins(easy, weights, monkeypatch, capsys):
    said = []

    def fit(*arguments, **options):
        said.append(capsys.readouterr().err)

    monkeypatch.setattr(commands.training, "fit", fit)
    assert main(["train", "--out", str(weights)]) == 0
    assert f"{weights} is there already: it is replaced" in said[0]


def test_what_is_needed_after_the_training_is_read_before_it(easy, tmp_path, monkeypatch, capsys):
    def load_scenes(name, split):
        raise ValueError("index.json is damaged")

    trained = []
    monkeypatch.setattr(commands.training, "fit", lambda *a, **k: trained.append(a))
    monkeypatch.setattr(commands, "load_scenes", load_scenes)
    assert main(["train", "--out", str(tmp_path / "model")]) == 2
    assert trained == []


def test_interrupted_training_leaves_the_old_weights(easy, weights, monkeypatch, capsys):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    before = weights.read_bytes()
    monkeypatch.setattr(commands.training, "fit", interrupted)
    assert main(["train", "--out", str(weights)]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert weights.read_bytes() == before
    assert [path.name for path in weights.parent.iterdir()] == [weights.name]


def test_interrupted_detection_leaves_no_half_file(tmp_path, picture, weights, monkeypatch):
    def interrupted(figure):
        raise KeyboardInterrupt

    monkeypatch.setattr(detecting, "_png", interrupted)
    arguments = ["detect", str(picture), "--weights", str(weights), "--out", str(tmp_path / "out")]
    assert main(arguments) == 130
    assert not list((tmp_path / "out").iterdir())


@pytest.fixture
def orders(monkeypatch):
    """What `write_dataset` is asked for, instead of drawing."""
    import helpers.street

    calls = []

    def write_dataset(folder, **options):
        options.pop("progress")(1, 2)
        calls.append((folder, options))

    monkeypatch.setattr(helpers.street, "write_dataset", write_dataset)
    return calls


def test_draw_passes_on_what_it_is_asked(orders, tmp_path, capsys):
    assert main(["draw", "--out", str(tmp_path / "s"), "--seed", "5", "--workers", "1"]) == 0
    assert orders == [(tmp_path / "s", {"seed": 5, "workers": 1, "counts": None})]
    assert "seed 5" in capsys.readouterr().out


def test_draw_with_a_count_draws_training_crops_only(orders, tmp_path):
    assert main(["draw", "--count", "7", "--out", str(tmp_path / "s")]) == 0
    counts = orders[0][1]["counts"]
    assert counts.pop("crops-train") == 7
    assert set(counts.values()) == {0}
    assert "scenes-test" in counts


def test_an_interrupted_drawing_says_how_to_go_on(monkeypatch, tmp_path, capsys):
    import helpers.street

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(helpers.street, "write_dataset", interrupted)
    assert main(["draw", "--out", str(tmp_path / "s")]) == 130
    assert "the same command goes on" in capsys.readouterr().err
    monkeypatch.setattr("helpers.datasets.digits.write_digits", interrupted)
    assert main(["draw", "digits", "--out", str(tmp_path / "d")]) == 130  # begins anew: a minute
    assert "the same command goes on" not in capsys.readouterr().err


@pytest.mark.filterwarnings("default:.* has no .* crops")
def test_a_folder_of_drawings_can_be_trained_on(tmp_path, capsys):
    drawn, out = tmp_path / "drawn", tmp_path / "model.safetensors"
    assert main(["draw", "--count", "20", "--workers", "1", "--out", str(drawn)]) == 0
    assert main(["train", "--data", str(drawn), "--epochs", "1", "--out", str(out)]) == 0
    assert read_notes(out)["data"] == str(drawn)
    said = capsys.readouterr()
    assert f"of the street test crops ({drawn} has none) are right" in said.out
    for split in ("val", "test"):
        line = f"{drawn} has no {split} crops: those of street are taken"
        assert said.err.splitlines().count(line) == 1
    assert f"{drawn} has no validation scenes: the threshold is chosen with those" in said.err


def test_a_folder_with_all_splits_is_measured_by_its_own(easy, tmp_path, monkeypatch, capsys):
    drawn, asked = tmp_path / "drawn", []
    drawn.mkdir()
    index = {"crops": {"train": 0, "val": 0, "test": 0}, "scenes": {"val": 0}}
    (drawn / "index.json").write_text(json.dumps(index))
    scenes = commands.load_scenes("street", "val")
    monkeypatch.setattr(commands, "load_scenes", lambda *a: asked.append(a) or scenes)
    arguments = ["train", "--data", str(drawn), "--epochs", "1"]
    assert main([*arguments, "--out", str(tmp_path / "model")]) == 0
    said = capsys.readouterr()
    assert f"of the {drawn} test crops are right" in said.out
    assert "street" not in said.err
    assert asked == [(drawn, "val")]


@pytest.fixture
def two_seeds(monkeypatch, easy):
    """Scenes and scores made up, so that only the arithmetic and the words are tested."""
    rows = iter([DetectorScores(0.3, 0.9, 0.9, 0.8, 0.7), DetectorScores(0.5, 1, 1, 1, 0.9)])
    crop_rows = iter(
        [CropScores(0.9, 0.91, 0.5, 0.5, 0.2, 0.2, 0.4, 0.3), CropScores(1, 1, 0.7, *[1] * 5)]
    )
    scene = Scene("s", torch.zeros(1, 50, 120), torch.tensor([[0.0, 0, 100, 40]]))
    model, trained = make_classifier(seed=0), []

    def hold_out(name, seed, epochs, scenes):
        trained.append(name)
        half = easy.subset(range(20))
        return model, Crops(half.images, half.labels if seed else 1 - half.labels)

    monkeypatch.setattr(commands, "load_scenes", lambda name, split: (scene,))
    monkeypatch.setattr(commands, "load_pretrained", lambda: model)
    monkeypatch.setattr(commands, "train_on", lambda name, seed, epochs, scenes: model)
    monkeypatch.setattr(commands, "train_and_hold_out", hold_out)
    monkeypatch.setattr(commands, "evaluate_detector", lambda *a, **k: next(rows))
    monkeypatch.setattr(commands, "evaluate_crops", lambda *a, **k: next(crop_rows))
    return trained


def test_evaluate_prints_mean_and_spread(two_seeds, capsys):
    assert main(["evaluate", "--train", "street", "--seeds", "2"]) == 0
    out = capsys.readouterr().out
    assert "auc_before_nms   0.4000 ± 0.1414" in out
    assert "eer_uiuc         0.8000 ± 0.1414  equal error rate, by the criterion" in out
    assert "on the street crops (test)" in out
    assert two_seeds == []


def test_every_figure_that_is_printed_says_what_it_is():
    own = {"accuracy", "mAP@0.5", "mAP@0.5:0.95"}
    names = {each.name for kind in (CropScores, DetectorScores) for each in fields(kind)}
    assert set(summary.MEANINGS) == names | own


@pytest.mark.parametrize("name", ["uiuc", "both"])
def test_evaluate_holds_out_crops_where_it_trains_on_the_same_data(two_seeds, capsys, name):
    assert main(["evaluate", "--data", "uiuc", "--train", name, "--seeds", "2"]) == 0
    out = capsys.readouterr().out
    # The same answers to labels turned round: accuracies of p and 1 - p.
    assert "accuracy         0.5000 ±" in out
    assert "held out of the uiuc crops" in out
    assert two_seeds == [name] * 2


def test_crops_are_a_judge_of_their_own(two_seeds, capsys):
    arguments = ["evaluate", "--data", "uiuc-crops", "--train", "street", "--seeds", "2"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "trained on street, mean ± spread over 2 seeds, measured on uiuc-crops" in out
    assert "accuracy         0.9500 ± 0.0707" in out
    assert "roc_auc          0.9550 ± 0.0636" in out
    assert "mosaics_auc      0.6000 ± 0.1414" in out
    assert "sized_eer        0.6500 ± 0.4950" in out
    assert "20 photographed crops" in out


def test_the_shipped_weights_are_judged_by_all_photographed_crops(two_seeds, capsys):
    assert main(["evaluate", "--data", "uiuc-crops", "--seeds", "2"]) == 0
    assert "on 40 photographed crops" in capsys.readouterr().out
    assert two_seeds == []


@pytest.mark.parametrize("data", ["street", "street-multiscale", "uiuc-crops"])
def test_weights_of_a_file_are_measured_like_the_courses(
    two_seeds, weights, monkeypatch, capsys, data
):
    read = []
    monkeypatch.setattr(commands, "load_model", lambda path: read.append(path) or load_model(path))
    assert main(["evaluate", "--data", data, "--weights", str(weights)]) == 0
    assert f"{weights}, measured on {data}" in capsys.readouterr().out
    assert read == [weights]
    assert two_seeds == []


@pytest.mark.parametrize(
    "other", [{"classes": ("background", "cup")}, {"input_size": (40, 96)}, {"channels": 3}]
)
def test_weights_for_something_else_are_not_measured_on_cars(two_seeds, tmp_path, capsys, other):
    network = {key: value for key, value in other.items() if key != "classes"}
    model = make_classifier(seed=0, **network)
    path = save_model(model, tmp_path / "other.safetensors", **other)
    assert main(["evaluate", "--weights", str(path)]) == 2
    assert "does not tell cars in grey crops" in capsys.readouterr().err


def test_ablate_prints_a_table(easy, monkeypatch, tmp_path, capsys):
    calls = []

    def ablate(judge, **options):
        calls.append((judge, options))
        return {"full": [(0.9, 0.95), (1.0, 0.97)], "without shading": [(0.5, 0.6)]}

    monkeypatch.setattr(ablation, "ablate", ablate)
    arguments = ["--seeds", "2", "--count", "30", "--epochs", "4", "--workers", "1"]
    assert main(["ablate", *arguments, "--out", str(tmp_path / "a.json")]) == 0
    out = capsys.readouterr().out
    assert "| full            | 0.9500 ± 0.0707 | 0.9600 ± 0.0141 |" in out
    assert "| without shading | 0.5000          | 0.6000          |" in out
    options = {"seeds": 2, "count": 30, "epochs": 4, "workers": 1}
    assert calls == [(easy, options | {"results_file": tmp_path / "a.json"})]


def test_ablate_of_sizes_trains_on_drawings_and_prints_equal_error_rates(
    easy, monkeypatch, tmp_path, capsys
):
    calls = []

    def ablate_sizes(judge, crops, scenes, **options):
        calls.append((judge, crops, scenes, options))
        return {"full": [(0.9, 0.95), (1.0, 0.97)], "without sizes": [(0.5, 0.6)]}

    monkeypatch.setattr(ablation_sizes, "ablate_sizes", ablate_sizes)
    monkeypatch.chdir(tmp_path)
    arguments = ["--scenes", "2", "--seeds", "2", "--count", "3", "--epochs", "4"]
    assert main(["ablate", *arguments, "--workers", "1"]) == 0
    out = capsys.readouterr().out
    assert "| training      | all sizes       | one size        |" in out
    assert "| full          | 0.9500 ± 0.0707 | 0.9600 ± 0.0141 |" in out
    [(judge, crops, scenes, options)] = calls
    assert judge is easy
    assert options == {"seeds": 2, "epochs": 4, "results_file": Path("build/ablation-sizes.json")}
    for number in range(3):
        drawn = draw_crop(SEED, "train", number)
        assert np.array_equal((crops.images[number, 0] * 255).round(), drawn.image)
        assert crops.labels[number] == drawn.label
    assert [len(crops), len(scenes)] == [3, 2]
    expected = draw_scene(SEED, "train-multiscale", 1)
    assert np.array_equal((scenes[1].image[0] * 255).round(), expected.image)


def test_the_shipped_weights_have_one_seed_only(two_seeds, capsys):
    assert main(["evaluate", "--seeds", "5", "--epochs", "9"]) == 0
    shown = capsys.readouterr()
    assert "the course's weights, measured on" in shown.out
    for option in ("--seeds", "--epochs"):
        assert f"{option} is not used: nothing is trained" in shown.err


@pytest.mark.parametrize("name", ["street", "uiuc"])
def test_multiscale_scenes_are_judged_with_a_pyramid_and_their_own_criterion(
    name, easy, monkeypatch, capsys
):
    asked = {}
    rows = DetectorScores(0.3, 0.9, 0.9, 0.8, 0.7)
    monkeypatch.setattr(
        commands, "evaluate_detector", lambda *a, **options: asked.update(options) or rows
    )
    loaded = []
    monkeypatch.setattr(commands, "load_scenes", lambda *names: loaded.append(names) or ())
    assert main(["evaluate", "--data", f"{name}-multiscale"]) == 0
    assert loaded == [(name, "test-multiscale")]
    assert asked["official"] is UIUC_MULTISCALE
    assert asked["scales"] == pyramid(85, 215)
    assert f"measured on {name}-multiscale" in capsys.readouterr().out


def test_draw_digits_writes_where_it_is_told(tmp_path, monkeypatch, capsys):
    from helpers.datasets import digits

    calls = []
    monkeypatch.setattr(
        digits, "write_digits", lambda *given, **named: calls.append((given, named))
    )
    assert main(["draw", "digits", "--out", str(tmp_path / "d"), "--workers", "1"]) == 0
    (folder,), options = calls[0]
    assert folder == tmp_path / "d"
    assert (options["seed"], options["workers"]) == (digits.SEED, 1)
    assert main(["draw", "digits", "--count", "5", "--out", str(tmp_path / "d")]) == 2
    assert "--count is for street" in capsys.readouterr().err
    assert len(calls) == 1
