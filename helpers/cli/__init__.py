"""The command line: `python -m helpers VERB`."""

from helpers.cli.parser import main

__all__ = ["main"]
