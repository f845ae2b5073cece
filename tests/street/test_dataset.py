"""Writing drawn data sets: whole or not at all, the same bytes however often it is interrupted."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.datasets import load_crops, load_or_shipped, load_scenes
from helpers.paths import write_checksums
from helpers.street import (
    COUNTS,
    DrawnCrop,
    DrawnScene,
    dataset,
    draw_crop,
    draw_scene,
    shards,
    write_dataset,
)

TINY = dict.fromkeys(COUNTS, 1) | {"crops-train": 103, "crops-val": 4, "scenes-test": 2}
ONE_OF_EACH = dict.fromkeys(COUNTS, 1)


def only_crops(count):
    return dict.fromkeys(COUNTS, 0) | {"crops-train": count}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "street"
    write_dataset(folder, seed=3, counts=TINY)
    return folder


@pytest.fixture
def quick(monkeypatch):
    """Pictures that need no drawing; every third scene is without cars, one has a wide box."""
    drawn = []

    def crop(seed, split, index):
        drawn.append((split, index))
        return DrawnCrop(np.full((40, 100), index % 256, np.uint8), index % 2, f"{split} {index}")

    def scene(seed, split, index):
        drawn.append((split, index))
        boxes = [[1, 2, 101, 42], [-3, 5, 147, 65]][: index % 3]
        image = np.full((50 + index, 120), index, np.uint8)
        return DrawnScene(image, np.array(boxes, dtype=np.int64).reshape(-1, 4))

    monkeypatch.setattr(shards, "draw_crop", crop)
    monkeypatch.setattr(shards, "draw_scene", scene)
    return drawn


@pytest.fixture
def multiscale(monkeypatch):
    """Counts with a part of multi-scale scenes."""
    counts = {"crops-train": 3, "scenes-test": 2, "scenes-test-multiscale": 3}
    monkeypatch.setattr(dataset, "COUNTS", counts)
    return counts


def contents(folder):
    """Every file of a folder with its bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def pixels(path):
    """A picture as an array, its file closed."""
    with Image.open(path) as image:
        return np.array(image)


# What is written


def test_what_is_written_is_what_is_drawn(tiny):
    index = json.loads((tiny / "index.json").read_text())
    assert index["seed"] == 3
    assert index["versions"] == shards.versions()
    sheets = {f"{part}.png" for part in COUNTS if part.startswith("crops")}
    scenes = {
        f"scenes/{part.split('-', 1)[1]}-{k:03d}.png"
        for part in COUNTS if part.startswith("scenes")
        for k in range(TINY[part])
    }  # fmt: skip
    others = {"CARD.md", "checksums.sha256", "index.json"}
    assert set(contents(tiny)) == sheets | scenes | others
    crops = load_crops(tiny, "train")
    assert len(crops) == 103
    for k in (0, 49, 50, 102):
        crop = draw_crop(3, "train", k)
        np.testing.assert_array_equal(crops.images[k, 0] * 255, crop.image)
        assert (crops.labels[k], crops.kinds[k]) == (crop.label, crop.kind)
    scene, loaded = draw_scene(3, "test", 1), load_scenes(tiny, "test")[1]
    np.testing.assert_array_equal(loaded.image[0] * 255, scene.image)
    assert loaded.boxes.tolist() == scene.boxes.tolist()
    assert not pixels(tiny / "crops-train.png")[-40:, 300:].any()  # black where no crop is left


def test_checksums_name_every_other_file_and_match(tiny):
    files = contents(tiny)
    listed = files.pop("checksums.sha256").decode()
    expected = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]
    assert listed.splitlines() == expected


def test_crops_alone_can_be_drawn_and_loaded(tmp_path, quick):
    folder = tmp_path / "many"
    write_dataset(folder, seed=8, counts=only_crops(130))
    assert names(folder) == ["CARD.md", "checksums.sha256", "crops-train.png", "index.json"]
    crops = load_crops(folder)
    assert torch.equal(crops.images[:, 0, 0, 0] * 255, torch.arange(130.0))
    assert load_crops(folder, "all").kinds == crops.kinds
    with pytest.raises(ValueError, match="no crops 'val'; it has: train"):
        load_crops(folder, "val")
    with pytest.raises(ValueError, match="no scenes 'test'; it has: none"):
        load_scenes(folder, "test")
    with pytest.warns(UserWarning, match="many has no val crops: those of street are taken"):
        assert load_or_shipped(folder, "val").kinds == load_crops("street", "val").kinds
    assert load_or_shipped(folder, "train").kinds == crops.kinds
    assert load_or_shipped(folder, "all").kinds == crops.kinds
    card = (folder / "CARD.md").read_text()
    assert "`python -m helpers draw --count 130 --seed 8`" in card
    assert "| crops-train | 130 | 65 |" in card


