"""The course's classifier, and how its weights are kept.

>>> from helpers.datasets import load_crops
>>> images, labels = load_crops("street", "test")[:3]
>>> model = load_pretrained()
>>> bool((model(images).argmax(1) == labels).all())
True
"""

from helpers.models.classifier import (
    INPUT_SIZE,
    eval_mode,
    input_size_of,
    make_classifier,
    randomise_,
    stride_of,
    takes_channels_last,
)
from helpers.models.header import (
    ModelHeader,
    check_answers,
    check_classes,
    class_index,
    read_header,
)
from helpers.models.weights import (
    load_model,
    load_pretrained,
    pretrained_path,
    read_notes,
    round_to_half_,
    save_model,
    weights_digest,
)

__all__ = [
    "INPUT_SIZE",
    "ModelHeader",
    "check_answers",
    "check_classes",
    "class_index",
    "eval_mode",
    "input_size_of",
    "load_model",
    "load_pretrained",
    "make_classifier",
    "pretrained_path",
    "randomise_",
    "read_header",
    "read_notes",
    "round_to_half_",
    "save_model",
    "stride_of",
    "takes_channels_last",
    "weights_digest",
]
