"""The figures of the course: each function takes data and returns a matplotlib `Figure`.

`from helpers import plots` gives every figure; `plots.show` puts one on the page, with words for
those who do not see it. Where they are: `data` (crops, splits), `classifier` (training, scores,
ROC, calibration), `fcn` (layer shapes, kernels, multiply-adds), `heatmaps`, `scenes` (boxes on
images), `metrics` (errors, precision and recall, intervals), `scales` (pyramids), `bench`; and in
`style` what all share.
"""

from helpers.plots.bench import (
    bench_figure,
)
from helpers.plots.classifier import (
    answers_after_shift,
    confusion_figure,
    grouped_accuracy_bars,
    reliability_figure,
    roc_figure,
    score_histogram,
    training_curves,
)
from helpers.plots.data import (
    accuracy_bars,
    contact_sheet,
    crop_grid,
    pictures_with_boxes,
    split_histogram,
)
from helpers.plots.fcn import (
    layer_shapes,
    multiply_adds_figure,
    reshape_figure,
)
from helpers.plots.heatmaps import (
    heatmap_figure,
    walk_figure,
)
from helpers.plots.metrics import (
    area_figure,
    interval_figure,
    judged_figure,
    logit_figure,
    plot_judged,
    precision_recall_figure,
    scene_and_curve,
)
from helpers.plots.scales import (
    level_figure,
    pyramid_figure,
    size_curve,
)
from helpers.plots.scenes import (
    detections_figure,
    gallery,
    overlap_figure,
    scene_figure,
)
from helpers.plots.style import (
    BLUE,
    DPI,
    GREEN,
    GREY,
    ORANGE,
    RED,
    figure_html,
    framed_figure,
    new_figure,
    picture,
    plot_boxes,
    plot_scene,
    png,
    show,
)

__all__ = [
    "BLUE",
    "DPI",
    "GREEN",
    "GREY",
    "ORANGE",
    "RED",
    "accuracy_bars",
    "answers_after_shift",
    "area_figure",
    "bench_figure",
    "confusion_figure",
    "contact_sheet",
    "crop_grid",
    "detections_figure",
    "figure_html",
    "framed_figure",
    "gallery",
    "grouped_accuracy_bars",
    "heatmap_figure",
    "interval_figure",
    "judged_figure",
    "layer_shapes",
    "level_figure",
    "logit_figure",
    "multiply_adds_figure",
    "new_figure",
    "overlap_figure",
    "picture",
    "pictures_with_boxes",
    "plot_boxes",
    "plot_judged",
    "plot_scene",
    "png",
    "precision_recall_figure",
    "pyramid_figure",
    "reliability_figure",
    "reshape_figure",
    "roc_figure",
    "scene_and_curve",
    "scene_figure",
    "score_histogram",
    "show",
    "size_curve",
    "split_histogram",
    "training_curves",
    "walk_figure",
]
