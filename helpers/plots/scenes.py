"""Figures about scenes and their boxes."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor

from helpers.boxes import Detections
from helpers.datasets import Crops, Scene
from helpers.plots.style import (
    BLUE,
    GREEN,
    ORANGE,
    framed_figure,
    legible,
    new_figure,
    picture,
    plain_names,
    plot_boxes,
    plot_scene,
)


def scene_figure(
    image: Tensor,
    detections: Detections,
    ground_truth: Tensor | None = None,
    *,
    title: str = "",
    labels: Tensor | None = None,
    classes: Sequence[str] = (),
) -> Figure:
    """A scene with its detections (true in blue, false in red) and, dashed, the ground truth.

    Without `ground_truth` every detection is blue. `labels` and `classes` as for `plot_scene`.
    """
    height, width = image.shape[-2:]
    # Room for the margins around the image, the title and the labels.
    figure, axes = framed_figure(8, 7.2 * (height + 40) / (width + 40) + 0.85)
    how = {"legend": False, "labels": labels, "classes": classes}
    plot_scene(axes, image, detections, ground_truth, **how)
    # A file's name may hold anything: dollars are no formula.
    axes.set_title(legible(title), loc="left", fontsize=11, parse_math=False)
    axes.set(xlabel="column (pixels)", ylabel="row (pixels)")
    if axes.get_legend_handles_labels()[0]:  # above the picture, of which it hides nothing
        axes.legend(loc="lower right", bbox_to_anchor=(1.01, 0.98), ncols=3, frameon=False)
    axes.set(xticks=range(0, width, 100), yticks=range(0, height, 50))  # few: each takes time
    return figure


def detections_figure(
    scenes: Sequence[Scene], detections: Sequence[Detections], *, columns: int = 2
) -> Figure:
    """Several scenes, at least one, with the detections in each.

    Raises ValueError without scenes, and if the detections are of more or fewer scenes.
    """
    if len(scenes) == 0 or len(scenes) != len(detections):
        raise ValueError(f"{len(scenes)} scenes and detections of {len(detections)} to show")
    rows = -(-len(scenes) // columns)
    figure, axes = new_figure(5 * columns, 2.6 * rows, rows, columns)
    for spot in axes.flat:
        spot.axis("off")
    for k, (spot, scene, one) in enumerate(zip(axes.flat, scenes, detections, strict=False)):
        several = {"labels": scene.labels, "classes": scene.classes} if _has_several(scene) else {}
        plot_scene(spot, scene.image, one, scene.boxes, legend=k == 0, **several)
    return figure


def _has_several(scene: Scene) -> bool:
    """Whether there is more to tell apart than one class and the rest."""
    return len(scene.classes) > 2


@plain_names
def gallery(
    crops: Crops,
    scenes: Sequence[Scene],
    *,
    columns: int = 8,
    title: str = "Drawn crops and scenes",
) -> Figure:
    """What a data set shows: objects, then other crops, above scenes with their ground truth.

    Objects have a solid blue frame, others a dotted orange one. Raises ValueError if there are no
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
    what = crops.classes[1] if len(crops.classes) == 2 else "object"
    above.suptitle(f"crops: a {what} (blue frame), or none (orange, dotted)", fontsize=10)
    for k, spot in enumerate(above.subplots(rows, columns, squeeze=False).flat):
        spot.set(xticks=[], yticks=[])
        spot.spines[:].set_visible(k < len(crops))
        if k < len(crops):
            number = int(order[k])
            picture(spot, crops.images[number])
            colour, style = ((ORANGE, ":"), (BLUE, "-"))[int(crops.labels[number] > 0)]
            spot.spines[:].set(color=colour, linestyle=style, linewidth=1.8)
    below.suptitle("scenes: the ground truth in green, dashed", fontsize=10)
    shapes = [scene.image.shape[-1] / scene.image.shape[-2] for scene in scenes]
    spots = below.subplots(1, len(scenes), squeeze=False, width_ratios=shapes)
    for spot, scene in zip(spots.flat, scenes, strict=True):
        spot.axis("off")
        picture(spot, scene.image)
        plot_boxes(spot, scene.boxes, GREEN, style="--")
        _, tall_scene, wide = scene.image.shape
        spot.set(xlim=(-0.5, wide - 0.5), ylim=(tall_scene - 0.5, -0.5))
    return figure
