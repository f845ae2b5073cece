"""What can be known before the work begins, and before torch, which takes seconds to load."""

import argparse
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from helpers.paths import (
    check_folder,
    check_writable,
    has_uiuc,
    is_left_behind,
    read_text,
    uiuc_folder,
    unread_files,
)

# What counts as a picture where a whole folder is named.
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
# Where each kind of photographs lies in CarData.
PHOTOGRAPHS = {"uiuc-multiscale": "TestImages_Scale", "uiuc": "TestImages"}


def check_inputs(args: argparse.Namespace) -> list[str]:
    """Look at the files that a verb will read and write.

    Says on stderr what will be replaced.

    Args:
        args: what the parser understood. Of `args.images`, only those that can be read stay.

    Returns:
        What is wrong with single pictures, a line for each: the others can be worked on.

    Raises:
        OSError: a file that is needed is missing, or one cannot be written.
        ValueError: what is asked for makes no sense.
    """
    check = CHECKS.get(args.verb)
    return (check(args) if check else None) or []


def say(line: str) -> None:
    """Print what the user should know beside the results."""
    print(line, file=sys.stderr)


def _say_replaced(path: Path) -> None:
    if path.exists():
        say(f"{path} is there already: it is replaced when the work is done")


def _draw(args: argparse.Namespace) -> None:
    if args.what == "digits" and args.count is not None:
        raise ValueError("--count is for street: there are as many digits as people wrote")
    args.out = args.out or Path("build") / args.what
    check_folder(args.out.parent, args.out)
    _say_replaced(args.out)


def _train(args: argparse.Namespace) -> None:
    _check_training_data(args.data)
    _check_scenes(args.scenes, args.data)
    _check_shape(args)
    check_writable(args.out)
    _say_replaced(args.out)


def _evaluate(args: argparse.Namespace) -> None:
    _check_training_data(args.train)
    for data in (args.data, args.train):
        _check_scenes(args.scenes, data)
    if args.weights and not args.weights.is_file():
        raise FileNotFoundError(f"no weights file {args.weights}")
    _check_training_options(args)
    if isinstance(args.data, Path):
        if not is_own(args.data):
            raise ValueError(f"{args.data} holds no pictures of yours in a folder for each class")
        return
    if args.data != "digits" and has_classes(args.train):
        raise ValueError(f"{args.train} has its own classes: measure by --data {args.train}")
    if part := PHOTOGRAPHS.get(args.data):
        _check_photographs(part)
    if args.data.startswith("uiuc"):
        _check_photographs("TrainImages")


def _check_training_options(args: argparse.Namespace) -> None:
    """What is said about a training is not passed over in silence where nothing is trained."""
    if args.weights and args.train != "pretrained":
        raise ValueError("--weights are measured as they are: leave out --train")
    if args.weights or (args.train == "pretrained" and not has_classes(args.data)):
        given = {"--seeds": args.seeds > 1, "--epochs": args.epochs is not None}
        for option in (option for option, is_given in given.items() if is_given):
            say(f"{option} is not used: nothing is trained (see --train)")


def _check_scenes(scenes: int | None, data: str | Path) -> None:
    """Windows of drawn scenes go with a training, and with cars."""
    if scenes and data == "pretrained":
        raise ValueError("--scenes is for training: say on what by --train, such as --train both")
    if scenes and has_classes(data):
        raise ValueError("--scenes is for cars: the scenes that are drawn have no others")


def _check_shape(args: argparse.Namespace) -> None:
    """The course's crops, and those that draw wrote, are all of one size already."""
    own = isinstance(args.data, Path) and is_own(args.data)
    if not own and (args.size or args.shape != "crop"):
        raise ValueError(f"--size and --shape are for pictures of your own, not for {args.data}")


def _ablate(args: argparse.Namespace) -> None:
    _check_photographs("TrainImages")
    args.out = args.out or Path("build") / f"ablation{'-sizes' if args.scenes else ''}.json"
    check_writable(args.out)


def _bench(args: argparse.Namespace) -> None:
    if args.data == "uiuc":
        _check_photographs("TrainImages")
        _check_photographs("TestImages")
    check_writable(args.out / "bench.png")


def _check_photographs(part: str) -> None:
    folder = uiuc_folder()
    if not has_uiuc(part):
        raise FileNotFoundError(f"{folder / part} is missing; fetch the data with `make data`")


