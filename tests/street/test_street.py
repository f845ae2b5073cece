"""The drawn data set: that the renderer keeps its promises and the frozen files are its work."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.street import COUNTS, SEED, draw_crop, draw_scene, versions, write_dataset
from helpers.street.camera import equalised
from helpers.street.card import data_card
from helpers.street.cars import STYLES, sample_car
from helpers.street.negatives import NEGATIVES

ROOT = Path(__file__).parents[2]
FROZEN = ROOT / "data" / "street"
SPLITS = [part.removeprefix("crops-") for part in COUNTS if part.startswith("crops-")]
TINY = dict.fromkeys(COUNTS, 1) | {"crops-train": 22, "crops-val": 4, "crops-test": 3}
TINY |= {"scenes-test": 2}
TOLERANCE = 3  # mean difference in grey values that other versions of the libraries may cause


@pytest.fixture(scope="module")
def index():
    return json.loads((FROZEN / "index.json").read_text())


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "street"
    write_dataset(folder, seed=3, counts=TINY)
    return folder


def contents(folder):
    """Every file of a folder with its bytes."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def pixels(path):
    """A picture as an array, its file closed."""
    with Image.open(path) as image:
        return np.array(image)


def frozen_crop(folder, split, k):
    sheet = pixels(folder / f"crops-{split}.png")
    top, left = 40 * (k // 20), 100 * (k % 20)
    return sheet[top : top + 40, left : left + 100]


# ---------------------------------------------------------------- the frozen files


def pinned():
    """The versions in constraints.txt that pictures depend on."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line)
    return {name: pins[name] for name in versions()}


def assert_the_same_picture(drawn, frozen, exactly):
    """Bit for bit, or, where other versions of the libraries drew it, nearly."""
    assert drawn.shape == frozen.shape
    if exactly:
        np.testing.assert_array_equal(drawn, frozen)
    assert np.abs(drawn.astype(float) - frozen).mean() <= TOLERANCE


@pytest.fixture(scope="module")
def exactly(index):
    return versions() == index["versions"]


def test_the_frozen_data_set_was_drawn_with_the_pinned_versions(index):
    assert index["versions"] == pinned()


def test_the_tolerance_forgives_a_grey_value_and_nothing_more():
    picture = np.full((40, 100), 100, np.uint8)
    assert_the_same_picture(picture + 1, picture, exactly=False)
    with pytest.raises(AssertionError):
        assert_the_same_picture(picture + 1, picture, exactly=True)
    with pytest.raises(AssertionError):
        assert_the_same_picture(picture - 4, picture, exactly=False)


@pytest.mark.parametrize("split", SPLITS)
def test_frozen_crops_are_drawn_again(index, split, exactly):
    crops = index["crops"][split]
    count = COUNTS[f"crops-{split}"]
    for k in (0, 1, 19, 20, 101, count // 2, count - 1):
        crop = draw_crop(index["seed"], split, k)
        assert_the_same_picture(crop.image, frozen_crop(FROZEN, split, k), exactly)
        assert crop.label == crops["labels"][k]
        assert crop.kind == crops["kinds"][k]


@pytest.mark.parametrize("part", [part for part in COUNTS if part.startswith("scenes")])
def test_frozen_scenes_are_drawn_again(index, part, exactly):
    split = part.split("-", 1)[1]
    scenes = index["scenes"][split]
    assert len(scenes) == COUNTS[part]
    for k in (0, 7, len(scenes) - 1):
        scene = draw_scene(index["seed"], split, k)
        assert scenes[k]["name"] == f"{split}-{k:03d}"
        image = pixels(FROZEN / "scenes" / f"{scenes[k]['name']}.png")
        assert_the_same_picture(scene.image, image, exactly)
        if exactly:
            assert scene.boxes.tolist() == scenes[k]["boxes"]


def test_index_counts_and_balance(index):
    assert index["format"] == 1
    assert index["seed"] == SEED
    for split in SPLITS:
        labels = index["crops"][split]["labels"]
        assert len(labels) == len(index["crops"][split]["kinds"]) == COUNTS[f"crops-{split}"]
        assert set(labels) == {0, 1}
        assert abs(2 * sum(labels) - len(labels)) <= 1
    assert len(index["crops"]["train"]["labels"]) >= 1500
    assert min(len(index["crops"][s]["labels"]) for s in ("val", "test")) >= 250
    assert len(index["scenes"]["val"]) >= 25
    assert len(index["scenes"]["test"]) >= 150
    assert len(index["scenes"]["test-multiscale"]) >= 60


@pytest.mark.parametrize("split", SPLITS)
def test_sheets_have_the_shape_that_the_index_says(index, split):
    sheet = pixels(FROZEN / f"crops-{split}.png")
    count = len(index["crops"][split]["labels"])
    assert sheet.dtype == np.uint8
    assert sheet.shape == (40 * -(-count // 20), 2000)
    if count % 20:
        assert not sheet[-40:, 100 * (count % 20) :].any()


def test_every_kind_and_style_occurs_and_fits_its_label(index):
    for split in SPLITS:
        crops = index["crops"][split]
        pairs = list(zip(crops["labels"], crops["kinds"], strict=True))
        assert {kind for label, kind in pairs if label} == set(STYLES), split
        assert {kind for label, kind in pairs if not label} == set(NEGATIVES.shares), split


def scenes_of(index, split):
    """Size (height, width) and boxes [M, 4] of each scene of a split."""
    for scene in index["scenes"][split]:
        size = pixels(FROZEN / "scenes" / f"{scene['name']}.png").shape
        yield size, np.array(scene["boxes"]).reshape(-1, 4)


@pytest.mark.parametrize("split", ["val", "test"])
def test_scenes_of_one_size(index, split):
    counts, crossing, rows = set(), 0, 0
    for (height, width), boxes in scenes_of(index, split):
        assert 110 <= width <= 520
        assert 75 <= height <= 220
        counts.add(len(boxes))
        assert (boxes[:, 2:] - boxes[:, :2] == (100, 40)).all()
        if len(boxes):
            over = -boxes[:, :2].min(axis=0), (boxes[:, 2:] - (width, height)).max(axis=0)
            assert (np.maximum(*over) <= (14, 5)).all()
            crossing += np.maximum(*over).max() > 0
        for i in range(len(boxes)):
            for j in range(i):
                dx, dy = abs(boxes[i, :2] - boxes[j, :2])
                assert dx >= 76 or dy >= 37
                rows += dx < 96 and dy < 5
    assert counts == {0, 1, 2, 3}
    assert crossing >= 2
    assert rows >= 3


def test_multiscale_scenes(index):
    widths = []
    for (height, width), boxes in scenes_of(index, "test-multiscale"):
        size = boxes[:, 2:] - boxes[:, :2]
        assert (np.abs(size[:, 1] - 0.4 * size[:, 0]) <= 0.5).all()
        assert (boxes >= -1).all()
        assert (boxes[:, 2:] <= (width + 1, height + 1)).all()
        widths += size[:, 0].tolist()
    assert len(widths) >= 60
    assert min(widths) >= 85
    assert max(widths) <= 215
    assert min(widths) < 95
    assert max(widths) > 200


def test_the_data_set_is_small_enough():
    assert sum(map(len, contents(FROZEN).values())) <= 10_000_000


def test_checksums_name_every_other_file_and_match(tiny):
    for folder in (FROZEN, tiny):
        files = contents(folder)
        listed = files.pop("checksums.sha256").decode()
        expected = [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]
        assert listed.splitlines() == expected


def test_card_is_honest_and_counts_right(index):
    card = (FROZEN / "CARD.md").read_text()
    assert card == data_card(index)
    assert "drawn by a program" in card
    assert "CC BY 4.0" in card
    for part, count in COUNTS.items():
        assert f"| {part} | {count} |" in card
    cars = sum(len(scene["boxes"]) for scene in index["scenes"]["test"])
    assert f"| scenes-test | {COUNTS['scenes-test']} | {cars} |" in card


# ---------------------------------------------------------------- the renderer


def test_crops_have_the_promised_form():
    for k in range(30):
        crop = draw_crop(1, "train", k)
        assert crop.image.shape == (40, 100)
        assert crop.image.dtype == np.uint8
        assert crop.image.flags.c_contiguous
        assert crop.image.std() > 1
        assert crop.label == (k + 1) % 2
        assert crop.kind in (STYLES if crop.label else NEGATIVES.shares)


def test_scenes_have_the_promised_form():
    for k in range(4):
        scene = draw_scene(1, "val", k)
        assert scene.image.dtype == np.uint8
        assert scene.image.ndim == 2
        assert scene.boxes.dtype == np.int64
        assert scene.boxes.shape[1:] == (4,)


def test_the_same_item_twice_is_identical_whatever_was_drawn_between():
    first = draw_crop(5, "val", 8)
    draw_crop(5, "val", 9)
    np.random.random()  # noqa: NPY002 - the global generator must not matter
    again = draw_crop(5, "val", 8)
    np.testing.assert_array_equal(first.image, again.image)
    scene = draw_scene(5, "val", 2)
    np.testing.assert_array_equal(scene.image, draw_scene(5, "val", 2).image)


def test_other_seeds_splits_and_indices_differ():
    images = [
        draw_crop(*item).image
        for item in [(1, "train", 0), (2, "train", 0), (1, "val", 0), (1, "test", 0),
                     (1, "train", 2)]
    ]  # fmt: skip
    for i in range(len(images)):
        for j in range(i):
            assert np.abs(images[i].astype(int) - images[j]).mean() > 3


def test_a_car_stands_in_the_middle_and_its_wheels_are_dark():
    """Averaged over many cars, the wheel arches are darker than the road just beside the car."""
    crops = [draw_crop(11, "train", 2 * k).image.astype(float) for k in range(60)]
    mean = np.mean([(c - c.mean()) / c.std() for c in crops], axis=0)
    arches = (mean[25:29, 20:28].mean() + mean[25:29, 72:80].mean()) / 2
    road = (mean[33:38, 0:4].mean() + mean[33:38, 96:100].mean()) / 2
    assert arches < road - 0.8
    assert mean[30:34, 40:60].mean() < road - 0.8  # the shadow between the wheels


@pytest.mark.parametrize("style", STYLES)
def test_a_car_has_the_proportions_of_its_style(style):
    rng = np.random.default_rng(0)
    cars = [sample_car(rng, style) for _ in range(20)]
    assert all(car.style == style for car in cars)
    heights = [car.height for car in cars]
    assert all(0.22 < h < 0.44 for h in heights)
    assert all(car.sill < car.belt < car.height - 0.04 for car in cars)
    if style == "van":
        assert min(heights) > 0.30
    if style == "fastback":
        assert max(heights) < 0.32


def test_equalised_spreads_the_tones_and_keeps_their_order():
    dull = np.random.default_rng(0).integers(100, 140, (40, 100)).astype(np.uint8)
    spread = equalised(dull)
    assert spread.dtype == np.uint8
    assert spread.min() < 10
    assert spread.max() > 245
    assert abs(spread.mean() - 127.5) < 3
    order = [int(spread[dull == grey][0]) for grey in range(100, 140)]
    assert order == sorted(set(order))


@pytest.mark.parametrize("wrong", [(1, "trains", 0), (-1, "train", 0), (1, "train", -1)])
@pytest.mark.parametrize("draw", [draw_crop, draw_scene])
def test_impossible_items_are_refused(draw, wrong):
    with pytest.raises(ValueError, match=r"not in|negative"):
        draw(*wrong)
