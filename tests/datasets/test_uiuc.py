"""The UIUC files: pictures by number, places by line, and what is wrong said by name."""

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.datasets import uiuc
from helpers.datasets.uiuc import (
    has_uiuc,
    read_crops,
    read_locations,
    read_scenes,
    uiuc_folder,
    uiuc_parent,
    write_uiuc_locations,
)


def write_pgm(path, value=0, size=(40, 100)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, value, dtype=np.uint8)).save(path)


@pytest.fixture
def car_data(tmp_path, monkeypatch):
    """A CarData of the official layout: 12 + 3 crops, 2 scenes, and 2 multi-scale scenes."""
    monkeypatch.setattr(uiuc, "CROPS", {"neg": 12, "pos": 3})
    folder = tmp_path / "CarData"
    for number in range(12):  # beyond 9, where alphabetical order is not the order of numbers
        write_pgm(folder / "TrainImages" / f"neg-{number}.pgm", number)
    for number in range(3):
        write_pgm(folder / "TrainImages" / f"pos-{number}.pgm", 100 + number)
    for suffix in ("", "_Scale"):
        write_pgm(folder / f"TestImages{suffix}" / "test-0.pgm", 10, size=(120, 150))
        write_pgm(folder / f"TestImages{suffix}" / "test-1.pgm", 11, size=(75, 200))
    (folder / "trueLocations.txt").write_text("0: (48,26)\n1: (-3,20) (30,-8)\n")
    (folder / "trueLocations_Scale.txt").write_text("0: (5,7,150)\n1: (1,2,50) (3,4,90)\n")
    return folder


# Where it is


def test_the_environment_variable_names_the_folder_that_holds_car_data(car_data, monkeypatch):
    monkeypatch.setenv("UIUC_CARS_DIR", str(car_data.parent))
    assert uiuc_parent() == car_data.parent
    assert uiuc_folder() == car_data
    assert has_uiuc()
    assert has_uiuc("TestImages_Scale")
    assert not has_uiuc("Elsewhere")


def test_missing_photographs_say_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("UIUC_CARS_DIR", str(tmp_path))
    assert not has_uiuc()
    with pytest.raises(FileNotFoundError, match=r"make data.*UIUC_CARS_DIR"):
        uiuc_folder()


def test_an_empty_variable_means_the_default_folder(monkeypatch):
    monkeypatch.setenv("UIUC_CARS_DIR", "")
    assert uiuc_parent().parts[-2:] == ("data", "uiuc")


def test_a_tilde_is_the_own_folder(car_data, monkeypatch):
    monkeypatch.setenv("HOME", str(car_data.parent))
    monkeypatch.setenv("UIUC_CARS_DIR", "~")
    assert uiuc_folder() == car_data


def test_the_variable_may_name_car_data_itself(car_data, monkeypatch):
    monkeypatch.setenv("UIUC_CARS_DIR", str(car_data))
    assert uiuc_folder() == car_data
    assert has_uiuc("TestImages")


# Pictures


@pytest.mark.parametrize("name", ["._pos-0.pgm", "pos-0 (1).pgm", "pos-1 copy.pgm", "pos-x.pgm"])
def test_what_systems_leave_beside_the_pictures_is_passed_over(car_data, name):
    (car_data / "TrainImages" / name).write_bytes(b"\x00\x05\x16\x07")
    (car_data / "TestImages" / name.replace("pos", "test")).write_bytes(b"clutter")
    images, _, _ = read_crops(car_data)
    assert len(images) == 15
    assert len(read_scenes(car_data, "test")) == 2


def test_crops_come_in_the_order_of_their_numbers(car_data):
    images, labels, names = read_crops(car_data)
    assert images.shape == (15, 40, 100)
    assert images.dtype == np.uint8
    assert images[:, 0, 0].tolist() == [*range(12), 100, 101, 102]
    assert labels == [0] * 12 + [1] * 3
    assert names == [f"neg-{n}" for n in range(12)] + ["pos-0", "pos-1", "pos-2"]


def test_a_gap_in_the_numbering_is_named(car_data):
    (car_data / "TrainImages" / "neg-5.pgm").unlink()
    with pytest.raises(FileNotFoundError, match=r"neg-5\.pgm is missing.*make data"):
        read_crops(car_data)


