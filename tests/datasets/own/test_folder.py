"""A folder of one's own pictures: read, cropped, split, and a clear word for what is wrong."""

import json
import os
import re
import shutil
import sys
from collections import Counter
from contextlib import suppress
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from helpers.datasets import load_folder
from helpers.datasets.own import folder as module
from helpers.datasets.own.annotations import parse_coco, parse_voc, read_annotations
from helpers.datasets.own.pictures import (
    choose_size,
    fit_picture,
    picture_sizes,
    read_pixels,
)
from helpers.datasets.own.scenes import cut_crops
from tests.datasets.own.shapes import CLASSES, make_folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """16 pictures of 3 shapes, and 8 scenes; not to be changed."""
    return make_folder(tmp_path_factory.mktemp("own") / "shapes", count=16, scenes=8)


@pytest.fixture
def own(made, tmp_path):
    """A copy that may be changed."""
    return shutil.copytree(made, tmp_path / "shapes")


def names_of(crops):
    return [kind for kind in crops.kinds if not was_cut(kind)]


def was_cut(kind):
    """Whether a crop was cut out of a scene."""
    return re.fullmatch(r"(\w+ in|a part of) scene-\d+.png", kind) is not None


# What is read


def test_classes_sizes_and_channels_are_those_of_the_folder(made):
    own = load_folder(made)
    assert own.classes == ("background", *CLASSES)
    assert (own.size, own.channels) == ((48, 80), 3)
    assert own.train.images.shape[1:] == (3, 48, 80)
    assert repr(own.test).startswith("StoredCrops(")
    for split in (own.train, own.val, own.test):
        for (image, label), kind in zip(split, split.kinds, strict=True):
            assert image.dtype == torch.float32
            if was_cut(kind):
                assert own.classes[label] == ("background" if kind[:2] == "a " else kind.split()[0])
            else:
                assert own.classes[label] == kind.split("/")[0]
                pixels = read_pixels(made / kind, 3)
                assert torch.equal(image, torch.from_numpy(pixels).float() / 255)


def test_splits_are_complete_disjoint_stratified_and_fixed_by_their_seed(made):
    own, again, other = load_folder(made), load_folder(made), load_folder(made, seed=1)
    parts = [names_of(split) for split in (own.train, own.val, own.test)]
    assert [len(part) for part in parts] == [27, 9, 12]
    paths = [path for name in CLASSES for path in (made / name).iterdir()]
    every = sorted(str(path.relative_to(made)) for path in paths)
    assert sorted(chain.from_iterable(parts)) == every
    assert Counter(name.split("/")[0] for name in parts[1]) == dict.fromkeys(CLASSES, 3)
    assert again.train.kinds == own.train.kinds
    assert torch.equal(again.train.images[-1], own.train.images[-1])
    assert other.train.kinds != own.train.kinds
    scenes = chain.from_iterable(own.scenes.values())
    assert sorted(path.name for path in scenes) == [f"scene-{k:02d}.png" for k in range(8)]


def test_scenes_have_the_boxes_and_labels_of_their_file(made):
    own = load_folder(made)
    data = json.loads((made / "scenes" / "boxes.json").read_text())
    for split in ("train", "val", "test"):
        for scene in own.load_scenes(split):
            k = next(i["id"] for i in data["images"] if i["file_name"] == scene.name)
            rows = [a for a in data["annotations"] if a["image_id"] == k]
            expected = [[x, y, x + w, y + h] for x, y, w, h in (row["bbox"] for row in rows)]
            assert scene.boxes.tolist() == expected
            assert scene.labels.tolist() == [row["category_id"] for row in rows]
            assert scene.image.shape == (3, 240, 320)


def test_scenes_are_read_when_they_are_used_and_not_before(own):
    loaded = load_folder(own)
    scene = loaded.load_scenes("val")[0]
    Image.new("RGB", (100, 60), "red").save(own / "scenes" / scene.name)
    assert scene.image.shape == (3, 60, 100)
    assert torch.equal(scene.of(1).boxes, scene.boxes[scene.labels == 1])


