"""The data card, written together with the data so that its numbers are always theirs."""

from collections import Counter
from collections.abc import Mapping

from helpers.street import (
    backdrops,
    camera,
    cars,
    clutter,
    facades,
    glass,
    ground,
    negatives,
    occlusion,
    paintwork,
    people,
    places,
    plants,
    staging,
    textures,
    things,
    vistas,
)
from helpers.street.backdrops import BACKDROPS
from helpers.street.camera import CAMERA
from helpers.street.cars import CAR
from helpers.street.chance import Distribution
from helpers.street.light import LIGHT
from helpers.street.negatives import NEGATIVES, SHIFTED, WRONG_SIZE
from helpers.street.occlusion import OCCLUDERS
from helpers.street.places import FURNITURE
from helpers.street.scenes import MULTISCALE, SCENE
from helpers.street.staging import CROP

TEXT = """# The `street` data set

Grey side views of cars, and street places without cars. **Every picture is drawn by a program**
(`helpers/street/`); no photograph of a street or of a car is in it. It exists so that the course
needs no download, and so that a network trained on drawings can be judged on real photographs.

- **Made by** `{command}`, seed {seed}, with numpy {numpy}, Pillow {pillow}, scipy
  {scipy} and scikit-image {scikit_image}. Each item has its own random generator, seeded by
  (seed, crop or scene, split, number), so each can be drawn again alone, and the whole again bit
  for bit with the same versions. With other versions single pixels may differ: by less than 3
  grey values in the mean of a picture, says the test that draws a sample again.
- **Licence**: CC BY 4.0, by the authors of this course.
- **Task**: car or not a car (crops); where are the cars (scenes).
- **Borrowed**: some walls, lawns and paths wear a photographed surface. The three surfaces come
  with scikit-image and are free of all rights (CC0): `brick` and `gravel` from CC0Textures,
  `grass` by linolafett. Nothing else is taken from a photograph.

## Files

| file | what it holds |
|---|---|
| `crops-SPLIT.png` | contact sheet, 20 crops of 100×40 pixels in a row |
| `scenes/SPLIT-NNN.png` | one scene each |
| `index.json` | labels and kinds of the crops, boxes (x1, y1, x2, y2) of the scenes, versions |
| `checksums.sha256` | for `sha256sum --check` |

## Counts

{counts}

{kinds}

## How it was drawn

- A **car** is a parametric profile of one of eight body styles with paint, glass, pillars, lamps,
  bumpers, wheels, dirt and a shadow, seen from the side or turned a little. It faces left or right
  and stands in the middle of its crop up to a few pixels. In {hidden:.0%} of these crops something
  stands in front of it.
- A crop **without a car** shows a place, seen straight on or not (along a street, up into trees, at
  the corner of a building), distractors (wheels, people, bicycles, signs), loose shapes
  ("clutter"), a bare surface, or a car in the wrong place: at least {sideways:g} pixels sideways or
  {upright:g} up or down ("shifted car"), about half or more of it outside ("cut car"), or {smaller}
  or {larger} times as large ("wrong size"). Something may stand in front, too.
- **Boxes** are the best window around the car as in the UIUC set: 100×40 pixels, in multi-scale
  scenes 85 to 215 wide and 0.4 times as high. They may cross the border by up to 14 pixels sideways
  and 5 up or down. Cars parked in a row nearly touch; boxes then overlap a little.
- A **camera** adds blur, sharpening halos, interlacing, noise, JPEG blocks, and now and then the
  date. About half of the crops and one scene in seven have their histogram equalised, as old
  archives did.

Everything is drawn at random from these tables; "±" is a standard deviation, a percentage a share.
Where no room is left for another car, a scene has fewer: the counts above are those that came out.

{tables}

### Small things

Their units stand beside them in the module. A place somewhere in the picture, a direction, a grain
of noise are not listed.

{small}

## Limits

- Only side views, by day, of cars in the style of the 1990s; no lorries, buses or motorcycles as
  targets; no colour. People are a few flat shapes.
- Small, distant cars behind the road are background, not targets: their label is "not a car".
- The distributions were chosen by looking at, and measuring on, the *training* crops of the UIUC
  Image Database for Car Detection (Agarwal, Awan, Roth 2004), never its test photographs.
- Good accuracy on these drawings promises nothing about photographs; measure on photographs.
"""

