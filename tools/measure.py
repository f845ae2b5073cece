"""What the course measured: the table at the end of `make run`, computed on the drawn data."""

import sys

from helpers.cli.bench import heatmap_ratios
from helpers.datasets import load_crops, load_scenes
from helpers.evaluation import evaluate_detector
from helpers.fcn import to_fcn
from helpers.heatmap import fcn_heatmap, sliding_window_heatmap
from helpers.models import INPUT_SIZE, load_pretrained
from helpers.training import evaluate

Row = tuple[str, str]


def measure() -> list[Row]:
    """The course's results as rows (what, how much), from the data and weights that ship with it.

    Takes about two minutes on two cores. Raises as the loaders do if something is missing.
    """
    model = load_pretrained()
    crops, scenes = load_crops("street", "test"), load_scenes("street", "test")
    accuracy = evaluate(model, crops).accuracy

    fcn = to_fcn(model, INPUT_SIZE)
    in_one_pass = fcn_heatmap(fcn, scenes[0].image)
    by_hand = sliding_window_heatmap(model, scenes[0].image, stride=fcn.geometry.stride)
    difference = (in_one_pass - by_hand).abs().max().item()
    cells = in_one_pass[0].numel()

    progress = sys.stderr.isatty()  # in a log, a bar is one endless line
    plain, fast, *_ = heatmap_ratios(repeats=3, progress=progress)
    scores = evaluate_detector(model, scenes, progress=progress)
    return [
        (f"accuracy on {len(crops)} held-out crops", f"{accuracy:.1%}"),
        (f"classifier and FCN, largest difference in {cells} cells", f"{difference:.1e}"),
        *(
            (
                f"heatmap against brute-force windows, 220×370 image, {name}",
                f"{ratio.median:.1f} times as fast ({ratio.low:.1f} to {ratio.high:.1f})",
            )
            for name, ratio in (("FCN", plain), ("by FFT", fast))
        ),
        (f"detection AUC on {len(scenes)} scenes, before NMS", f"{scores.auc_before_nms:.4f}"),
        (f"detection AUC on {len(scenes)} scenes, after NMS", f"{scores.auc:.4f}"),
    ]
