"""What the command line does: one function for each of its verbs."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from torch import nn

from helpers import plots, training
from helpers.all_sizes import fit_all_sizes
from helpers.cli import bench as benchmarks
from helpers.cli import own
from helpers.cli.baseline import CANVAS
from helpers.cli.bench_training import compare_training
from helpers.cli.detecting import detect
from helpers.cli.draw import draw
from helpers.cli.inputs import has_classes, say, splits
from helpers.cli.machine import Machine, heatmap_limits, limits_table
from helpers.cli.summary import print_scores, say_scores, trained_on
from helpers.datasets import CAR_CLASSES, Scene, load_crops, load_or_shipped, load_scenes
from helpers.datasets.uiuc import uiuc_parent
from helpers.detector import pyramid
from helpers.devices import available
from helpers.evaluation import (
    EPOCHS,
    columns,
    evaluate_crops,
    evaluate_detector,
    train_and_hold_out,
    train_on,
)
from helpers.metrics import UIUC, UIUC_MULTISCALE
from helpers.models import (
    INPUT_SIZE,
    load_model,
    load_pretrained,
    make_classifier,
    read_header,
    round_to_half_,
    save_model,
)
from helpers.multiply_adds import heatmap_multiply_adds
from helpers.paths import DATA, write_atomically, write_checksums
from helpers.thresholds import choose_detection_threshold, choose_threshold
from helpers.timing import Ratio, table

__all__ = ["ablate", "bench", "data", "detect", "draw", "evaluate", "train"]


def data(args: argparse.Namespace) -> None:
    """Fetch the UIUC photographs."""
    from helpers.datasets.download import fetch_uiuc

    print(f"The UIUC photographs are in {fetch_uiuc(args.out or uiuc_parent())}")


def train(args: argparse.Namespace) -> None:
    """Train the course's classifier and write its weights."""
    if has_classes(args.data):
        own.train(args)
        return
    model = make_classifier(seed=args.seed)
    crops = load_crops(args.data, "train")
    # All that is needed after the training, too: it may take hours.
    val, test = load_or_shipped(args.data, "val"), load_or_shipped(args.data, "test")
    scenes = _validation_scenes(args.data)
    epochs = args.epochs or EPOCHS
    if args.scenes:
        drawn = _scenes_to_learn_from(args.scenes)
        fit_all_sizes(model, crops, drawn, pyramid(), epochs=epochs, seed=args.seed)
    else:
        training.fit(model, crops, val, epochs=epochs, seed=args.seed)
    if args.half:  # the threshold is chosen for the weights that are kept
        round_to_half_(model)
    if scenes:
        threshold = choose_detection_threshold(model, scenes, progress=True)
    else:
        threshold = choose_threshold(model, val)
    notes = {"data": str(args.data), "seed": str(args.seed), "epochs": str(epochs)}
    notes["threshold"] = f"{min(threshold, 0.9999):.4f}"  # no score would reach a rounded 1
    if args.scenes:
        notes["scenes"] = str(args.scenes)
    path = save_model(model, args.out, half=args.half, notes=notes)
    if path.resolve().parent == (DATA / "weights").resolve():
        write_checksums(DATA / "weights")
    accuracy = training.evaluate(load_model(path), test).accuracy
    print(f"{path}: {accuracy:.2%} of the {_whose_test_crops(args.data)} are right")


def _scenes_to_learn_from(count: int) -> list[Scene]:
    """Drawn scenes with cars of all sizes: others than those that test."""
    from helpers import street

    drawn = [street.draw_scene(street.SEED, "train-multiscale", k) for k in range(count)]
    return [
        Scene(
            f"train-multiscale-{k:03d}",
            torch.from_numpy(scene.image)[None].float() / 255,
            torch.from_numpy(scene.boxes).float(),
        )
        for k, scene in enumerate(drawn)
    ]


def _validation_scenes(data: str | Path) -> Sequence[Scene]:
    """Scenes to choose a threshold with: the data's own if it has any, else those of street."""
    if data == "uiuc":
        return ()
    own = not isinstance(data, Path) or "val" in splits(data, "scenes")
    if not own:
        say(f"{data} has no validation scenes: the threshold is chosen with those of street")
    return load_scenes(data if own else "street", "val")


def _whose_test_crops(data: str | Path) -> str:
    if isinstance(data, Path) and "test" not in splits(data, "crops"):
        return f"street test crops ({data} has none)"
    return f"{data} test crops"


def evaluate(args: argparse.Namespace) -> None:
    """Train with several seeds, measure each network, and print mean and spread."""
    if has_classes(args.data):
        own.evaluate(args)
        return
    seeds = range(1 if args.train == "pretrained" else args.seeds)
    if args.data == "uiuc-crops":
        which, figures = _judge_by_crops(args, seeds)
    else:
        which, figures = _judge_by_scenes(args, seeds)
    pretrained = args.train == "pretrained"
    what = trained_on(args.train, len(seeds), args.scenes)
    if pretrained:
        what = str(args.weights or "the course's weights")
    print(f"{what}, measured on {args.data}")
    print(which)
    print_scores(figures)


def _weights_to_measure(path: Path | None) -> nn.Module:
    """The classifier of a file, or the one that ships with the course."""
    if path is None:
        return load_pretrained()
    header = read_header(path)
    if (header.classes, header.input_size, header.channels) != (CAR_CLASSES, INPUT_SIZE, 1):
        raise ValueError(f"{path} does not tell cars in grey crops of 40×100 pixels from the rest")
    return load_model(path)


