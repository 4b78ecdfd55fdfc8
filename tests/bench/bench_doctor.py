"""The doctor's pass over a store's list, beside one loop that only decodes the same texts; prints, asserts nothing."""

from __future__ import annotations

import threading
import time

import orjson

from inspector.services.doctor.examine import Diagnosis, examine
from inspector.services.doctor.gather import Examination
from store_adapters.contract import CancelToken
from store_adapters.registry import open_store
from tests.bench.bench_search import NOW, fill
from tests.bench.report import SIZE, at_most, best_of, within

_BOUND_S = 10.0  # of a million, on one core


def main() -> None:
    texts: list[bytes] = []
    catalogue = fill(texts)
    store = open_store("memory:")
    late_ms: list[float] = []
    over = threading.Event()

    def beat() -> None:
        while not over.is_set():
            begun = time.perf_counter()
            time.sleep(0.001)
            late_ms.append((time.perf_counter() - begun - 0.001) * 1000)

    def run() -> Diagnosis:
        *_, last = examine(store, catalogue, CancelToken(), Examination(), NOW)
        assert isinstance(last, Diagnosis) and last.examined == SIZE
        return last

    decoded_s = best_of(3, lambda: sum("cookie" in orjson.loads(text) for text in texts))
    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    taken_s = best_of(2, run)
    over.set()
    heart.join()
    at_most("a pass of the doctor", taken_s, decoded_s, "decode with orjson", 4)
    within("a pass, a million sessions", taken_s * 1_000_000 / SIZE, "s", _BOUND_S)
    within("another thread's beat is late, p99", sorted(late_ms)[int(len(late_ms) * 0.99)], "ms", 10)
    print("findings:", ", ".join(f"{one.id} {one.count:,}" for one in run().findings) or "none")


if __name__ == "__main__":
    main()
