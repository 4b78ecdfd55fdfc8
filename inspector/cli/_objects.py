"""Sessions as the objects that `--json` prints."""

from __future__ import annotations

from inspector.cli._output import JsonText
from inspector.codecs import has_bson_types, json_bytes
from inspector.core.display import format_time
from inspector.core.node import Node
from inspector.services.catalogue.session_row import Row
from inspector.services.sessions.open_session import OpenedSession


def row_object(row: Row, now: int) -> dict[str, object]:
    ends = None if row.is_passed_over else row.expires_at_ms
    return {
        "id": row.session_id,
        "key": row.key.decode("utf-8", "surrogateescape"),
        "expires_at": format_time(ends) if ends is not None else None,
        "ttl_ms": max(0, ends - now) if ends is not None else None,
        "passed_over": row.is_passed_over,
        "size": row.size,
        "format": row.format,
        "user": row.user or None,
    }


def session_object(session: OpenedSession) -> dict[str, object]:
    decoded, raw = session.decoded, session.raw
    return {
        "id": session.session_id,
        "key": raw.ref.key.decode("utf-8", "surrogateescape"),
        "expires_at": format_time(raw.expires_at_ms) if raw.expires_at_ms is not None else None,
        "ttl_ms": max(0, raw.expires_at_ms - raw.read_at_ms) if raw.expires_at_ms is not None else None,
        "size": len(raw.payload),
        "format": session.summary.format,
        "user": session.summary.user or None,
        "writer": {"name": session.origin.name, "certainty": session.origin.certainty.value, "why": session.origin.why},
        "application": {"effect": session.verdict.effect.value, "text": session.verdict.text or None},
        "fidelity": decoded.fidelity.value if decoded is not None else None,
        "data": node_json(decoded.root, has_bson_types(decoded)) if decoded is not None else None,
        "expiry": [
            {"name": one.name, "value": one.value, "at": _time(one.at_ms), "counts": one.counts, "note": one.note}
            for one in session.expiry.sources
        ],
        "warnings": [f"{finding.text} {finding.remedy}".strip() for finding in session.findings]
        + [f"{attempt.label}: {attempt.reason}" for attempt in session.attempts],
    }


def _time(at_ms: int | None) -> str | None:
    return (format_time(at_ms) or None) if at_ms is not None else None


def node_json(node: Node | None, has_types: bool) -> object:
    return JsonText(json_bytes(node, has_types=has_types).decode()) if node is not None else None
