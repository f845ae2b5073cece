"""Speed, measured as ratios within one run against a reference that is named."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.acceleration import accelerate
from helpers.boxes import nms
from helpers.cli.baseline import CANVAS, detect_original
from helpers.cli.machine import Machine, cost_of
from helpers.datasets import Scene
from helpers.detector import Detector
from helpers.fcn import to_fcn
from helpers.heatmap import dense_heatmap, fcn_heatmap, sliding_window_heatmap
from helpers.models import INPUT_SIZE, load_pretrained, make_classifier
from helpers.timing import Ratio, seconds


def heatmap_ratios(
    *,
    size: tuple[int, int] = CANVAS,
    repeats: int = 5,
    machine: Machine | None = None,
    progress: bool = True,
) -> list[Ratio]:
    """The FCN, plain, channels last and accelerated, against batched windows, in turns.

    The windows get what makes them fastest: batches of the best size out of 16, 64 and 256, and
    channels last. No network's first run counts: it allocates, measures what is fastest here, and
    transforms weights once.

    Args:
        size: (height, width) of the image.
        repeats: how often everything is timed.
        machine: where the networks and images are, and what the ratios' shares are of; None: the
            CPU, and no shares.
        progress: show a bar.
    """
    device = _device(machine)
    model, image = _classifier_for_windows(device), _noise(size).to(device)
    fcn = to_fcn(make_classifier(seed=0).eval().to(device), INPUT_SIZE)
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
    plain, _, fast = (_limit(machine, net, image) for net in networks)
    what_fast = f"{what}, accelerated FCN"
    return [
        Ratio.of(f"{what}, FCN", brute, windows, direct, plain),
        Ratio.of(what_fast, brute, windows, accelerated, fast),
        Ratio.of(what_fast, "the same FCN, plain", direct, accelerated, fast),
        Ratio.of(what_fast, "the same FCN, channels last", direct_last, accelerated, fast),
    ]


def _device(machine: Machine | None) -> str:
    return "cpu" if machine is None else machine.device


def _limit(
    machine: Machine | None,
    network: nn.Module,
    image: Tensor,
    run: Callable[[], object] | None = None,
) -> float | None:
    """Seconds that `cost_of` of the same takes at least, if there is a machine to know it."""
    return None if machine is None else machine.limit(cost_of(network, image, run))


def best_batch_size(image: Tensor) -> int:
    """Out of 16, 64 and 256, the batch size with which windows one by one are fastest here."""
    model = _classifier_for_windows(image.device)
    times = {}
    for n in (16, 64, 256):
        run = partial(sliding_window_heatmap, model, image, batch_size=n)
        times[n] = min(seconds(run) for _ in range(2))  # the first time is a warm-up
    return min(times, key=times.get)


def _classifier_for_windows(device: str | torch.device) -> nn.Module:
    """The classifier in the layout in which it is fastest."""
    return make_classifier(seed=0).eval().to(device, memory_format=torch.channels_last)


def dense_ratio(
    *,
    size: tuple[int, int] = CANVAS,
    repeats: int = 3,
    sample_rows: int = 4,
    machine: Machine | None = None,
    progress: bool = True,
) -> Ratio:
    """The dense heatmap (every pixel) against batched windows at stride 1.

    Args:
        size: (height, width) of the image.
        repeats: how often everything is timed.
        sample_rows: only so many rows of windows are timed, and scaled to all.
        machine: as for `heatmap_ratios`.
        progress: show a bar.

    Raises:
        RuntimeError: the two give other heatmaps.
    """
    device = _device(machine)
    model, image = _classifier_for_windows(device), _noise(size).to(device)
    fast = accelerate(to_fcn(make_classifier(seed=0).to(device), INPUT_SIZE), tune=True)
    rows = size[0] - INPUT_SIZE[0] + 1
    sample_rows = min(sample_rows, rows)
    sample = image[:, : INPUT_SIZE[0] + sample_rows - 1]
    batch_size = best_batch_size(sample)

    def brute() -> Tensor:
        return sliding_window_heatmap(model, sample, stride=(1, 1), batch_size=batch_size)

    if (dense_heatmap(fast, image)[:, :sample_rows] - brute()).abs().max() > 1e-4:
        raise RuntimeError("the dense heatmap differs from the windows one by one")
    slow, quick = [], []
    for _ in tqdm(range(repeats), desc="every pixel", disable=not progress):
        slow.append(seconds(brute) * rows / sample_rows)
        quick.append(seconds(lambda: dense_heatmap(fast, image)))
    what = f"heatmap of {size[0]}×{size[1]} at every pixel"
    limit = _limit(machine, fast, image, lambda: dense_heatmap(fast, image))
    return Ratio.of(what, f"{_windows(batch_size)} (a sample, scaled)", slow, quick, limit)


def detector_ratio(
    scenes: Sequence[Scene],
    name: str,
    *,
    repeats: int = 3,
    machine: Machine | None = None,
    progress: bool = True,
) -> Ratio:
    """All scenes to final boxes: the `Detector` against the original way, with the same boxes.

    Both without mirror averaging and without looking past the border.

    Args:
        scenes: of any sizes.
        name: what to call them.
        repeats: how often everything is timed.
        machine: as for `heatmap_ratios`; but images and boxes are on the CPU.
        progress: show a bar.

    Raises:
        RuntimeError: a single box differs.
    """
    fcn = to_fcn(load_pretrained().to(_device(machine)), INPUT_SIZE).eval()
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
    limit = _limit(machine, detector._fast, images[0], lambda: detector.batch(images))
    return Ratio.of(what, reference, slow, quick, limit)


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


def plain_nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
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


def peak_memory(
    size: tuple[int, int] = (4000, 6000), *, device: str = "cpu", progress: bool = True
) -> float:
    """GiB that a process of its own needs for the heatmap of a large image (not on Windows).

    On "cuda", GiB of the GPU's memory.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        threads = torch.get_num_threads()
        return pool.submit(_peak_memory, size, threads, device, progress).result()


def _peak_memory(size: tuple[int, int], threads: int, device: str, progress: bool) -> float:
    import resource
    import sys

    torch.set_num_threads(threads)
    fast = accelerate(to_fcn(make_classifier(seed=0).to(device), INPUT_SIZE))
    fcn_heatmap(fast, _noise(size).to(device), progress=progress)
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**30
    status = Path("/proc/self/status")
    if status.exists():  # Linux, where ru_maxrss begins with the peak of the parent
        [line] = (row for row in status.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def _noise(size: tuple[int, int]) -> Tensor:
    return torch.rand(1, *size, generator=torch.Generator().manual_seed(0))


def _windows(batch_size: int) -> str:
    return f"windows one by one in batches of {batch_size}"
