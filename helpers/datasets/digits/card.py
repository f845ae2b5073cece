"""The data card of the digits, written together with the data so that its numbers are theirs."""

from collections import Counter
from collections.abc import Mapping

from helpers.datasets.digits.pages import AWAY, BOX_SIDES, CROP, HAND, INK, KINDS, PAGE, VARIED
from helpers.datasets.digits.paper import PAPER, STAMP
from helpers.datasets.digits.source import RUNS, SPLIT_RUNS
from helpers.street.chance import Distribution

TEXT = """# The `digits` data set

Handwritten digits on drawn pages. **The digits are real**: 1,797 of 8×8 grey levels, which 13
people wrote. **All else is drawn by a program** (`helpers/datasets/digits/`): paper, rulings,
stamps, creases, and how a digit lies on its page.

- **The digits** are the test set of *Optical Recognition of Handwritten Digits* by E. Alpaydin
  and C. Kaynak (1998), UCI Machine Learning Repository, <https://doi.org/10.24432/C50P49>, as
  scikit-learn carries it. Licence: [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/),
  as their page in that repository says. **Changed here**: enlarged with soft edges, turned,
  slanted, stretched, inked in another grey, and set on drawn paper.
- **Licence of this data set**: CC BY 4.0, by the authors of this course and, for the digits, by
  E. Alpaydin and C. Kaynak. Name both.
- **Made by** `python -m helpers draw digits{seed_option}`, seed {seed}, with numpy {numpy},
  Pillow {pillow} and scipy {scipy}. Each item has its own random generator, seeded by (seed,
  crop or page, split, number), so the whole is drawn again bit for bit with the same versions.
  With others single pixels may differ. Only drawing needs scikit-learn; reading the data does
  not.
- **Task**: which digit, or background (crops); where are which digits (pages).

## Files

| file | what it holds |
|---|---|
| `crops-SPLIT.png` | contact sheet, 20 crops of 16×16 pixels in a row |
| `scenes/SPLIT-NNN.png` | one page each |
| `index.json` | classes; labels and kinds of crops; boxes (x1, y1, x2, y2) and labels of pages |
| `checksums.sha256` | for `sha256sum --check` |

Labels: 0 is background, digit d has label d + 1.

## Splits

Every writer filled in the same form, so the digits of one hand are neighbours. The 1,797 digits
fall into 14 such runs (of 13 people: two runs may be of one hand), and a split takes whole
runs. Shuffled digits would put every hand into training, and the accuracy would be too good.
How digits are varied, and what the background holds, was settled while somebody looked at what a
network got wrong in the last three runs. Nothing was chosen by the first three: they are the test.

{splits}

## Counts

{counts}

{kinds}

## How it was drawn

- A **crop of a digit** shows the square around it: the 8×8 grey levels take three quarters of
  its side. The square was {smallest} to {largest} pixels wide on its sheet and is shrunk to 16,
  as a detector's pyramid does it. Neighbours of the same hand reach in.
- A crop of **background** shows pieces of two digits, half a digit (the window is {away} sides
  away), a digit that is too large or too small for the window, the gap between two digits, or
  paper.
- A **page** is by one hand, in lines as telephone numbers or loose, and its digits are those of
  val or test. Boxes are squares, {smallest} to {largest} pixels wide. In lines, boxes may
  overlap a little.
- A digit's shape is varied more in training crops ("A hand in training") than in held-out crops
  and on pages ("A hand").
- All pictures have 32 grey levels, which keeps the files small.

{tables}

## Limits

- Thirteen people, one form, one country; a test of three hands says little about all others.
- 8×8 grey levels are coarse: some digits nobody can read for sure.
- Dark ink on light paper only, upright, no letters and no signs between the digits.
"""

TABLES: dict[str, Mapping[str, Distribution]] = {
    "A sheet of paper": PAPER,
    "A stamp": STAMP,
    "A hand": HAND,
    "A hand in training": VARIED,
    "Ink": INK,
    "A crop": CROP,
    "A page": PAGE,
    "Kinds": {"background": KINDS},
}


def digits_card(index: dict) -> str:
    """The card's text for a data set with this index."""
    made_with = {name: index["versions"][name] for name in ("numpy", "pillow", "scipy")}
    return TEXT.format(
        seed=index["seed"],
        seed_option="" if index["seed"] == 1998 else f" --seed {index['seed']}",
        **made_with,
        splits=_splits(),
        counts=_counts(index),
        kinds=_kinds(index),
        smallest=BOX_SIDES[0],
        largest=BOX_SIDES[1],
        away=AWAY,
        tables="\n\n".join(_table(title, table) for title, table in TABLES.items()),
    )


def _splits() -> str:
    rows = ["| split | runs | digits, by their number in scikit-learn |", "|---|---:|---:|"]
    for split, runs in SPLIT_RUNS.items():
        rows.append(f"| {split} | {len(runs)} | {RUNS[runs[0]]} to {RUNS[runs[-1] + 1] - 1} |")
    return "\n".join(rows)


def _counts(index: dict) -> str:
    rows = ["| part | items | digits |", "|---|---:|---:|"]
    for split, crops in index["crops"].items():
        digits = sum(label > 0 for label in crops["labels"])
        rows.append(f"| crops-{split} | {len(crops['labels'])} | {digits} |")
    for split, pages in index["scenes"].items():
        rows.append(f"| scenes-{split} | {len(pages)} | {sum(len(p['labels']) for p in pages)} |")
    return "\n".join(rows)


def _kinds(index: dict) -> str:
    kinds = {split: Counter(crops["kinds"]) for split, crops in index["crops"].items()}
    rows = [f"| kind of crop | {' | '.join(kinds)} |", "|---|" + "---:|" * len(kinds)]
    for kind in sorted(set().union(*kinds.values())):
        rows.append(f"| {kind} | {' | '.join(str(of[kind]) for of in kinds.values())} |")
    return "\n".join(rows)


def _table(title: str, table: Mapping[str, Distribution]) -> str:
    rows = [f"| {title} | distribution |", "|---|---|"]
    return "\n".join(rows + [f"| {name} | {values} |" for name, values in table.items()])
