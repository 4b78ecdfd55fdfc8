"""The command that follows sessions through an HTTP archive; returns the exit code."""

from __future__ import annotations

from typing import Any

from inspector.cli._input import read_input
from inspector.cli._output import Output
from inspector.cli._stores import read_secrets
from inspector.cookies import HAR_MOST_BYTES, read_har
from inspector.core.display import format_local, localise_times
from inspector.services.cookies.har_report import TROUBLE, HarRow, follow_session

_DONE, _NEGATIVE = 0, 1


def follow_har(options: Any, output: Output) -> int:
    """Print what happened to each session in a HAR file; 0 only when there is one and none was lost or refused."""
    secrets = read_secrets(options.secret_sources, options.store_name)
    report = follow_session(read_har(read_input(options.file, HAR_MOST_BYTES + 1)), secrets)
    for row in report.rows:
        if options.json:
            output.say_json(_row_object(row))
        else:
            output.say(_row_line(row))
    if not options.json:
        output.say(report.summary)
    is_good = report.rows and not any(row.event in TROUBLE for row in report.rows)
    return _DONE if is_good else _NEGATIVE


def _row_line(row: HarRow) -> str:
    exchange = row.exchange
    clock = format_local(exchange.started_at_ms)
    request = f"{exchange.method:<5} {(exchange.address.path or '/')[:30]:<30} {exchange.status}"
    ids = f"{_sent_text(row):<13} {row.received[:10] or '-':<10}"
    return f"{exchange.number:>4} {clock} {request} {ids} {row.event.value}: {localise_times(row.text)}"


def _sent_text(row: HarRow) -> str:
    more = f" +{len(row.all_sent) - 1}" if len(row.all_sent) > 1 else ""
    return f"{row.sent[:10] or '-'}{more}"


def _row_object(row: HarRow) -> dict[str, object]:
    return {
        "number": row.exchange.number,
        "method": row.exchange.method,
        "url": row.exchange.url,
        "status": row.exchange.status,
        "cookie": row.cookie_name,
        "sent": row.sent or None,
        "all_sent": list(row.all_sent),
        "received": row.received or None,
        "stored": row.is_stored,
        "event": row.event.value,
        "text": row.text,
    }