def test_windows_cut_from_scenes_show_no_object(made):
    """Each shape is dark, paper is not: a window may have a corner of one at most."""
    own = load_folder(made)
    windows = [image for image, label in own.train if label == 0]
    assert len(windows) >= 3
    assert all((image.mean(0) < 0.5).float().mean() < 0.3 for image in windows)


def test_objects_of_scenes_are_crops_of_their_split(made):
    own = load_folder(made)
    for split, crops in (("train", own.train), ("val", own.val), ("test", own.test)):
        scenes = own.load_scenes(split)
        inside = [(s.name, s.labels[k], s, k) for s in scenes for k in range(len(s.boxes))]
        cut = [k for k, kind in enumerate(crops.kinds) if " in scene-" in kind]
        assert 0 < len(cut) <= len(inside)
        for k in cut:
            name, label, image = crops.kinds[k].split()[-1], crops.labels[k], crops.images[k]
            windows = [window(s, one) for n, of, s, one in inside if (n, of) == (name, label)]
            assert any(torch.allclose(image, each, atol=1e-6) for each in windows)


def window(scene, k):
    """What is in a box that lies inside the image, of whole pixels and of the crops' size."""
    x1, y1, x2, y2 = scene.boxes[k].int().tolist()
    return scene.image[:, y1:y2, x1:x2]


def test_few_objects_are_cut_out_of_many(made):
    own = load_folder(made)
    options = {"objects": 3, "background": 0, "generator": torch.Generator()}
    cut = cut_crops(own.scenes["train"], own.boxes, own.classes, (48, 80), 3, **options)
    assert 3 <= len(cut.pixels) <= len(own.scenes["train"]) < 8
    assert (cut.labels > 0).all()


def test_an_object_cut_off_by_the_border_is_continued_by_it(tmp_path):
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[10:, 20:] = 200
    Image.fromarray(pixels).save(tmp_path / "corner.png")
    boxes = {"corner.png": [(20.0, 10.0, 40.0, 26.0, "cup")]}
    options = {"objects": 1, "background": 0, "generator": torch.Generator()}
    cut = cut_crops([tmp_path / "corner.png"], boxes, ("background", "cup"), (16, 20), 3, **options)
    assert cut.pixels.shape == (1, 3, 16, 20)
    assert (cut.pixels == 200).all()
    assert cut.labels.tolist() == [1]
    assert cut.kinds == ("cup in corner.png",)


def test_boxes_of_another_shape_are_remarked_and_no_crops(made, own):
    path = own / "scenes" / "boxes.json"
    data = json.loads(path.read_text())
    data["annotations"][0]["bbox"] = [10, 10, 80, 120]  # crops are 80 wide and 48 high
    path.write_text(json.dumps(data))
    loaded = load_folder(own)
    count = len(data["annotations"])
    assert f"1 of {count} boxes in the scenes have quite another shape" in " ".join(loaded.remarks)
    cut = [kind for crops in (loaded.train, loaded.val, loaded.test) for kind in crops.kinds]
    assert sum(" in scene-" in kind for kind in cut) < count
    assert "another shape" not in " ".join(load_folder(made).remarks)


def test_a_broken_scene_is_left_out_and_named(own):
    (own / "scenes" / "scene-03.png").write_bytes(b"no picture")
    loaded = load_folder(own)
    assert any("left out" in line and "scene-03.png is damaged" in line for line in loaded.remarks)
    assert sum(map(len, loaded.scenes.values())) == 7
    assert sum(len(loaded.load_scenes(split)) for split in loaded.scenes) == 7


