"""The digits' data set: the frozen files are the program's work and keep the card's promises."""

import hashlib
import json
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.datasets import digits, load_crops, load_scenes
from helpers.datasets.digits import dataset, read_digits
from helpers.datasets.digits.pages import HAND, INK, write_digit
from helpers.paths import ROOT, read_checksums, verify_checksums
from helpers.street.chance import Always, draw_table

FROZEN = ROOT / "data" / "digits"
TOLERANCE = 3  # mean difference in grey values that other versions of the libraries may cause
SPLITS = ("train", "val", "test")


@pytest.fixture(scope="module")
def index():
    return json.loads((FROZEN / "index.json").read_text())


def pixels(path):
    """A picture as an array, its file closed."""
    with Image.open(path) as image:
        return np.array(image)


def assert_the_same_picture(drawn, frozen, exactly):
    assert drawn.shape == frozen.shape
    if exactly:
        np.testing.assert_array_equal(drawn, frozen)
    assert np.abs(drawn.astype(float) - frozen).mean() <= TOLERANCE


# The digits themselves


def test_all_digits_are_in_one_split_and_no_run_is_in_two():
    sources = [read_digits(split) for split in SPLITS]
    assert [len(source.digits) for source in sources] == [1151, 260, 386]
    runs = [set(source.runs.tolist()) for source in sources]
    assert [len(of) for of in runs] == [9, 2, 3]
    assert set().union(*runs) == set(range(14))
    for source in sources:
        assert source.images.min() == 0
        assert source.images.max() == 1
        assert len(np.unique(source.images)) == 17
        assert set(source.digits.tolist()) == set(range(10))


def test_each_run_begins_as_the_form_begins():
    for split in SPLITS:
        source = read_digits(split)
        for run in np.unique(source.runs):
            begun = source.digits[source.runs == run][:30].tolist()
            hits = sum(a == b for a, b in zip(begun, [*range(10)] * 3, strict=True))
            shifted = sum(a == b for a, b in zip(begun, [*range(1, 10), 0] * 3, strict=True))
            assert max(hits, shifted) >= 9, run  # a form or two lacks a digit, all begin so


def test_an_unknown_split_is_named_and_a_missing_library_too(monkeypatch):
    with pytest.raises(ValueError, match="unknown split 'dev': choose from train, val, test"):
        read_digits("dev")
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match="pip install scikit-learn"):
        read_digits("val")


def test_other_digits_than_the_known_ones_are_refused(monkeypatch):
    import sklearn.datasets

    wrong = (np.zeros((1797, 64)), np.zeros(1797))
    monkeypatch.setattr(sklearn.datasets, "load_digits", lambda **_: wrong)
    with pytest.raises(ValueError, match="not the 1797 digits"):
        read_digits("val")


# The frozen files


def test_the_data_set_is_whole_small_and_lists_its_files(index):
    verify_checksums(FROZEN)
    assert sum(path.stat().st_size for path in FROZEN.rglob("*") if path.is_file()) < 1_000_000
    listed = set(read_checksums(FROZEN))
    pages = {f"scenes/{s['name']}.png" for of in index["scenes"].values() for s in of}
    sheets = {f"crops-{split}.png" for split in SPLITS}
    assert listed == pages | sheets | {"CARD.md", "index.json"}
    assert len(pages) == 60