TABLES: dict[str, Mapping[str, Distribution]] = {
    "A car": CAR,
    "A car in its crop": CROP,
    "The light": LIGHT,
    "The camera": CAMERA,
    "A scene": SCENE,
    "A multi-scale scene, where it differs": MULTISCALE,
    "Kinds of things": {
        "crop without a car": NEGATIVES,
        "backdrop": BACKDROPS,
        "furniture of the street": FURNITURE,
        "in front of a car": OCCLUDERS,
    },
}

#: In the order in which the card lists their small tables.
MODULES = (
    *(cars, paintwork, glass, staging, negatives, vistas, occlusion, places, backdrops),
    *(facades, ground, plants, things, people, clutter, textures, camera),
)

SEED = 2004  # of the data set that ships with the course


def data_card(index: dict, *, usual: bool = True) -> str:
    """The card's text for a data set with this index; `usual`: of the usual counts."""
    kinds = {f"crops-{split}": Counter(of["kinds"]) for split, of in index["crops"].items()}
    seed = index["seed"]
    command = "python -m helpers draw"
    if list(kinds) == ["crops-train"] and not index["scenes"]:
        command += f" --count {kinds['crops-train'].total()} --seed {seed}"
    elif not usual:
        command = "helpers.street.write_dataset"
    elif seed != SEED:
        command += f" --seed {seed}"
    made_with = {name.replace("-", "_"): version for name, version in index["versions"].items()}
    return TEXT.format(
        command=command,
        seed=seed,
        **made_with,
        counts="\n".join(_counts(index)),
        kinds="\n".join(_kinds(kinds)),
        tables="\n\n".join(_table(title, table) for title, table in TABLES.items()),
        small="\n\n".join(_table(title, table) for title, table in small_tables().items()),
        **_limits(),
    )


def small_tables() -> dict[str, Mapping[str, Distribution]]:
    """The tables of all modules that are not in `TABLES`, by module and name."""
    listed = {id(table) for table in TABLES.values()}
    found = {}
    for module in MODULES:
        for name, table in vars(module).items():
            own = name.isupper() and isinstance(table, dict) and id(table) not in listed
            if own and all(isinstance(value, Distribution) for value in table.values()):
                listed.add(id(table))
                found[f"`{module.__name__.split('.')[-1]}.{name}`"] = table
    return found


def _limits() -> dict[str, object]:
    """How many cars are partly hidden, and which misplaced ones are cars no more."""
    (_, smaller), (_, larger) = WRONG_SIZE["times as large"].parts
    return {
        "hidden": 1 - CROP["things in front"].shares[0],
        "sideways": SHIFTED["shifted to the left or right"].low,
        "upright": SHIFTED["shifted up or down"].low,
        "smaller": smaller,
        "larger": larger,
    }


def _table(title: str, table: Mapping[str, Distribution]) -> str:
    rows = [f"| {title} | distribution |", "|---|---|"]
    rows += [
        f"| {name.replace('_', ' ')} | {str(values).replace('_', ' ')} |"
        for name, values in table.items()
    ]
    return "\n".join(rows)


def _counts(index: dict) -> list[str]:
    rows = ["| part | items | cars |", "|---|---:|---:|"]
    for split, crops in index["crops"].items():
        rows.append(f"| crops-{split} | {len(crops['labels'])} | {sum(crops['labels'])} |")
    for split, scenes in index["scenes"].items():
        cars = sum(len(scene["boxes"]) for scene in scenes)
        rows.append(f"| scenes-{split} | {len(scenes)} | {cars} |")
    return rows


def _kinds(kinds: dict[str, Counter]) -> list[str]:
    if not kinds:
        return []
    rows = [f"| kind of crop | {' | '.join(kinds)} |", "|---|" + "---:|" * len(kinds)]
    total: Counter = sum(kinds.values(), Counter())
    for kind, _ in sorted(total.items(), key=lambda item: (-item[1], item[0])):
        rows.append(f"| {kind} | {' | '.join(str(counts[kind]) for counts in kinds.values())} |")
    return rows