def test_pictures_that_are_not_kept_are_the_same_when_read(made, monkeypatch):
    kept = load_folder(made)
    monkeypatch.setattr(module, "KEPT_BYTES", 1000)
    read, calls = load_folder(made), []
    original = module.fit_picture
    monkeypatch.setattr(module, "fit_picture", lambda *a: calls.append(a) or original(*a))
    assert [len(kept.train.images[:5]), len(calls)] == [5, 0]
    assert [len(read.train.images[:5]), len(calls)] == [5, 5]
    for one, other in ((kept.train, read.train), (kept.test, read.test)):
        assert torch.equal(one.labels, other.labels)
        assert torch.equal(torch.cat([*one.images.split(7)]), torch.cat([*other.images.split(7)]))
        assert torch.equal(one.images[3], other.images[3])
    images, labels = next(iter(DataLoader(read.train, batch_size=4)))
    assert torch.equal(images, kept.train.images[:4])
    assert torch.equal(labels, kept.train.labels[:4])
    some = read.train.subset([5, 2])
    assert torch.equal(some.images, kept.train.images[torch.tensor([5, 2])])
    assert some.kinds == (kept.train.kinds[5], kept.train.kinds[2])
    with pytest.raises(ValueError, match="nonzero"):
        read.train.subset(read.train.labels > 0)


def test_grey_pictures_have_one_channel_unless_told_otherwise(own):
    for path in own.rglob("*.png"):
        Image.open(path).convert("L").save(path)
    assert load_folder(own).train.images.shape[1] == 1
    assert load_folder(own, channels=3).train.images.shape[1] == 3


def test_progress_ends_with_all(made):
    calls = []
    load_folder(made, progress=lambda *call: calls.append(call))
    assert calls[-1] == (48, 48)


# What is wrong


def test_a_broken_file_is_left_out_and_named(own):
    (own / "ball" / "003.png").write_bytes(b"no picture")
    loaded = load_folder(own)
    assert sum(len(names_of(s)) for s in (loaded.train, loaded.val, loaded.test)) == 47
    assert any("left out" in line and "003.png is damaged" in line for line in loaded.remarks)
    for (image, _), kind in zip(loaded.test, loaded.test.kinds, strict=True):
        if not was_cut(kind):
            assert torch.equal(image, torch.from_numpy(read_pixels(own / kind, 3)).float() / 255)


def test_a_picture_larger_than_can_be_read_is_left_out_and_named(own, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 80_000)
    Image.new("L", (500, 500)).save(own / "ball" / "huge.png")
    loaded = load_folder(own)
    assert any("left out" in line and "huge.png" in line for line in loaded.remarks)
    assert loaded.size == (48, 80)


def test_whatever_is_wrong_with_a_file_it_is_one_kind_of_error(tmp_path):
    path = tmp_path / "damaged.tif"
    Image.new("RGB", (80, 48)).save(path, save_all=True, append_images=[Image.new("L", (9, 9))])
    whole = path.read_bytes()
    for begin in range(0, len(whole), 7):
        path.write_bytes(whole[:begin] + b"\xff" * 7 + whole[begin + 7 :])
        with suppress(ValueError):
            read_pixels(path, 3)


def test_files_of_a_kind_that_is_not_read_are_named(own):
    (own / "ball" / "phone.HEIC").write_bytes(b"")
    (own / "ball" / ".DS_Store").write_bytes(b"")
    (own / "scenes" / "phone.heic").write_bytes(b"")
    (own / "nothing").mkdir()
    (own / "only").mkdir()
    (own / "only" / "a.heic").write_bytes(b"")
    said = " ".join(load_folder(own).remarks)
    assert "ball also holds 1 files of a kind that is not read (.heic): save them as JPEG" in said
    assert "scenes also holds 1 files of a kind that is not read (.heic)" in said
    assert "nothing is left out: no pictures in it" in said
    assert "only is left out: no pictures in it, but 1 files" in said


def test_where_no_class_has_a_picture_the_reason_is_said(tmp_path):
    (tmp_path / "cups").mkdir()
    (tmp_path / "cups" / "a.heic").write_bytes(b"")
    with pytest.raises(ValueError, match=r"holds no classes.*cups is left out.*\(\.heic\)"):
        load_folder(tmp_path)


