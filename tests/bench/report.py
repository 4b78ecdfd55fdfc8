"""The one form in which benchmarks tell their figures, and the table of a whole `make bench`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

SIZE = int(os.environ.get("SIZE", "100000"))
"""How many sessions; 1,000,000 on demand."""


def row(what: str, reached: str, against: str, ratio: float | None, target: str, *, holds: bool) -> None:
    """Print a measure: what was reached, against which baseline of this run, the ratio, and what is to be reached."""
    cells = [what, reached, against, "" if ratio is None else f"{ratio:.2f}", target, "yes" if holds else "no"]
    print(" · ".join(cell for cell in cells if cell), flush=True)
    if path := os.environ.get("BENCH_ROWS"):
        with Path(path).open("a") as file:
            file.write(json.dumps(cells) + "\n")


def at_most(what: str, reached_s: float, baseline_s: float, baseline: str, bound: float) -> None:
    """Tell a time that may be at most `bound` times the baseline's."""
    ratio = reached_s / baseline_s
    row(what, f"{reached_s:.3f} s", f"{baseline} {baseline_s:.3f} s", ratio, f"at most {bound:g}", holds=ratio <= bound)


def at_least(what: str, reached_s: float, baseline_s: float, baseline: str, bound: float) -> None:
    """Tell a time by which we are to be at least `bound` times faster than the baseline."""
    ratio = baseline_s / reached_s
    words = f"at least {bound:g} times faster"
    row(what, f"{reached_s:.3f} s", f"{baseline} {baseline_s:.3f} s", ratio, words, holds=ratio >= bound)


def within(what: str, reached: float, unit: str, bound: float) -> None:
    """Tell a figure with a bound of its own."""
    row(what, f"{reached:.1f} {unit}", "", None, f"at most {bound:g} {unit}", holds=reached <= bound)


def best_of(times: int, work: Callable[[], object]) -> float:
    """Return the shortest of several runs in seconds: others use this machine too."""
    best = float("inf")
    for _ in range(times):
        begun = perf_counter()
        work()
        best = min(best, perf_counter() - begun)
    return best
