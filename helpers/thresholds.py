"""From which probability on is it an object? Chosen on validation data.

>>> crops = Crops(torch.rand(4, 1, 2, 3), torch.tensor([0, 1, 1, 0]))
>>> 0 <= choose_threshold(nn.Sequential(nn.Flatten(), nn.Linear(6, 2)), crops) <= 1
True
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.boxes import Detections
from helpers.classwise import pool_classes
from helpers.datasets import Crops, Scene
from helpers.detector import Detector
from helpers.metrics import PrecisionRecall, curve_from_matches
from helpers.training import evaluate

# Below this probability nothing is even a candidate: it only shortens the curve's useless tail.
SCORE_FLOOR = 0.05
# Scenes that are detected together: faster than one by one, and the bar still moves.
BATCH_SCENES = 16


class NothingFoundError(ValueError):
    """A detector found no object in any scene, so that no threshold can be chosen by them."""


def options_for(scenes: Sequence[Scene], options: Mapping[str, object]) -> dict[str, object]:
    """The options of a `Detector` for scenes: their classes, unless others are given.

    >>> options_for([Scene("a street", torch.rand(1, 50, 90), torch.zeros(0, 4))], {"border": 8})
    {'classes': ('background', 'car'), 'border': 8}
    """
    classes = {"classes": scenes[0].classes} if scenes else {}
    return classes | dict(options)


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


def choose_detection_threshold(
    model: nn.Module, scenes: Sequence[Scene], *, progress: bool = False, **options: object
) -> float:
    """The probability at which a detector does best on validation scenes. Lesson 07.

    A scene has a thousand windows without a car for each one with a car, so that a threshold which
    is good for crops lets too many of them pass. Good is a high F1, the harmonic mean of precision
    and recall; but a few scenes say little about the last digits. So of the thresholds around
    the best whose F1 is less than one car below, the middle is taken, where probabilities are
    logits.

    Args:
        model: a classifier or an FCN, of the scenes' classes. Of several classes there is one
            threshold for all, and a box counts for objects of its class only.
        scenes: with the ground truth; for validation, never for testing.
        progress: show a bar.
        options: those of `Detector`, such as `scales` and `mirror`; the classes are the scenes'.

    Returns:
        The threshold, in [0, 1].

    Raises:
        NothingFoundError: no object is detected; it is a ValueError.
        ValueError: no scene has an object.
    """
    detector = Detector(model, threshold=SCORE_FLOOR, **options_for(scenes, options))
    detections = detect_all(detector, scenes, progress=progress)
    boxes, labels = [scene.boxes for scene in scenes], [scene.labels for scene in scenes]
    curve = curve_from_matches(pool_classes(detections, boxes, labels))
    if not curve.recall.any():
        raise NothingFoundError("nothing is found in any scene: train the model first")
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


def choose_threshold(model: nn.Module, crops: Crops, *, background: int = 0) -> float:
    """The probability that separates cars from the rest of validation crops best. Lesson 03.

    Of several classes: a crop is called what has the highest probability of all but the
    background, if that reaches the threshold, and else background.

    Args:
        model: maps images [N, C, H, W] to logits, one for each of the crops' classes.
        crops: for validation, never for testing.
        background: the class that is no object. (Of two classes it is 0, and "car" is 1.)

    Returns:
        Of all thresholds that give the highest accuracy, the middle of the widest gap; in [0, 1].

    Raises:
        ValueError: as `evaluate`, and for a network that answers NaN.
    """
    probabilities = evaluate(model, crops).probabilities
    if probabilities.ndim == 1:
        return separating_threshold(probabilities, crops.labels == 1)
    objects = probabilities.clone()
    objects[:, background] = -1
    score, answer = objects.max(1)
    return separating_threshold(score, crops.labels == answer, crops.labels == background)


def separating_threshold(
    probabilities: Tensor, positive: Tensor, negative: Tensor | None = None
) -> float:
    """Of all thresholds with the highest accuracy, the middle of the widest gap. Lesson 03.

    Args:
        probabilities: Tensor[N] in [0, 1].
        positive: bool [N], which are right if they are called an object.
        negative: bool [N], which are right if they are called background; None: all others.

    Raises:
        ValueError: for NaN, and other numbers outside [0, 1].
    """
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(
            "probabilities must lie in [0, 1]: were these logits, or are the weights damaged (NaN)?"
        )
    negative = ~positive if negative is None else negative
    ends = torch.tensor([0.0, 1.0])
    values, place = torch.cat([probabilities.double(), ends]).unique(return_inverse=True)
    place = place[: len(positive)]  # [N]: which of the values [T + 1], lowest first, each crop has
    # Between two values: right are the positives from the upper one on, and negatives below it.
    right_above = torch.bincount(place[positive], minlength=len(values)).flip(0).cumsum(0).flip(0)
    right_below = torch.bincount(place[negative], minlength=len(values)).cumsum(0)
    right = right_above[1:] + right_below[:-1]  # [T]
    gaps = torch.where(right == right.max(), values[1:] - values[:-1], -1.0)
    best = gaps.argmax()
    return ((values[best] + values[best + 1]) / 2).item()
