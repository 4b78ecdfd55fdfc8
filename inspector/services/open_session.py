"""From a record's place to all that can be shown of it; knows no window and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from inspector.codecs import Attempt, Decoded, Summary
from inspector.core.expiry import ExpiryReport
from inspector.core.findings import Finding
from store_adapters.contract import RawRecord, RecordRef, SessionStore


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
        raise NotImplementedError


def open_session(
    store: SessionStore, ref: RecordRef, user_paths: tuple[tuple[str | int, ...], ...] = ()
) -> OpenedSession:
    """Read and decode the record at `ref`. `StoreError`s pass through; undecodable bytes are no error."""
    raise NotImplementedError


def describe_record(
    store: SessionStore, raw: RawRecord, user_paths: tuple[tuple[str | int, ...], ...] = ()
) -> OpenedSession:
    """Decode a record that was read already."""
    raise NotImplementedError
