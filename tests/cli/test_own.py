"""A detector of one's own, by the three commands of README, from a folder made on the spot."""

import json
import os
import re
import shlex
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.boxes import Detections
from helpers.cli import main, own
from helpers.cli.results import draw_boxes, write_coco
from helpers.cli.summary import confusion, most_wrong
from helpers.datasets import Crops, load_crops
from helpers.models import load_model, make_classifier, read_header, save_model
from helpers.paths import ROOT
from tests.datasets.own.shapes import CLASSES, make_folder

# The commands as README has them: train, detect, evaluate.
COMMANDS = re.findall(
    r"^python -m helpers (.*my-objects.*)$",
    (ROOT / "README.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of 24×24, and scenes of 80×100; not to be changed."""
    root = tmp_path_factory.mktemp("shapes") / "my-objects"
    return make_folder(root, count=16, scenes=8, size=(24, 24), scene_size=(80, 100))


def run_as_written(command, folder):
    """A line of README, run where the folder is."""
    before = os.getcwd()
    os.chdir(folder.parent)
    try:
        return main(shlex.split(command))
    finally:
        os.chdir(before)


@pytest.fixture(scope="module")
def trained(folder):
    """What README's `train` writes."""
    assert [command.split()[0] for command in COMMANDS] == ["train", "detect", "evaluate"]
    assert run_as_written(COMMANDS[0], folder) == 0
    return folder.parent / "mine.safetensors"


# The three commands


def test_train_writes_what_the_weights_are_for(trained, folder):
    header = read_header(trained)
    assert header.classes == ("background", *CLASSES)
    assert (header.input_size, header.channels, header.background) == ((24, 24), 3, 0)
    assert header.notes["data"] == "my-objects"
    assert header.notes["mirror"] == "no"
    assert header.notes["object_width"] == "24..24"
    assert 0 < float(header.notes["threshold"]) < 1
    assert load_model(trained)(torch.zeros(1, 3, 24, 24)).shape == (1, 4)


def test_detect_finds_the_shapes_of_a_whole_folder(trained, folder, capsys):
    assert run_as_written(f"{COMMANDS[1]} --coco", folder) == 0
    found = folder.parent / "found"
    assert "scene-00.png: " in capsys.readouterr().out
    truth = json.loads((folder / "scenes" / "boxes.json").read_text())
    reports = sorted(found.glob("*-boxes.json"))
    assert len(reports) == 8
    hits = 0
    for number, path in enumerate(reports):
        report = json.loads(path.read_text())
        assert (report["width"], report["height"]) == (100, 80)
        with Image.open(found / f"scene-{number:02d}-boxes.png") as drawn:
            assert (drawn.size, drawn.mode) == ((100, 80), "RGB")
        for entry in truth["annotations"]:
            if entry["image_id"] == number:
                x, y = entry["bbox"][:2]
                hits += any(
                    abs(one["box"][0] - x) <= 4
                    and abs(one["box"][1] - y) <= 4
                    and one["label"] == CLASSES[entry["category_id"] - 1]
                    for one in report["objects"]
                )
    assert hits >= 0.7 * len(truth["annotations"])
    results = json.loads((found / "coco-results.json").read_text())
    assert len(results) == sum(len(json.loads(path.read_text())["objects"]) for path in reports)


def test_evaluate_prints_accuracy_confusion_and_map(trained, folder, capsys):
    assert run_as_written(COMMANDS[2], folder) == 0
    said, remarks = capsys.readouterr()
    assert "has changed since the training" not in remarks
    assert "held-out crops are right" in said
    assert "true, called" in said
    value = float(said.split("mean (mAP)")[1].split()[0])
    assert 0.7 <= value <= 1


def test_weights_of_other_classes_are_refused_by_name(trained, folder, tmp_path, capsys):
    other = shutil.copytree(folder, tmp_path / "other")
    shutil.move(other / "tent", other / "house")
    text = (other / "scenes" / "boxes.json").read_text()
    (other / "scenes" / "boxes.json").write_text(text.replace('"tent"', '"house"'))
    assert main(["evaluate", "--weights", str(trained), "--data", str(other)]) == 2
    error = capsys.readouterr().err
    assert "knows background, ball, frame, tent, but" in error
    assert "has background, ball, frame, house" in error


def test_a_folder_that_has_changed_is_remarked(trained, folder, tmp_path, capsys):
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "ball" / "000.png").unlink()
    assert main(["evaluate", "--weights", str(trained), "--data", str(other)]) == 0
    assert "has changed since the training" in capsys.readouterr().err


def test_another_picture_in_the_place_of_one_is_a_change(trained, folder, tmp_path, capsys):
    other = shutil.copytree(folder, tmp_path / "other")
    (other / "ball" / "000.png").rename(other / "ball" / "999.png")
    assert main(["evaluate", "--weights", str(trained), "--data", str(other)]) == 0
    assert "has changed since the training" in capsys.readouterr().err


# Where nothing is found, and sizes


@pytest.fixture
def unsure(tmp_path):
    """Untrained weights with a threshold that nothing reaches."""
    notes = {"threshold": "0.9999", "object_width": "20..40"}
    model, path = make_classifier((20, 20), classes=3, seed=0), tmp_path / "unsure"
    return save_model(
        model, path, input_size=(20, 20), classes=("background", "cup", "pot"), notes=notes
    )


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.png"
    pixels = np.random.default_rng(0).integers(0, 255, (60, 70, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize(
    ("options", "sizes"),
    [
        ([], "22 to 37 pixels"),
        (["--object-width", "60..300"], "66 to 274 pixels"),
        (["--object-width", "30"], "30 pixels"),
        (["--scales", "1,2"], "20 to 40 pixels"),
    ],
)
def test_a_hint_says_what_was_looked_for(unsure, table, tmp_path, capsys, options, sizes):
    arguments = ["detect", "--weights", str(unsure), str(table), "--out", str(tmp_path / "out")]
    assert main([*arguments, *options]) == 0
    said = capsys.readouterr().out
    assert "0 found; the largest score is 0." in said
    assert sizes in said


@pytest.mark.parametrize(
    "options",
    [
        ["detect", "x.png", "--object-width", "9..3"],
        ["detect", "x.png", "--object-width", "a..b"],
        ["detect", "x.png", "--scales", "0"],
        ["train", "--size", "64"],
        ["train", "--size", "8x64"],
        ["train", "--shape", "bend"],
    ],
)
def test_options_that_make_no_sense_are_refused(options, capsys):
    with pytest.raises(SystemExit):
        main(options)
    assert "argument" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--size", "32x32"], ["--shape", "pad"]])
@pytest.mark.parametrize("data", ["street", "digits"])
def test_a_size_that_would_not_be_heard_is_refused(data, options, tmp_path, capsys):
    assert main(["train", "--data", data, "--out", str(tmp_path / "w"), *options]) == 2
    assert f"are for pictures of your own, not for {data}" in capsys.readouterr().err


# Pictures and files


@pytest.mark.parametrize("size", [(10, 10), (70, 60), (1500, 900)])
def test_boxes_are_drawn_on_a_picture_of_the_same_size(size):
    pixels = np.full((size[1], size[0], 3), 200, np.uint8)
    box = torch.tensor([[0.2 * size[0], 0.5 * size[1], 0.6 * size[0], 0.9 * size[1]]])
    found = Detections(box, torch.tensor([0.98]), torch.tensor([2]))
    drawn = np.array(draw_boxes(pixels, found, ("background", "cup", "pot")))
    assert drawn.shape == pixels.shape
    changed = (drawn != pixels).any(2)
    x1, y1, x2, y2 = (round(side) for side in box[0].tolist())
    assert changed[y1, x1:x2].all()
    assert changed[y1:y2, x1].all()
    assert not changed[y2 + 1 :].any()
    assert not changed[y1 + (y2 - y1) // 2, x1 + (x2 - x1) // 2]  # within the box nothing
    assert changed[:y1].any() == (size[0] > 60)  # letters, where there is room for them
    assert (pixels == 200).all()


def test_letters_stay_inside_the_picture():
    pixels = np.zeros((200, 300, 3), np.uint8)
    boxes = torch.tensor([[250.0, -20, 320, 60], [-30, 150, 40, 230]])
    found = Detections(boxes, torch.tensor([0.9, 0.8]), torch.tensor([1, 2]))
    assert draw_boxes(pixels, found, ("background", "Tässchen", "чашка")).size == (300, 200)


def plates_of(drawn, pixels, colour):
    """Where the picture has one of the colours that boxes have: bool [H, W]."""
    return (np.array(drawn) == np.array(colour)).all(2) & (pixels != colour).any(2)


def test_letters_and_lines_on_a_small_box_of_a_large_picture_leave_it_in_sight():
    pixels = np.full((2000, 3000, 3), 200, np.uint8)
    box = torch.tensor([[1000.0, 1000, 1080, 1048]])
    found = Detections(box, torch.tensor([0.98]), torch.tensor([1]))
    changed = (np.array(draw_boxes(pixels, found, ("background", "cup", "pot"))) != pixels).any(2)
    assert not changed[1004:1044, 1004:1076].any()  # the lines are thin
    assert changed[1000, 1000:1080].all()
    rows, cols = changed[:1000].nonzero()
    assert 10 <= rows.max() - rows.min() <= 40  # and the letters small enough
    assert cols.max() - cols.min() <= 2 * 80
    large = Detections(torch.tensor([[100.0, 500, 1900, 1900]]), found.scores, found.labels)
    changed = (np.array(draw_boxes(pixels, large, ("background", "cup", "pot"))) != pixels).any(2)
    assert changed[500:505, 300].all()
    assert changed[450, 100:200].all()


def test_plates_of_neighbours_do_not_cover_each_other():
    pixels = np.full((300, 400, 3), 200, np.uint8)
    boxes = torch.tensor([[100.0, 100, 160, 160], [110, 100, 170, 160]])
    found = Detections(boxes, torch.tensor([0.98, 0.97]), torch.tensor([1, 2]))
    drawn = draw_boxes(pixels, found, ("background", "cup", "pot"))
    first, second = (plates_of(drawn, pixels, colour) for colour in ((0, 114, 178), (213, 94, 0)))
    assert first[:100].any()
    assert not second[:100].any()
    assert second[161:].any()  # below, where there is room
    alone = draw_boxes(pixels, found.subset([1]), ("background", "cup", "pot"))
    assert plates_of(alone, pixels, (213, 94, 0))[:100].any()


def test_coco_results_are_read_by_pycocotools(tmp_path):
    pycocotools = pytest.importorskip("pycocotools.coco")
    objects = [{"label": "pot", "box": [1.0, 2.0, 11.0, 22.0], "score": 0.5}]
    reports = [
        {"image": "a.png", "width": 40, "height": 30, "objects": []},
        {"image": "b.png", "width": 40, "height": 30, "objects": objects},
    ]
    write_coco(tmp_path, reports, ("background", "cup", "pot"))
    truth = pycocotools.COCO(str(tmp_path / "coco-images.json"))
    results = truth.loadRes(str(tmp_path / "coco-results.json"))
    (found,) = results.loadAnns(results.getAnnIds())
    assert (found["image_id"], found["category_id"]) == (2, 2)
    assert found["bbox"] == [1, 2, 10, 20]


# Reports and digits


def test_a_confusion_table_counts_rows_by_truth():
    labels, called = torch.tensor([0, 1, 1, 2]), torch.tensor([0, 2, 1, 2])
    lines = confusion(labels, called, ("background", "cup", "pot")).splitlines()
    assert [line.split()[-3:] for line in lines[1:]] == [
        ["1", "0", "0"],
        ["0", "1", "1"],
        ["0", "0", "1"],
    ]


def test_the_most_wrong_crop_comes_first():
    crops = Crops(torch.zeros(3, 1, 8, 8), torch.tensor([1, 1, 0]), ("a", "b", "c"))
    probabilities = torch.tensor([[0.6, 0.4], [0.9, 0.1], [0.8, 0.2]]).double()
    lines = most_wrong(crops, probabilities).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["b", "a"]
    assert lines[1].endswith("car, called background (0.90)")


def test_nothing_is_mirrored_unless_it_may_be(generator):
    images = torch.linspace(0, 1, 16).repeat(64, 1, 16, 1)  # brighter to the right
    for mirror, expected in ((False, 64), (True, 32)):
        changed = own._augment(images, generator, pixels=1, mirror=mirror)
        rising = int((changed[:, 0, 8, -1] > changed[:, 0, 8, 0]).sum())
        assert abs(rising - expected) <= 12 * mirror


@pytest.mark.parametrize("options", [[], ["--mirror"]])
def test_a_folder_may_be_named_digits_and_mirrored(options, tmp_path, monkeypatch):
    make_folder(tmp_path / "digits", count=8, scenes=10, size=(24, 24), scene_size=(80, 100))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own, "best_threshold", lambda *_, **__: 0.5)
    monkeypatch.setattr(own, "report", lambda *_, **__: None)
    arguments = ["train", "--data", "./digits", "--epochs", "1", "--out", "weights", *options]
    assert main(arguments) == 0
    assert read_header(tmp_path / "weights").notes["mirror"] == ("yes" if options else "no")


def test_digits_are_a_task_for_the_same_commands(tmp_path, monkeypatch, capsys):
    few = load_crops("digits", "val")
    monkeypatch.setattr(own, "load_crops", lambda name, split: few)
    pages = own.load_scenes("digits", "val")[:2]
    monkeypatch.setattr(own, "load_scenes", lambda name, split: pages)
    out = tmp_path / "digits"
    arguments = ["train", "--data", "digits", "--epochs", "8", "--mirror", "--out", str(out)]
    assert main(arguments) == 0
    header = read_header(out)
    assert header.classes == few.classes
    assert header.notes["mirror"] == "no"  # a mirrored digit is no digit, whatever is asked for
    assert header.notes["object_width"] == "16..32"
    assert main(["evaluate", "--data", "digits", "--weights", str(out)]) == 0
    assert "mean (mAP)" in capsys.readouterr().out
    arguments = ["evaluate", "--data", "digits", "--train", "digits", "--epochs", "1"]
    assert main([*arguments, "--seeds", "2"]) == 0
    assert "mAP@0.5" in capsys.readouterr().out
    assert main(["evaluate", "--data", "digits", "--train", "street"]) == 2
    assert "digits has its own classes" in capsys.readouterr().err


def test_what_is_held_out_is_the_same_on_windows():
    def notes(*names):
        test = Crops(torch.zeros(2, 1, 16, 16), torch.tensor([0, 1]), kinds=names)
        return own._held_out(SimpleNamespace(train=[], val=[], test=test))

    assert notes("cup/1.png", "key/2.png") == notes(r"cup\1.png", r"key\2.png")
    assert notes("cup/1.png", "key/2.png") != notes("cup/1.png", "key/3.png")
