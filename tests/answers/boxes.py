"""Right and wrong answers to the exercises of Lesson 06."""

import torch

from helpers.checks import boxes as checks

BOX_RIGHT = [
    lambda r, c, s: (s * c, s * r, s * c + 100, s * r + 40),
    lambda r, c, s: [c * s, r * s, c * s + 100, r * s + 40],
    lambda r, c, s: torch.tensor([c, r, c, r]) * s + torch.tensor([0, 0, 100, 40]),
]

BOX_WRONG = [
    (lambda r, c, s: None, "return"),
    (lambda r, c, s: 5, "four numbers"),
    (lambda r, c, s: (1, 2, 3), "four numbers, not 3"),
    (lambda r, c, s: (s * r, s * c, s * r + 100, s * c + 40), "x and y are swapped"),
    (lambda r, c, s: (s * r, s * c, s * r + 40, s * c + 100), "begins with the row"),
    (lambda r, c, s: (s * c - 50, s * r - 20, s * c + 50, s * r + 20), "not its centre"),
    (lambda r, c, s: (s * c, s * r, 100, 40), "width, height"),
    (lambda r, c, s: (s * c, s * r, s * c + 40, s * r + 100), "100 wide and 40 high"),
    (lambda r, c, s: (c, r, c + 100, r + 40), "not multiplied"),
    (lambda r, c, s: (s * c, s * r, s * c + 99, s * r + 39), "take 1 off"),
    (
        lambda r, c, s: (s * (c + 1), s * (r + 1), s * (c + 1) + 100, s * (r + 1) + 40),
        "one stride too far",
    ),
    (lambda r, c, s: (s * c, s * r, s * (c + 100), s * (r + 40)), "window's size is in pixels"),
    (lambda r, c, s: (0, 0, 100, 40), "the window is"),
]


#: check -> (right answers in several styles, wrong answers with a part of the right message)
EXERCISES = {checks.check_cell_to_box: (BOX_RIGHT, BOX_WRONG)}
