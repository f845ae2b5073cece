"""What differs where a GPU computes: its name, rounding, random numbers, when a result is there.

Everything else works on the device that a model is on.
"""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import torch

CPU = torch.device("cpu")


@contextmanager
def full_precision() -> Iterator[None]:
    """Within it, NVIDIA GPUs multiply float32 numbers as what they are.

    PyTorch lets them round the inputs of convolutions to 10 binary digits (TF32): then a heatmap
    differs from the classifier's answers in the third digit. What was set before comes back, and
    what was not set is not set afterwards. As a decorator, `@full_precision()`, it holds within a
    function. (Within it, `torch.backends.cudnn.flags` and the old `allow_tf32` refuse to work from
    torch 2.9 on; recurrent layers that were set by themselves stay as they are.)
    """
    everything, cudnn, products = torch.backends, torch.backends.cudnn, torch.backends.cuda.matmul
    if hasattr(cudnn, "conv"):  # torch 2.9 and later
        # From the general to the special: what was not set itself follows, and is not touched.
        places, name, exact = (everything, cudnn, cudnn.conv, products), "fp32_precision", "ieee"
    else:
        places, name, exact = (cudnn, products), "allow_tf32", False
    before = []
    try:
        for place in places:
            if (value := getattr(place, name)) != exact:
                before.append((place, value))
                setattr(place, name, exact)
        yield
    finally:
        for place, value in reversed(before):
            setattr(place, name, value)


@contextmanager
def same_each_time() -> Iterator[None]:
    """Within it, NVIDIA's convolutions add up in the same order each time, in full precision."""
    before = torch.backends.cudnn.deterministic
    try:
        torch.backends.cudnn.deterministic = True
        with full_precision():
            yield
    finally:
        torch.backends.cudnn.deterministic = before


@contextmanager
def seeded(seed: int, device: torch.device = CPU) -> Iterator[None]:
    """Within it, numbers that are drawn without a generator on the CPU and a device are settled.

    After it, they go on as if nothing had been (but those of "mps").

    >>> with seeded(0):
    ...     first = torch.rand(3)
    >>> with seeded(0):
    ...     torch.equal(torch.rand(3), first)
    True
    """
    # No other GPU is asked: that alone would take seconds and memory, in each process.
    cuda = device.type == "cuda"
    with torch.random.fork_rng([device] if cuda else []):
        torch.default_generator.manual_seed(seed)
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)
        yield


def available(name: str) -> bool:
    """Whether this torch can use "cpu", "cuda" (NVIDIA, or AMD by ROCm) or "mps" (Apple) here."""
    there = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    return name == "cpu" or there[name]()


def processor(device: str = "cpu") -> str:
    """The name of a processor ("cpu") or of the current GPU, as Linux, Python or CUDA knows it."""
    return torch.cuda.get_device_name() if device == "cuda" else _name_of_cpu()


@cache
def _name_of_cpu() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def wait() -> None:
    """Until the GPU has done what it was told, if there is one in use: it computes meanwhile."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    elif torch.backends.mps.is_available():
        torch.mps.synchronize()