def test_a_part_without_any_picture_is_named(car_data):
    for path in (car_data / "TrainImages").glob("pos-*"):
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"pos-0\.pgm is missing"):
        read_crops(car_data)


def test_pictures_missing_at_the_end_are_noticed(car_data):
    (car_data / "TrainImages" / "neg-11.pgm").unlink()
    with pytest.raises(ValueError, match=r"11 crops neg-\*\.pgm instead of 12; .*make data"):
        read_crops(car_data)


def test_a_truncated_picture_is_named(car_data):
    path = car_data / "TrainImages" / "neg-3.pgm"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"neg-3\.pgm is damaged"):
        read_crops(car_data)


def test_a_crop_of_another_size_is_named(car_data):
    write_pgm(car_data / "TrainImages" / "pos-1.pgm", size=(100, 40))
    with pytest.raises(ValueError, match=r"pos-1\.pgm is \(100, 40\), not \(40, 100\)"):
        read_crops(car_data)


# Scenes


def test_single_scale_scenes_have_windows_of_40_by_100(car_data):
    (name, image, boxes), (_, _, more) = read_scenes(car_data, "test")
    assert name == "test-0"
    assert image.shape == (120, 150)
    assert boxes.tolist() == [[26, 48, 126, 88]]
    assert more.tolist() == [[20, -3, 120, 37], [-8, 30, 92, 70]]


def test_multi_scale_boxes_are_two_fifths_as_high_as_wide(car_data):
    (_, _, boxes), (_, _, more) = read_scenes(car_data, "test-multiscale")
    assert boxes.tolist() == [[7, 5, 157, 65]]
    assert more.tolist() == [[2, 1, 52, 21], [4, 3, 94, 39]]


def test_as_many_lines_as_images_are_needed(car_data):
    write_pgm(car_data / "TestImages" / "test-2.pgm")
    with pytest.raises(ValueError, match="2 lines of locations for 3 images"):
        read_scenes(car_data, "test")


