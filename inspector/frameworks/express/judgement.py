"""The one judgement of a record: what an application with express-session does with it."""

from __future__ import annotations

from dataclasses import replace

from inspector.codecs import CodecError, TooLargeError, outline_json, stored_value
from inspector.core.display import format_time
from inspector.core.node import Kind, Node
from inspector.core.verdict import Effect, RecordVerdict
from inspector.frameworks.express.sealing import own_cipher, unreadable_era, was_stringified_twice
from inspector.frameworks.express.verdict import (
    PARSES_TEXT_AGAIN,
    judge_hidden,
    judge_missing_value,
    judge_own_cipher,
    judge_text,
    judge_text_in_text,
    judge_value,
)
from inspector.frameworks.framework import StoredRecord
from store_adapters.record_form import PayloadForm

_SEALED = RecordVerdict(
    Effect.UNKNOWN, "The record is encrypted: what the application finds in it is not known without its secret."
)
_TOO_LARGE = RecordVerdict(
    Effect.UNKNOWN, "The record exceeds this program's limits; the application may well read it."
)


def judge_express_record(record: StoredRecord) -> RecordVerdict:
    """Return what the application does with a record as it was read. Pure."""
    if record.hidden_by:
        return judge_hidden(record.hidden_by, can_repair=record.clock.revives)
    content = _SEALED if record.sealed is not None else _judge_content(record)
    ends = record.expires_at_ms
    # A file is parsed before its end is worked out; the other stores do not hand an old record over at all.
    is_past = ends is not None and ends <= record.read_at_ms
    if ends is None or not is_past or content.effect is Effect.DELETED or record.clock.is_outlived:
        return content
    words = (
        f"The session ended at {format_time(ends)}; its record still stands, and the application no longer finds it."
    )
    remedy = (
        "Set the expiry (Ctrl+E) to bring it back, or delete it."
        if record.clock.revives
        else "Delete it, or leave it to its store."
    )
    return RecordVerdict(Effect.NEW_SESSION, words, remedy, is_over=True)


def _judge_content(record: StoredRecord) -> RecordVerdict:
    kind, decoded = record.kind, record.decoded
    if decoded is None:
        return _judge_unread(record)
    if was_stringified_twice(decoded) and not _is_parsed_twice(record):
        return judge_text_in_text(kind)
    if encoding := own_cipher(decoded):
        return judge_own_cipher(encoding)
    if unreadable := unreadable_era(decoded, record.form):
        return RecordVerdict(Effect.ERROR, unreadable.text, unreadable.remedy)
    return _judge_root(decoded.root, record)


def _is_parsed_twice(record: StoredRecord) -> bool:
    """True where a JSON string is parsed by the driver, and the text in it by the library."""
    return record.form is PayloadForm.VALUE and record.library in PARSES_TEXT_AGAIN


def _judge_root(root: Node, record: StoredRecord) -> RecordVerdict:
    if root.kind is not Kind.STRING or not _is_parsed_twice(record):
        return judge_value(root)
    try:
        return judge_value(outline_json(str(root.scalar).encode("utf-8", "replace")))
    except TooLargeError:
        return _TOO_LARGE
    except CodecError as error:
        return judge_text(f"In the JSON string: {error}", record.kind, record.library)


def _judge_unread(record: StoredRecord) -> RecordVerdict:
    """Judge what no codec reads: not JSON to the application either, or more than is read here."""
    try:
        value = stored_value(record.payload, record.form)
        if value is None:
            return judge_missing_value()
        root = value if isinstance(value, Node) else outline_json(value)
    except TooLargeError:
        return _TOO_LARGE
    except CodecError as error:
        return judge_text(f"{error}", record.kind, record.library, is_empty=not record.payload)
    return replace(_judge_root(root, record), path=())
