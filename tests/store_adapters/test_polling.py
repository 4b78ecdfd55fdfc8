"""Following a store that tells of no changes, by listings compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from store_adapters.contract import Batch, CancelToken
from store_adapters.polling import poll_changes

Rows = dict[bytes, tuple[bytes, int | None]]
HOUR_MS = 3_600_000


def follow(listings: Sequence[Rows]) -> list[list[tuple[bytes, str]]]:
    """Return what is told after each listing but the first."""
    cancel, left = CancelToken(), list(listings)

    def list_records(_cancel: CancelToken) -> Iterator[Batch]:
        rows = left.pop(0)
        for part in (list(rows)[::2], list(rows)[1::2]):
            values = [rows[key] for key in part]
            payloads = [payload for payload, _ in values]
            yield Batch(
                part, payloads, list(map(len, payloads)), [at for _, at in values], [None] * len(part), (), 0, 0
            )

    steps = poll_changes(list_records, cancel, 0)
    assert next(steps) == ()
    collected: list[list[tuple[bytes, str]]] = []
    for _ in listings[1:]:
        found = [change for changes in (next(steps), next(steps), next(steps)) for change in changes]
        collected.append(sorted((change.key, change.kind.value) for change in found))
    cancel.cancel()
    return collected


def test_what_is_new_changed_touched_and_gone_is_told_once() -> None:
    first: Rows = {b"a": (b"1", HOUR_MS), b"b": (b"1", HOUR_MS), b"c": (b"1", None), b"d": (b"1", HOUR_MS)}
    second: Rows = {b"a": (b"1", HOUR_MS + 900), b"b": (b"2", HOUR_MS), b"c": (b"1", HOUR_MS), b"e": (b"1", None)}
    assert follow([first, second, second]) == [
        [(b"b", "written"), (b"c", "touched"), (b"d", "removed"), (b"e", "written")],
        [],
    ]


def test_expiry_that_creeps_is_told_once_it_has_moved() -> None:
    listings: list[Rows] = [{b"a": (b"1", HOUR_MS + step * 900)} for step in range(4)]
    assert follow(listings) == [[], [(b"a", "touched")], []]


def test_key_that_went_and_came_back_is_told_both_times() -> None:
    full: Rows = {b"a": (b"1", None), b"b": (b"1", None)}
    less: Rows = {b"a": (b"1", None)}
    assert follow([full, less, full, less]) == [[(b"b", "removed")], [(b"b", "written")], [(b"b", "removed")]]