def test_missing_locations_are_named(car_data):
    (car_data / "trueLocations.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"trueLocations\.txt is missing.*make data"):
        read_scenes(car_data, "test")


@pytest.mark.parametrize(
    "text",
    [
        "0: (1,2) (3,4)\r\n1: (5,6)\r\n",
        "0:(1,2)(3,4)\n1:(5,6)",
        " 0: ( 1, 2 )  (3 ,4) \n1: (5,6)\n\n\n",
    ],
)
def test_line_ends_and_spaces_make_no_difference(tmp_path, text):
    (tmp_path / "places.txt").write_bytes(text.encode())
    first, second = read_locations(tmp_path / "places.txt")
    assert first.tolist() == [[2, 1, 102, 41], [4, 3, 104, 43]]
    assert second.tolist() == [[6, 5, 106, 45]]


def test_a_line_without_a_car_is_a_scene_without_boxes(tmp_path):
    (tmp_path / "places.txt").write_text("0:\n1: (5,6)\n")
    assert [boxes.shape for boxes in read_locations(tmp_path / "places.txt")] == [(0, 4), (1, 4)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_editors_may_write_a_byte_order_mark_or_utf_16(tmp_path, encoding):
    mark = "" if encoding in ("utf-8-sig", "utf-16") else "\ufeff"
    (tmp_path / "places.txt").write_bytes(f"{mark}0: (1,2)\r\n1: (5,6)".encode(encoding))
    assert [boxes[0, 0].item() for boxes in read_locations(tmp_path / "places.txt")] == [2, 6]


def test_what_is_no_text_is_named(tmp_path):
    (tmp_path / "places.txt").write_bytes(b"0: (1,2)\n1: \xff\xfe\xfa")
    with pytest.raises(ValueError, match=r"places\.txt is no text in UTF-8 or UTF-16"):
        read_locations(tmp_path / "places.txt")


@pytest.mark.parametrize(
    "line",
    [
        "0: (1,2)",
        "1 (1,2)",
        "1: 1,2",
        "1: (1;2)",
        "1: (1,2",
        "1: (1,2,3,4)",
        "1: (1.5,2)",
        "1: ()",
        "1: (1,2) and more",
        "one: (1,2)",
        "1: (1,2,-5)",
        "",
    ],
)
def test_a_malformed_line_is_quoted_with_its_number(tmp_path, line):
    (tmp_path / "places.txt").write_text(f"0: (1,2)\n{line}\n2: (1,2)\n")
    with pytest.raises(ValueError, match=r"line 2: expected '1: \(row,col\) …', found") as error:
        read_locations(tmp_path / "places.txt")
    assert repr(line) in str(error.value)


# What we write


def test_written_locations_read_back_the_same(car_data, tmp_path):
    for split, multiscale in (("test", False), ("test-multiscale", True)):
        boxes = [boxes for _, _, boxes in read_scenes(car_data, split)] + [torch.zeros(0, 4)]
        path = write_uiuc_locations(tmp_path / "found.txt", boxes, multiscale=multiscale)
        again = read_locations(path)
        assert len(again) == 3
        assert all(torch.equal(a, b) for a, b in zip(again, boxes, strict=True))


def test_the_written_format_is_the_official_one(tmp_path):
    boxes = [torch.tensor([[26.0, 48, 126, 88], [-3, 7, 97, 47]]), torch.zeros(0, 4)]
    path = write_uiuc_locations(str(tmp_path / "foundLocations.txt"), boxes)
    assert path.read_text() == "0: (48,26) (7,-3)\n1:\n"
    write_uiuc_locations(path, [torch.tensor([[7.0, 5, 157, 65]])], multiscale=True)
    assert path.read_text() == "0: (5,7,150)\n"


def test_coordinates_are_rounded_to_whole_pixels(tmp_path):
    boxes = [torch.tensor([[25.6, 48.4, 125.6, 88.4]])]
    assert write_uiuc_locations(tmp_path / "f.txt", boxes).read_text() == "0: (48,26)\n"


@pytest.mark.parametrize("value", [1e30, -1e30, torch.inf, torch.nan, 2.0**31])
def test_what_is_no_pixel_is_refused_and_the_old_file_stays(tmp_path, value):
    path = tmp_path / "found.txt"
    path.write_text("old")
    boxes = [torch.tensor([[1.0, 2, 101, 42]]), torch.tensor([[value, 2, 101, 42]])]
    with pytest.raises(ValueError, match="scene 1 has a box"):
        write_uiuc_locations(path, boxes)
    assert path.read_text() == "old"


def test_no_scenes_are_written_and_read_as_none(tmp_path):
    assert read_locations(write_uiuc_locations(tmp_path / "none.txt", [])) == []


# The real ones


@pytest.mark.needs_uiuc
def test_the_real_photographs_have_the_published_numbers():
    images, labels, _ = read_crops(uiuc_folder())
    assert images.shape == (1050, 40, 100)
    assert sum(labels) == 550
    scenes = read_scenes(uiuc_folder(), "test")
    assert len(scenes) == 170
    assert sum(len(boxes) for _, _, boxes in scenes) == 200


@pytest.mark.needs_uiuc
def test_eighteen_real_cars_cross_the_border_of_their_image():
    crossing = 0
    for _, image, boxes in read_scenes(uiuc_folder(), "test"):
        height, width = image.shape
        inside = (boxes[:, :2] >= 0).all(1) & (boxes[:, 2] <= width) & (boxes[:, 3] <= height)
        crossing += int((~inside).sum())
    assert crossing == 18


@pytest.mark.needs_uiuc
def test_the_real_locations_are_written_as_they_were_read(tmp_path):
    path = uiuc_folder() / "trueLocations.txt"
    written = write_uiuc_locations(tmp_path / "again.txt", read_locations(path))
    assert written.read_text().split() == path.read_text().split()


@pytest.mark.needs_uiuc("TestImages_Scale")
def test_the_real_multi_scale_photographs_have_the_published_numbers():
    scenes = read_scenes(uiuc_folder(), "test-multiscale")
    assert len(scenes) == 108
    assert sum(len(boxes) for _, _, boxes in scenes) == 139