def test_many_crops_make_several_sheets(tmp_path, quick, monkeypatch):
    monkeypatch.setattr(dataset, "CROPS_PER_SHEET", 60)
    write_dataset(tmp_path / "many", counts=only_crops(150))
    files = names(tmp_path / "many")
    assert files[2:5] == ["crops-train-2.png", "crops-train-3.png", "crops-train.png"]
    crops = load_crops(tmp_path / "many")
    assert torch.equal(crops.images[:, 0, 0, 0] * 255, torch.arange(150.0))


def test_multiscale_scenes_and_scenes_without_cars_keep_their_boxes(tmp_path, quick, multiscale):
    write_dataset(tmp_path / "street")
    assert ("test-multiscale", 2) in quick
    scenes = load_scenes(tmp_path / "street", "test-multiscale")
    assert [scene.name for scene in scenes] == [f"test-multiscale-{k:03d}" for k in range(3)]
    assert [scene.boxes.tolist() for scene in scenes] == [
        [],
        [[1, 2, 101, 42]],
        [[1, 2, 101, 42], [-3, 5, 147, 65]],
    ]
    assert all(scene.boxes.shape[1:] == (4,) for scene in scenes)
    card = (tmp_path / "street" / "CARD.md").read_text()
    assert "| scenes-test-multiscale | 3 | 3 |" in card
    assert "| scenes-test | 2 | 1 |" in card


def test_a_drawn_folder_is_checked_like_the_shipped_data(tmp_path, quick):
    write_dataset(tmp_path / "many", counts=only_crops(3))
    sheet = tmp_path / "many" / "crops-train.png"
    sheet.write_bytes(sheet.read_bytes() + b"\n")
    with pytest.raises(ValueError, match=r"crops-train.png is damaged.*draw your own again"):
        load_crops(tmp_path / "many")
    with pytest.raises(FileNotFoundError, match=r"checksums.sha256 is missing"):
        load_crops(tmp_path / "none")


# In parallel, and interrupted


def test_workers_change_no_byte(tiny, tmp_path):
    write_dataset(tmp_path / "street", seed=3, counts=TINY, workers=2)
    assert contents(tmp_path / "street") == contents(tiny)


def test_progress_ends_with_everything(tmp_path, quick):
    calls = []
    write_dataset(tmp_path / "s", counts=only_crops(130), progress=lambda *call: calls.append(call))
    assert calls == [(0, 130), (50, 130), (100, 130), (130, 130)]


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_drawing_keeps_the_old_and_goes_on(tiny, tmp_path, existing, workers):
    folder = tmp_path / "street"
    if existing:
        write_dataset(folder, seed=4, counts=ONE_OF_EACH)
        before = contents(folder)

    def interrupt(done, total):
        if done >= 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(folder, seed=3, counts=TINY, workers=workers, progress=interrupt)
    assert names(tmp_path) == [".street-parts", "street"][: 1 + existing]
    if existing:
        assert contents(folder) == before
    calls = []
    write_dataset(folder, seed=3, counts=TINY, progress=lambda done, _: calls.append(done))
    assert calls[0] >= 50  # what was drawn is not drawn again
    assert contents(folder) == contents(tiny)
    assert names(tmp_path) == ["street"]


def test_no_finished_shard_is_drawn_again(tmp_path, quick):
    def interrupt(done, total):
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "s", counts=only_crops(130), progress=interrupt)
    assert quick == [("train", k) for k in range(100)]
    del quick[:]
    write_dataset(tmp_path / "s", counts=only_crops(220))  # more than at first: the same crops
    assert quick == [("train", k) for k in range(100, 220)]
    assert load_crops(tmp_path / "s").kinds == tuple(f"train {k}" for k in range(220))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda monkeypatch: {"seed": 6}, "seed"),
        (lambda m: m.setattr(shards, "renderer", lambda: "newer"), "renderer"),
        (lambda m: m.setattr(shards.PIL, "__version__", "0.1"), "pillow"),
    ],
)
def test_shards_of_another_order_are_never_mixed_in(tmp_path, quick, monkeypatch, change, what):
    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(tmp_path / "s", seed=5, counts=only_crops(60), progress=interrupt)
    options = {"seed": 5} | (change(monkeypatch) or {})
    with pytest.raises(ValueError, match=rf"begun with another {what}: .*delete"):
        write_dataset(tmp_path / "s", counts=only_crops(60), **options)
    assert names(tmp_path) == [".s-parts"]


