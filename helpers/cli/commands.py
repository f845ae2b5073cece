"""What the command line does: one function for each of its verbs."""

import argparse
import json
import sys
import warnings

import torch
from tqdm.auto import tqdm

from helpers import plots, training
from helpers.cli import bench as benchmarks
from helpers.cli.baseline import CANVAS
from helpers.cli.draw import draw
from helpers.datasets import load_crops, load_or_shipped, load_scenes
from helpers.datasets.download import fetch_uiuc
from helpers.datasets.uiuc import uiuc_parent
from helpers.detector import Detector, pyramid
from helpers.evaluation import (
    EPOCHS,
    choose_detection_threshold,
    choose_threshold,
    columns,
    evaluate_crops,
    evaluate_detector,
    mean_and_spread,
    train_and_hold_out,
    train_on,
)
from helpers.images import as_grey, read_grey
from helpers.metrics import UIUC, UIUC_MULTISCALE
from helpers.models import (
    INPUT_SIZE,
    load_model,
    load_pretrained,
    make_classifier,
    pretrained_path,
    read_notes,
    save_model,
)
from helpers.multiply_adds import heatmap_multiply_adds
from helpers.paths import DATA, write_atomically, write_checksums
from helpers.timing import table

__all__ = ["ablate", "bench", "data", "detect", "draw", "evaluate", "train"]


def data(args: argparse.Namespace) -> None:
    """Fetch the UIUC photographs."""
    print(f"The UIUC photographs are in {fetch_uiuc(args.out or uiuc_parent())}")


def train(args: argparse.Namespace) -> None:
    """Train the course's classifier and write its weights."""
    model = make_classifier(seed=args.seed)
    val = load_or_shipped(args.data, "val")
    epochs = args.epochs or EPOCHS
    training.fit(model, load_crops(args.data, "train"), val, epochs=epochs, seed=args.seed)
    notes = {"data": str(args.data), "seed": str(args.seed), "epochs": str(epochs)}
    if args.data == "uiuc":  # there are no validation scenes
        threshold = choose_threshold(model, val)
    else:
        threshold = choose_detection_threshold(model, load_scenes("street", "val"), progress=True)
    notes["threshold"] = f"{threshold:.4f}"
    path = save_model(model, args.out, half=args.half, notes=notes)
    if path.resolve().parent == (DATA / "weights").resolve():
        write_checksums(DATA / "weights")
    test = training.evaluate(load_model(path), load_or_shipped(args.data, "test"))
    print(f"{path}: {test.accuracy:.2%} of the {args.data} test crops are right")


def detect(args: argparse.Namespace) -> None:
    """Find cars in pictures; write each again with boxes, and a JSON file."""
    names = [file.stem for file in args.images]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"several pictures are named {', '.join(sorted(twice))}: run them apart")
    path = args.weights or pretrained_path()
    model = load_model(path) if args.weights else load_pretrained()
    notes = read_notes(path)
    threshold = args.threshold
    if threshold is None:
        threshold = float(notes.get("threshold", 0.5))
    height, width = (int(side) for side in notes["input_size"].split("x"))
    detector = Detector(model, input_size=(height, width), threshold=threshold)
    args.out.mkdir(parents=True, exist_ok=True)
    for file in tqdm(args.images, desc="detecting", unit="picture"):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            image = as_grey(read_grey(file))
        for warning in said:
            tqdm.write(f"{file.name}: {warning.message}")
        found = detector(image)
        figure = plots.scene_figure(image, found, title=f"{file.name}: {len(found.boxes)} found")
        cars = [
            {"box": [round(v, 2) for v in box], "score": round(score, 4)}
            for box, score in zip(found.boxes.tolist(), found.scores.tolist(), strict=True)
        ]
        target = args.out / file.stem
        write_atomically(target.with_name(f"{file.stem}-cars.png"), plots.png(figure))
        report = {"image": file.name, "threshold": threshold, "boxes": "xyxy pixels", "cars": cars}
        write_atomically(
            target.with_name(f"{file.stem}-cars.json"), json.dumps(report, indent=1).encode()
        )
        tqdm.write(f"{file.name}: {len(cars)} found")
    print(f"Pictures and JSON files are in {args.out}")


