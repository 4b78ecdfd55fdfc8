"""Documents of connect-mongo (and connect-mongodb-session): the session as text or as a sub-document.

Format: `{_id, expires: Date, session: <JSON text | document>[, lastModified: Date]}` of connect-mongo 3 to 6.
"""

from __future__ import annotations

import struct

from inspector.codecs._api import Attempt, CodecError, Decoded, Fidelity
from inspector.codecs._layer import OpeningKeys
from inspector.codecs._recognise import recognise
from inspector.codecs.formats.bson import Element, read_elements, read_value, string_value, write_value
from inspector.codecs.formats.json import MAX_BYTES, JsonError, write_json
from inspector.codecs.wrappings.laravel import refuse_laravel
from inspector.codecs.wrappings.layers import close_text, describe_layers, open_text
from inspector.core.node import Entry, Kind, Node

_STRING, _OBJECT = 2, 3
_NO_KEYS = OpeningKeys()


def _elements(payload: bytes, label: str) -> tuple[list[Element], Element]:
    try:
        elements = read_elements(payload)
    except CodecError as error:
        raise CodecError(str(error), (Attempt(label, str(error), None, error.is_limit),)) from None
    found = [element for element in elements if element.name == "session"]
    if len(found) != 1:
        reason = "The document has no session field." if not found else "The document has two session fields."
        raise CodecError(reason, (Attempt(label, reason),))
    return elements, found[0]


def _envelope(payload: bytes, elements: list[Element]) -> Node:
    entries = tuple(Entry(e.name, read_value(payload, e)) for e in elements if e.name != "session")
    return Node(Kind.OBJECT, entries=entries)


def _put_value(payload: bytes, element: Element, value: bytes) -> bytes:
    body = payload[4 : element.value_start] + value + payload[element.value_end :]
    return struct.pack("<i", len(body) + 4) + body


class ConnectMongoText:
    """`session` is JSON text (the default, `stringify: true`)."""

    name = "connect-mongo-text"
    label = "connect-mongo, JSON text"
    has_bson_types = False

    def decode(self, payload: bytes, keys: OpeningKeys = _NO_KEYS, max_bytes: int = MAX_BYTES) -> Decoded:
        elements, session = _elements(payload, self.label)
        if session.code != _STRING:
            raise CodecError("session isn't text.", (Attempt(self.label, "session isn't text.", session.start),))
        source = payload[session.value_start + 4 : session.value_end - 1]
        try:
            opened = open_text(source, keys, max_bytes)
        except JsonError as error:
            reason = error.reason if error.is_limit else recognise(source) or error.reason
            at = session.value_start + 4 + error.offset
            raise CodecError(reason, (Attempt(self.label, reason, at, error.is_limit),)) from None
        fidelity, reason = opened.judge(source)
        label = f"connect-mongo, {describe_layers(opened.layers)}" if opened.layers else self.label
        return Decoded(
            self.name,
            label,
            payload,
            opened.root,
            fidelity,
            opened.source,
            _envelope(payload, elements),
            reason,
            opened.layers,
            keys,
        )

    def encode(self, decoded: Decoded, root: Node) -> bytes:
        text = close_text(write_json(decoded.source, decoded.root, root), decoded.layers)
        _, session = _elements(decoded.payload, self.label)
        return _put_value(decoded.payload, session, string_value(text.decode("utf-8")))


class ConnectMongoObject:
    """`session` is a sub-document (`stringify: false`, and connect-mongodb-session)."""

    name = "connect-mongo-object"
    label = "connect-mongo, sub-document"
    has_bson_types = True

    def decode(self, payload: bytes, keys: OpeningKeys = _NO_KEYS, max_bytes: int = MAX_BYTES) -> Decoded:
        elements, session = _elements(payload, self.label)
        if session.code != _OBJECT:
            raise CodecError(
                "session isn't a document.", (Attempt(self.label, "session isn't a document.", session.start),)
            )
        if session.value_end - session.value_start > max_bytes:
            reason = f"It is larger than {max_bytes // 1024:,} KB, too large for a tree."
            raise CodecError(reason, (Attempt(self.label, reason, session.start, is_limit=True),))
        try:
            root = read_value(payload, session)
            rebuilt = write_value(payload, root, use_spans=False)[1]
            envelope = _envelope(payload, elements)
        except CodecError as error:
            tried = Attempt(self.label, str(error), session.start, error.is_limit)
            raise CodecError(str(error), (tried,)) from None
        refuse_laravel(root)
        if rebuilt == payload[session.value_start : session.value_end]:
            return Decoded(self.name, self.label, payload, root, Fidelity.EXACT, payload, envelope, keys=keys)
        reason = "The document holds something which would not be written back as it is (odd array indexes)."
        return Decoded(self.name, self.label, payload, root, Fidelity.READ_ONLY, payload, envelope, reason, keys=keys)

    def encode(self, decoded: Decoded, root: Node) -> bytes:
        if root.kind is not Kind.OBJECT:
            raise CodecError("session must stay a document.")
        _, session = _elements(decoded.payload, self.label)
        return _put_value(decoded.payload, session, write_value(decoded.payload, root)[1])
