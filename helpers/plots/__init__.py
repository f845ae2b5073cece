"""The figures of the course: each function takes data and returns a matplotlib `Figure`.

`from helpers import plots` gives every figure; `plots.show` puts one on the page, with words for
those who do not see it. Where they are: `data` (crops, splits), `classifier` (training, scores,
calibration), `fcn` (layer shapes, kernels), `heatmaps`, `scenes` (boxes on images), `metrics` (ROC,
errors, precision and recall), `scales` (pyramids), `bench`; and in `style` what all share.
"""

from helpers.plots.bench import (
    bench_figure,
)
from helpers.plots.classifier import (
    confusion_figure,
    reliability_figure,
    score_histogram,
    training_curves,
)
from helpers.plots.data import (
    contact_sheet,
    crop_grid,
    pictures_with_boxes,
)
from helpers.plots.fcn import (
    layer_shapes,
    reshape_figure,
)
from helpers.plots.heatmaps import (
    heatmap_figure,
    walk_figure,
)
from helpers.plots.metrics import (
    area_figure,
    judged_figure,
    plot_judged,
    precision_recall_figure,
    roc_figure,
    scene_and_curve,
)
from helpers.plots.scales import (
    level_figure,
    pyramid_figure,
)
from helpers.plots.scenes import (
    detections_figure,
    gallery,
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
    legible,
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
    "area_figure",
    "bench_figure",
    "confusion_figure",
    "contact_sheet",
    "crop_grid",
    "detections_figure",
    "figure_html",
    "framed_figure",
    "gallery",
    "heatmap_figure",
    "judged_figure",
    "layer_shapes",
    "legible",
    "level_figure",
    "new_figure",
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
    "training_curves",
    "walk_figure",
]
