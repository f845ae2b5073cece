"""Weights: written and read without pickle, checked before they are used.

>>> model = load_pretrained()
>>> round(float(read_notes(pretrained_path())["threshold"]), 1)
1.0
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from helpers.models.classifier import INPUT_SIZE, make_classifier
from helpers.models.header import ModelHeader, header_of, new_header, open_weights
from helpers.paths import DATA, verify_checksums, write_atomically
from helpers.sheets import CAR_CLASSES


def save_model(
    model: nn.Module,
    path: str | Path,
    *,
    input_size: tuple[int, int] = INPUT_SIZE,
    classes: Sequence[str] = CAR_CLASSES,
    background: int = 0,
    channels: int = 1,
    stride: int | None = None,
    half: bool = False,
    notes: dict[str, str] | None = None,
) -> Path:
    """Write a classifier's weights as safetensors (no pickle), atomically. Lesson 03.

    What the model is for goes into the file's header, so that `load_model` can build its network
    and `Detector.from_file` the detector.

    Args:
        model: as `make_classifier` gives it for such crops and so many classes.
        path: the file to write.
        input_size: (height, width) of its crops.
        classes: their names, in the order of the logits.
        background: which of them is not looked for.
        channels: of its crops, 1 or 3.
        stride: as in `make_classifier`.
        half: store the weight matrices as float16, which halves the file; they come back as
            float32.
        notes: other texts by name, which travel in the file's header: "data", "threshold", …

    Returns:
        The path.

    Raises:
        ValueError: for another network than the course's, for NaN or infinity, for names of
            classes that `check_classes` refuses, and for a note with a name of the header's own.
        OSError: the file cannot be written.
    """
    path = Path(path)
    header = new_header(
        input_size,
        classes=classes,
        background=background,
        channels=channels,
        stride=stride,
        notes=notes,
    )
    _check_architecture(model.state_dict(), header, "this model")
    tensors = {}
    for name, tensor in model.state_dict().items():
        small = half and _is_matrix(name, tensor)
        tensor = tensor.detach().cpu().to(torch.float16 if small else tensor.dtype)
        tensors[name] = tensor.clone(memory_format=torch.contiguous_format)
        if not torch.isfinite(tensors[name]).all():
            raise ValueError(f"{name} holds NaN or infinity" + " as float16" * small)
    write_atomically(path, save(tensors, metadata=header.texts()))
    return path


def round_to_half_(model: nn.Module) -> None:
    """Round a model's weight matrices, in place, as `save_model(half=True)` keeps them.

    What is measured afterwards, such as a threshold, is that of the file.

    >>> model = nn.Linear(1, 1)
    >>> _ = nn.init.constant_(model.weight, 0.1)
    >>> round_to_half_(model)
    >>> model.weight.item()
    0.0999755859375
    """
    for name, tensor in model.state_dict().items():
        if _is_matrix(name, tensor):
            tensor.copy_(tensor.half())


def _is_matrix(name: str, tensor: Tensor) -> bool:
    return name.endswith("weight") and tensor.ndim >= 2


def read_notes(path: str | Path) -> dict[str, str]:
    """The header of a weights file, all its texts by name. `read_header` makes sense of them.

    Raises:
        FileNotFoundError, ValueError: there is none, or it is damaged.
    """
    with open_weights(Path(path)) as file:
        return file.metadata() or {}


def load_model(path: str | Path) -> nn.Sequential:
    """Read weights written by `save_model` into the network that their header names. Lesson 03.

    Args:
        path: the file.

    Returns:
        The classifier, in eval mode, on the CPU.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged, was written by something else, belongs to another network than
            its header says, or holds NaN or infinity.
    """
    path = Path(path)
    with open_weights(path) as file:
        header = header_of(file.metadata() or {}, str(path))
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    _check_architecture(tensors, header, str(path))
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{path} holds NaN or infinity in {name}")
    model = make_classifier(**header.network, seed=0)
    model.load_state_dict(tensors)
    return model.eval()


def _check_architecture(tensors: dict[str, Tensor], header: ModelHeader, what: str) -> None:
    with torch.device("meta"):
        expected = make_classifier(**header.network).state_dict()
    for name in expected.keys() | tensors.keys():
        if name not in tensors or name not in expected:
            problem = f"{name} is {'missing' if name in expected else 'one tensor too many'}"
        elif tensors[name].shape != expected[name].shape:
            problem = f"{name} is {[*tensors[name].shape]}, not {[*expected[name].shape]}"
        else:
            continue
        arguments = ", ".join(f"{key}={value}" for key, value in header.network.items())
        raise ValueError(
            f"{what} belongs to another network than make_classifier({arguments}): {problem}"
        )


def load_pretrained() -> nn.Sequential:
    """The classifier that ships with the course, trained on `street`, in eval mode. Lesson 03.

    Raises:
        FileNotFoundError, ValueError: the file is missing, or differs from its checksum.
    """
    verify_checksums(DATA / "weights", only=pretrained_path().name)
    return load_model(pretrained_path())


def pretrained_path() -> Path:
    """Where the shipped weights lie."""
    return DATA / "weights" / "street.safetensors"


def weights_digest(model: nn.Module) -> str:
    """A short name, 12 hexadecimal digits, for a model's exact weights. Lesson 03.

    >>> one, same, other = (make_classifier(seed=seed) for seed in (0, 0, 1))
    >>> weights_digest(one) == weights_digest(same), weights_digest(one) == weights_digest(other)
    (True, False)
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