def evaluate(args: argparse.Namespace) -> None:
    """Train with several seeds, measure each network, and print mean and spread."""
    seeds = range(1 if args.train == "pretrained" else args.seeds)
    if args.data == "uiuc-crops":
        which, figures = _judge_by_crops(args, seeds)
    else:
        which, figures = _judge_by_scenes(args, seeds)
    print(f"trained on {args.train}, {len(seeds)} seed(s), measured on {args.data}")
    print(which)
    for name, values in figures.items():
        print(f"  {name:<16} {mean_and_spread(values)}")


def _judge_by_crops(args: argparse.Namespace, seeds: range) -> tuple[str, dict[str, list[float]]]:
    """The photographed crops as the judge: this one may be used to choose by."""
    rows, crops = [], load_crops("uiuc", "all")
    for seed in seeds:
        if args.train == "pretrained":
            model = load_pretrained()
        else:
            model, crops = train_and_hold_out(args.train, seed, epochs=args.epochs or EPOCHS)
        rows.append(evaluate_crops(model, crops, progress=True))
        print(f"seed {seed}: {rows[-1]}", file=sys.stderr)
    return f"on {len(crops)} photographed crops not trained on, and mosaics of them", columns(rows)


def _judge_by_scenes(args: argparse.Namespace, seeds: range) -> tuple[str, dict[str, list[float]]]:
    """Whole scenes as the judge: for measuring, never for choosing."""
    name, _, multiscale = args.data.partition("-")
    scenes = load_scenes(name, "test-multiscale" if multiscale else "test")
    official, scales = (UIUC_MULTISCALE, pyramid()) if multiscale else (UIUC, (1.0,))
    epochs = args.epochs or EPOCHS
    hold_out = name == "uiuc" and args.train in ("uiuc", "both")
    # Where no photograph was trained on, all of them may be asked.
    split = "all" if name == "uiuc" else "test"
    which = "a random quarter held out of the uiuc crops"
    if not hold_out:
        crops, which = load_crops(name, split), f"the {name} crops ({split})"
    accuracies, rows = [], []
    for seed in seeds:
        if args.train == "pretrained":
            model = load_pretrained()
        else:
            model = train_on(args.train, seed, epochs=epochs)
        if hold_out:
            other, quarter = train_and_hold_out(args.train, seed, epochs=epochs)
            accuracies.append(training.evaluate(other, quarter).accuracy)
        else:
            accuracies.append(training.evaluate(model, crops).accuracy)
        rows.append(
            evaluate_detector(model, scenes, official=official, scales=scales, progress=True)
        )
        print(f"seed {seed}: accuracy {accuracies[-1]:.4f}, {rows[-1]}", file=sys.stderr)
    which = f"accuracy: on {which}; the rest: on {len(scenes)} scenes"
    return which, {"accuracy": accuracies} | columns(rows)


def ablate(args: argparse.Namespace) -> None:
    """Print what each part of the renderer is worth, on the photographed crops."""
    from helpers.cli import ablation

    results = ablation.ablate(
        load_crops("uiuc", "all"),
        seeds=args.seeds,
        count=args.count,
        epochs=args.epochs or EPOCHS,
        workers=args.workers,
        notebook=args.out,
    )
    print(f"trained on {args.count} drawings, {args.seeds} seed(s), judged by the uiuc crops")
    print(ablation.table(results))


def bench(args: argparse.Namespace) -> None:
    """Print the ratios of `helpers.bench`, and draw them beside the arithmetic."""
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    ratios = benchmarks.heatmap_ratios(repeats=args.repeats)
    ratios.append(benchmarks.dense_ratio(repeats=args.repeats))
    scenes = load_scenes(args.data, "test")
    ratios.append(benchmarks.detector_ratio(scenes, args.data, repeats=args.repeats))
    ratios.append(benchmarks.nms_ratio(repeats=args.repeats))
    trained = benchmarks.compare_training(load_crops(args.data, "all"))
    ratios.append(trained.ratio)
    print(table(ratios))
    print(trained)
    work = heatmap_multiply_adds(make_classifier(seed=0).eval(), INPUT_SIZE, CANVAS)
    for name, count in work.items():
        print(f"arithmetic, {name}: {count / 1e9:.1f} billion multiply-adds")
    chart = args.out / "bench.png"
    write_atomically(chart, plots.png(plots.bench_figure(ratios, work)))
    print(f"chart: {chart}")
    print(f"peak memory, heatmap of 6000×4000: {benchmarks.peak_memory():.1f} GiB")
