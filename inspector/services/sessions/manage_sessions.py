"""Create, duplicate, delete, recreate a session and change its expiry; knows no window. Many at once: `bulk.py`.

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
    quick_lifetime,
)
from inspector.core.display import format_time
from inspector.core.edits import InsertEntry, RemoveEntry, SetValue, apply_edit
from inspector.core.expiry import Ending, end_from, format_countdown
from inspector.core.finding import Severity
from inspector.core.findings import check_edit
from inspector.core.node import FALSE, NULL, TRUE, Kind, Node, find_member, member, number_node, object_node, text_node
from inspector.services.sessions.decoder import decode_record, encode_record
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import PLAIN, OpenedSession, Reading, describe_record
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


def new_session_root(max_age_ms: int | None, now_ms: int) -> Node:
    """Return `{"cookie": {…}}` as express-session would write it for a new session."""
    lives = max_age_ms is not None
    return object_node(
        (
            "cookie",
            object_node(
                ("originalMaxAge", number_node(max_age_ms) if max_age_ms is not None else NULL),
                ("expires", text_node(format_time(now_ms + max_age_ms)) if lives and max_age_ms is not None else NULL),
                ("secure", FALSE),
                ("httpOnly", TRUE),
                ("path", text_node("/")),
            ),
        )
    )


def create_session(
    store: SessionStore,
    session_id: str,
    root: Node,
    expires_at_ms: int | None,
    journal: Journal,
    now_ms: int,
    reading: Reading = PLAIN,
) -> OpenedSession:
    """Store a new record in the form of the others: text or sub-document, with their serializer or encryption.

    `RecordExists`, `SessionRefused` for what would break the application or for sealed neighbours, `CodecError`.
    """
    kind = store.capabilities.kind
    refused = [one for one in check_edit(None, root, kind) if one.severity is Severity.REFUSED]
    if refused:
        raise SessionRefused(f"{refused[0].text} {refused[0].remedy}".strip())
    ref = store.ref_for(session_id)
    like = _example(store, reading)
    form = store.capabilities.form
    payload = new_payload(root, form, like=like, session_id=session_id, expires_at_ms=expires_at_ms, now_ms=now_ms)
    return _create(store, ref, payload, expires_at_ms, journal, "created", reading)


def _create(
    store: SessionStore,
    ref: RecordRef,
    payload: bytes,
    expires_at_ms: int | None,
    journal: Journal,
    action: str,
    reading: Reading,
    what: str = "",
) -> OpenedSession:
    after = store.create(ref, payload, expires_at_ms)
    journal.record(store.label, ref, action, what, None, after)
    return describe_record(store, after, reading)


def _example(store: SessionStore, reading: Reading) -> Decoded | None:
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
    store: SessionStore, opened: OpenedSession, ending: Ending, journal: Journal, *, lasting: bool = True
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
    store: SessionStore, record: RawRecord, ending: Ending, reading: Reading, now_ms: int | None = None
) -> ChangeExpiry:
    """Return the write that sets when a record ends and the lifetime inside it, counted from `now_ms` (None: when it was read).

    What no codec reads or writes keeps its content: only the store's own expiry moves.
    """
    now_ms = record.read_at_ms if now_ms is None else now_ms
    ends = end_from(ending, now_ms)
    payload = _lifetime_payload(store, record, ends, now_ms, reading)
    return ChangeExpiry(record, ends, payload if payload != record.payload else None)


def _lifetime_payload(
    store: SessionStore, record: RawRecord, ends: int | None, now_ms: int, reading: Reading
) -> bytes | None:
    session_id, form = store.session_id_of(record.ref.key), store.capabilities.form
    quick = quick_lifetime(record.payload, form, ends, now_ms)
    if quick is not None:
        return quick
    try:
        decoded = decode_record(record.payload, form, reading.secrets, session_id)
        root = with_lifetime(decoded, ends, now_ms)
        return encode_record(decoded, root) if root is not None else None
    except CodecError:
        return None


def expiry_words(expires_at_ms: int | None, now_ms: int) -> str:
    """Return what the journal says of an expiry changed at `now_ms`."""
    return f"to {format_countdown(expires_at_ms, now_ms)}"


def with_lifetime(decoded: Decoded, expires_at_ms: int | None, now_ms: int) -> Node | None:
    """Return the tree with the lifetime set that its library goes by; None where there is none to set, or no writing it."""
    root = decoded.root
    if decoded.fidelity is not Fidelity.READ_ONLY and _is_koa(root):
        return _with_koa_end(root, expires_at_ms, now_ms)
    place = find_member(root, "cookie") if root.kind is Kind.OBJECT else None
    if decoded.fidelity is Fidelity.READ_ONLY or place is None or root.entries[place].value.kind is not Kind.OBJECT:
        return None
    left = None if expires_at_ms is None else max(1, expires_at_ms - now_ms)
    fields = [
        ("originalMaxAge", NULL if left is None else number_node(left)),
        ("expires", NULL if expires_at_ms is None else text_node(format_time(expires_at_ms))),
    ]
    if find_member(root.entries[place].value, "originalExpires") is not None:  # @fastify/session goes by it first
        fields.append(("originalExpires", fields[1][1]))
    for key, node in fields:
        root = _set_member(root, (place,), key, node)
    if find_member(root, "__lastAccess") is not None:
        root = _set_member(root, (), "__lastAccess", number_node(now_ms))
    return root


def _is_koa(root: Node) -> bool:
    return member(root, "cookie") is None and any(member(root, name) is not None for name in ("_expire", "_session"))


def _with_koa_end(root: Node, expires_at_ms: int | None, now_ms: int) -> Node:
    """koa-session has either an end, or `_session` for one that lasts as long as the browser's."""
    fields: dict[str, Node] = {"_session": TRUE}
    if expires_at_ms is not None:
        fields = {"_expire": number_node(expires_at_ms), "_maxAge": number_node(max(1, expires_at_ms - now_ms))}
    for name in ("_expire", "_maxAge", "_session"):
        place = find_member(root, name)
        if name in fields:
            root = _set_member(root, (), name, fields[name])
        elif place is not None:
            root = apply_edit(root, RemoveEntry((place,)))[0]
    return root


def _set_member(root: Node, parent: tuple[int, ...], key: str, node: Node) -> Node:
    container = root.entries[parent[0]].value if parent else root
    place = find_member(container, key)
    if place is None:
        return apply_edit(root, InsertEntry(parent, len(container.entries), key, node))[0]
    old = container.entries[place].value
    if old.tag == "date" and node.kind is Kind.STRING:
        from inspector.codecs import parse_typed

        node = parse_typed(str(node.scalar), old)
    return apply_edit(root, SetValue((*parent, place), node))[0]


def recreate_session(
    store: SessionStore, before: RawRecord, journal: Journal, reading: Reading = PLAIN
) -> OpenedSession:
    """Create a deleted record again with its old expiry. `RecordExists`; `SessionRefused` when that is past by now."""
    ends = before.expires_at_ms
    if ends is not None and ends <= read_clock():
        words = "This session would have expired by now, so it was not created again."
        raise SessionRefused(words)
    return _create(store, before.ref, before.payload, ends, journal, "restored", reading, "what was deleted")