def test_scenes_without_boxes_are_in_every_split_and_remarked(own):
    path = own / "scenes" / "boxes.json"
    data = json.loads(path.read_text())
    for number in (6, 7):
        data["images"][number]["file_name"] = f"gone-{number}.jpg"
    path.write_text(json.dumps(data))
    loaded = load_folder(own)
    assert all(loaded.load_scenes(split) for split in ("train", "val", "test"))
    said = " ".join(loaded.remarks)
    assert "2 scenes have no boxes: all that they show is learned as background" in said
    assert "boxes are given for gone-6.jpg, gone-7.jpg, and there is no such scene" in said


def test_the_widths_of_objects_are_those_of_the_boxes(own):
    loaded = load_folder(own)
    rows = [loaded.boxes[p.name] for s in ("train", "val") for p in loaded.scenes[s]]
    widths = [x2 - x1 for of_one in rows for x1, _, x2, _, _ in of_one]
    assert loaded.object_widths == (min(widths), max(widths))
    (own / "scenes" / "boxes.json").unlink()
    assert load_folder(own).object_widths is None


def test_a_class_of_three_pictures_is_refused_by_name(own):
    for path in sorted((own / "tent").iterdir())[3:]:
        path.unlink()
    with pytest.raises(ValueError, match=r"tent has 3 pictures.*100 are a good beginning"):
        load_folder(own)


def test_few_pictures_are_remarked(made):
    assert "ball has only 16 pictures" in " ".join(load_folder(made).remarks)


def test_without_background_it_is_said_what_to_do(own):
    shutil.rmtree(own / "scenes")
    with pytest.raises(ValueError, match=r"pictures without one into .*background"):
        load_folder(own)
    shutil.copytree(own / "ball", own / "background")
    loaded = load_folder(own)
    assert loaded.classes == ("background", *CLASSES)
    assert int((loaded.train.labels == 0).sum()) == 9


def test_a_folder_without_classes_or_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no classes"):
        load_folder(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        load_folder(tmp_path / "none")


def test_near_duplicates_across_the_split_are_counted(own):
    loaded = load_folder(own)
    assert not any("look like" in line for line in loaded.remarks)
    twin = next(name for name in names_of(loaded.test) if name.startswith("ball"))
    original = next(name for name in names_of(loaded.train) if name.startswith("ball"))
    shutil.copy(own / original, own / twin)
    line = next(line for line in load_folder(own).remarks if "look like" in line)
    assert line.startswith("1 of 21 held-out pictures")
    assert f"({twin} like {original})" in line


def test_mixed_shapes_are_remarked_and_cropped(own):
    for path in (own / "frame").iterdir():
        Image.new("RGB", (90, 90), (200, 10, 10)).save(path)
    loaded = load_folder(own, (48, 80))
    assert any("33% of the pictures have another shape" in line for line in loaded.remarks)
    assert loaded.train.images.shape[1:] == (3, 48, 80)


def test_boxes_of_an_unknown_class_are_refused(own):
    path = own / "scenes" / "boxes.json"
    path.write_text(path.read_text().replace('"tent"', '"house"'))
    with pytest.raises(ValueError, match="boxes name house, and there is no folder"):
        load_folder(own)


def test_what_systems_leave_behind_is_no_class(own):
    (own / "__MACOSX").mkdir()
    Image.new("L", (80, 48)).save(own / "__MACOSX" / "x.png")
    Image.new("L", (80, 48)).save(own / "ball" / "._000.png")
    loaded = load_folder(own)
    assert loaded.classes == ("background", *CLASSES)
    assert not any("._" in name for name in names_of(loaded.train))


def test_a_file_named_scenes_is_no_folder_of_scenes(own):
    shutil.rmtree(own / "scenes")
    shutil.copytree(own / "ball", own / "background")
    (own / "scenes").touch()
    assert not any(load_folder(own).scenes.values())


def test_hidden_files_and_copies_are_nobodys(own):
    before = load_folder(own)
    shutil.copytree(own / "ball", own / "ball" / ".Trash")
    for copy in ("._boxes.json", ".ipynb_checkpoints/boxes-checkpoint.json"):
        (own / "scenes" / copy).parent.mkdir(exist_ok=True)
        (own / "scenes" / copy).write_bytes(b"\0\xff")
    shutil.copy(own / "scenes" / "boxes.json", own / "scenes" / "boxes (copy).json")
    after = load_folder(own)
    assert after.boxes == before.boxes
    assert after.train.kinds == before.train.kinds


@pytest.mark.parametrize("folder", ["ball", "ball/more", "scenes"])
def test_a_folder_that_must_not_be_looked_into_is_named(own, folder, monkeypatch):
    (own / "ball" / "more").mkdir()
    scan = os.scandir

    def forbid(path="."):
        if Path(path) == own / folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", forbid)  # to root, nothing is forbidden
    with pytest.raises(PermissionError, match=folder):
        load_folder(own)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems hold no such names")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Background", "Background would be a class: call it background"),
        ("Scenes", "Scenes would be a class: call it scenes"),
        ("T\udcfcr", "is damaged .no UTF-8.: give it another"),
    ],
)
def test_folders_that_would_be_classes_by_mistake_are_refused(own, name, message):
    shutil.copytree(own / "ball", f"{own}/{name}")
    with pytest.raises(ValueError, match=message):
        load_folder(own)


