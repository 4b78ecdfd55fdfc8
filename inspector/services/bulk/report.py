"""What became of the sessions of a bulk act, counted as it goes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from store_adapters.contract import RecordRef
from store_adapters.errors import Interrupted, RecordMissing, StoreError, StoreUnreachable

_TOLD = 20
STOPPED = "Stopped."
FIRST_PART = 100
_FEWEST, _MOST = 10, 1000
_QUICK_S, _SLOW_S = 0.1, 0.4
"""A part which took less is followed by a larger one, one which took more by a smaller: a stop is heeded at once."""


@dataclass(frozen=True, slots=True)
class BulkReport:
    """How far a bulk act is: how many were done, were gone, kept changing, or failed.

    `troubles`: why, in sentences with how many of each. `stopped`: why it ended before all were tried, else empty.
    """

    done: int = 0
    gone: int = 0
    changed: int = 0
    failed: int = 0
    troubles: tuple[tuple[str, int], ...] = ()
    stopped: str = ""

    @property
    def handled(self) -> int:
        return self.done + self.gone + self.changed + self.failed


@dataclass(frozen=True, slots=True)
class BulkStep:
    """The report so far, and the keys that this part found or made missing."""

    report: BulkReport
    missing: tuple[bytes, ...] = ()


class Tally:
    """Counts what became of the records of one bulk act."""

    def __init__(self) -> None:
        self.done = self.gone = self.changed = self.failed = 0
        self.stopped = ""
        self.missing: list[bytes] = []
        self._troubles: Counter[str] = Counter()

    def lose(self, key: bytes) -> None:
        self.gone += 1
        self.missing.append(key)

    def fail(self, words: str) -> None:
        self.failed += 1
        if words in self._troubles or len(self._troubles) < _TOLD:
            self._troubles[words] += 1

    def count_error(self, ref: RecordRef, error: StoreError) -> None:
        """Count an error other than `RecordChanged`. One that says the rest would fail alike stops the whole."""
        match error:
            case RecordMissing():
                self.lose(ref.key)
            case StoreUnreachable() | Interrupted():
                self.stopped = self.stopped or str(error)
            case _:
                self.fail(str(error))

    def step(self) -> BulkStep:
        missing, self.missing = tuple(self.missing), []
        troubles = tuple(self._troubles.most_common())
        return BulkStep(BulkReport(self.done, self.gone, self.changed, self.failed, troubles, self.stopped), missing)


def next_part_size(size: int, took_s: float) -> int:
    """Return how many records the next part has, after one of `size` that took so long."""
    if took_s > _SLOW_S:
        return max(_FEWEST, size // 2)
    return min(_MOST, size * 2) if took_s < _QUICK_S else size
