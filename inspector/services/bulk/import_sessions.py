"""Read sessions from JSON lines into a store, a part at a time, in constant memory.

Creates what is absent; replaces what is there only when asked to, by compare-and-set. What has expired is left out.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from inspector.core.display import format_time
from inspector.core.expiry import LATEST_MS
from inspector.services.bulk.report import FIRST_PART, STOPPED, next_part_size
from inspector.services.bulk.session_lines import LineError, SessionLine, parse_line
from store_adapters.clock import now_ms
from store_adapters.contract import (
    CancelToken,
    ChangeExpiry,
    Create,
    Operation,
    PlannedWrite,
    RawRecord,
    RecordRef,
    Replace,
    SessionStore,
    Write,
)
from store_adapters.errors import (
    BadStoreAddress,
    Interrupted,
    RecordChanged,
    RecordExists,
    RecordMissing,
    StoreError,
    StoreUnreachable,
)
from store_adapters.known_kinds import kind_named

_TOLD = 20
_DRIFT_MS = 1000
_MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How far an import is. `lines`: read so far; of these `created`, `replaced`, `same` (there already, to the byte),
    `existing` (there with other content, left), `expired` (left out), `changed` (written by somebody meanwhile, left),
    `failed` (no session, or the store refused). `capped`: how many of all should end later than is written. `troubles`: at most
    20 sentences with the line's number.
    `stopped`: why it ended before the last line, else empty."""

    lines: int = 0
    created: int = 0
    replaced: int = 0
    same: int = 0
    existing: int = 0
    expired: int = 0
    changed: int = 0
    failed: int = 0
    capped: int = 0
    troubles: tuple[str, ...] = ()
    stopped: str = ""


@dataclass(slots=True)
class _Run:
    store: SessionStore
    replaces: bool
    is_dry: bool
    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    stopped: str = ""

    def count(self, name: str) -> None:
        """Count a line under one of the report's names."""
        self.counts[name] += 1

    def fail(self, number: int, words: str) -> None:
        self.count("failed")
        if len(self.troubles) < _TOLD:
            self.troubles.append(f"Line {number:,}: {words}")

    def report(self) -> ImportReport:
        return ImportReport(**self.counts, troubles=tuple(self.troubles), stopped=self.stopped)


@dataclass(frozen=True, slots=True)
class _Item:
    number: int
    ref: RecordRef
    line: SessionLine


def import_sessions(
    store: SessionStore,
    lines: Iterator[tuple[int, bytes | None]],
    cancel: CancelToken,
    *,
    replaces: bool = False,
    is_dry: bool = False,
) -> Iterator[ImportReport]:
    """Take in the numbered lines (`read_lines`) and yield the report after each part; `is_dry` writes nothing.

    A bad line is told and the others are taken. When the store stops answering, the report says so and the rest is not read.
    """
    run, size = _Run(store, replaces, is_dry), FIRST_PART
    while not run.stopped:
        if cancel.is_cancelled:
            run.stopped = STOPPED
            break
        begun = time.monotonic()
        items, is_last = _next_items(run, lines, size)
        if items:
            _take(run, items)
        yield run.report()
        if is_last:
            return
        size = next_part_size(size, time.monotonic() - begun)
    yield run.report()


def _next_items(run: _Run, lines: Iterator[tuple[int, bytes | None]], most: int) -> tuple[list[_Item], bool]:
    items: dict[bytes, _Item] = {}
    held = 0
    for read, (number, line) in enumerate(lines, 1):
        run.count("lines")
        item = _item(run, number, line)
        if item is not None:
            if item.ref.key in items:
                run.fail(number, "The same session ID is just before it; that one is used.")
            else:
                items[item.ref.key] = item
                held += len(item.line.payload)
        if read >= most or held >= _MOST_BYTES:
            return list(items.values()), False
    return list(items.values()), True


