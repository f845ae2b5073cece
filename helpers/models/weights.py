"""Weights: written and read without pickle, checked before they are used.

>>> model = load_pretrained()
>>> round(float(read_notes(pretrained_path())["threshold"]), 1)
1.0
"""

import hashlib
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from helpers.models.classifier import INPUT_SIZE, make_classifier
from helpers.paths import DATA, verify_checksums, write_atomically

FORMAT = "from-classifier-to-detector/1"


def save_model(
    model: nn.Module,
    path: str | Path,
    *,
    input_size: tuple[int, int] = INPUT_SIZE,
    half: bool = False,
    notes: dict[str, str] | None = None,
) -> Path:
    """Write a classifier's weights as safetensors (no pickle), atomically. Lesson 03.

    Args:
        model: as `make_classifier(input_size)` gives it.
        path: the file to write.
        input_size: (height, width) of its crops.
        half: store the weight matrices as float16, which halves the file; they come back as
            float32.
        notes: texts by name, which travel in the file's header.

    Returns:
        The path.

    Raises:
        ValueError: for another network than the course's, and for NaN or infinity.
        OSError: the file cannot be written.
    """
    path = Path(path)
    _check_architecture(model.state_dict(), input_size, "this model")
    tensors = {}
    for name, tensor in model.state_dict().items():
        small = half and name.endswith("weight") and tensor.ndim >= 2
        tensor = tensor.detach().cpu().to(torch.float16 if small else tensor.dtype)
        tensors[name] = tensor.clone(memory_format=torch.contiguous_format)
        if not torch.isfinite(tensors[name]).all():
            raise ValueError(f"{name} holds NaN or infinity" + " as float16" * small)
    size = f"{input_size[0]}x{input_size[1]}"
    header = (notes or {}) | {"format": FORMAT, "input_size": size}
    write_atomically(path, save(tensors, metadata=header))
    return path


def read_notes(path: str | Path) -> dict[str, str]:
    """The header of a weights file, texts by name, as `save_model` wrote it.

    Raises:
        FileNotFoundError, ValueError: as `load_model`.
    """
    with _open(Path(path)) as file:
        return file.metadata() or {}


def load_model(path: str | Path) -> nn.Sequential:
    """Read weights written by `save_model` into a new classifier. Lesson 03.

    Args:
        path: the file.

    Returns:
        The classifier, in eval mode, on the CPU.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged, was written by something else, belongs to another network, or
            holds NaN or infinity.
    """
    path = Path(path)
    with _open(path) as file:
        header = file.metadata() or {}
        if header.get("format") != FORMAT:
            raise ValueError(
                f"{path} was not written by this course's save_model (format"
                f" {header.get('format')!r} instead of {FORMAT!r})"
            )
        try:
            height, width = (int(side) for side in header["input_size"].split("x"))
        except (KeyError, ValueError) as error:
            raise ValueError(f"{path} does not say for which input size it is") from error
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    _check_architecture(tensors, (height, width), str(path))
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{path} holds NaN or infinity in {name}")
    model = make_classifier((height, width), seed=0)
    model.load_state_dict(tensors)
    return model.eval()


def _open(path: Path) -> safe_open:
    if not path.is_file():
        raise FileNotFoundError(f"no weights file {path}")
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged or no safetensors file: {error}") from error


def _check_architecture(tensors: dict[str, Tensor], input_size: tuple[int, int], what: str) -> None:
    with torch.device("meta"):
        expected = make_classifier(input_size).state_dict()
    for name in expected.keys() | tensors.keys():
        if name not in tensors or name not in expected:
            problem = f"{name} is {'missing' if name in expected else 'one tensor too many'}"
        elif tensors[name].shape != expected[name].shape:
            problem = f"{name} is {[*tensors[name].shape]}, not {[*expected[name].shape]}"
        else:
            continue
        raise ValueError(
            f"{what} belongs to another network than make_classifier({tuple(input_size)}):"
            f" {problem}"
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
