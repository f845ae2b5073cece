"""Speed, measured as ratios within one run against a reference that is named."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, median

import torch
from torch import nn
from tqdm.auto import tqdm

from helpers.acceleration import accelerate
from helpers.augment import light_augmentation
from helpers.boxes import nms
from helpers.cli.baseline import CANVAS, detect_original, train_one_by_one
from helpers.datasets import Crops, Scene, split_crops
from helpers.detector import Detector
from helpers.fcn import to_fcn
from helpers.heatmap import dense_heatmap, fcn_heatmap, sliding_window_heatmap
from helpers.models import INPUT_SIZE, load_pretrained, make_classifier
from helpers.timing import Ratio, seconds
from helpers.training import evaluate, fit


def heatmap_ratios(
    *, size: tuple[int, int] = CANVAS, repeats: int = 5, progress: bool = True
) -> list[Ratio]:
    """The FCN, plain, channels last and accelerated, against batched windows, in turns.

    The windows get what makes them fastest: batches of the best size out of 16, 64 and 256, and
    channels last. No network's first run counts: it allocates, measures what is fastest here, and
    transforms weights once.

    Args:
        size: (height, width) of the image.
        repeats: how often everything is timed.
        progress: show a bar.
    """
    model, image = _classifier_for_windows(), _noise(size)
    fcn = to_fcn(make_classifier(seed=0).eval(), INPUT_SIZE)
    last = to_fcn(model, INPUT_SIZE).to(memory_format=torch.channels_last)
    networks = fcn, last, accelerate(fcn, tune=True)
    batch_size = best_batch_size(image)
    for network in networks:
        fcn_heatmap(network, image)
    times = []
    for _ in tqdm(range(repeats), desc="heatmap", disable=not progress):
        brute = seconds(lambda: sliding_window_heatmap(model, image, batch_size=batch_size))
        # One pass is short, so that several are timed together.
        passes = [
            seconds(lambda net=net: [fcn_heatmap(net, image) for _ in range(5)]) / 5
            for net in networks
        ]
        times.append((brute, *passes))
    windows, direct, direct_last, accelerated = zip(*times, strict=True)
    what, brute = f"heatmap of {size[0]}×{size[1]}", _windows(batch_size)
    return [
        Ratio.of(f"{what}, FCN", brute, windows, direct),
        Ratio.of(f"{what}, accelerated FCN", brute, windows, accelerated),
        Ratio.of(f"{what}, accelerated FCN", "the same FCN, plain", direct, accelerated),
        Ratio.of(
            f"{what}, accelerated FCN", "the same FCN, channels last", direct_last, accelerated
        ),
    ]


def best_batch_size(image: torch.Tensor) -> int:
    """Out of 16, 64 and 256, the batch size with which windows one by one are fastest here."""
    model = _classifier_for_windows()
    times = {}
    for n in (16, 64, 256):
        run = partial(sliding_window_heatmap, model, image, batch_size=n)
        times[n] = min(seconds(run) for _ in range(2))  # the first time is a warm-up
    return min(times, key=times.get)


def _classifier_for_windows() -> nn.Module:
    """The classifier in the layout in which it is fastest."""
    return make_classifier(seed=0).eval().to(memory_format=torch.channels_last)


def dense_ratio(
    *,
    size: tuple[int, int] = CANVAS,
    repeats: int = 3,
    sample_rows: int = 4,
    progress: bool = True,
) -> Ratio:
    """The dense heatmap (every pixel) against batched windows at stride 1.

    Args:
        size: (height, width) of the image.
        repeats: how often everything is timed.
        sample_rows: only so many rows of windows are timed, and scaled to all.
        progress: show a bar.

    Raises:
        RuntimeError: the two give other heatmaps.
    """
    model, image = _classifier_for_windows(), _noise(size)
    fast = accelerate(to_fcn(make_classifier(seed=0), INPUT_SIZE), tune=True)
    rows = size[0] - INPUT_SIZE[0] + 1
    sample_rows = min(sample_rows, rows)
    sample = image[:, : INPUT_SIZE[0] + sample_rows - 1]
    batch_size = best_batch_size(sample)

    def brute() -> torch.Tensor:
        return sliding_window_heatmap(model, sample, stride=(1, 1), batch_size=batch_size)

    if (dense_heatmap(fast, image)[:, :sample_rows] - brute()).abs().max() > 1e-4:
        raise RuntimeError("the dense heatmap differs from the windows one by one")
    slow, quick = [], []
    for _ in tqdm(range(repeats), desc="every pixel", disable=not progress):
        slow.append(seconds(brute) * rows / sample_rows)
        quick.append(seconds(lambda: dense_heatmap(fast, image)))
    what = f"heatmap of {size[0]}×{size[1]} at every pixel"
    return Ratio.of(what, f"{_windows(batch_size)} (a sample, scaled)", slow, quick)


def detector_ratio(
    scenes: Sequence[Scene], name: str, *, repeats: int = 3, progress: bool = True
) -> Ratio:
    """All scenes to final boxes: the `Detector` against the original way, with the same boxes.

    Both without mirror averaging and without looking past the border.

    Args:
        scenes: of any sizes.
        name: what to call them.
        repeats: how often everything is timed.
        progress: show a bar.

    Raises:
        RuntimeError: a single box differs.
    """
    fcn = to_fcn(load_pretrained(), INPUT_SIZE).eval()
    detector = Detector(fcn, border=0, mirror=False)
    images = [scene.image for scene in scenes]
    sides = [max(image.shape[axis] for image in images) for axis in (-2, -1)]
    # A multiple of the stride more than the window, so that the last window is whole.
    canvas = tuple(max(c, s + 4) for c, s in zip(CANVAS, sides, strict=True))
    slow, quick, theirs, ours = [], [], [], []
    for _ in tqdm(range(repeats), desc="detector", disable=not progress):
        slow.append(
            seconds(lambda: theirs.extend(detect_original(fcn, i, canvas=canvas) for i in images))
        )
        quick.append(seconds(lambda: ours.extend(detector.batch(images))))
    for one, other in zip(ours, theirs, strict=True):
        same = one.boxes.tolist() == other.boxes.tolist()
        if not same or not torch.allclose(one.scores, other.scores, atol=1e-4):
            raise RuntimeError("the detector's boxes differ from the original way's")
    what = f"{len(scenes)} {name} scenes to the same boxes"
    reference = f"all padded to {canvas[0]}×{canvas[1]}, plain FCN, Python loops, NMS over lists"
    return Ratio.of(what, reference, slow, quick)


def nms_ratio(*, count: int = 10_000, repeats: int = 3, progress: bool = True) -> Ratio:
    """`nms` of boxes that hardly overlap, so that nearly all stay, against a plain loop.

    Args:
        count: of boxes.
        repeats: how often everything is timed.
        progress: show a bar.

    Raises:
        RuntimeError: the two keep other boxes.
    """
    generator = torch.Generator().manual_seed(0)
    corners = 100_000 * torch.rand(count, 2, generator=generator)
    boxes = torch.cat([corners, corners + torch.tensor([100.0, 40.0])], 1)
    scores = torch.randperm(count, generator=generator).float()
    slow, quick = [], []
    for _ in tqdm(range(repeats), desc="suppression", disable=not progress):
        slow.append(seconds(lambda: plain_nms(boxes, scores, 0.3)))
        quick.append(seconds(lambda: nms(boxes, scores, 0.3)))
    if not torch.equal(nms(boxes, scores, 0.3), plain_nms(boxes, scores, 0.3)):
        raise RuntimeError("nms keeps other boxes than the plain loop")
    return Ratio.of(f"nms of {count} spread boxes", "a plain vectorised loop", slow, quick)


def plain_nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Non-maximum suppression as it is often written: one box against all that are left."""
    x1, y1, x2, y2 = boxes.unbind(1)
    areas = (x2 - x1) * (y2 - y1)
    left = scores.argsort(descending=True)
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        width = (torch.minimum(x2[best], x2[left]) - torch.maximum(x1[best], x1[left])).clamp(min=0)
        height = (torch.minimum(y2[best], y2[left]) - torch.maximum(y1[best], y1[left])).clamp(
            min=0
        )
        intersection = width * height
        iou = intersection / (areas[best] + areas[left] - intersection)
        left = left[iou <= iou_threshold]
    return torch.stack(kept)