def _item(run: _Run, number: int, line: bytes | None) -> _Item | None:
    try:
        if line is None:
            raise LineError("It's far too long for a session.")
        found = parse_line(line)
        kind = kind_named(found.kind)
        if kind is None or not kind.form.holds(run.store.capabilities.form):
            raise LineError("It's a record from another kind of store, which keeps sessions in a different form.")
        ref = run.store.ref_for(found.session_id)
    except LineError as error:
        run.fail(number, str(error))
        return None
    except BadStoreAddress as error:
        run.fail(number, error.message)
        return None
    if found.expires_at_ms is not None and found.expires_at_ms <= now_ms():
        run.count("expired")
        return None
    if found.expires_at_ms is not None and found.expires_at_ms > LATEST_MS:
        run.count("capped")
        found = msgspec.structs.replace(found, expires_at_ms=LATEST_MS)
    return _Item(number, ref, found)


def _take(run: _Run, items: list[_Item]) -> None:
    """Look at what is there; then create the absent ones, and replace the others where that is wanted."""
    found = run.store.read_many([item.ref for item in items])
    first: list[tuple[_Item, Write]] = []
    for item, now in zip(items, found, strict=True):
        if isinstance(now, RecordMissing):
            first.append((item, Create(item.ref, item.line.payload, _expiry(run.store, item))))
        elif isinstance(now, StoreError):
            _count_error(run, item, now)
        elif now.payload == item.line.payload and not (run.replaces and _is_moved(run.store, item, now)):
            run.count("same")
        elif not run.replaces:
            run.count("existing")
        elif run.is_dry:
            run.count("replaced")
        else:
            payload = item.line.payload if item.line.payload != now.payload else None
            move = ChangeExpiry(now, item.line.expires_at_ms, payload)
            first.append((item, move if _is_moved(run.store, item, now) else Replace(now, item.line.payload)))
    if run.is_dry:
        for item, _write in first:
            _try_creating(run, item)
        return
    for (item, write), result in zip(first, run.store.write_many([write for _, write in first]), strict=True):
        if isinstance(result, StoreError):
            _count_error(run, item, result)
        else:
            run.count("created" if isinstance(write, Create) else "replaced")


def _try_creating(run: _Run, item: _Item) -> None:
    """Count what would be created, or as failed what the store knows that it would refuse."""
    try:
        if run.store.capabilities.can_write:
            run.store.preview(PlannedWrite(Operation.CREATE, item.ref, payload=item.line.payload))
    except StoreError as error:
        _count_error(run, item, error)
    else:
        run.count("created")


def _expiry(store: SessionStore, item: _Item) -> int | None:
    # In a session file the expiry is inside the content, which goes in as it is.
    return None if store.capabilities.keeps_expiry_inside else item.line.expires_at_ms


def _is_moved(store: SessionStore, item: _Item, now: RawRecord) -> bool:
    if store.capabilities.keeps_expiry_inside:
        return False
    ends, held = item.line.expires_at_ms, now.expires_at_ms
    # Two readings of one TTL differ by the time between them.
    return (ends is None) != (held is None) or abs((ends or 0) - (held or 0)) > _DRIFT_MS


def _count_error(run: _Run, item: _Item, error: StoreError) -> None:
    match error:
        case RecordExists():
            run.count("existing")
        case RecordChanged():
            run.count("changed")
        case StoreUnreachable() | Interrupted():
            run.stopped = run.stopped or str(error)
        case _:
            run.fail(item.number, str(error))


def is_clean(report: ImportReport) -> bool:
    """True when every line went in or was there to the byte, or had expired."""
    return not (report.failed or report.changed or report.stopped)


def describe_capped(number: int) -> str:
    """Say that so many sessions end sooner than their lines say."""
    return f"{number:,} should expire later than cookies can express: they expire on {format_time(LATEST_MS)[:10]} instead."


def describe_import(report: ImportReport, *, is_dry: bool) -> str:
    """Return the report in words."""
    made, replaced = ("would be created", "would be replaced") if is_dry else ("created", "replaced")
    parts = [
        (report.created, made),
        (report.replaced, replaced),
        (report.same, "already present and identical"),
        (report.existing, "present with different content, left unchanged"),
        (report.expired, "expired and skipped"),
        (report.changed, "changed meanwhile, left unchanged"),
        (report.failed, "not imported"),
    ]
    told = [f"{number:,} {words}" for number, words in parts if number or words == made]
    return f"{report.lines:,} lines: {', '.join(told)}."
