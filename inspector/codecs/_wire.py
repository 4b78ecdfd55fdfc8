"""A decoded record as plain bytes and back, to cross from the decoder's process.

MessagePack of lists, numbers, texts and bytes. The reader makes the classes of one closed table and nothing else, so that
not even bytes from a decoder that a record took over could make it import or call anything: no pickle.
"""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from inspector.codecs._api import Attempt, CodecError, Decoded, Fidelity, SealedError, Summary
from inspector.codecs._layer import OpeningKeys
from inspector.codecs.listing.quick import UserPath
from inspector.codecs.wrappings.connect_mongo_crypto import ConnectMongo3Layer, WebCryptoLayer
from inspector.codecs.wrappings.kruptein import KrupteinLayer, _Box, _Key
from inspector.codecs.wrappings.layers import DeflateLayer, JsonStringLayer, TextLayer, TypedValueLayer
from inspector.codecs.wrappings.session_file_crypto import SessionFileLayer
from inspector.core.node import Entry, Kind, Node
from inspector.core.secret import Secret

CLASSES: dict[str, Any] = {
    made.__name__: made
    for made in (
        TextLayer, JsonStringLayer, TypedValueLayer, DeflateLayer, KrupteinLayer, ConnectMongo3Layer, WebCryptoLayer,
        SessionFileLayer, Secret, _Box, _Key,
    )
}  # fmt: skip
_KINDS = tuple(Kind)
_PART = 4096
_NOWHERE = (-1, -1)


def pack_request(
    payload: bytes, keys: OpeningKeys, max_bytes: int, user_paths: Sequence[UserPath] | None = None
) -> bytes:
    """Return what the decoder needs to read a record; with `user_paths`, to say what the list shows of it."""
    paths = None if user_paths is None else [[_plain(step) for step in path] for path in user_paths]
    return msgspec.msgpack.encode(
        [payload, max_bytes, keys.form, keys.is_quick, _text(keys.session_id), _plain(keys.secrets), paths]
    )


def read_request(data: bytes) -> tuple[bytes, OpeningKeys, int, tuple[UserPath, ...] | None]:
    """Read `pack_request`'s bytes."""
    payload, max_bytes, kind, is_quick, session_id, secrets, paths = msgspec.msgpack.decode(data)
    return payload, OpeningKeys(_made(secrets), _untext(session_id), kind, is_quick), max_bytes, _made(paths)


def pack_summary(summary: Summary) -> bytes:
    """Return what the list shows, without the text inside, which whoever asked would hold for nothing."""
    words = [_text(word) for word in (summary.format, summary.user, summary.role)]
    return msgspec.msgpack.encode(["summary", words, summary.signed_in, summary.keys, summary.has_role_list])


def read_summary(data: bytes) -> Summary:
    """Read `pack_summary`'s bytes. `ValueError` for anything else."""
    match msgspec.msgpack.decode(data):
        case ["summary", [known, user, role], bool(signed_in), int(keys), bool(has_role_list)]:
            return Summary(_untext(known), _untext(user), _untext(role), signed_in, keys, has_role_list=has_role_list)
    raise ValueError("no answer of the decoder")


def pack_decoded(decoded: Decoded) -> bytes:
    """Return the record without its payload and keys, which whoever asked has."""
    source = None if decoded.source == decoded.payload else decoded.source
    envelope = None if decoded.envelope is None else _flat(decoded.envelope)
    head = [decoded.codec, decoded.label, decoded.fidelity.value, decoded.reason, _plain(decoded.layers)]
    return msgspec.msgpack.encode(["record", *head, source, _flat(decoded.root), envelope])


def pack_error(error: CodecError) -> bytes:
    """Return a refusal: its words and what was tried."""
    attempts = [[tried.label, _text(tried.reason), tried.offset, tried.is_limit] for tried in error.attempts]
    known = error.known if isinstance(error, SealedError) else None
    return msgspec.msgpack.encode(["refused", _text(str(error)), attempts, known])


