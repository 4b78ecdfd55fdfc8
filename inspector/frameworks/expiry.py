"""When a session ends, by every clock that its framework knows of, and which one counts."""

from __future__ import annotations

from dataclasses import replace

from inspector.core.display import format_time
from inspector.core.expiry import ExpiryReport, ExpirySource, describe_end, format_end
from inspector.core.field_path import format_field_path
from inspector.core.finding import Finding, Severity
from inspector.core.node import Kind, Node
from inspector.core.verdict import Effect, RecordVerdict
from inspector.frameworks.framework import Framework, StoredRecord
from store_adapters.record_form import ExpiryClock


def explain_expiry(
    framework: Framework,
    clock: ExpiryClock,
    expires_at_ms: int | None,
    root: Node | None,
    envelope: Node | None,
    now_ms: int,
    *,
    is_hidden: bool = False,
    hidden_by: str = "",
) -> ExpiryReport:
    """Explain the expiry of a framework's record in a store that has this clock.

    `expires_at_ms` is what the adapter read; `root` the session's tree and `envelope` the other fields of a MongoDB
    document, where decoded.
    `is_hidden`: it is inside a record that is encrypted and not opened. `hidden_by`: why the application does not find the
    record, whatever the time.
    """
    if is_hidden:
        note = "It is inside the record, which is encrypted: add the store's secret to read it."
        source = ExpirySource(clock.name, "not readable", None, True, note)
        return ExpiryReport(None, (source,), "its expiry is not readable")
    sources = list(framework.expiry.sources(clock, expires_at_ms, root, envelope, now_ms))
    if hidden_by:
        remedy = " Set the expiry to repair it." if clock.revives else ""
        note = f"{hidden_by} The application does not find this session at all.{remedy}"
        sources = [replace(sources[0], value="no time", note=note)]
    inside = framework.expiry.end_inside(root) if root is not None else None
    if root is not None and inside is not None:
        path, ends = inside
        is_first = expires_at_ms is None or ends < expires_at_ms
        name = format_field_path(root, path)
        note = f"{framework.title} looks at it as well: from then on it starts a new session, whatever the store says."
        sources = [one for one in sources if one.name != name]
        sources[0] = replace(sources[0], counts=not is_first)
        sources.append(ExpirySource(name, format_end(ends, now_ms), ends, is_first, note))
        expires_at_ms = ends if is_first else expires_at_ms
    summary = "is not found by the application" if hidden_by else describe_end(expires_at_ms, now_ms)
    return ExpiryReport(expires_at_ms, tuple(sources), summary, clock.is_outlived)


def judge_end(framework: Framework, root: Node, now_ms: int) -> list[Finding]:
    """Return that a record has ended by what stands in it, which the store does not know."""
    found = framework.expiry.end_inside(root) if root.kind is Kind.OBJECT else None
    if found is None or found[1] > now_ms:
        return []
    ended = format_time(found[1])
    words = (
        f"The record itself ended at {ended}: {framework.title} starts a new session, though the store has it still."
    )
    return [Finding(Severity.WARNING, found[0], words, "Change the expiry (Ctrl+E), which moves this time as well.")]


def judge_record(framework: Framework, record: StoredRecord) -> RecordVerdict:
    """Return what the application does with a record: its framework's judgement, unless the record itself says that it is over."""
    if record.decoded is not None:
        over = judge_end(framework, record.decoded.root, record.read_at_ms)
        if over:
            return RecordVerdict(Effect.NEW_SESSION, over[0].text, over[0].remedy, over[0].path, is_over=True)
    return framework.judge(record)
