"""The measurements that the course reports: one protocol for drawn and real data.

>>> mean_and_spread([0.96, 0.97, 0.98])
'0.9700 ± 0.0100'
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev

from torch import Tensor, nn

from helpers.all_sizes import fit_all_sizes
from helpers.boxes import above, select
from helpers.classwise import MeanAP, mean_average_precision
from helpers.datasets import Crops, Scene, load_crops, load_or_shipped, split_crops
from helpers.detector import IOU_THRESHOLD, Detector, pyramid
from helpers.metrics import (
    UIUC,
    UIUC_MULTISCALE,
    Criterion,
    area_under_curve,
    average_precision,
    equal_error_rate,
    precision_recall,
    roc_auc,
)
from helpers.models import make_classifier
from helpers.mosaics import mosaics
from helpers.thresholds import SCORE_FLOOR, detect_all, options_for
from helpers.training import fit, predict_logits

# For figures that are reported; a lesson that only shows how it works takes fewer.
EPOCHS = 20
# So many mosaics: enough for a steady figure, few enough to wait for.
MOSAICS = 100
PALE = 0.4  # contrast of the pale ones: the palest scenes are about that dull
SIZES = (0.85, 2.15)  # of the sized ones: boxes as wide as those of the multi-scale scenes


@dataclass(frozen=True)
class CropScores:
    """A classifier on crops, and as a detector on mosaics of them.

    At full contrast, pale, and, by the multi-scale scenes' criterion, of all sizes.
    """

    accuracy: float
    roc_auc: float
    mosaics_auc: float
    mosaics_eer: float
    pale_auc: float
    pale_eer: float
    sized_auc: float
    sized_eer: float


@dataclass(frozen=True)
class DetectorScores:
    """A detector on scenes. `auc`, `ap`, `eer` are by IoU ≥ 0.5, `eer_uiuc` by the UIUC ellipse."""

    auc_before_nms: float
    auc: float
    ap: float
    eer: float
    eer_uiuc: float


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
    shares = {"inside_threshold": everything.inside_threshold}
    shares |= {"vote_threshold": everything.vote_threshold, "iou_threshold": IOU_THRESHOLD}
    after = [select(cells, threshold=SCORE_FLOOR, **shares) for cells in candidates]
    before = [above(cells, before_nms_threshold) for cells in candidates]
    curve = precision_recall(after, ground_truth)
    return DetectorScores(
        auc_before_nms=area_under_curve(precision_recall(before, ground_truth)),
        auc=area_under_curve(curve),
        ap=average_precision(curve),
        eer=equal_error_rate(curve),
        eer_uiuc=equal_error_rate(precision_recall(after, ground_truth, official)),
    )


def evaluate_classes(
    model: nn.Module, scenes: Sequence[Scene], *, progress: bool = False, **options: object
) -> MeanAP:
    """How well a detector of any classes does on scenes: AP of each, and their mean. Lesson 07.

    Every box above a small floor counts, as in `evaluate_detector`: no threshold has to be chosen.

    Args:
        model: a classifier, or an FCN, of the scenes' classes.
        scenes: with the ground truth and its labels.
        progress: show a bar.
        options: those of `Detector`, such as `scales` and `mirror`; the classes are the scenes'.

    Raises:
        ValueError: if no scene has a box.
    """
    detector = Detector(model, threshold=SCORE_FLOOR, **options_for(scenes, options))
    return mean_average_precision(
        detect_all(detector, scenes, progress=progress),
        [scene.boxes for scene in scenes],
        [scene.labels for scene in scenes],
        classes=detector.classes,
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
    sized = _judge_by_sized_mosaics(model, crops, progress=progress)
    return CropScores(accuracy, area, plain.auc, plain.eer, pale.auc, pale.eer, *sized)


def mosaics_equal_error_rates(
    model: nn.Module, crops: Crops, numbers: Sequence[int], *, progress: bool = False
) -> tuple[float, float]:
    """Equal error rates on mosaics by the official criteria; may be used to choose by.

    Args:
        model: a classifier of the course's size.
        crops: not trained on; at least one car and one other.
        numbers: seeds of `mosaics`. Those of all numbers are judged together, as one test.
        progress: show bars.

    Returns:
        On mosaics of all sizes, with the pyramid; on the same as large as their crops, without.
    """
    scenes = _mosaics_numbered(crops, numbers)
    plain = evaluate_detector(model, scenes, progress=progress)
    return _judge_by_sized_mosaics(model, crops, numbers, progress=progress)[1], plain.eer_uiuc


def _judge_by_sized_mosaics(
    model: nn.Module, crops: Crops, numbers: Sequence[int] = (0,), *, progress: bool
) -> tuple[float, float]:
    """Area and equal error rate on mosaics of all sizes, by the multi-scale scenes' criterion."""
    scenes = _mosaics_numbered(crops, numbers, sizes=SIZES)
    width = crops.images.shape[-1]
    scales = pyramid(SIZES[0] * width, SIZES[1] * width, width=width)
    detector = Detector(model, threshold=SCORE_FLOOR, scales=scales)
    found = detect_all(detector, scenes, progress=progress)
    curve = precision_recall(found, [scene.boxes for scene in scenes], UIUC_MULTISCALE)
    return area_under_curve(curve), equal_error_rate(curve)


