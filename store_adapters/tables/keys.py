"""From a session ID to the key column of a table. `ref_in_table` refuses what the column cannot hold."""

from __future__ import annotations

from store_adapters.contract import RecordRef
from store_adapters.errors import BadStoreAddress
from store_adapters.tables.layout import TableLayout


def ref_in_table(layout: TableLayout, session_id: str) -> RecordRef:
    """Return where a session ID's row would be. `BadStoreAddress`."""
    text = layout.library.key_of(session_id)
    try:
        key = text.encode("utf-8")
    except UnicodeEncodeError:
        key = b""
    if not session_id or not key or b"\0" in key:
        raise BadStoreAddress("This session ID cannot be stored as text.", "Check what was pasted.")
    limit = layout.key.limit
    if limit is not None and len(text if layout.key.limit_unit == "characters" else key) > limit:
        raise BadStoreAddress(
            f"This session ID is longer than the column {layout.key.name} holds ({limit} {layout.key.limit_unit}).",
            "Check what was pasted.",
        )
    return RecordRef(layout.container, key)
