"""Restoring what was before a write: an edit like any other, from what was written then to what was there before it.

Reviewed and saved by `save_session.py`, so that what the application wrote since is kept and a real conflict is asked.
Every function talks to the store and belongs on its lane.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from inspector.codecs import CodecError
from inspector.core.edits import reconcile
from inspector.core.merge import Choice
from inspector.core.node import Node, without_spans
from inspector.services.sessions.decoder import decode_record
from inspector.services.sessions.journal import Journal, JournalEntry
from inspector.services.sessions.manage_sessions import SessionRefused, expiry_words, recreate_session
from inspector.services.sessions.open_session import PLAIN, DecodeContext, OpenedSession, describe_record
from inspector.services.sessions.save_session import Review, SaveOutcome, SaveState, review_changes, save_session
from store_adapters.contract import RawRecord, SessionStore
from store_adapters.errors import RecordChanged, RecordMissing

_ATTEMPTS = 5
_CLOCK_MS = 1000
"""Two readings of one TTL may differ by less."""
_PAST = "The old expiry is now in the past: restoring it would end the session."


@dataclass(frozen=True, slots=True)
class Restoration:
    """What restoring an entry means now. `review`: of the data, None where the entry did not change it, or where the
    record is absent. `is_absent`: it was deleted and is to be created again. `moves_expiry`: the store's expiry goes back
    to `expires_at_ms`; now it is `now_expires_at_ms`."""

    entry: JournalEntry
    review: Review | None = None
    is_absent: bool = False
    moves_expiry: bool = False
    expires_at_ms: int | None = None
    now_expires_at_ms: int | None = None


def plan_restoration(store: SessionStore, entry: JournalEntry, reading: DecodeContext = PLAIN) -> Restoration:
    """Compare the before-image with what is stored now. `SessionRefused` where there is nothing to restore."""
    before = entry.before
    if before is None:
        raise SessionRefused("This record didn't exist before. Delete it instead.")
    try:
        now = store.read(entry.ref)
    except RecordMissing:
        if entry.after is None:
            return Restoration(entry, is_absent=True)
        raise
    # A deletion that did not last left nothing to compare with: what is there now becomes what was.
    base = entry.after or now
    is_inside = store.capabilities.keeps_expiry_inside  # then it is restored with the data
    moves = not is_inside and entry.action != "edited" and _differ(before.expires_at_ms, base.expires_at_ms)
    review = None
    if base.payload != before.payload:
        opened, root = open_edit(store, base, before.payload, reading)
        if opened.decoded is not None and root != opened.decoded.root:
            review = review_changes(store, opened, root)
    if moves and before.expires_at_ms is not None and before.expires_at_ms <= now.read_at_ms:
        if review is None:
            raise SessionRefused(_PAST)
        moves = False
    if review is None and not moves:
        raise SessionRefused("It is stored now exactly as it was before.")
    return Restoration(entry, review, False, moves, before.expires_at_ms, now.expires_at_ms)


def _differ(before_ms: int | None, after_ms: int | None) -> bool:
    if before_ms is None or after_ms is None:
        return before_ms is not after_ms
    return abs(before_ms - after_ms) > _CLOCK_MS


def open_edit(
    store: SessionStore, base: RawRecord, edited: bytes, reading: DecodeContext = PLAIN
) -> tuple[OpenedSession, Node]:
    """Return the session as it was opened, and the tree of the `edited` bytes over it. `CodecError`, `SealedError`."""
    opened = describe_record(store, base, reading)
    if opened.decoded is None:
        raise CodecError("No codec reads what was edited.", opened.attempts)
    after = decode_record(edited, store.capabilities.form, reading.secrets, opened.session_id)
    # Spans of the other bytes mean nothing over these: what is equal takes the nodes of the old tree.
    return opened, reconcile(opened.decoded.root, without_spans(after.root))


def restore(
    store: SessionStore,
    plan: Restoration,
    journal: Journal,
    reading: DecodeContext = PLAIN,
    choices: Mapping[str, Choice] | None = None,
    *,
    overwrite: bool = False,
) -> SaveOutcome:
    """Carry a plan out: save its edit as `save_session` does, and then set the expiry back. Raises as both do."""
    if plan.is_absent:
        record = restore_deleted(store, plan.entry, journal, reading)
        return SaveOutcome(SaveState.SAVED, "The session is in the store again.", record)
    outcome = SaveOutcome(SaveState.UNCHANGED, "")
    if plan.review is not None:
        opened, root = plan.review.opened, plan.review.root
        outcome = save_session(store, opened, root, journal, choices, overwrite=overwrite, action="restored")
    if plan.moves_expiry and outcome.state in (SaveState.SAVED, SaveState.UNCHANGED):
        record = restore_expiry(store, plan.entry, journal, reading)
        words = f"{outcome.message} The expiry is what it was before: the session {record.expiry.summary}.".strip()
        outcome = replace(outcome, state=SaveState.SAVED, message=words, record=record)
    return outcome


def restore_deleted(
    store: SessionStore, entry: JournalEntry, journal: Journal, reading: DecodeContext = PLAIN
) -> OpenedSession:
    """Create a record again that was deleted from here. `RecordExists` when it is back already, `SessionRefused` when it
    would have expired by now."""
    if entry.before is None:
        raise SessionRefused("This record was not deleted from here.")
    return recreate_session(store, entry.before, journal, reading)


def restore_expiry(
    store: SessionStore, entry: JournalEntry, journal: Journal, reading: DecodeContext = PLAIN
) -> OpenedSession:
    """Set the store's expiry back to what it was before an entry; the data stays. `SessionRefused` for a past moment."""
    if entry.before is None:
        raise SessionRefused("This record didn't exist before. Delete it instead.")
    ends = entry.before.expires_at_ms
    base = store.read(entry.ref)
    if ends is not None and ends <= base.read_at_ms:
        raise SessionRefused(_PAST)
    for _attempt in range(_ATTEMPTS):
        try:
            after = store.change_expiry(base, ends)
        except RecordChanged:
            base = store.read(entry.ref)
            continue
        journal.record(store.label, entry.ref, "expiry changed", expiry_words(ends, base.read_at_ms), base, after)
        return describe_record(store, after, reading)
    raise RecordChanged("The application changed the session at each attempt; its expiry is as it was.")
