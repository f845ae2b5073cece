"""The same FCN, faster: five changes that leave its answers as they are.

1. Batch normalisation is a scale and a shift for each channel: they go into the convolution before.
2. max(relu(x)) = relu(max(x)): pool first, and ReLU has a quarter of the numbers.
3. Convolutions with large kernels are done by Fourier transform, where that costs less.
4. The channels of a pixel lie side by side in memory (channels last): pooling is many times faster.
   (But not where that makes a network slower: see `prefers_channels_last`.)
5. ReLU overwrites its input, where nobody else needs that.

What is done how follows rules and counts; with `tune=True` it is measured on this machine.

>>> from helpers.fcn import to_fcn
>>> from helpers.models import make_classifier
>>> fcn = to_fcn(make_classifier((16, 24), seed=0).eval(), (16, 24))
>>> image = torch.rand(1, 1, 60, 80)
>>> with torch.no_grad():
...     torch.allclose(accelerate(fcn)(image), fcn(image), atol=1e-5)
True
"""

import copy
import hashlib
import threading
from collections import OrderedDict
from math import ceil, prod
from pathlib import Path

import torch
from torch import Tensor, fx, nn
from torch.nn.functional import relu
from torch.nn.utils.fusion import fuse_conv_bn_eval

from helpers.choices import Choices
from helpers.devices import full_precision
from helpers.fcn.network import FCN, check_channels
from helpers.fft import FFTConv2d, can_use_fft
from helpers.geometry import Geometry
from helpers.tuning import fastest

# A 3×3 convolution is never faster by Fourier transform.
SMALLEST_KERNEL = 10
# Fewer channels than this, side by side, do not fill a processor's registers.
FEW_CHANNELS = 16
# Images of so many pixels go through the layers together: they share the passage of the weights
# through memory, and what one layer leaves for the next stays in the cache.
GROUP_PIXELS = 2**18
# Threads that use one network would measure each other.
_one_at_a_time = threading.RLock()
# Layers whose output shares no memory with their input.
MAKE_NEW_TENSORS = nn.Conv2d | FFTConv2d | nn.MaxPool2d | nn.AvgPool2d


