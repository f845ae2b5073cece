"""Interactive views: sliders around the plain plotting functions.

Each view is a row of controls above a picture; the picture is made by a function of its own that
takes plain values and returns a figure with its message, so that it can be tested, and shown once
for pages without a running kernel.

>>> figure, message = plot_shapes("FCN", 40, 200)
>>> message
'One bar for the output of each layer of the FCN, from the image of 40×200 pixels down to 2×1×26.'
"""

from helpers.widgets.classifier import (
    plot_scores,
    score_view,
)
from helpers.widgets.data import (
    augmentation_view,
    crops_of_kind,
    data_view,
    plot_augmented,
    plot_crops,
)
from helpers.widgets.heatmaps import (
    cell_view,
    plot_cell,
    plot_shapes,
    shapes_view,
)
from helpers.widgets.metrics import (
    plot_suppression,
    plot_threshold,
    suppression_curves,
    suppression_view,
    threshold_view,
)
from helpers.widgets.scenes import (
    detection_view,
    plot_detections,
    plot_level,
    pyramid_levels,
    pyramid_view,
    scenes_view,
)
from helpers.widgets.view import (
    view,
)

__all__ = [
    "augmentation_view",
    "cell_view",
    "crops_of_kind",
    "data_view",
    "detection_view",
    "plot_augmented",
    "plot_cell",
    "plot_crops",
    "plot_detections",
    "plot_level",
    "plot_scores",
    "plot_shapes",
    "plot_suppression",
    "plot_threshold",
    "pyramid_levels",
    "pyramid_view",
    "scenes_view",
    "score_view",
    "shapes_view",
    "suppression_curves",
    "suppression_view",
    "threshold_view",
    "view",
]
