"""From a record's place to all that can be shown of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from inspector.codecs import (
    Attempt,
    CodecError,
    Decoded,
    Fidelity,
    SealedError,
    Summary,
    summarise_decoded,
)
from inspector.core.expiry import ExpiryReport, judge_over
from inspector.core.finding import Finding, Severity
from inspector.core.secret import Secret
from inspector.core.verdict import FOUND, Effect, RecordVerdict
from inspector.frameworks import (
    UNKNOWN_ORIGIN,
    Framework,
    RecordOrigin,
    StoredRecord,
    examine,
    explain_expiry,
    judge_end,
    judge_record,
    origin_of,
)
from inspector.services.sessions.decoder import decode_record, summarise_record
from store_adapters.contract import RawRecord, RecordRef, SessionStore

UserPaths = tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, slots=True)
class DecodeContext:
    """How the records of a store are read: where its application keeps the user (() for the usual places), and the
    secrets that open what is encrypted. `framework`: what wrote them, where a person knows better than the bytes."""

    user_paths: UserPaths = ()
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    framework: Framework | None = None

    @property
    def to_summarise(self) -> tuple[UserPaths, tuple[Secret, ...]]:
        """What it takes to say who is signed in."""
        return self.user_paths, self.secrets


PLAIN = DecodeContext()


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """One session as read. `decoded` is None for bytes no codec reads; `attempts` then says what was tried, and
    `is_sealed` that it is encrypted and a secret is wanted. `origin`: which framework wrote it. `reading`: how it was read,
    to read it again. `verdict`: what the application does with it."""

    session_id: str
    raw: RawRecord
    decoded: Decoded | None
    attempts: tuple[Attempt, ...]
    expiry: ExpiryReport
    findings: tuple[Finding, ...]
    summary: Summary
    is_sealed: bool = False
    origin: RecordOrigin = UNKNOWN_ORIGIN
    reading: DecodeContext = PLAIN
    verdict: RecordVerdict = FOUND

    @property
    def over(self) -> Finding | None:
        """That the session had ended when it was read, though its record still stands."""
        return judge_over(self.expiry, self.raw.read_at_ms)

    @property
    def is_beyond(self) -> bool:
        """True when a limit of this program kept the record from being decoded, and nothing is wrong with it."""
        return self.decoded is None and not self.is_sealed and any(attempt.is_limit for attempt in self.attempts)

    @property
    def is_editable(self) -> bool:
        """True when the record was decoded and may be written back without loss."""
        return self.decoded is not None and self.decoded.fidelity is not Fidelity.READ_ONLY


def open_session(store: SessionStore, ref: RecordRef, reading: DecodeContext = PLAIN) -> OpenedSession:
    """Read and decode the record at `ref`. `StoreError`s pass through; undecodable bytes are not an error."""
    return describe_record(store, store.read(ref), reading)


def ref_of_key(store: SessionStore, key: bytes) -> RecordRef:
    """Return where a key that the store listed is; never for text that a person typed (`SessionStore.ref_for`)."""
    return RecordRef(store.ref_for("a").container, key)


def describe_record(store: SessionStore, raw: RawRecord, reading: DecodeContext = PLAIN) -> OpenedSession:
    """Decode a record that was read already."""
    form, session_id = store.capabilities.form, store.session_id_of(raw.ref.key)
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
    record = stored_record(store, raw, decoded, sealed)
    origin = origin_of(record, reading.framework)
    framework = origin.framework
    verdict = judge_record(framework, record)
    findings = _findings(framework, record)
    if verdict.is_refused and not any(one.text == verdict.text for one in findings):
        findings = (Finding(Severity.WARNING, verdict.path, verdict.text, verdict.remedy), *findings)
    # What the store deletes when it is next asked for is not kept forever.
    remedy = framework.expiry.endless_remedy(store.capabilities.clock)
    if (
        remedy
        and expires_at_ms is None
        and not is_hidden
        and not raw.hidden_by
        and verdict.effect is not Effect.DELETED
    ):
        words = "This session never expires: the store grows without limit."
        findings = (*findings, Finding(Severity.WARNING, (), words, remedy))
    findings = (*findings, *(one for one in framework.rules.record(record) if one.text != verdict.text))
    if decoded is not None:
        summary = summarise_decoded(decoded, reading.user_paths)
    else:
        summary = summarise_record(raw.payload, form, reading.user_paths, reading.secrets, session_id)
    if raw.user and not summary.user:
        summary = replace(summary, user=raw.user, signed_in=True)
    return OpenedSession(
        session_id=session_id,
        raw=raw,
        decoded=decoded,
        attempts=attempts,
        expiry=explain_expiry(
            framework,
            store.capabilities.clock,
            expires_at_ms,
            root,
            envelope,
            raw.read_at_ms,
            is_hidden=is_hidden,
            hidden_by=raw.hidden_by,
        ),
        findings=findings,
        summary=summary,
        is_sealed=is_sealed,
        origin=origin,
        reading=reading,
        verdict=verdict,
    )


def stored_record(
    store: SessionStore, raw: RawRecord, decoded: Decoded | None, sealed: SealedError | None = None
) -> StoredRecord:
    """Return a record of the store as its framework judges it."""
    return StoredRecord(
        kind=store.capabilities.kind,
        form=store.capabilities.form,
        key=raw.ref.key,
        payload=raw.payload,
        decoded=decoded,
        sealed=sealed,
        library=store.capabilities.library,
        expires_at_ms=raw.expires_at_ms,
        read_at_ms=raw.read_at_ms,
        hidden_by=raw.hidden_by,
        clock=store.capabilities.clock,
    )


def _findings(framework: Framework, record: StoredRecord) -> tuple[Finding, ...]:
    if record.decoded is None:
        return ()
    root = record.decoded.root
    return (*examine(root, record.kind, framework), *judge_end(framework, root, record.read_at_ms))


def expiry_inside(store: SessionStore, raw: RawRecord, decoded: Decoded | None) -> int | None:
    """Return when the record ends, where only its opened text tells (an encrypted session file), else what was read."""
    read_expiry = store.capabilities.read_expiry
    if read_expiry is None or decoded is None or not decoded.layers:
        return raw.expires_at_ms
    return read_expiry(decoded.source)
