"""What a machine can do at best: the limit that a measured time is compared with."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from helpers.acceleration import accelerate
from helpers.cli.baseline import CANVAS
from helpers.fcn import to_fcn
from helpers.fft import FFTConv2d
from helpers.models import INPUT_SIZE, make_classifier
from helpers.timing import Ratio, seconds


@dataclass(frozen=True)
class Machine:
    """A processor, and two rates that were measured on it.

    `multiply_adds` a second in a product of matrices, `bytes` a second that a sum reads.
    """

    processor: str
    threads: int
    instructions: str
    multiply_adds: float
    bytes: float

    @classmethod
    def measured(cls, *, side: int = 1536, numbers: int = 2**26, repeats: int = 7) -> "Machine":
        """This machine, as fast as it was in the best of a few runs.

        Args:
            side: of the square matrices.
            numbers: how many float32 are read: more than the caches hold.
            repeats: how often each is timed.
        """
        matrix, memory = torch.rand(side, side), torch.ones(numbers)
        product = torch.empty_like(matrix)
        multiply = min(
            seconds(lambda: torch.mm(matrix, matrix, out=product)) for _ in range(repeats + 1)
        )
        read = min(seconds(memory.sum) for _ in range(repeats + 1))
        return cls(
            processor=_processor(),
            threads=torch.get_num_threads(),
            instructions=torch.backends.cpu.get_cpu_capability(),
            multiply_adds=side**3 / multiply,
            bytes=memory.nbytes / read,
        )

    def __str__(self) -> str:
        return (
            f"{self.processor} ({os.cpu_count()} cores), {self.threads} threads,"
            f" {self.instructions}, torch {torch.__version__}:"
            f" {self.multiply_adds / 1e9:.0f} billion multiply-adds a second in a product of"
            f" matrices, {self.bytes / 1e9:.0f} GB a second read from memory"
        )

    def limit(self, cost: "Cost", images: int = 1) -> float:
        """Seconds that an image takes at least, if the weights are read once for all `images`.

        Arithmetic and reading may go on at the same time, so that the longer of the two counts.
        """
        return max(cost.multiply_adds / self.multiply_adds, cost.weight_bytes / images / self.bytes)


@dataclass(frozen=True)
class Cost:
    """What one image takes: multiply-adds, and the bytes of all weights that are read for it."""

    multiply_adds: int
    weight_bytes: int


@torch.no_grad()
def cost_of(network: nn.Module, image: Tensor) -> Cost:
    """What a network really does for one image [C, H, W], in its convolutions as they are run."""
    costs: list[Cost] = []

    def note(layer: nn.Module, _: tuple, output: Tensor) -> None:
        if isinstance(layer, FFTConv2d):
            costs.append(Cost(*layer.cost(tuple(output.shape[-2:]))))
        else:
            weight = layer.weight
            count = prod(output.shape[1:]) * weight[0].numel()
            costs.append(Cost(count, weight.numel() * weight.element_size()))

    kinds = (nn.Conv2d, FFTConv2d)
    hooks = [m.register_forward_hook(note) for m in network.modules() if isinstance(m, kinds)]
    try:
        network(image[None])
    finally:
        for hook in hooks:
            hook.remove()
    return Cost(sum(c.multiply_adds for c in costs), sum(c.weight_bytes for c in costs))


def limits_table(rows: Sequence[tuple[str, float, float]]) -> str:
    """Lines of (what, seconds measured, seconds at the machine's limit), with their share.

    >>> print(limits_table([("a heatmap", 0.02, 0.01)]))
    a heatmap: 20.0 ms; the machine's limit 10.0 ms, 50 % of that
    """
    return "\n".join(
        f"{what}: {1e3 * time:.1f} ms; the machine's limit {1e3 * limit:.1f} ms,"
        f" {100 * limit / time:.0f} % of that"
        for what, time, limit in rows
    )


@torch.no_grad()
def heatmap_limits(
    machine: Machine, *, size: tuple[int, int] = CANVAS, images: int = 16, repeats: int = 7
) -> tuple[Ratio, list[tuple[str, float, float]]]:
    """One of many images at once against one alone, and both against the machine's limit.

    Args:
        machine: this one.
        size: (height, width) of the images.
        images: how many go through the network at once.
        repeats: how often both are timed, in turns.

    Returns:
        The ratio; and (what, seconds for one image, seconds at the limit) of both.
    """
    fast, image = (
        accelerate(to_fcn(make_classifier(seed=0), INPUT_SIZE), tune=True),
        torch.rand(1, *size),
    )
    batch = image[None].repeat(images, 1, 1, 1)
    fast(batch[:1])
    fast(batch)
    alone, together = [], []
    for _ in range(repeats):
        alone.append(seconds(lambda: fast(batch[:1])))
        together.append(seconds(lambda: fast(batch)) / images)
    cost = cost_of(fast, image)
    what = f"heatmap of {size[0]}×{size[1]}, accelerated FCN"
    rows = [
        (f"{what}, one alone", median(alone), machine.limit(cost)),
        (f"{what}, one of {images} at once", median(together), machine.limit(cost, images)),
    ]
    return Ratio.of(f"{what}, one of {images} at once", "one alone", alone, together), rows


def _processor() -> str:
    """Its name, as Linux or Python knows it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
