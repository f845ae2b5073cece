"""What a weights file says about itself: a few texts by name in its header.

>>> from helpers.models import pretrained_path
>>> header = read_header(pretrained_path())
>>> header.input_size, header.classes, header.background, header.channels
((40, 100), ('background', 'car'), 0, 1)
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open

from helpers.models.classifier import choose_stride
from helpers.sheets import CAR_CLASSES

FORMAT = "from-classifier-to-detector/1"
OWN_NAMES = ("format", "input_size", "classes", "background", "channels", "stride")


@dataclass(frozen=True)
class ModelHeader:
    """What a model is for: enough to build its network again, and to use it. Lesson 03.

    Args:
        input_size: (height, width) of its crops, in pixels.
        classes: their names, in the order of the logits.
        background: which of them is not looked for.
        channels: 1 for grey crops, 3 for RGB.
        stride: pixels between neighbouring windows: 2 or 4, as in `make_classifier`.
        notes: other texts by name, such as "data" and "threshold".

    Raises:
        ValueError: for fewer than two classes, two of one name, no name, or a background that is
            none of them.
    """

    input_size: tuple[int, int]
    classes: tuple[str, ...] = CAR_CLASSES
    background: int = 0
    channels: int = 1
    stride: int = 4
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_classes(self.classes, self.background)

    @property
    def network(self) -> dict[str, object]:
        """The arguments of `make_classifier` for this model's network."""
        return {
            "input_size": self.input_size,
            "classes": len(self.classes),
            "channels": self.channels,
            "stride": self.stride,
        }

    def texts(self) -> dict[str, str]:
        """All of it as texts by name, as it stands in the file. Undone by `header_of`.

        Of a note that is no text, such as the name of a folder that is no UTF-8, "?" stands for
        what is none.
        """
        notes = {name: text.encode(errors="replace").decode() for name, text in self.notes.items()}
        return notes | {
            "format": FORMAT,
            "input_size": f"{self.input_size[0]}x{self.input_size[1]}",
            "classes": json.dumps(list(self.classes), ensure_ascii=False),
            "background": str(self.background),
            "channels": str(self.channels),
            "stride": str(self.stride),
        }

    def detector_options(self, what: str) -> dict[str, object]:
        """The options of a `Detector` that it names: size, classes, and two of its notes.

        The notes may have a "threshold" in [0, 1], and "mirror": "no" where a mirror image is
        another thing, else "yes".

        Args:
            what: to call the file in messages.

        Raises:
            ValueError: for notes that make no sense.
        """
        options = {
            "input_size": self.input_size,
            "classes": self.classes,
            "background": self.background,
        }
        if "threshold" in self.notes:
            options["threshold"] = _probability(self.notes["threshold"], what)
        if "mirror" in self.notes:
            if self.notes["mirror"] not in ("yes", "no"):
                raise ValueError(f"{what} names {self.notes['mirror']!r} as mirror, not yes or no")
            options["mirror"] = self.notes["mirror"] == "yes"
        return options