@pytest.mark.parametrize("split", SPLITS)
def test_frozen_crops_are_drawn_again(index, split):
    exactly = digits.versions() == index["versions"]
    crops = index["crops"][split]
    count, _ = digits.counts(split)
    assert len(crops["labels"]) == len(crops["kinds"]) == count
    sheet = pixels(FROZEN / f"crops-{split}.png")
    for k in (0, 1, 20, 257, count - 40, count - 2, count - 1):
        crop = digits.draw_item(index["seed"], "crop", split, k)
        top, left = 16 * (k // 20), 16 * (k % 20)
        frozen = sheet[top : top + 16, left : left + 16]
        assert_the_same_picture(crop.image, frozen, exactly)
        assert (crop.label, crop.kind) == (crops["labels"][k], crops["kinds"][k])


@pytest.mark.parametrize("split", ["val", "test"])
def test_frozen_pages_are_drawn_again(index, split):
    exactly = digits.versions() == index["versions"]
    pages = index["scenes"][split]
    assert len(pages) == digits.counts(split)[1]
    for k in (0, 7, len(pages) - 1):
        page = digits.draw_item(index["seed"], "page", split, k)
        image = pixels(FROZEN / "scenes" / f"{pages[k]['name']}.png")
        assert_the_same_picture(page.image, image, exactly)
        assert list(page.labels) == pages[k]["labels"]
        if exactly:
            assert page.boxes.tolist() == pages[k]["boxes"]


def test_the_comparison_sees_a_grey_value():
    picture = np.full((16, 16), 100, np.uint8)
    with pytest.raises(AssertionError):
        assert_the_same_picture(picture + 1, picture, exactly=True)
    with pytest.raises(AssertionError):
        assert_the_same_picture(picture + 4, picture, exactly=False)


def test_the_card_and_the_licence_name_the_writers_source():
    for text in ((FROZEN / "CARD.md").read_text(), (ROOT / "LICENSE-TEXTS.md").read_text()):
        assert "Alpaydin" in text
        assert "Kaynak" in text
        assert "10.24432/C50P49" in text
        assert "CC BY 4.0" in text
    assert (
        dataset.digits_card(json.loads((FROZEN / "index.json").read_text()))
        == (FROZEN / "CARD.md").read_text()
    )


# What is in them


def test_crops_are_eleven_classes_of_16_by_16():
    for split in SPLITS:
        crops = load_crops("digits", split)
        assert crops.classes == ("background", *map(str, range(10)))
        assert crops.images.shape[1:] == (1, 16, 16)
        assert set(crops.labels.tolist()) == set(range(11))
        for label, kind in zip(crops.labels.tolist(), crops.kinds, strict=True):
            assert (kind == str(label - 1)) == (label > 0)
        background = set(crops.subset((crops.labels == 0).nonzero().flatten()).kinds)
        assert background == set(digits.KINDS.shares)
    assert len(load_crops("digits", "all")) == sum(digits.counts(split)[0] for split in SPLITS)
    assert str(load_crops("digits", "val")).startswith("Crops(350 of 16×16: 90 background, 26 0")


@pytest.mark.parametrize(("split", "count"), [("val", 20), ("test", 40)])
def test_pages_have_square_boxes_with_a_digit_in_each(split, count):
    pages = load_scenes("digits", split)
    assert len(pages) == count
    for page in pages:
        width, height = (page.boxes[:, 2:] - page.boxes[:, :2]).unbind(1)
        assert ((width - height).abs() < 0.11).all()  # corners are rounded to a tenth
        assert width.min() > 15.8
        assert width.max() < 32.2
        assert (page.boxes[:, :2] >= -1).all()
        assert len(page.labels) == len(page.boxes) >= 5
        assert ((page.labels >= 1) & (page.labels <= 10)).all()
        for x1, y1, x2, y2 in page.boxes.round().long().tolist():
            inside = page.image[0, max(0, y1) : y2, max(0, x1) : x2]
            assert inside.median() - inside.min() > 0.1, page.name  # ink on paper
    labels = torch.cat([page.labels for page in pages])
    assert labels.unique().tolist() == list(range(1, 11))
    assert len(labels) > 10 * count


def test_a_digit_stands_in_the_middle_of_its_box():
    image = np.ones((8, 8))
    upright = {name: Always(value) for name, value in zip(HAND, (0, 0, 1, 1, 0.5, 3), strict=True)}
    page, rng = np.ones((60, 60)), np.random.default_rng(0)
    write_digit(
        page, image, np.array([20.0, 10, 52, 42]), {"darkness": 1, "fading": 0}, rng, upright
    )
    rows, cols = np.nonzero(page < 0.5)
    assert (rows.min(), rows.max(), cols.min(), cols.max()) == (14, 37, 24, 47)  # three quarters
    before = page.copy()
    write_digit(page, image, np.array([70.0, 10, 90, 30]), draw_table(INK, rng), rng)
    np.testing.assert_array_equal(page, before)


# Writing


@pytest.fixture
def tiny(monkeypatch):
    """Ten crops and two pages instead of thousands."""
    sources = {split: read_digits(split) for split in SPLITS}
    few = {split: type(of)(*(part[:4] for part in of)) for split, of in sources.items()}
    monkeypatch.setattr(dataset, "_source", few.__getitem__)
    monkeypatch.setattr(
        dataset, "COUNTS", {"train": (2, 2, 0), "val": (1, 1, 1), "test": (1, 1, 2)}
    )


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def test_what_is_written_is_read_again_and_is_the_same_twice(tmp_path, tiny):
    calls = []
    digits.write_digits(tmp_path / "a", progress=lambda *call: calls.append(call))
    digits.write_digits(tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert calls[-1] == (23, 23)
    crops = load_crops(tmp_path / "a", "train")
    assert crops.labels.tolist() == [1, 2, 3, 4] * 2 + [0, 0]
    assert not torch.equal(crops.images[0], crops.images[4])  # another hand, paper and ink
    drawn = digits.draw_item(digits.SEED, "crop", "train", 9)
    np.testing.assert_array_equal(crops.images[9, 0] * 255, drawn.image)
    digits.write_digits(tmp_path / "b", seed=7)
    assert contents(tmp_path / "b") != contents(tmp_path / "a")
    assert "digits --seed 7`" in (tmp_path / "b" / "CARD.md").read_text()
    listed = read_checksums(tmp_path / "b")
    assert (
        listed["index.json"] == hashlib.sha256((tmp_path / "b/index.json").read_bytes()).hexdigest()
    )


def test_nothing_of_somebody_elses_is_replaced(tmp_path, tiny):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(ValueError, match="choose another folder"):
        digits.write_digits(tmp_path / "letters")
    assert contents(tmp_path) == {"letters/dear.txt": b"dear"}


def test_an_error_leaves_the_old_data_set(tmp_path, tiny, monkeypatch):
    folder = tmp_path / "digits"
    digits.write_digits(folder)
    before = contents(folder)
    monkeypatch.setattr(dataset, "digits_card", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        digits.write_digits(folder, seed=3)
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["digits"]
