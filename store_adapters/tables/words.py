"""What is said of rows and of writes to them, the same for every server."""

from __future__ import annotations

from collections.abc import Mapping

from store_adapters.command_words import short_key, size_words
from store_adapters.contract import Operation, PlannedWrite
from store_adapters.errors import RecordChanged, RecordExists, RecordMissing, StoreError, StoreRefused, Unsupported
from store_adapters.tables.layout import TableLayout

NO_ROW = ("There is no such row.", "It was logged out, it expired, or it's in another table.")


def why_hidden(layout: TableLayout, *, is_deleted: bool) -> str:
    """Return why the library's query always passes over a row."""
    if is_deleted:
        return f"{layout.soft_delete} is set: the session was logged out."
    return f"{layout.expiry.name if layout.expiry else ''} is NULL, which isn't a time."


def needs_expiry() -> Unsupported:
    return Unsupported("In this table every session has an expiry.", "Set a time.")


def has_no_expiry() -> Unsupported:
    return Unsupported("Nothing in this table says when a session ends.", "Delete the session instead.")


def in_the_past() -> StoreRefused:
    return StoreRefused(
        "That time is in the past: the application would not find the session.",
        "Delete it instead if that's what you mean.",
    )


def not_writable(layout: TableLayout) -> StoreRefused:
    return StoreRefused(layout.refusal, "It can be looked at, not changed.")


def is_taken() -> RecordExists:
    return RecordExists("A session with this ID already exists.", "Choose another ID.")


def why_not_written(now_payload: bytes, base_payload: bytes, hidden_by: str) -> StoreError:
    """Return why no row was written, by the row as it stands now."""
    if now_payload != base_payload:
        return RecordChanged()
    if hidden_by:
        return RecordMissing("The session was logged out meanwhile; nothing was written.")
    return RecordMissing(
        "The session expired meanwhile; nothing was written.", "The row still stands, and isn't brought back to life."
    )


def text_for(layout: TableLayout, payload: bytes) -> str:
    """Return a payload as the text that its column is to hold. `StoreRefused` for what it can't."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise StoreRefused(
            "The session isn't UTF-8 text; nothing was written.", "Only text fits this column."
        ) from None
    column = layout.payload
    if column is not None and column.limit is not None:
        length = len(text) if column.limit_unit == "characters" else len(payload)
        if length > column.limit:
            raise StoreRefused(
                f"{column.name} holds {column.limit:,} {column.limit_unit}, and the session has {length:,}; nothing was written.",
                "Make it shorter.",
            )
    return text


def preview(write: PlannedWrite, layout: TableLayout, names: Mapping[str, str]) -> tuple[str, ...]:
    """Return the statement that a write would send, without values. `names`: table, key, payload, expiry, deleted, quoted."""
    table, payload = names["table"], names["payload"]
    same = f"WHERE {names['key']} = '{short_key(write.ref.key)}' AND {payload} = <as read>"
    match write.operation:
        case Operation.CREATE:
            return (f"INSERT INTO {table} ({short_key(write.ref.key)}, {size_words(write.payload)}, …)",)
        case Operation.REPLACE:
            return (f"UPDATE {table} SET {payload} = {size_words(write.payload)} {same} AND <it has not expired>",)
        case Operation.DELETE if layout.soft_delete:
            return (f"UPDATE {table} SET {names['deleted']} = <now> {same}",)
        case Operation.DELETE:
            return (f"DELETE FROM {table} {same}",)
        case Operation.EXPIRE:
            session = f", {payload} = {size_words(write.payload)}" if write.with_payload else ""
            return (f"UPDATE {table} SET {names['expiry']} = …{session} {same} AND <it has not expired>",)
