"""Saving so that nothing of the application's is lost: review, merge, compare-and-set, retry, re-read.

Knows no window. Every function talks to the store and belongs on its lane.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from inspector.codecs import CodecError, Decoded, json_bytes
from inspector.core.expiry import format_countdown, judge_over
from inspector.core.finding import Finding, Severity
from inspector.core.merge import Choice, FieldChange, FieldState, diff, merge, merge_all_mine
from inspector.core.node import Node
from inspector.frameworks import check_edit, explain_expiry
from inspector.services.sessions.decoder import decode_record, encode_record
from inspector.services.sessions.journal import Journal
from inspector.services.sessions.open_session import OpenedSession, describe_record
from store_adapters.contract import RawRecord, SessionStore
from store_adapters.errors import OutcomeUnknown, RecordChanged, RecordMissing

_LONGEST_PAUSE_S = 0.05
_MANY = 3
FIRST_LOOK_MS = 700
"""So long after a save it is looked at again: a request that was in flight has ended by then."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a save would do, for a person to judge: the three columns "when opened", "now", "yours".

    `gone`: the record is no longer there; saving is refused. `changed_by_application`: it changed since it was opened.
    `findings`: REFUSED ones forbid saving. `expiry`: what happens to the expiry, in words.
    """

    opened: OpenedSession
    root: Node
    now: RawRecord | None
    now_decoded: Decoded | None
    changes: tuple[FieldChange, ...]
    findings: tuple[Finding, ...]
    gone: bool
    changed_by_application: bool
    expiry: str

    @property
    def conflicts(self) -> tuple[FieldChange, ...]:
        return tuple(change for change in self.changes if change.state is FieldState.CONFLICT)

    @property
    def refusals(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.REFUSED)

    @property
    def can_save(self) -> bool:
        """False when the record is gone, nothing was edited, or a finding refuses it; choices settle conflicts."""
        is_edited = any(change.mine != change.base for change in self.changes)
        return not self.gone and self.now_decoded is not None and is_edited and not self.refusals

    def written(self, choices: Mapping[str, Choice]) -> tuple[FieldChange, ...]:
        """Return what a save with these choices writes of mine; a conflict without one is not written."""
        return tuple(change for change in self.changes if change.is_written(choices.get(change.field)))

    def discarded(self, choices: Mapping[str, Choice]) -> tuple[FieldChange, ...]:
        """Return what I changed and a save with these choices does not keep."""
        return tuple(change for change in self.changes if change.is_discarded(choices.get(change.field)))

    def settled(self, choices: Mapping[str, Choice] | None, *, overwrite: bool) -> dict[str, Choice]:
        """Return the choices, with mine for every conflict where all is to be overwritten."""
        mine = {change.field: Choice.MINE for change in self.conflicts} if overwrite else {}
        return {**(choices or {}), **mine}


class SaveState(Enum):
    SAVED = "saved"
    UNCHANGED = "unchanged"  # nothing was edited: nothing was written
    CONFLICT = "conflict"  # both sides changed a field and no choice was made; nothing was written
    GONE = "gone"  # logged out or expired meanwhile; it was not brought back
    REFUSED = "refused"  # the application would break; nothing was written
    BUSY = "busy"  # the application changed it at every attempt; nothing was written
    UNKNOWN = "unknown"  # the connection broke and a re-read could not tell


@dataclass(frozen=True, slots=True)
class SaveOutcome:
    """What became of a save. `record`: as it stands after a SAVED. `review`: the newest one, with what was stored before.
    `changes`: what was written of mine. `attempts`: compare-and-set rounds. `message`: one sentence to show."""

    state: SaveState
    message: str
    record: OpenedSession | None = None
    review: Review | None = None
    changes: tuple[FieldChange, ...] = ()
    attempts: int = 0


def review_changes(store: SessionStore, opened: OpenedSession, root: Node) -> Review:
    """Read the record now and set it beside what was opened and the edited tree `root`. Writes nothing."""
    try:
        now = store.read(opened.raw.ref)
    except RecordMissing:
        base = _base(opened)
        return Review(opened, root, None, None, diff(base.root, root), (), True, False, "There is nothing to save to.")
    return _review(store, opened, root, now)


def _base(opened: OpenedSession) -> Decoded:
    if opened.decoded is None:
        raise CodecError("This record cannot be edited: no codec reads it.", opened.attempts)
    return opened.decoded


def _review(store: SessionStore, opened: OpenedSession, root: Node, now: RawRecord) -> Review:
    base = _base(opened)
    kind, form = store.capabilities.kind, store.capabilities.form
    changed = now.payload != opened.raw.payload
    try:
        theirs = decode_record(now.payload, form, opened.reading.secrets, opened.session_id) if changed else base
    except CodecError:
        # The application wrote something no codec reads: only an unchanged record can be saved over.
        return Review(opened, root, now, None, diff(base.root, root), (), False, True, _expiry_words(now))
    changes = merge(base.root, root, theirs.root).changes
    over = _judge_end(store, opened, root, now, theirs)
    findings = (*check_edit(base.root, root, kind, opened.origin.framework), *((over,) if over else ()))
    return Review(opened, root, now, theirs, changes, findings, False, theirs.root != base.root, _expiry_words(now))


def _judge_end(
    store: SessionStore, opened: OpenedSession, root: Node, now: RawRecord, theirs: Decoded
) -> Finding | None:
    """Return that the session will be over after the save; where its expiry is in its content, the edit may change that."""
    capabilities = store.capabilities
    mine = dict.fromkeys((one.field for one in merge(_base(opened).root, root, theirs.root).conflicts), Choice.MINE)
    merged = merge(_base(opened).root, root, theirs.root, mine).root or root
    ends = now.expires_at_ms
    if capabilities.read_expiry is not None:
        ends = capabilities.read_expiry(json_bytes(merged))
    framework = opened.origin.framework
    report = explain_expiry(framework, capabilities.clock, ends, merged, theirs.envelope, now.read_at_ms)
    return judge_over(report, now.read_at_ms)


def _expiry_words(now: RawRecord) -> str:
    return f"the expiry stays as it is ({format_countdown(now.expires_at_ms, now.read_at_ms)})"


def save_session(
    store: SessionStore,
    opened: OpenedSession,
    root: Node,
    journal: Journal,
    choices: Mapping[str, Choice] | None = None,
    *,
    overwrite: bool = False,
    max_attempts: int = 10,
    action: str = "edited",
) -> SaveOutcome:
    """Write the edits in `root` over what the store holds now, merged by field, by compare-and-set.

    Reads, merges, writes against what was just read, and tries again up to `max_attempts` times when the application
    was faster. The expiry stays; a record that is gone is not recreated; no edit, no write. `overwrite` takes mine for
    every field (a real choice of the person's, still compare-and-set, still never recreating). The before-image goes
    to the journal as `action`. `StoreReadOnly`, `StoreUnreachable` and their like pass through: nothing was written then.
    """
    base = _base(opened)
    if root == base.root:
        return SaveOutcome(SaveState.UNCHANGED, "Nothing was edited, so nothing was written.")
    review: Review | None = None
    for attempt in range(1, max_attempts + 1):
        review = review_changes(store, opened, root)
        stop = _reason_to_stop(review, choices, overwrite)
        if stop is not None:
            return replace(stop, attempts=attempt)
        assert review.now is not None and review.now_decoded is not None
        try:
            settled = review.settled(choices, overwrite=overwrite)
            payload = planned_payload(review, settled)
            if payload == review.now.payload:
                record = describe_record(store, review.now, opened.reading)
                return SaveOutcome(SaveState.UNCHANGED, _unchanged_words(review, settled), record, attempts=attempt)
            after = store.replace(review.now, payload)
        except RecordChanged:
            # Another request was faster: look again, after a pause that two such loops would not share.
            time.sleep(random.uniform(0, _LONGEST_PAUSE_S * attempt / max_attempts))
            continue
        except RecordMissing:
            return _gone(attempt)
        except OutcomeUnknown as error:
            return SaveOutcome(SaveState.UNKNOWN, str(error), review=review, attempts=attempt)
        written = review.written(settled)
        record = describe_record(store, after, opened.reading)
        journal.record(store.label, after.ref, action, describe_fields(written), review.now, after)
        return SaveOutcome(
            SaveState.SAVED,
            " ".join(filter(None, (_saved_words(review, settled), after.note, _but_words(record)))),
            record,
            review,
            written,
            attempt,
        )
    words = f"The application changed the session at each of {max_attempts} attempts; nothing was written."
    return SaveOutcome(SaveState.BUSY, words, review=review, attempts=max_attempts)


def _reason_to_stop(review: Review, choices: Mapping[str, Choice] | None, overwrite: bool) -> SaveOutcome | None:
    if review.gone:
        return _gone(0)
    if review.refusals:
        return SaveOutcome(SaveState.REFUSED, _finding_words(review.refusals[0]), review=review)
    if review.now_decoded is None:
        words = "The application has written something that no codec reads; nothing was written."
        return SaveOutcome(SaveState.CONFLICT, words, review=review)
    open_conflicts = [change for change in review.conflicts if change.field not in (choices or {})]
    if open_conflicts and not overwrite:
        words = f"You and the application both changed {describe_fields(tuple(open_conflicts))}; choose whose is kept."
        return SaveOutcome(SaveState.CONFLICT, words, review=review)
    return None


def _gone(attempts: int) -> SaveOutcome:
    words = "The session is no longer in the store: it was logged out or expired. It was not brought back."
    return SaveOutcome(SaveState.GONE, words, attempts=attempts)


def planned_payload(review: Review, choices: Mapping[str, Choice] | None = None, *, overwrite: bool = False) -> bytes:
    """Return the bytes that saving would put into the store, conflicts settled by `choices`. `CodecError`."""
    assert review.now_decoded is not None
    base = _base(review.opened)
    if review.now_decoded is base:
        # The bytes are the ones that were opened: the edited tree's own spans hold.
        return encode_record(base, review.root)
    settled = review.settled(choices, overwrite=overwrite)
    merged = merge(base.root, review.root, review.now_decoded.root, settled)
    assert merged.root is not None
    return encode_record(review.now_decoded, merged.root)


def _unchanged_words(review: Review, choices: Mapping[str, Choice]) -> str:
    discarded = review.discarded(choices)
    if discarded:
        return f"Nothing was written: the stored value was kept for {describe_fields(discarded)}."
    return "The store holds exactly this already."


def _saved_words(review: Review, choices: Mapping[str, Choice]) -> str:
    words = f"Saved {describe_fields(review.written(choices))}"
    theirs = tuple(
        change for change in review.changes if change.state is FieldState.THEIRS and change.mine == change.base
    )
    discarded = review.discarded(choices)
    if theirs:
        words += f"; kept the application's {describe_fields(theirs)}"
    if discarded:
        words += f"; discarded your {describe_fields(discarded)}"
    return words + "."


def _but_words(record: OpenedSession) -> str:
    """Return why the application will not see what was saved, "" where it will."""
    if record.over:
        return record.over.text
    return record.verdict.text if record.verdict.is_refused else ""


def _finding_words(finding: Finding) -> str:
    return f"{finding.text} {finding.remedy}".strip()


def describe_fields(changes: tuple[FieldChange, ...]) -> str:
    """Return the fields in words: "user.role, cart[1] and 3 more"."""
    names = [change.field or "the whole record" for change in changes]
    if len(names) <= _MANY:
        return ", ".join(names)
    return f"{', '.join(names[:_MANY])} and {len(names) - _MANY} more"


class Persistence(Enum):
    PERSISTED = "persisted"
    OVERWRITTEN = "overwritten"  # the application wrote an older copy over it
    CHANGED = "changed"  # the application changed other fields; the edits are there
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class PersistenceReport:
    """What became of an edit after its save. `record`: what is stored now, None when it is gone or `lost` cannot be told.
    `lost`: the fields that were overwritten. `again`: the record's tree with them in it again, to stage and save."""

    state: Persistence
    message: str
    record: OpenedSession | None
    lost: tuple[FieldChange, ...] = ()
    again: Node | None = None


def verify_saved(store: SessionStore, outcome: SaveOutcome) -> PersistenceReport:
    """Read again, a moment after a SAVED, and say whether its edits are still there."""
    saved, review = outcome.record, outcome.review
    assert saved is not None and review is not None and review.now_decoded is not None
    try:
        now = store.read(saved.raw.ref)
    except RecordMissing:
        return PersistenceReport(Persistence.GONE, "The session has since gone: logged out or expired.", None)
    record = describe_record(store, now, saved.reading)
    if now.payload == saved.raw.payload:
        return PersistenceReport(Persistence.PERSISTED, f"Saved, and still there. {_but_words(record)}".strip(), record)
    if record.decoded is None or saved.decoded is None:
        return PersistenceReport(
            Persistence.OVERWRITTEN, "The application has since written something unreadable.", record
        )
    # What was written is mine, over what was stored before it: what the application has of it now, the merge tells.
    merged = merge_all_mine(review.now_decoded.root, saved.decoded.root, record.decoded.root)
    lost = tuple(change for change in merged.changes if change.mine not in (change.base, change.theirs))
    if lost:
        words = (
            f"The application overwrote {describe_fields(lost)} just after: a request in flight held an older copy. "
            "Save again; with resave:true it happens at every request."
        )
        return PersistenceReport(Persistence.OVERWRITTEN, words, record, lost, merged.root)
    words = f"Saved and still there; the application changed other fields since. {_but_words(record)}".strip()
    return PersistenceReport(Persistence.CHANGED, words, record)
