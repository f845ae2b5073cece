"""Interactive views: sliders around the plain drawing functions.

Each view is a row of controls above a picture; the picture is drawn by a function of its own that
takes plain values and returns a figure with its message, so that it can be tested, and shown once
for pages without a running kernel.
"""

from collections.abc import Callable, Mapping
from functools import cache

import ipywidgets
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from helpers import augment, plots
from helpers.boxes import Detections, nms
from helpers.datasets import Scene
from helpers.detector import Detector
from helpers.fcn import FCN, to_fcn
from helpers.heatmap import car_probability, fcn_heatmap
from helpers.metrics import iou_at_least, match
from helpers.models import INPUT_SIZE, make_classifier
from helpers.plots_data import contact_sheet
from helpers.plots_heatmaps import walk_figure
from helpers.training import Evaluation

Drawing = tuple[Figure, str]

TRANSFORMS: Mapping[str, Callable] = {
    "flip": augment.flip,
    "shift": augment.shift,
    "brightness": augment.brightness,
    "contrast": augment.contrast,
    "noise": augment.noise,
    "cutout": augment.cutout,
    "shifted away (no car any more)": augment.shifted_away,
    "wrong size (no car any more)": augment.wrong_size,
}


def view(draw: Callable[..., Drawing], **controls: ipywidgets.Widget) -> ipywidgets.VBox:
    """Controls above a picture that `draw(**values)` makes anew whenever one of them changes."""
    picture = ipywidgets.HTML()

    def redraw(_: object = None) -> None:
        values = {name: control.value for name, control in controls.items()}
        picture.value = plots.figure_html(*draw(**values), quick=True)

    for control in controls.values():
        control.style.description_width = "initial"
        control.layout.width = "420px"
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*controls.values(), picture])


def draw_augmented(images: Tensor, transform: str, seed: int) -> Drawing:
    """A few crops [N, 1, H, W] above what a transform makes of them."""
    changed = TRANSFORMS[transform](images, torch.Generator().manual_seed(seed))
    figure = contact_sheet(
        torch.cat([images, changed]),
        ["before"] * len(images) + ["after"] * len(images),
        columns=len(images),
        title=f"{transform}, seed {seed}",
    )
    message = f"{len(images)} crops above, and below what “{transform}” makes of each."
    return figure, message


def augmentation_view(images: Tensor) -> ipywidgets.VBox:
    """Choose a transform and a seed, and see what becomes of the crops."""
    return view(
        lambda transform, seed: draw_augmented(images, transform, seed),
        transform=ipywidgets.Dropdown(options=list(TRANSFORMS), description="transform"),
        seed=ipywidgets.IntSlider(value=0, min=0, max=20, description="seed"),
    )


def draw_scores(evaluation: Evaluation, labels: Tensor, threshold: float) -> Drawing:
    """The spread of the classifier's probabilities, cut at a threshold."""
    figure = plots.score_histogram(evaluation.probabilities, labels, threshold)
    return figure, (
        "Histogram of the classifier's probabilities: cars pile up near 1, everything else near 0;"
        f" the dashed line is the threshold {threshold:.2f}."
    )


def score_view(evaluation: Evaluation, labels: Tensor) -> ipywidgets.VBox:
    """Move the threshold and count right and wrong answers."""
    return view(
        lambda threshold: draw_scores(evaluation, labels, threshold),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=0.0, max=1.0, step=0.05, description="threshold"
        ),
    )


@cache
def _shape_only_fcn() -> nn.Module:
    return to_fcn(make_classifier(seed=0), INPUT_SIZE).to("meta")


