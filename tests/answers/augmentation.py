"""Right and wrong answers to the exercises of Lesson 02."""

import torch

from helpers.checks import augmentation as checks

MIRROR_RIGHT = [
    lambda x: x.flip(3),
    lambda x: x.flip(-1),
    lambda x: x[..., torch.arange(x.shape[-1] - 1, -1, -1)],
    lambda x: torch.stack([image.flip(2) for image in x]),
]


def mirror_in_place(x):
    x.copy_(x.flip(3))
    return x


MIRROR_WRONG = [
    (lambda x: None, "return"),
    (lambda x: x, "nothing has moved"),
    (lambda x: x.flip(2), "roofs"),
    (lambda x: x.flip(0), "order of the images"),
    (lambda x: x.flip(2, 3), "180"),
    (lambda x: x.transpose(2, 3), "shape"),
    (lambda x: x.roll(1, 3), "W - 1 - j"),
    (lambda x: x.numpy(), "torch.Tensor"),
    (mirror_in_place, "changes its input"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {checks.check_mirror: (MIRROR_RIGHT, MIRROR_WRONG)}
