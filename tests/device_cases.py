"""What a learner can run on a GPU: cases whose numbers must be the same on every device."""

import copy
import tempfile
from functools import cache
from pathlib import Path

import torch
from torch import nn

from helpers.acceleration import accelerate
from helpers.all_sizes import fit_all_sizes
from helpers.boxes import Detections
from helpers.calibration import reliability
from helpers.datasets import Crops, load_scenes
from helpers.detector import Detector
from helpers.fcn import check_equivalence, to_fcn
from helpers.hard_negatives import mine_hard_negatives
from helpers.heatmap import dense_heatmap, fcn_heatmap, fcn_heatmaps, sliding_window_heatmap
from helpers.models import (
    load_model,
    load_pretrained,
    make_classifier,
    randomise_,
    save_model,
    weights_digest,
)
from helpers.training import evaluate, fit, predict_logits

SIZE = (16, 24)


def dice():
    return torch.Generator().manual_seed(0)


def tiny(device, **options):
    """A small classifier with random biases and statistics, made on the CPU and moved."""
    return randomise_(make_classifier(SIZE, seed=0, **options), dice()).eval().to(device)


def noise(*shape):
    return torch.rand(*shape, generator=dice())


def on(device, tensor):
    assert tensor.device == device, f"on {tensor.device}, not {device}"
    return tensor.cpu()


def windows_one_by_one(device):
    return [on(device, sliding_window_heatmap(tiny(device), noise(1, 50, 61).to(device)))]


def converted_and_compared(device):
    model = tiny(device)
    proof = check_equivalence(model, SIZE)
    assert proof.equal, str(proof)
    return [on(device, to_fcn(model, SIZE)[0].weight.detach())]


def heatmaps(device):
    fcn, image = to_fcn(tiny(device), SIZE), noise(1, 50, 71).to(device)
    several = fcn_heatmaps(fcn, [image, image[:, :40], image[:, 4:]])
    tiles = fcn_heatmap(fcn, image, tile_side=40)
    return [on(device, y) for y in (fcn_heatmap(fcn, image), tiles, *several)]


def accelerated(device, tune=False):
    fast = accelerate(to_fcn(tiny(device), SIZE), tune=tune)
    image = noise(2, 1, 60, 91).to(device)
    with torch.no_grad():
        moved = copy.deepcopy(fast).to("cpu").to(device)(image)
        return [on(device, y) for y in (fast(image), moved, fcn_heatmap(fast, image[0]))]


def tuned(device):
    return accelerated(device, tune=True)


def every_pixel(device):
    image = noise(1, 30, 45).to(device)
    return [
        on(device, dense_heatmap(tiny(device), image)),
        on(device, dense_heatmap(tiny(device), image, tile_side=30)),
    ]


@cache
def scenes(split="test"):
    """Parts of three drawn streets."""
    return [scene.image[:, -100:, :180] for scene in load_scenes("street", split)[:3]]


def answers(detections):
    """What a detector answers is on the CPU, wherever its network is."""
    parts = [detections.boxes, detections.scores, detections.labels]
    return [on(torch.device("cpu"), part) for part in parts]


def detector(device, **options):
    found = Detector(load_pretrained().to(device), threshold=0.3, **options)
    one, best = found.with_best(scenes()[0])
    images = [image.to(device) for image in scenes()]
    several = found.batch(images[:2]) + found.batch(scenes()[2:])
    assert len(several[1].boxes) > 0
    return [x for each in (one, best, *several) for x in answers(each)]


def detector_of_all_sizes(device):
    return detector(device, mirror=False, clip=True, scales=(0.9, 1.3))


def detector_of_classes(device):
    names = ("nothing", "one", "two")
    found = Detector(tiny(device, classes=3, channels=3), classes=names, threshold=0.5)
    image = noise(3, 50, 60)
    return [*answers(found(image)), found.heatmap(image, "two"), *answers(found.candidates(image))]


def crops(device="cpu", count=40):
    images, labels = noise(count, 1, *SIZE), torch.arange(count) % 2
    images[labels == 1, :, 4:12] *= 0.5
    return Crops(images.to(device), labels.to(device))


def measured_on_crops(device):
    model, here = tiny(device), crops()
    measured = evaluate(model, crops(device))
    assert evaluate(model, here).loss == measured.loss
    logits = on(torch.device("cpu"), predict_logits(model, here.images, batch_size=16))
    curve = reliability(measured.probabilities, here.labels)
    return [logits, measured.probabilities, measured.loss, measured.accuracy, curve.predicted]


def network_with_dropout(device):
    network = make_classifier(SIZE, seed=0)
    network[10] = nn.Sequential(nn.ReLU(), nn.Dropout(0.0))
    return network.to(device)


def trained(device):
    network = network_with_dropout(device)
    history = fit(network, crops(), crops(), epochs=2, batch_size=20, progress=False)
    assert next(network.parameters()).device == device
    return [history.train_loss, history.val_loss, history.best_epoch]


def trained_on_sizes(device):
    network = make_classifier(seed=0).to(device)
    images = noise(12, 1, 40, 100)
    drawn = load_scenes("street", "val")[:2]
    known = Crops(images, torch.arange(12) % 2)
    history = fit_all_sizes(network, known, drawn, (1.0, 1.2), epochs=1, extra=4, progress=False)
    return [history.train_loss]


def mined(device):
    image, boxes = noise(1, 60, 80), torch.tensor([[0.0, 0, 24, 16], [30, 20, 54, 36]])
    found, options = Detections(boxes, torch.tensor([0.9, 0.8])), {"threshold": 0.5, "size": SIZE}
    there = Detections(*(part.to(device) for part in found))
    return [
        on(device, mine_hard_negatives(image.to(device), found, boxes[:1], **options)),
        on(device, mine_hard_negatives(image.to(device), there, there.boxes[:1], **options)),
        mine_hard_negatives(image, there, there.boxes[:0], **options),
    ]


def written_and_read(device):
    model = tiny(device)
    with tempfile.TemporaryDirectory() as folder:
        again = load_model(save_model(model, Path(folder) / "x.safetensors", input_size=SIZE))
    assert weights_digest(again) == weights_digest(model)
    model.load_state_dict(again.state_dict())
    return [on(device, weight) for weight in model.state_dict().values()]


CASES = {
    case.__name__: case
    for case in (
        windows_one_by_one,
        converted_and_compared,
        heatmaps,
        accelerated,
        tuned,
        every_pixel,
        detector,
        detector_of_all_sizes,
        detector_of_classes,
        measured_on_crops,
        trained,
        trained_on_sizes,
        mined,
        written_and_read,
    )
}
