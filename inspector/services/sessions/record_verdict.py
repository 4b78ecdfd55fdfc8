"""The one judgement of a record: what the application that the session belongs to does with it."""

from __future__ import annotations

from dataclasses import replace

from inspector.codecs import (
    CodecError,
    Decoded,
    TooLargeError,
    outline_json,
    own_cipher,
    stored_value,
    unreadable_era,
    was_stringified_twice,
)
from inspector.core.display import format_time
from inspector.core.express_verdict import (
    judge_hidden,
    judge_missing_value,
    judge_own_cipher,
    judge_text,
    judge_text_in_text,
    judge_value,
)
from inspector.core.node import Node
from inspector.core.other_findings import judge_end
from inspector.core.verdict import FOUND, Effect, RecordVerdict
from inspector.core.writer import Family
from store_adapters.contract import Capabilities, RawRecord

_UNKNOWN_RULES = RecordVerdict(
    Effect.UNKNOWN, "What wrote this record is not known, so what its application does with it is not either."
)
_OWN_RULES = RecordVerdict(
    Effect.UNKNOWN,
    "Another library or a serializer of the application's own reads this record; its rules are not known here.",
)
_SEALED = RecordVerdict(
    Effect.UNKNOWN, "The record is encrypted: what the application finds in it is not known without its secret."
)
_TOO_LARGE = RecordVerdict(Effect.UNKNOWN, "The record is beyond what is read here; the application may well read it.")


def judge_record(
    raw: RawRecord, capabilities: Capabilities, decoded: Decoded | None, family: Family, *, is_sealed: bool = False
) -> RecordVerdict:
    """Return what the application does with a record as it was read, where `family` says whose rules hold.

    `raw.expires_at_ms`: the end by the clock that counts, also where it is inside the opened text. Pure.
    """
    match family:
        case Family.EXPRESS:
            return _judge_express(raw, capabilities, decoded, is_sealed)
        case Family.FASTIFY | Family.KOA:
            found = judge_end(decoded.root, family, raw.read_at_ms) if decoded is not None else []
            if not found:
                return FOUND if decoded is not None else _OWN_RULES
            return RecordVerdict(Effect.NEW_SESSION, found[0].text, found[0].remedy, found[0].path, is_over=True)
        case Family.OTHER:
            return _OWN_RULES
        case Family.UNKNOWN:
            return _UNKNOWN_RULES


def _judge_express(
    raw: RawRecord, capabilities: Capabilities, decoded: Decoded | None, is_sealed: bool
) -> RecordVerdict:
    if raw.hidden_by:
        return judge_hidden(raw.hidden_by)
    content = _SEALED if is_sealed else _judge_content(raw, capabilities, decoded)
    ends = raw.expires_at_ms
    # A file is parsed before its end is worked out; the other stores do not hand an old record over at all.
    if ends is None or ends > raw.read_at_ms or content.effect is Effect.DELETED:
        return content
    words = (
        f"The session ended at {format_time(ends)}; its record still stands, and the application no longer finds it."
    )
    return RecordVerdict(
        Effect.NEW_SESSION, words, "Set the expiry (Ctrl+E) to bring it back, or delete it.", is_over=True
    )


def _judge_content(raw: RawRecord, capabilities: Capabilities, decoded: Decoded | None) -> RecordVerdict:
    kind = capabilities.kind
    if decoded is None:
        return _judge_unread(raw.payload, capabilities)
    if was_stringified_twice(decoded):
        return judge_text_in_text(kind)
    if encoding := own_cipher(decoded):
        return judge_own_cipher(encoding)
    if unreadable := unreadable_era(decoded, capabilities.form):
        return RecordVerdict(Effect.ERROR, unreadable.text, unreadable.remedy)
    return judge_value(decoded.root)


def _judge_unread(payload: bytes, capabilities: Capabilities) -> RecordVerdict:
    """Judge what no codec reads: no JSON for the application either, or more than is read here."""
    try:
        value = stored_value(payload, capabilities.form)
        if value is None:
            return judge_missing_value()
        root = value if isinstance(value, Node) else outline_json(value)
    except TooLargeError:
        return _TOO_LARGE
    except CodecError as error:
        return judge_text(f"{error}", capabilities.kind, capabilities.library, is_empty=not payload)
    return replace(judge_value(root), path=())
