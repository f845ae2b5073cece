"""What the command line does: one function for each of its verbs."""

import argparse
import json
import sys
import warnings
from collections.abc import Callable
from statistics import mean, stdev

import torch
from tqdm.auto import tqdm

from helpers import bench as benchmarks
from helpers import plots, training
from helpers.datasets import load_crops, load_scenes
from helpers.detector import Detector
from helpers.download import fetch_uiuc
from helpers.evaluation import (
    EPOCHS,
    choose_threshold,
    columns,
    evaluate_detector,
    held_out_accuracy,
    train_on,
)
from helpers.images import as_grey, read_grey
from helpers.models import (
    INPUT_SIZE,
    load_model,
    load_pretrained,
    make_classifier,
    pretrained_path,
    read_notes,
    save_model,
)
from helpers.original import CANVAS
from helpers.paths import DATA, write_checksums, write_whole
from helpers.uiuc import uiuc_parent
from helpers.work import heatmap_work


def data(args: argparse.Namespace) -> None:
    """Fetch the UIUC photographs."""
    print(f"The UIUC photographs are in {fetch_uiuc(args.out or uiuc_parent())}")


def draw(args: argparse.Namespace) -> None:
    """Draw the street data set again."""
    from helpers.street import SEED, write_dataset  # only this command needs the renderer

    seed = SEED if args.seed is None else args.seed
    with tqdm(desc="drawing", unit="picture") as bar:
        write_dataset(args.out, seed=seed, workers=args.workers, progress=_follow(bar))
    print(f"Drawn with seed {seed}: {args.out}")


def _follow(bar: tqdm) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return progress


def train(args: argparse.Namespace) -> None:
    """Train the course's classifier and write its weights."""
    model = make_classifier(seed=args.seed)
    val = load_crops(args.data, "val")
    epochs = args.epochs or EPOCHS
    training.fit(model, load_crops(args.data, "train"), val, epochs=epochs, seed=args.seed)
    notes = {"data": args.data, "seed": str(args.seed), "epochs": str(epochs)}
    notes["threshold"] = f"{choose_threshold(model, val):.4f}"
    path = save_model(model, args.out, half=args.half, notes=notes)
    if path.resolve().parent == (DATA / "weights").resolve():
        write_checksums(DATA / "weights")
    test = training.evaluate(load_model(path), load_crops(args.data, "test"))
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
        write_whole(target.with_name(f"{file.stem}-cars.png"), plots.png(figure))
        report = {"image": file.name, "threshold": threshold, "boxes": "xyxy pixels", "cars": cars}
        write_whole(
            target.with_name(f"{file.stem}-cars.json"), json.dumps(report, indent=1).encode()
        )
        tqdm.write(f"{file.name}: {len(cars)} found")
    print(f"Pictures and JSON files are in {args.out}")


def evaluate(args: argparse.Namespace) -> None:
    """Train with several seeds, measure each detector on scenes, and print mean and spread."""
    scenes = load_scenes(args.data, "test")
    epochs = args.epochs or EPOCHS
    if args.data == args.train == "uiuc":
        crops, which = load_crops("uiuc", "all"), "a random quarter held out of the uiuc crops"
    else:
        # No photograph was trained on, so all of them may be asked.
        split = "all" if args.data == "uiuc" else "test"
        crops, which = load_crops(args.data, split), f"the {args.data} crops ({split})"
    accuracies, rows = [], []
    for seed in range(1 if args.train == "pretrained" else args.seeds):
        if args.train == "pretrained":
            model = load_pretrained()
        else:
            model = train_on(args.train, seed, epochs=epochs)
        if args.data == args.train == "uiuc":
            accuracies.append(held_out_accuracy(crops, seed, epochs=epochs))
        else:
            accuracies.append(training.evaluate(model, crops).accuracy)
        rows.append(evaluate_detector(model, scenes, progress=True))
        print(f"seed {seed}: accuracy {accuracies[-1]:.4f}, {rows[-1]}", file=sys.stderr)
    print(f"trained on {args.train}, {len(rows)} seed(s), measured on {args.data}")
    print(f"accuracy: on {which}; the rest: on {len(scenes)} scenes")
    for name, values in ({"accuracy": accuracies} | columns(rows)).items():
        spread = stdev(values) if len(values) > 1 else 0.0
        print(f"  {name:<16} {mean(values):.4f} ± {spread:.4f}")


def bench(args: argparse.Namespace) -> None:
    """Print the ratios of `helpers.bench`, and draw them beside the arithmetic."""
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads")
    ratios = benchmarks.heatmap_ratios(repeats=args.repeats)
    ratios.append(benchmarks.dense_ratio(repeats=args.repeats))
    scenes = load_scenes(args.data, "test")
    ratios.append(benchmarks.detector_ratio(scenes, args.data, repeats=args.repeats))
    print(*ratios, sep="\n")
    work = heatmap_work(make_classifier(seed=0).eval(), INPUT_SIZE, CANVAS)
    for name, count in work.items():
        print(f"arithmetic, {name}: {count / 1e9:.1f} billion multiply-adds")
    chart = args.out / "bench.png"
    write_whole(chart, plots.png(plots.bench_figure(ratios, work)))
    print(f"chart: {chart}")
    print(f"peak memory, heatmap of 6000×4000: {benchmarks.peak_memory():.1f} GiB")
    print(benchmarks.compare_training(load_crops(args.data, "all")))