def _how_to_train(args: argparse.Namespace) -> dict[str, object]:
    """The options of `train_on` and `train_and_hold_out`."""
    scenes = _scenes_to_learn_from(args.scenes) if args.scenes else ()
    return {"epochs": args.epochs or EPOCHS, "scenes": scenes}


def _judge_by_crops(args: argparse.Namespace, seeds: range) -> tuple[str, dict[str, list[float]]]:
    """The photographed crops as the judge: this one may be used to choose by."""
    rows, crops = [], load_crops("uiuc", "all")
    how = _how_to_train(args)
    for seed in seeds:
        if args.train == "pretrained":
            model = _weights_to_measure(args.weights)
        else:
            model, crops = train_and_hold_out(args.train, seed, **how)
        rows.append(evaluate_crops(model, crops, progress=True))
        say_scores(seed, asdict(rows[-1]))
    return f"on {len(crops)} photographed crops not trained on, and mosaics of them", columns(rows)


def _judge_by_scenes(args: argparse.Namespace, seeds: range) -> tuple[str, dict[str, list[float]]]:
    """Whole scenes as the judge: for measuring, never for choosing."""
    name, _, multiscale = args.data.partition("-")
    scenes = load_scenes(name, "test-multiscale" if multiscale else "test")
    official, scales = (UIUC_MULTISCALE, pyramid()) if multiscale else (UIUC, (1.0,))
    how = _how_to_train(args)
    hold_out = name == "uiuc" and args.train in ("uiuc", "both")
    # Where no photograph was trained on, all of them may be asked.
    split = "all" if name == "uiuc" else "test"
    which = "a random quarter held out of the uiuc crops"
    if not hold_out:
        crops, which = load_crops(name, split), f"the {name} crops ({split})"
    accuracies, rows = [], []
    for seed in seeds:
        if args.train == "pretrained":
            model = _weights_to_measure(args.weights)
        else:
            model = train_on(args.train, seed, **how)
        if hold_out:
            other, quarter = train_and_hold_out(args.train, seed, **how)
            accuracies.append(training.evaluate(other, quarter).accuracy)
        else:
            accuracies.append(training.evaluate(model, crops).accuracy)
        rows.append(
            evaluate_detector(model, scenes, official=official, scales=scales, progress=True)
        )
        say_scores(seed, {"accuracy": accuracies[-1], **asdict(rows[-1])})
    which = f"accuracy: on {which}; the rest: on {len(scenes)} scenes"
    return which, {"accuracy": accuracies} | columns(rows)


def ablate(args: argparse.Namespace) -> None:
    """Print what each part of the renderer, or of the training for all sizes, is worth."""
    from helpers.cli import ablation

    if args.scenes:
        _ablate_sizes(args)
        return
    results = ablation.ablate(
        load_crops("uiuc", "all"),
        seeds=args.seeds,
        count=args.count,
        epochs=args.epochs or EPOCHS,
        workers=args.workers,
        results_file=args.out,
    )
    print(f"trained on {args.count} drawings, seeds: {args.seeds}, judged by the uiuc crops")
    print(ablation.table(results))


def _ablate_sizes(args: argparse.Namespace) -> None:
    from helpers.cli import ablation
    from helpers.cli.ablation_sizes import ablate_sizes

    results = ablate_sizes(
        load_crops("uiuc", "all"),
        ablation.draw_crops("train", args.count, args.workers),
        _scenes_to_learn_from(args.scenes),
        seeds=args.seeds,
        epochs=args.epochs or EPOCHS,
        results_file=args.out,
    )
    print(f"trained on {args.count} drawings and windows of {args.scenes} scenes, seeds:")
    print(f"{args.seeds}, equal error rates on mosaics of the uiuc crops")
    print(ablation.table(results, "training", ("all sizes", "one size")))


def bench(args: argparse.Namespace) -> None:
    """Print how many times faster the course's code is, and plot that beside the arithmetic."""
    if not available(args.device):
        raise ValueError(f"there is no {args.device} device here, or this torch cannot use it")
    machine = Machine.measured(args.device)
    print(machine)
    how = {"machine": machine, "repeats": args.repeats}
    ratios: list[Ratio] = []

    def note(*measured: Ratio) -> None:
        ratios.extend(measured)
        for ratio in measured:  # whoever stops it has what was measured until then
            say(str(ratio))

    note(*benchmarks.heatmap_ratios(**how))
    of_many, limits = heatmap_limits(**how)
    note(of_many, benchmarks.dense_ratio(**how))
    note(benchmarks.detector_ratio(load_scenes(args.data, "test"), args.data, **how))
    note(benchmarks.nms_ratio(repeats=args.repeats))
    trained = compare_training(load_crops(args.data, "all"), machine=machine)
    note(trained.ratio)
    print(table(ratios))
    print(limits_table(limits))
    print(trained)
    counted = heatmap_multiply_adds(make_classifier(seed=0).eval(), INPUT_SIZE, CANVAS)
    for name, count in counted.items():
        print(f"arithmetic, {name}: {count / 1e9:.1f} billion multiply-adds")
    chart = args.out / "bench.png"
    write_atomically(chart, plots.png(plots.bench_figure(ratios, counted)))
    print(f"chart: {chart}")
    memory = benchmarks.peak_memory(device=args.device)
    print(f"peak memory, heatmap of 6000×4000: {memory:.1f} GiB")
