"""The renderer: distributions, geometry, surfaces, and what each part adds to a picture."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from helpers.street import (
    PARTS,
    chance,
    crops,
    draw_crop,
    draw_scene,
    negatives,
    occlusion,
    staging,
    vistas,
)
from helpers.street.backdrops import BACKDROPS, draw_backdrop
from helpers.street.camera import (
    CAMERA,
    MARGIN,
    Camera,
    equalised,
    photograph,
    plain_camera,
    sample_camera,
)
from helpers.street.canvas import Canvas
from helpers.street.card import small_tables
from helpers.street.cars import CAR, PROFILES, STYLES, sample_car
from helpers.street.chance import (
    Always,
    Chance,
    Choice,
    Mixture,
    Normal,
    OneOf,
    Uniform,
    Whole,
    draw_table,
    sometimes,
)
from helpers.street.ground import Layout
from helpers.street.light import LIGHT, Light
from helpers.street.negatives import HARD, NEGATIVES
from helpers.street.occlusion import OCCLUDERS, occlude
from helpers.street.paintwork import draw_car
from helpers.street.people import person
from helpers.street.places import FURNITURE, put_thing
from helpers.street.plants import crown, leafy_band
from helpers.street.projection import side_view
from helpers.street.scenes import MULTISCALE, SCENE
from helpers.street.staging import CROP
from helpers.street.textures import SURFACES, photographed
from helpers.street.vistas import VISTAS, draw_vista

TABLES = {"camera": CAMERA, "car": CAR, "light": LIGHT, "crop": CROP, "scene": SCENE,
          "multiscale": MULTISCALE, **small_tables()}  # fmt: skip


def rng(seed=0):
    return np.random.default_rng(seed)


def draws(distribution, count=4000):
    generator = rng()
    return [distribution.draw(generator) for _ in range(count)]


# ---------------------------------------------------------------- distributions


def test_uniform_fills_its_range_evenly():
    values = np.array(draws(Uniform(2, 4)))
    assert values.min() >= 2
    assert values.max() < 4
    assert abs(values.mean() - 3) < 0.05
    assert abs(values.std() - 2 / 12**0.5) < 0.03


def test_whole_includes_both_ends():
    assert set(draws(Whole(3, 5))) == {3, 4, 5}


def test_normal_is_cut_off_at_its_ends():
    values = np.array(draws(Normal(1, 2, 0, 3)))
    assert values.min() == 0
    assert values.max() == 3
    free = np.array(draws(Normal(1, 2)))
    assert abs(free.mean() - 1) < 0.15
    assert abs(free.std() - 2) < 0.15


def test_choice_keeps_its_shares():
    values = draws(Choice({"a": 0.7, "b": 0.2, "c": 0.1}))
    assert abs(values.count("a") / len(values) - 0.7) < 0.03
    assert abs(values.count("c") / len(values) - 0.1) < 0.03


def test_choice_picks_the_last_value_even_if_rounding_leaves_a_gap():
    assert Choice({"a": 0.5, "b": 0.5 - 1e-9}).pick(1 - 1e-12) == "b"


def test_choice_without_keeps_the_proportions_of_the_rest():
    rest = Choice({"a": 0.5, "b": 0.3, "c": 0.2}).without("a")
    assert rest.shares == pytest.approx({"b": 0.6, "c": 0.4})


def test_chance_and_one_of():
    happened = draws(Chance(0.3))
    assert set(happened) == {True, False}
    assert abs(np.mean(happened) - 0.3) < 0.03
    values = draws(OneOf(("a", "b", "c", "d")))
    assert all(abs(values.count(value) / len(values) - 0.25) < 0.03 for value in "abcd")


def test_mixture_and_sometimes():
    values = draws(sometimes(0.25, Uniform(5, 6), None))
    assert abs(values.count(None) / len(values) - 0.75) < 0.03
    assert all(5 <= v < 6 for v in values if v is not None)
    assert set(draws(Mixture(((0.5, Always(1)), (0.5, Always(2)))))) == {1, 2}


def test_distributions_describe_themselves():
    assert str(Uniform(1, 2.5)) == "1 to 2.5"
    assert str(Whole(1, 3)) == "a whole number from 1 to 3"
    assert str(Normal(86, 4, 76, 97)) == "86 ± 4, from 76 to 97"
    assert str(Choice({"wall": 0.25, "house": 0.75})) == "wall 25%, house 75%"
    assert str(sometimes(0.08, Uniform(1, 2), 0)) == "8%: 1 to 2; 92%: 0"
    assert str(Chance(0.3)) == "in 30%"
    assert str(OneOf((0.5, "none"))) == "0.5 or none"


def test_no_range_of_numbers_is_left_without_a_name():
    """What may stay inline: places (also from -1 to 1 lengths), directions, signs and grain."""
    drawn = re.compile(r"rng\.(uniform|normal|integers)\((?!-1, 1\))\s*-?[\d.]+, -?[\d.]+\)")
    folder = Path(chance.__file__).parent
    found = {path.name: drawn.findall(path.read_text()) for path in sorted(folder.glob("*.py"))}
    assert {name: kinds for name, kinds in found.items() if kinds} == {}


@pytest.mark.parametrize("name", TABLES)
def test_shares_of_every_table_add_up_to_one(name):
    def shares(distribution):
        if isinstance(distribution, Choice):
            yield sum(distribution.shares.values())
        elif isinstance(distribution, Mixture):
            yield sum(share for share, _ in distribution.parts)
            for _, part in distribution.parts:
                yield from shares(part)

    for key, distribution in TABLES[name].items():
        for total in shares(distribution):
            assert total == pytest.approx(1), key


@pytest.mark.parametrize("choice", [NEGATIVES, BACKDROPS, FURNITURE, OCCLUDERS])
def test_shares_of_every_choice_add_up_to_one(choice):
    assert sum(choice.shares.values()) == pytest.approx(1)


def test_a_table_is_drawn_in_its_order_from_one_generator():
    table = {"a": Uniform(0, 1), "b": Uniform(0, 1)}
    generator = rng(3)
    expected = {"a": generator.uniform(0, 1), "b": generator.uniform(0, 1)}
    assert draw_table(table, rng(3)) == expected


# ---------------------------------------------------------------- geometry


def test_without_yaw_a_car_is_a_plain_side_view():
    place = side_view(50, 30, 80, faces_left=True, tilt=0, yaw=0)
    assert place(0, 0) == (10, 30)
    assert place(1, 0.25) == (90, 10)
    mirrored = side_view(50, 30, 80, faces_left=False, tilt=0, yaw=0)
    assert mirrored(0, 0) == (90, 30)


@pytest.mark.parametrize("yaw", [-1.0, -0.3, 0.4, 1.2])
def test_with_yaw_the_near_end_looks_larger_and_stands_lower_and_both_ends_stay(yaw):
    place = side_view(50, 30, 80, faces_left=True, tilt=0, yaw=yaw)
    front = place(0, 0)[1] - place(0, 0.2)[1]
    rear = place(1, 0)[1] - place(1, 0.2)[1]
    assert (front > rear) == (yaw > 0)
    assert (place(0, 0)[1] > place(1, 0)[1]) == (yaw > 0)
    assert place(0, 0)[0] == pytest.approx(10)
    assert place(1, 0)[0] == pytest.approx(90)
    near_half, far_half = place(0.5, 0)[0] - place(0, 0)[0], place(1, 0)[0] - place(0.5, 0)[0]
    assert (near_half > far_half) == (yaw > 0)


def test_the_road_can_slope():
    place = side_view(50, 30, 80, faces_left=True, tilt=0.1, yaw=0)
    assert place(1, 0)[1] - place(0, 0)[1] == pytest.approx(8)


def test_a_part_of_a_part_keeps_the_coordinates():
    canvas = Canvas(40, 30, grey=0)
    outer = canvas.part(5, 5, 35, 25)
    inner = outer.part(10, 8, 20, 18)
    inner.rectangle(12, 10, 14, 12, 255)
    outer.put(inner)
    canvas.put(outer)
    pixels = canvas.pixels()
    assert pixels[10:12, 12:14].min() == 255
    assert pixels.sum() == 4 * 255


def test_paint_part_is_the_same_as_painting_the_whole():
    whole, part = Canvas(40, 30, grey=200), Canvas(40, 30, grey=200)
    shape = [(10, 8), (25, 9), (20, 22)]
    whole.paint(whole.mask(shape), 20, 0.5)
    part.paint_part(shape, 20, 0.5)
    np.testing.assert_array_equal(whole.pixels(), part.pixels())
    assert whole.pixels().min() < 150


# ---------------------------------------------------------------- cars, plants, surfaces


def test_profiles_and_table_name_the_same_styles():
    assert set(CAR["style"].shares) == set(PROFILES) == set(STYLES)


def painted(light, seed=2, length=86.0):
    canvas = Canvas(116, 56, grey=128)
    car = sample_car(rng(seed), "sedan")
    draw_car(canvas, rng(seed), car, light, centre=58, ground=45, length=length, faces_left=True)
    return car, canvas.pixels()


def test_flat_light_leaves_the_body_one_grey():
    car, flat = painted(Light(0, 1, 0, flat=True))
    _, shaded = painted(Light(0, 1, 0))
    body = (slice(31, 33), slice(45, 70))  # the upper part of the doors
    assert flat[body].std() < shaded[body].std()
    assert abs(np.median(flat[29:32, 45:70]) - car.paint) < 12


def test_dirt_changes_the_lower_body_only():
    _, clean = painted(Light(0, 0.5, 0))
    _, dirty = painted(Light(0, 0.5, 1))
    changed = np.abs(clean - dirty).max(axis=1)
    assert changed[:25].max() == 0
    assert changed[30:40].max() > 5


def test_a_small_car_is_painted_too():
    _, pixels = painted(Light(0, 0.5, 0), length=20)
    assert pixels.std() > 5
    assert (pixels[:35] == 128).all()


def test_a_crown_is_brighter_on_top():
    differences = []
    for seed in range(12):
        canvas = Canvas(60, 60, grey=255)
        crown(canvas, rng(seed), Light(0, 1, 0), 30, 30, 18, 18, 1.0)
        pixels = canvas.pixels()
        leaves = pixels < 230
        assert leaves.sum() > 150
        assert not leaves[:, :5].any()
        rows = np.nonzero(leaves.any(axis=1))[0]
        middle = (rows[0] + rows[-1]) // 2
        differences.append(pixels[:middle][leaves[:middle]].mean()
                           - pixels[middle:][leaves[middle:]].mean())  # fmt: skip
    assert np.mean(differences) > 8


def test_a_hedge_stands_between_its_edges():
    canvas = Canvas(80, 50, grey=255)
    leafy_band(canvas, rng(), Light(0, 0.5, 0), 20, 40, 19, 0.05)
    pixels = canvas.pixels()
    assert (pixels[:14] == 255).all()
    assert (pixels[40:] == 255).all()
    assert pixels[22:40].mean() < 200


@pytest.mark.parametrize("name", SURFACES)
def test_photographed_surfaces_have_the_tone_and_contrast_asked_for(name):
    canvas = Canvas(116, 56)
    for zoom in (12, 40, 120):
        tones = []
        for seed in range(6):
            canvas.image.paste(photographed(canvas, rng(seed), name, 120, 20, zoom))
            tones.append(canvas.pixels())
        assert abs(np.mean(tones) - 120) < 12
        assert 2 < np.std(tones) < 30
    with pytest.raises(ValueError, match="brick, grass, gravel"):
        photographed(canvas, rng(), "sand", 100, 10, 20)


@pytest.mark.parametrize("kind", BACKDROPS.shares)
def test_every_backdrop_paints_something_above_the_ground(kind):
    for seed in range(3):
        canvas = Canvas(116, 56, grey=7)
        draw_backdrop(canvas, rng(seed), Light(0, 0.5, 0.5), Layout(40, 42, 19), kind)
        assert (canvas.pixels()[:39] == 7).mean() < 0.05


@pytest.mark.parametrize("name", FURNITURE.shares)
def test_every_piece_of_furniture_can_be_drawn(name):
    canvas = Canvas(116, 56, grey=250)
    put_thing(canvas, rng(1), Light(0, 0.5, 0.5), name, 58, 50, 19)
    assert (canvas.pixels() < 240).sum() > 10


def test_all_that_stands_before_a_car_looks_different(monkeypatch):
    pictures = set()
    for name in OCCLUDERS.shares:
        monkeypatch.setattr(occlusion, "OCCLUDERS", Choice({name: 1.0}))
        canvas = Canvas(116, 56, grey=250)
        occlude(canvas, rng(1), Light(0, 0.5, 0.5), 58, 50, 86)
        assert (canvas.pixels() < 240).sum() > 10, name
        pictures.add(canvas.pixels().tobytes())
    assert len(pictures) == len(OCCLUDERS.shares)


def test_no_nearer_car_stands_in_a_crop_without_a_car(monkeypatch):
    monkeypatch.setattr(occlusion, "OCCLUDERS", Choice({"nearer car": 0.5, "wire": 0.5}))
    monkeypatch.setattr(occlusion, "_nearer_car", lambda *_: pytest.fail("it shows a car"))
    for k in range(1, 120, 2):
        draw_crop(5, "train", k)


@pytest.mark.parametrize("kind", VISTAS)
def test_every_vista_fills_the_whole_picture(kind):
    for seed in range(5):
        pictures = []
        for grey in (0, 255):
            canvas = Canvas(116, 56, grey=grey)
            draw_vista(canvas, rng(seed), Light(0, 0.5, 0.5), kind)
            pictures.append(canvas.pixels())
        assert (pictures[0] == pictures[1]).all()
        assert pictures[0].std() > 5


def test_equal_windows_run_together_as_in_perspective():
    """Four points at equal steps on a line have the cross-ratio 4/3 in any perspective."""
    wall = [(0.0, 0.0), (100.0, 20.0), (100.0, 60.0), (0.0, 80.0)]
    seen = 0
    for seed in range(20):
        left = sorted({round(shape[0][0], 6) for shape in vistas._grid(rng(seed), wall)})
        assert 0 < left[0] < left[-1] < 100
        for a, b, c, d in zip(left, left[1:], left[2:], left[3:], strict=False):
            assert (c - a) * (d - b) / ((c - b) * (d - a)) == pytest.approx(4 / 3, abs=1e-4)
            assert b - a > c - b > d - c
            seen += 1
    assert seen > 20


def test_somebody_stands_on_the_ground_and_is_as_tall_as_people_are():
    for seed in range(30):
        canvas = Canvas(200, 200, grey=255)
        person(canvas, rng(seed), 100, 190, 90)  # 90 pixels are a metre
        rows = np.nonzero((canvas.pixels() != 255).any(axis=1))[0]
        assert 185 <= rows[-1] <= 192
        assert 1.5 * 90 - 3 <= 190 - rows[0] <= 1.9 * 90 + 5


# ---------------------------------------------------------------- camera


def ramp():
    return np.tile(np.linspace(0, 255, 116), (56, 1))


def camera(**changes):
    return Camera(**(vars(plain_camera()) | changes))


def test_the_plain_camera_changes_nothing_but_the_exposure():
    image = photograph(rng(), plain_camera(), ramp())
    assert image.shape == (40, 100)
    assert image.dtype == np.uint8
    middle = ramp()[MARGIN:-MARGIN, MARGIN:-MARGIN]
    assert np.abs(image - middle).max() < 5
    assert (np.diff(image.astype(int), axis=1) >= 0).all()


@pytest.mark.parametrize(
    "change",
    [{"focus": 1.0}, {"motion": 3.0}, {"interlace": 1}, {"sharpen": 1.0}, {"noise": 3.0},
     {"span": 120}, {"gamma": 1.5}, {"quality": 50}, {"stamped": True}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_every_setting_of_the_camera_shows(change):
    picture = Image.new("L", (116, 56), 60)
    drawing = ImageDraw.Draw(picture)
    drawing.rectangle((30, 20, 80, 40), fill=200)
    drawing.rectangle((0, 0, 30, 10), fill=0)
    ideal = np.asarray(picture, dtype=float)
    plain = photograph(rng(), plain_camera(), ideal).astype(int)
    changed = photograph(rng(), camera(**change), ideal).astype(int)
    assert np.abs(plain - changed).max() > 4


def test_the_compression_grid_moves_with_the_shift_but_the_picture_does_not():
    plain = photograph(rng(), camera(quality=90), ramp()).astype(int)
    moved = photograph(rng(), camera(quality=90, shift_x=3, shift_y=5), ramp()).astype(int)
    assert np.abs(plain - moved).mean() < 4
    grain = rng(1).normal(128, 40, (56, 116))
    for shift in (0, 3):
        squeezed = photograph(rng(), camera(quality=5, shift_x=shift, shift_y=0), grain)
        steps = np.abs(np.diff(squeezed.astype(int), axis=1)).mean(0)
        # Step k lies between columns k and k + 1: largest where one block ends.
        assert int(np.argmax([steps[k::8].mean() for k in range(8)])) == (shift + 7) % 8


def test_black_and_span_set_the_range_of_tones():
    image = photograph(rng(), camera(span=120, black=1.0), ramp())
    assert 135 <= image.min() <= 145
    assert image.max() >= 240


def test_equalised_pictures_use_the_whole_range():
    image = equalised(photograph(rng(), sample_camera(rng(4)), ramp()))
    assert image.min() < 10
    assert image.max() > 245


# ---------------------------------------------------------------- parts that can be left out


@pytest.mark.parametrize("part", PARTS)
def test_leaving_a_part_out_changes_pictures(part):
    indices = range(1, 60, 2) if part == "hard negatives" else range(0, 60, 2)
    full = [draw_crop(5, "train", k) for k in indices]
    without = [draw_crop(5, "train", k, frozenset({part})) for k in indices]
    changed = [not np.array_equal(a.image, b.image) for a, b in zip(full, without, strict=True)]
    assert np.mean(changed) > 0.3
    assert [a.label for a in full] == [b.label for b in without]


@pytest.mark.parametrize(
    ("part", "painters"),
    [
        ("occlusion", [(crops, "occlude"), (negatives, "occlude")]),
        ("places", [(staging, "draw_place"), (negatives, "draw_place"), (negatives, "draw_vista")]),
        ("camera", [(crops, "sample_camera")]),
    ],
)
def test_what_is_left_out_is_never_drawn(part, painters, monkeypatch):
    called = []

    def spied_on(module, name):
        real = getattr(module, name)

        def spy(*args, **kwargs):
            called.append((module, name))
            return real(*args, **kwargs)

        return spy

    for module, name in painters:
        monkeypatch.setattr(module, name, spied_on(module, name))
    for k in range(60):
        draw_crop(5, "train", k, frozenset({part}))
    assert called == []
    for k in range(60):
        draw_crop(5, "train", k)
    assert set(called) == set(painters)


def test_without_shading_every_car_is_painted_flat(monkeypatch):
    seen = []
    monkeypatch.setattr(crops, "place_car", lambda c, r, light, *_: seen.append(light.flat) or "x")
    for k in range(0, 40, 2):
        draw_crop(5, "train", k, frozenset({"shading"}))
    assert set(seen) == {True}
    seen.clear()
    draw_crop(5, "train", 0)
    assert set(seen) == {False}


def test_without_hard_negatives_there_are_none():
    kinds = {draw_crop(5, "train", k, frozenset({"hard negatives"})).kind for k in range(1, 200, 2)}
    assert not kinds & set(HARD)
    assert set(HARD) <= {draw_crop(5, "train", k).kind for k in range(1, 200, 2)}


def test_an_unknown_part_is_refused():
    with pytest.raises(ValueError, match="wheels"):
        draw_crop(1, "train", 0, frozenset({"wheels"}))


# ---------------------------------------------------------------- scenes


def scenes(split, count=120):
    return [draw_scene(8, split, k) for k in range(count)]


def test_scenes_of_one_size_have_all_that_the_card_promises():
    drawn = scenes("test")
    assert {len(scene.boxes) for scene in drawn} == {0, 1, 2, 3}
    crossing = touching = 0
    for scene in drawn:
        height, width = scene.image.shape
        boxes = scene.boxes
        assert ((boxes[:, 2:] - boxes[:, :2]) == (100, 40)).all()
        if len(boxes):
            over = max(-boxes[:, :2].min(), (boxes[:, 2:] - (width, height)).max())
            assert over <= 14
            crossing += over > 0
        for i in range(len(boxes)):
            for j in range(i):
                dx, dy = abs(boxes[i, :2] - boxes[j, :2])
                assert dx >= 76 or dy >= 37
                touching += dx < 95 and dy < 5
    assert crossing >= 5
    assert touching >= 10


@pytest.mark.parametrize("split", ["test-multiscale", "train-multiscale"])
def test_multiscale_scenes_have_cars_of_all_sizes_and_the_larger_stand_lower(split):
    widths = []
    for scene in scenes(split, 60):
        height, width = scene.image.shape
        boxes = scene.boxes
        size = boxes[:, 2:] - boxes[:, :2]
        assert (np.abs(size[:, 1] - 0.4 * size[:, 0]) <= 0.5).all()
        assert (boxes >= -1).all()
        assert (boxes[:, 2] <= width + 1).all()
        assert (boxes[:, 3] <= height + 1).all()
        order = np.argsort(size[:, 0])
        assert (np.diff(boxes[order, 3]) >= -1).all()
        widths += size[:, 0].tolist()
    assert min(widths) >= 85
    assert max(widths) <= 215
    assert np.mean(np.array(widths) < 110) > 0.1
    assert np.mean(np.array(widths) > 170) > 0.1
