"""The measurements that the course reports: one protocol for drawn and real data.

>>> mean_and_spread([0.96, 0.97, 0.98])
'0.9700 ± 0.0100'
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.boxes import Detections, above, apply_nms
from helpers.datasets import Crops, Scene, load_crops, load_or_shipped, split_crops
from helpers.detector import IOU_THRESHOLD, Detector
from helpers.metrics import (
    UIUC,
    Criterion,
    PrecisionRecall,
    area_under_curve,
    average_precision,
    equal_error_rate,
    precision_recall,
    roc_auc,
)
from helpers.models import make_classifier
from helpers.mosaics import mosaics
from helpers.training import evaluate, fit, predict_logits

# Below this probability nothing is even a candidate: it only shortens the curve's useless tail.
SCORE_FLOOR = 0.05
# For figures that are reported; a lesson that only shows how it works takes fewer.
EPOCHS = 20
# Scenes that are detected together: faster than one by one, and the bar still moves.
BATCH_SCENES = 16
# So many mosaics: enough for a steady figure, few enough to wait for.
MOSAICS = 100
PALE = 0.4  # contrast of the pale ones: the palest scenes are about that dull


@dataclass(frozen=True)
class CropScores:
    """A classifier on crops, and as a detector on mosaics of them, at full contrast and pale."""

    accuracy: float
    roc_auc: float
    mosaics_auc: float
    mosaics_eer: float
    pale_auc: float
    pale_eer: float


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
    """The detections of each scene. Lesson 06.

    Args:
        detector: of one size or several.
        scenes: of any sizes.
        progress: show a bar.

    Returns:
        One `Detections` for each scene, in order.
    """
    detections: list[Detections] = []
    with tqdm(total=len(scenes), desc="detecting", unit="scene", disable=not progress) as bar:
        for start in range(0, len(scenes), BATCH_SCENES):
            images = [scene.image for scene in scenes[start : start + BATCH_SCENES]]
            detections += detector.batch(images)
            bar.update(len(images))
    return detections


def evaluate_detector(
    model: nn.Module,
    scenes: Sequence[Scene],
    *,
    before_nms_threshold: float = 0.5,
    official: Criterion = UIUC,
    scales: Sequence[float] = (1.0,),
    progress: bool = False,
) -> DetectorScores:
    """Everything that the course reports about a detector on scenes. Lesson 07.

    The curve after NMS uses every box above a small floor. The curve before NMS uses the cells that
    the classifier calls "car", as the original assignment does. Scenes without cars count their
    false positives.

    Args:
        model: a classifier of the course's size, or an FCN.
        scenes: with the ground truth.
        before_nms_threshold: the smallest probability that counts before NMS.
        official: the criterion of `eer_uiuc`.
        scales: those of the detector.
        progress: show a bar.

    Raises:
        ValueError: if no scene has a car.
    """
    everything = Detector(model, threshold=SCORE_FLOOR, iou_threshold=None, scales=scales)
    candidates = detect_all(everything, scenes, progress=progress)
    ground_truth = [scene.boxes for scene in scenes]
    after = [apply_nms(cells, IOU_THRESHOLD) for cells in candidates]
    before = [above(cells, before_nms_threshold) for cells in candidates]
    curve = precision_recall(after, ground_truth)
    return DetectorScores(
        auc_before_nms=area_under_curve(precision_recall(before, ground_truth)),
        auc=area_under_curve(curve),
        ap=average_precision(curve),
        eer=equal_error_rate(curve),
        eer_uiuc=equal_error_rate(precision_recall(after, ground_truth, official)),
    )


def evaluate_crops(model: nn.Module, crops: Crops, *, progress: bool = False) -> CropScores:
    """A classifier judged by crops it was not trained on; may be used to choose by. Lesson 09.

    Args:
        model: a classifier of the course's size.
        crops: at least one car and one other.
        progress: show bars.

    Raises:
        ValueError: if one kind of crops is missing.
    """
    accuracy, area = accuracy_and_roc_auc(model, crops)
    plain, pale = (
        evaluate_detector(model, mosaics(crops, count=MOSAICS, contrast=c), progress=progress)
        for c in (1.0, PALE)
    )
    return CropScores(accuracy, area, plain.auc, plain.eer, pale.auc, pale.eer)


def _margins(model: nn.Module, crops: Crops) -> Tensor:
    """Logit of "car" less that of "not a car" [N]: unlike a probability it never saturates."""
    logits = predict_logits(model, crops.images)
    return logits[:, 1] - logits[:, 0]


def accuracy_and_roc_auc(model: nn.Module, crops: Crops) -> tuple[float, float]:
    """Share of crops that are called what they are, and area under the ROC curve. Lesson 09.

    Args:
        model: maps images [N, 1, H, W] to logits [N, 2]; class 1 is "car".
        crops: at least one car and one other.

    Returns:
        Both in [0, 1].

    Raises:
        ValueError: as `predict_logits` and `roc_auc`.
    """
    margins = _margins(model, crops)
    accuracy = ((margins > 0) == crops.labels.bool()).double().mean().item()
    return accuracy, roc_auc(margins, crops.labels)


def train_on(
    name: str | Path,
    seed: int,
    *,
    epochs: int = EPOCHS,
    progress: bool = True,
    photographs: Crops | None = None,
) -> nn.Module:
    """A classifier trained on a data set as a whole, but for the test crops of drawings. Lesson 09.

    Args:
        name: "uiuc": all 1050 crops, since its test set is whole photographs. "street", or the
            folder of drawings: train, with the validation crops choosing the epoch. "both": train
            and the photographs, the drawn validation crops choosing the epoch.
        seed: of weights, order and augmentation.
        epochs: how often each crop is seen.
        progress: show a bar.
        photographs: just these of `uiuc`, where others are held out.

    Returns:
        The classifier, in eval mode.

    Raises:
        FileNotFoundError, ValueError: as `load_crops`.
    """
    model = make_classifier(seed=seed)
    if name in ("uiuc", "both") and photographs is None:
        photographs = load_crops("uiuc", "all")
    if name == "uiuc":
        train, val = photographs, None
    else:
        drawn = "street" if name == "both" else name
        train, val = load_crops(drawn, "train"), load_or_shipped(drawn, "val")
    if name == "both":
        train = train + photographs
    fit(model, train, val, epochs=epochs, seed=seed, progress=progress)
    return model


def train_and_hold_out(
    name: str | Path, seed: int, *, epochs: int = EPOCHS, progress: bool = True
) -> tuple[nn.Module, Crops]:
    """A classifier and the photographed crops it may be judged by: never trained on. Lesson 09.

    Args:
        name: what to train on, as for `train_on`.
        seed: of the split, and of the training.
        epochs: how often each crop is seen.
        progress: show a bar.

    Returns:
        The classifier in eval mode, and the crops: all of them for drawings, a random quarter for
        "uiuc" and "both". With "uiuc" that is the original assignment's protocol.
    """
    crops = load_crops("uiuc", "all")
    if name not in ("uiuc", "both"):
        return train_on(name, seed, epochs=epochs, progress=progress), crops
    splits = split_crops(crops, seed)
    known = splits["train"] + splits["val"]
    model = train_on(name, seed, epochs=epochs, progress=progress, photographs=known)
    return model, splits["test"]


def columns(rows: Sequence[DetectorScores] | Sequence[CropScores]) -> dict[str, list[float]]:
    """Each figure's values over several seeds."""
    return {name: [getattr(row, name) for row in rows] for name in asdict(rows[0])}


