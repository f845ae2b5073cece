"""Checks of the exercises of Lesson 02."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.checks.report import ask, close, fail, passed, tensor


def check_mirror(mirror: Callable[[Tensor], Tensor]) -> None:
    """`mirror(images)`: a batch [N, 1, H, W] flipped left to right."""
    images = torch.arange(2 * 3 * 4.0).reshape(2, 1, 3, 4) / 24
    right = images.flip(3)
    answer = ask(mirror, images)
    if isinstance(answer, Tensor) and answer.shape == images.shape:
        if close(answer, images):
            fail("nothing has moved: are you giving back the input?")
        if close(answer, images.flip(2)):
            fail("the cars lie on their roofs: that was top to bottom, and columns are dimension 3")
        if close(answer, images.flip(0)):
            fail("the order of the images changed: dimension 0 counts images, columns are 3")
        if close(answer, images.flip(2, 3)):
            fail("turned by 180 degrees: flip dimension 3 alone")
    if not close(tensor(answer, "the result", right), right):
        fail("some pixels are not where a mirror puts them: column j belongs at W - 1 - j")
    passed("mirror")
