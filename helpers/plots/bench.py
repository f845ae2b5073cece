"""The chart of `python -m helpers bench`."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

from matplotlib.figure import Figure

from helpers.plots.style import BLUE, ORANGE, new_figure
from helpers.timing import Ratio


def bench_figure(ratios: Sequence[Ratio], multiply_adds: Mapping[str, int]) -> Figure:
    """How much arithmetic each way to a heatmap takes, and how many times faster each one is.

    Beside them, how many times faster it could be at most on this machine, where that is known.
    """
    figure, [[left], [right]] = new_figure(
        9, 0.42 * (len(ratios) * 1.6 + len(multiply_adds)) + 2, 2, 1
    )
    for axes, count in ((left, len(multiply_adds)), (right, len(ratios))):
        axes.set_yticks(range(count))
        axes.set_ylim(count - 0.4, -0.6)  # the first on top
        axes.set_xscale("log")
    left.barh(
        range(len(multiply_adds)), [count / 1e9 for count in multiply_adds.values()], color=BLUE
    )
    for k, count in enumerate(multiply_adds.values()):
        left.text(count / 1e9 * 1.15, k, f"{count / 1e9:.3g}", va="center", fontsize=9)
    left.set_yticklabels(multiply_adds)
    left.set(title="Arithmetic of one heatmap", xlabel="billion multiply-adds (log scale)")
    left.set_xlim(min(multiply_adds.values()) / 4e9, max(multiply_adds.values()) / 1e9 * 4)
    middle = [ratio.median for ratio in ratios]
    spread = [
        [ratio.median - ratio.low for ratio in ratios],
        [ratio.high - ratio.median for ratio in ratios],
    ]
    right.barh(range(len(ratios)), middle, xerr=spread, color=ORANGE, ecolor="black", capsize=3)
    for k, ratio in enumerate(ratios):
        right.text(ratio.high * 1.15, k, f"{ratio.median:.1f} times", va="center", fontsize=9)
    limits = {k: ratio.median / ratio.share for k, ratio in enumerate(ratios) if ratio.share}
    right.vlines(limits.values(), [k - 0.4 for k in limits], [k + 0.4 for k in limits], BLUE, lw=3)
    names = [f"{ratio.what} against {ratio.reference}" for ratio in ratios]
    right.set_yticklabels(["\n".join(wrap(name, 48)) for name in names], fontsize=8)
    label = "times faster (log scale); the line: lowest to highest"
    right.set(title="Speed", xlabel=label + "; the bar: the machine's limit" * bool(limits))
    right.set_xlim(0.8, max([*limits.values(), *(ratio.high for ratio in ratios)]) * 4)
    return figure