def _check_training_data(data: str | Path) -> None:
    if data in ("uiuc", "both"):
        _check_photographs("TrainImages")
    if not isinstance(data, Path) or is_own(data):
        return
    if "train" not in splits(data, "crops"):
        raise ValueError(f"{data} has no training crops")
    if "classes" in json.loads(read_text(data / "index.json")):
        raise ValueError(
            f"{data} holds drawings of something else than cars: of those, only the digits that"
            " come with the course can be learned from (they are named digits)"
        )


def has_classes(data: str | Path) -> bool:
    """Whether a name or folder of data is of several classes, and thus a matter of `own`."""
    return data == "digits" or (isinstance(data, Path) and is_own(data))


def is_own(folder: Path) -> bool:
    """Whether a folder holds pictures of one's own, in a folder for each class."""
    if (folder / "index.json").exists():
        return False
    inside = (path for path in folder.iterdir() if path.is_dir() and path.name != "scenes")
    return any(file.suffix.lower() in PICTURES for path in inside for file in path.rglob("*"))


def splits(folder: Path, what: str) -> list[str]:
    """Which splits a folder of drawings has.

    Args:
        folder: what `python -m helpers draw` wrote.
        what: "crops" or "scenes".

    Raises:
        ValueError: the folder holds no drawings.
    """
    try:
        return list(json.loads(read_text(folder / "index.json"))[what])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{folder} holds no drawings (its index.json is missing or damaged), nor pictures of"
            f" your own in a folder for each class ({folder.name}/cup/1.jpg)"
        ) from error


def _detect(args: argparse.Namespace) -> list[str]:
    if args.threshold is not None and not 0 <= args.threshold <= 1:
        raise ValueError(f"threshold is a probability in [0, 1], not {args.threshold}")
    if args.scales and args.object_width:
        raise ValueError("--scales and --object-width say the same: give one of them")
    args.images = [file for given in args.images for file in pictures_of(given)]
    names = [file.stem.casefold() for file in args.images]
    if twice := {file.stem for file in args.images if names.count(file.stem.casefold()) > 1}:
        raise ValueError(f"several pictures are named {', '.join(sorted(twice))}: run them apart")
    if args.weights and not args.weights.is_file():
        raise FileNotFoundError(f"no weights file {args.weights}")
    check_folder(args.out)
    _check_results_are_no_inputs(args)
    problems = {file: picture_problem(file) for file in args.images}
    args.images = [file for file, problem in problems.items() if not problem]
    return [problem for problem in problems.values() if problem]


def _check_results_are_no_inputs(args: argparse.Namespace) -> None:
    inputs = {file.resolve() for file in args.images}
    for file in args.images:
        if (result := result_files(args.out, file)[0]).resolve() in inputs:
            raise ValueError(f"{result} would be replaced, but is one of the pictures to look at")


def pictures_of(given: Path) -> list[Path]:
    """The pictures in a folder (not in folders of it), or the one picture that is named.

    Says on stderr which files of the folder are of a kind that is not read.

    Raises:
        ValueError: the folder holds none.
    """
    if not given.is_dir():
        return [given]
    inside = [path for path in given.iterdir() if path.is_file()]
    inside = [path for path in inside if not is_left_behind(Path(path.name))]
    found = sorted(path for path in inside if path.suffix.lower() in PICTURES)
    others = unread_files([path for path in inside if path.name[0] != "."], PICTURES)
    if not found:
        below = sorted({p.parent for p in given.rglob("*") if p.suffix.lower() in PICTURES})
        where = f"; there are some in {below[0]}" if below else f" ({', '.join(PICTURES)})"
        raise ValueError(
            f"{given} holds no pictures{where}" + (f", but {others}" if others else "")
        )
    if others:
        say(f"{given} also holds {others}")
    return found


def result_files(folder: Path, picture: Path) -> tuple[Path, Path]:
    """Where `detect` writes a picture with boxes, and where the boxes as JSON."""
    return folder / f"{picture.stem}-boxes.png", folder / f"{picture.stem}-boxes.json"


def picture_problem(path: Path) -> str:
    """What keeps a file from being read as a picture, as far as its first bytes say; or ""."""
    if not path.is_file():
        return f"no image file {path}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said again when the picture is read
            Image.open(path).close()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"{path} is damaged or not an image: {error}"
    return ""


CHECKS: dict[str, Callable[[argparse.Namespace], list[str] | None]] = {
    "draw": _draw,
    "train": _train,
    "detect": _detect,
    "evaluate": _evaluate,
    "ablate": _ablate,
    "bench": _bench,
}