def read_answer(data: bytes, payload: bytes, keys: OpeningKeys, rest: Callable[[], None] = lambda: None) -> Decoded:
    """Return the record; raises the `CodecError` which the decoder raised. `ValueError` for anything else.

    `rest` is called between any two steps of a few milliseconds.
    """
    match msgspec.msgpack.decode(data):
        case ["record", codec, label, fidelity, reason, layers, source, root, envelope]:
            return Decoded(
                codec,
                label,
                payload,
                _tree(root, rest),
                Fidelity(fidelity),
                payload if source is None else source,
                None if envelope is None else _tree(envelope, rest),
                reason,
                _made(layers),
                keys,
            )
        case ["refused", words, attempts, known]:
            tried = tuple(Attempt(label, _untext(reason), *place) for label, reason, *place in attempts)
            if known is None:
                raise CodecError(_untext(words), tried)
            sealed = SealedError("", known, bool(keys.secrets))
            sealed.attempts = tried
            raise sealed
    raise ValueError("no answer of the decoder")


def _text(text: str) -> bytes:
    # MessagePack's own text cannot hold the lone surrogates that JavaScript writes.
    return text.encode("utf-8", "surrogatepass")


def _untext(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _flat(root: Node) -> list[Any]:
    """Return the tree in columns, one place for each node, its entries before it.

    Columns of texts and numbers are read in milliseconds where a list for each node would stop every thread for a second;
    and no depth of nesting can exhaust a stack. Texts travel in parts, each read in a millisecond or two.
    """
    kinds, counts, spans = bytearray(), array("q"), array("q")
    keys: list[bytes | None] = []
    scalars: list[bytes | bool | None] = []
    tags: dict[int, tuple[str, bytes]] = {}
    waiting: list[tuple[Entry, bool]] = [(Entry(None, root), False)]
    while waiting:
        entry, is_done = waiting.pop()
        node = entry.value
        if node.entries and not is_done:
            waiting.append((entry, True))
            waiting.extend((inner, False) for inner in reversed(node.entries))
            continue
        if node.tag or node.raw:
            tags[len(kinds)] = (node.tag, node.raw)
        kinds.append(_KINDS.index(node.kind))
        counts.append(len(node.entries))
        spans.extend((*(entry.key_span or _NOWHERE), *(node.span or _NOWHERE)))
        keys.append(None if entry.key is None else _text(entry.key))
        scalars.append(_text(node.scalar) if isinstance(node.scalar, str) else node.scalar)
    return [bytes(kinds), counts.tobytes(), spans.tobytes(), _in_parts(keys), _in_parts(scalars), tags]


def _in_parts(column: Sequence[bytes | bool | None]) -> list[bytes]:
    return [msgspec.msgpack.encode(column[first : first + _PART]) for first in range(0, len(column), _PART)]


def _rejoined(parts: list[bytes], rest: Callable[[], None]) -> Iterator[Any]:
    for part in parts:
        rest()
        yield from msgspec.msgpack.decode(part)


def _tree(columns: list[Any], rest: Callable[[], None]) -> Node:
    kinds, count_bytes, span_bytes, key_parts, scalar_parts, tags = columns
    counts, spans = array("q", count_bytes), array("q", span_bytes)
    ready: list[Entry] = []
    keys, scalars = _rejoined(key_parts, rest), _rejoined(scalar_parts, rest)
    for place, (kind, count, key, scalar) in enumerate(zip(kinds, counts, keys, scalars, strict=True)):
        first = len(ready) - count
        entries = tuple(ready[first:])
        del ready[first:]
        value = _untext(scalar) if isinstance(scalar, bytes) else scalar
        tag, raw = tags.get(place, ("", b""))
        key_start, key_end, start, end = spans[4 * place : 4 * place + 4]
        node = Node(_KINDS[kind], value, entries, tag, raw, None if start < 0 else (start, end))
        ready.append(
            Entry(None if key is None else _untext(key), node, None if key_start < 0 else (key_start, key_end))
        )
    return ready[0].value


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [_plain(getattr(value, one.name)) for one in dataclasses.fields(value)]
        return {"class": type(value).__name__, "fields": fields}
    return {"text": _text(value)} if isinstance(value, str) else value


def _made(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_made(item) for item in value)
    if isinstance(value, dict):
        if "text" in value:
            return _untext(value["text"])
        return CLASSES[value["class"]](*(_made(item) for item in value["fields"]))
    return value
