"""The data card, written together with the data so that its numbers are always theirs."""

from collections import Counter

TEXT = """# The `street` data set

Grey side views of cars, and street places without cars. **Every picture is drawn by a program**
(`helpers/street/`); no photograph, nor a part of one, is in it. It exists so that the course
needs no download, and so that a network trained on drawings can be judged on real photographs.

- **Made by** `{command}`, seed {seed}, with numpy {numpy}, Pillow {pillow} and scipy
  {scipy}. Each item has its own random generator, seeded by (seed, crop or scene, split, number),
  so each can be drawn again alone, and the whole again bit for bit with the same versions.
  With other versions single pixels may differ by a few grey values.
- **Licence**: CC BY 4.0, by the authors of this course.
- **Task**: car or not a car (crops); where are the cars (scenes).

## Files

| file | what it holds |
|---|---|
| `crops-SPLIT.png` | contact sheet, 20 crops of 100×40 pixels in a row |
| `scenes/SPLIT-NNN.png` | one scene each |
| `index.json` | labels and kinds of the crops, boxes (x1, y1, x2, y2) of the scenes |
| `checksums.sha256` | for `sha256sum --check` |

## Counts

{counts}

{kinds}

## How it was drawn

- A **car** is a parametric profile of one of eight body styles with paint, glass, pillars, lamps,
  bumpers, wheels and a shadow. It is 76 to 97 pixels long, faces left or right, and stands in the
  middle of its crop up to a few pixels. One in three is partly hidden by a pole, a person, a
  tree or another car.
- A crop **without a car** shows a place (wall, house, hedge, trees, parking lot, open sky, road),
  distractors (wheels, people, bicycles, signs), loose shapes ("clutter"), or a car in the wrong
  place: at least 18 pixels sideways or 9 up or down ("shifted car"), mostly outside ("cut car"),
  or 0.3 to 2.6 times as large ("wrong size").
- **Boxes** are 100×40 pixels, the best window around the car as in the UIUC set. They may cross
  the border by up to 5 pixels. Cars of one scene overlap by a few pixels at most.
- A **camera** adds blur, sharpening halos, interlacing, noise and JPEG blocks. About half of the
  crops and one scene in seven have their histogram equalised, as old archives did; the others
  have the tones of ordinary stills.

## Limits

- Only side views, by day, of cars in the style of the 1990s; no lorries, buses or motorcycles as
  targets; no colour. People are mere silhouettes.
- Small, distant cars behind the road are background, not targets: their label is "not a car".
- The distributions were chosen by looking at, and measuring on, the *training* crops of the UIUC
  Image Database for Car Detection (Agarwal, Awan, Roth 2004), never its test photographs.
- Good accuracy on these drawings promises nothing about photographs; measure on photographs.
"""


def data_card(index: dict, *, usual: bool = True) -> str:
    """Return the card's text for a data set with this index; ``usual``: of the usual counts."""
    kinds = {f"crops-{split}": Counter(of["kinds"]) for split, of in index["crops"].items()}
    seed = index["seed"]
    command = "python -m helpers draw"
    if list(kinds) == ["crops-train"] and not index["scenes"]:
        command += f" --count {kinds['crops-train'].total()} --seed {seed}"
    elif not usual:
        command = "helpers.street.write_dataset"
    return TEXT.format(
        command=command,
        seed=seed,
        **index["versions"],
        counts="\n".join(_counts(index)),
        kinds="\n".join(_kinds(kinds)),
    )


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
