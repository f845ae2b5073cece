"""Data sets: shapes, types, counts and splits, and what happens when files are wrong."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from helpers.datasets import Crops, Scene, load_crops, load_scenes, loading, split_crops
from helpers.paths import sha256


def numbered_crops(cars=32, others=16):
    """Tiny crops, each of its own grey, so that each can be recognised; the cars come last."""
    count = cars + others
    images = torch.linspace(0, 1, count).view(-1, 1, 1, 1).expand(-1, 1, 2, 3)
    labels = torch.tensor([0] * others + [1] * cars)
    return Crops(images.contiguous(), labels, tuple(f"crop {i}" for i in range(count)))


# Crops and scenes


def test_crops_work_in_a_data_loader():
    crops = numbered_crops()
    images, labels = next(iter(DataLoader(crops, batch_size=5)))
    assert torch.equal(images, crops.images[:5])
    assert torch.equal(labels, crops.labels[:5])
    assert len(list(crops)) == len(crops) == 48


def test_a_subset_keeps_the_order_asked_for_and_the_kinds():
    part = numbered_crops().subset([40, 3, 3])
    assert torch.equal(part.images, numbered_crops().images[[40, 3, 3]])
    assert part.labels.tolist() == [1, 0, 0]
    assert part.kinds == ("crop 40", "crop 3", "crop 3")
    assert len(part.subset([])) == 0


@pytest.mark.parametrize("mask", [torch.tensor([0, 1, 1]) == 1, [False, True, True], [0.5, 1, 2]])
def test_a_mask_is_not_taken_for_indices(mask):
    # True and False would be crops 1 and 0, as many as the mask is long.
    with pytest.raises(ValueError, match="nonzero"):
        numbered_crops().subset(mask)


def test_crops_add_up():
    crops = numbered_crops()
    both = crops.subset([0, 1]) + crops.subset([47])
    assert torch.equal(both.images, crops.images[[0, 1, 47]])
    assert both.labels.tolist() == [0, 0, 1]
    assert both.kinds == ("crop 0", "crop 1", "crop 47")
    assert (crops + Crops(crops.images, crops.labels)).kinds == ()


def test_crops_and_scenes_say_what_they_are():
    assert repr(numbered_crops()) == "Crops(48 of 2×3: 32 cars, 16 others)"
    scene = Scene("test-0", torch.zeros(1, 5, 6), torch.tensor([[0.0, 0, 1, 1]]))
    assert repr(scene) == "Scene(test-0: 5×6, cars: 1)"


IMAGES, LABELS = torch.zeros(2, 1, 4, 4), torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("images", "labels", "kinds", "message"),
    [
        (IMAGES[:, 0], LABELS, (), r"float32 \[N, 1, H, W\], not torch.float32 \[2, 4, 4\]"),
        (IMAGES.double(), LABELS, (), "not torch.float64"),
        (IMAGES.to(torch.uint8), LABELS, (), "not torch.uint8"),
        (IMAGES, LABELS.float(), (), r"int64 \[2\], not torch.float32"),
        (IMAGES, LABELS[:1], (), r"int64 \[2\], not torch.int64 \[1\]"),
        (IMAGES, LABELS + 1, (), "0 .not a car. or 1"),
        (IMAGES, -LABELS, (), "0 .not a car. or 1"),
        (IMAGES, LABELS, ("car",), "1 kinds for 2 images"),
        (IMAGES * torch.nan, LABELS, (), "NaN or infinity"),
        (IMAGES + 255, LABELS, (), r"must lie in \[0, 1\].*255"),
        (IMAGES - 0.5, LABELS, (), r"must lie in \[0, 1\].*-0\.5"),
    ],
)
def test_crops_refuse_what_does_not_fit(images, labels, kinds, message):
    with pytest.raises(ValueError, match=message):
        Crops(images, labels, kinds)


def test_a_scene_refuses_what_is_no_box_by_name():
    with pytest.raises(ValueError, match="scene test-7"):
        Scene("test-7", torch.zeros(1, 5, 6), torch.tensor([[9.0, 0, 1, 1]]))


def test_crops_and_scenes_of_other_classes():
    classes = ("background", "cup", "pot")
    crops = Crops(torch.zeros(3, 3, 8, 8), torch.tensor([2, 0, 2]), classes=classes)
    assert repr(crops) == "Crops(3 of 8×8: 1 background, 0 cup, 2 pot)"
    assert crops.subset([1]).classes == (crops + crops).classes == classes
    with pytest.raises(ValueError, match=r"0 \(background\) or 1 \(cup\) or 2 \(pot\)"):
        Crops(crops.images, crops.labels + 1, classes=classes)
    with pytest.raises(ValueError, match="do not add up"):
        crops + Crops(crops.images, crops.labels.clamp(max=1))
    boxes = torch.tensor([[0.0, 0, 5, 5], [1, 1, 4, 4]])
    scene = Scene("table", torch.zeros(3, 8, 9), boxes, torch.tensor([2, 1]), classes)
    assert repr(scene) == "Scene(table: 8×9, objects: 2)"
    assert Scene("street", torch.zeros(1, 8, 9), boxes).labels.tolist() == [1, 1]
    for labels in (torch.tensor([1]), torch.tensor([1.0, 2.0]), torch.tensor([1, 3])):
        with pytest.raises(ValueError, match="the labels of scene table must be"):
            Scene("table", torch.zeros(3, 8, 9), boxes, labels, classes)


# Splits


def test_a_split_is_complete_disjoint_stratified_and_in_order():
    crops = numbered_crops(cars=32, others=16)
    parts = split_crops(crops)
    assert {name: len(part) for name, part in parts.items()} == {"train": 27, "val": 9, "test": 12}
    assert {name: int(part.labels.sum()) for name, part in parts.items()} == {
        "train": 18,
        "val": 6,
        "test": 8,
    }
    assert sorted(sum((part.kinds for part in parts.values()), ())) == sorted(crops.kinds)
    for part in parts.values():
        assert (part.images[:, 0, 0, 0].diff() > 0).all()  # as in the file


def test_a_split_is_fixed_by_its_seed():
    crops = numbered_crops()
    before = torch.get_rng_state()
    assert split_crops(crops, 1)["test"].kinds == split_crops(crops, 1)["test"].kinds
    assert split_crops(crops, 1)["test"].kinds != split_crops(crops, 2)["test"].kinds
    assert torch.equal(torch.get_rng_state(), before)


def test_a_split_does_not_take_the_first_ones():
    kinds = split_crops(numbered_crops())["train"].kinds
    assert kinds[:9] != tuple(f"crop {i}" for i in range(9))


# Names


@pytest.mark.parametrize("load", [load_crops, load_scenes])
def test_an_unknown_data_set_is_named(load):
    with pytest.raises(ValueError, match="unknown data set 'coco': choose street, digits or uiuc"):
        load("coco")


def test_an_unknown_split_is_named():
    with pytest.raises(ValueError, match="unknown split 'dev': choose from train, val, test, all"):
        load_crops("street", "dev")
    with pytest.raises(ValueError, match="street has no scenes 'train': choose from val, test"):
        load_scenes("street", "train")
    with pytest.raises(ValueError, match=r"uiuc has no scenes 'val'.*test-multiscale"):
        load_scenes("uiuc", "val")


# A small drawn data set, in the format of the shipped one


def write_checksums(folder):
    paths = sorted(p for p in folder.rglob("*") if p.suffix in (".png", ".json"))
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / "checksums.sha256").write_text("".join(lines))


@pytest.fixture
def street(tmp_path, monkeypatch):
    """Two rows of 20 crops for each split, of which 25 are used, and two scenes."""
    folder = tmp_path / "street"
    (folder / "scenes").mkdir(parents=True)
    index = {"crops": {}, "scenes": {"val": [], "test": []}}
    for split in ("train", "val", "test"):
        numbers = np.arange(40, dtype=np.uint8).reshape(2, 1, 20, 1)
        sheet = np.broadcast_to(numbers, (2, 40, 20, 100)).reshape(80, 2000)
        Image.fromarray(sheet).save(folder / f"crops-{split}.png")
        labels = [number % 2 for number in range(25)]
        index["crops"][split] = {"labels": labels, "kinds": [f"{split} {n}" for n in range(25)]}
    for name, split, boxes in (("val-0", "val", []), ("test-0", "test", [[1, 2, 101, 42]])):
        Image.fromarray(np.full((75, 130), 51, np.uint8)).save(folder / "scenes" / f"{name}.png")
        index["scenes"][split].append({"name": name, "boxes": boxes})
    (folder / "index.json").write_text(json.dumps(index))
    write_checksums(folder)
    monkeypatch.setattr(loading, "DATA", tmp_path)
    return folder


def test_crops_are_cut_from_their_sheet_row_by_row(street):
    crops = load_crops("street", "val")
    assert crops.images.shape == (25, 1, 40, 100)
    assert torch.equal(crops.images[:, 0, 0, 0], torch.arange(25) / 255)
    assert torch.equal(crops.images.amax((1, 2, 3)), crops.images.amin((1, 2, 3)))
    assert crops.labels.tolist() == [n % 2 for n in range(25)]
    assert crops.kinds[24] == "val 24"


def test_all_is_train_val_and_test_together(street):
    crops = load_crops(split="all")
    assert len(crops) == 75
    assert [crops.kinds[i] for i in (0, 25, 50)] == ["train 0", "val 0", "test 0"]


def test_a_split_may_have_no_crops(street):
    index = json.loads((street / "index.json").read_text())
    index["crops"]["val"] = {"labels": [], "kinds": []}
    (street / "index.json").write_text(json.dumps(index))
    write_checksums(street)
    assert load_crops("street", "val").images.shape == (0, 1, 40, 100)
    assert len(load_crops("street", "all")) == 50


def test_scenes_come_with_their_boxes_even_if_there_are_none(street):
    (scene,) = load_scenes()
    assert scene.name == "test-0"
    assert scene.image.shape == (1, 75, 130)
    assert scene.image.dtype == torch.float32
    assert scene.image.unique().tolist() == pytest.approx([0.2])
    assert scene.boxes.tolist() == [[1, 2, 101, 42]]
    assert load_scenes("street", "val")[0].boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("name", "load"),
    [
        ("crops-val.png", lambda: load_crops("street", "val")),
        ("index.json", lambda: load_crops("street", "val")),
        ("scenes/test-0.png", load_scenes),
        ("index.json", load_scenes),
    ],
)
def test_a_damaged_or_missing_file_is_named_and_how_to_mend_it(street, name, load):
    path = street / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ValueError, match=rf"{name} is damaged .*git checkout"):
        load()
    path.unlink()
    with pytest.raises(FileNotFoundError, match=rf"{name} is missing; .*git checkout"):
        load()


def test_damage_to_one_split_leaves_the_others_usable(street):
    (street / "crops-test.png").write_bytes(b"damaged")
    assert len(load_crops("street", "train")) == 25
    with pytest.raises(ValueError, match=r"crops-test\.png is damaged"):
        load_crops("street", "all")


def test_a_list_of_checksums_without_the_file_is_no_proof(street):
    (street / "checksums.sha256").write_text(f"{'0' * 64}  CARD.md\n")
    with pytest.raises(ValueError, match=r"checksums\.sha256 is damaged"):
        load_crops("street", "val")


def test_a_scene_missing_from_the_checksums_is_refused(street):
    listing = street / "checksums.sha256"
    shutil.copy(street / "scenes" / "test-0.png", street / "scenes" / "test-1.png")
    index = json.loads((street / "index.json").read_text())
    index["scenes"]["test"].append({"name": "test-1", "boxes": []})
    (street / "index.json").write_text(json.dumps(index))
    write_checksums(street)
    assert len(load_scenes()) == 2
    kept = [line for line in listing.read_text().splitlines(True) if "test-1" not in line]
    listing.write_text("".join(kept))
    with pytest.raises(ValueError, match=r"checksums\.sha256 is damaged"):
        load_scenes()


def test_a_folder_without_data_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "DATA", tmp_path)
    for load in (load_crops, load_scenes):
        with pytest.raises(
            FileNotFoundError, match=r"checksums\.sha256 is missing; .*git checkout"
        ):
            load()


# The drawn data set that ships with the course


@pytest.mark.parametrize(("split", "least"), [("train", 1000), ("val", 250), ("test", 250)])
def test_the_shipped_crops_are_many_balanced_and_in_range(split, least):
    crops = load_crops("street", split)
    assert len(crops) >= least
    assert crops.images.shape[1:] == (1, 40, 100)
    assert crops.images.dtype == torch.float32
    assert crops.labels.dtype == torch.int64
    assert crops.images.min() >= 0
    assert 0.5 < crops.images.max() <= 1
    assert 0.4 <= crops.labels.float().mean() <= 0.6
    assert len(crops.kinds) == len(crops)


def test_no_shipped_crop_is_in_two_splits():
    crops = load_crops("street", "all")
    distinct = {image.numpy().tobytes() for image in crops.images}
    assert len(distinct) == len(crops)


def test_the_shipped_scenes_are_whole_pictures_with_up_to_three_cars():
    scenes = load_scenes("street", "test")
    assert len(scenes) >= 150
    assert {len(scene.boxes) for scene in scenes} == {0, 1, 2, 3}
    assert len({scene.name for scene in scenes}) == len(scenes)
    for scene in scenes:
        _, height, width = scene.image.shape
        assert 75 <= height <= 220
        assert 110 <= width <= 520
        assert scene.boxes.shape == (len(scene.boxes), 4)
        assert scene.boxes.dtype == torch.float32
        assert scene.boxes[:, 2:].gt(0).all()  # each car can be seen
        assert (scene.boxes[:, :2] < torch.tensor([width, height])).all()


# The photographs


@pytest.mark.needs_uiuc
def test_the_photographs_are_550_cars_and_500_others():
    crops = load_crops("uiuc", "all")
    assert crops.images.shape == (1050, 1, 40, 100)
    assert crops.images.dtype == torch.float32
    assert crops.images.min() >= 0
    assert 0.9 < crops.images.max() <= 1
    assert crops.labels.bincount().tolist() == [500, 550]


@pytest.mark.needs_uiuc
def test_the_photographs_are_split_three_to_one_and_the_same_each_time():
    parts = {split: load_crops("uiuc", split) for split in ("train", "val", "test")}
    counts = {split: crops.labels.bincount().tolist() for split, crops in parts.items()}
    assert counts == {"train": [281, 309], "val": [94, 103], "test": [125, 138]}
    names = sum((crops.kinds for crops in parts.values()), ())
    assert len(set(names)) == 1050
    assert load_crops("uiuc", "test").kinds == parts["test"].kinds
    assert load_crops("uiuc", "test", seed=1).kinds != parts["test"].kinds


@pytest.mark.needs_uiuc
def test_the_photographed_scenes_are_170_with_200_cars():
    scenes = load_scenes("uiuc", "test")
    assert len(scenes) == 170
    assert sum(len(scene.boxes) for scene in scenes) == 200
    assert [scene.name for scene in scenes] == [f"test-{n}" for n in range(170)]
    assert all(scene.image.dtype == torch.float32 for scene in scenes)
    assert all(scene.image.min() >= 0 and scene.image.max() <= 1 for scene in scenes)


@pytest.mark.parametrize("load", [load_crops, load_scenes])
def test_missing_photographs_say_how_to_get_them(tmp_path, monkeypatch, load):
    monkeypatch.setenv("UIUC_CARS_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"make data.*UIUC_CARS_DIR"):
        load("uiuc", "test")
