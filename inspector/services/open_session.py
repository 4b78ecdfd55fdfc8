"""From a record's place to all that can be shown of it; knows no window and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.codecs import Attempt, CodecError, Decoded, Fidelity, Summary, decode, summarise
from inspector.core.expiry import ExpiryReport, explain_expiry
from inspector.core.findings import Finding, Severity, examine
from store_adapters.contract import RawRecord, RecordRef, SessionStore

UserPaths = tuple[tuple[str | int, ...], ...]


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """One session as read. `decoded` is None for bytes no codec reads; `attempts` then says what was tried."""

    session_id: str
    raw: RawRecord
    decoded: Decoded | None
    attempts: tuple[Attempt, ...]
    expiry: ExpiryReport
    findings: tuple[Finding, ...]
    summary: Summary

    @property
    def is_editable(self) -> bool:
        """True when the record was decoded and may be written back without loss."""
        return self.decoded is not None and self.decoded.fidelity is not Fidelity.READ_ONLY


def open_session(store: SessionStore, ref: RecordRef, user_paths: UserPaths = ()) -> OpenedSession:
    """Read and decode the record at `ref`. `StoreError`s pass through; undecodable bytes are no error."""
    return describe_record(store, store.read(ref), user_paths)


def ref_of_key(store: SessionStore, key: bytes) -> RecordRef:
    """Return where a key that the store listed is; never for text that a person typed (`SessionStore.ref_for`)."""
    return RecordRef(store.ref_for("a").container, key)


def describe_record(store: SessionStore, raw: RawRecord, user_paths: UserPaths = ()) -> OpenedSession:
    """Decode a record that was read already."""
    kind = store.capabilities.kind
    decoded: Decoded | None = None
    attempts: tuple[Attempt, ...] = ()
    try:
        decoded = decode(raw.payload, kind)
    except CodecError as error:
        attempts = error.attempts
    root = decoded.root if decoded else None
    envelope = decoded.envelope if decoded else None
    findings = examine(root, kind) if root is not None else ()
    if raw.expires_at_ms is None:
        findings = (*findings, _no_expiry(kind))
    return OpenedSession(
        session_id=store.session_id_of(raw.ref.key),
        raw=raw,
        decoded=decoded,
        attempts=attempts,
        expiry=explain_expiry(kind, raw.expires_at_ms, root, envelope, raw.read_at_ms),
        findings=findings,
        summary=summarise(raw.payload, kind, user_paths),
    )


def _no_expiry(kind: str) -> Finding:
    remedy = {
        "redis": "Set an expiry here, and remove disableTTL from the application.",
        "mongo": "Set an expiry here; connect-mongo writes one with every save.",
    }.get(kind, "Set cookie.maxAge in the application.")
    return Finding(Severity.WARNING, (), "This session never expires: the store grows without limit.", remedy)
