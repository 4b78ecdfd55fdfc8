"""Create, duplicate, delete, recreate a session and change its expiry. Many at once: `bulk.py`.

Every function talks to the store and belongs on its lane.
"""

from __future__ import annotations

import secrets

from inspector.codecs import (
    CodecError,
    Decoded,
    Fidelity,
    SealedError,
    copy_payload,
    new_payload,
)
from inspector.core.expiry import ExpiryTarget, end_from, format_countdown
from inspector.core.finding import Severity
from inspector.core.node import Node
from inspector.frameworks import EXPRESS, check_edit, move_quickly, origin_of, write_new
from inspector.services.sessions.decoder import decode_record, encode_record
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import PLAIN, DecodeContext, OpenedSession, describe_record, stored_record
from store_adapters.clock import now_ms as read_clock
from store_adapters.contract import CancelToken, ChangeExpiry, RawRecord, RecordRef, SessionStore
from store_adapters.errors import RecordChanged

_ATTEMPTS = 5
_TOLD = 20
_EXAMPLES = 20


class SessionRefused(ValueError):
    """The record would break the application; says why and what to do. Nothing was written."""


def new_session_id() -> str:
    """Return 24 random bytes as base64url, as express-session's default genid makes them."""
    return secrets.token_urlsafe(24)


def new_session_root(max_age_ms: int | None, now_ms: int, context: DecodeContext = PLAIN) -> Node:
    """Return an empty session as the store's framework would write it; express-session, where nobody said which that is."""
    return (context.framework or EXPRESS).new_session(max_age_ms, now_ms)


def create_session(
    store: SessionStore,
    session_id: str,
    root: Node,
    expires_at_ms: int | None,
    journal: Journal,
    now_ms: int,
    reading: DecodeContext = PLAIN,
) -> OpenedSession:
    """Store a new record in the form of the others: text or sub-document, with their serializer or encryption.

    `RecordExists`, `SessionRefused` for what would break the application or for sealed neighbours, `CodecError`.
    """
    kind, framework = store.capabilities.kind, reading.framework or EXPRESS
    refused = [one for one in check_edit(None, root, kind, framework) if one.severity is Severity.REFUSED]
    if refused:
        raise SessionRefused(f"{refused[0].text} {refused[0].remedy}".strip())
    ref = store.ref_for(session_id)
    like = _example(store, reading)
    form = store.capabilities.form
    root = framework.complete(root, form, now_ms)
    payload = write_new(framework, root, like)
    if payload is None:
        payload = new_payload(root, form, like=like, session_id=session_id, expires_at_ms=expires_at_ms)
    return _create(store, ref, payload, expires_at_ms, journal, "created", reading)


def _create(
    store: SessionStore,
    ref: RecordRef,
    payload: bytes,
    expires_at_ms: int | None,
    journal: Journal,
    action: str,
    reading: DecodeContext,
    what: str = "",
) -> OpenedSession:
    after = store.create(ref, payload, expires_at_ms)
    journal.record(store.label, ref, action, what, None, after)
    return describe_record(store, after, reading)


def _example(store: SessionStore, reading: DecodeContext) -> Decoded | None:
    """Return a record of the store whose form a new one takes. `SessionRefused` when all that was looked at is sealed."""
    sealed = False
    for batch in store.list_records(CancelToken()):
        for key, payload in zip(batch.keys[:_EXAMPLES], batch.payloads, strict=False):
            try:
                return decode_record(payload, store.capabilities.form, reading.secrets, store.session_id_of(key))
            except SealedError:
                sealed = True
            except CodecError:
                continue
        break
    if sealed:
        raise SessionRefused(
            "The sessions here are encrypted. Give the store their secret: a plain one would not be read."
        )
    return None


def duplicate_session(store: SessionStore, opened: OpenedSession, new_id: str, journal: Journal) -> OpenedSession:
    """Create a copy under another session ID with the same data and expiry. `RecordExists`."""
    ref, expires_at_ms, payload = store.ref_for(new_id), opened.raw.expires_at_ms, opened.raw.payload
    form = store.capabilities.form
    if form.names_itself or opened.is_sealed or (opened.decoded is not None and opened.decoded.layers):
        # The document names its own _id, and an encryption may mix in the session ID.
        if opened.decoded is None:
            raise SessionRefused("This record cannot be read, so it cannot be copied under another session ID.")
        payload = copy_payload(opened.decoded, form, session_id=new_id, expires_at_ms=expires_at_ms)
    return _create(store, ref, payload, expires_at_ms, journal, "created", opened.reading)