def peak_memory(size: tuple[int, int] = (4000, 6000), *, progress: bool = True) -> float:
    """GiB that a process of its own needs for the heatmap of a large image (not on Windows)."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_peak_memory, size, torch.get_num_threads(), progress).result()


def _peak_memory(size: tuple[int, int], threads: int, progress: bool) -> float:
    import resource
    import sys

    torch.set_num_threads(threads)
    fast = accelerate(to_fcn(make_classifier(seed=0), INPUT_SIZE))
    fcn_heatmap(fast, _noise(size), progress=progress)
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where ru_maxrss begins with the peak of the parent
        [line] = (row for row in status.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def _noise(size: tuple[int, int]) -> torch.Tensor:
    return torch.rand(1, *size, generator=torch.Generator().manual_seed(0))


def _windows(batch_size: int) -> str:
    return f"windows one by one in batches of {batch_size}"


#: `fit` for crops alone, in as few passes as it takes. (What looks for cars in whole scenes needs
#: the extra negatives, more contrasts and more passes, which are the defaults elsewhere. All three
#: numbers were chosen on other quarters than those that are held out here.)
QUICK = {
    "epochs": 4,
    "batch_size": 64,
    "max_learning_rate": 2e-3,
    "augment": light_augmentation,
    "extra_negatives": None,
}
REFERENCE_EPOCHS = 3


@dataclass(frozen=True)
class TrainingComparison:
    """Two ways to train on the same three quarters of the crops, accuracy on the last quarter.

    Seconds and accuracies of each run: another seed, another quarter held out.
    """

    seconds: tuple[float, ...]
    accuracy: tuple[float, ...]
    reference_seconds: float
    reference_accuracy: float

    @property
    def ratio(self) -> Ratio:
        """How many times sooner `fit` is done."""
        slow = [self.reference_seconds] * len(self.seconds)
        what = f"training, {QUICK['epochs']} epochs of fit"
        return Ratio.of(what, f"{REFERENCE_EPOCHS} epochs at batch size 1", slow, self.seconds)

    def __str__(self) -> str:
        return (
            f"{self.ratio}\n  {median(self.seconds):.0f} s, {mean(self.accuracy):.1%} of the"
            f" held-out crops right, mean of {len(self.accuracy)}; the reference:"
            f" {self.reference_seconds:.0f} s, {self.reference_accuracy:.1%}"
        )


def compare_training(
    crops: Crops, *, seeds: int = 5, reference_epochs: int = REFERENCE_EPOCHS
) -> TrainingComparison:
    """`fit` against the original assignment's way: three epochs, one crop at a time.

    Args:
        crops: a quarter of them is held out, another one for each seed.
        seeds: how many networks `fit` trains; the reference is trained once, with the first seed.
        reference_epochs: how often the reference sees each crop.
    """
    times, accuracies = [], []
    for seed in range(seeds):
        train, test = _three_quarters(crops, seed)
        ours = make_classifier(seed=seed)
        times.append(seconds(lambda m=ours, t=train, s=seed: fit(m, t, seed=s, **QUICK)))
        accuracies.append(evaluate(ours, test).accuracy)
    train, test = _three_quarters(crops, 0)
    reference = make_classifier(seed=0)
    reference_seconds = seconds(
        lambda: train_one_by_one(reference, train, seed=0, epochs=reference_epochs)
    )
    accuracy = evaluate(reference, test).accuracy
    return TrainingComparison(tuple(times), tuple(accuracies), reference_seconds, accuracy)


def _three_quarters(crops: Crops, seed: int) -> tuple[Crops, Crops]:
    splits = split_crops(crops, seed)
    return splits["train"] + splits["val"], splits["test"]
