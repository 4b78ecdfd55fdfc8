"""A finding about the server, not about records."""

from __future__ import annotations

from inspector.core.row_set import RowSet
from inspector.core.store_finding import Fix, StoreFinding, Weight


def server_finding(
    identity: str,
    weight: Weight,
    title: str,
    text: str,
    *fixes: Fix,
    rows: RowSet | None = None,
    links: tuple[str, ...] = (),
) -> StoreFinding:
    return StoreFinding(identity, weight, title, text, fixes=fixes, rows=rows or RowSet(), links=links)
