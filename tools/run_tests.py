"""Everything that `make test` checks.

What this adds to calling the tools one after the other: each runs, even if one before it failed;
the notebooks see no photographs and compute with one thread; one closing line counts all.
"""

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tools.execution import (
    BUILD,
    NOTEBOOKS,
    ROOT,
    find_notebooks,
    kernel_environment,
    longest_first,
)

SANITIZE = ROOT / "tests" / "nbval_sanitize.cfg"
CLOSING_LINE = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s.*$", re.MULTILINE)
WORKERS = 2
# Files as they are given, not those of the most tests first.
IN_PARALLEL = ["--dist", "loadfile", "--no-loadscope-reorder"]


def nbval_command(notebooks: Sequence[Path], *, workers: int = 0) -> list[str]:
    """The gate: compare each cell's outputs with the saved ones, strictly.

    Apart from the bytes of pictures, and from numbers marked with ≈ (`tools.approximate`).

    To be run with `gate_environment()`. With `workers`, that many notebooks at a time.
    """
    parallel = [*IN_PARALLEL, "-n", str(workers)] if workers else []
    return [
        *(sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml")),
        # What the gate does without: both take seconds to load, in each worker.
        *("-p", "no:hypothesispytest", "-p", "no:pytest_mpl", "-o", "addopts=-ra"),
        *("-p", "tools.approximate"),
        *("--nbval", "--nbval-current-env", "--nbval-cell-timeout=300"),
        *("--nbval-sanitize-with", str(SANITIZE)),
        *("-p", "no:cacheprovider", "--color=no", *parallel),
        *map(str, notebooks),
    ]


def gate_environment() -> dict[str, str]:
    """What the gate's kernels run in: photographs out of sight, one thread for each worker."""
    return kernel_environment(photographs=False, threads=1)


def main() -> int:
    """Run all parts, one headline each, then one closing line over all; the exit code is 0 or 1."""
    python = [sys.executable, "-m"]
    # The plugin is what `tools` says of jsonschema, before nbval's own plugin imports that.
    tests = [*python, "pytest", "-p", "tools", "tests", "-n", str(WORKERS), *IN_PARALLEL]
    parts = {
        "format": ([*python, "ruff", "format", "--check", "."], None),
        "lint": ([*python, "ruff", "check", "."], None),
        "direction of imports": ([str(Path(sys.executable).with_name("lint-imports"))], None),
        "tests": ([*tests, "--color=no"], kernel_environment(photographs=True, threads=1)),
        "notebooks against their saved outputs": (
            nbval_command(longest_first(find_notebooks()) or [NOTEBOOKS], workers=WORKERS),
            gate_environment(),
        ),
    }
    started, counts, failed = time.perf_counter(), Counter(), []
    for name, (command, environment) in parts.items():
        print(f"\n--- {name} ---", flush=True)
        code, output, seconds = run(command, environment)
        print(f"--- {name}: {'FAILED' if code else 'ok'}, {seconds:.0f} s ---", flush=True)
        if code:
            failed.append(name)
        counts += count_outcomes(output) or Counter({"failed" if code else "passed": 1})
    print(f"\nfailed: {'; '.join(failed)}" if failed else "\nall parts are green")
    if failed and not counts["failed"]:
        counts["failed"] = len(failed)
    print(closing_line(counts, time.perf_counter() - started))
    return 1 if failed else 0


def run(command: list[str], environment: dict[str, str] | None) -> tuple[int, str, float]:
    """Run a command in the root, showing its output as it comes; its code, output and seconds."""
    started = time.perf_counter()
    environment = (environment or dict(os.environ)) | {"PYTHONUNBUFFERED": "1"}
    pieces = []
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        while piece := os.read(process.stdout.fileno(), 2**16):
            pieces.append(piece)
            sys.stdout.buffer.write(piece)
            sys.stdout.flush()
    output = b"".join(pieces).decode(errors="replace")
    return process.returncode, output, time.perf_counter() - started


def count_outcomes(output: str) -> Counter[str]:
    """What pytest's closing line counts, e.g. {"passed": 12, "skipped": 1}; empty without one."""
    lines = CLOSING_LINE.findall(output)
    if not lines:
        return Counter()
    pairs = (part.split() for part in lines[-1].split(", "))
    return Counter({what: int(number) for number, what in pairs})


def closing_line(counts: Counter[str], seconds: float) -> str:
    """One line over all parts, in the words of pytest's own."""
    order = ("failed", "passed", "skipped", "error", "errors")
    words = [what for what in order if counts[what]]
    words += [what for what in counts if what not in order]
    summary = ", ".join(f"{counts[what]} {what}" for what in words)
    return f" {summary} in {seconds:.2f}s ".center(80, "=")


if __name__ == "__main__":
    BUILD.mkdir(exist_ok=True)
    sys.exit(main())