def test_a_crash_while_a_shard_is_written_leaves_no_half_of_it(tmp_path, quick, monkeypatch):
    def crash(source, target):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("helpers.paths.os.replace", crash)
        with pytest.raises(OSError, match="disk full"):
            write_dataset(tmp_path / "s", counts=only_crops(60))
    assert names(tmp_path / ".s-parts") == []
    write_dataset(tmp_path / "s", counts=only_crops(60))
    assert len(load_crops(tmp_path / "s")) == 60


def test_a_failing_swap_puts_the_old_folder_back(tmp_path, quick, monkeypatch):
    folder = tmp_path / "street"
    write_dataset(folder, counts=only_crops(1))
    before = contents(folder)
    real, calls = dataset.os.replace, []

    def replace(source, target):
        if ".street-parts" not in str(source) and "checksums" not in str(target):
            calls.append(source)
            if len(calls) == 2:
                raise OSError("disk full")
        real(source, target)

    monkeypatch.setattr(dataset.os, "replace", replace)
    with pytest.raises(OSError, match="disk full"):
        write_dataset(folder, counts=only_crops(2))
    assert names(tmp_path) == [".street-parts", "street"]
    assert contents(folder) == before


def test_an_old_data_set_is_replaced_as_a_whole(tmp_path, quick):
    folder = tmp_path / "street"
    write_dataset(folder, counts=ONE_OF_EACH)
    write_dataset(folder, counts=ONE_OF_EACH | {"scenes-val": 2})
    assert "scenes/val-001.png" in contents(folder)
    write_dataset(folder, counts=ONE_OF_EACH)
    assert "scenes/val-001.png" not in contents(folder)
    assert names(tmp_path) == ["street"]


def test_a_folder_of_other_things_is_left_alone(tmp_path, quick):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(ValueError, match="choose another folder"):
        write_dataset(tmp_path / "letters", counts=only_crops(1))
    assert contents(tmp_path) == {"letters/dear.txt": b"dear"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"counts": {"crops": 3}}, "unknown parts"),
        ({"counts": {"crops-val": -1}}, "not be negative"),
        ({"counts": only_crops(0)}, "nothing to draw"),
        ({"workers": 0}, "at least 1"),
    ],
)
def test_impossible_orders_are_refused(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        write_dataset(tmp_path / "street", **wrong)
    assert list(tmp_path.iterdir()) == []


def test_drawing_loads_no_torch():
    code = "import sys, helpers.street, helpers.cli.draw; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_folder_with_somebody_elses_file_is_never_replaced(tmp_path):
    folder = tmp_path / "street"
    counts = dict.fromkeys(COUNTS, 0) | {"crops-train": 2}
    write_dataset(folder, seed=1, counts=counts)
    write_dataset(folder, seed=2, counts=counts)  # one data set may replace another
    (folder / "notes").mkdir()
    (folder / "notes" / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"notes/thesis.tex, which is no part"):
        write_dataset(folder, seed=3, counts=counts)
    assert (folder / "notes" / "thesis.tex").read_text() == "years of work"


CLUTTER = (".DS_Store", "scenes/._test-000.png", "Thumbs.db", "Desktop.ini", "__MACOSX/._x")


def test_what_systems_leave_in_a_folder_belongs_to_nobody(tmp_path, quick):
    folder = tmp_path / "street"
    write_dataset(folder, counts=ONE_OF_EACH)
    before = contents(folder)
    for name in CLUTTER:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"clutter")
    assert len(load_scenes(folder, "test")) == 1
    write_dataset(folder, counts=ONE_OF_EACH)
    assert contents(folder) == before
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("somebody's work, though hidden")
    with pytest.raises(ValueError, match=r"holds \.git/HEAD, which is no part"):
        write_dataset(folder, counts=ONE_OF_EACH)


def test_weights_are_no_data_set_though_they_have_checksums(tmp_path):
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / "street.safetensors").write_bytes(b"weeks of training")
    write_checksums(weights)
    with pytest.raises(ValueError, match=r"street\.safetensors.*choose another folder"):
        write_dataset(weights, counts=only_crops(1))
    assert (weights / "street.safetensors").read_bytes() == b"weeks of training"


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    write_dataset(tmp_path / "real", seed=1, counts=only_crops(1))
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real", target_is_directory=True)
    write_dataset(link, seed=2, counts=only_crops(1))
    assert link.is_symlink()
    assert json.loads((tmp_path / "real" / "index.json").read_text())["seed"] == 2
