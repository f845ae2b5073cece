"""What a machine can do at best: the limit that a measured time is compared with."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from statistics import median

import torch
from torch import Tensor, nn

from helpers.acceleration import accelerate
from helpers.cli.baseline import CANVAS
from helpers.devices import full_precision, processor
from helpers.fcn import to_fcn
from helpers.fft import FFTConv2d
from helpers.models import INPUT_SIZE, make_classifier
from helpers.timing import Ratio, seconds


@dataclass(frozen=True)
class Machine:
    """A processor, and two rates that were measured on it.

    `multiply_adds` a second in a product of matrices, `bytes` a second that a sum reads. `device`
    is "cpu", "cuda" or "mps".
    """

    processor: str
    threads: int
    instructions: str
    multiply_adds: float
    bytes: float
    device: str = "cpu"

    @classmethod
    @full_precision()
    def measured(
        cls,
        device: str = "cpu",
        *,
        side: int | None = None,
        numbers: int | None = None,
        repeats: int = 7,
    ) -> "Machine":
        """This machine, as fast as it was in the best of a few runs.

        Args:
            device: "cpu", "cuda" or "mps".
            side: of the square matrices; None: 1536, on a GPU 8192.
            numbers: how many float32 are read: more than the caches hold; None: 2**26, on a GPU
                2**28.
            repeats: how often each is timed.
        """
        side = side or (1536 if device == "cpu" else 8192)
        numbers = numbers or 2 ** (26 if device == "cpu" else 28)
        matrix = torch.rand(side, side, device=device)
        memory = torch.ones(numbers, device=device)
        product = torch.empty_like(matrix)
        multiply = min(
            seconds(lambda: torch.mm(matrix, matrix, out=product)) for _ in range(repeats + 1)
        )
        read = min(seconds(memory.sum) for _ in range(repeats + 1))
        return cls(
            processor=processor(device),
            threads=torch.get_num_threads(),
            instructions=_instructions(device),
            multiply_adds=side**3 / multiply,
            bytes=memory.nbytes / read,
            device=device,
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
    """What something takes: multiply-adds, and the bytes of all weights, each read once."""

    multiply_adds: int
    weight_bytes: int


@torch.no_grad()
def cost_of(network: nn.Module, image: Tensor, run: Callable[[], object] | None = None) -> Cost:
    """What a network really does in its layers that multiply, as they are run.

    Args:
        network: any.
        image: Tensor[C, H, W] that it is given.
        run: does something else with the network instead.
    """
    counted: list[int] = []
    weights: dict[nn.Module, int] = {}

    def note(layer: nn.Module, _: tuple, output: Tensor) -> None:
        if isinstance(layer, FFTConv2d):
            count, size = layer.cost(tuple(output.shape[-2:]))
        else:
            weight = layer.weight
            count, size = prod(output.shape[1:]) * weight[0].numel(), weight.nbytes
        counted.append(len(output) * count)
        weights[layer] = max(size, weights.get(layer, 0))

    kinds = (nn.Conv2d, nn.Linear, FFTConv2d)
    hooks = [m.register_forward_hook(note) for m in network.modules() if isinstance(m, kinds)]
    try:
        network(image[None]) if run is None else run()
    finally:
        for hook in hooks:
            hook.remove()
    return Cost(sum(counted), sum(weights.values()))


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
    machine: Machine,
    *,
    size: tuple[int, int] = CANVAS,
    images: int = 16,
    repeats: int = 7,
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
    fast = accelerate(to_fcn(make_classifier(seed=0).to(machine.device), INPUT_SIZE), tune=True)
    image = torch.rand(1, *size, device=machine.device)
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
    what, limit = rows[1][0], rows[1][2]
    return Ratio.of(what, "one alone", alone, together, limit), rows


def _instructions(device: str) -> str:
    """What it understands: of a CPU the widest vectors, of a GPU its generation."""
    if device == "cuda":
        return "compute capability {}.{}".format(*torch.cuda.get_device_capability())
    return torch.backends.cpu.get_cpu_capability() if device == "cpu" else device
