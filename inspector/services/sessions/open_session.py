"""From a record's place to all that can be shown of it; knows no window and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from inspector.codecs import (
    Attempt,
    CodecError,
    Decoded,
    Fidelity,
    SealedError,
    Summary,
    fingerprint,
    fingerprint_sealed,
    fingerprint_unread,
    judge_layers,
    summarise_decoded,
)
from inspector.core.expiry import ExpiryReport, explain_expiry, judge_over
from inspector.core.express_findings import judge_lifetime
from inspector.core.finding import Finding, Severity
from inspector.core.findings import examine
from inspector.core.node import Kind, Node
from inspector.core.other_findings import judge_end
from inspector.core.secret import Secret
from inspector.core.verdict import FOUND, Effect, RecordVerdict
from inspector.core.writer import UNKNOWN_WRITER, Certainty, Family, Writer
from inspector.services.sessions.decoder import decode_record, summarise_record
from inspector.services.sessions.record_verdict import judge_record
from store_adapters.contract import RawRecord, RecordRef, SessionStore
from store_adapters.record_form import ExpiryClock

UserPaths = tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the records of a store are read: where its application keeps the user (() for the usual places), and the
    secrets that open what is encrypted. `family`: whose rules hold, where a person knows better than the bytes."""

    user_paths: UserPaths = ()
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    family: Family | None = None

    @property
    def to_summarise(self) -> tuple[UserPaths, tuple[Secret, ...]]:
        """What it takes to say who is signed in."""
        return self.user_paths, self.secrets


PLAIN = Reading()


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """One session as read. `decoded` is None for bytes no codec reads; `attempts` then says what was tried, and
    `is_sealed` that it is encrypted and a secret is wanted. `writer`: which library wrote it. `reading`: how it was read,
    to read it again. `verdict`: what the application does with it."""

    session_id: str
    raw: RawRecord
    decoded: Decoded | None
    attempts: tuple[Attempt, ...]
    expiry: ExpiryReport
    findings: tuple[Finding, ...]
    summary: Summary
    is_sealed: bool = False
    writer: Writer = UNKNOWN_WRITER
    reading: Reading = PLAIN
    verdict: RecordVerdict = FOUND

    @property
    def over(self) -> Finding | None:
        """That the session had ended when it was read, though its record still stands."""
        return judge_over(self.expiry.expires_at_ms, self.raw.read_at_ms)

    @property
    def is_beyond(self) -> bool:
        """True when a limit of this program kept the record from being decoded, and nothing is wrong with it."""
        return self.decoded is None and not self.is_sealed and any(attempt.is_limit for attempt in self.attempts)

    @property
    def is_editable(self) -> bool:
        """True when the record was decoded and may be written back without loss."""
        return self.decoded is not None and self.decoded.fidelity is not Fidelity.READ_ONLY


def open_session(store: SessionStore, ref: RecordRef, reading: Reading = PLAIN) -> OpenedSession:
    """Read and decode the record at `ref`. `StoreError`s pass through; undecodable bytes are no error."""
    return describe_record(store, store.read(ref), reading)


def ref_of_key(store: SessionStore, key: bytes) -> RecordRef:
    """Return where a key that the store listed is; never for text that a person typed (`SessionStore.ref_for`)."""
    return RecordRef(store.ref_for("a").container, key)


def describe_record(store: SessionStore, raw: RawRecord, reading: Reading = PLAIN) -> OpenedSession:
    """Decode a record that was read already."""
    kind, form, session_id = store.capabilities.kind, store.capabilities.form, store.session_id_of(raw.ref.key)
    decoded: Decoded | None = None
    attempts: tuple[Attempt, ...] = ()
    sealed: SealedError | None = None
    try:
        decoded = decode_record(raw.payload, form, reading.secrets, session_id)
    except SealedError as error:
        attempts, sealed = error.attempts, error
    except CodecError as error:
        attempts = error.attempts
    is_sealed = sealed is not None
    root = decoded.root if decoded else None
    envelope = decoded.envelope if decoded else None
    expires_at_ms = expiry_inside(store, raw, decoded)
    is_hidden = is_sealed and store.capabilities.keeps_expiry_inside
    raw = replace(raw, expires_at_ms=expires_at_ms)
    writer = _writer_of(_fingerprint(raw, kind, decoded, sealed), reading)
    verdict = judge_record(raw, store.capabilities, decoded, writer.family, is_sealed=is_sealed)
    findings = _findings(root, kind, writer.family, expires_at_ms, raw.read_at_ms)
    if verdict.is_refused and not any(one.text == verdict.text for one in findings):
        findings = (Finding(Severity.WARNING, verdict.path, verdict.text, verdict.remedy), *findings)
    # What the store deletes when it is next asked for is not kept for ever.
    if expires_at_ms is None and not is_hidden and not raw.hidden_by and verdict.effect is not Effect.DELETED:
        findings = (*findings, _no_expiry(store.capabilities.clock))
    if decoded is not None:
        findings = (*findings, *(one for one in judge_layers(decoded, form) if one.text != verdict.text))
    if decoded is not None:
        summary = summarise_decoded(decoded, reading.user_paths)
    else:
        summary = summarise_record(raw.payload, form, reading.user_paths, reading.secrets, session_id)
    return OpenedSession(
        session_id=session_id,
        raw=raw,
        decoded=decoded,
        attempts=attempts,
        expiry=explain_expiry(
            store.capabilities.clock,
            expires_at_ms,
            root,
            envelope,
            raw.read_at_ms,
            is_hidden=is_hidden,
            family=writer.family,
            hidden_by=raw.hidden_by,
        ),
        findings=findings,
        summary=summary,
        is_sealed=is_sealed,
        writer=writer,
        reading=reading,
        verdict=verdict,
    )


def _fingerprint(raw: RawRecord, kind: str, decoded: Decoded | None, sealed: SealedError | None) -> Writer:
    if decoded is not None:
        return fingerprint(decoded, kind, raw.ref.key)
    return fingerprint_sealed(sealed, kind) if sealed else fingerprint_unread(raw.payload, kind, raw.ref.key)


def _writer_of(found: Writer, reading: Reading) -> Writer:
    """Return what a person said wrote the records of this store, where that differs from what they look like."""
    if reading.family is None or reading.family is found.family:
        return found
    return Writer(
        reading.family, reading.family.value, Certainty.TOLD, f"set for this store; the record looks like {found.name}"
    )


def _findings(
    root: Node | None, kind: str, family: Family, expires_at_ms: int | None, now_ms: int
) -> tuple[Finding, ...]:
    if root is None:
        return ()
    found = (*examine(root, kind, family), *judge_end(root, family, now_ms))
    if family is Family.EXPRESS and expires_at_ms is not None and root.kind is Kind.OBJECT:
        found += tuple(judge_lifetime(root, kind, expires_at_ms, now_ms))
    return found


def expiry_inside(store: SessionStore, raw: RawRecord, decoded: Decoded | None) -> int | None:
    """Return when the record ends, where only its opened text tells (an encrypted session file), else what was read."""
    read_expiry = store.capabilities.read_expiry
    if read_expiry is None or decoded is None or not decoded.layers:
        return raw.expires_at_ms
    return read_expiry(decoded.source)


def _no_expiry(clock: ExpiryClock) -> Finding:
    return Finding(Severity.WARNING, (), "This session never expires: the store grows without limit.", clock.remedy)