def test_a_folder_that_is_split_already_is_refused(own):
    for split in ("train", "val"):
        shutil.copytree(own / "ball", own / split / "ball")
    with pytest.raises(ValueError, match=r"train, val would be classes.*it is split when it is"):
        load_folder(own)
    shutil.rmtree(own / "val")
    assert "train" in load_folder(own).classes  # which may be a toy
    (own / "val").mkdir()
    assert any("val is left out: no pictures" in remark for remark in load_folder(own).remarks)


# Shapes


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("crop", [[3, 4, 5, 6]] * 4),
        ("pad", None),
        ("stretch", None),
    ],
)
def test_a_wide_picture_becomes_square(shape, expected):
    wide = np.tile(np.arange(10, dtype=np.uint8), (4, 1))[None]
    square = fit_picture(wide, (4, 4), shape)
    assert square.shape == (1, 4, 4)
    if expected:
        assert square[0].tolist() == expected
    else:
        assert square[0, 0, 0] < 2  # both ends are still there
        assert square[0, 0, -1] > 7
    assert (fit_picture(np.full((3, 7, 31), 9, np.uint8), (20, 16), shape) == 9).all()


def test_a_padded_picture_keeps_its_proportions():
    tall = np.zeros((1, 8, 4), np.uint8)
    tall[:, :, 1:3] = 100
    padded = fit_picture(tall, (8, 8), "pad")
    assert padded[0, 0].tolist() == [0, 0, 0, 100, 100, 0, 0, 0]


def test_sizes_are_chosen_by_the_pictures():
    assert choose_size([(48, 80)] * 5) == (48, 80)
    assert choose_size([(3000, 4000), (3000, 4000), (10, 10)]) == (72, 96)
    assert choose_size([(5, 7)]) == (16, 16)
    with pytest.raises(ValueError, match="no picture can be opened"):
        choose_size([])


