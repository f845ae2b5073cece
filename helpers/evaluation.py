"""The measurements that the course reports: one protocol for drawn and real data."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from torch import nn
from tqdm.auto import tqdm

from helpers.boxes import Detections, nms
from helpers.datasets import Crops, Scene, load_crops, split_crops
from helpers.detector import NMS_IOU, Detector
from helpers.metrics import (
    UIUC,
    area_under_curve,
    average_precision,
    equal_error_rate,
    precision_recall,
)
from helpers.models import make_classifier
from helpers.training import evaluate, fit

# Below this probability nothing is even a candidate: it only shortens the curve's useless tail.
FLOOR = 0.05
# For figures that are reported; a lesson that only shows how it works takes fewer.
EPOCHS = 20


@dataclass(frozen=True)
class DetectorScores:
    """A detector on scenes. `auc`, `ap`, `eer` are by IoU ≥ 0.5, `eer_uiuc` by the UIUC ellipse."""

    auc_before_nms: float
    auc: float
    ap: float
    eer: float
    eer_uiuc: float


def detect_all(
    detector: Detector, scenes: Sequence[Scene], *, progress: bool = False
) -> list[Detections]:
    """The detections of each scene, in order."""
    return [
        detector(scene.image)
        for scene in tqdm(scenes, desc="detecting", unit="scene", disable=not progress)
    ]


def evaluate_detector(
    model: nn.Module,
    scenes: Sequence[Scene],
    *,
    before_nms_threshold: float = 0.5,
    progress: bool = False,
) -> DetectorScores:
    """Everything that the course reports about a detector on scenes.

    The curve after NMS uses every box above a small floor. The curve before NMS uses the cells that
    the classifier calls "car", as the original assignment does.
    """
    everything = Detector(model, threshold=FLOOR, nms_iou=None)
    candidates = detect_all(everything, scenes, progress=progress)
    truths = [scene.boxes for scene in scenes]
    after = []
    for boxes, scores in candidates:
        keep = nms(boxes, scores, NMS_IOU)
        after.append(Detections(boxes[keep], scores[keep]))
    before = [
        Detections(boxes[scores >= before_nms_threshold], scores[scores >= before_nms_threshold])
        for boxes, scores in candidates
    ]
    curve = precision_recall(after, truths)
    return DetectorScores(
        auc_before_nms=area_under_curve(precision_recall(before, truths)),
        auc=area_under_curve(curve),
        ap=average_precision(curve),
        eer=equal_error_rate(curve),
        eer_uiuc=equal_error_rate(precision_recall(after, truths, UIUC)),
    )


def train_on(name: str, seed: int, *, epochs: int = EPOCHS, progress: bool = True) -> nn.Module:
    """A classifier trained on all crops of `name` that are not test crops of drawings.

    `uiuc`: all 1050 crops, since its test set is whole photographs. `street`: train, with the
    validation crops choosing the epoch. The seed sets weights, order and augmentation.
    """
    model = make_classifier(seed=seed)
    if name == "uiuc":
        fit(model, load_crops("uiuc", "all"), epochs=epochs, seed=seed, progress=progress)
    else:
        train, val = load_crops(name, "train"), load_crops(name, "val")
        fit(model, train, val, epochs=epochs, seed=seed, progress=progress)
    return model


def held_out_accuracy(
    crops: Crops, seed: int, *, epochs: int = EPOCHS, progress: bool = True
) -> float:
    """The original assignment's protocol: train on a random 3/4, accuracy on the other 1/4."""
    parts = split_crops(crops, seed)
    model = make_classifier(seed=seed)
    fit(model, parts["train"] + parts["val"], epochs=epochs, seed=seed, progress=progress)
    return evaluate(model, parts["test"]).accuracy


def columns(rows: Sequence[DetectorScores]) -> dict[str, list[float]]:
    """Each figure's values over several seeds."""
    return {f.name: [getattr(row, f.name) for row in rows] for f in fields(DetectorScores)}


def choose_threshold(model: nn.Module, crops: Crops) -> float:
    """The probability that separates cars from the rest of validation `crops` best.

    Of all thresholds that give the highest accuracy, the middle of the widest gap.
    """
    probabilities = evaluate(model, crops).probabilities.double()
    values = torch.cat([probabilities, torch.tensor([0.0, 1.0])]).unique()
    middles = (values[1:] + values[:-1]) / 2
    called = probabilities[None] >= middles[:, None]
    accuracy = (called == crops.labels.bool()[None]).double().mean(1)
    gaps = torch.where(accuracy == accuracy.max(), values[1:] - values[:-1], -1.0)
    return middles[gaps.argmax()].item()
