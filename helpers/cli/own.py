"""Training and measuring detectors of several classes: `digits`, and folders of one's own."""

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Generator, Tensor, nn
from tqdm.auto import tqdm

from helpers import training
from helpers.augment import brightness, contrast, flip, shift, zoom
from helpers.cli.inputs import say
from helpers.cli.progress import follow
from helpers.cli.summary import confusion, most_wrong, print_scores, say_scores, trained_on
from helpers.datasets import Crops, Scene, load_crops, load_folder, load_scenes
from helpers.datasets.own import StoredCrops
from helpers.detector import RATIO, pyramid
from helpers.evaluation import evaluate_classes
from helpers.hard_negatives import make_hard_negatives
from helpers.models import (
    ModelHeader,
    load_model,
    make_classifier,
    read_header,
    round_to_half_,
    save_model,
)
from helpers.models.classifier import SMALL_CROP
from helpers.thresholds import NothingFoundError, choose_detection_threshold, choose_threshold

# Crops that a training shows, each of them many times: small ones cost little. About a minute.
SEEN, SEEN_SMALL = 5_000, 50_000
EPOCHS = (2, 40)  # at least, at most
SPLIT_SEED = 0  # whatever the training's seed: held-out pictures stay held out
FEW_SCENES = 10  # held out, below which average precision says little
ENOUGH = 4000  # crops that choose a threshold
DIGIT_WIDTHS = (16.0, 32.0)