def draw_shapes(network: str, height: int, width: int) -> Drawing:
    """What every layer makes of an image: a classifier for that size, or the FCN of the course."""
    # Only shapes matter, so nothing is computed: tensors on torch's "meta" device hold no numbers.
    x = torch.zeros(1, 1, height, width, device="meta")
    if network == "classifier":
        with torch.device("meta"):
            model = make_classifier((height, width))
    else:
        model = _shape_only_fcn()
    names, shapes = ["image"], [(1, height, width)]
    for name, layer in model.named_children():
        x = layer.eval()(x)
        names.append(f"{name} {type(layer).__name__}")
        shapes.append(tuple(x.shape[1:]))
    last = "×".join(map(str, shapes[-1]))
    title = f"{network} on {height}×{width} pixels gives {last}"
    return plots.layer_shapes(names, shapes, title), (
        f"One bar for the output of each layer of the {network}, from the image of"
        f" {height}×{width} pixels down to {last}."
    )


def shapes_view() -> ipywidgets.VBox:
    """Choose an image size, and see the shapes inside the classifier and inside the FCN."""
    _shape_only_fcn()  # built now, so that the first click need not wait for it
    return view(
        draw_shapes,
        network=ipywidgets.ToggleButtons(options=["classifier", "FCN"], description="network"),
        height=ipywidgets.IntSlider(value=40, min=40, max=200, step=4, description="height"),
        width=ipywidgets.IntSlider(value=100, min=100, max=320, step=4, description="width"),
    )


def draw_cell(scene: Scene, probability: Tensor, fcn: FCN, row: int, col: int) -> Drawing:
    """An image with the window of one cell, and its heatmap [rows, cols] filled up to that cell."""
    figure = walk_figure(scene.image, probability, fcn.geometry, (row, col))
    x1, y1, x2, y2 = fcn.geometry.box(row, col)
    return figure, (
        f"Cell ({row}, {col}) looks at columns {x1} to {x2 - 1} and rows {y1} to {y2 - 1} of the"
        f" image and says car with probability {probability[row, col]:.2f}. The cells before it are"
        " filled."
    )


def cell_view(scene: Scene, fcn: FCN) -> ipywidgets.VBox:
    """Let the window walk over the image, row after row, and see the heatmap fill."""
    probability = car_probability(fcn_heatmap(fcn, scene.image))
    rows, cols = probability.shape
    return view(
        lambda row, col: draw_cell(scene, probability, fcn, row, col),
        row=ipywidgets.IntSlider(value=rows // 2, max=rows - 1, description="row of the cell"),
        col=ipywidgets.IntSlider(value=cols // 2, max=cols - 1, description="column of the cell"),
    )


def draw_detections(
    scene: Scene, candidates: Detections, threshold: float, nms_iou: float
) -> Drawing:
    """What is left of all candidates after a threshold and non-maximum suppression."""
    sure = candidates.scores >= threshold
    boxes, scores = candidates.boxes[sure], candidates.scores[sure]
    keep = nms(boxes, scores, nms_iou)
    found = Detections(boxes[keep], scores[keep])
    hits = int(match(found, scene.boxes, iou_at_least(0.5)).sum())
    figure = plots.scene_figure(
        scene.image,
        found,
        scene.boxes,
        title=f"{len(boxes)} cells above {threshold:.2f}, {len(found.boxes)} boxes after NMS",
    )
    return figure, (
        f"Of {len(scene.boxes)} cars {hits} are found, with {len(found.boxes) - hits} false alarms,"
        f" at threshold {threshold:.2f}, overlap allowed: {nms_iou:.2f}."
    )


def detection_view(scene: Scene, detector: Detector) -> ipywidgets.VBox:
    """Move the threshold and the overlap of NMS, and see which boxes stay."""
    candidates = detector.candidates(scene.image)
    # Cells that no slider position can show only make each answer slower.
    candidates = Detections(*(part[candidates.scores >= 0.05] for part in candidates))
    return view(
        lambda threshold, nms_iou: draw_detections(scene, candidates, threshold, nms_iou),
        threshold=ipywidgets.FloatSlider(
            value=0.5, min=0.05, max=1.0, step=0.05, description="threshold"
        ),
        nms_iou=ipywidgets.FloatSlider(
            value=0.3, min=0.0, max=1.0, step=0.05, description="NMS: overlap allowed (IoU)"
        ),
    )