def _mosaics_numbered(crops: Crops, numbers: Sequence[int], **options: object) -> list[Scene]:
    return [s for n in numbers for s in mosaics(crops, count=MOSAICS, seed=n, **options)]


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
    scenes: Sequence[Scene] = (),
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
        scenes: with cars of all sizes: their windows are learned from, too (`fit_all_sizes`), and
            the last epoch counts.

    Returns:
        The classifier, in eval mode.

    Raises:
        FileNotFoundError, ValueError: as `load_crops`.
    """
    model = make_classifier(seed=seed)
    if name in ("uiuc", "both") and photographs is None:
        photographs = load_crops("uiuc", "all")
    drawn = "street" if name == "both" else name
    train = photographs if name == "uiuc" else load_crops(drawn, "train")
    if name == "both":
        train = train + photographs
    options = {"epochs": epochs, "seed": seed, "progress": progress}
    if scenes:
        fit_all_sizes(model, train, scenes, pyramid(), **options)
    else:
        val = None if name == "uiuc" else load_or_shipped(drawn, "val")
        fit(model, train, val, **options)
    return model


def train_and_hold_out(
    name: str | Path,
    seed: int,
    *,
    epochs: int = EPOCHS,
    progress: bool = True,
    scenes: Sequence[Scene] = (),
) -> tuple[nn.Module, Crops]:
    """A classifier and the photographed crops it may be judged by: never trained on. Lesson 09.

    Args:
        name: what to train on, as for `train_on`.
        seed: of the split, and of the training.
        epochs: how often each crop is seen.
        progress: show a bar.
        scenes: as for `train_on`.

    Returns:
        The classifier in eval mode, and the crops: all of them for drawings, a random quarter for
        "uiuc" and "both". With "uiuc" that is the original assignment's protocol.
    """
    crops = load_crops("uiuc", "all")
    options = {"epochs": epochs, "progress": progress, "scenes": scenes}
    if name not in ("uiuc", "both"):
        return train_on(name, seed, **options), crops
    splits = split_crops(crops, seed)
    known = splits["train"] + splits["val"]
    model = train_on(name, seed, photographs=known, **options)
    return model, splits["test"]


def columns(rows: Sequence[DetectorScores] | Sequence[CropScores]) -> dict[str, list[float]]:
    """Each figure's values over several seeds."""
    return {name: [getattr(row, name) for row in rows] for name in asdict(rows[0])}


def mean_and_spread(values: Sequence[float]) -> str:
    """Mean ± standard deviation over seeds, as text; one value has no spread.

    >>> mean_and_spread([0.97])
    '0.9700'
    """
    spread = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    return f"{mean(values):.4f}{spread}"
