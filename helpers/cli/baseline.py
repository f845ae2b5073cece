"""The original way, written plainly: what `bench` compares the course's code with."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from tqdm.auto import tqdm

from helpers.boxes import Detections
from helpers.datasets import Crops
from helpers.devices import full_precision
from helpers.geometry import Geometry

CANVAS = (220, 370)


@full_precision()
@torch.no_grad()
def detect_original(
    fcn: nn.Module,
    image: Tensor,
    *,
    threshold: float = 0.5,
    iou_threshold: float = 0.3,
    canvas: tuple[int, int] = CANVAS,
) -> Detections:
    """The cars in one image: a plain FCN, a loop over the cells, NMS over lists.

    Args:
        fcn: as `to_fcn` gives it.
        image: Tensor[1, H, W] in [0, 1].
        threshold: the smallest probability that counts as a car.
        iou_threshold: of two boxes that overlap more than this, the better one stays.
        canvas: (height, width) that every image is padded to, at its right and bottom, by repeating
            its border.

    Returns:
        What `Detector(fcn, border=0, mirror=False)` gives for an image at least as large as the
        window, and not larger than the canvas.
    """
    geometry: Geometry = fcn.geometry
    height, width = image.shape[-2:]
    room = (0, canvas[1] - width, 0, canvas[0] - height)
    there = next(fcn.parameters()).device
    heatmap = fcn(pad(image[None], room, mode="replicate").to(there))[0].cpu()
    # As many cells as it takes to see every pixel of the image.
    rows = math.ceil((height - geometry.window[0]) / geometry.stride[0]) + 1
    cols = math.ceil((width - geometry.window[1]) / geometry.stride[1]) + 1
    above_threshold = []
    for row in range(rows):
        for col in range(cols):
            margin = heatmap[1, row, col].item() - heatmap[0, row, col].item()
            score = 1 / (1 + math.exp(-margin))
            if score >= threshold:
                above_threshold.append((score, geometry.box(row, col)))
    kept = nms_with_lists(above_threshold, iou_threshold)
    boxes = torch.tensor([box for _, box in kept], dtype=torch.float32).reshape(-1, 4)
    return Detections(boxes, torch.tensor([score for score, _ in kept], dtype=torch.float64))


def nms_with_lists(scored: list[tuple], iou_threshold: float) -> list[tuple]:
    """Of (score, box) pairs that overlap more than `iou_threshold`, the best; best first."""
    kept = []
    for score, box in sorted(scored, key=lambda pair: -pair[0]):
        if all(_iou(box, other) <= iou_threshold for _, other in kept):
            kept.append((score, box))
    return kept


def _iou(a: tuple, b: tuple) -> float:
    width = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (both - width * height)


def train_one_by_one(model: nn.Module, crops: Crops, *, seed: int, epochs: int) -> None:
    """Train as the original assignment does: Adam, batch size 1, no augmentation, no schedule.

    Args:
        model: trained in place; in eval mode afterwards.
        crops: to learn from.
        seed: of their order.
        epochs: how often each crop is seen.
    """
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-4)
    device = next(model.parameters()).device
    model.train()
    for epoch in range(epochs):
        order = torch.randperm(len(crops), generator=generator).tolist()
        for i in tqdm(order, desc=f"batch size 1, epoch {epoch + 1}", unit="crop"):
            crop, label = crops.images[i : i + 1].to(device), crops.labels[i : i + 1].to(device)
            loss = cross_entropy(model(crop), label)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    model.eval()
