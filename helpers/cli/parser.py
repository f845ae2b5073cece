"""The command line: `python -m helpers VERB`, where every VERB explains itself with --help."""

import argparse
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from helpers.cli.inputs import check_inputs, say

CORES = os.cpu_count() or 1


def _positive(text: str) -> int:
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


def parser() -> argparse.ArgumentParser:
    """All verbs with their options."""
    main = argparse.ArgumentParser(prog="python -m helpers", description=__doc__)
    verbs = main.add_subparsers(dest="verb", required=True)

    data = verbs.add_parser("data", help="fetch the UIUC photographs (verified, about 10 MB)")
    data.add_argument(
        "--out", type=_path, help="folder for CarData (default: UIUC_CARS_DIR or data/uiuc)"
    )

    draw = verbs.add_parser("draw", help="draw a data set again, or more of street's kind")
    draw.add_argument(
        "what",
        nargs="?",
        choices=["street", "digits"],
        default="street",
        help="which data set (%(default)s)",
    )
    draw.add_argument(
        "--count", type=_positive, metavar="N", help="N training crops of street only"
    )
    draw.add_argument("--out", type=_path, help="default: build/street, or build/digits")
    draw.add_argument("--seed", type=_seed, help="default: the seed of the shipped data set")
    draw.add_argument("--workers", type=_positive, default=CORES, help="processes (%(default)s)")

    train = verbs.add_parser("train", help="train the classifier and write its weights")
    train.add_argument(
        "--data",
        type=_data,
        default="street",
        help="street, digits, uiuc, a folder that draw wrote, or one of yours: FOLDER/CLASS/*.png",
    )
    train.add_argument(
        "--size", type=_size, metavar="HxW", help="of your crops (default: the usual shape)"
    )
    train.add_argument(
        "--shape",
        choices=["crop", "stretch", "pad"],
        default="crop",
        help="what becomes of pictures of another shape (%(default)s)",
    )
    train.add_argument(
        "--mirror", action="store_true", help="your objects stay the same in a mirror"
    )
    train.add_argument("--epochs", type=_positive, help="default: evaluation.EPOCHS")
    train.add_argument("--seed", type=_seed, default=0)
    train.add_argument("--out", type=_path, default=Path("build/model.safetensors"))
    train.add_argument("--half", action="store_true", help="write large weights as float16")

    detect = verbs.add_parser("detect", help="find objects (cars, by default) in pictures")
    detect.add_argument("images", type=_path, nargs="+", metavar="FILE_OR_FOLDER")
    detect.add_argument("--weights", type=_path, help="default: the weights of the course")
    detect.add_argument("--threshold", type=float, help="default: chosen on validation data")
    detect.add_argument("--out", type=_path, default=Path("build/detections"))
    detect.add_argument(
        "--object-width",
        type=_widths,
        metavar="LOW..HIGH",
        help="how wide objects are, in pixels, such as 60..300 (default: as in training)",
    )
    detect.add_argument(
        "--scales", type=_numbers, metavar="S,S", help="the same, in widths of a crop: 1,1.5,2"
    )
    detect.add_argument("--coco", action="store_true", help="write coco-results.json, too")

    evaluate = verbs.add_parser("evaluate", help="measure detectors, mean and spread over seeds")
    evaluate.add_argument(
        "--data",
        type=_evaluation_data,
        default="street",
        help="scenes to measure on (street, street-multiscale, digits, uiuc, uiuc-multiscale), or"
        " (uiuc-crops) the training crops: only by them choose; with --weights: a folder of yours",
    )
    evaluate.add_argument("--weights", type=_path, help="measure these instead of training")
    evaluate.add_argument(
        "--train",
        type=_training_data,
        default="pretrained",
        help="street, uiuc, both, pretrained (default), or a folder that draw wrote",
    )
    evaluate.add_argument("--seeds", type=_positive, default=1)
    evaluate.add_argument("--epochs", type=_positive, help="default: evaluation.EPOCHS")

    ablate = verbs.add_parser("ablate", help="what each part of the renderer is worth")
    ablate.add_argument("--seeds", type=_positive, default=3)
    ablate.add_argument("--count", type=_positive, default=1400, help="crops (%(default)s)")
    ablate.add_argument("--epochs", type=_positive, help="default: evaluation.EPOCHS")
    ablate.add_argument("--workers", type=_positive, default=CORES, help="processes (%(default)s)")
    ablate.add_argument("--out", type=_path, default=Path("build/ablation.json"))

    bench = verbs.add_parser("bench", help="speed, as ratios against named references")
    bench.add_argument("--data", choices=["street", "uiuc"], default="street")
    bench.add_argument("--repeats", type=_positive, default=3)
    bench.add_argument("--out", type=_path, default=Path("build"), help="folder of the chart")

    for name, verb in verbs.choices.items():
        if name != "draw":
            verb.add_argument("--threads", type=_positive, help="threads for torch (its own)")
    return main


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: what stands after `python -m helpers`; by default what the program was given.

    Returns:
        The exit status: 0 where all is done, 1 where a part of it failed, 2 for bad input, 130
        after Ctrl-C. What failed has its line on stderr.
    """
    print_anywhere()
    args = parser().parse_args(arguments)
    try:
        with warnings_as_lines():
            return _run(args)
    except BrokenPipeError:  # of `... | head`: nobody is left to hear of it
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (closed with the program)
        return 1
    except (OSError, ValueError, TypeError, RuntimeError, MemoryError) as error:
        print(f"error: {str(error) or 'not enough memory'}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted: no half file was left", file=sys.stderr)
        if args.verb in ("draw", "ablate"):
            print("the same command goes on where it stopped", file=sys.stderr)
        return 130


def print_anywhere() -> None:
    """Let signs that the terminal does not know show as "?" instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="replace")


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Within it, a warning is a line on stderr, without the place in the code it comes from."""
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *place, **options: say(str(message))
        yield


def _run(args: argparse.Namespace) -> int:
    problems = check_inputs(args)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems and not args.images:
        return 2
    # Only after the arguments and files are known to be right: torch takes seconds to load.
    if args.verb == "draw":
        from helpers.cli.draw import draw

        draw(args)
        return 0
    from helpers.cli import commands
    from helpers.cli.threads import keep_memory, use_threads

    if args.threads:
        use_threads(args.threads)
    keep_memory()
    failed = getattr(commands, args.verb)(args)
    return 1 if problems or failed else 0