class FastFCN(nn.Module):
    """What `accelerate` makes: images [N, C, H, W] -> logits [N, classes, rows, cols], no training.

    `body` is the network itself, `geometry` and `channels` are those of the FCN it was made from,
    `channels_last` says how its images lie in memory; with `choices`, that is measured with the
    first image. Lesson 05.
    """

    def __init__(
        self,
        body: nn.Module,
        geometry: Geometry,
        *,
        channels: tuple[int, ...] = (),
        channels_last: bool = True,
        choices: Choices | None = None,
    ) -> None:
        super().__init__()
        self.body = body
        self.geometry = geometry
        self.channels = channels
        self.eval().requires_grad_(False)
        self._lay_out(channels_last)
        self._choices = choices
        self._layouts: dict[int, bool] = {}  # channels last? for each number of threads

    @full_precision()
    def forward(self, images: Tensor) -> Tensor:
        if images.ndim != 4:
            raise ValueError(f"expected images [N, C, H, W], not {list(images.shape)}")
        check_channels(images, self.channels)
        together = max(1, GROUP_PIXELS // max(1, prod(images.shape[-2:])))
        if self._choices is not None and images.numel():
            self._choose_layout(images[:together])
        if len(images) <= together:
            return self._run(images)
        groups = images.tensor_split(ceil(len(images) / together))  # of nearly one size
        return torch.cat([self._run(group) for group in groups])

    def _run(self, images: Tensor) -> Tensor:
        return self.body(images.contiguous(memory_format=_layout(self.channels_last)))

    def _lay_out(self, channels_last: bool) -> None:
        self.channels_last = channels_last
        with torch.inference_mode(False):  # weights that were made there could not be loaded anew
            self.body.to(memory_format=_layout(channels_last))

    def _choose_layout(self, images: Tensor) -> None:
        """The order of numbers that is fastest, measured once for each number of threads."""
        threads = torch.get_num_threads()
        if self._layouts.get(threads) == self.channels_last:
            return
        with _one_at_a_time:
            if threads not in self._layouts:
                self._layouts[threads] = self._fastest_layout(images)
            self._lay_out(self._layouts[threads])

    def _fastest_layout(self, images: Tensor) -> bool:
        """Whether images are faster with channels last; as remembered, or measured."""

        def run(channels_last: bool) -> None:
            self._lay_out(channels_last)
            self._run(images)

        network = hashlib.sha256(str(self.body).encode()).hexdigest()
        case = [network, *images.shape, str(images.dtype)]
        last = self._choices.get(case, images.device.type)
        if not isinstance(last, bool):
            times = fastest((not self.channels_last, self.channels_last), run)
            last = min(times, key=times.get)
            self._choices.put(case, last, images.device.type)
        return last


def _layout(channels_last: bool) -> torch.memory_format:
    return torch.channels_last if channels_last else torch.contiguous_format


@torch.inference_mode(False)  # weights that are made there are refused by torch's convolutions
def accelerate(fcn: nn.Module, *, tune: bool | Path = False) -> FastFCN:
    """A faster copy of an FCN for inference. Lesson 05.

    `FFTConv2d` chooses the tile (or the direct convolution) for each size of image.

    Args:
        fcn: as `to_fcn` gives it; not changed. (Of a network that is fast already, nothing is
            copied, and `tune` does not count.)
        tune: choose by measuring, which takes up to a second for each new size of image; a JSON
            file (see `users_file`) keeps what was measured for the next time. Otherwise by
            counting: then the last digits are the same each time.

    Returns:
        A network whose logits are the FCN's in eval mode, within 1e-5 of the largest.

    Raises:
        TypeError: if `fcn` has no `geometry`: it was not converted.
    """
    fcn = getattr(fcn, "_orig_mod", fcn)  # torch.compile's
    if isinstance(fcn, FastFCN):
        return fcn
    if not isinstance(getattr(fcn, "geometry", None), Geometry):
        raise TypeError("accelerate needs a converted network: to_fcn(model, input_size)")
    choices = Choices(None if tune is True else Path(tune)) if tune else None
    fcn_copy = copy.deepcopy(fcn).eval()
    if getattr(fcn.forward, "__func__", None) is not FCN.forward:  # one's own: a single layer
        fcn_copy = FCN(OrderedDict(network=fcn_copy))
    body = fx.GraphModule(fcn_copy, graph_of(fcn_copy))
    fold_batch_norm(body)
    pool_before_relu(body)
    use_fft(body, choices=choices)
    relu_in_place(body)
    body.delete_all_unused_submodules()
    body.graph.lint()
    body.recompile()
    last = prefers_channels_last(body)
    channels = getattr(fcn, "channels", ())
    return FastFCN(body, fcn.geometry, channels=channels, channels_last=last, choices=choices)


def graph_of(fcn: FCN) -> fx.Graph:
    """The layers of an FCN, and which of them each one reads.

    Not traced: while torch.fx traces, networks that run in other threads fail.
    """
    graph = fx.Graph()
    last = graph.placeholder("images")
    answers = {"": last}
    for name in fcn._modules:
        reads = fcn.wiring.get(name)
        inputs = (last,) if reads is None else tuple(answers[read] for read in reads)
        last = answers[name] = graph.call_module(name, inputs)
    graph.output(last)
    return graph


def prefers_channels_last(body: nn.Module) -> bool:
    """Whether a network should be faster with the channels of each pixel side by side in memory.

    Not where a 1×1 convolution works on groups of channels (up to 7 times slower, as was measured
    with torch 2.13 on x86), nor where all its layers have few channels.
    """
    convolutions = [m for m in body.modules() if isinstance(m, nn.Conv2d | FFTConv2d)]
    widest = max((layer.out_channels for layer in convolutions), default=0)
    grouped = any(
        isinstance(layer, nn.Conv2d) and layer.groups > 1 and prod(layer.kernel_size) == 1
        for layer in convolutions
    )
    return widest >= FEW_CHANNELS and not grouped


def fold_batch_norm(body: fx.GraphModule) -> None:
    """Put each batch normalisation that follows a convolution into its weights and bias.

    Changes `body`. Same as `torch.nn.utils.fusion.fuse_conv_bn_eval` for each pair. Lesson 05.
    """
    for node in list(body.graph.nodes):
        norm, before = _layer(body, node), _only_input(node)
        convolution = _layer(body, before)
        if not (isinstance(norm, nn.BatchNorm2d) and isinstance(convolution, nn.Conv2d)):
            continue
        used = sum(other.target == before.target for other in body.graph.nodes)
        if used == 1 and norm.running_mean is not None:
            body.set_submodule(before.target, fuse_conv_bn_eval(convolution, norm))
            node.replace_all_uses_with(before)
            body.graph.erase_node(node)


def pool_before_relu(body: fx.GraphModule) -> None:
    """Let max-pooling go before a ReLU: ReLU keeps the order of numbers, so the result is equal."""
    for pool in list(body.graph.nodes):
        rectifier = _only_input(pool)
        if isinstance(_layer(body, pool), nn.MaxPool2d) and _is_relu(body, rectifier):
            before = rectifier.args[0]
            pool.replace_all_uses_with(rectifier)
            pool.replace_input_with(rectifier, before)
            rectifier.replace_input_with(before, pool)
            rectifier.prepend(pool)


def relu_in_place(body: fx.GraphModule) -> None:
    """Let ReLU overwrite what a convolution or a pool has made for it alone."""
    for rectifier in list(body.graph.nodes):
        before = _only_input(rectifier)
        if _is_relu(body, rectifier) and isinstance(_layer(body, before), MAKE_NEW_TENSORS):
            name = f"{rectifier.name}_in_place"
            body.add_submodule(name, nn.ReLU(inplace=True))
            with body.graph.inserting_after(rectifier):
                in_place = body.graph.call_module(name, (before,))
            rectifier.replace_all_uses_with(in_place)
            body.graph.erase_node(rectifier)


def use_fft(body: fx.GraphModule, *, choices: Choices | None = None) -> None:
    """Let `FFTConv2d` do every convolution that it can do, but for the very small kernels."""
    for name, layer in list(body.named_modules()):
        if can_use_fft(layer) and prod(layer.kernel_size) >= SMALLEST_KERNEL:
            body.set_submodule(name, FFTConv2d(layer, choices=choices))


def _layer(body: fx.GraphModule, node: fx.Node | None) -> nn.Module | None:
    """The sub-module that a node of the graph calls, if it calls one."""
    return (
        body.get_submodule(node.target) if node is not None and node.op == "call_module" else None
    )


def _only_input(node: fx.Node) -> fx.Node | None:
    """The node that this one works on, if nobody else needs its output."""
    inputs = node.all_input_nodes
    return inputs[0] if len(inputs) == 1 and len(inputs[0].users) == 1 else None


def _is_relu(body: fx.GraphModule, node: fx.Node | None) -> bool:
    if node is None or node.op == "call_module":
        return isinstance(_layer(body, node), nn.ReLU)
    return node.target in (relu, torch.relu, "relu")
