"""What saving and bulk acts would send, one command a line, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping

from inspector.codecs import CodecError
from inspector.core.merge import Choice
from inspector.services.sessions.save_session import Review, planned_payload
from store_adapters.contract import Operation, PlannedWrite, RecordRef, SessionStore


def preview_save(
    store: SessionStore, review: Review, choices: Mapping[str, Choice] | None = None, *, overwrite: bool = False
) -> tuple[str, ...]:
    """Return what a save of this review would send; () when it would send nothing. Conflicts without a choice take mine."""
    if not review.can_save or review.now is None:
        return ()
    settled = {change.field: Choice.MINE for change in review.conflicts} | dict(choices or {})
    try:
        payload = planned_payload(review, settled, overwrite=overwrite)
    except CodecError:
        return ()
    if payload == review.now.payload:
        return ()
    return store.preview(PlannedWrite(Operation.REPLACE, review.now.ref, review.now, payload))


def preview_delete(store: SessionStore, ref: RecordRef) -> tuple[str, ...]:
    """Return what deleting one record would send."""
    return store.preview(PlannedWrite(Operation.DELETE, ref))


def preview_expiry(store: SessionStore, ref: RecordRef, expires_at_ms: int | None) -> tuple[str, ...]:
    """Return what a lasting change of one record's expiry would send: the cookie's lifetime and the store's expiry, in one write."""
    return store.preview(PlannedWrite(Operation.EXPIRE, ref, expires_at_ms=expires_at_ms, with_payload=True))


def for_many(lines: tuple[str, ...], number: int) -> tuple[str, ...]:
    """Say that these are sent for each of so many records."""
    if number == 1 or not lines:
        return lines
    return (*lines, f"… and the same for {number - 1:,} more, each compared with what it holds then")
