"""The options of each verb: their kinds, defaults and words."""

import argparse
import os
from pathlib import Path

CORES = os.cpu_count() or 1
EPOCHS = 20  # that of `evaluation`, which takes seconds to load


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {value}")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:  # what numpy, torch and the file of results all can hold
        raise argparse.ArgumentTypeError(f"must be from 0 to 2**63 - 1, not {value}")
    return value


def _path(text: str) -> Path:
    """A path; "~" is the user's own folder, also where no shell has put it in (--out=~/x)."""
    if not text.strip():
        raise argparse.ArgumentTypeError("a path must not be empty")
    return Path(text).expanduser()


def _data(text: str) -> str | Path:
    """The name of a data set, or the folder of a drawn one."""
    if text in ("street", "digits", "uiuc"):
        return text
    if not _path(text).is_dir():
        raise argparse.ArgumentTypeError(f"neither street, digits, uiuc nor a folder: {text}")
    return _path(text)


def _size(text: str) -> tuple[int, int]:
    """HEIGHTxWIDTH, in pixels."""
    sides = text.lower().replace("×", "x").split("x")
    if len(sides) != 2 or not all(side.strip().isdigit() for side in sides):
        raise argparse.ArgumentTypeError(f"must be HEIGHTxWIDTH such as 64x128, not {text}")
    height, width = map(int, sides)
    if min(height, width) < 16:
        raise argparse.ArgumentTypeError(f"crops need 16x16 pixels or more, not {text}")
    return height, width


def _numbers(text: str, separator: str = ",") -> tuple[float, ...]:
    """Numbers above 0."""
    try:
        numbers = tuple(float(number) for number in text.split(separator))
    except ValueError:
        numbers = ()
    if not numbers or not all(0 < number < float("inf") for number in numbers):
        raise argparse.ArgumentTypeError(f"must be numbers above 0, not {text}")
    return numbers


def _widths(text: str) -> tuple[float, float]:
    """LOW..HIGH, or one number."""
    numbers = _numbers(text, "..")
    if len(numbers) > 2 or numbers[0] > numbers[-1]:
        raise argparse.ArgumentTypeError(f"must be LOW..HIGH such as 60..300, not {text}")
    return numbers[0], numbers[-1]


def _training_data(text: str) -> str | Path:
    return text if text in ("both", "pretrained") else _data(text)


def _evaluation_data(text: str) -> str | Path:
    known = ("street", "street-multiscale", "digits", "uiuc", "uiuc-multiscale", "uiuc-crops")
    if text in known:
        return text
    if not _path(text).is_dir():
        raise argparse.ArgumentTypeError(f"neither {', '.join(known)} nor a folder: {text}")
    return _path(text)


def _data_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--out",
        type=_path,
        metavar="FOLDER",
        help="that will hold CarData (UIUC_CARS_DIR, or else data/uiuc)",
    )


def _draw_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "what",
        nargs="?",
        choices=["street", "digits"],
        default="street",
        help="which data set (%(default)s)",
    )
    verb.add_argument("--count", type=positive, metavar="N", help="N training crops alone")
    verb.add_argument(
        "--out", type=_path, metavar="FOLDER", help="to write (build/street or build/digits)"
    )
    verb.add_argument(
        "--seed", type=_seed, metavar="N", help="of the drawings (that of the shipped ones)"
    )
    _add_workers(verb)


def _train_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--data",
        type=_data,
        default="street",
        help="street, digits, uiuc, a folder that draw wrote, or a folder of yours (%(default)s)",
    )
    verb.add_argument(
        "--size",
        type=_size,
        metavar="HxW",
        help="of crops, height and width in pixels (the usual shape of your pictures)",
    )
    verb.add_argument(
        "--shape",
        choices=["crop", "stretch", "pad"],
        default="crop",
        help="what becomes of pictures of another shape (%(default)s)",
    )
    verb.add_argument(
        "--mirror", action="store_true", help="your objects stay the same in a mirror"
    )
    _add_epochs(verb)
    verb.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="of weights and order (%(default)s)"
    )
    _add_scenes(verb)
    _add_out(verb, "build/model.safetensors", "FILE", "the weights")
    verb.add_argument("--half", action="store_true", help="write large weights as float16")