def check_classes(classes: Sequence[str], background: int) -> tuple[str, ...]:
    """Names of classes as a tuple, or a refusal that says what is wrong with them.

    Raises:
        ValueError: for fewer than two, two of one name, no name, or a background that is none.
        TypeError: for what is no list of names.

    >>> check_classes(["background", "car"], 0)
    ('background', 'car')
    """
    if isinstance(classes, str) or not isinstance(classes, Sequence):
        raise TypeError(f"classes must be several names, not {classes!r}")
    names = tuple(classes)
    if len(names) < 2 or not all(isinstance(name, str) and name for name in names):
        raise ValueError(f"classes must be two names or more, none of them empty, not {names}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"classes must differ: {', '.join(twice)} is there twice")
    if isinstance(background, bool) or background not in range(len(names)):
        raise ValueError(
            f"background must be the index of a class, 0 to {len(names) - 1}, not {background}"
        )
    return names


def check_answers(answered: int, classes: Sequence[str], *, told: bool) -> None:
    """Refuse a detector's network that answers with another number of classes than there are names.

    Args:
        answered: how many logits it gives.
        classes: their names.
        told: whether somebody named the classes.

    Raises:
        ValueError: the numbers differ.
    """
    if answered != len(classes) and not told:
        raise ValueError(
            f"a detector's network must have two classes (background, object), not {answered};"
            " name them if there are more: classes=(...)"
        )
    if answered != len(classes):
        problem = f"the network tells {answered} classes apart, but classes names {len(classes)}"
        raise ValueError(f"{problem}: {', '.join(classes)}")


def class_index(label: int | str | None, classes: Sequence[str], background: int = 0) -> int:
    """The index of a class that is given by its index or name; None: of the only object there is.

    Raises:
        ValueError: there is no such class; or None, and there are several.

    >>> class_index("9", ("background", "6", "9")), class_index(None, ("background", "car"))
    (2, 1)
    """
    if label is None and len(classes) == 2:
        return 1 - background
    index = list(classes).index(label) if label in classes else label
    if isinstance(index, bool) or index not in range(len(classes)):
        names = ", ".join(classes)
        raise ValueError(f"choose a class by label=...: {names}; {label!r} is none of them")
    return int(index)


def read_header(path: str | Path) -> ModelHeader:
    """What a weights file says about its model. Lesson 03.

    A file from before classes were noted tells "background" from "car" on grey crops.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it is damaged, was written by something else, or its header makes no sense.
    """
    with open_weights(Path(path)) as file:
        return header_of(file.metadata() or {}, str(path))


def header_of(texts: Mapping[str, str], what: str) -> ModelHeader:
    """The header that `ModelHeader.texts` wrote; `what` is named in refusals.

    >>> header_of({"format": FORMAT, "input_size": "16x24", "data": "mine"}, "a file").notes
    {'data': 'mine'}
    """
    if texts.get("format") != FORMAT:
        raise ValueError(
            f"{what} was not written by this course's save_model (format"
            f" {texts.get('format')!r} instead of {FORMAT!r})"
        )
    try:
        height, width = (int(side) for side in texts["input_size"].split("x"))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{what} does not say for which input size it is") from error
    numbers = {"background": 0, "channels": 1, "stride": 4}
    for name in numbers.keys() & texts.keys():
        try:
            numbers[name] = int(texts[name])
        except ValueError as error:
            raise ValueError(f"{what}: {name} is {texts[name]!r}, not a whole number") from error
    notes = {name: text for name, text in texts.items() if name not in OWN_NAMES}
    try:
        classes = json.loads(texts["classes"]) if "classes" in texts else CAR_CLASSES
        names = check_classes(classes, numbers["background"])
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} names classes that make no sense: {error}") from error
    return ModelHeader((height, width), names, notes=notes, **numbers)


def new_header(
    input_size: tuple[int, int],
    *,
    classes: Sequence[str],
    background: int,
    channels: int,
    stride: int | None,
    notes: Mapping[str, str] | None,
) -> ModelHeader:
    """A header for a file to come; raises ValueError for notes that bear a name of its own."""
    own = sorted((notes or {}).keys() & set(OWN_NAMES))
    if own:
        raise ValueError(f"notes must not be called {', '.join(own)}: the header has these itself")
    stride = choose_stride(input_size) if stride is None else stride
    names = check_classes(classes, background)
    return ModelHeader(tuple(input_size), names, background, channels, stride, dict(notes or {}))


def open_weights(path: Path) -> safe_open:
    """A safetensors file, to be used in `with`; raises as `read_header`."""
    if not path.is_file():
        raise FileNotFoundError(f"no weights file {path}")
    with path.open("rb"):  # of a file that must not be read, safe_open says that there is none
        pass
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{path} is damaged or no safetensors file: {error}") from error


def _probability(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{what} names {text!r} as its threshold, which is no probability")
    return value
