"""Pictures of the course as a whole: what the data show, and what the detector finds."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from helpers.boxes import Detections
from helpers.datasets import Crops, Scene
from helpers.figures import BLUE, GREEN, ORANGE, draw_boxes, draw_scene, new_figure, picture


def detections_figure(
    scenes: Sequence[Scene], found: Sequence[Detections], *, columns: int = 2
) -> Figure:
    """Several scenes with what was found in each."""
    rows = -(-len(scenes) // columns)
    figure, axes = new_figure(5 * columns, 2.6 * rows, rows, columns)
    for spot in axes.flat:
        spot.axis("off")
    for k, (spot, scene, detections) in enumerate(zip(axes.flat, scenes, found, strict=False)):
        draw_scene(spot, scene.image, detections, scene.boxes, legend=k == 0)
    return figure


def gallery(
    crops: Crops,
    scenes: Sequence[Scene],
    *,
    columns: int = 8,
    title: str = "Drawn crops and scenes",
) -> Figure:
    """What a data set shows: its cars, then its other crops, above a row of scenes with true boxes.

    Cars have a solid blue frame, others a dotted orange one. Raises ValueError if there are no
    crops or no scenes to show.
    """
    if len(crops) == 0 or len(scenes) == 0:
        raise ValueError("a gallery needs at least one crop and one scene")
    order = crops.labels.argsort(descending=True, stable=True)
    rows = -(-len(crops) // columns)
    height, width = crops.images.shape[-2:]
    tall = rows * (10 / columns) * height / width
    # In the width of the figure, side by side, the scenes are as high as this.
    low = 10 / sum(scene.image.shape[-1] / scene.image.shape[-2] for scene in scenes)
    figure = Figure(figsize=(10, tall + low + 1.1), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    figure.suptitle(title)
    above, below = figure.subfigures(2, 1, height_ratios=[tall + 0.4, low + 0.4])
    above.suptitle("crops: a car (blue frame), or none (orange, dotted)", fontsize=10)
    for k, spot in enumerate(above.subplots(rows, columns, squeeze=False).flat):
        spot.set(xticks=[], yticks=[])
        spot.spines[:].set_visible(k < len(crops))
        if k < len(crops):
            number = int(order[k])
            picture(spot, crops.images[number])
            colour, style = ((ORANGE, ":"), (BLUE, "-"))[int(crops.labels[number])]
            spot.spines[:].set(color=colour, linestyle=style, linewidth=1.8)
    below.suptitle("scenes: each true box in green, dashed", fontsize=10)
    shapes = [scene.image.shape[-1] / scene.image.shape[-2] for scene in scenes]
    spots = below.subplots(1, len(scenes), squeeze=False, width_ratios=shapes)
    for spot, scene in zip(spots.flat, scenes, strict=True):
        spot.axis("off")
        picture(spot, scene.image)
        draw_boxes(spot, scene.boxes, GREEN, style="--")
        _, tall_scene, wide = scene.image.shape
        spot.set(xlim=(-0.5, wide - 0.5), ylim=(tall_scene - 0.5, -0.5))
    return figure