def mean_and_spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation over seeds, as text; one value has no spread."""
    spread = stdev(values) if len(values) > 1 else 0.0
    return f"{mean(values):.4f} ± {spread:.4f}"


def choose_detection_threshold(
    model: nn.Module, scenes: Sequence[Scene], *, progress: bool = False
) -> float:
    """The probability at which a detector does best on validation scenes. Lesson 07.

    A scene has a thousand windows without a car for each one with a car, so that a threshold which
    is good for crops lets too many of them pass. Good is a high F1, the harmonic mean of precision
    and recall; but a few scenes say little about the last digits. So of the thresholds around
    the best whose F1 is less than one car below, the middle is taken, where probabilities are
    logits.

    Args:
        model: a classifier of the course's size, or an FCN.
        scenes: with the ground truth; for validation, never for testing.
        progress: show a bar.

    Returns:
        The threshold, in [0, 1].

    Raises:
        ValueError: no scene has a car, or no car is detected.
    """
    detector = Detector(model, threshold=SCORE_FLOOR)
    detections = detect_all(detector, scenes, progress=progress)
    curve = precision_recall(detections, [scene.boxes for scene in scenes])
    if not curve.recall.any():
        raise ValueError("no car is found in any scene: train the model first")
    return threshold_of(curve, sum(len(scene.boxes) for scene in scenes))


def threshold_of(curve: PrecisionRecall, cars: int) -> float:
    """The middle of the thresholds around the best F1 that are less than one car worse. Lesson 07.

    Args:
        curve: of validation scenes, with some recall.
        cars: how many there are.
    """
    f1 = 2 * curve.precision * curve.recall / (curve.precision + curve.recall).clamp(min=1e-9)
    good, best = f1 > f1.max() - 1 / cars, int(f1.argmax())
    first = last = best  # the run of good thresholds around the best one
    while first > 0 and good[first - 1]:
        first -= 1
    while last + 1 < len(good) and good[last + 1]:
        last += 1
    ends = curve.thresholds[[first, last]].logit(eps=1e-12)
    return ends.mean().sigmoid().item()


def choose_threshold(model: nn.Module, crops: Crops) -> float:
    """The probability that separates cars from the rest of validation crops best. Lesson 03.

    Args:
        model: maps images [N, 1, H, W] to logits [N, 2]; class 1 is "car".
        crops: for validation, never for testing.

    Returns:
        Of all thresholds that give the highest accuracy, the middle of the widest gap; in [0, 1].
    """
    return separating_threshold(evaluate(model, crops).probabilities, crops.labels.bool())


def separating_threshold(probabilities: Tensor, positive: Tensor) -> float:
    """Of all thresholds with the highest accuracy, the middle of the widest gap. Lesson 03.

    Args:
        probabilities: Tensor[N] in [0, 1].
        positive: bool [N].
    """
    values = torch.cat([probabilities.double(), torch.tensor([0.0, 1.0])]).unique()
    middles = (values[1:] + values[:-1]) / 2
    called = probabilities.double()[None] >= middles[:, None]  # [thresholds, N]
    accuracy = (called == positive[None]).double().mean(1)  # [thresholds]
    gaps = torch.where(accuracy == accuracy.max(), values[1:] - values[:-1], -1.0)
    return middles[gaps.argmax()].item()
