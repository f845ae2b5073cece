"""Instant feedback for exercises: each check names the mistake that it thinks was made.

One module for each lesson. A check calls the learner's function with inputs whose right answers are
known, compares with those and with the answers of well-known mistakes, and raises `CheckFailed` or
prints one friendly line. What they share has one face, `report`: behind it, `running` hides the
check's own source and stops what does not end, `own_work` sees who wrote the answer, `changes`
what became of the input, `hints` says what an error most likely means, and `values` compares.
"""

from helpers.checks.report import CheckFailed, your_or_ours

__all__ = ["CheckFailed", "your_or_ours"]
