"""Instant feedback for exercises: each check names the mistake that it thinks was made.

One module for each lesson. A check calls the learner's function with inputs whose right answers are
known, compares with those and with the answers of well-known mistakes, and raises `CheckFailed` or
prints one friendly line.
"""

from helpers.checks.report import CheckFailed

__all__ = ["CheckFailed"]