def _detect_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "images",
        type=_path,
        nargs="+",
        metavar="FILE_OR_FOLDER",
        help="pictures, or a folder of them",
    )
    verb.add_argument(
        "--weights", type=_path, metavar="FILE", help="that train wrote (the course's, for cars)"
    )
    verb.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help="the score from which a box counts, 0 to 1 (as the weights' file says)",
    )
    _add_out(verb, "build/detections", "FOLDER", "pictures with boxes, and JSON")
    verb.add_argument(
        "--object-width",
        type=_widths,
        metavar="LOW..HIGH",
        help="how wide objects are, in pixels, such as 60..300 (as in training)",
    )
    verb.add_argument(
        "--scales", type=_numbers, metavar="S,S", help="the same, in widths of a crop: 1,1.5,2"
    )
    verb.add_argument("--coco", action="store_true", help="write coco-results.json, too")
    verb.add_argument(
        "--tune",
        action="store_true",
        help="measure what is fastest here, and remember it: for many pictures of few sizes",
    )


def _evaluate_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--data",
        type=_evaluation_data,
        default="street",
        help="what to measure on: scenes (street, street-multiscale, digits, uiuc,"
        " uiuc-multiscale), the photographed crops (uiuc-crops: only by them may you choose), or a"
        " folder of yours (%(default)s)",
    )
    verb.add_argument(
        "--weights", type=_path, metavar="FILE", help="measure these instead of training"
    )
    verb.add_argument(
        "--train",
        type=_training_data,
        default="pretrained",
        help="what to train on: street, uiuc, both, digits or a folder that draw wrote;"
        " pretrained: nothing, take the course's weights (%(default)s)",
    )
    _add_scenes(verb)
    _add_seeds(verb, 1)
    _add_epochs(verb)


def _ablate_options(verb: argparse.ArgumentParser) -> None:
    _add_seeds(verb, 3)
    verb.add_argument(
        "--count", type=positive, default=1400, metavar="N", help="crops to draw (%(default)s)"
    )
    verb.add_argument(
        "--scenes",
        type=positive,
        metavar="N",
        help="leave out parts of the training for cars of all sizes instead, windows of N drawn"
        " scenes and what is made of them, and judge by mosaics of the photographed crops",
    )
    _add_epochs(verb)
    _add_workers(verb)
    verb.add_argument(
        "--out",
        type=_path,
        metavar="FILE",
        help="the results so far (build/ablation.json, or with --scenes build/ablation-sizes.json)",
    )


def _bench_options(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--data",
        choices=["street", "uiuc"],
        default="street",
        help="scenes for the detector (%(default)s)",
    )
    verb.add_argument(
        "--repeats", type=positive, default=3, metavar="N", help="of each timing (%(default)s)"
    )
    verb.add_argument(
        "--device",
        choices=["cpu", "cuda", "mps"],
        default="cpu",
        help="where the networks run: cuda and mps are GPUs (%(default)s)",
    )
    _add_out(verb, "build", "FOLDER", "the chart")


def _add_epochs(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--epochs",
        type=positive,
        metavar="N",
        help=f"how often each crop is seen ({EPOCHS}; with several classes 2 to 40, the more"
        " the fewer crops there are)",
    )


def _add_scenes(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--scenes",
        type=positive,
        metavar="N",
        help="learn from windows of N drawn scenes with cars of all sizes, too (twice the time)",
    )


def _add_seeds(verb: argparse.ArgumentParser, default: int) -> None:
    verb.add_argument(
        "--seeds",
        type=positive,
        default=default,
        metavar="N",
        help="networks to train, with seeds 0 to N-1 (%(default)s)",
    )


def _add_workers(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--workers",
        type=positive,
        default=CORES,
        metavar="N",
        help="processes (%(default)s, one for each core)",
    )


def _add_out(verb: argparse.ArgumentParser, default: str, kind: str, what: str) -> None:
    verb.add_argument(
        "--out", type=_path, default=Path(default), metavar=kind, help=f"{what} (%(default)s)"
    )


VERBS = {
    "data": _data_options,
    "draw": _draw_options,
    "train": _train_options,
    "detect": _detect_options,
    "evaluate": _evaluate_options,
    "ablate": _ablate_options,
    "bench": _bench_options,
}
