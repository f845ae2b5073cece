"""The command `python -m helpers detect`."""

import argparse
import io
import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm.auto import tqdm

from helpers.boxes import Detections
from helpers.choices import users_file
from helpers.cli.inputs import result_files, say
from helpers.cli.results import draw_boxes, report, write_coco
from helpers.detector import Detector, pyramid
from helpers.images import as_image, read_rgb
from helpers.models import (
    ModelHeader,
    load_model,
    load_pretrained,
    pretrained_path,
    read_header,
)
from helpers.paths import write_atomically

LARGE = 2_000_000  # pixels of a picture within which a bar says how far the work is


def detect(args: argparse.Namespace) -> int:
    """Find objects in pictures; write each again with boxes, and a JSON file.

    Returns:
        How many pictures failed. Each has its line on stderr, and does not stop the others.
    """
    detector = _detector(args)
    args.out.mkdir(parents=True, exist_ok=True)
    failed, reports = 0, []
    for file in tqdm(args.images, desc="detecting", unit="picture"):
        try:
            found, line = _detect_in(file, detector, args.out)
        except BrokenPipeError:
            raise
        except (OSError, ValueError, TypeError, RuntimeError, MemoryError) as error:
            problem = str(error) or "not enough memory"
            name = "" if str(file) in problem else f"{file}: "
            tqdm.write(f"error: {name}{problem}", file=sys.stderr)
            failed += 1
        else:
            tqdm.write(line)
            reports.append(found)
    if args.coco:
        write_coco(args.out, reports, detector.classes)
    if failed < len(args.images):
        print(f"Pictures and JSON files are in {args.out}")
    return failed


def _detector(args: argparse.Namespace) -> Detector:
    """The detector that the weights and the options ask for."""
    path = args.weights or pretrained_path()
    model = load_model(path) if args.weights else load_pretrained()
    header = read_header(path)
    threshold = _noted_threshold(header, path) if args.threshold is None else args.threshold
    return Detector(
        model,
        input_size=header.input_size,
        classes=header.classes,
        background=header.background,
        threshold=threshold,
        mirror=header.notes.get("mirror", "yes") != "no",
        scales=_scales(args, header),
        tune=args.tune and users_file(),
    )


def _scales(args: argparse.Namespace, header: ModelHeader) -> tuple[float, ...]:
    """The sizes to look for: as asked, else as the weights note it, else those of the crops."""
    if args.scales:
        return tuple(args.scales)
    widths = args.object_width
    if widths is None and "object_width" in header.notes:
        widths = tuple(float(width) for width in header.notes["object_width"].split(".."))
    if widths is None:
        return (1.0,)
    return pyramid(*widths, width=header.input_size[1])


def _noted_threshold(header: ModelHeader, path: Path) -> float:
    if "threshold" not in header.notes:
        say(f"{path} does not say which threshold suits it: 0.5 is used")
    try:
        threshold = float(header.notes.get("threshold", 0.5))
    except ValueError:
        threshold = math.nan
    if not 0 <= threshold <= 1:
        noted = header.notes["threshold"]
        raise ValueError(f"{path} names {noted!r} as its threshold: set --threshold")
    return threshold


def _detect_in(file: Path, detector: Detector, out: Path) -> tuple[dict, str]:
    """Find what is in one picture, and write both files; its report, and what to tell about it."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        pixels = read_rgb(file)
        image = as_image(pixels, detector.channels)
    for warning in said:
        tqdm.write(f"{file.name}: {warning.message}")
    large = pixels.shape[0] * pixels.shape[1] > LARGE
    found, best = detector.with_best(image, progress=large)
    picture, boxes = result_files(out, file)
    replaced = f" (replaced {picture.name})" if picture.exists() else ""
    contents = report(file.name, pixels.shape[:2], detector.threshold, found, detector.classes)
    drawn = draw_boxes(pixels, found, detector.classes, detector.background)
    write_atomically(picture, _png(drawn))
    write_atomically(boxes, json.dumps(contents, indent=1).encode())
    hint = "" if len(found.scores) else _hint(detector, best)
    return contents, f"{file.name}: {_count(found, detector)}{hint}{replaced}"


def _count(found: Detections, detector: Detector) -> str:
    """How many were found, of each class where there are several."""
    count = len(found.scores)
    if not count or len(detector.classes) == 2:
        return f"{count} found"
    numbers = np.bincount(found.labels.numpy(), minlength=len(detector.classes))
    of = [f"{n} {name}" for n, name in zip(numbers, detector.classes, strict=True) if n]
    return f"{count} found ({', '.join(of)})"


def _hint(detector: Detector, best: Detections) -> str:
    """What would have to be different for something to be found."""
    widths = sorted({round(width) for _, width in detector.sizes})
    sizes = f"{widths[0]} to {widths[-1]}" if len(widths) > 1 else f"{widths[0]}"
    return (
        f"; the largest score is {best.scores.max():.2f}, the threshold"
        f" {detector.threshold:.2f}; objects are"
        f" looked for at a width of {sizes} pixels (--object-width sets it)"
    )


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    large = picture.width * picture.height > LARGE
    picture.save(buffer, "PNG", compress_level=1 if large else 6)  # 6 takes three times as long
    return buffer.getvalue()