def delete_session(store: SessionStore, opened: OpenedSession, journal: Journal) -> None:
    """Delete the record if it is still what was opened; `RecordChanged` otherwise."""
    _delete(store, opened.raw, journal)


def _delete(store: SessionStore, raw: RawRecord, journal: Journal) -> None:
    store.delete(raw)
    journal.record(store.label, raw.ref, "deleted", "", raw, None)


def change_expiry(
    store: SessionStore, opened: OpenedSession, ending: ExpiryTarget, journal: Journal, *, lasting: bool = True
) -> OpenedSession:
    """Set when the session ends in the store, and with `lasting` what the application works its expiry out from.

    `lasting` also sets `cookie.originalMaxAge` and `cookie.expires`, in the same write: without it the next touch takes the
    change back. What the application writes meanwhile does not matter: only that the session is still there. `StoreError`s.
    """
    base = store.read(opened.raw.ref)
    now_ms = (
        base.read_at_ms
    )  # by one clock reading however often it is tried: the lifetime is the number that was asked for
    expires_at_ms = end_from(ending, now_ms)
    for attempt in range(1, _ATTEMPTS + 1):
        write = ChangeExpiry(base, expires_at_ms)
        if lasting:
            write = move_end(store, base, expires_at_ms, opened.reading, now_ms)
        try:
            after = store.change_expiry(base, write.expires_at_ms, write.payload)
        except RecordChanged:
            if attempt == _ATTEMPTS:
                raise
            base = store.read(base.ref)
            continue
        journal.record(store.label, base.ref, "expiry changed", expiry_words(expires_at_ms, now_ms), base, after)
        return describe_record(store, after, opened.reading)
    raise AssertionError("unreachable")


def move_end(
    store: SessionStore, record: RawRecord, ending: ExpiryTarget, reading: DecodeContext, now_ms: int | None = None
) -> ChangeExpiry:
    """Return the write that sets when a record ends and the lifetime inside it, counted from `now_ms` (None: when it was read).

    What no codec reads or writes keeps its content: only the store's own expiry moves.
    """
    now_ms = record.read_at_ms if now_ms is None else now_ms
    ends = end_from(ending, now_ms)
    payload = _lifetime_payload(store, record, ends, now_ms, reading)
    return ChangeExpiry(record, ends, payload if payload != record.payload else None)


def _lifetime_payload(
    store: SessionStore, record: RawRecord, ends: int | None, now_ms: int, reading: DecodeContext
) -> bytes | None:
    session_id, form = store.session_id_of(record.ref.key), store.capabilities.form
    told = reading.framework
    quick = (told.expiry.move_quickly if told is not None else move_quickly)(record.payload, form, ends, now_ms)
    if quick is not None:
        return quick
    try:
        decoded = decode_record(record.payload, form, reading.secrets, session_id)
        if decoded.fidelity is Fidelity.READ_ONLY:
            return None
        origin = origin_of(stored_record(store, record, decoded), told)
        root = origin.framework.expiry.move(decoded.root, ends, now_ms)
        return encode_record(decoded, root) if root is not None else None
    except CodecError:
        return None


def expiry_words(expires_at_ms: int | None, now_ms: int) -> str:
    """Return what the journal says of an expiry changed at `now_ms`."""
    return f"to {format_countdown(expires_at_ms, now_ms)}"


def recreate_session(
    store: SessionStore, before: RawRecord, journal: Journal, reading: DecodeContext = PLAIN
) -> OpenedSession:
    """Create a deleted record again with its old expiry. `RecordExists`; `SessionRefused` when that is past by now."""
    ends = before.expires_at_ms
    if ends is not None and ends <= read_clock():
        words = "This session would have expired by now, so it was not created again."
        raise SessionRefused(words)
    return _create(store, before.ref, before.payload, ends, journal, "restored", reading, "what was deleted")
