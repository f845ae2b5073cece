"""What is each part of the training for cars of all sizes worth? Leave it out, and ask mosaics.

The drawings are the same for each variant. Some networks are trained on them with everything and
without each part, and judged by scenes put together from photographed crops.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from helpers import all_sizes
from helpers.cli.ablation import Results, digest, resumed, variants
from helpers.datasets import Crops, Scene
from helpers.detector import pyramid
from helpers.evaluation import EPOCHS, MOSAICS, mosaics_equal_error_rates
from helpers.models import make_classifier

NUMBERS = (21, 22)  # of the mosaics that judge; others chose the weights


def ablate_sizes(
    judge: Crops,
    crops: Crops,
    scenes: Sequence[Scene],
    *,
    seeds: int = 3,
    epochs: int = EPOCHS,
    results_file: Path | None = None,
    progress: bool = True,
) -> Results:
    """Equal error rates of networks trained with and without each part of `fit_all_sizes`.

    Args:
        judge: crops that mosaics are made of.
        crops: to learn from.
        scenes: to learn from, with cars of all sizes.
        seeds: how many networks for each variant.
        epochs: how often each crop is seen.
        results_file: as for `ablate`.
        progress: show bars.

    Returns:
        For each variant and seed what `mosaics_equal_error_rates` gives: all sizes, and one size.

    Raises:
        ValueError: for no seeds, and a file of another order.
    """
    if seeds < 1:
        raise ValueError(f"seeds must be at least 1, not {seeds}")
    order = {
        "crops": digest(crops.images, crops.labels),
        "scenes": digest(*(t for scene in scenes for t in (scene.image, scene.boxes))),
        "judge": digest(judge.images, judge.labels),
        "epochs": epochs,
        "windows": all_sizes.WINDOWS,
        "scales": list(pyramid()),
        "mosaics": [MOSAICS, *NUMBERS],
        "torch": torch.__version__,
    }
    without = variants(all_sizes.PARTS)

    def prepare(name: str) -> Callable[[int], tuple[float, float]]:
        def measure(seed: int) -> tuple[float, float]:
            model = make_classifier(seed=seed)
            all_sizes.fit_all_sizes(
                model,
                crops,
                scenes,
                pyramid(),
                epochs=epochs,
                seed=seed,
                without=without[name],
                progress=progress,
            )
            return mosaics_equal_error_rates(model, judge, NUMBERS, progress=progress)

        return measure

    return resumed(without, seeds, order, results_file, prepare)
