"""The command line: `python -m helpers VERB`, where every VERB explains itself with --help."""

import argparse
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from helpers.cli.inputs import check_inputs, say
from helpers.cli.options import VERBS, positive


def parser() -> argparse.ArgumentParser:
    """All verbs with their options."""
    main = argparse.ArgumentParser(
        prog="python -m helpers",
        description="The course's commands. Each explains itself: python -m helpers train --help",
    )
    verbs = main.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, add_options in VERBS.items():
        summary, description, example = HELP[name]
        verb = verbs.add_parser(
            name,
            help=summary,
            description=description,
            epilog=f"example:\n  python -m helpers {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_options(verb)
        if name != "draw":
            verb.add_argument(
                "--threads", type=positive, metavar="N", help="to compute with (torch's own)"
            )
    return main


# What each verb does, in a line; what it reads and writes; and a line to copy.
HELP = {
    "data": (
        "fetch the UIUC photographs",
        "Download the UIUC photographs (10 MB), check them, and unpack them.",
        "data",
    ),
    "draw": (
        "draw a data set again, or more of street's kind",
        "Draw crops and scenes as the shipped ones were drawn, into a folder for --data.",
        "draw street --count 20000 --out build/more",
    ),
    "train": (
        "train a classifier and write its weights",
        """Train a classifier, on data of the course or on a folder of your own pictures, and write
its weights, with what they know, to one file. Your folder holds a folder of pictures for each
class, FOLDER/CLASS/*.png or .jpg; FOLDER/scenes may hold whole pictures, and their boxes in
COCO's JSON or Pascal VOC's XML.""",
        "train --data mugs --size 64x128 --out mugs.safetensors",
    ),
    "detect": (
        "find objects in pictures",
        """Look for objects, cars if no --weights are given, in pictures or in all pictures of a
folder. Writes for each a picture with boxes, NAME-boxes.png, and NAME-boxes.json.""",
        "detect --weights mugs.safetensors --object-width 60..300 photos --out found",
    ),
    "evaluate": (
        "measure a detector",
        """Measure the course's weights, your weights, or networks that are trained for it with
several seeds, on data that they have not seen. Prints a table and writes nothing.""",
        "evaluate --train street --seeds 3",
    ),
    "ablate": (
        "what each part of the renderer, or of the training, is worth",
        """Train on drawings that lack one part of the renderer at a time, or, with --scenes, in the
way of the course's weights without one part of that, and judge by the photographed crops.
Takes hours; goes on where it was interrupted.""",
        "ablate --seeds 3 --workers 2",
    ),
    "bench": (
        "speed, as ratios against named references",
        """Measure how many times as fast as a named reference each part is, in one run on this
machine (ten minutes). Prints a table and draws bench.png.""",
        "bench --threads 2",
    ),
}


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
        if args.verb == "ablate" or (args.verb == "draw" and args.what == "street"):
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