@pytest.mark.parametrize("ending", ["jpg", "png", "tif", "webp"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_size_of_a_turned_photograph_is_that_of_the_upright_one(tmp_path, ending, orientation):
    path, said = tmp_path / f"a.{ending}", Image.Exif()
    said[0x0112] = orientation
    Image.new("RGB", (30, 20)).save(path, exif=said)
    assert picture_sizes([path]) == [read_pixels(path, 3).shape[1:]]


# Boxes in files

VOC = """<annotation><filename>{name}</filename><object><name> cup </name><bndbox>
<xmin>{x}</xmin><ymin>1</ymin><xmax>10</xmax><ymax>20</ymax></bndbox></object></annotation>"""


def test_voc_counts_from_one():
    assert parse_voc(VOC.format(name="a.png", x=1), "f") == [(0.0, 0.0, 10.0, 20.0, "cup")]


def test_voc_files_name_their_picture_or_are_named_after_it(tmp_path):
    (tmp_path / "a.xml").write_text(VOC.format(name="photos/b.png", x=1))
    (tmp_path / "c[1].xml").write_text(VOC.format(name="", x=2))
    Image.new("L", (30, 30)).save(tmp_path / "c[1].jpg")
    boxes = read_annotations(tmp_path).boxes
    assert boxes == {"b.png": [(0, 0, 10, 20, "cup")], "c[1].jpg": [(1, 0, 10, 20, "cup")]}


def test_a_voc_file_beside_a_picture_is_about_that_whatever_it_names(tmp_path):
    (tmp_path / "a.xml").write_text(VOC.format(name="IMG_0001.jpg", x=1))
    (tmp_path / "a.json").write_text(json.dumps(COCO | {"annotations": []}))
    Image.new("L", (30, 30)).save(tmp_path / "a.png")
    assert read_annotations(tmp_path).boxes == {"1.png": [], "a.png": [(0, 0, 10, 20, "cup")]}


def test_a_voc_file_beside_two_pictures_is_about_the_one_that_it_names(tmp_path):
    for name in ("a.jpg", "a.png"):
        Image.new("L", (30, 30)).save(tmp_path / name)
    for named in ("a.jpg", "a.png"):
        (tmp_path / "a.xml").write_text(VOC.format(name=named, x=1))
        assert list(read_annotations(tmp_path).boxes) == [named]


def edit_boxes(own, change):
    path = own / "scenes" / "boxes.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def test_names_from_windows_and_macos_are_those_of_the_files(own):
    before = load_folder(own)
    (own / "tent").rename(own / "Zu\u0308lt")  # as macOS writes it
    (own / "scenes" / "scene-00.png").rename(own / "scenes" / "ku\u0308che.png")

    def rename(data):
        data["categories"][2]["name"] = "Z\u00fclt"
        data["images"][0]["file_name"] = "photos\\k\u00fcche.png"

    edit_boxes(own, rename)
    after = load_folder(own)
    assert "Z\u00fclt" in after.classes
    assert sorted(map(len, after.boxes.values())) == sorted(map(len, before.boxes.values()))
    assert sum(len(after.load_scenes(split)) for split in after.scenes) == 8


@pytest.mark.skipif(sys.platform == "darwin", reason="there, the two names are one")
def test_folders_whose_names_are_written_alike_are_one_class(own):
    shutil.rmtree(own / "scenes")
    shutil.copytree(own / "ball", own / "background")
    for name in ("Zu\u0308lt", "Z\u00fclt"):
        shutil.copytree(own / "tent", own / name)
    loaded = load_folder(own)
    assert loaded.classes.count("Z\u00fclt") == 1
    crops = (loaded.train, loaded.val, loaded.test)
    counts = sum(torch.bincount(part.labels) for part in crops).tolist()
    by_class = dict(zip(loaded.classes, counts, strict=True))
    assert by_class["Z\u00fclt"] == 2 * by_class["tent"]


def test_scenes_of_one_name_are_refused_if_boxes_name_them(own):
    (own / "scenes" / "more").mkdir()
    Image.new("L", (9, 9)).save(own / "scenes" / "more" / "x.png")
    shutil.copy(own / "scenes" / "more" / "x.png", own / "scenes")
    load_folder(own)
    shutil.copy(own / "scenes" / "scene-00.png", own / "scenes" / "more")
    with pytest.raises(ValueError, match=r"scene-00.png have the same name, .*: rename one"):
        load_folder(own)


def test_boxes_outside_their_picture_are_left_out_and_remarked(own):
    before = load_folder(own)

    def move(data):
        data["annotations"][0]["bbox"][0] = 320 - 0.2 * 80  # a fifth is inside

    edit_boxes(own, move)
    after = load_folder(own)
    assert len(after.boxes["scene-00.png"]) == len(before.boxes["scene-00.png"]) - 1
    said = "1 boxes are left out: they lie outside of their picture (scene-00.png is 320×240)"
    assert said in after.remarks


def test_boxes_of_a_turned_photograph_are_remarked(own):
    def size(data):
        data["images"][0] |= {"width": 240, "height": 320}
        data["images"][1] |= {"width": 320, "height": 240}
        data["images"][2] |= {"width": 0, "height": None}

    edit_boxes(own, size)
    [said] = [line for line in load_folder(own).remarks if "another size" in line]
    assert said.startswith("boxes of 1 scenes are for a picture of another size (scene-00.png is")


def test_voc_files_note_their_pictures_size(tmp_path):
    text = VOC.format(name="a.png", x=1)
    size = "<size><width>40</width><height>30</height></size>"
    (tmp_path / "a.xml").write_text(text.replace("<object>", f"{size}<object>", 1))
    assert read_annotations(tmp_path).sizes == {"a.png": (30, 40)}


def test_scenes_with_crowds_are_left_out_and_remarked(own):
    edit_boxes(own, lambda data: data["annotations"][0].update(iscrowd=1))
    loaded = load_folder(own)
    assert "scene-00.png" not in {path.name for paths in loaded.scenes.values() for path in paths}
    assert any(line.startswith("1 scenes are left out: boxes in them") for line in loaded.remarks)


def test_a_slip_of_the_mouse_is_not_looked_for(own):
    before = load_folder(own)
    name = before.scenes["train"][0].name

    def slip(data):
        [image] = [entry["id"] for entry in data["images"] if entry["file_name"] == name]
        for bbox in ([5, 5, 2, 1], [5, 5, 300, 2]):
            entry = {"image_id": image, "category_id": 1, "bbox": bbox}
            data["annotations"].append(entry)

    edit_boxes(own, slip)
    after = load_folder(own)
    assert after.object_widths == before.object_widths
    assert sum(map(was_cut, after.train.kinds)) <= sum(map(was_cut, before.train.kinds)) + 1
    assert any("boxes in the scenes are narrower than 10 pixels" in r for r in after.remarks)


COCO = {
    "images": [{"id": 1, "file_name": "a/1.png"}],
    "categories": [{"id": 1, "name": "cup"}],
    "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 5, 5]}],
}


@pytest.mark.parametrize(
    ("key", "entry", "message"),
    [
        ("images", {"id": 1, "file_name": "2.png"}, "f: a/1.png and 2.png have the same id, 1"),
        ("images", {"id": 2, "file_name": "b/1.png"}, "f: a/1.png and b/1.png have the same name"),
        ("categories", {"id": 1, "name": "pot"}, "f: cup and pot have the same id, 1"),
        (
            "annotations",
            {"image_id": 1, "category_id": 1, "bbox": [0, 0, float("inf"), 5]},
            "f: .*is no box of a class",
        ),
        (
            "annotations",
            {"image_id": "1", "category_id": 1, "bbox": [0, 0, 5, 5]},
            "f: a box has the image_id '1', and nothing has that id",
        ),
        (
            "annotations",
            {"image_id": 1, "category_id": 2, "bbox": [0, 0, 5, 5]},
            "f: a box has the category_id 2, and nothing has that id",
        ),
    ],
)
def test_what_a_coco_file_does_not_tell_apart_is_refused(key, entry, message):
    assert parse_coco(json.dumps(COCO), "f").boxes == {"1.png": [(0, 0, 5, 5, "cup")]}
    with pytest.raises(ValueError, match=message):
        parse_coco(json.dumps(COCO | {key: [*COCO[key], entry]}), "f")


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (parse_coco, "{", "f is no COCO file"),
        (parse_coco, '{"images": []}', "f is no COCO file .*KeyError"),
        (parse_coco, "[1]", "f is no COCO file"),
        (parse_voc, "<a", "f is no Pascal VOC file"),
        (parse_voc, "<a><object><name>x</name></object></a>", "f is no Pascal VOC file"),
        (parse_voc, VOC.format(name="a", x=30), "f: .*is no box of a class"),
    ],
)
def test_damaged_boxes_name_their_file(parse, text, message):
    with pytest.raises(ValueError, match=message):
        parse(text, "f")
