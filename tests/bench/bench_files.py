"""How long a listing of session files takes, decoded and in the catalogue, beside Python loops which open and read them all.

To reach: 1.5 times the loop over `open`, and the first 200 rows in 100 ms. `SIZE` is the number of files (default 100,000).
Prints; asserts only that nothing is missing, as machines differ.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from inspector.services.catalogue.catalogue import Catalogue
from store_adapters.clock import now_ms
from store_adapters.contract import CancelToken
from store_adapters.registry import open_store
from tests.bench.report import SIZE, at_most, within
from tests.bench.sessions import sessions

ROUNDS = 5
FACTOR, FIRST_MS, FIRST_ROWS = 1.5, 100, 200


def fill(folder: str) -> None:
    """Write files as session-file-store does: the JSON, the last access at its end."""
    now = now_ms()
    for sid, text, _left_ms in sessions(SIZE, now):
        Path(folder, f"{sid}.json").write_bytes(text[:-1] + b',"__lastAccess":%d}' % now)


def read_bare(folder: str) -> tuple[float]:
    """Return the seconds of the loop that anybody writes."""
    begun = time.perf_counter()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            file.read()
    return (time.perf_counter() - begun,)


def read_barest(folder: str) -> tuple[float]:
    """Return the seconds of the loop with the system's calls and nothing else."""
    begun = time.perf_counter()
    os.chdir(folder)
    for name in os.listdir("."):
        fd = os.open(name, os.O_RDONLY)
        os.read(fd, 65536)
        os.close(fd)
    return (time.perf_counter() - begun,)


def read_ours(folder: str) -> tuple[float, float]:
    """Return the seconds until everything is in a catalogue, and until 200 rows are."""
    begun, first_s = time.perf_counter(), 0.0
    store = open_store(f"file://{folder}")
    catalogue = Catalogue(store)
    catalogue.begin_listing()
    for batch in store.list_records(CancelToken()):
        rows = catalogue.append(batch)
        if not first_s and rows >= min(FIRST_ROWS, SIZE):
            first_s = time.perf_counter() - begun
    catalogue.end_listing(is_complete=True)
    took = time.perf_counter() - begun
    assert len(catalogue) == SIZE
    store.close()
    return took, first_s


def main() -> int:
    """Measure all in turns, so that other work on the machine meets all alike."""
    gc.disable()  # as the program does
    ways: list[Callable[[str], tuple[float, ...]]] = [read_bare, read_barest, read_ours]
    best: list[list[float]] = []
    with tempfile.TemporaryDirectory() as folder:
        fill(folder)
        for _ in range(ROUNDS):
            for place, way in enumerate(ways):
                gc.collect()
                taken = way(folder)
                if place == len(best):
                    best.append(list(taken))
                best[place] = [min(pair) for pair in zip(best[place], taken, strict=True)]
        os.chdir("/")
    (bare,), (barest,), (ours, first) = best
    at_most(f"{SIZE:,} session files", ours, bare, "Python loop, open()", FACTOR)
    at_most("session files, a loop over os.open", ours, barest, "Python loop, os.open()", FACTOR)
    within("first 200 files", first * 1000, "ms", FIRST_MS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
