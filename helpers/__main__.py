"""The command line: `python -m helpers data|draw|train|detect|evaluate|bench`, each with --help."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {value}")
    return value


def parser() -> argparse.ArgumentParser:
    """All verbs with their options."""
    main = argparse.ArgumentParser(prog="python -m helpers", description=__doc__)
    verbs = main.add_subparsers(dest="verb", required=True)

    data = verbs.add_parser("data", help="fetch the UIUC photographs (verified, about 10 MB)")
    data.add_argument(
        "--out", type=Path, help="folder for CarData (default: UIUC_CARS_DIR or data/uiuc)"
    )

    draw = verbs.add_parser("draw", help="draw the street data set again")
    draw.add_argument("--out", type=Path, default=Path("build/street"), help="default: %(default)s")
    draw.add_argument("--seed", type=int, help="default: the seed of the shipped data set")
    draw.add_argument("--workers", type=_positive, default=2, help="processes (default: 2)")

    train = verbs.add_parser("train", help="train the classifier and write its weights")
    train.add_argument("--data", choices=["street", "uiuc"], default="street")
    train.add_argument("--epochs", type=_positive, help="default: evaluation.EPOCHS")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--out", type=Path, default=Path("build/model.safetensors"))
    train.add_argument("--half", action="store_true", help="write large weights as float16")

    detect = verbs.add_parser("detect", help="find cars about 100 pixels wide in pictures")
    detect.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    detect.add_argument("--weights", type=Path, help="default: the weights of the course")
    detect.add_argument("--threshold", type=float, help="default: chosen on validation data")
    detect.add_argument("--out", type=Path, default=Path("build/detections"))

    evaluate = verbs.add_parser("evaluate", help="measure detectors, mean and spread over seeds")
    evaluate.add_argument("--data", choices=["street", "uiuc"], default="street")
    evaluate.add_argument("--train", choices=["street", "uiuc", "pretrained"], default="pretrained")
    evaluate.add_argument("--seeds", type=_positive, default=1)
    evaluate.add_argument("--epochs", type=_positive, help="default: evaluation.EPOCHS")

    bench = verbs.add_parser("bench", help="speed, as ratios against named references")
    bench.add_argument("--data", choices=["street", "uiuc"], default="street")
    bench.add_argument("--repeats", type=_positive, default=3)
    bench.add_argument("--out", type=Path, default=Path("build"), help="folder of the chart")

    for verb in verbs.choices.values():
        verb.add_argument("--threads", type=_positive, help="threads for torch (default: its own)")
    return main


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; bad input ends in one clear line and status 2, Ctrl-C in status 130."""
    args = parser().parse_args(arguments)
    # After the arguments are known to be right: torch takes a second to load.
    from helpers import commands
    from helpers.threads import use_threads

    if args.threads:
        use_threads(args.threads)
    try:
        getattr(commands, args.verb)(args)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted: no half file was left", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
