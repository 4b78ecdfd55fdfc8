"""What differs between two states of a record, as short texts for a person to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inspector.codecs import CodecError, format_json, scalar_json
from inspector.core.display import escape_display, format_local
from inspector.core.merge import diff
from inspector.core.node import Kind, Node
from inspector.services.sessions.decoder import decode_record
from inspector.services.sessions.journal import JournalEntry
from inspector.services.sessions.open_session import DecodeContext
from store_adapters.contract import RawRecord

_MOST = 50
_LONGEST = 300
_ABSENT = "–"


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A field before and after, as text; "–" where it is not there."""

    field: str
    before: str
    after: str


def value_text(node: Node | None, limit: int) -> str:
    """Return a value as JSON on one line, safe to show and cut to `limit` characters; "–" for none."""
    if node is None:
        return _ABSENT
    if node.kind in (Kind.OBJECT, Kind.ARRAY):
        return escape_display(format_json(node, None), limit)
    return escape_display(str(node.scalar) if node.kind is Kind.OTHER else scalar_json(node), limit)


def show_changes(before: Node, after: Node) -> tuple[ShownChange, ...]:
    """Return what differs, a list's items one by one; at most 50 fields."""
    return tuple(
        ShownChange(one.field or "the whole record", value_text(one.base, _LONGEST), value_text(one.mine, _LONGEST))
        for one in diff(before, after)[:_MOST]
    )


def show_entry(entry: JournalEntry, form: str, session_id: str, reading: DecodeContext) -> tuple[ShownChange, ...]:
    """Return what a journal entry changed: fields, the whole record where it was created or deleted, and the expiry."""

    def read(record: RawRecord | None) -> Node | None:
        return None if record is None else decode_record(record.payload, form, reading.secrets, session_id).root

    before, after = entry.before, entry.after
    changes: Sequence[ShownChange] = ()
    try:
        if before is None or after is None or before.payload != after.payload:
            old, new = read(before), read(after)
            if old is None or new is None:
                changes = (ShownChange("the whole record", value_text(old, _LONGEST), value_text(new, _LONGEST)),)
            else:
                changes = show_changes(old, new)
    except CodecError:
        changes = (
            ShownChange("its bytes", *(f"{len(one.payload):,} bytes" if one else _ABSENT for one in (before, after))),
        )
    if entry.action == "expiry changed" and before is not None and after is not None:
        ends = (_end(before.expires_at_ms), _end(after.expires_at_ms))
        changes = (*changes, ShownChange("the expiry", *ends))
    return tuple(changes)


def _end(expires_at_ms: int | None) -> str:
    return "never" if expires_at_ms is None else format_local(expires_at_ms)
