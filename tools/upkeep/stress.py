"""Run the gate over the lessons again and again: what passes by luck fails in the end."""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

from tools.execution import BUILD, NOTEBOOKS, find_notebooks, kernel_environment
from tools.run_tests import nbval_command, run

DESCRIPTION = """Compare every notebook with its saved outputs, strictly, several times, and say
which of the times failed. With --threads 1 the numerical libraries keep to one thread, which
changes the last digits; without it they take as many as they like. With --plain-cpu they compute as
on an old processor, without AVX, which changes them too, and takes much longer."""


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns 0 only if every time was green."""
    parser = argparse.ArgumentParser(prog="python -m tools.upkeep.stress", description=DESCRIPTION)
    parser.add_argument("--times", type=int, default=5, metavar="N", help="how often (5)")
    parser.add_argument("--threads", type=int, metavar="N", help="for the numerical libraries")
    parser.add_argument("--plain-cpu", action="store_true", help="as without AVX")
    parser.add_argument("--workers", type=int, default=0, metavar="N", help="notebooks at a time")
    parser.add_argument("--notebooks", type=Path, default=NOTEBOOKS, metavar="FOLDER")
    options = parser.parse_args(arguments)
    for name in ("times", "threads"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1")
    notebooks = find_notebooks(options.notebooks)
    if not notebooks:
        print(f"no notebooks in {options.notebooks}", file=sys.stderr)
        return 1
    BUILD.mkdir(exist_ok=True)
    environment = kernel_environment(photographs=False, threads=options.threads)
    if options.plain_cpu:
        environment |= plain_cpu()
    failed, started = [], time.perf_counter()
    for number in range(1, options.times + 1):
        print(f"\n--- {number} of {options.times} ---", flush=True)
        code, _, _ = run(nbval_command(notebooks, workers=options.workers), environment)
        failed += [number] if code else []
    how = f"{options.threads} thread(s)" if options.threads else "as many threads as it likes"
    how += ", plain processor" if options.plain_cpu else ""
    seconds = time.perf_counter() - started
    print(
        f"\n{len(notebooks)} notebooks, {how}, {options.times} times in {seconds:.0f} s: ",
        end="",
    )
    print(f"FAILED in time {', '.join(map(str, failed))}" if failed else "all green")
    return 1 if failed else 0


def plain_cpu() -> dict[str, str]:
    """Variables that keep PyTorch and its libraries, and NumPy, from AVX and its like."""
    numpy_uses = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
        "NPY_DISABLE_CPU_FEATURES": " ".join(numpy_uses),
    }


if __name__ == "__main__":
    sys.exit(main())