@dataclass(frozen=True)
class Task:
    """What to learn: crops in three splits, scenes to choose and to measure with."""

    name: str
    train: Crops | StoredCrops
    val: Crops | StoredCrops
    test: Crops | StoredCrops
    val_scenes: Sequence[Scene]
    test_scenes: Sequence[Scene]
    widths: tuple[float, float] | None  # of the objects in the scenes, in pixels

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the crops."""
        return tuple(self.train.images.shape[-2:])

    @property
    def channels(self) -> int:
        """1 for grey crops, 3 for colour."""
        return self.train.images.shape[1]

    @property
    def scales(self) -> tuple[float, ...]:
        """The sizes at which a detector looks for the objects."""
        return pyramid(*self.widths, width=self.size[1]) if self.widths else (1.0,)


def read_task(data: str | Path, **options: object) -> Task:
    """Read a data set of several classes.

    Args:
        data: "digits", or a folder of one's own; what there is to say about that is said.
        options: of `load_folder`.
    """
    if data == "digits":
        crops = {split: load_crops("digits", split) for split in ("train", "val", "test")}
        scenes = load_scenes("digits", "val"), load_scenes("digits", "test")
        return Task("digits", **crops, val_scenes=scenes[0], test_scenes=scenes[1],
                    widths=DIGIT_WIDTHS)  # fmt: skip
    with tqdm(desc="reading", unit="picture") as bar:
        folder = load_folder(data, seed=SPLIT_SEED, progress=follow(bar), **options)
    for remark in folder.remarks:
        say(remark)
    crops = {"train": folder.train, "val": folder.val, "test": folder.test}
    scenes = {split: folder.load_scenes(split) for split in ("val", "test")}
    return Task(str(data), **crops, val_scenes=scenes["val"], test_scenes=scenes["test"],
                widths=folder.object_widths)  # fmt: skip


def train(args: argparse.Namespace) -> None:
    """Train on several classes, write the weights, and report how good they are."""
    options = {} if args.data == "digits" else {"size": args.size, "shape": args.shape}
    task = read_task(args.data, **options)
    epochs = args.epochs or choose_epochs(len(task.train), task.size)
    mirror = args.mirror and args.data != "digits"  # not its name: that may be a folder's, too
    model = train_on(task, seed=args.seed, epochs=epochs, mirror=mirror)
    if args.half:  # the threshold is chosen for the weights that are kept
        round_to_half_(model)
    threshold = best_threshold(model, task, mirror=mirror)
    notes = {
        **{"data": task.name, "seed": str(args.seed), "epochs": str(epochs)},
        **{"threshold": f"{min(threshold, 0.999999):.6f}", "mirror": "yes" if mirror else "no"},
        **{"shape": args.shape, **_held_out(task)},
    }
    if task.widths:
        notes["object_width"] = "..".join(f"{width:g}" for width in task.widths)
    path = save_model(
        model, args.out, input_size=task.size, classes=task.train.classes, background=0,
        channels=task.channels, half=args.half, notes=notes,
    )  # fmt: skip
    report(load_model(path), task, threshold, mirror=mirror)
    print(f"{path}: the threshold is {threshold:.6f}, chosen on validation {_chosen_by(task)}")


def _held_out(task: Task) -> dict[str, str]:
    """Notes by which it is seen later whether the same crops are held out.

    The count alone would not do: with one picture in the place of another, the split is a new one.
    """
    names = "\n".join(task.test.kinds).replace("\\", "/")  # Windows parts folders by backslashes
    digest = hashlib.sha256(names.encode(errors="replace")).hexdigest()
    count = len(task.train) + len(task.val) + len(task.test)
    return {"pictures": str(count), "held_out": digest[:12]}


def _chosen_by(task: Task) -> str:
    return "scenes" if _boxes(task.val_scenes) else "crops"


def _boxes(scenes: Sequence[Scene]) -> int:
    return sum(len(scene.boxes) for scene in scenes)


def choose_epochs(count: int, size: tuple[int, int]) -> int:
    """How often a training shows each of `count` crops of a size, if nobody says.

    >>> choose_epochs(4371, (16, 16)), choose_epochs(442, (48, 80)), choose_epochs(10**5, (48, 80))
    (11, 11, 2)
    """
    seen = SEEN_SMALL if max(size) <= SMALL_CROP else SEEN
    return min(max(EPOCHS[0], round(seen / count)), EPOCHS[1])


def train_on(task: Task, *, seed: int, epochs: int, mirror: bool = False) -> nn.Module:
    """A classifier for a task, in eval mode.

    Args:
        task: what to learn.
        seed: of weights, order and augmentation.
        epochs: how often each crop is seen.
        mirror: whether a mirrored object is the same object.
    """
    model = make_classifier(
        task.size, classes=len(task.train.classes), channels=task.channels, seed=seed
    )
    training.fit(
        model,
        task.train,
        task.val,
        epochs=epochs,
        seed=seed,
        augment=partial(_augment, pixels=max(1, min(task.size) // 16), mirror=mirror),
        extra_negatives=_negatives,
    )
    return model


def _augment(images: Tensor, generator: Generator, *, pixels: int, mirror: bool) -> Tensor:
    """The course's recipe, with sizes, and a flip only where a mirrored object is still the same.

    Crops that were all cut alike show one size; scales of a pyramid meet objects only nearly.
    """
    if mirror:
        images = flip(images, generator)
    images = zoom(images, generator, RATIO**0.5)
    images = shift(images, generator, pixels)
    return brightness(contrast(images, generator), generator)


def _negatives(images: Tensor, labels: Tensor, generator: Generator) -> Tensor:
    """Objects of any class that are misplaced or of a wrong size."""
    return make_hard_negatives(images, (labels > 0).long(), generator)


def _options(task: Task, *, mirror: bool) -> dict[str, object]:
    """How a `Detector` looks for the objects of a task."""
    return {"input_size": task.size, "mirror": mirror, "scales": task.scales}


def best_threshold(model: nn.Module, task: Task, *, mirror: bool) -> float:
    """The score from which a box counts, chosen on validation scenes, or else on crops."""
    if _boxes(task.val_scenes):
        options = _options(task, mirror=mirror)
        try:
            return choose_detection_threshold(model, task.val_scenes, progress=True, **options)
        except NothingFoundError:
            say("nothing is found in the validation scenes: the threshold is chosen with crops")
    some = torch.linspace(0, len(task.val) - 1, min(len(task.val), ENOUGH)).long()
    return choose_threshold(model, task.val.subset(some))


def class_probabilities(model: nn.Module, crops: Crops | StoredCrops) -> Tensor:
    """Probabilities [N, classes] of crops, float64."""
    classes = len(crops.classes)
    return training.predict_logits(model, crops.images, classes=classes).double().softmax(1)


def report(model: nn.Module, task: Task, threshold: float, *, mirror: bool) -> None:
    """Print accuracy, confusion, the most wrong crops, and average precision on scenes."""
    probabilities = class_probabilities(model, task.test)
    labels, called = task.test.labels, probabilities.argmax(1)
    accuracy = (called == labels).double().mean().item()
    print(f"\n{accuracy:.2%} of {len(labels)} held-out crops are right\n")
    print(confusion(labels, called, task.test.classes))
    print(most_wrong(task.test, probabilities))
    if not _boxes(task.test_scenes):
        print("no held-out scenes with boxes: how well objects are found there is not known")
        return
    found = evaluate_classes(
        model, task.test_scenes, progress=True, **_options(task, mirror=mirror)
    )
    print(f"{len(task.test_scenes)} held-out scenes, average precision at IoU 0.5:")
    for name, value in found.ap50_of.items():
        print(f"  {name:<16} {value:.3f}")
    print(f"  {'mean (mAP)':<16} {found.ap50:.3f} (COCO's, IoU 0.50 to 0.95: {found.ap:.3f})\n")
    if len(task.test_scenes) < FEW_SCENES:
        print(f"with only {len(task.test_scenes)} held-out scenes these figures are a guess\n")


def evaluate(args: argparse.Namespace) -> None:
    """Measure weights on held-out crops and scenes, or train with several seeds and measure."""
    if args.weights:
        header = read_header(args.weights)
        task = _task_for(args.data, header, args.weights)
        mirror = header.notes.get("mirror", "yes") != "no"
        threshold = float(header.notes.get("threshold", 0.5))
        report(load_model(args.weights), task, threshold, mirror=mirror)
        return
    if args.train not in ("pretrained", args.data):
        raise ValueError(f"{args.data} has its own classes: give --train {args.data} or --weights")
    task = read_task(args.data)
    epochs = args.epochs or choose_epochs(len(task.train), task.size)
    rows: dict[str, list[float]] = {"accuracy": []}
    for seed in range(args.seeds):
        model = train_on(task, seed=seed, epochs=epochs)
        called = class_probabilities(model, task.test).argmax(1)
        rows["accuracy"].append((called == task.test.labels).double().mean().item())
        if _boxes(task.test_scenes):
            options = _options(task, mirror=False)
            found = evaluate_classes(model, task.test_scenes, progress=True, **options)
            rows.setdefault("mAP@0.5", []).append(found.ap50)
            rows.setdefault("mAP@0.5:0.95", []).append(found.ap)
        say_scores(seed, {name: values[-1] for name, values in rows.items()})
    print(f"{trained_on(args.data, args.seeds)}, measured on held-out crops and scenes")
    print_scores(rows)


def _task_for(data: str | Path, header: ModelHeader, weights: Path) -> Task:
    """The data as these weights need them, or a refusal that says what does not fit."""
    options = {}
    if data != "digits":
        shape = header.notes.get("shape", "crop")
        options = {"size": header.input_size, "channels": header.channels, "shape": shape}
    task = read_task(data, **options)
    if task.train.classes != header.classes:
        raise ValueError(
            f"{weights} knows {', '.join(header.classes)}, but {data} has"
            f" {', '.join(task.train.classes)}"
        )
    if task.size != tuple(header.input_size) or task.channels != header.channels:
        raise ValueError(
            f"{weights} is for crops of {header.input_size[0]}×{header.input_size[1]} with"
            f" {header.channels} channels, not {task.size[0]}×{task.size[1]} with {task.channels}"
        )
    if any(header.notes.get(name, text) != text for name, text in _held_out(task).items()):
        say(f"{data} has changed since the training: some of the held-out crops may be known")
    return task
