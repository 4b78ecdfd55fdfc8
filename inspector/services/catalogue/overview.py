"""What the chips and plots show of all rows: how many end when, and how large they are."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress

from inspector.core.store_facts import NEVER
from inspector.services.checkpoint import checkpoint

_HOUR_MS = 3_600_000
_HOURS = 24
_STEP = 16_384


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a plot: how many sessions lie in [low, high); `high` None: open end."""

    low: int
    high: int | None
    number: int


@dataclass(frozen=True, slots=True)
class Overview:
    """`expiries`: a bucket per hour of the next 24, in epoch milliseconds; `sizes`: buckets of bytes, doubling from 128.

    `expiring`: within the hour; `no_expiry` ones are among the `active`.
    """

    expiries: tuple[Bucket, ...]
    sizes: tuple[Bucket, ...]
    active: int
    expiring: int
    expired: int
    no_expiry: int


def survey(expires: array[int], sizes: array[int], alive: bytearray, total: int, now_ms: int) -> Overview:
    """Count the living ones of the first `total` rows, in steps that never hold the interpreter for long."""
    hours: Counter[int] = Counter()
    lengths: Counter[int] = Counter()
    no_expiry = 0
    for start in range(0, total, _STEP):
        checkpoint()
        end = min(total, start + _STEP)
        living = alive[start:end]
        ends: Iterable[int] = expires[start:end]
        large: Iterable[int] = sizes[start:end]
        if 0 in living:
            ends, large = list(compress(ends, living)), compress(large, living)
        hours.update([(value - now_ms) // _HOUR_MS for value in ends if value != NEVER])
        no_expiry += sum(value == NEVER for value in ends)
        lengths.update(large)
    expired = sum(number for hour, number in hours.items() if hour < 0)
    lively = sum(hours.values()) - expired
    buckets = tuple(
        Bucket(now_ms + hour * _HOUR_MS, now_ms + (hour + 1) * _HOUR_MS, hours[hour]) for hour in range(_HOURS)
    )
    return Overview(buckets, _size_buckets(lengths), lively + no_expiry, hours[0], expired, no_expiry)


def _size_buckets(lengths: Counter[int]) -> tuple[Bucket, ...]:
    edges = [0, *(128 << step for step in range(11))]
    numbers = [0] * len(edges)
    for size, number in lengths.items():
        numbers[0 if size < 128 else min(len(edges) - 1, (size >> 7).bit_length())] += number
    highest = max((place for place, number in enumerate(numbers) if number), default=5)
    shown = max(6, highest + 1)
    return tuple(
        Bucket(edges[place], edges[place + 1] if place + 1 < len(edges) else None, numbers[place])
        for place in range(min(shown, len(edges)))
    )
