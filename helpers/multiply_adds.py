"""How much arithmetic a heatmap takes: multiply-adds, counted while the networks run.

One multiply-add (MAC) is two FLOPs, a multiplication and an addition.

>>> layer = nn.Conv2d(1, 2, 3)
>>> with torch.no_grad(), count_multiply_adds(layer) as counted:
...     _ = layer(torch.zeros(1, 1, 5, 5))
>>> counted  # 2 maps of 3×3 numbers, each of 3×3 products
[162]
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from helpers.acceleration import accelerate
from helpers.fcn import to_fcn
from helpers.fft import FFTConv2d
from helpers.geometry import Geometry
from helpers.heatmap import dense_heatmap, fcn_heatmap


@contextmanager
def count_multiply_adds(model: nn.Module) -> Iterator[list[int]]:
    """Within it, every layer of `model` that multiplies appends its multiply-adds to a list.

    Counted are `nn.Conv2d`, `nn.Linear` and `FFTConv2d`, as by `fvcore` or `thop`. Lesson 05.
    """
    counted: list[int] = []

    def note(layer: nn.Module, _: tuple, output: Tensor) -> None:
        if isinstance(layer, FFTConv2d):
            counted.append(len(output) * layer.multiply_adds(tuple(output.shape[-2:])))
        else:
            counted.append(output.numel() * layer.weight[0].numel())

    kinds = (nn.Conv2d, nn.Linear, FFTConv2d)
    hooks = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, kinds)]
    try:
        yield counted
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def heatmap_multiply_adds(
    model: nn.Module, input_size: tuple[int, int], size: tuple[int, int]
) -> dict[str, int]:
    """Multiply-adds of the ways to a heatmap of an image. Lesson 05.

    Windows one by one, the FCN, the FCN by FFT, each at the FCN's stride; and windows one by one
    and the dense heatmap at stride 1.

    Args:
        model: a classifier for crops of `input_size` (height, width).
        input_size: in pixels.
        size: (height, width) of the image.

    Returns:
        Multiply-adds by name.
    """
    fcn = to_fcn(model, input_size).eval()
    fast = accelerate(fcn)
    weight = next(model.parameters())
    image = torch.zeros(weight.shape[1], *size).to(weight)
    with count_multiply_adds(model) as window:
        model(image[None, :, : input_size[0], : input_size[1]])
    with count_multiply_adds(fcn) as direct:
        fcn_heatmap(fcn, image)
    with count_multiply_adds(fast) as by_fft:
        fcn_heatmap(fast, image)
    with count_multiply_adds(fast) as dense:
        dense_heatmap(fast, image)
    rows, cols = fcn.geometry.cells(*size)
    every = Geometry(input_size, (1, 1), input_size).cells(*size)
    stride = "×".join(map(str, dict.fromkeys(fcn.geometry.stride)))
    return {
        f"windows, stride {stride}": sum(window) * rows * cols,
        f"FCN, stride {stride}": sum(direct),
        f"FCN by FFT, stride {stride}": sum(by_fft),
        "windows, every pixel": sum(window) * every[0] * every[1],
        "dense, every pixel": sum(dense),
    }
